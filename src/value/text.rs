//! Values as people write and read them.

use super::{Value, json};
use ecow::EcoString;
use std::fmt::Write;

/// The text that an interpolation puts in: a String as it is, units as literals (`1h30m`, `512MiB`, `$2.50`), lists and
/// records as JSON. `None` where there is a Secret inside.
pub fn interpolated(value: &Value) -> Option<EcoString> {
    Some(match value {
        Value::None => "none".into(),
        Value::Unit => "".into(),
        Value::Bool(b) => if *b { "true" } else { "false" }.into(),
        Value::Int(i) => ecow::eco_format!("{i}"),
        Value::Float(f) => float(*f).into(),
        Value::Str(s) | Value::Agent(_, s) => s.clone(),
        Value::Duration(ms) => duration(*ms).into(),
        Value::Bytes(n) => bytes(*n).into(),
        Value::Money(units) => money(*units).into(),
        Value::Variant(v) if v.fields.is_empty() => v.name.clone(),
        Value::List(_) | Value::Record(_) | Value::Variant(_) => json::to_text(value).ok()?.into(),
        Value::Secret(_) => return None,
    })
}

/// A Float with a point or an exponent, so that it reads back as one.
pub fn float(f: f64) -> String {
    format!("{f:?}")
}

/// A duration as a literal: `250ms`, `90s`, `1h30m`, `7d`.
pub fn duration(ms: i64) -> String {
    if ms == 0 {
        return "0s".to_string();
    }
    let mut out = String::new();
    if ms < 0 {
        out.push('-');
    }
    let mut rest = ms.unsigned_abs();
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
        if rest >= size {
            let _ = write!(out, "{}{unit}", rest / size);
            rest %= size;
        }
    }
    out
}

/// Bytes as a literal, in the largest binary unit that divides them.
pub fn bytes(n: i64) -> String {
    for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        if n != 0 && n % (1_i64 << shift) == 0 {
            return format!("{}{unit}", n >> shift);
        }
    }
    format!("{n}B")
}

/// Money as a literal: two decimals, or four where they are needed.
pub fn money(units: i64) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let (whole, part) = (units.unsigned_abs() / 10_000, units.unsigned_abs() % 10_000);
    if part % 100 == 0 {
        format!("{sign}${whole}.{:02}", part / 100)
    } else {
        format!("{sign}${whole}.{part:04}")
    }
}

impl Value {
    /// What it is, for a message: `the number 3`, `a list of 2`. A long text is cut.
    pub fn describe(&self) -> String {
        match self {
            Value::None => "none".to_string(),
            Value::Unit => "nothing".to_string(),
            Value::Bool(b) => format!("{b}"),
            Value::Int(i) => format!("the number {i}"),
            Value::Float(f) => format!("the number {}", float(*f)),
            Value::Str(s) if s.chars().nth(40).is_some() => {
                format!("the text {:?}…", s.chars().take(40).collect::<String>())
            }
            Value::Str(s) => format!("the text {s:?}"),
            Value::Duration(ms) => format!("the duration {}", duration(*ms)),
            Value::Bytes(n) => format!("the size {}", bytes(*n)),
            Value::Money(units) => format!("the amount {}", money(*units)),
            Value::List(items) => format!("a list of {}", items.len()),
            Value::Record(fields) => {
                let names: Vec<&str> = fields.keys().take(6).map(EcoString::as_str).collect();
                format!(
                    "an object with {}",
                    if names.is_empty() { "no fields".into() } else { names.join(", ") }
                )
            }
            Value::Variant(v) => format!("`{}`", v.name),
            Value::Agent(_, name) => format!("the agent `{name}`"),
            Value::Secret(_) => "a secret".to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_read_as_literals() {
        assert_eq!(
            (duration(5_400_000), duration(-90_000), duration(250)),
            ("1h30m".into(), "-1m30s".into(), "250ms".into())
        );
        assert_eq!(
            (money(25_000), money(-1), money(123_456)),
            ("$2.50".into(), "-$0.0001".into(), "$12.3456".into())
        );
        assert_eq!((bytes(512 << 20), bytes(1000), bytes(0)), ("512MiB".into(), "1000B".into(), "0B".into()));
        assert_eq!(float(1.0), "1.0");
    }
}
