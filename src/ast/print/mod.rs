//! `flowc fmt`: a tree back to text, in the one style of the language. Takes the tree of a file and its text, and gives
//! the text as it should stand.
//!
//! The tree says what is what; every token comes from the text, in order, and with each the comments before it, so
//! that nothing can be lost: a printer that walks the tree and the text side by side. Where the two disagree, and what
//! could not be read, the text is kept byte for byte. Only optional commas come and go.
//!
//! The style: lines of at most [`WIDTH`] columns, indented by two blanks. What stands in brackets is on one line if it
//! fits there, else each element has a line of its own; a line end that the author put right behind an opening bracket
//! (or behind the `=` of a `fn`) is kept. A block of several statements is never on one line. One empty line is kept.

mod align;
mod expr;
mod inside;
mod item;
mod layout;
mod stmt;
mod text;
mod tokens;

use super::{Item, Module};
use crate::source::Span;
use layout::Op;

pub use inside::{Change, changes};

/// Columns of a line.
pub const WIDTH: u32 = 120;

/// The text of a module in the style of the language.
pub fn print(module: &Module, text: &str) -> String {
    let start = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    let mut printer = Printer { text, pos: start, start, ops: Vec::new(), open_tail: None, lost: false };
    printer.module(&module.items);
    let (out, tails) = layout::write(&printer.ops, WIDTH);
    align::align(out, &tails)
}

/// Walks the tree and the text side by side.
struct Printer<'a> {
    text: &'a str,
    /// How much of the text is in the document.
    pos: usize,
    /// Where the text begins.
    start: usize,
    ops: Vec<Op<'a>>,
    /// The comment at the end of a line after which the line has not ended in the document.
    open_tail: Option<usize>,
    /// The tree and the text did not agree.
    lost: bool,
}

impl<'a> Printer<'a> {
    fn module(&mut self, items: &[Item]) {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.push(Op::Hard);
            }
            self.lead_in(i > 0);
            self.guarded(item.span, |p| p.item(item));
            self.tail();
        }
        // What stands behind the last item: comments.
        if self.is_commented() {
            self.push(Op::Hard);
            self.lead_out(!items.is_empty());
        }
        let rest = self.text[self.pos..].trim();
        if !rest.is_empty() {
            self.push(Op::Hard);
            self.push(Op::Verbatim(rest, true));
        }
    }

    /// Prints something of a span; when that does not come to its end, its text is kept as it is.
    fn guarded(&mut self, span: Span, print: impl FnOnce(&mut Self)) {
        let (ops, pos, tail) = (self.ops.len(), self.pos, self.open_tail);
        let outer = std::mem::replace(&mut self.lost, false);
        print(self);
        if self.lost || self.pos != span.end as usize {
            self.ops.truncate(ops);
            (self.pos, self.open_tail) = (pos, tail);
            self.as_it_is(span);
        }
        self.lost = outer;
    }
}
