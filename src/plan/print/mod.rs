//! A plan as compact text, for `--emit` and for tests: what each pass made of it, one line a node.
//!
//! `%3` is a node, `$0` a parameter, `let0` a lazy binding, each with a `^` for every body outward; `@0` an argument of a
//! definition, `_0` a slot.

mod expr;

use super::{
    Action, Body, BodyId, BranchArm, CallSettings, Expr, Limit, Node, NodeKind, Plan, RaceKind, Retry,
    ScriptPart, TaskDef,
};
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
        let CallSettings { parallel, deadline, continue_on_failure, env, checkpoint, budget, workspace } =
            settings;
        for (name, value) in [
            ("parallel", parallel),
            ("deadline", deadline),
            ("env", env),
            ("budget", budget),
            ("workspace", workspace),
        ] {
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
            NodeKind::Branch { value, arms } => self.branch(value.as_deref(), arms),
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
            NodeKind::Race { entrants, need } => self.race(entrants, need.as_deref()),
            NodeKind::Call { workflow, args, settings, body } => {
                self.put(format_args!("call {workflow}("));
                self.each(args, Self::expr);
                self.put(format_args!(") body {}", body.0));
                self.settings(settings);
            }
        }
    }

    fn branch(&mut self, value: Option<&Expr>, arms: &[BranchArm]) {
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

    fn race(&mut self, entrants: &RaceKind, need: Option<&Expr>) {
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
}
