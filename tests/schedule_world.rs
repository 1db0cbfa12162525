//! A driver of the scheduler on a virtual clock: every task does by chance what tasks do, and every move is checked.
//!
//! What a task or an expression comes to hangs on the seed and its id alone, never on timing; what hangs on timing (how
//! long attempts take, when somebody interrupts) comes from a second seed.

use crate::schedule_plans::{AGENT, APPROVE, NOW, SLEEP};
use flow::plan::{AgentId, NodeIx, NodeKind, Plan, RaceKind, ResourceId};
use flow::schedule::{
    Answer, Close, Command, Crash, Decisions, Edges, End, ErrorKind, Event, Facts, Inputs, Lost, Ms,
    NoHistory, Note, Outcome, Place, Policy, Question, Rest, Retry, ScopeId, State, Status, Verdict, What,
    Width, Work, apply, decide,
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

struct Attempt {
    ends: Ms,
    outcome: Outcome,
    id: String,
    inputs: Arc<Inputs>,
    agent: Option<AgentId>,
    slot: bool,
    inline: bool,
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
    rng: fastrand::Rng,
    running: BTreeMap<Place, Attempt>,
    /// Inputs of tasks that have been asked for them.
    known: HashMap<Place, Arc<Inputs>>,
    questions: Vec<(Ms, Place, Question)>,
    begun: HashSet<(String, u16, u16)>,
    taken: Vec<(Ms, i64)>,
    open: HashMap<ScopeId, (Place, u32)>,
    limits: HashMap<Place, u32>,
    calls: HashMap<Place, u32>,
    finals: HashMap<Place, bool>,
    cancelled: bool,
    interrupted: bool,
    pub crashes: u32,
}

fn overlap(a: &str, b: &str) -> bool {
    a == b || a == "*" || b == "*"
}

/// A number that hangs on the seed and on the texts alone.
fn chance(seed: u64, what: &str, id: &str) -> u64 {
    let mut hash = seed ^ 0x9E37_79B9_7F4A_7C15;
    for byte in what.bytes().chain([0]).chain(id.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
        hash ^= hash >> 29;
    }
    fastrand::Rng::with_seed(hash).u64(..)
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
        }
    }

    fn chance(&self, what: &str, id: &str) -> u64 {
        chance(self.nature.seed, what, id)
    }

    fn fails(&self, what: &str, id: &str) -> bool {
        self.chance(what, id) % 100 < self.nature.failures
    }

    /// Runs to the end, through whatever happens.
    pub fn run(&mut self) -> End {
        let wild = self.nature.trouble;
        let deadline = (wild && self.rng.u8(0..8) == 0).then(|| self.rng.i64(1..300));
        let parallel = (self.rng.u8(0..4) == 0).then(|| self.rng.u32(1..5));
        self.turn(vec![Event::RunStarted { window: 2, parallel, deadline_ms: deadline }]);
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
    fn pass_time(&mut self) {
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
                (Question::Crash, 0) if self.nature.failures > 0 => Answer::Fail,
                (Question::Crash, 1 | 2) => Answer::Done,
                (Question::Crash, _) => Answer::Rerun,
            };
            events.push(Event::Answered { place, answer });
        }
        self.turn(events);
    }

    /// Cancels, interrupts and crashes, now and then.
    fn trouble(&mut self) {
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

    fn resume(&mut self) {
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
    fn turn(&mut self, events: Vec<Event>) {
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

    fn take(&mut self, event: Event) {
        if let Event::AttemptEnded { place, .. } = event {
            self.running.remove(&place);
        }
        apply(&mut self.state, self.plan, self.now, &event).unwrap();
        self.notes();
        self.record(event);
    }

    fn record(&mut self, event: Event) {
        let id = event.place().map(|place| self.state.id_of(self.plan, place));
        match &event {
            Event::AttemptStarted { place, attempt, tries, agent, inline } => {
                self.check_start(*place, *attempt, *tries, *agent, *inline);
            }
            Event::TaskSettled { end, .. } => {
                let twice = self.ends.insert(id.clone().unwrap(), *end);
                assert_eq!(twice, None, "{id:?} ended twice");
            }
            Event::RunEnded { .. } => {
                assert!(self.finals.values().all(|done| *done), "a finally that did not run");
            }
            _ => {}
        }
        if event.journalled() {
            self.journal.push(Row { at: self.now, id, event });
        }
    }

    /// Keeps books of what is open, and checks what notes say.
    fn notes(&mut self) {
        for note in self.state.take_notes() {
            match note {
                Note::Opened { scope, by, slot, .. } => {
                    self.open.insert(scope, (by, slot));
                    let kind = self.kind(by).cloned();
                    if let (Some(NodeKind::Try { finally: Some(_), .. }), 0) = (&kind, slot) {
                        self.finals.insert(by, false);
                    }
                    if let (Some(NodeKind::Map { .. }), Some(most)) = (&kind, self.limits.get(&by)) {
                        let open = self.open.values().filter(|(at, _)| *at == by).count() as u32;
                        assert!(open <= *most, "{open} iterations of {most}");
                    }
                }
                Note::Closed { scope, by, slot, .. } => {
                    self.open.remove(&scope);
                    if let (Some(NodeKind::Try { finally: Some(_), .. }), 2) = (self.kind(by), slot) {
                        self.finals.insert(by, true);
                    }
                }
                Note::Ended { place, .. } => {
                    if let Some(done) = self.finals.remove(&place) {
                        assert!(done, "{:?} ended without its finally", self.state.id_of(self.plan, place));
                    }
                    let runs = self.running.get(&place).is_some_and(|attempt| !attempt.inline);
                    assert!(!runs, "{place:?} ended while it ran");
                }
                Note::Won { .. } | Note::Failed { .. } => {}
            }
        }
    }

    fn kind(&self, place: Place) -> Option<&NodeKind> {
        if place.is_body() {
            return None;
        }
        let body = self.plan.body(self.state.body_of(place.scope)?);
        body.nodes.get(place.node.index()).map(|node| &node.kind)
    }

    /// Whether the place stands in something that is `finally`.
    fn in_finally(&self, place: Place) -> bool {
        let mut at = place.scope;
        while let Some((by, slot)) = self.state.parent_of(at) {
            if let (Some(NodeKind::Try { .. }), 2) = (self.kind(by), slot) {
                return true;
            }
            at = by.scope;
        }
        false
    }

    fn check_start(&mut self, place: Place, attempt: u16, tries: u16, agent: Option<AgentId>, inline: bool) {
        let id = self.state.id_of(self.plan, place);
        if self.state.end_of(place).is_none() {
            assert_eq!(self.state.place_of(self.plan, &id), Some(place), "{id}");
        }
        assert!(
            inline || self.begun.insert((id.clone(), attempt, tries)),
            "{id} began twice as {attempt}.{tries}"
        );
        assert!(!self.interrupted, "{id} began after an interrupt");
        assert!(!self.cancelled || self.in_finally(place), "{id} began after a cancel");
        let body = self.plan.body(self.state.body_of(place.scope).unwrap());
        for need in &body.nodes[place.node.index()].needs {
            let end = self.state.end_of(Place::new(place.scope, *need));
            assert_eq!(end, Some(End::Succeeded), "{id} began before what it needs");
        }
        let inputs = self.known[&place].clone();
        let slot = inputs.work == Work::Attempt;
        let new = Attempt { ends: Ms::MAX, outcome: Outcome::Done, id, inputs, agent, slot, inline };
        self.check_limits(place, &new);
        self.running.insert(place, new);
    }

    fn check_limits(&mut self, place: Place, new: &Attempt) {
        if new.slot {
            let slots = self.running.values().filter(|attempt| attempt.slot).count() as u32;
            assert!(slots < self.nature.parallel, "more than `parallel`");
            let mut at = place.scope;
            while let Some((by, _)) = self.state.parent_of(at) {
                if let Some(most) = self.calls.get(&by) {
                    let inside =
                        self.running.iter().filter(|(p, a)| a.slot && self.inside(p.scope, by)).count();
                    assert!((inside as u32) < *most, "more than `parallel` of a call");
                }
                at = by.scope;
            }
        }
        let held = |r: u32| -> i64 {
            let all = self.running.values().chain([new]).flat_map(|attempt| &attempt.inputs.units);
            all.filter(|(of, _)| *of == ResourceId(r)).map(|(_, n)| n).sum()
        };
        assert!(held(0) <= 4 && held(1) <= 5, "more units than there are");
        let rate: i64 = new.inputs.units.iter().filter(|(r, _)| r.0 == 2).map(|(_, n)| n).sum();
        if rate > 0 {
            self.taken.push((self.now, rate));
            let within: i64 = self.taken.iter().filter(|(at, _)| at + 20 > self.now).map(|(_, n)| n).sum();
            assert!(within <= 4, "faster than the rate");
        }
        if let Some(agent) = new.agent {
            let most = self.plan.agents[agent.index()].max_parallel.unwrap_or(i64::MAX);
            let busy = self.running.values().filter(|attempt| attempt.agent == Some(agent)).count() as i64;
            assert!(busy < most, "an agent with too much to do");
            assert!(new.inputs.agents.contains(&agent));
        }
        for other in self.running.values() {
            let any = |a: &[ecow::EcoString], b: &[ecow::EcoString]| {
                a.iter().any(|a| b.iter().any(|b| overlap(a, b)))
            };
            let (a, b) = (&new.inputs, &other.inputs);
            let collide = any(&a.writes, &b.writes) || any(&a.writes, &b.reads) || any(&a.reads, &b.writes);
            assert!(!collide, "{} and {} at once", new.id, other.id);
        }
    }

    fn inside(&self, mut scope: ScopeId, by: Place) -> bool {
        while let Some((at, _)) = self.state.parent_of(scope) {
            if at == by {
                return true;
            }
            scope = at.scope;
        }
        false
    }

    fn act(&mut self, command: Command) {
        match command {
            Command::StartAttempt { place, attempt, .. } => {
                let takes = self.rng.i64(0..40);
                let Some(running) = self.running.get(&place) else {
                    panic!("{place:?} is to start, and did not")
                };
                let (id, on) = (running.id.clone(), running.agent);
                let key = format!("{attempt}{}", on.map_or(0, |agent| agent.0));
                let outcome = match self.chance(&key, &id) % 100 {
                    n if n >= self.nature.failures => Outcome::Done,
                    n if n % 5 == 0 => Outcome::Unable(ErrorKind::Error),
                    n if n % 5 == 1 => Outcome::Failed(ErrorKind::Timeout),
                    n if n % 5 == 2 => Outcome::Failed(ErrorKind::Denied),
                    _ => Outcome::Failed(ErrorKind::Accept),
                };
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

    fn evaluate(&mut self, place: Place, what: What) -> Verdict {
        let id = self.state.id_of(self.plan, place);
        assert_eq!(self.state.place_of(self.plan, &id), Some(place), "{id}");
        if self.fails("bad", &id) && self.chance("worse", &id) % 4 == 0 {
            return Verdict::Bad(ErrorKind::Error);
        }
        let roll = |what: &str| self.chance(what, &id);
        match what {
            What::Inputs => {
                let inputs = Arc::new(self.inputs(place, &id));
                self.known.insert(place, inputs.clone());
                Verdict::Inputs(inputs)
            }
            What::Assert | What::Result => Verdict::Ok,
            What::Width => {
                let width = self.width(place, &id);
                if let Some(most) = width.parallel {
                    self.limits.insert(place, most);
                }
                Verdict::Width(Arc::new(width))
            }
            What::Arm => {
                let Some(NodeKind::Branch { arms, .. }) = self.kind(place) else { unreachable!() };
                let n = roll("arm") as usize % (arms.len() + 1);
                Verdict::Arm((n < arms.len()).then_some(n as u16))
            }
            What::Loop => {
                let every_ms = (roll("every") % 2 == 0).then(|| (roll("ms") % 100) as i64);
                Verdict::Loop { max: (roll("max") % 4) as u32, every_ms }
            }
            What::Again => Verdict::Again { again: roll("again") % 3 != 0 },
            What::Call => {
                let parallel = (roll("parallel") % 3 == 0).then(|| (roll("most") % 3 + 1) as u32);
                let late = self.nature.trouble && roll("late") % 6 == 0;
                let deadline_ms = late.then(|| (roll("deadline") % 150) as i64);
                if let Some(most) = parallel {
                    self.calls.insert(place, most);
                }
                Verdict::Call { parallel, deadline_ms }
            }
        }
    }

    fn width(&self, place: Place, id: &str) -> Width {
        let roll = |what: &str| self.chance(what, id);
        let mut n = (roll("n") % 6) as u32;
        if let Some(NodeKind::Race { entrants, .. }) = self.kind(place) {
            if let RaceKind::Bodies(bodies) = entrants {
                n = bodies.len() as u32;
            }
            return Width { n, need: Some((roll("need") % 3) as u32), ..Width::default() };
        }
        let parallel = (roll("limited") % 3 == 0).then(|| (roll("most") % 3 + 1) as u32);
        match roll("form") % 4 {
            0 => {
                Width { n, parallel, indices: Some((0..n).map(|i| i * 2 + 1).collect()), ..Width::default() }
            }
            1 | 2 => {
                let mut after = Edges { starts: vec![0], items: Vec::new() };
                for i in 0..n {
                    let earlier =
                        (i + 1..n).filter(|to| self.chance("edge", &format!("{id}{i}{to}")) % 3 == 0);
                    after.items.extend(earlier);
                    after.starts.push(after.items.len() as u32);
                }
                let keys = (0..n).map(|i| format!("k\"]@{i}.#/").into()).collect();
                Width { n, parallel, keys: Some(keys), after: Some(after), ..Width::default() }
            }
            _ => Width { n, parallel, ..Width::default() },
        }
    }

    fn inputs(&self, place: Place, id: &str) -> Inputs {
        let roll = |what: &str| self.chance(what, id);
        let Some(NodeKind::Task { def, .. }) = self.kind(place) else { unreachable!() };
        let work = match *def {
            NOW => Work::Inline,
            SLEEP => Work::Light,
            APPROVE => Work::Question {
                timeout_ms: (roll("patience") % 3 == 0).then(|| (roll("wait") % 60) as i64),
                default: roll("default") % 2 == 0 || self.nature.failures == 0,
            },
            _ => Work::Attempt,
        };
        if work == Work::Inline {
            return Inputs { work, ..Inputs::default() };
        }
        let mut units = Vec::new();
        for (r, most) in [(0, 4), (1, 5), (2, 4)] {
            if roll(&format!("uses{r}")) % 4 == 0 {
                units.push((ResourceId(r), (roll(&format!("units{r}")) % most + 1) as i64));
            }
        }
        let globs = ["x", "y", "z", "*"];
        let claim = |what: &str| match roll(what) % 6 {
            n @ 0..4 if roll(&format!("{what}?")) % 3 == 0 => vec![globs[n as usize].into()],
            _ => Vec::new(),
        };
        let agents = match *def {
            AGENT => (0..3).filter(|a| roll(&format!("agent{a}")) % 2 == 0).map(AgentId).collect(),
            _ => Vec::new(),
        };
        let on_crash = match roll("crash") % 6 {
            0 => Crash::Ask,
            1 if self.nature.failures > 0 => Crash::Fail,
            2 => Crash::Probe,
            _ => Crash::Rerun,
        };
        Inputs {
            units,
            agents,
            retry: Retry {
                max: (roll("retries") % 3) as u32,
                backoff_ms: (roll("backoff") % 30) as i64,
                ..Retry::default()
            },
            priority: (roll("priority") % 5) as i64,
            reads: claim("reads"),
            writes: claim("writes"),
            on_crash,
            work,
        }
    }

    /// Whether a node of the root body has ended so.
    pub fn root_end(&self, node: u32) -> Option<End> {
        self.state.end_of(Place::new(ScopeId::ROOT, NodeIx(node)))
    }
}
