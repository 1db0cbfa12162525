//! What is drawn: boxes, groups of boxes for composites, and arrows. All three formats draw this.

use crate::plan::Plan;
use crate::plan::show::{Entry, Names, view};
use ecow::EcoString;
use std::collections::HashMap;

/// Most boxes of a drawing that another program lays out.
pub(super) const MOST: usize = 1_500;

/// A drawing.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) boxes: Vec<Box_>,
    /// By index of the box: from, to.
    pub(super) arrows: Vec<(usize, usize)>,
}

/// A box.
#[derive(Debug)]
pub(super) struct Box_ {
    pub(super) title: EcoString,
    /// Kind and agent.
    pub(super) facts: String,
    pub(super) shape: Shape,
    /// The group that it stands in, which is a box of its own.
    pub(super) parent: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Task,
    /// Asks a person.
    Question,
    /// A barrier, a check.
    Point,
    /// Holds other boxes.
    Group,
}

/// The drawing of a plan; of one with more than `most` boxes that of its waves.
pub(super) fn graph(plan: &Plan, most: usize) -> Graph {
    let view = view(plan);
    let mut count = 0;
    count_entries(&view.tasks, &mut count);
    if count > most {
        return by_waves(&view.waves);
    }
    let mut graph = Graph::default();
    add(&mut graph, &view.tasks, None);
    graph
}

fn count_entries(entries: &[Entry], count: &mut usize) {
    *count += entries.len();
    for entry in entries {
        count_entries(entry.body.as_deref().unwrap_or_default(), count);
    }
}

fn add(graph: &mut Graph, entries: &[Entry], parent: Option<usize>) {
    let mut known: HashMap<(&EcoString, &Option<EcoString>), usize> = HashMap::new();
    for entry in entries {
        let at = graph.boxes.len();
        let body = entry.body.as_deref().unwrap_or_default();
        graph.boxes.push(Box_ {
            title: entry.id.clone(),
            facts: facts(entry),
            shape: shape(entry, body),
            parent,
        });
        for before in &entry.after {
            if let Some(from) = known.get(&(before, &entry.part)) {
                graph.arrows.push((*from, at));
            }
        }
        known.insert((&entry.id, &entry.part), at);
        add(graph, body, Some(at));
    }
}

fn shape(entry: &Entry, body: &[Entry]) -> Shape {
    match entry.kind {
        "join" | "assert" => Shape::Point,
        "approve" | "input" => Shape::Question,
        _ if !body.is_empty() => Shape::Group,
        _ => Shape::Task,
    }
}

fn facts(entry: &Entry) -> String {
    let mut facts = entry.part.as_ref().map(|p| format!("{p}: ")).unwrap_or_default();
    facts.push_str(entry.kind);
    match &entry.agent {
        Some(Names::One(name)) => facts.push_str(&format!(" {name}")),
        Some(Names::Many(names)) => facts.push_str(&format!(" {}", names.join(" | "))),
        None => {}
    }
    if let Some(width) = entry.width {
        facts.push_str(&format!(" × {width}"));
    }
    facts
}

/// Of a plan that is too large to draw: its waves.
fn by_waves(waves: &[Vec<EcoString>]) -> Graph {
    let mut graph = Graph::default();
    // So many waves at most stand in one box.
    let together = waves.len().div_ceil(200).max(1);
    for (i, waves) in waves.chunks(together).enumerate() {
        let tasks: usize = waves.iter().map(Vec::len).sum();
        let first = i * together;
        let title = match waves.len() {
            1 => format!("wave {first}"),
            n => format!("waves {first} to {}", first + n - 1),
        };
        let facts = format!("{tasks} tasks");
        graph.boxes.push(Box_ { title: title.into(), facts, shape: Shape::Task, parent: None });
        if i > 0 {
            graph.arrows.push((i - 1, i));
        }
    }
    graph
}

impl Graph {
    /// The boxes that stand in each box, and those that stand in none.
    pub(super) fn children(&self) -> (Vec<Vec<usize>>, Vec<usize>) {
        let (mut inside, mut top) = (vec![Vec::new(); self.boxes.len()], Vec::new());
        for (i, b) in self.boxes.iter().enumerate() {
            match b.parent {
                Some(parent) => inside[parent].push(i),
                None => top.push(i),
            }
        }
        (inside, top)
    }
}
