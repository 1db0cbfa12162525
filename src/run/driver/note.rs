//! What the index over runs and `status.json` are told, at the beginning of a session and at its end.
//!
//! Both are derived: that they cannot be written costs nothing but a slower list.

use super::Driver;
use crate::run::observer::RunStatus;
use crate::run::summary::{Tally, write_status};
use crate::run::view::status_word;
use crate::store::{Index, RunHead};

impl Driver<'_> {
    /// Says that the run has a runner now. What is in its record is known from here on by reading it.
    pub(super) fn note_start(&mut self) {
        let Some(dir) = self.store.dir() else { return };
        let (workflow, started_at) = match &self.tally {
            Some(tally) => (tally.workflow.clone(), tally.started_at),
            None => self.origin.clone(),
        };
        let at = self.store.head();
        let head = RunHead {
            id: self.store.run().to_owned(),
            workflow: workflow.to_string(),
            status: status_word(RunStatus::Running),
            started_at,
            ended_at: None,
            tasks: self.tally.as_ref().map_or(0, |tally| tally.tasks),
            seq: at.seq,
            head: at.hash,
        };
        let _ = write_status(dir, &head);
        if self.index.is_none() {
            self.index = Index::open(self.project).ok();
        }
        let _ = self.index.as_ref().map(|index| index.put_run(&head));
    }

    /// Notes how the session left the run.
    pub(in crate::run) fn note_end(&mut self) {
        let head = self.store.head();
        if head.seq == 0 {
            return;
        }
        let tally = match self.tally.take() {
            Some(tally) => Ok(tally),
            None => Tally::read(|each| self.store.replay(0, each)),
        };
        let (Ok(tally), Some(dir)) = (tally, self.store.dir()) else { return };
        let summary = tally.summary(self.store.run(), head, false);
        let _ = write_status(dir, &summary.head);
        let _ = self.index.as_ref().map(|index| index.put(&summary));
    }
}
