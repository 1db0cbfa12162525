//! The house is in order: layers, file sizes, module docs.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules in their layers: one may use what stands in a line above its own, or itself.
const LAYERS: &[&[&str]] = &[
    &["source"],
    &["diagnostics"],
    &["ast"],
    &["syntax"],
    &["resolve"],
    &["types"],
    &["analysis", "value"],
    &["plan"],
    &["proof"],
    &["schedule"],
    &["store", "exec"],
    &["run"],
    &["compile"],
    &["doc"],
    &["cli"],
];

/// Uses against the layers that are wanted, with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("resolve", "types"), // the ids of enums and built-ins are facts of names, defined beside the types
];

fn sources() -> Vec<PathBuf> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let mut out = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut out);
    out.sort();
    out
}

fn module_of(path: &Path) -> String {
    let relative = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    relative.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_string()
}

fn level(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn modules_use_only_what_stands_above_them() {
    let mut wrong = Vec::new();
    for path in sources() {
        let module = module_of(&path);
        let Some(own) = level(&module) else { continue };
        let text = fs::read_to_string(&path).unwrap();
        // A test may compile a program to have something to work on.
        let text = text.split("#[cfg(test)]").next().unwrap_or("");
        if path.to_string_lossy().contains("tests") {
            continue;
        }
        for used in text.match_indices("crate::").map(|(at, _)| {
            let rest = &text[at + "crate::".len()..];
            rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().unwrap_or("")
        }) {
            let Some(other) = level(used) else { continue };
            let allowed = used == module || other < own || EXCEPTIONS.contains(&(module.as_str(), used));
            if !allowed {
                wrong.push(format!("{}: uses {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_says_what_it_is() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|p| !fs::read_to_string(p).unwrap().starts_with("//!"))
        .filter(|p| p.file_name().is_none_or(|n| n != "tests.rs"))
        .collect();
    assert!(silent.is_empty(), "without a `//!`: {silent:?}");
}

#[test]
fn files_are_rooms_not_halls() {
    let large: Vec<_> = sources()
        .into_iter()
        .map(|p| (fs::read_to_string(&p).unwrap().lines().count(), p))
        .filter(|(lines, _)| *lines > 600)
        .collect();
    assert!(large.is_empty(), "split by construct: {large:?}");
}

/// The compiler refuses it elsewhere; that nobody allows it there is seen to here.
#[test]
fn unsafe_code_stands_in_one_module() {
    let allows =
        |path: &PathBuf| fs::read_to_string(path).unwrap().contains(concat!("allow(unsafe", "_code"));
    let allowed: Vec<_> = sources().into_iter().filter(allows).collect();
    assert!(
        allowed.iter().all(|path| path.ends_with("src/exec/sys/mod.rs")) && allowed.len() == 1,
        "{allowed:?}"
    );
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    assert!(manifest.contains("unsafe_code = \"deny\""));
}
