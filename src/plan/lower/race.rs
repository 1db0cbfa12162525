//! `race` over expressions and over a list.

use super::Lowering;
use super::loops::Over;
use super::names::Want;
use crate::ast;
use crate::plan::{Element, Expr, ExprKind, NodeKind, RaceKind};
use crate::types::Builtin;

impl<'a> Lowering<'a> {
    pub(super) fn race_expr(
        &mut self,
        expr: &'a ast::Expr,
        entrants: &'a [ast::Expr],
        with: Option<&'a ast::Props>,
        want: Want,
    ) -> Expr {
        if self.pure || !entrants.iter().any(|e| self.has_tasks(e)) {
            let tries = self.purely(|l| {
                let mut tries = Vec::new();
                for entrant in entrants {
                    let value = l.expr(entrant);
                    tries.push(Element { splice: true, value: l.tried(value) });
                }
                tries
            });
            let tries = self.made(ExprKind::List(tries), expr.span);
            return self.pure_race(tries, with, expr.span);
        }
        let need = self.need(with);
        let (name, outer) = self.begin_named(&want, "race");
        let (mut bodies, mut uses) = (Vec::new(), Vec::new());
        for entrant in entrants {
            bodies.push(self.open(Vec::new(), false));
            let value = self.expr(entrant);
            uses.extend(self.close(Some(value)));
        }
        if let Some(outer) = outer {
            self.names.leave(outer);
        }
        let kind = NodeKind::Race { entrants: RaceKind::Bodies(bodies), need };
        self.push_value(name, kind, uses, expr.span)
    }

    pub(super) fn race_for_expr(&mut self, expr: &'a ast::Expr, of: &'a ast::RaceLoop, want: Want) -> Expr {
        let asks = of.filter.as_ref().is_some_and(|f| self.has_tasks(f));
        if self.pure || !(asks || self.block_has_tasks(&of.body)) {
            return self.pure_race_for(expr, of);
        }
        let need = self.need(of.with.as_ref());
        let over = self.over(&of.binding, &of.items, of.filter.as_ref(), expr.span);
        let (name, inner) = self.loop_name(&want, "race", &of.body);
        let body = self.open_iteration(&of.binding, over.is_paired());
        let value = self.body_block(&of.body, inner);
        let uses = self.close(Some(value));
        let Over { items, bind, filter, .. } = over;
        let kind = NodeKind::Race { entrants: RaceKind::Each { items, bind, filter, body }, need };
        self.push_value(name, kind, uses, expr.span)
    }

    fn pure_race_for(&mut self, expr: &'a ast::Expr, of: &'a ast::RaceLoop) -> Expr {
        let items = Box::new(self.expr(&of.items));
        let bind = self.bind_slots(&of.binding);
        let (filter, body) = self.purely(|l| {
            let filter = of.filter.as_ref().map(|f| Box::new(l.expr(f)));
            let body = l.pure_block(&of.body);
            (filter, Box::new(l.tried(body)))
        });
        let tries = self.made(ExprKind::For { items, bind, filter, body }, expr.span);
        let tries = self.made(ExprKind::Builtin(Builtin::Flatten, vec![tries]), expr.span);
        self.pure_race(tries, of.with.as_ref(), expr.span)
    }

    fn need(&mut self, with: Option<&'a ast::Props>) -> Option<Box<Expr>> {
        with.and_then(|w| w.get("need")).map(|p| Box::new(self.expr(&p.value)))
    }
}
