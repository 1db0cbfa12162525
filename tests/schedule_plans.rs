//! Plans made by hand and by chance, for the tests of the scheduler.

use flow::plan::{
    Action, Agent, Bind, Body, BodyId, BranchArm, CallSettings, Expr, ExprKind, FORMAT, Limit, Node, NodeIx,
    NodeKind, OnMax, Pattern, Plan, RaceKind, Ref, Resource, Spot, TaskDef, TaskId,
};
use flow::types::BuiltinTask;
use flow::value::{Type, TypeTable, Value};

/// Definitions of every generated plan, by index.
pub const RUN: TaskId = TaskId(0);
pub const NOW: TaskId = TaskId(1);
pub const SLEEP: TaskId = TaskId(2);
pub const APPROVE: TaskId = TaskId(3);
pub const AGENT: TaskId = TaskId(4);

pub fn unit() -> Expr {
    Expr { kind: ExprKind::Const(Value::Unit), spot: Spot::default() }
}

/// The value of a node of the same body.
pub fn value_of(node: u32) -> Expr {
    Expr { kind: ExprKind::Ref(Ref::Node { up: 0, node: NodeIx(node) }), spot: Spot::default() }
}

/// A plan of these bodies with five task definitions, three resources (a machine's, one of 5 units, a rate of 4 in 20 ms) and
/// three agents (of which one takes two attempts at once).
pub fn plan(mut bodies: Vec<Body>, lenient: bool) -> Plan {
    let mut types = TypeTable::default();
    let result = types.add(Type::Unit);
    let task = |name: &str, action| TaskDef {
        name: name.into(),
        doc: "".into(),
        params: Vec::new(),
        result,
        action,
        props: Default::default(),
        locals: 0,
        key: name.into(),
        spot: Spot::default(),
    };
    let builtin = |task| Action::Builtin { task, args: Vec::new() };
    let agent = |name: &str, max_parallel| Agent {
        name: name.into(),
        description: "".into(),
        runtime: None,
        model: None,
        effort: None,
        tools: None,
        skills: Vec::new(),
        system: "".into(),
        mcp: Vec::new(),
        timeout_ms: None,
        retry: None,
        max_turns: None,
        max_parallel,
        priority: None,
        budget: None,
        env: Vec::new(),
    };
    let resource = |name: &str, limit| Resource { name: name.into(), limit };
    for body in &mut bodies {
        place_in_time(body);
    }
    Plan {
        format: FORMAT,
        workflow: "sim".into(),
        files: Vec::new(),
        doc: "".into(),
        inputs: Vec::new(),
        result,
        settings: CallSettings { continue_on_failure: lenient, ..CallSettings::default() },
        contracts: Vec::new(),
        types,
        agents: vec![agent("a", None), agent("b", Some(2)), agent("c", Some(1))],
        resources: vec![
            resource("cpu", Limit::Machine),
            resource("gpu", Limit::Capacity(5)),
            resource("calls", Limit::Rate { units: 4, per_ms: 20 }),
        ],
        fns: Vec::new(),
        tasks: vec![
            task("run", Action::Run { argv: Box::new(unit()) }),
            task("now", builtin(BuiltinTask::Now)),
            task("sleep", builtin(BuiltinTask::Sleep)),
            task("approve", builtin(BuiltinTask::Approve)),
            task("agent", Action::Agent { agent: Box::new(unit()), prompt: Box::new(unit()), context: None }),
        ],
        bodies,
        secrets: Vec::new(),
        missing: Vec::new(),
        hash: "".into(),
    }
}

/// Waves and remaining paths, as the lowering gives them.
fn place_in_time(body: &mut Body) {
    for i in 0..body.nodes.len() {
        let hop = |node: &Node| u32::from(!matches!(node.kind, NodeKind::Join | NodeKind::Assert { .. }));
        let own = hop(&body.nodes[i]);
        let wave = body.nodes[i].needs.iter().map(|need| {
            let need = &body.nodes[need.index()];
            if own == 1 { need.wave + 1 } else { need.wave }
        });
        body.nodes[i].wave = wave.max().unwrap_or(0);
    }
    body.waves = body.nodes.iter().map(|node| node.wave + 1).max().unwrap_or(0);
    for i in (0..body.nodes.len()).rev() {
        let path = body.nodes[i].path_ms.max(body.nodes[i].estimate_ms);
        body.nodes[i].path_ms = path;
        for need in body.nodes[i].needs.clone() {
            let before = &mut body.nodes[need.index()];
            before.path_ms = before.path_ms.max(before.estimate_ms + path);
        }
    }
}

pub fn node(name: &str, kind: NodeKind, needs: &[u32]) -> Node {
    Node {
        name: name.into(),
        kind,
        needs: needs.iter().map(|n| NodeIx(*n)).collect(),
        spot: Spot::default(),
        wave: 0,
        estimate_ms: 0,
        path_ms: 0,
    }
}

pub fn task(name: &str, def: TaskId, needs: &[u32]) -> Node {
    node(name, NodeKind::Task { def, args: Vec::new(), overrides: None }, needs)
}

pub fn map(name: &str, body: u32, needs: &[u32]) -> Node {
    let kind = NodeKind::Map {
        items: Box::new(unit()),
        bind: Bind::One(0),
        filter: None,
        parallel: None,
        key: None,
        after: None,
        body: BodyId(body),
    };
    node(name, kind, needs)
}

pub fn body(nodes: Vec<Node>) -> Body {
    Body { nodes, ..Body::default() }
}

/// What a random plan may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Everything.
    Wild,
    /// Nothing whose end depends on who is first: the same results whatever the timing.
    Steady,
}

struct Maker<'r> {
    rng: &'r mut fastrand::Rng,
    bodies: Vec<Body>,
    names: u32,
    flavour: Flavour,
}

/// A random plan: bodies three deep, of every kind.
pub fn random(rng: &mut fastrand::Rng, flavour: Flavour) -> Plan {
    let lenient = flavour == Flavour::Wild && rng.u8(0..3) == 0;
    let mut maker = Maker { rng, bodies: Vec::new(), names: 0, flavour };
    maker.body(0, false);
    let bodies = maker.bodies;
    plan(bodies, lenient)
}

impl Maker<'_> {
    fn name(&mut self) -> String {
        self.names += 1;
        format!("n{}", self.names)
    }

    /// Adds a body, returns its id. `nameless`: a body of one node may leave its name out.
    fn body(&mut self, depth: u32, nameless: bool) -> BodyId {
        let id = self.bodies.len();
        self.bodies.push(Body::default());
        let most = [9, 4, 3, 2][depth.min(3) as usize];
        let count = self.rng.u32(u32::from(depth == 0)..=most);
        let mut nodes = Vec::new();
        for i in 0..count {
            let mut needs: Vec<u32> = (0..i).filter(|_| self.rng.u8(0..10) < 3).collect();
            needs.dedup();
            let kind = self.kind(depth);
            let empty = nameless && count == 1 && self.rng.bool() && matches!(kind, NodeKind::Task { .. });
            let name = if empty { String::new() } else { self.name() };
            let mut node = node(&name, kind, &needs);
            node.estimate_ms = self.rng.i64(0..20);
            nodes.push(node);
        }
        let result = match self.rng.u8(0..3) {
            0 => None,
            1 if count > 0 => Some(value_of(self.rng.u32(0..count))),
            _ => Some(unit()),
        };
        self.bodies[id] = Body { nodes, result, ..Body::default() };
        BodyId(id as u32)
    }

    fn kind(&mut self, depth: u32) -> NodeKind {
        let roll = if depth >= 3 { self.rng.u8(0..9) } else { self.rng.u8(0..18) };
        let wild = self.flavour == Flavour::Wild;
        match roll {
            0..=5 => NodeKind::Task { def: TaskId(self.rng.u32(0..5)), args: Vec::new(), overrides: None },
            6 => NodeKind::Assert { cond: Box::new(unit()), message: None, text: "".into() },
            7 | 8 => NodeKind::Join,
            9..=11 => NodeKind::Map {
                items: Box::new(unit()),
                bind: Bind::One(0),
                filter: None,
                parallel: None,
                key: None,
                after: None,
                body: self.body(depth + 1, true),
            },
            12 | 13 => {
                let arms = (0..self.rng.u8(1..3))
                    .map(|_| BranchArm {
                        pattern: Pattern::Any,
                        guard: None,
                        body: self.body(depth + 1, false),
                    })
                    .collect();
                NodeKind::Branch { value: None, arms }
            }
            14 => NodeKind::Loop {
                start: Box::new(unit()),
                max: Box::new(unit()),
                every: None,
                on_max: if wild && self.rng.bool() { OnMax::Fail } else { OnMax::Last },
                body: self.body(depth + 1, true),
                until: Box::new(unit()),
            },
            15 => {
                let body = self.body(depth + 1, false);
                let catch = self.rng.bool().then(|| self.body(depth + 1, false));
                let finally = (catch.is_none() || self.rng.bool()).then(|| self.body(depth + 1, false));
                NodeKind::Try { body, catch, finally }
            }
            16 if wild => {
                let entrants = if self.rng.bool() {
                    RaceKind::Bodies((0..self.rng.u8(1..4)).map(|_| self.body(depth + 1, false)).collect())
                } else {
                    RaceKind::Each {
                        items: Box::new(unit()),
                        bind: Bind::One(0),
                        filter: None,
                        body: self.body(depth + 1, true),
                    }
                };
                NodeKind::Race { entrants, need: self.rng.bool().then(|| Box::new(unit())) }
            }
            _ => NodeKind::Call {
                workflow: "called".into(),
                args: Vec::new(),
                settings: Box::new(CallSettings {
                    continue_on_failure: wild && self.rng.bool(),
                    ..CallSettings::default()
                }),
                body: self.body(depth + 1, false),
            },
        }
    }
}
