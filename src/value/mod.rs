//! Run-time values, their types and their JSON.
//!
//! A [`Value`] is what an expression gives and a task results in. [`Type`]s are closed (no parameters, no names to look
//! up): a plan carries the few it needs in a [`TypeTable`]. Cheap to clone: what is large is shared.

mod compare;
mod conform;
pub mod json;
mod schema;
pub mod text;
mod ty;

pub use compare::{equal, order};
pub use conform::{Mismatch, conform, decode};
pub use schema::schema;
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

impl Value {
    /// A list of these.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Arc::new(items))
    }

    /// A record or map of these.
    pub fn record(fields: Fields) -> Value {
        Value::Record(Arc::new(fields))
    }

    /// A text.
    pub fn text(text: impl Into<EcoString>) -> Value {
        Value::Str(text.into())
    }

    /// The text, when it is one.
    pub fn as_text(&self) -> Option<&EcoString> {
        if let Value::Str(text) = self { Some(text) } else { None }
    }

    /// The elements, when it is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        if let Value::List(items) = self { Some(items) } else { None }
    }

    /// The fields, when it is a record or map.
    pub fn as_record(&self) -> Option<&Fields> {
        if let Value::Record(fields) = self { Some(fields) } else { None }
    }

    /// The values right inside; `None`: it is of a kind that holds none.
    fn inside(&self) -> Option<impl Iterator<Item = &Value>> {
        let (items, fields): (&[Value], Option<&Fields>) = match self {
            Value::List(items) => (items, None),
            Value::Record(fields) => (&[], Some(fields)),
            Value::Variant(v) => (&[], Some(&v.fields)),
            Value::None
            | Value::Unit
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Str(_)
            | Value::Duration(_)
            | Value::Bytes(_)
            | Value::Money(_)
            | Value::Agent(..)
            | Value::Secret(_) => return None,
        };
        Some(items.iter().chain(fields.into_iter().flat_map(Fields::values)))
    }

    /// Calls `each` with every value inside that holds no other, in order.
    pub fn each_leaf<'v>(&'v self, each: &mut dyn FnMut(&'v Value)) {
        match self.inside() {
            Some(inside) => inside.for_each(|item| item.each_leaf(each)),
            None => each(self),
        }
    }

    /// Whether a Secret stands anywhere inside.
    pub fn has_secret(&self) -> bool {
        match self.inside() {
            Some(mut inside) => inside.any(Value::has_secret),
            None => matches!(self, Value::Secret(_)),
        }
    }

    /// Whether it is nested deeper than `limit` levels; looks no further than that.
    pub fn deeper_than(&self, limit: u32) -> bool {
        let mut inside = self.inside().into_iter().flatten();
        inside.any(|item| limit == 0 || item.deeper_than(limit - 1))
    }
}
