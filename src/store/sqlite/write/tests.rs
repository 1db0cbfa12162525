//! What only the inside of the owner's journal shows: full disks, sync levels, the length of the log.

use super::log::WAL_PAGES;
use super::*;

const OPTIONS: OwnerOptions = OwnerOptions { durability: Durability::Power, exclusive: false };

fn entry(body: &[u8]) -> Entry<'_> {
    Entry {
        at: 1,
        mono: 1,
        kind: kinds::LOSS_NOTED,
        task: None,
        generation: None,
        attempt: None,
        tries: None,
        body,
    }
}

#[test]
fn a_full_disk_loses_nothing_and_the_turn_can_be_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::create(dir.path(), "r", OPTIONS).unwrap();
    journal.commit(&[entry(b"{}")], &[], Sync::Now).unwrap();
    let pages: i64 = journal.db.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let limit = |journal: &SqliteJournal, pages: i64| {
        journal.db.query_row(&format!("PRAGMA max_page_count={pages}"), (), |_| Ok(())).unwrap();
    };
    limit(&journal, pages);
    let large = vec![b' '; 20_000];
    let error = journal.commit(&[entry(b"{}"), entry(&large)], &[], Sync::Now).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert_eq!((error.exit_code(), journal.head().seq), (6, 1));
    limit(&journal, 1000);
    let done = journal.commit(&[entry(b"{}"), entry(&large)], &[], Sync::Now).unwrap();
    assert_eq!((done.first, done.last), (2, 3));
    assert_eq!(journal.replay(0, &mut |_| ControlFlow::Continue(())).unwrap(), journal.head());
}

#[test]
fn an_exclusive_journal_works_without_shared_memory_and_without_viewers() {
    let dir = tempfile::tempdir().unwrap();
    let options = OwnerOptions { exclusive: true, ..OPTIONS };
    let mut journal = SqliteJournal::create(dir.path(), "r", options).unwrap();
    journal.commit(&[entry(b"{}")], &[], Sync::Now).unwrap();
    assert!(!dir.path().join("run.db-shm").exists());
    assert!(matches!(super::super::View::open(dir.path(), "r"), Err(StoreError::Busy)));
    Box::new(journal).close().unwrap();
    let journal = SqliteJournal::open(dir.path(), "r", options).unwrap();
    assert_eq!(journal.head().seq, 1);
}

#[test]
fn the_log_is_grown_ahead_and_no_trace_of_that_is_in_the_record() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::create(dir.path(), "r", OPTIONS).unwrap();
    let wal = dir.path().join("run.db-wal");
    let length = || std::fs::metadata(&wal).unwrap().len();
    let first = length();
    assert!(first >= FIRST_GROWTH, "{first}");
    journal.settle().unwrap();
    for _ in 0..10 {
        journal.commit(&[entry(b"{}")], &[], Sync::Now).unwrap();
    }
    assert_eq!(length(), first);
    for _ in 0..600 {
        journal.commit(&[entry(b"{}")], &[], Sync::Later).unwrap();
    }
    // What is folded back at that length, what is grown ahead beside it, and what came before its length was looked at again.
    let limit = u64::try_from(3 * WAL_PAGES * PAGE).unwrap();
    assert!(length() > first && length() < limit, "{}", length());
    let values: i64 = journal.db.query_row("SELECT count(*) FROM value", (), |row| row.get(0)).unwrap();
    let free: i64 = journal.db.pragma_query_value(None, "freelist_count", |row| row.get(0)).unwrap();
    assert_eq!((values, free), (0, 0));
    Box::new(journal).close().unwrap();
    assert_eq!(length(), 0);
}

#[test]
fn the_sync_level_follows_the_commit() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::create(dir.path(), "r", OPTIONS).unwrap();
    let level = |journal: &SqliteJournal| -> i64 {
        journal.db.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap()
    };
    for (sync, expected) in [(Sync::Later, 1), (Sync::Now, 2), (Sync::Later, 1)] {
        journal.commit(&[entry(b"{}")], &[], sync).unwrap();
        assert_eq!(level(&journal), expected);
    }
}
