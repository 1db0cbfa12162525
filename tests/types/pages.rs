//! The pages of this phase's codes: the failing program has exactly that error, the mended one none.

use super::run;
use flow::diagnostics::{Area, Code};

fn blocks(page: &str) -> Vec<&str> {
    page.split("```flow\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn fail_and_mended_hold() {
    let ours = |c: &&Code| c.area() == Area::Types || ["F0801", "F0802"].contains(&c.info().name);
    let mut wrong = Vec::new();
    for code in Code::ALL.iter().filter(ours) {
        let blocks = blocks(code.page());
        assert_eq!(blocks.len(), 2, "{code} has two programs");
        assert!(code.page().starts_with(&format!("# {code}: {}\n", code.info().title)), "{code}: title");
        let (_, _, failing) = run(&[("main.flow", blocks[0])]);
        let (_, _, mended) = run(&[("main.flow", blocks[1])]);
        let errors: Vec<String> = failing.iter().filter(|d| d.is_error()).map(super::said).collect();
        if errors.is_empty() || !failing.iter().filter(|d| d.is_error()).all(|d| d.code == *code) {
            wrong.push(format!("{code} fails: {errors:#?}"));
        }
        wrong.extend(
            mended.iter().filter(|d| d.is_error()).map(|d| format!("{code} mended: {}", super::said(d))),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
