//! Statements and blocks.

use super::Printer;
use super::layout::{Group, Op};
use super::tokens::{Brackets, Commas};
use crate::ast::{Binding, Block, Bound, Entry, Expr, ExprKind, LetPattern, Prop, Props, Stmt, StmtKind};
use crate::source::Span;

/// Where a statement stands, and whether it could not be read.
pub(super) fn place(stmt: &Stmt) -> (Span, bool) {
    (stmt.span, matches!(stmt.kind, StmtKind::Bad(_)))
}

impl Printer<'_> {
    /// A block where a body must stand: a bare record in its place has the braces itself.
    pub(super) fn body(&mut self, block: &Block) {
        self.body_in(block, false);
    }

    /// A body in a group of its own, or with its lines in the group that is open.
    pub(super) fn body_in(&mut self, block: &Block, shared: bool) {
        if let Some(entries) = bare_record(block) {
            self.record(entries);
        } else if shared {
            self.sign("{");
            self.stmts(&block.stmts, place, Self::stmt);
        } else {
            self.block(&block.stmts, place, Self::stmt);
        }
    }

    /// Statements in braces.
    pub(super) fn block<T>(
        &mut self,
        stmts: &[T],
        place: impl Fn(&T) -> (Span, bool),
        print: impl FnMut(&mut Self, &T),
    ) {
        self.sign("{");
        let broken = stmts.len() > 1 || (!stmts.is_empty() && self.ends_line());
        self.push(Op::Begin(if broken { Group::Broken } else { Group::Fit }));
        self.stmts(stmts, place, print);
        self.push(Op::End);
    }

    fn stmts<T>(
        &mut self,
        stmts: &[T],
        place: impl Fn(&T) -> (Span, bool),
        mut print: impl FnMut(&mut Self, &T),
    ) {
        let empty = stmts.is_empty();
        self.push(Op::Indent);
        self.opened(Op::Line, empty);
        self.semicolons();
        let mut before = None;
        for stmt in stmts {
            let (span, bad) = place(stmt);
            if let Some((end, bad_before)) = before {
                let between = self.text.get(end..span.start as usize).unwrap_or("\n");
                // Pieces of a line that could not be read stay together.
                let together = (bad || bad_before) && !between.contains(['\n', '\r']);
                self.push(match (together, between.is_empty()) {
                    (false, _) => Op::Hard,
                    (true, false) => Op::Space,
                    (true, true) => Op::Text(""),
                });
            }
            self.lead_in(before.is_some());
            print(self, stmt);
            self.semicolons();
            self.tail();
            before = Some((span.end as usize, bad));
        }
        self.close("}", Op::Line, empty);
    }

    /// `;` is no part of the tree; it was reported.
    fn semicolons(&mut self) {
        while self.is_next(";") {
            self.sign(";");
        }
    }

    pub(super) fn stmt(&mut self, stmt: &Stmt) {
        self.guarded(stmt.span, |p| match &stmt.kind {
            StmtKind::Let { pattern, ty, value } => {
                p.sign("let");
                p.space();
                match pattern {
                    LetPattern::Name(bound) => p.name(&bound.name),
                    LetPattern::Fields(names, _) => p.names(names),
                }
                if let Some(ty) = ty {
                    p.sign(":");
                    p.space();
                    p.type_expr(ty);
                }
                p.space();
                p.sign("=");
                p.value(value, false);
            }
            StmtKind::Task(task) => p.task_decl(task),
            StmtKind::Stage { name, with, body } => {
                p.sign("stage");
                p.space();
                p.name(name);
                p.with(with.as_deref());
                p.space();
                p.body(body);
            }
            StmtKind::Assert { cond, message } => {
                p.sign("assert");
                p.space();
                p.expr(cond);
                if let Some(message) = message {
                    p.sign(",");
                    p.space();
                    p.expr(message);
                }
            }
            StmtKind::Expr(expr) => p.expr(expr),
            StmtKind::Bad(_) => p.as_it_is(stmt.span),
        });
    }

    fn names(&mut self, names: &[Bound]) {
        let brackets = Brackets { commas: Commas::Always, ..Brackets::curly() };
        self.brackets(brackets, names, |p, bound| p.name(&bound.name));
    }

    pub(super) fn binding(&mut self, binding: &Binding) {
        match binding {
            Binding::Name(bound) => self.name(&bound.name),
            Binding::Fields(names, _) => self.names(names),
        }
    }

    /// ` with { … }`, where it is there.
    pub(super) fn with(&mut self, props: Option<&Props>) {
        if let Some(props) = props {
            self.spaced("with");
            self.props(props);
        }
    }

    pub(super) fn props(&mut self, props: &Props) {
        self.brackets(Brackets::curly(), &props.list, Self::prop);
    }

    fn prop(&mut self, prop: &Prop) {
        self.name(&prop.name);
        self.sign(":");
        self.value(&prop.value, false);
    }

    pub(super) fn record(&mut self, entries: &[Entry]) {
        self.brackets(Brackets::curly(), entries, |p, entry| match entry {
            Entry::Field { key, value } => {
                p.token(key.span);
                p.sign(":");
                p.value(value, false);
            }
            Entry::Spread(value) => {
                p.sign("...");
                p.expr(value);
            }
        });
    }

    /// A value behind a `=`, `:` or `=>`: on the same line, unless it is a chain of operators that does not fit, has a
    /// comment above it or had a line of its own that is to be kept.
    pub(super) fn value(&mut self, value: &Expr, own_line: bool) {
        self.tail();
        let commented = self.is_commented();
        if own_line || commented {
            self.push(Op::Begin(Group::Broken));
        } else if matches!(value.kind, ExprKind::Binary { .. }) {
            self.push(Op::Begin(Group::Fit));
        } else {
            self.space();
            return self.expr(value);
        }
        self.push(Op::Indent);
        self.push(Op::Line);
        self.lead_in(false);
        self.expr_in(value, false);
        self.push(Op::Dedent);
        self.push(Op::End);
    }
}

/// The entries of a body that is a bare record.
fn bare_record(block: &Block) -> Option<&[Entry]> {
    let [only] = &*block.stmts else { return None };
    match &only.kind {
        StmtKind::Expr(Expr { kind: ExprKind::Record(entries), span, .. }) if *span == block.span => {
            Some(entries)
        }
        _ => None,
    }
}
