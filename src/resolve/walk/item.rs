//! Declarations.

use super::Walk;
use super::lookalike::Script;
use crate::ast::{Field, Item, ItemKind, Mock, Name, Param, Props, TaskDecl, TestStmt, WorkflowDecl};
use crate::resolve::declare::Member;
use crate::resolve::{DefKind, Res, errors, suggest};
use crate::types::{Builtin, BuiltinTask};
use foldhash::HashMap;

impl<'t> Walk<'_, 't> {
    /// One declaration: the tests, or everything else.
    pub(super) fn item(&mut self, item: &'t Item, tests: bool) {
        let is_test = matches!(item.kind, ItemKind::Test(_));
        if is_test != tests {
            return;
        }
        self.owner = self.world.def_of.get(item.id).copied();
        self.told.clear();
        match &item.kind {
            ItemKind::Use(_) | ItemKind::Bad(_) => {}
            ItemKind::Type(decl) => {
                self.with_generics(&decl.generics, |walk| walk.type_expr(&decl.ty));
            }
            ItemKind::Enum(decl) => {
                for variant in &decl.variants {
                    self.fields(&variant.fields);
                }
            }
            ItemKind::Fn(decl) => self.with_generics(&decl.generics, |walk| {
                walk.open(None);
                walk.params(&decl.params);
                walk.type_expr(&decl.result);
                walk.expr(&decl.body);
                walk.close();
            }),
            ItemKind::Actor(decl) => self.props(&decl.props),
            ItemKind::Task(decl) => self.with_generics(&decl.generics, |walk| walk.task(decl)),
            ItemKind::Workflow(decl) => self.with_generics(&decl.generics, |walk| walk.workflow(decl)),
            ItemKind::Test(decl) => {
                self.open(None);
                for stmt in &decl.body {
                    match stmt {
                        TestStmt::Mock(mock) => self.mock(mock),
                        TestStmt::Stmt(stmt) => self.stmt(stmt),
                    }
                }
                self.close();
            }
        }
        self.owner = None;
    }

    fn with_generics(&mut self, generics: &'t [Name], inside: impl FnOnce(&mut Self)) {
        for (at, name) in generics.iter().enumerate() {
            if let Some(first) = generics[..at].iter().find(|g| g.text == name.text) {
                self.report(errors::declared_twice(name, "the type parameter", first.span));
            }
        }
        self.generics = generics;
        inside(self);
        self.generics = &[];
    }

    fn workflow(&mut self, decl: &'t WorkflowDecl) {
        self.open(None);
        self.params(&decl.params);
        if let Some(result) = &decl.result {
            self.type_expr(result);
        }
        if let Some(with) = &decl.with {
            self.props(with);
        }
        self.block(&decl.body);
        self.close();
    }

    /// Parameters, result and properties of a task.
    pub(super) fn task(&mut self, decl: &'t TaskDecl) {
        self.open(None);
        self.params(&decl.params);
        if let Some(result) = &decl.result {
            self.type_expr(result);
        }
        self.props(&decl.props);
        self.close();
    }

    /// A default may use the parameters before its own.
    fn params(&mut self, params: &'t [Param]) {
        for param in params {
            self.type_expr(&param.ty);
            if let Some(default) = &param.default {
                self.expr(default);
            }
            self.bind_param(param);
        }
    }

    fn bind_param(&mut self, param: &Param) {
        let depth = self.frames.len() as u32;
        if let Some(first) = self.locals.get(&param.name.text).filter(|l| l.depth == depth) {
            let error = errors::declared_twice(&param.name, "the parameter", first.span);
            self.report(error);
            return;
        }
        self.bind(&param.name, Res::Local(param.id));
    }

    /// The fields of a record type or of a variant.
    pub(super) fn fields(&mut self, fields: &'t [Field]) {
        let mut seen: HashMap<&str, &Name> = HashMap::default();
        for field in fields {
            if fields.len() > 1
                && let Some(first) = seen.insert(&field.name.text, &field.name)
            {
                self.report(errors::declared_twice(&field.name, "the field", first.span));
            }
            self.type_expr(&field.ty);
            if let Some(default) = &field.default {
                self.expr(default);
            }
        }
    }

    /// Properties; `accept` sees `result`.
    pub(super) fn props(&mut self, props: &'t Props) {
        for prop in &props.list {
            if prop.name.text == "accept" {
                self.open(None);
                let result = Name { text: "result".into(), span: prop.name.span };
                self.bind(&result, Res::Result);
                self.expr(&prop.value);
                self.close();
            } else {
                let script = Script::of(&prop.name.text, props);
                let around = std::mem::replace(&mut self.script, script);
                self.prop_value(prop);
                self.script = around;
            }
        }
    }

    fn mock(&mut self, mock: &'t Mock) {
        let res = self.mock_target(mock);
        self.put(mock.id, res);
        self.open(None);
        for pattern in mock.args.iter().flatten() {
            self.pattern(pattern);
        }
        if let Some(value) = &mock.value {
            self.expr(value);
        }
        self.close();
    }

    fn mock_target(&mut self, mock: &Mock) -> Res {
        let Some(name) = mock.target.last() else { return Res::Error };
        let mut module = self.module;
        if let [first, ..] = &*mock.target
            && mock.target.len() > 1
        {
            match self.world.scopes[module.0 as usize].get(&first.text) {
                Some(Res::Module(id)) => module = *id,
                Some(Res::Error) => return Res::Error,
                _ => {
                    self.unknown_value(first);
                    return Res::Error;
                }
            }
            if let Member::Found(res) = self.world.member(module, &name.text) {
                return self.mockable(name, res);
            }
        } else if let Some(res) = self.world.scopes[module.0 as usize].get(&name.text) {
            return self.mockable(name, res.clone());
        } else if let Some(task) = BuiltinTask::parse(&name.text) {
            return Res::BuiltinTask(task);
        }
        if let Some(id) = self.inline_task(module, name, mock.target.len() == 1) {
            return Res::Local(id);
        }
        let why = if Builtin::parse(&name.text).is_some() {
            "it is a pure built-in".to_string()
        } else {
            "there is no task of this name".to_string()
        };
        let near = if self.world.affords(self.world.scopes[module.0 as usize].len() + self.inline.len()) {
            let scope = self.world.scopes[module.0 as usize].keys().map(|k| k.as_str());
            let inline = self.inline.keys().filter(|(m, _)| *m == module).map(|(_, n)| n.as_str());
            suggest::near(&name.text, scope.chain(inline))
        } else {
            None
        };
        self.report(errors::nothing_to_mock(name, &why, near));
        Res::Error
    }

    /// An inline task of the module, or (for a bare name) of any module.
    fn inline_task(
        &self,
        module: crate::resolve::ModuleId,
        name: &Name,
        anywhere: bool,
    ) -> Option<crate::ast::NodeId> {
        if let Some(id) = self.inline.get(&(module, name.text.clone())) {
            return Some(*id);
        }
        let others = (0..self.world.scopes.len() as u32).map(crate::resolve::ModuleId);
        others.filter(|_| anywhere).find_map(|m| self.inline.get(&(m, name.text.clone()))).copied()
    }

    fn mockable(&mut self, name: &Name, res: Res) -> Res {
        let Res::Def(id) = res else {
            if res != Res::Error {
                self.report(errors::nothing_to_mock(name, "it is a module", None));
            }
            return Res::Error;
        };
        let why = match self.world.defs[id.0 as usize].kind {
            DefKind::Task | DefKind::Workflow | DefKind::Agent | DefKind::AgentFile(_) => {
                return Res::Def(id);
            }
            DefKind::Fn => "it is a fn, which runs nothing",
            DefKind::Type | DefKind::Enum(_) => "it is a type",
            DefKind::Resource => "it is a resource",
            DefKind::Mcp => "it is an mcp server",
            DefKind::Test => "it is a test",
        };
        self.report(errors::nothing_to_mock(name, why, None));
        Res::Error
    }
}
