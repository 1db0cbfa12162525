//! Types as written.

use super::Walk;
use crate::ast::{Name, TypeExpr, TypeExprKind};
use crate::resolve::declare::{Member, TYPES};
use crate::resolve::{DefKind, Res, errors};
use crate::types::BUILTIN_ENUMS;

impl<'t> Walk<'_, 't> {
    pub(super) fn type_expr(&mut self, ty: &'t TypeExpr) {
        match &ty.kind {
            TypeExprKind::Named { path, args } => {
                let res = self.type_path(path);
                self.put(ty.id, res);
                for arg in args {
                    self.type_expr(arg);
                }
            }
            TypeExprKind::List(inner) | TypeExprKind::Optional(inner) => self.type_expr(inner),
            TypeExprKind::Map(key, value) => {
                self.type_expr(key);
                self.type_expr(value);
            }
            TypeExprKind::Record(fields) => self.fields(fields),
            TypeExprKind::Bad => {}
        }
    }

    fn type_path(&mut self, path: &[Name]) -> Res {
        match path {
            [name] => self.type_name(name),
            [module, name] => match self.world.scopes[self.module.0 as usize].get(&module.text) {
                Some(Res::Module(id)) => {
                    let id = *id;
                    match self.member_of(id, name) {
                        Res::Def(def) => self.must_be_type(name, Res::Def(def)),
                        other => other,
                    }
                }
                Some(Res::Error) => Res::Error,
                Some(_) => {
                    self.report(errors::wrong_kind(module, "no module", "a module", ""));
                    Res::Error
                }
                None => {
                    self.unknown_value(module);
                    Res::Error
                }
            },
            [] | [_, _, _, ..] => {
                if let Some(last) = path.last() {
                    let help = "a type of another file is written `module.Type`";
                    self.report(errors::wrong_kind(last, "too deep in a path", "a type", help));
                }
                Res::Error
            }
        }
    }

    fn type_name(&mut self, name: &Name) -> Res {
        if let Some(at) = self.generics.iter().position(|g| g.text == name.text) {
            return Res::TypeParam(at as u32);
        }
        if let Some(res) = self.world.scopes[self.module.0 as usize].get(&name.text) {
            return self.must_be_type(name, res.clone());
        }
        if is_builtin_type(&name.text) {
            return Res::BuiltinType;
        }
        self.unknown_type(name);
        Res::Error
    }

    fn must_be_type(&mut self, name: &Name, res: Res) -> Res {
        let is = match &res {
            Res::Def(id) => match self.world.defs[id.0 as usize].kind {
                DefKind::Type | DefKind::Enum(_) => return res,
                DefKind::Fn => "a fn",
                DefKind::Agent | DefKind::AgentFile(_) => "an agent",
                DefKind::Resource => "a resource",
                DefKind::Mcp => "an mcp server",
                DefKind::Task => "a task",
                DefKind::Workflow => "a workflow",
                DefKind::Test => "a test",
            },
            Res::Error => return Res::Error,
            _ => "a module",
        };
        self.report(errors::wrong_kind(name, is, "a type", ""));
        Res::Error
    }

    /// A member of another module; what is not there is reported.
    pub(super) fn member_of(&mut self, module: crate::resolve::ModuleId, name: &Name) -> Res {
        let error = match self.world.member(module, &name.text) {
            Member::Found(res) => return res,
            Member::Private(declared) => errors::private(name, declared),
            Member::Imported(origin) => {
                errors::imported_there(name, &self.world.paths[module.0 as usize], &origin)
            }
            Member::Missing(near) => {
                let ast = &self.world.program.modules[module.0 as usize].ast;
                if self.world.in_broken_item(module, ast, &name.text, self.outside.sources) {
                    return Res::Error;
                }
                errors::not_in_module(name, &self.world.paths[module.0 as usize], near)
            }
        };
        self.report(error);
        Res::Error
    }
}

pub(super) fn is_builtin_type(name: &str) -> bool {
    TYPES.contains(&name) || BUILTIN_ENUMS.iter().any(|(n, _)| *n == name)
}
