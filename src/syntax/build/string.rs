//! Strings: escapes, interpolation, and the indentation that a block string loses.

use super::{Builder, Cursor, Pair, Rule, errors};
use crate::ast::{Expr, Str, StrPart, StrStyle};
use crate::source::Span;
use ecow::EcoString;

/// A part of a string before its escapes are read.
enum Piece<'i> {
    Text(&'i str, Span),
    Expr(Expr),
}

impl Builder<'_> {
    /// Any rule of `string`
    pub(super) fn string(&mut self, pair: Pair<'_>) -> Str {
        let span = self.span(pair);
        let (style, quote) = match pair.as_rule() {
            Rule::block_string => (StrStyle::Block, 3),
            Rule::raw_line => (StrStyle::RawLine, 1),
            Rule::raw_block => (StrStyle::RawBlock, 3),
            _ => (StrStyle::Line, 1),
        };
        let raw = matches!(style, StrStyle::RawLine | StrStyle::RawBlock);
        let pieces = if raw {
            let written = pair.as_str();
            let inside = written.get(quote + 1..written.len() - quote).unwrap_or("");
            let start = span.start + quote as u32 + 1;
            vec![Piece::Text(inside, Span { start, end: start + inside.len() as u32, ..span })]
        } else {
            self.pieces(Cursor::of(pair))
        };
        let parts = match style {
            StrStyle::Line | StrStyle::RawLine => {
                let mut parts = Vec::with_capacity(pieces.len());
                parts.extend(pieces.into_iter().filter_map(|p| self.part(p, raw)));
                parts
            }
            StrStyle::Block | StrStyle::RawBlock => self.dedented(pieces, raw),
        };
        Str { span, style, parts: parts.into() }
    }

    fn pieces<'i>(&mut self, inner: Cursor<'i>) -> Vec<Piece<'i>> {
        let mut pieces = Vec::with_capacity(inner.len());
        for pair in inner {
            pieces.push(match pair.as_rule() {
                Rule::interpolation => Piece::Expr(self.expr(Cursor::of(pair).expect())),
                _ => Piece::Text(pair.as_str(), self.span(pair)),
            });
        }
        pieces
    }

    fn part(&mut self, piece: Piece<'_>, raw: bool) -> Option<StrPart> {
        match piece {
            Piece::Expr(expr) => Some(StrPart::Expr(Box::new(expr))),
            Piece::Text("", _) => None,
            Piece::Text(text, span) if raw => Some(StrPart::Text(text.into(), span)),
            Piece::Text(text, span) => Some(StrPart::Text(self.unescaped(text, span, span.start), span)),
        }
    }

    /// The text of a `"…"` key.
    pub(super) fn key_text(&mut self, inside: &str, span: Span) -> EcoString {
        if inside.contains("#{") && !inside.contains("\\#{") {
            self.report(errors::key_interpolated(span));
        }
        self.unescaped(inside, span, span.start + 1)
    }

    /// Resolves escapes. `start` is the offset of `text` in the file.
    fn unescaped(&mut self, text: &str, span: Span, start: u32) -> EcoString {
        if !text.contains('\\') {
            return text.into();
        }
        let mut out = EcoString::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('\\') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let offset = start + (text.len() - rest.len()) as u32;
            let length = self.escape(rest, Span { start: offset, end: offset, ..span }, &mut out);
            rest = &rest[length..];
        }
        out.push_str(rest);
        out
    }

    /// Reads the escape at the start of `rest` and gives its length in bytes.
    fn escape(&mut self, rest: &str, at: Span, out: &mut EcoString) -> usize {
        let plain = match rest[1..].chars().next() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some(c @ ('"' | '\\' | '#')) => c,
            Some('u') => return self.code_point(rest, at, out),
            other => {
                let length = 1 + other.map_or(0, char::len_utf8);
                let span = Span { end: at.start + length as u32, ..at };
                self.report(errors::bad_escape(span, rest[..length].trim_end()));
                return length;
            }
        };
        out.push(plain);
        2
    }

    /// `\u{1F600}`
    fn code_point(&mut self, rest: &str, at: Span, out: &mut EcoString) -> usize {
        let digits = rest[2..].strip_prefix('{').and_then(|r| r.split_once('}')).map(|(digits, _)| digits);
        let valid = digits.filter(|d| (1..=6).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_hexdigit()));
        match valid.and_then(|d| u32::from_str_radix(d, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                valid.map_or(2, |d| d.len() + 4)
            }
            None => {
                let length = digits.map_or(2, |d| (d.len() + 4).min(12));
                let length = (2..=length).rev().find(|l| rest.is_char_boundary(*l)).unwrap_or(2);
                self.report(errors::bad_code_point(Span { end: at.start + length as u32, ..at }));
                length
            }
        }
    }

    /// The parts of a block string, less the newline after its opening, the last line when only the closing quotes
    /// stand on it, and the indentation of its least indented line. Line ends become `\n`.
    fn dedented(&mut self, mut pieces: Vec<Piece<'_>>, raw: bool) -> Vec<StrPart> {
        let opened = drop_first_newline(&mut pieces);
        drop_last_line(&mut pieces);
        let indent = least_indent(&pieces, opened);
        let mut at_start = opened;
        let mut parts = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Expr(expr) => parts.push(StrPart::Expr(Box::new(expr))),
                Piece::Text(text, span) => {
                    let part = self.dedented_text(text, span, raw, (at_start, indent));
                    if !part.is_empty() {
                        parts.push(StrPart::Text(part, span));
                    }
                }
            }
            at_start = false;
        }
        parts
    }

    fn dedented_text(
        &mut self,
        text: &str,
        span: Span,
        raw: bool,
        (at_start, indent): (bool, usize),
    ) -> EcoString {
        let mut out = EcoString::with_capacity(text.len());
        for (i, line) in lines(text).enumerate() {
            let fresh = i > 0 || at_start;
            if i > 0 {
                out.push('\n');
            }
            let cut = if fresh { blanks(line.text).min(indent) } else { 0 };
            let kept = &line.text[cut..];
            if raw {
                out.push_str(kept);
            } else {
                out.push_str(&self.unescaped(kept, span, span.start + (line.start + cut) as u32));
            }
        }
        out
    }

    /// The children of `template`
    pub(super) fn template_parts(&mut self, inner: Cursor<'_>) -> Vec<StrPart> {
        let mut parts = Vec::new();
        for pair in inner {
            match pair.as_rule() {
                Rule::interpolation => {
                    parts.push(StrPart::Expr(Box::new(self.expr(Cursor::of(pair).expect()))))
                }
                Rule::template_text => {
                    let text = pair.as_str().replace("\\#{", "#{");
                    parts.push(StrPart::Text(text.into(), self.span(pair)));
                }
                _ => {}
            }
        }
        parts
    }
}

struct Line<'t> {
    text: &'t str,
    start: usize,
}

/// The lines of a text, which end at `\n`, `\r\n` or a lone `\r`.
fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let rest = &text[start..];
        match rest.find(['\n', '\r']) {
            Some(at) => {
                next = Some(start + at + if rest[at..].starts_with("\r\n") { 2 } else { 1 });
                Some(Line { text: &rest[..at], start })
            }
            None => {
                next = None;
                Some(Line { text: rest, start })
            }
        }
    })
}

fn blanks(line: &str) -> usize {
    line.bytes().take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// Drops blanks and a newline right after the opening quotes; whether there were any.
fn drop_first_newline(pieces: &mut [Piece<'_>]) -> bool {
    let Some(Piece::Text(text, span)) = pieces.first_mut() else { return false };
    let indent = blanks(text);
    let rest = &text[indent..];
    let newline = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with(['\n', '\r'])) };
    if newline == 0 {
        return false;
    }
    span.start += (indent + newline) as u32;
    *text = &rest[newline..];
    true
}

/// Drops the last newline and the blanks after it, when nothing else follows it.
fn drop_last_line(pieces: &mut [Piece<'_>]) {
    let first = pieces.len() == 1;
    let Some(Piece::Text(text, span)) = pieces.last_mut() else { return };
    let rest = text.trim_end_matches([' ', '\t']);
    let kept = rest.strip_suffix("\r\n").or_else(|| rest.strip_suffix(['\n', '\r']));
    // After the opening's newline nothing but blanks: an empty string.
    let kept = kept.or_else(|| (first && rest.is_empty() && text.len() > rest.len()).then_some(rest));
    if let Some(kept) = kept {
        *text = kept;
        span.end = span.start + kept.len() as u32;
    }
}

/// The blanks before the least indented line that has more than blanks.
fn least_indent(pieces: &[Piece<'_>], opened: bool) -> usize {
    let mut least = usize::MAX;
    for (p, piece) in pieces.iter().enumerate() {
        let Piece::Text(text, _) = piece else {
            if p == 0 && opened {
                least = 0;
            }
            continue;
        };
        let last = lines(text).count() - 1;
        for (i, line) in lines(text).enumerate() {
            let fresh = i > 0 || (p == 0 && opened);
            let empty = blanks(line.text) == line.text.len() && !(i == last && p + 1 < pieces.len());
            if fresh && !empty {
                least = least.min(blanks(line.text));
            }
        }
    }
    if least == usize::MAX { 0 } else { least }
}
