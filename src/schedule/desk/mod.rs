//! What lies on the scheduler's desk: what is due, queued, parked, held and timed. Kept up to date by the fold while a run is
//! live, made anew from the state after a replay, never saved: no event depends on it but by being chosen.

mod claims;
mod known;
mod levels;
mod limits;
mod rank;

pub(super) use claims::Claims;
pub(super) use known::{Known, Standing};
pub(super) use levels::Levels;
pub(super) use limits::Limits;
pub(super) use rank::Rank;

use super::scope::{Composite, Core, Role, Stage};
use super::shape::Shapes;
use super::tables::NumMap;
use super::{BodyResult, Facts, Inputs, Ms, Outcome, Place, Policy, ScopeId, WallMs, What, body_result};
use crate::plan::{Action, AgentId, BodyId, NodeIx, NodeKind, Plan, ResourceId, TaskId};
use crate::types::BuiltinTask;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::sync::Arc;

/// Something that has its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    Backoff(Place),
    Round(Place),
    Deadline(ScopeId),
    Rate(ResourceId),
}

/// What a task that could start lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Lack {
    /// A place of a called workflow's `parallel`.
    Call(ScopeId),
    Units(ResourceId),
    Agent(AgentId),
    /// What it claims is claimed there.
    Claim(Place),
}

#[derive(Debug, Clone)]
pub(super) struct Desk {
    /// Evaluations to ask for, but for those of tasks.
    pub asks: VecDeque<(Place, What)>,
    /// Tasks whose inputs are not known.
    pub unasked: BinaryHeap<Rank>,
    /// The same, of tasks that take no place in `parallel`.
    pub light: VecDeque<Place>,
    /// Tasks with known inputs, to be tried.
    pub ready: BinaryHeap<Rank>,
    /// The same, of those that take no place in `parallel`.
    pub free: VecDeque<Place>,
    pub known: NumMap<Place, Known>,
    /// Tasks that were asked for inputs or are in `ready`.
    pub queued: u32,
    /// Tasks parked behind a claim.
    pub blocked: u32,
    pub parked: NumMap<Lack, BTreeSet<Rank>>,
    /// What has been given back since tasks that lack it were tried last.
    pub freed: Vec<Lack>,
    /// Attempts in process that run.
    pub inline: u32,
    /// Tasks whose attempt or question has ended; with the outcome of an attempt in process, which the state does not know.
    pub settle: VecDeque<(Place, Option<Outcome>)>,
    pub stops: Vec<Place>,
    pub timers: BTreeSet<(Ms, Timer)>,
    pub expiries: BTreeSet<(WallMs, Place)>,
    pub limits: Limits,
    pub claims: Claims,
    pub levels: Option<Levels>,
    /// Failures in a row of an agent at a task, in this session.
    pub failures: NumMap<(TaskId, AgentId), u32>,
    pub random: fastrand::Rng,
}

impl Desk {
    /// The desk for a state, after a start or a replay.
    pub fn new(core: &Core, shapes: &Shapes, plan: &Plan, facts: &Facts<'_>) -> Desk {
        let mut desk = Desk {
            asks: VecDeque::new(),
            unasked: BinaryHeap::new(),
            light: VecDeque::new(),
            ready: BinaryHeap::new(),
            free: VecDeque::new(),
            known: NumMap::default(),
            queued: 0,
            blocked: 0,
            parked: NumMap::default(),
            freed: Vec::new(),
            inline: 0,
            settle: VecDeque::new(),
            stops: Vec::new(),
            timers: BTreeSet::new(),
            expiries: BTreeSet::new(),
            limits: Limits::new(plan, facts),
            claims: Claims::default(),
            levels: (facts.policy == Policy::Strict).then(Levels::default),
            failures: NumMap::default(),
            random: fastrand::Rng::with_seed(facts.seed),
        };
        let mut ids: Vec<ScopeId> = core.scopes.keys().copied().collect();
        ids.sort_unstable();
        for id in &ids {
            desk.opened(core, plan, *id);
        }
        for id in ids {
            desk.take_up(core, shapes, plan, id);
        }
        desk
    }

    /// Lays out what is open in a scope.
    fn take_up(&mut self, core: &Core, shapes: &Shapes, plan: &Plan, id: ScopeId) {
        let Some(scope) = core.scope(id) else { return };
        if scope.closed {
            return;
        }
        if let Some(at) = scope.deadline {
            self.deadline(id, at);
        }
        if scope.asking {
            self.ask(Place::body(id), asked_of_body(plan, scope.role, scope.body));
        }
        for (n, stage) in scope.nodes.iter().enumerate() {
            let place = Place::new(id, NodeIx(n as u32));
            match stage {
                Stage::Ready(_) => {
                    let what = asked_of_node(&plan.body(scope.body).nodes[n].kind);
                    self.due(core, shapes, plan, place, what);
                }
                Stage::Running(turn) => self.adopt(core, place, turn.agent()),
                Stage::Judged(..) => self.judged(place),
                Stage::Backoff(_) => {
                    if let Some(until) = core.backoffs.get(&place) {
                        self.backoff(place, *until);
                    }
                }
                Stage::Waiting(_) => {
                    if let Some(until) = core.questions.get(&place).and_then(|asked| asked.until) {
                        self.expires(place, until);
                    }
                }
                Stage::Open => {
                    if let Some(Composite::Loop(rounds)) = core.open.get(&place)
                        && rounds.kid.is_none()
                    {
                        self.round_due(place, rounds.due);
                    }
                }
                Stage::Pending { .. } | Stage::Ended(_) => {}
            }
        }
    }

    /// An attempt that was running before this session: what it holds is known when its inputs are.
    fn adopt(&mut self, core: &Core, place: Place, agent: Option<AgentId>) {
        self.known.insert(place, Known { standing: Standing::Running, slot: true, ..Known::new(false) });
        self.limits.take_slot(core, place);
        self.limits.take_agent(agent);
        self.asks.push_back((place, What::Inputs));
        if core.halted(place.scope) {
            self.stop(place);
        }
    }

    /// A node whose evaluation is due, unless its wave is not yet.
    pub fn due(&mut self, core: &Core, shapes: &Shapes, plan: &Plan, place: Place, what: What) {
        if let Some(levels) = &mut self.levels
            && levels.holds(core, plan, place, what)
        {
            return;
        }
        if what != What::Inputs {
            self.asks.push_back((place, what));
        } else if is_light(core, plan, place) {
            self.light.push_back(place);
        } else if let Some(rank) = Rank::of(core, shapes, plan, place, None) {
            self.unasked.push(rank);
        }
    }

    pub fn ask(&mut self, place: Place, what: What) {
        self.asks.push_back((place, what));
    }

    /// A task that is to start (again): at once to the queue if its inputs are known.
    pub fn ready_again(&mut self, core: &Core, shapes: &Shapes, plan: &Plan, place: Place) {
        match self.known.get(&place) {
            Some(known) if known.inputs.is_some() => self.enqueue(core, shapes, plan, place),
            Some(_) | None => self.due(core, shapes, plan, place, What::Inputs),
        }
    }

    /// Puts a task with known inputs where it will be tried.
    pub fn enqueue(&mut self, core: &Core, shapes: &Shapes, plan: &Plan, place: Place) {
        let Some(known) = self.known.get(&place) else { return };
        let Some(inputs) = known.inputs.clone() else { return };
        if known.light {
            self.stand(place, Standing::Queued);
            self.free.push_back(place);
            return;
        }
        if let Some(rank) = Rank::of(core, shapes, plan, place, Some(inputs.priority)) {
            if inputs.claims_any() {
                self.claims.wait(core, place, &inputs);
            }
            self.stand(place, Standing::Queued);
            self.ready.push(rank);
        }
    }

    /// The inputs of a task have been evaluated.
    pub fn inputs(&mut self, core: &Core, shapes: &Shapes, plan: &Plan, place: Place, inputs: Arc<Inputs>) {
        let stage = core.node(place);
        if matches!(stage, Some(Stage::Ended(_)) | None) {
            return;
        }
        let known = self.known.entry(place).or_insert_with(|| Known::new(false));
        known.light = inputs.is_light();
        known.inputs = Some(inputs.clone());
        match stage {
            Some(Stage::Ready(_) | Stage::Backoff(_)) => self.enqueue(core, shapes, plan, place),
            Some(Stage::Judged(..)) => {
                self.stand(place, Standing::Idle);
                self.judged(place);
            }
            Some(Stage::Running(_)) => {
                self.limits.take_units(&inputs.units, 0);
                self.claims.run(place, &inputs);
            }
            Some(Stage::Pending { .. } | Stage::Waiting(_) | Stage::Open | Stage::Ended(_)) | None => {}
        }
    }

    pub fn judged(&mut self, place: Place) {
        self.settle.push_back((place, None));
    }

    pub fn stop(&mut self, place: Place) {
        self.stops.push(place);
    }

    pub fn backoff(&mut self, place: Place, until: Ms) {
        self.timers.insert((until, Timer::Backoff(place)));
        self.stand(place, Standing::Idle);
    }

    pub fn round_due(&mut self, place: Place, at: Ms) {
        self.timers.insert((at, Timer::Round(place)));
    }

    pub fn deadline(&mut self, scope: ScopeId, at: Ms) {
        self.timers.insert((at, Timer::Deadline(scope)));
    }

    pub fn expires(&mut self, place: Place, until: WallMs) {
        self.expiries.insert((until, place));
    }

    pub fn no_expiry(&mut self, place: Place, until: WallMs) {
        self.expiries.remove(&(until, place));
    }

    pub fn no_timer(&mut self, timer: Timer, at: Ms) {
        self.timers.remove(&(at, timer));
    }

    pub fn opened(&mut self, core: &Core, plan: &Plan, scope: ScopeId) {
        if let Some(levels) = &mut self.levels {
            levels.opened(core, plan, scope);
        }
    }

    pub fn closed(&mut self, scope: ScopeId, deadline: Option<Ms>) {
        if let Some(at) = deadline {
            self.timers.remove(&(at, Timer::Deadline(scope)));
        }
        if let Some(levels) = &mut self.levels {
            levels.closed(scope);
        }
        self.limits.forget_call(scope);
    }

    /// A node has ended.
    pub fn ended(&mut self, plan: &Plan, body: BodyId, place: Place, task: bool) {
        if let Some(levels) = &mut self.levels {
            levels.ended(plan, body, place);
        }
        if !task {
            return;
        }
        self.stand(place, Standing::Idle);
        if let Some(known) = self.known.remove(&place) {
            self.freed.extend(known.pulled);
            if known.inputs.is_some_and(|inputs| inputs.claims_any()) {
                self.claims.gone(place);
                self.freed.push(Lack::Claim(place));
            }
        }
        self.patience_ends(place);
    }

    /// An attempt has ended: what it held is free.
    pub fn attempt_over(
        &mut self,
        core: &Core,
        plan: &Plan,
        place: Place,
        agent: Option<AgentId>,
        outcome: Outcome,
    ) {
        self.stand(place, Standing::Idle);
        let Some(known) = self.known.get_mut(&place) else { return };
        let (slot, inputs) = (std::mem::replace(&mut known.slot, false), known.inputs.clone());
        if slot {
            self.limits.give_slot(core, place, &mut self.freed);
        }
        if let Some(agent) = agent {
            self.limits.give_agent(agent);
            self.freed.push(Lack::Agent(agent));
            self.remember(core, plan, place, agent, outcome);
        }
        let Some(inputs) = inputs else { return };
        self.limits.give_units(&inputs.units, &mut self.freed);
        if inputs.claims_any() {
            self.claims.gone(place);
            self.freed.push(Lack::Claim(place));
        }
    }

    /// A failed attempt counts at once against its agent.
    fn remember(&mut self, core: &Core, plan: &Plan, place: Place, agent: AgentId, outcome: Outcome) {
        let Some(task) = task_of(core, plan, place) else { return };
        match outcome {
            Outcome::Done => {
                self.failures.remove(&(task, agent));
            }
            Outcome::Failed(_) | Outcome::Unable(_) => *self.failures.entry((task, agent)).or_default() += 1,
            Outcome::Interrupted | Outcome::Lost => {}
        }
    }
}

/// The definition of the task that stands there.
pub(super) fn task_of(core: &Core, plan: &Plan, place: Place) -> Option<TaskId> {
    let scope = core.scope(place.scope)?;
    match &plan.body(scope.body).nodes.get(place.node.index())?.kind {
        NodeKind::Task { def, .. } => Some(*def),
        NodeKind::Assert { .. }
        | NodeKind::Join
        | NodeKind::Map { .. }
        | NodeKind::Branch { .. }
        | NodeKind::Loop { .. }
        | NodeKind::Try { .. }
        | NodeKind::Race { .. }
        | NodeKind::Call { .. } => None,
    }
}

/// Whether the task, by its kind alone, takes no place in `parallel`: it need not wait for one to be asked.
fn is_light(core: &Core, plan: &Plan, place: Place) -> bool {
    let Some(task) = task_of(core, plan, place) else { return false };
    match &plan.task(task).action {
        Action::Builtin { task, .. } => match task {
            BuiltinTask::Approve
            | BuiltinTask::Input
            | BuiltinTask::Sleep
            | BuiltinTask::Now
            | BuiltinTask::Env
            | BuiltinTask::Glob
            | BuiltinTask::Read => true,
            BuiltinTask::Write | BuiltinTask::PlanOf => false,
        },
        Action::Agent { .. }
        | Action::Run { .. }
        | Action::Sh { .. }
        | Action::Http { .. }
        | Action::Mcp { .. } => false,
    }
}

/// What is asked of a node that is ready.
fn asked_of_node(kind: &NodeKind) -> What {
    match kind {
        // neither joins nor tries are ever asked for anything
        NodeKind::Task { .. } | NodeKind::Join | NodeKind::Try { .. } => What::Inputs,
        NodeKind::Assert { .. } => What::Assert,
        NodeKind::Map { .. } | NodeKind::Race { .. } => What::Width,
        NodeKind::Branch { .. } => What::Arm,
        NodeKind::Loop { .. } => What::Loop,
        NodeKind::Call { .. } => What::Call,
    }
}

/// What is asked of a body whose nodes have ended.
fn asked_of_body(plan: &Plan, role: Role, body: BodyId) -> What {
    match (role, body_result(plan.body(body))) {
        (Role::Round, _) => What::Again,
        (_, BodyResult::Asked | BodyResult::Unit | BodyResult::Node(_)) => What::Result,
    }
}
