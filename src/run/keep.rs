//! Taking over what an earlier generation did: a task that is the same keeps its result or its caught failure.
//!
//! Takes a task whose inputs are known; gives what it keeps. What cannot be kept runs, and makes everything that depends on it
//! run too. What had been done and says `on_crash: ask` or `fail` is not repeated unasked.

use super::codec;
use super::driver::{Driver, Halt};
use super::preview::Reason;
use super::record::{Earlier, Failure, Record};
use super::replay::decode;
use super::task::{Called, called};
use crate::plan::AgentId;
use crate::schedule::{self, Before, Crash, Inputs, Place, Work};
use ecow::EcoString;
use std::sync::Arc;

/// What a task keeps of what it ended with before.
#[derive(Debug)]
pub(super) enum Keep {
    /// It runs, for this reason where it had begun before.
    Nothing(Option<Reason>),
    Value,
    /// The answer that this agent gave when nobody looked: it runs, and takes that in place of asking again.
    Answer(AgentId),
    /// One that was caught.
    Failure(Failure),
}

/// Where a kept result is from, until that is recorded.
#[derive(Debug)]
pub(super) struct Source {
    pub def: EcoString,
    pub inputs: EcoString,
    pub age: u64,
    /// Where it is another task's.
    pub from: Option<EcoString>,
}

impl Driver<'_> {
    /// Whether a task keeps what it ended with before; then that is its value, or its failure.
    pub(super) fn keep(&mut self, place: Place) -> Result<Keep, Halt> {
        // What has begun in this generation is past that question.
        if !self.memory.on
            || self.tasks.attempts(place) > 0
            || self.state.status(place) != schedule::Status::Ready
        {
            return Ok(Keep::Nothing(None));
        }
        let id: EcoString = self.state.id_of(self.plan, place).into();
        let Ok(task) = called(self.plan, &self.values, place) else { return Ok(Keep::Nothing(None)) };
        let inputs = self.values.inputs_hash(place);
        let newest = self.memory.newest_need(self.plan, &self.state, place);
        if let Some(known) = self.memory.failure(&id, &task.def.key, &inputs, newest) {
            let (failure, age) = (known.failure.clone(), known.age);
            self.memory.kept_ages.insert(place, age);
            return Ok(Keep::Failure(failure));
        }
        let found = self.memory.find(&id, &task.def.key, &inputs, newest);
        let Some((from, known)) = found else {
            return Ok(match self.keep_answer(place, &id, &task, &inputs, newest)? {
                Some(answer) => answer,
                None => Keep::Nothing(self.reason(&id, &task, &inputs, newest)),
            });
        };
        let value =
            codec::get(&self.store, &known.value, task.def.result, &self.plan.types).map_err(Halt::Store)?;
        // A changed `accept` is tried on the kept value.
        if super::attempt::accept(&task, &mut self.values, &value).is_err() {
            self.memory.claimed.remove(&from);
            return Ok(Keep::Nothing(Some(Reason::Accept)));
        }
        self.memory.note(&self.state, place, known.age);
        let from = (from != id).then_some(from);
        self.sources.insert(place, Source { def: known.def, inputs, age: known.age, from });
        self.tasks.of(place).value = Some(known.value);
        self.show_value(place, &value);
        self.values.put(place, value);
        Ok(Keep::Value)
    }

    /// What is kept where the same task had begun, and its agent had ended by itself when nobody looked.
    fn keep_answer(
        &mut self,
        place: Place,
        id: &EcoString,
        task: &Called<'_>,
        inputs: &EcoString,
        newest: u64,
    ) -> Result<Option<Keep>, Halt> {
        let Some(begun) = self.memory.begun.get(id) else { return Ok(None) };
        let (age, paid) = (u64::from(begun.generation), begun.paid);
        if begun.def != task.def.key || age < newest || self.memory.again.contains(id) {
            return Ok(None);
        }
        let seq = begun.seq;
        let mark = begun.marks(self.store.run(), id).find(|mark| self.hands.has_answer(mark));
        let Some(mark) = mark else { return Ok(None) };
        let started = self.store.row(seq, decode).and_then(|record| record).map_err(Halt::Store)?;
        let Some(Record::AttemptStarted(started)) = started else { return Ok(None) };
        let agent = self.plan.agents.iter().position(|agent| Some(&agent.name) == started.agent.as_ref());
        let (Some(agent), true) = (agent, started.inputs == *inputs) else { return Ok(None) };
        let agent = AgentId(agent as u32);
        if self.preview.is_none() {
            self.tasks.of(place).earlier = Some(Earlier { mark: mark.into(), paid });
        } else if let Some(value) = self.take_over(place, agent, &mark) {
            self.memory.note(&self.state, place, age);
            self.values.put(place, value);
            return Ok(Some(Keep::Value));
        }
        Ok(Some(Keep::Answer(agent)))
    }

    /// Why a task that had begun before runs now.
    fn reason(&self, id: &EcoString, task: &Called<'_>, inputs: &str, newest: u64) -> Option<Reason> {
        let known = self.memory.by_id.get(id).map(|known| (&known.def, &known.inputs, known.age));
        let failed = || self.memory.failed.get(id).map(|known| (&known.def, &known.inputs, known.age));
        let Some((def, kept, age)) = known.or_else(failed) else {
            return self
                .memory
                .begun
                .contains_key(id)
                .then_some(Reason::Lost)
                .or_else(|| self.memory.seen.contains(id).then_some(Reason::Unfinished));
        };
        Some(match () {
            () if known.is_none() && self.memory.uncaught.contains(id) => Reason::Failed,
            () if self.memory.again.contains(id) => Reason::From,
            () if *def != task.def.key => Reason::Definition,
            () if *kept != inputs => Reason::Inputs,
            () if age < newest => Reason::Dependency,
            () => Reason::Inputs,
        })
    }

    /// The inputs of a task whose agent has answered: nobody need be asked.
    pub(super) fn answered(inputs: &Inputs, agent: Option<AgentId>) -> Arc<Inputs> {
        let agents = agent.map_or_else(|| inputs.agents.clone(), |agent| vec![agent]);
        Arc::new(Inputs { agents, on_crash: Crash::Rerun, ..inputs.clone() })
    }

    /// The inputs with what an earlier generation did of the task, where that is not to be repeated without thought.
    pub(super) fn minded(&mut self, place: Place, inputs: Arc<Inputs>, why: Option<Reason>) -> Arc<Inputs> {
        if !self.memory.on || inputs.on_crash == Crash::Rerun || inputs.work != Work::Attempt {
            return inputs;
        }
        let id = self.state.id_of(self.plan, place);
        let before = if self.memory.begun.contains_key(id.as_str()) {
            Before::Begun
        } else if inputs.on_crash != Crash::Probe && self.memory.done_before(&id).is_some() {
            self.reasons.insert(place, why.unwrap_or(Reason::Dependency));
            Before::Done
        } else {
            return inputs;
        };
        Arc::new(Inputs { before, ..(*inputs).clone() })
    }
}
