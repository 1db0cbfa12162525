//! Types of the checker → the closed types of the plan.
//!
//! An id is given out before what it stands for is built, so recursive types and long chains of aliases need no stack.

use super::Lowering;
use crate::types::{DefaultId, EnumId, FieldTy, Ty, VariantTy};
use crate::value::{EnumType, FieldType, RecordType, Type, TypeId, VariantType};
use ecow::EcoString;
use std::collections::VecDeque;
use std::sync::Arc;

/// More types than any program needs; a type that grows for ever ends here, as `Json`.
const MOST: usize = 20_000;

/// Types and defaults that are still to be built.
#[derive(Default)]
struct Waiting {
    types: VecDeque<(TypeId, Ty)>,
    defaults: Vec<(TypeId, Option<usize>, usize, DefaultId)>,
}

impl Lowering<'_> {
    /// The type of the plan for a type in terms of the declaration being lowered.
    pub(super) fn ty(&mut self, ty: &Ty) -> TypeId {
        let ty = self.subst(ty);
        let mut waiting = Waiting::default();
        let id = self.type_slot(&ty, &mut waiting);
        while let Some((id, ty)) = waiting.types.pop_front() {
            let built = self.built(id, &ty, &mut waiting);
            self.plan.types.set(id, built);
        }
        for (ty, variant, field, default) in waiting.defaults {
            if let Some(value) = self.default_value(default) {
                let mut built = self.plan.types.get(ty).clone();
                let fields = match (&mut built, variant) {
                    (Type::Record(record), None) => Some(&mut record.fields),
                    (Type::Enum(e), Some(variant)) => e.variants.get_mut(variant).map(|v| &mut v.fields),
                    _ => None,
                };
                if let Some(field) = fields.and_then(|f| f.get_mut(field)) {
                    field.default = Some(value);
                }
                self.plan.types.set(ty, built);
            }
        }
        id
    }

    /// The type with the type arguments of the declaration in place of its parameters.
    pub(super) fn subst(&self, ty: &Ty) -> Ty {
        if self.type_args.is_empty() { ty.clone() } else { subst(ty, &self.type_args) }
    }

    fn type_slot(&mut self, ty: &Ty, waiting: &mut Waiting) -> TypeId {
        if let Some(id) = self.types.get(ty) {
            return *id;
        }
        let id = self.plan.types.add(Type::Json);
        self.types.insert(ty.clone(), id);
        if self.plan.types.len() < MOST {
            waiting.types.push_back((id, ty.clone()));
        }
        id
    }

    fn built(&mut self, id: TypeId, ty: &Ty, waiting: &mut Waiting) -> Type {
        match ty {
            Ty::Error | Ty::Never | Ty::Json | Ty::Param(..) => Type::Json,
            Ty::None => Type::Optional(self.type_slot(&Ty::Json, waiting)),
            Ty::Unit => Type::Unit,
            Ty::Bool => Type::Bool,
            Ty::Int => Type::Int,
            Ty::Float => Type::Float,
            Ty::String => Type::String,
            Ty::Duration => Type::Duration,
            Ty::Bytes => Type::Bytes,
            Ty::Money => Type::Money,
            Ty::Path => Type::Path,
            Ty::Secret => Type::Secret,
            Ty::Agent => Type::Agent,
            Ty::Exit => {
                let fields = [("code", Ty::Int), ("stdout", Ty::String), ("stderr", Ty::String)];
                self.outcome("Exit", fields, waiting)
            }
            Ty::Response => {
                let headers = Ty::Map(Arc::new(Ty::String));
                let fields = [("status", Ty::Int), ("headers", headers), ("body", Ty::String)];
                self.outcome("Response", fields, waiting)
            }
            Ty::List(of) => Type::List(self.type_slot(of, waiting)),
            Ty::Map(of) => Type::Map(self.type_slot(of, waiting)),
            Ty::Optional(of) => Type::Optional(self.type_slot(of, waiting)),
            Ty::Record(record) => Type::Record(RecordType {
                name: None,
                doc: EcoString::new(),
                fields: self.fields(id, None, &record.fields, waiting),
            }),
            Ty::Enum(of) => self.built_enum(id, *of, waiting),
            Ty::Named(..) => self.built_alias(id, ty, waiting),
        }
    }

    fn outcome(&mut self, name: &str, fields: [(&str, Ty); 3], waiting: &mut Waiting) -> Type {
        let fields = fields
            .into_iter()
            .map(|(name, ty)| FieldType {
                name: name.into(),
                ty: self.type_slot(&ty, waiting),
                default: None,
                doc: EcoString::new(),
            })
            .collect();
        Type::Record(RecordType { name: Some(name.into()), doc: EcoString::new(), fields })
    }

    fn built_enum(&mut self, id: TypeId, of: EnumId, waiting: &mut Waiting) -> Type {
        let Some(declared) = self.checked.enums.get(of.0 as usize) else { return Type::Json };
        let variant = |(i, v): (usize, &VariantTy)| VariantType {
            name: v.name.clone(),
            doc: v.doc.clone(),
            fields: self.fields(id, Some(i), &v.fields, waiting),
        };
        let variants = declared.variants.iter().enumerate().map(variant).collect();
        Type::Enum(EnumType { name: declared.name.clone(), doc: declared.doc.clone(), variants })
    }

    /// What an alias stands for; a record keeps the name under which it was declared.
    fn built_alias(&mut self, id: TypeId, ty: &Ty, waiting: &mut Waiting) -> Type {
        let mut ty = ty.clone();
        let mut named: Option<(EcoString, EcoString)> = None;
        // As many steps as there are declarations lead to something that is no alias.
        for _ in 0..=self.checked.aliases.len() {
            let Ty::Named(def, args) = &ty else { break };
            let Some(alias) = self.checked.aliases.get(def) else { return Type::Json };
            named.get_or_insert_with(|| (alias.name.clone(), alias.doc.clone()));
            ty = subst(&alias.ty, args);
        }
        if matches!(ty, Ty::Named(..)) {
            return Type::Json;
        }
        let built = self.built(id, &ty, waiting);
        match (built, named) {
            (Type::Record(record), Some((name, doc))) if record.name.is_none() => {
                Type::Record(RecordType { name: Some(name), doc, ..record })
            }
            (built, _) => built,
        }
    }

    fn fields(
        &mut self,
        ty: TypeId,
        variant: Option<usize>,
        fields: &[FieldTy],
        waiting: &mut Waiting,
    ) -> Vec<FieldType> {
        let mut built = Vec::with_capacity(fields.len());
        for (i, field) in fields.iter().enumerate() {
            if let Some(default) = field.default {
                waiting.defaults.push((ty, variant, i, default));
            }
            let of = self.type_slot(&field.ty, waiting);
            built.push(FieldType { name: field.name.clone(), ty: of, default: None, doc: field.doc.clone() });
        }
        built
    }
}

/// A type with `args` in place of type parameters.
fn subst(ty: &Ty, args: &[Ty]) -> Ty {
    match ty {
        Ty::Param(index, _) => args.get(*index as usize).cloned().unwrap_or(Ty::Error),
        Ty::List(of) => Ty::List(Arc::new(subst(of, args))),
        Ty::Map(of) => Ty::Map(Arc::new(subst(of, args))),
        Ty::Optional(of) => match subst(of, args) {
            already @ Ty::Optional(_) => already,
            of => Ty::Optional(Arc::new(of)),
        },
        Ty::Record(record) => {
            let field = |f: &FieldTy| FieldTy { ty: subst(&f.ty, args), ..f.clone() };
            Ty::Record(Arc::new(crate::types::RecordTy { fields: record.fields.iter().map(field).collect() }))
        }
        Ty::Named(def, of) => Ty::Named(*def, of.iter().map(|t| subst(t, args)).collect()),
        Ty::Error
        | Ty::Never
        | Ty::None
        | Ty::Unit
        | Ty::Bool
        | Ty::Int
        | Ty::Float
        | Ty::String
        | Ty::Duration
        | Ty::Bytes
        | Ty::Money
        | Ty::Path
        | Ty::Json
        | Ty::Secret
        | Ty::Agent
        | Ty::Exit
        | Ty::Response
        | Ty::Enum(_) => ty.clone(),
    }
}
