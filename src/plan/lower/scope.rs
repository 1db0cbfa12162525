//! Bodies under construction: where names live, and what each node depends on.
//!
//! Dependencies are read off the finished expressions: a reference to a node makes a dependency, one to a `let` those of
//! the let. What a node uses of a body further out becomes a dependency of the composite that holds it.

use super::{Lowering, names::Want};
use crate::ast::NodeId;
use crate::plan::{Body, BodyId, Expr, ExprKind, Let, Node, NodeIx, NodeKind, Ref, Spot};
use crate::source::Span;
use crate::value::Value;
use ecow::EcoString;
use std::rc::Rc;

/// A let with more dependencies than this is gathered in a join when it is used again.
const FEW: usize = 16;

/// What a bound name stands for.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Node(BodyId, NodeIx),
    Param(BodyId, u16),
    Let(BodyId, u32),
    Arg(u16),
    Local(u32),
    /// The new draft, in `until`.
    Next,
    /// A field of what is there.
    FieldOf(Rc<Place>, EcoString),
    /// An expression of the body at hand.
    Given(Rc<Expr>),
}

/// A node that something depends on: the body by its level in [`Lowering::scope`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Use {
    pub(super) level: u32,
    pub(super) node: NodeIx,
}

/// A body that is being filled.
#[derive(Debug)]
pub(super) struct Builder {
    pub(super) id: BodyId,
    pub(super) body: Body,
    /// Nodes of bodies further out that something in here uses.
    outer: Vec<Use>,
    /// Dependencies of each let, and whether anything used it yet.
    lets: Vec<(Vec<Use>, bool)>,
    /// The node that holds back what is written below it.
    pub(super) barrier: Option<NodeIx>,
    prefix: EcoString,
    own_names: bool,
    /// Where its ids live.
    names: usize,
    pure: bool,
}

impl Lowering<'_> {
    /// A place for a body in the plan.
    pub(super) fn reserve_body(&mut self) -> BodyId {
        self.plan.bodies.push(Body::default());
        BodyId(self.plan.bodies.len() as u32 - 1)
    }

    /// Begins a body. With `own_names` its ids are its own (a workflow, an iteration).
    pub(super) fn open(&mut self, params: Vec<EcoString>, own_names: bool) -> BodyId {
        let id = self.reserve_body();
        let parent = self.scope.last().map(|b| b.id);
        self.open_at(id, parent, params, own_names);
        id
    }

    /// Begins a body whose place was reserved.
    pub(super) fn open_at(
        &mut self,
        id: BodyId,
        parent: Option<BodyId>,
        params: Vec<EcoString>,
        own_names: bool,
    ) {
        if own_names {
            self.names.open();
        }
        let prefix = self.names.prefix();
        let names = self.names.current();
        self.frames.push((0, 0));
        let pure = std::mem::replace(&mut self.pure, false);
        self.scope.push(Builder {
            id,
            body: Body { parent, params, ..Body::default() },
            outer: Vec::new(),
            lets: Vec::new(),
            barrier: None,
            prefix,
            own_names,
            names,
            pure,
        });
    }

    /// Ends the innermost body with its value; gives what the composite that owns it must wait for.
    pub(super) fn close(&mut self, result: Option<Expr>) -> Vec<Use> {
        let result = result.filter(|r| !super::is_unit(r));
        let mut outer = Vec::new();
        if let Some(result) = &result {
            self.uses_of(result, &mut outer);
        }
        let level = self.scope.len() as u32 - 1;
        let Some(mut builder) = self.scope.pop() else { return outer };
        outer.retain(|u| u.level < level);
        outer.append(&mut builder.outer);
        outer.sort_unstable();
        outer.dedup();
        if builder.own_names {
            self.names.close();
        } else {
            self.names.leave(builder.prefix);
        }
        self.pure = builder.pure;
        builder.body.result = result;
        builder.body.locals = self.frames.pop().map_or(0, |f| f.1);
        self.plan.bodies[builder.id.index()] = builder.body;
        outer
    }

    /// The innermost body under construction.
    pub(super) fn here(&mut self) -> &mut Builder {
        if self.scope.is_empty() {
            // Only definitions are lowered outside of all bodies, and those make no nodes.
            self.open(Vec::new(), true);
        }
        let last = self.scope.len() - 1;
        &mut self.scope[last]
    }

    /// A reference to what a place holds.
    pub(super) fn at(&self, place: &Place) -> Expr {
        let r = match place {
            Place::Node(body, node) => Ref::Node { up: self.up(*body), node: *node },
            Place::Param(body, index) => Ref::Param { up: self.up(*body), index: *index },
            Place::Let(body, index) => Ref::Let { up: self.up(*body), index: *index },
            Place::Arg(index) => Ref::Arg(*index),
            Place::Local(slot) => Ref::Local(*slot),
            Place::Next => Ref::Next,
            Place::FieldOf(base, name) => {
                let base = Box::new(self.at(base));
                return Expr::new(
                    ExprKind::Field { base, name: name.clone(), optional: false },
                    Spot::default(),
                );
            }
            Place::Given(expr) => return (**expr).clone(),
        };
        Expr::reference(r)
    }

    /// How many bodies outward a body is.
    fn up(&self, body: BodyId) -> u16 {
        self.scope.iter().rev().position(|b| b.id == body).unwrap_or(0) as u16
    }

    /// The value of a bound name.
    pub(super) fn local(&self, id: NodeId) -> Expr {
        match self.places.get(&id) {
            Some(place) => self.at(place),
            None => super::unit(),
        }
    }

    /// What an expression of the innermost body depends on, appended to `uses`.
    pub(super) fn uses_of(&mut self, expr: &Expr, uses: &mut Vec<Use>) {
        self.uses_of_all(|f| f(expr), uses);
    }

    /// What several expressions depend on.
    fn uses_of_all<'e>(&mut self, exprs: impl FnOnce(&mut dyn FnMut(&'e Expr)), uses: &mut Vec<Use>) {
        let top = self.scope.len() as u32;
        let mut lets = Vec::new();
        exprs(&mut |expr: &'e Expr| {
            expr.refs(&mut |r| match r {
                Ref::Node { up, node } => uses.push(Use { level: top - 1 - u32::from(up), node }),
                Ref::Let { up, index } => lets.push((top - 1 - u32::from(up), index)),
                Ref::Param { .. } | Ref::Arg(_) | Ref::Local(_) | Ref::Result | Ref::Next => {}
            });
        });
        lets.sort_unstable();
        lets.dedup();
        for (level, index) in lets {
            self.uses_of_let(level, index, uses);
        }
    }

    /// The dependencies of a let. Many that are used more than once are gathered in joins: n + m edges, not n × m.
    fn uses_of_let(&mut self, level: u32, index: u32, uses: &mut Vec<Use>) {
        let entry = &mut self.scope[level as usize].lets[index as usize];
        let again = std::mem::replace(&mut entry.1, true);
        if again && entry.0.len() > FEW {
            let many = std::mem::take(&mut entry.0);
            let few = self.gathered(many);
            self.scope[level as usize].lets[index as usize].0 = few;
        }
        uses.extend_from_slice(&self.scope[level as usize].lets[index as usize].0);
    }

    /// The same dependencies through a join for each body that holds more than a few of them.
    pub(super) fn gathered(&mut self, mut uses: Vec<Use>) -> Vec<Use> {
        uses.sort_unstable();
        uses.dedup();
        let mut few = Vec::new();
        for group in uses.chunk_by(|a, b| a.level == b.level) {
            if group.len() <= FEW {
                few.extend_from_slice(group);
                continue;
            }
            let level = group[0].level;
            let name = self.names.unnamed(self.scope[level as usize].names);
            let needs = group.iter().map(|u| u.node).collect();
            let nodes = &mut self.scope[level as usize].body.nodes;
            nodes.push(leaf(name, NodeKind::Join, needs, Spot::default()));
            few.push(Use { level, node: NodeIx(nodes.len() as u32 - 1) });
        }
        few
    }

    /// Adds a node that waits for what its expressions use, for `uses` and for the barrier above it.
    pub(super) fn push(&mut self, name: EcoString, kind: NodeKind, mut uses: Vec<Use>, span: Span) -> NodeIx {
        self.uses_of_all(|f| kind.exprs(f), &mut uses);
        let spot = self.spot(span);
        let level = self.scope.len() as u32 - 1;
        let here = self.here();
        let mut needs: Vec<NodeIx> = Vec::new();
        for u in uses {
            if u.level == level { needs.push(u.node) } else { here.outer.push(u) }
        }
        needs.extend(here.barrier);
        needs.sort_unstable();
        needs.dedup();
        needs.shrink_to_fit();
        let index = NodeIx(here.body.nodes.len() as u32);
        here.body.nodes.push(leaf(name, kind, needs, spot));
        index
    }

    /// Adds a node and refers to it.
    pub(super) fn push_value(&mut self, name: EcoString, kind: NodeKind, uses: Vec<Use>, span: Span) -> Expr {
        let node = self.push(name, kind, uses, span);
        Expr::reference(Ref::Node { up: 0, node })
    }

    /// Adds a lazy binding to the innermost body; what is a mere reference or a small constant needs none.
    pub(super) fn bind(&mut self, name: &str, value: Expr) -> Place {
        let body = self.here().id;
        match &value.kind {
            ExprKind::Ref(Ref::Node { up: 0, node }) => return Place::Node(body, *node),
            ExprKind::Ref(Ref::Let { up: 0, index }) => return Place::Let(body, *index),
            ExprKind::Ref(Ref::Param { up: 0, index }) => return Place::Param(body, *index),
            ExprKind::Const(Value::None | Value::Unit | Value::Bool(_) | Value::Int(_)) => {
                return Place::Given(Rc::new(value));
            }
            _ => {}
        }
        let mut uses = Vec::new();
        self.uses_of(&value, &mut uses);
        uses.sort_unstable();
        uses.dedup();
        let here = self.here();
        here.body.lets.push(Let { name: name.into(), value });
        here.lets.push((uses, false));
        Place::Let(body, here.body.lets.len() as u32 - 1)
    }

    /// What an expression uses further out, the composite around it must wait for.
    pub(super) fn note_outer(&mut self, expr: &Expr) {
        let mut uses = Vec::new();
        self.uses_of(expr, &mut uses);
        let level = self.scope.len() as u32 - 1;
        self.here().outer.extend(uses.into_iter().filter(|u| u.level < level));
    }

    /// Where a leaf of that name goes, and the name.
    pub(super) fn leaf_name(&mut self, want: &Want, own: &str) -> EcoString {
        self.names.leaf(want, own)
    }

    /// The nodes of the innermost body from `mark` on that no other of them needs.
    pub(super) fn sinks(&mut self, mark: usize) -> Vec<NodeIx> {
        let nodes = &self.here().body.nodes;
        let mut needed = vec![false; nodes.len() - mark];
        for node in &nodes[mark..] {
            for need in node.needs.iter().filter(|n| n.index() >= mark) {
                needed[need.index() - mark] = true;
            }
        }
        let sinks = needed.iter().enumerate().filter(|(_, needed)| !**needed);
        sinks.map(|(i, _)| NodeIx((mark + i) as u32)).collect()
    }
}

/// A node without waves and times yet.
pub(super) fn leaf(name: EcoString, kind: NodeKind, needs: Vec<NodeIx>, spot: Spot) -> Node {
    Node { name, kind, needs, spot, wave: 0, estimate_ms: 0, path_ms: 0 }
}
