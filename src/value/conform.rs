//! Does a value conform to a type, and what does it become?
//!
//! One function serves decoding (JSON that a task printed) and *fitting* (language.md §3): a record keeps exactly the
//! type's fields in its order, absent ones take their default, an Int becomes a Float where one is wanted.

use super::{FieldType, Fields, RecordType, Type, TypeId, TypeTable, Value, Variant, VariantType, json};
use ecow::EcoString;
use std::sync::Arc;

/// Where and why a value does not conform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// `.findings[2].line`; empty for the value itself.
    pub path: String,
    pub reason: String,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.reason)
        } else {
            write!(f, "at `{}`: {}", self.path, self.reason)
        }
    }
}

/// Deepest value that is accepted.
const MAX_DEPTH: u32 = 256;

/// The value as that type.
///
/// # Errors
/// The first place that does not conform.
pub fn conform(value: &Value, ty: TypeId, types: &TypeTable) -> Result<Value, Mismatch> {
    Conform { types, depth: 0 }.value(value, ty)
}

/// Reads a JSON text as that type.
///
/// # Errors
/// When it is no JSON or does not conform.
pub fn decode(text: &str, ty: TypeId, types: &TypeTable) -> Result<Value, Mismatch> {
    let value = json::parse(text).map_err(|reason| mismatch(format!("this is not JSON: {reason}")))?;
    conform(&value, ty, types)
}

fn mismatch(reason: impl Into<String>) -> Mismatch {
    Mismatch { path: String::new(), reason: reason.into() }
}

fn at(step: impl std::fmt::Display, mut inner: Mismatch) -> Mismatch {
    inner.path.insert_str(0, &step.to_string());
    inner
}

struct Conform<'a> {
    types: &'a TypeTable,
    depth: u32,
}

impl Conform<'_> {
    fn value(&mut self, value: &Value, ty: TypeId) -> Result<Value, Mismatch> {
        if self.depth > MAX_DEPTH {
            return Err(mismatch(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        let result = self.value_inner(value, ty);
        self.depth -= 1;
        result
    }

    fn value_inner(&mut self, value: &Value, ty: TypeId) -> Result<Value, Mismatch> {
        let types = self.types;
        match types.get(ty) {
            Type::Optional(_) if matches!(value, Value::None) => Ok(Value::None),
            Type::Optional(inner) => self.value(value, *inner),
            Type::List(item) => self.list(value, *item),
            Type::Map(item) => self.map(value, *item),
            Type::Record(record) => self.record(value, record),
            Type::Enum(of) => self.variant(value, &of.name, &of.variants),
            Type::Json => json::plain(value).map_err(|_| mismatch("a Secret has no JSON form")),
            scalar => self.scalar(value, scalar),
        }
    }

    fn scalar(&self, value: &Value, ty: &Type) -> Result<Value, Mismatch> {
        let converted = match (ty, value) {
            (Type::Unit, Value::Unit | Value::None) => Some(Value::Unit),
            (Type::Bool, Value::Bool(_))
            | (Type::Int, Value::Int(_))
            | (Type::Float, Value::Float(_))
            | (Type::String | Type::Path, Value::Str(_))
            | (Type::Duration, Value::Duration(_))
            | (Type::Bytes, Value::Bytes(_))
            | (Type::Money, Value::Money(_))
            | (Type::Agent, Value::Agent(..))
            | (Type::Secret, Value::Secret(_)) => Some(value.clone()),
            (Type::Float, Value::Int(i)) => Some(Value::Float(*i as f64)),
            (Type::Int, Value::Float(f)) => whole(*f).map(Value::Int),
            (Type::Bytes, Value::Int(i)) => Some(Value::Bytes(*i)),
            (Type::Bytes, Value::Float(f)) => whole(*f).map(Value::Bytes),
            (Type::Duration, _) => scaled(value, 1000.0).map(Value::Duration),
            (Type::Money, _) => scaled(value, 10_000.0).map(Value::Money),
            (Type::Secret, Value::Str(text)) => {
                Some(Value::Secret(Arc::new(vec![super::SecretPart::Text(text.clone())])))
            }
            _ => None,
        };
        converted.ok_or_else(|| wrong(&self.expected(ty), value))
    }

    fn list(&mut self, value: &Value, item: TypeId) -> Result<Value, Mismatch> {
        let Value::List(items) = value else { return Err(wrong("a list", value)) };
        let mut out = Vec::with_capacity(items.len());
        for (i, v) in items.iter().enumerate() {
            out.push(self.value(v, item).map_err(|e| at(format_args!("[{i}]"), e))?);
        }
        Ok(Value::list(out))
    }

    fn map(&mut self, value: &Value, item: TypeId) -> Result<Value, Mismatch> {
        let Value::Record(fields) = value else { return Err(wrong("an object", value)) };
        let mut out = Fields::with_capacity(fields.len());
        for (k, v) in fields.iter() {
            out.insert(k.clone(), self.value(v, item).map_err(|e| at(format_args!("[{k:?}]"), e))?);
        }
        Ok(Value::record(out))
    }

    fn record(&mut self, value: &Value, record: &RecordType) -> Result<Value, Mismatch> {
        let Value::Record(fields) = value else {
            let name = record.name.as_ref().map_or("an object".into(), |n| format!("an object (`{n}`)"));
            return Err(wrong(&name, value));
        };
        Ok(Value::record(self.fields(fields, &record.fields)?))
    }

    fn fields(&mut self, fields: &Fields, wanted: &[FieldType]) -> Result<Fields, Mismatch> {
        let mut out = Fields::with_capacity(wanted.len());
        for field in wanted {
            let value = match (fields.get(&field.name), &field.default) {
                (Some(v), _) => {
                    self.value(v, field.ty).map_err(|e| at(format_args!(".{}", field.name), e))?
                }
                (None, Some(default)) => default.clone(),
                (None, None) if matches!(self.types.get(field.ty), Type::Optional(_)) => Value::None,
                (None, None) => return Err(missing(field, fields, wanted)),
            };
            out.insert(field.name.clone(), value);
        }
        Ok(out)
    }

    fn variant(
        &mut self,
        value: &Value,
        of: &EcoString,
        variants: &[VariantType],
    ) -> Result<Value, Mismatch> {
        let none = Fields::new();
        let (name, payload) = match value {
            Value::Str(name) => (name, &none),
            Value::Variant(v) => (&v.name, &v.fields),
            Value::Record(fields) if fields.len() == 1 => match fields.get_index(0) {
                Some((name, Value::Record(payload))) => (name, payload.as_ref()),
                Some((name, Value::None)) => (name, &none),
                _ => return Err(wrong(&format!("a variant of `{of}`"), value)),
            },
            _ => return Err(wrong(&format!("a variant of `{of}`"), value)),
        };
        let Some(index) = variants.iter().position(|v| v.name == *name) else {
            let fields = |v: &VariantType| {
                let names: Vec<String> = v.fields.iter().map(|f| format!("{}: …", f.name)).collect();
                if names.is_empty() { String::new() } else { format!("({})", names.join(", ")) }
            };
            let names: Vec<_> = variants.iter().map(|v| format!("`{}{}`", v.name, fields(v))).collect();
            return Err(mismatch(format!(
                "`{name}` is not a variant of `{of}`; it has {}",
                names.join(", ")
            )));
        };
        let fields =
            self.fields(payload, &variants[index].fields).map_err(|e| at(format_args!(".{name}"), e))?;
        Ok(Value::Variant(Arc::new(Variant { index: index as u16, name: name.clone(), fields })))
    }

    fn expected(&self, ty: &Type) -> String {
        match ty {
            Type::Unit => "nothing (null)",
            Type::Bool => "true or false",
            Type::Int => "a whole number",
            Type::Float => "a number",
            Type::String => "a text",
            Type::Path => "a path",
            Type::Duration => "a number of seconds",
            Type::Bytes => "a number of bytes",
            Type::Money => "a number of dollars",
            Type::Agent => "an agent",
            Type::Secret => "a secret",
            Type::Json
            | Type::List(_)
            | Type::Map(_)
            | Type::Optional(_)
            | Type::Record(_)
            | Type::Enum(_) => "JSON",
        }
        .to_string()
    }
}

/// A field that is not there, and one that may have been meant.
fn missing(field: &FieldType, found: &Fields, wanted: &[FieldType]) -> Mismatch {
    let name = &field.name;
    let strange = found.keys().filter(|key| wanted.iter().all(|field| field.name != **key));
    let near = strange
        .map(|key| (strsim::damerau_levenshtein(key, name), key))
        .min()
        .filter(|(distance, _)| *distance <= 1.max(name.len() / 3));
    match near {
        Some((_, key)) => mismatch(format!("the field `{name}` is missing; there is `{key}`")),
        None => mismatch(format!("the field `{name}` is missing")),
    }
}

fn wrong(expected: &str, found: &Value) -> Mismatch {
    mismatch(format!("expected {expected}, found {}", found.describe()))
}

/// The Float as an Int when it is one exactly.
fn whole(f: f64) -> Option<i64> {
    (f.fract() == 0.0 && f.abs() <= 9_007_199_254_740_992.0).then_some(f as i64)
}

/// A number times `per`, rounded, when it stays in range.
fn scaled(value: &Value, per: f64) -> Option<i64> {
    let n = match value {
        Value::Int(i) => return i.checked_mul(per as i64),
        Value::Float(f) => (f * per).round(),
        _ => return None,
    };
    (n.abs() < 9.2e18).then_some(n as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::EnumType;

    fn table() -> (TypeTable, TypeId) {
        let mut t = TypeTable::default();
        let int = t.add(Type::Int);
        let opt = t.add(Type::Optional(int));
        let text = t.add(Type::String);
        let field = |name: &str, ty, default| FieldType { name: name.into(), ty, default, doc: "".into() };
        let sev = t.add(Type::Enum(EnumType {
            name: "Sev".into(),
            doc: "".into(),
            variants: vec![
                VariantType { name: "low".into(), doc: "".into(), fields: vec![] },
                VariantType { name: "at".into(), doc: "".into(), fields: vec![field("x", int, None)] },
            ],
        }));
        let rec = RecordType {
            name: Some("Finding".into()),
            doc: "".into(),
            fields: vec![
                field("note", text, None),
                field("line", opt, None),
                field("n", int, Some(Value::Int(3))),
                field("sev", sev, None),
            ],
        };
        let rec = t.add(Type::Record(rec));
        let list = t.add(Type::List(rec));
        (t, list)
    }

    #[test]
    fn records_keep_the_types_fields_in_its_order() {
        let (t, list) = table();
        let v = decode(r#"[{"sev":{"at":{"x":2.0}},"extra":1,"note":"a"}]"#, list, &t).unwrap();
        assert_eq!(json::to_text(&v).unwrap(), r#"[{"note":"a","line":null,"n":3,"sev":{"at":{"x":2}}}]"#);
    }

    #[test]
    fn a_mismatch_tells_the_path_and_the_reason() {
        let (t, list) = table();
        let fails = |text: &str| decode(text, list, &t).unwrap_err().to_string();
        assert_eq!(
            fails(r#"[{"sev":"low","note":1}]"#),
            "at `[0].note`: expected a text, found the number 1"
        );
        assert_eq!(
            fails(r#"[{"sev":"mid","note":""}]"#),
            "at `[0].sev`: `mid` is not a variant of `Sev`; it has `low`, `at(x: …)`"
        );
        assert_eq!(fails(r#"[{"note":""}]"#), "at `[0]`: the field `sev` is missing");
        assert!(fails("not json").starts_with("this is not JSON"));
    }
}
