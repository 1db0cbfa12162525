//! The messages of this pass, one constructor each.

use super::super::flow::{Kinds, Step};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// Steps of a way that are shown: its start, and the last ones before the end.
const MAX_SHOWN: usize = 5;

/// "an agent's answer"
fn source(kinds: Kinds) -> &'static str {
    match kinds.gravest() {
        Kinds::AGENT => "an agent's answer",
        Kinds::HTTP => "text from the net",
        Kinds::MCP => "an mcp server's answer",
        Kinds::FILE => "the text of a file",
        Kinds::NAMES => "a file's name",
        _ => "an input of the run",
    }
}

/// Adds how the text came here, the start last.
fn along(mut error: Diagnostic, way: &[Step]) -> Diagnostic {
    let cut = way.len().saturating_sub(MAX_SHOWN);
    for (at, step) in way.iter().enumerate() {
        let last = at + 1 == way.len();
        // Of two steps at one place the earlier says more.
        if !last && (at >= way.len() - cut || way[at + 1].span == step.span) {
            continue;
        }
        if step.span != error.span {
            error = error.label(step.span, step.what.clone());
        } else if error.note.is_empty() {
            error.note = step.what.clone();
        }
    }
    error
}

pub(super) fn secret_result(span: Span, workflow: &str) -> Diagnostic {
    Diagnostic::new(Code::F0801, span, "a secret cannot be used here")
        .note(format!("the result of `{workflow}` is recorded and shown"))
        .help("a secret goes only into values of `env` and of http `headers`")
}

pub(super) fn program_from_outside(span: Span, kinds: Kinds, way: &[Step]) -> Diagnostic {
    let message = format!("{} says which program runs", source(kinds));
    along(Diagnostic::new(Code::F0803, span, message), way).help(
        "write the program out, and choose among known ones with `match`: `match x { \"a\" => [\"a\"] … }`",
    )
}

pub(super) fn script_from_outside(span: Span, kinds: Kinds, shell: &str, way: &[Step]) -> Diagnostic {
    let message = format!("{} is run as a script by `{shell}`", source(kinds));
    along(Diagnostic::new(Code::F0803, span, message), way)
        .help("write the script out and hand over values: `sh: \"grep #{x} notes.txt\"`")
}

pub(super) fn deciding_variable(span: Span, kinds: Kinds, name: &str, way: &[Step]) -> Diagnostic {
    let message = format!("{} becomes `{name}`, which decides what program runs", source(kinds));
    along(Diagnostic::new(Code::F0803, span, message), way).help("give it to the process by another name")
}

pub(super) fn words_that_run(span: Span, kinds: Kinds, runner: &str, way: &[Step]) -> Diagnostic {
    let message = format!("{} becomes words that `{runner}` runs", source(kinds));
    let help = match runner {
        "ssh" => {
            "the remote shell reads these words again: send the value as `stdin:`, or check it with `matches` first"
        }
        "eval" => "leave `eval` out: an interpolation is a word already, whatever it holds",
        _ => "write the text out, and hand the value over as an argument, in `env` or as `stdin:`",
    };
    along(Diagnostic::new(Code::W0111, span, message), way).help(help)
}

pub(super) fn fetched_and_run(span: Span, kinds: Kinds, command: &str, way: &[Step]) -> Diagnostic {
    let message = format!("{} says what `{command}` fetches and runs", source(kinds));
    along(Diagnostic::new(Code::W0111, span, message), way)
        .help("choose among known ones: `match x { \"a\" => \"a\" … }`, or check it first: `assert x in [\"a\", \"b\"]`")
}

pub(super) fn instructions_from_outside(
    span: Span,
    kinds: Kinds,
    agent: &str,
    tools: &str,
    way: &[Step],
) -> Diagnostic {
    let message = format!("{} is put into the prompt of `{agent}`, which can act on it", source(kinds));
    along(Diagnostic::new(Code::W0112, span, message), way)
        .help("hand it over as `context: { … }`, which marks it as data and not as instructions")
        .help(format!(
            "or choose an agent that cannot write or run commands; the tools of `{agent}`: {tools}"
        ))
}

pub(super) fn path_from_outside(span: Span, kinds: Kinds, what: &str, way: &[Step]) -> Diagnostic {
    let message = format!("{} is a path, and {what}", source(kinds));
    along(Diagnostic::new(Code::W0113, span, message), way)
        .help("check it first: `assert path in known_paths`, or `assert matches(path, \"^out/[a-z]+$\")`")
}

pub(super) fn host_from_outside(span: Span, kinds: Kinds, way: &[Step]) -> Diagnostic {
    let message = format!("{} says whom the request goes to", source(kinds));
    along(Diagnostic::new(Code::W0113, span, message), way)
        .help("write the host out: `url: \"https://example.com/#{…}\"`")
        .help("or check the address first: `assert url in known_urls`, or `assert matches(url, \"^https://example.com/\")`")
}

/// `end`: what ends the options of the program, and where it would stand.
pub(super) fn maybe_an_option(
    span: Span,
    kinds: Kinds,
    program: &str,
    end: Option<(&str, Span)>,
    in_script: bool,
    way: &[Step],
) -> Diagnostic {
    let message = format!("{} that starts with `-` would be an option of `{program}`", source(kinds));
    let lint = along(Diagnostic::new(Code::W0114, span, message), way);
    match end {
        Some((end, at)) => {
            let text = if in_script { format!("{end} ") } else { format!("\"{end}\", ") };
            lint.help(format!("end the options before it with `{end}`"))
                .fix(format!("insert `{end}`"), at, text)
        }
        None => lint.help(format!(
            "put `--` before it if `{program}` knows it, or write it as a part of a word: `--name=#{{…}}`, `./#{{…}}`"
        )),
    }
}
