//! `flowc check`: judges programs; nothing runs.

use super::args::{CheckArgs, Format};
use super::{exit::Exit, output, program};
use crate::diagnostics::render;
use serde_json::json;

pub fn run(args: &CheckArgs) -> Exit {
    let mut documents = Vec::new();
    let (mut errors, mut warnings, mut unread) = (0, 0, false);
    for file in &args.files {
        match program::check(file) {
            Ok(checked) => {
                errors += checked.errors();
                warnings += checked.warnings();
                match args.format {
                    Format::Human => program::show(&checked),
                    Format::Json => documents.push(render::json(&checked.diagnostics, &checked.sources)),
                }
            }
            Err(message) => {
                output::complain(format_args!("{message}"));
                unread = true;
            }
        }
    }
    match args.format {
        Format::Human => summary(args.files.len(), errors, warnings, unread),
        Format::Json => output::json(&joined(documents, errors, warnings)),
    }
    match (unread, errors) {
        (true, _) => Exit::WrongUse,
        (false, 0) => Exit::Done,
        (false, _) => Exit::Failed,
    }
}

/// Several files give one document of the same form as one file.
fn joined(documents: Vec<serde_json::Value>, errors: usize, warnings: usize) -> serde_json::Value {
    let diagnostics: Vec<serde_json::Value> = documents
        .into_iter()
        .flat_map(|mut d| {
            d.get_mut("diagnostics").and_then(|d| d.as_array_mut().map(std::mem::take)).unwrap_or_default()
        })
        .collect();
    json!({ "version": 1, "diagnostics": diagnostics, "errors": errors, "warnings": warnings })
}

fn summary(files: usize, errors: usize, warnings: usize, unread: bool) {
    if unread && errors + warnings == 0 {
        return;
    }
    let files = if files == 1 { "1 file".to_string() } else { format!("{files} files") };
    match (errors, warnings) {
        (0, 0) => output::say(format_args!("checked {files}: no errors")),
        (e, w) => {
            output::say(format_args!("checked {files}: {}, {}", counted(e, "error"), counted(w, "warning")))
        }
    }
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
