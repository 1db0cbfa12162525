//! Of `match` and its patterns.

use super::listed;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// `room`: where more arms can stand, and what goes before each.
pub(in crate::types) fn not_exhaustive(
    value: Span,
    of: &str,
    missing: &[String],
    (room, before): (Span, &str),
) -> Diagnostic {
    let diagnostic = match missing {
        [one] if one == "_" => Diagnostic::new(Code::F0303, value, "not every value is taken by an arm"),
        [one] if one == "a value" => {
            Diagnostic::new(Code::F0303, value, "no arm takes a value that is there, other than `none`")
        }
        _ => {
            let names: Vec<&str> = missing.iter().map(String::as_str).collect();
            let message = format!("no arm takes {}", listed(&names).replace(" or `", " and `"));
            Diagnostic::new(Code::F0303, value, message)
        }
    };
    let diagnostic = diagnostic.note(format!("this is {of}"));
    let arm = |pattern: &String| {
        let pattern = if pattern == "a value" { "_" } else { pattern.as_str() };
        format!("{before}{pattern} => fail(\"not handled\")")
    };
    let arms: String = missing.iter().take(12).map(arm).collect();
    let diagnostic = diagnostic.fix("add the arms that are missing", room, arms);
    match missing {
        [one] if one == "_" || one == "a value" => diagnostic.help("add an arm for the rest: `_ => …`"),
        _ => diagnostic.help("add an arm for each, or `_ => …` for the rest"),
    }
}

pub(in crate::types) fn unreachable_arm(span: Span, arm: Span) -> Diagnostic {
    Diagnostic::new(Code::F0304, span, "this arm is never reached")
        .note("the arms above take all of its values")
        .help("drop it, or move it up")
        .fix("drop it", arm, "")
}

pub(in crate::types) fn match_too_large(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0303, span, "this match is too large to be proved exhaustive")
        .help("split it into several, the inner ones in functions of their own")
}

pub(in crate::types) fn pattern_none(span: Span, found: &str) -> Diagnostic {
    Diagnostic::new(Code::F0319, span, "the value is never `none` here").note(format!("it is {found}"))
}

pub(in crate::types) fn pattern_type(span: Span, pattern: &str, value: &str) -> Diagnostic {
    Diagnostic::new(Code::F0319, span, format!("a pattern of {pattern} cannot take a value of {value}"))
        .help("write a pattern of the value's own type")
}

pub(in crate::types) fn pattern_interpolated(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0319, span, "a pattern is a plain text")
        .help("compare in a guard: `text if text == \"… #{x}\" => …`")
}

pub(in crate::types) fn pattern_args(span: Span, variant: &str, takes: usize, given: usize) -> Diagnostic {
    let message = format!("the variant carries {takes} values, the pattern names {given}");
    let message = message
        .replace("carries 1 values", "carries one value")
        .replace("carries 0 values", "carries no value");
    Diagnostic::new(Code::F0319, span, message)
        .help(format!("it is `{variant}`; `_` takes what does not matter"))
}

pub(in crate::types) fn pattern_sides(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0319, span, format!("`{name}` is not bound on every side of `|`"))
        .help("bind the same names on each side, or write two arms")
}

pub(in crate::types) fn pattern_side_types(span: Span, name: &str, a: &str, b: &str) -> Diagnostic {
    Diagnostic::new(Code::F0319, span, format!("`{name}` is {a} on one side of `|` and {b} on the other"))
        .help("write two arms")
}
