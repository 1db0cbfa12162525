//! Patterns and what loops bind.

use super::Env;
use crate::plan::{Bind, Pattern};
use crate::value::{Value, equal};

/// Whether a value matches; binds the pattern's slots. Slots may be bound although it does not match.
pub fn matches(pattern: &Pattern, value: &Value, env: &mut Env<'_, '_>) -> bool {
    match pattern {
        Pattern::Any => true,
        Pattern::None => matches!(value, Value::None),
        Pattern::Literal(literal) => equal(literal, value),
        Pattern::Bind(slot) => {
            env.set(*slot, value.clone());
            true
        }
        Pattern::Variant { index, args } => match value {
            Value::Variant(v) if v.index == *index => {
                args.iter().zip(v.fields.values()).all(|(pattern, field)| matches(pattern, field, env))
            }
            _ => false,
        },
        Pattern::Or(any) => any.iter().any(|p| matches(p, value, env)),
    }
}

/// Puts an element into the slots of a loop's binding.
pub fn bind(binding: &Bind, element: &Value, env: &mut Env<'_, '_>) {
    match binding {
        Bind::One(slot) => env.set(*slot, element.clone()),
        Bind::Fields(fields) => {
            let record = element.as_record();
            for (name, slot) in fields {
                env.set(*slot, record.and_then(|r| r.get(name)).cloned().unwrap_or(Value::None));
            }
        }
    }
}
