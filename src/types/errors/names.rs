//! Of names: what stands where a value should, and what was meant.

use super::suggested;
use crate::diagnostics::{Applicability, Code, Diagnostic, Edit};
use crate::resolve::suggest::{self, Near};
use crate::source::Span;
use crate::types::check::Place;

/// `build "x"`, `len xs`. `gap`: between both; `end`: behind the second.
pub(in crate::types) fn call_without_parens(span: Span, name: &str, gap: Span, end: Span) -> Diagnostic {
    let edits = vec![Edit { span: gap, text: "(".to_string() }, Edit { span: end, text: ")".to_string() }];
    Diagnostic::new(Code::F0311, span, format!("`{name}` is not called: arguments stand in parentheses"))
        .help(format!("write `{name}(…)`"))
        .fix_all(Applicability::NeedsLook, format!("write `{name}(…)`"), edits)
}

/// A task or function that is named where its value is meant; `bare`: it needs no arguments.
pub(in crate::types) fn not_called(span: Span, name: &str, what: &str, bare: bool) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0311, span, format!("`{name}` is {what}, not a value"));
    if bare {
        return diagnostic.help(format!("call it: `{name}()`")).fix(
            format!("write `{name}()`"),
            span.at_end(),
            "()",
        );
    }
    diagnostic.help(format!("call it: `{name}(…)`"))
}

pub(in crate::types) fn not_a_value(span: Span, name: &str, what: &str, way_out: &str) -> Diagnostic {
    Diagnostic::new(Code::F0311, span, format!("`{name}` is {what}, not a value")).help(way_out)
}

pub(in crate::types) fn stage_as_value(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0311, span, format!("the stage `{name}` has no value"))
        .help(format!("what it binds is `{name}.name`; the stage itself stands only in `after`"))
}

pub(in crate::types) fn unit_name(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0311, span, format!("`{name}` has no value"))
        .note("its task has no result type, so only `after` can use the name")
        .help("give the task a result type: `-> String`, for example")
}

pub(in crate::types) fn ambiguous_variant(span: Span, name: &str, of: &str) -> Diagnostic {
    Diagnostic::new(Code::F0312, span, format!("`{name}` is a variant of {of} and a name in scope"))
        .note(format!("both are {of}"))
        .help(format!("write `{of}.{name}` for the variant, or give the other another name"))
        .fix(format!("write `{of}.{name}`"), span, format!("{of}.{name}"))
}

pub(in crate::types) fn unknown_variant(span: Span, name: &str, of: &str, variants: &[&str]) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0214, span, format!("{of} has no variant `{name}`"));
    suggested(diagnostic, span, name, variants, "it has")
}

pub(in crate::types) fn unknown_name(span: Span, name: &str, owner: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0201, span, format!("unknown name `{name}`"));
    match (owner, suggest::advice(name)) {
        (Some(_), Some(advice)) => diagnostic.help(advice),
        (Some(of), None) => diagnostic
            .note(format!("a variant of {of}, which is not what is expected here"))
            .help(format!("write `{of}.{name}`"))
            .fix(format!("write `{of}.{name}`"), span, format!("{of}.{name}")),
        (None, _) => diagnostic.note("nothing of this name is in scope"),
    }
}

/// Asks for another name than `resolve` did, which did not know what type is expected.
pub(in crate::types) fn better_guess(span: Span, near: &Near, out: &mut [Diagnostic]) {
    let said = out.iter_mut().find(|d| d.code == Code::F0201 && d.span == span);
    // What is no guess by spelling stays as it is.
    let Some(said) = said.filter(|d| d.fixes.iter().all(|f| f.edits.iter().all(|e| e.span == span))) else {
        return;
    };
    let sure = said.fixes.iter().any(|f| f.applicability == Applicability::Safe);
    if sure || said.fixes.is_empty() && !said.help.is_empty() {
        return;
    }
    said.help.clear();
    said.note.clear();
    said.fixes.clear();
    *said = suggest::meant(said.clone(), span, near);
}

/// Says what an enum has, of an unknown name that stands where one is expected and is like none of it.
pub(in crate::types) fn one_of_enum(span: Span, of: &str, variants: &[String], out: &mut [Diagnostic]) {
    let said = out.iter_mut().find(|d| d.code == Code::F0201 && d.span == span && d.help.is_empty());
    if let Some(said) = said {
        let names: Vec<&str> = variants.iter().map(String::as_str).collect();
        said.note = format!("{of} is expected here");
        said.help.push(format!("it has {}", super::listed(&names)));
    }
}

pub(in crate::types) fn task_in_pure(span: Span, name: &str, place: Place) -> Diagnostic {
    Diagnostic::new(Code::F0310, span, format!("{} cannot call a task", place.words()))
        .note(format!("`{name}` makes a task"))
        .help(place.way_out())
}

pub(in crate::types) fn stage_in_pure(span: Span, place: Place) -> Diagnostic {
    Diagnostic::new(Code::F0310, span, format!("{} cannot hold a stage", place.words())).help(place.way_out())
}
