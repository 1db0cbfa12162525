//! The closed types that a plan carries.

use super::Value;
use ecow::EcoString;
use serde::{Deserialize, Serialize};

/// A type of a [`TypeTable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TypeId(pub u32);

/// A type without parameters. Recursion goes through [`TypeId`]s.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    Unit,
    Bool,
    Int,
    Float,
    String,
    Path,
    Duration,
    Bytes,
    Money,
    Json,
    Secret,
    Agent,
    List(TypeId),
    Map(TypeId),
    Optional(TypeId),
    /// Also `Exit` and `Response`, by their names.
    Record(RecordType),
    Enum(EnumType),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordType {
    /// The name under which it was declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<EcoString>,
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub doc: EcoString,
    pub fields: Vec<FieldType>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnumType {
    pub name: EcoString,
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub doc: EcoString,
    pub variants: Vec<VariantType>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VariantType {
    pub name: EcoString,
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub doc: EcoString,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldType>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldType {
    pub name: EcoString,
    pub ty: TypeId,
    /// Taken when the field is absent. A field of an optional type is `none` then in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    #[serde(default, skip_serializing_if = "EcoString::is_empty")]
    pub doc: EcoString,
}

/// The types of a plan.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TypeTable {
    types: Vec<Type>,
}

impl TypeTable {
    /// Adds a type; equal ones may be added twice.
    pub fn add(&mut self, ty: Type) -> TypeId {
        self.types.push(ty);
        TypeId(self.types.len() as u32 - 1)
    }

    /// Replaces what was added as a place-holder for a recursive type.
    pub fn set(&mut self, id: TypeId, ty: Type) {
        self.types[id.0 as usize] = ty;
    }

    /// The type of an id of this table.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }
}
