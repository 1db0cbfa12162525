//! Mermaid flowcharts, composites as subgraphs.

use super::graph::{Graph, MOST, Shape, graph};
use crate::plan::Plan;

/// The plan as a Mermaid flowchart.
pub fn mermaid(plan: &Plan) -> String {
    let graph = graph(plan, MOST);
    let mut out = String::from("flowchart TD\n");
    let (inside, top) = graph.children();
    write(&graph, &inside, &top, 1, &mut out);
    for (from, to) in &graph.arrows {
        out.push_str(&format!("  n{from} --> n{to}\n"));
    }
    out
}

fn write(graph: &Graph, inside: &[Vec<usize>], boxes: &[usize], depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    for at in boxes {
        let b = &graph.boxes[*at];
        let label = format!("{}<br/>{}", escaped(&b.title), escaped(&b.facts));
        match b.shape {
            Shape::Task => out.push_str(&format!("{pad}n{at}[\"{label}\"]\n")),
            Shape::Question => out.push_str(&format!("{pad}n{at}{{{{\"{label}\"}}}}\n")),
            Shape::Point => out.push_str(&format!("{pad}n{at}([\"{}\"])\n", escaped(&b.title))),
            Shape::Group => {
                out.push_str(&format!("{pad}subgraph n{at}[\"{label}\"]\n"));
                write(graph, inside, &inside[*at], depth + 1, out);
                out.push_str(&format!("{pad}end\n"));
            }
        }
    }
}

/// Text inside quotes: Mermaid reads HTML entities there, and Markdown unless its signs are entities too.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '<' | '>' | '&' | '#' | '`' | '*' | '_' | '~' | '\\' => {
                out.push_str(&format!("#{};", u32::from(c)));
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
