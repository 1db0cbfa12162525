//! What is checked before anything is recorded or run.
//!
//! Takes a plan and its inputs; gives every reason why the run cannot begin, at once.

use super::inputs::{self, Given};
use super::values::Values;
use crate::exec::secret::Secrets;
use crate::plan::{Action, Agent, Element, Expr, ExprKind, Plan, Runtime};
use crate::schedule::ScopeId;
use crate::value::Value;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Why a run cannot begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// One line each, for people.
    pub reasons: Vec<String>,
    /// Contracts of the workflow were violated: the run has failed; else it was wrong use.
    pub violated: bool,
}

impl Refused {
    fn wrong(reasons: Vec<String>) -> Refused {
        Refused { reasons, violated: false }
    }
}

/// Checks everything and gives the values of the inputs.
///
/// # Errors
/// All reasons of the first kind that is found: constructs that do not run yet, inputs, contracts, secrets, programs.
pub fn check(
    plan: &Plan,
    given: &[(String, Given)],
    default_runtime: &Runtime,
) -> Result<Vec<Value>, Refused> {
    if plan.format != crate::plan::FORMAT {
        let (found, known) = (plan.format, crate::plan::FORMAT);
        let why =
            format!("the plan has format {found}, this flowc runs format {known}: compile the program again");
        return Err(Refused::wrong(vec![why]));
    }
    missing(plan)?;
    let values = inputs::check(plan, given).map_err(Refused::wrong)?;
    contracts(plan, &values)?;
    secrets(plan, &values)?;
    servers(plan, default_runtime)?;
    programs(plan, default_runtime)?;
    Ok(values)
}

/// Checks again what may have changed since a run was begun.
///
/// # Errors
/// See [`check`].
pub(super) fn check_again(plan: &Plan, default_runtime: &Runtime) -> Result<(), Refused> {
    missing(plan)?;
    secrets(plan, &[])?;
    servers(plan, default_runtime)?;
    programs(plan, default_runtime)
}

/// Checks the inputs of a run that begins a new generation against what the program asks now.
///
/// # Errors
/// See [`check`].
pub(super) fn check_inputs(plan: &Plan, inputs: &[Value]) -> Result<(), Refused> {
    contracts(plan, inputs)?;
    secrets(plan, inputs)
}

/// What this version does not run yet.
fn missing(plan: &Plan) -> Result<(), Refused> {
    let reasons: Vec<String> = plan
        .missing
        .iter()
        .map(|missing| {
            let place = plan.place(missing.spot);
            let place = if place.is_empty() { place } else { format!("{place}: ") };
            format!("{place}this version of flowc does not run {} yet", missing.what)
        })
        .collect();
    if reasons.is_empty() { Ok(()) } else { Err(Refused::wrong(reasons)) }
}

/// All contracts, every violation.
fn contracts(plan: &Plan, inputs: &[Value]) -> Result<(), Refused> {
    let mut values = Values::new(plan);
    values.open_root(plan, inputs.to_vec());
    let mut reasons = Vec::new();
    for contract in &plan.contracts {
        let checked = values.evaluate(plan, ScopeId::ROOT, |env| {
            if env.truth(&contract.cond)? {
                Ok(())
            } else {
                Err(env.violated(contract.spot, contract.message.as_ref(), &contract.text))
            }
        });
        if let Err(fault) = checked {
            let spot = if fault.spot == Default::default() { contract.spot } else { fault.spot };
            let place = plan.place(spot);
            let place = if place.is_empty() { place } else { format!("{place}: ") };
            reasons.push(format!("{place}{}", fault.message));
        }
    }
    if reasons.is_empty() { Ok(()) } else { Err(Refused { reasons, violated: true }) }
}

/// Every secret must be set before anything runs.
pub(super) fn secrets(plan: &Plan, inputs: &[Value]) -> Result<(), Refused> {
    let mut names: BTreeSet<&str> = plan.secrets.iter().map(|name| name.as_str()).collect();
    inputs.iter().for_each(|value| secrets_in(value, &mut names));
    match Secrets::resolve(names) {
        Ok(_) => Ok(()),
        Err(errors) => Err(Refused::wrong(errors.iter().map(ToString::to_string).collect())),
    }
}

fn secrets_in<'v>(value: &'v Value, names: &mut BTreeSet<&'v str>) {
    value.each_leaf(&mut |leaf| {
        let Value::Secret(parts) = leaf else { return };
        for part in parts.iter() {
            if let crate::value::SecretPart::Named(name) = part {
                names.insert(name.as_str());
            }
        }
    });
}

/// Only a runtime that knows MCP can be given servers.
fn servers(plan: &Plan, default_runtime: &Runtime) -> Result<(), Refused> {
    let cannot = |agent: &&Agent| {
        matches!(agent.runtime.as_ref().unwrap_or(default_runtime), Runtime::Command(_))
            && !agent.mcp.is_empty()
    };
    let refused = |agent: &Agent| {
        let name = &agent.name;
        format!(
            "agent `{name}` has mcp servers, which the runtime `command` is not given: use `runtime: claude`"
        )
    };
    let reasons: Vec<String> = plan.agents.iter().filter(cannot).map(refused).collect();
    if reasons.is_empty() { Ok(()) } else { Err(Refused::wrong(reasons)) }
}

/// Programs that are known beforehand must be there. Those with a `/` may be made by an earlier task.
fn programs(plan: &Plan, default_runtime: &Runtime) -> Result<(), Refused> {
    let mut wanted: BTreeSet<(String, String)> = BTreeSet::new();
    for task in &plan.tasks {
        if let Action::Run { argv } = &task.action
            && let Some(program) = constant_program(argv)
        {
            wanted.insert((program.to_owned(), format!("task `{}`", task.name)));
        }
    }
    for agent in &plan.agents {
        let program = match agent.runtime.as_ref().unwrap_or(default_runtime) {
            Runtime::Claude => "claude".to_owned(),
            Runtime::Codex => "codex".to_owned(),
            Runtime::Acp(argv) | Runtime::Command(argv) => match argv.first() {
                Some(program) => program.to_string(),
                None => continue,
            },
        };
        wanted.insert((program, format!("agent `{}`", agent.name)));
    }
    for (agent, server) in plan.agents.iter().flat_map(|a| a.mcp.iter().map(move |s| (a, s))) {
        if let Some(program) = server.command.first() {
            let by = format!("mcp server `{}` of agent `{}`", server.name, agent.name);
            wanted.insert((program.to_string(), by));
        }
    }
    let reasons: Vec<String> = wanted
        .into_iter()
        .filter(|(program, _)| !program.contains('/') && find_program(program).is_none())
        .map(|(program, by)| format!("the program `{program}` of {by} is not in PATH"))
        .collect();
    if reasons.is_empty() { Ok(()) } else { Err(Refused::wrong(reasons)) }
}

/// The program of a command that begins with a constant.
fn constant_program(argv: &Expr) -> Option<&str> {
    let first = match &argv.kind {
        ExprKind::Const(Value::List(words)) => words.first()?,
        ExprKind::List(elements) => match elements.first()? {
            Element { splice: false, value: Expr { kind: ExprKind::Const(first), .. } } => first,
            _ => return None,
        },
        _ => return None,
    };
    first.as_text().map(|text| text.as_str())
}

/// Where a program is that has no `/` in its name.
fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| {
        file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    })
}
