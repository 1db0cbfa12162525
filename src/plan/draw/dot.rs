//! Graphviz DOT, composites as clusters.

use super::graph::{Graph, MOST, Shape, graph};
use crate::plan::Plan;

/// The plan as a DOT digraph.
pub fn dot(plan: &Plan) -> String {
    let graph = graph(plan, MOST);
    let mut out = format!("digraph \"{}\" {{\n", escaped(&plan.workflow));
    out.push_str("  compound=true;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
    out.push_str("  graph [fontname=\"sans-serif\"];\n");
    let (inside, top) = graph.children();
    write(&graph, &inside, &top, 1, &mut out);
    for (from, to) in &graph.arrows {
        out.push_str(&arrow(&graph, &inside, *from, *to));
    }
    out.push_str("}\n");
    out
}

fn write(graph: &Graph, inside: &[Vec<usize>], boxes: &[usize], depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    for at in boxes {
        let b = &graph.boxes[*at];
        let label = format!("{}\\n{}", escaped(&b.title), escaped(&b.facts));
        match b.shape {
            Shape::Task => out.push_str(&format!("{pad}n{at} [label=\"{label}\"];\n")),
            Shape::Question => out.push_str(&format!("{pad}n{at} [label=\"{label}\", shape=hexagon];\n")),
            Shape::Point => {
                out.push_str(&format!("{pad}n{at} [label=\"{}\", shape=oval];\n", escaped(&b.title)));
            }
            Shape::Group => {
                out.push_str(&format!("{pad}subgraph cluster_{at} {{\n{pad}  label=\"{label}\";\n"));
                write(graph, inside, &inside[*at], depth + 1, out);
                out.push_str(&format!("{pad}}}\n"));
            }
        }
    }
}

/// An arrow from or to a cluster goes to a box inside it and is cut off at its edge.
fn arrow(graph: &Graph, inside: &[Vec<usize>], from: usize, to: usize) -> String {
    let mut options = Vec::new();
    for (end, at) in [("ltail", from), ("lhead", to)] {
        if graph.boxes[at].shape == Shape::Group {
            options.push(format!("{end}=cluster_{at}"));
        }
    }
    let options = if options.is_empty() { String::new() } else { format!(" [{}]", options.join(", ")) };
    format!("  n{} -> n{}{options};\n", leaf(graph, inside, from), leaf(graph, inside, to))
}

fn leaf(graph: &Graph, inside: &[Vec<usize>], mut at: usize) -> usize {
    while graph.boxes[at].shape == Shape::Group {
        match inside[at].first() {
            Some(first) => at = *first,
            None => break,
        }
    }
    at
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
