//! Declarations.

use super::super::explain::Braces;
use super::{Builder, Cursor, Pair, Rule, errors, mismatch};
use crate::ast::{
    ActorDecl, ActorKind, Block, EnumDecl, FnDecl, Item, ItemKind, List, Mock, Name, Param, TaskDecl,
    TestDecl, TestStmt, TypeDecl, TypeExpr, UseDecl, UseName, UseSource, Variant, WorkflowDecl,
};

impl Builder<'_> {
    /// Any rule of `item`
    pub(super) fn item(&mut self, pair: Pair<'_>) -> Item {
        let span = self.span(pair);
        let doc = self.doc(span);
        let rule = pair.as_rule();
        let inner = Cursor::of(pair);
        let kind = match rule {
            Rule::use_decl => ItemKind::Use(self.use_decl(inner)),
            Rule::type_decl => ItemKind::Type(self.type_decl(inner)),
            Rule::enum_decl => ItemKind::Enum(self.enum_decl(pair)),
            Rule::fn_decl => ItemKind::Fn(self.fn_decl(inner)),
            Rule::actor_decl => ItemKind::Actor(self.actor_decl(inner)),
            Rule::task_decl => ItemKind::Task(self.task_decl(pair)),
            Rule::workflow_decl => match self.workflow(inner, |b, mut inner| Some(b.body(inner.expect()))) {
                Some(decl) => ItemKind::Workflow(decl),
                None => mismatch(),
            },
            Rule::test_decl => ItemKind::Test(self.test_decl(pair)),
            _ => mismatch(),
        };
        Item { id: self.fresh(), span, doc, kind }
    }

    fn use_decl(&mut self, mut inner: Cursor<'_>) -> UseDecl {
        let pair = inner.expect();
        let span = self.span(pair);
        let rule = pair.as_rule();
        let mut of = Cursor::of(pair);
        let source = match rule {
            Rule::use_agents => UseSource::Agents(self.string(of.expect())),
            Rule::use_file => UseSource::File(self.string(of.expect())),
            Rule::use_std => {
                let path: Vec<Name> = of.map(|n| self.any_name(n)).collect();
                // A name that is missing behind a `.` is reported there.
                let goes_on = self.origin.code.get(span.end as usize..).is_some_and(|t| t.starts_with('.'));
                if path.first().is_none_or(|n| n.text != "std") || path.len() < 2 && !goes_on {
                    self.report(errors::use_source(span));
                }
                UseSource::Std(path.into_iter().skip(1).collect())
            }
            _ => mismatch(),
        };
        let mut names = None;
        let mut alias = None;
        for pair in inner {
            match pair.as_rule() {
                Rule::use_names => names = Some(Cursor::of(pair).map(|n| self.use_name(n)).collect()),
                _ => alias = Some(self.use_alias(pair)),
            }
        }
        UseDecl { source, names, alias }
    }

    fn use_name(&mut self, pair: Pair<'_>) -> UseName {
        let mut inner = Cursor::of(pair);
        let name = self.any_name(inner.expect());
        UseName { name, alias: inner.next().map(|a| self.use_alias(a)) }
    }

    fn use_alias(&mut self, pair: Pair<'_>) -> Name {
        self.any_name(Cursor::of(pair).expect())
    }

    fn type_decl(&mut self, mut inner: Cursor<'_>) -> TypeDecl {
        let name = self.type_name(inner.expect(), "a type's name");
        let generics = inner.when(Rule::generics);
        let generics = self.generics(generics);
        let ty = inner.expect();
        let ty = if ty.as_rule() == Rule::part_record { self.part_record(ty) } else { self.type_expr(ty) };
        TypeDecl { name, generics, ty }
    }

    /// `enum_decl`; a variant that cannot be read is left out.
    fn enum_decl(&mut self, pair: Pair<'_>) -> EnumDecl {
        let mut whole = Braces::of(pair, Rule::strict_enum);
        let mut inner = Cursor::of(pair);
        let name = self.type_name(inner.expect(), "an enum's name");
        let (mut variants, mut broken): (Vec<Variant>, bool) = (Vec::new(), false);
        let mut before = None;
        for pair in inner {
            if pair.as_rule() == Rule::bad_variant {
                broken = true;
                if self.bad_part(pair, before.take(), &mut whole) {
                    variants.pop();
                }
            } else {
                before = Some(self.span(pair));
                variants.push(self.variant(pair));
            }
        }
        EnumDecl { name, variants: variants.into(), broken }
    }

    fn variant(&mut self, pair: Pair<'_>) -> Variant {
        let doc = self.doc(self.span(pair));
        let mut inner = Cursor::of(pair);
        let name = self.value_name(inner.expect(), "a variant's name");
        Variant { name, doc, fields: inner.map(|f| self.field(f)).collect() }
    }

    fn fn_decl(&mut self, mut inner: Cursor<'_>) -> FnDecl {
        let name = self.value_name(inner.expect(), "a fn's name");
        let generics = inner.when(Rule::generics);
        let generics = self.generics(generics);
        let params = inner.when(Rule::params);
        let params = self.params(params);
        let result = self.type_expr(inner.expect());
        FnDecl { name, generics, params, result, body: self.expr(inner.expect()) }
    }

    fn params(&mut self, pair: Option<Pair<'_>>) -> List<Param> {
        let Some(pair) = pair else { return List::default() };
        let param = |field: Pair<'_>| {
            let field = self.field(field);
            Param { id: self.fresh(), name: field.name, ty: field.ty, default: field.default, doc: field.doc }
        };
        Cursor::of(pair).map(param).collect()
    }

    fn actor_decl(&mut self, mut inner: Cursor<'_>) -> ActorDecl {
        let kind = match inner.expect().as_str() {
            "agent" => ActorKind::Agent,
            "resource" => ActorKind::Resource,
            _ => ActorKind::Mcp,
        };
        let name = self.value_name(inner.expect(), "this name");
        ActorDecl { kind, name, props: self.props(inner.expect()) }
    }

    /// `task_decl`, at the top level or inline
    pub(super) fn task_decl(&mut self, pair: Pair<'_>) -> TaskDecl {
        let mut inner = Cursor::of(pair);
        let name = self.value_name(inner.expect(), "a task's name");
        let generics = inner.when(Rule::generics);
        let generics = self.generics(generics);
        let params = inner.when(Rule::params);
        let params = self.params(params);
        let result = self.result(&mut inner).map(Box::new);
        TaskDecl { name, generics, params, result, props: self.props(inner.expect()) }
    }

    fn result(&mut self, inner: &mut Cursor<'_>) -> Option<TypeExpr> {
        inner.when(Rule::type_expr).map(|t| self.type_expr(t))
    }

    /// What stands before a workflow's body, and the body that `body` makes of the rest.
    pub(super) fn workflow<'i>(
        &mut self,
        mut inner: Cursor<'i>,
        body: impl FnOnce(&mut Self, Cursor<'i>) -> Option<Block>,
    ) -> Option<WorkflowDecl> {
        let name = self.value_name(inner.expect(), "a workflow's name");
        let generics = inner.when(Rule::generics);
        let generics = self.generics(generics);
        let params = inner.when(Rule::params);
        let params = self.params(params);
        let result = self.result(&mut inner);
        let with = inner.when(Rule::with_props).map(|w| self.with_props(w));
        Some(WorkflowDecl { name, generics, params, result, with, body: body(self, inner)? })
    }

    fn test_decl(&mut self, pair: Pair<'_>) -> TestDecl {
        let span = self.span(pair);
        let mut inner = Cursor::of(pair);
        let title = self.string(inner.expect());
        let mut body = Vec::new();
        for pair in inner {
            match pair.as_rule() {
                Rule::mock => body.push(TestStmt::Mock(self.mock(pair))),
                Rule::bad_stmt => {
                    let before = body.last().map(|s| match s {
                        TestStmt::Mock(mock) => mock.span,
                        TestStmt::Stmt(stmt) => stmt.span,
                    });
                    let bad = self.bad_stmt(pair, before, Rule::strict_test);
                    body.truncate(
                        body.len() - usize::from(before.is_some_and(|b| b.start == bad.span.start)),
                    );
                    if pair.as_str() != ";" {
                        body.push(TestStmt::Stmt(bad));
                    }
                }
                _ => body.push(TestStmt::Stmt(self.stmt(pair))),
            }
        }
        TestDecl { title, body: body.into(), span }
    }

    fn mock(&mut self, pair: Pair<'_>) -> Mock {
        let span = self.span(pair);
        let mut inner = Cursor::of(pair);
        let target = Cursor::of(inner.expect()).map(|n| self.any_name(n)).collect();
        let args = inner.when(Rule::mock_args).map(|a| Cursor::of(a).map(|p| self.pattern(p)).collect());
        let value = inner.next().map(|e| self.expr(e));
        Mock { id: self.fresh(), span, target, args, value }
    }
}
