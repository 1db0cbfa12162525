//! Tasks: what stands in their properties, and where their answers come from.

use super::value::Taint;
use super::walk::Walk;
use super::{Kinds, Site};
use crate::ast::{Expr, ExprKind, StrPart, TaskDecl};

/// Programs that print what somebody on the net has written.
const FETCHING: &[&str] = &["curl", "wget", "xh", "aria2c", "lynx", "w3m"];

impl<'a> Walk<'_, 'a> {
    /// A task where it is declared or stands inline: its properties, and what it gives.
    pub(super) fn task(&mut self, decl: &'a TaskDecl, inline: bool) -> Taint {
        if self.own {
            self.flow.sites.push(Site { decl, owner: self.owner, inline });
        }
        self.props(&decl.props);
        self.answer(decl)
    }

    /// Where the text of its answer comes from. What a local command prints is its own.
    pub(super) fn answer(&self, decl: &TaskDecl) -> Taint {
        let has = |name: &str| decl.props.get(name).map(|prop| &prop.value);
        if has("agent").is_some() {
            Taint::of(Kinds::AGENT)
        } else if has("http").is_some()
            || has("run").is_some_and(runs_fetching)
            || has("sh").is_some_and(fetches)
        {
            Taint::of(Kinds::HTTP)
        } else if has("mcp").is_some() {
            Taint::of(Kinds::MCP)
        } else {
            Taint::default()
        }
    }
}

fn runs_fetching(argv: &Expr) -> bool {
    let ExprKind::List(elements) = &argv.kind else { return false };
    elements.first().is_some_and(|first| match &first.value.kind {
        ExprKind::Str(text) => {
            text.literal().is_some_and(|name| FETCHING.contains(&name.rsplit('/').next().unwrap_or_default()))
        }
        _ => false,
    })
}

fn fetches(script: &Expr) -> bool {
    let ExprKind::Str(text) = &script.kind else { return false };
    text.parts.iter().any(|part| match part {
        StrPart::Text(text, _) => text
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .any(|word| FETCHING.contains(&word)),
        StrPart::Expr(_) => false,
    })
}
