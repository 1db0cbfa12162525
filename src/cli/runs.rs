//! `flowc runs`, and how the other commands find a run.

use super::args::{Format, RunsArgs};
use super::exit::Exit;
use super::{engine, output};
use crate::plan::Plan;
use crate::run::summary::{self, Tally};
use crate::run::view::{self, RunView};
use crate::store::{Index, Project, RunDir, StoreError, ValueRef, View, is_held};
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
    let index = Index::existing(&project);
    let mut heads = Vec::new();
    for id in ids.iter().take(most) {
        match project.resolve(id).and_then(|dir| head(&dir, index.as_ref())) {
            Ok(head) => heads.push(head),
            // It was killed before its first event.
            Err(StoreError::NoRecord) => {}
            Err(e) => output::say(format_args!("{id}: {e}")),
        }
    }
    match args.format {
        Format::Json => output::json(&json!({ "version": 1, "runs": heads })),
        Format::Human if heads.is_empty() => {
            output::say(format_args!("no runs here yet: {}", project.root().display()))
        }
        Format::Human => list(&heads, more),
    }
    Exit::Done
}

/// What the index knows of a run, if it is up to date; else what its journal tells.
fn head(dir: &RunDir, index: Option<&Index>) -> Result<serde_json::Value, StoreError> {
    let journal = match dir.view() {
        // Its owner allows no viewers: it is on a network file system.
        Err(StoreError::Busy) => return told(dir),
        opened => opened?,
    };
    let (at, held) = (journal.head()?, is_held(dir));
    if at.seq == 0 {
        return Err(StoreError::NoRecord);
    }
    if !held
        && let Some(known) = index.and_then(|index| index.run(dir.id()).ok().flatten())
        && (known.seq, known.head) == (at.seq, at.hash)
        && known.status != summary::RUNNING
    {
        return Ok(summary::json(&known));
    }
    let tally = Tally::read(|each| journal.replay(0, each))?;
    Ok(summary::json(&tally.summary(dir.id(), at, held).head))
}

/// What the runner of a run said of it last.
fn told(dir: &RunDir) -> Result<serde_json::Value, StoreError> {
    let text = dir.read_status()?.ok_or(StoreError::Busy)?;
    serde_json::from_slice(&text).map_err(|_| StoreError::Busy)
}

fn list(heads: &[serde_json::Value], more: usize) {
    let text = |head: &serde_json::Value, name: &str| head[name].as_str().unwrap_or_default().to_owned();
    let width = heads.iter().map(|head| text(head, "id").len()).max().unwrap_or(0);
    let row = |head: &serde_json::Value| {
        let [id, status, began, workflow] = ["id", "status", "started_at", "workflow"]
            .map(|name| output::visible(&text(head, name)).to_string());
        format!("{id:width$}  {status:11}  {began}  {workflow}")
    };
    output::result(&heads.iter().map(row).collect::<Vec<_>>().join("\n"));
    if more > 0 {
        output::say(format_args!("… and {more} older; --limit N shows more"));
    }
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
        (None, Which::Newest) => project.newest(),
    };
    match found {
        Ok(Some(dir)) => Ok(dir),
        Ok(None) => {
            let (what, hint) = match which {
                Which::Unfinished if project.newest().is_ok_and(|newest| newest.is_some()) => {
                    ("unfinished run", "; `flowc runs` lists those that are over, and one is taken by its id")
                }
                Which::Unfinished => ("unfinished run", ""),
                Which::Newest => ("run", ""),
            };
            output::complain(format_args!("there is no {what} in {}{hint}", project.root().display()));
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
