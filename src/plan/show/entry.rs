//! The nodes of a plan as entries, composites with their bodies.

use super::MOST;
use crate::plan::{
    Action, BodyId, Expr, ExprKind, Node, NodeKind, Part, Plan, Props, RaceKind, TaskDef, print::print_named,
};
use crate::value::Value;
use ecow::{EcoString, eco_format};
use serde::Serialize;

/// Deepest nesting of bodies that is opened.
const DEEPEST: u32 = 64;

/// A node.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// `[*]` stands for any iteration, `#*` for any round.
    pub id: EcoString,
    pub kind: &'static str,
    pub wave: u32,
    /// Ids of what it waits for.
    pub after: Vec<EcoString>,
    /// Of an agent's task: its name, or the names of the candidates.
    pub agent: Option<Names>,
    pub estimate_ms: i64,
    /// Globs, with `*` for what is not known yet.
    pub reads: Vec<EcoString>,
    pub writes: Vec<EcoString>,
    /// In a body of several parts: which, `then 1`, `catch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<EcoString>,
    /// What a `map` or `race` goes over, how often a `loop` goes on at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<EcoString>,
    /// How many iterations, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Vec<Entry>>,
}

/// One name or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Names {
    One(EcoString),
    Many(Vec<EcoString>),
}

/// The entries of the started workflow's body.
pub(super) fn entries(plan: &Plan) -> Vec<Entry> {
    let mut walk = Walk { plan, room: MOST };
    walk.body(BodyId(0), &Around { prefix: EcoString::new(), own: EcoString::new(), part: None }, 0)
}

/// Where a body stands.
struct Around {
    /// Before the name of a node: `found[*].`.
    prefix: EcoString,
    /// The id of a node without a name: `found[*]`.
    own: EcoString,
    part: Option<EcoString>,
}

struct Walk<'p> {
    plan: &'p Plan,
    room: usize,
}

impl Walk<'_> {
    fn body(&mut self, id: BodyId, around: &Around, depth: u32) -> Vec<Entry> {
        let body = self.plan.body(id);
        self.room = self.room.saturating_sub(body.nodes.len());
        body.nodes.iter().map(|n| self.entry(id, n, around, depth)).collect()
    }

    fn entry(&mut self, at: BodyId, node: &Node, around: &Around, depth: u32) -> Entry {
        let body = self.plan.body(at);
        let id = name_of(node, around);
        let (reads, writes) = self.claims(node);
        let after = node.needs.iter().map(|n| name_of(&body.nodes[n.index()], around)).collect();
        let (over, width) = self.over(at, &node.kind);
        let open = depth < DEEPEST && self.room > 0 && !node.kind.bodies().is_empty();
        Entry {
            kind: node.kind.word(self.plan),
            wave: node.wave,
            after,
            agent: self.agent(&node.kind),
            estimate_ms: node.estimate_ms,
            reads,
            writes,
            part: around.part.clone(),
            over,
            width,
            body: open.then(|| self.parts(node, &id, around, depth + 1)),
            id,
        }
    }

    /// The bodies of a composite.
    fn parts(&mut self, node: &Node, id: &EcoString, around: &Around, depth: u32) -> Vec<Entry> {
        let inside =
            |own: EcoString, sep: &str| Around { prefix: eco_format!("{own}{sep}"), own, part: None };
        let same = |part: EcoString| Around {
            prefix: around.prefix.clone(),
            own: around.own.clone(),
            part: Some(part),
        };
        match &node.kind {
            NodeKind::Task { .. } | NodeKind::Assert { .. } | NodeKind::Join => Vec::new(),
            NodeKind::Map { body, .. } | NodeKind::Race { entrants: RaceKind::Each { body, .. }, .. } => {
                self.body(*body, &inside(eco_format!("{id}[*]"), "."), depth)
            }
            NodeKind::Loop { body, .. } => self.body(*body, &inside(eco_format!("{id}#*"), "."), depth),
            NodeKind::Call { body, .. } => self.body(*body, &inside(id.clone(), "/"), depth),
            NodeKind::Branch { arms, .. } => {
                let bodies = arms.iter().map(|a| a.body).enumerate();
                bodies.flat_map(|(i, b)| self.body(b, &same(eco_format!("arm {}", i + 1)), depth)).collect()
            }
            NodeKind::Race { entrants: RaceKind::Bodies(bodies), .. } => {
                let bodies = bodies.iter().enumerate();
                bodies.flat_map(|(i, b)| self.body(*b, &same(eco_format!("arm {}", i + 1)), depth)).collect()
            }
            NodeKind::Try { body, catch, finally } => {
                let mut entries = self.body(*body, &same("body".into()), depth);
                for (part, body) in [("catch", catch), ("finally", finally)] {
                    if let Some(body) = body {
                        entries.extend(self.body(*body, &same(part.into()), depth));
                    }
                }
                entries
            }
        }
    }

    fn over(&self, at: BodyId, kind: &NodeKind) -> (Option<EcoString>, Option<usize>) {
        let items = match kind {
            NodeKind::Map { items, .. } | NodeKind::Race { entrants: RaceKind::Each { items, .. }, .. } => {
                items
            }
            NodeKind::Loop { max, .. } => {
                return (Some(eco_format!("at most {} rounds", print_named(self.plan, at, max))), None);
            }
            _ => return (None, None),
        };
        let width = items.as_const().and_then(|v| match v {
            Value::List(items) => Some(items.len()),
            Value::Record(fields) => Some(fields.len()),
            _ => None,
        });
        (width.is_none().then(|| print_named(self.plan, at, items).into()), width)
    }

    fn agent(&self, kind: &NodeKind) -> Option<Names> {
        let NodeKind::Task { def, args, .. } = kind else { return None };
        let Action::Agent { agent, .. } = &self.plan.task(*def).action else { return None };
        let given = match &agent.kind {
            ExprKind::Ref(crate::plan::Ref::Arg(i)) => args.get(usize::from(*i)).unwrap_or(agent),
            _ => agent,
        };
        match given.as_const() {
            Some(Value::Agent(_, name)) => Some(Names::One(name.clone())),
            Some(Value::List(items)) => {
                let name = |v: &Value| if let Value::Agent(_, name) = v { Some(name.clone()) } else { None };
                Some(Names::Many(items.iter().filter_map(name).collect()))
            }
            _ => Some(Names::One("*".into())),
        }
    }

    fn claims(&self, node: &Node) -> (Vec<EcoString>, Vec<EcoString>) {
        let NodeKind::Task { def, args, overrides } = &node.kind else { return (Vec::new(), Vec::new()) };
        let task: &TaskDef = self.plan.task(*def);
        let of = |pick: fn(&Props) -> &Option<Box<Expr>>| {
            let own = overrides.as_deref().and_then(|o| pick(o).as_deref());
            match (own, pick(&task.props).as_deref()) {
                (Some(own), _) => globs(own, &[]),
                (None, Some(declared)) => globs(declared, args),
                (None, None) => Vec::new(),
            }
        };
        (of(|p| &p.reads), of(|p| &p.writes))
    }
}

/// The id of a node: that of what is around it when it has no name.
fn name_of(node: &Node, around: &Around) -> EcoString {
    if node.name.is_empty() { around.own.clone() } else { eco_format!("{}{}", around.prefix, node.name) }
}

/// The elements of a list of globs, as far as they are known.
fn globs(list: &Expr, args: &[Expr]) -> Vec<EcoString> {
    match &list.kind {
        ExprKind::Const(Value::List(items)) => items.iter().filter_map(Value::as_text).cloned().collect(),
        ExprKind::List(elements) => elements.iter().map(|e| glob(&e.value, args)).collect(),
        _ => vec!["*".into()],
    }
}

fn glob(expr: &Expr, args: &[Expr]) -> EcoString {
    match &expr.kind {
        ExprKind::Const(Value::Str(text)) => text.clone(),
        ExprKind::Ref(crate::plan::Ref::Arg(i)) => {
            let given = args.get(usize::from(*i)).and_then(Expr::as_const);
            given.and_then(Value::as_text).cloned().unwrap_or_else(|| "*".into())
        }
        ExprKind::Fit(_, inner) => glob(inner, args),
        ExprKind::Block { steps, value } if steps.is_empty() => glob(value, args),
        ExprKind::Interpolate(parts) => {
            let part = |p: &Part| match p {
                Part::Text(text) => text.clone(),
                Part::Value(value) => glob(value, args),
            };
            parts.iter().map(part).collect()
        }
        _ => "*".into(),
    }
}
