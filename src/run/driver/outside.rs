//! What comes from outside: attempts that end, answers, messages, signals, time.

use super::{Driver, Halt};
use crate::run::hands::Finished;
use crate::run::messages::Message;
use crate::run::people::Reply;
use crate::run::record::Record;
use crate::schedule::Event;
use crate::store::{Messages, take_messages};
use std::time::{Duration, Instant};

/// How often the inbox is looked into when the system does not tell of changes.
const LOOK: Duration = Duration::from_millis(200);

/// Most attempts that one turn takes in.
const MAX_FINISHED: usize = 1024;

/// What ended the waiting.
#[derive(Debug)]
pub(in crate::run) enum Came {
    Finished(Finished),
    Reply(Reply),
    Signal(i32),
    /// The process that watches over this one is dead.
    Orphaned,
    /// Time has passed, or there may be a message.
    Nothing,
}

impl Driver<'_> {
    /// Waits until something has come from outside, and takes all of it.
    pub(super) async fn wait(&mut self) -> Result<(), Halt> {
        if self.looked.elapsed() >= LOOK {
            self.looked = Instant::now();
            if self.take_messages()? {
                return Ok(());
            }
        }
        let pause = self.pause();
        let came = tokio::select! {
            biased;
            came = self.hands.next() => came,
            Some(reply) = self.replies.1.recv() => Came::Reply(reply),
            () = tokio::time::sleep(pause.min(LOOK)) => Came::Nothing,
        };
        self.tick();
        match came {
            Came::Finished(finished) => self.take_finished(finished)?,
            Came::Reply(reply) => drop(self.take_reply(reply)?),
            Came::Signal(signal) => self.take_signal(signal)?,
            Came::Orphaned => return Err(Halt::Killed),
            Came::Nothing => {}
        }
        for _ in 0..MAX_FINISHED {
            match self.hands.try_next() {
                Some(finished) => self.take_finished(finished)?,
                None => break,
            }
        }
        Ok(())
    }

    /// How long nothing needs to be decided.
    fn pause(&self) -> Duration {
        let wake = self.state.wake();
        let active = wake.at.map(|at| at - self.clock.active());
        let wall = wake.wall.map(|at| at - self.clock.wall());
        let soonest = active.into_iter().chain(wall).min().unwrap_or(i64::MAX);
        Duration::from_millis(u64::try_from(soonest).unwrap_or(0))
    }

    /// The first signal interrupts, the second kills.
    fn take_signal(&mut self, signal: i32) -> Result<(), Halt> {
        if self.interrupting {
            return Err(Halt::Killed);
        }
        self.interrupting = true;
        self.signal = Some(signal);
        self.happen(Event::InterruptAsked)
    }

    /// Takes what people have put into the inbox. True when something was taken.
    pub(super) fn take_messages(&mut self) -> Result<bool, Halt> {
        let Some(dir) = self.store.dir().cloned() else { return Ok(false) };
        let Messages { messages, refused } = take_messages(&dir).map_err(Halt::Store)?;
        for (name, _) in refused {
            self.taken.push(name);
        }
        let mut any = false;
        for message in messages {
            let said = serde_json::from_slice(&message.bytes);
            if matches!(&said, Ok(Message::Reply { task, question, .. }) if self.will_ask(task, question)) {
                continue;
            }
            if !self.known_messages.insert(message.id.clone()) {
                // Recorded before a crash kept it from being removed.
                self.taken.push(message.id);
                continue;
            }
            any = true;
            self.row(Default::default(), &Record::MessageTaken(message.id.as_str().into()));
            // What was answered in time counts, however late a runner comes to read it.
            let given = message.put_at().unwrap_or(i64::MAX).min(self.clock.wall());
            self.taken.push(message.id);
            match said {
                Ok(Message::Reply { task, question, by, answer, note }) => {
                    // Who put it is told by the command that waits for the outcome, not from here.
                    drop(self.take_reply_of(Reply { task, question, by, answer, note }, given)?);
                }
                Ok(Message::Cancel { by, why }) => self.cancel(by, why)?,
                Err(_) => {}
            }
        }
        Ok(any)
    }

    /// Whether a question that was open when the program was changed may still come: its answer stays in the inbox until then.
    fn will_ask(&self, task: &str, question: &str) -> bool {
        let open = self.questions.values().any(|open| open.task == task);
        !open && self.memory.asked.get(task).is_some_and(|(hash, _)| hash == question)
    }

    /// Cancels the run.
    pub(in crate::run) fn cancel(&mut self, by: ecow::EcoString, why: ecow::EcoString) -> Result<(), Halt> {
        if self.cancelling {
            return Ok(());
        }
        self.cancelling = true;
        self.cancelled_by = (by, why);
        self.happen(Event::CancelAsked)
    }
}
