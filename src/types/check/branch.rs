//! `if`, `match`, `try`, `race { … }`.

use super::exhaustive::{self, Verdict};
use super::expr::list_of;
use super::literal::Part;
use super::{Checker, Want};
use crate::ast::{Block, Expr, ExprKind, MatchArm, Props, StmtKind};
use crate::source::Span;
use crate::types::errors::{self};
use crate::types::known::record_ty;
use crate::types::{EnumId, Ty};
use std::sync::{Arc, LazyLock};

/// What `catch` binds.
static CAUGHT: LazyLock<Ty> = LazyLock::new(|| {
    record_ty(&[
        ("task", Ty::String),
        ("kind", Ty::Enum(EnumId(0))),
        ("message", Ty::String),
        ("attempts", Ty::Int),
        ("exit_code", Ty::Optional(Arc::new(Ty::Int))),
    ])
});

fn ends_unread(block: &Block) -> bool {
    block.stmts.last().is_some_and(|last| matches!(last.kind, StmtKind::Bad(_)))
}

impl<'a> Checker<'a> {
    /// An `if` with all its `else if`s, in a loop: chains may be long.
    pub(super) fn if_else(&mut self, e: &'a Expr, want: Want<'_>) -> Ty {
        let start = self.scope.narrowed.len();
        let mut parts = Vec::new();
        let mut links = Vec::new();
        let mut now = e;
        let closed = loop {
            let ExprKind::If { cond, then, otherwise } = &now.kind else { break true };
            self.condition(cond, "`if`");
            let mark = self.scope.narrowed.len();
            self.learn(cond, true);
            let ty = self.block(then, want);
            self.scope.narrowed.truncate(mark);
            self.learn(cond, false);
            parts.push(self.part_of(then, ty));
            // After a part that could not be read, an `else` may have been meant.
            let Some(next) = otherwise else { break ends_unread(then) };
            if matches!(next.kind, ExprKind::If { .. }) {
                links.push(next);
                now = next;
                continue;
            }
            let ty = self.expr(next, want);
            parts.push(match &next.kind {
                ExprKind::Block(block) => self.part_of(block, ty),
                _ => Part { id: Some(next.id), span: next.span, ty },
            });
            break true;
        };
        self.scope.narrowed.truncate(start);
        let ty = self.united(e, parts, closed, want);
        for link in links {
            self.types.insert(link.id, ty.clone());
        }
        ty
    }

    fn united(&mut self, e: &'a Expr, mut parts: Vec<Part>, closed: bool, want: Want<'_>) -> Ty {
        if let Want::Type(ty, why) = want {
            if !closed && *ty != Ty::Unit && self.known().fits(&Ty::None, ty).is_none() {
                let diagnostic = errors::if_without_else(&self.context(), e.span, ty, why);
                return self.wrong(diagnostic);
            }
            return together(&parts, ty);
        }
        if matches!(want, Want::Nothing) {
            return Ty::Unit;
        }
        if !closed && !parts.iter().any(|p| p.ty == Ty::Unit) {
            parts.push(Part { id: None, span: e.span, ty: Ty::None });
        }
        self.join_parts(&parts, "the branches of this `if`")
    }

    pub(super) fn match_arms(
        &mut self,
        e: &'a Expr,
        value: &'a Expr,
        arms: &'a [MatchArm],
        want: Want<'_>,
    ) -> Ty {
        let scrutinee = self.expr(value, Want::Any);
        let optional = self.known().is_optional(&scrutinee);
        let mut rows = Vec::with_capacity(arms.len());
        let mut parts = Vec::with_capacity(arms.len());
        let mut without_none = scrutinee.clone();
        for arm in arms {
            let mark = self.scope.narrowed.len();
            let pattern = self.pattern(&arm.pattern, &scrutinee, &without_none);
            if optional && (without_none != scrutinee || !pattern.takes_none()) {
                self.learn_path(value);
            }
            if let Some(guard) = &arm.guard {
                self.condition(guard, "the guard");
                self.learn(guard, true);
            }
            let ty = self.expr(&arm.value, want);
            self.scope.narrowed.truncate(mark);
            parts.push(Part { id: Some(arm.value.id), span: arm.value.span, ty });
            if optional && arm.guard.is_none() && pattern.is_none() {
                without_none = self.known().inner(&scrutinee).0;
            }
            rows.push(exhaustive::Row { pattern, guarded: arm.guard.is_some() });
        }
        if scrutinee != Ty::Error {
            self.prove(e, value, arms, &rows, &scrutinee);
        }
        match want {
            Want::Type(ty, _) => together(&parts, ty),
            Want::Nothing => Ty::Unit,
            Want::Any | Want::Hint(_) => self.join_parts(&parts, "the arms of this `match`"),
        }
    }

    /// Exhaustive, and every arm reachable.
    fn prove(
        &mut self,
        e: &'a Expr,
        value: &'a Expr,
        arms: &'a [MatchArm],
        rows: &[exhaustive::Row],
        scrutinee: &Ty,
    ) {
        let verdict = exhaustive::judge(rows, &self.enums);
        let shown = self.show(scrutinee);
        match verdict {
            Verdict::Unknown => {}
            Verdict::TooLarge => self.report(errors::match_too_large(e.span)),
            Verdict::Known { missing, unreachable } => {
                for at in unreachable {
                    if let Some(arm) = arms.get(at) {
                        self.report(errors::unreachable_arm(arm.pattern.span, arm.span));
                    }
                }
                if !missing.is_empty() {
                    let room = self.room_for_arms(e.span, arms);
                    let room = (room.0, room.1.as_str());
                    let guarded = arms.iter().find_map(|arm| arm.guard.as_ref());
                    let diagnostic = errors::not_exhaustive(value.span, &shown, &missing, room);
                    self.report(match guarded {
                        Some(guard) => {
                            diagnostic.label(guard.span, "this may be false: its arm takes nothing for sure")
                        }
                        None => diagnostic,
                    });
                }
            }
        }
    }

    /// Where more arms can stand: behind the last, each on a line of its own where that one is.
    fn room_for_arms(&self, whole: Span, arms: &[MatchArm]) -> (Span, String) {
        let Some(last) = arms.last() else {
            let close = whole.end.saturating_sub(1);
            return (Span { start: close, end: close, ..whole }, " ".to_string());
        };
        let before = self.sources.text(Span { end: last.span.start, ..whole });
        let line = before.rsplit('\n').next().unwrap_or_default();
        let own_line = before.contains('\n') && line.trim().is_empty();
        (last.span.at_end(), if own_line { format!("\n{line}") } else { " ".to_string() })
    }

    pub(super) fn try_catch(&mut self, e: &'a Expr, want: Want<'_>) -> Ty {
        let ExprKind::Try { body, catch, finally } = &e.kind else { return Ty::Error };
        let ty = self.block(body, want);
        let mut parts = vec![self.part_of(body, ty)];
        if let Some(catch) = catch {
            self.types.insert(catch.name.id, CAUGHT.clone());
            let ty = self.block(&catch.body, want);
            parts.push(self.part_of(&catch.body, ty));
        }
        if let Some(finally) = finally {
            self.unit_block(finally);
        }
        self.value_of(&parts, "`try` and `catch`", want)
    }

    fn value_of(&mut self, parts: &[Part], what: &'static str, want: Want<'_>) -> Ty {
        match want {
            Want::Type(ty, _) => together(parts, ty),
            Want::Nothing => Ty::Unit,
            Want::Any | Want::Hint(_) => self.join_parts(parts, what),
        }
    }

    pub(super) fn race(
        &mut self,
        e: &'a Expr,
        entrants: &'a [Expr],
        with: Option<&'a Props>,
        want: Want<'_>,
    ) -> Ty {
        let need = self.race_settings(with, Some(entrants.len()));
        if entrants.is_empty() {
            return self.wrong(errors::empty_race(e.span));
        }
        let element = if need { self.element_of(want) } else { None };
        let inner = match (&element, want) {
            (Some(ty), Want::Type(_, why)) => Want::Type(ty, why),
            (None, Want::Type(..) | Want::Hint(_)) if need => Want::Any,
            _ => want,
        };
        let mut parts = Vec::with_capacity(entrants.len());
        for entrant in entrants {
            let ty = self.expr(entrant, inner);
            parts.push(Part { id: Some(entrant.id), span: entrant.span, ty });
        }
        let ty = self.value_of(&parts, "those that race", inner);
        if need && !matches!(want, Want::Nothing) { list_of(ty) } else { ty }
    }

    /// The element type where a list is expected.
    pub(super) fn element_of(&self, want: Want<'_>) -> Option<Ty> {
        match self.known().inner(want.ty()?).0 {
            Ty::List(element) => Some((*element).clone()),
            Ty::Json => Some(Ty::Json),
            _ => None,
        }
    }

    /// A block in a place of its own: of a loop.
    pub(super) fn body(&mut self, block: &'a Block, want: Want<'_>) -> Ty {
        self.block(block, want)
    }
}

/// The type of branches that were each checked against `ty`.
fn together(parts: &[Part], ty: &Ty) -> Ty {
    if parts.iter().any(|p| p.ty == Ty::Error) {
        Ty::Error
    } else if !parts.is_empty() && parts.iter().all(|p| p.ty == Ty::Never) {
        Ty::Never
    } else {
        ty.clone()
    }
}
