//! What each pure built-in does. Their types are in `types/check`; arguments arrive in the order of the reference.

mod list;
mod map;
mod number;
mod text;

use super::{Env, Fault};
use crate::plan::{Expr, Spot};
use crate::types::Builtin;
use crate::value::{Fields, SecretPart, Value};
use ecow::EcoString;
use std::sync::Arc;

impl<'p> Env<'p, '_> {
    #[inline(never)]
    pub(super) fn builtin(&mut self, builtin: Builtin, args: &'p [Expr], spot: Spot) -> Result<Value, Fault> {
        let args = args.iter().map(|a| self.eval(a)).collect::<Result<Vec<_>, _>>()?;
        let args = Args { name: builtin.name(), args: &args, spot };
        apply(builtin, &args)
    }
}

/// The arguments of one call, with typed access. A wrong one is a fault, though the checker lets none through.
struct Args<'a> {
    name: &'static str,
    args: &'a [Value],
    spot: Spot,
}

impl<'a> Args<'a> {
    fn get(&self, i: usize) -> Result<&'a Value, Fault> {
        self.args.get(i).ok_or_else(|| self.fault(format!("`{}` lacks argument {}", self.name, i + 1)))
    }

    fn list(&self, i: usize) -> Result<&'a Arc<Vec<Value>>, Fault> {
        match self.get(i)? {
            Value::List(items) => Ok(items),
            other => Err(self.wrong("a list", other)),
        }
    }

    fn record(&self, i: usize) -> Result<&'a Arc<Fields>, Fault> {
        match self.get(i)? {
            Value::Record(fields) => Ok(fields),
            other => Err(self.wrong("a map", other)),
        }
    }

    fn text(&self, i: usize) -> Result<&'a EcoString, Fault> {
        match self.get(i)? {
            Value::Str(text) => Ok(text),
            other => Err(self.wrong("a text", other)),
        }
    }

    fn int(&self, i: usize) -> Result<i64, Fault> {
        match self.get(i)? {
            Value::Int(n) => Ok(*n),
            other => Err(self.wrong("a whole number", other)),
        }
    }

    fn wrong(&self, expected: &str, found: &Value) -> Fault {
        self.fault(format!("`{}` expected {expected}, found {}", self.name, found.describe()))
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::error(message, self.spot)
    }
}

fn apply(builtin: Builtin, args: &Args<'_>) -> Result<Value, Fault> {
    match builtin {
        Builtin::Len => len(args),
        Builtin::First
        | Builtin::Last
        | Builtin::Flatten
        | Builtin::Compact
        | Builtin::Unique
        | Builtin::Sort
        | Builtin::SortBy
        | Builtin::GroupBy
        | Builtin::Reverse
        | Builtin::Take
        | Builtin::Drop
        | Builtin::Enumerate
        | Builtin::Zip
        | Builtin::Min
        | Builtin::Max
        | Builtin::AnyOf
        | Builtin::AllOf
        | Builtin::Range => list::apply(builtin, args),
        Builtin::Keys | Builtin::Values | Builtin::Entries | Builtin::FromEntries => {
            map::apply(builtin, args)
        }
        Builtin::Sum | Builtin::Round | Builtin::Floor | Builtin::Mod | Builtin::ToInt | Builtin::ToFloat => {
            number::apply(builtin, args)
        }
        Builtin::Join
        | Builtin::Split
        | Builtin::Lines
        | Builtin::Trim
        | Builtin::Lower
        | Builtin::Upper
        | Builtin::Replace
        | Builtin::StartsWith
        | Builtin::EndsWith
        | Builtin::Matches
        | Builtin::ToJson
        | Builtin::FromJson
        | Builtin::ToString
        | Builtin::Path
        | Builtin::Basename
        | Builtin::Dirname
        | Builtin::PathJoin => text::apply(builtin, args),
        Builtin::Contains => contains(args),
        Builtin::Fail => Err(args.fault(args.text(0)?.to_string())),
        Builtin::Secret => Ok(Value::Secret(Arc::new(vec![SecretPart::Named(args.text(0)?.clone())]))),
        // An included text was read and interpolated at compile time.
        Builtin::Include => Ok(args.get(0)?.clone()),
    }
}

fn len(args: &Args<'_>) -> Result<Value, Fault> {
    let n = match args.get(0)? {
        Value::List(items) => items.len(),
        Value::Record(fields) => fields.len(),
        Value::Str(text) => text.chars().count(),
        other => return Err(args.wrong("a list, a map or a text", other)),
    };
    Ok(Value::Int(n as i64))
}

fn contains(args: &Args<'_>) -> Result<Value, Fault> {
    let wanted = args.get(1)?;
    let found = match (args.get(0)?, wanted) {
        (Value::List(items), _) => items.iter().any(|i| crate::value::equal(i, wanted)),
        (Value::Str(text), Value::Str(part)) => text.contains(part.as_str()),
        (Value::Record(fields), Value::Str(key)) => fields.contains_key(key),
        (other, _) => return Err(args.wrong("a list, a map or a text", other)),
    };
    Ok(Value::Bool(found))
}
