//! Fixes that need nobody's look, of every broken program in the tests and pages: each one, made alone, gives a text
//! that reads no worse and in which what it mends is gone; all of them together leave nothing worse behind.

use flow::compile::{self, Program};
use flow::diagnostics::mend::Edits;
use flow::diagnostics::{Applicability, Area, Code, Diagnostic};
use flow::source::{Loader, MemoryLoader};
use std::path::Path;

/// Programs with mistakes: the cases, and the failing half of each page.
fn broken() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for folder in ["tests/cases/mistakes", "tests/cases/syntax"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "flow") {
                let text = std::fs::read_to_string(&path).unwrap();
                // Cases of one line each are told apart by a line of their own.
                for (i, part) in text.split("\n// ----\n").enumerate() {
                    all.push((format!("{} {i}", path.display()), part.to_string()));
                }
            }
        }
    }
    for code in Code::ALL {
        let fails = code.page().split("\n## Fails\n").nth(1).and_then(|t| t.split("```flow\n").nth(1));
        let block = fails.and_then(|t| t.split("\n```").next()).unwrap();
        all.push((code.to_string(), format!("{block}\n")));
    }
    all.sort();
    assert!(all.len() > 100);
    all
}

/// The files of a block; the first is `main.flow`.
fn loader(text: &str) -> MemoryLoader {
    let mut parts = text.split("// file: ");
    let mut loader = MemoryLoader::new().with("main.flow", parts.next().unwrap());
    for part in parts {
        let (name, text) = part.split_once('\n').unwrap();
        loader = loader.with(name.trim(), text);
    }
    loader
}

fn check(loader: &MemoryLoader) -> Program {
    compile::check("main.flow", loader)
}

fn count(program: &Program, like: impl Fn(&Diagnostic) -> bool) -> usize {
    program.diagnostics.iter().filter(|d| like(d)).count()
}

fn is_syntax(d: &Diagnostic) -> bool {
    d.is_error() && d.code.area() == Area::Syntax
}

#[test]
fn each_safe_fix_mends_what_it_is_for() {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for (name, text) in broken() {
        let program = check(&loader(&text));
        for d in &program.diagnostics {
            for fix in d.fixes.iter().filter(|f| f.applicability == Applicability::Safe) {
                tried += 1;
                let mut edits = Edits::default();
                assert!(edits.add(&fix.edits), "{name}: {} overlaps itself", fix.title);
                let mut after = loader(&text);
                for file in edits.files() {
                    let source = program.sources.get(file);
                    after = after.with(&source.name, &edits.apply(file, &source.text).unwrap());
                }
                let mended = check(&after);
                let same = |other: &Diagnostic| {
                    (other.code, &other.message, other.span.start) == (d.code, &d.message, d.span.start)
                };
                if count(&mended, same) >= count(&program, same)
                    || count(&mended, is_syntax) > count(&program, is_syntax)
                {
                    let left: Vec<String> =
                        mended.diagnostics.iter().map(|d| format!("{}: {}", d.code, d.message)).collect();
                    wrong
                        .push(format!("{name}: {} `{}`: {}\n  then {left:#?}", d.code, fix.title, d.message));
                }
            }
        }
    }
    assert!(tried > 30, "only {tried} safe fixes");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn all_safe_fixes_together_leave_nothing_worse() {
    for (name, text) in broken() {
        let before = loader(&text);
        let program = check(&before);
        let mended = compile::mend(&["main.flow".to_string()], &before);
        let after = &mended.programs[0];
        let worse = |like: fn(&Diagnostic) -> bool| count(after, like) > count(&program, like);
        let fewer = count(after, is_syntax) < count(&program, is_syntax);
        // What could not be read may hide errors of other kinds.
        assert!(!worse(is_syntax) && (fewer || !worse(Diagnostic::is_error)), "{name}");
        let mut again = loader(&text);
        for (path, text) in &mended.texts {
            assert_ne!(
                &*before.read(path).unwrap(),
                &**text,
                "{name}: {path} is written though it did not change"
            );
            again = again.with(path, text);
        }
        assert!(
            compile::mend(&["main.flow".to_string()], &again).texts.is_empty(),
            "{name}: not done at once"
        );
    }
}
