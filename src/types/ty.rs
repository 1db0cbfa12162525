//! The types of the checker.

use crate::resolve::DefId;
use ecow::EcoString;
use std::sync::Arc;

/// An enum: the built-in ones first, then the program's, in the table [`Checked::enums`](super::Checked::enums).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnumId(pub u32);

/// A field default in [`Checked::defaults`](super::Checked::defaults).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DefaultId(pub u32);

/// A type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ty {
    /// Of something already reported; fits and takes everything.
    Error,
    /// Of `fail(…)`; joins with anything.
    Never,
    /// Of `none` alone.
    None,
    Unit,
    Bool,
    Int,
    Float,
    String,
    Duration,
    Bytes,
    Money,
    Path,
    Json,
    Secret,
    Agent,
    Exit,
    Response,
    List(Arc<Ty>),
    /// `{String: T}`
    Map(Arc<Ty>),
    /// Never of an `Optional`, `None` or `Never`.
    Optional(Arc<Ty>),
    Record(Arc<RecordTy>),
    Enum(EnumId),
    /// A `type` declaration with its arguments; equal to what it stands for.
    Named(DefId, Arc<[Ty]>),
    /// A type parameter of the declaration being checked, by index.
    Param(u32, EcoString),
}

/// A structural record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct RecordTy {
    pub fields: Vec<FieldTy>,
}

/// A field of a record type or a variant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldTy {
    pub name: EcoString,
    pub ty: Ty,
    pub default: Option<DefaultId>,
    pub doc: EcoString,
}
