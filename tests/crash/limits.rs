//! F7, F11, F18, F19: what the machine does not have is not the task's fault. It is waited for, or the run says how to go on.

use super::*;

const WIDE: &str = r##"
task step(n: Int) -> Int {
  sh: "echo #{n} >> log; ls -1 /proc/self/fd | tr '\\n' ' ' > fds-#{n}; sleep 0.02; echo #{n}"
  on_crash: rerun
}
workflow main() -> Int {
  let all = for n in range(0, 200) with { parallel: 200 } { step(n) }
  sum(all)
}
"##;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_string()
}

/// How many retries the tasks of this run have used.
fn retries(ground: &Ground) -> u64 {
    let shown = ground.shown();
    let tasks = shown["tasks"].as_array().cloned().unwrap_or_default();
    let of = |task: &Value| {
        let attempts = task["attempts"].as_array().cloned().unwrap_or_default();
        attempts.iter().filter_map(|attempt| attempt["number"].as_u64()).max().unwrap_or(1) - 1
    };
    tasks.iter().map(of).sum()
}

#[test]
fn f19_few_descriptors_make_it_slower_and_nothing_else() {
    let ground = Ground::new(WIDE, "process");
    let output = ground.shell("ulimit -n 64; exec \"$FLOWC\" run main.flow -q -j 200");
    assert_eq!(text(&output.stdout), "19900", "{}", text(&output.stderr));
    let counted = ground.counted();
    assert!((0..200).all(|n| counted[&n.to_string()] == 1), "{counted:?}");
    for n in [0, 99, 199] {
        // `ls` itself holds the folder that it lists.
        let fds = std::fs::read_to_string(ground.root.join(format!("fds-{n}"))).unwrap();
        assert_eq!(fds.trim(), "0 1 2 3", "a task has descriptors that are not its own");
    }
}

#[test]
fn f18_no_new_processes_uses_no_retry() {
    let Some(strace) = program("strace") else { return };
    // The first two make the keeper and the runner, the others are tasks.
    let cases: Vec<(&str, String)> = ["clone", "clone3", "vfork"]
        .into_iter()
        .flat_map(|call| (1..=6).map(move |n| (call, n.to_string())))
        .chain([("clone", "3..7".to_string()), ("clone", "1..2".to_string())])
        .collect();
    all_hold(&cases, |(call, when)| {
        let ground = Ground::new(PROGRAM, "process");
        let inject = format!("inject={call}:error=EAGAIN:when={when}");
        let output = ground.traced(&strace, &[format!("trace={call}"), inject.clone()]);
        let said = text(&output.stderr);
        match output.status.code() {
            Some(0) if text(&output.stdout) == LAST => {
                // `again` fails once by itself.
                let retries = retries(&ground);
                if retries != 1 {
                    return Err(format!("{inject}: {retries} retries were used"));
                }
            }
            Some(6) if said.contains("again") && ground.log().is_empty() => {}
            code => return Err(format!("{inject}: {code:?} {said}")),
        }
        ground.holds(LAST, 0).map_err(|why| format!("{inject}: {why}"))
    });
}

#[test]
fn f7_files_of_limited_size_end_the_run_with_a_word_on_how_to_go_on() {
    let cases: Vec<u32> =
        if whole("FLOW_FAULTS") { (0..1200).step_by(8).collect() } else { vec![0, 64, 400, 640] };
    all_hold(&cases, |blocks| {
        let ground = Ground::new(PROGRAM, "power");
        let output = ground.shell(&format!("ulimit -f {blocks}; exec \"$FLOWC\" run main.flow -q -j 2"));
        let said = text(&output.stderr);
        match output.status.code() {
            Some(0) if text(&output.stdout) == LAST => {}
            Some(6) if said.contains("flowc resume") || said.contains("flowc run") => {}
            // The limit is the tasks' too: what they write may be too large for it.
            Some(1) if !ground.failed().is_empty() => {}
            code => return Err(format!("{blocks}: {code:?} {said}")),
        }
        ground.holds(LAST, 1).map_err(|why| format!("{blocks}: {why}"))
    });
}

#[test]
fn f11_a_folder_that_cannot_be_written_to_is_one_error_and_can_be_read() {
    let ground = Ground::new(PROGRAM, "process");
    let frozen = |script: &str| {
        if rustix::process::geteuid().is_root() {
            // Rights do not bind root; a mount does.
            let mount = "mount --bind . . && mount -o remount,ro,bind . && cd \"$PWD\"";
            ground.shell(&format!("exec unshare -m /bin/sh -c '{mount} && {script}'"))
        } else {
            ground.shell(&format!(
                "chmod 555 . .flow 2>/dev/null; {script}; code=$?; chmod 755 . .flow; exit $code"
            ))
        }
    };
    let refused = frozen("exec \"$FLOWC\" run main.flow");
    if text(&refused.stderr).contains("unshare") || text(&refused.stderr).contains("mount:") {
        eprintln!("skipped: no mount namespaces here");
        return;
    }
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(6), "{said}");
    assert_eq!(said.matches("error:").count(), 1, "{said}");
    assert!(said.contains("not allowed to write") && ground.log().is_empty(), "{said}");
    // Of a run that is over everything can be read there.
    assert_eq!(text(&ground.flowc(&["run", "main.flow", "-q"]).stdout), LAST);
    for command in ["show", "logs", "runs", "fsck"] {
        let read = frozen(&format!("exec \"$FLOWC\" {command}"));
        assert_eq!(read.status.code(), Some(0), "{command}: {}", text(&read.stderr));
    }
}
