//! What the driver is told to do, and what it is told of what happened inside.

use super::{Close, End, ErrorRef, Event, IllegalMove, Ms, Place, Question, ScopeId, WallMs, What, Why};
use crate::plan::AgentId;

/// What to do. `Evaluate` is pure and may be done at once; the others only when the events before them are durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Answered by `Event::Evaluated` (or `Event::Kept`) before `decide` is called again; left out when the answer to one before
    /// it has made it needless ([`State::wants`](super::State::wants)).
    Evaluate { place: Place, what: What },
    /// Answered by `Event::AttemptEnded`, once (`Interrupted`, where an `inline` one is no longer [wanted](super::State::wants)). The driver enforces the attempt's timeout (`Outcome::Failed(Timeout)`).
    StartAttempt {
        place: Place,
        attempt: u16,
        tries: u16,
        agent: Option<AgentId>,
        /// An earlier start of it was lost or interrupted (`on_crash: probe` asks first).
        redo: bool,
        /// See [`Work::Inline`](super::Work).
        inline: bool,
    },
    /// End it with grace. It is answered by the `AttemptEnded` that the attempt still owes: `Interrupted`, or what it ended
    /// with by itself before.
    StopAttempt { place: Place },
    /// Ask a person; answered by `Event::Answered`.
    Ask { place: Place, about: Question, until: Option<WallMs> },
    /// The session is over: nothing runs.
    Close(Close),
    /// The run is over.
    Finish(End),
}

/// What came of [`decide`](super::decide). The events *have been applied*; the driver records those that are journalled.
#[derive(Debug, Default)]
pub struct Decisions {
    pub events: Vec<Event>,
    pub commands: Vec<Command>,
    /// A fault of the machine: what it decided cannot be. Nothing more may be done then.
    pub illegal: Option<IllegalMove>,
}

/// When to call [`decide`](super::decide) again although nothing has happened: the earlier of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wake {
    pub at: Option<Ms>,
    pub wall: Option<WallMs>,
}

/// What an event brought about inside, in order; the driver takes them after each `apply` and `decide`, in a replay too. It moves values by
/// them: a scope's values are asked for no more after `Closed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// A scope began. `by` is the composite it belongs to (of the root scope: meaningless) and `slot` which of its bodies:
    /// iteration (0..n), entrant, round (from 1), arm, or of a try 0 body, 1 catch, 2 finally. `error` is what `catch` is opened with.
    Opened { scope: ScopeId, by: Place, slot: u32, error: Option<ErrorRef> },
    /// A scope ended; when it succeeded its body's result is the value of that slot. Comes before the composite's own `Ended`.
    Closed { scope: ScopeId, by: Place, slot: u32, end: End },
    /// A node ended (all kinds but joins). Of a composite that succeeded the value is: the arm's, the callee's, the last
    /// round's; of a try the body's, or the catch's if one succeeded; of a map the list by slot; of a race that of its winners.
    Ended { place: Place, end: End },
    /// A slot won a race.
    Won { place: Place, slot: u32 },
    /// A failure got its number.
    Failed { error: ErrorRef, place: Place, why: Why },
}
