//! Of calls and their arguments.

use crate::diagnostics::{Code, Diagnostic};
use crate::resolve::suggest;
use crate::source::Span;
use ecow::EcoString;

fn signed(diagnostic: Diagnostic, signature: &str, declared: Option<Span>) -> Diagnostic {
    match declared {
        Some(at) => diagnostic.label(at, format!("`{signature}`")),
        None => diagnostic.help(format!("it is `{signature}`")),
    }
}

pub(in crate::types) fn not_callable(span: Span, name: &str, what: &str) -> Diagnostic {
    Diagnostic::new(Code::F0320, span, format!("`{name}` cannot be called")).note(format!("it is {what}"))
}

/// A name in scope that a built-in has too.
pub(in crate::types) fn hidden_builtin(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0320, span, format!("`{name}` is a value here, which hides the built-in `{name}`"))
        .help("give the value above another name")
}

pub(in crate::types) fn property_call(span: Span, name: &str, place: &str) -> Diagnostic {
    Diagnostic::new(Code::F0320, span, format!("`{name}(…)` stands only as the value of `{place}`"))
        .help(format!("write it in the properties: `{place}: {name}(…)`"))
}

pub(in crate::types) fn position_after_name(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0305, span, "an argument without a name after one with a name")
        .help("put arguments by position first, or name this one too")
}

pub(in crate::types) fn unknown_argument(
    span: Span,
    name: &str,
    names: &[(&str, bool)],
    signature: &str,
    declared: Option<Span>,
) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0305, span, format!("no parameter is called `{name}`"));
    let diagnostic = match suggest::fitting(name, names.iter().copied()) {
        Some(near) => suggest::meant(diagnostic, span, &near),
        None => diagnostic,
    };
    signed(diagnostic, signature, declared)
}

pub(in crate::types) fn too_many_args(
    span: Span,
    takes: usize,
    given: usize,
    signature: &str,
    declared: Option<Span>,
) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(Code::F0305, span, format!("too many arguments: {takes} at most, {given} given"));
    signed(diagnostic.note("this one has no parameter"), signature, declared)
}

pub(in crate::types) fn argument_twice(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0305, span, format!("the argument `{name}` is given twice"))
        .help("drop one of them")
}

pub(in crate::types) fn missing_args(
    span: Span,
    names: &[&str],
    signature: &str,
    declared: Option<Span>,
) -> Diagnostic {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    let what = if names.len() == 1 { "argument" } else { "arguments" };
    let message = format!("the {what} {} must be given", quoted.join(", "));
    signed(Diagnostic::new(Code::F0305, span, message), signature, declared)
}

pub(in crate::types) fn named_builtin_arg(span: Span, name: &str, form: &str) -> Diagnostic {
    Diagnostic::new(Code::F0305, span, format!("`{name}` takes its arguments by position"))
        .help(format!("it is `{form}`"))
}

pub(in crate::types) fn builtin_arity(span: Span, name: &str, form: &str, given: usize) -> Diagnostic {
    let s = if given == 1 { "" } else { "s" };
    Diagnostic::new(Code::F0305, span, format!("`{name}` is not called with {given} argument{s}"))
        .help(format!("it is `{form}`"))
}

pub(in crate::types) fn bad_builtin_arg(
    span: Span,
    name: &str,
    takes: &str,
    found: &str,
    optional: bool,
) -> Diagnostic {
    if optional {
        return Diagnostic::new(Code::F0302, span, "this may be `none`")
            .note(format!("`{name}` takes {takes}; this is {found}"))
            .help("say what happens for `none`: `… ?? other`, or a check `!= none` before");
    }
    Diagnostic::new(Code::F0301, span, format!("`{name}` takes {takes}, found {found}"))
}

pub(in crate::types) fn literal_needed(span: Span, name: &str, form: &str) -> Diagnostic {
    Diagnostic::new(Code::F0305, span, format!("`{name}` needs a plain text in quotes here"))
        .note("it is looked at before the program runs")
        .help(format!("it is `{form}`"))
}

pub(in crate::types) fn bad_secret_name(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0305, span, format!("\"{}\" cannot be the name of a secret", name.escape_debug()))
        .help("a secret is named like an environment variable: `secret(\"API_TOKEN\")`")
}

pub(in crate::types) fn bad_regex(span: Span, why: &str) -> Diagnostic {
    Diagnostic::new(Code::F0305, span, "this is not a regular expression").note(why)
}

pub(in crate::types) fn no_order(span: Span, name: &str, found: &str, record: bool) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(Code::F0301, span, format!("`{name}` needs values with an order, found {found}"))
            .note("numbers, texts, units and enums without payload are ordered");
    if record { diagnostic.help("sort records by a field: `sort_by(list, \"field\")`") } else { diagnostic }
}

pub(in crate::types) fn bad_key(span: Span, found: &str, what: &str) -> Diagnostic {
    Diagnostic::new(Code::F0301, span, format!("{what} needs a value that names something, found {found}"))
        .note("a String, Path, Int, Bool or an enum without payload")
}

pub(in crate::types) fn cannot_infer_type_arg(
    span: Span,
    name: &str,
    generics: &[EcoString],
    at: usize,
) -> Diagnostic {
    let which = generics.get(at).map_or("T", EcoString::as_str);
    Diagnostic::new(Code::F0314, span, format!("nothing here says what `{which}` is"))
        .help(format!("write it: `{name}<Type>(…)`"))
}

pub(in crate::types) fn type_arg_without_json(span: Span, name: &str, found: &str) -> Diagnostic {
    Diagnostic::new(Code::F0324, span, format!("`{name}` cannot be used with {found}"))
        .note("a type argument needs a JSON form")
}

fn type_args(span: Span, name: &str, takes: usize, given: usize) -> Diagnostic {
    let message = match takes {
        0 => format!("`{name}` takes no type arguments"),
        1 => format!("`{name}` takes one type argument, {given} given"),
        _ => format!("`{name}` takes {takes} type arguments, {given} given"),
    };
    Diagnostic::new(Code::F0321, span, message)
}

pub(in crate::types) fn type_args_of_call(span: Span, name: &str, takes: usize, given: usize) -> Diagnostic {
    type_args(span, name, takes, given)
}

pub(in crate::types) fn type_args_of_type(span: Span, name: &str, takes: usize, given: usize) -> Diagnostic {
    type_args(span, name, takes, given)
}

pub(in crate::types) fn variant_needs_args(span: Span, shown: &str) -> Diagnostic {
    Diagnostic::new(Code::F0305, span, "this variant carries values").help(format!("it is `{shown}`"))
}

pub(in crate::types) fn with_on_other(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(Code::F0320, span, "`with` belongs to a call of a task or workflow")
        .note(format!("`{}` is not such a call", what.lines().next().unwrap_or_default()))
}
