//! An executor that does nothing but what a test tells it.
//!
//! Takes a function from request to outcome; gives each outcome when the loop next asks. Nothing real runs.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{Begun, Done, ExecError, Executor, Outcome, Request, Ticket};

/// What a test says an attempt gives: an outcome, a refusal, or nothing until it is stopped (`None`).
pub type Script = Box<dyn FnMut(Ticket, &Request) -> Option<Result<Outcome, ExecError>>>;

/// See the module.
pub struct Fake {
    script: Script,
    done: Vec<Done>,
    hanging: Vec<Ticket>,
    stopped: Box<dyn FnMut(Ticket) -> Result<Outcome, ExecError>>,
    waker: Option<Waker>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fake")
            .field("done", &self.done.len())
            .field("hanging", &self.hanging)
            .finish_non_exhaustive()
    }
}

impl Fake {
    /// A fake that answers by `script`, and gives `stopped` for an attempt that hung and was stopped.
    pub fn new(script: Script, stopped: impl FnMut(Ticket) -> Result<Outcome, ExecError> + 'static) -> Fake {
        Fake { script, done: Vec::new(), hanging: Vec::new(), stopped: Box::new(stopped), waker: None }
    }

    fn finish(&mut self, ticket: Ticket, outcome: Result<Outcome, ExecError>) {
        self.done.push(Done { ticket, outcome });
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Executor for Fake {
    fn start(&mut self, ticket: Ticket, request: Request) -> Result<Begun, ExecError> {
        match (self.script)(ticket, &request) {
            Some(outcome) => self.finish(ticket, outcome),
            None => self.hanging.push(ticket),
        }
        Ok(Begun { pid: None })
    }

    fn stop(&mut self, ticket: Ticket, _grace: Duration) {
        if let Some(at) = self.hanging.iter().position(|hanging| *hanging == ticket) {
            self.hanging.swap_remove(at);
            let outcome = (self.stopped)(ticket);
            self.finish(ticket, outcome);
        }
    }

    fn kill_all(&mut self) {
        for ticket in std::mem::take(&mut self.hanging) {
            let outcome = (self.stopped)(ticket);
            self.finish(ticket, outcome);
        }
    }

    fn running(&self) -> usize {
        self.done.len() + self.hanging.len()
    }

    fn poll_done(&mut self, context: &mut Context<'_>, done: &mut Vec<Done>) -> Poll<()> {
        if self.done.is_empty() {
            self.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        done.append(&mut self.done);
        Poll::Ready(())
    }
}
