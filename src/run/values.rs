//! The values of a run, by scope.
//!
//! The scheduler sees references and verdicts; the values that they stand for are here: parameters, results of nodes that
//! somebody reads, bindings once they were needed. The driver moves them by the scheduler's notes ([`Values::note`]), in
//! a replay too. A closed scope is freed with all that is in it.

mod seen;

pub(super) use seen::workflow_env;
pub use seen::{Constants, evaluate, json_of};

use super::record::Failure;
use super::uses::{self, BodyUses};
use crate::plan::eval::{self, Fault};
use crate::plan::{Bind, BodyId, NodeIx, NodeKind, Plan, RaceKind};
use crate::schedule::{BodyResult, End, ErrorRef, Note, NumMap, Place, ScopeId, body_result};
use crate::value::Value;
use std::sync::Arc;

/// How many lazy bindings may wait for each other on the stack; deeper chains are evaluated from their far end.
const MAX_WAITING: u32 = 2;

/// What an open composite keeps.
#[derive(Debug)]
pub(super) enum Open {
    /// A map or a `race for`: its elements, which of them were picked, and the results by slot.
    Each { items: Arc<Vec<Value>>, picks: Option<Arc<[u32]>>, results: Results },
    /// A race of blocks.
    Race(Results),
    /// Parameters of the body that opens next: of an arm, of a call; the draft of a loop.
    Params(Vec<Value>),
    /// The value of a body that has closed.
    Value(Value),
}

/// The results of the bodies of a map or a race.
#[derive(Debug)]
pub(super) enum Results {
    /// Nobody reads them.
    Unread,
    All(Vec<Value>),
    /// Of a race: those that have succeeded, and the winners in their order; `list`: the value is a list.
    Race {
        done: NumMap<u32, Value>,
        won: Vec<u32>,
        list: bool,
    },
}

#[derive(Debug)]
struct Frame {
    body: BodyId,
    /// The composite around it.
    outer: Option<Place>,
    params: Vec<Value>,
    lets: Vec<Option<Result<Value, Fault>>>,
    nodes: Vec<Option<Value>>,
    open: NumMap<NodeIx, Open>,
    /// Arguments of its tasks that have begun, and the hash of what they depend on.
    args: NumMap<NodeIx, (Arc<[Value]>, ecow::EcoString)>,
    /// The body's result, once it was asked for.
    result: Option<Value>,
}

/// See the module.
#[derive(Debug)]
pub struct Values {
    frames: NumMap<ScopeId, Frame>,
    uses: Vec<BodyUses>,
    /// By the scheduler's numbers.
    errors: Vec<Failure>,
    /// A binding that must be evaluated before what asked for it.
    deeper: Option<(ScopeId, u32)>,
    waiting: u32,
}

impl Values {
    pub fn new(plan: &Plan) -> Values {
        Values {
            frames: NumMap::default(),
            uses: uses::of_plan(plan),
            errors: Vec::new(),
            deeper: None,
            waiting: 0,
        }
    }

    /// Forgets everything and opens the root scope.
    pub fn open_root(&mut self, plan: &Plan, inputs: Vec<Value>) {
        self.frames.clear();
        self.errors.clear();
        self.frames.insert(ScopeId::ROOT, self.frame(plan, BodyId(0), None, inputs));
    }

    fn frame(&self, plan: &Plan, body: BodyId, outer: Option<Place>, params: Vec<Value>) -> Frame {
        let slots = self.uses.get(body.index()).map_or(0, |uses| uses.count as usize);
        Frame {
            body,
            outer,
            params,
            lets: vec![None; plan.body(body).lets.len()],
            nodes: vec![None; slots],
            open: NumMap::default(),
            args: NumMap::default(),
            result: None,
        }
    }

    /// The body of an open scope.
    pub fn body_of(&self, scope: ScopeId) -> Option<BodyId> {
        self.frames.get(&scope).map(|frame| frame.body)
    }

    /// The composite that a scope belongs to.
    pub fn outer_of(&self, scope: ScopeId) -> Option<Place> {
        self.frames.get(&scope)?.outer
    }

    /// Whether anybody reads the value of a node.
    pub fn is_read(&self, place: Place) -> bool {
        let Some(frame) = self.frames.get(&place.scope) else { return false };
        self.uses.get(frame.body.index()).is_some_and(|uses| uses.slot(place.node.0).is_some())
    }

    /// Keeps the value of a node.
    pub fn put(&mut self, place: Place, value: Value) {
        let Some(frame) = self.frames.get_mut(&place.scope) else { return };
        let slot = self.uses.get(frame.body.index()).and_then(|uses| uses.slot(place.node.0));
        if let Some(slot) = slot {
            frame.nodes[slot] = Some(value);
        }
    }

    /// Keeps what an open composite needs.
    pub(super) fn open(&mut self, place: Place, open: Open) {
        if let Some(frame) = self.frames.get_mut(&place.scope) {
            frame.open.insert(place.node, open);
        }
    }

    /// Keeps the result of a body until its scope closes.
    pub fn put_result(&mut self, scope: ScopeId, value: Value) {
        if let Some(frame) = self.frames.get_mut(&scope) {
            frame.result = Some(value);
        }
    }

    /// Keeps the arguments of a task until it has ended.
    pub fn put_args(&mut self, place: Place, args: Arc<[Value]>, hash: ecow::EcoString) {
        if let Some(frame) = self.frames.get_mut(&place.scope) {
            frame.args.insert(place.node, (args, hash));
        }
    }

    /// Hash of the inputs of a task that has begun; empty where it has none.
    pub fn inputs_hash(&self, place: Place) -> ecow::EcoString {
        let args = self.frames.get(&place.scope).and_then(|frame| frame.args.get(&place.node));
        args.map(|(_, hash)| hash.clone()).unwrap_or_default()
    }

    /// The arguments of a task that has begun.
    pub fn args(&self, place: Place) -> Option<Arc<[Value]>> {
        self.frames.get(&place.scope)?.args.get(&place.node).map(|(args, _)| args.clone())
    }

    /// The result of a body that was evaluated.
    pub fn result(&self, scope: ScopeId) -> Option<&Value> {
        self.frames.get(&scope)?.result.as_ref()
    }

    /// The failure of a number.
    pub fn error(&self, error: ErrorRef) -> Option<&Failure> {
        self.errors.get(error.0 as usize)
    }

    /// Gives the next failure its text; the scheduler counts them.
    pub fn put_error(&mut self, error: ErrorRef, failure: Failure) {
        let at = error.0 as usize;
        if at >= self.errors.len() {
            let unknown = Failure::new("error", "unknown");
            self.errors.resize(at + 1, unknown);
        }
        self.errors[at] = failure;
    }

    /// Moves values by what happened inside the scheduler.
    pub fn note(&mut self, plan: &Plan, note: &Note) {
        match note {
            Note::Opened { scope, by, slot, error } => self.opened(plan, *scope, *by, *slot, *error),
            Note::Closed { scope, by, slot, end } => self.closed(plan, *scope, *by, *slot, *end),
            Note::Ended { place, end } => self.ended(plan, *place, *end),
            Note::Won { place, slot } => {
                let open = self.frames.get_mut(&place.scope).and_then(|f| f.open.get_mut(&place.node));
                if let Some(
                    Open::Race(Results::Race { won, .. })
                    | Open::Each { results: Results::Race { won, .. }, .. },
                ) = open
                {
                    won.push(*slot);
                }
            }
            // Its text is put by the driver, which knows it.
            Note::Failed { .. } => {}
        }
    }

    fn opened(&mut self, plan: &Plan, scope: ScopeId, by: Place, slot: u32, error: Option<ErrorRef>) {
        if scope == ScopeId::ROOT {
            return;
        }
        let Some(outer) = self.frames.get_mut(&by.scope) else { return };
        let Some(node) = plan.body(outer.body).nodes.get(by.node.index()) else { return };
        let open = outer.open.get_mut(&by.node);
        let (body, params) = match (&node.kind, open) {
            (NodeKind::Map { body, bind, .. }, Some(Open::Each { items, picks, .. }))
            | (
                NodeKind::Race { entrants: RaceKind::Each { body, bind, .. }, .. },
                Some(Open::Each { items, picks, .. }),
            ) => {
                let index = picks.as_ref().map_or(Some(&slot), |picks| picks.get(slot as usize));
                let element = index.and_then(|index| items.get(*index as usize));
                (*body, element.map(|element| bound(bind, element)).unwrap_or_default())
            }
            (NodeKind::Branch { arms, .. }, Some(Open::Params(params))) => match arms.get(slot as usize) {
                Some(arm) => (arm.body, std::mem::take(params)),
                None => return,
            },
            (NodeKind::Call { body, .. }, Some(Open::Params(params))) => (*body, std::mem::take(params)),
            (NodeKind::Loop { body, .. }, Some(Open::Params(params))) => (*body, params.clone()),
            (NodeKind::Loop { body, .. }, Some(Open::Value(draft))) => (*body, vec![draft.clone()]),
            (NodeKind::Try { body, catch, finally }, _) => match (slot, catch, finally) {
                (1, Some(catch), _) => {
                    let caught = error.and_then(|error| self.errors.get(error.0 as usize));
                    (*catch, vec![caught.map_or(Value::None, caught_value)])
                }
                (2, _, Some(finally)) => (*finally, Vec::new()),
                _ => (*body, Vec::new()),
            },
            (NodeKind::Race { entrants: RaceKind::Bodies(bodies), .. }, _) => {
                match bodies.get(slot as usize) {
                    Some(body) => (*body, Vec::new()),
                    None => return,
                }
            }
            _ => return,
        };
        let frame = self.frame(plan, body, Some(by), params);
        self.frames.insert(scope, frame);
    }

    fn closed(&mut self, plan: &Plan, scope: ScopeId, by: Place, slot: u32, end: End) {
        if scope == ScopeId::ROOT {
            return;
        }
        let Some(mut frame) = self.frames.remove(&scope) else { return };
        if end != End::Succeeded {
            return;
        }
        let value = match (frame.result.take(), body_result(plan.body(frame.body))) {
            (Some(value), _) => value,
            (None, BodyResult::Node(node)) => {
                let uses = self.uses.get(frame.body.index());
                let slot = uses.and_then(|uses| uses.slot(node.0));
                slot.and_then(|slot| frame.nodes[slot].take()).unwrap_or(Value::None)
            }
            (None, BodyResult::Unit | BodyResult::Asked) => Value::Unit,
        };
        let Some(outer) = self.frames.get_mut(&by.scope) else { return };
        let is_try = matches!(plan.body(outer.body).nodes[by.node.index()].kind, NodeKind::Try { .. });
        match outer.open.get_mut(&by.node) {
            Some(Open::Each { results, .. } | Open::Race(results)) => match results {
                Results::Unread => {}
                Results::All(all) => {
                    if let Some(place) = all.get_mut(slot as usize) {
                        *place = value;
                    }
                }
                Results::Race { done, .. } => {
                    done.insert(slot, value);
                }
            },
            // What `finally` gives is nobody's value.
            Some(Open::Params(_) | Open::Value(_)) | None if is_try && slot == 2 => {}
            Some(Open::Params(_) | Open::Value(_)) | None => {
                outer.open.insert(by.node, Open::Value(value));
            }
        }
    }

    fn ended(&mut self, plan: &Plan, place: Place, end: End) {
        let Some(frame) = self.frames.get_mut(&place.scope) else { return };
        frame.args.remove(&place.node);
        let Some(open) = frame.open.remove(&place.node) else {
            // A branch that no arm took, a map over nothing that nobody opened.
            if end == End::Succeeded && has_own_value(plan, frame.body, place.node) {
                self.put_if_absent(place, Value::None);
            }
            return;
        };
        if end != End::Succeeded {
            return;
        }
        let value = match open {
            Open::Each { results, .. } | Open::Race(results) => match results {
                Results::Unread => return,
                Results::All(all) => Value::list(all),
                Results::Race { mut done, won, list } => {
                    let mut won = won.iter().map(|slot| done.remove(slot).unwrap_or(Value::None));
                    if list { Value::list(won.collect()) } else { won.next().unwrap_or(Value::None) }
                }
            },
            Open::Params(mut params) => params.pop().unwrap_or(Value::None),
            Open::Value(value) => value,
        };
        self.put(place, value);
    }

    fn put_if_absent(&mut self, place: Place, value: Value) {
        if self.read(place).is_none() {
            self.put(place, value);
        }
    }

    /// The value of a node of an open scope, where it is kept.
    pub fn read(&self, place: Place) -> Option<&Value> {
        let frame = self.frames.get(&place.scope)?;
        let slot = self.uses.get(frame.body.index())?.slot(place.node.0)?;
        frame.nodes.get(slot)?.as_ref()
    }

    /// The scope `up` levels outward.
    fn outward(&self, scope: ScopeId, up: u16) -> Option<ScopeId> {
        let mut scope = scope;
        for _ in 0..up {
            scope = self.frames.get(&scope)?.outer?.scope;
        }
        Some(scope)
    }
}

/// Whether a node's value is made by itself and not by the driver.
fn has_own_value(plan: &Plan, body: BodyId, node: NodeIx) -> bool {
    plan.body(body)
        .nodes
        .get(node.index())
        .is_some_and(|node| !matches!(node.kind, NodeKind::Task { .. } | NodeKind::Join))
}

/// What the parameters of a map's body are for an element.
fn bound(bind: &Bind, element: &Value) -> Vec<Value> {
    match bind {
        Bind::One(_) => vec![element.clone()],
        Bind::Fields(fields) => {
            let record = element.as_record();
            let of = |name| record.and_then(|record| record.get(name)).cloned().unwrap_or(Value::None);
            fields.iter().map(|(name, _)| of(name)).collect()
        }
    }
}

/// What `catch e` binds.
fn caught_value(failure: &Failure) -> Value {
    eval::error_value(
        &failure.task,
        &failure.kind,
        &failure.message,
        i64::from(failure.attempts),
        failure.exit_code.map(i64::from),
    )
}
