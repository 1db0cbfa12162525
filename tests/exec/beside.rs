//! Commands after others, and beside others that keep all cores busy: each is its own, and says why it cannot start.

use super::{Bench, Executor as _, Outcome, ProcessRequest, Request, Ticket, id};
use std::time::Duration;

fn sh(script: &str) -> ProcessRequest {
    ProcessRequest::new(id(), ["/bin/sh", "-euc", script])
}

/// Has run some commands.
fn warmed() -> Bench {
    let mut bench = Bench::new();
    for n in 0..4 {
        let outcome = bench.run(sh(&format!("sleep 0.02; echo {n}")));
        assert_eq!(outcome.stdout.read(10).unwrap(), format!("{n}\n").as_bytes());
    }
    bench
}

#[test]
fn what_cannot_start_after_others_says_why() {
    let mut bench = warmed();
    let error = bench.start(ProcessRequest::new(id(), ["no-such-program"])).unwrap_err();
    assert!(error.message.contains("no such program in PATH"), "{error:?}");
    let mut bench = warmed();
    let error =
        bench.start(ProcessRequest { cwd: Some("/no/such/folder".into()), ..sh("true") }).unwrap_err();
    assert!(error.message.contains("/no/such/folder"), "{error:?}");
    assert_eq!(bench.run(sh("exit 7")).exit.shell_code(), 7);
}

#[test]
fn the_folder_the_environment_and_the_input_are_the_commands_own() {
    let mut bench = warmed();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let outcome =
        bench.run(ProcessRequest { cwd: Some(folder.clone()), ..sh("pwd; ps -o pgid= -p $$; echo $$") });
    let text = String::from_utf8(outcome.stdout.read(1000).unwrap().into_owned()).unwrap();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    assert_eq!(lines[0], folder.to_str().unwrap());
    assert_eq!(lines[1], lines[2], "it leads its own process group");
    let fed = ProcessRequest { stdin: Some(b"fed".to_vec()), ..sh("cat; echo >&2 err") };
    let outcome = bench.run(fed);
    assert_eq!(&*outcome.stdout.read(10).unwrap(), b"fed");
    assert_eq!(&*outcome.stderr.read(10).unwrap(), b"err\n");
    let open = "n=3; while test $n -lt 40; do test ! -e /proc/$$/fd/$n || echo $n; n=$((n + 1)); done; cat";
    let outcome = bench.run(sh(open));
    assert_eq!(
        String::from_utf8_lossy(&outcome.stdout.read(10).unwrap()),
        "",
        "descriptors of ours are open in it"
    );
}

/// With all cores busy a start does not wait until its program runs: what goes wrong is told at its end.
#[test]
fn what_is_not_waited_for_ends_all_the_same() {
    let cores = std::thread::available_parallelism().unwrap().get() as u64;
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new();
    for n in 0..=cores {
        bench.begin(Ticket(n), Request::Process(sh("sleep 0.6"))).unwrap();
    }
    let gone = folder.path().join("gone");
    let lost = ProcessRequest { cwd: Some(gone.clone()), ..sh("true") };
    let begun = bench.begin(Ticket(100), Request::Process(lost));
    bench.begin(Ticket(101), Request::Process(sh("echo out; exit 5"))).unwrap();
    bench.begin(Ticket(102), Request::Process(sh("trap '' TERM; sleep 100"))).unwrap();
    bench.local.stop(Ticket(102), Duration::ZERO);
    let mut ended = std::collections::BTreeMap::new();
    while bench.local.running() > 0 {
        for done in bench.next() {
            ended.insert(done.ticket.0, done.outcome);
        }
    }
    let said = match begun {
        Err(error) => error.message, // too few cores for that
        Ok(_) => ended.remove(&100).unwrap().unwrap_err().message,
    };
    assert!(said.contains(gone.to_str().unwrap()), "{said}");
    let Some(Ok(Outcome::Process(five))) = ended.remove(&101) else { panic!("it has not ended") };
    assert_eq!((five.exit.shell_code(), &*five.stdout.read(10).unwrap()), (5, &b"out\n"[..]));
    let Some(Ok(Outcome::Process(stopped))) = ended.remove(&102) else { panic!("it has not ended") };
    assert!(stopped.killed && stopped.exit.shell_code() == 137);
}
