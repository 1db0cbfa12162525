//! Claims: real workflows with an edge taken out, random programs against an oracle and against the engine, and the amount
//! of work for many tasks.

use crate::run::build::{compiled, run_with};
use flow::analysis::globs;
use flow::compile;
use flow::plan::claims;
use flow::run::Options;
use flow::store::Durability;
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::Path;

#[derive(Deserialize)]
struct Trace {
    tasks: Vec<TraceTask>,
}

#[derive(Deserialize)]
struct TraceTask {
    id: String,
    parents: Vec<String>,
    reads: Vec<String>,
    writes: Vec<String>,
}

/// The traces beside the project, or a word on standard error that the test is skipped.
fn traces() -> Vec<(String, Trace)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/traces");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: there are no traces here\n");
        return Vec::new();
    };
    let paths = entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "json"));
    let read = |p: std::path::PathBuf| {
        let trace = serde_json::from_str(&std::fs::read_to_string(&p).unwrap()).unwrap();
        (p.file_stem().unwrap().to_string_lossy().into_owned(), trace)
    };
    let mut all: Vec<_> = paths.map(read).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

impl Trace {
    /// Parents by index, in an order in which they come first.
    fn sorted(mut self) -> (Vec<TraceTask>, Vec<Vec<usize>>) {
        let mut place: HashMap<String, usize> = HashMap::new();
        let mut sorted = Vec::new();
        while !self.tasks.is_empty() {
            let (ready, rest): (Vec<_>, Vec<_>) =
                self.tasks.into_iter().partition(|t| t.parents.iter().all(|p| place.contains_key(p)));
            assert!(!ready.is_empty(), "the trace goes round in circles");
            for task in ready {
                place.insert(task.id.clone(), sorted.len());
                sorted.push(task);
            }
            self.tasks = rest;
        }
        let parents = sorted.iter().map(|t| t.parents.iter().map(|p| place[p]).collect()).collect();
        (sorted, parents)
    }
}

/// A path of a trace as one of a workspace, literally.
fn claim(path: &str) -> String {
    let path: String = path.replace("https://", "").trim_start_matches('/').replace("//", "/");
    globs::escape(&path).replace('\\', "\\\\")
}

/// The trace as a program: a task each, that waits for its parents.
fn program(tasks: &[TraceTask], parents: &[Vec<usize>]) -> String {
    let mut text = String::from("workflow main() {\n");
    for (i, task) in tasks.iter().enumerate() {
        let list = |paths: &[String]| {
            paths.iter().map(|p| format!("\"{}\"", claim(p))).collect::<Vec<_>>().join(", ")
        };
        let after: Vec<String> = parents[i].iter().map(|p| format!("t{p}")).collect();
        let _ = writeln!(
            text,
            "task t{i} {{ run: [\"x\"] on_crash: rerun reads: [{}] writes: [{}] after: [{}] }}",
            list(&task.reads),
            list(&task.writes),
            after.join(", ")
        );
    }
    text.push('}');
    text
}

/// Who comes before whom, as bits.
fn before(parents: &[Vec<usize>]) -> Vec<Vec<bool>> {
    let mut rows: Vec<Vec<bool>> = Vec::new();
    for own in parents {
        let mut row = vec![false; parents.len()];
        for p in own {
            row[*p] = true;
            (0..rows[*p].len()).filter(|i| rows[*p][*i]).for_each(|i| row[i] = true);
        }
        rows.push(row);
    }
    rows
}

/// What the plan says collides: pairs of numbers of tasks.
fn collisions(plan: &flow::plan::Plan) -> BTreeSet<(usize, usize)> {
    let found = claims::collisions(plan);
    assert!(!found.more && !found.beyond && found.faulty.is_empty(), "{:?}", found.faulty);
    let number = |side: &claims::Side| {
        let node = &plan.body(side.task.0).nodes[side.task.1.index()];
        node.name.trim_start_matches('t').parse::<usize>().unwrap()
    };
    found.collisions.iter().map(|c| (number(&c.first), number(&c.second))).collect()
}

#[test]
fn of_real_workflows_exactly_the_pair_without_its_edge_is_reported() {
    for (name, trace) in traces() {
        let (tasks, parents) = trace.sorted();
        let text = program(&tasks, &parents);
        let checked = compile::check_text(&text);
        let codes: Vec<_> = checked.diagnostics.iter().filter(|d| d.is_error()).map(|d| &d.message).collect();
        assert_eq!(codes, Vec::<&String>::new(), "{name}");
        let mut plan = compile::plan_of(checked, None).unwrap().plan;
        let touching = touching(&tasks);
        let edges: Vec<(usize, usize)> = (0..tasks.len())
            .flat_map(|reader| parents[reader].iter().map(move |writer| (*writer, reader)))
            .filter(|(writer, reader)| tasks[*reader].reads.iter().any(|r| tasks[*writer].writes.contains(r)))
            .collect();
        // Of very many some, unless all are asked for.
        let all = std::env::var_os("FLOW_TEST_ALL").is_some();
        let step = if all { 1 } else { edges.len().div_ceil(300) };
        let (mut cut, mut bypassed) = (0, 0);
        for (writer, reader) in edges.into_iter().step_by(step) {
            let mut fewer = parents.clone();
            fewer[reader].retain(|p| *p != writer);
            let order = before(&fewer);
            if order[reader][writer] {
                bypassed += 1;
                continue;
            }
            // What lost its order with the edge, by the files alone.
            let lost = touching.iter().filter(|(a, b)| !order[*b][*a]).copied();
            let expected: BTreeSet<(usize, usize)> = lost.collect();
            assert!(expected.contains(&(writer, reader)));
            for (i, own) in fewer.iter().enumerate() {
                let node = plan.bodies[0].nodes.get_mut(i).unwrap();
                assert_eq!(node.name, format!("t{i}"));
                node.needs = own.iter().map(|p| flow::plan::NodeIx(*p as u32)).collect();
                node.needs.sort_unstable();
            }
            assert_eq!(collisions(&plan), expected, "{name}: {} -> {}", tasks[writer].id, tasks[reader].id);
            cut += usize::from(expected.len() == 1);
        }
        assert!(cut > 0, "{name}: no edge was of interest, {bypassed} had a way around");
    }
}

/// The pairs of tasks that use a common path of which one writes it.
fn touching(tasks: &[TraceTask]) -> Vec<(usize, usize)> {
    let mut users: HashMap<&str, BTreeSet<(usize, bool)>> = HashMap::new();
    for (i, task) in tasks.iter().enumerate() {
        for (paths, writes) in [(&task.reads, false), (&task.writes, true)] {
            paths.iter().for_each(|p| {
                users.entry(p).or_default().insert((i, writes));
            });
        }
    }
    let mut found = BTreeSet::new();
    for of in users.values() {
        for (a, wa) in of {
            found.extend(of.iter().filter(|(b, wb)| a < b && (*wa || *wb)).map(|(b, _)| (*a, *b)));
        }
    }
    found.into_iter().collect()
}

/// A random program of a few tasks with claims over one unknown text, and what is known of it apart from its text.
struct Random {
    text: String,
    after: Vec<Vec<usize>>,
    /// By task: reads and writes, `X` for the unknown.
    claims: Vec<[Vec<&'static str>; 2]>,
}

fn random(rng: &mut fastrand::Rng) -> Random {
    let globs = ["a", "b", "d/x", "d/y", "d/*", "d/**", "d/X", "d/X/e", "X", "{a,b}", "d/?", "[ab]", "e/X*"];
    let count = rng.usize(2..6);
    let mut made = Random { text: String::new(), after: Vec::new(), claims: Vec::new() };
    // A variable is no constant: the compiler cannot know it, the run does.
    made.text.push_str("workflow main() {\n  task n -> String { run: [\"echo\", \"x\"] }\n");
    for i in 0..count {
        let after: Vec<usize> = (0..i).filter(|_| rng.u8(..100) < 30).collect();
        let mut pick = |most: usize| {
            (0..rng.usize(0..=most)).map(|_| globs[rng.usize(..globs.len())]).collect::<Vec<_>>()
        };
        let claims = [pick(1), pick(2)];
        let list = |of: &[&str]| {
            let text: Vec<String> = of.iter().map(|g| format!("\"{}\"", g.replace('X', "#{n}"))).collect();
            text.join(", ")
        };
        let names: Vec<String> = after.iter().map(|a| format!("t{a}")).collect();
        let _ = writeln!(
            made.text,
            "  task t{i} {{ sh: \"echo +{i} >> log; sleep 0.03; echo -{i} >> log\" on_crash: rerun \
             reads: [{}] writes: [{}] after: [{}, n] }}",
            list(&claims[0]),
            list(&claims[1]),
            names.join(", ")
        );
        made.text = made.text.replace("[, n]", "[n]");
        made.after.push(after);
        made.claims.push(claims);
    }
    made.text.push('}');
    made
}

impl Random {
    /// Whether two tasks use the same path when the unknown is this.
    fn meets(&self, a: usize, b: usize, value: &str) -> bool {
        let of = |g: &str| g.replace('X', &globs::escape(value));
        let any = |x: &[&str], y: &[&str]| {
            x.iter().any(|x| y.iter().any(|y| globs::overlap(&of(x), &of(y)).is_some()))
        };
        let ([ra, wa], [rb, wb]) = (&self.claims[a], &self.claims[b]);
        any(wa, wb) || any(wa, rb) || any(ra, wb)
    }
}

#[test]
fn random_programs_are_refused_as_an_oracle_says() {
    let mut rng = fastrand::Rng::with_seed(11);
    let (mut refused, mut passed) = (0, 0);
    let values = ["x", "y", "z", "a", "e", "xx", "x.b"];
    for _ in 0..400 {
        let made = random(&mut rng);
        let order = before(&made.after);
        let mut expected = BTreeSet::new();
        for (b, row) in order.iter().enumerate() {
            let beside = (0..b).filter(|a| !row[*a]);
            expected.extend(beside.filter(|a| values.iter().all(|v| made.meets(*a, b, v))).map(|a| (a, b)));
        }
        let program = compile::check_text(&made.text);
        let errors: Vec<_> = program.diagnostics.iter().filter(|d| d.is_error()).collect();
        assert!(errors.iter().all(|d| d.code.to_string().starts_with("F05")), "{errors:?}");
        assert_eq!(errors.is_empty(), expected.is_empty(), "{}\n{expected:?} {errors:?}", made.text);
        // One message for each pair: the definitions are all different.
        assert_eq!(errors.len(), expected.len(), "{}\n{expected:?}", made.text);
        refused += usize::from(!expected.is_empty());
        passed += usize::from(expected.is_empty());
    }
    assert!(refused > 50 && passed > 50, "{refused} {passed}");
}

/// What the checker takes runs without two tasks on the same path at once: the engine keeps apart what only may meet.
#[test]
fn what_is_taken_never_meets_in_a_run() {
    let mut rng = fastrand::Rng::with_seed(5);
    let (mut runs, mut kept_apart) = (0, 0);
    while runs < 12 {
        let made = random(&mut rng);
        if compile::check_text(&made.text).errors() > 0 {
            continue;
        }
        let order = before(&made.after);
        let pairs = (0..made.after.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
        let may: Vec<_> = pairs.filter(|(a, b)| !order[*b][*a] && made.meets(*a, *b, "x")).collect();
        // Most runs are of those where there is something to keep apart.
        if may.is_empty() && runs % 4 != 0 {
            continue;
        }
        runs += 1;
        kept_apart += may.len();
        let options = Options { durability: Durability::Process, parallel: Some(8), ..Options::default() };
        let ran = run_with(&compiled(&made.text), &options);
        ran.value();
        let mut open: BTreeSet<usize> = BTreeSet::new();
        for line in ran.log() {
            let task: usize = line[1..].parse().unwrap();
            if line.starts_with('-') {
                assert!(open.remove(&task));
                continue;
            }
            for other in &open {
                let (a, b) = (task.min(*other), task.max(*other));
                assert!(!made.meets(a, b, "x"), "t{a} and t{b} at once:\n{}", made.text);
            }
            open.insert(task);
        }
        assert!(open.is_empty());
    }
    assert!(kept_apart > 5, "{kept_apart}");
}

/// Many tasks: the work is counted, not timed.
#[test]
fn five_thousand_tasks_are_compared_with_little_work() {
    let of = |body: &dyn Fn(usize) -> String| {
        let tasks: String = (0..5_000).map(body).collect();
        let loader =
            flow::source::MemoryLoader::new().with("main.flow", &format!("workflow main() {{\n{tasks}}}"));
        let found = compile::compile("main.flow", &loader, None);
        let compiled = found.unwrap_or_else(|p| panic!("{:?}", p.diagnostics.first()));
        claims::collisions(&compiled.plan)
    };
    let task = |i: usize, reads: &str, writes: &str, after: &str| {
        format!(
            "task t{i} {{ run: [\"x\"] on_crash: rerun reads: [{reads}] writes: [{writes}] after: [{after}] }}\n"
        )
    };
    // Each in a folder of its own.
    let wide = of(&|i| task(i, &format!("\"in/{i}/**\""), &format!("\"out/{i}/*.md\""), ""));
    assert_eq!((wide.work.sites, wide.collisions.len()), (5_000, 0));
    assert!(wide.work.pairs <= 5_000 && wide.work.compared <= 5_000, "{:?}", wide.work);
    // A chain that goes through one file.
    let chain = of(&|i| {
        let after = if i == 0 { String::new() } else { format!("t{}", i - 1) };
        task(i, "\"log\"", "\"log\"", &after)
    });
    assert_eq!(chain.collisions.len(), 0);
    assert_eq!(chain.work.compared, 0, "what is ordered is not compared");
    // Layers that read what the layer before wrote.
    let layers = of(&|i| {
        let (layer, at) = (i / 50, i % 50);
        let after = if layer == 0 {
            String::new()
        } else {
            (0..5).map(|k| format!("t{}", (layer - 1) * 50 + (at + k) % 50)).collect::<Vec<_>>().join(", ")
        };
        let reads = if layer == 0 { String::new() } else { format!("\"l{}/{at}.txt\"", layer - 1) };
        task(i, &reads, &format!("\"l{layer}/{at}.txt\""), &after)
    });
    assert_eq!(layers.collisions.len(), 0);
    assert!(layers.work.pairs < 20_000 && layers.work.compared < 20_000, "{:?}", layers.work);
}
