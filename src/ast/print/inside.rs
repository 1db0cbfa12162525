//! Interpolations: what stands in `#{…}` is set as it would be outside, on one line. Gives edits of the text, which is
//! read again afterwards; what needs a line end or holds a comment is kept as it is.

use super::Printer;
use super::layout::Op;
use crate::ast::visit::{self, Visitor};
use crate::ast::{Expr, Module, Str, StrPart};
use std::ops::Range;

/// A change of the text: which bytes, and what stands there instead.
pub type Change = (Range<usize>, String);

/// What changes in the interpolations of a module, in the order of the text. Of strings in a changed one nothing is
/// said yet.
pub fn changes(module: &Module, text: &str) -> Vec<Change> {
    let mut inside = Inside { text, found: Vec::new() };
    visit::walk_module(&mut inside, module);
    inside.found
}

struct Inside<'t> {
    text: &'t str,
    found: Vec<Change>,
}

impl<'a> Visitor<'a> for Inside<'_> {
    fn string(&mut self, string: &'a Str) {
        for part in &string.parts {
            let StrPart::Expr(expr) = part else { continue };
            match self.change(expr) {
                Some(change) => self.found.push(change),
                None => self.expr(expr),
            }
        }
    }
}

impl Inside<'_> {
    fn change(&self, expr: &Expr) -> Option<Change> {
        let (start, end) = (expr.span.start as usize, expr.span.end as usize);
        let before = self.text.get(..start)?.trim_end_matches([' ', '\t']);
        let behind = self.text.get(end..)?.trim_start_matches([' ', '\t']);
        let place = before.len()..self.text.len() - behind.len();
        let written = &self.text[place.clone()];
        if !before.ends_with("#{") || !behind.starts_with('}') || written.contains(['\n', '\r']) {
            return None;
        }
        let set = flat(expr, self.text)?;
        (set != written).then_some((place, set))
    }
}

/// An expression on one line.
fn flat(expr: &Expr, text: &str) -> Option<String> {
    let start = expr.span.start as usize;
    let mut printer = Printer { text, pos: start, start, ops: Vec::new(), open_tail: None, lost: false };
    printer.expr(expr);
    if printer.lost || printer.pos != expr.span.end as usize {
        return None;
    }
    let mut out = String::new();
    for op in &printer.ops {
        match op {
            Op::Text(text) => out.push_str(text),
            Op::Space | Op::Line => out.push(' '),
            Op::Comma => out.push(','),
            Op::Soft | Op::Indent | Op::Dedent | Op::Begin(_) | Op::End | Op::Last => {}
            Op::Hard
            | Op::Fresh
            | Op::Blank
            | Op::Margin
            | Op::Break
            | Op::Comment(_)
            | Op::Tail(..)
            | Op::Verbatim(..)
            | Op::Lines(..) => return None,
        }
    }
    Some(out)
}
