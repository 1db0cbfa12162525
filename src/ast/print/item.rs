//! Declarations and types.

use super::Printer;
use super::layout::{Group, Op};
use super::tokens::{Brackets, Commas};
use crate::ast::{
    ActorDecl, ActorKind, EnumDecl, Expr, Field, FnDecl, Item, ItemKind, Mock, Name, Param, TaskDecl,
    TestDecl, TestStmt, TypeDecl, TypeExpr, TypeExprKind, UseDecl, UseName, UseSource, Variant, WorkflowDecl,
};

impl Printer<'_> {
    pub(super) fn item(&mut self, item: &Item) {
        match &item.kind {
            ItemKind::Use(decl) => self.use_decl(decl),
            ItemKind::Type(decl) => self.type_decl(decl),
            ItemKind::Enum(decl) => self.enum_decl(decl),
            ItemKind::Fn(decl) => self.fn_decl(decl),
            ItemKind::Actor(decl) => self.actor_decl(decl),
            ItemKind::Task(decl) => self.task_decl(decl),
            ItemKind::Workflow(decl) => self.workflow_decl(decl),
            ItemKind::Test(decl) => self.test_decl(decl),
            ItemKind::Bad(_) => self.as_it_is(item.span),
        }
    }

    fn use_decl(&mut self, decl: &UseDecl) {
        self.sign("use");
        self.space();
        match &decl.source {
            UseSource::Std(path) => {
                // The tree leaves `std` out.
                let start = self.next_token();
                let end = path.last().map_or(start + "std".len(), |last| last.span.end as usize);
                self.lead();
                self.piece(end, true);
            }
            UseSource::File(path) => self.string(path.span),
            UseSource::Agents(path) => {
                self.sign("agents");
                self.space();
                self.string(path.span);
            }
        }
        if let Some(names) = &decl.names {
            self.sign(".");
            let brackets = Brackets { padded: false, commas: Commas::Always, ..Brackets::curly() };
            self.brackets(brackets, names, Self::use_name);
        }
        self.alias(decl.alias.as_ref());
    }

    fn use_name(&mut self, name: &UseName) {
        self.name(&name.name);
        self.alias(name.alias.as_ref());
    }

    fn alias(&mut self, alias: Option<&Name>) {
        if let Some(alias) = alias {
            self.spaced("as");
            self.name(alias);
        }
    }

    fn type_decl(&mut self, decl: &TypeDecl) {
        // Of a field that could not be read nothing but the name is certain.
        if let TypeExprKind::Record(fields) = &decl.ty.kind
            && fields.iter().any(|f| matches!(f.ty.kind, TypeExprKind::Bad))
        {
            self.lost = true;
            return;
        }
        self.sign("type");
        self.space();
        self.name(&decl.name);
        self.generics(&decl.generics);
        self.spaced("=");
        self.type_expr(&decl.ty);
    }

    fn generics(&mut self, names: &[Name]) {
        if !names.is_empty() {
            self.angles(names, Self::name);
        }
    }

    fn enum_decl(&mut self, decl: &EnumDecl) {
        self.sign("enum");
        self.space();
        self.name(&decl.name);
        self.space();
        self.brackets(Brackets::curly(), &decl.variants, Self::variant);
    }

    fn variant(&mut self, variant: &Variant) {
        self.name(&variant.name);
        if !variant.fields.is_empty() || self.is_next("(") {
            self.brackets(Brackets::round(Group::Fit), &variant.fields, Self::field);
        }
    }

    fn fn_decl(&mut self, decl: &FnDecl) {
        self.sign("fn");
        self.space();
        self.name(&decl.name);
        self.generics(&decl.generics);
        self.push(Op::Begin(Group::Tail));
        self.params(&decl.params);
        self.spaced("->");
        self.type_expr(&decl.result);
        self.push(Op::End);
        self.space();
        self.sign("=");
        // A body that was given a line of its own keeps it.
        let own_line = self.ends_line();
        self.value(&decl.body, own_line);
    }

    /// Parameters, in a group that is open.
    fn params(&mut self, params: &[Param]) {
        self.sign("(");
        if !params.is_empty() && self.ends_line() {
            self.push(Op::Break);
        }
        let round = Brackets::round(Group::Tail);
        self.inside(round, params, |p, param| p.member(&param.name, &param.ty, param.default.as_ref()));
        if params.is_empty() {
            self.push(Op::Last);
        }
    }

    fn field(&mut self, field: &Field) {
        self.member(&field.name, &field.ty, field.default.as_ref());
    }

    fn member(&mut self, name: &Name, ty: &TypeExpr, default: Option<&Expr>) {
        self.name(name);
        self.sign(":");
        self.space();
        self.type_expr(ty);
        if let Some(default) = default {
            self.space();
            self.sign("=");
            self.value(default, false);
        }
    }

    fn actor_decl(&mut self, decl: &ActorDecl) {
        self.sign(match decl.kind {
            ActorKind::Agent => "agent",
            ActorKind::Resource => "resource",
            ActorKind::Mcp => "mcp",
        });
        self.space();
        self.name(&decl.name);
        self.space();
        self.props(&decl.props);
    }

    pub(super) fn task_decl(&mut self, decl: &TaskDecl) {
        self.sign("task");
        self.space();
        self.name(&decl.name);
        self.generics(&decl.generics);
        self.push(Op::Begin(Group::Tail));
        if self.is_next("(") {
            self.params(&decl.params);
        }
        self.result(decl.result.as_deref());
        self.push(Op::End);
        self.space();
        self.props(&decl.props);
    }

    fn result(&mut self, result: Option<&TypeExpr>) {
        if let Some(result) = result {
            self.spaced("->");
            self.type_expr(result);
        }
    }

    fn workflow_decl(&mut self, decl: &WorkflowDecl) {
        self.sign("workflow");
        self.space();
        self.name(&decl.name);
        self.generics(&decl.generics);
        self.push(Op::Begin(Group::Tail));
        if self.is_next("(") {
            self.params(&decl.params);
        }
        self.result(decl.result.as_ref());
        self.with(decl.with.as_ref());
        self.push(Op::End);
        self.space();
        self.body(&decl.body);
    }

    fn test_decl(&mut self, decl: &TestDecl) {
        self.sign("test");
        self.space();
        self.string(decl.title.span);
        self.space();
        self.block(
            &decl.body,
            |stmt| match stmt {
                TestStmt::Mock(mock) => (mock.span, false),
                TestStmt::Stmt(stmt) => super::stmt::place(stmt),
            },
            |p, stmt| match stmt {
                TestStmt::Mock(mock) => p.guarded(mock.span, |p| p.mock(mock)),
                TestStmt::Stmt(stmt) => p.stmt(stmt),
            },
        );
    }

    fn mock(&mut self, mock: &Mock) {
        self.sign("mock");
        self.space();
        self.path(&mock.target);
        if let Some(args) = &mock.args {
            self.brackets(Brackets::round(Group::Fit), args, Self::pattern);
        }
        if let Some(value) = &mock.value {
            self.space();
            self.sign("=>");
            self.value(value, false);
        }
    }

    /// `a.b.c`, which touch.
    pub(super) fn path(&mut self, path: &[Name]) {
        if let (Some(first), Some(last)) = (path.first(), path.last()) {
            self.token(first.span.to(last.span));
        }
    }

    pub(super) fn type_expr(&mut self, ty: &TypeExpr) {
        match &ty.kind {
            TypeExprKind::Named { path, args } => {
                self.path(path);
                if !args.is_empty() {
                    self.angles(args, Self::type_expr);
                }
            }
            TypeExprKind::List(inner) => {
                self.sign("[");
                self.type_expr(inner);
                self.sign("]");
            }
            TypeExprKind::Map(key, value) => {
                self.sign("{");
                self.type_expr(key);
                self.sign(":");
                self.space();
                self.type_expr(value);
                self.sign("}");
            }
            TypeExprKind::Record(fields) => self.brackets(Brackets::curly(), fields, Self::field),
            TypeExprKind::Optional(inner) => {
                self.type_expr(inner);
                self.sign("?");
                // More of them say the same.
                while self.text[self.pos..].starts_with('?') {
                    self.pos += 1;
                }
            }
            TypeExprKind::Bad => self.as_it_is_here(ty.span),
        }
    }
}
