//! What is said in comments: docs, and `// flowc: allow(CODE)`.

use super::scan::{self, Mark};
use crate::source::{FileId, Span};
use ecow::EcoString;
use std::borrow::Cow;

/// A comment `// flowc: allow(W0102, …)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// The comment.
    pub span: Span,
    /// The codes as written, each with its place.
    pub codes: Vec<(EcoString, Span)>,
    /// The line it applies to: the next that holds more than blanks and comments. Empty at the end of the file when
    /// nothing follows.
    pub line: Span,
}

/// Every `flowc: allow` comment of a text, in order.
pub fn allow_comments(file: FileId, text: &str) -> Vec<Allow> {
    scan::program(file, text).allows.iter().map(|mark| allow(file, text, *mark)).collect()
}

fn allow(file: FileId, text: &str, mark: Mark) -> Allow {
    let comment = &text[mark.start..mark.end];
    let mut codes = Vec::new();
    if let (Some(open), Some(close)) = (comment.find('('), comment.find(')'))
        && open < close
    {
        let mut at = mark.start + open + 1;
        for part in comment[open + 1..close].split(',') {
            let name = part.trim();
            if !name.is_empty() {
                let start = (at + part.find(name).unwrap_or(0)) as u32;
                codes.push((name.into(), Span::new(file, start, start + name.len() as u32)));
            }
            at += part.len() + 1;
        }
    }
    let span = Span::new(file, mark.start as u32, mark.end as u32);
    Allow { span, codes, line: next_line(file, text, mark.end) }
}

/// The next line after `at` that has more than blanks and a comment.
fn next_line(file: FileId, text: &str, at: usize) -> Span {
    let rest = text[at..].find(['\n', '\r']).map_or(text.len(), |i| at + i);
    let mut start = rest;
    for line in text[rest..].split(['\n', '\r']) {
        let trimmed = line.trim();
        if !trimmed.is_empty() && !trimmed.starts_with("//") {
            return Span::new(file, start as u32, (start + line.len()) as u32);
        }
        start += line.len() + 1;
    }
    Span::new(file, text.len() as u32, text.len() as u32)
}

/// The text with blanks in the place of its comments, so that the grammar need not look for them wherever a blank may
/// stand. Every offset stays what it was.
pub(super) fn blanked<'t>(text: &'t str, comments: &[Mark]) -> Cow<'t, str> {
    if comments.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut blanked = String::with_capacity(text.len());
    for mark in comments {
        blanked.push_str(&text[blanked.len()..mark.start]);
        blanked.extend(std::iter::repeat_n(' ', mark.end - mark.start));
    }
    blanked.push_str(&text[blanked.len()..]);
    Cow::Owned(blanked)
}

/// The text of the file's `//!` lines.
pub(super) fn file_doc(text: &str, marks: &[Mark]) -> EcoString {
    joined(text, marks)
}

/// The text of those `///` lines, all of them above `start`, with nothing but blanks and comments between them and it.
pub(super) fn doc_above(text: &str, docs: &[Mark], start: usize) -> EcoString {
    let mut first = docs.len();
    let mut below = start;
    while first > 0 && only_comments(&text[docs[first - 1].end..below]) {
        first -= 1;
        below = docs[first].start;
    }
    joined(text, &docs[first..])
}

fn only_comments(between: &str) -> bool {
    between.split(['\n', '\r']).map(str::trim).all(|line| line.is_empty() || line.starts_with("//"))
}

fn joined(text: &str, marks: &[Mark]) -> EcoString {
    let mut doc = EcoString::new();
    for (i, mark) in marks.iter().enumerate() {
        if i > 0 {
            doc.push('\n');
        }
        let line = &text[mark.start + 3..mark.end];
        doc.push_str(line.strip_prefix(' ').unwrap_or(line).trim_end());
    }
    doc
}
