//! The loop that drives a run.
//!
//! One thread holds the state machine, the journal and the spawning of processes. A turn takes everything that has come
//! from outside, decides, records all of it in one transaction, and only then acts. Nothing here chooses: the scheduler
//! does.

mod act;
mod adopt;
mod early;
mod log;
mod note;
mod outside;
mod pose;
mod take;
mod tell;
mod turn;

pub(super) use log::{About, Log};
pub(super) use outside::Came;
pub(super) use pose::{again_message, crash_message};

use super::clock::Clock;
use super::experience::Experience;
use super::hands::Hands;
use super::keep::Source;
use super::memory::Memory;
use super::observer::{Observer, RunStatus};
use super::people::{Asker, Question, Replies, Reply};
use super::preflight::Refused;
use super::preview::{Notes, Reason};
use super::record::{AttemptEnded, Failure, Record, SessionClosed};
use super::summary::Tally;
use super::task::Shared;
use super::tasks::Tasks;
use super::values::Values;
use crate::plan::Plan;
use crate::schedule::{Close, Command, Decisions, Event, NumMap, Place, Policy, Rest, State};
use crate::store::{Index, Project, RunStore, StoreError};
use crate::value::Value;
use ecow::EcoString;
use std::collections::BTreeSet;
use std::time::Instant;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Why the loop cannot go on.
#[derive(Debug)]
pub(super) enum Halt {
    Store(StoreError),
    /// The scheduler refused an event: the record or this program is wrong.
    Illegal(String),
    /// What was given with the command does not fit the run; nothing was changed.
    Unfit(String),
    /// The machine has had no room for any attempt for a while, with this reason.
    NoRoom(String),
    /// The same, with every reason.
    Refused(Refused),
    /// Killed by a second signal.
    Killed,
}

/// What is limited, and how tasks are chosen.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    /// Attempts at once.
    pub parallel: u32,
    pub policy: Policy,
    /// Cores and bytes of memory.
    pub machine: Vec<i64>,
    pub seed: u64,
}

/// How far `parallel` was lowered because the machine had no room, on its way up again.
#[derive(Debug, Clone, Copy)]
struct Ease {
    /// What was asked for.
    most: u32,
    /// Attempts that have ended since it was changed.
    ended: u32,
    /// Since when nothing could begin, while nothing ran.
    stuck: Option<Instant>,
}

/// How the run ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub status: RunStatus,
    pub result: Option<Value>,
    pub error: Option<Failure>,
}

/// Why the loop was left.
#[derive(Debug, Clone)]
pub(super) enum Left {
    Ended(Ended),
    Interrupted,
    /// With the open questions.
    Waiting(Vec<Question>),
}

/// See the module.
pub(super) struct Driver<'a> {
    pub plan: &'a Plan,
    project: &'a Project,
    /// The index over runs, once it is open.
    index: Option<Index>,
    /// What earlier runs say.
    experience: Experience,
    /// What the index will keep of the run, where this session is its first; else the journal is read for it.
    pub tally: Option<Tally>,
    /// The workflow and its beginning, of a run that this session goes on with.
    pub origin: (EcoString, i64),
    pub store: RunStore,
    pub observer: &'a mut dyn Observer,
    pub asker: Option<Box<dyn Asker>>,
    /// Whether it stays when only people can go on.
    pub stays: bool,
    pub state: State,
    pub values: Values,
    pub tasks: Tasks,
    pub clock: Clock,
    pub limits: Bounds,
    ease: Ease,
    pub hands: Hands,
    /// Results that may be kept from before.
    pub memory: Memory,
    /// Where kept results are from that are not recorded yet.
    pub sources: NumMap<Place, Source>,
    /// Why tasks run that were done before.
    pub reasons: NumMap<Place, Reason>,
    /// Nothing starts: what would is noted.
    pub preview: Option<Notes>,
    /// Answers to questions that are not asked yet.
    pub held: Vec<Reply>,
    /// A held answer was taken after the turn had decided.
    stirred: bool,
    pub shared: Shared,
    pub log: Log,
    /// Texts of failures that have no number yet.
    pub told: NumMap<Place, Failure>,
    /// How attempts ended that are being recorded.
    pub ended: NumMap<Place, Box<AttemptEnded>>,
    /// Successful attempts that are not recorded yet.
    undone: Vec<Place>,
    /// Values that the observer is shown.
    shown: NumMap<Place, Value>,
    /// Hashes of inputs, of tasks that have some.
    pub hashes: NumMap<Place, EcoString>,
    /// Wall ms until which a `sleep` sleeps.
    pub sleeps: NumMap<Place, i64>,
    pub questions: NumMap<Place, Question>,
    answered_by: (EcoString, EcoString),
    cancelled_by: (EcoString, EcoString),
    /// Messages that this turn took.
    taken: Vec<String>,
    /// Files whose content this turn records.
    spent: Vec<std::path::PathBuf>,
    /// Messages that were recorded before.
    pub known_messages: BTreeSet<String>,
    pub interrupting: bool,
    pub signal: Option<i32>,
    cancelling: bool,
    /// Attempts that run.
    live: NumMap<Place, act::Live>,
    /// When the inbox was looked into last.
    looked: Instant,
    waves_seen: BTreeSet<u32>,
    wave_closed: bool,
    decisions: Decisions,
    todo: Vec<Command>,
    replies: (Replies, UnboundedReceiver<Reply>),
    end: Option<Ended>,
    /// Turns of this session, and how many of them are known to be on the disk.
    turns: u64,
    synced: u64,
}

/// What a driver is made of.
pub(super) struct Parts<'a> {
    pub plan: &'a Plan,
    pub project: &'a Project,
    pub store: RunStore,
    pub observer: &'a mut dyn Observer,
    pub asker: Option<Box<dyn Asker>>,
    pub stays: bool,
    pub clock: Clock,
    pub limits: Bounds,
    pub hands: Hands,
}

impl<'a> Driver<'a> {
    /// A driver before its first event.
    pub(super) fn new(parts: Parts<'a>) -> Driver<'a> {
        let (to, from) = unbounded_channel();
        let index = Index::existing(parts.project);
        let experience = index.as_ref().map(|index| Experience::of(index, parts.plan)).unwrap_or_default();
        Driver {
            plan: parts.plan,
            project: parts.project,
            index,
            experience,
            tally: None,
            origin: Default::default(),
            store: parts.store,
            observer: parts.observer,
            asker: parts.asker,
            stays: parts.stays,
            state: State::new(parts.plan),
            values: Values::new(parts.plan),
            tasks: Tasks::default(),
            clock: parts.clock,
            ease: Ease { most: parts.limits.parallel, ended: 0, stuck: None },
            limits: parts.limits,
            hands: parts.hands,
            memory: Memory::default(),
            sources: NumMap::default(),
            reasons: NumMap::default(),
            preview: None,
            held: Vec::new(),
            stirred: false,
            shared: Shared::default(),
            log: Log::default(),
            told: NumMap::default(),
            ended: NumMap::default(),
            undone: Vec::new(),
            shown: NumMap::default(),
            hashes: NumMap::default(),
            sleeps: NumMap::default(),
            questions: NumMap::default(),
            answered_by: Default::default(),
            cancelled_by: Default::default(),
            taken: Vec::new(),
            spent: Vec::new(),
            known_messages: BTreeSet::new(),
            interrupting: false,
            signal: None,
            cancelling: false,
            live: NumMap::default(),
            looked: Instant::now(),
            waves_seen: BTreeSet::new(),
            wave_closed: false,
            decisions: Decisions::default(),
            todo: Vec::new(),
            replies: (Replies(to), from),
            end: None,
            turns: 0,
            synced: 0,
        }
    }

    /// Runs until the run ends or must be left.
    ///
    /// # Errors
    /// [`Halt`]: nothing more can be recorded. Whatever still runs has been killed.
    pub(super) async fn run(&mut self) -> Result<Left, Halt> {
        let left = self.turns().await;
        if let Err(halt) = &left {
            self.hands.kill_all().await;
            if matches!(halt, Halt::Store(StoreError::Full { .. }) | Halt::NoRoom(_)) {
                self.close_for_storage();
            }
        }
        left
    }

    /// Records that the storage failed, if the reserve allows it. What the turn held was never acted on.
    fn close_for_storage(&mut self) {
        self.log = Log::default();
        self.tally = None;
        let closed = SessionClosed { why: Close::Storage };
        self.row(About::default(), &Record::SessionClosed(closed));
        let _ = self.log.commit(&mut self.store, self.observer);
    }

    async fn turns(&mut self) -> Result<Left, Halt> {
        self.take_messages()?;
        let mut noted = false;
        loop {
            while !self.turn()? {
                self.tick();
            }
            if !std::mem::replace(&mut noted, true) {
                self.note_start();
            }
            match self.state.rest() {
                Rest::Ended(_) => match self.end.take() {
                    Some(end) => return Ok(Left::Ended(end)),
                    None => return Err(Halt::Illegal("the run ended without an end".to_owned())),
                },
                Rest::Closed => return Ok(Left::Interrupted),
                Rest::Waiting(_) if !self.stays && !self.interrupting => {
                    if self.take_messages()? {
                        continue;
                    }
                    self.happen(Event::SessionClosed { why: Close::Waiting })?;
                    while !self.turn()? {}
                    return Ok(Left::Waiting(self.questions.drain().map(|(_, question)| question).collect()));
                }
                Rest::Waiting(_) | Rest::Busy => self.wait().await?,
            }
        }
    }

    /// Takes the time for what happens next: all of a turn has one.
    pub(super) fn tick(&mut self) {
        self.clock.tick();
    }

    /// Tells the observer at once, outside of any turn.
    pub(super) fn tell_now(&mut self, what: super::observer::What) {
        self.tell(|_| what);
        // Without rows there is nothing that could fail.
        let _ = self.log.commit(&mut self.store, self.observer);
    }

    /// Forgets what a turn holds that is not committed.
    pub(super) fn forget_turn(&mut self) {
        self.log = Log::default();
        self.tally = None;
        self.ended.clear();
        self.undone.clear();
        self.shown.clear();
        self.todo.clear();
        self.decisions = Decisions::default();
        self.waves_seen.clear();
        self.wave_closed = false;
        self.end = None;
    }

    /// Gives the store back.
    pub(super) fn into_store(self) -> RunStore {
        self.store
    }
}
