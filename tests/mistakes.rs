//! Mistakes that newcomers make, under `tests/cases/mistakes`: each program beside the messages that it gets, as a person
//! sees them on a terminal of 80 columns. Somebody who has never seen Flow should be able to mend it after reading them.
//!
//! `INSTA_UPDATE=always` writes the messages anew.

use flow::compile;
use flow::diagnostics::render::{Style, human};
use flow::source::MemoryLoader;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/mistakes")
}

/// The names of the files with an ending.
fn cases(ending: &str) -> BTreeSet<String> {
    let names = std::fs::read_dir(folder()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter_map(|n| n.strip_suffix(ending).map(str::to_string)).collect()
}

fn messages(name: &str, text: &str) -> String {
    let loader = MemoryLoader::new().with(name, text);
    let mut program = compile::check(name, &loader);
    if program.errors() == 0 {
        program = match compile::plan_of(program, None) {
            Ok(compiled) => compiled.program,
            Err(program) => *program,
        };
    }
    let style = Style { width: 80, ..Style::default() };
    let shown: Vec<String> = program.diagnostics.iter().map(|d| human(d, &program.sources, style)).collect();
    shown.join("\n")
}

#[test]
fn each_mistake_gets_the_messages_beside_it() {
    let mut wrong = String::new();
    for case in cases(".flow") {
        let name = format!("{case}.flow");
        let text = std::fs::read_to_string(folder().join(&name)).unwrap();
        let found = messages(&name, &text);
        assert!(!found.is_empty(), "{name} is no mistake");
        let beside = folder().join(format!("{case}.txt"));
        if std::env::var("INSTA_UPDATE").as_deref() == Ok("always") {
            std::fs::write(&beside, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&beside).unwrap_or_default();
        if found != expected {
            wrong.push_str(&format!("{name}: expected\n{expected}\nfound\n{found}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn no_case_is_forgotten() {
    let (programs, texts) = (cases(".flow"), cases(".txt"));
    assert_eq!(programs, texts, "each program has its messages, and no messages are left over");
    assert!(programs.len() >= 20, "only {} mistakes", programs.len());
    let all = std::fs::read_dir(folder()).unwrap().count();
    assert_eq!(all, programs.len() * 2, "nothing else lies there");
}

#[test]
fn every_line_fits_where_no_source_line_is_longer() {
    for case in cases(".txt") {
        let text = std::fs::read_to_string(folder().join(format!("{case}.txt"))).unwrap();
        let long: Vec<&str> = text.lines().filter(|l| l.chars().count() > 96).collect();
        assert!(long.is_empty(), "{case}: {long:#?}");
    }
}
