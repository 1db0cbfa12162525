//! A text in the style of the language: read, and printed again by [`ast::print`](crate::ast::print).

use crate::ast::{NodeIds, print};
use crate::source::FileId;

/// The text as `flowc fmt` writes it. It never fails: what cannot be read is kept as it is, the rest is set right.
pub fn format(text: &str) -> String {
    let module = super::parse(FileId(0), text, &mut NodeIds::default(), &mut Vec::new());
    print::print(&module, text)
}
