//! JSON Schema of a type: what an agent is asked for, and what describes inputs and results to machines.

use super::{EnumType, FieldType, Type, TypeId, TypeTable, json};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// The schema of a type (draft 2020-12). Recursive types become definitions under `$defs`.
pub fn schema(ty: TypeId, types: &TypeTable) -> Json {
    let recursive = recursive_types(ty, types);
    let mut maker = Maker { types, recursive: &recursive, defs: BTreeMap::new() };
    let mut root = maker.reference(ty);
    // A definition may bring further ones; each is made once.
    let mut made = Map::new();
    while let Some((name, id)) = maker.defs.pop_first() {
        if !made.contains_key(&name) {
            made.insert(name.clone(), Json::Null);
            let body = maker.structure(id);
            made.insert(name, body);
        }
    }
    if let (Json::Object(root), false) = (&mut root, made.is_empty()) {
        made.sort_keys();
        root.insert("$defs".to_string(), Json::Object(made));
    }
    root
}

/// Types that contain themselves.
fn recursive_types(start: TypeId, types: &TypeTable) -> BTreeSet<TypeId> {
    let mut reachable = BTreeSet::from([start]);
    let mut todo = vec![start];
    while let Some(id) = todo.pop() {
        todo.extend(children(id, types).into_iter().filter(|c| reachable.insert(*c)));
    }
    let in_cycle = |id: &TypeId| {
        let mut seen = BTreeSet::new();
        let mut todo = children(*id, types);
        while let Some(next) = todo.pop() {
            if next == *id {
                return true;
            }
            if seen.insert(next) {
                todo.extend(children(next, types));
            }
        }
        false
    };
    reachable
        .into_iter()
        .filter(|id| matches!(types.get(*id), Type::Record(_) | Type::Enum(_)) && in_cycle(id))
        .collect()
}

fn children(id: TypeId, types: &TypeTable) -> Vec<TypeId> {
    match types.get(id) {
        Type::List(t) | Type::Map(t) | Type::Optional(t) => vec![*t],
        Type::Record(r) => r.fields.iter().map(|f| f.ty).collect(),
        Type::Enum(e) => e.variants.iter().flat_map(|v| v.fields.iter().map(|f| f.ty)).collect(),
        Type::Unit
        | Type::Bool
        | Type::Int
        | Type::Float
        | Type::String
        | Type::Path
        | Type::Duration
        | Type::Bytes
        | Type::Money
        | Type::Json
        | Type::Secret
        | Type::Agent => Vec::new(),
    }
}

struct Maker<'a> {
    types: &'a TypeTable,
    recursive: &'a BTreeSet<TypeId>,
    defs: BTreeMap<String, TypeId>,
}

impl Maker<'_> {
    fn reference(&mut self, id: TypeId) -> Json {
        if !self.recursive.contains(&id) {
            return self.structure(id);
        }
        let name = format!("t{}", id.0);
        let reference = json!({ "$ref": format!("#/$defs/{name}") });
        self.defs.insert(name, id);
        reference
    }

    fn structure(&mut self, id: TypeId) -> Json {
        match self.types.get(id) {
            Type::Unit => json!({ "type": "null" }),
            Type::Bool => json!({ "type": "boolean" }),
            Type::Int => json!({ "type": "integer" }),
            Type::Float => json!({ "type": "number" }),
            Type::String | Type::Secret | Type::Agent => json!({ "type": "string" }),
            Type::Path => json!({ "type": "string", "description": "a path" }),
            Type::Duration => json!({ "type": "number", "description": "seconds" }),
            Type::Bytes => json!({ "type": "integer", "description": "bytes" }),
            Type::Money => json!({ "type": "number", "description": "US dollars" }),
            Type::Json => json!({}),
            Type::List(item) => {
                let items = self.reference(*item);
                json!({ "type": "array", "items": items })
            }
            Type::Map(item) => {
                let values = self.reference(*item);
                json!({ "type": "object", "additionalProperties": values })
            }
            Type::Optional(inner) => {
                let inner = self.reference(*inner);
                json!({ "anyOf": [inner, { "type": "null" }] })
            }
            Type::Record(r) => with_doc(self.object(&r.fields), &r.doc),
            Type::Enum(e) => with_doc(self.enumeration(e), &e.doc),
        }
    }

    fn object(&mut self, fields: &[FieldType]) -> Json {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in fields {
            let mut schema = with_doc(self.reference(field.ty), &field.doc);
            let optional = matches!(self.types.get(field.ty), Type::Optional(_));
            match (&field.default, &mut schema) {
                (Some(default), Json::Object(schema)) => {
                    schema.insert("default".to_string(), json::to_tree(default).unwrap_or(Json::Null));
                }
                (Some(_), _) => {}
                (None, _) if optional => {}
                (None, _) => required.push(Json::from(field.name.as_str())),
            }
            properties.insert(field.name.to_string(), schema);
        }
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    }

    fn enumeration(&mut self, of: &EnumType) -> Json {
        let plain: Vec<&str> =
            of.variants.iter().filter(|v| v.fields.is_empty()).map(|v| v.name.as_str()).collect();
        let mut choices = Vec::new();
        if !plain.is_empty() {
            choices.push(json!({ "type": "string", "enum": plain }));
        }
        for variant in of.variants.iter().filter(|v| !v.fields.is_empty()) {
            let payload = with_doc(self.object(&variant.fields), &variant.doc);
            let name = variant.name.as_str();
            choices.push(json!({ "type": "object", "properties": { name: payload }, "required": [name], "additionalProperties": false }));
        }
        if choices.len() == 1 { choices.remove(0) } else { json!({ "anyOf": choices }) }
    }
}

fn with_doc(mut schema: Json, doc: &str) -> Json {
    if let (Json::Object(map), false) = (&mut schema, doc.is_empty()) {
        map.insert("description".to_string(), Json::from(doc.trim()));
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::RecordType;

    #[test]
    fn a_recursive_record_becomes_a_definition() {
        let mut t = TypeTable::default();
        let tree = t.add(Type::Unit);
        let kids = t.add(Type::List(tree));
        let field = FieldType { name: "kids".into(), ty: kids, default: None, doc: "Below.".into() };
        t.set(
            tree,
            Type::Record(RecordType { name: Some("Tree".into()), doc: "".into(), fields: vec![field] }),
        );
        let s = schema(kids, &t);
        assert_eq!(s["items"]["$ref"], "#/$defs/t0");
        assert_eq!(s["$defs"]["t0"]["properties"]["kids"]["items"]["$ref"], "#/$defs/t0");
        assert_eq!(s["$defs"]["t0"]["properties"]["kids"]["description"], "Below.");
    }
}
