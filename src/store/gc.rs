//! Taking old runs away, and what crashes have left in the others.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::error::StoreError;
use super::index::Index;
use super::lock::RunLock;
use super::project::{Project, RunDir};
use super::row::Hash;
use super::sqlite::View;
use super::{disk, fsck, kinds};

/// A folder without a journal, and a message on its way, are left alone while they are younger than this.
const YOUNG: Duration = Duration::from_secs(3600);

/// Which runs may go. A run goes only if it has ended and every rule that is given says so; with no rule none goes.
#[derive(Debug, Clone, Copy, Default)]
pub struct GcRules {
    /// Of the runs that have ended, this many of the newest stay.
    pub keep: Option<usize>,
    /// Runs whose last event is older than this many milliseconds may go.
    pub older_than: Option<i64>,
    /// The time now, ms since 1970.
    pub now: i64,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What was done, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GcReport {
    /// Runs that went.
    pub removed: Vec<String>,
    /// Runs that have not ended, or are running.
    pub unfinished: Vec<String>,
    /// Runs whose record cannot be read, with the reason. They stay.
    pub unreadable: Vec<(String, String)>,
    /// Files of the other runs that went because nothing names them.
    pub leftovers: usize,
    /// Bytes that this gave back, where it can be said.
    pub bytes: u64,
}

/// Takes away what the rules allow. A run's folder is renamed first, so that a crash leaves no half of one.
pub fn gc(project: &Project, rules: &GcRules) -> Result<GcReport, StoreError> {
    let mut report = GcReport::default();
    let gone = project.gone_folder();
    if !rules.dry_run && disk::look(&gone)?.is_some() {
        empty(&gone)?;
    }
    let mut ended = 0;
    for id in project.runs()? {
        let dir = RunDir::new(project, &id);
        if !dir.has_journal() {
            if !rules.dry_run && is_old(dir.path()) && RunLock::acquire(&dir, rules.now).is_ok() {
                take_away(&gone, &dir)?;
                report.removed.push(id);
            }
            continue;
        }
        match RunLock::holder(&dir) {
            Ok(None) => {}
            Ok(Some(_)) => {
                report.unfinished.push(id);
                continue;
            }
            Err(error) => {
                report.unreadable.push((id, error.to_string()));
                continue;
            }
        }
        let last = match View::open(dir.path(), &id).and_then(|view| view.last()) {
            Ok(last) => last,
            Err(error) => {
                report.unreadable.push((id, error.to_string()));
                continue;
            }
        };
        let Some((kinds::RUN_ENDED, at)) = last else {
            report.unfinished.push(id);
            tidy(&dir, rules, &mut report)?;
            continue;
        };
        ended += 1;
        let surplus = rules.keep.is_none_or(|keep| ended > keep);
        let old = rules.older_than.is_none_or(|age| rules.now.saturating_sub(at) > age);
        if surplus && old && (rules.keep.is_some() || rules.older_than.is_some()) {
            remove(&gone, &dir, rules, &mut report)?;
        } else {
            tidy(&dir, rules, &mut report)?;
        }
    }
    if !rules.dry_run
        && let Some(index) = Index::existing(project)
    {
        // It is derived: what stays in it of a run that is gone costs some bytes.
        report.removed.iter().for_each(|id| drop(index.remove_run(id)));
    }
    Ok(report)
}

fn remove(gone: &Path, dir: &RunDir, rules: &GcRules, report: &mut GcReport) -> Result<(), StoreError> {
    let size = size_of(dir.path());
    if !rules.dry_run {
        // Somebody may resume it at this moment.
        let Ok(_lock) = RunLock::acquire(dir, rules.now) else {
            report.unfinished.push(dir.id().to_owned());
            return Ok(());
        };
        take_away(gone, dir)?;
    }
    report.bytes += size;
    report.removed.push(dir.id().to_owned());
    Ok(())
}

fn take_away(gone: &Path, dir: &RunDir) -> Result<(), StoreError> {
    disk::ensure_dir(gone)?;
    let to = gone.join(format!("{}-{}", dir.id(), uuid::Uuid::new_v4().simple()));
    std::fs::rename(dir.path(), &to).map_err(|error| StoreError::at("take away", dir.path(), error))?;
    std::fs::remove_dir_all(&to).map_err(|error| StoreError::at("remove", &to, error))
}

/// Removes what an earlier run of gc did not come to.
fn empty(gone: &Path) -> Result<(), StoreError> {
    disk::real_dir(gone)?;
    let entries = std::fs::read_dir(gone).map_err(|error| StoreError::at("list", gone, error))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let removed = if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.map_err(|error| StoreError::at("remove", &path, error))?;
    }
    Ok(())
}

/// Removes files that nothing names from a run that stays. Where the record is not good, nothing is touched.
fn tidy(dir: &RunDir, rules: &GcRules, report: &mut GcReport) -> Result<(), StoreError> {
    let Ok(_lock) = RunLock::acquire(dir, rules.now) else { return Ok(()) };
    let mut named = fsck::Named::default();
    let read = View::open(dir.path(), dir.id()).and_then(|view| {
        view.replay(0, &mut |row| {
            named.collect(row.body);
            ControlFlow::Continue(())
        })
    });
    if let Err(error) = read {
        report.unreadable.push((dir.id().to_owned(), error.to_string()));
        return Ok(());
    }
    for path in unneeded(dir, &named.blobs)? {
        report.leftovers += 1;
        report.bytes += size_of(&path);
        if !rules.dry_run {
            let is_dir = path.symlink_metadata().is_ok_and(|meta| meta.is_dir());
            let removed = if is_dir { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            removed.map_err(|error| StoreError::at("remove", &path, error))?;
        }
    }
    Ok(())
}

fn unneeded(dir: &RunDir, named: &BTreeSet<(Hash, u64)>) -> Result<Vec<PathBuf>, StoreError> {
    let inbox = dir.inbox();
    let mut found = fsck::leftovers(dir, named)?;
    // Who puts a message holds no lock: it may be on its way.
    found.retain(|path| path.parent() != Some(&inbox) || is_old(path));
    Ok(found)
}

fn is_old(path: &Path) -> bool {
    let changed = path.symlink_metadata().and_then(|meta| meta.modified());
    changed.is_ok_and(|changed| SystemTime::now().duration_since(changed).is_ok_and(|age| age > YOUNG))
}

/// Bytes of a file, or of all files below a folder.
fn size_of(path: &Path) -> u64 {
    let mut folders = vec![path.to_owned()];
    let mut bytes = path.symlink_metadata().map_or(0, |meta| if meta.is_file() { meta.len() } else { 0 });
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => bytes += entry.metadata().map_or(0, |meta| meta.len()),
                _ => {}
            }
        }
    }
    bytes
}
