//! Questions: made from a task's arguments, shown, and answered.

use super::{Driver, Halt};
use crate::plan::{Action, Spot};
use crate::run::inputs::type_name;
use crate::run::observer::{OpenQuestion, TaskStatus, What};
use crate::run::people::{Form, Question, Reply, Verdict, choices_of};
use crate::run::preview::Reason;
use crate::run::record::{Failure, Record};
use crate::run::task::{Called, called};
use crate::run::{codec, people};
use crate::schedule::{self, Answer, ErrorKind, Event, Place, Status, WallMs};
use crate::types::BuiltinTask;
use crate::value::{Value, text};
use ecow::EcoString;

/// What is asked about a task that was done once and would run a second time.
pub(in crate::run) fn again_message(id: &str, why: Reason) -> EcoString {
    ecow::eco_format!(
        "`{id}` was done before and would run again: {}. Run it again (rerun), let what it gave then stand (done), or count it \
         as failed (fail)?",
        why.text()
    )
}

/// What is asked about an attempt that was lost; 0 where its number is that of an earlier generation.
pub(in crate::run) fn crash_message(id: &str, attempt: u32) -> EcoString {
    let attempt = if attempt == 0 { "An attempt".into() } else { ecow::eco_format!("Attempt {attempt}") };
    ecow::eco_format!(
        "{attempt} of `{id}` had begun when its runner was lost; how it ended is not known. Run it again, or was it done, or \
         does it count as failed?"
    )
}

impl Question {
    /// As viewers are shown it.
    pub(in crate::run) fn open(&self) -> OpenQuestion {
        OpenQuestion {
            task: self.task.clone(),
            question: self.hash.clone(),
            message: self.message.clone(),
            choices: self.choices(),
            until: self.until,
        }
    }
}

impl Driver<'_> {
    /// The question of a task that a person does, or about an attempt that was lost.
    pub(in crate::run) fn pose(
        &mut self,
        place: Place,
        about: schedule::Question,
        until: Option<WallMs>,
    ) -> Result<Question, Halt> {
        let id: EcoString = self.state.id_of(self.plan, place).into();
        let task = called(self.plan, &self.values, place)
            .map_err(|_| Halt::Illegal(format!("a question about `{id}`, which is no task")))?;
        let (message, form, by) = match about {
            schedule::Question::Crash => (
                crash_message(&id, self.tasks.attempts(place)),
                Form::Crash { result: task.def.result, kept: None, again: false },
                Vec::new(),
            ),
            schedule::Question::Again => self.posed_again(&id, &task),
            schedule::Question::Task => self.posed(&task),
        };
        let run = self.store.run().to_owned();
        let generation = self.state.generation();
        let mut question = Question::new(&run, id.clone(), generation, message, form);
        if about == schedule::Question::Task
            && let Some((hash, before)) = self.asked_before(&id, place)
        {
            let same = Question::new(&run, id, before, question.message.clone(), question.form.clone());
            if same.hash == hash {
                question = same;
            }
        }
        (question.by, question.until) = (by, until);
        Ok(question)
    }

    /// What was asked about a task when the program was changed, if nothing that it depends on ran again: who answered that has
    /// answered what is asked now, if it is the same.
    fn asked_before(&mut self, id: &str, place: Place) -> Option<(EcoString, u32)> {
        let (hash, generation) = self.memory.asked.get(id)?.clone();
        let newest = self.memory.newest_need(self.plan, &self.state, place);
        (newest <= u64::from(generation)).then_some((hash, generation))
    }

    /// The question about a task that was done once and would run a second time.
    fn posed_again(&self, id: &EcoString, task: &Called<'_>) -> (EcoString, Form, Vec<EcoString>) {
        let known = self.memory.done.get(id);
        let kept = known
            .and_then(|(value, _)| codec::get(&self.store, value, task.def.result, &self.plan.types).ok());
        let why = self.reasons.get(&task.place).copied().unwrap_or(Reason::Dependency);
        (again_message(id, why), Form::Crash { result: task.def.result, kept, again: true }, Vec::new())
    }

    fn posed(&mut self, task: &Called<'_>) -> (EcoString, Form, Vec<EcoString>) {
        let Action::Builtin { task: builtin, args } = &task.def.action else {
            return (EcoString::new(), Form::Approve, Vec::new());
        };
        let argument = |index: usize| {
            let expr = args.get(index).and_then(Option::as_ref)?;
            task.within(&self.values, |env| env.eval(expr)).ok()
        };
        let message = argument(0).and_then(|value| text::interpolated(&value)).unwrap_or_default();
        if *builtin != BuiltinTask::Input {
            let by = match argument(2) {
                Some(Value::List(by)) => by.iter().filter_map(|name| name.as_text().cloned()).collect(),
                _ => Vec::new(),
            };
            return (message, Form::Approve, by);
        }
        let default = argument(2).filter(|value| *value != Value::None);
        let ty = task.def.result;
        let type_name = type_name(self.plan, ty);
        (message, Form::Value { ty, type_name, choices: choices_of(self.plan, ty), default }, Vec::new())
    }

    /// Shows a question to whoever can answer now.
    pub(in crate::run) fn ask(&mut self, place: Place, again: Option<&str>) {
        if let (Some(question), Some(asker)) = (self.questions.get(&place), self.asker.as_deref_mut()) {
            asker.ask(question, again, &self.replies.0);
        }
    }

    /// Forgets questions of tasks that were stopped (a lost race, a cancel): nobody need answer them.
    pub(super) fn drop_questions(&mut self) {
        if self.questions.len() <= self.state.counts().waiting as usize {
            return;
        }
        let waits = |place: &Place| self.state.status(*place) == Status::Waiting;
        let stopped: Vec<Place> = self.questions.keys().filter(|place| !waits(place)).copied().collect();
        for place in stopped {
            let Some(question) = self.questions.remove(&place) else { continue };
            self.row(self.about(place), &Record::TaskSkipped);
            let (task, status) = (question.task.clone(), TaskStatus::Cancelled);
            self.tell(|_| What::TaskFinished { task, status, value: None, cost_usd: None, tokens: None });
            if let Some(asker) = self.asker.as_deref_mut() {
                asker.withdraw(&question);
            }
        }
    }

    /// Takes an answer. False: it answers nothing that is open, or does not do.
    pub(in crate::run) fn take_reply(&mut self, reply: Reply) -> Result<Result<(), String>, Halt> {
        let now = self.clock.wall();
        self.take_reply_of(reply, now)
    }

    /// The same of an answer that was given at that time.
    pub(super) fn take_reply_of(&mut self, reply: Reply, given: WallMs) -> Result<Result<(), String>, Halt> {
        let found = self.questions.iter().find(|(_, question)| question.task == reply.task);
        let Some((place, question)) = found.map(|(place, question)| (*place, question.clone())) else {
            return Ok(Err(format!("no question of `{}` is open", reply.task)));
        };
        if self.state.status(place) != Status::Waiting {
            return Ok(Err(format!("`{}` was stopped: its question needs no answer any more", reply.task)));
        }
        if !reply.question.is_empty() && !question.hash.starts_with(reply.question.as_str()) {
            return Ok(Err(format!("the question of `{}` has changed since it was shown", reply.task)));
        }
        if question.until.is_some_and(|until| until <= given) {
            return Ok(Err(format!("the question of `{}` had to be answered earlier", reply.task)));
        }
        let answer = match question.judge(self.plan, &reply) {
            Ok(Verdict::Value(value)) => {
                if let Form::Crash { kept: Some(kept), again: true, .. } = &question.form
                    && *kept == value
                    && let Some((_, age)) = self.memory.done.get(&reply.task)
                {
                    self.memory.kept_ages.insert(place, *age);
                }
                self.finish_with(place, value)?;
                Answer::Done
            }
            Ok(Verdict::Rejected(why)) => {
                self.told.insert(place, Failure::new(ErrorKind::Rejected.name(), why));
                Answer::Rejected
            }
            Ok(Verdict::Rerun) => Answer::Rerun,
            Ok(Verdict::Fail) => {
                let why = format!("{} said that the lost attempt failed", reply.by);
                self.told.insert(place, Failure::new(ErrorKind::Crash.name(), why));
                Answer::Fail
            }
            Err(why) => {
                self.ask(place, Some(&why));
                return Ok(Err(why));
            }
        };
        self.memory.asked.remove(&reply.task);
        self.answered_by = (reply.by, reply.note);
        self.happen(Event::Answered { place, answer })?;
        Ok(Ok(()))
    }

    /// Nobody answered in time: the default is the value.
    pub(super) fn take_default(&mut self, place: Place) -> Result<(), Halt> {
        if let Some(value) = self.default_of(place) {
            self.finish_with(place, value)?;
        }
        Ok(())
    }

    /// The `default` of an `input`.
    pub(super) fn default_of(&self, place: Place) -> Option<Value> {
        match &self.questions.get(&place)?.form {
            Form::Value { default, .. } => default.clone(),
            people::Form::Approve | Form::Crash { .. } => None,
        }
    }

    /// Keeps what a task gave: its end is about to be told.
    pub(in crate::run) fn finish_with(&mut self, place: Place, value: Value) -> Result<(), Halt> {
        let kept = codec::put(&mut self.store, &value).map_err(Halt::Store)?;
        self.tasks.of(place).value = Some(kept);
        self.show_value(place, &value);
        self.values.put(place, value);
        Ok(())
    }

    /// Remembers a value for those who look on.
    pub(in crate::run) fn show_value(&mut self, place: Place, value: &Value) {
        if self.observer.listens() {
            self.shown.insert(place, value.clone());
        }
    }

    /// A failure without a place in the program.
    pub(super) fn plain_failure(&self, kind: ErrorKind, message: impl Into<String>) -> Failure {
        self.failure(kind, message.into(), Spot::default())
    }
}
