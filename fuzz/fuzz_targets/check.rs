//! Any text is checked, and what has no error becomes a plan: no panic, no hang, every span inside its text, and the
//! plan is the same after it was saved and read. Run with `cargo fuzz run --sanitizer none check`.

#![no_main]

use flow::compile::{self, Program};
use flow::diagnostics::render::{Found, Style, github, human, json, sarif};
use flow::plan::{draw, format, print, show};
use libfuzzer_sys::fuzz_target;

fn spans_are_inside(program: &Program) {
    let inside = |span: flow::source::Span| {
        let text = &program.sources.get(span.file).text;
        assert!(text.get(span.range()).is_some(), "{span:?} is no part of its text");
    };
    for d in &program.diagnostics {
        inside(d.span);
        d.labels.iter().for_each(|l| inside(l.span));
        d.fixes.iter().flat_map(|f| &f.edits).for_each(|e| inside(e.span));
    }
}

fn rendered(program: &Program) {
    let found: Vec<Found<'_>> = program.diagnostics.iter().map(|d| (d, &program.sources)).collect();
    let _ = (json(&found), sarif(&found), github(&found));
    let style = Style { color: false, unicode: true, width: 80 };
    for d in program.diagnostics.iter().take(20) {
        let _ = human(d, &program.sources, style);
    }
}

fuzz_target!(|text: &str| {
    let program = compile::check_text(text);
    spans_are_inside(&program);
    rendered(&program);
    let compiled = match compile::plan_of(program, None) {
        Ok(compiled) => compiled,
        Err(program) => {
            assert!(program.errors() > 0, "no plan and no error");
            return spans_are_inside(&program);
        }
    };
    let plan = &compiled.plan;
    let _ = (
        print::print(plan),
        show::text(plan, None),
        show::json(plan, None),
        draw::dot(plan),
        draw::mermaid(plan),
    );
    // What is too deep to be saved is refused in words.
    if let Ok(saved) = format::to_json(plan) {
        let read = format::from_json(&saved).expect("a saved plan is read");
        assert_eq!(format::to_json(&read).ok(), Some(saved), "a plan is the same after it was read");
    }
});
