//! F2: the program killed at random times, again and again, its resumes too, until it has finished. Whatever is killed
//! (warden, runner, both, the whole group), the next session never overlaps a task of the one before.
//!
//! Two runs always; `FLOW_CRASH=all` makes fifty.

use super::*;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
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
        Victim::Runner => {}
    }
}

/// One run with `most` kills. How many came to pass before it was done.
fn one(seed: u64, most: usize, durability: &'static str) -> Result<usize, String> {
    let ground = Ground::new(SLOW, durability);
    let mut random = fastrand::Rng::with_seed(seed);
    // Of each task that is recorded as done: how often it had begun by then.
    let mut done: BTreeMap<String, usize> = BTreeMap::new();
    let mut kills = 0;
    let began = Instant::now();
    while kills < most {
        if began.elapsed() > PATIENCE * 3 {
            return Err(format!("no end after {kills} kills"));
        }
        let begun = ground.root.join(".flow/runs").exists() && ground.newest().is_some();
        let args: &[&str] = if begun { &["resume", "-q"] } else { &["run", "main.flow", "-q"] };
        let mut command = ground.command(args);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap();
        // Early kills among them, and the first is one: on a quiet machine the whole run takes little time.
        let within = if kills == 0 { 40 } else { [40, 120, 300][random.usize(..3)] };
        if let Some(status) = ended_within(&mut child, Duration::from_millis(random.u64(0..within))) {
            match status.code() {
                // Nothing was left to resume, for it was over.
                Some(0 | 2) => break,
                // The processes of the session before are not quite gone.
                Some(4) => continue,
                code => {
                    let mut said = String::new();
                    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
                    return Err(format!("after {kills} kills: exit {code:?}: {said}"));
                }
            }
        }
        let victims = [Victim::Warden, Victim::Runner, Victim::Both, Victim::Group];
        kill(&child, victims[random.usize(..victims.len())]);
        kills += 1;
        if ended_within(&mut child, PATIENCE).is_none() {
            return Err(format!("it does not end after kill {kills}"));
        }
        let (recorded, begun) = (succeeded(&ground.shown()), ground.counted());
        if let Some(id) = done.keys().find(|id| !recorded.contains_key(*id)) {
            return Err(format!("`{id}` was recorded as done and is not any more"));
        }
        for id in recorded.into_keys() {
            let times = begun.get(&format!("begin {}", ground.names(&id))).copied().unwrap_or(0);
            if *done.entry(id.clone()).or_insert(times) != times {
                return Err(format!("`{id}` was recorded as done and was begun again"));
            }
        }
    }
    ground.is_quiet()?;
    if ground.log().contains("overlap") {
        return Err(format!("a task ran while one of the session before still did: {}", ground.log()));
    }
    ground.holds_of(RESULT, kills, &["first", "a", "b", "c", "d", "again", "last"]).map(|()| kills)
}

#[test]
fn killed_again_and_again_it_finishes_with_the_same_result() {
    let Some(_) = program("flock") else { return };
    let seeds: Vec<u64> = if whole("FLOW_CRASH") { (0..50).collect() } else { vec![0, 1] };
    let kills = AtomicUsize::new(0);
    all_hold(&seeds, |seed| {
        let durability = if seed % 2 == 0 { "power" } else { "process" };
        let killed = one(*seed, 20, durability).map_err(|why| format!("seed {seed}: {why}"))?;
        kills.fetch_add(killed, Ordering::Relaxed);
        Ok(())
    });
    let kills = kills.into_inner();
    assert!(kills >= seeds.len(), "only {kills} kills came to pass");
    eprintln!("{kills} kills");
}
