//! Compiled conditions as text again, for the message of a gate that did not hold.

use crate::plan::{Element, Entry, Expr, ExprKind, Part, Ref, Unary};
use crate::value::{Value, json, text};

/// Deeper parts are left out.
const MAX_DEPTH: u32 = 12;

/// An expression as one would write it. What has no short form is `…`.
pub(super) fn expr(expr: &Expr) -> String {
    write(expr, 0)
}

/// The element of a list that an expression writes, else the whole.
pub(super) fn element(expr: &Expr, index: usize) -> String {
    match &expr.kind {
        ExprKind::List(elements) if elements.iter().all(|element| !element.splice) => {
            elements.get(index).map_or_else(|| write(expr, 0), |element| write(&element.value, 0))
        }
        _ => write(expr, 0),
    }
}

fn write(expr: &Expr, depth: u32) -> String {
    if depth > MAX_DEPTH {
        return "…".to_owned();
    }
    let of = |expr: &Expr| write(expr, depth + 1);
    let list = |args: &[Expr]| args.iter().map(of).collect::<Vec<_>>().join(", ");
    match &expr.kind {
        ExprKind::Const(value) => constant(value),
        ExprKind::Ref(Ref::Result) => "result".to_owned(),
        ExprKind::Ref(Ref::Next) => "draft".to_owned(),
        ExprKind::Field { base, name, optional } => {
            format!("{}{}{name}", of(base), if *optional { "?." } else { "." })
        }
        ExprKind::Index { base, index } => format!("{}[{}]", of(base), of(index)),
        ExprKind::Unary(Unary::Not, inner) => format!("not {}", of(inner)),
        ExprKind::Unary(Unary::Neg, inner) => format!("-{}", of(inner)),
        ExprKind::Binary(op, a, b) => format!("{} {} {}", of(a), op.sign(), of(b)),
        ExprKind::Builtin(builtin, args) => format!("{}({})", builtin.name(), list(args)),
        ExprKind::Variant { name, fields, .. } if fields.is_empty() => name.to_string(),
        ExprKind::Fit(_, inner) => of(inner),
        ExprKind::List(elements) => {
            let of = |Element { splice, value }: &Element| {
                format!("{}{}", if *splice { "..." } else { "" }, of(value))
            };
            format!("[{}]", elements.iter().map(of).collect::<Vec<_>>().join(", "))
        }
        ExprKind::Record(entries) => {
            let of = |entry: &Entry| match entry {
                Entry::Field(name, value) => format!("{name}: {}", of(value)),
                Entry::Spread(value) => format!("...{}", of(value)),
            };
            format!("{{ {} }}", entries.iter().map(of).collect::<Vec<_>>().join(", "))
        }
        ExprKind::Interpolate(parts) => {
            let of = |part: &Part| match part {
                Part::Text(text) => text.to_string(),
                Part::Value(value) => format!("#{{{}}}", of(value)),
            };
            format!("\"{}\"", parts.iter().map(of).collect::<String>())
        }
        ExprKind::Ref(_)
        | ExprKind::If { .. }
        | ExprKind::Match { .. }
        | ExprKind::For { .. }
        | ExprKind::Repeat(_)
        | ExprKind::Try { .. }
        | ExprKind::Block { .. }
        | ExprKind::FromJson(..)
        | ExprKind::Call(..)
        | ExprKind::Variant { .. } => "…".to_owned(),
    }
}

fn constant(value: &Value) -> String {
    match value {
        Value::None => "none".to_owned(),
        Value::Str(_) | Value::List(_) | Value::Record(_) => {
            json::to_text(value).unwrap_or_else(|_| "…".to_owned())
        }
        other => text::interpolated(other).map_or_else(|| "…".to_owned(), String::from),
    }
}
