//! What the index over runs keeps of one: its head, and how long attempts took by the definition of their task.
//!
//! A fold over rows, fed while they are written or from a journal: both give the same. It knows no plan and keeps only what
//! is open, so that a run of millions of tasks costs it nothing.

use super::clock::rfc3339;
use super::observer::RunStatus;
use super::record::{AttemptEnded, Record};
use super::view::status_word;
use crate::schedule::{Close, Outcome};
use crate::store::{Durations, Head, OnRow, Row, RunDir, RunHead, Sample, StoreError, Summary, kinds};
use ecow::EcoString;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

/// The status of a run that a runner has, or had when it was lost.
pub const RUNNING: &str = "running";

/// Most durations that are kept of a definition: with more, every second one counts.
const MOST: usize = 4096;

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub workflow: EcoString,
    pub started_at: i64,
    pub finished_at: Option<i64>,
    /// Tasks of the newest generation that have ended.
    pub tasks: u64,
    ended: Option<RunStatus>,
    closed: Option<Close>,
    /// Attempts of tasks that have not ended.
    going: HashMap<EcoString, Going>,
    known: BTreeMap<(EcoString, EcoString), Known>,
}

#[derive(Debug, Clone, Default)]
struct Going {
    /// Active ms at which the attempt that runs began.
    began: Option<i64>,
    agent: EcoString,
    /// Agents of attempts that have failed.
    failed: Vec<EcoString>,
}

/// Attempts at a definition by an agent.
#[derive(Debug, Clone, Default)]
struct Known {
    n: u64,
    ok: u64,
    /// Ms of those that succeeded, or of one in `2^thinned`.
    times: Vec<i64>,
    thinned: u32,
}

impl Tally {
    /// Reads a whole journal, of which only what counts is looked into.
    ///
    /// # Errors
    /// Those of the store: a damaged record, one of a later version.
    pub fn read(
        replay: impl FnOnce(&mut OnRow<'_>) -> Result<Head, StoreError>,
    ) -> Result<Tally, StoreError> {
        let mut tally = Tally::default();
        let mut bad = None;
        replay(&mut |row| match tally.take(row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                bad = Some(StoreError::Damaged { last_good_seq: row.seq - 1, why: error.to_string() });
                ControlFlow::Break(())
            }
        })?;
        bad.map_or(Ok(tally), Err)
    }

    fn take(&mut self, row: &Row<'_>) -> Result<(), serde_json::Error> {
        let counts = matches!(
            row.kind,
            kinds::RUN_STARTED
                | kinds::PLAN_CHANGED
                | kinds::SESSION_OPENED
                | kinds::SESSION_CLOSED
                | kinds::RUN_ENDED
                | kinds::ATTEMPT_STARTED
                | kinds::ATTEMPT_ENDED
                | kinds::ATTEMPT_LOST
                | kinds::TASK_SETTLED
                | kinds::TASK_KEPT
        );
        if counts && let Some(record) = Record::read(row.kind, row.body)? {
            self.row(row.at, row.mono, row.task.unwrap_or_default(), &record);
        }
        Ok(())
    }

    /// Takes a row: wall ms, active ms, the task that it is about.
    pub(super) fn row(&mut self, at: i64, mono: i64, task: &str, record: &Record) {
        match record {
            Record::RunStarted(started) => {
                self.workflow = started.workflow.clone();
                self.started_at = at;
            }
            Record::PlanChanged(_) => {
                self.tasks = 0;
                self.going.clear();
            }
            Record::SessionOpened(_) => (self.closed, self.ended, self.finished_at) = (None, None, None),
            Record::SessionClosed(closed) => (self.closed, self.finished_at) = (Some(closed.why), Some(at)),
            Record::RunEnded(ended) => (self.ended, self.finished_at) = (Some(ended.status), Some(at)),
            Record::AttemptStarted(started) => {
                let going = self.going.entry(task.into()).or_default();
                (going.began, going.agent) = (Some(mono), started.agent.clone().unwrap_or_default());
            }
            Record::AttemptEnded(ended) => self.failed(task, ended),
            Record::AttemptLost(_) => {
                if let Some(going) = self.going.get_mut(task) {
                    going.began = None;
                }
            }
            Record::TaskKept(_) => self.tasks += 1,
            Record::TaskSettled(settled) => {
                self.tasks += 1;
                if let Some(going) = self.going.remove(task) {
                    self.settled(&settled.def, going, mono, settled.attempt.is_some());
                }
            }
            _ => {}
        }
    }

    fn failed(&mut self, task: &str, ended: &AttemptEnded) {
        let Some(going) = self.going.get_mut(task) else { return };
        going.began = None;
        if let Outcome::Failed(_) = ended.outcome {
            going.failed.push(going.agent.clone());
        }
    }

    fn settled(&mut self, def: &EcoString, going: Going, mono: i64, succeeded: bool) {
        for agent in going.failed {
            self.known.entry((def.clone(), agent)).or_default().n += 1;
        }
        if let (true, Some(began)) = (succeeded, going.began) {
            self.known.entry((def.clone(), going.agent)).or_default().add((mono - began).max(0));
        }
    }

    /// The state of the run; `held`: a runner has it now.
    pub fn status(&self, held: bool) -> RunStatus {
        super::view::status(self.ended, self.closed, held)
    }

    /// What the index keeps of it.
    pub fn summary(&self, run: &str, head: Head, held: bool) -> Summary {
        let samples = self.known.iter().map(|((def, agent), known)| Sample {
            def: def.to_string(),
            agent: agent.to_string(),
            known: known.durations(),
        });
        let head = RunHead {
            id: run.to_owned(),
            workflow: self.workflow.to_string(),
            status: status_word(self.status(held)),
            started_at: self.started_at,
            ended_at: self.finished_at,
            tasks: self.tasks,
            seq: head.seq,
            head: head.hash,
        };
        Summary { head, samples: samples.collect() }
    }
}

impl Known {
    fn add(&mut self, ms: i64) {
        self.n += 1;
        self.ok += 1;
        if !self.ok.is_multiple_of(1 << self.thinned) {
            return;
        }
        self.times.push(ms);
        if self.times.len() >= MOST {
            let mut at = 0;
            self.times.retain(|_| {
                at += 1;
                at % 2 == 0
            });
            self.thinned += 1;
        }
    }

    fn durations(&self) -> Durations {
        let mut times = self.times.clone();
        times.sort_unstable();
        let at = |part: usize| times.get((times.len() * part).div_ceil(100).max(1) - 1).copied().unwrap_or(0);
        Durations { n: self.n, ok: self.ok, p50_ms: at(50), p95_ms: at(95) }
    }
}

/// What `flowc runs` says of a run, and what stands in its `status.json`.
pub fn json(head: &RunHead) -> serde_json::Value {
    serde_json::json!({
        "id": head.id,
        "workflow": head.workflow,
        "status": head.status,
        "started_at": rfc3339(head.started_at),
        "finished_at": head.ended_at.map(rfc3339),
        "tasks": head.tasks,
        "seq": head.seq,
    })
}

/// Puts the head of a run where those find it who cannot open its journal.
///
/// # Errors
/// Those of the store; nothing depends on it.
pub fn write_status(dir: &RunDir, head: &RunHead) -> Result<(), StoreError> {
    let mut text = json(head).to_string();
    text.push('\n');
    dir.write_status(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_durations_are_thinned_and_say_the_same() {
        let mut known = Known::default();
        (0..100_000).for_each(|ms| known.add(ms));
        assert!(known.times.len() < MOST);
        let Durations { n, ok, p50_ms, p95_ms } = known.durations();
        assert_eq!((n, ok), (100_000, 100_000));
        assert!(
            (49_000..51_000).contains(&p50_ms) && (94_000..96_000).contains(&p95_ms),
            "{p50_ms} {p95_ms}"
        );
    }

    #[test]
    fn a_few_durations_are_told_exactly() {
        let mut known = Known::default();
        assert_eq!(known.durations(), Durations::default());
        [5, 1, 3].into_iter().for_each(|ms| known.add(ms));
        assert_eq!(known.durations(), Durations { n: 3, ok: 3, p50_ms: 3, p95_ms: 5 });
    }
}
