//! What pest read, as one flat list, and the walk over it. Pest's own pairs share their lists by counted references, which a
//! tree builder would pay for at every step.
//!
//! A mismatch between grammar and builder panics here and nowhere else; fuzzing shows that it cannot happen.

use super::grammar::{FlowParser, Rule};
use pest::{Parser, Token};

/// A parsed piece of text: its pairs in the order of their starts.
#[derive(Debug)]
pub(super) struct ParseTree<'t> {
    text: &'t str,
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    rule: Rule,
    /// Byte offsets in the text.
    start: u32,
    end: u32,
    /// The index after its last descendant.
    after: u32,
}

impl<'t> ParseTree<'t> {
    /// Reads all of `text`, which is shorter than 4 GiB, as that rule says. `None` when it is something else.
    pub(super) fn read(rule: Rule, text: &'t str) -> Option<ParseTree<'t>> {
        let tokens = FlowParser::parse(rule, text).ok()?.tokens();
        let mut nodes: Vec<Node> = Vec::with_capacity(tokens.len() / 2);
        // The innermost pair that is open. While one is, its `after` is the one around it.
        let mut open = 0;
        for token in tokens {
            match token {
                Token::Start { rule, pos } => {
                    let start = pos.pos() as u32;
                    let here = nodes.len() as u32;
                    nodes.push(Node { rule, start, end: start, after: open });
                    open = here;
                }
                Token::End { pos, .. } => {
                    let next = nodes.len() as u32;
                    let Some(node) = nodes.get_mut(open as usize) else { mismatch() };
                    node.end = pos.pos() as u32;
                    open = std::mem::replace(&mut node.after, next);
                }
            }
        }
        Some(ParseTree { text, nodes })
    }

    /// The pair that all others stand in.
    pub(super) fn root(&'t self) -> Pair<'t> {
        if self.nodes.is_empty() {
            mismatch();
        }
        Pair { tree: self, at: 0 }
    }
}

/// A piece of text that a rule has read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<'t> {
    tree: &'t ParseTree<'t>,
    at: u32,
}

impl<'t> Pair<'t> {
    fn node(self) -> &'t Node {
        &self.tree.nodes[self.at as usize]
    }

    pub(super) fn as_rule(self) -> Rule {
        self.node().rule
    }

    /// Where it begins, in bytes from the start of the parsed text.
    pub(super) fn start(self) -> usize {
        self.node().start as usize
    }

    pub(super) fn end(self) -> usize {
        self.node().end as usize
    }

    pub(super) fn as_str(self) -> &'t str {
        &self.tree.text[self.start()..self.end()]
    }
}

/// The children of a pair, in order.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'t> {
    tree: &'t ParseTree<'t>,
    at: u32,
    end: u32,
}

impl<'t> Cursor<'t> {
    /// The children of `pair`.
    pub(super) fn of(pair: Pair<'t>) -> Cursor<'t> {
        Cursor { tree: pair.tree, at: pair.at + 1, end: pair.node().after }
    }

    /// How many children are left.
    pub(super) fn len(&self) -> usize {
        self.clone().count()
    }

    /// The next child, which stays.
    pub(super) fn peek(&self) -> Option<Pair<'t>> {
        (self.at < self.end).then_some(Pair { tree: self.tree, at: self.at })
    }

    /// The next child, which the grammar says is there.
    pub(super) fn expect(&mut self) -> Pair<'t> {
        match self.next() {
            Some(pair) => pair,
            None => mismatch(),
        }
    }

    /// The next child if it is of that rule.
    pub(super) fn when(&mut self, rule: Rule) -> Option<Pair<'t>> {
        if self.peek()?.as_rule() == rule { self.next() } else { None }
    }

    /// The last child if it is of that rule, and the one before it.
    pub(super) fn last_when(&mut self, rule: Rule) -> Option<(Pair<'t>, Option<Pair<'t>>)> {
        let (mut before, mut last) = (None, self.peek()?);
        for pair in self.clone().skip(1) {
            before = Some(std::mem::replace(&mut last, pair));
        }
        if last.as_rule() != rule {
            return None;
        }
        self.end = last.at;
        Some((last, before))
    }
}

impl<'t> Iterator for Cursor<'t> {
    type Item = Pair<'t>;

    fn next(&mut self) -> Option<Pair<'t>> {
        let pair = self.peek()?;
        self.at = pair.node().after;
        Some(pair)
    }
}

#[allow(clippy::panic)] // only when the grammar and the builder disagree, which is a defect of this module
pub(super) fn mismatch() -> ! {
    panic!("the grammar and the tree builder disagree")
}
