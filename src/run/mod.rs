//! Runs a plan: joins the scheduler, the executors and the store.
//!
//! Takes a plan with inputs, or the record of a run, and gives how it ended. One thread holds the state machine, the
//! journal and the spawning of processes; a turn of its loop records what happened and what is about to happen in one
//! transaction before it acts. It knows nothing of source text: plan and journal are enough.

mod attempt;
mod claims;
mod clock;
pub mod codec;
mod driver;
mod ending;
mod evaluate;
mod experience;
mod failure;
mod hands;
pub mod ids;
pub mod inputs;
mod keep;
mod literal;
mod memory;
mod messages;
mod observer;
mod people;
mod preflight;
mod preview;
mod record;
mod replay;
mod resume;
mod servers;
mod start;
pub mod summary;
mod task;
mod tasks;
mod uses;
mod values;
pub mod view;
mod written;

pub use experience::Experience;
pub use messages::Message;
pub use observer::{
    AttemptOutcome, EVENTS_VERSION, ErrorText, Observer, OpenQuestion, RunEvent, RunStatus, Silent,
    TaskStatus, What,
};
pub use people::{Asker, Form, Question, Replies, Reply, check_reply, value_wanted};
pub use preflight::Refused;
pub use preview::{Preview, Reason, Rerun};
pub use record::{Failure, QuestionAsked};
pub use resume::{From, Resume, resume};
pub use start::{Company, How, Options, RunEnd, Site, start};
