//! Types as written → types.

use super::Checker;
use crate::ast::{Field, TypeExpr, TypeExprKind};
use crate::resolve::{DefKind, Res};
use crate::types::display::built_in;
use crate::types::{DefaultId, FieldTy, RecordTy, Ty, errors};
use std::sync::Arc;

impl<'a> Checker<'a> {
    /// The type that is written there.
    pub(super) fn written(&mut self, t: &'a TypeExpr) -> Ty {
        let ty = self.written_kind(t);
        self.written.insert(t.id, ty.clone());
        ty
    }

    fn written_kind(&mut self, t: &'a TypeExpr) -> Ty {
        match &t.kind {
            TypeExprKind::Named { args, .. } => self.named(t, args),
            TypeExprKind::List(inner) => Ty::List(Arc::new(self.written(inner))),
            TypeExprKind::Map(key, value) => {
                let key_ty = self.written(key);
                if !matches!(key_ty, Ty::String | Ty::Error) {
                    let found = self.show(&key_ty);
                    self.report(errors::map_key(key.span, &found));
                }
                Ty::Map(Arc::new(self.written(value)))
            }
            TypeExprKind::Record(fields) => {
                let fields = self.fields(fields);
                Ty::Record(Arc::new(RecordTy { fields }))
            }
            TypeExprKind::Optional(inner) => match self.written(inner) {
                already @ (Ty::Optional(_) | Ty::Error) => already,
                other => Ty::Optional(Arc::new(other)),
            },
            TypeExprKind::Bad => Ty::Error,
        }
    }

    fn named(&mut self, t: &'a TypeExpr, args: &'a [TypeExpr]) -> Ty {
        let TypeExprKind::Named { path, .. } = &t.kind else { return Ty::Error };
        let Some(last) = path.last() else { return Ty::Error };
        let args: Vec<Ty> = args.iter().map(|a| self.written(a)).collect();
        let (ty, wanted) = match self.r.res(t.id) {
            None | Some(Res::Error) => return Ty::Error,
            Some(Res::BuiltinType) => (built_in(&last.text).unwrap_or(Ty::Error), 0),
            Some(Res::TypeParam(index)) => (Ty::Param(*index, last.text.clone()), 0),
            Some(Res::Def(def)) => match self.r.def(*def).kind {
                DefKind::Enum(id) => (Ty::Enum(id), 0),
                DefKind::Type => {
                    let wanted = self.generics_of(*def);
                    let own =
                        if args.is_empty() { self.no_args.clone() } else { args.iter().cloned().collect() };
                    (Ty::Named(*def, own), wanted)
                }
                DefKind::Fn | DefKind::Agent | DefKind::AgentFile(_) | DefKind::Resource => {
                    return self.wrong(errors::not_a_type(t.span, &last.text));
                }
                DefKind::Mcp | DefKind::Task | DefKind::Workflow | DefKind::Test => {
                    return self.wrong(errors::not_a_type(t.span, &last.text));
                }
            },
            Some(Res::Module(_) | Res::Local(_) | Res::Builtin(_) | Res::BuiltinTask(_)) => {
                return self.wrong(errors::not_a_type(t.span, &last.text));
            }
            Some(Res::Result | Res::Variant(..)) => {
                return self.wrong(errors::not_a_type(t.span, &last.text));
            }
        };
        if args.len() != wanted {
            return self.wrong(errors::type_args_of_type(t.span, &last.text, wanted, args.len()));
        }
        ty
    }

    fn generics_of(&self, def: crate::resolve::DefId) -> usize {
        match &self.r.item(def).kind {
            crate::ast::ItemKind::Type(decl) => decl.generics.len(),
            _ => 0,
        }
    }

    /// The fields of a record type or a variant; their defaults are checked later.
    pub(super) fn fields(&mut self, fields: &'a [Field]) -> Vec<FieldTy> {
        let mut known: Vec<FieldTy> = Vec::with_capacity(fields.len());
        for field in fields {
            let ty = self.written(&field.ty);
            // `resolve` has reported the second of a name.
            if known.iter().any(|f| f.name == field.name.text) {
                continue;
            }
            let default = field.default.as_ref().map(|value| {
                let id = DefaultId(self.defaults.len() as u32);
                self.defaults.push(value.clone());
                let module = self.scope.module.0;
                self.pending.push(super::Pending { value, ty: ty.clone(), why: field.ty.span, module });
                id
            });
            known.push(FieldTy { name: field.name.text.clone(), ty, default, doc: field.doc.clone() });
        }
        known
    }
}
