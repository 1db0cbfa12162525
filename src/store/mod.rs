//! Durable memory: what a run has done and found out survives the death of its process, or the loss of power.
//!
//! # What it is
//! A run is a folder `.flow/runs/RUN/` with an append-only journal (`run.db`, SQLite), values that are too large for it
//! (`blobs/`), room for outputs (`out/`), messages of people (`inbox/`), a copy of the journal's head (`head`) and the lock of
//! its one runner (`lock`). The store takes rows and bytes and gives them back; it knows neither plan nor state machine: a
//! row is some columns and a JSON body that it does not read.
//!
//! # A run from its beginning
//! ```
//! # use flow::store::{*, kinds};
//! # fn main() -> Result<(), StoreError> {
//! # let temp = std::env::temp_dir().join(format!("flow-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&temp).map_err(|_| StoreError::NoRecord)?;
//! # let folder = temp.as_path();
//! # let now = 1_800_000_000_000;
//! let project = Project::find(folder)?;                       // nearest flow.toml upward, else the folder
//! let dir = project.create_run(now)?;
//! let lock = RunLock::acquire(&dir, now)?;                    // the warden; the runner: RunLock::inherited
//! let mut store = RunStore::create(&dir, lock, Durability::Power)?;
//! let value = store.put_value(b"{\"answer\":42}")?;           // ValueRef: small ones inline, large ones in a file
//! let body = serde_json::to_vec(&value).unwrap_or_default();
//! let settled = Entry {
//!     at: now, mono: 12, kind: kinds::TASK_SETTLED, task: Some("build"), generation: Some(0),
//!     attempt: None, tries: None, body: &body,
//! };
//! let done = store.commit(&[settled], Sync::Now)?;            // one transaction a turn of the loop
//! store.settle()?;                                             // after this, or a Sync::Now, dir.id() may be shown
//! assert_eq!((done.first, done.last), (1, 1));
//! store.note_head()?;                                          // after each closed wave
//! drop(store.close()?);                                        // gives the lock back
//!
//! let lock = RunLock::acquire(&dir, now)?;                    // resume
//! let store = RunStore::open(&dir, lock, Durability::Power)?;
//! store.replay(0, &mut |row| {                                // verified, in constant memory
//!     assert_eq!(row.task, Some("build"));
//!     std::ops::ControlFlow::Continue(())
//! })?;
//! # drop(store);
//! # std::fs::remove_dir_all(&temp).map_err(|_| StoreError::NoRecord)?;
//! # Ok(()) }
//! ```
//!
//! # Promises
//! - A commit is all or nothing; with [`Sync::Now`] under [`Durability::Power`] it is on the disk when it returns.
//! - A task settles once a generation; an attempt begins once a try. Who writes sees to it (the scheduler refuses the second);
//!   [`check`] finds where it was not so, and what is built for tests refuses it too ([`StoreError::Duplicate`]).
//! - A row that is not what was written is found at replay ([`StoreError::Damaged`] names the last good one), a cut tail at
//!   opening, a changed value when it is read.
//! - One owner: the kernel's lock, and a session number that every commit checks ([`StoreError::Fenced`]).
//! - Nothing that was planted in the folder beforehand (links, pipes, triggers, other files) is followed or run.
//! - The hashes find accidents and naive edits; whoever may write the folder can make a new chain.

mod disk;
mod error;
mod fork;
mod fsck;
mod gc;
mod head;
mod inbox;
mod index;
mod journal;
pub mod kinds;
mod lock;
mod memory;
mod once;
mod project;
mod row;
mod run_id;
mod run_store;
mod sqlite;
mod values;

pub use error::StoreError;
pub use fork::fork;
pub use fsck::{Repaired, Report, check, repair};
pub use gc::{GcReport, GcRules, gc};
pub use head::HeadCheck;
pub use inbox::{MAX_MESSAGE, Message, Messages, put_message, remove_message, take_messages};
pub use index::{Durations, Index, RunHead, Sample, Summarise, Summary, is_held};
pub use journal::{Committed, Durability, Journal, OnRow, Sync};
pub use lock::{LockHolder, LockProcess, RunLock, boot_id, host, start_of};
pub use memory::MemoryJournal;
pub use project::{PROJECT_FILE, Project, RunDir};
pub use row::{Entry, GENESIS, Hash, Head, Row, hex, unhex};
pub use run_store::RunStore;
pub use sqlite::{SqliteJournal, View};
pub use values::ValueRef;

/// The schema of journals that this version writes.
pub const SCHEMA: i64 = 3;

/// Largest body of an event, in bytes.
pub const MAX_BODY: usize = 128 << 20;

/// Largest value that rides in the event that names it, in bytes.
pub const MAX_INLINE: usize = 512;

/// Largest value that is kept in the journal's table, in bytes.
pub const MAX_KEPT: usize = 64 << 10;
