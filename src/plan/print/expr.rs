//! Expressions, patterns, values and types as compact text.

use super::Printer;
use crate::plan::{Arm, Bind, Entry, Expr, ExprKind, Part, Pattern, Ref, Step, Unary};
use crate::value::{Type, TypeId, Value, text};
use ecow::EcoString;

impl Printer<'_> {
    pub(super) fn each_of(&mut self, word: &str, items: &Expr, bind: &Bind, filter: Option<&Expr>) {
        self.put(format_args!("{word} "));
        self.bind(bind);
        self.out.push_str(" in ");
        self.expr(items);
        if let Some(filter) = filter {
            self.out.push_str(" if ");
            self.expr(filter);
        }
    }

    fn bind(&mut self, bind: &Bind) {
        match bind {
            Bind::One(slot) => self.put(format_args!("_{slot}")),
            Bind::Fields(fields) => {
                self.out.push('{');
                self.each(fields, |p, (name, slot)| p.put(format_args!("{name}: _{slot}")));
                self.out.push('}');
            }
        }
    }

    pub(super) fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Any => self.out.push('_'),
            Pattern::None => self.out.push_str("none"),
            Pattern::Literal(value) => self.value(value),
            Pattern::Bind(slot) => self.put(format_args!("_{slot}")),
            Pattern::Variant { index, args } => {
                self.put(format_args!("#{index}("));
                self.each(args, Self::pattern);
                self.out.push(')');
            }
            Pattern::Or(of) => {
                for (i, pattern) in of.iter().enumerate() {
                    if i > 0 {
                        self.out.push('|');
                    }
                    self.pattern(pattern);
                }
            }
        }
    }

    /// The name of what a reference leads to, where it has one.
    fn name_of(&self, r: Ref) -> Option<&EcoString> {
        let outward = |up: u16| {
            let mut at = self.named?;
            for _ in 0..up {
                at = self.plan.body(at).parent?;
            }
            Some(self.plan.body(at))
        };
        let name = match r {
            Ref::Node { up, node } => &outward(up)?.nodes.get(node.index())?.name,
            Ref::Param { up, index } => outward(up)?.params.get(usize::from(index))?,
            Ref::Let { up, index } => &outward(up)?.lets.get(index as usize)?.name,
            Ref::Arg(_) | Ref::Local(_) | Ref::Result | Ref::Next => return None,
        };
        (!name.is_empty()).then_some(name)
    }

    fn reference(&mut self, r: Ref) {
        if let Some(name) = self.name_of(r).cloned() {
            return self.out.push_str(&name);
        }
        let up = |up: u16| "^".repeat(up as usize);
        match r {
            Ref::Node { up: u, node } => self.put(format_args!("{}%{}", up(u), node.0)),
            Ref::Param { up: u, index } => self.put(format_args!("{}${index}", up(u))),
            Ref::Let { up: u, index } => self.put(format_args!("{}let{index}", up(u))),
            Ref::Arg(index) => self.put(format_args!("@{index}")),
            Ref::Local(slot) => self.put(format_args!("_{slot}")),
            Ref::Result => self.out.push_str("result"),
            Ref::Next => self.out.push_str("next"),
        }
    }

    pub(super) fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Const(value) => self.value(value),
            ExprKind::Ref(r) => self.reference(*r),
            ExprKind::Field { base, name, optional } => {
                self.expr(base);
                self.put(format_args!("{}.{name}", if *optional { "?" } else { "" }));
            }
            ExprKind::Index { base, index } => {
                self.expr(base);
                self.out.push('[');
                self.expr(index);
                self.out.push(']');
            }
            ExprKind::Unary(op, of) => {
                self.out.push_str(if *op == Unary::Not { "not " } else { "-" });
                self.expr(of);
            }
            ExprKind::Binary(op, left, right) => {
                self.out.push('(');
                self.expr(left);
                self.put(format_args!(" {} ", op.sign()));
                self.expr(right);
                self.out.push(')');
            }
            ExprKind::List(_) | ExprKind::Record(_) | ExprKind::Interpolate(_) => self.made(expr),
            ExprKind::Builtin(builtin, args) => self.applied(builtin.name(), args),
            ExprKind::Call(id, args) => {
                let name = self.plan.fns.get(id.index()).map_or("?", |f| f.name.as_str()).to_string();
                self.applied(&name, args);
            }
            ExprKind::Variant { name, fields, .. } => {
                self.put(format_args!("#{name}("));
                self.each(fields, |p, (name, value)| p.named(name, value));
                self.out.push(')');
            }
            ExprKind::FromJson(ty, inner) | ExprKind::Fit(ty, inner) => {
                self.expr(inner);
                let how = if matches!(expr.kind, ExprKind::Fit(..)) { " as " } else { " decoded as " };
                self.out.push_str(how);
                self.ty(*ty);
            }
            ExprKind::If { .. }
            | ExprKind::Match { .. }
            | ExprKind::For { .. }
            | ExprKind::Repeat(_)
            | ExprKind::Try { .. }
            | ExprKind::Block { .. } => self.control(expr),
        }
    }

    fn made(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::List(elements) => {
                self.out.push('[');
                self.each(elements, |p, e| {
                    p.out.push_str(if e.splice { "..." } else { "" });
                    p.expr(&e.value);
                });
                self.out.push(']');
            }
            ExprKind::Record(entries) => {
                self.out.push('{');
                self.each(entries, |p, entry| match entry {
                    Entry::Field(name, value) => p.named(name, value),
                    Entry::Spread(value) => {
                        p.out.push_str("...");
                        p.expr(value);
                    }
                });
                self.out.push('}');
            }
            ExprKind::Interpolate(parts) => {
                self.out.push('"');
                for part in parts {
                    match part {
                        Part::Text(text) => self.put(format_args!("{}", text.escape_debug())),
                        Part::Value(value) => {
                            self.out.push_str("#{");
                            self.expr(value);
                            self.out.push('}');
                        }
                    }
                }
                self.out.push('"');
            }
            _ => {}
        }
    }

    fn control(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::If { cond, then, otherwise } => {
                self.out.push_str("if ");
                self.expr(cond);
                self.out.push_str(" {");
                self.expr(then);
                self.out.push('}');
                if let Some(otherwise) = otherwise {
                    self.out.push_str(" else {");
                    self.expr(otherwise);
                    self.out.push('}');
                }
            }
            ExprKind::Match { value, arms } => {
                self.out.push_str("match ");
                self.expr(value);
                self.out.push_str(" {");
                self.each(arms, |p, Arm { pattern, guard, value }| {
                    p.pattern(pattern);
                    if let Some(guard) = guard {
                        p.out.push_str(" if ");
                        p.expr(guard);
                    }
                    p.out.push_str(" => ");
                    p.expr(value);
                });
                self.out.push('}');
            }
            ExprKind::For { items, bind, filter, body } => {
                self.each_of("for", items, bind, filter.as_deref());
                self.out.push_str(" {");
                self.expr(body);
                self.out.push('}');
            }
            ExprKind::Repeat(r) => {
                self.put(format_args!("repeat _{} = ", r.draft));
                self.expr(&r.start);
                self.out.push_str(" max ");
                self.expr(&r.max);
                self.out.push_str(" {");
                self.steps(&r.steps);
                self.expr(&r.value);
                self.put(format_args!("}} as _{} until ", r.next));
                self.expr(&r.until);
            }
            ExprKind::Try { body, error, catch } => {
                self.out.push_str("try {");
                self.expr(body);
                self.out.push('}');
                if let Some(catch) = catch {
                    self.put(format_args!(" catch _{error} {{"));
                    self.expr(catch);
                    self.out.push('}');
                }
            }
            ExprKind::Block { steps, value } if steps.is_empty() => self.expr(value),
            ExprKind::Block { steps, value } => {
                self.out.push('{');
                self.steps(steps);
                self.expr(value);
                self.out.push('}');
            }
            _ => {}
        }
    }

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Let(slot, value) => {
                    self.put(format_args!("_{slot} = "));
                    self.expr(value);
                }
                Step::Assert { cond, .. } => {
                    self.out.push_str("assert ");
                    self.expr(cond);
                }
            }
            self.out.push_str("; ");
        }
    }

    fn named(&mut self, name: &EcoString, value: &Expr) {
        self.put(format_args!("{name}: "));
        self.expr(value);
    }

    fn applied(&mut self, name: &str, args: &[Expr]) {
        self.put(format_args!("{name}("));
        self.each(args, Self::expr);
        self.out.push(')');
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::None => self.out.push_str("none"),
            Value::Unit => self.out.push_str("()"),
            Value::Bool(b) => self.put(format_args!("{b}")),
            Value::Int(n) => self.put(format_args!("{n}")),
            Value::Float(f) => self.put(format_args!("{f:?}")),
            Value::Str(text) => self.put(format_args!("{text:?}")),
            Value::Duration(ms) => self.put(format_args!("{}", text::duration(*ms))),
            Value::Bytes(n) => self.put(format_args!("{}", text::bytes(*n))),
            Value::Money(n) => self.put(format_args!("{}", text::money(*n))),
            Value::List(items) => {
                self.out.push('[');
                self.each(items.iter(), Self::value);
                self.out.push(']');
            }
            Value::Record(fields) => {
                self.out.push('{');
                self.each(fields.iter(), |p, (name, value)| {
                    p.put(format_args!("{name}: "));
                    p.value(value);
                });
                self.out.push('}');
            }
            Value::Variant(v) => self.put(format_args!("#{}", v.name)),
            Value::Agent(_, name) => self.put(format_args!("agent:{name}")),
            Value::Secret(_) => self.out.push_str("secret"),
        }
    }

    /// A type, down to where it has a name.
    pub(super) fn ty(&mut self, id: TypeId) {
        match self.plan.types.get(id) {
            Type::List(of) => {
                self.out.push('[');
                self.ty(*of);
                self.out.push(']');
            }
            Type::Map(of) => {
                self.out.push_str("{String: ");
                self.ty(*of);
                self.out.push('}');
            }
            Type::Optional(of) => {
                self.ty(*of);
                self.out.push('?');
            }
            Type::Record(record) => match &record.name {
                Some(name) => self.out.push_str(name),
                None => {
                    self.out.push('{');
                    self.each(&record.fields, |p, f| p.out.push_str(&f.name));
                    self.out.push('}');
                }
            },
            Type::Enum(of) => self.out.push_str(&of.name),
            plain => self.put(format_args!("{plain:?}")),
        }
    }
}
