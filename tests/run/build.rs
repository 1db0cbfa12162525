//! Plans by hand, and running them.

use flow::plan::*;
use flow::run::{self, Company, How, Options, RunEnd, RunEvent, Site};
use flow::store::{Durability, Project};
use flow::value::{Type, TypeId, TypeTable, Value};

pub const UNIT: TypeId = TypeId(0);
pub const STRING: TypeId = TypeId(1);
pub const STRINGS: TypeId = TypeId(3);

pub fn e(kind: ExprKind) -> Expr {
    Expr { kind, spot: Spot::default() }
}

pub fn text(t: &str) -> Expr {
    e(ExprKind::Const(Value::text(t)))
}

pub fn node_ref(node: u32) -> Expr {
    e(ExprKind::Ref(Ref::Node { up: 0, node: NodeIx(node) }))
}

pub fn param(up: u16, index: u16) -> Expr {
    e(ExprKind::Ref(Ref::Param { up, index }))
}

/// A plan of one body.
pub fn plan(tasks: Vec<TaskDef>, nodes: Vec<Node>, result: Option<Expr>, ty: TypeId) -> Plan {
    let mut types = TypeTable::default();
    for of in [Type::Unit, Type::String, Type::Int, Type::List(STRING)] {
        types.add(of);
    }
    Plan {
        format: FORMAT,
        workflow: "main".into(),
        files: vec!["main.flow".into()],
        doc: "".into(),
        inputs: vec![],
        result: ty,
        settings: CallSettings::default(),
        contracts: vec![],
        types,
        agents: vec![],
        resources: vec![
            Resource { name: "cpu".into(), limit: Limit::Machine },
            Resource { name: "memory".into(), limit: Limit::Machine },
        ],
        fns: vec![],
        tasks,
        bodies: vec![Body { nodes, result, waves: 1, ..Body::default() }],
        secrets: vec![],
        missing: vec![],
        hash: "test".into(),
    }
}

pub fn def(name: &str, action: Action, result: TypeId) -> TaskDef {
    TaskDef {
        name: name.into(),
        doc: "".into(),
        params: vec![],
        result,
        action,
        props: Default::default(),
        locals: 0,
        key: name.into(),
        spot: Spot::default(),
    }
}

pub fn sh(script: &str) -> Action {
    Action::Sh { script: vec![ScriptPart::Text(script.into())] }
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

pub fn task(def: u32, args: Vec<Expr>) -> NodeKind {
    NodeKind::Task { def: TaskId(def), args, overrides: None }
}

/// A folder with what a run of it gave.
pub struct Ran {
    pub folder: tempfile::TempDir,
    pub end: RunEnd,
    pub events: Vec<RunEvent>,
}

/// The plan of a source text.
pub fn compiled(source: &str) -> Plan {
    let loader = flow::source::MemoryLoader::new().with("main.flow", source);
    match flow::compile::compile("main.flow", &loader, None) {
        Ok(compiled) => levelled(compiled.plan),
        Err(program) => {
            let of = |d: &flow::diagnostics::Diagnostic| format!("{:?} {} {:?}", d.code, d.message, d.help);
            panic!("{}", program.diagnostics.iter().map(of).collect::<Vec<_>>().join("\n"));
        }
    }
}

/// The plan with its waves, as long as nobody else gives them.
fn levelled(mut plan: Plan) -> Plan {
    for body in &mut plan.bodies {
        if body.waves > 0 {
            continue;
        }
        for at in 0..body.nodes.len() {
            let own = |node: &Node| u32::from(!matches!(node.kind, NodeKind::Join | NodeKind::Assert { .. }));
            let wave = body.nodes[at].needs.iter().map(|n| &body.nodes[n.index()]).map(|n| n.wave + own(n));
            body.nodes[at].wave = wave.max().unwrap_or(0);
        }
        body.waves = body.nodes.iter().map(|n| n.wave + 1).max().unwrap_or(0);
    }
    plan
}

/// Runs a source text.
pub fn flow(source: &str) -> Ran {
    run(&compiled(source))
}

/// The JSON of what it gave.
pub fn json(source: &str) -> serde_json::Value {
    flow::value::json::to_tree(&flow(source).value()).unwrap()
}

pub fn run(plan: &Plan) -> Ran {
    run_with(plan, &Options { durability: Durability::Process, ..Options::default() })
}

pub fn run_with(plan: &Plan, options: &Options) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let project = Project::find(folder.path()).unwrap();
    let mut events = Vec::new();
    let mut observer = |event: &RunEvent| events.push(event.clone());
    let company = Company { observer: &mut observer, asker: None };
    let end = run::start(plan, &[], Site { project, link: None }, options, company);
    Ran { folder, end, events }
}

impl Ran {
    pub fn value(&self) -> Value {
        match &self.end.how {
            How::Succeeded(value) => value.clone(),
            other => panic!("{other:?}\n{:#?}", self.events),
        }
    }

    /// The same folder with its runs, once more.
    pub fn copied(&self) -> Ran {
        fn copy(from: &std::path::Path, to: &std::path::Path) {
            for entry in std::fs::read_dir(from).unwrap() {
                let entry = entry.unwrap();
                let to = to.join(entry.file_name());
                if entry.file_type().unwrap().is_dir() {
                    std::fs::create_dir(&to).unwrap();
                    copy(&entry.path(), &to);
                } else {
                    std::fs::copy(entry.path(), to).unwrap();
                }
            }
        }
        let folder = tempfile::tempdir().unwrap();
        copy(self.folder.path(), folder.path());
        let how = How::Interrupted(0);
        Ran { folder, end: RunEnd { run: self.end.run.clone(), how }, events: Vec::new() }
    }

    pub fn words(&self) -> Vec<&'static str> {
        self.events.iter().map(|event| event.event).collect()
    }

    pub fn resume(&self) -> RunEnd {
        self.resume_with(run::Resume::default()).0
    }

    pub fn resume_with(&self, how: run::Resume) -> (RunEnd, Vec<RunEvent>) {
        let project = Project::find(self.folder.path()).unwrap();
        let dir = project.resolve(&self.end.run).unwrap();
        let mut events = Vec::new();
        let mut observer = |event: &RunEvent| events.push(event.clone());
        let company = Company { observer: &mut observer, asker: None };
        let options = Options { durability: Durability::Process, ..Options::default() };
        let end = run::resume(&dir, how, Site { project, link: None }, &options, company);
        (end, events)
    }

    /// How often something was done: tasks write a line each into the file `log`.
    pub fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Why it failed: kind, task, message.
    pub fn failure(&self) -> (String, String, String) {
        match &self.end.how {
            How::Failed(f) => (f.kind.to_string(), f.task.to_string(), f.message.to_string()),
            other => panic!("{other:?}\n{:#?}", self.events),
        }
    }
}
