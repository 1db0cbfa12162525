//! Saving and reading plans.

use super::*;
use crate::plan::lower_test::{compiled, finished};

const PROGRAM: &str = r##"
enum Level { low, high(why: String) }
type Tree = { name: String, below: [Tree] }
resource gpu { capacity: 2 }
agent writer { model: "haiku" runtime: command(["sh", "-c", "cat"]) }
task list(n: Int = 2) -> [String] { run: ["ls", "#{n}"] timeout: 5m resources: { gpu: 1 } }
task one(x: String) -> String { agent: writer prompt: "do #{x}" retry: { max: 2, backoff: 1s } accept: len(result) > 0 }
task tree() -> Tree { sh: "make-tree" env: { T: secret("TOKEN") } on_crash: probe(["true"]) }
fn size(t: Tree) -> Int = len(t.below)
workflow part(n: Int) -> Int with { parallel: 2 } { let l = list(n) len(l) }
workflow main(p: String, l: Level = low) -> Json with { deadline: 1h } {
    assert len(p) > 0, "empty"
    let found = for t in list() if t != "" with { key: t } { try { one(t) } catch e { e.message } }
    let d = repeat d = p with { max: 3 } { one(d) } until len(d) > 3
    stage checks { let t = tree() part(size(t)) }
    let w = race { one("a"), one("b") }
    let m = match l { low => one("low"), high(why) => why }
    approve("ok?")
    { found: found, d: d, w: w, m: m, x: 1 + 2 }
}
"##;

#[test]
fn a_plan_is_read_back_as_it_was_written() {
    let plan = finished(PROGRAM);
    let text = to_json(&plan).unwrap();
    assert_eq!(from_json(&text).unwrap(), plan);
    assert_eq!(to_json(&finished(PROGRAM)).unwrap(), text, "same source, same bytes");
    assert!(!text.contains("/work") && !text.contains("/tmp"));
}

#[test]
fn a_changed_plan_is_refused_with_the_reason() {
    let plan = finished(PROGRAM);
    let text = to_json(&plan).unwrap();
    let said = |text: &str| from_json(text).unwrap_err().message;
    assert!(said("").contains("not a plan"));
    assert!(said("{}").contains("not a plan"));
    assert!(said("[1,2]").contains("not a plan"));
    assert!(said(&text.replace("\"format\":1", "\"format\":2")).contains("format 2"));
    assert!(said(&text[..text.len() / 2]).contains("not a plan"));
    assert!(said(&text.replace("\"haiku\"", "\"opus\"")).contains("hash"));
    assert!(said(&"[".repeat(5_000)).contains("nested deeper"));
    assert!(said(&text.replace("\"needs\":[0", "\"needs\":[900")).contains("does not stand before it"));
    assert!(said(&text.replace("{\"task\":{\"def\":0", "{\"task\":{\"def\":77")).contains("no task 77"));
}

/// Every number of a plan in turn becomes another: a clear error or a plan, never a panic.
#[test]
fn no_damage_makes_reading_panic() {
    let text = to_json(&finished(PROGRAM)).unwrap();
    let bytes = text.as_bytes();
    let (mut at, mut tried) = (0, 0);
    while at < bytes.len() {
        if bytes[at].is_ascii_digit() {
            for other in ["9", "4294967295"] {
                let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
                if let Ok(version) = read::<Version>(&changed)
                    && version.format == FORMAT
                    && let Ok(plan) = read::<Plan>(&changed)
                    && validate::validate(&plan).is_ok()
                {
                    crate::plan::print::print(&plan);
                }
                tried += 1;
            }
        }
        at += 1;
    }
    assert!(tried > 1_000, "{tried}");
}

#[test]
fn long_chains_and_deep_nesting_can_be_saved() {
    let chain = format!("workflow main(n: Int) -> Int {{ {} }}", vec!["n"; 200].join(" + "));
    let in_fn = format!(
        "fn f(n: Int) -> Int = {}\nworkflow main(n: Int) -> Int {{ f(n) }}",
        vec!["n"; 200].join(" + ")
    );
    let deep = format!("workflow main(n: Int) -> Int {{ {}n{} }}", "(n + ".repeat(50), ")".repeat(50));
    for program in [chain, in_fn, deep] {
        let plan = finished(&program);
        let text = to_json(&plan).unwrap();
        assert_eq!(from_json(&text).unwrap(), plan);
    }
}

#[test]
fn keys_depend_on_meaning_alone() {
    let key = |program: &str| finished(program).tasks.iter().find(|t| t.name == "a").unwrap().key.clone();
    let base = r##"
        type R = { x: Int }
        fn f(n: Int) -> Int = n * 2
        agent one { model: "haiku" }
        agent two { model: "opus" }
        task b() -> Int { run: ["b"] }
        task a(n: Int) -> R { agent: two prompt: "#{f(n)}" reads: ["src/**"] timeout: 1m }
        workflow main() -> R { let q = b() a(q) }"##;
    let moved = r##"
        workflow main() -> R { // another order and layout
            let q = b()
            let w = g()
            a(q) }
        agent two { model: "opus" timeout: 3m }
        task g() -> String { agent: one prompt: "first" }
        agent one { model: "haiku" }
        task a(m: Int) -> R { agent: two timeout: 9m accept: result.x > 0 retry: 3
            prompt: "#{f(m)}" reads: ["src/**"] }
        task b() -> Int { run: ["b"] }
        fn f(k: Int) -> Int = k * 2
        type R = { x: Int }"##;
    assert_eq!(key(base), key(moved));
    for (from, to) in [
        ("n * 2", "n * 3"),
        ("\"opus\"", "\"sonnet\""),
        ("src/**", "lib/**"),
        ("x: Int", "y: Int"),
        ("\"#{f(n)}\"", "\"#{f(n)}.\""),
    ] {
        assert_ne!(key(base), key(&base.replace(from, to)), "{from} -> {to}");
    }
}

#[test]
fn programs_that_cannot_be_started_say_so() {
    let said = |text: &str, name| compiled(text, name).unwrap_err();
    assert!(said("task a() { run: [\"x\"] }", None).starts_with("F0401"));
    let two = "task t() { run: [\"x\"] } workflow a() { t() } workflow b() { t() }";
    assert!(said(two, None).starts_with("F0402"));
    assert!(said(two, Some("c")).contains("no workflow `c`"));
    assert_eq!(compiled(two, Some("b")).unwrap().workflow, "b");
    assert!(said("task t() { run: [\"x\"] } workflow a<T>(x: T) { t() }", None).starts_with("F0403"));
}
