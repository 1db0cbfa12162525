//! What the names inside types stand for: aliases unfolded, built-in records, JSON forms, sizes.

use super::{Alias, EnumTy, FieldTy, RecordTy, Ty};
use crate::resolve::DefId;
use ecow::EcoString;
use foldhash::HashMap;
use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

/// Levels of a type that are followed; a deeper one counts as not fitting.
pub(super) const MAX_DEPTH: usize = 64;
/// Parts that an inferred type may have; a larger one must be declared.
const MAX_PARTS: usize = 4096;

fn record(fields: &[(&str, Ty)]) -> Arc<RecordTy> {
    let fields = fields.iter().map(|(name, ty)| FieldTy {
        name: EcoString::from(*name),
        ty: ty.clone(),
        default: None,
        doc: EcoString::new(),
    });
    Arc::new(RecordTy { fields: fields.collect() })
}

/// A record type of those fields.
pub(super) fn record_ty(fields: &[(&str, Ty)]) -> Ty {
    Ty::Record(record(fields))
}

static EXIT: LazyLock<Arc<RecordTy>> =
    LazyLock::new(|| record(&[("code", Ty::Int), ("stdout", Ty::String), ("stderr", Ty::String)]));

static RESPONSE: LazyLock<Arc<RecordTy>> = LazyLock::new(|| {
    record(&[("status", Ty::Int), ("headers", Ty::Map(Arc::new(Ty::String))), ("body", Ty::String)])
});

/// The declarations that types refer to. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Known<'k> {
    pub aliases: &'k HashMap<DefId, Alias>,
    pub enums: &'k [EnumTy],
}

impl<'k> Known<'k> {
    /// What a `type` name stands for, until it is no such name.
    pub fn unfold<'t>(self, ty: &'t Ty) -> Cow<'t, Ty>
    where
        'k: 't,
    {
        let Ty::Named(def, args) = ty else { return Cow::Borrowed(ty) };
        let mut now = self.unfold_once(*def, args);
        for _ in 0..MAX_DEPTH {
            let next = match &*now {
                Ty::Named(def, args) => self.unfold_once(*def, args).into_owned(),
                _ => return now,
            };
            now = Cow::Owned(next);
        }
        Cow::Owned(Ty::Error)
    }

    fn unfold_once(self, def: DefId, args: &[Ty]) -> Cow<'k, Ty> {
        match self.aliases.get(&def) {
            None => Cow::Owned(Ty::Error),
            Some(alias) if args.is_empty() => Cow::Borrowed(&alias.ty),
            Some(alias) => Cow::Owned(alias.ty.with_args(args)),
        }
    }

    /// The type less its `?`, unfolded; and whether there was one.
    pub fn inner(self, ty: &Ty) -> (Ty, bool) {
        let mut now = self.unfold(ty).into_owned();
        let mut optional = false;
        for _ in 0..MAX_DEPTH {
            let Ty::Optional(inner) = &now else { break };
            optional = true;
            now = self.unfold(&inner.clone()).into_owned();
        }
        (now, optional)
    }

    /// Whether it is `T?` or `none`.
    pub fn is_optional(self, ty: &Ty) -> bool {
        matches!(&*self.unfold(ty), Ty::Optional(_) | Ty::None)
    }

    /// `T?`, where `T??` is `T?`.
    pub fn optional(self, ty: Ty) -> Ty {
        match &*self.unfold(&ty) {
            Ty::Optional(_) | Ty::None | Ty::Error => return ty,
            Ty::Never => return Ty::None,
            _ => {}
        }
        Ty::Optional(Arc::new(ty))
    }

    /// The fields of a record type, of `Exit` and of `Response`.
    pub fn record(self, ty: &Ty) -> Option<Arc<RecordTy>> {
        built_in_record(ty).or_else(|| built_in_record(&self.unfold(ty)))
    }

    /// The variants of an enum.
    pub fn variants(self, id: super::EnumId) -> &'k [super::VariantTy] {
        self.enums.get(id.0 as usize).map_or(&[], |e| &e.variants)
    }

    /// Whether values of the type can be written as JSON: everything without a Secret or a Unit inside.
    pub fn has_json(self, ty: &Ty) -> bool {
        self.json(ty, &mut Vec::new(), 0).is_some()
    }

    /// Whether a Secret is somewhere in values of the type.
    pub fn holds_secret(self, ty: &Ty) -> bool {
        self.secret(ty, &mut Vec::new(), 0)
    }

    fn secret(self, ty: &Ty, seen: &mut Vec<Ty>, depth: usize) -> bool {
        if depth > MAX_DEPTH || seen.contains(ty) {
            return false;
        }
        let next = depth + 1;
        match ty {
            Ty::Secret => true,
            Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) => self.secret(inner, seen, next),
            Ty::Record(record) => record.fields.iter().any(|f| self.secret(&f.ty, seen, next)),
            Ty::Enum(id) => {
                seen.push(ty.clone());
                self.variants(*id).iter().flat_map(|v| &v.fields).any(|f| self.secret(&f.ty, seen, next))
            }
            Ty::Named(..) => {
                seen.push(ty.clone());
                self.secret(&self.unfold(ty), seen, next)
            }
            _ => false,
        }
    }

    /// `None`: no JSON form. Else whether a value changes when it becomes `Json`.
    pub(super) fn json(self, ty: &Ty, seen: &mut Vec<Ty>, depth: usize) -> Option<bool> {
        if depth > MAX_DEPTH {
            return None;
        }
        let next = depth + 1;
        match ty {
            Ty::Unit | Ty::Secret => None,
            Ty::Error | Ty::Never | Ty::None | Ty::Bool | Ty::Int | Ty::Float | Ty::String => Some(false),
            Ty::Path | Ty::Json | Ty::Exit | Ty::Response => Some(false),
            Ty::Duration | Ty::Bytes | Ty::Money | Ty::Agent => Some(true),
            // A type argument always has a JSON form (checked at each call); which one is not known here.
            Ty::Param(..) => Some(true),
            Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) => self.json(inner, seen, next),
            Ty::Record(record) => self.json_fields(&record.fields, seen, next),
            Ty::Enum(_) | Ty::Named(..) if seen.contains(ty) => Some(false),
            Ty::Enum(id) => {
                seen.push(ty.clone());
                for variant in self.variants(*id) {
                    self.json_fields(&variant.fields, seen, next)?;
                }
                Some(true)
            }
            Ty::Named(..) => {
                seen.push(ty.clone());
                // A name is no level of the value.
                self.json(&self.unfold(ty), seen, depth)
            }
        }
    }

    fn json_fields(self, fields: &[FieldTy], seen: &mut Vec<Ty>, depth: usize) -> Option<bool> {
        let mut changes = false;
        for field in fields {
            changes |= self.json(&field.ty, seen, depth)?;
        }
        Some(changes)
    }

    /// Whether values of the type have an order.
    pub fn is_ordered(self, ty: &Ty) -> bool {
        match &*self.unfold(ty) {
            Ty::Int | Ty::Float | Ty::String | Ty::Path | Ty::Duration | Ty::Bytes | Ty::Money => true,
            Ty::Error | Ty::Never => true,
            Ty::Enum(id) => self.variants(*id).iter().all(|v| v.fields.is_empty()),
            Ty::None | Ty::Unit | Ty::Bool | Ty::Json | Ty::Secret | Ty::Agent | Ty::Exit => false,
            Ty::Response | Ty::List(_) | Ty::Map(_) | Ty::Optional(_) | Ty::Record(_) => false,
            Ty::Named(..) | Ty::Param(..) => false,
        }
    }
}

fn built_in_record(ty: &Ty) -> Option<Arc<RecordTy>> {
    match ty {
        Ty::Record(record) => Some(record.clone()),
        Ty::Exit => Some(EXIT.clone()),
        Ty::Response => Some(RESPONSE.clone()),
        _ => None,
    }
}

impl Ty {
    /// With the type parameters replaced by those arguments.
    #[must_use]
    pub fn with_args(&self, args: &[Ty]) -> Ty {
        if args.is_empty() || !self.has_params() {
            return self.clone();
        }
        match self {
            Ty::Param(index, _) => args.get(*index as usize).cloned().unwrap_or(Ty::Error),
            Ty::List(inner) => Ty::List(Arc::new(inner.with_args(args))),
            Ty::Map(inner) => Ty::Map(Arc::new(inner.with_args(args))),
            Ty::Optional(inner) => match inner.with_args(args) {
                already @ (Ty::Optional(_) | Ty::None | Ty::Error) => already,
                Ty::Never => Ty::None,
                other => Ty::Optional(Arc::new(other)),
            },
            Ty::Record(record) => {
                let fields =
                    record.fields.iter().map(|f| FieldTy { ty: f.ty.with_args(args), ..f.clone() }).collect();
                Ty::Record(Arc::new(RecordTy { fields }))
            }
            Ty::Named(def, own) => Ty::Named(*def, own.iter().map(|a| a.with_args(args)).collect()),
            _ => self.clone(),
        }
    }

    /// Whether a type parameter stands in it.
    pub fn has_params(&self) -> bool {
        match self {
            Ty::Param(..) => true,
            Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) => inner.has_params(),
            Ty::Record(record) => record.fields.iter().any(|f| f.ty.has_params()),
            Ty::Named(_, args) => args.iter().any(Ty::has_params),
            _ => false,
        }
    }

    /// Whether something in it is still open: the element of `[]`, what else `none` could be.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Ty::Never | Ty::None => true,
            Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) => inner.is_open(),
            Ty::Record(record) => record.fields.iter().any(|f| f.ty.is_open()),
            Ty::Named(_, args) => args.iter().any(Ty::is_open),
            _ => false,
        }
    }

    /// Whether all of it is known: nothing open in it, and no error.
    pub(super) fn is_settled(&self) -> bool {
        match self {
            Ty::Never | Ty::None | Ty::Error | Ty::Param(..) => false,
            Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) => inner.is_settled(),
            Ty::Record(record) => record.fields.iter().all(|f| f.ty.is_settled()),
            Ty::Named(_, args) => args.iter().all(Ty::is_settled),
            _ => true,
        }
    }

    /// Whether it is small enough to be worked with: types are followed by recursion.
    pub(super) fn is_small(&self) -> bool {
        let mut parts = 0;
        self.count(0, &mut parts)
    }

    fn count(&self, depth: usize, parts: &mut usize) -> bool {
        *parts += 1;
        if depth > MAX_DEPTH || *parts > MAX_PARTS {
            return false;
        }
        match self {
            Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) => inner.count(depth + 1, parts),
            Ty::Record(record) => record.fields.iter().all(|f| f.ty.count(depth + 1, parts)),
            Ty::Named(_, args) => args.iter().all(|a| a.count(depth + 1, parts)),
            _ => true,
        }
    }
}

impl RecordTy {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&FieldTy> {
        self.fields.iter().find(|f| f.name == name)
    }
}
