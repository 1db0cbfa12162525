//! Literals of the language as they are given on the command line: `90s`, `$2.50`, `512MiB`, `80%`, `low`.
//!
//! Takes a text and the type that is wanted. Only what JSON cannot say stands here; lists, records and maps are given as
//! JSON. It must not know the syntax tree.

use crate::plan::Plan;
use crate::value::{SecretPart, Type, TypeId, Value};
use ecow::EcoString;
use std::sync::Arc;

/// The value of `text` as a literal of that type; `None` where it is no such literal (it may still be JSON).
pub fn parse(plan: &Plan, ty: TypeId, text: &str) -> Option<Value> {
    match plan.types.get(ty) {
        Type::String | Type::Path => Some(Value::Str(text.into())),
        Type::Bool => text.parse().ok().map(Value::Bool),
        Type::Int => number(text)?.parse().ok().map(Value::Int),
        Type::Float => float(text).map(Value::Float),
        Type::Duration => units(text, DURATIONS).map(Value::Duration),
        Type::Bytes => units(text, BYTES).map(Value::Bytes),
        Type::Money => money(text).map(Value::Money),
        Type::Secret => secret(text),
        Type::Agent => {
            let index = plan.agents.iter().position(|agent| agent.name == text)?;
            Some(Value::Agent(u32::try_from(index).ok()?, text.into()))
        }
        Type::Enum(of) => {
            let name =
                text.strip_prefix(of.name.as_str()).and_then(|rest| rest.strip_prefix('.')).unwrap_or(text);
            let index = of.variants.iter().position(|v| v.name == name && v.fields.is_empty())?;
            Some(variant(u16::try_from(index).ok()?, name.into()))
        }
        Type::Optional(_) if text == "none" => Some(Value::None),
        Type::Optional(of) => parse(plan, *of, text),
        Type::Unit | Type::Json | Type::List(_) | Type::Map(_) | Type::Record(_) => None,
    }
}

/// A variant without fields.
pub(super) fn variant(index: u16, name: EcoString) -> Value {
    Value::Variant(Arc::new(crate::value::Variant { index, name, fields: crate::value::Fields::default() }))
}

const DURATIONS: &[(&str, i64)] =
    &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
const BYTES: &[(&str, i64)] = &[
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Digits without their `_`; `None` where anything else than a number stands.
fn number(text: &str) -> Option<String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fine = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '_' || c == '.');
    fine.then(|| text.replace('_', ""))
}

fn float(text: &str) -> Option<f64> {
    if let Some(percent) = text.strip_suffix('%') {
        return Some(number(percent)?.parse::<f64>().ok()? / 100.0);
    }
    let plain: f64 = number(text)?.parse().ok()?;
    plain.is_finite().then_some(plain)
}

/// `1h30m`: amounts with units, added up in the smallest one. `None` also where that is not a whole number of 64 bits.
fn units(text: &str, table: &[(&str, i64)]) -> Option<i64> {
    let mut rest = text;
    let mut sum = 0_i64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '_' || c == '.'))?;
        let after = &rest[digits..];
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (_, unit) = table.iter().find(|(name, _)| *name == &after[..end])?;
        sum = sum.checked_add(scaled(&number(&rest[..digits])?, *unit)?)?;
        rest = &after[end..];
    }
    Some(sum)
}

/// `$2.50` or `2.50`, in ten-thousandths of a dollar.
fn money(text: &str) -> Option<i64> {
    scaled(&number(text.strip_prefix('$').unwrap_or(text))?, 10_000)
}

/// A decimal number times `unit`, exactly.
fn scaled(number: &str, unit: i64) -> Option<i64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let mut sum = i128::from(whole.parse::<i64>().ok()?) * i128::from(unit);
    if !part.is_empty() {
        let scale = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
        let numerator = i128::from(part.parse::<i64>().ok()?) * i128::from(unit);
        if numerator % scale != 0 {
            return None;
        }
        sum += numerator / scale;
    }
    i64::try_from(sum).ok()
}

/// `secret("NAME")`.
fn secret(text: &str) -> Option<Value> {
    let name = text.strip_prefix("secret(\"")?.strip_suffix("\")")?;
    let fine = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    fine.then(|| Value::Secret(Arc::new(vec![SecretPart::Named(name.into())])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up_exactly() {
        assert_eq!(units("2h30m", DURATIONS), Some(9_000_000));
        assert_eq!(units("1.5h", DURATIONS), Some(5_400_000));
        assert_eq!(units("250ms", DURATIONS), Some(250));
        assert_eq!(units("512MiB", BYTES), Some(512 << 20));
        assert_eq!(money("$2.50"), Some(25_000));
        assert_eq!(float("80%"), Some(0.8));
    }

    #[test]
    fn what_is_no_literal_is_refused() {
        for text in ["", "h", "5", "5x", "5 s", "99999999999999999999d", "1.2.3s", "0.0001ms"] {
            assert_eq!(units(text, DURATIONS), None, "{text}");
        }
        assert_eq!(money("$0.00001"), None);
        assert_eq!(secret("secret(\"A B\")"), None);
        assert_eq!(float("nan"), None);
    }
}
