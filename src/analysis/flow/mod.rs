//! Where values come from: text from outside, and agents, followed through expressions, records, functions, tasks and
//! workflows.
//!
//! Each body is walked once, callees before callers, in terms of its own parameters; then what callers hand over goes
//! down the calls until nothing changes. Both are linear in the program. Lists and maps are as their elements; the fields
//! of records that are written out are told apart; conditions carry nothing on.

mod call;
mod carry;
mod chain;
mod control;
mod order;
mod task;
mod value;
mod vet;
mod walk;

pub(super) use chain::Step;
pub(super) use value::Kinds;
use value::{AgentSets, Taint, bits};

use super::agents::Agents;
use super::survey::Survey;
use crate::ast::{Block, Expr, NodeId, Param, Props, Table, TaskDecl};
use crate::resolve::{DefId, Res};
use crate::types::Checked;
use std::collections::{BTreeSet, VecDeque};

/// A task with the declaration whose names it uses: itself, or the workflow around an inline one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site<'a> {
    pub decl: &'a TaskDecl,
    pub owner: DefId,
    /// It stands in a block.
    pub inline: bool,
}

/// Properties that a call sets anew, of which task, and where; and those of workflows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Override<'a> {
    pub props: &'a Props,
    pub task: Option<(DefId, &'a TaskDecl)>,
    pub owner: DefId,
}

/// The path that a call of `read` or `write` uses.
#[derive(Debug, Clone, Copy)]
pub(super) struct UsedFile<'a> {
    pub path: &'a Expr,
    /// What is done with it.
    pub what: &'static str,
    pub owner: DefId,
}

/// Where the value of a name comes from.
#[derive(Debug, Clone, Copy)]
enum Binder<'a> {
    Expr(&'a Expr),
    Block(&'a Block),
    /// The value that a `repeat` goes on with: which slot of its owner, its body.
    Round(usize, &'a Block),
    Param(DefId, usize, &'a Param),
    /// An inline task.
    Task(&'a TaskDecl),
    /// What a failure in a block tells.
    Failure(&'a Block),
}

/// A value that is handed to a parameter, or that a `repeat` hands to its next round.
#[derive(Debug, Clone, Copy)]
struct Inflow<'a> {
    owner: DefId,
    to: (DefId, usize),
    taint: Taint,
    from: Binder<'a>,
}

/// What a parameter may be given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct State {
    kinds: Kinds,
    agents: value::AgentSet,
}

/// What is known of all values.
#[derive(Debug)]
pub(super) struct Flow<'a> {
    checked: &'a Checked,
    sets: AgentSets,
    /// Expressions that are not clean, in terms of the parameters of the declaration around them.
    taints: Table<Taint>,
    /// By local name.
    binders: Table<Binder<'a>>,
    /// By owner.
    inflows: Vec<Inflow<'a>>,
    /// By declaration and parameter.
    states: Vec<Vec<State>>,
    pub sites: Vec<Site<'a>>,
    pub overrides: Vec<Override<'a>>,
    pub files: Vec<UsedFile<'a>>,
}

impl<'a> Flow<'a> {
    /// Follows the values of a program.
    pub(super) fn new(checked: &'a Checked, survey: &Survey<'a>, agents: &Agents<'a>) -> Flow<'a> {
        let order = order::callees_first(checked, survey);
        let mut flow = Flow {
            checked,
            sets: AgentSets::default(),
            taints: Table::default(),
            binders: Table::default(),
            inflows: Vec::new(),
            states: vec![Vec::new(); checked.resolved.defs.len()],
            sites: Vec::new(),
            overrides: Vec::new(),
            files: Vec::new(),
        };
        walk::Walk::new(&mut flow, agents).program(&order);
        flow.inputs(survey);
        flow.solve(&order);
        flow
    }

    /// The parameters of workflows that can be started come from whoever starts them.
    fn inputs(&mut self, survey: &Survey<'a>) {
        for (at, def) in self.checked.resolved.defs.iter().enumerate() {
            let id = DefId(at as u32);
            let starts = def.kind == crate::resolve::DefKind::Workflow
                && (def.module.0 == 0 || !survey.calls_of.contains_key(&id));
            if starts {
                for state in &mut self.states[at] {
                    state.kinds = state.kinds.or(Kinds::INPUT);
                }
            }
        }
    }

    /// Hands values down the calls until nothing changes; callers go first, so that once is nearly always enough.
    fn solve(&mut self, callees_first: &[DefId]) {
        self.inflows.sort_by_key(|f| f.owner);
        let mut starts = vec![0usize; self.states.len() + 1];
        for flow in &self.inflows {
            starts[flow.owner.0 as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut queue: VecDeque<DefId> = callees_first.iter().rev().copied().collect();
        let mut waiting = vec![false; self.states.len()];
        queue.iter().for_each(|def| waiting[def.0 as usize] = true);
        while let Some(def) = queue.pop_front() {
            let own = def.0 as usize;
            waiting[own] = false;
            for at in starts[own]..starts[own + 1] {
                let Inflow { to: (callee, slot), taint, .. } = self.inflows[at];
                let found = self.concrete(def, taint);
                let Some(before) = self.states[callee.0 as usize].get(slot).copied() else { continue };
                let after = State {
                    kinds: before.kinds.or(found.kinds),
                    agents: self.sets.join(before.agents, found.agents),
                };
                if after != before {
                    self.states[callee.0 as usize][slot] = after;
                    if !std::mem::replace(&mut waiting[callee.0 as usize], true) {
                        queue.push_back(callee);
                    }
                }
            }
        }
    }

    /// With what the parameters of `owner` may be given.
    fn concrete(&mut self, owner: DefId, taint: Taint) -> State {
        let mut state = State { kinds: taint.kinds, agents: taint.agents };
        for slot in bits(taint.params) {
            if let Some(given) = self.states[owner.0 as usize].get(slot).copied() {
                state.kinds = state.kinds.or(given.kinds);
                state.agents = self.sets.join(state.agents, given.agents);
            }
        }
        state
    }

    fn concrete_kinds(&self, owner: DefId, taint: Taint) -> Kinds {
        bits(taint.params).fold(taint.kinds, |kinds, slot| {
            let given = self.states[owner.0 as usize].get(slot);
            given.map_or(kinds, |g| kinds.or(g.kinds))
        })
    }

    fn taint(&self, id: NodeId) -> Taint {
        self.taints.get(id).copied().unwrap_or_default()
    }

    /// Where the text of an expression may come from.
    pub(super) fn kinds(&self, owner: DefId, e: &Expr) -> Kinds {
        self.concrete_kinds(owner, self.taint(e.id))
    }

    /// The agents that an expression can be; none where it is not known.
    pub(super) fn agents(&self, owner: DefId, e: &Expr) -> BTreeSet<DefId> {
        let taint = self.taint(e.id);
        let mut agents = self.sets.get(taint.agents).clone();
        for slot in bits(taint.params) {
            if let Some(given) = self.states[owner.0 as usize].get(slot) {
                agents.extend(self.sets.get(given.agents));
            }
        }
        agents
    }

    /// What a name was bound to, unless a condition says more of the name than that does.
    pub(super) fn written(&self, name: &Expr) -> Option<&'a Expr> {
        let Some(Res::Local(local)) = self.checked.resolved.res(name.id) else { return None };
        let Some(Binder::Expr(value)) = self.binders.get(*local) else { return None };
        // In a loop over lists a name stands for one of them.
        let same = self.checked.types.get(name.id) == self.checked.types.get(value.id);
        (same && self.taint(name.id) == self.taint(value.id)).then_some(*value)
    }
}
