//! Of values, operators and statements.

use super::{Context, Why, near_or_all};
use crate::diagnostics::{Applicability, Code, Diagnostic, Edit};
use crate::resolve::suggest::{self, Near};
use crate::source::Span;
use crate::types::Ty;
use std::fmt::Write;

const HANDLE: &str = "say what happens for `none`: `… ?? other`, a `match`, or a check `!= none` before";

pub(in crate::types) fn none_in_text(span: Span, found: &str) -> Diagnostic {
    Diagnostic::new(Code::F0302, span, "this may be `none`")
        .note(format!("of type {found}"))
        .help("give the text a value for that case: `#{value ?? \"…\"}`")
        .fix("write `?? \"\"` after it", span.at_end(), " ?? \"\"")
}

pub(in crate::types) fn none_field(span: Span, base: Span, field: &str, found: &str) -> Diagnostic {
    Diagnostic::new(Code::F0302, span, format!("`.{field}` of something that may be `none`"))
        .label(base, format!("this is {found}"))
        .help(format!("write `?.{field}` (then the result may be `none`), or check `!= none` before"))
        .fix(format!("write `?.{field}`"), Span { start: base.end, ..span }, format!("?.{field}"))
}

pub(in crate::types) fn none_index(base: Span, found: &str) -> Diagnostic {
    Diagnostic::new(Code::F0302, base, "an index into something that may be `none`")
        .note(format!("this is {found}"))
        .help(HANDLE)
}

pub(in crate::types) fn none_items(span: Span, found: &str) -> Diagnostic {
    Diagnostic::new(Code::F0302, span, "a loop over something that may be `none`")
        .note(format!("this is {found}"))
        .help("go over nothing in that case: `… ?? []`")
        .fix("write `?? []` after it", span.at_end(), " ?? []")
}

/// `other`: a plain value to take where it is `none`.
pub(in crate::types) fn none_operand(span: Span, op: &str, found: &str, other: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0302, span, format!("`{op}` with something that may be `none`"))
        .note(format!("this is {found}"))
        .help(HANDLE);
    let Some(other) = other else { return diagnostic };
    let edits = vec![
        Edit { span: span.at_start(), text: "(".to_string() },
        Edit { span: span.at_end(), text: format!(" ?? {other})") },
    ];
    diagnostic.fix_all(Applicability::NeedsLook, format!("take `{other}` in that case"), edits)
}

/// `after`: from the end of what is never `none` to the end of what is too much.
pub(in crate::types) fn never_none(span: Span, op: &str, found: &str, after: Span) -> Diagnostic {
    let (title, text) = if op == "`?.`" { ("write `.`", ".") } else { ("take it out", "") };
    Diagnostic::new(Code::F0325, span, format!("{op} on something that is never `none`"))
        .note(format!("this is {found}"))
        .help(if op == "`?.`" { "write `.`" } else { "drop `??` and what follows it" })
        .safe_fix(title, after, text)
}

pub(in crate::types) fn compared_with_none(span: Span, side: Span, found: &str) -> Diagnostic {
    Diagnostic::new(Code::F0325, span, "a comparison with `none` that always comes out the same")
        .label(side, format!("this is {found}, never `none`"))
        .help("drop the comparison")
}

pub(in crate::types) fn no_text(span: Span, found: &str, unit: bool) -> Diagnostic {
    if unit {
        return Diagnostic::new(Code::F0311, span, "this gives no value to put into a text")
            .note("a task without `->` gives Unit");
    }
    Diagnostic::new(Code::F0324, span, format!("{found} cannot be put into a text"))
        .note("it has no JSON form")
}

/// `fields`: each with whether its type is what is expected.
pub(in crate::types) fn unknown_field(
    span: Span,
    name: &str,
    of: &str,
    fields: &[(&str, bool)],
    base: Span,
) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0306, span, format!("no field `{name}` in {of}"))
        .label(base, format!("this is {of}"));
    let near = suggest::fitting(name, fields.iter().copied());
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    near_or_all(diagnostic, span, near, &names, "its fields are")
}

pub(in crate::types) fn no_fields(span: Span, name: &str, of: &str, ty: &Ty) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0306, span, format!("no field `{name}`: {of} has no fields"));
    match ty {
        Ty::Map(_) => diagnostic.help(format!("the value of a key is `…[\"{name}\"]`")),
        Ty::List(_) => diagnostic.help("take one element, `…[0]`, or go over all with `for`"),
        Ty::Enum(_) => diagnostic.help("what a variant carries is taken out by `match`"),
        Ty::Json => diagnostic.help("read it as a type first: `from_json<T>(to_json(…))`"),
        _ => diagnostic,
    }
}

/// `list.len()` for `len(list)`. `after`: from the end of the base to the first argument, or to the end of the call.
pub(in crate::types) fn method_call(
    span: Span,
    name: &str,
    function: &str,
    base: Span,
    after: Span,
    more: bool,
) -> Diagnostic {
    let close = if more { ", " } else { ")" };
    let edits = vec![
        Edit { span: base.at_start(), text: format!("{function}(") },
        Edit { span: after, text: close.to_string() },
    ];
    let rest = if more { "(value, …)" } else { "(value)" };
    Diagnostic::new(
        Code::F0306,
        span,
        format!("values have no methods: `.{name}` is the function `{function}`"),
    )
    .help(format!("write `{function}{rest}`"))
    .fix_all(Applicability::Safe, format!("write `{function}{rest}`"), edits)
}

pub(in crate::types) fn misspelt_field(span: Span, name: &str, near: &Near) -> Diagnostic {
    let error = Diagnostic::new(Code::F0306, span, format!("no field `{name}` is expected here"));
    suggest::meant(error, span, near)
}

pub(in crate::types) fn missing_fields(
    ctx: &Context<'_>,
    span: Span,
    fields: &[String],
    why: Why,
) -> Diagnostic {
    let names: Vec<String> =
        fields.iter().map(|f| format!("`{}`", f.split(':').next().unwrap_or_default())).collect();
    let (what, these) = if fields.len() == 1 { ("field", "it is") } else { ("fields", "they are") };
    let diagnostic =
        Diagnostic::new(Code::F0318, span, format!("the {what} {} must be given", names.join(", ")))
            .help(format!("{these} `{}`", fields.join(", ")));
    let diagnostic = match given(fields) {
        Some(text) if ctx.sources.text(span).ends_with('}') => {
            let close = Span { start: span.end - 1, end: span.end - 1, ..span };
            diagnostic.fix("add what is missing", close, text)
        }
        _ => diagnostic,
    };
    match why {
        Why::Written(at) | Why::Result(at) | Why::Mock(at) => diagnostic.label(at, "because of this type"),
        Why::Param(def, at) => match ctx.param(def, at) {
            Some((span, name)) => diagnostic.label(span, format!("for the parameter `{name}`")),
            None => diagnostic,
        },
        _ => diagnostic,
    }
}

/// ` name: value ` for each field whose type has a plain value.
fn given(fields: &[String]) -> Option<String> {
    let mut out = String::new();
    for field in fields {
        let (name, ty) = field.split_once(": ")?;
        let value = match ty {
            "Bool" => "false",
            "Int" => "0",
            "Float" => "0.0",
            "String" | "Path" => "\"\"",
            _ if ty.ends_with('?') => "none",
            _ if ty.starts_with('[') => "[]",
            _ => return None,
        };
        let _ = write!(out, " {name}: {value} ");
    }
    Some(out)
}

/// `field`: the one that stands in the brackets, and the place from behind the base to its end.
pub(in crate::types) fn no_index(
    span: Span,
    found: &str,
    ty: &Ty,
    field: Option<(&str, Span)>,
) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0301, span, format!("{found} has no elements to index"))
        .note("a list or a map is expected before `[`");
    if let Some((field, place)) = field {
        // The bracket that closes it stands behind the text.
        let place = Span { end: place.end + 1, ..place };
        return diagnostic
            .help(format!("a field of a record is written `.{field}`; a map is one where its type says so: `{{String: T}}`"))
            .fix(format!("write `.{field}`"), place, format!(".{field}"));
    }
    match ty {
        Ty::Record(_) | Ty::Exit | Ty::Response => diagnostic.help("a field of a record is `record.name`"),
        Ty::Json => diagnostic.help("read it as a type first: `from_json<T>(to_json(…))`"),
        Ty::String => diagnostic.help("take a text apart with `split` or `lines`"),
        _ => diagnostic,
    }
}

pub(in crate::types) fn not_iterable(span: Span, found: &str, ty: &Ty) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0301, span, format!("cannot iterate over {found}"))
        .note("a loop goes over a list or a map");
    match ty {
        Ty::Int => {
            let edit = |span: Span, text: &str| Edit { span, text: text.to_string() };
            let edits = vec![edit(span.at_start(), "range(0, "), edit(span.at_end(), ")")];
            diagnostic.help("count with `range(0, n)`").fix_all(
                Applicability::NeedsLook,
                "count with `range(0, n)`",
                edits,
            )
        }
        Ty::String => diagnostic.help("take a text apart with `lines` or `split`"),
        Ty::Record(_) => {
            diagnostic.help("go over its fields with `entries(record)` when they are of one type")
        }
        _ => diagnostic,
    }
}

pub(in crate::types) fn loop_over_nothing(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0314, span, "a loop over an empty list")
        .help("put elements into it, or drop the loop")
}

pub(in crate::types) fn bad_operand(span: Span, op: &str, found: &str, optional: bool) -> Diagnostic {
    if optional {
        return none_operand(span, op, found, None);
    }
    Diagnostic::new(Code::F0316, span, format!("`{op}` cannot be applied to {found}"))
        .note("it takes numbers, durations, bytes and money")
}

pub(in crate::types) fn bad_operands(
    span: Span,
    op: &str,
    left: (Span, &str, &Ty),
    right: (Span, &str, &Ty),
    written: (&str, &str),
) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(Code::F0316, span, format!("{} `{op}` {} is not defined", left.1, right.1))
            .label(left.0, format!("this is {}", left.1))
            .label(right.0, format!("this is {}", right.1));
    let text = |ty: &Ty| matches!(ty, Ty::String | Ty::Path);
    match op {
        "==" | "!=" => diagnostic.help("values of these types are never equal: compare values of one type"),
        "+" if text(left.2) || text(right.2) => {
            let diagnostic = diagnostic.help("put the value into the text: `\"… #{value}\"`");
            into_text(diagnostic, left, right, written)
        }
        "<" | "<=" | ">" | ">=" => diagnostic
            .help("numbers, texts, units and enums without payload are ordered, each among its own kind"),
        "in" => diagnostic.help("`in` looks for an element in a list, a key in a map, a part in a text"),
        _ => diagnostic.help(
            "`+ -` take two of one kind; `*` a unit and a number; `/` a unit and a number or its own kind",
        ),
    }
}

/// `"a" + n` as `"a#{n}"`, `text + n` as `text + to_string(n)`.
fn into_text(
    diagnostic: Diagnostic,
    left: (Span, &str, &Ty),
    right: (Span, &str, &Ty),
    written: (&str, &str),
) -> Diagnostic {
    let text = |ty: &Ty| matches!(ty, Ty::String | Ty::Path);
    let plain = |text: &str| text.len() > 1 && text.starts_with('"') && !text.starts_with("\"\"\"");
    let edit = |start: u32, end: u32, text: String| Edit { span: Span::new(left.0.file, start, end), text };
    let edits = if text(left.2) && plain(written.0) {
        vec![edit(left.0.end - 1, right.0.end, format!("#{{{}}}\"", written.1))]
    } else if text(right.2) && plain(written.1) {
        vec![edit(left.0.start, right.0.start + 1, format!("\"#{{{}}}", written.0))]
    } else if text(left.2) {
        vec![edit(right.0.start, right.0.end, format!("to_string({})", written.1))]
    } else {
        vec![edit(left.0.start, left.0.end, format!("to_string({})", written.0))]
    };
    diagnostic.fix_all(Applicability::NeedsLook, "put the value into the text", edits)
}

pub(in crate::types) fn no_equality(span: Span, found: &str, unit: bool) -> Diagnostic {
    if unit {
        return Diagnostic::new(Code::F0311, span, "this gives no value to compare")
            .note("a task without `->` gives Unit");
    }
    Diagnostic::new(Code::F0324, span, format!("{found} cannot be compared")).note("it has no JSON form")
}

pub(in crate::types) fn no_common_type(
    span: Span,
    what: &str,
    before: &str,
    found: &str,
    first: Option<Span>,
) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0313, span, format!("{what} have no type in common"))
        .note(format!("this is {found}"))
        .help("write the type that is meant: `let name: Type = …`");
    match first {
        Some(first) => diagnostic.label(first, format!("this is {before}")),
        None => diagnostic.help(format!("what stands before is {before}")),
    }
}

pub(in crate::types) fn cannot_infer(span: Span, found: &str, ty: &Ty) -> Diagnostic {
    let example = match ty {
        Ty::None => "let name: String? = none",
        Ty::List(_) => "let name: [String] = []",
        _ => "let name: Type = …",
    };
    Diagnostic::new(Code::F0314, span, format!("nothing here says what type {found} has"))
        .help(format!("write the type: `{example}`"))
}

pub(in crate::types) fn type_too_large(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0314, span, "the type of this value is too large to be inferred")
        .help("declare a `type` and write it: `let name: Type = …`")
}

pub(in crate::types) fn no_json(span: Span, found: &str, what: &str) -> Diagnostic {
    Diagnostic::new(Code::F0324, span, format!("{found} has no JSON form"))
        .note(format!("{what} needs one"))
        .help("Unit and everything with a Secret inside have none")
}

pub(in crate::types) fn no_value(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(Code::F0311, span, format!("{what} gets no value")).note("this gives Unit")
}

pub(in crate::types) fn block_without_value(
    ctx: &Context<'_>,
    span: Span,
    what: &str,
    want: &Ty,
    why: Why,
) -> Diagnostic {
    let shown = ctx.known.show(want);
    let diagnostic = Diagnostic::new(Code::F0311, span, format!("expected {shown}, but {what}"))
        .help("the value of a block is that of its last expression");
    ctx.because(diagnostic, why, want)
}

pub(in crate::types) fn if_without_else(ctx: &Context<'_>, span: Span, want: &Ty, why: Why) -> Diagnostic {
    let shown = ctx.known.show(want);
    let diagnostic = Diagnostic::new(
        Code::F0302,
        span,
        format!("expected {shown}, but without `else` this may be `none`"),
    )
    .help("say what holds otherwise: `else { … }`");
    ctx.because(diagnostic, why, want)
}

pub(in crate::types) fn useless_statement(span: Span, check: bool) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0309, span, "this statement does nothing")
        .note("it makes no task and is not the value of its block");
    if check {
        diagnostic.help("to stop when something is wrong write `assert condition, \"message\"`: what stands below waits for it")
    } else {
        diagnostic.help("bind it with `let`, make it the last of the block, or drop it").fix(
            "take it out",
            span,
            "",
        )
    }
}

pub(in crate::types) fn division_by_zero(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0329, span, "a division by zero always fails")
}

/// `whole`: the list with its brackets.
pub(in crate::types) fn no_such_index(span: Span, at: i64, list: &str, whole: Span) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0329, span, format!("no list has an index `{at}`"));
    if at >= 0 {
        return Diagnostic { message: format!("this list has no index `{at}`"), ..diagnostic }
            .help("an index counts from 0");
    }
    let diagnostic =
        diagnostic.help("an index counts from 0; the last element is `last(list)`, which may be `none`");
    if list.len() <= 40 && !list.contains('\n') {
        let written = format!("{list}[len({list}) - {}]", at.unsigned_abs());
        return diagnostic.fix(format!("write `{written}`"), whole, written);
    }
    diagnostic
}

pub(in crate::types) fn not_taken_apart(span: Span, found: &str, optional: bool) -> Diagnostic {
    if optional {
        return Diagnostic::new(Code::F0302, span, "this may be `none`")
            .note(format!("the value is {found}"))
            .help(HANDLE);
    }
    Diagnostic::new(Code::F0301, span, format!("{found} has no fields to take apart"))
        .note("`{ a, b }` takes a record apart")
}

pub(in crate::types) fn bad_splice(span: Span, found: &str) -> Diagnostic {
    Diagnostic::new(Code::F0301, span, format!("`...` of {found} inside a list")).note("it splices a list")
}

pub(in crate::types) fn bad_spread(span: Span, found: &str) -> Diagnostic {
    Diagnostic::new(Code::F0301, span, format!("`...` of {found} inside a record"))
        .note("it takes over the fields of a record")
}

pub(in crate::types) fn duplicate(what: &str, name: &str, span: Span, first: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0317, span, format!("the {what} `{name}` is given twice"))
        .help("drop one of them");
    match first {
        Some(first) => diagnostic.label(first, "first here"),
        None => diagnostic,
    }
}

pub(in crate::types) fn empty_race(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0308, span, "a race without anyone in it")
        .help("name at least one call: `race { a(), b() }`")
}

pub(in crate::types) fn secret_here(span: Span, place: &str) -> Diagnostic {
    Diagnostic::new(Code::F0801, span, "a secret cannot be used here")
        .note(format!("{place} cannot hold a secret"))
        .help(
            "a secret goes only into values of `env` and of http `headers`; the process reads it from there",
        )
}

pub(in crate::types) fn secret_compared(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0801, span, "a secret cannot be compared")
        .note("its text is not known until a task starts")
        .help("let a command that is given it by `env` do the comparison")
}

pub(in crate::types) fn secret_operand(span: Span, op: &str) -> Diagnostic {
    secret_here(span, &format!("`{op}`")).help("to put it into a text for `env` write `\"… #{secret}\"`")
}
