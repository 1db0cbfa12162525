//! A new run that begins with the history of another.

use super::error::StoreError;
use super::journal::{Durability, Journal};
use super::project::{Project, RunDir};
use super::row::{hex, unhex};
use super::sqlite::{OwnerOptions, SqliteJournal, View};
use super::{disk, fsck};

/// Makes a run that has the events of `from` up to number `upto` (`None`: all), in a chain of its own, and its values. Large
/// values are shared with `from` by hard links.
///
/// # Errors
/// `Damaged` when the events that are wanted cannot all be trusted. The half-made run is removed.
pub fn fork(project: &Project, from: &RunDir, upto: Option<u64>, now: i64) -> Result<RunDir, StoreError> {
    let view = View::open(from.path(), from.id())?;
    let dir = project.create_run(now)?;
    let made = fill(&view, from, &dir, upto.unwrap_or(u64::MAX));
    if made.is_err() {
        // What stays behind has no journal and is removed by gc.
        let _ = std::fs::remove_dir_all(dir.path());
    }
    made.map(|()| dir)
}

fn fill(view: &View, from: &RunDir, dir: &RunDir, upto: u64) -> Result<(), StoreError> {
    link_blobs(from, dir)?;
    let options = OwnerOptions { durability: Durability::Power, exclusive: false };
    let mut journal = SqliteJournal::create(dir.path(), dir.id(), options)?;
    let (damage, bad) = journal.copy_from(view, upto)?;
    if let Some(error) = damage {
        return Err(error);
    }
    let mut named = fsck::Named::default();
    journal.replay(0, &mut |row| {
        named.collect(row.body);
        std::ops::ControlFlow::Continue(())
    })?;
    if let Some(hash) = bad.iter().find(|hash| named.kept.iter().any(|(kept, _)| kept == *hash)) {
        let why = format!("value {} is not what was stored", hex(hash));
        return Err(StoreError::Damaged { last_good_seq: journal.head().seq, why });
    }
    Box::new(journal).close()?;
    dir.sync_names()
}

fn link_blobs(from: &RunDir, to: &RunDir) -> Result<(), StoreError> {
    let folder = from.blobs();
    let entries = std::fs::read_dir(&folder).map_err(|error| StoreError::at("list", &folder, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| StoreError::at("list", &folder, error))?;
        let is_value = entry.file_type().is_ok_and(|kind| kind.is_file())
            && unhex(entry.file_name().as_encoded_bytes()).is_some();
        if !is_value {
            continue;
        }
        let target = to.blobs().join(entry.file_name());
        // Some file systems have no hard links, and a file has a largest number of them.
        if std::fs::hard_link(entry.path(), &target).is_err() {
            disk::copy_file(&entry.path(), &target)?;
        }
    }
    disk::sync_dir(&to.blobs())
}
