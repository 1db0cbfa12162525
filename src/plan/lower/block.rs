//! Blocks and statements among tasks.
//!
//! Nested blocks are flattened into the body that they stand in; what they bind becomes lets of that body.

use super::names::Want;
use super::scope::{Place, Use};
use super::{Lowering, is_unit, unit};
use crate::ast::{self, Block, LetPattern, Stmt, StmtKind};
use crate::plan::{BodyId, Contract, Expr, ExprKind, NodeIx, NodeKind, Ref, Spot, Step};
use crate::source::Span;
use ecow::EcoString;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

impl<'a> Lowering<'a> {
    /// The block of a body: its value. `want` is for a block that is nothing but one expression.
    pub(super) fn body_block(&mut self, block: &'a Block, want: Want) -> Expr {
        match &*block.stmts {
            [Stmt { kind: StmtKind::Expr(expr), .. }] => self.value(expr, want),
            [stmt @ Stmt { kind: StmtKind::Task(decl), .. }] if want == Want::Itself => {
                self.inline_task(stmt, decl, &want)
            }
            _ => self.stmts(block, &want, true),
        }
    }

    /// A block in an expression.
    pub(super) fn block(&mut self, block: &'a Block, want: Want) -> Expr {
        if self.pure || !self.block_has_tasks(block) {
            return self.pure_block(block);
        }
        match sole(block) {
            Some(expr) => self.value(expr, want),
            None => self.stmts(block, &want, false),
        }
    }

    /// Statements in order, below the wanted name; the value of the last. Barriers end with the block.
    fn stmts(&mut self, block: &'a Block, want: &Want, outermost: bool) -> Expr {
        let outer = if let Want::Named(name) = want { Some(self.names.enter(name)) } else { None };
        let barrier = self.here().barrier;
        let mut value = unit();
        for stmt in &block.stmts {
            self.begin_stmt(outermost);
            value = self.stmt(stmt, outermost);
        }
        self.here().barrier = barrier;
        if let Some(outer) = outer {
            self.names.leave(outer);
        }
        value
    }

    /// Between statements of a body no slot is in use.
    fn begin_stmt(&mut self, outermost: bool) {
        if outermost && let Some(frame) = self.frames.last_mut() {
            frame.0 = 0;
        }
    }

    fn stmt(&mut self, stmt: &'a Stmt, outermost: bool) -> Expr {
        match &stmt.kind {
            StmtKind::Let { pattern, ty: _, value } => {
                self.let_stmt(pattern, value);
                unit()
            }
            StmtKind::Task(decl) => self.inline_task(stmt, decl, &Want::Plain),
            StmtKind::Stage { name, with, body } => {
                let sequential = with.as_ref().and_then(|w| w.get("order"));
                let sequential = sequential.is_some_and(|p| super::props::word(&p.value) == "sequential");
                self.stage(stmt, name, body, sequential, outermost);
                unit()
            }
            StmtKind::Assert { cond, message } => {
                self.assert(cond, message.as_deref(), stmt.span);
                unit()
            }
            StmtKind::Expr(expr) => self.value(expr, Want::Plain),
            StmtKind::Bad(_) => unit(),
        }
    }

    fn let_stmt(&mut self, pattern: &'a LetPattern, value: &'a ast::Expr) {
        let mark = self.here().body.nodes.len();
        match pattern {
            LetPattern::Name(bound) => {
                let name = self.names.path(&bound.name.text);
                let value = self.value(value, Want::Named(name));
                let place = self.bind(&bound.name.text, value);
                self.places.insert(bound.id, place);
                self.note_after(bound.id, mark);
            }
            LetPattern::Fields(bounds, _) => {
                let value = self.value(value, Want::Plain);
                let base = Rc::new(self.bind("", value));
                for bound in bounds {
                    let field = Place::FieldOf(base.clone(), bound.name.text.clone());
                    self.places.insert(bound.id, field);
                    self.note_after(bound.id, mark);
                }
            }
        }
    }

    /// Notes that `after` on this name waits for all that came since `mark`.
    fn note_after(&mut self, id: ast::NodeId, mark: usize) {
        let level = self.scope.len() as u32 - 1;
        let sinks = self.sinks(mark);
        if !sinks.is_empty() {
            let uses = sinks.into_iter().map(|node| Use { level, node }).collect();
            self.afters.insert(id, uses);
        }
    }

    fn stage(
        &mut self,
        stmt: &'a Stmt,
        name: &ast::Name,
        body: &'a Block,
        sequential: bool,
        outermost: bool,
    ) {
        let path = self.names.path(&name.text);
        let path = self.names.unique(path);
        let outer = self.names.enter(&path);
        let barrier = self.here().barrier;
        let first = self.here().body.nodes.len();
        for inner in &body.stmts {
            self.begin_stmt(outermost);
            let mark = self.here().body.nodes.len();
            self.stmt(inner, outermost);
            if sequential {
                self.hold_back(mark, inner.span);
            }
        }
        self.names.leave(outer);
        let sinks = self.sinks(first);
        self.here().barrier = if sinks.is_empty() { barrier } else { None };
        let join = self.join(path, sinks, stmt.span);
        self.here().barrier = Some(join);
        let body = self.here().id;
        self.places.insert(stmt.id, Place::Node(body, join));
    }

    /// What came since `mark` holds back all that follows.
    pub(super) fn hold_back(&mut self, mark: usize, span: Span) {
        let sinks = self.sinks(mark);
        match sinks.as_slice() {
            [] => {}
            [one] => self.here().barrier = Some(*one),
            _ => {
                let names = self.names.current();
                let name = self.names.unnamed(names);
                self.here().barrier = None;
                let join = self.join(name, sinks, span);
                self.here().barrier = Some(join);
            }
        }
    }

    fn join(&mut self, name: EcoString, needs: Vec<NodeIx>, span: Span) -> NodeIx {
        let level = self.scope.len() as u32 - 1;
        let uses = needs.into_iter().map(|node| Use { level, node }).collect();
        self.push(name, NodeKind::Join, uses, span)
    }

    /// An assert of the started workflow over inputs is a contract; any other is a node and a barrier.
    fn assert(&mut self, cond: &'a ast::Expr, message: Option<&'a ast::Expr>, span: Span) {
        let text: EcoString = self.sources.text(cond.span).into();
        let cond = self.expr(cond);
        let message = message.map(|m| self.expr(m));
        let mut uses = Vec::new();
        self.uses_of(&cond, &mut uses);
        if let Some(message) = &message {
            self.uses_of(message, &mut uses);
        }
        let started = self.scope.len() == 1 && self.here().id == BodyId(0);
        if started && uses.is_empty() {
            let cond = self.closed(cond);
            let message = message.map(|m| self.closed(m));
            let spot = self.spot(span);
            self.plan.contracts.push(Contract { cond, message, text, spot });
            return;
        }
        let name = self.leaf_name(&Want::Plain, "assert");
        let kind = NodeKind::Assert {
            cond: Box::new(cond),
            message: message.filter(|m| !is_unit(m)).map(Box::new),
            text,
        };
        let node = self.push(name, kind, Vec::new(), span);
        self.here().barrier = Some(node);
    }

    /// The expression with the lets of the body that it uses inside, so that it sees nothing but parameters.
    fn closed(&mut self, mut expr: Expr) -> Expr {
        let mut wanted = BTreeSet::new();
        let mut new = let_refs(&expr);
        while let Some(index) = new.pop() {
            if wanted.insert(index) {
                new.extend(let_refs(&self.here().body.lets[index as usize].value));
            }
        }
        if wanted.is_empty() {
            return expr;
        }
        let slots: HashMap<u32, u32> = wanted.iter().map(|index| (*index, self.slot())).collect();
        let mut steps = Vec::new();
        for index in wanted {
            let mut value = self.here().body.lets[index as usize].value.clone();
            to_slots(&mut value, &slots);
            steps.push(Step::Let(slots[&index], value));
        }
        to_slots(&mut expr, &slots);
        Expr::new(ExprKind::Block { steps, value: Box::new(expr) }, Spot::default())
    }
}

/// The lets of the innermost body that an expression refers to.
fn let_refs(expr: &Expr) -> Vec<u32> {
    let mut found = Vec::new();
    expr.refs(&mut |r| {
        if let Ref::Let { up: 0, index } = r {
            found.push(index);
        }
    });
    found
}

fn to_slots(expr: &mut Expr, slots: &HashMap<u32, u32>) {
    expr.replace_refs(&mut |r| match r {
        Ref::Let { up: 0, index } => slots.get(&index).map(|slot| ExprKind::Ref(Ref::Local(*slot))),
        _ => None,
    });
}

/// The expression that a block is nothing but.
pub(super) fn sole(block: &Block) -> Option<&ast::Expr> {
    match &*block.stmts {
        [Stmt { kind: StmtKind::Expr(expr), .. }] => Some(expr),
        _ => None,
    }
}
