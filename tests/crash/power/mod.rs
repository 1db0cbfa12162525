//! F5: power is lost at any moment of a run, of its death and of its resume. The calls of a real run are recorded, and the disks
//! that may be found after each of them are made and opened: what the run had told or acted upon is there, and nothing
//! else than what was recorded. Some thousand disks always; `FLOW_FAULTS=all` makes 120,000, `FLOW_IMAGES` as many as it says.

mod disk;
mod trace;

use super::*;
use disk::{Disk, Luck};
use flow::store::{self, Durability, Project, RunDir, RunLock, RunStore, kinds};
use std::ops::ControlFlow;
use trace::Step;

/// The name of a task is its id, what stands behind it are the ids that its inputs came from.
const SOURCE: &str = r##"
task step(name: String, needs: String) -> String {
  run: ["/bin/sh", "-c", "echo \"$1\"", "flow-step", name, needs]
  on_crash: rerun
}
task middle(needs: String) -> String {
  run: ["/bin/sh", "-c", "head -c 3000 /dev/zero | tr '\\0' y", "flow-step", "m", needs]
  on_crash: rerun
}
task large(needs: String) -> String {
  run: ["/bin/sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x", "flow-step", "big", needs]
  on_crash: rerun
}
task deadly(needs: String) -> String {
  run: ["/bin/sh", "-c", "test -f dead || { touch dead; kill -9 $PPID; }; echo fell", "flow-step", "fell", needs]
  on_crash: rerun
}
workflow main() -> Int {
  let a = step("a", "")
  let many = for n in ["0", "1", "2", "3", "4", "5"] { step("many[#{n}]", a) }
  let m = middle(join(many, ","))
  let fell = deadly(if len(m) == 3000 { "m" } else { "?" })
  let big = large(fell)
  let last = for n in ["0", "1", "2", "3"] { step("last[#{n}]", if len(big) == 100000 { "big" } else { "?" }) }
  len(last)
}
"##;

/// What the journal of the whole run says.
struct Whole {
    id: String,
    /// By number, from 1.
    hashes: Vec<store::Hash>,
    settled: BTreeMap<String, u64>,
    ended: u64,
}

/// What a disk must have: what the run had told, or acted upon.
#[derive(Clone, Copy, Debug, Default)]
struct Owed {
    /// The run's id was shown.
    known: bool,
    seq: u64,
}

#[test]
fn f5_power_lost_at_any_moment_takes_nothing_that_was_told_and_tears_nothing() {
    let Some(strace) = program("strace") else { return };
    let images = std::env::var("FLOW_IMAGES").ok().and_then(|count| count.parse().ok());
    let images = images.unwrap_or(if whole("FLOW_FAULTS") { 120_000 } else { 1_500 });
    let ground = Ground::new(SOURCE, "power");
    let mut steps = recorded(&ground, &strace, "run", 137);
    steps.extend(recorded(&ground, &strace, "resume", 0));
    let whole = whole_of(&ground);
    let owed = owed_after(&steps, &whole);
    let syncs = steps.iter().filter(|step| matches!(step, Step::Sync { .. })).count();
    assert!(syncs > 20 && owed.last().unwrap().seq == whole.ended, "{syncs} {owed:?}");
    let case = Case { ground, steps, owed, whole };
    all_hold(&[0, 1], |half| case.holds(images, *half, |_| true));
    // The same would be found out of an engine that does not sync its log: it is what all hangs on.
    let is_log = |step: &Step| matches!(step, Step::Sync { path } if path.ends_with("run.db-wal"));
    let found = case.holds(1_500, 0, |step| !is_log(step)).expect_err("nothing is lost without a sync");
    assert!(found.contains("ends with"), "{found}");
    eprintln!("{images} disks after {} steps", case.steps.len());
}

/// A recorded run.
struct Case {
    ground: Ground,
    steps: Vec<Step>,
    /// By number of steps.
    owed: Vec<Owed>,
    whole: Whole,
}

impl Case {
    /// Whether each second of so many disks, spread over the run, is as it must be. Only those steps reach the disk.
    fn holds(&self, images: usize, half: usize, reaches: impl Fn(&Step) -> bool) -> Result<(), String> {
        let mut random = fastrand::Rng::with_seed(5 + half as u64);
        let mut disk = Disk::new(&self.ground.root);
        let mut number = 0;
        for (at, owed) in self.owed.iter().enumerate() {
            if let Some(step) =
                at.checked_sub(1).map(|before| &self.steps[before]).filter(|step| reaches(step))
            {
                step.apply(&mut disk);
            }
            while number * self.owed.len() < (at + 1) * images {
                if number % 2 == half {
                    let luck = luck(number, &mut random);
                    let found = self.found(&disk, luck, number, *owed, &mut random);
                    found.map_err(|why| format!("image {number} after step {at}, {luck:?}: {why}"))?;
                }
                number += 1;
            }
        }
        Ok(())
    }

    /// Makes a disk that may be found and looks at it.
    fn found(
        &self,
        disk: &Disk,
        luck: Luck,
        number: usize,
        owed: Owed,
        random: &mut fastrand::Rng,
    ) -> Result<(), String> {
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let place = tempfile::tempdir_in(place).map_err(|error| error.to_string())?;
        let root = place.path().canonicalize().map_err(|error| error.to_string())?;
        disk.image(&self.ground.root, &root, luck, random);
        let kept = looked_at(&root, owed, &self.whole)?;
        // The whole engine takes longer: now and then.
        if kept && number.is_multiple_of(601) {
            std::fs::copy(self.ground.root.join("main.flow"), root.join("main.flow")).unwrap();
            std::fs::write(root.join("dead"), "").unwrap();
            let image = Ground { _dir: place, root, durability: "power" };
            let resumed = image.flowc(&["resume", &self.whole.id, "-q"]);
            if resumed.stdout != b"4\n" {
                return Err(format!("resume: {}", String::from_utf8_lossy(&resumed.stderr)));
            }
        }
        Ok(())
    }
}

fn luck(number: usize, random: &mut fastrand::Rng) -> Luck {
    let part = [2, 30, 50, 70, 98][random.usize(..5)];
    match number % 8 {
        0 => Luck::All,
        1 => Luck::Nothing,
        2 | 3 => Luck::Torn,
        4 | 5 => Luck::Scattered(part),
        _ => Luck::Wild(part),
    }
}

/// The steps of a session that ends with this code.
fn recorded(ground: &Ground, strace: &Path, what: &str, code: i32) -> Vec<Step> {
    let trace = ground.root.join(format!("trace-{what}"));
    let mut command = Command::new(strace);
    command.args(["-f", "-b", "execve", "-qqq", "-y", "-xx", "-s", "1048576", "-o"]).arg(&trace);
    command.args([
        "-e",
        &format!("trace={}", trace::CALLS),
        "-e",
        "signal=none",
        env!("CARGO_BIN_EXE_flowc"),
    ]);
    let args: &[&str] = if what == "run" { &["run", "main.flow"] } else { &["resume"] };
    let args = [args, &["-q", "--format", "json", "-j", "2"]].concat();
    let output = ended(ground.prepared(command, &args), what);
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read(&trace).unwrap();
    trace::steps(&String::from_utf8_lossy(&text), &ground.root)
}

fn run_of(root: &Path, id: &str) -> Result<RunDir, store::StoreError> {
    Project::find(root)?.resolve(id)
}

fn whole_of(ground: &Ground) -> Whole {
    let id = ground.newest().unwrap();
    let mut whole = Whole { id: id.clone(), hashes: Vec::new(), settled: BTreeMap::new(), ended: 0 };
    let view = run_of(&ground.root, &id).unwrap().view().unwrap();
    view.replay(0, &mut |row| {
        whole.hashes.push(row.hash);
        if row.kind == kinds::TASK_SETTLED {
            whole.settled.insert(row.task.unwrap_or_default().to_string(), row.seq);
        }
        whole.ended = row.seq;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(whole.hashes.len() as u64, whole.ended);
    whole
}

/// By number of steps: what is owed after them.
fn owed_after(steps: &[Step], whole: &Whole) -> Vec<Owed> {
    let (mut owed, mut all, mut line) = (Owed::default(), vec![Owed::default()], String::new());
    let seq = |task: &str| *whole.settled.get(task).unwrap_or_else(|| panic!("`{task}` is in no record"));
    for step in steps {
        match step {
            Step::Told(text) => {
                line.push_str(text);
                while let Some((told, rest)) = line.split_once('\n') {
                    let told: Value = serde_json::from_str(told).unwrap();
                    owed.known = true;
                    owed.seq = owed.seq.max(match told["event"].as_str().unwrap() {
                        "task_finished" => seq(told["task"].as_str().unwrap()),
                        "run_finished" => whole.ended,
                        _ => 1,
                    });
                    line = rest.to_string();
                }
            }
            Step::Began(argv) => {
                let needs = argv.iter().skip_while(|word| *word != "flow-step").nth(2);
                for task in
                    needs.into_iter().flat_map(|needs| needs.split(',')).filter(|task| !task.is_empty())
                {
                    owed.seq = owed.seq.max(seq(task));
                }
            }
            _ => {}
        }
        all.push(owed);
    }
    all
}

/// Whether there is a run in the folder; what is wrong with it.
fn looked_at(root: &Path, owed: Owed, whole: &Whole) -> Result<bool, String> {
    let checked = run_of(root, &whole.id).and_then(|dir| store::check(&dir).map(|report| (dir, report)));
    let (dir, report) = match checked {
        Ok(found) => found,
        Err(_) if !owed.known && owed.seq == 0 => return Ok(false),
        Err(error) => return Err(format!("{owed:?}, and it cannot be read: {error}")),
    };
    if !report.is_good() {
        return Err(format!("{owed:?}, and it is not good: {report:?}"));
    }
    let good = |head: store::Head, what: &str| {
        let same = head.seq == 0 || whole.hashes.get(head.seq as usize - 1) == Some(&head.hash);
        let enough = head.seq >= owed.seq;
        (same && enough)
            .then_some(())
            .ok_or_else(|| format!("{what} ends with {} of {owed:?}, its own: {same}", head.seq))
    };
    good(report.good, "what is there")?;
    let opened = RunLock::acquire(&dir, 0).and_then(|lock| RunStore::open(&dir, lock, Durability::Power));
    let store = match opened {
        Ok(store) => store,
        Err(_) if owed.seq == 0 && report.good.seq == 0 => return Ok(false),
        Err(error) => return Err(format!("it cannot be gone on with: {error}")),
    };
    let head = store.replay(0, &mut |_| ControlFlow::Continue(())).map_err(|error| error.to_string())?;
    good(head, "what is gone on with")?;
    Ok(head.seq > 0)
}
