//! A driver of the scheduler on a virtual clock: every task does by chance what tasks do, and every move is checked.
//!
//! What a task or an expression comes to hangs on the seed and its id alone, never on timing; what hangs on timing (how
//! long attempts take, when somebody interrupts) comes from a second seed.

use crate::schedule_chance::{Script, overlap};
use flow::plan::{AgentId, Plan};
use flow::schedule::{
    Answer, Close, Command, Decisions, End, ErrorKind, Event, Facts, Inputs, Lost, Ms, NoHistory, Outcome,
    Place, Policy, Question, Rest, ScopeId, State, Status, What, apply, decide,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// How a world behaves.
#[derive(Debug, Clone, Copy)]
pub struct Nature {
    /// What things come to.
    pub seed: u64,
    /// When they come.
    pub timing: u64,
    pub parallel: u32,
    pub policy: Policy,
    /// Of a hundred attempts and evaluations so many fail.
    pub failures: u64,
    /// Somebody cancels, interrupts; the runner dies.
    pub trouble: bool,
}

pub struct Attempt {
    pub ends: Ms,
    pub outcome: Outcome,
    pub id: String,
    pub inputs: Arc<Inputs>,
    pub agent: Option<AgentId>,
    pub slot: bool,
    pub inline: bool,
}

pub struct Row {
    pub at: Ms,
    pub id: Option<String>,
    pub event: Event,
}

pub struct World<'p> {
    pub plan: &'p Plan,
    pub nature: Nature,
    pub state: State,
    pub journal: Vec<Row>,
    /// Ends of tasks by id.
    pub ends: BTreeMap<String, End>,
    pub now: Ms,
    pub rng: fastrand::Rng,
    pub running: BTreeMap<Place, Attempt>,
    /// Inputs of tasks that have been asked for them.
    pub known: HashMap<Place, Arc<Inputs>>,
    pub questions: Vec<(Ms, Place, Question)>,
    pub begun: HashSet<(String, u16, u16)>,
    pub taken: Vec<(Ms, i64)>,
    pub open: HashMap<ScopeId, (Place, u32)>,
    pub limits: HashMap<Place, u32>,
    pub calls: HashMap<Place, u32>,
    pub finals: HashMap<Place, bool>,
    pub cancelled: bool,
    pub interrupted: bool,
    pub crashes: u32,
    /// In place of chance.
    pub script: Option<Script>,
}

impl<'p> World<'p> {
    pub fn new(plan: &'p Plan, nature: Nature) -> World<'p> {
        World {
            plan,
            nature,
            state: State::new(plan),
            journal: Vec::new(),
            ends: BTreeMap::new(),
            now: 0,
            rng: fastrand::Rng::with_seed(nature.timing),
            running: BTreeMap::new(),
            known: HashMap::new(),
            questions: Vec::new(),
            begun: HashSet::new(),
            taken: Vec::new(),
            open: HashMap::new(),
            limits: HashMap::new(),
            calls: HashMap::new(),
            finals: HashMap::new(),
            cancelled: false,
            interrupted: false,
            crashes: 0,
            script: None,
        }
    }

    /// Runs to the end, through whatever happens.
    pub fn run(&mut self) -> End {
        let wild = self.nature.trouble;
        let deadline = (wild && self.rng.u8(0..8) == 0).then(|| self.rng.i64(1..300));
        let parallel = (self.rng.u8(0..4) == 0).then(|| self.rng.u32(1..5));
        let (deadline_ms, parallel) = if self.script.is_some() { (None, None) } else { (deadline, parallel) };
        self.turn(vec![Event::RunStarted { window: 2, parallel, deadline_ms }]);
        self.go_on()
    }

    /// Runs on to the end.
    pub fn go_on(&mut self) -> End {
        for step in 0.. {
            assert!(step < 20_000, "no end in sight");
            match self.state.rest() {
                Rest::Ended(end) => {
                    assert!(self.running.values().all(|attempt| attempt.inline));
                    return end;
                }
                Rest::Closed => self.resume(),
                Rest::Waiting(0) => panic!("stuck: {:?}", self.unfinished()),
                Rest::Waiting(_) | Rest::Busy => {}
            }
            self.trouble();
            self.pass_time();
        }
        unreachable!()
    }

    fn unfinished(&self) -> Vec<(String, Status)> {
        let mut left = Vec::new();
        self.state.each_task(self.plan, &mut |place, status| {
            if matches!(status, Status::Pending | Status::Ready | Status::Backoff | Status::Running) {
                left.push((self.state.id_of(self.plan, place), status));
            }
        });
        left
    }

    /// Goes on to the next moment at which something happens.
    pub fn pass_time(&mut self) {
        let wake = self.state.wake();
        let first = self.running.values().map(|attempt| attempt.ends).min();
        let asked = self.questions.iter().map(|(at, ..)| *at).min();
        if matches!(self.state.rest(), Rest::Ended(_) | Rest::Closed) {
            return;
        }
        let Some(next) = [wake.at, wake.wall, first, asked].into_iter().flatten().min() else {
            panic!("nothing to wait for: {:?}", self.unfinished());
        };
        self.now = self.now.max(next);
        let mut events = Vec::new();
        let done = self.running.iter().filter(|(_, attempt)| attempt.ends <= self.now);
        for (place, attempt) in done {
            events.push(Event::AttemptEnded {
                place: *place,
                outcome: attempt.outcome,
                inline: attempt.inline,
            });
        }
        let now = self.now;
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.questions).into_iter().partition(|q| q.0 <= now);
        self.questions = later;
        for (_, place, about) in due {
            if self.state.status(place) != Status::Waiting {
                continue;
            }
            let id = self.state.id_of(self.plan, place);
            let answer = match (about, self.chance("answer", &id) % 10) {
                (Question::Task, 0) if self.nature.failures > 0 => Answer::Rejected,
                (Question::Task, _) => Answer::Done,
                (Question::Crash | Question::Again, 0) if self.nature.failures > 0 => Answer::Fail,
                (Question::Crash | Question::Again, 1 | 2) => Answer::Done,
                (Question::Crash | Question::Again, _) => Answer::Rerun,
            };
            events.push(Event::Answered { place, answer });
        }
        self.turn(events);
    }

    /// Cancels, interrupts and crashes, now and then.
    pub fn trouble(&mut self) {
        if !self.nature.trouble || self.state.ended().is_some() {
            return;
        }
        match self.rng.u8(0..60) {
            0 if !self.cancelled && self.rng.bool() => {
                self.cancelled = true;
                self.turn(vec![Event::CancelAsked]);
            }
            1 | 2 => {
                self.interrupted = true;
                self.turn(vec![Event::InterruptAsked]);
            }
            3 | 4 if self.crashes < 6 => self.crash(),
            _ => {}
        }
    }

    /// The runner dies: the state is made anew from the journal, or from what serde makes of it.
    pub fn crash(&mut self) {
        self.crashes += 1;
        let again = self.replayed();
        self.check_same(&again);
        let lost: HashSet<Place> =
            self.running.iter().filter(|(_, a)| !a.inline).map(|(place, _)| *place).collect();
        if lost.len() == self.running.len() && self.rng.bool() {
            let saved = serde_json::to_string(&self.state).unwrap();
            let read: State = serde_json::from_str(&saved).unwrap();
            assert_eq!(read, again);
            self.state = read;
        } else {
            // its notes tell everything once more
            self.open.clear();
            self.finals.clear();
            self.state = again;
        }
        let told: HashSet<Place> =
            self.state.lost_attempts().into_iter().map(|Lost { place, .. }| place).collect();
        assert_eq!(told, lost);
        self.known.clear();
        self.taken.clear();
        self.nature.policy = if self.rng.bool() { Policy::Rolling } else { Policy::Strict };
        self.resume();
    }

    /// Whether a replay came to where the run is.
    pub fn check_same(&self, again: &State) {
        if *again != self.state {
            let text = |state: &State| serde_json::to_string_pretty(state).unwrap();
            let (live, again) = (text(&self.state), text(again));
            let differ = live.lines().zip(again.lines()).filter(|(a, b)| a != b);
            let differ: Vec<String> = differ.take(8).map(|(a, b)| format!("{a} | {b}")).collect();
            panic!("the replay differs: {}", differ.join("\n"));
        }
    }

    /// What the journal says, and nothing else.
    pub fn replayed(&self) -> State {
        let mut state = State::new(self.plan);
        for row in &self.journal {
            let event = match &row.id {
                Some(id) => {
                    let place = state.place_of(self.plan, id);
                    row.event
                        .clone()
                        .moved(place.unwrap_or_else(|| panic!("no place for {id}: {:?}", row.event)))
                }
                None => row.event.clone(),
            };
            apply(&mut state, self.plan, row.at, &event).unwrap();
            state.sweep();
        }
        state
    }

    pub fn resume(&mut self) {
        self.interrupted = false;
        let running = std::mem::take(&mut self.running);
        let lost = running.into_iter().filter(|(_, attempt)| !attempt.inline);
        let lost =
            lost.map(|(place, _)| Event::AttemptEnded { place, outcome: Outcome::Lost, inline: false });
        let events = [Event::SessionOpened].into_iter().chain(lost).collect();
        self.questions.clear();
        for place in self.state.questions() {
            // a person may answer whichever it is
            let id = self.state.id_of(self.plan, place);
            let asked = self.journal.iter().rev().find_map(|row| match &row.event {
                Event::QuestionAsked { about, .. } if row.id.as_deref() == Some(&id) => Some(*about),
                _ => None,
            });
            self.questions.push((self.now + self.rng.i64(0..50), place, asked.unwrap()));
        }
        self.turn(events);
    }

    fn facts(&self) -> Facts<'static> {
        Facts {
            now: self.now,
            wall: self.now,
            parallel: self.nature.parallel,
            policy: self.nature.policy,
            machine: &[4],
            history: &NoHistory,
            overlap,
            seed: self.nature.timing,
        }
    }

    /// A driver's turn, as the documentation of `schedule` has it.
    pub fn turn(&mut self, events: Vec<Event>) {
        for event in events {
            self.take(event);
        }
        let mut later = Vec::new();
        loop {
            let mut out = Decisions::default();
            let facts = self.facts();
            decide(&mut self.state, self.plan, &facts, &mut out);
            self.notes();
            let quiet = out.events.is_empty() && out.commands.is_empty();
            for event in out.events {
                self.record(event);
            }
            for command in out.commands {
                match command {
                    Command::Evaluate { place, .. } if !self.state.wants(place) => {}
                    Command::Evaluate { place, what: What::Inputs } if self.keeps(place) => {
                        self.take(Event::Kept { place });
                    }
                    Command::Evaluate { place, what } => {
                        let verdict = self.evaluate(place, what);
                        self.take(Event::Evaluated { place, verdict });
                    }
                    other => later.push(other),
                }
            }
            if quiet {
                break;
            }
        }
        self.state.sweep();
        for command in later {
            self.act(command);
        }
    }

    fn keeps(&self, place: Place) -> bool {
        let id = self.state.id_of(self.plan, place);
        self.script.as_ref().is_some_and(|script| script.kept.contains(&id))
    }

    pub fn take(&mut self, event: Event) {
        if let Event::AttemptEnded { place, .. } = event {
            self.running.remove(&place);
        }
        apply(&mut self.state, self.plan, self.now, &event).unwrap();
        self.notes();
        self.record(event);
    }

    fn act(&mut self, command: Command) {
        match command {
            Command::StartAttempt { place, attempt, .. } => {
                let Some(running) = self.running.get(&place) else {
                    panic!("{place:?} is to start, and did not")
                };
                let (id, agent) = (running.id.clone(), running.agent);
                let (outcome, takes) = self.fate(&id, attempt, agent);
                if let Some(running) = self.running.get_mut(&place) {
                    running.ends = self.now + takes;
                    running.outcome = outcome;
                }
            }
            Command::StopAttempt { place } => {
                let roll = self.rng.u8(0..10);
                let running = self.running.get_mut(&place).expect("told to stop what does not run");
                running.ends = running.ends.min(self.now + 1);
                match roll {
                    0..7 => running.outcome = Outcome::Interrupted,
                    7 => running.outcome = Outcome::Failed(ErrorKind::Exit),
                    _ => {}
                }
            }
            Command::Ask { place, about, .. } => {
                self.questions.push((self.now + self.rng.i64(0..60), place, about));
            }
            Command::Close(why) => assert_eq!((why, self.running.len()), (Close::Interrupted, 0)),
            Command::Finish(end) => assert_eq!(self.state.ended(), Some(end)),
            Command::Evaluate { .. } => unreachable!(),
        }
    }
}
