//! Broken programs: one error for each broken spot, and the rest is checked as if nothing were.

use flow::compile;
use flow::diagnostics::render::{Style, human};
use flow::diagnostics::{Area, Diagnostic};
use flow::source::MemoryLoader;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn loader(text: &str) -> MemoryLoader {
    let mut loader = MemoryLoader::new().with("main.flow", text);
    for agent in ["code-reviewer", "summariser"] {
        let path = format!("agents/{agent}.md");
        loader = loader.with(&path, &fs::read_to_string(root().join("examples").join(&path)).unwrap());
    }
    loader
}

fn errors(text: &str) -> Vec<Diagnostic> {
    let mut found = compile::check("main.flow", &loader(text)).diagnostics;
    found.retain(Diagnostic::is_error);
    found
}

fn show(text: &str, found: &[Diagnostic]) -> String {
    let line = |d: &Diagnostic| text[..d.span.start as usize].matches('\n').count() + 1;
    found.iter().map(|d| format!("  {} {}: {}\n", line(d), d.code, d.message)).collect()
}

/// Sound programs: the examples, and those of the reference that stand alone.
fn programs() -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && path.extension().is_some_and(|e| e == "flow") {
            all.push(fs::read_to_string(path).unwrap());
        }
    }
    all.sort();
    let reference = fs::read_to_string(root().join("docs/language.md")).unwrap();
    let blocks = reference.split("```flow\n").skip(1).filter_map(|rest| rest.split("```").next());
    all.extend(blocks.map(str::to_string));
    all.retain(|text| errors(text).is_empty());
    assert!(all.len() > 15);
    all
}

/// How many positions are left out; every one is tried with `FLOW_ROUNDS`.
fn steps(most: usize) -> usize {
    if std::env::var_os("FLOW_ROUNDS").is_some() { 1 } else { most }
}

#[test]
fn a_program_cut_anywhere_has_at_most_two_errors_and_no_followers() {
    let mut wrong = Vec::new();
    for (i, text) in programs().iter().enumerate() {
        for end in (i % 7..text.len()).step_by(steps(29)).filter(|end| text.is_char_boundary(*end)) {
            let cut = &text[..end];
            let found = errors(cut);
            let syntax = found.iter().filter(|d| d.code.area() == Area::Syntax).count();
            // A sound cut may use what comes below; that is no matter of reading.
            if syntax > 2 || (syntax > 0 && syntax < found.len()) {
                let last = cut.lines().last().unwrap_or("");
                wrong.push(format!("cut behind {last:?}\n{}", show(cut, &found)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cuts, the first: {}", wrong.len(), wrong[0]);
}

/// Words and signs outside of comments.
fn tokens(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = match c {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            c if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        if !c.is_whitespace() && !rest.starts_with("//") {
            found.push((at, at + length));
        }
        at += length;
    }
    found
}

/// Of many programs with one token more or less, those with more than two errors, and how many there were.
fn mutated(mutate: impl Fn(&str, (usize, usize), usize) -> String) -> (Vec<String>, usize) {
    let (mut wrong, mut all) = (Vec::new(), 0);
    for (i, text) in programs().iter().enumerate() {
        for (n, token) in tokens(text).into_iter().enumerate().skip(i % 7).step_by(steps(13)) {
            let mutant = mutate(text, token, n);
            let found = errors(&mutant);
            all += 1;
            let line = |at: usize| mutant[..at].matches('\n').count();
            let followers = found.iter().filter(|d| line(d.span.start as usize) > line(token.0) + 1);
            if found.len() > 2 || (found.len() > 1 && followers.count() > 1) {
                let around = &text[text[..token.0].rfind('\n').map_or(0, |l| l + 1)..token.1];
                wrong.push(format!("at the end of {around:?}\n{}", show(&mutant, &found)));
            }
        }
    }
    (wrong, all)
}

#[test]
fn one_token_less_spoils_little() {
    let (wrong, all) = mutated(|text, (start, end), _| format!("{} {}", &text[..start], &text[end..]));
    // A name that is gone may be missed in more than one place.
    assert!(wrong.len() * 50 <= all, "{} of {all}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn one_token_more_spoils_little() {
    const MORE: [&str; 19] = [
        "x", ",", ")", "}", "{", "(", "=", ":", "\"", "let", "if", "1", ".", "]", "[", "for", "->", "task",
        "else",
    ];
    let put = |text: &str, (start, _): (usize, usize), n: usize| {
        format!("{}{} {}", &text[..start], MORE[n % MORE.len()], &text[start..])
    };
    let (wrong, all) = mutated(put);
    assert!(wrong.len() * 50 <= all, "{} of {all}:\n{}", wrong.len(), wrong.join("\n"));
}

/// The programs of a file, with what `//~` on their lines expects.
fn cases(name: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("tests/cases/syntax").join(name)).unwrap();
    text.split("\n// ----\n").map(str::to_string).collect()
}

#[test]
fn every_mistake_is_reported_once_where_it_is() {
    for text in cases("mistakes.flow") {
        let found = errors(&text);
        let line = |d: &Diagnostic| text[..d.span.start as usize].matches('\n').count() + 1;
        let mut said: Vec<(usize, String)> = found.iter().map(|d| (line(d), d.code.to_string())).collect();
        let mut wanted = Vec::new();
        for (at, written) in text.lines().enumerate() {
            if let Some((_, codes)) = written.split_once("//~") {
                wanted.extend(codes.split_whitespace().map(|code| (at + 1, code.to_string())));
            }
        }
        said.sort();
        wanted.sort();
        assert_eq!(said, wanted, "\n{}", show(&text, &found));
    }
}

/// The text after the first fix of a diagnostic.
fn mended(text: &str, diagnostic: &Diagnostic) -> Option<String> {
    let mut edits = diagnostic.fixes.first()?.edits.clone();
    edits.sort_by_key(|e| std::cmp::Reverse(e.span.start));
    let mut out = text.to_string();
    edits.iter().for_each(|e| out.replace_range(e.span.range(), &e.text));
    Some(out)
}

#[test]
fn habits_of_other_languages_are_answered_by_name() {
    let mut shown = String::new();
    for text in cases("habits.flow") {
        let program = compile::check("main.flow", &loader(&text));
        let found: Vec<&Diagnostic> = program.diagnostics.iter().filter(|d| d.is_error()).collect();
        let first = found.first().unwrap_or_else(|| panic!("no error:\n{text}"));
        let same = found.iter().all(|d| d.message == first.message);
        assert!(same || found.len() <= 2, "{text}\n{}", show(&text, &errors(&text)));
        shown.push_str(&human(first, &program.sources, Style::default()));
        if let Some(mended) = mended(&text, first) {
            let again = errors(&mended);
            let same = again.iter().any(|d| d.message == first.message && d.span.start == first.span.start);
            assert!(!same, "the fix does not help:\n{text}\n---\n{mended}\n{}", show(&mended, &again));
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "cases/syntax" }, {
        insta::assert_snapshot!("habits", shown);
    });
}

/// Declarations with several mistakes in them: each is told, what is sound is checked, and nothing is missed because of it.
#[test]
fn a_broken_property_or_field_spoils_itself_only() {
    for (text, expected) in [
        (
            "agent a {\n  model \"opus\"\n  timeoutt: 4m\n}\ntask t(x: Path) -> String {\n  agent: a\n  prompt \"do #{x}\"\n  retry: -1\n}\n\
             workflow w(p: Path) -> Int { t(p) }\n",
            &["2 F0101", "3 F0307", "7 F0101", "8 F0308", "10 F0301"][..],
        ),
        // Nothing is said to be missing that may be what could not be read, or is misspelt.
        ("task t { rum: [\"x\"]\n timeout: 5 }\n", &["1 F0307", "2 F0301"]),
        ("task t -> Int {\n  run [\"x\"]\n}\nworkflow w -> String { t() }\n", &["2 F0101", "4 F0301"]),
        ("resource r { capacity 3 }\nmcp m { comand: [\"x\"] }\n", &["1 F0101", "2 F0307"]),
        ("workflow w { for x in [1] with { paralel 3, after: [] } { sleep(1s) } }\n", &["1 F0101"]),
        (
            "type F = {\n  a Int\n  b: Strin\n  c: Int = = 3\n  d: String\n}\nfn f(x: F) -> Int = x.a + x.c + len(x.d) + x.e\nfn g() -> F = { d: 1 }\n",
            &["2 F0101", "3 F0202", "4 F0101", "7 F0306", "8 F0301"],
        ),
        // What does not close, in a property.
        ("task t {\n  run: [\"x\"\n  timeout: 5\n  retry: 1\n}\n", &["2 F0103", "3 F0301"]),
        ("agent a {\n  model: \"opus\n  timeout: 5\n}\n", &["2 F0102", "3 F0301"]),
        // What a variant is compared with is wrong already.
        ("type F = { a: Int }\nenum S { low, high }\nfn f(x: [F]) -> Bool = x.sev >= high\n", &["3 F0306"]),
        // An unknown name is told once, in each declaration.
        ("fn f() -> Int = nope + nope * nope\nfn g() -> Int = nope\n", &["1 F0201", "2 F0201"]),
    ] {
        let found = errors(text);
        let line = |d: &Diagnostic| text[..d.span.start as usize].matches('\n').count() + 1;
        let shown: Vec<String> = found.iter().map(|d| format!("{} {}", line(d), d.code)).collect();
        assert_eq!(shown, expected, "{text}\n{}", show(text, &found));
    }
}

/// Only the variant is lost, and one message says why.
#[test]
fn a_broken_variant_leaves_its_enum() {
    for text in [
        "enum E { a, b(x: ), c }",
        "enum E {\n  a\n  b = 2\n  c\n}",
        "enum E { a, \"b\", c }",
        "enum E { a | b | c }",
        "enum E { a, b(x Int), c }",
    ] {
        let whole = format!(
            "{text}\nworkflow w() -> E {{ E.a }}\nworkflow v() -> E {{ E.b }}\nworkflow u() -> E {{ b }}"
        );
        let found = errors(&whole);
        assert_eq!(found.len(), 1, "{text}: {}", show(&whole, &found));
        assert_eq!(found[0].code.area(), Area::Syntax, "{text}");
    }
    let two = "enum E { a, 3, c }\nenum F { a(x: ), b }\nworkflow w() -> E { E.d }";
    assert_eq!(errors(two).len(), 2);
}

/// A value is never changed: the fix binds another name where this one is bound.
#[test]
fn a_second_binding_gets_another_name() {
    let fixed = |body: &str| {
        let text = format!("workflow w() -> Int {{\n{body}\n}}");
        let found = errors(&text);
        let fix = &found[0].fixes[0];
        let mut edits = fix.edits.clone();
        edits.sort_by_key(|e| std::cmp::Reverse(e.span.start));
        let mut mended = text.clone();
        edits.iter().for_each(|e| mended.replace_range(e.span.range(), &e.text));
        mended.lines().filter(|l| l.contains("= 2")).map(|l| l.trim().to_string()).collect::<String>()
    };
    assert_eq!(fixed("let x = 1\nx = 2\nx"), "let x2 = 2");
    assert_eq!(fixed("let x = 1\nlet x2 = 3\nx = 2\nx"), "let x3 = 2");
    assert_eq!(fixed("let y = if true { let x = 1 x } else { 3 }\nx = 2\nx"), "let x = 2");
    assert_eq!(fixed("x = 2\nx"), "let x = 2");
}
