//! The passes on small plans, and on large ones.

use super::*;
use crate::plan::lower_test::{compiled, finished};
use crate::plan::{NodeIx, NodeKind};

const TASKS: &str = "fn half(n: Int) -> Int = n / 2
fn lazy(a: Int, b: Int) -> Int = if a > 0 { a } else { b }
task one(x: String) -> String { run: [\"echo\", x] estimate: 1m }
task two(n: Int) -> Int { run: [\"echo\", \"#{n}\"] estimate: 2m }\n";

fn emitted(pass: &str, program: &str) -> String {
    let plan = compiled(&format!("{TASKS}{program}"), None).unwrap();
    let text = emit(pass, plan).unwrap();
    text.lines().filter(|l| !l.starts_with("task ")).map(|l| format!("{l}\n")).collect()
}

#[test]
fn folding_evaluates_what_is_known_and_leaves_what_fails() {
    let text = emitted(
        "dead-expressions",
        "workflow main(n: Int) -> Json {
            let size = 2 * 3 + half(8)
            let unused = n + 1
            let bad = 1 / (1 - 1)
            two(size)
            for i in range(0, 3) { two(i) }
            for i in range(0, 1_000_000) { two(i) }
            { size: size, bad: bad, later: lazy(1, n), half: half(n) }
        }",
    );
    assert!(text.contains("do two(10)"), "{text}");
    assert!(text.contains("two~2[2] do two(2)"), "{text}");
    assert!(text.contains("range(0, 1000000)"), "{text}");
    assert!(text.contains("bad = (1 / 0)"), "{text}");
    assert!(!text.contains("unused"), "{text}");
    assert!(
        text.contains("later: lazy(1, $0)"),
        "a body that may leave an argument out stays a call: {text}"
    );
    assert!(text.contains("half: ($0 / 2)"), "{text}");
    assert!(text.contains("fn lazy") && !text.contains("fn half"), "{text}");
}

#[test]
fn every_pass_can_be_looked_at() {
    for pass in PASSES {
        assert!(emitted(pass, "workflow main() { one(\"x\") }").contains("body 0"), "{pass}");
    }
    let plan = compiled("task t() { run: [\"x\"] } workflow main() { t() }", None).unwrap();
    assert_eq!(emit("nothing", plan), None);
}

#[test]
fn waves_count_hops_over_tasks_and_calls_take_those_of_their_bodies() {
    let plan = finished(&format!(
        "{TASKS}workflow inner() -> String {{ let a = one(\"a\") one(a) }}
        workflow main() -> String {{
            let a = one(\"a\")
            let b = inner()
            let c = one(\"#{{a}}#{{b}}\")
            assert c != \"\"
            stage s {{ one(\"d\") }}
            one(c)
        }}"
    ));
    let waves: Vec<(&str, u32)> = plan.bodies[0].nodes.iter().map(|n| (n.name.as_str(), n.wave)).collect();
    let expected = [("a", 0), ("b", 0), ("c", 2), ("assert", 2), ("s.one", 3), ("s", 3), ("one", 4)];
    assert_eq!(waves, expected);
    assert_eq!((plan.bodies[0].waves, plan.bodies[1].waves), (5, 2));
}

#[test]
fn reduction_takes_away_what_other_edges_imply() {
    let text = emitted(
        "reduction",
        "workflow main() { let a = one(\"a\") let b = one(a) let c = one(\"#{a}#{b}\") one(\"#{a}#{b}#{c}\") }",
    );
    assert!(text.contains("needs %1 wave 2") && text.contains("needs %2 wave 3"), "{text}");
}

#[test]
fn the_critical_path_follows_the_estimates() {
    let plan = finished(&format!(
        "{TASKS}workflow main() {{ let a = one(\"a\") let n = two(1) one(\"#{{n}}\") one(a) sleep(10s) }}"
    ));
    let root = &plan.bodies[0];
    let path = paths::critical_path(root);
    let names: Vec<&str> = path.iter().map(|n| root.nodes[n.index()].name.as_str()).collect();
    assert_eq!(names, ["n", "one"]);
    assert_eq!(root.nodes[1].path_ms, 180_000);
    assert_eq!(root.nodes[4].estimate_ms, 10_000, "how long a sleep takes is known");
}

#[test]
fn checkpoints_follow_the_setting() {
    let of = |with: &str| {
        checkpoints(&finished(&format!(
            "{TASKS}workflow main() {with} {{ let a = one(\"a\") let b = one(a) sleep(1s) with {{ after: [b] }} }}"
        )))
    };
    assert_eq!(of(""), [0, 1, 2]);
    assert_eq!(of("with { checkpoint: off }"), Vec::<u32>::new());
    assert_eq!(of("with { checkpoint: wave }"), [0, 1, 2]);
}

/// A chain of 100,000 nodes and a fan-in of 10,000: linear, and without native stack.
#[test]
fn large_bodies_are_walked_in_linear_time() {
    let mut plan = finished(&format!("{TASKS}workflow main() {{ one(\"a\") }}"));
    let node = plan.bodies[0].nodes[0].clone();
    let mut nodes = Vec::new();
    for i in 0..100_000u32 {
        let needs = if i == 0 {
            vec![]
        } else if i < 3 {
            vec![NodeIx(i - 1)]
        } else {
            vec![NodeIx(i - 2), NodeIx(i - 1)]
        };
        nodes.push(crate::plan::Node { needs, ..node.clone() });
    }
    let fan = (90_000..100_000).map(NodeIx).collect();
    nodes.push(crate::plan::Node { needs: fan, kind: NodeKind::Join, ..node.clone() });
    plan.bodies[0].nodes = nodes;
    let begun = std::time::Instant::now();
    run(&mut plan);
    let root = &plan.bodies[0];
    assert_eq!(root.waves, 100_000);
    assert_eq!(root.nodes[0].path_ms, 60_000 * 100_000);
    assert!(
        root.nodes[5..100_000].iter().all(|n| n.needs.len() == 1),
        "u → w goes when v between them needs u"
    );
    assert_eq!(root.nodes[100_000].needs, [NodeIx(99_999)]);
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}

/// A chain of workflows that call each other, deeper than any stack.
#[test]
fn long_chains_of_calls_need_no_stack() {
    let mut program =
        String::from("task t() { run: [\"x\"] }\nfn f0(n: Int) -> Int = n\nworkflow w0() { t() }\n");
    for i in 1..3_000 {
        let before = i - 1;
        program
            .push_str(&format!("workflow w{i}() {{ w{before}() }}\nfn f{i}(n: Int) -> Int = f{before}(n)\n"));
    }
    program.push_str("workflow main(n: Int) -> Int { w2999() f2999(n) }");
    let plan = finished(&program);
    assert_eq!(plan.bodies.len(), 3_001);
    assert_eq!(plan.bodies[0].waves, 1);
}

/// Ids and waves of all that a plan does, the iterations of loops over known lists written out.
fn tasks_of(plan: &crate::plan::Plan) -> std::collections::BTreeMap<String, u32> {
    fn walk(
        plan: &crate::plan::Plan,
        id: BodyId,
        before: &str,
        own: &str,
        wave: Option<u32>,
        out: &mut std::collections::BTreeMap<String, u32>,
    ) {
        for node in &plan.body(id).nodes {
            let name = if node.name.is_empty() { own.to_string() } else { format!("{before}{}", node.name) };
            let level = wave.unwrap_or(node.wave);
            let wave = Some(level);
            match &node.kind {
                NodeKind::Join => {}
                NodeKind::Map { items, body, .. } if items.as_const().is_some() => {
                    let count = items.as_const().and_then(|v| v.as_list()).unwrap().len();
                    for i in 0..count {
                        let own = format!("{name}[{i}]");
                        walk(plan, *body, &format!("{own}."), &own, wave, out);
                    }
                }
                NodeKind::Map { body, .. } => {
                    out.insert(name.clone(), level);
                    walk(plan, *body, &format!("{name}[*]."), &format!("{name}[*]"), wave, out);
                }
                NodeKind::Call { body, .. } => walk(plan, *body, &format!("{name}/"), &name, None, out),
                NodeKind::Loop { body, .. } => {
                    walk(plan, *body, &format!("{name}#."), &format!("{name}#"), wave, out)
                }
                _ => {
                    assert!(out.insert(name, level).is_none());
                    for body in node.kind.bodies() {
                        walk(plan, body, before, own, wave, out);
                    }
                }
            }
        }
    }
    let mut out = std::collections::BTreeMap::new();
    walk(plan, BodyId(0), "", "", None, &mut out);
    out
}

const LOOPS: &str = "workflow part(xs: [Int]) -> [Int] { for x in xs { two(x) } }
workflow main(n: Int, s: String) -> Json {
    let before = two(n)
    let label = \"#{before}!\"
    let found = for x in [\"a\", \"b\", \"c\"] { one(\"#{x}#{label}\") }
    let sized = for x in [1, 2] { let a = two(x) let c = \"#{a}#{found[0]}\" let b = one(c) two(len(b)) }
    let total = len(found) + len(sized)
    let tried = for x in [\"q\", \"r\"] { try { one(x) } catch e { one(e.message) } }
    for x in [1, 2] { if n > x { one(\"#{x}#{n}\") two(x) } else { two(total) } }
    let drafts = for x in [\"d\", \"e\"] { let d = repeat d = x with { max: 2 } { one(\"#{d}#{x}#{label}\") } until len(d) > total d }
    let inner = for x in [1, 2] { for y in [s, \"#{x}\"] { one(\"#{y}#{x}#{label}\") } }
    let none_at_all = for x in range(0, 0) { two(x) }
    for { key, value } in [{ key: \"k\", value: 1 }] { one(\"#{key}#{value}\") }
    for x in [1, 2, 3, 4] if x > 2 { two(x) }
    let kept = for x in [1, 2] with { parallel: 1 } { two(x) }
    for x in list() { one(x) }
    part([1, 2])
    { found: found, sized: sized, tried: tried, drafts: drafts, inner: inner, none: none_at_all, kept: kept, total: total }
}
task list() -> [String] { run: [\"ls\"] }";

#[test]
fn expansion_changes_neither_ids_nor_waves() {
    let program = format!("{TASKS}{LOOPS}");
    let mut whole = compiled(&program, None).unwrap();
    for pass in ["waves", "inlining", "folding", "dead-expressions"] {
        apply(pass, &mut whole);
    }
    let mut expected = tasks_of(&whole);
    // Of the filtered loop only what passes the filter takes place.
    let filtered: Vec<String> =
        expected.keys().filter(|k| **k == "two[0]" || **k == "two[1]").cloned().collect();
    assert_eq!(filtered.len(), 2, "{expected:?}");
    expected.retain(|k, _| !filtered.contains(k));
    let expanded = finished(&program);
    assert_eq!(tasks_of(&expanded), expected);
    assert!(
        expected.contains_key("found[2]")
            && expected.contains_key("sized[1].b")
            && expected.contains_key("tried[1].try")
    );
    let text = crate::plan::format::to_json(&expanded).unwrap();
    assert_eq!(crate::plan::format::from_json(&text).unwrap(), expanded);
}

#[test]
fn an_expanded_loop_holds_its_values_and_its_end() {
    let text = emitted(
        "reduction",
        "workflow main(n: Int) -> [String] {
            let first = two(n)
            let found = for x in [\"a\", \"b\"] { let y = one(\"#{x}#{first}\") one(y) }
            two(len(found)) with { after: [found] }
            found
        }",
    );
    insta::assert_snapshot!("expanded", text);
}
