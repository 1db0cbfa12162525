//! Tokens from the text, with the comments before them; brackets and what stands between them.

use super::Printer;
use super::layout::{Group, Op};
use crate::ast::Name;
use crate::source::Span;

/// The blanks before a comment or token.
struct Gap {
    /// How many lines end in them.
    lines: usize,
    /// The comment that follows them.
    comment: Option<(usize, usize)>,
    /// Their end.
    end: usize,
}

fn gap(text: &str, at: usize) -> Gap {
    let bytes = text.as_bytes();
    let (mut lines, mut end) = (0, at);
    while let Some(byte) = bytes.get(end) {
        match byte {
            b' ' | b'\t' => {}
            b'\r' if bytes.get(end + 1) == Some(&b'\n') => {}
            b'\n' | b'\r' => lines += 1,
            _ => break,
        }
        end += 1;
    }
    let is_comment = bytes[end..].starts_with(b"//");
    let line = || text[end..].find(['\n', '\r']).map_or(text.len(), |l| end + l);
    Gap { lines, comment: is_comment.then(|| (end, line())), end }
}

/// Commas between elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Commas {
    Always,
    /// Only between those on one line.
    OnOneLine,
}

/// How a pair of brackets is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brackets {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    /// Whether blanks stand inside of them on one line.
    pub(super) padded: bool,
    pub(super) commas: Commas,
    pub(super) group: Group,
}

impl Brackets {
    pub(super) fn round(group: Group) -> Brackets {
        Brackets { open: "(", close: ")", padded: false, commas: Commas::Always, group }
    }

    pub(super) fn square(group: Group) -> Brackets {
        Brackets { open: "[", close: "]", padded: false, commas: Commas::Always, group }
    }

    /// Braces around pairs, variants, arms …
    pub(super) fn curly() -> Brackets {
        Brackets { open: "{", close: "}", padded: true, commas: Commas::OnOneLine, group: Group::Fit }
    }
}

impl<'a> Printer<'a> {
    /// Adds a step. Where a line may end, the comment at its end comes before.
    pub(super) fn push(&mut self, op: Op<'a>) {
        if matches!(op, Op::Line | Op::Soft | Op::Hard) {
            self.tail();
        }
        if matches!(op, Op::Line | Op::Soft | Op::Hard | Op::Fresh | Op::Comment(_)) {
            self.open_tail = None;
        }
        self.ops.push(op);
    }

    /// The comments before a token in the middle of a line.
    pub(super) fn lead(&mut self) {
        self.comments(false, true);
    }

    /// The comments before what begins a line; `blank`: an empty line before the first of them is kept.
    pub(super) fn lead_in(&mut self, blank: bool) {
        self.comments(blank, true);
    }

    /// The comments before a closing bracket.
    pub(super) fn lead_out(&mut self, blank: bool) {
        self.comments(blank, false);
    }

    fn comments(&mut self, mut blank: bool, blank_behind: bool) {
        loop {
            let gap = gap(self.text, self.pos);
            let Some((start, end)) = gap.comment else {
                if gap.lines > 1 && blank && blank_behind {
                    self.push(Op::Blank);
                }
                self.pos = gap.end;
                return;
            };
            if gap.lines == 0 && self.pos > self.start {
                self.end_of_line(start, end);
            } else {
                if gap.lines > 1 && blank {
                    self.push(Op::Blank);
                }
                self.push(Op::Comment(self.text[start..end].trim_end()));
                blank = true;
            }
            self.pos = end;
        }
    }

    /// A comment at the end of a line.
    fn end_of_line(&mut self, start: usize, end: usize) {
        if let Some(at) = self.open_tail {
            // Two of them must not come together in one: the line ends where it did.
            self.ops.insert(at + 1, Op::Fresh);
        }
        let line = self.text[..start].rfind(['\n', '\r']).map_or(0, |l| l + 1);
        self.open_tail = Some(self.ops.len());
        self.ops.push(Op::Tail(self.text[start..end].trim_end(), (start - line) as u32));
    }

    /// The comment right behind the last token.
    pub(super) fn tail(&mut self) {
        if let Gap { lines: 0, comment: Some((start, end)), .. } = gap(self.text, self.pos)
            && self.pos > self.start
        {
            self.end_of_line(start, end);
            self.pos = end;
        }
    }

    /// Whether a comment with a line of its own comes next.
    pub(super) fn is_commented(&self) -> bool {
        let first = gap(self.text, self.pos);
        match first.comment {
            Some((_, end)) if first.lines == 0 && self.pos > self.start => {
                gap(self.text, end).comment.is_some()
            }
            comment => comment.is_some(),
        }
    }

    /// Whether the line ends here.
    pub(super) fn ends_line(&self) -> bool {
        let gap = gap(self.text, self.pos);
        gap.lines > 0 || gap.comment.is_some()
    }

    /// Whether a line ends behind the byte `at`.
    pub(super) fn ends_line_at(&self, at: usize) -> bool {
        let gap = gap(self.text, at);
        gap.lines > 0 || gap.comment.is_some()
    }

    /// Whether that is the next token.
    pub(super) fn is_next(&self, sign: &str) -> bool {
        self.text[self.next_token()..].starts_with(sign)
    }

    /// Where the next token begins.
    pub(super) fn next_token(&self) -> usize {
        let mut at = self.pos;
        loop {
            let gap = gap(self.text, at);
            match gap.comment {
                Some((_, end)) => at = end,
                None => return gap.end,
            }
        }
    }

    /// A sign or keyword.
    pub(super) fn sign(&mut self, sign: &'static str) {
        self.lead();
        if self.text[self.pos..].starts_with(sign) {
            self.push(Op::Text(sign));
            self.pos += sign.len();
        } else {
            self.lost = true;
        }
    }

    pub(super) fn space(&mut self) {
        self.push(Op::Space);
    }

    /// A sign or keyword with a blank on either side.
    pub(super) fn spaced(&mut self, sign: &'static str) {
        self.space();
        self.sign(sign);
        self.space();
    }

    /// A keyword that goes on with what a `}` has closed: below its comments, which stand where the `}` does.
    pub(super) fn goes_on(&mut self, word: &'static str) {
        self.tail();
        self.push(if self.is_commented() { Op::Hard } else { Op::Space });
        self.sign(word);
        self.space();
    }

    /// A token, or a row of tokens that touch.
    pub(super) fn token(&mut self, span: Span) {
        self.lead();
        self.piece(span.end as usize, self.pos == span.start as usize);
    }

    pub(super) fn name(&mut self, name: &Name) {
        self.token(name.span);
    }

    /// What could not be read in the middle of a line.
    pub(super) fn as_it_is_here(&mut self, span: Span) {
        self.lead();
        match self.text.get(self.pos..span.end as usize) {
            Some(text) => {
                self.push(Op::Verbatim(text, text.contains("//")));
                self.pos = span.end as usize;
            }
            None => self.lost = true,
        }
    }

    /// The text up to `end`.
    pub(super) fn piece(&mut self, end: usize, right: bool) {
        match self.text.get(self.pos..end).filter(|_| right) {
            Some(text) => {
                self.push(if text.contains(['\n', '\r']) {
                    Op::Verbatim(text, false)
                } else {
                    Op::Text(text)
                });
                self.pos = end;
            }
            None => self.lost = true,
        }
    }

    /// A string.
    pub(super) fn string(&mut self, span: Span) {
        self.lead();
        match self.text.get(self.pos..span.end as usize).filter(|_| self.pos == span.start as usize) {
            Some(written) => {
                self.push(super::text::op(written));
                self.pos = span.end as usize;
            }
            None => self.lost = true,
        }
    }

    /// What could not be read, byte for byte. It keeps its place on the line when it goes over several.
    pub(super) fn as_it_is(&mut self, span: Span) {
        let end = span.end as usize;
        let Some(text) = self.text.get(self.pos..end) else { return self.lost = true };
        if text.is_empty() {
            return;
        }
        let line = self.text[..self.pos].rfind(['\n', '\r']).map_or(0, |l| l + 1);
        let blanks = self.text[line..self.pos].bytes().all(|b| matches!(b, b' ' | b'\t'));
        let starts_line =
            matches!(self.ops.last(), None | Some(Op::Hard | Op::Line | Op::Blank | Op::Comment(_)));
        if blanks && starts_line && text.contains(['\n', '\r']) {
            self.push(Op::Margin);
            self.push(Op::Verbatim(&self.text[line..end], true));
        } else {
            self.push(Op::Verbatim(text, true));
        }
        self.pos = end;
    }

    /// Elements in brackets.
    pub(super) fn brackets<T>(
        &mut self,
        brackets: Brackets,
        elements: &[T],
        print: impl FnMut(&mut Self, &T),
    ) {
        self.sign(brackets.open);
        let broken = !elements.is_empty() && self.ends_line();
        self.push(Op::Begin(if broken { Group::Broken } else { brackets.group }));
        self.inside(brackets, elements, print);
        self.push(Op::End);
    }

    /// Elements and the closing bracket, in a group that is open.
    pub(super) fn inside<T>(
        &mut self,
        brackets: Brackets,
        elements: &[T],
        mut print: impl FnMut(&mut Self, &T),
    ) {
        let edge = if brackets.padded { Op::Line } else { Op::Soft };
        let empty = elements.is_empty();
        self.push(Op::Indent);
        self.opened(edge, empty);
        for (i, element) in elements.iter().enumerate() {
            let last = i + 1 == elements.len();
            self.lead_in(i > 0);
            if last && matches!(brackets.group, Group::Hug | Group::Tail) {
                self.push(Op::Last);
            }
            print(self, element);
            self.comma(brackets.commas, last);
            if !last {
                self.push(Op::Line);
            }
        }
        self.close(brackets.close, edge, empty);
    }

    /// What follows an opening bracket: its comment, and the end of its line.
    pub(super) fn opened(&mut self, edge: Op<'a>, empty: bool) {
        if !empty {
            self.push(edge);
        }
    }

    /// The closing bracket, below the comments before it. Brackets around nothing stay together.
    pub(super) fn close(&mut self, sign: &'static str, edge: Op<'a>, empty: bool) {
        let commented = self.ends_line() && self.text[self.pos..self.next_token()].contains("//");
        self.tail();
        if self.is_commented() {
            self.push(Op::Hard);
            self.lead_out(!empty);
        }
        self.push(Op::Dedent);
        if commented || !empty {
            self.push(edge);
        }
        self.sign(sign);
    }

    /// The comma behind an element, if one is there or wanted.
    pub(super) fn comma(&mut self, commas: Commas, last: bool) {
        if self.is_next(",") {
            let before = gap(self.text, self.pos).comment.is_some();
            let behind = gap(self.text, self.next_token() + 1);
            let behind = behind.comment.is_some() && behind.lines == 0;
            if self.is_commented() || (before && behind) {
                // The comments must keep their order: the comma stays where it is.
                return self.sign(",");
            }
            self.lead();
            self.pos += 1;
        }
        if !last {
            self.push(if commas == Commas::Always { Op::Text(",") } else { Op::Comma });
        }
        self.tail();
    }
}
