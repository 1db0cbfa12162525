//! The program of the language's first page.

use super::*;

pub(super) const AUDIT: &str = include_str!("audit.flow");

#[test]
fn the_whole_program_is_read_without_a_word() {
    let (module, out) = read(AUDIT);
    assert_eq!(out, vec![]);
    assert_eq!(module.items.len(), 11);
    assert_eq!(module.doc, "Security audit: find, review and fix.");
    assert_eq!(module.items[2].doc, "How bad a finding is. Variants are ordered as written.");
}
