//! A plan laid out: a scope for each place of a body, a site for each task in them that claims something.
//!
//! Scopes and sites are numbered in the order of the plan, so that all that lies in a scope is a range of either.

use super::order::Order;
use super::{At, MOST_SITES};
use crate::plan::passes::inside_out;
use crate::plan::{
    Action, AgentId, BodyId, Expr, ExprKind, Limit, Node, NodeIx, NodeKind, Plan, Props, RaceKind, ResourceId,
};
use crate::value::Value;
use ecow::{EcoString, eco_format};
use std::collections::HashMap;

/// A place of a body.
#[derive(Debug)]
pub(super) struct Scope {
    pub body: BodyId,
    /// The scope and the node that own it.
    pub parent: Option<(u32, NodeIx)>,
    pub depth: u32,
    /// One more than the last scope in it.
    pub end: u32,
    /// The nodes with sites in them, with the first of these.
    pub children: Vec<(u32, NodeIx)>,
    /// Only one task runs at a time in it, or in a scope around it.
    pub serial: bool,
    /// Nothing outside of it runs at the same time, nor another instance of it.
    pub alone: bool,
    /// The innermost scope around it, itself included, of which several instances run at the same time; and of which
    /// several may.
    pub fan: Option<u32>,
    pub may_fan: Option<u32>,
    /// The innermost called workflow around it, itself included, that has or may have a workspace of its own.
    pub tree: Option<u32>,
}

/// A task that claims something.
#[derive(Debug)]
pub(super) struct Site<'p> {
    pub scope: u32,
    pub node: NodeIx,
    pub task: Facts<'p>,
}

/// What is known of the task of a site.
#[derive(Debug)]
pub(super) struct Facts<'p> {
    pub reads: Option<(&'p Expr, bool)>,
    pub writes: Option<(&'p Expr, bool)>,
    pub apart: Apart,
    /// Units of declared resources.
    pub units: Vec<(ResourceId, i64)>,
    /// The only agent that does it, where that agent does one thing at a time.
    pub agent: Option<AgentId>,
}

/// Whether a task works in the shared workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Apart {
    Shared,
    /// In a tree or folder of its own: what it writes comes into the shared one when it ends.
    Own,
    /// That is an input.
    Unknown,
}

/// A plan laid out.
#[derive(Debug)]
pub(super) struct Tree<'p> {
    pub scopes: Vec<Scope>,
    pub sites: Vec<Site<'p>>,
    /// Not all sites are in it.
    pub beyond: bool,
    orders: HashMap<BodyId, (Vec<NodeIx>, Order)>,
    /// For site `i` and power `k`: the scope in which the sites from `i` to `i + 2^k` meet.
    meets: Vec<Vec<u32>>,
}

/// How an instance of a body relates to the others that its node opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fan {
    One,
    Several,
    Perhaps,
}

impl<'p> Tree<'p> {
    pub(super) fn new(plan: &'p Plan) -> Tree<'p> {
        let mut tree = Tree {
            scopes: Vec::new(),
            sites: Vec::new(),
            beyond: false,
            orders: HashMap::new(),
            meets: Vec::new(),
        };
        let bears = bearing(plan);
        if bears.first() == Some(&true) {
            tree.lay_out(plan, &bears);
            tree.meeting_places();
            for scope in &tree.scopes {
                tree.orders.entry(scope.body).or_insert_with(|| {
                    let body = plan.body(scope.body);
                    let all = (0u32..).map(NodeIx).zip(&body.nodes);
                    let of: Vec<NodeIx> =
                        all.filter(|(_, n)| is_bearing(plan, n, &bears)).map(|(i, _)| i).collect();
                    let order = Order::new(body, &of);
                    (of, order)
                });
            }
            tree.note_alone(plan);
        }
        tree
    }

    fn note_alone(&mut self, plan: &Plan) {
        for at in 0..self.scopes.len() {
            let scope = &self.scopes[at];
            let Some((outer, node)) = scope.parent else { continue };
            let around = &self.scopes[outer as usize];
            let kind = &plan.body(around.body).nodes[node.index()].kind;
            let race = matches!(kind, NodeKind::Race { .. });
            let alone = scope.may_fan.is_none() && !race && around.alone && !self.is_beside(outer, node);
            self.scopes[at].alone = alone;
        }
    }

    /// Whether nothing ever runs at the same time as a site.
    pub(super) fn is_alone(&self, site: u32) -> bool {
        let site = &self.sites[site as usize];
        self.scopes[site.scope as usize].alone && !self.is_beside(site.scope, site.node)
    }

    fn is_beside(&self, scope: u32, node: NodeIx) -> bool {
        let order = self.orders.get(&self.scopes[scope as usize].body);
        order.is_none_or(|(of, order)| of.binary_search(&node).is_ok_and(|at| order.is_beside(at)))
    }

    fn lay_out(&mut self, plan: &'p Plan, bears: &[bool]) {
        let serial = is_one(plan.settings.parallel.as_ref());
        let root = Scope {
            body: BodyId(0),
            parent: None,
            depth: 0,
            end: 1,
            children: Vec::new(),
            serial,
            alone: true,
            fan: None,
            may_fan: None,
            tree: None,
        };
        self.scopes.push(root);
        // Scopes that are being filled, with the next node, and the next of its bodies.
        let mut open: Vec<(u32, u32, usize)> = vec![(0, 0, 0)];
        while let Some((scope, node, part)) = open.last().copied() {
            let body = plan.body(self.scopes[scope as usize].body);
            let Some(at) = body.nodes.get(node as usize) else {
                self.scopes[scope as usize].end = self.scopes.len() as u32;
                open.pop();
                continue;
            };
            let bodies = at.kind.bodies();
            let next = bodies.get(part).copied();
            let last = open.len() - 1;
            open[last] = if next.is_some() { (scope, node, part + 1) } else { (scope, node + 1, 0) };
            if self.sites.len() >= MOST_SITES {
                self.beyond = true;
                open[last] = (scope, body.nodes.len() as u32, 0);
                continue;
            }
            let site = self.sites.len() as u32;
            if let Some(next) = next.filter(|b| bears[b.index()]) {
                self.note_child(scope, site, NodeIx(node));
                open.push((self.open(scope, NodeIx(node), at, next), 0, 0));
            } else if let Some(task) = facts(plan, at) {
                self.note_child(scope, site, NodeIx(node));
                self.sites.push(Site { scope, node: NodeIx(node), task });
            }
        }
    }

    fn note_child(&mut self, scope: u32, site: u32, node: NodeIx) {
        let children = &mut self.scopes[scope as usize].children;
        if children.last().is_none_or(|(_, last)| *last != node) {
            children.push((site, node));
        }
    }

    fn open(&mut self, parent: u32, node: NodeIx, at: &Node, body: BodyId) -> u32 {
        let id = self.scopes.len() as u32;
        let around = &self.scopes[parent as usize];
        let fan = if around.serial { Fan::One } else { fan_of(&at.kind) };
        let (serial, apart) = match &at.kind {
            NodeKind::Call { settings, .. } => {
                (is_one(settings.parallel.as_ref()), apart_of(settings.workspace.as_ref()) != Apart::Shared)
            }
            _ => (false, false),
        };
        let scope = Scope {
            body,
            parent: Some((parent, node)),
            depth: around.depth + 1,
            end: id + 1,
            children: Vec::new(),
            serial: around.serial || serial,
            alone: false,
            fan: if fan == Fan::Several { Some(id) } else { around.fan },
            may_fan: if fan == Fan::One { around.may_fan } else { Some(id) },
            tree: if apart { Some(id) } else { around.tree },
        };
        self.scopes.push(scope);
        id
    }

    /// The scope `up` levels outward.
    pub(super) fn outward(&self, scope: u32, up: u16) -> u32 {
        (0..up).fold(scope, |at, _| self.scopes[at as usize].parent.map_or(at, |p| p.0))
    }

    /// What a called workflow's scope is opened with: expressions of the scope around it.
    pub(super) fn passed(&self, plan: &'p Plan, scope: u32) -> Option<(u32, &'p [Expr])> {
        let (outer, node) = self.scopes[scope as usize].parent?;
        match &plan.body(self.scopes[outer as usize].body).nodes[node.index()].kind {
            NodeKind::Call { args, .. } => Some((outer, args)),
            _ => None,
        }
    }

    /// Prepares [`meet`](Self::meet): where neighbours meet, then where 2, 4, 8 … of them do.
    fn meeting_places(&mut self) {
        let parent = |scope: u32| self.scopes[scope as usize].parent.map_or(0, |p| p.0);
        let depth = |scope: u32| self.scopes[scope as usize].depth;
        let neighbours = self.sites.windows(2).map(|pair| {
            let (mut a, mut b) = (pair[0].scope, pair[1].scope);
            while a != b {
                if depth(a) >= depth(b) { a = parent(a) } else { b = parent(b) }
            }
            a
        });
        let mut level: Vec<u32> = neighbours.collect();
        let mut step = 1;
        while !level.is_empty() {
            let shallower = |a: u32, b: u32| if depth(a) <= depth(b) { a } else { b };
            let next = level.iter().zip(level.get(step..).unwrap_or_default());
            let next: Vec<u32> = next.map(|(a, b)| shallower(*a, *b)).collect();
            self.meets.push(level);
            level = next;
            step *= 2;
        }
    }

    /// The innermost scope that holds two sites.
    pub(super) fn meet(&self, a: u32, b: u32) -> u32 {
        if a == b {
            return self.sites[a as usize].scope;
        }
        let (from, to) = (a.min(b) as usize, a.max(b) as usize);
        let power = (to - from).ilog2() as usize;
        let level = &self.meets[power];
        let (x, y) = (level[from], level[to - (1 << power)]);
        if self.scopes[x as usize].depth <= self.scopes[y as usize].depth { x } else { y }
    }

    /// The node of a scope that leads to a site in it.
    pub(super) fn child(&self, scope: u32, site: u32) -> NodeIx {
        let children = &self.scopes[scope as usize].children;
        let at = children.partition_point(|(first, _)| *first <= site);
        children[at.saturating_sub(1)].1
    }

    /// Whether a site works, or may work, in another workspace than the scope `of`, which is around it: its workflow has one.
    pub(super) fn is_elsewhere(&self, of: u32, site: u32) -> bool {
        let tree = self.scopes[self.sites[site as usize].scope as usize].tree;
        tree.is_some_and(|tree| self.scopes[tree as usize].depth > self.scopes[of as usize].depth)
    }

    /// Whether nothing orders two nodes of a scope.
    pub(super) fn unordered(&self, scope: u32, a: NodeIx, b: NodeIx) -> bool {
        let Some((of, order)) = self.orders.get(&self.scopes[scope as usize].body) else { return false };
        match (of.binary_search(&a), of.binary_search(&b)) {
            (Ok(a), Ok(b)) => order.unordered(a, b),
            _ => false,
        }
    }

    /// The node of the workflow of a scope that leads to a site: the task, or the outermost call around it.
    pub(super) fn call(&self, plan: &Plan, scope: u32, site: u32) -> At {
        let mut found =
            (self.scopes[self.sites[site as usize].scope as usize].body, self.sites[site as usize].node);
        let mut at = self.sites[site as usize].scope;
        while at != scope
            && let Some((outer, node)) = self.scopes[at as usize].parent
        {
            let body = self.scopes[outer as usize].body;
            if matches!(plan.body(body).nodes[node.index()].kind, NodeKind::Call { .. }) {
                found = (body, node);
            }
            at = outer;
        }
        found
    }

    /// The node of the plan that a site is.
    pub(super) fn at(&self, site: u32) -> At {
        let site = &self.sites[site as usize];
        (self.scopes[site.scope as usize].body, site.node)
    }

    /// The id of a site, `[*]` for any iteration.
    pub(super) fn id(&self, plan: &Plan, site: u32) -> EcoString {
        let site = &self.sites[site as usize];
        let mut way = vec![(site.scope, site.node)];
        while let Some((scope, _)) = way.last()
            && let Some(parent) = self.scopes[*scope as usize].parent
        {
            way.push(parent);
        }
        let (mut prefix, mut own) = (EcoString::new(), EcoString::new());
        let mut id = EcoString::new();
        for (scope, node) in way.into_iter().rev() {
            let node = &plan.body(self.scopes[scope as usize].body).nodes[node.index()];
            id = if node.name.is_empty() { own.clone() } else { eco_format!("{prefix}{}", node.name) };
            match &node.kind {
                NodeKind::Map { .. } | NodeKind::Race { entrants: RaceKind::Each { .. }, .. } => {
                    own = eco_format!("{id}[*]");
                    prefix = eco_format!("{own}.");
                }
                NodeKind::Loop { .. } => {
                    own = eco_format!("{id}#*");
                    prefix = eco_format!("{own}.");
                }
                NodeKind::Call { .. } => {
                    prefix = eco_format!("{id}/");
                    own = id.clone();
                }
                NodeKind::Task { .. }
                | NodeKind::Assert { .. }
                | NodeKind::Join
                | NodeKind::Branch { .. }
                | NodeKind::Try { .. }
                | NodeKind::Race { .. } => {}
            }
        }
        id
    }
}

/// Which bodies have a site in them.
fn bearing(plan: &Plan) -> Vec<bool> {
    let mut bears = vec![false; plan.bodies.len()];
    for id in inside_out(plan) {
        bears[id.index()] = plan.body(id).nodes.iter().any(|n| is_bearing(plan, n, &bears));
    }
    bears
}

fn is_bearing(plan: &Plan, node: &Node, bears: &[bool]) -> bool {
    match &node.kind {
        NodeKind::Task { .. } => facts(plan, node).is_some(),
        kind => kind.bodies().iter().any(|b| bears[b.index()]),
    }
}

/// How many instances of its body a node opens at the same time.
fn fan_of(kind: &NodeKind) -> Fan {
    let few = |items: &Expr| match items.as_const() {
        Some(Value::List(items)) => items.len() < 2,
        Some(Value::Record(fields)) => fields.len() < 2,
        _ => match &items.kind {
            ExprKind::List(elements) => elements.len() < 2 && elements.iter().all(|e| !e.splice),
            _ => false,
        },
    };
    match kind {
        NodeKind::Map { items, parallel, after, .. } => {
            let limit = parallel.as_deref();
            if few(items) || is_one(limit) {
                Fan::One
            } else if after.is_some() || limit.is_some_and(|p| p.as_const().is_none()) {
                Fan::Perhaps
            } else {
                Fan::Several
            }
        }
        NodeKind::Race { entrants: RaceKind::Each { items, .. }, .. } => {
            if few(items) {
                Fan::One
            } else {
                Fan::Several
            }
        }
        NodeKind::Task { .. }
        | NodeKind::Assert { .. }
        | NodeKind::Join
        | NodeKind::Branch { .. }
        | NodeKind::Loop { .. }
        | NodeKind::Try { .. }
        | NodeKind::Race { .. }
        | NodeKind::Call { .. } => Fan::One,
    }
}

fn is_one(parallel: Option<&Expr>) -> bool {
    parallel.and_then(Expr::as_const) == Some(&Value::Int(1))
}

/// What a `workspace` says.
fn apart_of(workspace: Option<&Expr>) -> Apart {
    match workspace.map(Expr::as_const) {
        None => Apart::Shared,
        Some(Some(Value::Variant(variant))) if variant.name == "shared" => Apart::Shared,
        Some(Some(_)) => Apart::Own,
        Some(None) => Apart::Unknown,
    }
}

/// What is known of a task that claims something.
fn facts<'p>(plan: &'p Plan, node: &'p Node) -> Option<Facts<'p>> {
    let NodeKind::Task { def, args, overrides } = &node.kind else { return None };
    let task = plan.task(*def);
    let own = overrides.as_deref();
    let list = |pick: fn(&Props) -> Option<&Expr>| match (own.and_then(pick), pick(&task.props)) {
        (Some(given), _) => Some((given, true)),
        (None, declared) => declared.map(|d| (d, false)),
    };
    let (reads, writes) = (list(|p| p.reads.as_deref()), list(|p| p.writes.as_deref()));
    if reads.is_none() && writes.is_none() {
        return None;
    }
    let later = |name: &str| {
        let all = own.map(|o| o.later.as_slice()).unwrap_or_default().iter().chain(&task.props.later);
        all.clone().find(|(n, _)| n == name).map(|(_, value)| value)
    };
    let apart = apart_of(later("workspace"));
    // A task in a tree of its own reads what it found there when it began.
    let reads = reads.filter(|_| apart == Apart::Shared);
    let listed = own.map(|o| &o.resources).filter(|r| !r.is_empty()).unwrap_or(&task.props.resources);
    let units = listed.iter().filter_map(|(id, units)| match units.as_const()? {
        Value::Int(n) => Some((*id, *n)),
        _ => None,
    });
    let agent = if later("fallback").is_some() { None } else { sole_agent(plan, &task.action, args) };
    Some(Facts { reads, writes, apart, units: units.collect(), agent })
}

/// The agent of a task, when there is one that does one thing at a time.
fn sole_agent(plan: &Plan, action: &Action, args: &[Expr]) -> Option<AgentId> {
    let Action::Agent { agent, .. } = action else { return None };
    let given = match &agent.kind {
        ExprKind::Ref(crate::plan::Ref::Arg(i)) => args.get(usize::from(*i))?,
        _ => &**agent,
    };
    let id = match given.as_const()? {
        Value::Agent(id, _) => *id,
        _ => return None,
    };
    (plan.agents.get(id as usize)?.max_parallel == Some(1)).then_some(AgentId(id))
}

impl Facts<'_> {
    /// Whether two such tasks never run at the same time for want of what both need.
    pub(super) fn excludes(&self, plan: &Plan, other: &Facts<'_>) -> bool {
        let short = |(id, need): &(ResourceId, i64)| {
            let more: i64 = other.units.iter().filter(|(r, _)| r == id).map(|(_, n)| *n).sum();
            match plan.resources[id.index()].limit {
                Limit::Capacity(most) => more > 0 && need.saturating_add(more) > most,
                Limit::Machine | Limit::Rate { .. } => false,
            }
        };
        self.units.iter().any(short) || (self.agent.is_some() && self.agent == other.agent)
    }
}
