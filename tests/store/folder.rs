//! The folders around a journal: lock, modes, planted files, forks, gc and the index.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flow::store::{
    self, Durability, Durations, Entry, GcRules, Index, Project, RunHead, RunLock, RunStore, Sample,
    StoreError, Summary, Sync, kinds,
};

use super::{NOW, bench, create, entry, fill, open, rows_of, settled};

#[test]
fn one_of_many_runners_wins() {
    let bench = bench();
    create(&bench.dir, Durability::Process);
    for _ in 0..20 {
        let (winners, barrier) = (AtomicUsize::new(0), Barrier::new(16));
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    barrier.wait();
                    let held = RunLock::acquire(&bench.dir, NOW);
                    winners.fetch_add(usize::from(held.is_ok()), Ordering::SeqCst);
                    barrier.wait();
                });
            }
        });
        assert_eq!(winners.into_inner(), 1);
    }
}

#[test]
fn the_lock_lives_as_long_as_one_process_that_shares_it() {
    let bench = bench();
    let lock = RunLock::acquire(&bench.dir, NOW).unwrap();
    let fd: OwnedFd = lock.share().unwrap();
    let mut child = Command::new("sleep").arg("60").stdin(Stdio::from(fd)).spawn().unwrap();
    drop(lock);
    let error = RunLock::acquire(&bench.dir, NOW).unwrap_err();
    let StoreError::Locked(holder) = &error else { panic!("{error}") };
    assert_eq!(holder.processes[0].pid, std::process::id());
    assert_eq!((error.exit_code(), holder.since), (4, NOW));
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    assert!(RunLock::holder(&bench.dir).unwrap().is_some());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(RunLock::holder(&bench.dir).unwrap().is_none());
    let lock = RunLock::acquire(&bench.dir, NOW).unwrap();
    let runner = RunLock::inherited(lock.share().unwrap(), &bench.dir).unwrap();
    drop(lock);
    assert_eq!(RunLock::holder(&bench.dir).unwrap().unwrap().processes.len(), 2);
    drop(runner);
    let stranger = File::open("/dev/null").unwrap();
    assert!(RunLock::inherited(stranger.into(), &bench.dir).is_err());
}

#[test]
fn a_forced_take_over_kills_the_holder_and_only_it() {
    let bench = bench();
    let mut holder = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
    let mut decoy = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
    let start = |pid| store::start_of(pid).unwrap();
    let note = |host: &str| {
        format!(
            "{{\"processes\":[{{\"pid\":{},\"start\":{}}},{{\"pid\":{},\"start\":{}}}],\"host\":\"{host}\",\"boot\":\"{}\",\"since\":5}}",
            holder.id(),
            start(holder.id()),
            decoy.id(),
            start(decoy.id()) + 1,
            store::boot_id()
        )
    };
    let (here, elsewhere) = (note(&store::host()), note("elsewhere"));
    let lock = RunLock::acquire(&bench.dir, NOW).unwrap();
    let short = Duration::from_millis(50);
    fs::write(bench.dir.lock_file(), elsewhere).unwrap();
    assert!(matches!(RunLock::take_over(&bench.dir, NOW, short), Err(StoreError::Locked(_))));
    assert!(holder.try_wait().unwrap().is_none());
    fs::write(bench.dir.lock_file(), here).unwrap();
    // This process holds the lock and is not named, so the lock stays taken; the named one is dead all the same.
    assert!(matches!(RunLock::take_over(&bench.dir, NOW, short), Err(StoreError::Locked(_))));
    assert!(!holder.wait().unwrap().success());
    assert!(decoy.try_wait().unwrap().is_none());
    decoy.kill().unwrap();
    decoy.wait().unwrap();
    drop(lock);
    assert!(RunLock::take_over(&bench.dir, NOW, short).is_ok());
}

#[test]
fn what_is_planted_is_not_followed() {
    use std::os::unix::fs::symlink;
    let target = tempfile::NamedTempFile::new().unwrap();
    let fifo = |path: &Path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    for name in ["run.db", "lock", "head"] {
        let linked = bench();
        symlink(target.path(), linked.dir.path().join(name)).unwrap();
        let made = RunLock::acquire(&linked.dir, NOW)
            .and_then(|lock| RunStore::create(&linked.dir, lock, Durability::Power));
        assert!(made.is_err(), "{name}");
        let piped = bench();
        fifo(&piped.dir.path().join(name));
        let made = RunLock::acquire(&piped.dir, NOW)
            .and_then(|lock| RunStore::create(&piped.dir, lock, Durability::Power));
        assert!(made.is_err(), "{name}");
        if name == "run.db" {
            assert!(piped.dir.view().is_err() && linked.dir.view().is_err());
        }
    }
    assert_eq!(fs::metadata(target.path()).unwrap().len(), 0);
    // The folders of the state as well.
    let temp = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), temp.path().join(".flow")).unwrap();
    assert!(Project::find(temp.path()).unwrap().create_run(NOW).is_err());
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn only_the_owner_may_read_what_is_kept() {
    let bench = bench();
    let mut store = create(&bench.dir, Durability::Power);
    store.put_value(&[1; 100_000]).unwrap();
    fill(&mut store, "a", 1);
    store.note_head().unwrap();
    store::put_message(&bench.dir, b"{}").unwrap();
    bench.dir.write_status(b"{}").unwrap();
    let mut folders: Vec<PathBuf> = vec![bench.project.state().to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700, "{folder:?}");
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, 0o600, "{:?}", entry.path());
                files += 1;
            }
        }
    }
    assert!(files >= 8, "{files}");
}

#[test]
fn a_fork_has_the_history_and_shares_the_values() {
    let bench = bench();
    let mut store = create(&bench.dir, Durability::Power);
    let large = store.put_value(&[3; 200_000]).unwrap();
    let middle = store.put_value(&[4; 2000]).unwrap();
    let body =
        format!("[{},{}]", serde_json::to_string(&large).unwrap(), serde_json::to_string(&middle).unwrap());
    store.commit(&[entry(kinds::ATTEMPT_ENDED, Some("v"), body.as_bytes())], Sync::Now).unwrap();
    fill(&mut store, "a", 3);
    let fork = store::fork(&bench.project, &bench.dir, Some(5), NOW + 1000).unwrap();
    assert_ne!(fork.id(), bench.dir.id());
    let mut forked = open(&fork).unwrap();
    assert_eq!((forked.head().seq, forked.epoch()), (5, 2));
    assert_eq!(forked.value(&large).unwrap(), [3; 200_000]);
    assert_eq!(forked.value(&middle).unwrap(), [4; 2000]);
    forked.commit(&[settled("new")], Sync::Now).unwrap();
    assert!(store::check(&fork).unwrap().is_good());
    assert_eq!(store.head().seq, 7);
    let strip = |rows: Vec<String>| -> Vec<String> {
        rows.into_iter().map(|row| row.split("hash:").next().unwrap().to_owned()).collect()
    };
    assert_eq!(strip(rows_of(&bench.dir).0)[..5], strip(rows_of(&fork).0)[..5]);
}

#[test]
fn gc_takes_what_may_go_and_nothing_else() {
    let bench = bench();
    let ended = |at: i64| {
        let dir = bench.project.create_run(at).unwrap();
        let mut store = create(&dir, Durability::Process);
        store.commit(&[Entry { at, ..entry(kinds::RUN_ENDED, None, b"{}") }], Sync::Now).unwrap();
        drop(store.close().unwrap());
        dir
    };
    let (oldest, old, new) = (ended(NOW - 9000), ended(NOW - 5000), ended(NOW - 10));
    let mut running = create(&bench.dir, Durability::Process);
    let value = running.put_value(&[1; 70_000]).unwrap();
    let body = serde_json::to_vec(&value).unwrap();
    running.commit(&[entry(kinds::ATTEMPT_ENDED, Some("v"), &body)], Sync::Now).unwrap();
    running.put_value(&[2; 70_000]).unwrap();
    fs::write(bench.dir.blobs().join(".new-left"), "x").unwrap();
    let rules = GcRules { now: NOW, ..GcRules::default() };
    assert!(store::gc(&bench.project, &rules).unwrap().removed.is_empty());
    let dry = GcRules { keep: Some(1), dry_run: true, ..rules };
    assert_eq!(store::gc(&bench.project, &dry).unwrap().removed, [old.id(), oldest.id()]);
    let both = GcRules { keep: Some(1), older_than: Some(6000), ..rules };
    let report = store::gc(&bench.project, &both).unwrap();
    assert_eq!(report.removed, [oldest.id()]);
    assert_eq!(report.unfinished, [bench.dir.id()]);
    assert!(bench.dir.blobs().join(".new-left").exists(), "a running run was touched");
    drop(running);
    let report = store::gc(&bench.project, &GcRules { older_than: Some(1000), ..rules }).unwrap();
    assert_eq!((report.removed, report.leftovers), (vec![old.id().to_owned()], 2));
    assert_eq!(bench.project.runs().unwrap().len(), 2);
    assert!(new.path().exists());
    assert_eq!(open(&bench.dir).unwrap().value(&value).unwrap(), [1; 70_000]);
    assert_eq!(fs::read_dir(bench.project.state().join("gone")).unwrap().count(), 0);
}

#[test]
fn the_index_is_made_anew_when_it_is_no_good() {
    let bench = bench();
    let mut store = create(&bench.dir, Durability::Process);
    fill(&mut store, "a", 1);
    let head = |id: &str, at| RunHead {
        id: id.to_owned(),
        workflow: "main".to_owned(),
        status: "running".to_owned(),
        started_at: at,
        ended_at: None,
        tasks: 3,
        seq: 2,
        head: [1; 32],
    };
    let sample = |n, p50_ms| Sample {
        def: "d".to_owned(),
        agent: String::new(),
        known: Durations { n, ok: n, p50_ms, p95_ms: p50_ms * 2 },
    };
    let noted = |id: &str, at, samples| Summary { head: head(id, at), samples };
    let path = bench.project.index_file();
    let harms: [&dyn Fn(); 5] = [
        &|| {},
        &|| fs::write(&path, b"no database").unwrap(),
        &|| File::options().write(true).open(&path).unwrap().set_len(5000).unwrap(),
        &|| {
            fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        },
        &|| {
            fs::remove_file(&path).unwrap();
            let other = rusqlite::Connection::open(&path).unwrap();
            other.execute_batch("CREATE TABLE mine(x)").unwrap();
        },
    ];
    for harm in harms {
        harm();
        let index = Index::open(&bench.project).unwrap();
        index.put(&noted("r1", 1, vec![sample(1, 7)])).unwrap();
        index.put(&noted("r1", 1, vec![sample(1, 8)])).unwrap();
        index.put(&noted("r2", 2, Vec::new())).unwrap();
        assert_eq!(index.durations("d").unwrap()[0].1.p50_ms, 8, "the newest note of a run counts");
        assert_eq!(index.runs(10).unwrap(), [head("r2", 2), head("r1", 1)]);
        index.remove_run("r1").unwrap();
        assert!(index.run("r1").unwrap().is_none() && index.run("r2").unwrap().is_some());
        assert!(index.durations("d").unwrap().is_empty());
    }
    let index = Index::open(&bench.project).unwrap();
    for (run, n, p50) in [("a", 10, 100), ("b", 1, 9), ("c", 1, 7), ("d", 30, 50)] {
        index.put(&noted(run, 3, vec![sample(n, p50)])).unwrap();
    }
    let known = index.durations("d").unwrap()[0].1;
    assert_eq!(known, Durations { n: 42, ok: 42, p50_ms: 50, p95_ms: 100 });
    assert!(index.durations("e").unwrap().is_empty());
    drop(index);
    let broken = bench.project.create_run(NOW + 1).unwrap();
    fs::write(broken.path().join("run.db"), "text that is no journal").unwrap();
    let unreadable = Index::rebuild(&bench.project, &mut |dir, view| {
        let seq = view.head()?.seq;
        Ok(Some(Summary { head: RunHead { seq, ..head(dir.id(), 7) }, samples: vec![sample(1, 1)] }))
    })
    .unwrap();
    assert_eq!(unreadable.len(), 1);
    let index = Index::open(&bench.project).unwrap();
    assert_eq!(index.runs(10).unwrap(), [head(bench.dir.id(), 7)]);
    assert_eq!(index.durations("d").unwrap()[0].1.n, 1);
}

/// What was in them is missed where it is read, and the run goes on.
#[test]
fn folders_that_were_cleared_away_are_made_again() {
    let bench = bench();
    let mut store = create(&bench.dir, Durability::Process);
    fill(&mut store, "a", 2);
    let gone = store.put_value(&[1; 100_000]).unwrap();
    drop(store.close().unwrap());
    for folder in [bench.dir.blobs(), bench.dir.outputs(), bench.dir.inbox()] {
        fs::remove_dir_all(folder).unwrap();
    }
    let lock = RunLock::acquire(&bench.dir, NOW).unwrap();
    let mut store = RunStore::open(&bench.dir, lock, Durability::Power).unwrap();
    assert!(store.value(&gone).is_err());
    let value = store.put_value(&[2; 100_000]).unwrap();
    fill(&mut store, "b", 1);
    assert_eq!(store.value(&value).unwrap(), [2; 100_000]);
}

/// A plan of ten thousand definitions asks before its first task: what it costs does not grow with the number of runs.
#[test]
fn very_many_definitions_are_known_at_a_bounded_cost() {
    let bench = bench();
    let index = Index::open(&bench.project).unwrap();
    let names: Vec<String> =
        (0..10_000).map(|n| format!("{}", blake3::hash(&[n as u8, (n >> 8) as u8]).to_hex())).collect();
    for run in 0..6 {
        let samples = names.iter().map(|def| Sample {
            def: def.clone(),
            agent: if run % 2 == 0 { String::new() } else { "sage".to_owned() },
            known: Durations { n: 2, ok: 1, p50_ms: run, p95_ms: run },
        });
        let head = RunHead {
            id: format!("r{run}"),
            workflow: "main".to_owned(),
            status: "succeeded".to_owned(),
            started_at: run,
            ended_at: None,
            tasks: 1,
            seq: 1,
            head: [1; 32],
        };
        index.put(&Summary { head, samples: samples.collect() }).unwrap();
    }
    let begun = std::time::Instant::now();
    let known = index.durations_of(names.iter().map(String::as_str)).unwrap();
    eprintln!("10,000 definitions in {:?}", begun.elapsed());
    assert_eq!(known.len(), names.len());
    // The newest runs, one by one or all at once: whoever asks for few gets all of theirs.
    let few = index.durations(&names[7]).unwrap();
    assert_eq!(
        few.iter().map(|(agent, of)| (agent.as_str(), of.n)).collect::<Vec<_>>(),
        [("", 6), ("sage", 6)]
    );
    let many = &known[names[7].as_str()];
    assert!(many.iter().all(|(_, of)| of.p50_ms >= 2), "of the newest runs: {many:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

/// The rows of an index of the version before are taken over.
#[test]
fn an_index_of_the_version_before_is_brought_up_to_date() {
    let bench = bench();
    let old = rusqlite::Connection::open(bench.project.index_file()).unwrap();
    old.execute_batch(
        "CREATE TABLE run_head(id TEXT PRIMARY KEY, workflow TEXT NOT NULL, status TEXT NOT NULL,
           started_at INTEGER NOT NULL, ended_at INTEGER, tasks INTEGER NOT NULL, seq INTEGER NOT NULL, head BLOB NOT NULL)
           STRICT, WITHOUT ROWID;
         CREATE TABLE duration(def TEXT NOT NULL, agent TEXT NOT NULL, run TEXT NOT NULL, n INTEGER NOT NULL,
           ok INTEGER NOT NULL, p50_ms INTEGER NOT NULL, p95_ms INTEGER NOT NULL, PRIMARY KEY(def, agent, run))
           STRICT, WITHOUT ROWID;
         CREATE INDEX duration_of_run ON duration(run);
         INSERT INTO run_head VALUES('r', 'main', 'succeeded', 1, NULL, 1, 1, zeroblob(32));
         INSERT INTO duration VALUES('d', 'sage', 'r', 3, 2, 50, 60);
         PRAGMA application_id = 0x464C4F58; PRAGMA user_version = 3;",
    )
    .unwrap();
    drop(old);
    for _ in 0..2 {
        let index = Index::open(&bench.project).unwrap();
        let known = Durations { n: 3, ok: 2, p50_ms: 50, p95_ms: 60 };
        assert_eq!(index.durations("d").unwrap(), [("sage".to_owned(), known)]);
        assert_eq!(index.runs(5).unwrap().len(), 1);
    }
}
