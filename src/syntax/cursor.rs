//! Walks the pairs that pest gives. A mismatch between grammar and builder panics here and nowhere else; fuzzing shows
//! that it cannot happen.

use super::grammar::Rule;
use pest::iterators::{Pair, Pairs};

/// The children of a pair, in order.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'i> {
    pairs: Pairs<'i, Rule>,
}

impl<'i> Cursor<'i> {
    /// The children of `pair`.
    pub(super) fn of(pair: Pair<'i, Rule>) -> Cursor<'i> {
        Cursor { pairs: pair.into_inner() }
    }

    /// The children of the only pair of `pairs`.
    pub(super) fn root(mut pairs: Pairs<'i, Rule>) -> Cursor<'i> {
        match pairs.next() {
            Some(pair) => Cursor::of(pair),
            None => Cursor { pairs },
        }
    }

    /// How many children are left.
    pub(super) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// The next child, which the grammar says is there.
    pub(super) fn expect(&mut self) -> Pair<'i, Rule> {
        match self.pairs.next() {
            Some(pair) => pair,
            None => mismatch(),
        }
    }

    /// The next child if it is of that rule.
    pub(super) fn when(&mut self, rule: Rule) -> Option<Pair<'i, Rule>> {
        if self.pairs.peek()?.as_rule() == rule { self.pairs.next() } else { None }
    }
}

impl<'i> Iterator for Cursor<'i> {
    type Item = Pair<'i, Rule>;

    fn next(&mut self) -> Option<Pair<'i, Rule>> {
        self.pairs.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.pairs.size_hint()
    }
}

#[allow(clippy::panic)] // only when the grammar and the builder disagree, which is a defect of this module
pub(super) fn mismatch() -> ! {
    panic!("the grammar and the tree builder disagree")
}
