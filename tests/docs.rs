//! Every program in the documents is checked, every example too.

use flow::compile;
use flow::diagnostics::render::{Style, human};
use flow::source::{DiskLoader, MemoryLoader};
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The fenced blocks of a Markdown text: what stands after the fence, and the text.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info.trim().to_string(), String::new())),
            (Some(_), Some(_)) => out.extend(open.take()),
            (Some((_, body)), None) => {
                body.push_str(line);
                body.push('\n');
            }
            (None, None) => {}
        }
    }
    out
}

fn errors(program: &compile::Program) -> String {
    let shown = program.diagnostics.iter().filter(|d| d.is_error());
    shown.map(|d| human(d, &program.sources, Style::default())).collect()
}

#[test]
fn every_program_in_the_documents_is_right() {
    let mut count = 0;
    for name in ["README.md", "docs/language.md"] {
        let text = fs::read_to_string(root().join(name)).unwrap();
        let all = blocks(&text);
        let mut loader = MemoryLoader::new();
        for (info, body) in &all {
            if let Some(path) = info.strip_prefix("md file=") {
                loader = loader.with(path, body);
            }
        }
        for (_, body) in all.iter().filter(|(info, _)| info == "flow") {
            let program = compile::check("main.flow", &loader.clone().with("main.flow", body));
            assert!(program.errors() == 0, "in {name}:\n{body}\n{}", errors(&program));
            count += 1;
        }
    }
    assert!(count > 10, "only {count} programs found");
}

#[test]
fn every_example_is_right_and_has_no_lint() {
    let dir = root().join("examples");
    let loader = DiskLoader::new(&dir).unwrap();
    let mut count = 0;
    for entry in fs::read_dir(&dir).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".flow") && name != ".flow" {
            let program = compile::check(&name, &loader);
            let shown: String =
                program.diagnostics.iter().map(|d| human(d, &program.sources, Style::default())).collect();
            assert!(program.diagnostics.is_empty(), "{shown}");
            count += 1;
        }
    }
    assert!(count >= 8, "only {count} examples");
}

#[test]
fn what_new_makes_is_right() {
    let text = fs::read_to_string(root().join("src/cli/new/main.flow")).unwrap();
    let program = compile::check_text(&text);
    assert!(program.diagnostics.is_empty(), "{}", errors(&program));
}

#[test]
fn every_test_that_the_page_on_faults_names_exists() {
    fn sources(folder: &Path, into: &mut String) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut all = String::new();
    ["tests", "src"].iter().for_each(|folder| sources(&root().join(folder), &mut all));
    let page = fs::read_to_string(root().join("docs/faults.md")).unwrap();
    let rows = |of: &str| {
        let begins = format!("| {of}");
        let of_it = |line: &&str| {
            line.strip_prefix(&begins).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        page.lines().filter(of_it).collect::<Vec<&str>>()
    };
    assert_eq!(rows("F").len(), 40, "all but two");
    assert_eq!(rows("S").len(), 24);
    assert!(rows("B").len() > 10);
    for row in rows("F").into_iter().chain(rows("S")).chain(rows("B")) {
        let tests = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty() || row.contains("not built"), "{row}");
        for name in names {
            assert!(all.contains(&format!("fn {name}()")), "there is no test {name}");
        }
    }
}
