//! F13, F23, F28, F29, F38: what happens to the record of a real run while it goes, or before it is gone on with.

use super::*;
use rustix::process::{Pid, Signal, kill_process};

/// Waits until the log has this line.
fn wait_for(ground: &Ground, line: &str) {
    let until = Instant::now() + PATIENCE;
    while !ground.log().lines().any(|l| l == line) {
        assert!(Instant::now() < until, "waited in vain for `{line}`");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn started(ground: &Ground, args: &[&str]) -> Child {
    ground.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Exit code and what it said, when it has ended.
fn end_of(mut child: Child) -> (Option<i32>, String) {
    let ended = ended_within(&mut child, PATIENCE);
    if ended.is_none() {
        panic!("it does not end:\n{}", killed_tree(child.id().cast_signed()));
    }
    let output = child.wait_with_output().unwrap();
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    (output.status.code(), said.concat())
}

fn journal(ground: &Ground) -> rusqlite::Connection {
    rusqlite::Connection::open(ground.run_folder().join("run.db")).unwrap()
}

/// The processes of the runner and of its warden.
fn processes(ground: &Ground) -> Vec<Pid> {
    let note: Value =
        serde_json::from_str(&std::fs::read_to_string(ground.run_folder().join("lock")).unwrap()).unwrap();
    let pids = note["processes"].as_array().unwrap().iter().map(|process| process["pid"].as_i64().unwrap());
    pids.filter_map(|pid| Pid::from_raw(i32::try_from(pid).unwrap())).collect()
}

/// One task that ends when it is let, and one behind it.
const GATED: &str = r##"
task gated() -> String { sh: "echo up >> log; until test -f ready; do sleep 0.02; done; echo ok"  on_crash: rerun }
task last(x: String) -> String { sh: "echo last >> log; echo #{x}"  on_crash: rerun }
workflow main() -> String {
  let first = gated()
  let end = last(first)
  end
}
"##;

#[test]
fn f28_a_record_that_is_taken_away_while_it_is_written_ends_the_run() {
    let harms: [fn(&Path); 4] = [
        |run| std::fs::rename(run.join("run.db"), run.join("away")).unwrap(),
        |run| std::fs::remove_file(run.join("run.db-wal")).unwrap(),
        |run| {
            std::fs::copy(run.join("run.db"), run.join("copy")).unwrap();
            std::fs::rename(run.join("copy"), run.join("run.db")).unwrap();
        },
        |run| std::fs::remove_dir_all(run).unwrap(),
    ];
    let there = |number: usize| matches!(number, 1 | 2);
    for (number, harm) in harms.into_iter().enumerate() {
        let ground = Ground::new(GATED, "process");
        let child = started(&ground, &["run", "main.flow", "-q"]);
        wait_for(&ground, "up");
        std::thread::sleep(Duration::from_millis(50));
        let runs = ground.run_folder();
        harm(&runs);
        std::fs::write(ground.root.join("ready"), "").unwrap();
        let (code, said) = end_of(child);
        assert!(matches!(code, Some(5 | 6)), "{number}: {code:?} {said}");
        assert!(!said.contains("panicked"), "{said}");
        assert_eq!(ground.log(), "up\n", "{number}: nothing begins that cannot be recorded");
        ground.is_quiet().unwrap();
        // Nowhere an empty record in its place.
        let path = runs.join("run.db");
        assert!(there(number) || !path.exists(), "{number}");
        let resumed = ground.flowc(&["resume", "-q"]);
        assert!(matches!(resumed.status.code(), Some(2 | 5)) || number == 2, "{number}: {resumed:?}");
    }
}

/// Longer than a connection waits by itself.
#[test]
fn somebody_who_holds_the_journal_for_a_while_is_waited_for() {
    let ground = Ground::new(GATED, "process");
    let child = started(&ground, &["run", "main.flow", "-q"]);
    wait_for(&ground, "up");
    std::thread::sleep(Duration::from_millis(50));
    let other = journal(&ground);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::fs::write(ground.root.join("ready"), "").unwrap();
    std::thread::sleep(Duration::from_millis(3500));
    assert_eq!(ground.log(), "up\n", "what is not recorded leads to nothing");
    other.execute_batch("ROLLBACK").unwrap();
    let (code, said) = end_of(child);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(ground.log(), "up\nlast\n");
}

#[test]
fn f29_a_run_of_an_older_schema_is_gone_on_with_and_kept_as_it_was() {
    let ground = Ground::new(GATED, "process");
    let mut child = started(&ground, &["run", "main.flow", "-q"]);
    wait_for(&ground, "up");
    for pid in processes(&ground) {
        let _ = kill_process(pid, Signal::KILL);
    }
    assert!(ended_within(&mut child, PATIENCE).is_some());
    ground.is_quiet().unwrap();
    // As the first released schema had it.
    let db = journal(&ground);
    for object in [
        "CREATE TABLE snapshot(seq INTEGER PRIMARY KEY, state BLOB NOT NULL, hash BLOB NOT NULL) STRICT",
        "CREATE UNIQUE INDEX settled_once ON event(task, generation) WHERE kind=30",
        "CREATE UNIQUE INDEX began_once ON event(task, generation, attempt, try) WHERE kind=20",
    ] {
        db.execute_batch(object).unwrap();
    }
    db.pragma_update(None, "user_version", 1).unwrap();
    db.close().unwrap();
    assert_eq!(ground.shown()["status"], "interrupted", "it can be read as it is");
    std::fs::write(ground.root.join("ready"), "").unwrap();
    let resumed = ground.flowc(&["resume", "-q"]);
    assert_eq!(resumed.stdout, b"ok\n", "{}", String::from_utf8_lossy(&resumed.stderr));
    assert!(ground.run_folder().join("run.db.schema1").exists());
    assert_eq!(ground.flowc(&["fsck"]).status.code(), Some(0));
}

#[test]
fn f13_of_an_owner_that_was_replaced_no_row_comes_later() {
    let ground = Ground::new(GATED, "process");
    let mut old = started(&ground, &["run", "main.flow", "-q"]);
    wait_for(&ground, "up");
    std::thread::sleep(Duration::from_millis(100));
    let runner = processes(&ground).pop().unwrap();
    // The runner stands still (a paused machine); its warden too, but for the taking over.
    kill_process(runner, Signal::STOP).unwrap();
    let rows = |epoch: i64| -> i64 {
        let sql = "SELECT count(*) FROM event WHERE epoch=?1";
        journal(&ground).query_row(sql, [epoch], |row| row.get(0)).unwrap()
    };
    let before = rows(1);
    assert!(before > 0);
    std::fs::write(ground.root.join("ready"), "").unwrap();
    let taken = ground.flowc(&["resume", "-q", "--take-over"]);
    assert_eq!(taken.stdout, b"ok\n", "{}", String::from_utf8_lossy(&taken.stderr));
    let _ = kill_process(runner, Signal::CONT);
    assert!(ended_within(&mut old, PATIENCE).is_some_and(|status| !status.success()));
    assert_eq!(rows(1), before, "the old owner wrote on");
    assert!(rows(2) > 0);
    assert_eq!(ground.log().matches("last").count(), 1);
    assert_eq!(ground.flowc(&["fsck"]).status.code(), Some(0));
}

#[test]
fn f38_a_runner_that_breaks_down_loses_nothing() {
    for signal in [Signal::ABORT, Signal::ILL, Signal::XCPU, Signal::SYS] {
        let ground = Ground::new(GATED, "power");
        let child = started(&ground, &["run", "main.flow", "-q"]);
        wait_for(&ground, "up");
        kill_process(processes(&ground).pop().unwrap(), signal).unwrap();
        let (code, said) = end_of(child);
        assert_eq!(code, Some(128 + signal.as_raw()), "{said}");
        assert!(said.contains("flowc resume"), "{said}");
        ground.is_quiet().unwrap();
        std::fs::write(ground.root.join("ready"), "").unwrap();
        assert_eq!(ground.flowc(&["resume", "-q"]).stdout, b"ok\n");
        assert_eq!(ground.log(), "up\nup\nlast\n");
    }
}

/// Most memory that any process of a run has had, in KiB; read while it goes.
fn peak_while(child: &mut Child) -> u64 {
    let mut peak = 0;
    let root = child.id().cast_signed();
    while child.try_wait().unwrap().is_none() {
        let ours = flow::exec::sys::proc::descendants(root).into_iter().chain([root]).filter(|pid| {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            name.trim() == "flowc"
        });
        for pid in ours {
            let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let high = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = high.and_then(|words| words.trim().trim_end_matches(" kB").parse().ok());
            peak = peak.max(kib.unwrap_or(0));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    peak
}

/// 300 MB; with `FLOW_FAULTS=all` ten GB.
#[test]
fn f23_a_flood_costs_a_run_no_memory_and_is_told() {
    let bytes: u64 = if whole("FLOW_FAULTS") { 10_000_000_000 } else { 300_000_000 };
    let source = format!(
        r##"
task whole() -> String {{ sh: "yes | tr -d '\\n' | head -c {bytes}"  timeout: 20m }}
workflow main() -> String {{
  task unused {{ sh: "yes 0123456789abcde | tr -d '\\n' | head -c {bytes}"  timeout: 20m }}
  let told = try {{ whole() with {{ after: [unused] }} }} catch e {{ "#{{e.kind}}" }}
  told
}}
"##
    );
    let ground = Ground::new(&source, "process");
    let mut child = started(&ground, &["run", "main.flow", "-q", "-j", "1"]);
    let peak = peak_while(&mut child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"decode\n", "{}", String::from_utf8_lossy(&output.stderr));
    eprintln!("{bytes} bytes twice, {peak} KiB");
    assert!(peak < 90 << 10, "{peak} KiB");
    // What was kept is there, its beginning and its end, and that it is not all.
    let kept: u64 = std::fs::read_dir(ground.run_folder().join("blobs"))
        .unwrap()
        .flatten()
        .map(|e| e.metadata().unwrap().len())
        .sum();
    assert_eq!(kept, 2 * 100 * 1024 * 1024);
    let notes: i64 = journal(&ground)
        .query_row("SELECT count(*) FROM event WHERE kind=?1", [flow::store::kinds::LOSS_NOTED], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(notes, 2);
    assert_eq!(ground.flowc(&["fsck"]).status.code(), Some(0));
}
