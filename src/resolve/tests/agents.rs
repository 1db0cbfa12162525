//! Agents as Markdown files: whole ones, odd ones, and texts that are none.

use super::*;

fn agent(text: &str) -> (Option<AgentFile>, Vec<String>) {
    let tried = files(&[("main.flow", "use agents \"./agents\""), ("agents/the-one.md", text)]);
    let shown = tried.found.iter().map(|d| {
        let at = tried.sources.positions(d.span).0;
        format!("{}:{} {}", at.line, at.column, d.message)
    });
    let shown = shown.collect();
    (tried.resolved.agent_files.into_iter().next(), shown)
}

#[test]
fn a_whole_agent() {
    let (file, odd) = agent(
        "---\nname: my-agent\ndescription: \"Does # things: \\\"all\\\"\"  # really\nmodel: opus\neffort: high\n\
         tools: Read, Write\nskills: [a, 'b c']\nmcpServers:\n  - one\n  - two: {x: 1}\ntimeout_seconds: 1800\n\
         max_retries: 2\nmaxTurns: 7\norchestration:\n  priority: high\n  dependencies: []\n  max_parallel: 3\ncolor: red\n---\n\nThe body.\n",
    );
    let file = file.unwrap();
    assert_eq!(odd, Vec::<String>::new());
    assert_eq!((file.name.as_str(), file.description.as_str()), ("my-agent", "Does # things: \"all\""));
    assert_eq!(file.tools, Some(vec!["Read".to_string(), "Write".to_string()]));
    assert_eq!((file.skills, file.mcp), (vec!["a".into(), "b c".into()], vec!["one".into(), "two".into()]));
    assert_eq!((file.timeout_ms, file.retries, file.max_turns), (Some(1_800_000), Some(2), Some(7)));
    assert_eq!((file.max_parallel, file.priority), (Some(3), Some(10)));
    assert_eq!(
        (file.model.as_deref(), file.effort.as_deref(), file.body.as_str()),
        (Some("opus"), Some("high"), "The body.")
    );
}

#[test]
fn what_is_merely_odd_is_a_warning_at_its_line() {
    let (file, odd) = agent(
        "\u{feff}---\r\nname: a\r\ndescription: use: this\r\nname: b\r\ntools:\r\n\t- @brain\r\n  - Read\r\nnonsense\r\nmax_retries: many\r\n---\r\nbody",
    );
    let file = file.unwrap();
    assert_eq!((file.name.as_str(), file.description.as_str()), ("b", "use: this"));
    assert_eq!(file.tools, Some(vec!["@brain".to_string(), "Read".to_string()]));
    let places: Vec<&str> = odd.iter().map(|o| o.split(' ').next().unwrap()).collect();
    assert_eq!(places, ["1:1", "3:14", "4:1", "6:2", "6:4", "8:1", "9:1"], "{odd:?}");
}

#[test]
fn what_other_readers_refuse_is_mended() {
    let text = "---\nname: a\ndescription: use \"it\": now\ntools:\n  - Read\n  - @brain\n---\nbody";
    let tried = files(&[("main.flow", "use agents \"./agents\""), ("agents/a.md", text)]);
    let mut mended = text.to_string();
    for d in tried.found.iter().rev() {
        let edit = &d.fixes[0].edits[0];
        mended.replace_range(edit.span.range(), &edit.text);
    }
    assert!(mended.contains("description: \"use \\\"it\\\": now\"\n"), "{mended}");
    assert!(mended.contains("  - \"@brain\"\n"), "{mended}");
    let (file, odd) = agent(&mended);
    assert_eq!((file.unwrap().description.as_str(), odd.len()), ("use \"it\": now", 0));
}

#[test]
fn keys_that_are_passed_over() {
    let (_, odd) = agent(
        "---\nname: a\ndescription: d\ncolor: red\ntype: x\nisolation: worktree\nhooks: []\ntool: Read\nmax_turn: 3\n\
         orchestration:\n  dependencies: [b]\ndisallowedTools: Bash(rm *), Write\n---\n",
    );
    let shown: Vec<&str> = odd.iter().map(|o| o.as_str()).collect();
    assert_eq!(
        shown,
        [
            "6:1 `isolation` is passed over",
            "7:1 `hooks` is passed over",
            "8:1 `tool` is passed over",
            "9:1 `max_turn` is passed over",
            "11:3 `dependencies` is passed over",
            "12:18 `Bash(rm *)` takes all of `Bash` away: a tool is taken away whole",
        ]
    );
}

#[test]
fn descriptions_over_several_lines() {
    for text in [
        "---\nname: a\ndescription: >\n  one\n  two\n---\n",
        "---\nname: a\ndescription: one\n  two\n---\n",
        "---\nname: a\ndescription: |-\n  one two\n---\n",
        "---\nname: a\ndescription: \"one\n  two\"\n---\n",
        "---\nname: a\ndescription:\n  one\n  two\n---\n",
    ] {
        let (file, odd) = agent(text);
        assert_eq!((file.unwrap().description.as_str(), odd.len()), ("one two", 0), "{text}");
    }
    let (file, odd) = agent("---\nname: a\ndescription: one\n<example>\n---\n");
    assert_eq!((file.unwrap().description.as_str(), odd.len()), ("one\n<example>", 1));
}

#[test]
fn texts_that_are_no_agents() {
    for text in ["# Notes", "", "---\ntitle: x\n---\n", "---\nname: a\n"] {
        let main = (
            "main.flow",
            "use agents \"./agents\" as team\nuse agents \"./agents\".{the_one}\ntask t() { agent: the_one prompt: \"\" }",
        );
        let tried = files(&[
            main,
            ("agents/the-one.md", text),
            ("agents/sub/x.md", "---\nname: x\ndescription: d\n---\n"),
        ]);
        assert_eq!(
            tried.codes().iter().filter(|c| c.starts_with('F')).collect::<Vec<_>>(),
            ["F0213"],
            "{text}"
        );
        assert!(tried.resolved.agent_files.is_empty());
    }
}

#[test]
fn agents_by_name_by_folder_and_all() {
    let a = "---\nname: code-reviewer\ndescription: d\n---\n";
    let b = "---\ndescription: d\n---\n";
    let main = "use agents \"./agents\"\nuse agents \"./agents\" as team\nuse agents \"agents\".{code_reviewer as cr, code_revewer}\n\
                fn f() -> [Agent] = [code_reviewer, team.code_reviewer, cr, team.b, b, team.c]";
    let tried = files(&[("main.flow", main), ("agents/a.md", a), ("agents/b.md", b)]);
    assert_eq!(
        tried.shown(),
        [
            "F0210 main.flow:3:43 the folder agents declares no `code_revewer`",
            "F0210 main.flow:4:77 agents declares no `c`",
            "W0110 agents/b.md:1:1 the agent has no `name`: it is called `b` after its file",
        ]
    );
    let agents = tried.resolved.defs.iter().filter(|d| matches!(d.kind, DefKind::AgentFile(_))).count();
    assert_eq!(agents, 2);
}

#[test]
fn agents_of_one_name() {
    let a = "---\nname: x\ndescription: d\n---\n";
    let tried = files(&[
        ("main.flow", "use agents \"./agents\"\ntask x() { run: [] }"),
        ("agents/a.md", a),
        ("agents/b.md", a),
    ]);
    assert_eq!(tried.codes(), ["F0203", "W0110"]);
}

#[test]
fn hostile_front_matter_is_only_odd() {
    let deep = format!(
        "---\nname: a\ndescription: d\n{}---\n",
        (0..5000).map(|i| format!("{}k:\n", " ".repeat(i % 300))).collect::<String>()
    );
    let long = format!(
        "---\nname: a\ndescription: {}\ntools: [{}\n---\n",
        "x: ".repeat(100_000),
        "[".repeat(100_000)
    );
    let keys = format!(
        "---\nname: a\ndescription: d\n{}---\n",
        (0..50_000).map(|i| format!("k{i}: &a *a\n")).collect::<String>()
    );
    for text in [deep, long, keys] {
        let (file, odd) = agent(&text);
        assert_eq!(file.unwrap().name, "a");
        assert!(odd.len() <= 40);
    }
}

#[test]
fn a_file_as_public_collections_have_them() {
    let (file, odd) = agent(
        "---\nname: ai-auditor\ndescription: \"Use when: tasks match\"\nmodel: sonnet\ntimeout_seconds: 1800\n\
         max_retries: 3\ntools:\n  - Read\n  - Bash\n  - @brain\nmcp_servers:\n  - brain-server\norchestration:\n\
         \u{20} priority: medium\n  dependencies: []\n  max_parallel: 3\n---\n\n# Auditor\n",
    );
    let file = file.unwrap();
    assert_eq!(odd.len(), 1, "{odd:?}");
    assert!(odd[0].starts_with("10:5 a text that starts with `@`"));
    assert_eq!(file.tools.unwrap().len(), 3);
    assert_eq!((file.timeout_ms, file.retries, file.max_parallel), (Some(1_800_000), Some(3), Some(3)));
    assert_eq!(
        (file.priority, file.mcp, file.body.as_str()),
        (Some(0), vec!["brain-server".into()], "# Auditor")
    );
}
