//! A plan for those who decide whether to run it: as JSON (`flowc plan --format json`) and as text.

mod entry;
mod text;

#[cfg(test)]
mod tests;

pub use entry::{Entry, Names};
pub use text::text;

use super::cost::Costs;
use super::passes::{checkpoints, paths, peaks};
use super::{Action, BodyId, NodeKind, Plan, claims};
use crate::types::BuiltinTask;
use ecow::{EcoString, eco_format};
use serde::Serialize;
use std::collections::BTreeMap;

/// Version of the JSON.
pub const VERSION: u32 = 1;

/// Most entries of one view: calls beyond are named, not opened.
pub const MOST: usize = 200_000;

/// What there is to know of a plan before it runs.
#[derive(Debug, Clone, Serialize)]
pub struct PlanView {
    pub version: u32,
    pub workflow: EcoString,
    pub hash: EcoString,
    pub tasks: Vec<Entry>,
    /// Ids of the tasks and composites of each wave.
    pub waves: Vec<Vec<EcoString>>,
    pub critical_path: Vec<EcoString>,
    pub estimate_ms: i64,
    /// What earlier runs say; then the times above are theirs, where they know the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
    /// The most that is held of each resource at once, as far as it is known.
    pub peak: BTreeMap<EcoString, i64>,
    pub cost: Cost,
    /// Tasks that ask a person.
    pub questions: Vec<EcoString>,
    /// Pairs of tasks whose claims may overlap: then the later one in the plan waits. At most [`claims::MOST_LISTED`].
    pub may_serialise: Vec<Pair>,
    /// More tasks claim files than are compared: what lies beyond is kept apart while it runs, and not foreseen.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub claims_beyond: bool,
    /// Waves after which a checkpoint stands.
    pub checkpoints: Vec<u32>,
    pub missing: Vec<NotYet>,
}

/// What earlier runs say of the time of the whole.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct History {
    /// Attempts that it is known from.
    pub attempts: u64,
    /// When each task takes what half of its attempts keep to.
    pub p50_ms: i64,
    /// When each takes what 95 of 100 keep to.
    pub p95_ms: i64,
}

/// What the run may cost, in dollars.
#[derive(Debug, Clone, Serialize)]
pub struct Cost {
    /// Nothing fails, and an attempt costs its share of its task's budget; the cheapest way.
    pub min: f64,
    /// The same, the mean of the branches; `None`: not known.
    pub expected: Option<f64>,
    /// `None`: nothing limits it.
    pub max: Option<f64>,
}

/// Two tasks by their ids; the same twice: iterations of one.
#[derive(Debug, Clone, Serialize)]
pub struct Pair {
    pub first: EcoString,
    pub second: EcoString,
}

/// Something that this version does not run.
#[derive(Debug, Clone, Serialize)]
pub struct NotYet {
    pub what: EcoString,
    pub at: String,
}

/// The view of a plan.
pub fn view(plan: &Plan) -> PlanView {
    let root = plan.body(BodyId(0));
    let mut peak = BTreeMap::new();
    for units in peaks(plan) {
        for (id, n) in units {
            let most = peak.entry(plan.resources[id.index()].name.clone()).or_insert(n);
            *most = n.max(*most);
        }
    }
    let path = paths::critical_path(root).into_iter().map(|n| &root.nodes[n.index()]);
    let shown = path.filter(|n| !matches!(n.kind, NodeKind::Join | NodeKind::Assert { .. }));
    let missing = plan.missing.iter().map(|m| NotYet { what: m.what.clone(), at: plan.place(m.spot) });
    let (waves, questions) = waves(plan);
    let claims = claims::all(plan);
    PlanView {
        version: VERSION,
        workflow: plan.workflow.clone(),
        hash: plan.hash.clone(),
        tasks: entry::entries(plan),
        waves,
        critical_path: shown.map(|n| n.name.clone()).collect(),
        estimate_ms: root.nodes.iter().map(|n| n.path_ms).max().unwrap_or(0),
        history: None,
        peak,
        cost: cost(plan),
        questions,
        claims_beyond: claims.beyond,
        may_serialise: claims.may.into_iter().map(|m| Pair { first: m.first, second: m.second }).collect(),
        checkpoints: checkpoints(plan),
        missing: missing.collect(),
    }
}

fn cost(plan: &Plan) -> Cost {
    let whole = Costs::new(plan).whole();
    let dollars = |units: i64| units as f64 / 10_000.0;
    Cost { min: dollars(whole.least), expected: whole.expected.map(dollars), max: whole.most.map(dollars) }
}

/// The view as JSON.
pub fn json(plan: &Plan, history: Option<History>) -> serde_json::Value {
    serde_json::to_value(PlanView { history, ..view(plan) }).unwrap_or_default()
}

/// The ids in each wave, tasks of called workflows in theirs; and those of tasks that ask a person.
fn waves(plan: &Plan) -> (Vec<Vec<EcoString>>, Vec<EcoString>) {
    let mut waves: Vec<Vec<EcoString>> = vec![Vec::new(); plan.body(BodyId(0)).waves as usize];
    let mut questions = Vec::new();
    let mut open = vec![(BodyId(0), EcoString::new(), 0u32)];
    let mut room = MOST;
    while let Some((id, prefix, offset)) = open.pop() {
        let mut called = Vec::new();
        for node in &plan.body(id).nodes {
            let name = eco_format!("{prefix}{}", node.name);
            match &node.kind {
                NodeKind::Join | NodeKind::Assert { .. } => continue,
                NodeKind::Call { body, .. } if room > 0 && !plan.body(*body).nodes.is_empty() => {
                    called.push((*body, eco_format!("{name}/"), offset + node.wave));
                    continue;
                }
                NodeKind::Task { def, .. } if asks(plan, *def) => questions.push(name.clone()),
                _ => {}
            }
            room = room.saturating_sub(1);
            if let Some(wave) = waves.get_mut((offset + node.wave) as usize) {
                wave.push(name);
            }
        }
        open.extend(called.into_iter().rev());
    }
    (waves, questions)
}

/// Whether a task asks a person.
fn asks(plan: &Plan, def: super::TaskId) -> bool {
    let action = &plan.task(def).action;
    matches!(action, Action::Builtin { task: BuiltinTask::Approve | BuiltinTask::Input, .. })
}

impl NodeKind {
    /// What the node is, in one word: of a task what it does.
    pub fn word(&self, plan: &Plan) -> &'static str {
        match self {
            NodeKind::Task { def, .. } => match &plan.task(*def).action {
                Action::Agent { .. } => "agent",
                Action::Run { .. } => "run",
                Action::Sh { .. } => "sh",
                Action::Http { .. } => "http",
                Action::Mcp { .. } => "mcp",
                Action::Builtin { task, .. } => task.name(),
            },
            NodeKind::Assert { .. } => "assert",
            NodeKind::Join => "join",
            NodeKind::Map { .. } => "map",
            NodeKind::Branch { .. } => "branch",
            NodeKind::Loop { .. } => "loop",
            NodeKind::Try { .. } => "try",
            NodeKind::Race { .. } => "race",
            NodeKind::Call { .. } => "call",
        }
    }
}
