//! What `flowc show` prints of a run: its tasks, and those of its plan that have not begun.

use super::{AttemptView, RunView, TaskView, VIEW_VERSION, outcome_word};
use crate::plan::{NodeKind, Plan};
use crate::run::clock::rfc3339;
use crate::run::ids::{self, Locator};
use crate::run::observer::{AttemptOutcome, ErrorText, RunStatus, TaskStatus};
use crate::run::record::Failure;
use crate::store::ValueRef;
use ecow::EcoString;
use serde::Serialize;

/// Which tasks `show` gives.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// A glob over ids, in which `*` goes over dots and slashes too.
    pub task: Option<String>,
    pub status: Option<TaskStatus>,
    pub limit: Option<usize>,
}

/// What `flowc show --format json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    pub version: u32,
    pub run: EcoString,
    pub workflow: EcoString,
    pub status: RunStatus,
    pub result: Option<serde_json::Value>,
    pub error: Option<ErrorText>,
    pub started_at: String,
    pub finished_at: Option<String>,
    pub tasks: Vec<ShownTask>,
    /// How many tasks fit the filter; more than are listed when `limit` cut the list.
    pub total: usize,
}

#[derive(Debug, Clone, Serialize)]
pub struct ShownTask {
    pub id: EcoString,
    pub kind: &'static str,
    pub status: TaskStatus,
    pub wave: Option<u32>,
    pub attempts: Vec<ShownAttempt>,
    pub value: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<EcoString>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ShownAttempt {
    pub number: u32,
    pub started_at: String,
    pub finished_at: Option<String>,
    pub outcome: Option<AttemptOutcome>,
    pub exit_code: Option<i32>,
    pub error: Option<ErrorText>,
    pub agent: Option<EcoString>,
    pub cost_usd: Option<f64>,
    pub tokens: Option<u64>,
}

impl RunView {
    /// The run for `show`. `load` reads kept values.
    pub fn show(
        &self,
        plan: Option<&Plan>,
        held: bool,
        filter: &Filter,
        load: &mut dyn FnMut(&ValueRef) -> Option<serde_json::Value>,
    ) -> Shown {
        let mut tasks = self.listed(plan, filter);
        let total = tasks.len();
        tasks.truncate(filter.limit.unwrap_or(usize::MAX));
        let mut locator = plan.map(Locator::new);
        let tasks =
            tasks.into_iter().map(|(id, task)| shown_task(id, task, plan, locator.as_mut(), load)).collect();
        let ended = self.ended.as_ref();
        Shown {
            version: VIEW_VERSION,
            run: self.run.clone(),
            workflow: self.workflow.clone(),
            status: self.status(held),
            result: ended.and_then(|ended| ended.value.as_ref()).and_then(load),
            error: ended.and_then(|ended| ended.error.as_ref()).map(ErrorText::from),
            started_at: rfc3339(self.started_at),
            finished_at: self.finished_at.map(rfc3339),
            tasks,
            total,
        }
    }

    /// Tasks that have events, then those of the plan that have none yet.
    fn listed(&self, plan: Option<&Plan>, filter: &Filter) -> Vec<(EcoString, TaskView)> {
        let glob = filter.task.as_deref().map(glob);
        let fits = |id: &str, status: TaskStatus| {
            filter.status.is_none_or(|wanted| wanted == status)
                && glob.as_ref().is_none_or(|glob| glob.as_ref().is_some_and(|glob| glob.is_match(id)))
        };
        let mut listed: Vec<(EcoString, TaskView)> = self
            .tasks
            .iter()
            .filter(|(id, task)| fits(id, task.status))
            .map(|(id, task)| (id.clone(), task.clone()))
            .collect();
        let over = self.ended.is_some();
        for id in plan.map(known_tasks).unwrap_or_default() {
            let status = if over { TaskStatus::Skipped } else { TaskStatus::Pending };
            if !self.tasks.contains_key(&id) && fits(&id, status) {
                listed.push((id, TaskView { status, ..TaskView::default() }));
            }
        }
        listed
    }
}

/// A glob over ids: `*` and `?`; brackets stand for themselves, as they are part of ids.
fn glob(text: &str) -> Option<globset::GlobMatcher> {
    let escaped = text.replace('[', "[[]").replace('{', "[{]");
    globset::GlobBuilder::new(&escaped).literal_separator(false).build().ok().map(|g| g.compile_matcher())
}

/// Ids of the tasks that a plan is certain to reach or skip: those of the started workflow and of what it calls.
fn known_tasks(plan: &Plan) -> Vec<EcoString> {
    let mut ids = Vec::new();
    let mut open = vec![(crate::plan::BodyId(0), String::new())];
    while let Some((body, prefix)) = open.pop() {
        if ids.len() > 1_000_000 || prefix.len() > 4096 {
            break;
        }
        for node in &plan.body(body).nodes {
            match &node.kind {
                NodeKind::Task { .. } => ids.push(ecow::eco_format!("{prefix}{}", node.name)),
                NodeKind::Call { body, .. } => open.push((*body, format!("{prefix}{}/", node.name))),
                NodeKind::Assert { .. }
                | NodeKind::Join
                | NodeKind::Map { .. }
                | NodeKind::Branch { .. }
                | NodeKind::Loop { .. }
                | NodeKind::Try { .. }
                | NodeKind::Race { .. } => {}
            }
        }
    }
    ids
}

fn shown_task(
    id: EcoString,
    task: TaskView,
    plan: Option<&Plan>,
    locator: Option<&mut Locator<'_>>,
    load: &mut dyn FnMut(&ValueRef) -> Option<serde_json::Value>,
) -> ShownTask {
    let located = locator.and_then(|locator| locator.locate(&id));
    let node = plan.zip(located).map(|(plan, at)| (plan, &plan.body(at.body).nodes[at.node.index()]));
    ShownTask {
        kind: node.map_or("task", |(plan, node)| ids::kind_word(plan, &node.kind)),
        status: task.status,
        wave: located.map(|at| at.wave),
        attempts: task.attempts.iter().map(shown_attempt).collect(),
        value: task.value.as_ref().and_then(load),
        error: task.error.as_ref().map(ErrorText::from),
        question: task.question.map(|question| question.message),
        id,
    }
}

fn shown_attempt(attempt: &AttemptView) -> ShownAttempt {
    let ended = attempt.ended.as_ref();
    ShownAttempt {
        number: attempt.number,
        started_at: rfc3339(attempt.started_at),
        finished_at: attempt.finished_at.map(rfc3339),
        outcome: ended
            .map(|ended| outcome_word(ended.outcome))
            .or(attempt.lost.then_some(AttemptOutcome::Crashed)),
        exit_code: ended.and_then(|ended| ended.exit),
        error: ended.and_then(|ended| ended.error.as_ref()).map(ErrorText::from),
        agent: attempt.agent.clone(),
        cost_usd: ended.and_then(|ended| ended.cost).map(dollars),
        tokens: ended.and_then(|ended| ended.tokens),
    }
}

/// Ten-thousandths of a dollar as dollars.
pub fn dollars(cost: i64) -> f64 {
    cost as f64 / 10_000.0
}

impl From<&Failure> for ErrorText {
    fn from(failure: &Failure) -> ErrorText {
        ErrorText { kind: failure.kind.clone(), message: failure.message.clone() }
    }
}
