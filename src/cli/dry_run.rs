//! What `flowc resume --dry-run` prints.

use super::args::Format;
use super::output;
use crate::run::{Preview, Reason};
use std::fmt::Write;

/// Most names of one kind that people are shown.
const MOST: usize = 40;

/// Prints a preview.
pub fn print(preview: &Preview, format: Format) {
    match format {
        Format::Json => output::json(&serde_json::to_value(preview).unwrap_or_default()),
        Format::Human => output::result(human(preview).trim_end()),
    }
}

fn human(preview: &Preview) -> String {
    let changed = if preview.changed { ", with its program changed" } else { "" };
    let mut text = format!("resuming run {} of {}{changed} would\n", preview.run, preview.workflow);
    names(&mut text, "keep", &preview.kept);
    let mut left = MOST;
    for why in reasons(preview) {
        let of: Vec<_> = preview.again.iter().filter(|again| again.why == why).collect();
        let _ = writeln!(text, "  run again {} ({})", count(of.len()), why.text());
        for again in of.iter().take(left) {
            let _ = writeln!(text, "    {}", output::visible(&again.task));
        }
        left = left.saturating_sub(of.len());
    }
    names(&mut text, "run first", &preview.new);
    names(&mut text, "not reach any more", &preview.gone);
    names(&mut text, "decide later on", &preview.later);
    for question in &preview.questions {
        let _ = writeln!(
            text,
            "  ask {}: {}",
            output::visible(&question.task),
            output::visible(&question.message)
        );
        if question.choices.iter().any(|choice| choice == "rerun") {
            let _ = writeln!(
                text,
                "    answer with: flowc resume {} --answer '{}=rerun'    (or done, fail)",
                preview.run, question.task
            );
        }
    }
    if let Some(error) = &preview.fails {
        let _ = writeln!(text, "  fail ({}): {}", error.kind, output::visible(&error.message));
    }
    text += "nothing was started";
    text
}

fn reasons(preview: &Preview) -> std::collections::BTreeSet<Reason> {
    preview.again.iter().map(|again| again.why).collect()
}

fn names(text: &mut String, what: &str, names: &[ecow::EcoString]) {
    if names.is_empty() {
        return;
    }
    let _ = writeln!(text, "  {what} {}", count(names.len()));
    for name in names.iter().take(MOST) {
        let _ = writeln!(text, "    {}", output::visible(name));
    }
    if names.len() > MOST {
        let _ = writeln!(text, "    … and {} more", names.len() - MOST);
    }
}

fn count(n: usize) -> String {
    if n == 1 { "1 task".to_owned() } else { format!("{n} tasks") }
}
