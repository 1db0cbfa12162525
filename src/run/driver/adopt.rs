//! Answers that agents gave when nobody recorded them: an attempt that had finished is adopted, not paid for twice.
//!
//! Takes what a guardian left in the folder of a start; gives it as the end of the attempt that runs now, which then goes
//! through decoding and gates as ever.

use super::act::Live;
use super::{Driver, Halt};
use crate::exec::warden;
use crate::plan::{Action, AgentId};
use crate::run::attempt;
use crate::run::ending::Ending;
use crate::run::hands::{Finished, Order};
use crate::run::record::Record;
use crate::run::task::{self, called};
use crate::schedule::{Lost, Place};
use crate::value::Value;

/// Starts of one attempt that are looked back at.
const BACK: u32 = 16;

impl Driver<'_> {
    /// What is left of an attempt whose runner was lost: kills it, unless it is an agent's that has finished meanwhile, whose
    /// answer is taken. Whether it was.
    pub(in crate::run) fn recover(&mut self, lost: &Lost) -> Result<bool, Halt> {
        let (place, tries) = (lost.place, u32::from(lost.tries));
        if lost.agent.is_some()
            && task::inputs(self.plan, &mut self.values, &mut self.shared, place).is_ok()
            && let Some((live, ending)) = self.answer_in(place, lost.agent, &self.marks(place, tries))
        {
            self.adopted(place, live);
            self.take_finished(Finished { place, ending })?;
            return Ok(true);
        }
        if let Some(mark) = self.marks(place, tries).first() {
            warden::kill_left(mark);
        }
        Ok(false)
    }

    /// Takes the answer to an earlier start of the attempt that begins now, in place of a new one. Whether there was one.
    pub(super) fn take_earlier(&mut self, place: Place, agent: Option<AgentId>) -> bool {
        if agent.is_none() {
            return false;
        }
        let marks = self.marks(place, self.tasks.tries(place).saturating_sub(1));
        let Some((live, ending)) = self.answer_in(place, agent, &marks) else { return false };
        self.adopted(place, live);
        self.hands.push(Finished { place, ending });
        true
    }

    /// Records that an attempt goes on with an answer that was given before.
    fn adopted(&mut self, place: Place, live: Live) {
        self.live.insert(place, live);
        let about = self.about(place);
        self.row(about, &Record::AttemptAdopted);
    }

    /// Whether an agent has answered a start of the newest attempt of a task, and only gates stand out.
    pub(in crate::run) fn has_answered(&self, place: Place) -> bool {
        let tries = self.tasks.tries(place);
        let is_agent = called(self.plan, &self.values, place)
            .is_ok_and(|task| matches!(task.def.action, Action::Agent { .. }));
        tries > 0 && is_agent && self.marks(place, tries).iter().any(|mark| self.hands.has_answer(mark))
    }

    /// What an agent's attempt of an earlier generation gave that ended when nobody looked, where nothing more is asked of it.
    pub(in crate::run) fn take_over(&mut self, place: Place, agent: AgentId, mark: &str) -> Option<Value> {
        let (live, ending) = self.answer_in(place, Some(agent), &[mark.to_owned()])?;
        let Ending::Exited(given) = ending else { return None };
        let failed = given.report.as_ref()?.failed.is_some();
        let task = called(self.plan, &self.values, place).ok()?;
        let value =
            attempt::decode(self.plan, task.def, &live.job.output, &given).ok().filter(|_| !failed)?;
        attempt::accept(&task, &mut self.values, &value).ok()?;
        live.is_last().then_some(value)
    }

    /// The folders of the starts of a task's newest attempt, up to that one, the newest first; last what it was to take of an
    /// earlier generation.
    fn marks(&self, place: Place, tries: u32) -> Vec<String> {
        let id = self.state.id_of(self.plan, place);
        let (run, generation) = (self.store.run(), self.state.generation());
        let number = self.tasks.attempts(place);
        let mark = |tries| attempt::attempt_id(run, generation, &id, number, tries);
        let earlier = self.tasks.get(place).and_then(|task| task.earlier.as_ref());
        let starts = (1..=tries).rev().take(BACK as usize).map(mark);
        starts.chain(earlier.map(|earlier| earlier.mark.to_string())).collect()
    }

    /// The first whole answer in one of these folders, with the attempt that it ends.
    fn answer_in(
        &mut self,
        place: Place,
        agent: Option<AgentId>,
        marks: &[String],
    ) -> Option<(Live, Ending)> {
        let mark = marks.iter().find(|mark| self.hands.has_answer(mark))?;
        let (live, order) = self.prepare(place, agent, false).ok()?;
        let mut ending = self.hands.adopt(Order { attempt: mark.clone(), ..order })?;
        let Ending::Exited(given) = &mut ending else { return None };
        if given.trouble.is_some() {
            return None;
        }
        let task = self.tasks.of(place);
        task.paid |= task.earlier.as_ref().is_some_and(|earlier| earlier.paid && earlier.mark == *mark);
        if let (true, Some(report)) = (task.paid, &mut given.report) {
            (report.cost, report.tokens) = (None, None);
        }
        Some((live, ending))
    }
}
