//! Blocks and statements: what they bind, and from where on.

use super::Walk;
use crate::ast::{Block, Bound, LetPattern, Name, NodeId, Stmt, StmtKind};
use crate::resolve::Res;
use crate::source::Span;
use ecow::EcoString;
use std::collections::HashMap;

impl<'t> Walk<'_, 't> {
    /// A block with a scope of its own.
    pub(super) fn block(&mut self, block: &'t Block) {
        self.open(Some(block));
        self.stmts(block);
        self.close();
    }

    pub(super) fn stmts(&mut self, block: &'t Block) {
        for stmt in &block.stmts {
            self.stmt(stmt);
        }
    }

    pub(super) fn stmt(&mut self, stmt: &'t Stmt) {
        match &stmt.kind {
            StmtKind::Let { pattern, ty, value } => {
                if let Some(ty) = ty {
                    self.type_expr(ty);
                }
                self.expr(value);
                match pattern {
                    LetPattern::Name(bound) => self.bind_bound(bound),
                    LetPattern::Fields(bounds, _) => self.bind_all(bounds),
                }
            }
            StmtKind::Task(decl) => {
                self.task(decl);
                self.bind(&decl.name, Res::Local(stmt.id));
                self.inline.entry((self.module, decl.name.text.clone())).or_insert(stmt.id);
            }
            StmtKind::Stage { name, with, body } => {
                if let Some(with) = with {
                    self.props(with);
                }
                self.stage(stmt.id, body);
                self.bind(name, Res::Local(stmt.id));
            }
            StmtKind::Assert { cond, message } => {
                self.expr(cond);
                if let Some(message) = message {
                    self.expr(message);
                }
            }
            StmtKind::Expr(expr) => self.expr(expr),
            StmtKind::Bad(names) => {
                for name in names {
                    self.bind(name, Res::Error);
                }
            }
        }
    }

    /// What the block of a stage binds is remembered beyond its end.
    fn stage(&mut self, id: NodeId, body: &'t Block) {
        self.open(Some(body));
        self.stmts(body);
        self.stages.insert(id);
        let from = self.frames.last().map_or(0, |f| f.undo_from);
        for (name, _) in &self.undo[from..] {
            if let Some(local) = self.locals.get(name) {
                self.members.insert((id, name.clone()), local.res.clone());
            }
        }
        self.close();
    }

    pub(super) fn bind_bound(&mut self, bound: &Bound) {
        self.bind(&bound.name, Res::Local(bound.id));
    }

    pub(super) fn bind_all(&mut self, bounds: &[Bound]) {
        for bound in bounds {
            self.bind_bound(bound);
        }
    }

    /// Where a name that is not in scope is bound further down in a block around; looked for from inside out.
    pub(super) fn bound_later(&mut self, name: &EcoString) -> Option<Span> {
        for frame in self.frames.iter_mut().rev() {
            let Some(block) = frame.block else { continue };
            let later = frame.later.get_or_insert_with(|| bindings(block));
            if let Some(span) = later.get(name) {
                return Some(*span);
            }
        }
        None
    }

    /// Whether a statement around that could not be read holds the name.
    pub(super) fn in_broken_stmt(&self, name: &str) -> bool {
        let blocks = self.frames.iter().filter_map(|f| f.block);
        let mut broken = blocks.flat_map(|b| &b.stmts).filter(|s| matches!(s.kind, StmtKind::Bad(_)));
        broken.any(|s| crate::resolve::declare::holds_word(self.outside.sources.text(s.span), name))
    }
}

/// Everything that the statements of a block bind, with the first place of each.
fn bindings(block: &Block) -> HashMap<EcoString, Span> {
    let mut found = HashMap::new();
    let mut add = |name: &Name| {
        found.entry(name.text.clone()).or_insert(name.span);
    };
    for stmt in &block.stmts {
        match &stmt.kind {
            StmtKind::Let { pattern: LetPattern::Name(bound), .. } => add(&bound.name),
            StmtKind::Let { pattern: LetPattern::Fields(bounds, _), .. } => {
                bounds.iter().for_each(|b| add(&b.name));
            }
            StmtKind::Task(decl) => add(&decl.name),
            StmtKind::Stage { name, .. } => add(name),
            StmtKind::Assert { .. } | StmtKind::Expr(_) => {}
            StmtKind::Bad(names) => names.iter().for_each(&mut add),
        }
    }
    found
}
