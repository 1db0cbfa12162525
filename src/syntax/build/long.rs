//! A long workflow, parsed statement by statement, so that pest's queue of tokens holds one of them at a time.

use super::{Builder, Cursor, ParseTree, Rule};
use crate::ast::{Block, Item, ItemKind};

impl Builder<'_> {
    /// The item of a piece that is nothing but a workflow. `None` when it is not, or when it cannot be read so; then
    /// nothing has changed.
    pub(in crate::syntax) fn long_workflow(&mut self, piece: &str) -> Option<Item> {
        let (base, ids, reported, docs) = (self.base, self.ids.count(), self.out.len(), self.docs_seen);
        let item = self.by_statement(piece);
        self.base = base;
        if item.is_none() {
            self.ids.rewind(ids);
            self.out.truncate(reported);
            self.docs_seen = docs;
        }
        item
    }

    fn by_statement(&mut self, piece: &str) -> Option<Item> {
        let (start, end) = (piece.len() - piece.trim_start().len(), piece.trim_end().len());
        let tree = ParseTree::read(Rule::long_head, piece)?;
        let head = tree.root();
        let from = head.end();
        let span = self.place(start, end);
        let doc = self.doc(span);
        let decl = self.workflow(Cursor::of(head), |b, mut inner| {
            let span = crate::source::Span { end: span.end, ..b.span(inner.expect()) };
            b.statements(piece, from).map(|stmts| Block { id: b.fresh(), span, stmts: stmts.into() })
        })?;
        Some(Item { id: self.fresh(), span, doc, kind: ItemKind::Workflow(decl) })
    }

    /// The statements from an offset of the piece to the brace that ends it.
    fn statements(&mut self, piece: &str, from: usize) -> Option<Vec<crate::ast::Stmt>> {
        let (base, mut at, mut stmts) = (self.base, from, Vec::new());
        while !piece[at..].starts_with('}') {
            let tree = ParseTree::read(Rule::one_stmt, &piece[at..])?;
            let pair = tree.root();
            self.base = base + at;
            at += pair.end();
            self.block_stmt(Cursor::of(pair).expect(), &mut stmts);
        }
        stmts.shrink_to_fit();
        (piece[at..].trim_end() == "}").then_some(stmts)
    }
}
