//! Which programs are refused, and that the ways out are ways out.

use crate::compile;
use crate::diagnostics::Diagnostic;

const TASKS: &str = r##"
type F = { file: Path, n: Int }
resource db { capacity: 1 }
task w(x: String) -> String { run: ["w", x] writes: ["out/#{x}.md"] on_crash: rerun }
task v(x: String) -> String { run: ["v", x] writes: ["out/v.md"] on_crash: rerun }
task r(x: String) -> String { run: ["r", x] reads: ["out/#{x}.md"] }
task all() -> String { run: ["r"] reads: ["out/*"] }
task f(x: F) -> String { run: ["f"] writes: [x.file] on_crash: rerun }
task p(x: Path) -> String { run: ["p"] writes: ["#{x}/a.txt"] on_crash: rerun }
task d() -> String { run: ["d"] writes: ["out/d.md"] resources: { db: 1 } on_crash: rerun }
task tree() -> String { run: ["t"] writes: ["out/v.md"] workspace: worktree }
workflow inner(x: String) -> String { w(x) }
workflow away(x: String) -> [String] with { workspace: worktree } { [v(x), w(x)] }
workflow slow(x: String) -> [String] with { parallel: 1 } { [v(x), v(x)] }
workflow pair(x: String) -> [String] { [v(x), v(x) with { writes: ["out/#{x}"] }] }
workflow twice<T>(x: T) -> [String] { [v("#{x}"), v("b")] }
"##;

fn program(body: &str) -> String {
    format!(
        "{TASKS}workflow main(x: String, y: String, g: F, dir: Path, xs: [String], fs: [F]) -> [String] {{\n{body}\n}}"
    )
}

fn errors(text: &str) -> Vec<Diagnostic> {
    let program = compile::check_text(text);
    program.diagnostics.into_iter().filter(Diagnostic::is_error).collect()
}

/// Bodies of `main`, each with the code of its only error.
const CASES: &[(&str, &str)] = &[
    ("[f({ file: g.file, n: 1 }), f(g)]", "F0501"),
    ("let h = { file: g.file, n: 2 } [f(h), f(g)]", "F0501"),
    ("[f({ ...g, n: 2 }), f({ file: dir, n: 1 })]", ""),
    ("write(\"a.txt\", x) write(\"./a.txt\", y) []", "F0501"),
    ("write(\"a.txt\", x) write(\"b.txt\", y) []", ""),
    ("write(\"out/v.md\", x) [v(x)]", "F0501"),
    ("let text = read(\"out/v.md\") [v(x), text]", "F0502"),
    ("let _done = write(\"a.txt\", x) let text = read(\"a.txt\") with { after: [_done] } [text]", ""),
    ("for x in xs { write(\"all.md\", x) } []", "F0503"),
    ("for x in xs { write(\"out/#{x}\", x) } []", ""),
    // A value is literal text, also one that is known.
    ("let p = \"v*\" [v(x), v(y) with { writes: [\"out/#{p}.md\"] }]", ""),
    ("let p = \"v\" [v(x), v(y) with { writes: [\"out/#{p}.md\"] }]", "F0501"),
    ("let p = \"out/v*\" [v(x), v(y) with { writes: [p] }]", ""),
    ("[v(x), v(y)]", "F0501"),
    ("[w(x), w(y)]", ""),
    ("[w(x), w(x)]", "F0501"),
    ("[w(\"v\"), v(x)]", "F0501"),
    ("[w(\"u\"), v(x)]", ""),
    ("[w(x), r(x)]", "F0502"),
    ("[w(x), r(y)]", ""),
    ("[w(x), all()]", "F0502"),
    ("[r(w(x))]", ""),
    ("let a = v(x) [a, v(y) with { after: [a] }]", ""),
    ("stage s { let a = v(x) } [v(y)]", ""),
    ("let a = v(x) approve(\"go?\") [v(y)]", "F0501"), // what stands above a barrier is not waited for
    ("let a = v(x) assert a != \"\" [v(y)]", ""),
    ("[inner(x), w(x)]", "F0501"),
    ("[inner(x), inner(x)]", "F0501"),
    ("[inner(x), inner(y)]", ""),
    ("[inner(\"v\"), v(x)]", "F0501"),
    ("slow(x)", ""),
    ("pair(\"a\")", ""),
    ("pair(\"v.md\")", "F0501"),
    ("twice(1)", "F0501"),
    ("[if x == \"\" { v(x) } else { v(y) }]", ""),
    ("[match x { \"\" => v(x), _ => v(y) }]", ""),
    ("[if x == \"\" { v(x) } else { w(y) }, v(x)]", "F0501"),
    ("[try { v(x) } catch e { v(e.task) } finally { let _c = v(y) }]", ""),
    ("[repeat q: String = \"\" with { max: 3, on_max: last } { v(q) } until q == \"x\"]", ""),
    ("for i in xs { v(i) }", "F0503"),
    ("for i in xs if i != \"\" { v(i) }", "F0503"),
    ("for i in xs with { parallel: 1 } { v(i) }", ""),
    ("for i in xs with { parallel: 2 } { v(i) }", "F0503"),
    ("for i in xs with { key: i, after: [] } { v(i) }", ""),
    ("for i in xs { w(i) }", ""),
    ("for i in xs { w(x) }", "F0503"),
    ("for i in xs { inner(i) }", ""),
    ("for i in xs { inner(x) }", "F0503"),
    ("for i in xs { let a = w(i) r(i) with { after: [a] } }", ""),
    ("for i in xs { let a = w(i) all() with { after: [a] } }", "F0503"),
    ("for i in [\"a\"] { v(i) }", ""),
    ("for i in [\"a\", \"b\"] { v(i) }", "F0501"), // written out
    ("for i in [\"a\", \"b\"] { w(i) }", ""),
    ("for i in [\"a\", \"a\"] { w(i) }", "F0501"),
    ("[for i in xs { [for j in xs { w(j) }][0][0] }][0]", ""),
    ("[for i in xs { [for j in xs { w(i) }][0][0] }][0]", "F0503"),
    ("for i in xs { repeat q: String = i with { max: 3, on_max: last } { v(q) } until q == \"x\" }", "F0503"),
    ("[race { v(x), w(\"v\") }]", "F0504"),
    ("[race { v(x), w(\"u\") }]", ""),
    ("[race for i in xs { v(i) }]", "F0504"),
    ("for i in fs { f(i) }", ""),
    ("[f(g), f(g)]", "F0501"),
    ("[p(g.file), p(g.file)]", "F0501"),
    ("let q = \"#{x}\" [w(q), w(x)]", "F0501"),
    ("[p(\"./out//q\"), p(\"out/q\")]", "F0501"),
    ("[d(), d()]", ""),
    ("for i in xs { d() }", ""),
    ("[d(), w(\"d\")]", "F0501"),
    ("[tree(), v(x)]", ""),
    // A called workflow with a workspace of its own: beside others it writes nothing, in it all is as ever.
    ("[...away(\"a\"), v(x)]", ""),
    ("[...away(\"a\"), ...away(\"a\")]", ""),
    ("[away(\"a\")[0], all()]", ""),
    ("[for i in xs { away(\"a\") }][0][0]", ""),
    ("[...away(\"a\") with { workspace: shared }, v(x)]", "F0501"),
    ("[inner(\"v\") with { workspace: worktree }, v(x)]", ""),
    ("[...away(\"v\")]", "F0501"),
    // What is found is read.
    ("let found = glob(\"out/*.md\") [v(x), ...found]", "F0502"),
    ("let found = glob(\"./out/**\") [v(x), ...found]", "F0502"),
    ("let found = glob(\"in/*.md\") [v(x), ...found]", ""),
    ("let found = glob(\"**/*\") with { after: [] } [w(x), ...found]", "F0502"),
    ("let a = v(x) let found = glob(\"out/*\") with { after: [a] } [a, ...found]", ""),
    ("let found = glob(\"out/#{y}/*\") [v(x), ...found]", ""),
    ("let found = glob(\"out/#{y}*\") [v(x) with { writes: [\"out/**\"] }, ...found]", "F0502"),
    ("let found = glob(\"out/#{y}\") [w(y), ...found]", ""),
    ("let found = glob(\"../*\") found", "F0505"),
    ("for i in xs { tree() }", ""),
    ("task q { run: [\"x\", y] writes: [\"out/#{y}.md\"] on_crash: rerun } [w(y)]", "F0501"),
    ("task q { run: [\"x\"] writes: [\"/etc/x\"] on_crash: rerun } [x]", "F0505"),
    ("task q { run: [\"x\"] writes: [\"a/../../#{x}\"] on_crash: rerun } [x]", "F0505"),
    ("task q { run: [\"x\"] reads: [\"[a\"] } [x]", "F0505"),
];

#[test]
fn what_certainly_collides_is_refused() {
    for (body, code) in CASES {
        let (body, code) = (*body, *code);
        let found = errors(&program(body));
        let codes: Vec<String> = found.iter().map(|d| d.code.to_string()).collect();
        let expected: Vec<&str> = if code.is_empty() { Vec::new() } else { vec![code] };
        assert_eq!(codes, expected, "{body}: {:?}", found.iter().map(|d| &d.message).collect::<Vec<_>>());
    }
}

/// What built-in tasks claim counts where no task claims anything.
#[test]
fn writes_alone_collide() {
    let codes = |text: &str| errors(text).iter().map(|d| d.code.to_string()).collect::<Vec<_>>();
    assert_eq!(codes("workflow main() { write(\"a\", \"b\") write(\"a\", \"c\") }"), ["F0501"]);
    assert_eq!(codes("workflow main() -> String { write(\"a\", \"b\") read(\"a\") }"), ["F0502"]);
    assert_eq!(codes("workflow main() { write(\"a\", \"b\") write(\"c\", \"c\") }"), Vec::<String>::new());
}

#[test]
fn a_workflow_that_nobody_starts_is_judged_too() {
    let text =
        format!("{TASKS}workflow lib(x: String) -> [String] {{ [v(x), v(x)] }}\nworkflow main() {{ all() }}");
    assert_eq!(errors(&text).len(), 1);
    // Only a test calls it: that runs nothing.
    let tested = text + "\ntest \"t\" { mock v => \"\" let r = lib(\"a\") assert r == [] }";
    assert_eq!(errors(&tested).len(), 1);
}

/// Each way out is applied; then that error is gone, and no other has come.
#[test]
fn ways_out_lead_out() {
    let mut titles = Vec::new();
    for body in [
        "v(x)\n  [v(y)]",
        "let a = v(x)\n  [v(y) with { after: [] }]",
        "let a = v(x)\n  let b = r(y)\n  [v(y) with { timeout: 1m after: [b] }]",
        "let { n, file } = g\n  task q {\n    run: [\"x\"]\n    writes: [\"out/*.md\"]\n    on_crash: rerun\n  }\n  [v(y)]",
        "v(x)\n  task q {\n    run: [\"x\"]\n    writes: [\"out/*.md\"]\n    on_crash: rerun\n  }\n  [y]",
        "for i in [x] { v(i) }\n  if x == \"\" { v(y) }\n  [x]",
        "w(x)\n  [all()]",
        "for i in xs { v(i) }",
        "for i in xs with { parallel: 3 } { v(i) }",
        "for i in xs with { key: i } { v(i) }",
        "[race { v(x), w(\"v\") }]",
    ] {
        let text = program(body);
        let found = errors(&text);
        assert_eq!(found.len(), 1, "{body}");
        assert!(!found[0].fixes.is_empty(), "{body}");
        for fix in &found[0].fixes {
            let mut mended = text.clone();
            let mut edits = fix.edits.clone();
            edits.sort_by_key(|e| std::cmp::Reverse(e.span.start));
            edits.iter().for_each(|e| mended.replace_range(e.span.range(), &e.text));
            let left: Vec<String> = errors(&mended).iter().map(|d| d.message.clone()).collect();
            assert_eq!(left, Vec::<String>::new(), "{}:\n{}", fix.title, &mended[TASKS.len()..]);
            titles.push(format!("{}: {}", body.lines().next().unwrap_or(""), fix.title));
        }
    }
    insta::assert_snapshot!("ways_out", titles.join("\n"));
}

/// The same two claims at many calls are one message.
#[test]
fn one_message_for_two_claims() {
    let found = errors(&program("[v(x), v(y), v(\"a\"), v(\"b\")]"));
    assert_eq!(found.len(), 1);
    assert!(found[0].labels.len() >= 4);
    let found = errors(&program("[w(\"v\"), v(x)]"));
    assert_eq!(found[0].message, "`w` and `v` write `out/v.md` at the same time");
    let labels: Vec<&str> = found[0].labels.iter().map(|l| l.message.as_str()).collect();
    assert_eq!(labels, ["`w` writes this", "`w` begins here", "`v` begins here, and nothing makes it wait"]);
}

#[test]
fn what_a_workflow_may_take_and_spend() {
    let head = "agent a { model: \"m\" timeout: 1m budget: $1.00 }\n\
                task t(x: Int) -> Int { agent: a prompt: \"#{x}\" estimate: 30m budget: $1.00 }\n\
                task u(x: Int) -> Int { agent: a prompt: \"#{x}\" estimate: 10m retry: 2 }\n\
                workflow lib(x: Int) -> Int with { deadline: 40m, budget: $1.50 } { t(x) }\n";
    for (body, with, codes) in [
        ("t(t(1))", "deadline: 1h", &[][..]),
        ("t(t(1))", "deadline: 59m", &["F0411:5"]),
        ("t(1) + t(2)", "deadline: 30m", &[]),
        ("lib(1)", "deadline: 30m", &[]),
        ("lib(1)", "deadline: 20m", &["F0411:5"]),
        ("lib(1) with { deadline: 20m }", "deadline: 30m", &["F0411:5"]),
        ("lib(1) with { budget: $0.50 }", "deadline: 30m", &["F0701:5"]),
        ("t(1)", "budget: $1.00", &[]),
        ("t(1)", "budget: $0.99", &["F0701:5"]),
        // The agent's budget is one attempt's: three of them.
        ("u(1)", "budget: $3.00", &[]),
        ("u(1)", "budget: $2.99", &["F0701:5"]),
        ("u(1) with { retry: 0 }", "budget: $1.00", &[]),
        ("u(1) with { budget: $0.20 }", "budget: $0.20", &[]),
    ] {
        let text = format!("{head}workflow main() -> Int with {{ {with} }} {{ {body} }}");
        let program = compile::check_text(&text);
        let found: Vec<String> = program
            .diagnostics
            .iter()
            .filter(|d| d.is_error())
            .map(|d| format!("{}:{}", d.code, program.sources.positions(d.span).0.line))
            .collect();
        assert_eq!(found, codes, "{body} {with}");
    }
}
