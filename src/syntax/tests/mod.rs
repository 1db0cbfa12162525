//! Tests of the syntax phase.

mod program;

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
