//! The part of the scan that counts heads in heads: `if if a …`, `for x in for y in …`. They nest without a bracket, so
//! the parser would go down with each of them. What is counted is an upper bound of how many heads can be open.

use super::Scanner;

/// The heads that may be open at one level of brackets.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Heads {
    open: usize,
    /// How many of them are a `for` whose `if` has not come.
    loops: usize,
}

impl Heads {
    /// The levels that they add to the nesting; a single head adds none.
    pub(super) fn levels(self) -> usize {
        self.open.saturating_sub(1)
    }
}

/// What the last token was, as far as heads are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// A name, a literal, a closing bracket: no operand can follow it within one expression.
    Operand,
    /// An operator or a keyword that asks for an operand.
    Operator,
    /// What can only stand before a fresh expression: `,` `:` `=>` `...`
    Fresh,
    Else,
    Point,
}

impl Scanner<'_> {
    /// What kind of token ends right before `pos`.
    pub(super) fn token_before(&self, byte: u8) -> Before {
        let last = self.bytes[self.pos - 1];
        match last {
            b',' | b':' => Before::Fresh,
            b'>' if self.pos >= 2 && self.bytes[self.pos - 2] == b'=' => Before::Fresh,
            b'.' if self.bytes[..self.pos].ends_with(b"...") => Before::Fresh,
            b'.' => Before::Point,
            b')' | b']' | b'}' | b'"' => Before::Operand,
            _ if byte.is_ascii_digit() => Before::Operand,
            _ => Before::Operator,
        }
    }

    /// Counts a word, which stands at `start`; `pos` is behind it.
    pub(super) fn head_word(&mut self, word: &str, start: usize) {
        let before = std::mem::replace(&mut self.before, Before::Operand);
        if before == Before::Point || !(2..=6).contains(&word.len()) {
            return;
        }
        match word {
            "if" | "for" | "match" | "repeat" if !self.is_field_name() => {
                self.before = Before::Operator;
                self.head(word, start, before);
            }
            "let" | "task" | "stage" | "assert" => self.set_heads(Heads::default()),
            "else" => self.before = Before::Else,
            "in" | "until" | "and" | "or" | "not" | "with" => self.before = Before::Operator,
            // `race for` is one head, and stands where its `race` does.
            "race" => self.before = before,
            _ => {}
        }
    }

    fn is_field_name(&self) -> bool {
        let after = &self.bytes[self.pos..];
        after.iter().find(|b| !matches!(b, b' ' | b'\t')) == Some(&b':')
    }

    fn head(&mut self, word: &str, start: usize, before: Before) {
        let mut heads = self.heads();
        match before {
            Before::Else | Before::Point => return,
            // The `if` of a `for` goes on with it; any other head behind an operand begins a statement or a guard.
            Before::Operand if word == "if" && heads.loops > 0 => heads.loops -= 1,
            Before::Operand | Before::Fresh => heads = Heads::default(),
            Before::Operator => {}
        }
        heads.open += 1;
        heads.loops += usize::from(word == "for");
        self.set_heads(heads);
        self.check_depth(start);
    }

    fn heads(&self) -> Heads {
        self.stack.last().map_or(self.outer_heads, |open| open.heads)
    }

    fn set_heads(&mut self, heads: Heads) {
        let slot = self.stack.last_mut().map_or(&mut self.outer_heads, |open| &mut open.heads);
        self.head_levels = self.head_levels + heads.levels() - slot.levels();
        *slot = heads;
    }

    /// Counts anew, after brackets were dropped from the stack.
    pub(super) fn recount_heads(&mut self) {
        self.head_levels =
            self.outer_heads.levels() + self.stack.iter().map(|o| o.heads.levels()).sum::<usize>();
    }
}
