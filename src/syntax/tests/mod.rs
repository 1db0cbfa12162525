//! Tests of the syntax phase.

mod bad_input;
mod constructs;
mod faults;
mod format;
mod literals;
mod pieces;
mod program;
mod speed;
mod tree;

use super::*;
use crate::diagnostics::Code;

/// Reads a program, with what was reported.
fn read(text: &str) -> (ast::Module, Vec<Diagnostic>) {
    let mut out = Vec::new();
    let module = parse(FileId(0), text, &mut ast::NodeIds::default(), &mut out);
    (module, out)
}

/// Code, text under the span and message of each diagnostic.
fn said(text: &str) -> Vec<(Code, &str, String)> {
    let (_, out) = read(text);
    out.into_iter().map(|d| (d.code, &text[d.span.range()], d.message)).collect()
}

/// The items of a program without errors.
fn items(text: &str) -> String {
    let (module, out) = read(text);
    assert_eq!(out, vec![], "{text}");
    module.items.iter().map(tree::item).collect::<Vec<_>>().join("\n")
}

/// The statements of a block without errors.
fn block(text: &str) -> String {
    let shown = items(&format!("workflow w() {{\n{text}\n}}"));
    let shown = shown.strip_prefix("(workflow w () (do ").and_then(|s| s.strip_suffix("))"));
    shown.unwrap_or("").to_string()
}

/// An expression without errors.
fn expr(text: &str) -> String {
    let shown = items(&format!("fn f() -> X = {text}"));
    let shown = shown.strip_prefix("(fn f () X ").and_then(|s| s.strip_suffix(')'));
    shown.unwrap_or("").to_string()
}
