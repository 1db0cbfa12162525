//! Expressions.

use super::{Walk, Wanted};
use crate::ast::{
    Arg, Binding, Block, Catch, Entry, Expr, ExprKind, ForLoop, MatchArm, Name, Prop, Props, RaceLoop,
    Repeat, Str, StrPart,
};
use crate::resolve::{DefKind, Res, errors, suggest};
use crate::types::{BUILTIN_ENUMS, Builtin};

/// Properties whose value is one of a fixed set of names: what is no such name is reported by `types`, which knows them.
const CHOICES: &[&str] = &[
    "output",
    "workspace",
    "on_conflict",
    "on_crash",
    "sandbox",
    "runtime",
    "on_failure",
    "on_max",
    "order",
    "checkpoint",
];

impl<'t> Walk<'_, 't> {
    /// An expression that stands for a value.
    pub(super) fn expr(&mut self, expr: &'t Expr) {
        let head = self.chain(expr);
        self.must_be_value(expr, head);
    }

    /// A chain of `.name`, `[…]`, `(…)` and `with {…}`, from its first link on. Gives what the whole stands for, where that
    /// is a name's meaning and not a value worked out.
    fn chain(&mut self, expr: &'t Expr) -> Option<Res> {
        let from = self.spine.len();
        let mut at = expr;
        while let ExprKind::Field { base, .. }
        | ExprKind::Index { base, .. }
        | ExprKind::With { base, .. }
        | ExprKind::Call { callee: base, .. } = &at.kind
        {
            self.spine.push(at);
            at = base;
        }
        let mut head = match &at.kind {
            ExprKind::Name(name) => {
                let called = matches!(self.spine.last(), Some(Expr { kind: ExprKind::Call { .. }, .. }))
                    && self.spine.len() > from;
                self.value(at.id, name, called)
            }
            _ => {
                self.inside(at);
                None
            }
        };
        while self.spine.len() > from {
            let Some(link) = self.spine.pop() else { break };
            head = self.link(link, at, head);
            at = link;
        }
        head
    }

    fn link(&mut self, link: &'t Expr, base: &'t Expr, head: Option<Res>) -> Option<Res> {
        match &link.kind {
            ExprKind::Field { name, .. } => return self.field(link, base, name, head),
            ExprKind::Index { index, .. } => {
                self.must_be_value(base, head);
                self.expr(index);
            }
            ExprKind::With { props, .. } => {
                self.must_be_value(base, head);
                self.props(props);
            }
            ExprKind::Call { type_args, args, .. } => {
                let include = head == Some(Res::Builtin(Builtin::Include));
                self.must_be_value(base, head);
                for arg in type_args.iter() {
                    self.type_expr(arg);
                }
                self.args(args);
                if include {
                    self.include(link, args);
                }
            }
            _ => {}
        }
        None
    }

    fn args(&mut self, args: &'t [Arg]) {
        for arg in args {
            self.expr(&arg.value);
        }
    }

    /// `base.name`: a member of a module, stage or enum, else a field, which is for `types`.
    fn field(&mut self, link: &'t Expr, base: &'t Expr, name: &Name, head: Option<Res>) -> Option<Res> {
        let res = match head? {
            Res::Error => Res::Error,
            Res::Module(id) => self.member_of(id, name),
            Res::Local(id) if self.stages.contains(&id) => self.stage_member(id, base, name),
            res @ (Res::Def(_) | Res::BuiltinType) => {
                let of = base.last_name()?;
                match self.enum_of(&res, of) {
                    Some(id) => self.variant(id, &of.text, name),
                    None if self.is_type(&res) => {
                        self.must_be_value(base, Some(res));
                        Res::Error
                    }
                    None => return None,
                }
            }
            Res::Local(_)
            | Res::Builtin(_)
            | Res::BuiltinTask(_)
            | Res::Result
            | Res::TypeParam(_)
            | Res::Variant(..) => return None,
        };
        self.refer(&res, name.span);
        self.facts.names.insert(link.id, res.clone());
        Some(res)
    }

    fn stage_member(&mut self, stage: crate::ast::NodeId, base: &Expr, name: &Name) -> Res {
        if let Some(res) = self.members.get(&(stage, name.text.clone())) {
            return res.clone();
        }
        if !self.whole_stages.contains(&stage) {
            return Res::Error;
        }
        let of = base.last_name().map_or("", |n| n.text.as_str());
        let bound = self.members.keys().filter(|(id, _)| *id == stage).map(|(_, n)| n.as_str());
        let near = self.world.affords(self.members.len());
        let near = near.then(|| suggest::near(&name.text, bound)).flatten();
        self.report(errors::not_in_module(name, &format!("the stage `{of}`"), near));
        Res::Error
    }

    /// A type or a module is no value.
    fn must_be_value(&mut self, expr: &Expr, head: Option<Res>) {
        let Some(head) = head else { return };
        let Some(name) = expr.last_name() else { return };
        let (is, help) = match &head {
            Res::Module(_) => ("a module", format!("one of its names is written `{}.name`", name.text)),
            Res::TypeParam(_) => ("a type parameter", String::new()),
            _ if self.is_type(&head) => match self.enum_of(&head, name) {
                Some(_) => ("an enum", format!("one of its variants is written `{}.variant`", name.text)),
                None => ("a type", "a value of a record type is written `{ field: … }`".to_string()),
            },
            _ => return,
        };
        self.report(errors::wrong_kind(name, is, "a value", &help));
        self.facts.names.insert(expr.id, Res::Error);
    }

    pub(super) fn is_type(&self, res: &Res) -> bool {
        match res {
            Res::BuiltinType | Res::TypeParam(_) => true,
            Res::Def(id) => matches!(self.world.defs[id.0 as usize].kind, DefKind::Type | DefKind::Enum(_)),
            Res::Module(_)
            | Res::Local(_)
            | Res::Builtin(_)
            | Res::BuiltinTask(_)
            | Res::Result
            | Res::Variant(..)
            | Res::Error => false,
        }
    }

    /// What is no chain.
    fn inside(&mut self, expr: &'t Expr) {
        match &expr.kind {
            ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Duration(_)
            | ExprKind::Bytes(_)
            | ExprKind::Money(_)
            | ExprKind::Bad => {}
            // The links of a chain never reach this place.
            ExprKind::Name(_)
            | ExprKind::Field { .. }
            | ExprKind::Index { .. }
            | ExprKind::Call { .. }
            | ExprKind::With { .. } => {}
            ExprKind::Str(text) => self.text(text),
            ExprKind::Unary { operand, .. } => self.expr(operand),
            ExprKind::Binary { .. } => self.operators(expr),
            ExprKind::If { .. } => self.branches(expr),
            ExprKind::Match { value, arms } => {
                self.expr(value);
                arms.iter().for_each(|arm| self.arm(arm));
            }
            ExprKind::For(head) => self.for_loop(head),
            ExprKind::RaceFor(head) => self.race_loop(head),
            ExprKind::Repeat(repeat) => self.repeat(repeat),
            ExprKind::Try { body, catch, finally } => {
                self.block(body);
                if let Some(catch) = catch {
                    self.catch(catch);
                }
                if let Some(finally) = finally {
                    self.block(finally);
                }
            }
            ExprKind::Race { entrants, with } => {
                entrants.iter().for_each(|e| self.expr(e));
                if let Some(with) = with {
                    self.props(with);
                }
            }
            ExprKind::Block(block) => self.block(block),
            ExprKind::List(elements) => {
                if let [only] = &elements[..]
                    && matches!(only.value.kind, ExprKind::For(_))
                    && !only.splice
                {
                    self.report(errors::list_of_for(expr.span, only.value.span));
                }
                elements.iter().for_each(|e| self.expr(&e.value));
            }
            ExprKind::Record(entries) => {
                for entry in entries {
                    match entry {
                        Entry::Field { value, .. } | Entry::Spread(value) => self.expr(value),
                    }
                }
            }
            ExprKind::Paren(inner) => self.expr(inner),
        }
    }

    /// `a + b + c`, which leans to the left: the left-most operand first.
    fn operators(&mut self, expr: &'t Expr) {
        let from = self.spine.len();
        let mut at = expr;
        while let ExprKind::Binary { left, .. } = &at.kind {
            self.spine.push(at);
            at = left;
        }
        self.expr(at);
        while self.spine.len() > from {
            if let Some(Expr { kind: ExprKind::Binary { right, .. }, .. }) = self.spine.pop() {
                self.expr(right);
            }
        }
    }

    fn branches(&mut self, expr: &'t Expr) {
        let mut at = expr;
        while let ExprKind::If { cond, then, otherwise } = &at.kind {
            self.expr(cond);
            self.block(then);
            match otherwise {
                Some(next) => at = next,
                None => return,
            }
        }
        self.expr(at);
    }

    fn arm(&mut self, arm: &'t MatchArm) {
        self.open(None);
        self.pattern(&arm.pattern);
        if let Some(guard) = &arm.guard {
            self.expr(guard);
        }
        self.expr(&arm.value);
        self.close();
    }

    fn for_loop(&mut self, head: &'t ForLoop) {
        let ForLoop { binding, items, filter, with, body } = head;
        self.each(binding, items, filter.as_ref(), with.as_ref(), body);
    }

    fn race_loop(&mut self, head: &'t RaceLoop) {
        let RaceLoop { binding, items, filter, with, body } = head;
        self.each(binding, items, filter.as_ref(), with.as_ref(), body);
    }

    /// A body for each element: what the two loops share.
    fn each(
        &mut self,
        binding: &'t Binding,
        items: &'t Expr,
        filter: Option<&'t Expr>,
        with: Option<&'t Props>,
        body: &'t Block,
    ) {
        self.expr(items);
        self.loop_props(with, false);
        self.open(None);
        self.binding(binding);
        if let Some(filter) = filter {
            self.expr(filter);
        }
        self.loop_props(with, true);
        self.block(body);
        self.close();
    }

    /// `key` and `after` are said of each element and see it; the others are said of the whole loop.
    fn loop_props(&mut self, props: Option<&'t Props>, of_element: bool) {
        for prop in props.iter().flat_map(|p| &p.list) {
            if matches!(prop.name.text.as_str(), "key" | "after") == of_element {
                self.prop_value(prop);
            }
        }
    }

    fn repeat(&mut self, repeat: &'t Repeat) {
        if let Some(ty) = &repeat.ty {
            self.type_expr(ty);
        }
        self.expr(&repeat.start);
        if let Some(with) = &repeat.with {
            self.props(with);
        }
        self.open(None);
        self.bind_bound(&repeat.name);
        self.open(Some(&repeat.body));
        self.stmts(&repeat.body);
        self.expr(&repeat.until);
        self.close();
        self.close();
    }

    fn catch(&mut self, catch: &'t Catch) {
        self.open(None);
        self.bind_bound(&catch.name);
        self.block(&catch.body);
        self.close();
    }

    pub(super) fn text(&mut self, text: &'t Str) {
        self.lookalikes(text);
        for part in &text.parts {
            match part {
                StrPart::Text(..) => {}
                StrPart::Expr(expr) => self.expr(expr),
            }
        }
    }

    pub(super) fn prop_value(&mut self, prop: &'t Prop) {
        let before = std::mem::replace(&mut self.wanted, Wanted::of(&prop.name.text));
        self.value_of_prop(prop);
        self.wanted = before;
    }

    fn value_of_prop(&mut self, prop: &'t Prop) {
        let property = prop.name.text.as_str();
        if !CHOICES.contains(&property) && !matches!(property, "agent" | "fallback") {
            self.expr(&prop.value);
            return;
        }
        match &prop.value.kind {
            ExprKind::Name(name) if self.is_choice(name, property) => {}
            ExprKind::Call { callee, type_args, args } if self.makes_choice(callee, property) => {
                type_args.iter().for_each(|t| self.type_expr(t));
                self.args(args);
            }
            _ => self.expr(&prop.value),
        }
    }

    fn makes_choice(&self, callee: &Expr, property: &str) -> bool {
        matches!(&callee.kind, ExprKind::Name(name) if self.is_choice(name, property))
    }

    /// Whether a name is one of the choices of a property: nothing of the name is in scope, or only a declaration or a
    /// built-in, which is no value of that kind.
    fn is_choice(&self, name: &Name, property: &str) -> bool {
        let chosen = match property {
            "agent" | "fallback" => return name.text == "skilled" && self.is_no_local(name),
            _ => property.replace('_', ""),
        };
        let of = BUILTIN_ENUMS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&chosen));
        let known = of.is_some_and(|(_, variants)| variants.contains(&name.text.as_str()));
        self.in_scope(&name.text).is_none() || known && self.is_no_local(name)
    }

    fn is_no_local(&self, name: &Name) -> bool {
        !matches!(self.in_scope(&name.text), Some(Res::Local(_)))
    }
}
