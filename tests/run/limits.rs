//! What a run may cost: syncs a task, memory an iteration, depth.

use crate::exec::{Bench, ProcessRequest, id};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const FLOWC: &str = env!("CARGO_BIN_EXE_flowc");

/// A chain of `n` small commands in a folder of its own.
fn chain(n: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut source = String::from("workflow main() {\n");
    for i in 0..n {
        let after = if i > 0 { format!("  after: [t{}]", i - 1) } else { String::new() };
        writeln!(source, "  task t{i} {{ sh: \"true\"{after} }}").unwrap();
    }
    source.push_str("}\n");
    std::fs::write(folder.path().join("main.flow"), source).unwrap();
    folder
}

/// Syncs that a run of a chain makes.
fn syncs(strace: &Path, n: usize) -> usize {
    let folder = chain(n);
    let counts = folder.path().join("counts");
    let status = Command::new(strace)
        .args(["-f", "-qq", "-e", "trace=fsync,fdatasync,sync_file_range,msync", "-o"])
        .arg(&counts)
        .args([FLOWC, "run", "main.flow", "-q", "--durability", "power"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let text = std::fs::read_to_string(counts).unwrap();
    text.lines().filter(|line| line.contains("sync") && !line.contains("resumed")).count()
}

#[test]
fn a_link_of_a_chain_costs_one_sync() {
    let Some(strace) = crate::support::program("strace") else { return };
    let (short, long) = (syncs(&strace, 20), syncs(&strace, 80));
    assert!(short >= 20, "each link has to be on the disk before the next: {short}");
    assert!(long - short <= 60 + 4, "{short} syncs for 20, {long} for 80");
}

/// What waited only for room may begin while the disk still writes; what needs a result may not.
#[test]
fn a_result_is_on_the_disk_before_what_needs_it_begins() {
    let Some(strace) = crate::support::program("strace") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut source = String::from("workflow main() {\n");
    for i in 0..12 {
        writeln!(source, "  task wide{i} {{ sh: \"true wide\" }}").unwrap();
    }
    for i in 0..12 {
        let needs = if i > 0 { format!("wide{i}, need{}", i - 1) } else { format!("wide{i}") };
        writeln!(source, "  task need{i} {{ sh: \"true need\"  after: [{needs}] }}").unwrap();
    }
    source.push_str("}\n");
    std::fs::write(folder.path().join("main.flow"), source).unwrap();
    let log = folder.path().join("log");
    let status = Command::new(strace)
        .args(["-f", "-qq", "-s", "200", "-e", "trace=execve,fsync,fdatasync,exit_group", "-o"])
        .arg(&log)
        .args([FLOWC, "run", "main.flow", "-q", "-j", "3", "--durability", "power"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let text = std::fs::read_to_string(log).unwrap();
    let (mut needs, mut synced) = (0, false);
    for line in text.lines() {
        let begins = line.contains("execve(\"/") && line.contains("true need");
        if begins {
            // The one before it has ended since the last of them began, and that is on the disk.
            assert!(synced, "{needs} had begun: {line}");
            (needs, synced) = (needs + 1, false);
        }
        synced |= line.contains("sync") && line.ends_with("= 0");
    }
    assert_eq!(needs, 12);
}

/// The most memory, in bytes, that a map over `n` elements took.
fn memory(n: usize) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let source = format!("workflow main() {{\n  let all = for i in range(0, {n}) {{ now() }}\n}}\n");
    std::fs::write(folder.path().join("main.flow"), source).unwrap();
    let argv = [FLOWC, "run", "main.flow", "-q", "--durability", "process"];
    let request = ProcessRequest { cwd: Some(folder.path().to_owned()), ..ProcessRequest::new(id(), argv) };
    let outcome = Bench::new().run(request);
    assert_eq!(outcome.exit.shell_code(), 0, "{}", outcome.stderr.tail(1000));
    outcome.max_rss
}

#[test]
fn an_iteration_that_has_ended_leaves_eight_bytes() {
    // Beside those 8 bytes: its element of the list, and what a build for tests keeps to find a row that stands twice.
    const EACH: u64 = 8 + 24 + 32;
    let (few, many) = (memory(10_000), memory(90_000));
    let grown = many.saturating_sub(few);
    assert!(grown < 80_000 * EACH + (1 << 20), "{few} bytes for 10,000, {many} for 90,000");
}

#[test]
fn a_long_chain_and_a_wide_end_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut source = String::from("workflow main() {\n  let t0 = env(\"HOME\")\n");
    for i in 1..3_000 {
        writeln!(source, "  let t{i} = now() with {{ after: [t{}] }}", i - 1).unwrap();
    }
    let all: Vec<String> = (0..3_000).map(|i| format!("t{i}")).collect();
    writeln!(source, "  let last = now() with {{ after: [{}] }}\n}}", all.join(", ")).unwrap();
    std::fs::write(folder.path().join("main.flow"), source).unwrap();
    let output =
        Command::new(FLOWC).args(["run", "main.flow", "-q"]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
