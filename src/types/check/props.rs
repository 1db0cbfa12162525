//! Properties against their table: known, once, of the right shape, in the right place.

use super::table::{self, At, Row};
use super::{Checker, Place};
use crate::ast::{Expr, Prop, Props, Repeat};
use crate::resolve::Res;
use crate::source::Span;
use crate::types::{BuiltinTask, Ty, errors};
use foldhash::HashMap;

pub(super) use table::place_of_call;

/// Where properties are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Site {
    /// In a declaration or construct.
    Own,
    /// In an inline task.
    Inline,
    /// In `with { … }` of a call.
    Call,
}

impl<'a> Checker<'a> {
    /// Checks all of them; `where_`: as in "a task".
    pub(super) fn props(&mut self, props: &'a Props, rows: &'static [Row], where_: &'static str, site: Site) {
        let mut seen: HashMap<&str, Span> = HashMap::default();
        for prop in &props.list {
            if let Some(first) = seen.insert(&prop.name.text, prop.name.span) {
                let twice = errors::duplicate("property", &prop.name.text, prop.name.span, Some(first));
                self.report(twice.fix("drop the second", prop.span, ""));
            }
            self.prop(prop, rows, where_, site);
        }
        let whole = is_whole(props, rows);
        for row in rows.iter().filter(|r| r.required && site == Site::Own) {
            if props.get(row.name).is_none() && whole {
                self.report(errors::missing_property(props.span, row.name, where_));
            }
        }
    }

    fn prop(&mut self, prop: &'a Prop, rows: &'static [Row], where_: &'static str, site: Site) {
        let name = &prop.name;
        let row = rows.iter().find(|r| name.text == r.name);
        let row = row.filter(|r| match (r.at, site) {
            (At::Bound, Site::Own) => false,
            (At::Both | At::Bound, Site::Own | Site::Inline | Site::Call) => true,
        });
        let Some(row) = row else {
            let names: Vec<&str> = rows.iter().map(|r| r.name).collect();
            let elsewhere = table::TABLES.iter().find(|(_, rows)| rows.iter().any(|r| name.text == r.name));
            let elsewhere = elsewhere.map(|(place, _)| *place);
            self.report(errors::unknown_property(name.span, &name.text, where_, &names, elsewhere));
            self.unknown_value(&prop.value);
            return;
        };
        self.shape(row, &prop.value);
        if row.fixed
            && let Some(moving) = self.unfixed(&prop.value)
        {
            self.report(errors::not_fixed(prop.value.span, row.name, moving));
        }
    }

    /// The value of a property that is not known: only what is inside it can be judged.
    fn unknown_value(&mut self, value: &'a Expr) {
        let before = self.out.len();
        self.expr(value, super::Want::Any);
        // What a name means depends on the property: nothing more is said.
        self.out.truncate(before);
    }

    pub(super) fn stage_settings(&mut self, props: &'a Props) {
        self.in_place(Place::Settings, |c| c.props(props, table::STAGE, "a stage", Site::Own));
    }

    pub(super) fn for_settings(&mut self, props: &'a Props) {
        self.in_place(Place::Settings, |c| c.props(props, table::FOR, "a `for`", Site::Own));
        let (key, after) = (props.get("key"), props.get("after"));
        if let (None, Some(after), false) = (key, after, props.broken) {
            self.report(errors::after_without_key(after.name.span));
        }
        if let (Some(key), Some(after)) = (key, after) {
            let key_ty = self.types.get(key.value.id).cloned();
            let after_ty = self.types.get(after.value.id).cloned();
            let (Some(key_ty), Some(after_ty)) = (key_ty, after_ty) else { return };
            let wanted = super::expr::list_of(key_ty);
            if after_ty != Ty::Error && self.known().fits(&after_ty, &wanted).is_none() {
                let shown = (self.show(&after_ty), self.show(&wanted));
                self.report(errors::after_keys(after.value.span, &shown.0, &shown.1, key.value.span));
            }
        }
    }

    pub(super) fn repeat_settings(&mut self, repeat: &'a Repeat) {
        match &repeat.with {
            Some(props) => {
                self.in_place(Place::Settings, |c| c.props(props, table::REPEAT, "a `repeat`", Site::Own));
            }
            None => self.report(errors::repeat_without_max(&repeat.name.name)),
        }
    }

    /// Whether it says `need`: the result is a list then.
    pub(super) fn race_settings(&mut self, props: Option<&'a Props>, entrants: Option<usize>) -> bool {
        let Some(props) = props else { return false };
        self.in_place(Place::Settings, |c| c.props(props, table::RACE, "a `race`", Site::Own));
        let Some(need) = props.get("need") else { return false };
        if let (crate::ast::ExprKind::Int(n), Some(count)) = (&need.value.kind, entrants)
            && usize::try_from(*n).is_ok_and(|n| n > count)
        {
            self.report(errors::need_too_many(need.value.span, *n, count));
        }
        true
    }

    pub(super) fn workflow_settings(&mut self, props: &'a Props, site: Site) {
        self.props(props, table::WORKFLOW, "a workflow", site);
    }

    pub(super) fn builtin_task_settings(&mut self, props: &'a Props, task: BuiltinTask) {
        let rows = if task == BuiltinTask::PlanOf { table::PLAN_OF } else { table::BUILT_IN_TASK };
        self.props(props, rows, "a built-in task", Site::Call);
    }

    /// `after: [a, b]`: names of what runs.
    pub(super) fn after(&mut self, value: &'a Expr) {
        let crate::ast::ExprKind::List(elements) = &value.kind else {
            self.report(errors::after_not_a_list(value.span, self.sources.text(value.span)));
            return;
        };
        for element in elements {
            let e = &element.value;
            if element.splice {
                self.report(errors::after_no_name(e.span, None));
                continue;
            }
            match self.res_of(e) {
                Some(Res::Local(id)) if self.scope.fixed.contains(id) => {
                    self.report(errors::after_nothing(e.span, self.sources.text(e.span)));
                }
                Some(Res::Local(_) | Res::Error) => {}
                Some(Res::Def(def)) => {
                    let name = &self.r.def(*def).name;
                    self.report(errors::after_declaration(e.span, &name.text, name.span));
                }
                _ => match &e.kind {
                    crate::ast::ExprKind::Name(name) => {
                        self.report(errors::unknown_name(name.span, &name.text, None));
                    }
                    crate::ast::ExprKind::Str(text) => {
                        let name = text.literal().filter(|name| {
                            name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
                                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                        });
                        self.report(errors::after_no_name(e.span, name.as_deref()));
                    }
                    _ => self.report(errors::after_no_name(e.span, None)),
                },
            }
        }
    }
}

/// Whether all that is written could be read and is known: else what is missing may be meant by the rest.
pub(super) fn is_whole(props: &Props, rows: &[Row]) -> bool {
    !props.broken && props.list.iter().all(|p| rows.iter().any(|r| p.name.text == r.name))
}
