//! Values as JSON: what the journal, results and agents see.
//!
//! A Duration is a number of seconds, Money a number of dollars, Bytes an integer, an enum `"a"` or `{"b": {…}}`, an
//! Agent its name, `none` and Unit are null. A Secret has no JSON form.

use super::{Fields, Value, Variant};
use ecow::EcoString;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use std::sync::Arc;

/// Why a value has no JSON text: there is a Secret inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoJson;

/// The value as JSON on one line.
///
/// # Errors
/// When there is a Secret inside.
pub fn to_text(value: &Value) -> Result<String, NoJson> {
    serde_json::to_string(&AsJson(value)).map_err(|_| NoJson)
}

/// The value as a `serde_json` tree.
///
/// # Errors
/// When there is a Secret inside.
pub fn to_tree(value: &Value) -> Result<serde_json::Value, NoJson> {
    serde_json::to_value(AsJson(value)).map_err(|_| NoJson)
}

/// Reads a JSON text as a value in JSON form: numbers, texts, lists and records. A repeated key is an error, and so is
/// nesting beyond 128 levels.
///
/// # Errors
/// What is wrong and where, in words.
pub fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str::<Plain>(text).map(|p| p.0).map_err(|e| in_words(&e))
}

/// What a JSON reader complains of, in words for people who did not write the reader: `line 1, column 2: …`.
pub fn in_words(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let said = said.strip_suffix(&place).unwrap_or(&said);
    let why = match said {
        "expected ident" | "expected value" => "no value starts here",
        "trailing characters" => "something follows after the end of the value",
        "trailing comma" => "a comma before the closing bracket",
        "key must be a string" => "the name of a field must be in quotes",
        "expected `:`" => "expected `:` after the name of the field",
        "control character (\\u0000-\\u001F) found while parsing a string" => {
            "a control character inside a text: write `\\n` for a new line"
        }
        _ if error.is_eof() && error.line() <= 1 && error.column() == 0 => "it is empty",
        _ if error.is_eof() => "it ends too early",
        other => other,
    };
    if error.line() == 0 {
        why.to_owned()
    } else {
        format!("line {}, column {}: {why}", error.line(), error.column())
    }
}

/// A `serde_json` tree as a value in JSON form.
pub fn from_tree(tree: serde_json::Value) -> Value {
    match tree {
        serde_json::Value::Null => Value::None,
        serde_json::Value::Bool(b) => Value::Bool(b),
        serde_json::Value::Number(n) => match n.as_i64() {
            Some(i) => Value::Int(i),
            None => Value::Float(n.as_f64().unwrap_or(0.0)),
        },
        serde_json::Value::String(s) => Value::Str(s.into()),
        serde_json::Value::Array(items) => Value::list(items.into_iter().map(from_tree).collect()),
        serde_json::Value::Object(map) => {
            Value::record(map.into_iter().map(|(k, v)| (EcoString::from(k), from_tree(v))).collect())
        }
    }
}

/// The value in JSON form: what fits `Json`.
///
/// # Errors
/// When there is a Secret inside.
pub fn plain(value: &Value) -> Result<Value, NoJson> {
    Ok(match value {
        Value::None | Value::Unit => Value::None,
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => value.clone(),
        Value::Bytes(n) => Value::Int(*n),
        Value::Duration(ms) => scaled(*ms, 1000),
        Value::Money(units) => scaled(*units, 10_000),
        Value::Agent(_, name) => Value::Str(name.clone()),
        Value::List(items) => Value::list(items.iter().map(plain).collect::<Result<_, _>>()?),
        Value::Record(fields) => Value::Record(Arc::new(plain_fields(fields)?)),
        Value::Variant(v) if v.fields.is_empty() => Value::Str(v.name.clone()),
        Value::Variant(v) => {
            let inner = Value::Record(Arc::new(plain_fields(&v.fields)?));
            Value::record([(v.name.clone(), inner)].into_iter().collect())
        }
        Value::Secret(_) => return Err(NoJson),
    })
}

fn plain_fields(fields: &Fields) -> Result<Fields, NoJson> {
    fields.iter().map(|(k, v)| Ok((k.clone(), plain(v)?))).collect()
}

/// `units / per`, an Int where it is whole.
fn scaled(units: i64, per: i64) -> Value {
    if units % per == 0 { Value::Int(units / per) } else { Value::Float(units as f64 / per as f64) }
}

/// Serialises a value in its JSON form.
#[derive(Debug)]
pub struct AsJson<'a>(pub &'a Value);

impl Serialize for AsJson<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::None | Value::Unit => s.serialize_unit(),
            Value::Bool(b) => s.serialize_bool(*b),
            Value::Int(i) | Value::Bytes(i) => s.serialize_i64(*i),
            Value::Float(f) => s.serialize_f64(*f),
            Value::Str(t) | Value::Agent(_, t) => s.serialize_str(t),
            Value::Duration(ms) => number(*ms, 1000, s),
            Value::Money(units) => number(*units, 10_000, s),
            Value::List(items) => s.collect_seq(items.iter().map(AsJson)),
            Value::Record(fields) => s.collect_map(fields.iter().map(|(k, v)| (k.as_str(), AsJson(v)))),
            Value::Variant(v) => variant(v, s),
            Value::Secret(_) => Err(S::Error::custom("a Secret has no JSON form")),
        }
    }
}

fn number<S: Serializer>(units: i64, per: i64, s: S) -> Result<S::Ok, S::Error> {
    if units % per == 0 { s.serialize_i64(units / per) } else { s.serialize_f64(units as f64 / per as f64) }
}

fn variant<S: Serializer>(v: &Variant, s: S) -> Result<S::Ok, S::Error> {
    struct Payload<'a>(&'a Fields);
    impl Serialize for Payload<'_> {
        fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            s.collect_map(self.0.iter().map(|(k, v)| (k.as_str(), AsJson(v))))
        }
    }
    if v.fields.is_empty() {
        return s.serialize_str(&v.name);
    }
    let mut map = s.serialize_map(Some(1))?;
    map.serialize_entry(v.name.as_str(), &Payload(&v.fields))?;
    map.end()
}

/// A value in JSON form, read with repeated keys refused.
struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Plain, D::Error> {
        d.deserialize_any(PlainVisitor).map(Plain)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E>(self, i: i64) -> Result<Value, E> {
        Ok(Value::Int(i))
    }

    fn visit_u64<E>(self, i: u64) -> Result<Value, E> {
        Ok(i64::try_from(i).map_or(Value::Float(i as f64), Value::Int))
    }

    fn visit_f64<E>(self, f: f64) -> Result<Value, E> {
        Ok(Value::Float(f))
    }

    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(Value::Str(s.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Plain(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::list(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Fields::new();
        while let Some((key, Plain(value))) = map.next_entry::<String, Plain>()? {
            let key = EcoString::from(key);
            if fields.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key:?} stands twice")));
            }
            fields.insert(key, value);
        }
        Ok(Value::record(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_variants_have_the_documented_forms() {
        let variant = Value::Variant(Arc::new(Variant {
            index: 1,
            name: "b".into(),
            fields: [("x".into(), Value::Int(1))].into_iter().collect(),
        }));
        let all = Value::list(vec![
            Value::Duration(1500),
            Value::Duration(2000),
            Value::Money(25_000),
            Value::None,
            variant,
        ]);
        let text = to_text(&all).unwrap();
        assert_eq!(text, r#"[1.5,2,2.5,null,{"b":{"x":1}}]"#);
        assert_eq!(to_text(&plain(&all).unwrap()).unwrap(), text);
        assert_eq!(to_text(&parse(&text).unwrap()).unwrap(), text);
    }

    #[test]
    fn bad_json_is_refused_with_a_reason() {
        assert!(parse(r#"{"a":1,"a":2}"#).unwrap_err().contains("twice"));
        assert!(parse(&"[".repeat(100_000)).unwrap_err().contains("recursion"));
        assert!(parse("{} trailing").is_err());
        assert_eq!(to_text(&Value::Secret(Arc::default())), Err(NoJson));
    }
}
