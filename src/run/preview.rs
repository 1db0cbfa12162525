//! What a resume would do, before it does anything: which results are kept, which tasks run again and why, what is new, what
//! is gone, what would be asked.
//!
//! The real machine runs over the memory of the run; a task that would start waits instead, as if a person had to answer.
//! Nothing is recorded and nothing starts.

use super::driver::{Driver, Halt, again_message, crash_message};
use super::ids::Locator;
use super::observer::{ErrorText, OpenQuestion, TaskStatus};
use super::people::Question;
use super::task;
use super::view::RunView;
use crate::schedule::{Before, Crash, End, Inputs, Place, ScopeId, Status, Work};
use ecow::EcoString;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Version of what `resume --dry-run` gives.
pub const PREVIEW_VERSION: u32 = 1;

/// Why a task runs again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its definition has changed.
    Definition,
    /// Its inputs have changed.
    Inputs,
    /// Something that it depends on runs again.
    Dependency,
    /// Its result does not pass `accept` as it is now.
    Accept,
    /// `--from` asks for it.
    From,
    /// It failed.
    Failed,
    /// Its attempt was lost.
    Lost,
    /// It was stopped or skipped.
    Unfinished,
}

impl Reason {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Reason::Definition => "its definition has changed",
            Reason::Inputs => "its inputs have changed",
            Reason::Dependency => "something that it depends on runs again",
            Reason::Accept => "its result does not pass `accept` any more",
            Reason::From => "asked for with --from",
            Reason::Failed => "it failed",
            Reason::Lost => "its attempt was lost",
            Reason::Unfinished => "it was stopped or skipped",
        }
    }
}

/// A task that had begun before and runs again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rerun {
    pub task: EcoString,
    pub why: Reason,
}

/// See the module.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Preview {
    pub version: u32,
    pub run: EcoString,
    pub workflow: EcoString,
    /// The program is another one than that of the record.
    pub changed: bool,
    pub kept: Vec<EcoString>,
    pub again: Vec<Rerun>,
    /// Tasks that have not begun before; those of loops and branches only as far as they are known.
    pub new: Vec<EcoString>,
    /// Tasks of the record that are not reached any more.
    pub gone: Vec<EcoString>,
    /// Tasks of which is decided when they are reached.
    pub later: Vec<EcoString>,
    pub questions: Vec<OpenQuestion>,
    /// Why it would fail without running anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fails: Option<ErrorText>,
}

/// What a preview notes on its way.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Tasks that keep something.
    kept: BTreeSet<EcoString>,
    /// Tasks that would run.
    runs: BTreeMap<EcoString, Option<Reason>>,
    asks: Vec<Place>,
}

impl Driver<'_> {
    /// Notes what becomes of a task in a preview; what would run waits.
    pub(super) fn preview_task(
        &mut self,
        place: Place,
        inputs: &Arc<Inputs>,
        why: Option<Reason>,
    ) -> Arc<Inputs> {
        let id: EcoString = self.state.id_of(self.plan, place).into();
        let asks = match inputs.before {
            _ if matches!(inputs.work, Work::Question { .. }) => true,
            Before::Done => true,
            Before::Begun => inputs.on_crash == Crash::Ask,
            Before::Nothing => false,
        };
        let place_of = asks.then_some(place);
        if let Some(notes) = &mut self.preview {
            notes.runs.insert(id, why);
            notes.asks.extend(place_of);
        }
        match inputs.work {
            Work::Question { .. } => inputs.clone(),
            // It stands for the question that would be asked, and where none would be, for the attempt.
            Work::Attempt | Work::Light | Work::Inline => Arc::new(Inputs {
                work: Work::Question { timeout_ms: None, default: false },
                before: if inputs.on_crash == Crash::Probe { Before::Nothing } else { inputs.before },
                ..(**inputs).clone()
            }),
        }
    }

    /// Notes that a task keeps what it had.
    pub(super) fn preview_kept(&mut self, place: Place) {
        if self.preview.is_some() {
            let id: EcoString = self.state.id_of(self.plan, place).into();
            if let Some(notes) = &mut self.preview {
                notes.kept.insert(id);
            }
        }
    }

    /// Runs the machine over the memory until nothing can go on, and says what it found.
    pub(super) fn preview(&mut self, changed: bool) -> Result<Preview, Halt> {
        self.preview = Some(Notes::default());
        while !self.settle()? {}
        let notes = self.preview.take().unwrap_or_default();
        let questions = notes.asks.iter().filter_map(|place| self.questions.get(place));
        let mut preview = Preview {
            version: PREVIEW_VERSION,
            run: self.store.run().into(),
            workflow: self.plan.workflow.clone(),
            changed,
            kept: notes.kept.iter().cloned().collect(),
            questions: questions.map(Question::open).collect(),
            ..Preview::default()
        };
        if let Some(End::Failed(error)) = self.state.ended() {
            preview.fails = self.values.error(error).map(ErrorText::from);
        }
        for (id, why) in &notes.runs {
            match why {
                Some(why) => preview.again.push(Rerun { task: id.clone(), why: *why }),
                None => preview.new.push(id.clone()),
            }
        }
        let known = |id: &EcoString| notes.kept.contains(id) || notes.runs.contains_key(id);
        let mut rest: Vec<EcoString> = self.memory.seen.iter().filter(|id| !known(id)).cloned().collect();
        rest.sort_unstable();
        let mut locator = Locator::new(self.plan);
        for id in rest {
            match self.fate(&mut locator, &id) {
                Fate::Waits => {
                    let done = self.memory.done_before(&id).is_some();
                    if done
                        && locator.locate(&id).is_some_and(|at| task::may_ask(self.plan, at.body, at.node))
                    {
                        preview.questions.push(expected(&id, again_message(&id, Reason::Dependency)));
                    }
                    preview.again.push(Rerun { task: id, why: Reason::Dependency });
                }
                Fate::Open => preview.later.push(id),
                Fate::Gone => preview.gone.push(id),
            }
        }
        let mut waiting = Vec::new();
        self.state.each_task(self.plan, &mut |place, status| {
            if status == Status::Pending {
                waiting.push(place);
            }
        });
        for place in waiting {
            let id: EcoString = self.state.id_of(self.plan, place).into();
            if !self.memory.seen.contains(&id) {
                preview.new.push(id);
            }
        }
        preview.again.sort_unstable_by(|a, b| a.task.cmp(&b.task));
        preview.new.sort_unstable();
        Ok(preview)
    }

    /// What will be asked about a task whose attempt was lost, if anything.
    fn about_lost(&mut self, id: &EcoString) -> Option<OpenQuestion> {
        let place = self.state.place_of(self.plan, id)?;
        if self.has_answered(place) {
            return None;
        }
        let inputs = task::inputs(self.plan, &mut self.values, &mut self.shared, place).ok()?;
        let message = crash_message(id, self.tasks.attempts(place));
        (inputs.on_crash == Crash::Ask).then(|| expected(id, message))
    }

    /// What becomes of a task of the record that the preview did not come to.
    fn fate(&self, locator: &mut Locator<'_>, id: &str) -> Fate {
        let Some(located) = locator.locate(id) else { return Fate::Gone };
        let of = |place| match self.state.status(place) {
            Status::Pending | Status::Ready => Fate::Waits,
            // Open, and the task is not in it yet.
            Status::Running | Status::Backoff | Status::Waiting => Fate::Open,
            Status::Succeeded | Status::Failed | Status::Skipped | Status::Cancelled => Fate::Gone,
        };
        let mut at = id;
        loop {
            if let Some(place) = self.state.place_of(self.plan, at) {
                return of(place);
            }
            match at.rfind(['[', '#', '/', '.']) {
                Some(cut) => at = &at[..cut],
                None => return of(Place::new(ScopeId::ROOT, located.top)),
            }
        }
    }
}

/// A question that comes later on; it has no hash yet.
fn expected(id: &EcoString, message: EcoString) -> OpenQuestion {
    OpenQuestion {
        task: id.clone(),
        question: EcoString::new(),
        message,
        choices: ["rerun", "done", "fail"].map(EcoString::from).to_vec(),
        until: None,
    }
}

enum Fate {
    /// It waits for something that runs again.
    Waits,
    Open,
    Gone,
}

/// The same of a run that goes on where it was.
pub(super) fn of_view(driver: &mut Driver<'_>, view: &RunView) -> Preview {
    let mut preview = Preview {
        version: PREVIEW_VERSION,
        run: view.run.clone(),
        workflow: driver.plan.workflow.clone(),
        questions: driver.questions.values().map(Question::open).collect(),
        ..Preview::default()
    };
    for (id, task) in &view.tasks {
        let why = match task.status {
            TaskStatus::Succeeded | TaskStatus::Failed | TaskStatus::Skipped => {
                preview.kept.push(id.clone());
                continue;
            }
            TaskStatus::Running => {
                preview.questions.extend(driver.about_lost(id));
                Reason::Lost
            }
            TaskStatus::Ready | TaskStatus::Backoff | TaskStatus::Cancelled => Reason::Unfinished,
            TaskStatus::Waiting | TaskStatus::Pending => continue,
        };
        preview.again.push(Rerun { task: id.clone(), why });
    }
    driver.state.each_task(driver.plan, &mut |place, status| {
        let id: EcoString = driver.state.id_of(driver.plan, place).into();
        let asked = driver.questions.contains_key(&place);
        if matches!(status, Status::Pending | Status::Ready) && !asked && !view.tasks.contains_key(&id) {
            preview.new.push(id);
        }
    });
    preview.kept.sort_unstable();
    preview.again.sort_unstable_by(|a, b| a.task.cmp(&b.task));
    preview.new.sort_unstable();
    preview
}
