//! Applying fixes to texts.
//!
//! Takes edits and gives the new text; which fixes are worth applying is decided elsewhere. Knows nothing of files.

use super::Edit;
use crate::source::FileId;
use std::collections::BTreeMap;

/// Edits of several files that can all be made at once.
#[derive(Debug, Default, Clone)]
pub struct Edits {
    /// By file: where each edit begins and ends, and its text; in order, without overlap.
    files: BTreeMap<FileId, Vec<(u32, u32, String)>>,
}

impl Edits {
    /// Adds the edits of one fix, all or none. `false`: one of them overlaps what is there. An edit that is there already
    /// is made once: two fixes may ask for the same import.
    pub fn add(&mut self, edits: &[Edit]) -> bool {
        let mut next = self.files.clone();
        for edit in edits {
            let of_file = next.entry(edit.span.file).or_default();
            let (start, end) = (edit.span.start, edit.span.end);
            if of_file.iter().any(|(s, e, text)| (*s, *e, text) == (start, end, &edit.text)) {
                continue;
            }
            // Touching counts: of two insertions at one place neither is the first.
            if of_file.iter().any(|(s, e, _)| start <= *e && *s <= end) {
                return false;
            }
            let at = of_file.partition_point(|(s, ..)| *s < start);
            of_file.insert(at, (start, end, edit.text.clone()));
        }
        self.files = next;
        true
    }

    /// The files that are changed.
    pub fn files(&self) -> impl Iterator<Item = FileId> {
        self.files.keys().copied()
    }

    /// The text of a file with its edits made. `None`: an edit does not lie on the borders of characters.
    pub fn apply(&self, file: FileId, text: &str) -> Option<String> {
        let Some(edits) = self.files.get(&file) else { return Some(text.to_string()) };
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (start, end, new) in edits {
            out.push_str(text.get(at..*start as usize)?);
            out.push_str(new);
            at = *end as usize;
        }
        out.push_str(text.get(at..)?);
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn edit(start: u32, end: u32, text: &str) -> Edit {
        Edit { span: Span::new(FileId(0), start, end), text: text.to_string() }
    }

    #[test]
    fn edits_are_made_together_and_never_overlap() {
        let mut edits = Edits::default();
        assert!(edits.add(&[edit(4, 7, "second"), edit(0, 3, "first")]));
        assert!(edits.add(&[edit(4, 7, "second")]), "the same edit again is no overlap");
        assert!(!edits.add(&[edit(6, 9, "x")]) && !edits.add(&[edit(8, 11, "third"), edit(1, 2, "x")]));
        assert!(!edits.add(&[edit(7, 7, "x")]), "what touches is not added");
        assert_eq!(edits.apply(FileId(0), "one two three").as_deref(), Some("first second three"));
        assert_eq!(edits.apply(FileId(1), "as it is").as_deref(), Some("as it is"));
        assert_eq!(edits.apply(FileId(0), "öööö"), None, "in the middle of a character");
    }
}
