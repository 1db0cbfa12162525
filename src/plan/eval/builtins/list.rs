//! Built-ins on lists.

use super::Args;
use crate::plan::eval::{Fault, MAX_SIZE, too_large};
use crate::types::Builtin;
use crate::value::{Fields, Value, json, order, text};
use ecow::EcoString;
use std::cmp::Ordering;
use std::collections::HashSet;

pub(super) fn apply(builtin: Builtin, args: &Args<'_>) -> Result<Value, Fault> {
    if builtin == Builtin::Range {
        return range(args);
    }
    // `min(a, b)` is that of the two.
    if let (Builtin::Min | Builtin::Max, [_, _]) = (builtin, args.args) {
        let wanted = if builtin == Builtin::Min { Ordering::Less } else { Ordering::Greater };
        return extreme(args.args, wanted, args);
    }
    let items = args.list(0)?;
    Ok(match builtin {
        Builtin::First => items.first().cloned().unwrap_or(Value::None),
        Builtin::Last => items.last().cloned().unwrap_or(Value::None),
        Builtin::Flatten => return flatten(args),
        Builtin::Compact => {
            Value::list(items.iter().filter(|v| !matches!(v, Value::None)).cloned().collect())
        }
        Builtin::Unique => unique(items),
        Builtin::Sort => return sorted(items, |v| v.clone(), args),
        Builtin::SortBy => {
            let name = args.text(1)?;
            return sorted(items, |v| field(v, name), args);
        }
        Builtin::GroupBy => return group_by(args),
        Builtin::Reverse => Value::list(items.iter().rev().cloned().collect()),
        Builtin::Take => Value::list(items[..clamp(args.int(1)?, items.len())].to_vec()),
        Builtin::Drop => Value::list(items[clamp(args.int(1)?, items.len())..].to_vec()),
        Builtin::Enumerate => {
            let pairs = items.iter().enumerate();
            Value::list(pairs.map(|(i, v)| pair("index", Value::Int(i as i64), "value", v.clone())).collect())
        }
        Builtin::Zip => {
            let pairs = items.iter().zip(args.list(1)?.iter());
            Value::list(pairs.map(|(a, b)| pair("left", a.clone(), "right", b.clone())).collect())
        }
        Builtin::Min => return extreme(items, Ordering::Less, args),
        Builtin::Max => return extreme(items, Ordering::Greater, args),
        Builtin::AnyOf => Value::Bool(items.iter().any(|v| *v == Value::Bool(true))),
        Builtin::AllOf => Value::Bool(items.iter().all(|v| *v == Value::Bool(true))),
        _ => return Err(args.fault(format!("`{}` is no built-in of lists", builtin.name()))),
    })
}

fn clamp(n: i64, len: usize) -> usize {
    usize::try_from(n.max(0)).unwrap_or(usize::MAX).min(len)
}

pub(super) fn pair(a: &str, x: Value, b: &str, y: Value) -> Value {
    Value::record([(EcoString::from(a), x), (EcoString::from(b), y)].into_iter().collect())
}

fn range(args: &Args<'_>) -> Result<Value, Fault> {
    let (from, to) = if args.args.len() == 1 { (0, args.int(0)?) } else { (args.int(0)?, args.int(1)?) };
    let count = to.checked_sub(from).map_or(u64::MAX, |n| n.max(0) as u64);
    if count > MAX_SIZE as u64 {
        return Err(too_large(args.spot));
    }
    Ok(Value::list((from..to).map(Value::Int).collect()))
}

fn flatten(args: &Args<'_>) -> Result<Value, Fault> {
    let mut out = Vec::new();
    for inner in args.list(0)?.iter() {
        match inner {
            Value::List(items) => out.extend(items.iter().cloned()),
            Value::None => {}
            other => return Err(args.wrong("a list of lists", other)),
        }
        if out.len() > MAX_SIZE {
            return Err(too_large(args.spot));
        }
    }
    Ok(Value::list(out))
}

fn unique(items: &[Value]) -> Value {
    let mut seen = HashSet::new();
    let new = items.iter().filter(|v| seen.insert(json::to_text(v).unwrap_or_default()));
    Value::list(new.cloned().collect())
}

fn field(value: &Value, name: &str) -> Value {
    value.as_record().and_then(|r| r.get(name)).cloned().unwrap_or(Value::None)
}

fn sorted(items: &[Value], key: impl Fn(&Value) -> Value, args: &Args<'_>) -> Result<Value, Fault> {
    let mut keyed: Vec<(Value, &Value)> = items.iter().map(|v| (key(v), v)).collect();
    let mut odd = None;
    keyed.sort_by(|(a, _), (b, _)| {
        order(a, b).unwrap_or_else(|| {
            odd.get_or_insert_with(|| format!("{} and {} have no order", a.describe(), b.describe()));
            Ordering::Equal
        })
    });
    match odd {
        Some(message) => Err(args.fault(message)),
        None => Ok(Value::list(keyed.into_iter().map(|(_, v)| v.clone()).collect())),
    }
}

fn group_by(args: &Args<'_>) -> Result<Value, Fault> {
    let name = args.text(1)?;
    let mut groups: indexmap::IndexMap<EcoString, Vec<Value>> = indexmap::IndexMap::new();
    for item in args.list(0)?.iter() {
        let key = field(item, name);
        let Some(key) = text::interpolated(&key) else { return Err(args.wrong("a field with a text", &key)) };
        groups.entry(key).or_default().push(item.clone());
    }
    let fields: Fields = groups.into_iter().map(|(k, v)| (k, Value::list(v))).collect();
    Ok(Value::record(fields))
}

fn extreme(items: &[Value], wanted: Ordering, args: &Args<'_>) -> Result<Value, Fault> {
    let mut best: Option<&Value> = None;
    for item in items {
        let better = match best {
            None => true,
            Some(best) => match order(item, best) {
                Some(order) => order == wanted,
                None => {
                    return Err(args.fault(format!(
                        "{} and {} have no order",
                        item.describe(),
                        best.describe()
                    )));
                }
            },
        };
        if better {
            best = Some(item);
        }
    }
    Ok(best.cloned().unwrap_or(Value::None))
}
