//! Values as the bytes that the store keeps, and back.
//!
//! A value is kept in its JSON form and read by its type; one that holds a Secret (its name, never its text) has no JSON
//! form and is kept as it is in memory, marked by its first byte.

use crate::store::{RunStore, StoreError, ValueRef};
use crate::value::{self, TypeId, TypeTable, Value, json};

const TYPED: u8 = b'!';

/// The bytes of a value.
pub fn bytes(value: &Value) -> Vec<u8> {
    match json::to_text(value) {
        Ok(text) => text.into_bytes(),
        Err(json::NoJson) => {
            let mut bytes = vec![TYPED];
            // These structs always have a JSON text.
            let written = serde_json::to_writer(&mut bytes, value);
            debug_assert!(written.is_ok());
            bytes
        }
    }
}

/// Keeps a value.
///
/// # Errors
/// Those of the store.
pub fn put(store: &mut RunStore, value: &Value) -> Result<ValueRef, StoreError> {
    store.put_value(&bytes(value))
}

/// A kept value of that type.
///
/// # Errors
/// Says why the bytes are no such value.
pub fn read(bytes: &[u8], ty: TypeId, types: &TypeTable) -> Result<Value, String> {
    if let Some(typed) = bytes.strip_prefix(&[TYPED]) {
        return serde_json::from_slice(typed).map_err(|why| why.to_string());
    }
    let text = std::str::from_utf8(bytes).map_err(|why| why.to_string())?;
    value::decode(text, ty, types).map_err(|why| why.to_string())
}

/// A kept value of that type, from the store.
///
/// # Errors
/// `Damaged` also where the bytes are there but no such value.
pub fn get(store: &RunStore, kept: &ValueRef, ty: TypeId, types: &TypeTable) -> Result<Value, StoreError> {
    let bytes = store.value(kept)?;
    read(&bytes, ty, types).map_err(|why| StoreError::Damaged { last_good_seq: 0, why })
}

/// A kept value as a JSON tree, for show; the names of secrets are left out.
pub fn tree(bytes: &[u8]) -> Option<serde_json::Value> {
    if bytes.first() == Some(&TYPED) { None } else { serde_json::from_slice(bytes).ok() }
}
