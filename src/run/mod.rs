//! Runs a plan: joins the scheduler, the executors and the store.
//!
//! Takes a plan with inputs, or the record of a run, and gives how it ended. One thread holds the state machine, the
//! journal and the spawning of processes; a turn of its loop records what happened and what is about to happen in one
//! transaction before it acts. It knows nothing of source text: plan and journal are enough.

mod claims;
mod clock;
mod evaluate;
pub mod ids;
pub mod inputs;
mod literal;
mod observer;
mod people;
mod record;
mod task;
mod uses;
mod values;
pub mod view;

pub use observer::{
    AttemptOutcome, EVENTS_VERSION, ErrorText, Observer, OpenQuestion, RunEvent, RunStatus, Silent, TaskStatus, What,
};
pub use people::{Asker, Form, Question, Replies, Reply};
