//! Lowering, construct by construct: the plan as compact text.

use super::*;
use crate::ast::NodeIds;
use crate::plan::print::print;
use crate::resolve::resolve;
use crate::source::MemoryLoader;
use crate::types::check;

/// The plan of the program, or what is wrong with it.
pub(crate) fn compiled(text: &str, workflow: Option<&str>) -> Result<Plan, String> {
    let loader = MemoryLoader::new().with("main.flow", text);
    let (mut sources, mut ids, mut out) = (SourceMap::new(), NodeIds::default(), Vec::new());
    let resolved = resolve("main.flow", &loader, &mut sources, &mut ids, &mut out);
    let checked = check(resolved, &sources, &mut out);
    let wrong = |out: &[Diagnostic]| {
        let errors = out.iter().filter(|d| d.is_error());
        errors.map(|d| format!("{} {} {:?}", d.code, d.message, d.span)).collect::<Vec<_>>()
    };
    if !wrong(&out).is_empty() {
        return Err(wrong(&out).join("\n"));
    }
    lower_only(&checked, &sources, workflow, &mut out).ok_or_else(|| wrong(&out).join("\n"))
}

/// The plan after all passes.
#[track_caller]
pub(crate) fn finished(text: &str) -> Plan {
    let mut plan = compiled(text, None).unwrap_or_else(|errors| panic!("{errors}"));
    crate::plan::passes::run(&mut plan);
    crate::plan::format::seal(&mut plan);
    plan
}

const TASKS: &str = r##"
type Finding = { file: Path, line: Int?, note: String = "none" }
enum Level { low, high(why: String) }
task list() -> [String] { run: ["ls"] }
task one(x: String) -> String { run: ["echo", x] }
task two(x: String, y: Int = len(x)) -> Int { run: ["count", x, "#{y}"] }
task ok(x: String) -> Bool { run: ["check", x] }
task hurt() { run: ["rm"] }
fn twice(n: Int) -> Int = n + n
"##;

#[track_caller]
fn plan(body: &str) -> Plan {
    match compiled(&format!("{TASKS}{body}"), None) {
        Ok(plan) => plan,
        Err(errors) => panic!("{errors}"),
    }
}

/// The bodies of the plan.
#[track_caller]
fn text(body: &str) -> String {
    let plan = plan(body);
    let text = print(&plan);
    text.lines().filter(|l| !l.starts_with("task ")).map(|l| format!("{l}\n")).collect()
}

macro_rules! cases {
    ($($name:ident $program:literal)*) => { $(
        #[test]
        fn $name() {
            insta::with_settings!({ description => $program, omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(stringify!($name), text($program));
            });
        }
    )* };
}

cases! {
    calls_and_lets r##"workflow main(p: String) -> Int {
        let found = list()
        let n = two(one(p))
        let label = "#{p}-#{n}"
        hurt()
        one(label)
        two(x: label, y: n) with { timeout: 5m, after: [found] }
    }"##
    inline_tasks r##"workflow main(p: String) -> Exit {
        let base = "#{p}/x"
        task build -> String { run: ["make", base] accept: len(result) > 0 }
        task test { sh: "test #{build} --in #{base} 'lit'" after: [build] retry: { max: 2, backoff: 1s, on: [exit] } }
        task last -> Exit { run: ["end", one("q")] after: [test] }
    }"##
    branches r##"workflow main(p: String, l: Level) -> String {
        let a = if ok(p) { one("x") } else if p == "b" { one("y") } else { "z" }
        let b = match l { low => one("low"), high(why) if why != "" => one(why), _ => "other" }
        let c: Bool = p == "q" and ok("c")
        let d = false or ok("d")
        let none_yet: String? = none
        let e = none_yet ?? one("e")
        if c { hurt() }
        if d { hurt() one("w") }
        "#{a}#{b}#{c}#{d}#{e}"
    }"##
    guards_with_tasks r##"workflow main(p: String) -> String {
        match p { "a" => "A", x if ok(x) => one(x), y if y == "q" => "Q", z if ok("#{z}!") => "Z", _ => "other" }
    }"##
    loops r##"workflow main(ts: [String]) -> [Int] {
        let found = for t in list() { one(t) }
        let named = for t in ts if len(t) > 1 with { parallel: 2, key: t } { let a = one(t) two(a) }
        for t in ts { two(t) }
        for t in ts { hurt() one(t) }
        let nested = for t in ts { for u in list() { one("#{t}#{u}") } }
        let map: {String: Int} = { "a": 1 }
        let pairs = for { key, value } in map { two(key, value) }
        named
    }"##
    filters_with_tasks r##"workflow main(ts: [String]) -> [String] {
        let kept = for t in ts if ok(t) { one(t) }
        let map: {String: Int} = { "a": 1 }
        for { key, value } in map if ok(key) { two(key, value) }
        kept
    }"##
    repeats r##"workflow main(p: String) -> String {
        let draft = repeat d = p with { max: 3, every: 1s } { one(d) } until len(d) > 10
        repeat text = draft with { max: 2, on_max: fail } { let better = one(text) "#{better}." } until ok(text) and len(better) > 3
    }"##
    attempts r##"workflow main(p: String) -> [String?] {
        let a = try { one(p) } catch e { none }
        let b = try { let x = one(p) one(x) } catch e { one(e.message) } finally { hurt() }
        let fixes = for t in list() { try { one(t) } catch e { none } }
        try { one(p) } finally { hurt() }
        [a, b, ...fixes]
    }"##
    races r##"workflow main(ts: [String]) -> [String] {
        let x = race { one("a"), one("b") }
        let y = race for t in ts with { need: 2 } { one(t) }
        let z = race { 1 / (1 - 1), 2 }
        [x, "#{z}", ...y]
    }"##
    stages r##"workflow main(p: String) -> String {
        let early = one("early")
        stage checks { task tests { run: ["t"] } let lint = one("lint") two(lint) }
        stage ship with { order: sequential } { one("1") let two_at_once = [one("2"), one("3")] one("4") }
        let after_all = one(checks.lint)
        hurt() with { after: [checks, early] }
        after_all
    }"##
    barriers r##"workflow main(p: String, n: Int) -> String {
        assert n > 0, "n must be positive"
        let doubled = n * 2
        assert doubled < 100
        let a = one(p)
        let free = one("free")
        assert len(a) > 0, "nothing"
        let b = one("b")
        let ok = approve("Go on with #{b}?", timeout: 1h, after: [free])
        if n > 3 { one("inner") }
        one(ok.by)
    }"##
    workflows r##"workflow part<T>(xs: [T], name: String = "n") -> Int with { parallel: 3 } { let api = one(name) two(api, len(xs)) }
    workflow main(p: String, n: Int) -> Int {
        let p2 = one("x")
        let deploy = part([p]) with { parallel: n, after: [p2] }
        part([1], "m") + part(["q"])
    }"##
    pure_forms r##"workflow main(p: String, l: Level) -> Json {
        let xs = for i in range(0, 3) if i != 1 { let j = i * 2 twice(j) }
        let m = match l { low => 0, high(why) => len(why) }
        let r = repeat d = 1 with { max: 4 } { let e = d * 2 e } until d > 5 or e > 9
        let t = try { to_int(p) } catch e { -1 }
        let f: Finding = { file: "a", extra: 1 }
        let s = "#{for x in ["a"] { "#{x}!" }}"
        { xs: xs, m: m, r: r, t: t, f: f, s: s, v: Level.high("why") }
    }"##
    waits_for_lets_through_joins r##"workflow main(p: String) -> Int {
        let many = [one("1"), one("2"), one("3"), one("4"), one("5"), one("6"), one("7"), one("8"), one("9"), one("10"), one("11"), one("12"), one("13"), one("14"), one("15"), one("16"), one("17")]
        hurt() with { after: [many] }
        hurt() with { after: [many] }
        let sizes = [two(join(many, ",")), two(join(many, ";"))]
        sum(sizes)
    }"##
}
