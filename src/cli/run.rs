//! `flowc run`: runs a workflow and records every result.

use super::args::RunArgs;
use super::{engine, exit::Exit, output, program};
use crate::exec::warden::Link;
use crate::run::inputs::Given;
use crate::run::{Site, start};

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
        let json: serde_json::Value =
            serde_json::from_str(&text).map_err(|e| format!("{} is not JSON: {e}", path.display()))?;
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
