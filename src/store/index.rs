//! The index over a project's runs: heads for lists, durations for estimates, results to use again. All of it is derived:
//! when it is damaged or missing it is made anew, and no run ever fails for it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::StoreError;
use super::project::{Project, RunDir};
use super::row::Hash;
use super::sqlite::{View, connect};
use super::{RunLock, disk};

/// `FLOX`: what tells an index from a journal.
const APPLICATION: i64 = 0x464C_4F58;
const SCHEMA: i64 = 1;

/// Page cache, in KiB.
const CACHE: i64 = 256;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS run_head(id TEXT PRIMARY KEY, workflow TEXT NOT NULL, status TEXT NOT NULL,
  started_at INTEGER NOT NULL, ended_at INTEGER, seq INTEGER NOT NULL, head BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS duration(def TEXT NOT NULL, agent TEXT NOT NULL, n INTEGER NOT NULL, mean_ms REAL NOT NULL,
  p95_ms REAL NOT NULL, ok INTEGER NOT NULL, PRIMARY KEY(def, agent)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cache(key BLOB PRIMARY KEY, value BLOB NOT NULL, run TEXT NOT NULL) STRICT, WITHOUT ROWID;";

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
    /// Number and hash of its last event.
    pub seq: u64,
    pub head: Hash,
}

/// How long one attempt took, by the definition of its task and the agent that did it (empty: none).
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub def: String,
    pub agent: String,
    pub ms: f64,
    pub ok: bool,
}

/// What is known of the attempts at one definition by one agent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Durations {
    /// Number of attempts.
    pub n: u64,
    /// Those that succeeded.
    pub ok: u64,
    pub mean_ms: f64,
    /// Nearly the 95th percentile: exact within a run, averaged by number over runs.
    pub p95_ms: f64,
}

/// What a rebuild takes from one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub head: RunHead,
    pub samples: Vec<Sample>,
}

/// A result and the run that it is from.
pub type Cached = (Vec<u8>, String);

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
                self.db
                    .query_row(
                        "SELECT (SELECT max(seq) FROM run_head), (SELECT max(n) FROM duration), \
                         (SELECT count(*) FROM cache WHERE key=x'00')",
                        (),
                        |_| Ok(()),
                    )
                    .map_err(failed)
            }
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

    /// Notes the head of a run, at its start and at its end.
    pub fn put_run(&self, head: &RunHead) -> Result<(), StoreError> {
        let columns = (
            &head.id,
            &head.workflow,
            &head.status,
            head.started_at,
            head.ended_at,
            head.seq.cast_signed(),
            &head.head[..],
        );
        let sql = "INSERT OR REPLACE INTO run_head(id, workflow, status, started_at, ended_at, seq, head) \
                   VALUES(?1,?2,?3,?4,?5,?6,?7)";
        self.db.execute(sql, columns).map(|_| ()).map_err(failed)
    }

    /// Forgets a run that was taken away.
    pub fn remove_run(&self, id: &str) -> Result<(), StoreError> {
        self.db.execute("DELETE FROM run_head WHERE id=?1", [id]).map(|_| ()).map_err(failed)
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
            ["SELECT id, workflow, status, started_at, ended_at, seq, head FROM run_head ", which].concat();
        let mut statement = self.db.prepare(&sql).map_err(failed)?;
        let rows = statement.query_map(params, |row| {
            Ok(RunHead {
                id: row.get(0)?,
                workflow: row.get(1)?,
                status: row.get(2)?,
                started_at: row.get(3)?,
                ended_at: row.get(4)?,
                seq: row.get::<_, i64>(5)?.cast_unsigned(),
                head: row.get(6)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(failed)
    }

    /// Adds the attempts of a run to what is known of durations, in one transaction.
    pub fn add_samples(&self, samples: &[Sample]) -> Result<(), StoreError> {
        let mut groups: std::collections::BTreeMap<(&str, &str), Vec<&Sample>> =
            std::collections::BTreeMap::new();
        for sample in samples {
            groups.entry((&sample.def, &sample.agent)).or_default().push(sample);
        }
        if groups.is_empty() {
            return Ok(());
        }
        self.db.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
        let added =
            groups.into_iter().try_for_each(|((def, agent), group)| self.add_group(def, agent, &group));
        let ended = self.db.execute_batch(if added.is_ok() { "COMMIT" } else { "ROLLBACK" }).map_err(failed);
        added.and(ended)
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of attempts are far below 2^52")]
    fn add_group(&self, def: &str, agent: &str, group: &[&Sample]) -> Result<(), StoreError> {
        let mut times: Vec<f64> = group.iter().map(|sample| sample.ms).collect();
        times.sort_unstable_by(f64::total_cmp);
        let p95 = times[(times.len() * 95).div_ceil(100).max(1) - 1];
        let (n, sum) = (times.len() as u64, times.iter().sum::<f64>());
        let ok = group.iter().filter(|sample| sample.ok).count() as u64;
        let known =
            self.durations(def, agent)?.unwrap_or(Durations { n: 0, ok: 0, mean_ms: 0.0, p95_ms: 0.0 });
        let total = known.n + n;
        let (old, new, all) = (known.n as f64, n as f64, total as f64);
        let mean = (known.mean_ms * old + sum) / all;
        let p95 = (known.p95_ms * old + p95 * new) / all;
        let columns = (def, agent, total.cast_signed(), mean, p95, (known.ok + ok).cast_signed());
        let sql =
            "INSERT OR REPLACE INTO duration(def, agent, n, mean_ms, p95_ms, ok) VALUES(?1,?2,?3,?4,?5,?6)";
        self.db.execute(sql, columns).map(|_| ()).map_err(failed)
    }

    /// What is known of the attempts at a definition by an agent.
    pub fn durations(&self, def: &str, agent: &str) -> Result<Option<Durations>, StoreError> {
        let sql = "SELECT n, ok, mean_ms, p95_ms FROM duration WHERE def=?1 AND agent=?2";
        let read = self.db.prepare_cached(sql).and_then(|mut statement| {
            let row = statement.query_row((def, agent), |row| {
                let (n, ok) = (row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned());
                Ok(Durations { n, ok, mean_ms: row.get(2)?, p95_ms: row.get(3)? })
            });
            row.optional()
        });
        read.map_err(failed)
    }

    /// Keeps a result under a key for other runs.
    pub fn put_cached(&self, key: &Hash, value: &[u8], run: &str) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO cache(key, value, run) VALUES(?1,?2,?3)";
        self.db.execute(sql, (&key[..], value, run)).map(|_| ()).map_err(failed)
    }

    /// The result under a key.
    pub fn cached(&self, key: &Hash) -> Result<Option<Cached>, StoreError> {
        let sql = "SELECT value, run FROM cache WHERE key=?1";
        self.db.query_row(sql, [&key[..]], |row| Ok((row.get(0)?, row.get(1)?))).optional().map_err(failed)
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
        // The oldest first, as the runs have added to it.
        for id in project.runs()?.into_iter().rev() {
            let dir = RunDir::new(project, &id);
            match dir.view().and_then(|view| summarise(&dir, &view)) {
                Ok(Some(summary)) => {
                    index.put_run(&summary.head)?;
                    index.add_samples(&summary.samples)?;
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
