//! Built-ins on texts and paths.

use super::Args;
use crate::plan::eval::{Fault, MAX_SIZE, too_large};
use crate::types::Builtin;
use crate::value::{Value, json, text};
use ecow::EcoString;

/// Largest compiled regular expression, in bytes.
const MAX_REGEX: usize = 1 << 20;

pub(super) fn apply(builtin: Builtin, args: &Args<'_>) -> Result<Value, Fault> {
    match builtin {
        Builtin::Join => return join(args),
        Builtin::ToJson => {
            let text = json::to_text(args.get(0)?).map_err(|_| args.fault("a Secret has no JSON form"))?;
            return Ok(Value::text(text));
        }
        Builtin::ToString => {
            let text = text::interpolated(args.get(0)?).ok_or_else(|| args.fault("a Secret has no text"))?;
            return Ok(Value::Str(text));
        }
        Builtin::PathJoin => return path_join(args),
        _ => {}
    }
    let text = args.text(0)?;
    Ok(match builtin {
        Builtin::Split => split(text, args.text(1)?),
        Builtin::Lines => Value::list(text.lines().map(Value::text).collect()),
        Builtin::Trim => Value::text(text.trim()),
        Builtin::Lower => Value::Str(text.to_lowercase()),
        Builtin::Upper => Value::Str(text.to_uppercase()),
        Builtin::Replace => return replace(text, args),
        Builtin::StartsWith => Value::Bool(text.starts_with(args.text(1)?.as_str())),
        Builtin::EndsWith => Value::Bool(text.ends_with(args.text(1)?.as_str())),
        Builtin::Matches => return matches(text, args),
        Builtin::Basename => Value::text(text.trim_end_matches('/').rsplit('/').next().unwrap_or("")),
        Builtin::Dirname => dirname(text),
        _ => Value::Str(text.clone()),
    })
}

fn join(args: &Args<'_>) -> Result<Value, Fault> {
    let separator = if args.args.len() > 1 { args.text(1)?.as_str() } else { "" };
    let mut out = EcoString::new();
    for (i, item) in args.list(0)?.iter().enumerate() {
        if i > 0 {
            out.push_str(separator);
        }
        let Some(text) = text::interpolated(item) else { return Err(args.wrong("a list of texts", item)) };
        out.push_str(&text);
        if out.len() > MAX_SIZE {
            return Err(too_large(args.spot));
        }
    }
    Ok(Value::Str(out))
}

/// An empty separator splits into characters.
fn split(text: &str, separator: &str) -> Value {
    if separator.is_empty() {
        return Value::list(text.chars().map(|c| Value::text(c.to_string())).collect());
    }
    Value::list(text.split(separator).map(Value::text).collect())
}

fn replace(text: &EcoString, args: &Args<'_>) -> Result<Value, Fault> {
    let (from, to) = (args.text(1)?, args.text(2)?);
    let grown = text.matches(from.as_str()).count().saturating_mul(to.len());
    if grown.saturating_add(text.len()) > MAX_SIZE {
        return Err(too_large(args.spot));
    }
    Ok(Value::text(text.replace(from.as_str(), to)))
}

fn matches(text: &str, args: &Args<'_>) -> Result<Value, Fault> {
    let pattern = args.text(1)?;
    let regex = regex::RegexBuilder::new(pattern).size_limit(MAX_REGEX).build();
    let regex = regex.map_err(|e| {
        // The last line of the crate's message says what is wrong; those above draw the place.
        let why = e.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
        args.fault(format!("`{pattern}` is not a regular expression: {why}"))
    })?;
    Ok(Value::Bool(regex.is_match(text)))
}

fn dirname(text: &str) -> Value {
    let trimmed = text.trim_end_matches('/');
    Value::text(match trimmed.rfind('/') {
        Some(0) => "/",
        Some(at) => &trimmed[..at],
        None if trimmed.is_empty() && text.starts_with('/') => "/",
        None => ".",
    })
}

/// The parts with one `/` between them; an absolute part starts anew.
fn path_join(args: &Args<'_>) -> Result<Value, Fault> {
    let parts: Vec<Value> = match args.get(0)? {
        Value::List(items) => items.as_ref().clone(),
        _ => args.args.to_vec(),
    };
    let mut out = String::new();
    for part in &parts {
        let Some(part) = part.as_text() else { return Err(args.wrong("a path", part)) };
        if part.starts_with('/') {
            out.clear();
        } else if !out.is_empty() && !out.ends_with('/') && !part.is_empty() {
            out.push('/');
        }
        out.push_str(part);
    }
    Ok(Value::text(out))
}
