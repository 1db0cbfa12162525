//! A turn of the loop: decide, evaluate, record, commit, act.

use super::{Driver, Halt};
use crate::plan::Spot;
use crate::plan::eval::Fault;
use crate::run::claims;
use crate::run::evaluate::judge;
use crate::run::failure;
use crate::run::keep::Keep;
use crate::run::observer;
use crate::run::preview::Reason;
use crate::run::record::Failure;
use crate::run::task::{self, Refusal};
use crate::schedule::{
    self, Command, Crash, End, ErrorKind, Event, Facts, Note, Outcome, Place, Verdict, What,
};

/// Most rows of one transaction: a turn that has more is split.
const MAX_ROWS: usize = 4096;

impl Driver<'_> {
    /// Decides, until nothing is new; records it all in one transaction; then acts. False: there is more to decide at
    /// once.
    pub(in crate::run) fn turn(&mut self) -> Result<bool, Halt> {
        let quiet = loop {
            if self.settle()? {
                break true;
            }
            if self.log.len() >= MAX_ROWS {
                break false;
            }
        };
        self.drop_questions();
        self.record_turn()?;
        for command in std::mem::take(&mut self.todo) {
            self.act(command)?;
        }
        // What nothing waits for comes after what has begun.
        self.state.sweep();
        if std::mem::take(&mut self.wave_closed) {
            self.store.note_head().map_err(Halt::Store)?;
        }
        self.store.tend();
        Ok(quiet && !std::mem::take(&mut self.stirred))
    }

    /// One round of deciding. True when there was nothing to decide.
    pub(in crate::run) fn settle(&mut self) -> Result<bool, Halt> {
        let mut decisions = std::mem::take(&mut self.decisions);
        let facts = Facts {
            now: self.clock.active(),
            wall: self.clock.wall(),
            parallel: self.limits.parallel,
            policy: self.limits.policy,
            machine: &self.limits.machine,
            history: &self.experience,
            overlap: claims::may_overlap,
            seed: self.limits.seed,
        };
        schedule::decide(&mut self.state, self.plan, &facts, &mut decisions);
        if let Some(illegal) = decisions.illegal.take() {
            return Err(Halt::Illegal(illegal.why));
        }
        let quiet = decisions.events.is_empty() && decisions.commands.is_empty();
        self.follow_notes();
        for event in decisions.events.drain(..) {
            self.record(&event)?;
        }
        for command in decisions.commands.drain(..) {
            match command {
                // the answer to one before may have stopped what this one is for
                Command::Evaluate { place, .. } if !self.state.wants(place) => {}
                Command::Evaluate { place, what } => self.answer(place, what)?,
                Command::StartAttempt { place, inline: true, .. } if !self.state.wants(place) => {
                    let outcome = Outcome::Interrupted;
                    self.happen(Event::AttemptEnded { place, outcome, inline: true })?;
                }
                Command::StartAttempt { place, inline: true, .. } => self.start_inline(place)?,
                other => self.todo.push(other),
            }
        }
        self.decisions = decisions;
        Ok(quiet)
    }

    /// Folds an event from outside and records it.
    pub(in crate::run) fn happen(&mut self, event: Event) -> Result<(), Halt> {
        let at = self.clock.active();
        schedule::apply(&mut self.state, self.plan, at, &event)
            .map_err(|illegal| Halt::Illegal(illegal.why))?;
        self.follow_notes();
        self.record(&event)
    }

    /// Answers what the scheduler asked, from the values.
    fn answer(&mut self, place: Place, what: What) -> Result<(), Halt> {
        let verdict = match what {
            What::Inputs => return self.answer_inputs(place),
            _ => judge(self.plan, &mut self.values, place, what),
        };
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(fault) => self.bad(place, Refusal::Fault(fault)),
        };
        self.happen(Event::Evaluated { place, verdict })
    }

    fn answer_inputs(&mut self, place: Place) -> Result<(), Halt> {
        let inputs = task::inputs(self.plan, &mut self.values, &mut self.shared, place);
        let verdict = match inputs {
            Ok(inputs) => {
                let hash = self.values.inputs_hash(place);
                if !hash.is_empty() {
                    self.hashes.insert(place, hash);
                }
                let mut answered = None;
                let why = match self.keep(place)? {
                    Keep::Nothing(why) => why,
                    Keep::Answer(agent) => {
                        answered = Some(agent);
                        Some(Reason::Lost)
                    }
                    Keep::Value => {
                        self.preview_kept(place);
                        return self.happen(Event::Kept { place });
                    }
                    Keep::Failure(failure) => {
                        self.preview_kept(place);
                        let kind = ErrorKind::parse(&failure.kind).unwrap_or(ErrorKind::Error);
                        self.told.insert(place, failure);
                        let verdict = Verdict::Bad(kind);
                        return self.happen(Event::Evaluated { place, verdict });
                    }
                };
                let mut inputs = match answered {
                    Some(agent) => Self::answered(&inputs, Some(agent)),
                    None if inputs.on_crash != Crash::Rerun && self.has_answered(place) => {
                        Self::answered(&inputs, None)
                    }
                    None => self.minded(place, inputs, why),
                };
                if self.preview.is_some() {
                    inputs = self.preview_task(place, &inputs, why);
                }
                self.tasks.begin(place, &inputs);
                self.tasks.of(place).known_in = self.turns;
                Verdict::Inputs(inputs)
            }
            Err(refusal) => self.bad(place, refusal),
        };
        self.happen(Event::Evaluated { place, verdict })
    }

    /// What a failed evaluation comes to; its text waits for the number of the failure.
    fn bad(&mut self, place: Place, refusal: Refusal) -> Verdict {
        let kind = refusal.kind();
        let failure = match refusal {
            Refusal::Fault(Fault { message, spot, .. }) => self.failure(kind, message, spot),
            Refusal::Claim(message, spot) => self.failure(kind, message, spot),
        };
        self.told.insert(place, failure);
        Verdict::Bad(kind)
    }

    /// A failure at a place of the program.
    pub(super) fn failure(&self, kind: ErrorKind, message: String, spot: Spot) -> Failure {
        Failure { at: self.plan.place(spot).into(), ..Failure::new(kind.name(), message) }
    }

    /// Runs what is done in process and has no effect.
    fn start_inline(&mut self, place: Place) -> Result<(), Halt> {
        let outcome = match self.do_inline(place) {
            Ok(value) => {
                self.finish_with(place, value)?;
                Outcome::Done
            }
            Err(failure) => {
                let kind = ErrorKind::parse(&failure.kind).unwrap_or(ErrorKind::Error);
                self.told.insert(place, failure);
                Outcome::Failed(kind)
            }
        };
        self.happen(Event::AttemptEnded { place, outcome, inline: true })
    }

    /// Moves values and failure texts by what happened inside the scheduler.
    pub(in crate::run) fn follow_notes(&mut self) {
        for note in self.state.take_notes() {
            match &note {
                Note::Failed { error, place, why } => {
                    let failure =
                        failure::describe(self.plan, &self.state, &self.tasks, &mut self.told, *place, *why);
                    self.values.put_error(*error, failure);
                }
                Note::Opened { .. } | Note::Closed { .. } | Note::Ended { .. } | Note::Won { .. } => {
                    if let Note::Ended { place, end: End::Skipped } = &note {
                        self.tell_skipped(*place);
                    }
                    self.values.note(self.plan, &note);
                }
            }
        }
    }

    /// A task that will not run has no event of its own.
    fn tell_skipped(&mut self, place: Place) {
        if task::called(self.plan, &self.values, place).is_ok() {
            self.tell(|driver| {
                let task = driver.state.id_of(driver.plan, place).into();
                observer::What::TaskSkipped { task }
            });
        }
    }

    /// Tells the observer, if it listens.
    pub(in crate::run) fn tell(&mut self, what: impl FnOnce(&mut Self) -> observer::What) {
        if self.observer.listens() {
            let what = what(self);
            self.log.tell(self.clock.wall(), what);
        }
    }
}
