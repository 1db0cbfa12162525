//! SVG, laid out by a library. It knows no groups: what stands in a composite hangs below it.

use super::graph::{Graph, Shape, graph};
use crate::plan::Plan;
use layout::backends::svg::SVGWriter;
use layout::core::base::Orientation;
use layout::core::color::Color;
use layout::core::geometry::Point;
use layout::core::style::{LineStyleKind, StyleAttr};
use layout::std_shapes::shapes::{Arrow, Element, LineEndKind, ShapeKind};
use layout::topo::layout::VisualGraph;

/// Size of the letters.
const LETTERS: usize = 14;

/// The plan as an SVG file.
pub fn svg(plan: &Plan) -> String {
    let graph = graph(plan);
    let mut drawing = VisualGraph::new(Orientation::TopToBottom);
    let nodes: Vec<_> = graph.boxes.iter().map(|b| drawing.add_node(element(b))).collect();
    for (from, to) in &graph.arrows {
        drawing.add_edge(arrow(LineStyleKind::Normal), nodes[*from], nodes[*to]);
    }
    for (owner, inner) in first_inside(&graph) {
        drawing.add_edge(arrow(LineStyleKind::Dashed), nodes[owner], nodes[inner]);
    }
    let mut writer = SVGWriter::new();
    drawing.do_it(false, false, false, &mut writer);
    // The writer orders its few style rules by hash.
    writer.finalize().replace("font-family: Times, serif", "font-family: sans-serif")
}

fn element(b: &super::graph::Box_) -> Element {
    let title: String = b.title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = if b.shape == Shape::Point { title } else { format!("{title}\n{}", b.facts) };
    let (fill, rounded) = match b.shape {
        Shape::Task => ("white", 6),
        Shape::Question => ("lightyellow", 6),
        Shape::Point => ("whitesmoke", 16),
        Shape::Group => ("aliceblue", 0),
    };
    let look = StyleAttr::new(Color::fast("dimgray"), 1, Some(Color::fast(fill)), rounded, LETTERS);
    let longest = text.lines().map(|l| l.chars().count()).max().unwrap_or(1);
    let lines = text.lines().count().max(1);
    let size = Point::new(longest as f64 * LETTERS as f64 * 0.62 + 24.0, lines as f64 * 20.0 + 14.0);
    Element::create(ShapeKind::new_box(&text), look, Orientation::TopToBottom, size)
}

fn arrow(line: LineStyleKind) -> Arrow {
    let look = StyleAttr::new(Color::fast("dimgray"), 1, None, 0, LETTERS);
    Arrow::new(LineEndKind::None, LineEndKind::Arrow, line, "", &look, &None, &None)
}

/// From each composite to the boxes inside it that wait for nothing.
fn first_inside(graph: &Graph) -> Vec<(usize, usize)> {
    let mut waits = vec![false; graph.boxes.len()];
    graph.arrows.iter().for_each(|(_, to)| waits[*to] = true);
    let first = graph.boxes.iter().enumerate().filter(|(i, _)| !waits[*i]);
    first.filter_map(|(i, b)| Some((b.parent?, i))).collect()
}
