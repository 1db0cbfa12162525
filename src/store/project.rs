//! Where a project keeps its runs: the folder `.flow`, the folders of the runs in it, and their names.

use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::sqlite::View;
use super::values::{self, ValueRef};
use super::{disk, run_id};

/// The file whose folder is the root of a project.
pub const PROJECT_FILE: &str = "flow.toml";

/// A project root and the folder of its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    root: PathBuf,
    state: PathBuf,
}

impl Project {
    /// The root for a program in the folder `start`: the nearest folder upward with a `flow.toml`, else `start` itself.
    /// Makes nothing on disk.
    ///
    /// # Errors
    /// When `start` does not exist.
    pub fn find(start: &Path) -> Result<Project, StoreError> {
        let start = start.canonicalize().map_err(|error| StoreError::at("open folder", start, error))?;
        let root = start.ancestors().find(|folder| folder.join(PROJECT_FILE).is_file()).unwrap_or(&start);
        Ok(Project { root: root.to_owned(), state: root.join(".flow") })
    }

    /// The same project with its state in another folder (`state` in `flow.toml`; relative to the root).
    #[must_use]
    pub fn with_state(self, state: &Path) -> Project {
        let state = self.root.join(state);
        Project { state, ..self }
    }

    /// The workspace root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the state, `.flow` unless set otherwise.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The index over runs.
    pub fn index_file(&self) -> PathBuf {
        self.state.join("flow.db")
    }

    pub(super) fn runs_folder(&self) -> PathBuf {
        self.state.join("runs")
    }

    /// Where folders go that gc takes away.
    pub(super) fn gone_folder(&self) -> PathBuf {
        self.state.join("gone")
    }

    /// Makes the state's folders where missing, readable by their owner only.
    pub(super) fn prepare(&self) -> Result<(), StoreError> {
        if let Some(parent) = self.state.parent() {
            std::fs::create_dir_all(parent).map_err(|error| StoreError::at("make folder", parent, error))?;
        }
        if disk::ensure_dir(&self.state)? {
            // What is in it belongs to no repository, and tasks that list changed files shall not see it.
            disk::write_whole(&self.state, ".gitignore", b"*\n", false)?;
        }
        disk::ensure_dir(&self.runs_folder())?;
        Ok(())
    }

    /// Makes the folder of a new run that begins at `now` (ms since 1970). The journal comes with
    /// [`RunStore::create`](super::RunStore::create), after the lock.
    ///
    /// # Errors
    /// `ReadOnly`, `Full`, `Io`.
    pub fn create_run(&self, now: i64) -> Result<RunDir, StoreError> {
        self.prepare()?;
        for _ in 0..8 {
            let dir = RunDir::new(self, &run_id::new_id(now));
            match disk::new_dir(&dir.path) {
                Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {
                    continue;
                }
                Err(error) => return Err(error),
                Ok(()) => {}
            }
            for part in [dir.blobs(), dir.outputs(), dir.inbox()] {
                disk::new_dir(&part)?;
            }
            return Ok(dir);
        }
        let source = std::io::Error::other("every name that was tried is taken");
        Err(StoreError::Io { doing: "make the folder of a run".to_owned(), source })
    }

    /// The ids of all runs, the newest first. Empty when there is no state yet.
    pub fn runs(&self) -> Result<Vec<String>, StoreError> {
        let folder = self.runs_folder();
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::at("list", &folder, error)),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| StoreError::at("list", &folder, error))?;
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if let Ok(name) = entry.file_name().into_string()
                && is_dir
                && run_id::is_id(&name)
            {
                ids.push(name);
            }
        }
        ids.sort_unstable_by(|a, b| b.cmp(a));
        Ok(ids)
    }

    /// The folder of the run that `name` stands for: its id, a unique beginning of it, or of its last part.
    ///
    /// # Errors
    /// `NoSuchRun` with the candidates when there are several.
    pub fn resolve(&self, name: &str) -> Result<RunDir, StoreError> {
        let runs = self.runs()?;
        if runs.iter().any(|id| id == name) {
            return Ok(RunDir::new(self, name));
        }
        let mut candidates: Vec<String> =
            runs.into_iter().filter(|id| run_id::answers_to(id, name)).collect();
        if candidates.len() == 1 {
            return Ok(RunDir::new(self, &candidates[0]));
        }
        candidates.truncate(10);
        Err(StoreError::NoSuchRun { name: name.to_owned(), candidates })
    }

    /// The newest run that has begun, or whose record cannot be read.
    pub fn newest(&self) -> Result<Option<RunDir>, StoreError> {
        let dirs = self.runs()?.into_iter().map(|id| RunDir::new(self, &id));
        let begun = |dir: &RunDir| match View::open(&dir.path, &dir.id).and_then(|view| view.last()) {
            Ok(None) | Err(StoreError::NoRecord) => false,
            Ok(Some(_)) | Err(_) => true,
        };
        Ok(dirs.into_iter().find(begun))
    }

    /// The newest run that has begun and not ended; runs whose record cannot be read are passed over.
    pub fn newest_unfinished(&self) -> Result<Option<RunDir>, StoreError> {
        for id in self.runs()? {
            let dir = RunDir::new(self, &id);
            let open = View::open(&dir.path, &id).and_then(|view| view.last());
            if open.is_ok_and(|last| last.is_some_and(|(kind, _)| kind != super::kinds::RUN_ENDED)) {
                return Ok(Some(dir));
            }
        }
        Ok(None)
    }
}

/// The folder of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir {
    id: String,
    path: PathBuf,
}

impl RunDir {
    pub(super) fn new(project: &Project, id: &str) -> RunDir {
        RunDir { id: id.to_owned(), path: project.runs_folder().join(id) }
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Values that are too large for the journal, by hash.
    pub fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }

    /// Free for executors: outputs while they grow, scripts of guardians.
    pub fn outputs(&self) -> PathBuf {
        self.path.join("out")
    }

    /// Messages of people.
    pub fn inbox(&self) -> PathBuf {
        self.path.join("inbox")
    }

    /// What the kernel's lock is on.
    pub fn lock_file(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// Whether the journal's file is there.
    pub fn has_journal(&self) -> bool {
        self.path.join(super::sqlite::FILE).symlink_metadata().is_ok()
    }

    /// Whether the folder is on a file system that several machines see. Then the journal allows no viewers; they read
    /// [`RunDir::read_status`].
    pub fn is_network(&self) -> bool {
        disk::is_network(&self.path)
    }

    /// Puts a summary of the run where viewers find it that cannot open the journal.
    pub fn write_status(&self, json: &[u8]) -> Result<(), StoreError> {
        disk::write_whole(&self.path, "status.json", json, false)
    }

    /// What [`RunDir::write_status`] put there last.
    pub fn read_status(&self) -> Result<Option<Vec<u8>>, StoreError> {
        disk::read_small(&self.path.join("status.json"), 1 << 20)
    }

    /// The bytes of a value that an event of this run names, verified. `view` is that of this run's journal.
    ///
    /// # Errors
    /// `Damaged` when they are gone or changed.
    pub fn value(&self, view: &View, value: &ValueRef) -> Result<Vec<u8>, StoreError> {
        match value {
            ValueRef::Inline(bytes) => Ok(bytes.to_vec()),
            ValueRef::Kept { hash, .. } => view.value(hash)?.ok_or_else(|| values::missing(hash)),
            ValueRef::Blob { hash, len } => values::read_blob(&self.blobs(), hash, *len),
        }
    }

    /// Opens the journal for reading.
    pub fn view(&self) -> Result<View, StoreError> {
        View::open(&self.path, &self.id)
    }

    /// Makes the folder and everything above it survive a loss of power.
    pub(super) fn sync_names(&self) -> Result<(), StoreError> {
        let above = self.path.ancestors().take(4);
        above.filter(|folder| !folder.as_os_str().is_empty()).try_for_each(disk::sync_dir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_the_nearest_folder_with_a_project_file() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        let deep = root.join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        assert_eq!(Project::find(&deep).unwrap().root(), deep);
        std::fs::write(root.join(PROJECT_FILE), "").unwrap();
        let project = Project::find(&deep).unwrap();
        assert_eq!(project.root(), root);
        assert_eq!(project.state(), root.join(".flow"));
        assert_eq!(project.with_state(Path::new("/var/x")).state(), Path::new("/var/x"));
        assert!(Project::find(&root.join("nowhere")).is_err());
    }

    #[test]
    fn runs_are_listed_newest_first_and_found_by_a_part_of_their_name() {
        let temp = tempfile::tempdir().unwrap();
        let project = Project::find(temp.path()).unwrap();
        assert!(project.runs().unwrap().is_empty());
        let old = project.create_run(1_700_000_000_000).unwrap();
        let new = project.create_run(1_800_000_000_000).unwrap();
        std::fs::create_dir(project.runs_folder().join("Not A Run")).unwrap();
        assert_eq!(project.runs().unwrap(), [new.id(), old.id()]);
        assert_eq!(project.resolve(&old.id()[..4]).unwrap(), old);
        assert_eq!(project.resolve(new.id().rsplit('-').next().unwrap()).unwrap(), new);
        assert!(
            matches!(project.resolve("2"), Err(StoreError::NoSuchRun { candidates, .. }) if candidates.len() == 2)
        );
        assert!(matches!(project.resolve("../x"), Err(StoreError::NoSuchRun { .. })));
        assert!(project.newest_unfinished().unwrap().is_none());
    }
}
