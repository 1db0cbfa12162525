//! The names that a piece binds although it cannot be read: what hangs on them is no error of its own.

use super::build::Builder;
use super::habits::Habit;
use crate::ast::Name;
use ecow::EcoString;

/// How far above a statement its block is looked through.
const MAX_LOOK: usize = 64 * 1024;

/// The words that begin a declaration with a name.
pub(super) const ITEMS: [&str; 8] = ["type", "enum", "fn", "agent", "resource", "mcp", "task", "workflow"];

impl Builder<'_> {
    pub(super) fn declared_name(&self, text: &str, start: usize) -> Option<Name> {
        let mut words = Words { text, at: 0 };
        let (_, first) = words.next()?;
        let known = ITEMS.contains(&first);
        let behind = words.at;
        let (at, name) = words.next()?;
        // `typ Name = …`, `class Name { … }`: whatever the first word was to be.
        let head = text[words.at..].trim_start().starts_with(['=', '{', '(', '<', '-']);
        if !known && (!head || ITEMS.contains(&name)) {
            return None;
        }
        // A name follows its keyword.
        let follows = text[behind..at].trim().is_empty();
        follows.then(|| self.name_at(start + at, name))
    }

    pub(super) fn names_bound_by(&self, text: &str, start: usize) -> Vec<Name> {
        let mut words = Words { text, at: 0 };
        let Some((_, first)) = words.next() else { return Vec::new() };
        if !matches!(first, "let" | "task" | "stage" | "var" | "const") {
            return self.name_without_let(text, start).into_iter().collect();
        }
        let head = text.find('=').unwrap_or(text.len());
        let behind = text[words.at..].trim_start();
        let taken_apart = behind.starts_with('{') && first != "stage" && first != "task";
        if !taken_apart && !behind.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return Vec::new();
        }
        let count = if taken_apart { usize::MAX } else { 1 };
        words
            .take(count)
            .take_while(|(at, _)| *at < head)
            .map(|(at, name)| self.name_at(start + at, name))
            .collect()
    }

    /// `x = …`, `x := …`, `x: T = …`
    fn name_without_let(&self, text: &str, start: usize) -> Option<Name> {
        let length = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|l| *l > 0)?;
        let behind = text[length..].trim_start();
        let assigns = behind.starts_with('=') && !behind.starts_with("==") && !behind.starts_with("=>");
        let typed = behind.starts_with(':') && behind.lines().next().is_some_and(|line| line.contains('='));
        (assigns || typed).then(|| self.name_at(start, &text[..length]))
    }

    fn name_at(&self, start: usize, text: &str) -> Name {
        Name { text: EcoString::from(text), span: self.place(start, start + text.len()) }
    }

    /// A name without `let` that is bound above in its block gets another: a name is bound once.
    pub(super) fn not_twice(&self, text: &str, start: usize, habit: &mut Habit) {
        let adds_let = habit.edits.first().is_some_and(|(place, new)| place.is_empty() && *new == "let ");
        let Some(name) = self.name_without_let(text, start).filter(|_| adds_let) else { return };
        let above = &self.origin.code[..self.base + start];
        if is_bound_above(above, &name.text) {
            let free =
                ["2", "3", "4"].into_iter().find(|n| !is_bound_above(above, &format!("{}{n}", name.text)));
            let end = name.text.len();
            habit.title = "bind another name";
            habit.edits.push((end..end, free.unwrap_or("_new")));
        }
    }
}

/// Whether `let`, `task` or `stage` binds a name above, in the block that is open at the end of the text.
fn is_bound_above(text: &str, name: &str) -> bool {
    let mut depth = 0u32;
    for (at, c) in text.char_indices().rev().take(MAX_LOOK) {
        match c {
            ')' | ']' | '}' => depth += 1,
            '(' | '[' | '{' if depth == 0 => return false,
            '(' | '[' | '{' => depth -= 1,
            'l' | 't' | 's' if depth == 0 && !text[..at].ends_with(is_word) && binds(&text[at..], name) => {
                return true;
            }
            _ => {}
        }
    }
    false
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a text begins with a keyword that binds this name.
fn binds(text: &str, name: &str) -> bool {
    let bound = ["let", "task", "stage"].iter().find_map(|word| {
        let behind = text.strip_prefix(word)?;
        let rest = behind.trim_start_matches([' ', '\t']);
        (rest.len() < behind.len()).then(|| rest.strip_prefix(name)).flatten()
    });
    bound.is_some_and(|rest| !rest.starts_with(is_word))
}

/// The names in a text, with their offsets.
struct Words<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Words<'t> {
    type Item = (usize, &'t str);

    fn next(&mut self) -> Option<(usize, &'t str)> {
        let rest = &self.text[self.at..];
        let start = self.at + rest.find(|c: char| c.is_ascii_alphabetic() || c == '_')?;
        let rest = &self.text[start..];
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        self.at = start + length;
        Some((start, &rest[..length]))
    }
}
