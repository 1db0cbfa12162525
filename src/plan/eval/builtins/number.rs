//! Built-ins on numbers.

use super::Args;
use crate::plan::Binary;
use crate::plan::eval::{Fault, operators};
use crate::types::Builtin;
use crate::value::Value;

pub(super) fn apply(builtin: Builtin, args: &Args<'_>) -> Result<Value, Fault> {
    match builtin {
        Builtin::Sum => {
            let mut items = args.list(0)?.iter();
            // The lowering converts the 0 of an empty list to the type that is wanted.
            let Some(first) = items.next() else { return Ok(Value::Int(0)) };
            items.try_fold(first.clone(), |sum, item| operators::binary(Binary::Add, &sum, item, args.spot))
        }
        Builtin::Round => whole(args, f64::round),
        Builtin::Floor => whole(args, f64::floor),
        Builtin::Mod => modulo(args),
        Builtin::ToInt => Ok(match args.get(0)? {
            Value::Str(text) => match text.trim().parse() {
                Ok(number) => Value::Int(number),
                Err(_) => return Err(no_number(args, text, "a whole number of 64 bits")),
            },
            _ => return whole(args, f64::trunc),
        }),
        _ => Ok(match args.get(0)? {
            Value::Str(text) => match text.trim().parse::<f64>() {
                Ok(f) if f.is_finite() => Value::Float(f),
                _ => return Err(no_number(args, text, "a number")),
            },
            Value::Int(i) => Value::Float(*i as f64),
            Value::Float(f) => Value::Float(*f),
            other => return Err(args.wrong("a text or a number", other)),
        }),
    }
}

fn whole(args: &Args<'_>, rounded: fn(f64) -> f64) -> Result<Value, Fault> {
    match args.get(0)? {
        Value::Int(i) => Ok(Value::Int(*i)),
        Value::Float(f) if rounded(*f).abs() < 9.2e18 => Ok(Value::Int(rounded(*f) as i64)),
        other => Err(args.wrong("a number that fits 64 bits", other)),
    }
}

fn no_number(args: &Args<'_>, text: &str, what: &str) -> Fault {
    args.fault(format!("{} is not {what}", excerpt(text)))
}

/// A text in quotes, its end left out where it is long.
fn excerpt(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The remainder with the sign of the divisor, so that `mod(-1, 7)` is 6.
fn modulo(args: &Args<'_>) -> Result<Value, Fault> {
    let (x, y) = (args.int(0)?, args.int(1)?);
    if y == 0 {
        return Err(args.fault("division by zero"));
    }
    let rest = x.checked_rem(y).unwrap_or(0);
    Ok(Value::Int(if rest != 0 && (rest < 0) != (y < 0) { rest + y } else { rest }))
}
