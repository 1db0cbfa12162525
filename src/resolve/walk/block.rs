//! Blocks and statements: what they bind, and from where on.

use super::{Later, Walk};
use crate::ast::{Block, Bound, LetPattern, Name, NodeId, Stmt, StmtKind};
use crate::resolve::Res;
use crate::resolve::declare::words;
use crate::source::{SourceMap, Span};
use ecow::EcoString;

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
        // What could not be read may have bound anything.
        if !body.stmts.iter().any(|s| matches!(s.kind, StmtKind::Bad(_))) {
            self.whole_stages.insert(id);
        }
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
        self.laters().find_map(|later| later.bound.get(name).copied())
    }

    /// Whether a statement around that could not be read holds the name.
    pub(super) fn in_broken_stmt(&mut self, name: &str) -> bool {
        self.laters().any(|later| later.broken.contains(name) || later.nameless)
    }

    fn laters(&mut self) -> impl Iterator<Item = &Later> {
        let sources = &*self.outside.sources;
        self.frames.iter_mut().rev().filter_map(move |frame| {
            let block = frame.block?;
            Some(&*frame.later.get_or_insert_with(|| later(block, sources)))
        })
    }
}

/// Whether a text begins like a statement that binds a name.
fn binds(text: &str) -> bool {
    words(text).next().is_some_and(|word| matches!(word, "let" | "task" | "stage"))
}

fn later(block: &Block, sources: &SourceMap) -> Later {
    let mut found = Later::default();
    for stmt in &block.stmts {
        let mut add = |name: &Name| {
            found.bound.entry(name.text.clone()).or_insert(name.span);
        };
        match &stmt.kind {
            StmtKind::Let { pattern: LetPattern::Name(bound), .. } => add(&bound.name),
            StmtKind::Let { pattern: LetPattern::Fields(bounds, _), .. } => {
                bounds.iter().for_each(|b| add(&b.name));
            }
            StmtKind::Task(decl) => add(&decl.name),
            StmtKind::Stage { name, .. } => add(name),
            StmtKind::Assert { .. } | StmtKind::Expr(_) => {}
            StmtKind::Bad(names) => {
                names.iter().for_each(&mut add);
                found.nameless |= names.is_empty() && binds(sources.text(stmt.span));
                found.broken.extend(words(sources.text(stmt.span)).map(EcoString::from));
            }
        }
    }
    found
}
