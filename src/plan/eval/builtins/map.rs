//! Built-ins on maps.

use super::{Args, list::pair};
use crate::plan::eval::Fault;
use crate::types::Builtin;
use crate::value::{Fields, Value};

pub(super) fn apply(builtin: Builtin, args: &Args<'_>) -> Result<Value, Fault> {
    if builtin == Builtin::FromEntries {
        return from_entries(args);
    }
    let fields = args.record(0)?;
    Ok(match builtin {
        Builtin::Keys => Value::list(fields.keys().map(|k| Value::Str(k.clone())).collect()),
        Builtin::Values => Value::list(fields.values().cloned().collect()),
        _ => Value::list(
            fields.iter().map(|(k, v)| pair("key", Value::Str(k.clone()), "value", v.clone())).collect(),
        ),
    })
}

fn from_entries(args: &Args<'_>) -> Result<Value, Fault> {
    let mut out = Fields::new();
    for entry in args.list(0)?.iter() {
        let found = entry.as_record().and_then(|r| Some((r.get("key")?.as_text()?, r.get("value")?)));
        let Some((key, value)) = found else { return Err(args.wrong("a list of { key, value }", entry)) };
        out.insert(key.clone(), value.clone());
    }
    Ok(Value::record(out))
}
