//! From events of the scheduler to rows of the journal and events of the stream.

use super::log::About;
use super::{Driver, Halt};
use crate::plan::{Limit, NodeKind, ResourceId};
use crate::run::codec;
use crate::run::keep::Source;
use crate::run::memory::NOW;
use crate::run::observer::{self, AttemptOutcome, ErrorText, RunStatus, TaskStatus};
use crate::run::record::{
    AttemptEnded, AttemptLost, AttemptStarted, BackoffSet, QuestionAnswered, QuestionAsked, Record, RunEnded,
    SessionClosed, TaskKept, TaskSettled,
};
use crate::run::view::{dollars, outcome_word, status_of};
use crate::schedule::{
    self, Answer, BodyResult, Crash, End, Event, Ms, Outcome, Place, ScopeId, Verdict, WallMs, Why,
    body_result,
};
use crate::value::Value;
use ecow::EcoString;

impl Driver<'_> {
    /// Adds a row.
    pub(in crate::run) fn row(&mut self, about: About, record: &Record) {
        let (at, mono) = (self.clock.wall(), self.clock.active());
        if let Some(tally) = &mut self.tally {
            tally.row(at, mono, about.task.as_deref().unwrap_or_default(), record);
        }
        self.log.add(at, mono, about, record);
    }

    /// The columns of a row about a place.
    pub(super) fn about(&self, place: Place) -> About {
        let id: EcoString = self.state.id_of(self.plan, place).into();
        About { task: Some(id), generation: Some(self.state.generation()), attempt: None, tries: None }
    }

    /// Records what has been applied.
    pub(super) fn record(&mut self, event: &Event) -> Result<(), Halt> {
        match event {
            // Their rows say more than the event knows; who makes them writes them.
            Event::RunStarted { .. } | Event::SessionOpened | Event::Restarted { .. } => {}
            Event::Evaluated { place, verdict } => self.record_verdict(*place, verdict),
            Event::Kept { place } => {
                let value = self.tasks.end(*place).and_then(|task| task.value);
                if let (Some(value), Some(source)) = (value, self.sources.remove(place)) {
                    let Source { def, inputs, age, from } = source;
                    let kept = TaskKept { value, def, inputs, age, from };
                    self.row(self.about(*place), &Record::TaskKept(kept));
                }
                self.hashes.remove(place);
                self.shown.remove(place);
            }
            Event::AttemptStarted { place, attempt, tries, agent, inline } => {
                self.note_wave(*place);
                if !inline {
                    self.record_start(*place, *attempt, *tries, *agent);
                }
            }
            Event::AttemptEnded { place, outcome, inline } => {
                if !inline {
                    self.record_end(*place, *outcome);
                }
            }
            Event::TaskSettled { place, end, why } => self.record_settled(*place, *end, *why),
            Event::BackoffSet { place, attempt, until } => self.record_backoff(*place, *attempt, *until),
            Event::QuestionAsked { place, about, until, default } => {
                self.record_question(*place, *about, *until, *default)?;
            }
            Event::Answered { place, answer } => self.record_answer(*place, *answer)?,
            Event::RoundOpened { place } => self.row(self.about(*place), &Record::RoundOpened),
            Event::DeadlinePassed { scope } => {
                self.row(self.about(Place::body(*scope)), &Record::DeadlinePassed);
            }
            Event::CancelAsked => {
                let (by, why) = std::mem::take(&mut self.cancelled_by);
                self.row(About::default(), &Record::CancelAsked(by, why));
            }
            Event::InterruptAsked => self.row(About::default(), &Record::InterruptAsked),
            Event::WaveClosed { wave, valid } => {
                let (wave, valid) = (*wave, *valid);
                self.row(About::default(), &Record::WaveClosed { wave, valid });
                self.wave_closed = true;
                self.tell(|_| observer::What::WaveClosed { wave, valid });
            }
            Event::SessionClosed { why } => {
                self.row(About::default(), &Record::SessionClosed(SessionClosed { why: *why }));
            }
            Event::RunEnded { end } => {
                // The end is the last row of a run: by that it is known as ended.
                self.drop_questions();
                self.record_run_end(*end)?;
            }
        }
        Ok(())
    }

    fn record_verdict(&mut self, place: Place, verdict: &Verdict) {
        let record = match verdict {
            Verdict::Inputs(_) => return,
            Verdict::Ok => Record::ValueChecked,
            Verdict::Width(width) => Record::MapOpened(width.clone()),
            Verdict::Arm(arm) => Record::ArmTaken(*arm),
            Verdict::Loop { max, every_ms } => Record::LoopOpened { max: *max, every_ms: *every_ms },
            Verdict::Again { again } => Record::RoundClosed(*again),
            Verdict::Call { parallel, deadline_ms } => {
                Record::CallOpened { parallel: *parallel, deadline_ms: *deadline_ms }
            }
            Verdict::Bad(kind) => {
                let newest = self.state.newest_error().and_then(|error| self.values.error(error)).cloned();
                let failure = newest.unwrap_or_else(|| crate::run::record::Failure::new(kind.name(), ""));
                Record::ValueFailed(Box::new(failure))
            }
        };
        let about = self.about(place);
        if let Verdict::Width(width) = verdict
            && self.is_map(place)
        {
            let (task, n) = (about.task.clone().unwrap_or_default(), u64::from(width.n));
            self.tell(|_| observer::What::MapOpened { task, n });
        }
        self.row(about, &record);
    }

    fn is_map(&self, place: Place) -> bool {
        let body = self.values.body_of(place.scope).map(|body| self.plan.body(body));
        let node = body.and_then(|body| body.nodes.get(place.node.index()));
        node.is_some_and(|node| matches!(node.kind, NodeKind::Map { .. }))
    }

    /// The first task of a wave opens it for those who look on.
    fn note_wave(&mut self, place: Place) {
        if !self.observer.listens() {
            return;
        }
        let wave = self.state.wave_of(self.plan, place);
        if self.waves_seen.insert(wave) {
            self.tell(|_| observer::What::WaveStarted { wave });
        }
    }

    fn record_start(&mut self, place: Place, attempt: u16, tries: u16, agent: Option<crate::plan::AgentId>) {
        let about =
            About { attempt: Some(u32::from(attempt)), tries: Some(u32::from(tries)), ..self.about(place) };
        if !self.tasks.is_rerun(place) {
            self.log.must_sync();
        }
        let name = agent.and_then(|id| self.plan.agents.get(id.index())).map(|agent| agent.name.clone());
        let task = self.tasks.of(place);
        (task.attempts, task.tries) = (u32::from(attempt), u32::from(tries));
        let (session, answered, earlier) = (task.session.clone(), task.answered, task.earlier.clone());
        let id = about.task.clone().unwrap_or_default();
        let key = self.idempotency_key(&id, answered);
        self.tasks.of(place).key.clone_from(&key);
        let record = AttemptStarted {
            agent_index: agent.map(|id| id.0),
            agent: name.clone(),
            inputs: self.values.inputs_hash(place),
            key,
            deadline: self.sleep_until(place),
            session,
            rates: self.rates_of(place),
            earlier,
        };
        self.row(about, &Record::AttemptStarted(Box::new(record)));
        self.tell(|_| observer::What::AttemptStarted { task: id, attempt: u32::from(attempt), agent: name });
    }

    /// What an attempt takes of resources with a rate.
    fn rates_of(&self, place: Place) -> Vec<(u32, i64)> {
        let inputs = self.tasks.get(place).and_then(|task| task.inputs.as_ref());
        let units = inputs.map(|inputs| inputs.units.as_slice()).unwrap_or_default();
        let is_rate = |r: &ResourceId| {
            self.plan.resources.get(r.index()).is_some_and(|r| matches!(r.limit, Limit::Rate { .. }))
        };
        units.iter().filter(|(r, n)| *n > 0 && is_rate(r)).map(|(r, n)| (r.0, *n)).collect()
    }

    /// `FLOW_IDEMPOTENCY_KEY`: the same as long as no attempt ended with an answer.
    pub(super) fn idempotency_key(&self, id: &str, answered: u32) -> EcoString {
        let mut hasher = blake3::Hasher::new();
        for text in [self.store.run(), id] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.update(&self.state.generation().to_le_bytes());
        hasher.update(&answered.to_le_bytes());
        hasher.finalize().to_hex().as_str()[..32].into()
    }

    fn record_end(&mut self, place: Place, outcome: Outcome) {
        let about = About {
            attempt: Some(self.tasks.of(place).attempts),
            tries: Some(self.tasks.of(place).tries),
            ..self.about(place)
        };
        let failed = matches!(outcome, Outcome::Failed(_) | Outcome::Unable(_));
        let told = if failed { self.told.get(&place).cloned() } else { None };
        let mut ended = match self.ended.remove(&place) {
            Some(ended) => *ended,
            None => AttemptEnded::new(outcome),
        };
        ended.outcome = outcome;
        ended.error.clone_from(&told);
        let (task, attempt) = (about.task.clone().unwrap_or_default(), about.attempt.unwrap_or(0));
        let mut word = outcome_word(outcome);
        if word == AttemptOutcome::Interrupted && !self.interrupting {
            word = AttemptOutcome::Cancelled;
        }
        let error = told.as_ref().map(ErrorText::from);
        self.tell(|_| observer::What::AttemptEnded { task, attempt, outcome: word, error });
        match outcome {
            Outcome::Done => {
                let task = self.tasks.of(place);
                ended.value.clone_from(&task.value);
                task.done = Some(Box::new(ended));
                self.undone.push(place);
            }
            Outcome::Lost => {
                let policy = self.tasks.get(place).and_then(|task| task.inputs.as_ref());
                let policy = match policy.map(|inputs| inputs.on_crash) {
                    Some(Crash::Ask) => "ask",
                    Some(Crash::Fail) => "fail",
                    Some(Crash::Probe) => "probe",
                    Some(Crash::Rerun) | None => "rerun",
                };
                self.row(about, &Record::AttemptLost(AttemptLost { policy: policy.into() }));
            }
            Outcome::Failed(_) | Outcome::Unable(_) | Outcome::Interrupted => {
                self.row(about, &Record::AttemptEnded(Box::new(ended)));
            }
        }
    }

    /// Successful attempts whose tasks have not been settled in the turn get rows of their own.
    pub(super) fn flush_done(&mut self) {
        for place in std::mem::take(&mut self.undone) {
            let Some(task) = self.tasks.get(place) else { continue };
            let (attempts, tries) = (task.attempts, task.tries);
            let Some(done) = self.tasks.of(place).done.take() else { continue };
            let about = About { attempt: Some(attempts), tries: Some(tries), ..self.about(place) };
            self.row(about, &Record::AttemptEnded(done));
        }
    }

    fn record_settled(&mut self, place: Place, end: End, why: Option<Why>) {
        let (def, inputs) = match crate::run::task::called(self.plan, &self.values, place) {
            Ok(called) => (called.def.key.clone(), EcoString::new()),
            Err(_) => (self.settled_key(place), EcoString::new()),
        };
        let task = self.tasks.end(place).unwrap_or_default();
        let inputs = self.hashes.remove(&place).unwrap_or(inputs);
        let mut about = self.about(place);
        if task.attempts > 0 {
            (about.attempt, about.tries) = (Some(task.attempts), Some(task.tries));
        }
        let error = match end {
            End::Failed(error) => self.values.error(error).cloned(),
            End::Succeeded | End::Skipped | End::Cancelled => None,
        };
        let id = about.task.clone().unwrap_or_default();
        let status = status_of(end);
        let value = self.shown.remove(&place);
        if status != TaskStatus::Skipped {
            let cost_usd = (task.cost > 0).then(|| dollars(task.cost));
            let tokens = (task.tokens > 0).then_some(task.tokens);
            let value = if end == End::Succeeded { value } else { None };
            self.tell(|_| observer::What::TaskFinished { task: id, status, value, cost_usd, tokens });
        }
        let attempt = task.done.map(|done| AttemptEnded { value: None, ..*done });
        let value = if end == End::Succeeded { task.value } else { None };
        let kept = self.memory.kept_ages.remove(&place);
        if self.memory.on {
            self.memory.note(&self.state, place, kept.unwrap_or(NOW));
        }
        let late = end == End::Succeeded && self.state.lost_race(place.scope);
        let settled = TaskSettled { end, why, value, error, attempt, def, inputs, kept, late };
        self.row(about, &Record::TaskSettled(Box::new(settled)));
    }

    /// The key of the definition of a task whose scope has closed.
    fn settled_key(&self, place: Place) -> EcoString {
        let body = self.state.body_of(place.scope).map(|body| self.plan.body(body));
        match body.and_then(|body| body.nodes.get(place.node.index())).map(|node| &node.kind) {
            Some(NodeKind::Task { def, .. }) => self.plan.task(*def).key.clone(),
            _ => EcoString::new(),
        }
    }

    fn record_backoff(&mut self, place: Place, next: u16, until: Ms) {
        let wall = self.clock.wall() + until - self.clock.active();
        let attempt = self.tasks.attempts(place);
        let about = self.about(place);
        let task = about.task.clone().unwrap_or_default();
        self.row(about, &Record::BackoffSet(BackoffSet { until, wall, attempt, next }));
        self.tell(|_| observer::What::AttemptBackoff { task, attempt, until: wall });
    }

    fn record_question(
        &mut self,
        place: Place,
        kind: schedule::Question,
        until: Option<WallMs>,
        default: bool,
    ) -> Result<(), Halt> {
        self.note_wave(place);
        let question = self.pose(place, kind, until)?;
        let asked = QuestionAsked {
            about: kind,
            question: question.hash.clone(),
            message: question.message.clone(),
            choices: question.choices(),
            by: question.by.clone(),
            until,
            default,
        };
        self.row(self.about(place), &Record::QuestionAsked(Box::new(asked)));
        let open = question.open();
        self.tell(|_| observer::What::TaskWaiting {
            task: open.task,
            question: open.question,
            message: open.message,
            choices: open.choices,
            until: open.until,
        });
        self.questions.insert(place, question);
        Ok(())
    }

    fn record_answer(&mut self, place: Place, answer: Answer) -> Result<(), Halt> {
        if answer == Answer::Default {
            self.take_default(place)?;
        }
        let question = self.questions.remove(&place);
        let (by, note) = std::mem::take(&mut self.answered_by);
        let error = self.told.get(&place).cloned().filter(|_| answer == Answer::Rejected);
        let hash = question.as_ref().map(|question| question.hash.clone()).unwrap_or_default();
        let value = self.tasks.get(place).and_then(|task| task.value.clone());
        let record = QuestionAnswered { question: hash.clone(), by: by.clone(), answer, value, error, note };
        let about = self.about(place);
        let task = about.task.clone().unwrap_or_default();
        self.row(about, &Record::QuestionAnswered(Box::new(record)));
        self.tell(|_| observer::What::TaskAnswered { task, question: hash, by });
        if let (Some(question), Some(asker)) = (question, self.asker.as_deref_mut()) {
            asker.withdraw(&question);
        }
        Ok(())
    }

    fn record_run_end(&mut self, end: End) -> Result<(), Halt> {
        let status = match end {
            End::Succeeded => RunStatus::Succeeded,
            End::Failed(_) => RunStatus::Failed,
            End::Skipped | End::Cancelled => RunStatus::Cancelled,
        };
        let error = match end {
            End::Failed(error) => self.values.error(error).cloned(),
            End::Succeeded | End::Skipped | End::Cancelled => None,
        };
        let result = (end == End::Succeeded).then(|| self.root_value());
        let value = match &result {
            Some(value) => Some(codec::put(&mut self.store, value).map_err(Halt::Store)?),
            None => None,
        };
        let record = RunEnded { end, status, value, error: error.clone() };
        self.row(About::default(), &Record::RunEnded(Box::new(record)));
        self.end = Some(super::Ended { status, result: result.clone(), error: error.clone() });
        let error = error.as_ref().map(ErrorText::from);
        self.tell(|_| observer::What::RunFinished { status, result, error });
        Ok(())
    }

    /// The value of the started workflow.
    fn root_value(&self) -> Value {
        let value = match body_result(self.plan.body(crate::plan::BodyId(0))) {
            BodyResult::Unit => None,
            BodyResult::Node(node) => self.values.read(Place::new(ScopeId::ROOT, node)),
            BodyResult::Asked => self.values.result(ScopeId::ROOT),
        };
        value.cloned().unwrap_or(Value::Unit)
    }
}
