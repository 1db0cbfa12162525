//! Blocks and their statements.

use super::expr::passed;
use super::literal::Part;
use super::{Checker, Place, Want};
use crate::ast::visit::{self, Visitor};
use crate::ast::{Block, Bound, Expr, ExprKind, LetPattern, Stmt, StmtKind, TypeExpr};
use crate::diagnostics::Code;
use crate::resolve::{Res, Resolved};
use crate::source::Span;
use crate::types::errors::{self, Why};
use crate::types::{Fit, Ty};

impl<'a> Checker<'a> {
    /// The type of a block's value; what it proves ends with it.
    pub(super) fn block(&mut self, block: &'a Block, want: Want<'_>) -> Ty {
        let (mark, unproven) = (self.scope.narrowed.len(), self.unproven);
        let ty = self.open_block(block, want);
        self.scope.narrowed.truncate(mark);
        self.unproven = unproven;
        ty
    }

    /// A block whose names and proofs live on in what follows (`until`).
    pub(super) fn open_block(&mut self, block: &'a Block, want: Want<'_>) -> Ty {
        let Some((last, before)) = block.stmts.split_last() else {
            return self.without_value(block.span, "this block is empty", want);
        };
        for (stmt, next) in before.iter().zip(&block.stmts[1..]) {
            match (&stmt.kind, &next.kind) {
                // It may be the beginning of what could not be read, or what is left of the value.
                (StmtKind::Expr(e), StmtKind::Bad(_)) => drop(self.expr(e, Want::Nothing)),
                _ => self.in_line(stmt, Some(next)),
            }
        }
        if std::mem::take(&mut self.rest_of_line).is_some_and(|end| self.same_line(end, last.span)) {
            // The rest of what is wrong before it on its line.
            let before = self.out.len();
            self.statement(last);
            self.out.truncate(before);
            return Ty::Error;
        }
        match &last.kind {
            StmtKind::Expr(e) => {
                let found = self.expr(e, want);
                passed(want, found)
            }
            StmtKind::Task(decl) => {
                let found = self.inline_task(last, decl);
                if found == Ty::Unit {
                    return self.without_value(last.span, "a task without `->` gives no value", want);
                }
                self.fit_statement(last, found, want)
            }
            StmtKind::Let { .. } => {
                self.statement(last);
                self.without_value(last.span, "a `let` is not a value", want)
            }
            StmtKind::Stage { .. } => {
                self.statement(last);
                self.without_value(last.span, "a stage has no value", want)
            }
            StmtKind::Assert { .. } => {
                self.statement(last);
                self.without_value(last.span, "an `assert` has no value", want)
            }
            StmtKind::Bad(_) => Ty::Error,
        }
    }

    /// A statement with what follows it: of several on one line of which the first is wrong, the others are what is left of it.
    fn in_line(&mut self, stmt: &'a Stmt, next: Option<&'a Stmt>) {
        let before = self.out.len();
        let rest = std::mem::take(&mut self.rest_of_line);
        if rest.is_some_and(|end| self.same_line(end, stmt.span)) {
            self.statement(stmt);
            let useless = |d: &crate::diagnostics::Diagnostic| d.code == Code::F0309;
            let kept: Vec<_> = self.out.drain(before..).filter(|d| !useless(d)).collect();
            self.out.extend(kept);
            self.rest_of_line = Some(stmt.span);
            return;
        }
        self.statement(stmt);
        if self.out.len() == before && !self.is_unknown(stmt) {
            return;
        }
        if let Some(next) = next.filter(|next| self.same_line(stmt.span, next.span)) {
            self.rest_of_line = Some(stmt.span);
            self.without_parens(stmt, next, before);
        }
    }

    /// `build "x"` for `build("x")`.
    fn without_parens(&mut self, stmt: &'a Stmt, next: &'a Stmt, before: usize) {
        let callee: &Expr = match &stmt.kind {
            StmtKind::Expr(e) => e,
            StmtKind::Let { value, .. } => value,
            StmtKind::Task(_) | StmtKind::Stage { .. } | StmtKind::Assert { .. } | StmtKind::Bad(_) => return,
        };
        let StmtKind::Expr(argument) = &next.kind else { return };
        let callable = matches!(self.out.get(before).map(|d| (d.code, d.span)), Some((Code::F0311, at)) if at == callee.span);
        let plain = matches!(
            argument.kind,
            ExprKind::Str(_)
                | ExprKind::Int(_)
                | ExprKind::Name(_)
                | ExprKind::List(_)
                | ExprKind::Field { .. }
        );
        if let (true, true, Some(name)) = (callable, plain, callee.last_name()) {
            let gap = Span { start: callee.span.end, end: argument.span.start, ..callee.span };
            let whole = Span { end: argument.span.end, ..callee.span };
            self.out.truncate(before);
            self.report(errors::call_without_parens(whole, &name.text, gap, argument.span.at_end()));
        }
    }

    fn same_line(&self, before: Span, after: Span) -> bool {
        before.file == after.file
            && before.end <= after.start
            && !self
                .sources
                .text(Span { start: before.end, end: after.start, ..before })
                .contains(['\n', '\r'])
    }

    /// Whether something inside could not be read or made out: it may be what does something.
    fn holds_bad(&self, e: &Expr) -> bool {
        let mut search = Search { resolved: self.r, found: false };
        search.expr(e);
        search.found
    }

    /// Whether what a statement names could not be made out, which was said.
    fn is_unknown(&self, stmt: &Stmt) -> bool {
        match &stmt.kind {
            StmtKind::Expr(e) => self.r.res(e.id) == Some(&Res::Error),
            StmtKind::Let { value, .. } => self.r.res(value.id) == Some(&Res::Error),
            StmtKind::Task(_) | StmtKind::Stage { .. } | StmtKind::Assert { .. } | StmtKind::Bad(_) => false,
        }
    }

    fn without_value(&mut self, span: crate::source::Span, what: &str, want: Want<'_>) -> Ty {
        if let Want::Type(ty, why) = want
            && !matches!(ty, Ty::Error | Ty::Unit)
        {
            let diagnostic = errors::block_without_value(&self.context(), span, what, ty, why);
            return self.wrong(diagnostic);
        }
        Ty::Unit
    }

    /// The result of an inline task as the value of its block: converted under the statement's id.
    fn fit_statement(&mut self, stmt: &'a Stmt, found: Ty, want: Want<'_>) -> Ty {
        let Want::Type(ty, why) = want else { return passed(want, found) };
        match self.known().fits(&found, ty) {
            Some(Fit::Same) => {}
            Some(Fit::Convert) => self.fits.insert(stmt.id, ty.clone()),
            None => {
                let diagnostic = errors::mismatch_at(&self.context(), stmt.span, &found, ty, why);
                return self.wrong(diagnostic);
            }
        }
        ty.clone()
    }

    /// A block that is no value: every statement, the last one too, must make a task or hold something.
    pub(super) fn unit_block(&mut self, block: &'a Block) {
        let (mark, unproven) = (self.scope.narrowed.len(), self.unproven);
        for (at, stmt) in block.stmts.iter().enumerate() {
            self.in_line(stmt, block.stmts.get(at + 1));
        }
        self.rest_of_line = None;
        self.unproven = unproven;
        self.scope.narrowed.truncate(mark);
    }

    /// A statement that is not its block's value.
    pub(super) fn statement(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Let { pattern, ty, value } => self.let_stmt(pattern, ty.as_deref(), value),
            StmtKind::Task(decl) => {
                self.inline_task(stmt, decl);
            }
            StmtKind::Stage { name, with, body } => {
                self.stages.insert(stmt.id);
                if let Some(with) = with {
                    self.stage_settings(with);
                }
                if self.scope.place.is_pure() {
                    let place = self.scope.place;
                    self.report(errors::stage_in_pure(name.span, place));
                }
                self.unit_block(body);
            }
            StmtKind::Assert { cond, message } => {
                self.asserted(cond);
                if let Some(message) = message {
                    self.in_place(Place::Assert, |c| {
                        c.checked_expr(message, &Ty::String, Why::AssertMessage)
                    });
                }
                self.learn(cond, true);
            }
            StmtKind::Expr(e) => self.effect(e),
            StmtKind::Bad(_) => self.unproven |= self.sources.text(stmt.span).starts_with("assert"),
        }
    }

    fn effect(&mut self, e: &'a Expr) {
        let (tasks, reports) = (self.scope.tasks, self.out.len());
        let ty = self.expr(e, Want::Nothing);
        if self.scope.tasks == tasks && self.out.len() == reports && ty != Ty::Error && !self.holds_bad(e) {
            let fails = is_check(e);
            self.report(errors::useless_statement(e.span, fails));
        }
    }

    fn let_stmt(&mut self, pattern: &'a LetPattern, ty: Option<&'a TypeExpr>, value: &'a Expr) {
        let tasks = self.scope.tasks;
        let found = match ty {
            Some(written) => {
                let ty = self.written(written);
                self.checked_expr(value, &ty, Why::Written(written.span));
                ty
            }
            None => {
                let found = self.expr(value, Want::Any);
                self.closed(found, value)
            }
        };
        if found == Ty::Unit && self.scope.tasks == tasks {
            self.report(errors::no_value(value.span, "this `let`"));
        }
        match pattern {
            LetPattern::Name(bound) => {
                self.types.insert(bound.id, found);
                if self.is_fixed(value) {
                    self.scope.fixed.insert(bound.id);
                }
            }
            LetPattern::Fields(bounds, span) => self.take_apart(bounds, *span, &found),
        }
    }

    /// An inferred type that leaves nothing open and is small enough to carry.
    pub(super) fn closed(&mut self, found: Ty, value: &'a Expr) -> Ty {
        match &found {
            Ty::Int | Ty::String | Ty::Bool | Ty::Enum(_) | Ty::Path | Ty::Unit | Ty::Error => return found,
            _ => {}
        }
        if !found.is_small() {
            return self.wrong(errors::type_too_large(value.span));
        }
        if found == Ty::Never || !found.is_open() {
            return found;
        }
        let shown = self.show(&found);
        self.wrong(errors::cannot_infer(value.span, &shown, &found))
    }

    /// `{ a, b } = record`
    pub(super) fn take_apart(&mut self, bounds: &'a [Bound], span: crate::source::Span, from: &Ty) {
        let record = self.known().record(from);
        if record.is_none() && !matches!(from, Ty::Error | Ty::Never) {
            let shown = self.show(from);
            let optional = self.known().is_optional(from);
            self.report(errors::not_taken_apart(span, &shown, optional));
        }
        for bound in bounds {
            let ty = match &record {
                None => Ty::Error,
                Some(record) => match record.field(&bound.name.text) {
                    Some(field) => field.ty.clone(),
                    None => {
                        let names: Vec<(&str, bool)> =
                            record.fields.iter().map(|f| (f.name.as_str(), false)).collect();
                        let shown = self.show(from);
                        let name = &bound.name;
                        self.wrong(errors::unknown_field(name.span, &name.text, &shown, &names, span))
                    }
                },
            };
            self.types.insert(bound.id, ty);
        }
    }

    /// Where the value of a block stands, for conversions.
    pub(super) fn part_of(&self, block: &'a Block, ty: Ty) -> Part {
        match block.stmts.last() {
            None => Part { id: None, span: block.span, ty },
            Some(last) => match &last.kind {
                StmtKind::Expr(e) => Part { id: Some(e.id), span: e.span, ty },
                StmtKind::Task(_) => Part { id: Some(last.id), span: last.span, ty },
                StmtKind::Let { .. }
                | StmtKind::Stage { .. }
                | StmtKind::Assert { .. }
                | StmtKind::Bad(_) => Part { id: None, span: last.span, ty },
            },
        }
    }
}

/// Looks for what could not be read or made out.
struct Search<'r> {
    resolved: &'r Resolved,
    found: bool,
}

impl<'a> Visitor<'a> for Search<'_> {
    fn stmt(&mut self, stmt: &'a Stmt) {
        self.found |= matches!(stmt.kind, StmtKind::Bad(_));
        visit::walk_stmt(self, stmt);
    }

    fn expr(&mut self, expr: &'a Expr) {
        self.found |= matches!(expr.kind, ExprKind::Bad) || self.resolved.res(expr.id) == Some(&Res::Error);
        visit::walk_expr(self, expr);
    }
}

/// `if cond { fail(…) }`: what it is meant to be is an `assert`.
fn is_check(e: &Expr) -> bool {
    matches!(&e.kind, crate::ast::ExprKind::If { otherwise: None, .. })
}
