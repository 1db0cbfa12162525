use crate::compile;
use crate::source::MemoryLoader;

/// Every diagnostic as `CODE:line`, lints that are of no interest here left out.
fn codes(text: &str) -> Vec<String> {
    let program = compile::check_text(text);
    let shown = program.diagnostics.iter().map(|d| {
        let line = program.sources.positions(d.span).0.line;
        (d.code.to_string(), format!("{}:{line} {}", d.code, d.message))
    });
    shown.filter(|(code, _)| !code.starts_with("W010")).map(|(_, d)| d).collect()
}

const ASK: &str = "agent a { tools: [] }\ntype Found = { name: String, count: Int, place: Path }\n\
    task ask() -> String { agent: a prompt: \"?\" }\ntask find() -> [Found] { agent: a prompt: \"?\" }\n\
    task fetch() -> String { http: { url: \"u\" } }\n";

/// The codes of a workflow's body with one more task, which stands in the sixth line.
fn judged(task: &str, body: &str) -> Vec<String> {
    let found = codes(&format!("{ASK}{task}\nworkflow main(given: String) {{ let _g = given {body} }}"));
    found.iter().map(|d| d.split(':').next().unwrap_or_default().to_string()).collect()
}

fn run(argv: &str, body: &str) -> Vec<String> {
    judged(&format!("task t(x: String, xs: [String] = []) {{ run: {argv} }}"), body)
}

#[test]
fn text_from_outside_is_followed_to_the_name_of_a_program() {
    for body in [
        "t(ask())",
        "t(fetch())",
        "let q = ask() t(q)",
        "let q = { a: 1, b: ask() } t(q.b)",
        "let q = [ask(), \"ls\"] t(q[0])",
        "t(trim(first(lines(ask())) ?? \"\"))",
        "for f in find() { t(f.name) }",
        "for e in enumerate(find()) { t(e.value.name) }",
        "let q = if given == \"a\" { ask() } else { \"ls\" } t(q)",
        "let q = match given { \"a\" => ask(), _ => \"ls\" } t(q)",
        "let q = try { ask() } catch e { \"ls\" } t(q)",
        "let q = race { ask(), fetch() } t(q)",
        "let q = repeat d = \"ls\" with { max: 2 } { ask() } until d != \"\" t(q)",
        "repeat d = ask() with { max: 2 } { t(d) d } until d != \"\"",
        "t(\"#{given} #{ask()}\")",
        "task q -> String { agent: a prompt: \"?\" } t(q)",
        "let { name } = find()[0] t(name)",
        "stage s { let q = ask() } t(s.q)",
    ] {
        assert_eq!(run("[x, \"-l\"]", body), ["F0803"], "{body}");
    }
    for body in [
        "t(given)",
        "t(\"ls\")",
        "t(\"ls\", xs: [ask()])",
        "let q = { a: \"ls\", b: ask() } t(q.a)",
        "let q = find() t(to_string(q[0].count))",
        "let q = ask() t(if q == \"a\" { \"ls\" } else { \"cat\" })",
        "let q = ask() if q in [\"ls\", \"cat\"] { t(q) }",
        "let q = ask() assert q == \"ls\" t(q)",
        "for f in find() if matches(f.name, \"^[a-z]+$\") { t(f.name) }",
        "let q = ask() for t2 in [\"a\"] if q in [\"b\"] and t2 == \"a\" { t(q) }",
        "t(to_string(len(ask())))",
    ] {
        assert_eq!(run("[x, \"-l\"]", body), Vec::<String>::new(), "{body}");
    }
    // A check of one name says nothing of another, and nothing behind its block.
    assert_eq!(run("[x]", "let q = ask() let r = ask() if r in [\"ls\"] { t(q) }"), ["F0803"]);
    assert_eq!(run("[x]", "let q = ask() if q in [\"ls\"] { sleep(1s) } t(q)"), ["F0803"]);
    assert_eq!(run("[x]", "let q = ask() if q in lines(fetch()) { t(q) }"), ["F0803"]);
}

#[test]
fn calls_are_told_apart_where_they_give_something_and_joined_where_they_take_it() {
    let fns = "fn same(s: String) -> String = s\nfn pick(a: String, b: String) -> { x: String, y: String } = { x: a, y: b }\n\
               workflow pass(s: String) -> String { same(s) }\nworkflow deep(s: String) { t(s) }\n";
    let judge = |body: &str| {
        let text = format!("{ASK}task t(x: String) {{ run: [x] }}\n{fns}workflow main() {{ {body} }}");
        codes(&text).len()
    };
    assert_eq!(judge("t(same(ask()))"), 1);
    assert_eq!(judge("let q = same(ask()) t(same(\"ls\"))"), 0);
    assert_eq!(judge("t(pass(ask()))"), 1);
    assert_eq!(judge("let _q = pass(ask()) t(pass(\"ls\"))"), 0);
    assert_eq!(judge("deep(ask())"), 1);
    assert_eq!(judge("deep(\"ls\")"), 0);
    assert_eq!(judge("let p = pick(ask(), \"ls\") t(p.y)"), 0);
    assert_eq!(judge("let p = pick(ask(), \"ls\") t(p.x)"), 1);
    assert_eq!(judge("let p = pick(\"ls\", ask()) t(p.x)"), 0);
}

#[test]
fn a_thousand_workflows_in_a_row_and_many_parameters() {
    let mut text = format!("{ASK}task t(x: String) {{ run: [x] }}\n");
    for i in 0..3_000 {
        text.push_str(&format!("workflow w{i}(s: String) {{ w{}(s) }}\n", i + 1));
    }
    text.push_str("workflow w3000(s: String) { t(s) }\n");
    let params: Vec<String> = (0..80).map(|i| format!("p{i}: String")).collect();
    let last = "task many(".to_string() + &params.join(", ") + ") { run: [p79] env: { A: \"#{";
    text.push_str(&format!(
        "{last}{}}}\" }} }}\n",
        (0..79).map(|i| format!("p{i}")).collect::<Vec<_>>().join("} #{")
    ));
    let args = "\"a\", ".repeat(79);
    text.push_str(&format!("workflow main() {{ w0(ask()) many({args}ask()) }}"));
    let found = codes(&text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|d| d.starts_with("F0803")), "{found:?}");
}

#[test]
fn programs_that_run_others() {
    for (argv, code) in [
        ("[\"sh\", \"-c\", x]", "F0803"),
        ("[\"bash\", \"-lc\", \"#{x} -l\"]", "F0803"),
        ("[\"sh\", \"-c\", \"ls #{x}\"]", "W0111"),
        ("[\"/usr/bin/env\", \"A=b\", x]", "F0803"),
        ("[\"sudo\", \"-u\", \"root\", \"timeout\", \"-k\", \"5\", \"10\", x]", "F0803"),
        ("[\"python3\", \"-c\", \"print(#{x})\"]", "W0111"),
        ("[\"ssh\", \"host\", \"ls\", x]", "W0111"),
        ("[\"find\", \".\", \"-exec\", x, \"{}\"]", "F0803"),
        ("[\"xargs\", \"-n\", \"1\", x]", "F0803"),
        ("[\"grep\", x, \"file\"]", "W0114"),
        ("[\"rm\", \"-rf\", x]", "W0114"),
        ("[\"rm\", \"--\", x]", "W0113"),
        ("[\"git\", \"log\", x]", "W0114"),
        ("[\"./mine\", x]", "W0114"),
        ("[\"ssh\", x, \"ls\"]", "W0114"),
        ("[\"pip\", \"install\", x]", "W0111"),
        ("[\"docker\", \"run\", \"--rm\", x]", "W0111"),
        ("[\"grep\"] + [x]", "W0114"),
        ("[...xs]", "F0803"),
        ("[\"ls\", ...xs]", "W0114"),
    ] {
        assert_eq!(run(argv, "t(ask(), [ask()])"), [code], "{argv}");
    }
    for argv in [
        "[\"sh\", \"-c\", \"cat $1\", \"x\", x]",
        "[\"grep\", \"--\", x]",
        "[\"grep\", \"-e\", x]",
        "[\"git\", \"log\", \"--end-of-options\", x]",
        "[\"ls\", \"./#{x}\"]",
        "[\"ls\", \"--size=#{x}\"]",
        "[\"ls\", path_join(\"src\", x)]",
        "[\"echo\", x]",
        "[\"git\", \"commit\", \"-m\", x]",
    ] {
        assert_eq!(run(argv, "t(ask())"), Vec::<String>::new(), "{argv}");
    }
    // What a person chose is a script only by mistake, and else theirs.
    assert_eq!(run("[\"sh\", \"-c\", \"ls #{x}\"]", "t(given)"), ["W0111"]);
    assert_eq!(run("[\"sh\", \"-c\", x]", "t(given)"), Vec::<String>::new());
    assert_eq!(run("[\"sh\", \"-c\", x]", "t(read(\"a\"))"), ["W0111"]);
    assert_eq!(run("[\"grep\", x]", "t(given)"), Vec::<String>::new());
    assert_eq!(run("[\"grep\", x]", "for f in glob(\"*\") { t(f) }"), ["W0114"]);
    assert_eq!(run("[\"grep\", x]", "for f in glob(\"src/*\") { t(f) }"), Vec::<String>::new());
}

#[test]
fn scripts_word_by_word() {
    for (script, code) in [
        ("#{x} -l", Some("F0803")),
        ("if true; then #{x}; fi", Some("F0803")),
        ("ls | sudo #{x}", Some("F0803")),
        ("echo $(#{x} a)", Some("F0803")),
        ("eval #{x}", Some("W0111")),
        ("sh -c #{x}", Some("F0803")),
        ("grep #{x} f", Some("W0114")),
        ("echo a > #{x}", Some("W0113")),
        ("tr a b < #{x}", Some("W0113")),
        ("ssh -- #{x} ls", None),
        ("grep -- #{x} f", None),
        ("echo #{x}", None),
        ("echo #{x} | sh", Some("F0803")),
        ("printf '%s' #{x} | bash -s", Some("F0803")),
        ("echo #{x} | sudo tee a || sh", None),
        ("echo #{x} | sh ./script.sh", None),
        ("echo #{x} | python3 -", Some("F0803")),
        ("echo #{x} | grep a | sh", None),
        ("A=#{x} make", None),
        ("PATH=#{x} make", Some("F0803")),
        ("PATH=/opt/#{x}:$PATH\\nmake", Some("F0803")),
        ("if a; then LD_PRELOAD=#{x} make; fi", Some("F0803")),
        ("env A=1 NODE_OPTIONS=#{x} node a.js", Some("F0803")),
        ("export BASH_ENV=#{x}; make", Some("F0803")),
        ("export NAME=#{x}; make", None),
        ("readonly GIT_CONFIG_COUNT=#{x}", Some("F0803")),
        ("(cd a && GIT_SSH_COMMAND=#{x} git fetch)", Some("F0803")),
        ("echo PATH=#{x}", None),
        ("for f in #{x}; do echo $f; done", None),
        ("case #{x} in a) ls;; esac", None),
    ] {
        let found = judged(&format!("task t(x: String) {{ sh: \"{script}\" }}"), "t(ask())");
        assert_eq!(found, code.into_iter().collect::<Vec<_>>(), "{script}");
    }
}

#[test]
fn other_properties_and_calls() {
    let task = |props: &str| judged(&format!("task t(x: String) {{ {props} }}"), "t(ask())");
    assert_eq!(task("run: [\"a\"] verify: [[\"b\"], [x]]"), ["F0803"]);
    assert_eq!(task("run: [\"a\"] on_crash: probe([x])"), ["F0803"]);
    assert_eq!(task("run: [\"a\"] undo: [x]"), ["F0803"]);
    assert_eq!(task("run: [\"a\"] env: { PATH: x }"), ["F0803"]);
    assert_eq!(task("run: [\"bash\"] stdin: x"), ["F0803"]);
    assert_eq!(task("run: [\"python3\", \"-\"] stdin: \"print(1) #{x}\""), ["F0803"]);
    assert_eq!(task("run: [\"bash\", \"a.sh\"] stdin: x"), Vec::<String>::new());
    assert_eq!(task("run: [\"sh\", \"-c\", \"cat\"] stdin: x"), Vec::<String>::new());
    for name in ["LD_PRELOAD", "LD_AUDIT", "BASH_ENV", "NODE_OPTIONS", "GIT_SSH_COMMAND", "GIT_CONFIG_KEY_0"]
    {
        assert_eq!(task(&format!("run: [\"a\"] env: {{ {name}: \"a#{{x}}\" }}")), ["F0803"], "{name}");
    }
    assert_eq!(task("run: [\"a\"] env: { TEXT: x } stdin: x"), Vec::<String>::new());
    for (url, code) in [
        ("x", Some("W0113")),
        ("\"http://#{x}\"", Some("W0113")),
        ("\"https://#{x}.example.com/a\"", Some("W0113")),
        ("\"https://example.com#{x}\"", Some("W0113")),
        ("\"https://example.com/#{x}\"", None),
        ("\"https://example.com?q=#{x}\"", None),
    ] {
        let found = task(&format!("http: {{ url: {url} }}"));
        assert_eq!(found, code.into_iter().collect::<Vec<_>>(), "{url}");
    }
    assert_eq!(task("run: [\"a\"] cwd: path(x)"), ["W0113"]);
    assert_eq!(task("run: [\"a\"] output: file(path(x))"), ["W0113"]);
    assert_eq!(task("run: [\"a\"] output: file(\"out/#{x}\")"), Vec::<String>::new());
    assert_eq!(task("run: [\"a\"] writes: [x]"), Vec::<String>::new());
    let none = "task t() { run: [\"a\"] }";
    assert_eq!(judged(none, "write(path(ask()), \"text\") t()"), ["W0113"]);
    assert_eq!(judged(none, "write(\"out/#{ask()}.md\", \"text\") t()"), Vec::<String>::new());
    assert_eq!(judged(none, "let text = read(path(ask())) assert text != \"\" t()"), ["W0113"]);
    assert_eq!(
        judged(none, "let text = read(\"in/#{ask()}\") assert text != \"\" t()"),
        Vec::<String>::new()
    );
    let found = "for f in glob(\"*.md\") { let text = read(f) assert text != \"\" } t()";
    assert_eq!(judged(none, found), Vec::<String>::new(), "names that were found");
    for path in [
        "let p: Path = \"out/#{ask()}.md\"",
        "let p: Path = path_join(\"out\", ask())",
        "let o: Path = \"out/#{ask()}\" let p = o",
    ] {
        assert_eq!(judged(none, &format!("{path} write(p, \"text\") t()")), Vec::<String>::new(), "{path}");
    }
    assert_eq!(judged(none, "let p: Path = \"#{ask()}.md\" write(p, \"text\") t()"), ["W0113"]);
    assert_eq!(
        judged(none, "let a = \"--x=#{ask()}\" task u { run: [\"ls\", a] } t()"),
        Vec::<String>::new()
    );
    assert_eq!(judged(none, "t() with { cwd: path(ask()) }"), ["W0113"]);
    assert_eq!(judged(none, "let q = ask() task u { run: [q] } t()"), ["F0803"]);
}

#[test]
fn calls_that_say_anew_what_is_done() {
    let agents = "agent all { timeout: 1m }\nagent few { tools: [] timeout: 1m }\n";
    let judge = |task: &str, with: &str| {
        let task = format!("{agents}task t(x: String) -> String {{ {task} }}");
        judged(&task, &format!("let q = ask() let r = t(q) with {{ {with} }} task u {{ run: [r] }}"))
    };
    let mild = "agent: few prompt: \"Do #{x}\"";
    assert_eq!(judge(mild, "timeout: 1m"), ["F0803"], "its answer is an agent's");
    assert_eq!(judge(mild, "agent: all"), ["W0112", "F0803"]);
    assert_eq!(judge(mild, "fallback: [all]"), ["W0112", "F0803"]);
    assert_eq!(judge("agent: all prompt: \"Do\"", "prompt: \"Do #{q}\""), ["W0112", "F0803"]);
    assert_eq!(judge("agent: all prompt: \"Do\"", "agent: few, prompt: \"Do #{q}\""), ["F0803"]);
    let plain = "run: [\"ls\"] env: { X: x }";
    assert_eq!(judge(plain, "run: [\"ls\"]"), Vec::<String>::new());
    assert_eq!(judge(plain, "run: [q, \"-l\"]"), ["F0803"]);
    assert_eq!(judge(plain, "run: [\"echo\", q]"), ["F0803"], "it prints what it is given");
    assert_eq!(judge(plain, "run: [\"curl\", \"https://example.com\"]"), ["F0803"]);
}

#[test]
fn prompts_of_agents_that_can_act() {
    let all = "agent all { timeout: 1m }\nagent few { tools: [\"Read\"] }\nagent some { tools: [\"Bash(git *)\"] }\n";
    let judge = |props: &str, arg: &str| {
        judged(
            &format!("{all}task t(x: String, w: Agent = few) -> String {{ {props} }}"),
            &format!("let _r = t({arg})"),
        )
    };
    assert_eq!(judge("agent: all prompt: \"Do #{x}\"", "ask()"), ["W0112"]);
    assert_eq!(judge("agent: [few, some] prompt: \"Do #{x}\"", "ask()"), ["W0112"]);
    assert_eq!(judge("agent: few fallback: [all] prompt: x", "ask()"), ["W0112"]);
    assert_eq!(judge("agent: w prompt: x", "ask(), all"), ["W0112"]);
    assert_eq!(judge("agent: few prompt: \"Do #{x}\"", "ask()"), Vec::<String>::new());
    assert_eq!(judge("agent: all prompt: \"Do it\" context: { x: x }", "ask()"), Vec::<String>::new());
    assert_eq!(judge("agent: all prompt: \"Do #{x}\"", "given"), Vec::<String>::new());
    assert_eq!(judge("agent: all prompt: \"Do #{len(x)}\"", "ask()"), Vec::<String>::new());
}

#[test]
fn the_way_is_shown_and_a_fix_mends_it() {
    let text = format!(
        "{ASK}fn first_word(s: String) -> String = first(split(s, \" \")) ?? \"\"\n\
         task t(pattern: String) {{ run: [\"grep\", pattern, \"notes\"] }}\n\
         workflow inner(word: String) {{ t(word) }}\n\
         workflow main() {{ let answer = ask() inner(first_word(answer)) }}"
    );
    let program = compile::check_text(&text);
    let found = program.diagnostics.iter().find(|d| d.code.to_string() == "W0114").expect("it is found");
    let label = |d: &crate::diagnostics::Label| format!("{}: {}", program.sources.text(d.span), d.message);
    let labels: Vec<String> = found.labels.iter().map(label).collect();
    assert_eq!(
        labels,
        [
            "word: is handed to `pattern` here",
            "first_word(answer): is handed to `word` here",
            "ask(): an agent answers this",
        ]
    );
    let edit = &found.fixes[0].edits[0];
    let mut mended = text.clone();
    mended.replace_range(edit.span.range(), &edit.text);
    assert!(mended.contains("[\"grep\", \"--\", pattern, \"notes\"]"), "{mended}");
    assert!(!codes(&mended).iter().any(|d| d.starts_with("W0114")));
}

#[test]
fn agents_of_std_modules_and_files() {
    let main = "use \"./lib.flow\".{t}\nagent a { tools: [] }\ntask ask() -> String { agent: a prompt: \"?\" }\n\
                workflow main() { t(ask()) }";
    let loader =
        MemoryLoader::new().with("main.flow", main).with("lib.flow", "task t(x: String) { run: [x] }");
    let program = compile::check("main.flow", &loader);
    let found: Vec<_> = program.diagnostics.iter().filter(|d| d.is_error()).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(program.sources.get(found[0].span.file).name, "lib.flow");
    assert_eq!(found[0].labels.len(), 1, "{:?}", found[0].labels);
}

/// What text from outside is made of on its way, and what a condition says of it.
#[test]
fn ways_around_are_followed() {
    let judge = |decls: &str, body: &str| {
        let task = format!("{decls}\ntask t(x: String) {{ run: [x, \"-l\"] }}");
        judged(&task, body)
    };
    for (decls, body) in [
        ("", "let r = { a: ask() } let q = { a: \"ls\", ...r } t(q.a)"),
        ("fn d(a: String, b: String = a) -> String = b", "t(d(ask()))"),
        ("workflow w(a: String, b: String = a) -> String { b }", "t(w(ask()))"),
        ("", "let g = group_by([{ k: \"x\", cmd: ask() }], \"k\") let xs = g[\"k\"] ?? [] t(xs[0].cmd)"),
        ("", "for { key, value } in group_by(find(), \"name\") { t(key) }"),
        ("", "let _q = try { ask() } catch e { t(e.message) \"\" }"),
        ("workflow w() -> String { ask() }", "let _q = try { w() } catch e { t(e.message) \"\" }"),
        ("", "let q = ask() let _r = try { fail(\"no #{q}\") } catch e { t(e.message) \"\" }"),
        (
            "fn f(x: String) -> String = fail(x)",
            "let q = ask() let _r = try { f(q) } catch e { t(e.message) \"\" }",
        ),
        ("task say(x: String) -> String { run: [\"echo\", x] }", "t(say(\"./#{ask()}\"))"),
        ("task pass(x: String) -> String { sh: \"sort | uniq\" stdin: x }", "t(pass(ask()))"),
        ("workflow w(d: String) with { env: { PATH: d } } { sleep(1s) }", "w(ask())"),
        ("", "let q = ask() if q != \"rm\" { t(q) }"),
        ("", "let q = ask() if not (q in [\"ls\"]) { t(q) }"),
        ("", "let q = ask() if q == \"ls\" or given == \"a\" { t(q) }"),
        ("", "let q = ask() if matches(q, \"[a-z]\") { t(q) }"),
    ] {
        assert_eq!(judge(decls, body), ["F0803"], "{decls} {body}");
    }
    for (decls, body) in [
        ("", "let r = { a: ask() } let q = { ...r, a: \"ls\" } t(q.a)"),
        ("fn d(a: String, b: String = \"ls\") -> String = b", "t(d(ask()))"),
        ("", "let _q = try { ask() } catch e { t(e.task) \"\" }"),
        ("", "let q = ask() let _r = try { \"a\" } catch e { t(e.message) q }"),
        ("task build(x: String) -> String { run: [\"make\", \"A=#{x}\"] }", "t(build(ask()))"),
        ("", "let q = ask() if q == \"ls\" or q == \"cat\" { t(q) }"),
        ("", "let q = ask() if q != \"ls\" { t(\"a\") } else { t(q) }"),
        ("", "let q = ask() if not (q in [\"ls\"]) { t(\"a\") } else { t(q) }"),
        ("", "let q = ask() match q { \"ls\" | \"cat\" => t(q), _ => t(\"a\") }"),
        ("", "let xs = lines(ask()) if xs[0] in [\"ls\"] { t(xs[0]) }"),
        ("", "let argv = [\"git\", \"log\", \"--end-of-options\", ask()] task q { run: argv }"),
    ] {
        assert_eq!(judge(decls, body), Vec::<String>::new(), "{decls} {body}");
    }
}

#[test]
fn more_programs_that_run_others() {
    for (argv, code) in [
        ("[\"docker\", \"exec\", \"box\", \"sh\", \"-c\", x]", "F0803"),
        ("[\"docker\", \"exec\", \"box\", \"/bin/bash\", \"-e\", \"-c\", \"ls #{x}\"]", "W0111"),
        ("[\"node\", \"--eval=#{x}\"]", "W0111"),
        ("[\"env\", \"PATH=#{x}\", \"make\"]", "F0803"),
        ("[\"npx\", x]", "F0803"),
    ] {
        assert_eq!(run(argv, "t(ask())"), [code], "{argv}");
    }
    for argv in [
        "[\"docker\", \"run\", \"--\", \"sh\", x]",
        "[\"env\", \"NOTE=#{x}\", \"make\"]",
        "[\"node\", \"a.js\", \"--\", x]",
    ] {
        assert_eq!(run(argv, "t(ask())"), Vec::<String>::new(), "{argv}");
    }
}

#[test]
fn who_is_asked_next_counts_too() {
    let task = "agent all { timeout: 1m }\nagent few { tools: [\"Read\"] }\n\
                task t(x: String) -> String { agent: few prompt: \"Do #{x}\" }";
    assert_eq!(judged(task, "let _r = t(ask())"), Vec::<String>::new());
    assert_eq!(judged(task, "let _r = t(ask()) with { fallback: [all] }"), ["W0112"]);
}
