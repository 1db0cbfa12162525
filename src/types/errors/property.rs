//! Of properties, tasks and `after`.

use super::{Why, listed, near_or_all, suggested};
use crate::ast::Name;
use crate::diagnostics::{Applicability, Code, Diagnostic, Edit};
use crate::resolve::suggest;
use crate::source::Span;
use crate::types::check::{Fault, fault_words};

pub(in crate::types) fn unknown_property(
    span: Span,
    name: &str,
    where_: &str,
    names: &[&str],
    elsewhere: Option<&str>,
) -> Diagnostic {
    let message = format!("{where_} has no property `{name}`");
    let mut diagnostic = Diagnostic::new(Code::F0307, span, message);
    if name == "after" {
        return diagnostic
            .note("a declaration does not know what runs beside it")
            .help("write it at the call: `call(…) with { after: [name] }`, or in an inline task");
    }
    if let Some(place) = elsewhere {
        diagnostic = diagnostic.note(format!("it is a property of {place}"));
    }
    let near = suggest::property(name, names.iter().copied());
    near_or_all(diagnostic, span, near, names, "there are")
}

pub(in crate::types) fn missing_property(span: Span, name: &str, where_: &str) -> Diagnostic {
    Diagnostic::new(Code::F0323, span, format!("{where_} needs `{name}`")).help(format!("add `{name}: …`"))
}

pub(in crate::types) fn repeat_without_max(name: &Name) -> Diagnostic {
    Diagnostic::new(Code::F0323, name.span, "a `repeat` needs `max`")
        .help(format!("write `repeat {} = start with {{ max: 5 }} {{ … }} until cond`", name.text))
}

/// `after`: the end of the property that names the agent.
pub(in crate::types) fn missing_prompt(span: Span, after: Span) -> Diagnostic {
    Diagnostic::new(Code::F0323, span, "a task of an agent needs a `prompt`")
        .note("the agent has to be told what to do")
        .help("add `prompt: \"…\"`; put values into it with `#{name}`")
        .fix("add a prompt", after, "  prompt: \"Say here what is to be done.\"")
}

pub(in crate::types) fn prompt_without_agent(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0322, span, "a prompt without an agent").help("say who is asked: `agent: name`")
}

pub(in crate::types) fn no_action(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0322, span, format!("the task `{name}` does nothing"))
        .help("say what it does: `agent` with `prompt`, `run`, `sh`, `http` or `mcp`")
}

pub(in crate::types) fn two_actions(span: Span, second: &str, first_span: Span, first: &str) -> Diagnostic {
    Diagnostic::new(Code::F0322, span, format!("a task does one thing, not `{first}` and `{second}`"))
        .label(first_span, "the first is here")
        .help("write two tasks")
}

/// `call(…) with { run: … }` of a task that does something else.
pub(in crate::types) fn another_action(
    span: Span,
    given: &str,
    task: &str,
    action: &str,
    declared: Span,
) -> Diagnostic {
    Diagnostic::new(Code::F0322, span, format!("`{task}` is done by `{action}`, not by `{given}`"))
        .note("a call may change what is run or asked, not how")
        .label(declared, "what the task does")
        .help("write a task of its own for it")
}

pub(in crate::types) fn property_without_meaning(
    span: Span,
    name: &str,
    action: &str,
    action_span: Span,
    of: &[&str],
) -> Diagnostic {
    Diagnostic::new(
        Code::F0307,
        span,
        format!("`{name}` means nothing for a task that is done by `{action}`"),
    )
    .label(action_span, "what the task does")
    .help(format!("it belongs to tasks with {}", listed(of)))
}

pub(in crate::types) fn result_of_other(span: Span, ty: &str, action: &str) -> Diagnostic {
    Diagnostic::new(Code::F0308, span, format!("{ty} is the result of {action} only"))
        .help("write the type of the value that this task gives")
}

pub(in crate::types) fn out_of_range(span: Span, name: &str, range: &str) -> Diagnostic {
    Diagnostic::new(Code::F0308, span, format!("`{name}` must be {range}"))
}

pub(in crate::types) fn empty_argv(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0308, span, "a command without a program")
        .help("write the program and its arguments: `[\"cargo\", \"test\"]`")
}

/// `words`: of the command, where it is plain.
pub(in crate::types) fn argv_as_text(span: Span, why: Why, words: Option<String>) -> Diagnostic {
    let name = if let Why::Prop(name) = why { name } else { "a command" };
    let diagnostic =
        Diagnostic::new(Code::F0308, span, format!("`{name}` takes a list, each element one argument"))
            .help("write `[\"program\", \"argument\"]`: no shell comes between");
    let diagnostic =
        if name == "run" { diagnostic.help("for a line of shell write `sh: \"…\"`") } else { diagnostic };
    match words {
        Some(words) => diagnostic.fix(format!("write `{words}`"), span, words),
        None => diagnostic,
    }
}

pub(in crate::types) fn call_needed(span: Span, name: &str, call: &str) -> Diagnostic {
    Diagnostic::new(Code::F0308, span, format!("`{call}` needs to be told more"))
        .help(format!("write `{name}: {call}(…)`"))
}

pub(in crate::types) fn record_needed(span: Span, name: &str, fields: String) -> Diagnostic {
    Diagnostic::new(Code::F0308, span, format!("`{name}` is written out as a record"))
        .help(format!("write `{name}: {{ {fields} }}`"))
}

pub(in crate::types) fn record_of_values(span: Span, why: Why, found: &str) -> Diagnostic {
    let name = if let Why::Prop(name) = why { name } else { "this" };
    Diagnostic::new(Code::F0308, span, format!("`{name}` takes a record of named values, found {found}"))
        .help(format!("write `{name}: {{ name: value }}`"))
}

pub(in crate::types) fn kinds_written_out(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0308, span, "the kinds of errors are written out here")
        .help("write `on: [timeout, exit]`")
}

pub(in crate::types) fn bad_method(span: Span, method: &str, methods: &[&str]) -> Diagnostic {
    let diagnostic =
        Diagnostic::new(Code::F0308, span, format!("\"{}\" is not an http method", method.escape_debug()));
    let upper = method.to_ascii_uppercase();
    if methods.contains(&upper.as_str()) {
        return diagnostic.safe_fix(format!("write `\"{upper}\"`"), span, format!("\"{upper}\""));
    }
    diagnostic.help(format!("it is one of {}", listed(methods)))
}

pub(in crate::types) fn no_such_server(span: Span, name: &str, servers: &[&str]) -> Diagnostic {
    let error =
        Diagnostic::new(Code::F0605, span, format!("there is no mcp server `{name}` in this program"));
    if servers.is_empty() {
        return error.help(format!("declare it: `mcp {name} {{ command: [\"…\"] }}`"));
    }
    suggested(error, span, name, servers, "there are")
}

pub(in crate::types) fn not_a_tool(span: Span, written: &str) -> Diagnostic {
    let written = written.lines().next().unwrap_or_default();
    Diagnostic::new(Code::F0308, span, format!("`{written}` names no tool of an mcp server"))
        .help("write `mcp: server.tool`, where `mcp server { … }` is declared")
}

pub(in crate::types) fn list_of_names(span: Span, name: &str) -> Diagnostic {
    let what = if name == "tools" { "tools in quotes, or tasks" } else { "mcp servers" };
    Diagnostic::new(Code::F0308, span, format!("`{name}` is a list of {what}")).help(if name == "tools" {
        "write `tools: [\"Read\", some_task]`"
    } else {
        "write `mcp: [server]`"
    })
}

pub(in crate::types) fn from_no_agent(span: Span, written: &str) -> Diagnostic {
    let written = written.lines().next().unwrap_or_default();
    Diagnostic::new(Code::F0308, span, format!("`{written}` is not an agent"))
        .help("`from` names the agent to copy")
}

pub(in crate::types) fn unknown_resource(span: Span, name: &str, names: &[&str]) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0308, span, format!("there is no resource `{name}`"))
        .help(format!("declare it: `resource {name} {{ capacity: 1 }}`"));
    suggested(diagnostic, span, name, names, "there are")
}

pub(in crate::types) fn resource_limits(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0323, span, format!("the resource `{name}` needs one limit"))
        .help("write `capacity: 2` (so many at once), or `rate: 10` with `per: 1m`")
}

pub(in crate::types) fn server_connection(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0323, span, format!("the mcp server `{name}` needs one way to reach it"))
        .help("write `command: [\"program\"]` (with `env`), or `url: \"https://…\"` (with `headers`)")
}

pub(in crate::types) fn not_fixed(span: Span, name: &str, moving: Span) -> Diagnostic {
    Diagnostic::new(Code::F0327, span, format!("`{name}` must be known before the run"))
        .label(moving, "this is known only while it runs")
        .help("use a constant or an input of the workflow")
}

pub(in crate::types) fn need_too_many(span: Span, need: i64, there: usize) -> Diagnostic {
    Diagnostic::new(Code::F0308, span, format!("the race needs {need} of {there}"))
        .note("so many can never succeed")
}

pub(in crate::types) fn after_without_key(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::F0323,
        span,
        "`after` of a `for` names iterations by their keys, and there are none",
    )
    .help("say what names an iteration: `with { key: x.id, after: x.needs }`")
}

pub(in crate::types) fn after_keys(span: Span, found: &str, want: &str, key: Span) -> Diagnostic {
    Diagnostic::new(Code::F0301, span, format!("expected {want}, found {found}"))
        .label(key, "iterations are named by this")
        .note("the keys of the iterations to wait for")
}

pub(in crate::types) fn after_not_a_list(span: Span, written: &str) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0326, span, "`after` is a list of names");
    if written.len() < 60 && !written.contains('\n') {
        return diagnostic.safe_fix("write a list", span, format!("[{written}]"));
    }
    diagnostic
}

/// `quoted`: the name that stands in quotes.
pub(in crate::types) fn after_no_name(span: Span, quoted: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::F0326, span, "`after` takes names only");
    match quoted {
        Some(name) => diagnostic.help(format!("a name has no quotes: `after: [{name}]`")).fix(
            format!("write `{name}`"),
            span,
            name,
        ),
        None => diagnostic.help("bind the call with `let name = …` and write the name here"),
    }
}

pub(in crate::types) fn after_nothing(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0326, span, format!("`{name}` makes no task to wait for"))
        .help("name an inline task, a stage, or a `let` with a call in it")
}

pub(in crate::types) fn after_declaration(span: Span, name: &str, declared: Span) -> Diagnostic {
    Diagnostic::new(Code::F0326, span, format!("`{name}` is a declaration, not something that runs"))
        .label(declared, "declared here; it may be called any number of times")
        .help(format!("bind the call (`let done = {name}(…)`) and write `after: [done]`"))
}

pub(in crate::types) fn script_not_written(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0308, span, "a script is written out where it runs")
        .note("so that no value ever becomes script text")
        .help("write `sh: \"…\"` or `sh: include(\"script.sh\")`, with values as `#{x}`")
}

pub(in crate::types) fn in_shell_text(
    span: Span,
    fault: Fault,
    written: &str,
    fix: Option<(Applicability, String, Vec<Edit>)>,
) -> Diagnostic {
    let (place, way_out) = fault_words(fault);
    let written = written.lines().next().unwrap_or_default();
    let error = Diagnostic::new(Code::F0802, span, format!("`#{{{written}}}` is inside {place}"))
        .note("a value is a shell word of its own, already quoted")
        .help(way_out);
    match fix {
        Some((applicability, title, edits)) => error.fix_all(applicability, title, edits),
        None => error,
    }
}

pub(in crate::types) fn list_inside_word(span: Span, found: &str) -> Diagnostic {
    Diagnostic::new(Code::F0802, span, "a list in the middle of a word")
        .note(format!("this is {found}, which becomes several words"))
        .help("put blanks around it, or `join` it to one text")
}

pub(in crate::types) fn bad_words(span: Span, found: &str) -> Diagnostic {
    Diagnostic::new(Code::F0301, span, format!("a list of {found} is not a list of shell words"))
        .help("make each element one text first")
}
