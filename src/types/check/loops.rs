//! `for`, `repeat`, `race for`.

use super::expr::list_of;
use super::{Checker, Want};
use crate::ast::{Binding, Expr, ForLoop, RaceLoop, Repeat};
use crate::types::Ty;
use crate::types::errors::{self, Why};
use crate::types::known::record_ty;

impl<'a> Checker<'a> {
    pub(super) fn for_each(&mut self, each: &'a ForLoop, want: Want<'_>) -> Ty {
        let element = self.elements(&each.items);
        self.bind(&each.binding, &element);
        let mark = self.scope.narrowed.len();
        if let Some(filter) = &each.filter {
            self.condition(filter, "the `if` of this `for`");
            self.learn(filter, true);
        }
        if let Some(with) = &each.with {
            self.for_settings(with);
        }
        let ty = self.loop_body(&each.body, want);
        self.scope.narrowed.truncate(mark);
        ty
    }

    fn loop_body(&mut self, body: &'a crate::ast::Block, want: Want<'_>) -> Ty {
        let element = self.element_of(want);
        let inner = match (&element, want) {
            (Some(ty), Want::Type(_, why)) => Want::Type(ty, why),
            (Some(ty), _) => Want::Hint(ty),
            (None, Want::Nothing) => Want::Nothing,
            (None, Want::Any | Want::Hint(_) | Want::Type(..)) => Want::Any,
        };
        let found = self.body(body, inner);
        if matches!(want, Want::Nothing) {
            return Ty::Unit;
        }
        if found == Ty::Error { Ty::Error } else { list_of(found) }
    }

    pub(super) fn race_for(&mut self, race: &'a RaceLoop, want: Want<'_>) -> Ty {
        let element = self.elements(&race.items);
        self.bind(&race.binding, &element);
        let mark = self.scope.narrowed.len();
        if let Some(filter) = &race.filter {
            self.condition(filter, "the `if` of this `race`");
            self.learn(filter, true);
        }
        let need = self.race_settings(race.with.as_ref(), None);
        let ty = if need { self.loop_body(&race.body, want) } else { self.body(&race.body, want) };
        self.scope.narrowed.truncate(mark);
        ty
    }

    pub(super) fn repeat(&mut self, repeat: &'a Repeat, want: Want<'_>) -> Ty {
        let (ty, why) = match &repeat.ty {
            Some(written) => {
                let ty = self.written(written);
                self.checked_expr(&repeat.start, &ty, Why::Written(written.span));
                (ty, Why::Written(written.span))
            }
            None => {
                let found = self.expr(&repeat.start, Want::Any);
                (self.closed(found, &repeat.start), Why::Draft(repeat.start.span))
            }
        };
        self.types.insert(repeat.name.id, ty.clone());
        self.repeat_settings(repeat);
        let mark = self.scope.narrowed.len();
        self.open_block(&repeat.body, Want::Type(&ty, why));
        self.condition(&repeat.until, "`until`");
        self.scope.narrowed.truncate(mark);
        if matches!(want, Want::Nothing) { Ty::Unit } else { ty }
    }

    /// What a loop goes over: the elements of a list, the entries of a map.
    fn elements(&mut self, items: &'a Expr) -> Ty {
        let found = self.expr(items, Want::Any);
        let (inner, may_be_none) = self.known().inner(&found);
        if may_be_none {
            let shown = self.show(&found);
            return self.wrong(errors::none_items(items.span, &shown));
        }
        match &inner {
            Ty::List(element) if **element == Ty::Never => self.wrong(errors::loop_over_nothing(items.span)),
            Ty::List(element) => (**element).clone(),
            Ty::Map(value) => record_ty(&[("key", Ty::String), ("value", (**value).clone())]),
            Ty::Error => Ty::Error,
            _ => {
                let shown = self.show(&found);
                self.wrong(errors::not_iterable(items.span, &shown, &inner))
            }
        }
    }

    fn bind(&mut self, binding: &'a Binding, element: &Ty) {
        match binding {
            Binding::Name(bound) => self.types.insert(bound.id, element.clone()),
            Binding::Fields(bounds, span) => self.take_apart(bounds, *span, element),
        }
    }
}
