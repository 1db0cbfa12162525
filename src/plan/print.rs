//! A plan as compact text, for `--emit` and for tests: what each pass made of it, one line a node.
//!
//! `%3` is a node, `$0` a parameter, `let0` a lazy binding, each with a `^` for every body outward; `@0` an argument of a
//! definition, `_0` a slot.

use super::{
    Action, Arm, Binary, Bind, Body, BodyId, CallSettings, Entry, Expr, ExprKind, Limit, Node, NodeKind,
    Part, Pattern, Plan, RaceKind, Ref, Retry, ScriptPart, Step, TaskDef, Unary,
};
use crate::value::{Type, TypeId, Value};
use ecow::EcoString;
use std::fmt::Write as _;

/// The whole plan.
pub fn print(plan: &Plan) -> String {
    let mut p = Printer { plan, named: None, out: String::new() };
    p.head();
    for task in &plan.tasks {
        p.task(task);
    }
    for (i, body) in plan.bodies.iter().enumerate() {
        p.body(i, body);
    }
    p.out
}

/// One expression.
pub fn print_expr(plan: &Plan, expr: &Expr) -> String {
    let mut p = Printer { plan, named: None, out: String::new() };
    p.expr(expr);
    p.out
}

/// One expression of a body for people: what it refers to by name.
pub fn print_named(plan: &Plan, body: BodyId, expr: &Expr) -> String {
    let mut p = Printer { plan, named: Some(body), out: String::new() };
    p.expr(expr);
    p.out
}

struct Printer<'p> {
    plan: &'p Plan,
    /// The body in whose terms references are named.
    named: Option<BodyId>,
    out: String,
}

impl Printer<'_> {
    /// Appends text. Writing to a `String` does not fail.
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = self.out.write_fmt(text);
    }

    fn each<T>(&mut self, items: impl IntoIterator<Item = T>, mut f: impl FnMut(&mut Self, T)) {
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                self.out.push_str(", ");
            }
            f(self, item);
        }
    }

    fn head(&mut self) {
        let plan = self.plan;
        self.put(format_args!("workflow {}(", plan.workflow));
        self.each(&plan.inputs, |p, input| {
            p.put(format_args!("{}: ", input.name));
            p.ty(input.ty);
            if let Some(default) = &input.default {
                p.out.push_str(" = ");
                p.expr(default);
            }
        });
        self.out.push_str(") -> ");
        self.ty(plan.result);
        self.settings(&plan.settings);
        self.out.push('\n');
        for contract in &plan.contracts {
            self.out.push_str("contract ");
            self.expr(&contract.cond);
            self.out.push('\n');
        }
        for agent in &plan.agents {
            self.put(format_args!("agent {}\n", agent.name));
        }
        for resource in plan.resources.iter().skip(2) {
            match resource.limit {
                Limit::Machine => self.put(format_args!("resource {}\n", resource.name)),
                Limit::Capacity(n) => self.put(format_args!("resource {} capacity {n}\n", resource.name)),
                Limit::Rate { units, per_ms } => {
                    self.put(format_args!("resource {} rate {units} per {per_ms}ms\n", resource.name));
                }
            }
        }
        for function in &plan.fns {
            self.put(format_args!("fn {} = ", function.name));
            self.expr(&function.body);
            self.out.push('\n');
        }
        for secret in &plan.secrets {
            self.put(format_args!("secret {secret}\n"));
        }
        for missing in &plan.missing {
            self.put(format_args!("missing {} at {}\n", missing.what, plan.place(missing.spot)));
        }
    }

    fn settings(&mut self, settings: &CallSettings) {
        let CallSettings { parallel, deadline, continue_on_failure, env, checkpoint, budget } = settings;
        for (name, value) in
            [("parallel", parallel), ("deadline", deadline), ("env", env), ("budget", budget)]
        {
            if let Some(value) = value {
                self.put(format_args!(" {name}: "));
                self.expr(value);
            }
        }
        if *continue_on_failure {
            self.out.push_str(" on_failure: continue");
        }
        if let Some(checkpoint) = checkpoint {
            self.put(format_args!(" checkpoint: {checkpoint}"));
        }
    }

    fn task(&mut self, task: &TaskDef) {
        self.put(format_args!("task {}(", task.name));
        self.each(&task.params, |p, (name, ty)| {
            p.put(format_args!("{name}: "));
            p.ty(*ty);
        });
        self.out.push_str(") -> ");
        self.ty(task.result);
        self.out.push_str(" = ");
        self.action(&task.action);
        self.props(&task.props);
        self.out.push('\n');
    }

    fn action(&mut self, action: &Action) {
        match action {
            Action::Agent { agent, prompt, context } => {
                self.out.push_str("agent ");
                self.expr(agent);
                self.out.push_str(" prompt ");
                self.expr(prompt);
                if let Some(context) = context {
                    self.out.push_str(" context ");
                    self.expr(context);
                }
            }
            Action::Run { argv } => {
                self.out.push_str("run ");
                self.expr(argv);
            }
            Action::Sh { script } => {
                self.out.push_str("sh ");
                for part in script {
                    match part {
                        ScriptPart::Text(text) => self.put(format_args!("{text:?}")),
                        ScriptPart::Word(expr) => {
                            self.out.push('<');
                            self.expr(expr);
                            self.out.push('>');
                        }
                    }
                }
            }
            Action::Http { request } => {
                self.out.push_str("http ");
                self.expr(request);
            }
            Action::Mcp { server, tool, args } => {
                self.put(format_args!("mcp {server}.{tool}"));
                args.iter().for_each(|a| self.expr(a));
            }
            Action::Builtin { task, args } => {
                self.put(format_args!("built-in {}(", task.name()));
                self.each(args, |p, arg| match arg {
                    Some(arg) => p.expr(arg),
                    None => p.out.push('-'),
                });
                self.out.push(')');
            }
        }
    }

    fn props(&mut self, props: &super::Props) {
        let singles = [
            ("cwd", &props.cwd),
            ("env", &props.env),
            ("stdin", &props.stdin),
            ("allow_exit", &props.allow_exit),
            ("reads", &props.reads),
            ("writes", &props.writes),
            ("timeout", &props.timeout),
            ("estimate", &props.estimate),
            ("accept", &props.accept),
            ("verify", &props.verify),
            ("priority", &props.priority),
            ("description", &props.description),
        ];
        for (name, value) in singles {
            if let Some(value) = value {
                self.put(format_args!(" {name}: "));
                self.expr(value);
            }
        }
        for (id, units) in &props.resources {
            self.put(format_args!(" {}: ", self.plan.resources[id.index()].name));
            self.expr(units);
        }
        if let Some(output) = &props.output {
            self.put(format_args!(" output: {output:?}"));
        }
        if let Some(on_crash) = &props.on_crash {
            self.put(format_args!(" on_crash: {on_crash:?}"));
        }
        if let Some(retry) = &props.retry {
            self.retry(retry);
        }
        for (name, value) in &props.later {
            self.put(format_args!(" {name}: "));
            self.expr(value);
        }
    }

    fn retry(&mut self, retry: &Retry) {
        self.out.push_str(" retry: ");
        self.expr(&retry.max);
        for (name, value) in
            [("backoff", &retry.backoff), ("factor", &retry.factor), ("jitter", &retry.jitter)]
        {
            if let Some(value) = value {
                self.put(format_args!(" {name} "));
                self.expr(value);
            }
        }
        if let Some(on) = &retry.on {
            self.put(format_args!(" on {}", on.join("|")));
        }
    }

    fn body(&mut self, index: usize, body: &Body) {
        self.put(format_args!("body {index} ("));
        self.each(&body.params, |p, name| p.out.push_str(name));
        self.out.push(')');
        if let Some(parent) = body.parent {
            self.put(format_args!(" in {}", parent.0));
        }
        self.out.push('\n');
        for (i, binding) in body.lets.iter().enumerate() {
            self.put(format_args!("  let{i} {} = ", binding.name));
            self.expr(&binding.value);
            self.out.push('\n');
        }
        for (i, node) in body.nodes.iter().enumerate() {
            self.node(i, node);
        }
        if let Some(result) = &body.result {
            self.out.push_str("  = ");
            self.expr(result);
            self.out.push('\n');
        }
    }

    fn node(&mut self, index: usize, node: &Node) {
        self.put(format_args!("  %{index} {} ", if node.name.is_empty() { "·" } else { &node.name }));
        self.kind(&node.kind);
        if !node.needs.is_empty() {
            self.out.push_str(" needs ");
            self.each(&node.needs, |p, need| p.put(format_args!("%{}", need.0)));
        }
        for (name, value) in
            [("wave", i64::from(node.wave)), ("est", node.estimate_ms), ("path", node.path_ms)]
        {
            if value != 0 {
                self.put(format_args!(" {name} {value}"));
            }
        }
        self.out.push('\n');
    }

    fn kind(&mut self, kind: &NodeKind) {
        match kind {
            NodeKind::Task { def, args, overrides } => {
                self.put(format_args!("do {}(", self.plan.task(*def).name));
                self.each(args, Self::expr);
                self.out.push(')');
                overrides.iter().for_each(|o| self.props(o));
            }
            NodeKind::Assert { cond, .. } => {
                self.out.push_str("assert ");
                self.expr(cond);
            }
            NodeKind::Join => self.out.push_str("join"),
            NodeKind::Map { items, bind, filter, parallel, key, after, body } => {
                self.each_of("map", items, bind, filter.as_deref());
                for (name, value) in [("parallel", parallel), ("key", key), ("after", after)] {
                    if let Some(value) = value {
                        self.put(format_args!(" {name} "));
                        self.expr(value);
                    }
                }
                self.put(format_args!(" body {}", body.0));
            }
            NodeKind::Branch { value, arms } => {
                self.out.push_str("branch");
                if let Some(value) = value {
                    self.out.push(' ');
                    self.expr(value);
                }
                for arm in arms {
                    self.out.push_str(" | ");
                    self.pattern(&arm.pattern);
                    if let Some(guard) = &arm.guard {
                        self.out.push_str(" if ");
                        self.expr(guard);
                    }
                    self.put(format_args!(" body {}", arm.body.0));
                }
            }
            NodeKind::Loop { start, max, every, on_max, body, until } => {
                self.out.push_str("loop ");
                self.expr(start);
                self.out.push_str(" max ");
                self.expr(max);
                if let Some(every) = every {
                    self.out.push_str(" every ");
                    self.expr(every);
                }
                self.put(format_args!(" then {on_max:?} body {} until ", body.0));
                self.expr(until);
            }
            NodeKind::Try { body, catch, finally } => {
                self.put(format_args!("try body {}", body.0));
                for (name, body) in [("catch", catch), ("finally", finally)] {
                    if let Some(body) = body {
                        self.put(format_args!(" {name} body {}", body.0));
                    }
                }
            }
            NodeKind::Race { entrants, need } => {
                match entrants {
                    RaceKind::Bodies(bodies) => {
                        self.out.push_str("race");
                        for body in bodies {
                            self.put(format_args!(" | body {}", body.0));
                        }
                    }
                    RaceKind::Each { items, bind, filter, body } => {
                        self.each_of("race each", items, bind, filter.as_deref());
                        self.put(format_args!(" body {}", body.0));
                    }
                }
                if let Some(need) = need {
                    self.out.push_str(" need ");
                    self.expr(need);
                }
            }
            NodeKind::Call { workflow, args, settings, body } => {
                self.put(format_args!("call {workflow}("));
                self.each(args, Self::expr);
                self.put(format_args!(") body {}", body.0));
                self.settings(settings);
            }
        }
    }

    fn each_of(&mut self, word: &str, items: &Expr, bind: &Bind, filter: Option<&Expr>) {
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

    fn pattern(&mut self, pattern: &Pattern) {
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

    fn expr(&mut self, expr: &Expr) {
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
                self.put(format_args!(" {} ", sign(*op)));
                self.expr(right);
                self.out.push(')');
            }
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
            Value::Duration(ms) => self.put(format_args!("{ms}ms")),
            Value::Bytes(n) => self.put(format_args!("{n}B")),
            Value::Money(n) => self.put(format_args!("${n}e-4")),
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
    fn ty(&mut self, id: TypeId) {
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

fn sign(op: Binary) -> &'static str {
    match op {
        Binary::Or => "or",
        Binary::And => "and",
        Binary::Eq => "==",
        Binary::Ne => "!=",
        Binary::Lt => "<",
        Binary::Le => "<=",
        Binary::Gt => ">",
        Binary::Ge => ">=",
        Binary::In => "in",
        Binary::Coalesce => "??",
        Binary::Add => "+",
        Binary::Sub => "-",
        Binary::Mul => "*",
        Binary::Div => "/",
    }
}
