//! Walks over compiled expressions and over what holds them.
//!
//! Iterative: the depth of an expression costs no native stack here.

use super::{
    Action, CallSettings, Element, Entry, Expr, ExprKind, NodeKind, OnCrash, OutputFrom, Part, Props,
    RaceKind, Ref, Retry, ScriptPart, Spot, Step, TaskDef, TaskProps,
};
use crate::value::Value;

/// Calls `$f` with every expression directly below `$kind`; `$m` is empty or `mut`.
macro_rules! children {
    ($kind:expr, $f:expr, $iter:ident $(, $m:tt)?) => {
        match $kind {
            ExprKind::Const(_) | ExprKind::Ref(_) => {}
            ExprKind::Field { base, .. } => $f(base),
            ExprKind::Index { base, index } => {
                $f(base);
                $f(index);
            }
            ExprKind::Unary(_, operand) => $f(operand),
            ExprKind::Binary(_, left, right) => {
                $f(left);
                $f(right);
            }
            ExprKind::If { cond, then, otherwise } => {
                $f(cond);
                $f(then);
                if let Some(otherwise) = otherwise {
                    $f(otherwise);
                }
            }
            ExprKind::Match { value, arms } => {
                $f(value);
                for arm in arms.$iter() {
                    if let Some(guard) = & $($m)? arm.guard {
                        $f(guard);
                    }
                    $f(& $($m)? arm.value);
                }
            }
            ExprKind::For { items, filter, body, .. } => {
                $f(items);
                if let Some(filter) = filter {
                    $f(filter);
                }
                $f(body);
            }
            ExprKind::Repeat(repeat) => {
                let repeat = & $($m)? **repeat;
                $f(& $($m)? repeat.start);
                $f(& $($m)? repeat.max);
                for step in repeat.steps.$iter() {
                    children!(@step step, $f);
                }
                $f(& $($m)? repeat.value);
                $f(& $($m)? repeat.until);
            }
            ExprKind::Try { body, catch, .. } => {
                $f(body);
                if let Some(catch) = catch {
                    $f(catch);
                }
            }
            ExprKind::List(elements) => {
                for Element { value, .. } in elements.$iter() {
                    $f(value);
                }
            }
            ExprKind::Record(entries) => {
                for entry in entries.$iter() {
                    match entry {
                        Entry::Field(_, value) | Entry::Spread(value) => $f(value),
                    }
                }
            }
            ExprKind::Interpolate(parts) => {
                for part in parts.$iter() {
                    match part {
                        Part::Text(_) => {}
                        Part::Value(value) => $f(value),
                    }
                }
            }
            ExprKind::Block { steps, value } => {
                for step in steps.$iter() {
                    children!(@step step, $f);
                }
                $f(value);
            }
            ExprKind::Builtin(_, args) | ExprKind::Call(_, args) => {
                for arg in args.$iter() {
                    $f(arg);
                }
            }
            ExprKind::Variant { fields, .. } => {
                for (_, value) in fields.$iter() {
                    $f(value);
                }
            }
            ExprKind::FromJson(_, inner) | ExprKind::Fit(_, inner) => $f(inner),
        }
    };
    (@step $step:expr, $f:expr) => {
        match $step {
            Step::Let(_, value) => $f(value),
            Step::Assert { cond, message, .. } => {
                $f(cond);
                if let Some(message) = message {
                    $f(message);
                }
            }
        }
    };
}

impl Expr {
    /// An expression and where it was written.
    pub fn new(kind: ExprKind, spot: Spot) -> Expr {
        Expr { kind, spot }
    }

    /// A constant; it cannot fail, so it has no place.
    pub fn constant(value: Value) -> Expr {
        Expr { kind: ExprKind::Const(value), spot: Spot::default() }
    }

    /// A value in scope.
    pub fn reference(r: Ref) -> Expr {
        Expr { kind: ExprKind::Ref(r), spot: Spot::default() }
    }

    /// The value, when it is a constant.
    pub fn as_const(&self) -> Option<&Value> {
        if let ExprKind::Const(value) = &self.kind { Some(value) } else { None }
    }

    /// The expressions directly below.
    pub fn children<'e>(&'e self, f: &mut dyn FnMut(&'e Expr)) {
        children!(&self.kind, f, iter)
    }

    /// The expressions directly below, to change.
    pub fn children_mut<'e>(&'e mut self, f: &mut dyn FnMut(&'e mut Expr)) {
        children!(&mut self.kind, f, iter_mut, mut)
    }

    /// This expression and all below it, in no particular order.
    pub fn walk<'e>(&'e self, f: &mut dyn FnMut(&'e Expr)) {
        let mut stack = vec![self];
        while let Some(expr) = stack.pop() {
            f(expr);
            expr.children(&mut |child| stack.push(child));
        }
    }

    /// All references in it, in no particular order.
    pub fn refs(&self, f: &mut dyn FnMut(Ref)) {
        self.walk(&mut |e| {
            if let ExprKind::Ref(r) = e.kind {
                f(r);
            }
        });
    }

    /// Puts something else in place of references: what `f` gives is not looked into again.
    pub fn replace_refs(&mut self, f: &mut dyn FnMut(Ref) -> Option<ExprKind>) {
        let mut stack = vec![self];
        while let Some(expr) = stack.pop() {
            if let ExprKind::Ref(r) = expr.kind {
                if let Some(kind) = f(r) {
                    expr.kind = kind;
                }
                continue;
            }
            expr.children_mut(&mut |child| stack.push(child));
        }
    }
}

macro_rules! holders {
    ($name:ident, $iter:ident, $e:ty $(, $m:tt)?) => {
        impl NodeKind {
            /// The expressions that are evaluated in the scope of the node: all but `until` and the settings of a call.
            pub fn $name<'e>(&'e $($m)? self, f: &mut dyn FnMut($e)) {
                match self {
                    NodeKind::Task { args, overrides, .. } => {
                        args.$iter().for_each(&mut *f);
                        if let Some(overrides) = overrides {
                            overrides.$name(f);
                        }
                    }
                    NodeKind::Assert { cond, message, .. } => {
                        f(cond);
                        message.$iter().for_each(|e| f(e));
                    }
                    NodeKind::Join | NodeKind::Try { .. } => {}
                    NodeKind::Map { items, filter, parallel, key, after, .. } => {
                        f(items);
                        for e in [filter, parallel, key, after] {
                            e.$iter().for_each(|e| f(e));
                        }
                    }
                    NodeKind::Branch { value, arms } => {
                        value.$iter().for_each(|e| f(e));
                        for arm in arms.$iter() {
                            arm.guard.$iter().for_each(|e| f(e));
                        }
                    }
                    NodeKind::Loop { start, max, every, .. } => {
                        f(start);
                        f(max);
                        every.$iter().for_each(|e| f(e));
                    }
                    NodeKind::Race { entrants, need } => {
                        if let RaceKind::Each { items, filter, .. } = entrants {
                            f(items);
                            filter.$iter().for_each(|e| f(e));
                        }
                        need.$iter().for_each(|e| f(e));
                    }
                    NodeKind::Call { args, .. } => args.$iter().for_each(f),
                }
            }
        }

        impl Props {
            /// All its expressions.
            pub fn $name<'e>(&'e $($m)? self, f: &mut dyn FnMut($e)) {
                let Props {
                    cwd, env, stdin, output, allow_exit, reads, writes, resources, timeout, estimate, retry, accept,
                    verify, on_crash, priority, description, later,
                } = self;
                for e in [
                    cwd, env, stdin, allow_exit, reads, writes, timeout, estimate, accept, verify, priority, description,
                ] {
                    e.$iter().for_each(|e| f(e));
                }
                for output in output.$iter() {
                    if let OutputFrom::File(e) = & $($m)? **output {
                        f(e);
                    }
                }
                resources.$iter().for_each(|(_, e)| f(e));
                retry.$iter().for_each(|r| r.$name(f));
                for on_crash in on_crash.$iter() {
                    if let OnCrash::Probe(e) = & $($m)? **on_crash {
                        f(e);
                    }
                }
                later.$iter().for_each(|(_, e)| f(e));
            }
        }

        impl Retry {
            /// All its expressions.
            pub fn $name<'e>(&'e $($m)? self, f: &mut dyn FnMut($e)) {
                let Retry { max, backoff, factor, jitter, on: _ } = self;
                f(max);
                for e in [backoff, factor, jitter] {
                    e.$iter().for_each(&mut *f);
                }
            }
        }

        impl Action {
            /// All its expressions.
            pub fn $name<'e>(&'e $($m)? self, f: &mut dyn FnMut($e)) {
                match self {
                    Action::Agent { agent, prompt, context } => {
                        f(agent);
                        f(prompt);
                        context.$iter().for_each(|e| f(e));
                    }
                    Action::Run { argv } => f(argv),
                    Action::Sh { script } => {
                        for part in script.$iter() {
                            match part {
                                ScriptPart::Text(_) => {}
                                ScriptPart::Word(e) => f(e),
                            }
                        }
                    }
                    Action::Http { request } => f(request),
                    Action::Mcp { args, .. } => args.$iter().for_each(|e| f(e)),
                    Action::Builtin { args, .. } => args.$iter().flatten().for_each(f),
                }
            }
        }

        impl TaskProps {
            /// All expressions of the properties.
            pub fn $name<'e>(&'e $($m)? self, f: &mut dyn FnMut($e)) {
                self.0.$iter().for_each(|props| props.$name(f));
            }
        }

        impl TaskDef {
            /// All its expressions.
            pub fn $name<'e>(&'e $($m)? self, f: &mut dyn FnMut($e)) {
                self.action.$name(f);
                self.props.$name(f);
            }
        }

        impl CallSettings {
            /// All its expressions; they see the parameters of the called workflow.
            pub fn $name<'e>(&'e $($m)? self, f: &mut dyn FnMut($e)) {
                let CallSettings {
                    parallel,
                    deadline,
                    continue_on_failure: _,
                    env,
                    checkpoint: _,
                    budget,
                    workspace,
                } = self;
                for e in [parallel, deadline, env, budget, workspace] {
                    e.$iter().for_each(&mut *f);
                }
            }
        }
    };
}

holders!(exprs, iter, &'e Expr);
holders!(exprs_mut, iter_mut, &'e mut Expr, mut);

impl NodeKind {
    /// The bodies that the node owns, in order.
    pub fn bodies(&self) -> Vec<super::BodyId> {
        match self {
            NodeKind::Task { .. } | NodeKind::Assert { .. } | NodeKind::Join => Vec::new(),
            NodeKind::Map { body, .. } | NodeKind::Loop { body, .. } | NodeKind::Call { body, .. } => {
                vec![*body]
            }
            NodeKind::Branch { arms, .. } => arms.iter().map(|a| a.body).collect(),
            NodeKind::Try { body, catch, finally } => {
                [Some(*body), *catch, *finally].into_iter().flatten().collect()
            }
            NodeKind::Race { entrants: RaceKind::Bodies(bodies), .. } => bodies.clone(),
            NodeKind::Race { entrants: RaceKind::Each { body, .. }, .. } => vec![*body],
        }
    }
}
