//! How fast the journal is by itself: rows a second, the cost of one commit, creation, replay and memory.
//!
//! `cargo bench --bench journal`; the folder is `FLOW_BENCH_DIR`, else the target's.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement, not a part of the program")]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flow::store::{Durability, Entry, Project, RunLock, RunStore, Sync, kinds};

fn main() {
    let folder = std::env::var_os("FLOW_BENCH_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("journal"), PathBuf::from);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for durability in [Durability::Process, Durability::Power] {
        println!("== {durability:?}");
        creation(&folder, durability);
        chain(&folder, durability, 1000);
        for per_turn in [1, 8, 64, 512] {
            wide(&folder, durability, per_turn);
        }
    }
    println!("peak memory: {} KiB", peak());
    std::fs::remove_dir_all(&folder).unwrap();
}

fn new_store(folder: &Path, durability: Durability) -> RunStore {
    let project = Project::find(folder).unwrap();
    let dir = project.create_run(1_800_000_000_000).unwrap();
    let lock = RunLock::acquire(&dir, 0).unwrap();
    RunStore::create(&dir, lock, durability).unwrap()
}

fn creation(folder: &Path, durability: Durability) {
    let mut times: Vec<(Duration, Duration)> = (0..20)
        .map(|_| {
            let begun = Instant::now();
            let mut store = new_store(folder, durability);
            store.commit(&[entry(kinds::RUN_STARTED, None, b"{}")], Sync::Later).unwrap();
            let there = begun.elapsed();
            store.settle().unwrap();
            (there, begun.elapsed())
        })
        .collect();
    times.sort_unstable();
    println!(
        "create and first commit: {:?} (worst {:?}), settled after {:?}",
        times[10].0, times[19].0, times[10].1
    );
}

fn entry<'a>(kind: u16, task: Option<&'a str>, body: &'a [u8]) -> Entry<'a> {
    let attempt = (kind != kinds::TASK_SETTLED).then_some(1);
    Entry {
        at: 1_800_000_000_000,
        mono: 5,
        kind,
        task,
        generation: task.map(|_| 0),
        attempt,
        tries: attempt.map(|_| 0),
        body,
    }
}

const BODY: &[u8] = br#"{"agent":null,"inputs":"6a09e667f3bcc908","key":"bb67ae8584caa73b","deadline":null}"#;

/// A chain of tasks: every turn ends one and starts the next.
fn chain(folder: &Path, durability: Durability, tasks: usize) {
    let mut store = new_store(folder, durability);
    let mut times = Vec::new();
    let begun = Instant::now();
    for n in 0..tasks {
        let task = format!("step[{n}]");
        let turn = [
            entry(kinds::ATTEMPT_ENDED, Some(&task), BODY),
            entry(kinds::TASK_SETTLED, Some(&task), BODY),
            entry(kinds::ATTEMPT_STARTED, Some(&task), BODY),
        ];
        let each = Instant::now();
        store.commit(&turn, Sync::Now).unwrap();
        store.note_head().unwrap();
        times.push(each.elapsed());
    }
    let whole = begun.elapsed();
    times.sort_unstable();
    println!(
        "chain of {tasks}, one commit of 3 rows each: median {:?}, p95 {:?}, worst {:?}, all {whole:?}",
        times[tasks / 2],
        times[tasks * 95 / 100],
        times[tasks - 1]
    );
}

/// Ends of in-process tasks, `per_turn` in a commit; then closing and replaying.
fn wide(folder: &Path, durability: Durability, per_turn: usize) {
    let tasks = if durability == Durability::Power && per_turn < 8 { 2_000 } else { 50_000 };
    let mut store = new_store(folder, durability);
    let names: Vec<String> = (0..tasks).map(|n| format!("item[{n}]")).collect();
    let begun = Instant::now();
    let mut worst = Duration::ZERO;
    for turn in names.chunks(per_turn) {
        let each = Instant::now();
        let entries: Vec<Entry<'_>> =
            turn.iter().map(|task| entry(kinds::TASK_SETTLED, Some(task), BODY)).collect();
        store.commit(&entries, Sync::Now).unwrap();
        worst = worst.max(each.elapsed());
    }
    let took = begun.elapsed();
    let dir = store.dir().unwrap().clone();
    let closing = Instant::now();
    let lock = store.close().unwrap().unwrap();
    let closed = closing.elapsed();
    let begun = Instant::now();
    let store = RunStore::open(&dir, lock, durability).unwrap();
    let opened = begun.elapsed();
    let mut rows = 0u32;
    store
        .replay(0, &mut |_| {
            rows += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    let rate = f64::from(rows) / took.as_secs_f64();
    println!(
        "{rows} rows, {per_turn} a commit: {rate:.0} rows/s, worst commit {worst:?}, close {closed:?}; \
         open {opened:?}, open and replay {:?}; peak {} KiB",
        begun.elapsed(),
        peak()
    );
}

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
