//! Evaluates compiled pure expressions.
//!
//! Takes an [`Expr`], the plan's tables and, through [`Scope`], the values that it refers to; gives a value or a located
//! [`Fault`]. It does no I/O and is total: steps, nesting and sizes are bounded, so that no expression hangs or exhausts
//! the machine.

mod builtins;
mod control;
mod operators;
mod pattern;
mod text;

#[cfg(test)]
mod tests;

use super::{Element, Entry, Expr, ExprKind, FnId, NodeIx, Plan, Ref, Spot};
use crate::value::{Fields, Value, Variant, conform};
use ecow::EcoString;
use std::sync::Arc;

pub use control::{elements, error_value};
pub use pattern::{bind, matches};

/// Most steps (expressions evaluated) of one evaluation.
pub const MAX_STEPS: u64 = 200_000_000;
/// Deepest nesting of evaluations: expressions in expressions, functions in functions.
pub const MAX_DEPTH: u32 = 2_000;
/// Longest list, in elements, and longest text, in bytes, that an expression may make.
pub const MAX_SIZE: usize = 64 * 1024 * 1024;

/// Why an evaluation failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    pub message: String,
    pub spot: Spot,
}

/// What kind of failure a [`Fault`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// `fail(…)`, overflow, an index outside … : `ErrorKind.error`.
    Error,
    /// A false `assert`.
    Assert,
    /// A value that is not known here: constant folding met a task's result. Never reaches a user.
    Unknown,
}

impl Fault {
    /// A failure of kind `error`.
    pub fn error(message: impl Into<String>, spot: Spot) -> Fault {
        Fault { kind: FaultKind::Error, message: message.into(), spot }
    }

    /// Of a value that is not known.
    pub fn unknown() -> Fault {
        Fault { kind: FaultKind::Unknown, message: "not known yet".to_string(), spot: Spot::default() }
    }
}

/// The values around an expression.
pub trait Scope {
    /// The result of a node of the body `up` levels outward.
    fn node(&mut self, up: u16, node: NodeIx) -> Result<Value, Fault>;
    /// A parameter of that body's scope.
    fn param(&mut self, up: u16, index: u16) -> Result<Value, Fault>;
    /// A lazy binding of that body: evaluated at first use.
    fn binding(&mut self, up: u16, index: u32) -> Result<Value, Fault>;
}

/// No values: for constants.
#[derive(Debug)]
pub struct NoScope;

impl Scope for NoScope {
    fn node(&mut self, _: u16, _: NodeIx) -> Result<Value, Fault> {
        Err(Fault::unknown())
    }

    fn param(&mut self, _: u16, _: u16) -> Result<Value, Fault> {
        Err(Fault::unknown())
    }

    fn binding(&mut self, _: u16, _: u32) -> Result<Value, Fault> {
        Err(Fault::unknown())
    }
}

/// A slot of a frame.
#[derive(Debug, Clone)]
enum Slot<'p> {
    Empty,
    Value(Value),
    /// A `let` that nothing has used yet.
    Lazy(&'p Expr),
    /// A `let` that is being evaluated.
    Busy,
}

/// Everything that one evaluation sees.
pub struct Env<'p, 's> {
    plan: &'p Plan,
    scope: &'s mut dyn Scope,
    args: Vec<Value>,
    locals: Vec<Slot<'p>>,
    result: Option<Value>,
    next: Option<Value>,
    depth: u32,
    steps: u64,
}

impl std::fmt::Debug for Env<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env").field("args", &self.args).field("depth", &self.depth).finish_non_exhaustive()
    }
}

impl<'p, 's> Env<'p, 's> {
    /// An environment without arguments.
    pub fn new(plan: &'p Plan, scope: &'s mut dyn Scope) -> Env<'p, 's> {
        Env {
            plan,
            scope,
            args: Vec::new(),
            locals: Vec::new(),
            result: None,
            next: None,
            depth: 0,
            steps: 0,
        }
    }

    /// With the arguments of a task definition.
    #[must_use]
    pub fn with_args(mut self, args: Vec<Value>) -> Env<'p, 's> {
        self.args = args;
        self
    }

    /// With the value on trial in `accept`.
    #[must_use]
    pub fn with_result(mut self, result: Value) -> Env<'p, 's> {
        self.result = Some(result);
        self
    }

    /// With the new draft in `until`.
    #[must_use]
    pub fn with_next(mut self, next: Value) -> Env<'p, 's> {
        self.next = Some(next);
        self
    }

    /// Sets the new draft for what is evaluated next (`until`).
    pub fn set_next(&mut self, next: Value) {
        self.next = Some(next);
    }

    /// Sets the value on trial for what is evaluated next (`accept`).
    pub fn set_result(&mut self, result: Value) {
        self.result = Some(result);
    }

    /// Puts a value into a local slot: an element or a pattern's name.
    pub fn set(&mut self, slot: u32, value: Value) {
        self.put(slot, Slot::Value(value));
    }

    /// The value of a slot that was set.
    pub fn local(&self, slot: u32) -> Option<&Value> {
        match self.locals.get(slot as usize) {
            Some(Slot::Value(v)) => Some(v),
            Some(Slot::Empty | Slot::Lazy(_) | Slot::Busy) | None => None,
        }
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// A [`Fault`] with the place that failed.
    pub fn eval(&mut self, expr: &'p Expr) -> Result<Value, Fault> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Fault::error(
                format!("this evaluation takes more than {MAX_STEPS} steps"),
                expr.spot,
            ));
        }
        if self.depth >= MAX_DEPTH {
            return Err(Fault::error(format!("evaluation nested deeper than {MAX_DEPTH} levels"), expr.spot));
        }
        self.depth += 1;
        let value = self.eval_kind(expr);
        self.depth -= 1;
        value
    }

    fn eval_kind(&mut self, expr: &'p Expr) -> Result<Value, Fault> {
        let spot = expr.spot;
        match &expr.kind {
            ExprKind::Const(value) => Ok(value.clone()),
            ExprKind::Ref(r) => self.reference(*r, spot),
            ExprKind::Field { base, name, optional } => self.field(base, name, *optional, spot),
            ExprKind::Index { base, index } => self.index(base, index, spot),
            ExprKind::Unary(op, operand) => {
                let operand = self.eval(operand)?;
                operators::unary(*op, &operand, spot)
            }
            ExprKind::Binary(op, left, right) => self.binary(*op, left, right, spot),
            ExprKind::If { cond, then, otherwise } => self.condition(cond, then, otherwise.as_deref()),
            ExprKind::Match { value, arms } => self.arms(value, arms, spot),
            ExprKind::For { items, bind, filter, body } => {
                self.for_each(items, bind, filter.as_deref(), body)
            }
            ExprKind::Repeat(_) => self.repeat(expr),
            ExprKind::Try { body, error, catch } => self.attempt(body, *error, catch.as_deref()),
            ExprKind::List(elements) => self.list(elements, spot),
            ExprKind::Record(entries) => self.record(entries, spot),
            ExprKind::Interpolate(parts) => self.interpolate(parts, spot),
            ExprKind::Block { steps, value } => {
                self.steps(steps)?;
                self.eval(value)
            }
            ExprKind::Builtin(builtin, args) => self.builtin(*builtin, args, spot),
            ExprKind::FromJson(ty, text) => self.read_json(*ty, text, spot),
            ExprKind::Call(id, args) => self.call(*id, args),
            ExprKind::Variant { index, name, fields } => self.variant(*index, name, fields),
            ExprKind::Fit(ty, inner) => {
                let value = self.eval(inner)?;
                conform(&value, *ty, &self.plan.types).map_err(|e| Fault::error(e.to_string(), spot))
            }
        }
    }

    #[inline(never)]
    fn reference(&mut self, r: Ref, spot: Spot) -> Result<Value, Fault> {
        match r {
            Ref::Node { up, node } => self.scope.node(up, node),
            Ref::Param { up, index } => self.scope.param(up, index),
            Ref::Let { up, index } => self.scope.binding(up, index),
            Ref::Arg(i) => self.args.get(i as usize).cloned().ok_or_else(Fault::unknown),
            Ref::Local(slot) => self.force(slot, spot),
            Ref::Result => self.result.clone().ok_or_else(Fault::unknown),
            Ref::Next => self.next.clone().ok_or_else(Fault::unknown),
        }
    }

    /// The value of a slot; a lazy one is evaluated now.
    fn force(&mut self, slot: u32, spot: Spot) -> Result<Value, Fault> {
        match self.locals.get(slot as usize) {
            Some(Slot::Value(v)) => Ok(v.clone()),
            Some(Slot::Lazy(expr)) => {
                let expr = *expr;
                self.put(slot, Slot::Busy);
                let value = self.eval(expr);
                self.put(slot, value.as_ref().map_or(Slot::Lazy(expr), |v| Slot::Value(v.clone())));
                value
            }
            Some(Slot::Busy) => Err(Fault::error("this binding needs its own value", spot)),
            Some(Slot::Empty) | None => Err(Fault::unknown()),
        }
    }

    fn put(&mut self, slot: u32, content: Slot<'p>) {
        let slot = slot as usize;
        if slot >= self.locals.len() {
            self.locals.resize(slot + 1, Slot::Empty);
        }
        self.locals[slot] = content;
    }

    #[inline(never)]
    fn field(
        &mut self,
        base: &'p Expr,
        name: &EcoString,
        optional: bool,
        spot: Spot,
    ) -> Result<Value, Fault> {
        match self.eval(base)? {
            Value::None if optional => Ok(Value::None),
            // A field that is absent was optional when the value was made.
            Value::Record(fields) => Ok(fields.get(name).cloned().unwrap_or(Value::None)),
            Value::Agent(_, agent) if name == "name" => Ok(Value::Str(agent)),
            other => Err(Fault::error(format!("{} has no field `{name}`", other.describe()), spot)),
        }
    }

    #[inline(never)]
    fn index(&mut self, base: &'p Expr, index: &'p Expr, spot: Spot) -> Result<Value, Fault> {
        let base = self.eval(base)?;
        let index = self.eval(index)?;
        match (&base, &index) {
            (Value::List(items), Value::Int(i)) => {
                let found = usize::try_from(*i).ok().and_then(|i| items.get(i)).cloned();
                found.ok_or_else(|| {
                    Fault::error(format!("index {i} is outside this list of {}", items.len()), spot)
                })
            }
            (Value::Record(fields), Value::Str(key)) => Ok(fields.get(key).cloned().unwrap_or(Value::None)),
            _ => Err(Fault::error(
                format!("{} cannot be indexed by {}", base.describe(), index.describe()),
                spot,
            )),
        }
    }

    #[inline(never)]
    fn list(&mut self, elements: &'p [Element], spot: Spot) -> Result<Value, Fault> {
        let mut out = Vec::with_capacity(elements.len());
        for element in elements {
            let value = self.eval(&element.value)?;
            match (element.splice, value) {
                (false, value) => out.push(value),
                (true, Value::List(items)) => out.extend(items.iter().cloned()),
                (true, Value::None) => {}
                (true, other) => {
                    return Err(Fault::error(format!("{} is not a list to splice", other.describe()), spot));
                }
            }
            if out.len() > MAX_SIZE {
                return Err(too_large(spot));
            }
        }
        Ok(Value::list(out))
    }

    #[inline(never)]
    fn record(&mut self, entries: &'p [Entry], spot: Spot) -> Result<Value, Fault> {
        let mut out = Fields::with_capacity(entries.len());
        for entry in entries {
            match entry {
                Entry::Field(name, value) => {
                    let value = self.eval(value)?;
                    out.insert(name.clone(), value);
                }
                Entry::Spread(base) => match self.eval(base)? {
                    Value::Record(fields) => out.extend(fields.iter().map(|(k, v)| (k.clone(), v.clone()))),
                    other => {
                        return Err(Fault::error(
                            format!("{} is not a record to spread", other.describe()),
                            spot,
                        ));
                    }
                },
            }
        }
        Ok(Value::record(out))
    }

    #[inline(never)]
    fn variant(
        &mut self,
        index: u16,
        name: &EcoString,
        fields: &'p [(EcoString, Expr)],
    ) -> Result<Value, Fault> {
        let mut out = Fields::with_capacity(fields.len());
        for (field, value) in fields {
            out.insert(field.clone(), self.eval(value)?);
        }
        Ok(Value::Variant(Arc::new(Variant { index, name: name.clone(), fields: out })))
    }

    #[inline(never)]
    fn call(&mut self, id: FnId, args: &'p [Expr]) -> Result<Value, Fault> {
        let function = &self.plan.fns[id.index()];
        let args = args.iter().map(|a| self.eval(a)).collect::<Result<Vec<_>, _>>()?;
        let outer_args = std::mem::replace(&mut self.args, args);
        let outer_locals = std::mem::take(&mut self.locals);
        let value = self.eval(&function.body);
        self.args = outer_args;
        self.locals = outer_locals;
        value
    }
}

/// Of something larger than [`MAX_SIZE`].
fn too_large(spot: Spot) -> Fault {
    Fault::error(format!("this value is larger than {} Mi elements or bytes", MAX_SIZE >> 20), spot)
}
