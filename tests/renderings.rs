//! Messages as terminals show them: narrow, wide, without signs beyond ASCII; with tabs, wide characters, places in two
//! files. Each program under `tests/cases/renderings` stands beside what is shown of it.
//!
//! `INSTA_UPDATE=always` writes that anew; then look at it.

use flow::compile;
use flow::diagnostics::render::{Style, human};
use flow::source::MemoryLoader;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/renderings")
}

/// The files of a case; the first is `main.flow`.
fn loader(text: &str) -> MemoryLoader {
    let mut parts = text.split("// file: ");
    let mut loader = MemoryLoader::new().with("main.flow", parts.next().unwrap());
    for part in parts {
        let (name, text) = part.split_once('\n').unwrap();
        loader = loader.with(name, text);
    }
    loader
}

const STYLES: [(&str, Style); 3] = [
    ("60 columns", Style { color: false, unicode: true, width: 60 }),
    ("120 columns", Style { color: false, unicode: true, width: 120 }),
    ("80 columns in ASCII", Style { color: false, unicode: false, width: 80 }),
];

fn shown(text: &str) -> String {
    let program = compile::check("main.flow", &loader(text));
    assert!(program.errors() > 0, "a case has something to show:\n{text}");
    let mut out = String::new();
    for (title, style) in STYLES {
        out.push_str(&format!("==== {title}\n"));
        let each = program.diagnostics.iter().map(|d| human(d, &program.sources, style));
        out.push_str(&each.collect::<Vec<_>>().join("\n"));
    }
    out
}

fn cases() -> Vec<String> {
    let names = std::fs::read_dir(folder()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut cases: Vec<String> = names.filter_map(|n| n.strip_suffix(".flow").map(str::to_string)).collect();
    cases.sort();
    assert!(cases.len() >= 4);
    cases
}

#[test]
fn each_message_is_shown_as_it_stands_beside_it() {
    let mut wrong = String::new();
    for case in cases() {
        let text = std::fs::read_to_string(folder().join(format!("{case}.flow"))).unwrap();
        let found = shown(&text);
        let beside = folder().join(format!("{case}.txt"));
        if std::env::var("INSTA_UPDATE").as_deref() == Ok("always") {
            std::fs::write(&beside, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&beside).unwrap_or_default();
        if found != expected {
            wrong.push_str(&format!("{case}: expected\n{expected}\nfound\n{found}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_drawn_in_ascii_is_ascii_and_lines_are_no_wider_than_asked() {
    for case in cases() {
        let text = std::fs::read_to_string(folder().join(format!("{case}.flow"))).unwrap();
        let shown = shown(&text);
        let ascii = shown.split("==== 80 columns in ASCII\n").nth(1).unwrap();
        // Of the program's own text nothing is changed.
        let drawn = |c: char| "─│╭╰┬┤┴▲╮╯·…→–≥≤".contains(c);
        assert!(!ascii.contains(drawn), "{case}:\n{ascii}");
        let narrow = shown.split("==== 120").next().unwrap();
        // What is said of a place far to the right goes beyond.
        let of_program = |l: &&str| l.trim_start().starts_with(|c: char| c.is_ascii_digit());
        let long: Vec<&str> = narrow.lines().filter(of_program).filter(|l| columns(l) > 62).collect();
        assert!(long.is_empty(), "{case}: {long:#?}");
    }
}

/// How many columns a terminal takes, near enough.
fn columns(line: &str) -> usize {
    line.chars().map(|c| if u32::from(c) > 0x2E7F { 2 } else { 1 }).sum()
}
