//! F6–F10, F18: the system refuses one call, or every call from one on. The run says so with exit code 6 and how to go on,
//! or gets over it; nothing is lost; afterwards `resume` gives the right result.
//!
//! A few run always; `FLOW_FAULTS=all` tries every call with every error, `FLOW_FAULTS=write` every one of that name.

use super::*;

/// Calls by which the engine keeps its record, with what a disk may say to them.
const CALLS: &[(&str, &[&str])] = &[
    ("pwrite64", &["ENOSPC", "EIO", "EDQUOT"]),
    ("write", &["ENOSPC", "EIO", "EDQUOT"]),
    ("fsync", &["ENOSPC", "EIO", "EDQUOT"]),
    ("fdatasync", &["ENOSPC", "EIO", "EDQUOT"]),
    ("rename", &["ENOSPC", "EIO", "EDQUOT"]),
    ("openat", &["ENOSPC", "EIO", "EDQUOT", "EMFILE"]),
    ("ftruncate", &["ENOSPC", "EIO", "EDQUOT"]),
    ("mkdir", &["ENOSPC", "EIO"]),
    ("fallocate", &["ENOSPC"]),
    ("unlink", &["EIO"]),
];

/// One call refused, or all from it on.
struct Case {
    durability: &'static str,
    call: String,
    error: &'static str,
    from: String,
}

impl Case {
    fn expressions(&self) -> Vec<String> {
        let Case { call, error, from, .. } = self;
        vec![format!("trace={call}"), format!("inject={call}:error={error}:when={from}")]
    }
}

#[test]
fn a_refused_call_loses_nothing_and_says_how_to_go_on() {
    let Some(strace) = program("strace") else { return };
    let names: Vec<&str> = CALLS.iter().map(|(call, _)| *call).collect();
    let mut cases = Vec::new();
    for durability in ["power", "process"] {
        for (call, times) in calls_made(&strace, &names, durability) {
            let Some((_, errors)) = CALLS.iter().find(|(name, _)| *name == call) else { continue };
            for error in *errors {
                for n in 1..=times {
                    for from in [n.to_string(), format!("{n}+")] {
                        cases.push(Case { durability, call: call.clone(), error, from });
                    }
                }
            }
        }
    }
    let only = std::env::var("FLOW_FAULTS").unwrap_or_default();
    if names.contains(&only.as_str()) {
        cases.retain(|case| case.call == only);
    } else if !whole("FLOW_FAULTS") {
        let mut random = fastrand::Rng::with_seed(12);
        random.shuffle(&mut cases);
        cases.truncate(24);
    }
    // Many of them wait for space to come back.
    all_hold_by(6, &cases, |case| {
        let ground = Ground::new(PROGRAM, case.durability);
        let output = ground.traced(&strace, &case.expressions());
        let told = format!("{} {}", case.durability, case.expressions()[1]);
        let held = judge(&ground, case, &output).and_then(|()| ground.holds(LAST, 1));
        held.map_err(|why| format!("{told}: {why}"))
    });
}

/// Whether the refused run ended as it may.
fn judge(ground: &Ground, case: &Case, output: &Output) -> Result<(), String> {
    let said = String::from_utf8_lossy(&output.stderr);
    let got = String::from_utf8_lossy(&output.stdout);
    // The descriptor by which the event loop wakes itself refuses nothing, but here even that did: there is no going on.
    let woken = case.call == "write" && said.contains("failed to wake I/O driver");
    if said.contains("panicked") && !woken {
        return Err(format!("panic: {said}"));
    }
    match output.status.code() {
        Some(0) if got.trim_end() == LAST || got.is_empty() => Ok(()),
        Some(6) if said.contains("flowc resume") || said.contains("flowc run") => Ok(()),
        // Its standard error was refused too.
        Some(6) if said.is_empty() => Ok(()),
        // The program or its settings could not be read: nothing was begun.
        Some(1 | 2) if ground.log().is_empty() && said.contains("cannot read") => Ok(()),
        // The loader of the program itself was refused: nothing of ours ran.
        Some(127) if said.contains("error while loading shared libraries") => Ok(()),
        // The user's own file could not be written: that is the task's failure.
        Some(1) if ground.failed() == ["write"] => Ok(()),
        code => Err(format!("exit {code:?} with {got:?}, and it says: {said}")),
    }
}
