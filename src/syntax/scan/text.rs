//! The part of the scan that reads strings, comments and characters outside ASCII.

use super::{Kind, Mark, Quote, Scanner};
use crate::diagnostics::Diagnostic;
use crate::syntax::{MAX_ERRORS, errors};

/// Characters that turn the direction of text around: code that hides behind them reads other than it runs.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
}

/// Characters that do not show.
fn is_hidden(c: char) -> bool {
    is_bidi(c)
        || matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{00AD}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{80}'..='\u{9F}' | '\u{E0000}'..='\u{E007F}')
        || is_control(c)
}

fn is_control(c: char) -> bool {
    c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r')
}

impl Scanner<'_> {
    /// `"` in code: a one-line or a block string.
    pub(super) fn quote(&mut self) {
        let start = self.pos;
        if self.bytes[start..].starts_with(b"\"\"\"") {
            self.pos += 3;
            self.string_text(Quote::Block, start);
        } else {
            self.pos += 1;
            self.string_text(Quote::Line, start);
        }
    }

    /// The text of a string, up to its end or to its next `#{`.
    pub(super) fn string_text(&mut self, quote: Quote, start: usize) {
        while let Some(&byte) = self.bytes.get(self.pos) {
            match byte {
                b'"' if quote == Quote::Line => {
                    self.pos += 1;
                    return;
                }
                b'"' if quote == Quote::Block && self.bytes[self.pos..].starts_with(b"\"\"\"") => {
                    self.pos += 3;
                    return;
                }
                b'\\' => self.escape(quote),
                b'#' if self.bytes.get(self.pos + 1) == Some(&b'{') => {
                    let kind = Kind::Interpolation(quote, start);
                    let at = self.pos;
                    self.push(kind);
                    self.line_strings += usize::from(quote == Quote::Line);
                    self.pos += 2;
                    self.check_depth(at);
                    return;
                }
                b'\n' | b'\r' if quote == Quote::Line => break,
                b'\n' | b'\r' => {
                    self.pos += 1;
                    self.line_start = self.pos;
                    // The line begins with text of the string: nothing that follows is the first of its line.
                    self.first = Some(self.pos);
                }
                0x80.. => self.string_char(quote),
                0..=0x1f | 0x7f if byte != b'\t' && quote != Quote::File => self.string_char(quote),
                _ => self.pos += 1,
            }
        }
        if quote != Quote::File {
            self.unclosed_string(start);
        }
    }

    /// `\` takes the next character with it, but never the end of a line.
    fn escape(&mut self, quote: Quote) {
        self.pos += 1;
        match self.bytes.get(self.pos) {
            Some(b'#') if quote == Quote::File => {
                self.pos += if self.bytes.get(self.pos + 1) == Some(&b'{') { 2 } else { 1 };
            }
            Some(b'"' | b'\\' | b'#') if quote != Quote::File => self.pos += 1,
            Some(_) | None => {}
        }
    }

    /// A character of a string that is no printable ASCII: controls are refused, direction marks flagged.
    fn string_char(&mut self, quote: Quote) {
        let at = self.pos;
        let Some(c) = self.text[at..].chars().next() else { return };
        self.pos += c.len_utf8();
        let span = self.span(at, self.pos);
        if is_control(c) {
            self.fault(errors::control_in_string(span, c));
        } else if is_bidi(c) && quote != Quote::File && !matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}') {
            self.flag(errors::bidi_in_string(span, c));
        }
    }

    /// A string without its end. A one-line string is taken to end with its line, and brackets opened on that line
    /// with it, so that the rest of the file is read as it was meant.
    fn unclosed_string(&mut self, start: usize) {
        let quote = if self.bytes[start..].starts_with(b"\"\"\"") { 3 } else { 1 };
        self.fault(errors::unclosed_string(self.span(start, start + quote)));
        self.broken = true;
        while let Some(top) = self.stack.last() {
            if matches!(top.kind, Kind::Brace | Kind::Interpolation(..)) || top.at < self.line_start {
                break;
            }
            self.pop();
        }
    }

    /// A line ends inside an interpolation of a one-line string.
    pub(super) fn cut_line_string(&mut self) {
        let first = self.stack.iter().position(|o| matches!(o.kind, Kind::Interpolation(Quote::Line, _)));
        if let Some(i) = first
            && let Kind::Interpolation(_, start) = self.stack[i].kind
        {
            self.stack.truncate(i);
            self.recount_heads();
            self.line_strings = 0;
            self.unclosed_string(start);
        }
    }

    /// `r"…"` or `r"""…"""`; the `r` stands at `start`.
    pub(super) fn raw_string(&mut self, start: usize) {
        let block = self.bytes[self.pos..].starts_with(b"\"\"\"");
        self.pos += if block { 3 } else { 1 };
        while let Some(&byte) = self.bytes.get(self.pos) {
            match byte {
                b'"' if !block => {
                    self.pos += 1;
                    return;
                }
                b'"' if self.bytes[self.pos..].starts_with(b"\"\"\"") => {
                    self.pos += 3;
                    return;
                }
                b'\n' | b'\r' if !block => break,
                b'\n' | b'\r' => {
                    self.pos += 1;
                    self.line_start = self.pos;
                    // The line begins with text of the string: nothing that follows is the first of its line.
                    self.first = Some(self.pos);
                }
                0x80.. => self.string_char(Quote::Block),
                0..=0x1f | 0x7f if byte != b'\t' => self.string_char(Quote::Block),
                _ => self.pos += 1,
            }
        }
        self.unclosed_string(start + 1);
    }

    /// A comment, up to the end of its line.
    pub(super) fn comment(&mut self) {
        let start = self.pos;
        while let Some(&byte) = self.bytes.get(self.pos) {
            match byte {
                b'\n' | b'\r' => break,
                b'\t' | 0x20..=0x7e => self.pos += 1,
                _ => self.comment_char(),
            }
        }
        let mark = Mark { start, end: self.pos };
        self.scan.comments.push(mark);
        let text = &self.text[start..self.pos];
        if self.first.is_some() {
            return;
        }
        if text.starts_with("//!") {
            self.scan.file_docs.push(mark);
        } else if text.starts_with("///") && !text.starts_with("////") {
            self.scan.docs.push(mark);
        } else if text[2..]
            .trim_start()
            .strip_prefix("flowc:")
            .is_some_and(|t| t.trim_start().starts_with("allow"))
        {
            self.scan.allows.push(mark);
        }
    }

    fn comment_char(&mut self) {
        let at = self.pos;
        let Some(c) = self.text[at..].chars().next() else { return };
        self.pos += c.len_utf8();
        if is_hidden(c) {
            self.flag(errors::hidden_in_comment(self.span(at, self.pos), c));
        }
    }

    /// Records what the grammar does not mind.
    fn flag(&mut self, fault: Diagnostic) {
        if self.scan.faults.len() <= MAX_ERRORS {
            self.scan.faults.push(fault);
        }
    }

    /// Outside ASCII, in code: a name with letters of another script, or a sign that is none of ours.
    pub(super) fn foreign_char(&mut self, start: usize) {
        let rest = &self.text[start..];
        let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        if length > 0 {
            self.pos = start + length;
            self.fault(errors::foreign_name(self.span(start, self.pos), &rest[..length]));
            return;
        }
        let end = start + rest.chars().next().map_or(1, char::len_utf8);
        self.bad_char(start, end);
    }

    /// A character that may not stand in code; the same ones after it are reported with it.
    pub(super) fn bad_char(&mut self, start: usize, end: usize) {
        let Some(c) = self.text[start..end].chars().next() else { return };
        self.pos = end;
        while self.text[self.pos..].starts_with(c) {
            self.pos += c.len_utf8();
        }
        self.fault(errors::bad_char(self.span(start, self.pos), c, is_hidden(c)));
    }
}
