//! Names → definitions.
//!
//! Takes the syntax trees of a program (loading what they `use` through a [`Loader`](crate::source::Loader)) and gives
//! [`Resolved`]: every module, every definition and, by [`NodeId`](crate::ast::NodeId), what each written name stands
//! for. What a name means only once a type is expected (a bare variant) is left to `types`.

mod agent_file;
mod cycles;
mod declare;
pub mod embedded;
mod errors;
mod front_matter;
mod load;
mod paths;
mod walk;

#[cfg(test)]
mod tests;

pub use crate::diagnostics::suggest;
pub use agent_file::flow_name;

use crate::ast::{Item, ItemKind, Module, Name, NodeId, NodeIds, Str, Table, TaskDecl};
use crate::diagnostics::Diagnostic;
use crate::source::{FileId, Loader, SourceMap, Span};
use crate::types::{Builtin, BuiltinTask, EnumId};
use ecow::EcoString;
use foldhash::HashMap;

/// A declaration of the program; dense over all modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DefId(pub u32);

/// A module of the program: the started file first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleId(pub u32);

/// What a written name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Res {
    Def(DefId),
    /// A module bound by `use … as name` or `use std.x.name`; only its members are values.
    Module(ModuleId),
    /// A parameter, `let`, inline task, stage, loop variable, pattern name …: the id of what binds it (`Param::id`,
    /// `Bound::id`, `Stmt::id` of an inline task or stage, `Pattern::id`).
    Local(NodeId),
    /// A pure built-in function.
    Builtin(Builtin),
    /// A built-in task.
    BuiltinTask(BuiltinTask),
    /// `result` in `accept`.
    Result,
    /// A type name of the language (`Int`, `ErrorKind`, …).
    BuiltinType,
    /// A type parameter, by its index in the declaration's list.
    TypeParam(u32),
    /// A variant: set by `resolve` for `Enum.variant`, by `types` where the enum is expected.
    Variant(EnumId, u16),
    /// Nothing found. In a value position where a bare variant may be meant `resolve` leaves the name out of the table
    /// instead, and `types` reports it; where it *is* `Error` it was reported, and whatever meets it keeps silent.
    Error,
}

/// What kind of declaration a [`Def`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DefKind {
    Type,
    Enum(EnumId),
    Fn,
    /// Declared by `agent name { … }`.
    Agent,
    /// Read from a Markdown file; the index into [`Resolved::agent_files`].
    AgentFile(u32),
    Resource,
    Mcp,
    Task,
    Workflow,
    Test,
}

/// A declaration.
#[derive(Debug, Clone)]
pub struct Def {
    pub kind: DefKind,
    pub name: Name,
    pub module: ModuleId,
    /// Index into the module's `items`; of an agent file, the item that uses its folder.
    pub item: u32,
}

/// One file of the program with what stands in it.
#[derive(Debug)]
pub struct LoadedModule {
    pub file: FileId,
    pub ast: Module,
    /// Path relative to the project root (`lib/a.flow`), or `std/text.flow`.
    pub path: String,
    /// A module of `std`.
    pub embedded: bool,
    /// Names that its declarations and imports bring into scope.
    pub scope: HashMap<EcoString, Res>,
}

/// An agent read from a Markdown file with front matter.
#[derive(Debug, Clone, Default)]
pub struct AgentFile {
    pub file: Option<FileId>,
    pub path: String,
    /// The name as written (`backend-implementer`).
    pub name: String,
    pub description: String,
    /// As written (`opus`), when there is one.
    pub model: Option<String>,
    pub effort: Option<String>,
    /// `None` when the file does not limit them: all tools.
    pub tools: Option<Vec<String>>,
    /// Where each of them stands.
    pub tool_spans: Vec<Span>,
    /// What the file takes away from them, by name.
    pub disallowed_tools: Vec<String>,
    pub skills: Vec<String>,
    pub mcp: Vec<String>,
    /// Where they are named.
    pub mcp_span: Option<Span>,
    /// Milliseconds.
    pub timeout_ms: Option<i64>,
    pub retries: Option<i64>,
    pub max_turns: Option<i64>,
    pub max_parallel: Option<i64>,
    pub priority: Option<i64>,
    /// The text below the front matter: the agent's system prompt.
    pub body: String,
    pub span: Option<Span>,
}

/// The result of the phase.
#[derive(Debug, Default)]
pub struct Resolved {
    pub modules: Vec<LoadedModule>,
    pub defs: Vec<Def>,
    pub agent_files: Vec<AgentFile>,
    /// By id of a `Name` or `Field` expression (for `module.name`, `stage.name`, `Enum.variant` the whole `Field`), of a
    /// named type, of a variant pattern, of a mock. Absent where nothing needed resolving. Of a name pattern in `a | b`
    /// that an earlier alternative binds too: `Local` of that first pattern, for which all uses stand.
    pub names: Table<Res>,
    /// By id of a bare-name pattern that is also some variant's name: what that name means around the pattern. Where
    /// `types` finds that the pattern is the variant, a name that stands for `Local(pattern)` means this instead (nothing
    /// there: a bare variant).
    pub behind: Table<Res>,
    /// Which definition an item is, by `Item::id`.
    pub def_of: Table<DefId>,
    /// Texts of `include("…")`, parsed as string templates, by the id of the call expression.
    pub includes: Table<Str>,
    /// By id of a name that is unknown: names in scope that may have been meant. Which of them is told once a type is
    /// expected.
    pub guesses: Table<Vec<(EcoString, Res)>>,
    /// The enum declarations in order of their [`EnumId`]s, after the built-in ones: which definition each is.
    pub enums: Vec<DefId>,
}

/// Loads the file at `main_path` (relative to the loader's root) with everything that it uses, and says what each name
/// stands for. Never fails: what is wrong is added to `out`, and what it touches is [`Res::Error`].
pub fn resolve(
    main_path: &str,
    loader: &dyn Loader,
    sources: &mut SourceMap,
    ids: &mut NodeIds,
    out: &mut Vec<Diagnostic>,
) -> Resolved {
    let program = load::Load { loader, sources, ids, out }.program(main_path);
    let world = declare::declare(program, sources, out);
    let facts = walk::Walk::new(&world, walk::Outside { loader, sources, ids, out }).program();
    report_recursion(&world, &facts.calls, out);
    let declare::World { program, scopes, defs, def_of, enums, .. } = world;
    let modules = program.modules.into_iter().zip(scopes);
    Resolved {
        modules: modules
            .map(|(m, scope)| LoadedModule {
                file: m.file,
                ast: m.ast,
                path: m.path,
                embedded: m.is_std,
                scope,
            })
            .collect(),
        defs,
        agent_files: program.agent_files,
        names: facts.names,
        behind: facts.behind,
        def_of,
        includes: facts.includes,
        guesses: facts.guesses,
        enums,
    }
}

/// Fns, tasks, workflows and agents (by the tasks among their tools, by `from`) never lead back to themselves.
fn report_recursion(world: &declare::World, calls: &[(DefId, DefId, Span)], out: &mut Vec<Diagnostic>) {
    let mut edges: Vec<Vec<u32>> = vec![Vec::new(); world.defs.len()];
    for (from, to, _) in calls {
        edges[from.0 as usize].push(to.0);
    }
    let found = cycles::find(&edges);
    if found.is_empty() {
        return;
    }
    let mut places: HashMap<(u32, u32), Span> = HashMap::default();
    for (from, to, span) in calls {
        places.entry((from.0, to.0)).or_insert(*span);
    }
    for cycle in found {
        let step = |i: usize| {
            let (from, to) = (cycle[i], cycle[(i + 1) % cycle.len()]);
            let name = &world.defs[from as usize].name;
            (name.text.to_string(), places.get(&(from, to)).copied().unwrap_or(name.span))
        };
        let steps: Vec<(String, Span)> = (0..cycle.len()).map(step).collect();
        out.push(errors::recursion(&steps));
    }
}

impl Resolved {
    /// The definition of an id.
    pub fn def(&self, id: DefId) -> &Def {
        &self.defs[id.0 as usize]
    }

    /// The item that declares a definition (for an agent file the `use` that brought it).
    pub fn item(&self, id: DefId) -> &Item {
        let def = self.def(id);
        &self.module(def.module).ast.items[def.item as usize]
    }

    /// The task that a definition is, if it is one.
    pub fn task(&self, id: DefId) -> Option<&TaskDecl> {
        if let ItemKind::Task(decl) = &self.item(id).kind { Some(decl) } else { None }
    }

    /// The module of an id.
    pub fn module(&self, id: ModuleId) -> &LoadedModule {
        &self.modules[id.0 as usize]
    }

    /// What the name, field, type or pattern of that id stands for.
    pub fn res(&self, id: NodeId) -> Option<&Res> {
        self.names.get(id)
    }
}
