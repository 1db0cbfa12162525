//! Where text from outside must not end: as the name of a program, as words that some program runs, as an option, as a
//! path, as instructions to an agent that can act.
//!
//! Asks [`Flow`](super::flow::Flow) where the value of a property comes from. What people type when they start a run is
//! theirs to choose; only as a script it is reported too.

mod argv;
mod errors;
mod programs;
#[cfg(test)]
mod tests;
mod words;

use super::agents::Agents;
use super::flow::{Flow, Kinds, Override};
use super::survey::Survey;
use crate::ast::{Entry, Expr, ExprKind, ItemKind, Prop, TaskDecl};
use crate::diagnostics::Diagnostic;
use crate::resolve::DefId;
use crate::source::Span;
use crate::types::{Callee, Checked};
use argv::{Command, Word};

/// The properties that say who is asked.
const AGENTS: &[&str] = &["agent", "fallback"];

pub(super) fn check(
    checked: &Checked,
    survey: &Survey<'_>,
    flow: &Flow<'_>,
    agents: &Agents<'_>,
    out: &mut Vec<Diagnostic>,
) {
    let mut judge = Judge { checked, flow, agents, owner: DefId(0), out };
    for site in &flow.sites {
        judge.owner = site.owner;
        judge.task(site.decl);
    }
    for with in &flow.overrides {
        judge.owner = with.owner;
        for prop in &with.props.list {
            judge.prop(prop);
        }
        judge.given_anew(with);
    }
    started(checked, survey, judge.out);
    for used in &flow.files {
        judge.owner = used.owner;
        judge.path(used.path, used.what, true);
    }
}

/// The result of a workflow that is started is recorded and shown.
fn started(checked: &Checked, survey: &Survey<'_>, out: &mut Vec<Diagnostic>) {
    let items = checked.resolved.modules.first().map(|m| m.ast.items.as_slice()).unwrap_or_default();
    for item in items {
        let ItemKind::Workflow(decl) = &item.kind else { continue };
        let Some(def) = checked.resolved.def_of.get(item.id) else { continue };
        let result = checked.signatures.get(def).and_then(|s| s.result.as_ref());
        if let (Some(ty), Some(written)) = (result, &decl.result)
            && (decl.name.text == "main" || !survey.calls_of.contains_key(def))
            && checked.known().holds_secret(ty)
        {
            out.push(errors::secret_result(written.span, &decl.name.text));
        }
    }
}

/// What is being judged.
struct Judge<'j, 'a> {
    checked: &'a Checked,
    flow: &'j Flow<'a>,
    agents: &'j Agents<'a>,
    /// Whose names the expressions use.
    owner: DefId,
    out: &'j mut Vec<Diagnostic>,
}

impl<'a> Judge<'_, 'a> {
    fn task(&mut self, decl: &'a TaskDecl) {
        for prop in &decl.props.list {
            self.prop(prop);
        }
        if let Some(prompt) = decl.props.get("prompt") {
            self.prompt(&prompt.value, decl);
        }
        if let (Some(argv), Some(stdin)) = (decl.props.get("run"), decl.props.get("stdin")) {
            self.stdin(&argv.value, &stdin.value);
        }
    }

    /// Text that a shell or an interpreter is given to run.
    fn stdin(&mut self, argv: &'a Expr, stdin: &'a Expr) {
        let kinds = self.kinds(stdin, Kinds::OUTSIDE);
        let words = argv::of_list(self.checked, self.flow, bare(argv));
        if let (false, Some(program)) = (kinds.is_none(), argv::reads_script(&words)) {
            let way = self.flow.way(self.owner, stdin, kinds);
            self.out.push(errors::script_from_outside(self.hole(stdin, kinds), kinds, program, &way));
        }
    }

    fn prop(&mut self, prop: &'a Prop) {
        let value = bare(&prop.value);
        match prop.name.text.as_str() {
            "run" | "undo" => self.argv(value),
            "verify" => self.argvs(value),
            "on_crash" => self.inside_call(value, Self::argv),
            "output" => {
                self.inside_call(value, |judge, path| {
                    judge.path(path, "the output is read from there", true)
                });
            }
            "sh" => self.script(value),
            "cwd" => self.path(value, "the program runs there", false),
            "http" => self.request(value),
            "env" => self.env(value),
            "judge" => self.judge(value),
            _ => {}
        }
    }

    /// The argument of `probe(…)`, `file(…)`.
    fn inside_call(&mut self, value: &'a Expr, then: impl FnOnce(&mut Self, &'a Expr)) {
        if let ExprKind::Call { args, .. } = &value.kind
            && let Some(Callee::Property(_)) = self.checked.calls.get(value.id).map(|c| &c.callee)
            && let Some(arg) = args.first()
        {
            then(self, bare(&arg.value));
        }
    }

    /// Where an expression's text comes from, of these kinds.
    fn kinds(&self, e: &Expr, of: Kinds) -> Kinds {
        self.flow.kinds(self.owner, e).and(of)
    }

    fn argvs(&mut self, value: &'a Expr) {
        match &value.kind {
            ExprKind::List(elements)
                if elements.first().is_some_and(|e| matches!(bare(&e.value).kind, ExprKind::List(_))) =>
            {
                elements.iter().for_each(|e| self.argv(bare(&e.value)));
            }
            _ => self.argv(value),
        }
    }

    fn argv(&mut self, value: &'a Expr) {
        if let ExprKind::Call { .. } = &value.kind
            && let Some(Callee::Def(def)) = self.checked.calls.get(value.id).map(|c| &c.callee)
            && self.checked.resolved.def(*def).kind != crate::resolve::DefKind::Fn
        {
            // `undo: task(…)` is a call of a task, which is judged where it is declared.
            return;
        }
        let words = argv::of_list(self.checked, self.flow, value);
        self.command(&Command { words: &words, in_script: false });
    }

    fn script(&mut self, value: &'a Expr) {
        let text = match &value.kind {
            ExprKind::Str(text) => text,
            _ => match self.checked.resolved.includes.get(value.id) {
                Some(text) => text,
                None => return,
            },
        };
        if text.literal().is_some() {
            return;
        }
        let argv::Script { commands, piped, assigned } = argv::of_script(text);
        self.decides(&assigned);
        for at in piped {
            if let (Some(from), Some(to)) = (commands.get(at), commands.get(at + 1)) {
                self.piped(from, to);
            }
        }
        for words in commands {
            self.command(&Command { words: &words, in_script: true });
            for word in words.iter().filter(|w| w.target) {
                if let Some(hole) = word.holes.first() {
                    let what =
                        if word.source { "the input comes from there" } else { "the output goes there" };
                    self.path(hole, what, word.prefix.contains('/'));
                }
            }
        }
    }

    /// A value that decides where something is read or written. `confined`: a path that leads out is refused when it runs,
    /// so that a folder in front of it holds it.
    fn path(&mut self, value: &'a Expr, what: &str, confined: bool) {
        let kinds = self.kinds(value, Kinds::OUTSIDE);
        if kinds.is_none() || confined && argv::word(self.checked, self.flow, value).prefix.contains('/') {
            return;
        }
        let way = self.flow.way(self.owner, value, kinds);
        self.out.push(errors::path_from_outside(value.span, kinds, what, &way));
    }

    fn env(&mut self, value: &'a Expr) {
        let ExprKind::Record(entries) = &value.kind else { return };
        for entry in entries {
            let Entry::Field { key, value } = entry else { continue };
            let kinds = self.kinds(value, Kinds::OUTSIDE);
            if !kinds.is_none() && programs::decides(&key.text) {
                let way = self.flow.way(self.owner, value, kinds);
                self.out.push(errors::deciding_variable(value.span, kinds, &key.text, &way));
            }
        }
    }

    /// Whom a request goes to. A host that is written out in front holds the rest.
    fn request(&mut self, value: &'a Expr) {
        let Some(url) = field(value, "url") else { return };
        let kinds = self.kinds(url, Kinds::OUTSIDE);
        let start = argv::word(self.checked, self.flow, url).prefix;
        let host = start.split_once("://").map_or("", |(_, rest)| rest);
        if !kinds.is_none() && !host.contains(['/', '?', '#']) {
            let way = self.flow.way(self.owner, url, kinds);
            self.out.push(errors::host_from_outside(self.hole(url, kinds), kinds, &way));
        }
    }

    fn judge(&mut self, value: &'a Expr) {
        if let (Some(agent), Some(prompt)) = (field(value, "agent"), field(value, "prompt")) {
            self.instructions(prompt, &[(self.owner, agent)]);
        }
    }

    fn prompt(&mut self, prompt: &'a Expr, decl: &'a TaskDecl) {
        let given: Vec<_> = AGENTS.iter().filter_map(|name| decl.props.get(name)).collect();
        let given: Vec<_> = given.iter().map(|prop| (self.owner, &prop.value)).collect();
        self.instructions(prompt, &given);
    }

    /// A call that says anew what is asked, or who is asked.
    fn given_anew(&mut self, with: &Override<'a>) {
        let Some((def, task)) = with.task else { return };
        let given = |name: &&str| with.props.get(name).map(|prop| (with.owner, &prop.value));
        let declared = |name: &&str| task.props.get(name).map(|prop| (def, &prop.value));
        if let Some((owner, prompt)) = given(&"prompt") {
            let asked: Vec<_> = AGENTS.iter().filter_map(|n| given(n).or_else(|| declared(n))).collect();
            self.owner = owner;
            self.instructions(prompt, &asked);
        } else if let Some((owner, prompt)) = declared(&"prompt") {
            let asked: Vec<_> = AGENTS.iter().filter_map(given).collect();
            self.owner = owner;
            self.instructions(prompt, &asked);
        }
    }

    /// Text that tells an agent what to do; who that is, each in terms of a declaration.
    fn instructions(&mut self, prompt: &'a Expr, given: &[(DefId, &'a Expr)]) {
        let kinds = self.kinds(prompt, Kinds::OUTSIDE);
        if kinds.is_none() {
            return;
        }
        let candidates: Vec<DefId> =
            given.iter().flat_map(|(owner, e)| self.flow.agents(*owner, e)).collect();
        let acting = candidates.iter().filter_map(|id| self.agents.facts(*id)).find(|a| a.acts());
        if let Some(agent) = acting {
            let hole = self.hole(prompt, kinds);
            let way = self.flow.way(self.owner, prompt, kinds);
            self.out.push(errors::instructions_from_outside(hole, kinds, &agent.name, &agent.shown(), &way));
        }
    }

    /// The part of a text that comes from outside.
    fn hole(&self, text: &Expr, kinds: Kinds) -> Span {
        let ExprKind::Str(parts) = &bare(text).kind else { return text.span };
        let inside = parts.parts.iter().find_map(|part| match part {
            crate::ast::StrPart::Expr(e) if self.flow.kinds(self.owner, e).any(kinds) => Some(e.span),
            _ => None,
        });
        inside.unwrap_or(text.span)
    }

    /// The first value of a word that comes from there.
    fn from<'w>(&self, word: &'w Word<'a>, of: Kinds) -> Option<(&'w &'a Expr, Kinds)> {
        word.holes.iter().map(|hole| (hole, self.kinds(hole, of))).find(|(_, kinds)| !kinds.is_none())
    }
}

/// A field of a record that is written out.
fn field<'a>(record: &'a Expr, name: &str) -> Option<&'a Expr> {
    let ExprKind::Record(entries) = &record.kind else { return None };
    entries.iter().find_map(|entry| match entry {
        Entry::Field { key, value } if key.text == name => Some(value),
        Entry::Field { .. } | Entry::Spread(_) => None,
    })
}

/// Without parentheses around it.
fn bare(e: &Expr) -> &Expr {
    let mut now = e;
    while let ExprKind::Paren(inner) = &now.kind {
        now = inner;
    }
    now
}
