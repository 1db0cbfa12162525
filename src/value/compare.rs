//! Equality and order of values, as `==` and `<` mean them.

use super::Value;
use std::cmp::Ordering;

/// Deep equality; an Int equals the Float of the same number. A Secret equals nothing.
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(i), Value::Float(f)) | (Value::Float(f), Value::Int(i)) => (*i as f64) == *f,
        (Value::List(x), Value::List(y)) => {
            x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| equal(x, y))
        }
        (Value::Record(x), Value::Record(y)) => {
            x.len() == y.len() && x.iter().all(|(k, v)| y.get(k).is_some_and(|w| equal(v, w)))
        }
        (Value::Variant(x), Value::Variant(y)) => {
            x.name == y.name && x.fields.iter().all(|(k, v)| y.fields.get(k).is_some_and(|w| equal(v, w)))
        }
        (Value::Secret(_), _) | (_, Value::Secret(_)) => false,
        _ => a == b,
    }
}

/// The order of two values of one ordered type, `none` before everything; `None` where there is none.
pub fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::None, Value::None) => Some(Ordering::Equal),
        (Value::None, _) => Some(Ordering::Less),
        (_, Value::None) => Some(Ordering::Greater),
        (Value::Int(x), Value::Int(y))
        | (Value::Duration(x), Value::Duration(y))
        | (Value::Bytes(x), Value::Bytes(y))
        | (Value::Money(x), Value::Money(y)) => Some(x.cmp(y)),
        (Value::Int(x), Value::Float(y)) => (*x as f64).partial_cmp(y),
        (Value::Float(x), Value::Int(y)) => x.partial_cmp(&(*y as f64)),
        (Value::Float(x), Value::Float(y)) => x.partial_cmp(y),
        // UTF-8 orders as code points do.
        (Value::Str(x), Value::Str(y)) => Some(x.as_bytes().cmp(y.as_bytes())),
        (Value::Bool(x), Value::Bool(y)) => Some(x.cmp(y)),
        (Value::Variant(x), Value::Variant(y)) => Some(x.index.cmp(&y.index)),
        _ => None,
    }
}
