//! A text in the style of the language: read, and printed again by [`ast::print`](crate::ast::print).

use crate::ast::print;
use crate::source::FileId;
use std::borrow::Cow;

/// Strings in interpolations of strings are set from outside in, so deep.
const DEEPEST: usize = 16;

/// The text as `flowc fmt` writes it. It never fails: what cannot be read is kept as it is, the rest is set right.
pub fn format(text: &str) -> String {
    // Repairs go by the indentation, which formatting changes: items that do not close are kept whole.
    let mut text = Cow::Borrowed(text);
    let mut module = super::parse_strictly(FileId(0), &text);
    for _ in 0..DEEPEST {
        let changes = print::changes(&module, &text);
        if changes.is_empty() {
            break;
        }
        text = Cow::Owned(changed(&text, &changes));
        module = super::parse_strictly(FileId(0), &text);
    }
    print::print(&module, &text)
}

fn changed(text: &str, changes: &[print::Change]) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (place, new) in changes {
        out.push_str(&text[at..place.start]);
        out.push_str(new);
        at = place.end;
    }
    out + &text[at..]
}
