//! From pest's pairs to the tree, one function per rule. Every function takes a pair of the rule it is named for.

mod control;
mod expr;
mod item;
mod long;
mod name;
mod number;
mod pattern;
mod stmt;
mod string;
mod type_expr;

use super::cursor::{Cursor, Pair, ParseTree, mismatch};
use super::grammar::Rule;
use super::scan::Mark;
use super::{MAX_ERRORS, MAX_HEIGHT, comments, errors};
use crate::ast::{Expr, ExprKind, Item, NodeId, NodeIds, StrPart};
use crate::diagnostics::Diagnostic;
use crate::source::{FileId, Span};
use ecow::EcoString;

/// The file that is read, with what the scan found in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    /// The text with blanks for its comments: what pest reads.
    pub(super) code: &'a str,
    pub(super) docs: &'a [Mark],
    /// Places of errors that are reported already.
    pub(super) lexical: &'a [Span],
    /// What is read instead of pieces that do not close, by their starts.
    pub(super) repairs: Option<&'a std::collections::HashMap<usize, String>>,
}

/// Builds the tree of one piece of a file.
pub(super) struct Builder<'a> {
    pub(super) origin: Origin<'a>,
    /// Byte offset of the piece in the file.
    pub(super) base: usize,
    /// The end of the piece in the file.
    pub(super) limit: usize,
    ids: &'a mut NodeIds,
    out: &'a mut Vec<Diagnostic>,
    /// How many of the docs were given to a node, or lie before one that they do not document.
    docs_seen: usize,
    /// Levels of the tree above what is being built.
    height: u32,
    /// Where a number stands directly behind a unary minus: only there may it be 2^63.
    negated_at: Option<u32>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        origin: Origin<'a>,
        base: usize,
        ids: &'a mut NodeIds,
        out: &'a mut Vec<Diagnostic>,
    ) -> Builder<'a> {
        Builder {
            origin,
            base,
            limit: origin.text.len(),
            ids,
            out,
            docs_seen: 0,
            height: 0,
            negated_at: None,
        }
    }

    /// `chunk`: its items, good and bad.
    pub(super) fn chunk(&mut self, tree: &ParseTree<'_>, items: &mut Vec<Item>) {
        for pair in Cursor::of(tree.root()) {
            match pair.as_rule() {
                Rule::EOI => {}
                Rule::bad_item => {
                    let before = items.last().map(|i| i.span);
                    let bad = self.bad_item(pair, before);
                    items.truncate(
                        items.len() - usize::from(before.is_some_and(|b| b.start == bad.span.start)),
                    );
                    items.push(bad);
                }
                _ => items.push(self.item(pair)),
            }
        }
    }

    /// `literal`: one expression.
    pub(super) fn literal(&mut self, tree: &ParseTree<'_>) -> Option<Expr> {
        Some(self.expr(Cursor::of(tree.root()).when(Rule::expr)?))
    }

    /// `template`: the parts of a string.
    pub(super) fn template(&mut self, tree: &ParseTree<'_>) -> Vec<StrPart> {
        self.template_parts(Cursor::of(tree.root()))
    }

    fn fresh(&mut self) -> NodeId {
        self.ids.fresh()
    }

    /// The span of a pair of the piece.
    pub(super) fn span(&self, pair: Pair<'_>) -> Span {
        self.place(pair.start(), pair.end())
    }

    /// The span of a byte range of the piece.
    pub(super) fn place(&self, start: usize, end: usize) -> Span {
        // A repaired piece is longer than what was written.
        let within = |offset: usize| (self.base + offset).min(self.limit) as u32;
        Span::new(self.origin.file, within(start), within(end))
    }

    /// The `///` text before a node.
    fn doc(&mut self, span: Span) -> EcoString {
        let Origin { text, docs, .. } = self.origin;
        // Nodes come in the order of the text, so each doc is looked at once.
        let seen = self.docs_seen;
        if docs.get(seen).is_none_or(|doc| doc.end > span.start as usize) {
            return EcoString::new();
        }
        let above = seen + docs[seen..].partition_point(|doc| doc.end <= span.start as usize);
        self.docs_seen = above;
        comments::doc_above(text, &docs[seen..above], span.start as usize)
    }

    /// Reports, unless the file has had its share of errors.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if !self.full() {
            self.out.push(diagnostic);
        }
    }

    /// Whether no more errors of this file are wanted.
    pub(super) fn full(&self) -> bool {
        self.out.len() > MAX_ERRORS
    }

    /// Whether an error inside the span was reported already, so that what follows from it is not.
    pub(super) fn known_fault(&self, span: Span) -> bool {
        self.origin.lexical.iter().any(|l| l.start < span.end && span.start < l.end.max(l.start + 1))
    }

    /// Runs `build` for something that adds `levels` to the height of the tree, or gives `None` when that is too much.
    fn within<T>(&mut self, levels: usize, span: Span, build: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let levels = u32::try_from(levels).unwrap_or(u32::MAX);
        let height = self.height.saturating_add(levels);
        if height > MAX_HEIGHT {
            self.report(errors::too_long(span));
            return None;
        }
        let before = std::mem::replace(&mut self.height, height);
        let built = build(self);
        self.height = before;
        Some(built)
    }

    fn make(&mut self, span: Span, kind: ExprKind) -> Expr {
        Expr { id: self.fresh(), span, kind }
    }
}

impl Builder<'_> {
    /// An item of a span, for what could not be read.
    pub(super) fn item_node(&mut self, span: Span, kind: crate::ast::ItemKind) -> Item {
        Item { id: self.fresh(), span, doc: self.doc(span), kind }
    }

    /// A statement of a span, for what could not be read.
    pub(super) fn stmt_node(&mut self, span: Span, kind: crate::ast::StmtKind) -> crate::ast::Stmt {
        crate::ast::Stmt { id: self.fresh(), span, doc: EcoString::new(), kind }
    }
}
