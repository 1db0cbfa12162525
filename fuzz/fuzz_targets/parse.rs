//! Any text is read: no panic, every span inside the text and on character boundaries, every node with an id of its
//! own. Run with `cargo fuzz run --sanitizer none parse`.

#![no_main]

use flow::ast::visit::{Visitor, walk_expr, walk_item, walk_module, walk_pattern, walk_stmt, walk_type_expr};
use flow::ast::{Expr, Item, NodeId, NodeIds, Pattern, Stmt, TypeExpr};
use flow::source::{FileId, Span};
use flow::syntax;
use libfuzzer_sys::fuzz_target;

struct Check<'t> {
    text: &'t str,
    seen: Vec<bool>,
}

impl Check<'_> {
    fn node(&mut self, id: NodeId, span: Span) {
        self.span(span);
        let seen = &mut self.seen[id.0 as usize];
        assert!(!*seen, "two nodes with one id");
        *seen = true;
    }

    fn span(&self, span: Span) {
        assert!(self.text.get(span.range()).is_some(), "{span:?} is no part of the text");
    }
}

impl<'a> Visitor<'a> for Check<'_> {
    fn item(&mut self, item: &'a Item) {
        self.node(item.id, item.span);
        walk_item(self, item);
    }
    fn stmt(&mut self, stmt: &'a Stmt) {
        self.node(stmt.id, stmt.span);
        walk_stmt(self, stmt);
    }
    fn expr(&mut self, expr: &'a Expr) {
        self.node(expr.id, expr.span);
        walk_expr(self, expr);
    }
    fn pattern(&mut self, pattern: &'a Pattern) {
        self.node(pattern.id, pattern.span);
        walk_pattern(self, pattern);
    }
    fn type_expr(&mut self, ty: &'a TypeExpr) {
        self.node(ty.id, ty.span);
        walk_type_expr(self, ty);
    }
}

fuzz_target!(|text: &str| {
    let file = FileId(0);
    let mut ids = NodeIds::default();
    let mut out = Vec::new();
    let module = syntax::parse(file, text, &mut ids, &mut out);
    let mut check = Check { text, seen: vec![false; ids.count()] };
    walk_module(&mut check, &module);
    for d in &out {
        check.span(d.span);
        d.labels.iter().for_each(|l| check.span(l.span));
        d.fixes.iter().flat_map(|f| &f.edits).for_each(|e| check.span(e.span));
    }
    for allow in syntax::allow_comments(file, text) {
        check.span(allow.span);
        check.span(allow.line);
    }
    let _ = syntax::parse_literal(text);
    let _ = syntax::parse_template(file, text, &mut ids, &mut out);
});
