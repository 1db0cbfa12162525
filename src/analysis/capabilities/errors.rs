//! The messages of this pass, one constructor each.

use super::super::flow::Step;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// Shows how an agent came to a place, from where it is named on.
fn along(mut error: Diagnostic, way: &[Step]) -> Diagnostic {
    for step in way.iter().rev().take(4).filter(|s| s.span != error.span).cloned().collect::<Vec<_>>() {
        error = error.label(step.span, step.what);
    }
    error
}

/// `room`: where the agent can be given one more tool.
pub(super) fn cannot_write(
    span: Span,
    agent: &str,
    writes: Span,
    (tools, room): (&str, Option<Span>),
    way: &[Step],
) -> Diagnostic {
    let error = Diagnostic::new(
        Code::F0601,
        span,
        format!("the agent `{agent}` cannot write, but the task has `writes`"),
    )
    .note(format!("its tools: {tools}"))
    .label(writes, "what is to be written");
    let error = along(error, way).help(
        "give it a tool that writes (`Write`, `Edit`, `Bash`), choose another agent, or take `writes` out",
    );
    match room {
        Some(room) => error.fix(format!("give `{agent}` the tool `Edit`"), room, ", \"Edit\""),
        None => error,
    }
}

pub(super) fn cannot_merge(span: Span, agent: &str, tools: &str, way: &[Step]) -> Diagnostic {
    let error = Diagnostic::new(
        Code::F0601,
        span,
        format!("the agent `{agent}` cannot write, but it is to resolve conflicts"),
    )
    .note(format!("its tools: {tools}"));
    along(error, way).help("give it `Edit`, or choose another agent")
}

/// `rule`: the claim as a rule of a tool, and where the agent can be given one more.
pub(super) fn claim_outside(
    claim: Span,
    agent: &str,
    tools: &str,
    given: Span,
    rule: Option<(String, Span)>,
) -> Diagnostic {
    let error = Diagnostic::new(Code::F0604, claim, format!("the agent `{agent}` may not write there"))
        .note(format!("its tools: {tools}"))
        .label(given, "the agent is given the task here")
        .help("widen the rule in the agent's `tools`, or claim only what it may write");
    match rule {
        Some((rule, room)) => {
            error.fix(format!("give `{agent}` the tool `{rule}`"), room, format!(", \"{rule}\""))
        }
        None => error,
    }
}

pub(super) fn nobody_skilled(span: Span, missing: Option<&str>, near: Option<(String, Span)>) -> Diagnostic {
    let message = match missing {
        Some(skill) => format!("no agent of this program has the skill \"{skill}\""),
        None => "no agent of this program has all these skills".to_string(),
    };
    let error = Diagnostic::new(Code::F0602, span, message);
    match near {
        Some((near, at)) => error.help(format!("did you mean \"{near}\"?")).fix(
            format!("write \"{near}\""),
            at,
            format!("\"{near}\""),
        ),
        None => error.help("skills are listed in `skills` of an agent's declaration or file"),
    }
}

/// `file`: it stands without quotes, in front matter.
pub(super) fn unknown_tool(span: Span, tool: &str, near: &str, file: bool) -> Diagnostic {
    let text = if file { near.to_string() } else { format!("\"{near}\"") };
    Diagnostic::new(Code::F0603, span, format!("there is no tool `{tool}`"))
        .help(format!("did you mean `{near}`?"))
        .fix(format!("write `{near}`"), span, text)
}

pub(super) fn foreign_tool(span: Span, tool: &str) -> Diagnostic {
    Diagnostic::new(Code::F0603, span, format!("there is no tool `{tool}`"))
        .note("the runtime would pass over it without a word")
        .help("a tool is one of the runtime (`Read`, `Edit`, `Bash`), a task by its name without quotes, or one of an mcp server: `mcp__server__tool`")
}

pub(super) fn task_in_quotes(span: Span, task: &str) -> Diagnostic {
    Diagnostic::new(Code::F0603, span, format!("there is no tool `{task}`"))
        .help(format!("to give the agent the task `{task}` write its name without quotes"))
        .safe_fix(format!("write `{task}` without quotes"), span, task)
}

/// Of an agent file: it may be meant for another program.
pub(super) fn odd_tool(span: Span, tool: &str) -> Diagnostic {
    Diagnostic::new(Code::W0110, span, format!("`{tool}` is not a known tool: the agent goes without it"))
        .help(
            "a tool is one of the runtime (`Read`, `Edit`, `Bash`) or of an mcp server: `mcp__server__tool`",
        )
}

/// Servers that an agent file names and that the program does not declare.
pub(super) fn goes_without(span: Span, servers: &[&str]) -> Diagnostic {
    let names = servers.join("`, `");
    let message = format!("the program declares no mcp server `{names}`: the agent goes without");
    let name = servers.first().copied().unwrap_or_default().replace('-', "_");
    Diagnostic::new(Code::W0110, span, message)
        .help(format!("declare it: `mcp {name} {{ command: [\"…\"] }}`"))
}

/// `written`: the text at `span`, in which the name of the server stands.
pub(super) fn unknown_server(span: Span, server: &str, written: &str, near: Option<String>) -> Diagnostic {
    let error =
        Diagnostic::new(Code::F0605, span, format!("there is no mcp server `{server}` in this program"));
    match near {
        Some(near) => error.help(format!("did you mean `{near}`?")).fix(
            format!("write `{near}`"),
            span,
            format!("\"{}\"", written.replacen(server, &near, 1)),
        ),
        None => error.help(format!("declare it: `mcp {} {{ command: [\"…\"] }}`", server.replace('-', "_"))),
    }
}

/// `gone`: what is taken out of the text with the tool.
pub(super) fn copy_has_more(
    span: Span,
    agent: &str,
    base: &str,
    tool: &str,
    rest: &[&str],
    tools: &str,
    (from, gone): (Span, Option<Span>),
) -> Diagnostic {
    let more = if rest.is_empty() { String::new() } else { format!(", nor `{}`", rest.join("`, `")) };
    let error = Diagnostic::new(
        Code::F0606,
        span,
        format!("`{agent}` is a copy of `{base}`, which has no `{tool}`{more}"),
    )
    .note("a copy has at most the tools of what it is made from")
    .label(from, format!("the tools of `{base}`: {tools}"))
    .help(format!("take it out, give it to `{base}` too, or declare `{agent}` without `from`"));
    match gone {
        Some(gone) => error.fix("take it out", gone, ""),
        None => error,
    }
}

pub(super) fn child_has_more(
    span: Span,
    agent: &str,
    task: &str,
    child: &str,
    more: &[String],
    given: Span,
) -> Diagnostic {
    let message =
        format!("by `{task}` the agent `{agent}` could do more than by its own tools: {}", more.join(", "));
    Diagnostic::new(Code::F0606, span, message)
        .note("a task that an agent calls has no more rights than the agent")
        .label(given, format!("the task is given to `{child}`"))
        .help(format!("give the task to an agent with fewer tools, or give `{agent}` these tools"))
}
