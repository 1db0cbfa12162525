//! Scopes, kinds of names, variants, recursion.

use super::*;

#[test]
fn declarations_in_any_order() {
    clean(
        "workflow w() -> String { let x = a(1) \n x }\n\
         task a(n: Int) -> String { run: [\"echo\", \"#{n}\", two(n).name] }\n\
         fn two(n: Int) -> Two = { name: \"#{n}\" }\n type Two = { name: String }",
    );
}

#[test]
fn the_program_of_the_language_page() {
    let tried = files(&[
        (
            "main.flow",
            r##"
use agents "./agents"
use std.patterns.consensus.{majority}
enum Severity { low, medium, high, critical }
type Finding = { file: Path, line: Int?, severity: Severity, note: String }
task threats(repo: Path) -> [String] {
  agent: security_architect
  prompt: "List #{repo}"
  reads: ["#{repo}/**"]
  timeout: 20m
  accept: len(result) > 0
}
task review(threat: String, repo: Path) -> [Finding] {
  agent: skilled(["security", "review"])
  prompt: "Find where #{repo} is open to: #{threat}"
  retry: { max: 3, backoff: 10s, factor: 2.0, on: [timeout, exit] }
  fallback: [appsec_reviewer]
  workspace: worktree
  on_crash: ask
  output: file("p.json")
}
task fix(f: Finding) -> String { agent: appsec_reviewer prompt: "Fix: #{f.note} (#{f.file}:#{f.line ?? 0})" }
type Report = { findings: [Finding], fixed: [String] }
workflow audit(repo: Path = ".") -> Report with { parallel: 4, budget: $5.00, deadline: 2h, on_failure: continue } {
  let list = threats(repo)
  let found = for t in list { review(t, repo) }
  let findings = flatten(found)
  let fixes = for f in findings if f.severity >= Severity.high { try { fix(f) } catch e { none } }
  task tests { run: ["cargo", "test"] after: [fixes] }
  approve("Ship #{len(compact(fixes))} fixes?", timeout: 24h, after: [tests])
  let tag = release("audited")
  let best = majority(compact(fixes))
  repeat draft: Int = 1 with { max: 5, on_max: last } { let more = draft + 1 more } until more > 3 and draft > 3
  stage checks { let a = threats(repo) stage inner { let b = a } }
  let c = checks.inner.b
  { findings: findings, fixed: compact(fixes) }
}
task release(name: String) -> String { run: ["git", "tag", "--force", name] }
test "a quiet repository needs no fix" {
  mock threats => ["none known"]
  mock review(t, r) => [t]
  mock tests
  mock approve => { by: "test", note: "" }
  let r = audit(repo: "fixtures/quiet")
  assert r.fixed == []
}
"##,
        ),
        ("agents/security-architect.md", "---\nname: security-architect\ndescription: d\n---\nBody"),
        ("agents/appsec-reviewer.md", "---\nname: appsec-reviewer\ndescription: d\n---\nBody"),
    ]);
    assert_eq!(tried.shown(), Vec::<String>::new());
    assert_eq!(tried.resolved.agent_files.len(), 2);
}

#[test]
fn unknown_names_get_the_nearest() {
    let tried = main("workflow w() { let threats = 1 \n let y = thraets \n let z = majority([1]) \n y + z }");
    assert_eq!(
        tried.shown(),
        ["F0201 main.flow:2:10 unknown name `thraets`", "F0201 main.flow:3:10 unknown name `majority`"]
    );
    assert!(tried.helps().contains("did you mean `threats`?"));
    assert!(tried.helps().contains("did you forget `use std.patterns.consensus.{majority}`?"));
}

#[test]
fn unknown_types_get_the_nearest() {
    let tried = main("type A = { a: Text, b: Flot, c: lib.X }");
    assert_eq!(tried.codes(), ["F0202", "F0202", "F0201"]);
    assert!(tried.helps().contains("`String`") && tried.helps().contains("`Float`"));
}

#[test]
fn names_are_used_below_their_binding() {
    let tried = main("workflow w() { let a = b \n let b = 1 \n { let c = b \n let b = c } \n a }");
    assert_eq!(tried.shown(), ["F0205 main.flow:1:24 `b` is used before it is bound"]);
}

#[test]
fn a_block_binds_a_name_once_and_shadows_outer_ones() {
    let tried = main("workflow w(x: Int) { let x = x \n let x = 2 \n let y = { let x = 3 \n x } \n x + y }");
    assert_eq!(tried.shown(), ["F0203 main.flow:2:6 `x` is bound twice in this block"]);
}

#[test]
fn duplicates_of_every_kind() {
    let tried = main(
        "type A = { x: Int, x: Int }\nenum A { a, a }\nfn f(p: Int, p: Int) -> Int = p\ntask f() { run: [] }\n\
         type Int = String\nfn g<T, T>(x: T) -> T = x",
    );
    assert_eq!(tried.codes(), ["F0203"; 7]);
}

#[test]
fn recursion_prints_the_whole_cycle() {
    let tried = main(
        "fn a(x: Int) -> Int = b(x)\nfn b(x: Int) -> Int = c(x)\nfn c(x: Int) -> Int = a(x)\n\
         workflow w() { w() }\nagent x { tools: [t] }\ntask t() -> Int { agent: x prompt: \"\" }",
    );
    let shown = tried.shown().join("\n");
    assert!(shown.contains("calls form a recursion: a → b → c → a"), "{shown}");
    assert!(shown.contains("`w` calls itself"), "{shown}");
    assert!(shown.contains("x → t → x"), "{shown}");
    assert_eq!(tried.codes(), ["F0209"; 3]);
}

/// What a property offers is meant there, whatever else has the name.
#[test]
fn choices_of_properties_are_no_calls() {
    let text = r#"
agent a { runtime: command(["x"]) }
task ask() { run: ["x"] on_crash: ask workspace: worktree }
task worktree() { run: ["x"] workspace: worktree on_crash: probe(["x"]) }
task probe() { run: ["x"] on_crash: probe(["x"]) }
task file() -> String { run: ["x"] output: file("out") }
task skilled() -> String { agent: skilled(["x"]) prompt: "x" }
task command() -> String { agent: a prompt: "x" on_conflict: fail }
workflow main() { ask() worktree() probe() task x { run: ["x", file(), skilled(), command()] } }
"#;
    let codes: Vec<_> = crate::compile::check_text(text).diagnostics;
    let codes: Vec<_> = codes.iter().filter(|d| d.is_error()).map(|d| &d.message).collect();
    assert!(codes.iter().all(|m| m.contains("skill")), "{codes:?}");
}

#[test]
fn recursion_of_ten_thousand_fns() {
    let n = 10_000;
    let text: String = (0..n).map(|i| format!("fn f{i}() -> Int = f{}()\n", (i + 1) % n)).collect();
    assert_eq!(main(&text).codes(), ["F0209"]);
}

#[test]
fn bare_variants_are_left_to_types() {
    let tried = main(
        "enum E { red, green(x: Int) }\nfn f(e: E) -> Bool = e == red or e == green(3) or e == E.green(2)",
    );
    assert_eq!(tried.shown(), Vec::<String>::new());
    // The task is not called there.
    let tried = main("task ask() { run: [\"x\"] on_crash: ask }\nworkflow worktree() { ask() }");
    assert_eq!(tried.shown(), Vec::<String>::new());
    let tried =
        main("enum E { red }\nfn f() -> E = E.rde\nfn g(e: E) -> Int = match e { E.blue => 1, _ => 2 }");
    assert_eq!(tried.codes(), ["F0214", "F0214"]);
}

#[test]
fn a_pattern_name_that_may_be_a_variant_keeps_what_is_behind_it() {
    let tried = main("enum E { red }\nfn f(e: E, red: Int) -> Int = match e { red => red, x => 2 }");
    assert_eq!(tried.shown(), Vec::<String>::new());
    let behind = (0..200).filter(|i| tried.resolved.behind.contains(NodeId(*i))).count();
    assert_eq!(behind, 1);
}

#[test]
fn both_sides_of_an_or_pattern_bind_one_name() {
    clean("enum E { a(n: Int), b(n: Int) }\nfn f(e: E) -> Int = match e { E.a(n) | E.b(n) => n }");
    let tried = main("enum E { a(n: Int, m: Int) }\nfn f(e: E) -> Int = match e { E.a(k, k) => k }");
    assert_eq!(tried.codes(), ["F0203"]);
}

#[test]
fn types_and_values_have_their_places() {
    let tried = main(
        "type A = { x: Int }\nenum E { v }\nfn f(t: [lib.A]) -> Int = A\nfn g() -> Json = [E, A(1), A.x]\n\
         task task_a() { run: [] }",
    );
    assert_eq!(tried.codes(), ["F0201", "F0212", "F0212", "F0212", "F0212"]);
}

#[test]
fn result_is_known_in_accept_only() {
    let tried = main("task t() -> Int { run: [\"x\"] accept: [result > 0, result < 9] prompt: result }");
    assert_eq!(tried.shown(), ["F0201 main.flow:1:71 unknown name `result`"]);
}

#[test]
fn loops_bind_for_their_own_parts_only() {
    let tried = main(
        "workflow w(xs: [Int]) { let a = for x in xs if x > 0 with { key: x, after: x, parallel: x } { x } \n a }\n\
         workflow v(xs: [Int]) { let a = for x in xs { x } \n x \n a }",
    );
    assert_eq!(tried.codes(), ["F0201", "F0201"]);
}

#[test]
fn stage_members() {
    let tried = main(
        "workflow w() { stage s { let a = 1 } \n let b = s.a \n let c = s.zz \n let d = a \n b + c + d }",
    );
    assert_eq!(tried.codes(), ["F0210", "F0201"]);
}

#[test]
fn mocks_name_tasks() {
    let tried = main(
        "fn f() -> Int = 1\ntask t() { run: [] }\nworkflow w() { t() }\n\
         test \"x\" { mock f\n mock t\n mock len\n mock now => \"\"\n mock nowhere\n mock w\n }",
    );
    assert_eq!(tried.codes(), ["F0216", "F0216", "F0216"]);
}

#[test]
fn nothing_cascades_from_what_could_not_be_read() {
    let tried = main("fn helper( -> Int = 3\nfn g() -> Int = helper(1)\nworkflow w() { let a = = 3 \n a }");
    assert!(tried.codes().iter().all(|c| c.starts_with("F01")), "{:?}", tried.shown());
}

#[test]
fn many_unknown_names_take_time_in_proportion() {
    let took = |names: usize| {
        let mut text = String::from("workflow w() {\n");
        for i in 0..names {
            text.push_str(&format!("let known{i} = unknown{i}\n"));
        }
        text.push_str("1 }");
        let start = std::time::Instant::now();
        assert_eq!(main(&text).found.len(), names);
        start.elapsed()
    };
    // Four times as many take sixteen times as long where each is compared with all. Of several rounds the best ones count,
    // as others use the machine too.
    let best = |names: usize| (0..2).map(|_| took(names)).min().unwrap().as_secs_f64();
    let ratio = best(2_000) / best(500);
    assert!(ratio < 6.0, "four times the names take {ratio:.1} times as long");
}

#[test]
fn def_ids_follow_the_modules() {
    let tried = main("type A = Int\nenum E { a }");
    assert_eq!(tried.def("A").kind, DefKind::Type);
    assert!(
        matches!(tried.def("E").kind, DefKind::Enum(id) if id.0 as usize == crate::types::BUILTIN_ENUMS.len())
    );
    assert_eq!(tried.resolved.enums.len(), 1);
}

#[test]
fn what_looks_like_an_interpolation_is_told_where_a_value_has_the_name() {
    let places = |text: &str| {
        let tried = main(text);
        tried.found.iter().filter(|d| d.code == crate::diagnostics::Code::W0115).count()
    };
    for (text, count) in [
        ("fn f(x: Int) -> String = \"$x ${x} {x} {{ x }} #{x}\"", 4),
        ("fn f(x: Int) -> String = \"$y {y} {{ y }} \\#{x} $x1 {x, x} {x: 1}\"", 0),
        ("fn f(x: Int) -> String = r\"$x {x}\"", 0),
        ("workflow w() { let x = 1 \n \"{x}\" }\nworkflow v() { \"{x} {w}\" }", 1),
        ("workflow w(xs: [String]) { for x in xs { \"a $x\" } }", 1),
        ("fn f(x: Int) -> String = \"#{\"{x}\"}\"", 1),
        // A script has variables of its own.
        ("task t(x: String) { sh: \"for x in a b; do echo $x; done\" }", 0),
        ("task t(x: String) { sh: \"x=1; echo ${x}\" }", 0),
        ("task t(x: String) { sh: \"echo $x\" env: { x: x } }", 0),
        ("task t(x: String) { run: [\"sh\", \"-c\", \"echo $x\"] env: { x: x } }", 0),
        ("task t(x: String) { sh: \"echo $x\" }", 1),
        ("task t(x: String) { run: [\"echo\", \"$x\"] }", 1),
    ] {
        assert_eq!(places(text), count, "{text}");
    }
}

#[test]
fn brackets_around_a_for_are_told() {
    let places = |text: &str| {
        let tried = main(text);
        tried.found.iter().filter(|d| d.code == crate::diagnostics::Code::W0116).count()
    };
    for (text, count) in [
        ("fn f(xs: [Int]) -> [[Int]] = [for x in xs { x }]", 1),
        ("fn f(xs: [Int]) -> [Int] = [...for x in xs { x }]", 0),
        ("fn f(xs: [Int]) -> [[Int]] = [for x in xs { x }, xs]", 0),
        ("fn f(xs: [Int]) -> [[Int]] = [(for x in xs { x })]", 0),
        ("workflow w(xs: [Int]) { let y = [for x in [for z in xs { z }] { x }] }", 2),
    ] {
        assert_eq!(places(text), count, "{text}");
    }
}
