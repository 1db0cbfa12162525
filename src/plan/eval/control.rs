//! `if`, `match`, `for`, `repeat`, `try` and blocks.

use super::{Env, Fault, FaultKind, Slot, bind, matches, too_large};
use crate::plan::{Arm, Bind, Expr, ExprKind, RepeatExpr, Spot, Step};
use crate::types::BUILTIN_ENUMS;
use crate::value::{Fields, Value, Variant, text};
use std::sync::Arc;

/// Deepest value that a pure `repeat` may build up.
const MAX_NESTING: u32 = 256;

impl<'p> Env<'p, '_> {
    /// The truth of a condition.
    ///
    /// # Errors
    /// Those of its evaluation.
    pub fn truth(&mut self, cond: &'p Expr) -> Result<bool, Fault> {
        match self.eval(cond)? {
            Value::Bool(b) => Ok(b),
            other => {
                Err(Fault::error(format!("expected true or false, found {}", other.describe()), cond.spot))
            }
        }
    }

    #[inline(never)]
    pub(super) fn condition(
        &mut self,
        cond: &'p Expr,
        then: &'p Expr,
        otherwise: Option<&'p Expr>,
    ) -> Result<Value, Fault> {
        if self.truth(cond)? {
            return self.eval(then);
        }
        match otherwise {
            Some(otherwise) => self.eval(otherwise),
            None => Ok(Value::None),
        }
    }

    #[inline(never)]
    pub(super) fn arms(&mut self, value: &'p Expr, arms: &'p [Arm], spot: Spot) -> Result<Value, Fault> {
        let value = self.eval(value)?;
        for arm in arms {
            if !matches(&arm.pattern, &value, self) {
                continue;
            }
            let guard = match &arm.guard {
                Some(guard) => self.truth(guard)?,
                None => true,
            };
            if guard {
                return self.eval(&arm.value);
            }
        }
        Err(Fault::error(format!("no arm of this match takes {}", value.describe()), spot))
    }

    #[inline(never)]
    pub(super) fn for_each(
        &mut self,
        items: &'p Expr,
        binding: &'p Bind,
        filter: Option<&'p Expr>,
        body: &'p Expr,
    ) -> Result<Value, Fault> {
        let spot = items.spot;
        let items = self.eval(items)?;
        let items = elements(&items).map_err(|m| Fault::error(m, spot))?;
        let mut out = Vec::new();
        for item in items.iter() {
            bind(binding, item, self);
            let wanted = match filter {
                Some(filter) => self.truth(filter)?,
                None => true,
            };
            if wanted {
                out.push(self.eval(body)?);
                if out.len() > super::MAX_SIZE {
                    return Err(too_large(spot));
                }
            }
        }
        Ok(Value::list(out))
    }

    #[inline(never)]
    pub(super) fn repeat(&mut self, expr: &'p Expr) -> Result<Value, Fault> {
        let ExprKind::Repeat(repeat) = &expr.kind else {
            return Err(Fault::unknown());
        };
        let RepeatExpr { draft, start, max, fail_on_max, steps, value, next, until } = &**repeat;
        let mut current = self.eval(start)?;
        let rounds = match self.eval(max)? {
            Value::Int(n) if n >= 1 => n,
            other => {
                return Err(Fault::error(
                    format!("`max` must be at least 1, found {}", other.describe()),
                    max.spot,
                ));
            }
        };
        for _ in 0..rounds {
            self.set(*draft, current);
            self.steps(steps)?;
            current = self.eval(value)?;
            if current.deeper_than(MAX_NESTING) {
                return Err(Fault::error(
                    format!("the draft is nested deeper than {MAX_NESTING} levels"),
                    expr.spot,
                ));
            }
            self.set(*next, current.clone());
            if self.truth(until)? {
                return Ok(current);
            }
        }
        if *fail_on_max {
            return Err(Fault::error(
                format!("the condition does not hold after {rounds} rounds"),
                expr.spot,
            ));
        }
        Ok(current)
    }

    #[inline(never)]
    pub(super) fn attempt(
        &mut self,
        body: &'p Expr,
        error: u32,
        catch: Option<&'p Expr>,
    ) -> Result<Value, Fault> {
        match (self.eval(body), catch) {
            (Err(fault), Some(catch)) if fault.kind != FaultKind::Unknown => {
                self.set(error, error_value("", fault.kind.name(), &fault.message, 0, None));
                self.eval(catch)
            }
            (other, _) => other,
        }
    }

    #[inline(never)]
    pub(super) fn steps(&mut self, steps: &'p [Step]) -> Result<(), Fault> {
        for step in steps {
            match step {
                Step::Let(slot, value) => self.put(*slot, Slot::Lazy(value)),
                Step::Assert { cond, message, text } => {
                    if !self.truth(cond)? {
                        return Err(self.violated(cond.spot, message.as_ref(), text));
                    }
                }
            }
        }
        Ok(())
    }

    /// The fault of an `assert` that does not hold, with its message or the condition as written.
    pub fn violated(&mut self, spot: Spot, message: Option<&'p Expr>, written: &str) -> Fault {
        let said = match message.map(|m| self.eval(m)) {
            Some(Ok(message)) => text::interpolated(&message).map(String::from),
            Some(Err(fault)) => return fault,
            None => None,
        };
        let message = said.unwrap_or_else(|| format!("`{written}` does not hold"));
        Fault { kind: FaultKind::Assert, message, spot }
    }
}

impl FaultKind {
    /// The name of its `ErrorKind`.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::Error | FaultKind::Unknown => "error",
            FaultKind::Assert => "assert",
        }
    }
}

/// What a loop runs over: the elements of a list, or of a map `{ key, value }`.
///
/// # Errors
/// When the value is neither.
pub fn elements(items: &Value) -> Result<Arc<Vec<Value>>, String> {
    match items {
        Value::List(items) => Ok(items.clone()),
        Value::Record(fields) => {
            Ok(Arc::new(fields.iter().map(|(k, v)| pair("key", k, "value", v)).collect()))
        }
        other => Err(format!("expected a list or a map, found {}", other.describe())),
    }
}

fn pair(key_name: &str, key: &str, value_name: &str, value: &Value) -> Value {
    let fields = [(key_name.into(), Value::text(key)), (value_name.into(), value.clone())];
    Value::record(fields.into_iter().collect())
}

/// The record that `catch e` binds.
pub fn error_value(task: &str, kind: &str, message: &str, attempts: i64, exit_code: Option<i64>) -> Value {
    let index = BUILTIN_ENUMS[0].1.iter().position(|k| *k == kind).unwrap_or(0) as u16;
    let kind = Value::Variant(Arc::new(Variant { index, name: kind.into(), fields: Fields::new() }));
    let fields = [
        ("task".into(), Value::text(task)),
        ("kind".into(), kind),
        ("message".into(), Value::text(message)),
        ("attempts".into(), Value::Int(attempts)),
        ("exit_code".into(), exit_code.map_or(Value::None, Value::Int)),
    ];
    Value::record(fields.into_iter().collect())
}
