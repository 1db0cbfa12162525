//! A text in the style of the language: read, and printed again by [`ast::print`](crate::ast::print).

use crate::ast::print;
use crate::source::FileId;

/// The text as `flowc fmt` writes it. It never fails: what cannot be read is kept as it is, the rest is set right.
pub fn format(text: &str) -> String {
    // Repairs go by the indentation, which formatting changes: items that do not close are kept whole.
    let module = super::parse_strictly(FileId(0), text);
    print::print(&module, text)
}
