//! The store from outside: what survives, what is found damaged, who may write.

mod damage;
mod folder;

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::time::Duration;

use flow::store::{
    self, Durability, Entry, Journal, MemoryJournal, Project, Row, RunDir, RunLock, RunStore, StoreError,
    Sync, ValueRef, kinds,
};

const NOW: i64 = 1_800_000_000_000;

/// A project in a folder of its own, and one run in it.
struct Bench {
    _temp: tempfile::TempDir,
    project: Project,
    dir: RunDir,
}

fn bench() -> Bench {
    let temp = tempfile::tempdir().unwrap();
    let project = Project::find(temp.path()).unwrap();
    let dir = project.create_run(NOW).unwrap();
    Bench { _temp: temp, project, dir }
}

fn create(dir: &RunDir, durability: Durability) -> RunStore {
    RunStore::create(dir, RunLock::acquire(dir, NOW).unwrap(), durability).unwrap()
}

fn open(dir: &RunDir) -> Result<RunStore, StoreError> {
    RunStore::open(dir, RunLock::acquire(dir, NOW)?, Durability::Power)
}

fn entry<'a>(kind: u16, task: Option<&'a str>, body: &'a [u8]) -> Entry<'a> {
    let has = |kinds: &[u16]| kinds.contains(&kind).then_some(0);
    Entry {
        at: NOW,
        mono: 7,
        kind,
        task,
        generation: has(&[kinds::TASK_SETTLED, kinds::ATTEMPT_STARTED]),
        attempt: has(&[kinds::ATTEMPT_STARTED]).map(|n: u32| n + 1),
        tries: has(&[kinds::ATTEMPT_STARTED]),
        body,
    }
}

fn settled(task: &str) -> Entry<'_> {
    entry(kinds::TASK_SETTLED, Some(task), b"{\"status\":\"succeeded\"}")
}

/// Commits `count` turns of two rows; task names begin with `name`.
fn fill(store: &mut RunStore, name: &str, count: usize) {
    for n in 0..count {
        let task = format!("{name}[{n}]");
        let body = format!("{{\"n\":{n},\"text\":\"{}\"}}", "x".repeat(n % 90));
        let began = entry(kinds::ATTEMPT_STARTED, Some(&task), body.as_bytes());
        store.commit(&[began, settled(&task)], Sync::Now).unwrap();
    }
}

/// Everything that a replay gives, as text, and how it ended.
fn all(
    replay: impl FnOnce(&mut store::OnRow<'_>) -> Result<store::Head, StoreError>,
) -> (Vec<String>, Result<u64, StoreError>) {
    let mut rows = Vec::new();
    let end = replay(&mut |row: &Row<'_>| {
        rows.push(format!("{row:?}"));
        ControlFlow::Continue(())
    });
    (rows, end.map(|head| head.seq))
}

fn rows_of(dir: &RunDir) -> (Vec<String>, Result<u64, StoreError>) {
    match dir.view() {
        Ok(view) => all(|each| view.replay(0, each)),
        Err(error) => (Vec::new(), Err(error)),
    }
}

/// A run that is closed, with its rows.
fn closed_run() -> (Bench, Vec<String>) {
    let bench = bench();
    let mut store = create(&bench.dir, Durability::Process);
    fill(&mut store, "a", 40);
    store.commit(&[entry(kinds::RUN_ENDED, None, b"{}")], Sync::Now).unwrap();
    drop(store.close().unwrap());
    let (rows, end) = rows_of(&bench.dir);
    assert_eq!(end.unwrap(), 81);
    (bench, rows)
}

#[test]
fn what_is_committed_is_there_after_the_process() {
    for durability in [Durability::Power, Durability::Process] {
        let bench = bench();
        let mut store = create(&bench.dir, durability);
        assert_eq!((store.head().seq, store.epoch()), (0, 1));
        fill(&mut store, "a", 20);
        let (before, _) = all(|each| store.replay(0, each));
        drop(store); // no orderly end: as after kill -9
        let mut store = open(&bench.dir).unwrap();
        assert_eq!((store.head().seq, store.epoch()), (40, 2));
        assert_eq!(all(|each| store.replay(0, each)).0, before);
        assert_eq!(all(|each| store.replay(38, each)).0, before[38..]);
        assert_eq!(store.row(5, |row| format!("{row:?}")).unwrap(), before[4]);
        assert!(store.row(41, |_| ()).is_err() && store.row(0, |_| ()).is_err());
        fill(&mut store, "b", 1);
        let epochs = store.row(41, |row| row.epoch).unwrap();
        assert_eq!(epochs, 2);
        store.note_head().unwrap();
        drop(store.close().unwrap());
        assert_eq!(rows_of(&bench.dir).1.unwrap(), 42);
        assert!(store::check(&bench.dir).unwrap().is_good());
    }
}

#[test]
fn the_memory_journal_makes_the_same_chain() {
    let bench = bench();
    let mut disk = create(&bench.dir, Durability::Process);
    let mut memory = MemoryJournal::new(bench.dir.id());
    fill(&mut disk, "a", 3);
    let mut entries = Vec::new();
    disk.replay(0, &mut |row| {
        let body: Vec<u8> = row.body.to_vec();
        entries.push((row.kind, row.task.map(str::to_owned), row.generation, row.attempt, row.tries, body));
        ControlFlow::Continue(())
    })
    .unwrap();
    for (kind, task, generation, attempt, tries, body) in &entries {
        let task = task.as_deref();
        let one =
            Entry { generation: *generation, attempt: *attempt, tries: *tries, ..entry(*kind, task, body) };
        memory.commit(&[one], &[], Sync::Now).unwrap();
    }
    assert_eq!(memory.head(), disk.head());
    assert!(matches!(memory.commit(&[settled("a[0]")], &[], Sync::Now), Err(StoreError::Duplicate { .. })));
}

#[test]
fn what_may_stand_once_stands_once_and_the_turn_is_all_or_nothing() {
    let bench = bench();
    let mut store = create(&bench.dir, Durability::Process);
    fill(&mut store, "a", 2);
    let turn = [entry(kinds::WAVE_CLOSED, None, b"{}"), settled("a[1]")];
    assert!(matches!(store.commit(&turn, Sync::Now), Err(StoreError::Duplicate { .. })));
    let again = entry(kinds::ATTEMPT_STARTED, Some("a[0]"), b"{}");
    assert!(matches!(store.commit(&[again], Sync::Now), Err(StoreError::Duplicate { .. })));
    assert_eq!(store.head().seq, 4);
    let next_try = Entry { tries: Some(1), ..again };
    let next_generation = Entry { generation: Some(1), ..settled("a[1]") };
    let done = store.commit(&[next_try, next_generation], Sync::Now).unwrap();
    assert_eq!((done.first, done.last), (5, 6));
    let headless = Entry { generation: None, ..settled("z") };
    assert!(matches!(store.commit(&[headless], Sync::Now), Err(StoreError::BadEntry { .. })));
    assert_eq!(all(|each| store.replay(0, each)).1.unwrap(), 6);
}

#[test]
fn an_owner_that_was_replaced_writes_nothing() {
    let bench = bench();
    let mut store = create(&bench.dir, Durability::Process);
    fill(&mut store, "a", 2);
    let other = rusqlite::Connection::open(bench.dir.path().join("run.db")).unwrap();
    other.execute("UPDATE run SET epoch=epoch+1", ()).unwrap();
    let error = store.commit(&[settled("b")], Sync::Now).unwrap_err();
    assert!(matches!(error, StoreError::Fenced), "{error}");
    assert_eq!(error.exit_code(), 4);
    assert_eq!(rows_of(&bench.dir).1.unwrap(), 4);
}

#[test]
fn the_journal_refuses_to_be_changed() {
    let bench = bench();
    fill(&mut create(&bench.dir, Durability::Process), "a", 2);
    let other = rusqlite::Connection::open(bench.dir.path().join("run.db")).unwrap();
    assert!(other.execute("DELETE FROM event WHERE seq=4", ()).is_err());
    assert!(other.execute("UPDATE event SET at=1 WHERE seq=4", ()).is_err());
}

#[test]
fn values_stand_where_their_size_puts_them_and_are_verified() {
    let bench = bench();
    let mut store = create(&bench.dir, Durability::Power);
    let sizes = [0, 1, 512, 513, 65_536, 65_537, 300_000];
    let bytes = |size: usize| (0..size).map(|n| u8::try_from(n * 7 % 251).unwrap()).collect::<Vec<u8>>();
    let mut refs = Vec::new();
    for size in sizes {
        let value = store.put_value(&bytes(size)).unwrap();
        assert_eq!((value.len(), value.hash()), (size as u64, *blake3::hash(&bytes(size)).as_bytes()));
        assert_eq!(store.value(&value).unwrap(), bytes(size));
        let body = serde_json::to_vec(&value).unwrap();
        store.commit(&[entry(kinds::ATTEMPT_ENDED, Some("a"), &body)], Sync::Now).unwrap();
        refs.push(value);
    }
    assert!(matches!(
        (&refs[2], &refs[3], &refs[5]),
        (ValueRef::Inline(_), ValueRef::Kept { .. }, ValueRef::Blob { .. })
    ));
    assert_eq!(fs::read_dir(bench.dir.blobs()).unwrap().count(), 2);
    let file = bench.dir.outputs().join("stdout");
    fs::write(&file, bytes(300_000)).unwrap();
    assert_eq!(store.put_file(&file).unwrap(), refs[6]);
    assert!(file.exists(), "it goes when the value is recorded");
    drop(store);
    let store = open(&bench.dir).unwrap();
    for (value, size) in refs.iter().zip(sizes) {
        assert_eq!(store.value(value).unwrap(), bytes(size));
    }
    assert!(store::check(&bench.dir).unwrap().is_good());
    let blob = bench.dir.blobs().join(store::hex(&refs[6].hash()));
    File::options().write(true).open(&blob).unwrap().write_all_at(b"!", 1000).unwrap();
    assert!(matches!(store.value(&refs[6]), Err(StoreError::Damaged { .. })));
    fs::remove_file(&blob).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &blob).unwrap();
    assert!(store.value(&refs[6]).is_err());
    assert_eq!(store::check(&bench.dir).unwrap().lost_values, [store::hex(&refs[6].hash())]);
}

#[test]
fn a_blob_that_a_crash_left_empty_is_made_again() {
    let bench = bench();
    let mut store = create(&bench.dir, Durability::Process);
    let bytes = vec![9; 100_000];
    let name = store::hex(blake3::hash(&bytes).as_bytes());
    fs::write(bench.dir.blobs().join(&name), b"").unwrap();
    let value = store.put_value(&bytes).unwrap();
    assert_eq!(store.value(&value).unwrap(), bytes);
}

#[test]
fn viewers_read_while_the_owner_writes_and_change_nothing() {
    let bench = bench();
    let mut store = create(&bench.dir, Durability::Process);
    fill(&mut store, "a", 3);
    let view = bench.dir.view().unwrap();
    let mut at = 0;
    let mut seen = 0;
    for round in 0..5 {
        let head = view
            .replay(at, &mut |_| {
                seen += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        at = head.seq;
        assert_eq!(head, store.head());
        fill(&mut store, &format!("r{round}"), 2);
    }
    assert_eq!(seen, 22);
    assert!(!view.has_ended().unwrap());
    drop(view);
    let wal = fs::metadata(bench.dir.path().join("run.db-wal")).unwrap().len();
    assert!(wal > 0, "a viewer folded the log back");
    fill(&mut store, "z", 1);
}

#[test]
fn a_run_in_a_folder_that_cannot_be_written_can_be_read() {
    let (bench, rows) = closed_run();
    for name in ["run.db-shm", "run.db-wal"] {
        let _ = fs::remove_file(bench.dir.path().join(name));
    }
    fs::set_permissions(bench.dir.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let got = rows_of(&bench.dir);
    fs::set_permissions(bench.dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(got.0, rows);
}

#[test]
fn many_rows_go_in_fast_and_the_log_stays_short() {
    let bench = bench();
    let mut store = create(&bench.dir, Durability::Process);
    let names: Vec<String> = (0..40_000).map(|n| format!("item[{n}]")).collect();
    let begun = std::time::Instant::now();
    for turn in names.chunks(64) {
        let entries: Vec<Entry<'_>> = turn.iter().map(|name| settled(name)).collect();
        store.commit(&entries, Sync::Now).unwrap();
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    let wal = fs::metadata(bench.dir.path().join("run.db-wal")).unwrap().len();
    assert!(wal < 12 << 20, "{wal}");
    assert_eq!(all(|each| store.replay(0, each)).1.unwrap(), 40_000);
}
