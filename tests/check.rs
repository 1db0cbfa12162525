//! `flowc check` as a command: what it looks at, its formats, `--deny` and `--fix`.

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn flowc(dir: &Path, args: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_flowc"))
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// `file:line code` of each diagnostic, in the order of the document.
fn shown(output: &Output) -> Vec<String> {
    let document: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    let diagnostics = document["diagnostics"].as_array().unwrap();
    let line = |d: &Value| {
        let text = |key: &str| d[key].as_str().unwrap().to_string();
        format!("{}:{} {}", text("file"), d["span"]["start"]["line"], text("code"))
    };
    diagnostics.iter().map(line).collect()
}

const WRONG: &str = "fn f() -> Int = nowhere\n";

#[test]
fn folders_files_and_the_project_are_found_and_told_in_order() {
    let dir = project(&[
        ("flow.toml", ""),
        ("b.flow", "use \"./lib/shared.flow\".{f}\nfn b() -> Int = f()\n"),
        ("a.flow", "use \"./lib/shared.flow\".{f}\nfn a() -> Int = f()\n"),
        ("lib/shared.flow", WRONG),
        ("target/x.flow", WRONG),
        (".flow/x.flow", WRONG),
        ("lib/.hidden.flow", WRONG),
        ("lib/deep/z.flow", WRONG),
        ("lib/notes.md", "no program"),
    ]);
    let all = ["lib/shared.flow:1 F0201", "lib/deep/z.flow:1 F0201"];
    let json = ["--format", "json"];
    let run = |args: &[&str]| flowc(dir.path(), &[&["check"], args, &json].concat(), "");
    let here = run(&[]);
    assert_eq!((shown(&here), code(&here)), (all.map(String::from).to_vec(), Some(1)));
    assert_eq!(shown(&run(&["."])), all, "a shared module is told once");
    assert_eq!(here.stdout, run(&["."]).stdout);
    assert_eq!(shown(&run(&["a.flow", "lib"])), all);
    let below = flowc(&dir.path().join("lib"), &["check", "--format", "json"], "");
    assert_eq!(shown(&below), ["shared.flow:1 F0201", "deep/z.flow:1 F0201"].map(|n| format!("../lib/{n}")));
    let none = flowc(&dir.path().join("target"), &["check", "../lib/deep", "gone.flow"], "");
    let said = String::from_utf8_lossy(&none.stderr);
    assert_eq!(code(&none), Some(2), "{said}");
    assert!(said.contains("there is no file gone.flow") && said.contains("nowhere"), "{said}");
}

#[test]
fn an_empty_project_is_no_success() {
    let dir = project(&[("notes.md", "")]);
    let output = flowc(dir.path(), &["check"], "");
    assert_eq!(code(&output), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no .flow file in"));
}

#[test]
fn lints_can_be_denied() {
    let text = "fn f(x: Int) -> Int = 1\nworkflow main -> Int { let y = 1  f(1) }\n";
    let dir = project(&[("main.flow", text)]);
    let run = |deny: &[&str]| flowc(dir.path(), &[&["check", "main.flow"], deny].concat(), "");
    assert_eq!(code(&run(&[])), Some(0));
    assert_eq!(code(&run(&["--deny", "warnings"])), Some(1));
    assert_eq!(code(&run(&["--deny", "w0101,W0103"])), Some(1));
    assert_eq!(code(&run(&["--deny", "W0103"])), Some(0));
    for (deny, says) in [("W0199", "did you mean W0109"), ("F0301", "error already"), ("x", "warnings")] {
        let output = run(&["--deny", deny]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(code(&output) == Some(2) && said.contains(says), "{deny}: {said}");
    }
}

#[test]
fn standard_input_may_use_what_lies_beside_it() {
    let dir = project(&[("flow.toml", ""), ("sub/lib.flow", "fn one() -> Int = 1\n")]);
    let text = "use \"./lib.flow\".{one}\nfn two() -> Int = one() + oen()\n";
    let output = flowc(&dir.path().join("sub"), &["check", "-", "--format", "json"], text);
    assert_eq!(shown(&output), ["../sub/stdin.flow:2 F0201"]);
}

#[test]
fn safe_fixes_are_written_and_others_are_not() {
    let text =
        "// a comment\nfn f(a: Bool) -> Bool = a && true\nfn g() -> Int = nowher\nfn nowhere() -> Int = 1\n";
    let lib = "fn lib() -> Int = 1 − 1\n";
    let main = "use \"./lib.flow\".{lib}\nfn one() -> Int = lib()\n";
    let dir = project(&[("a.flow", text), ("lib.flow", lib), ("main.flow", main), ("two.flow", main)]);
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    let output = flowc(dir.path(), &["check", "--fix", "a.flow", "main.flow", "two.flow"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(code(&output), Some(1), "what needs a look is still there: {said}");
    assert!(said.contains("fixed a.flow:2: write `and` (F0109)"), "{said}");
    assert!(said.contains("fixed lib.flow:1: write `-` (F0105)"), "{said}");
    assert_eq!(read("a.flow"), text.replace("&&", "and"));
    assert_eq!((read("lib.flow"), read("main.flow")), (lib.replace('−', "-"), main.to_string()));
    let again = flowc(dir.path(), &["check", "--fix", "main.flow", "two.flow"], "");
    assert_eq!(code(&again), Some(0));
    assert!(!String::from_utf8_lossy(&again.stderr).contains("fixed"));
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "{left:?}");
}

#[test]
fn mended_standard_input_is_printed_changed_or_not() {
    let dir = project(&[]);
    let output = flowc(dir.path(), &["check", "-", "--fix"], "fn f(a: Bool) -> Bool = a && true");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "fn f(a: Bool) -> Bool = a and true");
    assert_eq!(code(&output), Some(0));
    let output = flowc(dir.path(), &["check", "-", "--fix"], "fn f() -> Int = 1");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "fn f() -> Int = 1");
    let output = flowc(dir.path(), &["check", "-", "--fix", "--format", "json"], "");
    assert_eq!(code(&output), Some(2));
}

#[test]
fn a_file_that_cannot_be_written_stays_as_it_was() {
    use std::os::unix::fs::PermissionsExt;
    if rustix::process::geteuid().is_root() {
        return; // root writes everywhere
    }
    let dir = project(&[("sub/a.flow", "fn f(a: Bool) -> Bool = a && true\n")]);
    let folder = dir.path().join("sub");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o500)).unwrap();
    let output = flowc(dir.path(), &["check", "--fix", "sub/a.flow"], "");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(code(&output), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write sub/a.flow"));
    assert!(std::fs::read_to_string(folder.join("a.flow")).unwrap().contains("&&"));
}

#[test]
fn sarif_and_github_tell_the_same_as_json() {
    let dir = project(&[
        ("a b.flow", "fn f() -> Int = to_itn(\"ü\") && 1\n"),
        ("x.flow", "fn f(a: Int) -> Int = 1\n"),
    ]);
    let run = |format: &str| flowc(dir.path(), &["check", "--format", format], "");
    let json: Value = serde_json::from_slice(&run("json").stdout).unwrap();
    let sarif: Value = serde_json::from_slice(&run("sarif").stdout).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let run_of = &sarif["runs"][0];
    let results = run_of["results"].as_array().unwrap();
    let rules = run_of["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(results.len(), json["diagnostics"].as_array().unwrap().len());
    for (result, d) in results.iter().zip(json["diagnostics"].as_array().unwrap()) {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!((&result["ruleId"], &rule["id"]), (&d["code"], &d["code"]));
        assert!(rule["help"]["markdown"].as_str().unwrap().contains("## Mended"));
        assert_eq!(result["level"], d["severity"]);
        assert!(result["message"]["text"].as_str().unwrap().starts_with(d["message"].as_str().unwrap()));
        let place = &result["locations"][0]["physicalLocation"];
        let uri = d["file"].as_str().unwrap().replace(' ', "%20");
        assert_eq!(place["artifactLocation"]["uri"], uri.as_str());
        let (region, span) = (&place["region"], &d["span"]);
        assert_eq!(
            (&region["startLine"], &region["startColumn"]),
            (&span["start"]["line"], &span["start"]["column"])
        );
        assert_eq!(
            (&region["endLine"], &region["endColumn"]),
            (&span["end"]["line"], &span["end"]["column"])
        );
        let fixes = result["fixes"].as_array().unwrap();
        assert_eq!(fixes.len(), d["fixes"].as_array().unwrap().len());
        for (fix, told) in fixes.iter().zip(d["fixes"].as_array().unwrap()) {
            let replacement = &fix["artifactChanges"][0]["replacements"][0];
            assert_eq!(replacement["insertedContent"]["text"], told["edits"][0]["text"]);
        }
    }
    let github = String::from_utf8(run("github").stdout).unwrap();
    assert_eq!(github.lines().count(), results.len());
    assert!(github.starts_with("::error file=a b.flow,line=1,"), "{github}");
    assert!(github.lines().last().unwrap().starts_with("::warning file=x.flow,line=1,"), "{github}");
}

#[test]
fn a_folder_of_agents_is_checked_by_itself() {
    let agent = |name: &str, more: &str| format!("---\nname: {name}\ndescription: d\n{more}---\nBody.\n");
    let dir = project(&[
        ("team/a.md", &agent("a", "tools: Read, @brain\n")),
        ("team/b.md", &agent("b", "tools:\n  - @brain\n")),
        ("team/c.md", &agent("c", "tools:\n  - @brain\n")),
        ("team/d.md", &agent("d", "tools:\n  - @brain\n")),
        ("team/e.md", &agent("e", "tools: Raed\n")),
        ("team/f.md", &agent("a", "")),
        ("team/notes.md", "# shared\n"),
        ("none/notes.md", "# shared\n"),
    ]);
    let output = flowc(dir.path(), &["agents", "check", "team"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(code(&output), Some(1), "{said}");
    assert_eq!(said.matches("starts with `@`").count(), 1, "equal lints are one: {said}");
    assert!(said.contains("the same in 2 more places: team/c.md:5, team/d.md:5"), "{said}");
    assert!(said.contains("also in team/a.md") || said.contains("also in a.md"), "{said}");
    let (lint, error) = (said.rfind("warning[").unwrap(), said.find("error[F0603]: there is no tool `Raed`"));
    assert!(error.unwrap() > lint, "errors come last: {said}");
    assert!(said.contains("checked 5 agents: 1 error, 4 warnings"), "{said}");
    let json = flowc(dir.path(), &["agents", "check", "team", "--format", "json"], "");
    assert_eq!(shown(&json).iter().filter(|d| d.ends_with("W0110")).count(), 4, "machines get each place");
    let denied = flowc(&dir.path().join("team"), &["agents", "check", ".", "--deny", "warnings"], "");
    assert!(String::from_utf8_lossy(&denied.stderr).contains("─[b.md:5:5]"));
    for (folder, says) in [("none", "there is no agent file in none"), ("gone", "there is no folder gone")] {
        let output = flowc(dir.path(), &["agents", "check", folder], "");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(code(&output) == Some(2) && said.contains(says), "{said}");
    }
}
