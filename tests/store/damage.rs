//! Records that are not what was written: each is found, none gives other rows than were recorded.

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::Path;

use flow::store::{self, Durability, HeadCheck, RunLock, StoreError, Sync, kinds};

use super::{NOW, all, bench, closed_run, create, entry, fill, open, rows_of, settled};

#[test]
fn a_torn_log_gives_the_commits_before_it() {
    let bench = bench();
    let mut store = create(&bench.dir, Durability::Process);
    let wal = bench.dir.path().join("run.db-wal");
    let length = |path: &Path| fs::metadata(path).unwrap().len();
    let mut ends = vec![(length(&wal), 0)];
    for n in 0..12 {
        let task = format!("t[{n}]");
        store.commit(&[settled(&task), entry(kinds::WAVE_CLOSED, None, b"{}")], Sync::Now).unwrap();
        ends.push((length(&wal), store.head().seq));
    }
    let image = (fs::read(bench.dir.path().join("run.db")).unwrap(), fs::read(&wal).unwrap());
    drop(store);
    let from = usize::try_from(ends[0].0).unwrap();
    for cut in (from..=image.1.len()).step_by(1013) {
        for torn in [false, true] {
            let other = self::bench();
            let dir = other.dir.path();
            fs::write(dir.join("run.db"), &image.0).unwrap();
            let mut log = image.1[..cut].to_vec();
            if torn {
                log.resize(image.1.len(), 0xA5);
            }
            fs::write(dir.join("run.db-wal"), log).unwrap();
            let expected = ends.iter().rev().find(|(end, _)| *end <= cut as u64).unwrap().1;
            let view = store::View::open(dir, bench.dir.id()).unwrap();
            let (rows, end) = all(|each| view.replay(0, each));
            assert_eq!((rows.len() as u64, end.unwrap()), (expected, expected), "cut at {cut}");
        }
    }
}

#[test]
fn no_flipped_bit_gives_another_row() {
    let (bench, rows) = closed_run();
    let path = bench.dir.path().join("run.db");
    let image = fs::read(&path).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    let mut random = fastrand::Rng::with_seed(27);
    let (mut found, mut harmless) = (0, 0);
    for _ in 0..1500 {
        let at = random.usize(..image.len());
        file.write_all_at(&[image[at] ^ (1 << random.u32(..8))], at as u64).unwrap();
        let (got, end) = rows_of(&bench.dir);
        assert!(got.len() <= rows.len() && got[..] == rows[..got.len()], "a flip at {at} changed a row");
        match end {
            Ok(seq) => {
                assert_eq!((seq, got.len()), (81, 81), "a flip at {at} cut the rows silently");
                harmless += 1;
            }
            Err(error) => {
                assert!(matches!(error.exit_code(), 5 | 6 | 2), "{error}");
                if let StoreError::Damaged { last_good_seq, .. } = error {
                    assert!(last_good_seq <= 81);
                }
                found += 1;
            }
        }
        file.write_all_at(&image[at..=at], at as u64).unwrap();
    }
    assert!(found > 300 && harmless > 0, "{found} {harmless}");
    assert_eq!(rows_of(&bench.dir).0, rows);
}

/// Flips every byte of the stored content of some rows: each must be found.
#[test]
fn every_flip_in_the_content_of_a_row_is_found() {
    let (bench, _) = closed_run();
    let path = bench.dir.path().join("run.db");
    let image = fs::read(&path).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    let mut tried = 0;
    for n in [3, 20, 39] {
        // A body is stored as it is, with the row's hash after it.
        let body = format!("{{\"n\":{n},\"text\":\"{}\"}}", "x".repeat(n % 90));
        let places: Vec<usize> =
            (0..image.len() - body.len()).filter(|at| image[*at..].starts_with(body.as_bytes())).collect();
        // A page that was split keeps a dead copy of what moved away.
        let live = places.iter().filter(|at| {
            file.write_all_at(b"!", **at as u64).unwrap();
            let found = rows_of(&bench.dir).1.is_err();
            file.write_all_at(b"{", **at as u64).unwrap();
            found
        });
        let [at] = live.collect::<Vec<_>>()[..] else {
            panic!("row {n} stands in none or two of {places:?}")
        };
        let at = *at;
        for offset in at..at + body.len() + 32 {
            let bit = 1 << (offset % 8);
            file.write_all_at(&[image[offset] ^ bit], offset as u64).unwrap();
            let error = rows_of(&bench.dir).1.unwrap_err();
            assert_eq!(error.exit_code(), 5, "{error}");
            file.write_all_at(&image[offset..=offset], offset as u64).unwrap();
            tried += 1;
        }
    }
    assert!(tried > 150);
}

#[test]
fn a_truncated_file_never_gives_less_without_saying_so() {
    let (bench, rows) = closed_run();
    let path = bench.dir.path().join("run.db");
    let image = fs::read(&path).unwrap();
    let mut random = fastrand::Rng::with_seed(9);
    let pages = (0..image.len()).step_by(4096);
    for length in pages.chain((0..200).map(|_| random.usize(..image.len()))).collect::<Vec<_>>() {
        fs::write(&path, &image[..length]).unwrap();
        let (got, end) = rows_of(&bench.dir);
        assert!(end.is_err(), "{length} of {} bytes", image.len());
        assert_eq!(got[..], rows[..got.len()]);
        assert!(open(&bench.dir).and_then(|store| all(|each| store.replay(0, each)).1).is_err());
    }
}

#[test]
fn a_cut_tail_is_found_by_the_copied_head() {
    let bench = bench();
    let mut store = create(&bench.dir, Durability::Power);
    fill(&mut store, "a", 5);
    drop(store.close().unwrap());
    let path = bench.dir.path().join("run.db");
    let early = fs::read(&path).unwrap();
    let mut store = open(&bench.dir).unwrap();
    fill(&mut store, "b", 5);
    drop(store.close().unwrap());
    fs::write(&path, early).unwrap();
    let error = open(&bench.dir).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { last_good_seq: 10, .. }), "{error}");
    let report = store::check(&bench.dir).unwrap();
    assert_eq!(report.head, HeadCheck::Cut { noted: 20, found: 10 });
    assert!(!report.is_good());
    // Saved on purpose, it opens again.
    let lock = RunLock::acquire(&bench.dir, NOW).unwrap();
    let repaired = store::repair(&bench.dir, &lock).unwrap().unwrap();
    assert_eq!(repaired.kept, 10);
    drop(lock);
    assert_eq!(open(&bench.dir).unwrap().head().seq, 10);
}

#[test]
fn a_repair_saves_the_good_prefix_and_keeps_the_original() {
    let (bench, rows) = closed_run();
    let path = bench.dir.path().join("run.db");
    let mut image = fs::read(&path).unwrap();
    let at = image.windows(7).position(|window| window == b"{\"n\":25").unwrap();
    image[at + 5] ^= 1;
    fs::write(&path, &image).unwrap();
    let lock = RunLock::acquire(&bench.dir, NOW).unwrap();
    let repaired = store::repair(&bench.dir, &lock).unwrap().unwrap();
    assert_eq!(repaired.kept, 50);
    assert_eq!(fs::read(repaired.original.join("run.db")).unwrap(), image);
    assert_eq!(rows_of(&bench.dir).0, rows[..50]);
    assert!(store::check(&bench.dir).unwrap().is_good());
    assert!(store::repair(&bench.dir, &lock).unwrap().is_none());
    drop(lock);
    let mut store = open(&bench.dir).unwrap();
    assert_eq!(store.epoch(), 2);
    fill(&mut store, "again", 1);
}

#[test]
fn replaced_and_removed_files_are_noticed_while_open() {
    type Harm = fn(&Path);
    let harms: [Harm; 4] = [
        |dir| fs::rename(dir.join("run.db"), dir.join("away")).unwrap(),
        |dir| {
            fs::copy(dir.join("run.db"), dir.join("copy")).unwrap();
            fs::rename(dir.join("copy"), dir.join("run.db")).unwrap();
        },
        |dir| fs::remove_file(dir.join("run.db-wal")).unwrap(),
        |dir| fs::rename(dir, dir.with_file_name("moved")).unwrap(),
    ];
    for harm in harms {
        let bench = bench();
        let mut store = create(&bench.dir, Durability::Process);
        fill(&mut store, "a", 2);
        harm(bench.dir.path());
        // So long they are taken for the same without a look.
        std::thread::sleep(std::time::Duration::from_millis(25));
        let error = store.commit(&[settled("b")], Sync::Now).unwrap_err();
        assert_eq!(error.exit_code(), 5, "{error}");
        assert!(matches!(store.commit(&[settled("c")], Sync::Now), Err(StoreError::Poisoned { .. })));
    }
}

#[test]
fn the_log_of_another_run_is_refused() {
    let (one, two) = (bench(), bench());
    let mut first = create(&one.dir, Durability::Process);
    fill(&mut first, "a", 3);
    drop(first.close().unwrap());
    let mut second = create(&two.dir, Durability::Process);
    fill(&mut second, "b", 4);
    drop(second);
    fs::copy(two.dir.path().join("run.db-wal"), one.dir.path().join("run.db-wal")).unwrap();
    let before = fs::read(one.dir.path().join("run.db")).unwrap();
    assert_eq!(open(&one.dir).unwrap_err().exit_code(), 5);
    assert_eq!(fs::read(one.dir.path().join("run.db")).unwrap(), before);
    // The whole journal of another run has a good chain, but not this run's.
    fs::remove_file(one.dir.path().join("run.db-wal")).unwrap();
    fs::write(two.dir.path().join("run.db"), before).unwrap();
    fs::remove_file(two.dir.path().join("run.db-wal")).unwrap();
    let error = open(&two.dir).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { last_good_seq: 0, .. }), "{error}");
}

#[test]
fn files_that_are_no_journals_are_refused() {
    let sqlite = |sql: &str| {
        let temp = tempfile::NamedTempFile::new().unwrap();
        rusqlite::Connection::open(temp.path()).unwrap().execute_batch(sql).unwrap();
        fs::read(temp.path()).unwrap()
    };
    let (good, _) = closed_run();
    let with = |sql: &str| {
        let temp = tempfile::NamedTempFile::new().unwrap();
        fs::copy(good.dir.path().join("run.db"), temp.path()).unwrap();
        let db = rusqlite::Connection::open(temp.path()).unwrap();
        db.execute_batch("PRAGMA journal_mode=DELETE").unwrap();
        db.execute_batch(sql).unwrap();
        drop(db);
        fs::read(temp.path()).unwrap()
    };
    let cases: Vec<(&str, Vec<u8>, u8)> = vec![
        ("text", b"hello, I am no database at all, but a longer text\n".repeat(40), 5),
        ("nothing", Vec::new(), 2),
        ("zeros", vec![0; 8192], 5),
        ("other", sqlite("CREATE TABLE t(x); INSERT INTO t VALUES(1)"), 5),
        ("other id", sqlite("PRAGMA application_id=5; CREATE TABLE event(seq)"), 5),
        ("trigger", with("CREATE TRIGGER evil AFTER INSERT ON event BEGIN UPDATE run SET epoch=7; END"), 5),
        ("view", with("DROP TABLE value; CREATE VIEW value AS SELECT 1"), 5),
        ("column", with("ALTER TABLE run ADD COLUMN z INTEGER AS (seq)"), 5),
        ("fewer", with("DROP TRIGGER event_kept"), 5),
        ("newer", with("PRAGMA user_version=4"), 5),
        ("older", with("PRAGMA user_version=0"), 5),
        ("head", with("UPDATE run SET seq=9223372036854775807"), 5),
        ("negative", with("UPDATE run SET seq=-1"), 5),
        ("headless", with("DELETE FROM run"), 5),
    ];
    for (name, bytes, code) in cases {
        let bench = bench();
        // The rows are those of another run: only what is refused before they are read counts.
        fs::write(bench.dir.path().join("run.db"), &bytes).unwrap();
        let error = open(&bench.dir).map(|_| ()).unwrap_err();
        assert_eq!(error.exit_code(), code, "{name}: {error}");
        let viewed =
            bench.dir.view().and_then(|view| view.replay(0, &mut |_| ControlFlow::Continue(()))).unwrap_err();
        assert_eq!(viewed.exit_code(), code, "{name}: {viewed}");
    }
    let newer = bench();
    fs::write(newer.dir.path().join("run.db"), with("PRAGMA user_version=4")).unwrap();
    assert!(matches!(open(&newer.dir), Err(StoreError::Newer { found: 4 })));
}

#[test]
fn a_head_that_lies_is_found_with_the_last_good_event() {
    for (sql, good) in [
        ("UPDATE run SET seq=500", 81),
        ("UPDATE run SET head=zeroblob(32)", 80),
        ("UPDATE run SET seq=80", 79),
    ] {
        let (bench, _) = closed_run();
        let db = rusqlite::Connection::open(bench.dir.path().join("run.db")).unwrap();
        db.execute_batch(sql).unwrap();
        drop(db);
        match rows_of(&bench.dir).1 {
            Err(StoreError::Damaged { last_good_seq, .. }) => assert_eq!(last_good_seq, good, "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
        assert!(open(&bench.dir).and_then(|store| all(|each| store.replay(0, each)).1).is_err());
    }
}
