//! `flowc run`: runs a workflow and records every result.

use super::args::RunArgs;
use super::{engine, exit::Exit, literal, output, program};
use crate::exec::warden::Link;
use crate::plan::Plan;
use crate::run::inputs::Given;
use crate::run::{Site, start};
use crate::value::{Type, TypeId, json};

pub fn run(args: &RunArgs, link: Option<Link>) -> Exit {
    let given = match inputs(args) {
        Ok(given) => given,
        Err(message) => {
            output::complain(format_args!("{message}"));
            return Exit::WrongUse;
        }
    };
    let ready = match program::ready(&args.program) {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    let setting = match engine::Setting::new(&args.engine, &ready.root) {
        Ok(setting) => setting,
        Err(message) => {
            output::complain(format_args!("{message}"));
            return Exit::WrongUse;
        }
    };
    let project = match setting.project(&ready.root) {
        Ok(project) => project,
        Err(e) => return engine::store_error(&e),
    };
    let mut show = setting.show();
    let given = understood(&ready.plan, given);
    let end =
        start(&ready.plan, &given, Site { project, link }, &setting.options, setting.company(&mut show));
    drop(ready);
    engine::tell(&end, &args.engine, show)
}

/// Inputs from the file, then those of the flags, which win.
fn inputs(args: &RunArgs) -> Result<Vec<(String, Given)>, String> {
    let mut given = Vec::new();
    if let Some(path) = &args.inputs {
        let text =
            std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        // The strict reader first: it refuses a name that stands twice.
        json::parse(&text).map_err(|e| format!("{} is not JSON: {e}", path.display()))?;
        let json: serde_json::Value = serde_json::from_str(&text)
            .map_err(|e| format!("{} is not JSON: {}", path.display(), json::in_words(&e)))?;
        let serde_json::Value::Object(fields) = json else {
            return Err(format!("{}: expected one JSON object with the inputs by name", path.display()));
        };
        given.extend(fields.into_iter().map(|(name, value)| (name, Given::Json(value))));
    }
    for input in &args.input {
        let Some((name, value)) = input.split_once('=') else {
            return Err(format!("expected --input NAME=VALUE, found {input:?}"));
        };
        let name = name.trim();
        given.retain(|(n, _)| n != name);
        given.push((name.to_string(), Given::Text(value.to_string())));
    }
    Ok(given)
}

/// Lists, records and variants may be given as literals of the language too: those become JSON here. What is neither is
/// left as it is, for the message.
fn understood(plan: &Plan, given: Vec<(String, Given)>) -> Vec<(String, Given)> {
    let each = given.into_iter().map(|(name, given)| {
        let input = plan.inputs.iter().find(|input| input.name == name.as_str());
        let tree = match (&given, input) {
            (Given::Text(text), Some(input)) => as_tree(plan, input.ty, text),
            _ => None,
        };
        (name, tree.map_or(given, Given::Json))
    });
    each.collect()
}

/// A list, record or variant that is given as a literal of the language, as JSON.
pub(super) fn as_tree(plan: &Plan, ty: TypeId, text: &str) -> Option<serde_json::Value> {
    if is_text(plan, ty) || json::parse(text).is_ok() {
        return None;
    }
    literal::json(text).filter(|tree| tree.is_object() || tree.is_array())
}

/// Whether an input takes its text as it is.
fn is_text(plan: &Plan, ty: TypeId) -> bool {
    match plan.types.get(ty) {
        Type::String | Type::Path => true,
        Type::Optional(of) => is_text(plan, *of),
        _ => false,
    }
}
