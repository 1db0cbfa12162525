//! Declarations and imports: every definition of the program, and the names in scope of each module.
//!
//! Takes the parsed files and gives the [`World`] in which names are looked up. Modules are gone through twice: all
//! declarations first, then all imports, those of a used module before those of its user.

mod import;

use super::load::{Parsed, Program, Target, Used};
use super::{Def, DefId, DefKind, ModuleId, Res, cycles, errors, suggest};
use crate::ast::{ActorKind, EnumDecl, Item, ItemKind, Module, Name, Table};
use crate::diagnostics::Diagnostic;
use crate::source::{SourceMap, Span};
use crate::types::{BUILTIN_ENUMS, EnumId};
use ecow::EcoString;
use foldhash::{HashMap, HashMapExt as _, HashSet};
use import::use_binds;
use std::cell::{Cell, RefCell};

/// The types of the language besides the built-in enums; a program cannot declare them again.
pub(super) const TYPES: &[&str] = &[
    "Bool", "Int", "Float", "String", "Duration", "Bytes", "Money", "Path", "Json", "Secret", "Agent",
    "Exit", "Response", "Unit",
];

/// Names compared for suggestions over the whole program.
const MAX_COMPARISONS: usize = 200_000;

/// What is declared where.
#[derive(Debug, Default)]
pub(super) struct World {
    pub program: Program,
    pub scopes: Vec<HashMap<EcoString, Res>>,
    pub defs: Vec<Def>,
    pub def_of: Table<DefId>,
    pub enums: Vec<DefId>,
    /// Those of which not all variants could be read.
    pub broken_enums: HashSet<EnumId>,
    /// Each variant of each enum, built-in ones included.
    pub variants: HashMap<(EnumId, EcoString), u16>,
    /// The name of every variant there is.
    pub variant_names: HashSet<EcoString>,
    /// Modules that stand for a folder of agents: `use agents "./dir" as team`.
    pub folder_modules: Vec<(ModuleId, u32)>,
    /// Path of each module.
    pub paths: Vec<String>,
    /// How many names may still be compared for suggestions: a program of nothing but unknown names stays quick.
    comparisons: Cell<usize>,
    /// Words of unreadable items, by module; made when first asked for.
    broken: RefCell<HashMap<ModuleId, HashSet<EcoString>>>,
    /// By agent file.
    agent_defs: Vec<Option<DefId>>,
}

/// What a name means in another module.
pub(super) enum Member {
    Found(Res),
    Private(Span),
    /// It is only imported there; where from.
    Imported(String),
    Missing(Option<suggest::Near>),
}

/// Declares everything in `program`.
pub(super) fn declare(program: Program, sources: &SourceMap, out: &mut Vec<Diagnostic>) -> World {
    let mut world = World {
        agent_defs: vec![None; program.agent_files.len()],
        program,
        comparisons: Cell::new(MAX_COMPARISONS),
        ..World::default()
    };
    for (id, (_, variants)) in BUILTIN_ENUMS.iter().enumerate() {
        for (at, name) in variants.iter().enumerate() {
            world.variants.insert((EnumId(id as u32), EcoString::from(*name)), at as u16);
            world.variant_names.insert(EcoString::from(*name));
        }
    }
    let modules = std::mem::take(&mut world.program.modules);
    for (id, module) in modules.iter().enumerate() {
        world.scopes.push(HashMap::with_capacity(module.ast.items.len()));
        world.paths.push(module.path.clone());
        world.items(ModuleId(id as u32), &module.ast, out);
    }
    let edges = imports(&modules);
    report_cycles(&modules, &edges, out);
    for id in cycles::dependencies_first(&edges) {
        for used in modules[id as usize].uses.clone() {
            if let ItemKind::Use(decl) = &modules[id as usize].ast.items[used.item as usize].kind {
                world.import(&modules, ModuleId(id), used, decl, sources, out);
            }
        }
    }
    world.program.modules = modules;
    world.add_folder_modules();
    world
}

fn imports(modules: &[Parsed]) -> Vec<Vec<u32>> {
    let to = |used: &Used| match used.target {
        Target::Module(id) => Some(id.0),
        Target::Folder(_) | Target::Nothing => None,
    };
    modules.iter().map(|m| m.uses.iter().filter_map(to).collect()).collect()
}

fn report_cycles(modules: &[Parsed], edges: &[Vec<u32>], out: &mut Vec<Diagnostic>) {
    for cycle in cycles::find(edges) {
        let mut steps = Vec::new();
        for (i, id) in cycle.iter().enumerate() {
            let next = ModuleId(cycle[(i + 1) % cycle.len()]);
            let module = &modules[*id as usize];
            let used = module.uses.iter().find(|u| u.target == Target::Module(next));
            steps.push((module.path.clone(), used.map_or(Span::new(module.file, 0, 0), |u| u.span)));
        }
        out.push(errors::import_cycle(&steps));
    }
}

impl World {
    /// Whether so many names may be compared once more; they count as compared then.
    pub(super) fn affords(&self, comparisons: usize) -> bool {
        let left = self.comparisons.get().checked_sub(comparisons.max(1));
        self.comparisons.set(left.unwrap_or(0));
        left.is_some()
    }

    fn items(&mut self, module: ModuleId, ast: &Module, out: &mut Vec<Diagnostic>) {
        for (at, item) in ast.items.iter().enumerate() {
            let Some((name, kind)) = self.declared(item, out) else {
                if let ItemKind::Bad(Some(name)) = &item.kind {
                    self.scopes[module.0 as usize].entry(name.text.clone()).or_insert(Res::Error);
                }
                continue;
            };
            let id = DefId(self.defs.len() as u32);
            self.def_of.insert(item.id, id);
            if let DefKind::Enum(_) = kind {
                self.enums.push(id);
            }
            let in_scope = kind != DefKind::Test;
            self.defs.push(Def { kind, name: name.clone(), module, item: at as u32 });
            if in_scope {
                self.bind(module, ast, &name, Res::Def(id), kind_word(kind), out);
            }
        }
    }

    /// Name and kind of an item that declares something.
    fn declared(&mut self, item: &Item, out: &mut Vec<Diagnostic>) -> Option<(Name, DefKind)> {
        Some(match &item.kind {
            ItemKind::Use(_) | ItemKind::Bad(_) => return None,
            ItemKind::Type(decl) => {
                check_type_name(&decl.name, out);
                (decl.name.clone(), DefKind::Type)
            }
            ItemKind::Enum(decl) => {
                check_type_name(&decl.name, out);
                (decl.name.clone(), DefKind::Enum(self.variants_of(decl, out)))
            }
            ItemKind::Fn(decl) => (decl.name.clone(), DefKind::Fn),
            ItemKind::Actor(decl) => match decl.kind {
                ActorKind::Agent => (decl.name.clone(), DefKind::Agent),
                ActorKind::Resource => (decl.name.clone(), DefKind::Resource),
                ActorKind::Mcp => (decl.name.clone(), DefKind::Mcp),
            },
            ItemKind::Task(decl) => (decl.name.clone(), DefKind::Task),
            ItemKind::Workflow(decl) => (decl.name.clone(), DefKind::Workflow),
            ItemKind::Test(decl) => {
                let text = decl.title.literal().unwrap_or_default();
                (Name { text, span: decl.title.span }, DefKind::Test)
            }
        })
    }

    fn variants_of(&mut self, decl: &EnumDecl, out: &mut Vec<Diagnostic>) -> EnumId {
        let id = EnumId((BUILTIN_ENUMS.len() + self.enums.len()) as u32);
        if decl.broken {
            self.broken_enums.insert(id);
        }
        if decl.variants.len() > usize::from(u16::MAX) {
            out.push(errors::too_many_variants(&decl.name));
        }
        for (at, variant) in decl.variants.iter().enumerate().take(usize::from(u16::MAX)) {
            let key = (id, variant.name.text.clone());
            match self.variants.get(&key) {
                Some(first) => {
                    let first = decl.variants[usize::from(*first)].name.span;
                    out.push(errors::declared_twice(&variant.name, "the variant", first));
                }
                None => {
                    self.variants.insert(key, at as u16);
                    self.variant_names.insert(variant.name.text.clone());
                }
            }
        }
        id
    }

    /// Brings a name into a module's scope; a second of the same name is reported and does not count.
    fn bind(
        &mut self,
        module: ModuleId,
        ast: &Module,
        name: &Name,
        res: Res,
        what: &str,
        out: &mut Vec<Diagnostic>,
    ) {
        let scope = &mut self.scopes[module.0 as usize];
        match scope.get(&name.text).cloned() {
            None => {
                scope.insert(name.text.clone(), res);
            }
            // One of them is broken already.
            Some(Res::Error) => {}
            Some(_) if res == Res::Error => {}
            Some(first) => {
                let first = self.place(first, module, ast, &name.text);
                out.push(errors::declared_twice(name, what, first));
            }
        }
    }

    /// Where the scope of a module got a name from.
    fn place(&self, res: Res, module: ModuleId, ast: &Module, name: &str) -> Span {
        if let Res::Def(id) = res {
            let def = &self.defs[id.0 as usize];
            if def.module == module && !matches!(def.kind, DefKind::AgentFile(_)) {
                return def.name.span;
            }
        }
        let bound = |item: &Item| match &item.kind {
            ItemKind::Use(decl) => use_binds(decl, name),
            ItemKind::Type(_)
            | ItemKind::Enum(_)
            | ItemKind::Fn(_)
            | ItemKind::Actor(_)
            | ItemKind::Task(_)
            | ItemKind::Workflow(_)
            | ItemKind::Test(_)
            | ItemKind::Bad(_) => None,
        };
        if let Some(span) = ast.items.iter().find_map(bound) {
            return span;
        }
        match res {
            Res::Def(id) => self.defs[id.0 as usize].name.span,
            _ => Span::new(ast.file, 0, 0),
        }
    }

    /// A name of another module.
    pub(super) fn member(&self, from: ModuleId, name: &str) -> Member {
        let scope = &self.scopes[from.0 as usize];
        let own = |id: DefId| {
            let def = &self.defs[id.0 as usize];
            def.module == from || matches!(def.kind, DefKind::AgentFile(_))
        };
        match scope.get(name) {
            Some(Res::Error) => return Member::Found(Res::Error),
            Some(Res::Def(id)) => {
                let def = &self.defs[id.0 as usize];
                return match (own(*id), name.starts_with('_')) {
                    (true, true) => Member::Private(def.name.span),
                    (true, false) => Member::Found(Res::Def(*id)),
                    (false, _) => Member::Imported(self.paths[def.module.0 as usize].clone()),
                };
            }
            Some(Res::Module(id)) => {
                return Member::Imported(self.paths.get(id.0 as usize).cloned().unwrap_or_default());
            }
            _ => {}
        }
        if !self.affords(scope.len()) {
            return Member::Missing(None);
        }
        let public =
            scope.iter().filter(|(n, res)| !n.starts_with('_') && matches!(res, Res::Def(id) if own(*id)));
        Member::Missing(suggest::near(name, public.map(|(n, _)| n.as_str())))
    }

    /// Whether an item of that module that could not be read holds the name.
    pub(super) fn in_broken_item(
        &self,
        module: ModuleId,
        ast: &Module,
        name: &str,
        sources: &SourceMap,
    ) -> bool {
        let mut known = self.broken.borrow_mut();
        let words = known
            .entry(module)
            .or_insert_with(|| broken_words(ast, sources).into_iter().map(EcoString::from).collect());
        words.contains(name) || words.contains(NAMELESS)
    }
}

/// The words that begin a declaration with a name.
const DECLARING: [&str; 8] = ["type", "enum", "fn", "agent", "resource", "mcp", "task", "workflow"];

/// Among the words of broken items: one of them declares something whose name could not be read.
const NAMELESS: &str = "";

/// The words of the items that could not be read: what they might have declared.
pub(super) fn broken_words<'s>(ast: &Module, sources: &'s SourceMap) -> HashSet<&'s str> {
    let unread = |i: &&Item| match &i.kind {
        ItemKind::Bad(_) => true,
        ItemKind::Enum(decl) => decl.broken,
        ItemKind::Use(_)
        | ItemKind::Type(_)
        | ItemKind::Fn(_)
        | ItemKind::Actor(_)
        | ItemKind::Task(_)
        | ItemKind::Workflow(_)
        | ItemKind::Test(_) => false,
    };
    let broken = ast.items.iter().filter(unread);
    let mut all: HashSet<&str> = broken.clone().flat_map(|i| words(sources.text(i.span))).collect();
    let declares =
        |i: &&Item| words(sources.text(i.span)).next().is_some_and(|word| DECLARING.contains(&word));
    if broken.clone().filter(|i| matches!(i.kind, ItemKind::Bad(None))).any(|i| declares(&i)) {
        all.insert(NAMELESS);
    }
    all
}

/// What may be a name in a text.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

fn check_type_name(name: &Name, out: &mut Vec<Diagnostic>) {
    if TYPES.contains(&name.text.as_str()) {
        out.push(errors::reserved_type(name));
    }
}

/// A kind of declaration in words, with its article.
pub(super) fn kind_word(kind: DefKind) -> &'static str {
    match kind {
        DefKind::Type => "the type",
        DefKind::Enum(_) => "the enum",
        DefKind::Fn => "the fn",
        DefKind::Agent | DefKind::AgentFile(_) => "the agent",
        DefKind::Resource => "the resource",
        DefKind::Mcp => "the mcp server",
        DefKind::Task => "the task",
        DefKind::Workflow => "the workflow",
        DefKind::Test => "the test",
    }
}
