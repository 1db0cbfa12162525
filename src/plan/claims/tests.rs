//! What may have to wait, by the plan alone. What certainly collides is tested with its messages in `proof`.

use super::*;
use crate::plan::lower_test::finished;

const TASKS: &str = r##"
resource db { capacity: 1 }
agent one { model: "m" max_parallel: 1 }
task w(x: String) { run: ["w", x] writes: ["out/#{x}.md"] }
task p(x: Path) { run: ["p", x] writes: [x] }
task r(x: String) { run: ["r", x] reads: ["out/#{x}.md"] }
task tree(x: String) { run: ["t", x] writes: ["out/#{x}.md"] workspace: worktree }
task d(x: String) { run: ["d", x] writes: ["out/#{x}.md"] resources: { db: 1 } }
task a(x: String) { agent: one prompt: x writes: ["out/#{x}.md"] }
"##;

/// The pairs that may wait, as `first second`.
#[track_caller]
fn may(body: &str) -> Vec<String> {
    let plan = finished(&format!(
        "{TASKS}workflow main(x: String, y: String, f: Path, xs: [String], m: {{String: String}}, ps: [{{ id: String, note: String }}]) {{ {body} }}"
    ));
    let found = all(&plan);
    assert_eq!(found.collisions, [], "{body}");
    found.may.iter().map(|m| format!("{} {}", m.first, m.second)).collect()
}

#[test]
fn what_may_overlap_may_wait() {
    for (body, pairs) in [
        ("w(x) w(y)", &["w w~2"][..]),
        ("w(x) r(y)", &["w r"]),
        ("r(x) r(y)", &[]),
        ("w(\"a\") w(\"b\")", &[]),
        ("w(x) p(f)", &["w p"]),
        ("w(\"a\") p(\"src/a\")", &[]),
        ("for i in xs { w(i) }", &["w[*] w[*]"]),
        // What no two iterations have in common keeps them apart.
        ("for i in unique(xs) { w(i) }", &[]),
        ("for i in range(0, len(xs)) { w(\"#{i}\") }", &[]),
        ("for { key, value } in m { w(key) }", &[]),
        ("for { key, value } in m { w(value) }", &["w[*] w[*]"]),
        ("for i in xs with { key: i } { w(i) }", &[]),
        ("for i in xs with { key: \"a\" + i } { w(i) }", &["w[*] w[*]"]),
        ("for i in ps with { key: i.id } { w(i.id) }", &[]),
        ("for i in ps with { key: i.id } { w(i.note) }", &["w[*] w[*]"]),
        ("for x in xs { for { key, value } in m { w(key) } }", &["w[*][*] w[*][*]"]),
        ("for i in unique(xs) { let a = w(i) r(i) with { after: [a] } }", &[]),
        ("for { key, value } in m { p(path(key)) }", &["p[*] p[*]"]),
        ("for i in xs with { parallel: 1 } { w(i) }", &[]),
        (
            "for i in xs { let a = w(i) r(i) with { after: [a] } }",
            &["for[*].a for[*].a", "for[*].a for[*].r"],
        ),
        ("for i in [\"a\", \"b\"] { w(i) }", &[]),
        ("if x == \"\" { w(x) } else { w(y) }", &[]),
        ("tree(x) tree(y)", &["tree tree~2"]),
        ("d(x) d(y)", &[]),
        ("a(x) a(y)", &[]),
        ("d(x) w(y)", &["d w"]),
        ("glob(\"out/*\") r(x)", &[]),
        ("glob(\"out/#{y}/*.md\") w(x)", &["glob w"]),
        ("glob(\"in/#{y}/*.md\") w(x)", &[]),
        ("glob(y) w(x)", &["glob w"]),
        // Sure, but merged.
        ("tree(x) w(x)", &["tree w"]),
    ] {
        assert_eq!(may(body), pairs, "{body}");
    }
}

#[test]
fn calls_pass_what_they_know() {
    let text = format!(
        "{TASKS}workflow inner(x: String) {{ w(x) }}\n\
         workflow main(x: String) {{ inner(\"a\") inner(\"b\") inner(x) }}"
    );
    let found = all(&finished(&text));
    let pairs: Vec<_> = found.may.iter().map(|m| format!("{} {}", m.first, m.second)).collect();
    assert_eq!(pairs, ["inner/w inner~3/w", "inner~2/w inner~3/w"]);
}

/// Workflows that call the next twice are as many sites as a plan can have, and more than are looked at.
#[test]
fn calls_that_double_do_not_explode() {
    let mut program = String::from(
        "task t(x: String) { run: [\"x\"] writes: [\"#{x}/a\"] }\nworkflow w0(x: String) { t(x) }\n",
    );
    for i in 1..40 {
        let before = i - 1;
        program.push_str(&format!("workflow w{i}(x: String) {{ w{before}(\"a\") w{before}(\"b\") }}\n"));
    }
    program.push_str("workflow main() { w39(\"c\") }");
    let found = collisions(&finished(&program));
    assert!(found.beyond && found.work.sites <= MOST_SITES);
    assert!(!found.collisions.is_empty() && found.collisions.len() <= MOST_LISTED);
}

/// A chain of calls with a claim in each is deep, and all of it is one after the other.
#[test]
fn deep_chains_cost_no_stack() {
    let mut program =
        String::from("task t() -> Int { run: [\"x\"] writes: [\"a\"] }\nworkflow w0() -> Int { t() }\n");
    for i in 1..2_000 {
        let before = i - 1;
        program.push_str(&format!(
            "workflow w{i}() -> Int {{ let n = w{before}() task u -> Int {{ run: [\"x\", \"#{{n}}\"] writes: [\"a\"] }} u }}\n"
        ));
    }
    program.push_str("workflow main() -> Int { w1999() }");
    let found = all(&finished(&program));
    assert_eq!((found.collisions.len(), found.may.len(), found.work.sites), (0, 0, 2_000));
}

#[test]
fn nodes_of_a_body_are_ordered_by_any_path() {
    let mut body = crate::plan::Body::default();
    let count = 3_000u32;
    for i in 0..count {
        let needs = if i < 3 { Vec::new() } else { vec![NodeIx(i - 3)] };
        body.nodes.push(crate::plan::Node {
            name: EcoString::new(),
            kind: crate::plan::NodeKind::Join,
            needs,
            spot: Default::default(),
            wave: 0,
            estimate_ms: 0,
            path_ms: 0,
        });
    }
    let all: Vec<NodeIx> = (0..count).map(NodeIx).collect();
    let order = order::Order::new(&body, &all);
    for (a, b) in [(0, 1), (0, 2_999), (5, 2_999), (1_500, 1_501), (7, 10), (10, 7), (2_000, 2_000)] {
        let path = a % 3 == b % 3;
        assert_eq!(order.unordered(a, b), !path, "{a} {b}");
    }
}

/// Of many tasks with claims of their own only those are compared that a quick look cannot tell apart.
#[test]
fn of_many_claims_few_are_compared() {
    let count = 600;
    let inline = |i: usize, claims: &str| format!("task t{i} {{ run: [\"x\"] {claims} }}\n");
    let shape =
        |claims: &dyn Fn(usize) -> String| (0..count).map(|i| inline(i, &claims(i))).collect::<String>();
    for (name, body) in [
        ("files", (0..count).map(|i| format!("write(\"f{i}\", x)\n")).collect()),
        ("files below an unknown", (0..count).map(|i| format!("write(\"#{{x}}/f{i}\", x)\n")).collect()),
        ("folders", shape(&|i| format!("writes: [\"out/{i}/**\"]"))),
        ("the same read", shape(&|i| format!("reads: [\"src/**\"] writes: [\"out/{i}/**\"]"))),
        ("only read", shape(&|_| "reads: [\"src/**\"]".to_string())),
        ("names at the end", shape(&|i| format!("writes: [\"**/f{i}.md\"]"))),
        ("unknown folders", shape(&|i| format!("writes: [\"out/#{{ps[{i}].id}}/**\"]"))),
        ("read and write", shape(&|i| format!("reads: [\"in/{i}/*\"] writes: [\"out/{i}/*.md\"]"))),
        (
            "iterations",
            format!("for x in xs {{\n{}}}", shape(&|i| format!("writes: [\"out/#{{x}}-{i}/**\"]"))),
        ),
    ] {
        let plan = finished(&format!(
            "{TASKS}workflow main(x: String, xs: [String], ps: [{{ id: String }}]) {{\n{body}}}"
        ));
        let found = collisions(&plan);
        assert_eq!((found.collisions.len(), found.beyond), (0, false), "{name}");
        let Work { sites, looked, compared, .. } = found.work;
        assert_eq!(sites, count, "{name}");
        assert!(
            looked <= 4 * count && compared <= 2 * count,
            "{name}: {looked} looked at, {compared} compared"
        );
    }
    // What may overlap is told apart by the parts of the paths.
    for (name, claims) in [
        ("a part begins with what is not known", "out/#{xs[@]}-@/**"),
        ("it ends with that", "out/@-#{xs[@]}/**"),
        ("a later part", "#{xs[0]}/*/f@-*.md"),
    ] {
        let body = shape(&|i| format!("writes: [\"{}\"]", claims.replace('@', &format!("{}", 1_000 + i))));
        let found = all(&finished(&format!("{TASKS}workflow main(xs: [String]) {{\n{body}}}")));
        assert_eq!((found.may.len(), found.beyond), (0, false), "{name}");
        assert!(found.work.compared <= 2 * count, "{name}: {:?}", found.work);
    }
    // What only a look can tell apart is looked at, and no more.
    let found = collisions(&finished(&format!(
        "{TASKS}workflow main() {{\n{}}}",
        shape(&|i| format!("writes: [\"out/*/{i}/*.md\"]"))
    )));
    assert_eq!((found.collisions.len(), found.work.pairs), (0, count));
}
