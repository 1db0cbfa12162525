//! The messages of the syntax phase, one constructor each.

use super::{MAX_HEIGHT, MAX_NAME, MAX_NESTING};
use crate::diagnostics::{Code, Diagnostic, suggest};
use crate::source::Span;

fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

fn escape(c: char) -> String {
    format!("\\u{{{:X}}}", u32::from(c))
}

// ---------------------------------------------------------------------------------------------------- F0101 syntax

/// Something else is expected here.
pub(super) fn expected(span: Span, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::new(Code::F0101, span, format!("expected {expected}, found {found}"))
        .note(format!("expected {expected}"))
}

/// Nothing that could begin here.
pub(super) fn unexpected(span: Span, found: &str, place: &str) -> Diagnostic {
    Diagnostic::new(Code::F0101, span, format!("unexpected {found} {place}")).note("this cannot stand here")
}

pub(super) fn too_many(span: Span, shown: usize) -> Diagnostic {
    Diagnostic::new(
        Code::F0101,
        span,
        format!("there are more than {shown} syntax errors in this file; the others are not shown"),
    )
    .help("is this a Flow program? mend the first errors and check again")
}

pub(super) fn use_source(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::F0101,
        span,
        "expected `std.…`, a path in quotes, or `agents` and a path after `use`",
    )
    .help("write `use std.text`, `use \"./file.flow\"` or `use agents \"./agents\"`")
}

pub(super) fn key_interpolated(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0101, span, "a field's name is fixed text and cannot be interpolated")
        .help("build the map from pairs with `from_entries`")
}

// --------------------------------------------------------------------------------------- F0102, F0103 without an end

pub(super) fn unclosed_string(span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0102, span, "this string is not closed").note("it begins here");
    if span.end - span.start == 3 {
        diagnostic.help("close it with `\"\"\"`; or a `#{` in it lacks its `}`")
    } else {
        diagnostic.help("close it with `\"` on the same line; text over several lines goes between `\"\"\"`")
    }
}

pub(super) fn unclosed_interpolation(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0102, span, "this `#{` is not closed")
        .note("the expression begins here")
        .help("close it with `}`, or write `\\#{` for the text itself")
}

fn closing(sign: &str) -> &'static str {
    match sign {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

pub(super) fn unclosed_bracket(span: Span, sign: &str) -> Diagnostic {
    Diagnostic::new(Code::F0103, span, format!("this `{sign}` is not closed"))
        .note(format!("its `{}` is missing", closing(sign)))
}

pub(super) fn mismatched(span: Span, sign: &str, close: Span) -> Diagnostic {
    Diagnostic::new(Code::F0103, span, format!("this `{sign}` is not closed"))
        .note(format!("its `{}` is missing", closing(sign)))
        .label(close, "this closes something further out")
}

pub(super) fn stray(span: Span, sign: &str) -> Diagnostic {
    Diagnostic::new(Code::F0103, span, format!("this `{sign}` closes nothing"))
        .note("nothing is open here")
        .help("remove it, or look for a bracket that is closed too early above")
}

// ------------------------------------------------------------------------------------------------- F0104 too deep

pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0104, span, format!("this is nested deeper than {MAX_NESTING} levels"))
        .note("the limit is reached here")
        .help("give parts of it names with `let`, or move them into a `fn` or a workflow of their own")
}

pub(super) fn too_long(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0104, span, format!("this expression is built of more than {MAX_HEIGHT} levels"))
        .note("the operators, calls and branches of one expression count one level each")
        .help("give parts of it names with `let`, or use a list: `join`, `sum`, `any_of`, `match`")
}

// ---------------------------------------------------------------------------------------------- F0105 characters

pub(super) fn bad_char(span: Span, c: char, hidden: bool) -> Diagnostic {
    let shown = if hidden { code_point(c) } else { format!("`{c}` ({})", code_point(c)) };
    let kind = if hidden { "a hidden character" } else { "a character" };
    let diagnostic = Diagnostic::new(Code::F0105, span, format!("{shown} is {kind} that may not stand here"));
    match c {
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{00AB}' | '\u{00BB}' => {
            diagnostic.help("strings use straight quotes: `\"…\"`")
        }
        '\u{2018}' | '\u{2019}' => diagnostic.help("strings use straight double quotes: `\"…\"`"),
        '\u{2013}' | '\u{2014}' | '\u{2212}' => diagnostic.safe_fix("write `-`", span, "-"),
        '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{3000}' => diagnostic
            .note("this blank is not the ordinary one")
            .safe_fix("write an ordinary blank", span, " "),
        '\u{00D7}' => diagnostic.safe_fix("write `*`", span, "*"),
        '\u{2260}' => diagnostic.safe_fix("write `!=`", span, "!="),
        '\u{2264}' => diagnostic.safe_fix("write `<=`", span, "<="),
        '\u{2265}' => diagnostic.safe_fix("write `>=`", span, ">="),
        '\u{2026}' => diagnostic.safe_fix("write `...`", span, "..."),
        '\u{2192}' => diagnostic.safe_fix("write `->`", span, "->"),
        '\u{21D2}' => diagnostic.safe_fix("write `=>`", span, "=>"),
        _ if hidden => diagnostic.safe_fix("remove it", span, ""),
        _ => diagnostic.help("outside of strings and comments a program is ASCII"),
    }
}

pub(super) fn foreign_name(span: Span, name: &str) -> Diagnostic {
    let signs: Vec<String> = name
        .chars()
        .filter(|c| !c.is_ascii())
        .take(3)
        .map(|c| format!("`{c}` is {}", code_point(c)))
        .collect();
    Diagnostic::new(Code::F0105, span, format!("the name `{name}` has letters outside ASCII"))
        .note(signs.join(", "))
        .help(
            "names are made of `a`–`z`, `A`–`Z`, `0`–`9` and `_`; some foreign letters only look like these",
        )
}

pub(super) fn hidden_in_comment(span: Span, c: char) -> Diagnostic {
    Diagnostic::new(Code::F0105, span, format!("{} in a comment hides how the text reads", code_point(c)))
        .note("this character does not show")
        .safe_fix("remove it", span, "")
}

pub(super) fn control_in_string(span: Span, c: char) -> Diagnostic {
    Diagnostic::new(
        Code::F0105,
        span,
        format!("the control character {} stands raw in a string", code_point(c)),
    )
    .safe_fix(format!("write `{}`", escape(c)), span, escape(c))
}

pub(super) fn bidi_in_string(span: Span, c: char) -> Diagnostic {
    Diagnostic::new(
        Code::W0010,
        span,
        format!("{} in a string turns the direction of the text around", code_point(c)),
    )
    .note("what is shown after it is not in the order in which it stands")
    .safe_fix(format!("write `{}`", escape(c)), span, escape(c))
}

// ---------------------------------------------------------------------------------------- F0106, F0107 literals

pub(super) fn bad_literal(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::F0106, span, message)
}

pub(super) fn bad_escape(span: Span, written: &str) -> Diagnostic {
    Diagnostic::new(Code::F0107, span, format!("`{written}` is not an escape"))
        .help("the escapes are `\\n` `\\t` `\\r` `\\\"` `\\\\` `\\#{` and `\\u{1F600}`; `r\"…\"` takes all text literally")
}

pub(super) fn bad_code_point(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0107, span, "this is no Unicode character")
        .help("write one to six hexadecimal digits between the braces: `\\u{1F600}`")
}

// -------------------------------------------------------------------------------------------------- F0108 names

pub(super) fn long_name(span: Span, length: usize) -> Diagnostic {
    Diagnostic::new(Code::F0108, span, format!("this name is {length} bytes long, the limit is {MAX_NAME}"))
}

/// A name with a small first letter where a type is used.
pub(super) fn no_type_name(span: Span, name: &str) -> Diagnostic {
    let foreign = || Diagnostic::new(Code::F0108, span, format!("there is no type `{name}`"));
    if let Some(near) = suggest::of_type(name, std::iter::empty()) {
        return suggest::meant(foreign(), span, &near);
    }
    match suggest::type_advice(name) {
        Some(advice) => foreign().help(advice),
        None => name_case(span, name, "a type's name", true),
    }
}

/// A name whose first letter has the wrong case for `what`.
pub(super) fn name_case(span: Span, name: &str, what: &str, upper: bool) -> Diagnostic {
    let case = if upper { "an upper-case" } else { "a lower-case" };
    let mended: String = if upper {
        name.split('_')
            .flat_map(|part| part.chars().take(1).map(|c| c.to_ascii_uppercase()).chain(part.chars().skip(1)))
            .collect()
    } else if name.chars().any(|c| c.is_ascii_lowercase()) {
        name.chars().take(1).map(|c| c.to_ascii_lowercase()).chain(name.chars().skip(1)).collect()
    } else {
        name.to_ascii_lowercase()
    };
    let usable =
        mended.starts_with(|c: char| if upper { c.is_ascii_uppercase() } else { c.is_ascii_lowercase() });
    let diagnostic =
        Diagnostic::new(Code::F0108, span, format!("`{name}` is {what}: it must start with {case} letter"))
            .note(format!("{what} starts with {case} letter"));
    if usable { diagnostic.fix(format!("write `{mended}`"), span, mended) } else { diagnostic }
}

// --------------------------------------------------------------------------------------- F0109 words of other languages

pub(super) fn other_language(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::F0109, span, message)
}

// --------------------------------------------------------------------------------------------------- F0110 chains

pub(super) fn chained_comparison(span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::F0110, span, "comparisons do not chain")
        .note("this compares the result of another comparison")
        .label(first, "the other one")
        .help("write `a < b and b < c`, or put one of them in parentheses")
}
