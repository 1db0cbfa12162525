use crate::compile;
use crate::source::MemoryLoader;

fn codes(text: &str) -> Vec<String> {
    let program = compile::check_text(text);
    program
        .diagnostics
        .iter()
        .map(|d| format!("{}:{}", d.code, program.sources.positions(d.span).0.line))
        .collect()
}

const AGENT: &str = "agent a { model: \"m\" timeout: 1m }\ntask t(x: Int) -> Int { agent: a prompt: \"#{x}\" budget: $1.00 }\n";

#[test]
fn the_budget_counts_the_worst_case() {
    for (body, worst) in [
        ("t(1)", 1),
        ("t(1) + t(2) with { budget: $3.00 }", 4),
        ("if t(1) > 0 { t(2) } else { t(3) + t(4) }", 3),
        ("match t(1) { 1 if t(2) > 1 => t(3) + t(4), _ => 5 }", 4),
        ("sum(for x in [1, 2, 3] { t(x) })", 3),
        ("sum(for x in range(2, 7) { t(x) })", 5),
        ("sum(for x in xs { t(x) })", 1),
        ("race { t(1), t(2) }", 2),
        ("try { t(1) } catch e { t(2) + len(e.task) } finally { let _c = t(3) }", 3),
        ("repeat d: Int = t(0) with { max: 4, on_max: last } { t(d) } until d > 3", 5),
        ("inner(1) + inner(2)", 4),
        ("capped(1) + capped(2)", 3),
        ("{ a: t(1), b: [t(2)], c: \"#{t(3)}\" }.a", 3),
        ("{ stage s { let q = t(1) } let z = t(2) s.q + z }", 2),
    ] {
        let inner = "workflow inner(n: Int) -> Int { t(n) + t(n) }\n\
                     workflow capped(n: Int) -> Int with { budget: $1.50 } { t(n) }\n";
        let with = |budget: f64| {
            let main = format!(
                "workflow main(xs: [Int]) -> Int with {{ budget: ${budget:.2} }} {{ let _n = xs {body} }}"
            );
            codes(&format!("{AGENT}{inner}{main}"))
        };
        let worst = if body.starts_with("capped") { 2.0 } else { f64::from(worst) };
        assert_eq!(with(worst), Vec::<String>::new(), "{body}");
        assert_eq!(with(worst - 0.01), ["F0701:5"], "{body}");
    }
}

#[test]
fn a_long_chain_of_workflows_does_not_recurse() {
    let n = 5_000;
    let mut text = AGENT.to_string();
    for i in 0..n {
        text.push_str(&format!("workflow w{i}(n: Int) -> Int {{ w{}(n) }}\n", i + 1));
    }
    text.push_str(&format!("workflow w{n}(n: Int) -> Int {{ t(n) }}\n"));
    text.push_str("workflow main(xs: [Int]) -> [Int] with { budget: $0.50 } { for x in xs { w0(x) } }");
    assert_eq!(codes(&text), [format!("F0701:{}", n + 4)]);
}

#[test]
fn capacity_of_resources() {
    let text = "resource gpu { capacity: 2 }\nresource calls { rate: 5 per: 1s }\n\
                task t() { run: [\"x\"] resources: { gpu: 2, cpu: 99, calls: 9 } }\n\
                workflow main() { t() with { resources: { gpu: 3 } } }";
    assert_eq!(codes(text), ["F0410:3", "F0410:4"]);
}

#[test]
fn every_agent_that_can_reach_a_task_must_be_able_to_write() {
    let text = "agent r { tools: [\"Read\"] timeout: 1m skills: [\"x\"] }\nagent w { timeout: 1m tools: [\"Bash(git *)\"] }\n\
                agent all { timeout: 1m }\nmcp fs { command: [\"x\"] } agent m { tools: [\"mcp__fs__put\"] timeout: 1m }\n\
                task t() { agent: [w, all, m, r] prompt: \"\" writes: [\"a\"] fallback: [r, w] }\n\
                task u() { agent: skilled([\"x\"]) prompt: \"\" writes: [\"b\"] }\n\
                task v() { agent: r prompt: \"\" writes: [] }\n\
                workflow main() { t() u() v() }";
    assert_eq!(codes(text), ["F0601:5", "F0601:5", "F0601:6"]);
}

#[test]
fn agents_of_files_take_part() {
    let reader = "---\nname: reader\ndescription: d\ntools: Read, Grep\nskills: [look]\n---\n";
    let main = "use agents \"./agents\"\ntask t() { agent: reader prompt: \"\" writes: [\"a\"] timeout: 1m }\n\
                task u() { agent: skilled([\"lok\"]) prompt: \"\" timeout: 1m }\nworkflow main() { t() u() }";
    let loader = MemoryLoader::new().with("main.flow", main).with("agents/reader.md", reader);
    let program = compile::check("main.flow", &loader);
    let codes: Vec<String> = program.diagnostics.iter().map(|d| d.code.to_string()).collect();
    assert_eq!(codes, ["F0601", "F0602"]);
    assert!(program.diagnostics[1].help[0].contains("\"look\""));
}

#[test]
fn interruptions_to_think_of() {
    let text = "task a() { run: [\"x\"] writes: [\"f\"] }\ntask b() { sh: \"x\" writes: [] }\n\
                task c() { http: { url: \"u\", method: \"POST\" } }\ntask d() { http: { url: \"u\" } }\n\
                task e() { run: [\"x\"] writes: [\"f\"] workspace: temp }\n\
                task f() { run: [\"x\"] writes: [\"g\"] }\n\
                workflow main() { a() b() c() d() e() f() with { on_crash: rerun } }";
    assert_eq!(codes(text), ["W0102:1", "W0102:3"]);
}

#[test]
fn agents_without_an_end() {
    let text = "agent a { model: \"m\" }\nagent b { timeout: 1m }\n\
                task t() -> Int { agent: a prompt: \"\" }\ntask u() -> Int { agent: [a, b] prompt: \"\" }\n\
                task v() -> Int { agent: b prompt: \"\" }\ntask w(x: Agent) -> Int { agent: x prompt: \"\" timeout: 1m }\n\
                task y() -> Int { agent: a prompt: \"\" }\n\
                workflow main() -> Int { t() + u() + v() + w(a) + y() with { timeout: 2m } }";
    assert_eq!(codes(text), ["W0103:3", "W0103:4"]);
}

#[test]
fn crowds_of_agents() {
    let agents = "agent a { timeout: 1m }\nagent b { timeout: 1m budget: $1.00 }\n\
                  task t(x: Int) -> Int { agent: a prompt: \"#{x}\" }\n\
                  task u(x: Int) -> Int { agent: b prompt: \"#{x}\" }\nworkflow in(x: Int) -> Int { t(x) }\n"
        .replace("workflow in", "workflow inner");
    for (body, lint) in [
        ("for x in xs { t(x) }", true),
        ("for x in xs { for y in xs { inner(x + y) } }[0]", true),
        ("for x in xs { u(x) }", false),
        ("for x in xs { t(x) with { budget: $1.00 } }", false),
        ("for x in [1, 2] { t(x) }", false),
        ("for x in range(0, 9) { t(x) }", false),
        ("for x in range(0, len(xs)) { t(x) }", true),
        ("for x in take(xs, 20) { t(x) }", false),
        ("for x in take(xs, len(xs)) { t(x) }", true),
        ("for x in xs { x + 1 }", false),
    ] {
        let text =
            format!("{agents}workflow main(xs: [Int]) -> [Int] {{ let _u = u(1) + t(len(xs))\n{body} }}");
        let expected: &[&str] = if lint { &["W0104:7"] } else { &[] };
        assert_eq!(codes(&text), expected, "{body}");
        let paid = text.replace("-> [Int] {", "-> [Int] with { budget: $9.00 } {");
        assert_eq!(codes(&paid), Vec::<String>::new(), "{body}");
    }
    // A budget of all who call a workflow bounds it too.
    let part = format!("{agents}workflow part(xs: [Int]) -> [Int] {{ for x in xs {{ t(x) }} }}\n");
    let rest = "workflow main(xs: [Int]) -> [Int] with { budget: $9.00 } { let _u = u(1)\n part(xs) }";
    assert_eq!(codes(&format!("{part}{rest}")), Vec::<String>::new());
    let open = rest.replace(" with { budget: $9.00 }", "");
    assert_eq!(codes(&format!("{part}{open}")), ["W0104:6"]);
    let both = format!("{part}{rest}\nworkflow other(xs: [Int]) -> [Int] {{ part(xs) }}");
    assert_eq!(codes(&both), ["W0104:6"]);
}

#[test]
fn what_nobody_uses() {
    let text = "use std.text\nuse std.list.{rest, chunk as c}\nuse std.list as l\n\
                agent a { timeout: 1m }\nagent _b { timeout: 1m }\n\
                fn f(x: Int, _y: Int) -> Int = { let z = 1\n let w = { k: 2 }\n let { k } = w\n 3 }\n\
                task t(p: Path) { run: [\"x\"] }\n\
                workflow main(q: Int, r: Int = 1) -> Int { let s = t(\".\")\n f(r, 1) }\n\
                fn g(xs: [Int]) -> [Int] = rest(xs)\nfn h(e: E) -> Int = match e { v => 1 }\nenum E { v }"
        .replace("let s = t(\".\")", "task s { run: [\"y\"] }");
    let found = "W0107:1 W0107:2 W0107:3 W0106:4 W0105:6 W0101:6 W0101:8 W0108:10 W0105:10 W0105:11";
    assert_eq!(codes(&text).join(" "), found);
}

#[test]
fn tools_that_are_misspelled() {
    let text = "agent a { tools: [\"Reed\", \"mcp__x__reed\", \"Bsh(ls)\", \"Frobnicate\", \"t\"] timeout: 1m }\n\
                agent b { tools: [\"Reed\"] runtime: command([\"x\"]) timeout: 1m }\n\
                task t() -> Int { agent: [a, b] prompt: \"\" }\nworkflow main() -> Int { t() }";
    assert_eq!(codes(text), ["F0603:1", "F0605:1", "F0603:1", "F0603:1", "F0603:1"]);
}
