//! Run-time values, their types and their JSON.
//!
//! A [`Value`] is what an expression gives and a task results in. [`Type`]s are closed (no parameters, no names to look
//! up): a plan carries the few it needs in a [`TypeTable`]. Cheap to clone: what is large is shared.

mod ty;

pub use ty::{EnumType, FieldType, RecordType, Type, TypeId, TypeTable, VariantType};

use ecow::EcoString;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Fields of a record or entries of a map, in order.
pub type Fields = IndexMap<EcoString, Value>;

/// A value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    None,
    Unit,
    Bool(bool),
    Int(i64),
    /// Never NaN.
    Float(f64),
    /// A `String` or a `Path`.
    Str(EcoString),
    /// Milliseconds.
    Duration(i64),
    Bytes(i64),
    /// Ten-thousandths of a US dollar.
    Money(i64),
    List(Arc<Vec<Value>>),
    /// A record, a map or a JSON object.
    Record(Arc<Fields>),
    Variant(Arc<Variant>),
    /// The plan's agent of that index, with its name.
    Agent(u32, EcoString),
    Secret(Arc<Vec<SecretPart>>),
}

/// A value of an enum. Comparing two of one enum compares `index`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    pub index: u16,
    pub name: EcoString,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub fields: Fields,
}

/// A piece of a text that holds secrets: only an executor ever sees it put together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretPart {
    Text(EcoString),
    /// The name of the secret in the environment.
    Named(EcoString),
}
