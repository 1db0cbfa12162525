//! Statements and blocks.

use super::{Builder, Cursor, Pair, Rule, mismatch};
use crate::ast::{Binding, Block, Entry, ExprKind, Key, LetPattern, Stmt, StmtKind};
use crate::source::Span;
use ecow::EcoString;

impl Builder<'_> {
    /// `braces` where a body must stand: `{}` is the empty block, a bare record the block's only statement.
    pub(super) fn body(&mut self, pair: Pair<'_>) -> Block {
        let span = self.span(pair);
        let is_record = Cursor::of(pair).next().is_some_and(|p| is_entry(p.as_rule()));
        if !is_record {
            return self.block(pair);
        }
        let entries = Cursor::of(pair).map(|e| self.entry(e)).collect();
        let value = self.make(span, ExprKind::Record(entries));
        let stmt = Stmt { id: self.fresh(), span, doc: EcoString::new(), kind: StmtKind::Expr(value) };
        Block { id: self.fresh(), span, stmts: Box::new([stmt]) }
    }

    /// `braces` where a value may stand: `{}` is the empty record.
    pub(super) fn braces(&mut self, pair: Pair<'_>) -> ExprKind {
        let first = Cursor::of(pair).next().map(|p| p.as_rule());
        if first.is_none_or(is_entry) {
            ExprKind::Record(Cursor::of(pair).map(|e| self.entry(e)).collect())
        } else {
            let block = self.block(pair);
            // Nothing of it could be read: nobody knows whether it was meant as a record.
            let unread =
                !block.stmts.is_empty() && block.stmts.iter().all(|s| matches!(s.kind, StmtKind::Bad(_)));
            if unread { ExprKind::Bad } else { ExprKind::Block(block) }
        }
    }

    fn block(&mut self, pair: Pair<'_>) -> Block {
        let span = self.span(pair);
        let inner = Cursor::of(pair);
        let mut stmts = Vec::with_capacity(inner.len());
        for pair in inner {
            self.block_stmt(pair, &mut stmts);
        }
        Block { id: self.fresh(), span, stmts: stmts.into() }
    }

    /// Any rule of `stmt`, or `bad_stmt`, after those statements of its block.
    pub(super) fn block_stmt(&mut self, pair: Pair<'_>, stmts: &mut Vec<Stmt>) {
        if pair.as_rule() != Rule::bad_stmt {
            return stmts.push(self.stmt(pair));
        }
        if self.goes_on(pair, stmts) {
            return;
        }
        let before = stmts.last().map(|s| s.span);
        let bad = self.bad_stmt(pair, before, Rule::strict_stmt);
        stmts.truncate(stmts.len() - usize::from(before.is_some_and(|b| b.start == bad.span.start)));
        // A `;` is no statement: what stands before it may be the value of the block.
        if pair.as_str() != ";" {
            stmts.push(bad);
        }
    }

    /// Whether a bad statement goes on with an earlier one: the `else` of an `if` without braces. It becomes a part of it.
    fn goes_on(&mut self, pair: Pair<'_>, stmts: &mut Vec<Stmt>) -> bool {
        let word = pair.as_str().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
        if !matches!(word, "else" | "elif" | "elseif" | "catch" | "finally" | "until" | "except") {
            return false;
        }
        let first = stmts.iter().rposition(|s| matches!(s.kind, StmtKind::Bad(_)));
        let Some(first) = first else { return false };
        // What ends with its braces on the same line is what it belongs to.
        let start = self.base + pair.start();
        let read = stmts.last().filter(|s| !matches!(s.kind, StmtKind::Bad(_))).and_then(|s| {
            let code = &self.origin.code;
            Some((code.get(..s.span.end as usize)?, code.get(s.span.end as usize..start)?))
        });
        if read.is_some_and(|(text, gap)| text.ends_with('}') && !gap.contains(['\n', '\r'])) {
            return false;
        }
        let end = pair.start() + pair.as_str().trim_end().len();
        let span = self.place(pair.start(), end);
        stmts.truncate(first + 1);
        stmts[first].span = stmts[first].span.to(span);
        true
    }

    /// Any rule of `stmt`
    pub(super) fn stmt(&mut self, pair: Pair<'_>) -> Stmt {
        let span = self.span(pair);
        let doc = self.doc(span);
        let kind = match pair.as_rule() {
            Rule::expr => StmtKind::Expr(self.expr(pair)),
            Rule::let_stmt => self.let_stmt(Cursor::of(pair)),
            Rule::task_decl => StmtKind::Task(Box::new(self.task_decl(pair))),
            Rule::stage_stmt => self.stage_stmt(Cursor::of(pair)),
            Rule::assert_stmt => {
                let mut inner = Cursor::of(pair);
                let cond = Box::new(self.expr(inner.expect()));
                StmtKind::Assert { cond, message: inner.next().map(|e| Box::new(self.expr(e))) }
            }
            _ => mismatch(),
        };
        Stmt { id: self.fresh(), span, doc, kind }
    }

    fn let_stmt(&mut self, mut inner: Cursor<'_>) -> StmtKind {
        let pattern = match self.binding(inner.expect()) {
            Binding::Name(name) => LetPattern::Name(name),
            Binding::Fields(names, span) => LetPattern::Fields(names, span),
        };
        let ty = inner.when(Rule::type_expr).map(|t| Box::new(self.type_expr(t)));
        StmtKind::Let { pattern, ty, value: Box::new(self.expr(inner.expect())) }
    }

    /// `name` or `names`
    pub(super) fn binding(&mut self, pair: Pair<'_>) -> Binding {
        if pair.as_rule() == Rule::name {
            return Binding::Name(self.bound(pair));
        }
        let span = self.span(pair);
        let names = Cursor::of(pair).map(|n| self.bound(n)).collect();
        Binding::Fields(names, span)
    }

    fn stage_stmt(&mut self, mut inner: Cursor<'_>) -> StmtKind {
        let name = self.value_name(inner.expect(), "a stage's name");
        let with = inner.when(Rule::with_props).map(|w| Box::new(self.with_props(w)));
        StmtKind::Stage { name, with, body: self.body(inner.expect()) }
    }

    /// `entry_field` or `spread`
    fn entry(&mut self, pair: Pair<'_>) -> Entry {
        let rule = pair.as_rule();
        let mut inner = Cursor::of(pair);
        if rule == Rule::spread {
            return Entry::Spread(self.expr(inner.expect()));
        }
        let key = self.key(inner.expect());
        Entry::Field { key, value: self.expr(inner.expect()) }
    }

    fn key(&mut self, pair: Pair<'_>) -> Key {
        let span: Span = self.span(pair);
        let written = pair.as_str();
        match written.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
            Some(inside) => Key { text: self.key_text(inside, span), span, quoted: true },
            None => Key { text: written.into(), span, quoted: false },
        }
    }
}

fn is_entry(rule: Rule) -> bool {
    matches!(rule, Rule::entry_field | Rule::spread)
}
