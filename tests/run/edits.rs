//! A run goes on with another program: what is kept and what runs again, edit by edit.

use super::*;
use flow::run::{From, How, Preview, Resume};
use std::collections::BTreeSet;

/// Its tasks write their names into `log`, and `gate` fails until the file `ready` is there.
const BASE: &str = r##"
type Item = { name: String, size: Int }
enum Level { low, high }
fn twice(n: Int) -> Int = n * 2
fn unused(n: Int) -> Int = n + 1
task first(n: Int) -> Int { sh: "echo first >> log; echo #{n}" }
task item(i: Item) -> String { sh: "echo item-#{i.name} >> log; echo #{i.name}" timeout: 20s }
task count(xs: [String]) -> Int { sh: "echo count >> log; echo #{len(xs)}" accept: result > 0 }
task level(n: Int) -> Level { sh: "echo level >> log; echo '\"high\"'" }
task doubled(n: Int) -> Int { sh: "echo doubled >> log; echo #{twice(n)}" }
task bad() -> Int { sh: "echo bad >> log; exit 3" }
task step(n: Int) -> Int { sh: "echo step-#{n} >> log; n=#{n}; echo $((n + 1))" }
task side() { sh: "echo side >> log" }
task last(n: Int, l: Level) -> String { sh: "echo last >> log; echo #{n}" }
task gate() -> String { sh: "echo gate >> log; test -f ready; echo ok" }
workflow main() -> String {
  let start = first(1)
  let items = for i in [{ name: "a", size: 1 }, { name: "b", size: 2 }] { item(i) }
  let n = count(items)
  let l = level(n)
  let d = doubled(n)
  let caught = try { bad() } catch e { 7 }
  let stepped = repeat draft: Int = 0 with { max: 5 } { step(draft) } until draft >= 2
  let ended = side() with { after: [d] }
  let out = last(n + caught + stepped, l)
  let g = gate() with { after: [out, ended] }
  out
}
"##;

/// What every run of the base leaves in the log but for `gate`.
const ALL: &[&str] =
    &["first", "item-a", "item-b", "count", "level", "doubled", "bad", "step-0", "step-1", "side", "last"];

/// One edit: its name, what is replaced by what, and what runs again.
type Edit = (&'static str, &'static str, &'static str, &'static [&'static str]);

const EDITS: &[Edit] = &[
    ("nothing", "", "", &[]),
    ("a comment", "task first", "// hello\ntask first", &[]),
    ("layout", "  let n = count(items)", "\n\n     let n =\n  count( items )", &[]),
    ("a doc", "task first", "/// The first.\ntask first", &[]),
    ("timeout", "timeout: 20s", "timeout: 30s", &[]),
    ("timeout gone", " timeout: 20s", "", &[]),
    ("estimate", "timeout: 20s", "timeout: 20s estimate: 3s", &[]),
    ("retry", "timeout: 20s", "timeout: 20s retry: 2", &[]),
    ("priority", "timeout: 20s", "timeout: 20s priority: 7", &[]),
    ("resources", "timeout: 20s", "timeout: 20s resources: { cpu: 1 }", &[]),
    ("description", "timeout: 20s", "timeout: 20s description: \"An item.\"", &[]),
    ("on_crash", "timeout: 20s", "timeout: 20s on_crash: ask", &[]),
    (
        "parallel of the workflow",
        "workflow main() -> String {",
        "workflow main() -> String with { parallel: 2 } {",
        &[],
    ),
    ("a name of a task", "first(", "begin(", &[]),
    ("a name of a let", "let start", "let begun", &["first"]),
    ("a name of a parameter", "task level(n: Int)", "task level(m: Int)", &[]),
    (
        "order of declarations",
        "enum Level { low, high }\nfn twice(n: Int) -> Int = n * 2\n",
        "fn twice(n: Int) -> Int = n * 2\nenum Level { low, high }\n",
        &[],
    ),
    ("an unused function", "n + 1\n", "n + 2\n", &[]),
    ("a used function", "n * 2", "n * 2 + 0", &["doubled", "side"]),
    ("a script", "echo #{n}\" }\ntask item", "echo  #{n}\" }\ntask item", &["first"]),
    ("an input that nothing else uses", "first(1)", "first(2)", &["first"]),
    ("the same input in other words", "first(1)", "first(3 - 2)", &[]),
    (
        "an element at the head",
        "[{ name: \"a\"",
        "[{ name: \"z\", size: 0 }, { name: \"a\"",
        &["item-z", "count", "level", "doubled", "side", "last"],
    ),
    (
        "an element at the end",
        "size: 2 }]",
        "size: 2 }, { name: \"z\", size: 0 }]",
        &["item-z", "count", "level", "doubled", "side", "last"],
    ),
    ("an element gone", "{ name: \"a\", size: 1 }, ", "", &["count", "level", "doubled", "side", "last"]),
    (
        "elements in another order",
        "[{ name: \"a\", size: 1 }, { name: \"b\", size: 2 }]",
        "[{ name: \"b\", size: 2 }, { name: \"a\", size: 1 }]",
        &["count", "level", "doubled", "side", "last"],
    ),
    (
        "an element twice",
        "size: 2 }]",
        "size: 2 }, { name: \"b\", size: 2 }]",
        &["item-b", "count", "level", "doubled", "side", "last"],
    ),
    (
        "a field of an element",
        "size: 2 }]",
        "size: 3 }]",
        &["item-b", "count", "level", "doubled", "side", "last"],
    ),
    ("a loop that is no constant", "for i in [", "for i in flatten([]) + [", &[]),
    (
        "a field of a type",
        "size: Int }",
        "size: Int, note: String? }",
        &["item-a", "item-b", "count", "level", "doubled", "side", "last"],
    ),
    (
        "the docs of a field",
        "name: String,",
        "/// Its name.
  name: String,",
        &[],
    ),
    ("a variant more", "high }", "high, top }", &["level", "last"]),
    ("accept that still holds", "result > 0", "result > 1", &[]),
    ("accept gone", " accept: result > 0", "", &[]),
    ("accept that holds no more", "result > 0", "result > 5", &["count fails"]),
    ("a property of a call", "first(1)", "first(1) with { env: { \"A\": \"b\" } }", &["first"]),
    ("timeout of a call", "first(1)", "first(1) with { timeout: 9s }", &[]),
    ("after more", "= doubled(n)", "= doubled(n) with { after: [l] }", &[]),
    ("after what runs again", "after: [d]", "after: [d, start]", &[]),
    ("the failure that was caught", "exit 3", "exit 4", &["bad", "last"]),
    ("what catch gives", "catch e { 7 }", "catch e { 8 }", &["last"]),
    ("catch gone", "try { bad() } catch e { 7 }", "7", &[]),
    ("another round", "draft >= 2", "draft >= 3", &["step-2", "last"]),
    ("a round less", "draft >= 2", "draft >= 1", &["last"]),
    ("the first round", "= 0 with", "= 1 with", &["step-1", "last"]),
    ("max of a loop", "max: 5", "max: 6", &[]),
    ("a task more", "  let g = gate()", "  let more = first(9)\n  let g = gate()", &["first"]),
    (
        "a call before of the same name",
        "  let start = first(1)",
        "  first(0)\n  let start = first(1)",
        &["first"],
    ),
    ("a task less", "  let d = doubled(n)\n", "  let d = n\n", &[]),
    (
        "env of the workflow",
        "workflow main() -> String {",
        "workflow main() -> String with { env: { \"MODE\": \"b\" } } {",
        &[
            "first", "item-a", "item-b", "count", "level", "doubled", "bad", "step-0", "step-1", "side",
            "last",
        ],
    ),
    ("a barrier", "  let l = level(n)", "  assert n > 0\n  let l = level(n)", &[]),
];

fn base() -> Ran {
    let ran = flow(BASE);
    assert_eq!(ran.failure().1, "g");
    assert_eq!(without_gate(&ran.log()), sorted(ALL));
    ran
}

fn without_gate(log: &[String]) -> Vec<String> {
    let mut log: Vec<String> = log.iter().filter(|line| *line != "gate").cloned().collect();
    log.sort();
    log
}

fn sorted(words: &[&str]) -> Vec<String> {
    let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    words.sort();
    words
}

fn preview(ran: &Ran, how: Resume) -> Preview {
    match ran.resume_with(Resume { dry: true, ..how }).0.how {
        How::Previewed(preview) => *preview,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_edit_runs_again_what_it_changes_and_nothing_else() {
    let first = base();
    let mut wrong = Vec::new();
    for (name, from, to, expected) in EDITS {
        let source = if from.is_empty() { BASE.to_owned() } else { BASE.replace(from, to) };
        assert!(from.is_empty() || source != BASE, "{name}: the edit changes nothing");
        // Every edit starts from the same record.
        let ran = first.copied();
        let plan = || Some(compiled(&source));
        let before = ran.log().len();
        let said = preview(&ran, Resume { plan: plan(), ..Resume::default() });
        assert_eq!(ran.log().len(), before, "{name}: a preview runs nothing");
        std::fs::write(ran.folder.path().join("ready"), "").unwrap();
        let (end, _) = ran.resume_with(Resume { plan: plan(), ..Resume::default() });
        let log = without_gate(&ran.log()[before..]);
        if *expected == ["count fails"] {
            assert!(matches!(&end.how, How::Failed(f) if f.kind == "accept"), "{name}: {end:?}");
            assert!(log.contains(&"count".to_owned()), "{name}: {log:?}");
            continue;
        }
        if !matches!(end.how, How::Succeeded(_)) {
            wrong.push(format!("{name}: {end:?}"));
            continue;
        }
        if log != sorted(expected) {
            wrong.push(format!("{name}: {log:?} ran, expected {:?}", sorted(expected)));
        }
        let told = said.again.len() + said.new.len();
        let ran = log.len() + 1;
        if told > ran || told + said.later.len() < ran {
            wrong.push(format!("{name}: {} ran, told of {:?} {:?}", ran, said.again, said.new));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_run_that_goes_on_unchanged_runs_nothing_again() {
    for crash in [false, true] {
        let ran = base();
        if !crash {
            std::fs::write(ran.folder.path().join("ready"), "").unwrap();
        }
        // Generation upon generation: what was kept once is kept again.
        for _ in 0..3 {
            let before = ran.log().len();
            let (_, _) = ran.resume_with(Resume::default());
            let again: BTreeSet<String> = ran.log()[before..].iter().cloned().collect();
            assert!(again.is_subset(&BTreeSet::from(["gate".to_owned()])), "{again:?}");
        }
    }
}

#[test]
fn an_edit_that_is_taken_back_finds_the_results_of_before() {
    let ran = base();
    let edited = BASE.replace("echo level >> log", "echo level >> log; exit 1");
    let (end, _) = ran.resume_with(Resume { plan: Some(compiled(&edited)), ..Resume::default() });
    assert!(matches!(&end.how, How::Failed(f) if f.task == "l"), "{end:?}");
    std::fs::write(ran.folder.path().join("ready"), "").unwrap();
    let before = ran.log().len();
    let (end, _) = ran.resume_with(Resume { plan: Some(compiled(BASE)), ..Resume::default() });
    assert!(matches!(end.how, How::Succeeded(_)), "{end:?}");
    assert_eq!(without_gate(&ran.log()[before..]), Vec::<String>::new());
}

#[test]
fn what_was_asked_for_again_stays_so_when_the_run_fails_before() {
    let ran = base();
    // `gate` fails again, perhaps before `first` has run: it is still to run.
    let how = Resume { from: Some(From::Task("n".into())), ..Resume::default() };
    let _ = ran.resume_with(how);
    std::fs::write(ran.folder.path().join("ready"), "").unwrap();
    let (end, _) = ran.resume_with(Resume::default());
    assert!(matches!(end.how, How::Succeeded(_)), "{end:?}");
    let log = ran.log();
    let times = |word: &str| log.iter().filter(|line| *line == word).count();
    assert_eq!(
        (times("count"), times("level"), times("doubled"), times("side"), times("last")),
        (2, 2, 2, 2, 2)
    );
    assert_eq!((times("first"), times("item-a"), times("bad"), times("step-1")), (1, 1, 1, 1));
}
