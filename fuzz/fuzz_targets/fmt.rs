//! Any text is formatted: a sound program keeps its tree, and what was formatted stays as it is. Run with
//! `cargo fuzz run --sanitizer none fmt`.

#![no_main]

use flow::ast::NodeIds;
use flow::source::FileId;
use flow::syntax;
use libfuzzer_sys::fuzz_target;

/// The tree of a sound program, without its places.
fn tree(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let module = syntax::parse(FileId(0), text, &mut NodeIds::default(), &mut out);
    out.is_empty().then(|| without_places(&format!("{module:?}")))
}

/// A printed tree without spans (`0:12..34`) and ids.
fn without_places(tree: &str) -> String {
    let mut out = String::with_capacity(tree.len());
    let mut rest = tree;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let digits = |t: &str| t.find(|c: char| !c.is_ascii_digit()).unwrap_or(t.len());
        let first = digits(rest);
        let place = rest[first..].strip_prefix(':').and_then(|r| r[digits(r)..].strip_prefix(".."));
        match place {
            Some(end) => rest = &end[digits(end)..],
            None if out.ends_with("NodeId(") => rest = &rest[first..],
            None => {
                out.push_str(&rest[..first]);
                rest = &rest[first..];
            }
        }
    }
    out.push_str(rest);
    out
}

fuzz_target!(|text: &str| {
    let once = syntax::format(text);
    if let Some(before) = tree(text) {
        assert_eq!(Some(before), tree(&once), "another tree:\n{text}\n---\n{once}");
        assert_eq!(once, syntax::format(&once), "not the same the second time:\n{text}");
    }
});
