//! Tasks: what stands in their properties, and where their answers come from.

use super::value::Taint;
use super::walk::Walk;
use super::{Kinds, Site};
use crate::ast::{Expr, ExprKind, Props, StrPart, TaskDecl};

/// Programs that print what somebody on the net has written.
const FETCHING: &[&str] = &["curl", "wget", "xh", "aria2c", "lynx", "w3m"];
/// Programs that print their words.
const PRINTING: &[&str] = &["echo", "printf"];
/// Programs that print what comes in on standard input.
const PASSING: &[&str] = &[
    "awk", "base64", "cat", "cut", "fmt", "fold", "grep", "head", "jq", "nl", "paste", "rev", "sed", "sort",
    "tac", "tail", "tee", "tr", "uniq",
];

impl<'a> Walk<'_, 'a> {
    /// A task where it is declared or stands inline: its properties, and what it gives; its failure may tell as much.
    pub(super) fn task(&mut self, decl: &'a TaskDecl, inline: bool) -> Taint {
        if self.own {
            self.flow.sites.push(Site { decl, owner: self.owner, inline });
        }
        let mut answer = answer(decl);
        for prop in &decl.props.list {
            let given = self.expr(&prop.value).whole;
            if prints(decl, &prop.name.text) {
                answer = self.join(answer, given);
            }
        }
        self.thrown = self.join(self.thrown, answer);
        answer
    }
}

impl<'a> Walk<'_, 'a> {
    /// The properties of a call: what the answer holds by what they say of the command.
    pub(super) fn given_anew(&mut self, props: &'a Props) -> Taint {
        let mut answer = if calls(props, FETCHING) { Taint::of(Kinds::HTTP) } else { Taint::default() };
        for prop in &props.list {
            let given = self.expr(&prop.value).whole;
            if matches!(prop.name.text.as_str(), "run" | "sh") && calls(props, PRINTING) {
                answer = self.join(answer, given);
            }
        }
        answer
    }
}

/// Where the text of its answer comes from. What a local command prints is its own, but for what is handed to it.
fn answer(decl: &TaskDecl) -> Taint {
    let has = |name: &str| decl.props.get(name).is_some();
    if has("agent") {
        Taint::of(Kinds::AGENT)
    } else if has("http") || calls(&decl.props, FETCHING) {
        Taint::of(Kinds::HTTP)
    } else if has("mcp") {
        Taint::of(Kinds::MCP)
    } else {
        Taint::default()
    }
}

/// Whether a command prints what it is given there.
pub(super) fn prints(decl: &TaskDecl, property: &str) -> bool {
    match property {
        "run" | "sh" => calls(&decl.props, PRINTING),
        "stdin" => calls(&decl.props, PASSING),
        _ => false,
    }
}

/// Whether a command, or a word of a script, is one of these programs.
fn calls(props: &Props, programs: &[&str]) -> bool {
    let has = |name: &str| props.get(name).map(|prop| &prop.value);
    has("run").is_some_and(|argv| runs(argv, programs)) || has("sh").is_some_and(|sh| says(sh, programs))
}

fn runs(argv: &Expr, programs: &[&str]) -> bool {
    let ExprKind::List(elements) = &argv.kind else { return false };
    elements.first().is_some_and(|first| match &first.value.kind {
        ExprKind::Str(text) => {
            text.literal().is_some_and(|name| programs.contains(&name.rsplit('/').next().unwrap_or_default()))
        }
        _ => false,
    })
}

fn says(script: &Expr, programs: &[&str]) -> bool {
    let ExprKind::Str(text) = &script.kind else { return false };
    text.parts.iter().any(|part| match part {
        StrPart::Text(text, _) => text
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .any(|word| programs.contains(&word)),
        StrPart::Expr(_) => false,
    })
}
