//! Diagnostics for people: the one place that knows miette.

use crate::diagnostics::{Diagnostic, Severity};
use crate::source::{SourceMap, Span};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceSpan, ThemeCharacters,
    ThemeStyles,
};
use std::fmt;
use std::sync::Arc;

/// How a terminal wants it.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub color: bool,
    /// Columns to wrap at.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Style {
        Style { color: false, width: 100 }
    }
}

/// The diagnostic with the lines it is about.
pub fn human(diagnostic: &Diagnostic, sources: &SourceMap, style: Style) -> String {
    let theme = GraphicalTheme {
        characters: ThemeCharacters::unicode(),
        styles: if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(style.width);
    let mut out = String::new();
    let shown = Shown::new(diagnostic, sources);
    if handler.render_report(&mut out, &shown).is_err() {
        // A renderer that fails must not hide the message.
        out = format!("{}: {}\n", diagnostic.code, diagnostic.message);
    }
    out
}

/// A diagnostic as miette wants it: places in the main file as labels, others as related reports.
struct Shown {
    code: String,
    message: String,
    severity: miette::Severity,
    help: Option<String>,
    source: NamedSource<Arc<str>>,
    labels: Vec<LabeledSpan>,
    related: Vec<Shown>,
}

impl Shown {
    fn new(d: &Diagnostic, sources: &SourceMap) -> Shown {
        let source = sources.get(d.span.file);
        let mut labels = vec![LabeledSpan::new_primary_with_span(non_empty(&d.note), at(d.span))];
        let mut related = Vec::new();
        for label in &d.labels {
            if label.span.file == d.span.file {
                labels.push(LabeledSpan::new_with_span(non_empty(&label.message), at(label.span)));
            } else {
                related.push(Shown::elsewhere(&label.message, label.span, sources));
            }
        }
        // A fix that the help names already is not said twice.
        let new = d.fixes.iter().filter(|f| !d.help.contains(&f.title));
        let fixes = new.map(|f| format!("to fix: {}", f.title));
        let help: Vec<String> = d.help.iter().cloned().chain(fixes).collect();
        Shown {
            code: d.code.to_string(),
            message: d.message.clone(),
            severity: match d.severity {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
            },
            help: non_empty(&help.join("\n")),
            source: NamedSource::new(&source.name, source.text.clone()),
            labels,
            related,
        }
    }

    fn elsewhere(message: &str, span: Span, sources: &SourceMap) -> Shown {
        let source = sources.get(span.file);
        Shown {
            code: String::new(),
            message: message.to_string(),
            severity: miette::Severity::Advice,
            help: None,
            source: NamedSource::new(&source.name, source.text.clone()),
            labels: vec![LabeledSpan::new_primary_with_span(None, at(span))],
            related: Vec::new(),
        }
    }
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_string())
}

fn at(span: Span) -> SourceSpan {
    SourceSpan::new((span.start as usize).into(), (span.end - span.start) as usize)
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl miette::Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        if self.code.is_empty() { None } else { Some(Box::new(&self.code)) }
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        if self.related.is_empty() {
            return None;
        }
        Some(Box::new(self.related.iter().map(|r| r as &dyn miette::Diagnostic)))
    }
}
