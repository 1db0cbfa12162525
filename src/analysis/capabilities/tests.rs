use crate::compile;
use crate::source::MemoryLoader;

/// Errors, and lints about agent files, as `CODE:line`.
fn codes(text: &str) -> Vec<String> {
    let program = compile::check_text(text);
    // Conflicts are judged elsewhere.
    let found = program.diagnostics.iter().filter(|d| d.is_error() && !d.code.to_string().starts_with("F05"));
    found.map(|d| format!("{}:{}", d.code, program.sources.positions(d.span).0.line)).collect()
}

const AGENTS: &str = "agent r { tools: [\"Read\"] skills: [\"look\"] }\nagent w { tools: [\"Edit\"] skills: [\"look\", \"mend\"] }\n";

#[test]
fn every_way_of_an_agent_to_a_task_is_followed() {
    let judge = |task: &str, body: &str| {
        codes(&format!(
            "{AGENTS}task t(a: Agent) {{ {task} prompt: \"\" writes: [\"x\"] }}\nworkflow main(n: Int = 1) {{ {body} }}"
        ))
    };
    for (body, fails) in [
        ("t(r)", true),
        ("t(w)", false),
        ("let x = r t(x)", true),
        ("t(if n > 1 { r } else { w })", true),
        ("t(match n { 1 => w, _ => r })", true),
        ("for a in [w, r] { t(a) }", true),
        ("for a in [w, w] { t(a) }", false),
        ("let x = { good: w, bad: r } t(x.good)", false),
        ("let x = { good: w, bad: r } t(x.bad)", true),
        ("t([w, r][n])", true),
        ("stage s { let x = r } t(s.x)", true),
    ] {
        let expected: &[&str] = if fails { &["F0601:3"] } else { &[] };
        assert_eq!(judge("agent: a", body), expected, "{body}");
    }
    assert_eq!(judge("agent: [w, a]", "t(r)"), ["F0601:3"]);
    assert_eq!(judge("agent: w fallback: [a]", "t(r)"), ["F0601:3"]);
    assert_eq!(judge("agent: w fallback: [r]", "t(w)"), ["F0601:3"]);
    assert_eq!(judge("agent: skilled([\"look\"])", "t(w)"), ["F0601:3"]);
    assert_eq!(judge("agent: skilled([\"mend\"])", "t(w)"), Vec::<String>::new());
    assert_eq!(judge("agent: w on_conflict: resolve(a)", "t(r)"), ["F0601:3"]);
}

#[test]
fn through_workflows_and_defaults() {
    let text = format!(
        "{AGENTS}task t(a: Agent = r) {{ agent: a prompt: \"\" }}\n\
         workflow inner(a: Agent) {{ t(a) with {{ writes: [\"x\"] }} }}\n\
         workflow main() {{ inner(w) task u {{ agent: r prompt: \"\" writes: [] }} }}"
    );
    assert_eq!(codes(&text), ["F0601:3"], "the default may reach it");
    let text = text.replace(" = r", "");
    assert_eq!(codes(&text), Vec::<String>::new());
    assert_eq!(codes(&text.replace("inner(w)", "inner(r)")), ["F0601:3"]);
}

#[test]
fn claims_and_the_rules_of_tools() {
    for (tools, claims, fails) in [
        ("\"Edit(docs/**)\"", "\"docs/a.md\"", false),
        ("\"Edit(docs/**)\"", "\"src/**\"", true),
        ("\"Edit(docs/**)\", \"Write(src/*)\"", "\"src/**\"", false),
        ("\"Edit(docs/**)\", \"Bash(git *)\"", "\"src/**\"", false),
        ("\"Edit(*.md)\"", "\"src/**/*.md\"", false),
        ("\"Edit(*.md)\"", "\"src/**/*.rs\"", true),
        ("\"Write(out)\"", "\"out/#{x}.txt\"", false),
        ("\"Write(out)\"", "\"in/#{x}.txt\"", true),
        ("\"Write(out)\", \"mcp__s__put\"", "\"in/a\"", false),
    ] {
        let text = format!(
            "mcp s {{ command: [\"x\"] }} agent a {{ tools: [{tools}] }}\n\
             task t(x: String) {{ agent: a prompt: x writes: [{claims}] }}\nworkflow main() {{ t(\"\") }}"
        );
        let expected: &[&str] = if fails { &["F0604:2"] } else { &[] };
        assert_eq!(codes(&text), expected, "{tools} {claims}");
    }
}

#[test]
fn rights_narrow() {
    let copy = |base: &str, own: &str| {
        codes(&format!(
            "agent a {{ tools: [{base}] }}\nagent b {{ from: a tools: [{own}] }}\nworkflow main() {{ sleep(1s) }}"
        ))
    };
    assert_eq!(copy("\"Read\", \"Bash\"", "\"Bash(git *)\", \"Edit\""), Vec::<String>::new());
    assert_eq!(copy("\"Read\"", "\"Read\", \"Edit\""), ["F0606:2"]);
    assert_eq!(copy("\"Bash(git *)\"", "\"Bash\""), ["F0606:2"]);
    let tool = |caller: &str, child: &str| {
        codes(&format!(
            "agent boss {{ tools: [{caller} help] }}\nagent child {{ {child} }}\n\
             task help() -> String {{ agent: child prompt: \"\" }}\ntask go() -> String {{ agent: boss prompt: \"\" }}\n\
             workflow main() -> String {{ go() }}"
        ))
    };
    assert_eq!(tool("\"Read\",", "tools: [\"Edit\"]"), ["F0606:1"]);
    assert_eq!(tool("\"Read\",", ""), ["F0606:1"]);
    assert_eq!(tool("\"Read\", \"Edit\",", "tools: [\"Edit(a/*)\"]"), Vec::<String>::new());
}

#[test]
fn files_with_their_places() {
    let file =
        "---\nname: reader\ndescription: d\ntools: Read, Edti, Frob, mcp__x__y\nmcpServers: [brain]\n---\n";
    let main = "use agents \"./agents\"\ntask t() { agent: reader prompt: \"\" timeout: 1m }\nworkflow main() { t() }";
    let loader = MemoryLoader::new().with("main.flow", main).with("agents/reader.md", file);
    let program = compile::check("main.flow", &loader);
    let shown: Vec<String> = (program.diagnostics.iter())
        .map(|d| {
            let at = program.sources.positions(d.span).0;
            format!("{} {}:{}:{}", d.code, program.sources.get(d.span.file).name, at.line, at.column)
        })
        .collect();
    let expected =
        ["F0603 agents/reader.md:4:14", "W0110 agents/reader.md:4:20", "W0110 agents/reader.md:5:1"];
    assert_eq!(shown, expected);
    let mended =
        MemoryLoader::new().with("main.flow", main).with("agents/reader.md", &file.replace("Edti", "Edit"));
    assert_eq!(compile::check("main.flow", &mended).errors(), 0);
}

#[test]
fn what_a_file_takes_away_is_not_handed_to_the_runtime() {
    let main =
        "use agents \"./agents\"\ntask t() { agent: a prompt: \"\" timeout: 1m }\nworkflow main() { t() }";
    let tools = |head: &str| {
        let file = format!("---\nname: a\ndescription: d\n{head}\n---\n");
        let loader = MemoryLoader::new().with("main.flow", main).with("agents/a.md", &file);
        let plan = compile::compile("main.flow", &loader, None).expect("it can be planned").plan;
        plan.agents[0].tools.as_ref().map(|tools| tools.join(" "))
    };
    assert_eq!(
        tools("tools: [Read, Bash(git *), \"@brain\"]\ndisallowedTools: Bash").as_deref(),
        Some("Read")
    );
    let left = tools("disallowedTools: [Bash, Write]").expect("not all are left");
    assert!(left.contains("Edit") && !left.contains("Bash") && !left.contains("Write "), "{left}");
    assert_eq!(tools("color: red"), None);
}
