//! From the text id of a task back to its node.
//!
//! Takes a plan and gives, for `deploy/api.build` or `found["F-1"].review`, the node that has this id. Blocks that add
//! nothing to an id (`branch`, `try`, `race` over blocks) are looked through.

use crate::plan::{Action, Body, BodyId, NodeIx, NodeKind, Plan, RaceKind};
use crate::types::BuiltinTask;
use std::collections::HashMap;

/// A node that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located {
    pub body: BodyId,
    pub node: NodeIx,
    /// The node of the started workflow that it stands in, and its wave.
    pub top: NodeIx,
    pub wave: u32,
}

/// Names of one body and of the blocks in it that add nothing.
type Names<'p> = HashMap<&'p str, (BodyId, NodeIx, NodeIx)>;

/// Finds nodes by their ids. Keeps the names of the bodies that it has looked into.
#[derive(Debug)]
pub struct Locator<'p> {
    plan: &'p Plan,
    names: HashMap<BodyId, Names<'p>>,
}

impl<'p> Locator<'p> {
    pub fn new(plan: &'p Plan) -> Locator<'p> {
        Locator { plan, names: HashMap::new() }
    }

    /// The node of an id; `None` when the plan has none.
    pub fn locate(&mut self, id: &str) -> Option<Located> {
        let mut body = BodyId(0);
        let mut rest = id;
        let mut first = None;
        loop {
            let (found, top, after) = self.step(body, rest)?;
            let (top, wave) = *first.get_or_insert((top, self.plan.body(body).nodes.get(top.index())?.wave));
            let node = self.plan.body(found.0).nodes.get(found.1.index())?;
            if after.is_empty() {
                // The id of an iteration is that of the only node of its body.
                return Some(Located { body: found.0, node: found.1, top, wave });
            }
            (body, rest) = inner(&node.kind, after)?;
        }
    }

    /// The bodies in which the nodes stand that lead to an id, from the root inwards; those around them not counted.
    pub fn bodies_around(&mut self, id: &str) -> Option<Vec<BodyId>> {
        let (mut body, mut rest) = (BodyId(0), id);
        let mut bodies = Vec::new();
        loop {
            let (found, _, after) = self.step(body, rest)?;
            bodies.push(found.0);
            if after.is_empty() {
                return Some(bodies);
            }
            let node = self.plan.body(found.0).nodes.get(found.1.index())?;
            (body, rest) = inner(&node.kind, after)?;
        }
    }

    /// The node whose name `rest` begins with, the node of `body` it stands in, and what follows the name.
    fn step<'s>(&mut self, body: BodyId, rest: &'s str) -> Option<((BodyId, NodeIx), NodeIx, &'s str)> {
        let plan = self.plan;
        let names = self.names.entry(body).or_insert_with(|| {
            let mut names = Names::new();
            collect(plan, body, None, &mut names, 0);
            names
        });
        let ends = rest
            .char_indices()
            .filter(|(_, c)| matches!(c, '[' | '#' | '/'))
            .map(|(at, _)| at)
            .chain([rest.len()]);
        for end in ends {
            if let Some((at, node, top)) = names.get(&rest[..end]) {
                let kind = &plan.body(*at).nodes[node.index()].kind;
                let after = &rest[end..];
                if after.is_empty() || inner(kind, after).is_some() {
                    return Some(((*at, *node), *top, after));
                }
            }
        }
        None
    }
}

/// The body that an iteration, round or call leads into, and what follows.
fn inner<'s>(kind: &NodeKind, after: &'s str) -> Option<(BodyId, &'s str)> {
    match kind {
        NodeKind::Map { body, .. } | NodeKind::Race { entrants: RaceKind::Each { body, .. }, .. } => {
            Some((*body, after_index(after)?))
        }
        NodeKind::Loop { body, .. } => {
            let rest = after.strip_prefix('#')?;
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            Some((*body, dotted(&rest[digits..])))
        }
        NodeKind::Call { body, .. } => Some((*body, after.strip_prefix('/')?)),
        NodeKind::Task { .. }
        | NodeKind::Assert { .. }
        | NodeKind::Join
        | NodeKind::Branch { .. }
        | NodeKind::Try { .. }
        | NodeKind::Race { .. } => None,
    }
}

/// Behind `[2]` or `["key"]` and the dot after it.
fn after_index(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('[')?;
    if let Some(quoted) = inside.strip_prefix('"') {
        let mut escaped = false;
        for (at, c) in quoted.char_indices() {
            match c {
                '\\' if !escaped => escaped = true,
                '"' if !escaped => return Some(dotted(quoted[at + 1..].strip_prefix(']')?)),
                _ => escaped = false,
            }
        }
        return None;
    }
    let end = inside.find(']')?;
    Some(dotted(&inside[end + 1..]))
}

fn dotted(text: &str) -> &str {
    text.strip_prefix('.').unwrap_or(text)
}

fn collect<'p>(plan: &'p Plan, at: BodyId, top: Option<NodeIx>, names: &mut Names<'p>, depth: u32) {
    // The depth of blocks in a program is limited; a plan file that says otherwise is not followed.
    if depth > 256 {
        return;
    }
    let body: &'p Body = plan.body(at);
    for (index, node) in body.nodes.iter().enumerate() {
        let index = NodeIx(index as u32);
        let top = top.unwrap_or(index);
        names.entry(node.name.as_str()).or_insert((at, index, top));
        let inner: Vec<BodyId> = match &node.kind {
            NodeKind::Branch { arms, .. } => arms.iter().map(|arm| arm.body).collect(),
            NodeKind::Try { body, catch, finally } => {
                [Some(*body), *catch, *finally].into_iter().flatten().collect()
            }
            NodeKind::Race { entrants: RaceKind::Bodies(bodies), .. } => bodies.clone(),
            NodeKind::Race { entrants: RaceKind::Each { .. }, .. }
            | NodeKind::Task { .. }
            | NodeKind::Assert { .. }
            | NodeKind::Join
            | NodeKind::Map { .. }
            | NodeKind::Loop { .. }
            | NodeKind::Call { .. } => Vec::new(),
        };
        for body in inner {
            collect(plan, body, Some(top), names, depth + 1);
        }
    }
}

/// What a node is, in a word.
pub fn kind_word(plan: &Plan, kind: &NodeKind) -> &'static str {
    match kind {
        NodeKind::Task { def, .. } => match &plan.task(*def).action {
            Action::Agent { .. } => "agent",
            Action::Run { .. } => "run",
            Action::Sh { .. } => "sh",
            Action::Http { .. } => "http",
            Action::Mcp { .. } => "mcp",
            Action::Builtin { task, .. } => BuiltinTask::name(*task),
        },
        NodeKind::Assert { .. } => "assert",
        NodeKind::Join => "join",
        NodeKind::Map { .. } => "map",
        NodeKind::Branch { .. } => "branch",
        NodeKind::Loop { .. } => "loop",
        NodeKind::Try { .. } => "try",
        NodeKind::Race { .. } => "race",
        NodeKind::Call { .. } => "call",
    }
}
