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

/// Stages one below the other: as many paths as there are tasks to the power of stages, and still drawn at once.
#[test]
fn svg_of_many_paths_is_drawn_at_once() {
    let mut program = String::from("task one(x: String) -> String { run: [x] }\nworkflow main() {\n");
    for stage in 0..12 {
        program.push_str(&format!("stage s{stage} {{ {} }}\n", "one(\"x\") ".repeat(12)));
    }
    program.push_str("}\n");
    let begun = std::time::Instant::now();
    let text = svg(&finished(&program));
    assert!(text.contains("s11.one~12"));
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn a_plan_without_tasks_has_a_drawing() {
    let plan = finished("workflow main(n: Int) -> Int { n + 1 }");
    assert!(svg(&plan).ends_with("</svg>\n"));
    assert_eq!(mermaid(&plan), "flowchart TD\n");
}

/// A dense graph: lines that pass many levels.
#[test]
fn svg_of_long_lines_is_drawn_at_once() {
    for size in [40usize, 120] {
        let mut program = String::from("task one(x: String) -> String { run: [x] }\nworkflow main() {\n");
        for i in 0..size {
            let used = (0..i).filter(|j| (i * j * 7 + j * 13) % 9 == 0).map(|j| format!("#{{v{j}}}"));
            program.push_str(&format!("let v{i} = one(\"{}\")\n", used.collect::<String>()));
        }
        program.push_str("}\n");
        let begun = std::time::Instant::now();
        assert!(svg(&finished(&program)).contains(if size == 40 { "v39" } else { "wave 0" }));
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }
}
