//! Diagnostics for people: the one place that knows miette, which draws the lines with their marks.
//!
//! First the message, then the place with what explains it nearby, then places further off, then help with the mended line.

use super::piece::{Mark, Piece};
use crate::diagnostics::{Diagnostic, Fix};
use crate::source::{SourceMap, Span};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, SourceSpan, ThemeCharacters, ThemeStyles,
};
use std::fmt;
use unicode_width::UnicodeWidthStr;

/// Labels that are so many lines away are shown apart.
const APART: u32 = 2;

/// How a terminal wants it.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub color: bool,
    /// Lines and arrows beyond ASCII.
    pub unicode: bool,
    /// Columns to wrap at.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Style {
        Style { color: false, unicode: true, width: 100 }
    }
}

/// The diagnostic with the lines it is about.
pub fn human(diagnostic: &Diagnostic, sources: &SourceMap, style: Style) -> String {
    let sheet = Sheet { style, error: diagnostic.is_error() };
    let mut out = sheet.header(diagnostic);
    for (at, group) in groups(diagnostic, sources).iter().enumerate() {
        // What is said of another place has no arrow to the first: a line of its own makes the change clear.
        if at > 0 && group.marks.iter().all(|m| m.text.is_empty()) {
            continue;
        }
        out.push_str(&sheet.snippet(group, sources));
    }
    for help in &diagnostic.help {
        out.push_str(&sheet.entry("help", help));
    }
    let mut shown = false;
    for fix in &diagnostic.fixes {
        if !said(fix, &diagnostic.help) {
            out.push_str(&sheet.entry("help", &fix.title));
        }
        // One preview is enough to see the way.
        if !shown && let Some(preview) = sheet.preview(fix, sources) {
            out.push_str(&preview);
            shown = true;
        }
    }
    out
}

/// Whether the help names the fix already.
fn said(fix: &Fix, help: &[String]) -> bool {
    help.iter().any(|h| {
        h.contains(&fix.title)
            || fix
                .edits
                .iter()
                .map(|e| e.text.trim().trim_matches('"'))
                .any(|text| !text.is_empty() && h.contains(&format!("`{text}`")))
    })
}

/// Labels of one file that are near to each other.
struct Group {
    marks: Vec<Mark>,
}

/// The place itself first.
fn groups(d: &Diagnostic, sources: &SourceMap) -> Vec<Group> {
    let lines = |span: Span| {
        let (start, end) = sources.positions(span);
        (start.line, end.line)
    };
    let mut out = vec![Group { marks: vec![Mark { span: d.span, text: d.note.clone(), primary: true }] }];
    for label in &d.labels {
        let (start, end) = lines(label.span);
        let near = |m: &Mark| {
            let (other_start, other_end) = lines(m.span);
            m.span.file == label.span.file && start <= other_end + APART && other_start <= end + APART
        };
        let mark = Mark { span: label.span, text: label.message.clone(), primary: false };
        match out.iter_mut().find(|g| g.marks.iter().any(near)) {
            Some(group) => group.marks.push(mark),
            None => out.push(Group { marks: vec![mark] }),
        }
    }
    out
}

struct Sheet {
    style: Style,
    error: bool,
}

impl Sheet {
    fn header(&self, d: &Diagnostic) -> String {
        let kind = if self.error { "error" } else { "warning" };
        let head = self.painted(&format!("{kind}[{}]", d.code), if self.error { "1;31" } else { "1;33" });
        let plain = format!("{kind}[{}]: ", d.code).chars().count();
        let mut out = format!("{head}: ");
        let message = self.text(&d.message);
        for (at, line) in wrapped(&message, self.style.width, plain, 2).iter().enumerate() {
            if at > 0 {
                out.push_str("\n  ");
            }
            out.push_str(&self.painted(line, "1"));
        }
        out.push('\n');
        out
    }

    /// `  help: …`
    fn entry(&self, word: &str, text: &str) -> String {
        let indent = word.len() + 4;
        let mut out = format!("  {}: ", self.painted(word, "36"));
        let text = self.text(text);
        for (at, line) in wrapped(&text, self.style.width, indent, indent).iter().enumerate() {
            if at > 0 {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
            }
            out.push_str(line);
        }
        out.push('\n');
        out
    }

    /// The lines as they would be after a fix of one place.
    fn preview(&self, fix: &Fix, sources: &SourceMap) -> Option<String> {
        let mut edits: Vec<_> = fix.edits.iter().collect();
        edits.sort_by_key(|e| e.span.start);
        let (first, last) = (edits.first()?, edits.last()?);
        let file = first.span.file;
        let (start, end) = (sources.positions(first.span).0.line, sources.positions(last.span).1.line);
        if edits.iter().any(|e| e.span.file != file) || start != end {
            return None;
        }
        let source = sources.get(file);
        let from = source.lines().start_of(start)?;
        let line = source.text[from as usize..].split(['\n', '\r']).next()?;
        let mut out = String::new();
        let mut at = 0;
        for edit in edits {
            let (start, end) = ((edit.span.start - from) as usize, (edit.span.end - from) as usize);
            out.push_str(line.get(at..start)?);
            out.push_str(&edit.text);
            at = end;
        }
        out.push_str(line.get(at..)?);
        let bar = if self.style.unicode { "│" } else { "|" };
        let mut shown = String::new();
        for (i, line) in out.trim_end().lines().enumerate() {
            let number = format!("{:>9}", start as usize + i);
            let line = super::piece::visible(&line.replace('\t', "    "));
            if number.len() + 3 + UnicodeWidthStr::width(line.as_str()) > self.style.width || i > 5 {
                return None;
            }
            let line = format!("{} {bar} {}", self.painted(&number, "2"), self.painted(&line, "32"));
            shown.push_str(line.trim_end());
            shown.push('\n');
        }
        Some(shown)
    }

    fn snippet(&self, group: &Group, sources: &SourceMap) -> String {
        let marks: Vec<Mark> =
            group.marks.iter().map(|m| Mark { text: self.text(&m.text), ..m.clone() }).collect();
        let (piece, labels) = Piece::new(&marks, sources, self.style);
        let labels = labels
            .into_iter()
            .map(|label| {
                let span = SourceSpan::new(label.start.into(), label.length);
                let text = (!label.text.is_empty()).then_some(label.text);
                if label.primary {
                    LabeledSpan::new_primary_with_span(text, span)
                } else {
                    LabeledSpan::new_with_span(text, span)
                }
            })
            .collect();
        let mut drawn = String::new();
        let shown = Shown { piece, labels };
        if self.handler().render_report(&mut drawn, &shown).is_err() {
            // What fails to draw must not hide the message.
            return String::new();
        }
        // Before the lines stands an empty message.
        let corner = if self.style.unicode { '╭' } else { ',' };
        match drawn.find(corner).and_then(|at| drawn[..at].rfind('\n')) {
            Some(at) => format!("{}\n", drawn[at + 1..].trim_end_matches('\n')),
            None => String::new(),
        }
    }

    fn handler(&self) -> GraphicalReportHandler {
        let mut styles = if self.style.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
        if self.style.color {
            let own = if self.error { styles.error } else { styles.warning };
            styles.highlights = vec![own.bold(), styles.help, styles.advice];
        }
        let characters =
            if self.style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
        GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
            .with_links(false)
            .with_wrap_lines(false)
            .with_width(self.style.width.max(40))
    }

    fn painted(&self, text: &str, code: &str) -> String {
        if self.style.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
    }

    /// A text of a message: what would steer the terminal is made visible, and signs that it does not have are spelt.
    fn text(&self, text: &str) -> String {
        let text = super::piece::visible(text);
        if self.style.unicode {
            return text;
        }
        text.replace('…', "...").replace('→', "->").replace('–', "-").replace('≥', ">=").replace('≤', "<=")
    }
}

/// Lines of at most `width` columns, of which the first begins at column `first`, the others at `rest`.
fn wrapped(text: &str, width: usize, first: usize, rest: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut left = width.saturating_sub(if lines.is_empty() { first } else { rest }).max(20);
        for word in words(paragraph) {
            let length = word.chars().count();
            if !line.is_empty() && line.chars().count() + 1 + length > left {
                lines.push(std::mem::take(&mut line));
                left = width.saturating_sub(rest).max(20);
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
        lines.push(line);
    }
    lines
}

/// Words, where what stands between backticks is not taken apart unless it is long.
fn words(text: &str) -> Vec<String> {
    const LONG: usize = 40;
    let mut out: Vec<String> = Vec::new();
    let mut code = false;
    for word in text.split(' ') {
        let joins = code && out.last().is_some_and(|last| last.chars().count() + word.chars().count() < LONG);
        match out.last_mut() {
            Some(last) if joins => {
                last.push(' ');
                last.push_str(word);
            }
            _ => out.push(word.to_string()),
        }
        if word.matches('`').count() % 2 == 1 {
            code = !code;
        }
    }
    out
}

/// A piece of a file as miette wants it.
#[derive(Debug)]
struct Shown {
    piece: Piece,
    labels: Vec<LabeledSpan>,
}

impl fmt::Display for Shown {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Shown {}

impl miette::Diagnostic for Shown {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.piece)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
