//! One quick pass over the bytes of a text, before pest: where its top-level items begin, which of them have strings
//! and brackets that do not close, how deep they nest, which characters may not stand where they do, and where docs
//! are. It knows words, strings, comments and brackets, and nothing else of the grammar.

mod heads;
mod text;

use super::{MAX_ERRORS, MAX_NAME, MAX_NESTING, errors};
use crate::diagnostics::Diagnostic;
use crate::source::{FileId, Span};
use heads::{Before, Heads};

/// What the pass found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The pieces in order; together they are the text.
    pub(super) chunks: Vec<Chunk>,
    /// Every comment.
    pub(super) comments: Vec<Mark>,
    /// `///` lines.
    pub(super) docs: Vec<Mark>,
    /// `//!` lines.
    pub(super) file_docs: Vec<Mark>,
    /// `// flowc: allow(…)` comments.
    pub(super) allows: Vec<Mark>,
    pub(super) faults: Vec<Diagnostic>,
    /// The places of the faults that the grammar will trip over, too.
    pub(super) lexical: Vec<Span>,
}

/// A comment's byte range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A piece of the text that begins with an item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    pub(super) start: usize,
    pub(super) end: usize,
    /// It must not be parsed: a bracket or string is open, or it nests too deep. Already reported.
    pub(super) broken: bool,
    /// It nests too deep.
    pub(super) too_deep: bool,
}

/// Scans a program. When its brackets do not match it is scanned again, and then an item's keyword at the start of a
/// line is taken for the start of an item however many braces are open, so that one missing brace spoils one item.
pub(super) fn program(file: FileId, text: &str) -> Scan {
    let mut scanner = Scanner::new(file, text, false);
    scanner.run();
    if scanner.unbalanced {
        scanner = Scanner::new(file, text, true);
        scanner.run();
    }
    scanner.scan
}

/// Scans a program as it stands, without a second try.
pub(super) fn once(file: FileId, text: &str) -> Scan {
    let mut scanner = Scanner::new(file, text, false);
    scanner.run();
    scanner.scan
}

/// Scans the text of an included file: it is the inside of a string from its first byte.
pub(super) fn template(file: FileId, text: &str) -> Scan {
    let mut scanner = Scanner::new(file, text, false);
    scanner.string_text(Quote::File, 0);
    scanner.run();
    scanner.scan
}

/// How the string around an interpolation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quote {
    /// At `"`, on the same line.
    Line,
    /// At `"""`.
    Block,
    /// At the end of the file.
    File,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Paren,
    Bracket,
    Brace,
    /// `#{` in a string that was opened at the byte offset.
    Interpolation(Quote, usize),
}

#[derive(Debug, Clone, Copy)]
struct Open {
    kind: Kind,
    at: usize,
    /// Indentation of the line on which it stands, in bytes.
    indent: usize,
    line: usize,
    heads: Heads,
}

struct Scanner<'a> {
    file: FileId,
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    stack: Vec<Open>,
    /// How many of the stack are interpolations of a one-line string.
    line_strings: usize,
    /// Type arguments that are open.
    angles: usize,
    line_start: usize,
    /// Where the first word or sign of the line is, once it was met.
    first: Option<usize>,
    /// The last byte that was no blank.
    last: u8,
    before: Before,
    /// The heads outside of all brackets.
    outer_heads: Heads,
    /// The levels that heads in heads add, at all levels of brackets.
    head_levels: usize,
    /// Whether items begin at the start of a line whatever is open.
    by_line: bool,
    unbalanced: bool,
    chunk_start: usize,
    broken: bool,
    too_deep: bool,
    /// An opening brace whose closing one stands further left: the likely culprit when one is missing.
    suspect: Option<Open>,
    scan: Scan,
}

const ITEM_WORDS: [&str; 10] =
    ["use", "type", "enum", "fn", "agent", "resource", "mcp", "task", "workflow", "test"];

impl<'a> Scanner<'a> {
    fn new(file: FileId, text: &'a str, by_line: bool) -> Scanner<'a> {
        Scanner {
            file,
            text,
            bytes: text.as_bytes(),
            // A byte order mark is no part of the text.
            pos: if text.starts_with('\u{FEFF}') { 3 } else { 0 },
            stack: Vec::new(),
            line_strings: 0,
            angles: 0,
            line_start: 0,
            first: None,
            last: b' ',
            before: Before::Operator,
            outer_heads: Heads::default(),
            head_levels: 0,
            by_line,
            unbalanced: false,
            chunk_start: if text.starts_with('\u{FEFF}') { 3 } else { 0 },
            broken: false,
            too_deep: false,
            suspect: None,
            scan: Scan::default(),
        }
    }

    fn run(&mut self) {
        while let Some(&byte) = self.bytes.get(self.pos) {
            match byte {
                b' ' | b'\t' => {
                    self.pos += 1;
                    continue;
                }
                b'\n' | b'\r' => {
                    self.newline();
                    continue;
                }
                b'/' if self.bytes.get(self.pos + 1) == Some(&b'/') => {
                    self.comment();
                    continue;
                }
                _ => {}
            }
            let at = self.pos;
            let starts_line = self.first.is_none();
            if starts_line {
                self.first = Some(at);
            }
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(starts_line),
                b'0'..=b'9' => self.digits(),
                b'"' => self.quote(),
                b'(' => self.open(Kind::Paren),
                b'[' => self.open(Kind::Bracket),
                b'{' => self.open(Kind::Brace),
                b')' | b']' | b'}' => self.close(byte, starts_line),
                b'<' | b'>' => self.angle(byte),
                0x80.. => self.foreign_char(at),
                0..=0x1f | 0x7f => self.bad_char(at, at + 1),
                _ => self.pos += 1,
            }
            self.last = self.bytes[self.pos - 1];
            if !byte.is_ascii_alphabetic() && byte != b'_' {
                self.before = self.token_before(byte);
            }
        }
        self.finish_chunk(self.text.len());
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start as u32, end as u32)
    }

    fn newline(&mut self) {
        if self.line_strings > 0 {
            self.cut_line_string();
        }
        self.pos += 1;
        self.line_start = self.pos;
        self.first = None;
    }

    fn indent(&self) -> usize {
        self.first.unwrap_or(self.pos).saturating_sub(self.line_start)
    }

    /// A word: a name, a keyword, perhaps the start of an item or of a raw string.
    fn word(&mut self, starts_line: bool) {
        let start = self.pos;
        self.skip_word();
        let end = self.pos;
        if end - start > MAX_NAME {
            self.fault(errors::long_name(self.span(start, end), end - start));
        }
        let word = &self.text[start..end];
        if word == "r" && self.bytes.get(end) == Some(&b'"') {
            self.raw_string(start);
        } else if starts_line && self.begins_item(word, start) {
            self.finish_chunk(start);
        } else if self.foreign_letter(end) {
            self.foreign_char(start);
        }
        self.head_word(word, start);
    }

    fn skip_word(&mut self) {
        while self.bytes.get(self.pos).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
            self.pos += 1;
        }
    }

    /// Whether the word, which is the first of its line, begins an item: `.task` and `task:` do not, nor does `task` alone.
    fn begins_item(&self, word: &str, start: usize) -> bool {
        let outside = self.stack.is_empty() || (self.by_line && start == self.line_start);
        if !outside || self.last == b'.' || !ITEM_WORDS.contains(&word) {
            return false;
        }
        let after = &self.bytes[self.pos..];
        let blanks = after.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        blanks > 0 && after.get(blanks).is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'"'))
    }

    fn digits(&mut self) {
        self.skip_word();
        if self.foreign_letter(self.pos) {
            self.foreign_char(self.pos);
        }
    }

    fn foreign_letter(&self, at: usize) -> bool {
        self.bytes.get(at).is_some_and(|b| *b >= 0x80)
            && self.text[at..].chars().next().is_some_and(char::is_alphanumeric)
    }

    /// Ends a chunk: what is still open in it was never closed.
    fn finish_chunk(&mut self, end: usize) {
        if let Some(open) = self.stack.first().copied() {
            self.unbalanced = true;
            if !self.broken {
                self.unclosed(open);
            }
            self.broken = true;
        }
        if end > self.chunk_start {
            self.scan.chunks.push(Chunk {
                start: self.chunk_start,
                end,
                broken: self.broken,
                too_deep: self.too_deep,
            });
        }
        self.chunk_start = end;
        self.broken = false;
        self.too_deep = false;
        self.suspect = None;
        self.stack.clear();
        self.outer_heads = Heads::default();
        self.head_levels = 0;
        self.line_strings = 0;
        self.angles = 0;
    }

    /// Reports what the end of a chunk finds open.
    fn unclosed(&mut self, open: Open) {
        let string = self.stack.iter().find_map(|o| match o.kind {
            Kind::Interpolation(quote, at) => Some((quote, at, o.at)),
            Kind::Paren | Kind::Bracket | Kind::Brace => None,
        });
        match string {
            Some((Quote::File, _, at)) => self.fault(errors::unclosed_interpolation(self.span(at, at + 2))),
            Some((Quote::Line, at, _)) => self.fault(errors::unclosed_string(self.span(at, at + 1))),
            Some((Quote::Block, at, _)) => self.fault(errors::unclosed_string(self.span(at, at + 3))),
            None => {
                // A statement that was not finished lies at hand; else the brace that the indentation misses.
                let inner = self.stack.last().filter(|top| matches!(top.kind, Kind::Paren | Kind::Bracket));
                let likely = inner.copied().or(self.suspect).unwrap_or(open).at;
                let sign = &self.text[likely..likely + 1];
                self.fault(errors::unclosed_bracket(self.span(likely, likely + 1), sign));
            }
        }
    }

    fn open(&mut self, kind: Kind) {
        let at = self.pos;
        self.push(kind);
        self.pos += 1;
        self.check_depth(at);
    }

    fn push(&mut self, kind: Kind) {
        let (at, indent, line) = (self.pos, self.indent(), self.line_start);
        self.stack.push(Open { kind, at, indent, line, heads: Heads::default() });
    }

    fn pop(&mut self) {
        if let Some(open) = self.stack.pop() {
            self.head_levels -= open.heads.levels();
        }
    }

    fn check_depth(&mut self, at: usize) {
        if self.stack.len() + self.angles + self.head_levels > MAX_NESTING && !self.too_deep {
            self.too_deep = true;
            self.broken = true;
            self.fault(errors::too_deep(self.span(at, at + 1)));
        }
    }

    /// `<` directly after a type's name opens type arguments; a comparison of lower-case names does not count.
    fn angle(&mut self, byte: u8) {
        let at = self.pos;
        self.pos += 1;
        if byte == b'<' {
            let mut start = at;
            while start > 0
                && (self.bytes[start - 1].is_ascii_alphanumeric() || self.bytes[start - 1] == b'_')
            {
                start -= 1;
            }
            if self.bytes[start].is_ascii_uppercase() {
                self.angles += 1;
                self.check_depth(at);
            }
        } else if !matches!(self.last, b'-' | b'=') {
            self.angles = self.angles.saturating_sub(1);
        }
    }

    fn close(&mut self, byte: u8, starts_line: bool) {
        let at = self.pos;
        self.pos += 1;
        let Some(top) = self.stack.last().copied() else {
            self.stray(at);
            return;
        };
        match (top.kind, byte) {
            (Kind::Paren, b')') | (Kind::Bracket, b']') => {
                self.pop();
            }
            (Kind::Brace, b'}') => {
                self.pop();
                let left = starts_line && self.indent() < top.indent && top.line != self.line_start;
                if left && self.suspect.is_none() {
                    self.suspect = Some(top);
                }
            }
            (Kind::Interpolation(quote, string), b'}') => {
                self.pop();
                self.line_strings -= usize::from(quote == Quote::Line);
                self.string_text(quote, string);
            }
            (Kind::Paren | Kind::Bracket | Kind::Brace | Kind::Interpolation(..), _) => {
                self.mismatch(at, byte, top)
            }
        }
    }

    /// `( … }`: the inner one is taken for unclosed when the outer one fits, else the closing one for a stray.
    fn mismatch(&mut self, at: usize, byte: u8, top: Open) {
        self.unbalanced = true;
        let inside = self.stack.iter().rposition(|o| matches!(o.kind, Kind::Interpolation(..))).unwrap_or(0);
        let fits = |kind: Kind| match kind {
            Kind::Paren => byte == b')',
            Kind::Bracket => byte == b']',
            Kind::Brace | Kind::Interpolation(..) => byte == b'}',
        };
        match self.stack.iter().rposition(|o| fits(o.kind)) {
            Some(i) if i >= inside => {
                if !self.broken {
                    let sign = if matches!(top.kind, Kind::Interpolation(..)) {
                        "#{"
                    } else {
                        &self.text[top.at..top.at + 1]
                    };
                    let close = self.span(at, at + 1);
                    self.fault(errors::mismatched(self.span(top.at, top.at + sign.len()), sign, close));
                }
                self.broken = true;
                self.stack.truncate(i + 1);
                self.recount_heads();
                self.pos = at;
                self.close(byte, false);
            }
            Some(_) | None => self.stray(at),
        }
    }

    fn stray(&mut self, at: usize) {
        self.unbalanced = true;
        if !self.broken {
            let sign = &self.text[at..at + 1];
            self.fault(errors::stray(self.span(at, at + 1), sign));
        }
        self.broken = true;
    }

    /// Records a fault; a binary file must not give a million.
    fn fault(&mut self, fault: Diagnostic) {
        if self.scan.faults.len() <= MAX_ERRORS {
            self.scan.lexical.push(fault.span);
            self.scan.faults.push(fault);
        }
    }
}
