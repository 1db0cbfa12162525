//! Operators on values.

use super::{Env, Fault, MAX_SIZE, too_large};
use crate::plan::{Binary, Expr, ExprKind, Spot, Unary};
use crate::value::{SecretPart, Value, equal, order};
use std::sync::Arc;

impl<'p> Env<'p, '_> {
    /// A binary expression. A chain `a + b + c …` leans left; its spine is walked in a loop, not by recursion.
    #[inline(never)]
    pub(super) fn binary(
        &mut self,
        op: Binary,
        left: &'p Expr,
        right: &'p Expr,
        spot: Spot,
    ) -> Result<Value, Fault> {
        let mut pending = vec![(op, right, spot)];
        let mut first = left;
        while let ExprKind::Binary(op, l, r) = &first.kind {
            pending.push((*op, r, first.spot));
            first = l;
        }
        let mut value = self.eval(first)?;
        while let Some((op, right, spot)) = pending.pop() {
            value = self.step(op, value, right, spot)?;
        }
        Ok(value)
    }

    fn step(&mut self, op: Binary, left: Value, right: &'p Expr, spot: Spot) -> Result<Value, Fault> {
        match (op, &left) {
            (Binary::Or, Value::Bool(true)) | (Binary::And, Value::Bool(false)) => Ok(left),
            (Binary::Or | Binary::And, Value::Bool(_)) => self.truth(right).map(Value::Bool),
            (Binary::Coalesce, Value::None) => self.eval(right),
            (Binary::Coalesce, _) => Ok(left),
            _ => {
                let right = self.eval(right)?;
                binary(op, &left, &right, spot)
            }
        }
    }
}

/// `not` and `-`.
pub(super) fn unary(op: Unary, operand: &Value, spot: Spot) -> Result<Value, Fault> {
    let negated = match (op, operand) {
        (Unary::Not, Value::Bool(b)) => return Ok(Value::Bool(!b)),
        (Unary::Neg, Value::Int(i)) => i.checked_neg().map(Value::Int),
        (Unary::Neg, Value::Float(f)) => Some(Value::Float(-f)),
        (Unary::Neg, Value::Duration(i)) => i.checked_neg().map(Value::Duration),
        (Unary::Neg, Value::Bytes(i)) => i.checked_neg().map(Value::Bytes),
        (Unary::Neg, Value::Money(i)) => i.checked_neg().map(Value::Money),
        _ => return Err(Fault::error(format!("{} cannot be negated", operand.describe()), spot)),
    };
    negated.ok_or_else(|| overflow(spot))
}

fn overflow(spot: Spot) -> Fault {
    Fault::error("this number is too large: it does not fit 64 bits", spot)
}

pub(super) fn binary(op: Binary, a: &Value, b: &Value, spot: Spot) -> Result<Value, Fault> {
    match op {
        Binary::Eq => Ok(Value::Bool(equal(a, b))),
        Binary::Ne => Ok(Value::Bool(!equal(a, b))),
        Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge => compare(op, a, b, spot),
        Binary::In => within(a, b, spot),
        Binary::Add => add(a, b, spot),
        Binary::Sub | Binary::Mul | Binary::Div => arithmetic(op, a, b, spot),
        Binary::Or | Binary::And | Binary::Coalesce => Err(wrong("combined", a, b, spot)),
    }
}

fn compare(op: Binary, a: &Value, b: &Value, spot: Spot) -> Result<Value, Fault> {
    let Some(order) = order(a, b) else { return Err(wrong("compared", a, b, spot)) };
    Ok(Value::Bool(match op {
        Binary::Lt => order.is_lt(),
        Binary::Le => order.is_le(),
        Binary::Gt => order.is_gt(),
        _ => order.is_ge(),
    }))
}

fn within(a: &Value, b: &Value, spot: Spot) -> Result<Value, Fault> {
    match (a, b) {
        (_, Value::List(items)) => Ok(Value::Bool(items.iter().any(|i| equal(a, i)))),
        (Value::Str(key), Value::Record(fields)) => Ok(Value::Bool(fields.contains_key(key))),
        (Value::Str(part), Value::Str(whole)) => Ok(Value::Bool(whole.contains(part.as_str()))),
        _ => Err(wrong("looked up by `in`", a, b, spot)),
    }
}

fn add(a: &Value, b: &Value, spot: Spot) -> Result<Value, Fault> {
    match (a, b) {
        (Value::Str(x), Value::Str(y)) => {
            if x.len() + y.len() > MAX_SIZE {
                return Err(too_large(spot));
            }
            let mut out = x.clone();
            out.push_str(y);
            Ok(Value::Str(out))
        }
        (Value::List(x), Value::List(y)) => {
            if x.len() + y.len() > MAX_SIZE {
                return Err(too_large(spot));
            }
            Ok(Value::list(x.iter().chain(y.iter()).cloned().collect()))
        }
        (Value::Secret(_) | Value::Str(_), Value::Secret(_) | Value::Str(_)) => {
            let parts = secret_parts(a).chain(secret_parts(b)).collect();
            Ok(Value::Secret(Arc::new(parts)))
        }
        _ => arithmetic(Binary::Add, a, b, spot),
    }
}

fn secret_parts(value: &Value) -> impl Iterator<Item = SecretPart> {
    match value {
        Value::Secret(parts) => parts.as_ref().clone(),
        Value::Str(text) => vec![SecretPart::Text(text.clone())],
        _ => Vec::new(),
    }
    .into_iter()
}

fn arithmetic(op: Binary, a: &Value, b: &Value, spot: Spot) -> Result<Value, Fault> {
    use Value::{Bytes, Duration, Float, Int, Money};
    match (a, b) {
        (Int(x), Int(y)) => integers(op, *x, *y, spot).map(Int),
        (Float(x), Float(y)) => floats(op, *x, *y, spot).map(Float),
        (Int(x), Float(y)) => floats(op, *x as f64, *y, spot).map(Float),
        (Float(x), Int(y)) => floats(op, *x, *y as f64, spot).map(Float),
        (Duration(x), Duration(y)) => units(op, *x, *y, Duration, spot),
        (Bytes(x), Bytes(y)) => units(op, *x, *y, Bytes, spot),
        (Money(x), Money(y)) => units(op, *x, *y, Money, spot),
        (Duration(x), n) | (n, Duration(x)) if scales(op, a) => scaled(op, *x, n, spot).map(Duration),
        (Bytes(x), n) | (n, Bytes(x)) if scales(op, a) => scaled(op, *x, n, spot).map(Bytes),
        (Money(x), n) | (n, Money(x)) if scales(op, a) => scaled(op, *x, n, spot).map(Money),
        _ => Err(wrong("combined", a, b, spot)),
    }
}

/// A unit times a number in either order, or a unit over a number.
fn scales(op: Binary, left: &Value) -> bool {
    op == Binary::Mul || (op == Binary::Div && !matches!(left, Value::Int(_) | Value::Float(_)))
}

fn integers(op: Binary, x: i64, y: i64, spot: Spot) -> Result<i64, Fault> {
    if op == Binary::Div && y == 0 {
        return Err(Fault::error("division by zero", spot));
    }
    let value = match op {
        Binary::Add => x.checked_add(y),
        Binary::Sub => x.checked_sub(y),
        Binary::Mul => x.checked_mul(y),
        _ => x.checked_div(y),
    };
    value.ok_or_else(|| overflow(spot))
}

fn floats(op: Binary, x: f64, y: f64, spot: Spot) -> Result<f64, Fault> {
    if op == Binary::Div && y == 0.0 {
        return Err(Fault::error("division by zero", spot));
    }
    let value = match op {
        Binary::Add => x + y,
        Binary::Sub => x - y,
        Binary::Mul => x * y,
        _ => x / y,
    };
    if value.is_finite() {
        Ok(value)
    } else {
        Err(Fault::error("this number is too large for a Float", spot))
    }
}

fn units(op: Binary, x: i64, y: i64, unit: fn(i64) -> Value, spot: Spot) -> Result<Value, Fault> {
    match op {
        Binary::Div => floats(op, x as f64, y as f64, spot).map(Value::Float),
        Binary::Add | Binary::Sub => integers(op, x, y, spot).map(unit),
        _ => Err(wrong("multiplied", &unit(x), &unit(y), spot)),
    }
}

fn scaled(op: Binary, x: i64, n: &Value, spot: Spot) -> Result<i64, Fault> {
    match n {
        Value::Int(n) => integers(op, x, *n, spot),
        Value::Float(n) => {
            let value = floats(op, x as f64, *n, spot)?.round();
            if value.abs() < 9.2e18 { Ok(value as i64) } else { Err(overflow(spot)) }
        }
        _ => Err(Fault::error(format!("a unit cannot be scaled by {}", n.describe()), spot)),
    }
}

fn wrong(done: &str, a: &Value, b: &Value, spot: Spot) -> Fault {
    Fault::error(format!("{} and {} cannot be {done}", a.describe(), b.describe()), spot)
}
