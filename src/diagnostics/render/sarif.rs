//! Diagnostics as SARIF 2.1.0, for code scanning and editors.

use super::Found;
use crate::diagnostics::{Code, Diagnostic, Fix};
use crate::source::{FileId, SourceMap, Span};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

/// All diagnostics of a check as one log with one run.
pub fn sarif(diagnostics: &[Found<'_>]) -> Value {
    let codes: BTreeSet<Code> = diagnostics.iter().map(|(d, _)| d.code).collect();
    let rules: Vec<Code> = codes.into_iter().collect();
    let results: Vec<Value> = diagnostics.iter().map(|(d, sources)| result(d, sources, &rules)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "flowc",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {
                "%SRCROOT%": { "description": { "text": "The folder in which flowc was started." } }
            },
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    let (info, page) = (code.info(), code.page());
    // The page without its heading, which is the title.
    let page = page.split_once('\n').map_or(page, |(_, rest)| rest).trim();
    let first = page.split("\n\n").next().unwrap_or(info.title).replace('\n', " ");
    json!({
        "id": info.name,
        "shortDescription": { "text": info.title },
        "fullDescription": { "text": first },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": level(code.severity() == crate::diagnostics::Severity::Error) },
    })
}

fn level(error: bool) -> &'static str {
    if error { "error" } else { "warning" }
}

fn result(d: &Diagnostic, sources: &SourceMap, rules: &[Code]) -> Value {
    let mut text = d.message.clone();
    if !d.note.is_empty() {
        let _ = write!(text, "\n{}", d.note);
    }
    for help in &d.help {
        let _ = write!(text, "\nhelp: {help}");
    }
    let related: Vec<Value> = d
        .labels
        .iter()
        .enumerate()
        .map(|(at, label)| {
            let mut place = location(label.span, sources);
            place["id"] = json!(at + 1);
            place["message"] = json!({ "text": label.message });
            place
        })
        .collect();
    json!({
        "ruleId": d.code.info().name,
        "ruleIndex": rules.binary_search(&d.code).unwrap_or(0),
        "level": level(d.is_error()),
        "message": { "text": text },
        "locations": [location(d.span, sources)],
        "relatedLocations": related,
        "partialFingerprints": { "flowcDiagnostic/v1": fingerprint(d, sources) },
        "fixes": d.fixes.iter().map(|f| fix(f, sources)).collect::<Vec<_>>(),
    })
}

/// The same for the same mistake in the same words, wherever it moves in its file.
fn fingerprint(d: &Diagnostic, sources: &SourceMap) -> String {
    let source = sources.get(d.span.file);
    let mut hasher = blake3::Hasher::new();
    for part in [d.code.info().name, &source.name, &d.message, sources.text(d.span)] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().chars().take(32).collect()
}

fn location(span: Span, sources: &SourceMap) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": artifact(span.file, sources),
        "region": region(span, sources),
    }})
}

fn artifact(file: FileId, sources: &SourceMap) -> Value {
    let name = &sources.get(file).name;
    if name.starts_with('/') {
        return json!({ "uri": format!("file://{}", uri(name)) });
    }
    json!({ "uri": uri(name), "uriBaseId": "%SRCROOT%" })
}

fn region(span: Span, sources: &SourceMap) -> Value {
    let (start, end) = sources.positions(span);
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
        "byteOffset": span.start,
        "byteLength": span.end - span.start,
    })
}

fn fix(fix: &Fix, sources: &SourceMap) -> Value {
    let mut changes: Vec<(FileId, Vec<Value>)> = Vec::new();
    for edit in &fix.edits {
        let replacement = json!({
            "deletedRegion": region(edit.span, sources),
            "insertedContent": { "text": edit.text },
        });
        match changes.iter_mut().find(|(file, _)| *file == edit.span.file) {
            Some((_, of_file)) => of_file.push(replacement),
            None => changes.push((edit.span.file, vec![replacement])),
        }
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(file, replacements)| {
            json!({ "artifactLocation": artifact(file, sources), "replacements": replacements })
        })
        .collect();
    json!({ "description": { "text": fix.title }, "artifactChanges": changes })
}

/// A path as a relative reference: what has a meaning of its own there is escaped.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
