//! A literal of the language as JSON: `[1h, 30m]`, `{ file: "a.rs", severity: high }`, `bad(why: "x")`.
//!
//! The types of a run know what JSON means for them, so nothing here knows a type: a Duration is its seconds, a bare name
//! the name of a variant or an agent.

use crate::ast::{Arg, Entry, Expr, ExprKind, StrPart, UnaryOp};
use crate::syntax;
use serde_json::{Map, Value, json};

/// The literal as JSON; `None` where the text is no literal.
pub fn json(text: &str) -> Option<Value> {
    value(&syntax::parse_literal(text).ok()?)
}

fn value(expr: &Expr) -> Option<Value> {
    Some(match &expr.kind {
        ExprKind::None => Value::Null,
        ExprKind::Bool(b) => json!(b),
        ExprKind::Int(i) | ExprKind::Bytes(i) => json!(i),
        ExprKind::Float(f) => json!(f),
        ExprKind::Duration(ms) => json!(*ms as f64 / 1_000.0),
        ExprKind::Money(units) => json!(*units as f64 / 10_000.0),
        ExprKind::Str(text) => match &*text.parts {
            [] => json!(""),
            [StrPart::Text(text, _)] => json!(text.as_str()),
            _ => return None,
        },
        ExprKind::Name(name) => json!(name.text.as_str()),
        ExprKind::Field { name, optional: false, .. } => json!(name.text.as_str()),
        ExprKind::Call { callee, type_args, args } if type_args.is_empty() => call(callee, args)?,
        ExprKind::Unary { op: UnaryOp::Neg, operand } => negated(&value(operand)?)?,
        ExprKind::Paren(inner) => value(inner)?,
        ExprKind::List(elements) => Value::Array(
            elements.iter().map(|e| if e.splice { None } else { value(&e.value) }).collect::<Option<_>>()?,
        ),
        ExprKind::Record(entries) => Value::Object(fields(entries)?),
        _ => return None,
    })
}

/// `variant(field: value)`, or `secret("NAME")`, which is given by its name.
fn call(callee: &Expr, args: &[Arg]) -> Option<Value> {
    if matches!(callee.kind, ExprKind::Field { optional: true, .. }) {
        return None;
    }
    let name = callee.last_name()?;
    if let ("secret", [Arg { name: None, value: of }]) = (name.text.as_str(), args) {
        return Some(json!(format!("secret(\"{}\")", value(of)?.as_str()?)));
    }
    let given = args.iter().map(|arg| Some((arg.name.as_ref()?.text.to_string(), value(&arg.value)?)));
    let given: Map<String, Value> = given.collect::<Option<_>>()?;
    Some(json!({ name.text.as_str(): given }))
}

fn negated(number: &Value) -> Option<Value> {
    match (number.as_i64(), number.as_f64()) {
        (Some(i), _) => i.checked_neg().map(|i| json!(i)),
        (None, Some(f)) => Some(json!(-f)),
        (None, None) => None,
    }
}

fn fields(entries: &[Entry]) -> Option<Map<String, Value>> {
    let each = entries.iter().map(|entry| match entry {
        Entry::Field { key, value: of } => Some((key.text.to_string(), value(of)?)),
        Entry::Spread(_) => None,
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_json_without_a_type() {
        let given = r#"[{ at: 1h30m, cost: $2.50, size: 2KiB, ok: true, of: Level.high, why: bad(text: "x"), n: -3, no: none }]"#;
        let wanted = json!([{
            "at": 5400.0, "cost": 2.5, "size": 2048, "ok": true, "of": "high", "why": { "bad": { "text": "x" } }, "n": -3,
            "no": null
        }]);
        assert_eq!(json(given), Some(wanted));
    }

    #[test]
    fn what_computes_or_is_broken_is_no_literal() {
        for text in ["1 + 2", "[1", "\"a#{1}\"", "{ ...a }", "f(1)", "[...xs]"] {
            assert_eq!(json(text), None, "{text}");
        }
    }
}
