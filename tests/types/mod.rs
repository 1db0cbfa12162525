//! The checker on whole programs.

mod accepted;
mod errors;
mod facts;
mod mutated;
mod pages;
mod sound;

use flow::ast::{NodeId, NodeIds};
use flow::diagnostics::Diagnostic;
use flow::resolve::resolve;
use flow::source::{MemoryLoader, SourceMap};
use flow::types::{Checked, Ty, check};

/// Reads, resolves and checks the files; the first is the main one.
fn run(files: &[(&str, &str)]) -> (Checked, SourceMap, Vec<Diagnostic>) {
    let mut loader = MemoryLoader::new();
    for (name, text) in files {
        loader = loader.with(name, text);
    }
    let mut sources = SourceMap::new();
    let mut ids = NodeIds::default();
    let mut out = Vec::new();
    let resolved = resolve(files[0].0, &loader, &mut sources, &mut ids, &mut out);
    let checked = check(resolved, &sources, &mut out);
    flow::diagnostics::sort(&mut out);
    (checked, sources, out)
}

fn said(diagnostic: &Diagnostic) -> String {
    let mut text = format!("{} {}", diagnostic.code, diagnostic.message);
    for part in [&diagnostic.note].into_iter().chain(diagnostic.labels.iter().map(|l| &l.message)) {
        if part.is_empty() {
            continue;
        }
        text.push_str(" | ");
        text.push_str(part);
    }
    for help in &diagnostic.help {
        text.push_str(" > ");
        text.push_str(help);
    }
    text
}

/// The program has no error.
#[track_caller]
fn fine(text: &str) -> Checked {
    let (checked, sources, out) = run(&[("main.flow", text)]);
    let shown: Vec<String> = out
        .iter()
        .filter(|d| d.is_error())
        .map(|d| format!("{} at {}: {}", sources.positions(d.span).0.line, sources.text(d.span), said(d)))
        .collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
    let nodes = 0..1_000_000;
    let silent = nodes.map(NodeId).find(|id| checked.types.get(*id) == Some(&Ty::Error));
    assert_eq!(silent, None, "something has no type, and nothing is said");
    checked
}

/// The program has exactly the errors that comments like `//~ F0301` on their lines say.
#[track_caller]
fn expect(text: &str) {
    let (_, sources, out) = run(&[("main.flow", text)]);
    let mut found: Vec<(u32, String)> = Vec::new();
    let mut shown = String::new();
    for d in out.iter().filter(|d| d.is_error()) {
        let line = sources.positions(d.span).0.line;
        found.push((line, d.code.to_string()));
        shown.push_str(&format!("{line}: {}\n", said(d)));
    }
    let mut wanted = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if let Some((_, codes)) = line.split_once("//~") {
            wanted.extend(codes.split_whitespace().map(|c| (at as u32 + 1, c.to_string())));
        }
    }
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted, "\n{shown}");
}

/// The message of the program's only error.
#[track_caller]
fn message(text: &str) -> String {
    let (_, _, out) = run(&[("main.flow", text)]);
    let errors: Vec<String> = out.iter().filter(|d| d.is_error()).map(said).collect();
    assert_eq!(errors.len(), 1, "{}", errors.join("\n"));
    errors.into_iter().next().unwrap_or_default()
}
