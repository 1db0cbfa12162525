//! Static expansion: a `for` over a short known list becomes its iterations.
//!
//! Each iteration's nodes move into the body around the loop, under the ids that they would have had; a join stands for
//! their end, a let for the list of their values. Ids, waves and meaning stay as they were.

use super::fold::cheap;
use super::inside_out;
use crate::plan::eval::{Env, NoScope, bind, elements};
use crate::plan::{
    Bind, Body, BodyId, Element, Expr, ExprKind, Let, Node, NodeIx, NodeKind, Plan, RaceKind, Ref,
};
use crate::value::Value;
use ecow::{EcoString, eco_format};

/// Longest list whose iterations are written out.
pub const MOST: usize = 256;
/// Most nodes that one loop may become.
const MOST_NODES: usize = 2_048;

/// Expands all loops that can be, inner ones first.
pub(super) fn expand(plan: &mut Plan) {
    let mut any = false;
    for id in inside_out(plan) {
        let found = plan.body(id).nodes.iter().map(|n| known(plan, n)).collect::<Vec<_>>();
        if found.iter().any(Option::is_some) {
            Expansion::new(plan, id, found).run(plan);
            any = true;
        }
    }
    if any {
        drop_unreached(plan);
    }
}

/// An iteration that takes place: its index in the list before the `if`, and the values of the body's parameters.
type Iteration = (usize, Vec<Value>);

/// The iterations of a loop that can be expanded.
fn known(plan: &Plan, node: &Node) -> Option<Vec<Iteration>> {
    let NodeKind::Map { items, bind: names, filter, parallel: None, key: None, after: None, body } =
        &node.kind
    else {
        return None;
    };
    let items = elements(items.as_const()?).ok()?;
    if node.name.is_empty() || items.len() > MOST || size(plan, *body) * items.len() > MOST_NODES {
        return None;
    }
    let mut iterations = Vec::new();
    for (i, item) in items.iter().enumerate() {
        if filter.as_ref().is_none_or(|f| simple(f)) && wanted(plan, names, item, filter.as_deref())? {
            iterations.push((i, values(names, item)?));
        }
    }
    filter.as_ref().is_none_or(|f| simple(f)).then_some(iterations)
}

/// Whether a filter takes no longer than its size.
fn simple(filter: &Expr) -> bool {
    let mut simple = true;
    filter.walk(&mut |e| simple &= cheap(e) || matches!(e.kind, ExprKind::Ref(Ref::Local(_))));
    simple
}

fn wanted(plan: &Plan, names: &Bind, item: &Value, filter: Option<&Expr>) -> Option<bool> {
    let Some(filter) = filter else { return Some(true) };
    let mut scope = NoScope;
    let mut env = Env::new(plan, &mut scope);
    bind(names, item, &mut env);
    env.truth(filter).ok()
}

fn values(names: &Bind, item: &Value) -> Option<Vec<Value>> {
    match names {
        Bind::One(_) => Some(vec![item.clone()]),
        Bind::Fields(fields) => {
            let record = item.as_record()?;
            Some(fields.iter().map(|(name, _)| record.get(name).cloned().unwrap_or(Value::None)).collect())
        }
    }
}

/// Nodes of a body and of all bodies in it.
fn size(plan: &Plan, body: BodyId) -> usize {
    let (mut size, mut open) = (0, vec![body]);
    while let Some(id) = open.pop() {
        let body = plan.body(id);
        size += body.nodes.len();
        if size > MOST_NODES {
            break;
        }
        open.extend(body.nodes.iter().flat_map(owned));
    }
    size.max(1)
}

/// The bodies that a node owns: not those of called workflows.
fn owned(node: &Node) -> Vec<BodyId> {
    if matches!(node.kind, NodeKind::Call { .. }) { Vec::new() } else { node.kind.bodies() }
}

/// What becomes of a loop.
struct Loop {
    iterations: Vec<Iteration>,
    body: BodyId,
    /// Its first node, and its first let.
    node: u32,
    first_let: u32,
    /// Nodes and lets of one iteration; the last let is its value.
    nodes: u32,
    lets: u32,
}

impl Loop {
    /// The let that holds the list of values.
    fn list(&self) -> u32 {
        self.first_let + self.iterations.len() as u32 * self.lets
    }
}

/// The expansion of all loops of one body.
struct Expansion {
    id: BodyId,
    loops: Vec<Option<Loop>>,
    /// New numbers of the body's own nodes (of a loop: its join) and lets.
    nodes: Vec<u32>,
    lets: Vec<u32>,
}

impl Expansion {
    /// Decides where everything goes. The lets of a loop stand before the first let that uses its value.
    fn new(plan: &Plan, id: BodyId, found: Vec<Option<Vec<Iteration>>>) -> Expansion {
        let body = plan.body(id);
        let mut first_use = vec![body.lets.len(); body.nodes.len()];
        for (i, binding) in body.lets.iter().enumerate().rev() {
            binding.value.refs(&mut |r| {
                if let Ref::Node { up: 0, node } = r {
                    first_use[node.index()] = i;
                }
            });
        }
        // A later loop may use the value of an earlier one.
        for i in (1..first_use.len()).rev() {
            first_use[i - 1] = first_use[i - 1].min(first_use[i]);
        }
        let (mut nodes, mut loops, mut next) = (Vec::new(), Vec::new(), 0);
        for (node, iterations) in body.nodes.iter().zip(found) {
            let made = match (&node.kind, iterations) {
                (NodeKind::Map { body, .. }, Some(iterations)) => {
                    let inner = plan.body(*body);
                    let (count, lets) = (inner.nodes.len() as u32, inner.lets.len() as u32 + 1);
                    let all = iterations.len() as u32 * count;
                    let made = Loop { iterations, body: *body, node: next, first_let: 0, nodes: count, lets };
                    next += all;
                    Some(made)
                }
                _ => None,
            };
            loops.push(made);
            nodes.push(next);
            next += 1;
        }
        let (mut lets, mut next) = (Vec::new(), 0);
        for i in 0..=body.lets.len() {
            for (at, l) in loops.iter_mut().enumerate() {
                if let Some(l) = l
                    && first_use[at] == i
                {
                    l.first_let = next;
                    next = l.list() + 1;
                }
            }
            lets.push(next);
            next += 1;
        }
        Expansion { id, loops, nodes, lets }
    }

    fn run(self, plan: &mut Plan) {
        let old = std::mem::take(&mut plan.bodies[self.id.index()]);
        let mut lets: Vec<Option<Let>> = Vec::new();
        let mut nodes = Vec::new();
        let mut locals = old.locals;
        for (at, mut node) in old.nodes.into_iter().enumerate() {
            node.needs = node.needs.iter().map(|n| NodeIx(self.nodes[n.index()])).collect();
            match &self.loops[at] {
                None => {
                    self.own_node(plan, &mut node);
                    nodes.push(node);
                }
                Some(l) => {
                    locals = locals.max(plan.body(l.body).locals);
                    self.iterations(plan, l, node, &mut nodes, &mut lets);
                }
            }
        }
        for (i, mut binding) in old.lets.into_iter().enumerate() {
            self.outer(&mut binding.value, 0);
            put(&mut lets, self.lets[i], binding);
        }
        let mut result = old.result;
        result.iter_mut().for_each(|r| self.outer(r, 0));
        let lets = lets.into_iter().flatten().collect();
        plan.bodies[self.id.index()] = Body { nodes, lets, result, locals, ..old };
    }

    /// All iterations of a loop, and the join at their end.
    fn iterations(
        &self,
        plan: &mut Plan,
        l: &Loop,
        of: Node,
        nodes: &mut Vec<Node>,
        lets: &mut Vec<Option<Let>>,
    ) {
        let mut ends = Vec::new();
        let mut list = Vec::new();
        for (turn, (index, values)) in l.iterations.iter().enumerate() {
            let turn = Turn {
                outer: self,
                values,
                node: l.node + turn as u32 * l.nodes,
                first_let: l.first_let + turn as u32 * l.lets,
            };
            let inner = plan.body(l.body).clone();
            let name = eco_format!("{}[{index}]", of.name);
            for (i, mut binding) in inner.lets.into_iter().enumerate() {
                turn.rewrite(&mut binding.value, 0);
                put(lets, turn.first_let + i as u32, binding);
            }
            let mut value = inner.result.unwrap_or_else(|| Expr::constant(Value::Unit));
            turn.rewrite(&mut value, 0);
            let value_let = turn.first_let + l.lets - 1;
            put(lets, value_let, Let { name: name.clone(), value });
            list.push(Element {
                splice: false,
                value: Expr::reference(Ref::Let { up: 0, index: value_let }),
            });
            let mut ended = vec![true; inner.nodes.len()];
            for mut node in inner.nodes {
                node.needs.iter().for_each(|n| ended[n.index()] = false);
                node.needs = match node.needs.as_slice() {
                    [] => of.needs.clone(),
                    needs => needs.iter().map(|n| NodeIx(turn.node + n.0)).collect(),
                };
                node.name = under(&name, &node.name);
                node.wave = of.wave;
                turn.node(plan, &mut node, self.id, &name);
                nodes.push(node);
            }
            let last = ended.iter().enumerate().filter(|(_, ended)| **ended);
            ends.extend(last.map(|(i, _)| NodeIx(turn.node + i as u32)));
        }
        let value = Expr::new(ExprKind::List(list), of.spot);
        put(lets, l.list(), Let { name: of.name.clone(), value });
        let needs = if ends.is_empty() { of.needs } else { ends };
        nodes.push(Node { kind: NodeKind::Join, needs, ..of });
    }

    /// A node that stays, with the bodies below it.
    fn own_node(&self, plan: &mut Plan, node: &mut Node) {
        node.kind.exprs_mut(&mut |e| self.outer(e, 0));
        let mut open: Vec<(BodyId, u16)> = owned(node).into_iter().map(|b| (b, 1)).collect();
        if let NodeKind::Loop { until, .. } = &mut node.kind {
            self.outer(until, 1);
        }
        while let Some((id, depth)) = open.pop() {
            let mut body = std::mem::take(&mut plan.bodies[id.index()]);
            each_expr(&mut body, &mut |e, more| self.outer(e, depth + more));
            open.extend(body.nodes.iter().flat_map(owned).map(|b| (b, depth + 1)));
            plan.bodies[id.index()] = body;
        }
    }

    /// Renumbers what an expression `depth` bodies below refers to here.
    fn outer(&self, expr: &mut Expr, depth: u16) {
        expr.replace_refs(&mut |r| self.renumbered(r, depth).map(ExprKind::Ref));
    }

    fn renumbered(&self, r: Ref, depth: u16) -> Option<Ref> {
        match r {
            Ref::Node { up, node } if up == depth => Some(match &self.loops[node.index()] {
                Some(l) => Ref::Let { up, index: l.list() },
                None => Ref::Node { up, node: NodeIx(self.nodes[node.index()]) },
            }),
            Ref::Let { up, index } if up == depth => Some(Ref::Let { up, index: self.lets[index as usize] }),
            _ => None,
        }
    }
}

/// One iteration on its way into the body around the loop.
struct Turn<'e> {
    outer: &'e Expansion,
    values: &'e [Value],
    node: u32,
    first_let: u32,
}

impl Turn<'_> {
    /// An expression that stood `depth` bodies below the iteration's: one level outward is gone.
    fn rewrite(&self, expr: &mut Expr, depth: u16) {
        expr.replace_refs(&mut |r| match r {
            Ref::Param { up, index } if up == depth => {
                let value = self.values.get(usize::from(index)).cloned().unwrap_or(Value::None);
                Some(ExprKind::Const(value))
            }
            Ref::Node { up, node } if up == depth => {
                Some(ExprKind::Ref(Ref::Node { up, node: NodeIx(self.node + node.0) }))
            }
            Ref::Let { up, index } if up == depth => {
                Some(ExprKind::Ref(Ref::Let { up, index: self.first_let + index }))
            }
            Ref::Node { up, .. } | Ref::Let { up, .. } | Ref::Param { up, .. } if up > depth => {
                let nearer = nearer(r);
                Some(ExprKind::Ref(self.outer.renumbered(nearer, depth).unwrap_or(nearer)))
            }
            _ => None,
        });
    }

    /// A node of the iteration, with copies of the bodies below it.
    fn node(&self, plan: &mut Plan, node: &mut Node, parent: BodyId, name: &EcoString) {
        node.kind.exprs_mut(&mut |e| self.rewrite(e, 0));
        if let NodeKind::Loop { until, .. } = &mut node.kind {
            self.rewrite(until, 1);
        }
        let same_ids = shares_ids(&node.kind);
        let mut open: Vec<(BodyId, u16, bool)> = Vec::new();
        each_owned(&mut node.kind, &mut |id| {
            let copy = copied(plan, *id, parent);
            open.push((copy, 1, same_ids));
            *id = copy;
        });
        while let Some((id, depth, renamed)) = open.pop() {
            let mut body = std::mem::take(&mut plan.bodies[id.index()]);
            each_expr(&mut body, &mut |e, more| self.rewrite(e, depth + more));
            for node in &mut body.nodes {
                if renamed {
                    node.name = under(name, &node.name);
                }
                let same_ids = renamed && shares_ids(&node.kind);
                each_owned(&mut node.kind, &mut |inner| {
                    let copy = copied(plan, *inner, id);
                    open.push((copy, depth + 1, same_ids));
                    *inner = copy;
                });
            }
            plan.bodies[id.index()] = body;
        }
    }
}

fn copied(plan: &mut Plan, id: BodyId, parent: BodyId) -> BodyId {
    let copy = Body { parent: Some(parent), ..plan.body(id).clone() };
    plan.bodies.push(copy);
    BodyId(plan.bodies.len() as u32 - 1)
}

/// The same reference from one body further out.
fn nearer(r: Ref) -> Ref {
    match r {
        Ref::Node { up, node } => Ref::Node { up: up - 1, node },
        Ref::Let { up, index } => Ref::Let { up: up - 1, index },
        Ref::Param { up, index } => Ref::Param { up: up - 1, index },
        Ref::Arg(_) | Ref::Local(_) | Ref::Result | Ref::Next => r,
    }
}

/// The id of a node under that of its iteration.
fn under(iteration: &EcoString, name: &EcoString) -> EcoString {
    if name.is_empty() { iteration.clone() } else { eco_format!("{iteration}.{name}") }
}

/// Whether the bodies of a node add nothing to ids.
fn shares_ids(kind: &NodeKind) -> bool {
    matches!(
        kind,
        NodeKind::Branch { .. } | NodeKind::Try { .. } | NodeKind::Race { entrants: RaceKind::Bodies(_), .. }
    )
}

/// Calls `f` with every expression of a body, and how many bodies deeper it is evaluated.
fn each_expr(body: &mut Body, f: &mut dyn FnMut(&mut Expr, u16)) {
    body.lets.iter_mut().for_each(|l| f(&mut l.value, 0));
    for node in &mut body.nodes {
        node.kind.exprs_mut(&mut |e| f(e, 0));
        if let NodeKind::Loop { until, .. } = &mut node.kind {
            f(until, 1);
        }
    }
    body.result.iter_mut().for_each(|r| f(r, 0));
}

/// Calls `f` with the ids of the bodies that a node owns.
fn each_owned(kind: &mut NodeKind, f: &mut dyn FnMut(&mut BodyId)) {
    match kind {
        NodeKind::Task { .. } | NodeKind::Assert { .. } | NodeKind::Join | NodeKind::Call { .. } => {}
        NodeKind::Map { body, .. } | NodeKind::Loop { body, .. } => f(body),
        NodeKind::Race { entrants: RaceKind::Each { body, .. }, .. } => f(body),
        NodeKind::Branch { arms, .. } => arms.iter_mut().for_each(|a| f(&mut a.body)),
        NodeKind::Race { entrants: RaceKind::Bodies(bodies), .. } => bodies.iter_mut().for_each(f),
        NodeKind::Try { body, catch, finally } => {
            f(body);
            catch.iter_mut().for_each(&mut *f);
            finally.iter_mut().for_each(f);
        }
    }
}

fn put(lets: &mut Vec<Option<Let>>, at: u32, binding: Let) {
    let at = at as usize;
    if lets.len() <= at {
        lets.resize(at + 1, None);
    }
    lets[at] = Some(binding);
}

/// Takes out the bodies that no node owns any more.
fn drop_unreached(plan: &mut Plan) {
    let mut kept = vec![None; plan.bodies.len()];
    let mut reached = inside_out(plan);
    reached.sort_unstable();
    for (new, id) in reached.iter().enumerate() {
        kept[id.index()] = Some(BodyId(new as u32));
    }
    let renumber = |id: &mut BodyId| *id = kept[id.index()].unwrap_or(*id);
    let mut bodies = std::mem::take(&mut plan.bodies);
    for id in reached {
        let mut body = std::mem::take(&mut bodies[id.index()]);
        body.parent.iter_mut().for_each(renumber);
        for node in &mut body.nodes {
            each_owned(&mut node.kind, &mut |id| renumber(id));
            if let NodeKind::Call { body, .. } = &mut node.kind {
                renumber(body);
            }
        }
        plan.bodies.push(body);
    }
}
