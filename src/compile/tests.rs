use super::*;
use crate::source::{FileId, Overlay};

fn shown(program: &Program) -> Vec<String> {
    let line = |d: &Diagnostic| format!("{}:{}", d.code, program.sources.positions(d.span).0.line);
    program.diagnostics.iter().map(line).collect()
}

#[test]
fn a_text_is_checked_in_order_of_its_lines() {
    let program = check_text("fn b() -> Int = nowhere\nfn a() -> Nothing = 1");
    assert_eq!(shown(&program), ["F0201:1", "F0202:2"]);
    assert_eq!((program.errors(), program.warnings()), (2, 0));
}

#[test]
fn a_comment_silences_a_lint_of_the_line_below() {
    let agent = "---\nname: a\n---\n";
    let loader = MemoryLoader::new()
        .with("agents/a.md", agent)
        .with("main.flow", "// flowc: allow(W0109, F0201, X)\n// flowc: allow()\nfn f() -> Int = 1");
    let program = check("main.flow", &loader);
    assert_eq!(shown(&program), ["W0109:1", "W0109:1", "W0109:1", "W0109:2"]);
}

#[test]
fn standard_input_uses_files_beside_it() {
    let files = MemoryLoader::new().with("lib.flow", "fn one() -> Int = 1");
    let text = "use \"./lib.flow\".{one}\nfn two() -> Int = one() + one()";
    let program = check("-", &Overlay::new("-", text, &files));
    assert_eq!(shown(&program), Vec::<String>::new());
    assert_eq!(program.sources.get(FileId(0)).name, "-");
}
