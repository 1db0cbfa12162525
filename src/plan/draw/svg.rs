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

/// Most boxes of a picture; of a larger plan the waves are drawn.
const MOST: usize = 400;
/// Most places where lines pass a level: the library puts a point there, and its time grows faster than they do.
const MOST_BENDS: usize = 800;
/// Size of the letters.
const LETTERS: usize = 14;

/// Of a plan that does nothing.
const EMPTY: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"></svg>\n";

/// The plan as an SVG file.
pub fn svg(plan: &Plan) -> String {
    let mut graph = graph(plan, MOST);
    if bends(&graph) > MOST_BENDS {
        graph = super::graph::graph(plan, 0);
    }
    if graph.boxes.is_empty() {
        return EMPTY.to_string();
    }
    let mut drawing = VisualGraph::new(Orientation::TopToBottom);
    // Its checks on itself take exponential time; the arrows below form no cycle.
    drawing.dag.set_validate(false);
    let nodes: Vec<_> = graph.boxes.iter().map(|b| drawing.add_node(element(b))).collect();
    for (to, from, line) in lines(&graph) {
        drawing.add_edge(arrow(line), nodes[from], nodes[to]);
    }
    let mut writer = SVGWriter::new();
    // Its optimiser of crossings need not end, so it is left out; boxes in plan order cross little.
    drawing.do_it(false, true, false, &mut writer);
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

/// How many levels all lines pass.
fn bends(graph: &Graph) -> usize {
    let mut level = vec![0usize; graph.boxes.len()];
    let lines = lines(graph);
    for (to, from, _) in &lines {
        level[*to] = level[*to].max(level[*from] + 1);
    }
    lines.iter().map(|(to, from, _)| level[*to] - level[*from] - 1).sum()
}

/// All lines: to, from. Sorted by where they lead, as the library looks for cycles by walking on from there without
/// remembering where it was: so nothing leads on yet.
fn lines(graph: &Graph) -> Vec<(usize, usize, LineStyleKind)> {
    let arrows = graph.arrows.iter().map(|(from, to)| (*to, *from, LineStyleKind::Normal));
    let inside = first_inside(graph).into_iter().map(|(from, to)| (to, from, LineStyleKind::Dashed));
    let mut lines: Vec<_> = arrows.chain(inside).collect();
    lines.sort_by_key(|(to, from, _)| (*to, *from));
    lines
}

/// From each composite to the boxes inside it that wait for nothing.
fn first_inside(graph: &Graph) -> Vec<(usize, usize)> {
    let mut waits = vec![false; graph.boxes.len()];
    graph.arrows.iter().for_each(|(_, to)| waits[*to] = true);
    let first = graph.boxes.iter().enumerate().filter(|(i, _)| !waits[*i]);
    first.filter_map(|(i, b)| Some((b.parent?, i))).collect()
}
