//! What each written name stands for.
//!
//! Goes once through every declaration, with the names of the blocks around it in a stack that is undone on the way out.
//! One lookup per name; only a name that is not found costs more. Chains of operators, of `.`, calls and `else if` are
//! gone along in a loop, so that the stack grows with the nesting alone, which the parser bounds.

mod block;
mod expr;
mod include;
mod item;
mod lookalike;
mod lookup;
mod pattern;
mod type_expr;

use super::declare::World;
use super::{DefId, ModuleId, Res};
use crate::ast::{Block, Expr, Name, NodeId, NodeIds, Str, Table};
use crate::diagnostics::Diagnostic;
use crate::source::{Loader, SourceMap, Span};
use ecow::EcoString;
use foldhash::HashMap;

/// What the walk fills in.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub names: Table<Res>,
    pub behind: Table<Res>,
    pub includes: Table<Str>,
    pub guesses: Table<Vec<(EcoString, Res)>>,
    /// Who uses which fn, task, workflow or agent, and where.
    pub calls: Vec<(DefId, DefId, Span)>,
}

/// The outside of the walk: what `include` needs, and where messages go.
pub(super) struct Outside<'a> {
    pub loader: &'a dyn Loader,
    pub sources: &'a mut SourceMap,
    pub ids: &'a mut NodeIds,
    pub out: &'a mut Vec<Diagnostic>,
}

/// A name bound in a block.
#[derive(Debug, Clone)]
struct Local {
    res: Res,
    depth: u32,
    span: Span,
}

/// A block, a parameter list, an arm: whatever binds names for a while.
#[derive(Debug)]
struct Frame<'t> {
    undo_from: usize,
    /// The block whose statements bind names here.
    block: Option<&'t Block>,
    /// What else there is in the block, made when a name in it was not found.
    later: Option<Later>,
}

/// Everything that a block binds, with the first place of each, and the words of its statements that could not be read.
#[derive(Debug, Default)]
struct Later {
    bound: HashMap<EcoString, Span>,
    broken: foldhash::HashSet<EcoString>,
    /// One of these binds a name that could not be made out.
    nameless: bool,
}

pub(super) struct Walk<'a, 't> {
    world: &'t World,
    outside: Outside<'a>,
    facts: Facts,
    module: ModuleId,
    /// The declaration around, for the graph of calls.
    owner: Option<DefId>,
    generics: &'t [Name],
    locals: HashMap<EcoString, Local>,
    undo: Vec<(EcoString, Option<Local>)>,
    frames: Vec<Frame<'t>>,
    /// Links of the chains and operators that are being gone along.
    spine: Vec<&'t Expr>,
    /// What each stage binds: reached as `stage.name`.
    members: HashMap<(NodeId, EcoString), Res>,
    stages: foldhash::HashSet<NodeId>,
    /// Those of which every statement could be read.
    whole_stages: foldhash::HashSet<NodeId>,
    /// Inline tasks by name, of each module that has tests or is used by one.
    inline: HashMap<(ModuleId, EcoString), NodeId>,
    /// The first `use` of each module, looked for when a name was not found.
    first_use: HashMap<ModuleId, Option<Span>>,
    include: include::Includes,
    /// The kind of declaration that the property around takes.
    wanted: Wanted,
    /// Unknown names of the declaration around, which were reported.
    told: foldhash::HashSet<EcoString>,
    /// Unknown types that were reported, with their modules.
    told_types: foldhash::HashSet<(ModuleId, EcoString)>,
    /// The property around holds a script.
    script: Option<lookalike::Script>,
}

/// What a name in the value of a property probably is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Wanted {
    #[default]
    Any,
    Agent,
    Server,
    Task,
    Text,
}

impl Wanted {
    fn of(property: &str) -> Wanted {
        match property {
            "agent" | "agents" | "fallback" | "from" => Wanted::Agent,
            "mcp" => Wanted::Server,
            "tools" => Wanted::Task,
            "model" | "effort" | "system" | "session" | "description" | "schedule" => Wanted::Text,
            _ => Wanted::Any,
        }
    }
}

impl<'a, 't> Walk<'a, 't> {
    pub(super) fn new(world: &'t World, outside: Outside<'a>) -> Walk<'a, 't> {
        let names = Table::with_capacity(outside.ids.count());
        Walk {
            world,
            outside,
            facts: Facts { names, ..Facts::default() },
            module: ModuleId(0),
            owner: None,
            generics: &[],
            locals: HashMap::default(),
            undo: Vec::new(),
            frames: Vec::new(),
            spine: Vec::new(),
            members: HashMap::default(),
            stages: foldhash::HashSet::default(),
            whole_stages: foldhash::HashSet::default(),
            inline: HashMap::default(),
            first_use: HashMap::default(),
            include: include::Includes::default(),
            wanted: Wanted::Any,
            told: foldhash::HashSet::default(),
            told_types: foldhash::HashSet::default(),
            script: None,
        }
    }

    /// Goes through all modules; tests come last, because a mock may name an inline task of any of them.
    pub(super) fn program(mut self) -> Facts {
        let modules = &self.world.program.modules;
        for tests in [false, true] {
            for (id, module) in modules.iter().enumerate() {
                self.module = ModuleId(id as u32);
                for item in &module.ast.items {
                    self.item(item, tests);
                }
            }
        }
        self.facts
    }

    fn open(&mut self, block: Option<&'t Block>) {
        self.frames.push(Frame { undo_from: self.undo.len(), block, later: None });
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        while self.undo.len() > frame.undo_from {
            match self.undo.pop() {
                Some((name, Some(outer))) => {
                    self.locals.insert(name, outer);
                }
                Some((name, None)) => {
                    self.locals.remove(&name);
                }
                None => return,
            }
        }
    }

    /// Binds a name in the innermost frame. A second of the same name there is reported and does not count; `_` binds
    /// nothing.
    fn bind(&mut self, name: &Name, res: Res) {
        if name.text == "_" {
            return;
        }
        let depth = self.frames.len() as u32;
        if let Some(first) = self.locals.get(&name.text).filter(|l| l.depth == depth) {
            if first.res != Res::Error && res != Res::Error {
                let error = super::errors::bound_twice(name, first.span);
                self.outside.out.push(error);
            }
            return;
        }
        let local = Local { res, depth, span: name.span };
        let outer = self.locals.insert(name.text.clone(), local);
        self.undo.push((name.text.clone(), outer));
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.outside.out.push(diagnostic);
    }

    fn put(&mut self, id: NodeId, res: Res) {
        self.facts.names.insert(id, res);
    }
}
