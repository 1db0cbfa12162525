//! The view as text for people.

use super::entry::{Entry, Names};
use super::{History, PlanView, view};
use crate::plan::print::print_named;
use crate::plan::{BodyId, Plan};
use crate::value::text::{duration, money};
use ecow::EcoString;
use std::collections::HashMap;
use std::fmt::Write as _;

/// Most tasks of a wave, and of a body, that are listed one by one.
const LISTED: usize = 40;

/// The plan as a person reads it: waves with their tasks, what decides the time, what it may cost.
pub fn text(plan: &Plan, history: Option<History>) -> String {
    let view = PlanView { history, ..view(plan) };
    let mut out = Text { out: String::new(), checkpoints: view.checkpoints.clone() };
    out.summary(plan, &view);
    out.waves(&view);
    out.may_serialise(&view);
    out.missing(&view);
    out.out
}

struct Text {
    out: String,
    checkpoints: Vec<u32>,
}

impl Text {
    /// Appends a line. Writing to a `String` does not fail.
    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = self.out.write_fmt(text);
        self.out.push('\n');
    }

    fn summary(&mut self, plan: &Plan, view: &PlanView) {
        let tasks: usize = view.waves.iter().map(Vec::len).sum();
        let (tasks, waves) = (plural(tasks, "task"), plural(view.waves.len(), "wave"));
        self.line(format_args!("{}: {tasks} in {waves}", view.workflow));
        if view.estimate_ms > 0 {
            let time = duration(view.estimate_ms);
            let history = view.history.map(|of| {
                let (most, attempts) = (duration(of.p95_ms), of.attempts);
                format!(", {most} if slow, by {attempts} attempts of earlier runs,")
            });
            let history = history.unwrap_or_default();
            self.line(format_args!("  time     {time}{history} along {}", view.critical_path.join(" → ")));
        } else {
            self.line(format_args!("  time     not known: no task has an `estimate`"));
        }
        let agents = plan.tasks.iter().any(|t| matches!(t.action, crate::plan::Action::Agent { .. }));
        match view.cost.max {
            Some(_) if !agents => self.line(format_args!("  cost     none: no agent works in it")),
            Some(max) => {
                let shown = |dollars: f64| money((dollars * 10_000.0).round() as i64);
                let (min, max) = (shown(view.cost.min), shown(max));
                match view.cost.expected.map(shown) {
                    Some(expected) if expected != max => {
                        self.line(format_args!(
                            "  cost     {max} at most, {expected} expected, {min} at least"
                        ));
                    }
                    _ => self.line(format_args!("  cost     {max} at most")),
                }
            }
            None => self.line(format_args!("  cost     not limited: no `budget`")),
        }
        if !view.peak.is_empty() {
            let units: Vec<String> = view.peak.iter().map(|(name, n)| format!("{name} {n}")).collect();
            self.line(format_args!("  peak     {}", units.join(", ")));
        }
        if !view.questions.is_empty() {
            self.line(format_args!("  asks     {}", view.questions.join(", ")));
        }
        let limits = [("parallel", &plan.settings.parallel), ("deadline", &plan.settings.deadline)];
        for (name, limit) in limits {
            if let Some(limit) = limit {
                self.line(format_args!("  {name} {}", print_named(plan, BodyId(0), limit)));
            }
        }
    }

    fn waves(&mut self, view: &PlanView) {
        let mut entries: HashMap<EcoString, &Entry> = HashMap::new();
        index(&view.tasks, &mut entries);
        for (wave, ids) in view.waves.iter().enumerate() {
            let checkpoint =
                if self.checkpoints.contains(&(wave as u32)) { ", then a checkpoint" } else { "" };
            self.line(format_args!("\nwave {wave}{checkpoint}"));
            for id in ids.iter().take(LISTED) {
                match entries.get(id) {
                    Some(entry) => self.entry(entry, 1),
                    None => self.line(format_args!("  {id}")),
                }
            }
            self.rest(ids.len(), 1);
        }
    }

    fn rest(&mut self, all: usize, depth: usize) {
        if all > LISTED {
            self.line(format_args!("{}… and {} more", "  ".repeat(depth), all - LISTED));
        }
    }

    fn entry(&mut self, entry: &Entry, depth: usize) {
        let mut facts = vec![entry.kind.to_string()];
        match &entry.agent {
            Some(Names::One(name)) => facts.push(name.to_string()),
            Some(Names::Many(names)) => facts.push(names.join(" or ")),
            None => {}
        }
        if let Some(width) = entry.width {
            facts.push(format!("× {width}"));
        }
        if let Some(over) = &entry.over {
            let over: String = over.chars().take(48).collect();
            facts.push(if entry.kind == "loop" { over } else { format!("for each of {over}") });
        }
        if entry.estimate_ms > 0 {
            facts.push(duration(entry.estimate_ms));
        }
        for (word, globs) in [("reads", &entry.reads), ("writes", &entry.writes)] {
            if !globs.is_empty() {
                facts.push(format!("{word} {}", globs.join(" ")));
            }
        }
        let part = entry.part.as_ref().map(|p| format!("{p}: ")).unwrap_or_default();
        let name = format!("{}{part}{}", "  ".repeat(depth), entry.id);
        self.line(format_args!("{name:<30}  {}", facts.join("  ")));
        let inside: Vec<&Entry> = entry.body.iter().flatten().filter(|e| !hidden(e)).collect();
        for entry in inside.iter().take(LISTED) {
            self.entry(entry, depth + 1);
        }
        self.rest(inside.len(), depth + 1);
    }

    fn may_serialise(&mut self, view: &PlanView) {
        if view.claims_beyond {
            self.line(format_args!(
                "\nmore tasks claim files than are compared before a run; the rest is kept apart by locks while it runs"
            ));
        }
        if view.may_serialise.is_empty() {
            return;
        }
        self.line(format_args!("\nmay serialise: their claims may overlap, then the later one waits"));
        for pair in view.may_serialise.iter().take(LISTED) {
            if pair.first == pair.second {
                self.line(format_args!("  {} with itself in other iterations", pair.first));
            } else {
                self.line(format_args!("  {} with {}", pair.first, pair.second));
            }
        }
        self.rest(view.may_serialise.len(), 1);
    }

    fn missing(&mut self, view: &PlanView) {
        if view.missing.is_empty() {
            return;
        }
        self.line(format_args!("\nThis version of flowc does not run it yet, as it uses"));
        for missing in &view.missing {
            self.line(format_args!("  {} at {}", missing.what, missing.at));
        }
    }
}

/// Barriers without a name are of no interest to people.
fn hidden(entry: &Entry) -> bool {
    entry.kind == "join"
}

/// Entries by id, those of called workflows too.
fn index<'e>(entries: &'e [Entry], into: &mut HashMap<EcoString, &'e Entry>) {
    for entry in entries {
        into.insert(entry.id.clone(), entry);
        if let ("call", Some(body)) = (entry.kind, &entry.body) {
            index(body, into);
        }
    }
}

fn plural(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}
