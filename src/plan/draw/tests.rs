//! Drawings.

use super::*;
use crate::plan::lower_test::finished;

const PROGRAM: &str = r##"
task one(x: String) -> String { run: ["echo", x] }
workflow main(p: String) -> String {
    let found = for t in ["a", "b"] { let first = one(t) one(first) }
    let b = if p == "\"<x>" { one("1") } else { one("2") }
    stage checks { one("3") }
    approve("go?")
    b
}
"##;

#[test]
fn mermaid_groups_and_escapes() {
    insta::assert_snapshot!("mermaid", mermaid(&finished(PROGRAM)));
}

#[test]
fn dot_groups_and_cuts_arrows_at_their_edges() {
    let text = dot(&finished(PROGRAM));
    insta::assert_snapshot!("dot", text);
}

#[test]
fn svg_is_well_formed_and_the_same_each_time() {
    let plan = finished(PROGRAM);
    let text = svg(&plan);
    assert_eq!(text, svg(&plan));
    assert!(text.starts_with("<?xml") && text.trim_end().ends_with("</svg>"));
    for id in ["found", "checks", "approve", "b.one"] {
        assert!(text.contains(id), "{id}");
    }
    let opened = text.matches("<g ").count();
    assert_eq!(opened, text.matches("</g>").count());
}

#[test]
fn a_plan_that_is_too_large_to_draw_is_drawn_by_waves() {
    let calls = "one(\"x\")\n".repeat(2_000);
    let plan =
        finished(&format!("task one(x: String) -> String {{ run: [x] }} workflow main() {{ {calls} }}"));
    for text in [mermaid(&plan), dot(&plan), svg(&plan)] {
        assert!(text.contains("wave 0") && text.contains("2000 tasks"), "{text}");
    }
}
