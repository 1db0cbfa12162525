//! The lines of a file around some marks, made ready to be shown: tabs as blanks, signs that would steer a terminal made
//! visible, and of lines that are too long the part that matters.

use super::Style;
use crate::source::{Source, SourceMap, Span};
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns of a tab.
const TAB: usize = 4;
/// Lines of a mark that are shown; of a longer one only the first.
const LINES: u32 = 8;
/// Columns beside a line: its number and the frame.
const FRAME: usize = 10;

/// A place with what is said of it.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub span: Span,
    pub text: String,
    pub primary: bool,
}

/// A mark in the text of a piece.
#[derive(Debug)]
pub(super) struct Label {
    pub start: usize,
    pub length: usize,
    pub text: String,
    pub primary: bool,
}

/// Some lines of a file.
#[derive(Debug)]
pub(super) struct Piece {
    name: String,
    text: String,
    /// Of the file, from 0.
    first_line: usize,
    /// Where the first mark is in the piece, and its column in the file, from 0.
    place: (usize, usize),
}

impl Piece {
    /// The lines of the marks, all in one file, with one line before and after.
    pub fn new(marks: &[Mark], sources: &SourceMap, style: Style) -> (Piece, Vec<Label>) {
        let width = style.width;
        let Some(main) = marks.first() else {
            let empty = Piece { name: String::new(), text: String::new(), first_line: 0, place: (0, 0) };
            return (empty, Vec::new());
        };
        let source = sources.get(main.span.file);
        let spans: Vec<Span> = marks.iter().map(|m| short(m.span, sources)).collect();
        let lines = |span: &Span| {
            let (start, end) = sources.positions(*span);
            (start.line, end.line)
        };
        let first = spans.iter().map(|s| lines(s).0).min().unwrap_or(1).saturating_sub(1).max(1);
        let last = spans.iter().map(|s| lines(s).1).max().unwrap_or(1) + 1;
        let mut text = String::new();
        let mut at: Vec<(usize, usize)> = vec![(0, 0); spans.len()];
        for number in first..=last {
            let Some((start, line)) = line_of(source, number) else { break };
            if number > first {
                text.push('\n');
            }
            let touching: Vec<(usize, usize)> =
                spans.iter().filter_map(|s| within(s, start, line.len())).collect();
            let mark = if style.unicode { "…" } else { "~" };
            let shown = Line::new(line, &touching, width.saturating_sub(FRAME).max(30), mark);
            for (span, at) in spans.iter().zip(&mut at) {
                let offset = |o: u32| (o as usize).checked_sub(start).filter(|o| *o <= line.len());
                if let Some(offset) = offset(span.start) {
                    at.0 = text.len() + shown.place(offset);
                }
                if let Some(offset) = offset(span.end) {
                    at.1 = text.len() + shown.place(offset);
                }
            }
            text.push_str(&shown.text);
        }
        let column = sources.positions(main.span).0.column as usize;
        let place = (at.first().map_or(0, |a| a.0), column - 1);
        let label = |(mark, (start, end)): (&Mark, &(usize, usize))| Label {
            start: *start,
            length: end.saturating_sub(*start),
            text: narrow(&mark.text, &text, *start, width),
            primary: mark.primary,
        };
        let labels = marks.iter().zip(&at).map(label).collect();
        let first_line = first as usize - 1;
        (Piece { name: visible(&source.name), text, first_line, place }, labels)
    }
}

/// A mark over many lines is shown by its first.
fn short(span: Span, sources: &SourceMap) -> Span {
    let (start, end) = sources.positions(span);
    if end.line - start.line < LINES {
        return span;
    }
    let first = sources.text(span).split(['\n', '\r']).next().unwrap_or("").trim_end();
    Span { end: span.start + first.len() as u32, ..span }
}

/// The offset and the text of a line, from 1.
fn line_of(source: &Source, number: u32) -> Option<(usize, &str)> {
    let start = source.lines().start_of(number)? as usize;
    let line = source.text.get(start..)?.split(['\n', '\r']).next()?;
    Some((start, line))
}

/// The part of a span in a line, in bytes of the line.
fn within(span: &Span, start: usize, length: usize) -> Option<(usize, usize)> {
    let (from, to) = (span.start as usize, span.end as usize);
    (from <= start + length && to >= start).then(|| (from.saturating_sub(start), (to - start).min(length)))
}

/// A line as it is shown.
struct Line {
    text: String,
    /// For each byte of the line, and its end, the byte in `text`.
    places: Vec<usize>,
}

impl Line {
    /// `mark` stands where something was cut off.
    fn new(line: &str, touching: &[(usize, usize)], columns: usize, mark: &str) -> Line {
        let mut text = String::with_capacity(line.len());
        let mut places = Vec::with_capacity(line.len() + 1);
        let mut column = 0;
        for c in line.chars() {
            places.extend(std::iter::repeat_n(text.len(), c.len_utf8()));
            if c == '\t' {
                let blanks = TAB - column % TAB;
                text.extend(std::iter::repeat_n(' ', blanks));
                column += blanks;
            } else {
                let c = shown(c);
                text.push(c);
                column += c.width().unwrap_or(0);
            }
        }
        places.push(text.len());
        let mut whole = Line { text, places };
        if column > columns {
            let from = touching.iter().map(|t| t.0).min().unwrap_or(0);
            let to = touching.iter().map(|t| t.1).max().unwrap_or(0);
            whole.cut((from, to), columns, mark);
        }
        whole
    }

    fn place(&self, offset: usize) -> usize {
        self.places.get(offset).copied().unwrap_or(self.text.len())
    }

    /// Keeps so many columns around what is marked.
    fn cut(&mut self, (from, to): (usize, usize), columns: usize, mark: &str) {
        let count = |bytes: usize| self.text.get(..bytes).map_or(0, UnicodeWidthStr::width);
        let (from, to, all) = (count(self.place(from)), count(self.place(to)), count(self.text.len()));
        let wanted = (to - from).min(columns.saturating_sub(8));
        let before = (columns - wanted) / 2;
        let start = if to + 4 <= columns { 0 } else { from.saturating_sub(before).min(all - columns) };
        let end = (start + columns).min(all);
        let start_byte = self.byte_at(start);
        let end_byte = self.byte_at(end).max(start_byte);
        let head = if start > 0 { mark } else { "" };
        let tail = if end < all { mark } else { "" };
        let text = format!("{head}{}{tail}", &self.text[start_byte..end_byte]);
        for place in &mut self.places {
            *place = (*place).clamp(start_byte, end_byte) - start_byte + head.len();
        }
        self.text = text;
    }

    /// The byte of the last character that begins at a column or before it.
    fn byte_at(&self, column: usize) -> usize {
        let mut used = 0;
        for (at, c) in self.text.char_indices() {
            let next = used + c.width().unwrap_or(0);
            if next > column {
                return at;
            }
            used = next;
        }
        self.text.len()
    }
}

/// A label's text in lines that fit to the right of its place.
fn narrow(message: &str, text: &str, start: usize, width: usize) -> String {
    let line = text[..start.min(text.len())].rfind('\n').map_or(0, |i| i + 1);
    let column = text.get(line..start).map_or(0, UnicodeWidthStr::width);
    let left = width.saturating_sub(column + FRAME + 6).max(28);
    if message.chars().count() <= left.max(40) {
        return message.to_string();
    }
    let mut out = String::new();
    let mut used = 0;
    for word in message.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > left {
            out.push('\n');
            used = 0;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out
}

/// The text with signs that would steer a terminal, or turn the text around, made visible.
pub(super) fn visible(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { c } else { shown(c) }).collect()
}

fn shown(c: char) -> char {
    match c {
        '\t' => ' ',
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' => {
            '\u{FFFD}'
        }
        c if c.is_control() => '\u{FFFD}',
        c => c,
    }
}

impl SourceCode for Piece {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        // Of the place itself miette asks where it is.
        let is_place = before == 0 && after == 0 && span.offset() == self.place.0;
        let column = if is_place { self.place.1 } else { inner.column() };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line() + self.first_line,
            column,
            inner.line_count(),
        )))
    }
}
