//! Text to tree. Takes the text of a file and gives an [`ast::Module`] with diagnostics F01xx; it never fails: what
//! cannot be read becomes `Bad` in the tree and is reported once.
//!
//! A quick scan first cuts the text at its top-level items and refuses what the grammar must not meet: deep nesting,
//! strings and brackets without an end, hidden characters. Each piece is then parsed by pest (`grammar/flow.pest`) and
//! built into the tree. It knows no names and no types, and pest's rules are known nowhere else.

mod build;
mod comments;
mod cursor;
mod errors;
mod explain;
mod format;
mod grammar;
mod habits;
mod hints;
mod names;
mod pieces;
mod repair;
mod scan;
mod wanted;

pub use comments::{Allow, allow_comments};
pub use format::format;

use crate::ast;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, Span};
use build::{Builder, Origin};
use cursor::ParseTree;
use grammar::Rule;
use pieces::Reading;
use std::collections::HashMap;

/// Deepest nesting of brackets, braces, type arguments and interpolations.
pub const MAX_NESTING: usize = 128;
/// Deepest tree: every operator of a chain, every `else if`, call and field access on the way down counts one.
pub const MAX_HEIGHT: u32 = 512;
/// Longest name, in bytes.
pub const MAX_NAME: usize = 256;
/// Syntax errors that are reported of one file.
const MAX_ERRORS: usize = 100;

/// Reads a whole file. Errors are added to `out`; the tree holds `Bad` in their places.
pub fn parse(file: FileId, text: &str, ids: &mut ast::NodeIds, out: &mut Vec<Diagnostic>) -> ast::Module {
    parse_by(Reading::of(text.len()), file, text, ids, out)
}

/// Reads a file as it stands: what does not close is a bad item as a whole.
fn parse_strictly(file: FileId, text: &str) -> ast::Module {
    let how = Reading { repair: false, ..Reading::of(text.len()) };
    parse_by(how, file, text, &mut ast::NodeIds::default(), &mut Vec::new())
}

fn parse_by(
    how: Reading,
    file: FileId,
    text: &str,
    ids: &mut ast::NodeIds,
    out: &mut Vec<Diagnostic>,
) -> ast::Module {
    let scan = scan::program(file, text);
    let mut found = scan.faults;
    let code = comments::blanked(text, &scan.comments);
    let repairs = if how.repair { repairs(file, &code, &scan.chunks, &mut found) } else { HashMap::new() };
    let origin =
        Origin { file, text, code: &code, docs: &scan.docs, lexical: &scan.lexical, repairs: Some(&repairs) };
    let items = pieces::read(origin, &scan.chunks, how, ids, &mut found);
    let doc = comments::file_doc(text, &scan.file_docs);
    cap(&mut found, file);
    out.append(&mut found);
    ast::Module { file, doc, items }
}

/// The texts to read instead of pieces whose brackets or strings do not close, by the starts of these.
fn repairs(
    file: FileId,
    code: &str,
    chunks: &[scan::Chunk],
    found: &mut Vec<Diagnostic>,
) -> HashMap<usize, String> {
    let broken = chunks.iter().filter(|chunk| chunk.broken);
    let repair = |chunk: &scan::Chunk| {
        Some((chunk.start, repaired(file, &code[chunk.start..chunk.end], chunk, found)?))
    };
    let repairs = broken.filter_map(repair).collect();
    found.sort_by_key(|d| d.span.start);
    repairs
}

/// The text to read instead of a piece whose brackets or strings do not close; its own are sure to. What was said of
/// them is said anew, for each.
fn repaired(file: FileId, piece: &str, chunk: &scan::Chunk, found: &mut Vec<Diagnostic>) -> Option<String> {
    let (readable, faults) = (!chunk.too_deep).then(|| repair::repaired(piece))??;
    let again = scan::once(file, &readable);
    if faults.is_empty() || again.chunks.iter().any(|c| c.broken) {
        return None;
    }
    let inside = |d: &Diagnostic| chunk.start <= d.span.start as usize && (d.span.start as usize) < chunk.end;
    found.retain(|d| !(matches!(d.code, Code::F0102 | Code::F0103) && inside(d)));
    found.extend(faults.into_iter().map(|fault| {
        let span = |at: usize, length: usize| {
            let start = (chunk.start + at) as u32;
            Span::new(file, start, start + length as u32)
        };
        match fault {
            repair::Fault::Bracket(at) => errors::unclosed_bracket(span(at, 1), &piece[at..=at]),
            repair::Fault::Text(at) if piece[at..].starts_with("\"\"\"") => {
                errors::unclosed_string(span(at, 3))
            }
            repair::Fault::Text(at) => errors::unclosed_string(span(at, 1)),
            repair::Fault::Stray(at) => errors::stray(span(at, 1), &piece[at..=at]),
        }
    }));
    Some(readable)
}

/// Reads one expression, which may hold any literal; for values given outside of a program.
///
/// # Errors
/// What is wrong with the text, in one line.
pub fn parse_literal(text: &str) -> Result<ast::Expr, String> {
    let file = FileId(u32::MAX);
    let mut ids = ast::NodeIds::default();
    let mut out = Vec::new();
    let scan = scan::program(file, text);
    out.extend(scan.faults);
    if let Some(first) = first_error(&out) {
        return Err(first);
    }
    let code = comments::blanked(text, &scan.comments);
    let origin = Origin { file, text, code: &code, docs: &[], lexical: &[], repairs: None };
    let mut builder = Builder::new(origin, 0, &mut ids, &mut out);
    let expr = match ParseTree::read(Rule::literal, &code) {
        Some(tree) => builder.literal(&tree),
        None => {
            builder.explain(&code, Rule::literal);
            None
        }
    };
    match (first_error(&out), expr) {
        (None, Some(expr)) => Ok(expr),
        (Some(message), _) => Err(message),
        (None, None) => Err("a value is expected".to_string()),
    }
}

/// Reads an included file as the inside of a string: literal text with `#{…}`; `\#{` is the text `#{`.
pub fn parse_template(
    file: FileId,
    text: &str,
    ids: &mut ast::NodeIds,
    out: &mut Vec<Diagnostic>,
) -> ast::Str {
    let scan = scan::template(file, text);
    let span = Span::new(file, 0, text.len() as u32);
    let broken = scan.chunks.iter().any(|c| c.broken);
    let mut found = scan.faults;
    let code = comments::blanked(text, &scan.comments);
    let origin = Origin { file, text, code: &code, docs: &[], lexical: &scan.lexical, repairs: None };
    let mut parts = Vec::new();
    if !broken {
        let start = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
        let mut builder = Builder::new(origin, start, ids, &mut found);
        match ParseTree::read(Rule::template, &code[start..]) {
            Some(tree) => parts = builder.template(&tree),
            None => builder.explain(&code[start..], Rule::template),
        }
    }
    cap(&mut found, file);
    out.append(&mut found);
    ast::Str { span, style: ast::StrStyle::Block, parts: parts.into() }
}

fn first_error(found: &[Diagnostic]) -> Option<String> {
    found.iter().find(|d| d.is_error()).map(|d| match d.help.first() {
        Some(help) => format!("{} ({help})", d.message),
        None => d.message.clone(),
    })
}

/// A binary file must not give a million errors.
fn cap(found: &mut Vec<Diagnostic>, file: FileId) {
    if found.len() > MAX_ERRORS {
        found.sort_by_key(|d| d.span.start);
        found.truncate(MAX_ERRORS);
        let last = found.last().map_or(Span::new(file, 0, 0), |d| d.span);
        found.push(errors::too_many(last.at_end(), MAX_ERRORS));
    }
}

#[cfg(test)]
mod tests;
