//! The index over a project's runs: heads for lists, durations for estimates. All of it is derived:
//! when it is damaged or missing it is made anew, and no run ever fails for it.

mod known;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;
use super::project::{Project, RunDir};
use super::row::Hash;
use super::sqlite::{View, connect};
use super::{RunLock, disk};

/// `FLOX`: what tells an index from a journal.
const APPLICATION: i64 = 0x464C_4F58;
const SCHEMA: i64 = 4;

/// Page cache, in KiB.
const CACHE: i64 = 256;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS run_head(id TEXT PRIMARY KEY, workflow TEXT NOT NULL, status TEXT NOT NULL,
  started_at INTEGER NOT NULL, ended_at INTEGER, tasks INTEGER NOT NULL, seq INTEGER NOT NULL, head BLOB NOT NULL)
  STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS duration(def TEXT NOT NULL, agent TEXT NOT NULL, run TEXT NOT NULL, n INTEGER NOT NULL,
  ok INTEGER NOT NULL, p50_ms INTEGER NOT NULL, p95_ms INTEGER NOT NULL, PRIMARY KEY(run, def, agent)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS duration_of_def ON duration(def, run);";

/// From the schema before, which had the rows of a definition together.
const FROM_3: &str = "
DROP INDEX duration_of_run;
ALTER TABLE duration RENAME TO former;";

/// What a list of runs shows of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunHead {
    pub id: String,
    pub workflow: String,
    /// A status word.
    pub status: String,
    /// Milliseconds since 1970.
    pub started_at: i64,
    pub ended_at: Option<i64>,
    /// Tasks that have ended.
    pub tasks: u64,
    /// Number and hash of its last event.
    pub seq: u64,
    pub head: Hash,
}

/// What one run says of the attempts at a definition by an agent (empty: none).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    pub def: String,
    pub agent: String,
    pub known: Durations,
}

/// How long attempts took that succeeded, and how many did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Durations {
    /// Number of attempts.
    pub n: u64,
    /// Those that succeeded.
    pub ok: u64,
    /// Half of those took no longer.
    pub p50_ms: i64,
    /// 95 of 100 of those took no longer.
    pub p95_ms: i64,
}

/// What the index keeps of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub head: RunHead,
    pub samples: Vec<Sample>,
}

/// Folds the journal of a run into what the index keeps of it; `None` leaves it out.
pub type Summarise<'f> = dyn FnMut(&RunDir, &View) -> Result<Option<Summary>, StoreError> + 'f;

/// The open index.
#[derive(Debug)]
pub struct Index {
    db: Connection,
}

impl Index {
    /// Opens the index of a project, making it when it is missing and anew when it is no good.
    ///
    /// # Errors
    /// When the folder cannot be written to, or another process holds the index for too long. A caller goes on without it.
    pub fn open(project: &Project) -> Result<Index, StoreError> {
        project.prepare()?;
        let path = file(project)?;
        match Index::at(&path) {
            Ok(index) => Ok(index),
            Err(StoreError::Busy) => Err(StoreError::Busy),
            Err(error @ (StoreError::ReadOnly { .. } | StoreError::Full { .. })) => Err(error),
            Err(_) => {
                set_aside(&path)?;
                Index::at(&path)
            }
        }
    }

    fn at(path: &Path) -> Result<Index, StoreError> {
        if disk::look(path)?.is_none() {
            match disk::new_file(path) {
                // Another run makes it at this moment.
                Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
                other => drop(other?),
            }
        }
        let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, CACHE)?;
        let index = Index { db };
        index.set_up()?;
        Ok(index)
    }

    fn set_up(&self) -> Result<(), StoreError> {
        // What is lost with the power is made anew.
        self.db.pragma_update(None, "synchronous", "OFF").map_err(failed)?;
        let number =
            |name: &str| self.db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(failed);
        match (number("application_id")?, number("user_version")?) {
            (APPLICATION, SCHEMA) => {
                // A statement on each table finds a file that is not what its header says.
                let sql = "SELECT (SELECT seq FROM run_head LIMIT 1), (SELECT n FROM duration LIMIT 1)";
                self.db.query_row(sql, (), |_| Ok(())).map_err(failed)
            }
            (APPLICATION, 3) => self.transaction(|index| {
                let sql = [FROM_3, TABLES, "INSERT INTO duration SELECT * FROM former; DROP TABLE former;"]
                    .concat();
                index.db.execute_batch(&sql).map_err(failed)?;
                index.db.pragma_update(None, "user_version", SCHEMA).map_err(failed)
            }),
            (0, 0) => self.make(),
            _ => Err(StoreError::NotOurs { why: "the index has another header".to_owned() }),
        }
    }

    fn make(&self) -> Result<(), StoreError> {
        let objects: i64 =
            self.db.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0)).map_err(failed)?;
        if objects != 0 {
            return Err(StoreError::NotOurs { why: "the index has other tables".to_owned() });
        }
        let made = self
            .db
            .execute_batch("BEGIN IMMEDIATE")
            .and_then(|()| self.db.execute_batch(TABLES))
            .and_then(|()| self.db.pragma_update(None, "application_id", APPLICATION))
            .and_then(|()| self.db.pragma_update(None, "user_version", SCHEMA))
            .and_then(|()| self.db.execute_batch("COMMIT"));
        made.map_err(failed)
    }

    /// Opens the index of a project where there is one; `None` also when it cannot be used.
    pub fn existing(project: &Project) -> Option<Index> {
        let is_there = disk::look(&project.index_file()).ok()?.is_some();
        if is_there { Index::open(project).ok() } else { None }
    }

    /// Notes the head of a run and leaves what is known of its attempts.
    pub fn put_run(&self, head: &RunHead) -> Result<(), StoreError> {
        self.put_head(head)
    }

    /// Notes what there is of a run, in place of what was noted before.
    pub fn put(&self, summary: &Summary) -> Result<(), StoreError> {
        self.transaction(|index| {
            index.remove(&summary.head.id)?;
            index.put_head(&summary.head)?;
            summary.samples.iter().try_for_each(|sample| index.put_sample(&summary.head.id, sample))
        })
    }

    /// Forgets a run that was taken away.
    pub fn remove_run(&self, id: &str) -> Result<(), StoreError> {
        self.transaction(|index| index.remove(id))
    }

    fn transaction(&self, work: impl FnOnce(&Index) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.db.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
        let done = work(self);
        let ended = self.db.execute_batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).map_err(failed);
        done.and(ended)
    }

    fn remove(&self, id: &str) -> Result<(), StoreError> {
        for sql in ["DELETE FROM run_head WHERE id=?1", "DELETE FROM duration WHERE run=?1"] {
            self.db.execute(sql, [id]).map_err(failed)?;
        }
        Ok(())
    }

    fn put_head(&self, head: &RunHead) -> Result<(), StoreError> {
        let columns = (
            &head.id,
            &head.workflow,
            &head.status,
            head.started_at,
            head.ended_at,
            head.tasks.cast_signed(),
            head.seq.cast_signed(),
            &head.head[..],
        );
        let sql = "INSERT OR REPLACE INTO run_head(id, workflow, status, started_at, ended_at, tasks, seq, head) \
                   VALUES(?1,?2,?3,?4,?5,?6,?7,?8)";
        self.db.execute(sql, columns).map(|_| ()).map_err(failed)
    }

    fn put_sample(&self, run: &str, sample: &Sample) -> Result<(), StoreError> {
        let Durations { n, ok, p50_ms, p95_ms } = sample.known;
        let columns = (&sample.def, &sample.agent, run, n.cast_signed(), ok.cast_signed(), p50_ms, p95_ms);
        let sql = "INSERT INTO duration(def, agent, run, n, ok, p50_ms, p95_ms) VALUES(?1,?2,?3,?4,?5,?6,?7)";
        self.db.execute(sql, columns).map(|_| ()).map_err(failed)
    }

    /// What is noted of a run.
    pub fn run(&self, id: &str) -> Result<Option<RunHead>, StoreError> {
        Ok(self.heads("WHERE id=?1", [id])?.into_iter().next())
    }

    /// The newest `limit` runs, the newest first.
    pub fn runs(&self, limit: u32) -> Result<Vec<RunHead>, StoreError> {
        self.heads("ORDER BY started_at DESC, id DESC LIMIT ?1", [limit])
    }

    fn heads(&self, which: &'static str, params: impl rusqlite::Params) -> Result<Vec<RunHead>, StoreError> {
        let sql =
            ["SELECT id, workflow, status, started_at, ended_at, tasks, seq, head FROM run_head ", which]
                .concat();
        let mut statement = self.db.prepare(&sql).map_err(failed)?;
        let rows = statement.query_map(params, |row| {
            Ok(RunHead {
                id: row.get(0)?,
                workflow: row.get(1)?,
                status: row.get(2)?,
                started_at: row.get(3)?,
                ended_at: row.get(4)?,
                tasks: row.get::<_, i64>(5)?.cast_unsigned(),
                seq: row.get::<_, i64>(6)?.cast_unsigned(),
                head: row.get(7)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(failed)
    }

    /// Asks many questions of one state of the index, which is locked once for all of them.
    pub fn at_once<T>(&self, ask: impl FnOnce(&Index) -> T) -> T {
        // Without the lock each question takes its own.
        let begun = self.db.execute_batch("BEGIN").is_ok();
        let answer = ask(self);
        if begun {
            let _ = self.db.execute_batch("COMMIT");
        }
        answer
    }

    /// Makes the index anew from the journals. Returns the runs that
    /// could not be read, with the reason.
    pub fn rebuild(
        project: &Project,
        summarise: &mut Summarise<'_>,
    ) -> Result<Vec<(String, String)>, StoreError> {
        project.prepare()?;
        let path = file(project)?;
        if disk::look(&path)?.is_some() {
            set_aside(&path)?;
        }
        let index = Index::at(&path)?;
        let mut unreadable = Vec::new();
        for id in project.runs()? {
            let dir = RunDir::new(project, &id);
            match dir.view().and_then(|view| summarise(&dir, &view)) {
                Ok(Some(summary)) => {
                    index.put(&summary)?;
                }
                Ok(None) | Err(StoreError::NoRecord) => {}
                Err(error) => unreadable.push((id, error.to_string())),
            }
        }
        Ok(unreadable)
    }
}

/// Whether the run that an index calls running really has a runner.
pub fn is_held(dir: &RunDir) -> bool {
    RunLock::holder(dir).is_ok_and(|holder| holder.is_some())
}

fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::sqlite("use the index over runs", error, 0)
}

fn file(project: &Project) -> Result<PathBuf, StoreError> {
    let state = project.state();
    let state = state.canonicalize().map_err(|error| StoreError::at("open folder", state, error))?;
    Ok(state.join("flow.db"))
}

/// Renames what stands in the index's place; it may be somebody's. Its companions belong to it and go.
fn set_aside(path: &Path) -> Result<(), StoreError> {
    let with = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    for suffix in ["-journal", "-wal", "-shm"] {
        match std::fs::remove_file(with(suffix)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::at("remove", &with(suffix), error));
            }
            _ => {}
        }
    }
    match std::fs::rename(path, with(".bad")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::at("set the index aside", path, error))
        }
        _ => Ok(()),
    }
}
