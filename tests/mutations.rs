//! Real programs, spoiled: bytes and words taken out, doubled, swapped and put in, and cut off at any place. Whatever comes
//! of it is checked and rendered without a panic, in little time, and every place that a diagnostic names is in the text.
//!
//! A few of each always; `FLOW_ROUNDS=n` makes n of each program.

use crate::support::files_below;
use flow::compile::{self, Program};
use flow::diagnostics::render::{Style, human, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Longer than checking any of these takes in a slow build on a busy machine.
const LONG: Duration = Duration::from_secs(20);

/// What people and machines put into programs by mistake.
const PIECES: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "\"\"\"",
    "#{",
    "/*",
    "//",
    "///",
    ",",
    ":",
    ";",
    ".",
    "?.",
    "??",
    "=>",
    "->",
    "|",
    "&&",
    "=",
    "==",
    "let ",
    "if ",
    "else ",
    "match ",
    "for x in ",
    "task ",
    "workflow ",
    "enum ",
    "type ",
    "fn ",
    "use ",
    "with ",
    "try ",
    "catch e ",
    "none",
    "1e999",
    "99999999999999999999",
    "0.",
    "$",
    "\\",
    "\u{202e}",
    "é",
    "\0",
    "\r",
    "\t",
    "T?",
    "<",
    ">",
    "...",
    "r\"",
    "`",
    "''",
];

fn programs() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["examples", "stdlib"] {
        for path in files_below(&root.join(folder), "flow") {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            found.push((name, std::fs::read_to_string(path).unwrap()));
        }
    }
    assert!(found.len() > 10);
    found
}

fn rounds(few: usize) -> usize {
    std::env::var("FLOW_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(few)
}

fn survives(name: &str, text: &str) {
    let began = Instant::now();
    let program = compile::check_text(text);
    let inside = |program: &Program| {
        for d in &program.diagnostics {
            let spans =
                d.labels.iter().map(|l| l.span).chain(d.fixes.iter().flat_map(|f| &f.edits).map(|e| e.span));
            for span in spans.chain([d.span]) {
                let file = &program.sources.get(span.file).text;
                assert!(file.get(span.range()).is_some(), "{name}: {span:?} is outside in\n{text}");
            }
        }
    };
    inside(&program);
    let found: Vec<_> = program.diagnostics.iter().map(|d| (d, &program.sources)).collect();
    json(&found);
    for d in program.diagnostics.iter().take(3) {
        human(d, &program.sources, Style::default());
    }
    if program.errors() == 0
        && let Err(program) = compile::plan_of(program, None)
    {
        inside(&program);
    }
    assert!(began.elapsed() < LONG, "{name}: it took {:?} for\n{text}", began.elapsed());
}

/// A place in `text` between characters.
fn place(random: &mut fastrand::Rng, text: &str) -> usize {
    let mut at = random.usize(0..=text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn spoil(random: &mut fastrand::Rng, text: &mut String) {
    let (a, b) = (place(random, text), place(random, text));
    // Mostly little: what is torn to pieces says little about what follows.
    let near = place(random, &text[a..text.len().min(a + 40)].chars().collect::<String>());
    let end = (a + near).min(text.len());
    let end = (end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    match random.u8(0..6) {
        0 => text.replace_range(a..end, ""),
        1 => {
            let piece = text[a..end].to_string();
            text.insert_str(b, &piece);
        }
        2 => text.insert_str(a, PIECES[random.usize(..PIECES.len())]),
        3 => text.replace_range(a..end, PIECES[random.usize(..PIECES.len())]),
        4 => {
            let piece = text[a..end].to_string();
            text.replace_range(a..end, "");
            let to = place(random, text);
            text.insert_str(to, &piece);
        }
        _ => {
            if let Some(c) = text[a..].chars().next() {
                let other = char::from(random.u8(32..127));
                text.replace_range(a..a + c.len_utf8(), &other.to_string());
            }
        }
    }
}

#[test]
fn spoiled_programs_are_judged() {
    for (name, text) in programs() {
        let mut random = fastrand::Rng::with_seed(name.bytes().map(u64::from).sum());
        for _ in 0..rounds(6) {
            let mut spoiled = text.clone();
            for _ in 0..random.usize(1..4) {
                spoil(&mut random, &mut spoiled);
            }
            survives(&name, &spoiled);
        }
    }
}

#[test]
fn programs_cut_off_anywhere_are_judged() {
    for (name, text) in programs() {
        let mut random = fastrand::Rng::with_seed(text.len() as u64);
        for _ in 0..rounds(4) {
            let at = place(&mut random, &text);
            survives(&name, &text[..at]);
        }
    }
}
