//! What tests share.

pub mod model_stub;

use std::io::Write;
use std::path::PathBuf;

/// The real `claude`, or a word on standard error that the test is skipped.
pub fn claude() -> Option<PathBuf> {
    let installed = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".cache/claude/node_modules/.bin/claude");
    let path = std::env::var_os("FLOW_TEST_CLAUDE").map_or(installed, PathBuf::from);
    if path.exists() {
        return Some(path);
    }
    missing("claude");
    None
}

/// The path of a program that some tests need.
pub fn program(name: &str) -> Option<PathBuf> {
    let found = std::env::split_paths(&std::env::var_os("PATH")?).map(|d| d.join(name)).find(|p| p.is_file());
    if found.is_none() {
        missing(name);
    }
    found
}

/// Where the tests must not be skipped, they fail instead.
fn missing(name: &str) {
    let required = std::env::var("FLOW_TEST_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|r| r == name), "{name} is required here and is not installed");
    let _ = writeln!(std::io::stderr(), "skipped: {name} is not installed");
}

/// Copies a folder with everything below it, hidden files left out.
pub fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if name.to_string_lossy().starts_with('.') {
            continue;
        }
        let target = to.join(&name);
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The files below a folder whose names end so, sorted; hidden ones left out.
pub fn files_below(folder: &std::path::Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if path.is_dir() && !hidden {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Words, signs and blanks of a program.
pub fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        if at > 0 && !(word(before) && word(c)) {
            tokens.push(&text[start..at]);
            start = at;
        }
        before = c;
    }
    tokens.push(&text[start..]);
    tokens
}
