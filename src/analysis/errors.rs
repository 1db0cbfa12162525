//! The messages of this phase, one constructor each.

use crate::ast::Name;
use crate::diagnostics::{Applicability, Code, Diagnostic, Edit};
use crate::source::Span;

pub(super) fn over_capacity(
    span: Span,
    resource: &str,
    need: i64,
    capacity: i64,
    declared: Span,
) -> Diagnostic {
    let message = format!("the task needs {need} of `{resource}`, and there are only {capacity}");
    Diagnostic::new(Code::F0410, span, message)
        .note("it could never start")
        .label(declared, "the capacity is here")
        .help("ask for less, or raise the capacity")
        .fix(format!("ask for {capacity}"), span, capacity.to_string())
}

pub(super) fn over_rate(span: Span, resource: &str, need: i64, units: i64, declared: Span) -> Diagnostic {
    let message =
        format!("the task needs {need} of `{resource}` at once, and its rate gives {units} at a time");
    Diagnostic::new(Code::F0410, span, message)
        .note("it could never start")
        .label(declared, "the rate is here")
        .help("ask for less, or raise the rate with its `per`")
}

/// `alone`: the name stands for nothing else, as that of a field does.
pub(super) fn unused_binding(name: &Name, alone: bool) -> Diagnostic {
    let lint = Diagnostic::new(Code::W0101, name.span, format!("`{}` is never used", name.text));
    if alone {
        return lint.help(format!("take it out, or call it `_{}`", name.text)).safe_fix(
            format!("call it `_{}`", name.text),
            name.span.at_start(),
            "_",
        );
    }
    lint.help("take it out")
}

/// `end`: where one more property can stand.
pub(super) fn effect_without_on_crash(span: Span, effect: Span, end: Option<Span>) -> Diagnostic {
    let lint = Diagnostic::new(Code::W0102, span, "what happens when this task is interrupted is not stated")
        .note("it changes something outside of the run")
        .label(effect, "its effect")
        .help("add `on_crash: rerun` when doing it twice is harmless, else `ask`, `fail` or `probe([…])`");
    match end {
        // That is what happens anyway.
        Some(end) => lint.safe_fix("add `on_crash: ask`", end, " on_crash: ask"),
        None => lint,
    }
}

pub(super) fn no_timeout(span: Span, end: Option<Span>) -> Diagnostic {
    let lint = Diagnostic::new(Code::W0103, span, "an agent task without a timeout")
        .note("it may run for ever")
        .help("add a `timeout`, here or to the agent");
    match end {
        Some(end) => lint.fix("add `timeout: 10m`", end, " timeout: 10m"),
        None => lint,
    }
}

pub(super) fn fan_out_without_budget(items: Span, task: Span) -> Diagnostic {
    Diagnostic::new(Code::W0104, items, "agents for a list of unknown length, without a budget")
        .label(task, "an agent task for each element")
        .help(
            "bound the list, or add `budget` to the workflow, the task or the agent (planned with, but a program with a \
             `budget` is not run by this version)",
        )
        .fix_all(
            Applicability::NeedsLook,
            "take the first 20",
            vec![
                Edit { span: items.at_start(), text: "take(".into() },
                Edit { span: items.at_end(), text: ", 20)".into() },
            ],
        )
}

pub(super) fn unused_parameter(name: &Name, what: &str, of: &str) -> Diagnostic {
    Diagnostic::new(
        Code::W0105,
        name.span,
        format!("the parameter `{}` of the {what} `{of}` is never used", name.text),
    )
    .help(format!("take it out, or call it `_{}`", name.text))
    .fix(format!("call it `_{}`", name.text), name.span.at_start(), "_")
}

pub(super) fn unused_agent(name: &Name) -> Diagnostic {
    Diagnostic::new(Code::W0106, name.span, format!("the agent `{}` is never given a task", name.text))
        .help(format!("take it out, or call it `_{}`", name.text))
        .fix(format!("call it `_{}`", name.text), name.span.at_start(), "_")
}

pub(super) fn unused_task(name: &Name) -> Diagnostic {
    Diagnostic::new(Code::W0108, name.span, format!("the task `{}` is never called", name.text))
        .help(format!("call it, take it out, or call it `_{}`", name.text))
        .fix(format!("call it `_{}`", name.text), name.span.at_start(), "_")
}

/// `gone`: what to take out of the text.
pub(super) fn unused_import(name: &Name, gone: Span) -> Diagnostic {
    Diagnostic::new(Code::W0107, name.span, format!("the import `{}` is never used", name.text)).fix_all(
        Applicability::Safe,
        "take it out",
        vec![Edit { span: gone, text: String::new() }],
    )
}
