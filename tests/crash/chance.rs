//! F2: the program killed at random times, again and again, its resumes too, until it has finished. Whatever is killed
//! (warden, runner, both, the whole group), the next session never overlaps a task of the one before.
//!
//! A few runs always; `FLOW_CRASH=all` makes many.

use super::*;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::collections::BTreeSet;
use std::os::unix::process::CommandExt;

/// As the common program, but every task takes a moment and holds a lock that only its processes can hold.
const SLOW: &str = r##"
task step(name: String) -> String {
  sh: "exec 9> lock-#{name}; flock -n 9 || echo overlap #{name} >> log; echo begin #{name} >> log; setsid sleep 30 > out-#{name} 2>&1 & sleep 0.05; echo end #{name} >> log; echo #{name}"
  retry: 2
  on_crash: rerun
}
task flaky() -> String {
  sh: "echo begin again >> log; sleep 0.02; if [ $FLOW_ATTEMPT -lt 2 ]; then exit 1; fi; echo end again >> log; echo ok"
  retry: { max: 3, backoff: 1ms }
  on_crash: rerun
}
workflow main() -> String {
  let first = step("first")
  let many = for n in ["a", "b", "c", "d"] { step(n) with { after: [first] } }
  let again = flaky()
  let last = step("last")
  write("note.txt", "#{again} quiet") with { after: [last] }
  "#{join(many, "+")}-#{again}-#{last}"
}
"##;

const RESULT: &str = "a+b+c+d-ok-last";

#[derive(Debug, Clone, Copy)]
enum Victim {
    Warden,
    Runner,
    Both,
    Group,
}

/// The runner below a warden: its child in the same process group (the keeper has one of its own).
fn runner_of(warden: i32) -> Option<Pid> {
    let below = flow::exec::sys::proc::descendants(warden);
    let found = below.into_iter().find(|pid| {
        flow::exec::sys::proc::stat(*pid).is_some_and(|stat| stat.parent == warden && stat.group == warden)
    });
    found.and_then(Pid::from_raw)
}

fn kill(child: &Child, victim: Victim) {
    let id = child.id().cast_signed();
    let warden = Pid::from_raw(id).unwrap();
    let runner = runner_of(id);
    if matches!(victim, Victim::Runner | Victim::Both)
        && let Some(runner) = runner
    {
        let _ = kill_process(runner, Signal::KILL);
    }
    match victim {
        Victim::Warden | Victim::Both => drop(kill_process(warden, Signal::KILL)),
        Victim::Group => drop(kill_process_group(warden, Signal::KILL)),
        // It has not been split off yet.
        Victim::Runner if runner.is_none() => drop(kill_process(warden, Signal::KILL)),
        Victim::Runner => {}
    }
}

/// What is killed, and what must come of it.
struct Subject {
    source: &'static str,
    result: &'static str,
    /// Tasks that must be done, as the log names them.
    tasks: &'static [&'static str],
    /// Pairs of which the second never begins before the first has ended.
    order: &'static [(&'static str, &'static str)],
}

const PLAIN: Subject = Subject {
    source: SLOW,
    result: RESULT,
    tasks: &["first", "a", "b", "c", "d", "again", "last"],
    order: &[("first", "a"), ("first", "b"), ("first", "c"), ("first", "d")],
};

/// Of each task that is recorded as ended: how often it had begun by then.
type Begun = BTreeMap<String, usize>;

/// One run with `most` kills. How many came to pass before it was done.
fn one(subject: &Subject, seed: u64, most: usize, durability: &'static str) -> Result<usize, String> {
    let ground = Ground::new(subject.source, durability);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut ended = Begun::new();
    // Kills since something was recorded last: a task that never gets its time is given up after ten.
    let (mut kills, mut idle) = (0, 0);
    let began = Instant::now();
    while kills < most {
        if began.elapsed() > PATIENCE * 3 {
            return Err(format!("no end after {kills} kills"));
        }
        let mut command = session(&ground, &mut random);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap();
        // Early kills among them, and the first is one: on a quiet machine the whole run takes little time.
        let within = if kills == 0 { 40 } else { [40, 120, 300][random.usize(..3)] };
        let at_least = if idle < 4 { 0 } else { idle as u64 * 100 };
        let moment = Duration::from_millis(at_least + random.u64(0..within));
        if let Some(status) = ended_within(&mut child, moment) {
            match status.code() {
                // Nothing was left to resume, for it was over.
                Some(0 | 2) => break,
                // It waits for a person, who comes at once.
                Some(3) => drop(ground.flowc(&["approve", "--by", "ann"])),
                // The processes of the session before are not quite gone.
                Some(4) => {}
                code => {
                    let mut said = String::new();
                    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
                    return Err(format!("after {kills} kills: exit {code:?}: {said}"));
                }
            }
            continue;
        }
        let victims = [Victim::Warden, Victim::Runner, Victim::Both, Victim::Group];
        let victim = victims[random.usize(..victims.len())];
        kill(&child, victim);
        kills += 1;
        if ended_within(&mut child, PATIENCE).is_none() {
            let tree = killed_tree(child.id().cast_signed());
            return Err(format!("it does not end after kill {kills}, of {victim:?}:\n{tree}"));
        }
        idle = if told(&ground, &mut ended)? { 0 } else { idle + 1 };
    }
    ground.is_quiet()?;
    loop {
        let output = super::ended(session(&ground, &mut random), "the last session");
        match output.status.code() {
            Some(3) => drop(ground.flowc(&["approve", "--by", "ann"])),
            Some(4) if began.elapsed() < PATIENCE * 3 => std::thread::sleep(Duration::from_millis(20)),
            Some(0 | 2) => break,
            code => return Err(format!("at last: {code:?}: {}", String::from_utf8_lossy(&output.stderr))),
        }
    }
    told(&ground, &mut ended)?;
    if ground.log().contains("overlap") {
        return Err(format!("a task ran while one of the session before still did: {}", ground.log()));
    }
    in_order(&ground.log(), subject.order)?;
    ground.holds_of(subject.result, kills, subject.tasks).map(|()| kills)
}

/// The next session: the run, or its going on.
fn session(ground: &Ground, random: &mut fastrand::Rng) -> Command {
    let begun = ground.root.join(".flow/runs").exists() && ground.newest().is_some();
    // At least two: the first of a race may never end.
    let parallel = ["2", "3", "4"][random.usize(..3)];
    let mut args: Vec<&str> = if begun { vec!["resume"] } else { vec!["run", "main.flow"] };
    args.extend(["-q", "-j", parallel]);
    ground.command(&args)
}

/// Holds what the record says now against what it said before. Whether something more has ended.
fn told(ground: &Ground, before: &mut Begun) -> Result<bool, String> {
    let (recorded, begun) = (settled(&ground.shown()), ground.counted());
    if let Some(id) = before.keys().find(|id| !recorded.contains(*id)) {
        return Err(format!("`{id}` was recorded as ended and is not any more"));
    }
    let known = before.len();
    for id in recorded {
        let times = begun.get(&format!("begin {}", ground.names(&id))).copied().unwrap_or(0);
        if *before.entry(id.clone()).or_insert(times) != times {
            return Err(format!("`{id}` was recorded as ended and was begun again"));
        }
    }
    Ok(before.len() > known)
}

/// The tasks whose end is recorded, whichever it is.
fn settled(shown: &Value) -> BTreeSet<String> {
    let tasks = shown["tasks"].as_array().cloned().unwrap_or_default();
    let over = |task: &Value| matches!(task["status"].as_str(), Some("succeeded" | "failed" | "cancelled"));
    tasks.iter().filter(|task| over(task)).filter_map(|task| Some(task["id"].as_str()?.to_string())).collect()
}

fn in_order(log: &str, pairs: &[(&str, &str)]) -> Result<(), String> {
    let first = |line: String| log.lines().position(|l| l == line);
    for (before, after) in pairs {
        let (end, begin) = (first(format!("end {before}")), first(format!("begin {after}")));
        if begin.is_some() && end.is_none_or(|end| Some(end) > begin) {
            return Err(format!("`{after}` began before `{before}` had ended: {log}"));
        }
    }
    Ok(())
}

/// Kills runs of `subject` by all these seeds.
fn all_end(subject: &Subject, seeds: &[u64]) {
    let kills = AtomicUsize::new(0);
    all_hold(seeds, |seed| {
        let durability = if seed % 2 == 0 { "power" } else { "process" };
        let killed = one(subject, *seed, 20, durability).map_err(|why| format!("seed {seed}: {why}"))?;
        kills.fetch_add(killed, Ordering::Relaxed);
        Ok(())
    });
    let kills = kills.into_inner();
    assert!(kills >= seeds.len(), "only {kills} kills came to pass");
    eprintln!("{kills} kills");
}

/// Fan-out with retries, a loop, a race, `try` with `finally`, an agent, an approval, calls of workflows, a graph from data.
const NASTY: Subject = Subject {
    source: r####"
agent scribe {
  runtime: command(["/bin/sh", "-c", "cat > /dev/null; echo begin $FLOW_TASK >> log; sleep 0.05; echo end $FLOW_TASK >> log; echo 7"])
}
task step(x: Int) -> Int {
  sh: """
    L=lock-$(echo "$FLOW_TASK" | tr / _); exec 9> "$L"; flock -n 9 || echo overlap $FLOW_TASK >> log
    echo begin $FLOW_TASK >> log; setsid sleep 30 > /dev/null 2>&1 & sleep 0.03; echo end $FLOW_TASK >> log; echo #{x}
    """
  on_crash: rerun
}
task flaky(x: Int) -> Int {
  sh: """
    echo begin $FLOW_TASK >> log; sleep 0.02; if [ $FLOW_ATTEMPT -lt 2 ]; then exit 1; fi
    echo end $FLOW_TASK >> log; echo #{x}
    """
  retry: { max: 3, backoff: 5ms }
  on_crash: rerun
}
task breaks() -> Int { sh: "echo begin $FLOW_TASK >> log; sleep 0.02; exit 3"  on_crash: rerun }
task endless() -> Int { sh: "echo begin $FLOW_TASK >> log; exec sleep 60"  on_crash: rerun }
task written(x: Int) -> Int { agent: scribe  prompt: "Say #{x}."  timeout: 1m  on_crash: rerun }

workflow part(n: Int) -> Int {
  let a = step(n)
  let b = flaky(a)
  a + b
}

workflow main() -> String {
  let first = step(1)
  let fan = for n in range(0, 4) with { parallel: 3 } { flaky(n * first) }
  let grown = repeat total: Int = 0 with { max: 5 } { step(total + 1) } until total >= 3
  let quick = race { endless(), step(10) }
  let caught = try { breaks() } catch e { step(e.exit_code ?? 0) } finally {
    task tidy { sh: "echo begin $FLOW_TASK >> log; echo end $FLOW_TASK >> log"  on_crash: rerun }
  }
  let told = written(sum(fan))
  let go = approve("Go on?", after: [grown])
  let deep = for n in [1, 2] { part(n) with { after: [go] } }
  let items = [{ id: "x", needs: compact([none]) }, { id: "y", needs: ["x"] }, { id: "z", needs: ["x", "y"] }]
  let graph = for i in items with { key: i.id, after: i.needs } { step(len(i.needs)) }
  let end = step(first + sum(fan) + grown + quick + caught + told + sum(deep) + sum(graph))
  write("note.txt", "ok quiet") with { after: [end] }
  "#{end}"
}
"####,
    result: "39",
    tasks: &[
        "first",
        "fan[0]",
        "fan[1]",
        "fan[2]",
        "fan[3]",
        "grown#1",
        "grown#2",
        "grown#3",
        "quick.step",
        "caught.step",
        "caught.tidy",
        "told",
        "deep[0]/a",
        "deep[0]/b",
        "deep[1]/a",
        "deep[1]/b",
        "graph[\"x\"]",
        "graph[\"y\"]",
        "graph[\"z\"]",
        "end",
    ],
    order: &[
        ("first", "fan[0]"),
        ("grown#1", "grown#2"),
        ("grown#2", "grown#3"),
        ("fan[3]", "told"),
        ("grown#3", "deep[0]/a"),
        ("deep[0]/a", "deep[0]/b"),
        ("deep[1]/a", "deep[1]/b"),
        ("graph[\"x\"]", "graph[\"y\"]"),
        ("graph[\"y\"]", "graph[\"z\"]"),
        ("graph[\"z\"]", "end"),
        ("deep[1]/b", "end"),
        ("caught.step", "caught.tidy"),
    ],
};

#[test]
fn killed_again_and_again_it_finishes_with_the_same_result() {
    let Some(_) = program("flock") else { return };
    let seeds: Vec<u64> = if whole("FLOW_CRASH") { (0..50).collect() } else { vec![0, 1] };
    all_end(&PLAIN, &seeds);
}

#[test]
fn so_does_one_with_all_that_the_language_has() {
    let Some(_) = program("flock") else { return };
    let seeds: Vec<u64> = if whole("FLOW_CRASH") { (0..100).collect() } else { vec![0, 1] };
    all_end(&NASTY, &seeds);
}
