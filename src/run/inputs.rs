//! The inputs of a run, checked against the workflow's types before anything else happens.
//!
//! Takes what was given by name (text of the command line, or JSON) and gives one value a parameter, in order. All that
//! is wrong is said at once.

use super::literal;
use super::values::{Constants, evaluate};
use crate::plan::{Input, Plan};
use crate::value::{self, SecretPart, Type, TypeId, Value, json};
use std::sync::Arc;

/// An input as it was given.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// `--input name=text`: a String or Path as it is, any other type a literal or JSON.
    Text(String),
    /// From a file of inputs.
    Json(serde_json::Value),
}

/// The values of the workflow's parameters.
///
/// # Errors
/// Everything that is wrong, one line each.
pub fn check(plan: &Plan, given: &[(String, Given)]) -> Result<Vec<Value>, Vec<String>> {
    let mut wrong = Vec::new();
    for (index, (name, _)) in given.iter().enumerate() {
        if !plan.inputs.iter().any(|input| input.name == name.as_str()) {
            wrong.push(unknown(plan, name));
        } else if given[..index].iter().any(|(earlier, _)| earlier == name) {
            wrong.push(format!("input `{name}` is given twice"));
        }
    }
    let mut values: Vec<Value> = Vec::with_capacity(plan.inputs.len());
    for input in &plan.inputs {
        let found = given.iter().find(|(name, _)| input.name == name.as_str()).map(|(_, given)| given);
        let value = match found {
            Some(given) => read(plan, input.ty, given).map_err(|why| {
                format!("input `{}` must be {}: {why}", input.name, type_name(plan, input.ty))
            }),
            None => absent(plan, input, &values, !wrong.is_empty()),
        };
        match value {
            Ok(value) => values.push(value),
            Err(why) => {
                if !why.is_empty() {
                    wrong.push(why);
                }
                // A default below may use it: its place is kept, and nothing is run.
                values.push(Value::None);
            }
        }
    }
    if wrong.is_empty() { Ok(values) } else { Err(wrong) }
}

/// What an input is when nothing was given. `broken`: an earlier one is wrong, so a default that may use it says nothing.
pub(super) fn absent(plan: &Plan, input: &Input, earlier: &[Value], broken: bool) -> Result<Value, String> {
    if let Some(default) = &input.default {
        return match evaluate(plan, default, &mut Constants { params: earlier }) {
            Ok(value) => value::conform(&value, input.ty, &plan.types)
                .map_err(|why| format!("the default of input `{}` does not fit: {why}", input.name)),
            Err(_) if broken => Err(String::new()),
            Err(error) => Err(format!("the default of input `{}` fails: {}", input.name, error.message)),
        };
    }
    match plan.types.get(input.ty) {
        Type::Optional(_) => Ok(Value::None),
        Type::Secret => Err(format!(
            "input `{}` (Secret) is missing: give the name of its environment variable with \
             --input '{}=secret(\"NAME\")'",
            input.name, input.name
        )),
        _ => Err(format!(
            "input `{}` ({}) is missing: give it with --input {}=…",
            input.name,
            type_name(plan, input.ty),
            input.name
        )),
    }
}

fn unknown(plan: &Plan, name: &str) -> String {
    let near = plan
        .inputs
        .iter()
        .map(|input| (strsim::damerau_levenshtein(&input.name, name), &input.name))
        .min()
        .filter(|(distance, _)| *distance <= 2.max(name.len() / 3));
    match near {
        Some((_, near)) => {
            format!("workflow `{}` has no input `{name}`; did you mean `{near}`?", plan.workflow)
        }
        None if plan.inputs.is_empty() => {
            format!("workflow `{}` takes no inputs, but `{name}` was given", plan.workflow)
        }
        None => {
            let all: Vec<&str> = plan.inputs.iter().map(|input| input.name.as_str()).collect();
            format!("workflow `{}` has no input `{name}`; it has: {}", plan.workflow, all.join(", "))
        }
    }
}

/// A text or JSON as that type. Also for the answers of people.
///
/// # Errors
/// Says why it does not conform.
pub fn read(plan: &Plan, ty: TypeId, given: &Given) -> Result<Value, String> {
    // What stands in place of a secret's name may be the secret itself: it is not repeated.
    if let (Type::Secret, Given::Text(text)) = (bare_type(plan, ty), given)
        && literal::parse(plan, ty, text).is_none()
        && !text.starts_with("\"secret(")
    {
        return Err(BY_NAME.to_owned());
    }
    let value = match given {
        Given::Text(text) => match literal::parse(plan, ty, text) {
            Some(value) => value,
            None => {
                let tree = match (json::parse(text), bare_type(plan, ty)) {
                    (Ok(tree), _) => tree,
                    // A bare word is the name of a variant: what there is instead is told.
                    (Err(_), Type::Enum(_)) => Value::Str(text.as_str().into()),
                    (Err(_), _) => return Err(format!("`{}` is not", shorten(text))),
                };
                value::conform(&tree, ty, &plan.types).map_err(|why| why.to_string())?
            }
        },
        Given::Json(tree) => {
            value::conform(&json::from_tree(tree.clone()), ty, &plan.types).map_err(|why| why.to_string())?
        }
    };
    let value = secrets_by_name(plan, value)?;
    agents_known(plan, value)
}

/// The type without its `?`.
fn bare_type(plan: &Plan, ty: TypeId) -> &Type {
    match plan.types.get(ty) {
        Type::Optional(of) => bare_type(plan, *of),
        other => other,
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 60 {
        text.to_owned()
    } else {
        text.chars().take(57).chain("...".chars()).collect()
    }
}

/// Secrets may be given by their name only: what is given as text would stand in the record.
fn secrets_by_name(plan: &Plan, value: Value) -> Result<Value, String> {
    if !value.has_secret() {
        return Ok(value);
    }
    map_leaves(value, &mut |leaf| match leaf {
        Value::Secret(parts) => match parts.as_slice() {
            [SecretPart::Named(_)] => Ok(Value::Secret(parts)),
            [SecretPart::Text(text)] => literal_secret(plan, text),
            _ => Err(BY_NAME.to_owned()),
        },
        other => Ok(other),
    })
}

const BY_NAME: &str = "a secret is given by the name of its environment variable: secret(\"NAME\")";

fn literal_secret(_plan: &Plan, text: &str) -> Result<Value, String> {
    let name = text.strip_prefix("secret(\"").and_then(|rest| rest.strip_suffix("\")"));
    match name {
        Some(name) if !name.is_empty() => Ok(Value::Secret(Arc::new(vec![SecretPart::Named(name.into())]))),
        _ => Err(BY_NAME.to_owned()),
    }
}

/// Agents are values of the program: the name must be one of the plan's.
fn agents_known(plan: &Plan, value: Value) -> Result<Value, String> {
    map_leaves(value, &mut |leaf| match leaf {
        Value::Agent(index, name) => match plan.agents.iter().position(|agent| agent.name == name) {
            Some(found) => Ok(Value::Agent(u32::try_from(found).unwrap_or(index), name)),
            None => Err(format!("there is no agent `{name}`")),
        },
        other => Ok(other),
    })
}

/// Rebuilds a value from its leaves. Its depth is limited by `conform`.
fn map_leaves(value: Value, each: &mut dyn FnMut(Value) -> Result<Value, String>) -> Result<Value, String> {
    match value {
        Value::List(items) => {
            let items = items.iter().map(|item| map_leaves(item.clone(), each));
            Ok(Value::List(Arc::new(items.collect::<Result<_, _>>()?)))
        }
        Value::Record(fields) => {
            let fields =
                fields.iter().map(|(name, item)| Ok((name.clone(), map_leaves(item.clone(), each)?)));
            Ok(Value::Record(Arc::new(fields.collect::<Result<_, String>>()?)))
        }
        Value::Variant(of) => {
            let fields =
                of.fields.iter().map(|(name, item)| Ok((name.clone(), map_leaves(item.clone(), each)?)));
            let fields = fields.collect::<Result<_, String>>()?;
            Ok(Value::Variant(Arc::new(value::Variant { fields, ..value::Variant::clone(&of) })))
        }
        leaf @ (Value::None
        | Value::Unit
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Str(_)
        | Value::Duration(_)
        | Value::Bytes(_)
        | Value::Money(_)
        | Value::Agent(..)
        | Value::Secret(_)) => each(leaf),
    }
}

/// A type in the language's words, for messages.
pub fn type_name(plan: &Plan, ty: TypeId) -> String {
    name_of(plan, ty, 0)
}

fn name_of(plan: &Plan, ty: TypeId, depth: u32) -> String {
    if depth > 8 {
        return "…".to_owned();
    }
    match plan.types.get(ty) {
        Type::Unit => "Unit".to_owned(),
        Type::Bool => "Bool".to_owned(),
        Type::Int => "Int".to_owned(),
        Type::Float => "Float".to_owned(),
        Type::String => "String".to_owned(),
        Type::Path => "Path".to_owned(),
        Type::Duration => "Duration".to_owned(),
        Type::Bytes => "Bytes".to_owned(),
        Type::Money => "Money".to_owned(),
        Type::Json => "Json".to_owned(),
        Type::Secret => "Secret".to_owned(),
        Type::Agent => "Agent".to_owned(),
        Type::List(of) => format!("[{}]", name_of(plan, *of, depth + 1)),
        Type::Map(of) => format!("{{String: {}}}", name_of(plan, *of, depth + 1)),
        Type::Optional(of) => format!("{}?", name_of(plan, *of, depth + 1)),
        Type::Enum(of) => of.name.to_string(),
        Type::Record(of) => match &of.name {
            Some(name) => name.to_string(),
            None => {
                let fields =
                    of.fields.iter().map(|f| format!("{}: {}", f.name, name_of(plan, f.ty, depth + 1)));
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
        },
    }
}
