//! `for` and `repeat` with tasks inside.

use super::block::sole;
use super::names::Want;
use super::scope::Place;
use super::{Lowering, bare};
use crate::ast::{self, Binding, Block, ExprKind as K, StmtKind};
use crate::plan::{Bind, Entry, Expr, ExprKind, NodeKind, OnMax, Ref};
use crate::source::Span;
use crate::types::Builtin;
use crate::value::Value;
use ecow::EcoString;
use std::rc::Rc;

/// What a loop runs over, as its node needs it.
pub(super) struct Over {
    pub(super) items: Box<Expr>,
    pub(super) bind: Bind,
    pub(super) filter: Option<Box<Expr>>,
    /// Where the element is when the filter was made by tasks: in `value` of what is bound.
    paired: bool,
}

impl Over {
    pub(super) fn is_paired(&self) -> bool {
        self.paired
    }
}

impl<'a> Lowering<'a> {
    pub(super) fn for_expr(&mut self, expr: &'a ast::Expr, of: &'a ast::ForLoop, want: Want) -> Expr {
        let mut tasks = self.block_has_tasks(&of.body) || self.props_have_tasks(of.with.as_ref());
        tasks |= of.filter.as_ref().is_some_and(|f| self.has_tasks(f));
        if self.pure || !tasks {
            return self.pure_for(expr, of);
        }
        let over = self.over(&of.binding, &of.items, of.filter.as_ref(), expr.span);
        let with = of.with.as_ref();
        let mut head = |name| with.and_then(|w| w.get(name)).map(|p| Box::new(self.expr(&p.value)));
        let (key, after, parallel) = (head("key"), head("after"), head("parallel"));
        let (name, inner) = self.loop_name(&want, "for", &of.body);
        let body = self.open_iteration(&of.binding, over.paired);
        let value = self.body_block(&of.body, inner);
        let uses = self.close(Some(value));
        let Over { items, bind, filter, .. } = over;
        let kind = NodeKind::Map { items, bind, filter, parallel, key, after, body };
        self.push_value(name, kind, uses, expr.span)
    }

    /// List, names and filter of a loop. The names stand for slots until the body is opened.
    pub(super) fn over(
        &mut self,
        binding: &'a Binding,
        items: &'a ast::Expr,
        filter: Option<&'a ast::Expr>,
        span: Span,
    ) -> Over {
        let items = self.expr(items);
        if let Some(filter) = filter
            && self.has_tasks(filter)
        {
            return self.over_asked(binding, items, filter, span);
        }
        let bind = self.bind_slots(binding);
        let filter = filter.map(|f| Box::new(self.purely(|l| l.expr(f))));
        Over { items: Box::new(items), bind, filter, paired: false }
    }

    /// A filter with tasks: a map of its own asks for each element, then the loop runs over elements paired with answers.
    fn over_asked(&mut self, binding: &'a Binding, items: Expr, filter: &'a ast::Expr, span: Span) -> Over {
        let element = self.slot();
        let local = |slot| Box::new(Expr::reference(Ref::Local(slot)));
        // Of a map this makes the list of its entries.
        let list = ExprKind::For {
            items: Box::new(items),
            bind: Bind::One(element),
            filter: None,
            body: local(element),
        };
        let list = self.made(list, span);
        let list = self.bind("", list);

        let own = self.hint(filter).unwrap_or_else(|| "if".into());
        let name = self.leaf_name(&Want::Plain, &own);
        let bind = self.bind_slots(binding);
        let body = self.open_iteration(binding, false);
        let answer = self.value(filter, Want::Empty);
        let uses = self.close(Some(answer));
        let items = Box::new(self.at(&list));
        let ask = NodeKind::Map { items, bind, filter: None, parallel: None, key: None, after: None, body };
        let answers = self.push_value(name, ask, uses, filter.span);

        let i = self.slot();
        let at = |base: Expr| {
            Expr::new(ExprKind::Index { base: Box::new(base), index: local(i) }, Default::default())
        };
        let pair =
            vec![Entry::Field("value".into(), at(self.at(&list))), Entry::Field("keep".into(), at(answers))];
        let count = ExprKind::Builtin(Builtin::Len, vec![self.at(&list)]);
        let count = self.made(count, span);
        let range = ExprKind::Builtin(Builtin::Range, vec![Expr::constant(Value::Int(0)), count]);
        let items = Box::new(self.made(range, span));
        let body = Box::new(self.made(ExprKind::Record(pair), span));
        let pairs = ExprKind::For { items, bind: Bind::One(i), filter: None, body };
        let pairs = self.made(pairs, span);

        let slot = self.slot();
        self.bind_paired(binding, Place::Local(slot));
        let keep = ExprKind::Field { base: local(slot), name: "keep".into(), optional: false };
        let filter = Some(Box::new(self.made(keep, span)));
        Over { items: Box::new(pairs), bind: Bind::One(slot), filter, paired: true }
    }

    /// The loop's names stand for the `value` of what is at a place.
    fn bind_paired(&mut self, binding: &'a Binding, pair: Place) {
        let value = Place::FieldOf(Rc::new(pair), "value".into());
        match binding {
            Binding::Name(bound) => {
                self.places.insert(bound.id, value);
            }
            Binding::Fields(bounds, _) => self.bind_fields(bounds, value),
        }
    }

    /// Begins the body of an iteration: what the loop binds are its parameters.
    pub(super) fn open_iteration(&mut self, binding: &'a Binding, paired: bool) -> crate::plan::BodyId {
        let bounds: Vec<&ast::Bound> = match binding {
            Binding::Name(bound) => vec![bound],
            Binding::Fields(bounds, _) => bounds.iter().collect(),
        };
        if paired {
            let body = self.open(vec!["pair".into()], true);
            self.bind_paired(binding, Place::Param(body, 0));
            return body;
        }
        let body = self.open(bounds.iter().map(|b| b.name.text.clone()).collect(), true);
        for (i, bound) in bounds.iter().enumerate() {
            self.places.insert(bound.id, Place::Param(body, i as u16));
        }
        body
    }

    /// The name of a loop's node, and how what is all of its block is called.
    pub(super) fn loop_name(&mut self, want: &Want, keyword: &str, body: &'a Block) -> (EcoString, Want) {
        if *want != Want::Plain {
            return (self.leaf_name(want, keyword), Want::Empty);
        }
        match self.block_hint(body) {
            Some(own) => (self.leaf_name(want, &own), Want::Itself),
            None => (self.leaf_name(want, keyword), Want::Plain),
        }
    }

    fn block_hint(&self, block: &'a Block) -> Option<EcoString> {
        match &*block.stmts {
            [ast::Stmt { kind: StmtKind::Task(decl), .. }] => Some(decl.name.text.clone()),
            _ => self.hint(sole(block)?),
        }
    }

    /// The name that an expression brings along: its callee's, through loops and `try`.
    pub(super) fn hint(&self, expr: &'a ast::Expr) -> Option<EcoString> {
        let mut at = bare(expr);
        loop {
            at = match &at.kind {
                K::With { base, .. } => bare(base),
                K::Call { callee, .. } => {
                    return self.is_task_call(at.id).then(|| super::call::callee_name(callee));
                }
                K::For(of) => bare(sole(&of.body)?),
                K::RaceFor(of) => bare(sole(&of.body)?),
                K::Try { body, .. } => bare(sole(body)?),
                _ => return None,
            };
        }
    }

    pub(super) fn repeat_expr(&mut self, expr: &'a ast::Expr, of: &'a ast::Repeat, want: Want) -> Expr {
        let asks = self.has_tasks(&of.until);
        if self.pure || !(asks || self.block_has_tasks(&of.body)) {
            return self.pure_repeat(expr, of);
        }
        let start = Box::new(self.expr(&of.start));
        let max = Box::new(self.prop_or(of.with.as_ref(), "max", Value::Int(1)));
        let every = of.with.as_ref().and_then(|w| w.get("every")).map(|p| Box::new(self.expr(&p.value)));
        let on_max = if super::pure::fails_on_max(of.with.as_ref()) { OnMax::Fail } else { OnMax::Last };
        let name = self.leaf_name(&want, &of.name.name.text);
        let inner = if want == Want::Plain { Want::Plain } else { Want::Empty };

        let body = self.open(vec![of.name.name.text.clone()], true);
        self.places.insert(of.name.id, Place::Param(body, 0));
        let mut value = self.body_block(&of.body, inner);
        let until = if asks {
            let next = self.bind("next", value);
            value = self.at(&next);
            self.places.insert(of.name.id, next);
            self.hold_back(0, of.until.span);
            self.expr(&of.until)
        } else {
            self.places.insert(of.name.id, Place::Next);
            self.purely(|l| l.expr(&of.until))
        };
        self.note_outer(&until);
        let uses = self.close(Some(value));
        let kind = NodeKind::Loop { start, max, every, on_max, body, until: Box::new(until) };
        self.push_value(name, kind, uses, expr.span)
    }
}
