//! Diagnostics for machines: the format of `flowc check --format json` (schema: `docs/schemas/check.schema.json`).

use super::Found;
use crate::diagnostics::{Applicability, Diagnostic, Severity};
use crate::source::{Position, SourceMap, Span};
use serde_json::{Value, json};

/// All diagnostics of a check as one document.
pub fn json(diagnostics: &[Found<'_>]) -> Value {
    let count = |severity| diagnostics.iter().filter(|(d, _)| d.severity == severity).count();
    json!({
        "version": 1,
        "diagnostics": diagnostics.iter().map(|(d, sources)| diagnostic(d, sources)).collect::<Vec<_>>(),
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
    })
}

fn diagnostic(d: &Diagnostic, sources: &SourceMap) -> Value {
    // What is said right at the place is a label of that place.
    let own = (!d.note.is_empty()).then(|| label(d.span, &d.note, sources));
    let labels: Vec<Value> =
        own.into_iter().chain(d.labels.iter().map(|l| label(l.span, &l.message, sources))).collect();
    let fixes: Vec<Value> = d
        .fixes
        .iter()
        .map(|f| {
            let edits = f.edits.iter().map(|e| json!({ "span": span(e.span, sources), "file": sources.get(e.span.file).name, "text": e.text }));
            let applicability = match f.applicability {
                Applicability::Safe => "safe",
                Applicability::NeedsLook => "needs_look",
            };
            json!({ "title": f.title, "applicability": applicability, "edits": edits.collect::<Vec<_>>() })
        })
        .collect();
    json!({
        "code": d.code.to_string(),
        "severity": if d.is_error() { "error" } else { "warning" },
        "message": d.message,
        "file": sources.get(d.span.file).name,
        "span": span(d.span, sources),
        "labels": labels,
        "help": d.help,
        "fixes": fixes,
    })
}

fn label(place: Span, message: &str, sources: &SourceMap) -> Value {
    json!({ "span": span(place, sources), "message": message, "file": sources.get(place.file).name })
}

fn span(span: Span, sources: &SourceMap) -> Value {
    let (start, end) = sources.positions(span);
    json!({ "start": position(start, span.start), "end": position(end, span.end) })
}

fn position(p: Position, offset: u32) -> Value {
    json!({ "line": p.line, "column": p.column, "offset": offset })
}
