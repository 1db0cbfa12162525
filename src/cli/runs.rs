//! `flowc runs`, and how the other commands find a run.

use super::args::{Format, RunsArgs};
use super::exit::Exit;
use super::{engine, output};
use crate::plan::Plan;
use crate::run::RunStatus;
use crate::run::view::{self, RunView};
use crate::store::{Project, RunDir, StoreError, ValueRef, View, is_held};
use serde_json::json;

/// Which run is meant where none is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The newest.
    Newest,
    /// The newest that has not ended.
    Unfinished,
}

pub fn run(args: &RunsArgs) -> Exit {
    let project = match project() {
        Ok(project) => project,
        Err(exit) => return exit,
    };
    let ids = match project.runs() {
        Ok(ids) => ids,
        Err(e) => return engine::store_error(&e),
    };
    let most = args.limit.unwrap_or(if args.format == Format::Human { 20 } else { usize::MAX });
    let more = ids.len().saturating_sub(most);
    let mut heads = Vec::new();
    for id in ids.iter().take(most) {
        let read = project.resolve(id).and_then(|dir| Ok((view(&dir)?.0, is_held(&dir))));
        match read {
            Ok((view, held)) => heads.push((view, held)),
            Err(e) => output::say(format_args!("{id}: {e}")),
        }
    }
    match args.format {
        Format::Json => {
            let runs: Vec<serde_json::Value> = heads.iter().map(|(view, held)| head(view, *held)).collect();
            output::json(&json!({ "version": 1, "runs": runs }));
        }
        Format::Human if heads.is_empty() => {
            output::say(format_args!("no runs here yet: {}", project.root().display()))
        }
        Format::Human => list(&heads, more),
    }
    Exit::Done
}

fn head(view: &RunView, held: bool) -> serde_json::Value {
    json!({
        "id": view.run,
        "workflow": view.workflow,
        "status": view.status(held),
        "started_at": time(view.started_at),
        "finished_at": view.finished_at.map(time),
        "tasks": view.tasks.len(),
        "seq": view.seq,
    })
}

fn list(heads: &[(RunView, bool)], more: usize) {
    let width = heads.iter().map(|(v, _)| v.run.len()).max().unwrap_or(0);
    let rows: Vec<String> = heads
        .iter()
        .map(|(v, held)| {
            let status = word(v.status(*held));
            format!("{:width$}  {status:11}  {}  {}", v.run, time(v.started_at), v.workflow)
        })
        .collect();
    output::result(&rows.join("\n"));
    if more > 0 {
        output::say(format_args!("… and {more} older; --limit N shows more"));
    }
}

/// The status as the JSON says it.
pub fn word(status: RunStatus) -> String {
    format!("{status:?}").to_lowercase()
}

/// RFC 3339 in UTC with milliseconds.
pub fn time(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    format!("{at:.3}")
}

/// The project around the current folder, with its configured state folder.
///
/// # Errors
/// The way to exit; what is wrong has been said.
pub fn project() -> Result<Project, Exit> {
    let said = |message: String| {
        output::complain(format_args!("{message}"));
        Exit::WrongUse
    };
    let folder = std::env::current_dir().map_err(|e| said(format!("cannot open the current folder: {e}")))?;
    let root = super::config::root_of(&folder.join("x")).map_err(said)?;
    let config = super::config::Config::read(&root).map_err(said)?;
    let project = Project::find(&root).map_err(|e| engine::store_error(&e))?;
    Ok(match config.state {
        Some(state) => project.with_state(&root.join(state)),
        None => project,
    })
}

/// The run of that name or beginning of a name, or the one that is meant.
///
/// # Errors
/// The way to exit; what is wrong has been said.
pub fn pick(project: &Project, name: Option<&str>, which: Which) -> Result<RunDir, Exit> {
    let found = match (name, which) {
        (Some(name), _) => project.resolve(name).map(Some),
        (None, Which::Unfinished) => project.newest_unfinished(),
        (None, Which::Newest) => project.runs().and_then(|ids| match ids.first() {
            Some(id) => project.resolve(id).map(Some),
            None => Ok(None),
        }),
    };
    match found {
        Ok(Some(dir)) => Ok(dir),
        Ok(None) => {
            let what = if which == Which::Unfinished { "unfinished run" } else { "run" };
            output::complain(format_args!("there is no {what} in {}", project.root().display()));
            Err(Exit::WrongUse)
        }
        Err(e) => Err(engine::store_error(&e)),
    }
}

/// A run as its journal tells it, with its plan.
///
/// # Errors
/// Those of the store.
pub fn view(dir: &RunDir) -> Result<(RunView, Option<Plan>), StoreError> {
    let journal = dir.view()?;
    let view = view::read(dir.id(), |each| journal.replay(0, each))?;
    let plan = view.plan.as_ref().and_then(|kept| kept_plan(dir, &journal, kept));
    Ok((view, plan))
}

/// The plan that a run goes by, without reading more of its journal.
pub fn plan(dir: &RunDir) -> Option<Plan> {
    let journal = dir.view().ok()?;
    let kept = view::plan(&journal).ok()??;
    kept_plan(dir, &journal, &kept)
}

fn kept_plan(dir: &RunDir, journal: &View, kept: &ValueRef) -> Option<Plan> {
    serde_json::from_slice(&bytes(dir, journal, kept)?).ok()
}

/// Whether a run has succeeded, without reading more than its end.
pub fn succeeded(dir: &RunDir) -> bool {
    dir.view().and_then(|journal| view::succeeded(&journal)).unwrap_or(false)
}

/// The bytes of a value, where they are as they were written.
pub fn bytes(dir: &RunDir, journal: &View, value: &ValueRef) -> Option<Vec<u8>> {
    dir.value(journal, value).ok()
}
