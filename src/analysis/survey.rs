//! One walk over the program's own files: its tasks, calls, loops and the names that it uses.

use crate::ast::visit::{self, Visitor};
use crate::ast::{
    Expr, ExprKind, Item, ItemKind, NodeId, Pattern, PatternKind, Props, Stmt, StmtKind, Table, TaskDecl,
    TypeExpr, TypeExprKind,
};
use crate::resolve::{DefId, DefKind, ModuleId, Res};
use crate::types::{Call, Callee, Checked};
use foldhash::{HashMap, HashSet};

/// A task, declared or inline.
#[derive(Debug, Clone, Copy)]
pub(super) struct TaskSite<'a> {
    pub decl: &'a TaskDecl,
    /// Of a declared one.
    pub def: Option<DefId>,
}

/// A call of a task or workflow.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallSite<'a> {
    pub with: Option<&'a Props>,
}

/// A `for` over tasks.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoopSite<'a> {
    pub items: &'a Expr,
    pub body: &'a crate::ast::Block,
    pub workflow: Option<DefId>,
    /// Inside another `for`.
    pub nested: bool,
}

/// What the walk found. Modules of `std` are left out: they are not the program's to mend.
#[derive(Debug, Default)]
pub(super) struct Survey<'a> {
    pub tasks: Vec<TaskSite<'a>>,
    pub calls: Vec<CallSite<'a>>,
    pub loops: Vec<LoopSite<'a>>,
    /// Which declaration calls which, those of `std` too.
    pub edges: Vec<(DefId, DefId)>,
    /// The calls of each definition, as indices into `calls`.
    pub calls_of: HashMap<DefId, Vec<usize>>,
    pub used_locals: Table<()>,
    /// By number of the definition.
    pub used_defs: Vec<bool>,
    /// Names that stand first in a path, by module that imports something: what an import must bring to be of use.
    pub used_names: HashMap<ModuleId, HashSet<&'a str>>,
    /// There is a `skilled(…)` somewhere: every agent may be meant.
    pub skilled: bool,
    /// Expressions and blocks that make a task, by id.
    pub makes_task: Table<()>,
}

impl<'a> Survey<'a> {
    pub(super) fn new(checked: &'a Checked) -> Survey<'a> {
        let mut walk = Walk {
            checked,
            survey: Survey { used_defs: vec![false; checked.resolved.defs.len()], ..Survey::default() },
            imports: false,
            module: ModuleId(0),
            workflow: None,
            owner: None,
            loops: 0,
            tasks: 0,
            names: HashSet::default(),
        };
        for (id, module) in checked.resolved.modules.iter().enumerate() {
            if module.embedded {
                let mut edges = Edges { checked, owner: None, found: &mut walk.survey.edges };
                visit::walk_module(&mut edges, &module.ast);
                continue;
            }
            walk.module = ModuleId(id as u32);
            walk.imports = module.ast.items.iter().any(|i| matches!(i.kind, ItemKind::Use(_)));
            visit::walk_module(&mut walk, &module.ast);
            let names = std::mem::take(&mut walk.names);
            walk.survey.used_names.insert(walk.module, names);
        }
        walk.survey
    }
}

struct Walk<'a> {
    checked: &'a Checked,
    survey: Survey<'a>,
    module: ModuleId,
    workflow: Option<DefId>,
    /// The declaration that is walked.
    owner: Option<DefId>,
    loops: u32,
    /// How many calls of tasks have been met: more after a part than before it means that the part makes one.
    tasks: u32,
    names: HashSet<&'a str>,
    /// The module imports something: only then its names are of interest.
    imports: bool,
}

impl<'a> Walk<'a> {
    fn meaning(&mut self, id: NodeId) {
        match self.checked.resolved.res(id) {
            Some(Res::Local(local)) => {
                self.survey.used_locals.insert(*local, ());
            }
            Some(Res::Def(def)) => {
                self.survey.used_defs[def.0 as usize] = true;
            }
            _ => {}
        }
    }

    fn call(&mut self, call: &Call, with: Option<&'a Props>) {
        match &call.callee {
            Callee::Def(def) => {
                self.survey.edges.extend(self.owner.map(|owner| (owner, *def)));
                let runs = match self.checked.resolved.def(*def).kind {
                    DefKind::Task | DefKind::Workflow => true,
                    DefKind::Fn
                    | DefKind::Type
                    | DefKind::Enum(_)
                    | DefKind::Agent
                    | DefKind::AgentFile(_)
                    | DefKind::Resource
                    | DefKind::Mcp
                    | DefKind::Test => false,
                };
                if runs {
                    self.tasks += 1;
                    let at = self.survey.calls.len();
                    self.survey.calls.push(CallSite { with });
                    self.survey.calls_of.entry(*def).or_default().push(at);
                }
            }
            Callee::BuiltinTask(_) => self.tasks += 1,
            Callee::Property(name) => self.survey.skilled |= name == "skilled",
            Callee::Builtin(_) | Callee::Variant(..) => {}
        }
    }
}

impl<'a> Visitor<'a> for Walk<'a> {
    fn item(&mut self, item: &'a Item) {
        let def = self.checked.resolved.def_of.get(item.id).copied();
        self.owner = def;
        match &item.kind {
            ItemKind::Workflow(_) => self.workflow = def,
            ItemKind::Task(decl) => self.survey.tasks.push(TaskSite { decl, def }),
            ItemKind::Use(_)
            | ItemKind::Type(_)
            | ItemKind::Enum(_)
            | ItemKind::Fn(_)
            | ItemKind::Actor(_)
            | ItemKind::Test(_)
            | ItemKind::Bad(_) => {}
        }
        visit::walk_item(self, item);
        self.workflow = None;
    }

    fn mock(&mut self, mock: &'a crate::ast::Mock) {
        self.names.extend(mock.target.first().map(|n| n.text.as_str()));
        self.meaning(mock.id);
        visit::walk_mock(self, mock);
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        let before = self.tasks;
        if let StmtKind::Task(decl) = &stmt.kind {
            self.tasks += 1;
            self.survey.tasks.push(TaskSite { decl, def: None });
        }
        visit::walk_stmt(self, stmt);
        if self.tasks > before {
            self.survey.makes_task.insert(stmt.id, ());
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        let before = self.tasks;
        self.meaning(expr.id);
        match &expr.kind {
            ExprKind::Name(name) if self.imports => {
                self.names.insert(&name.text);
            }
            ExprKind::With { base, props } if matches!(base.kind, ExprKind::Call { .. }) => {
                if let Some(call) = self.checked.calls.get(base.id) {
                    self.call(call, Some(props));
                }
                self.meaning(base.id);
                // Its parts without the call itself, which has been counted.
                visit::walk_expr(self, base);
                self.props(props);
                self.survey.makes_task.insert(base.id, ());
                self.survey.makes_task.insert(expr.id, ());
                return;
            }
            ExprKind::Call { .. } => {
                if let Some(call) = self.checked.calls.get(expr.id) {
                    self.call(call, None);
                }
                if let Some(template) = self.checked.resolved.includes.get(expr.id) {
                    self.string(template);
                }
            }
            ExprKind::For(head) => {
                self.loops += 1;
                visit::walk_expr(self, expr);
                self.loops -= 1;
                if self.tasks > before {
                    let (workflow, nested) = (self.workflow, self.loops > 0);
                    self.survey.loops.push(LoopSite {
                        items: &head.items,
                        body: &head.body,
                        workflow,
                        nested,
                    });
                    self.survey.makes_task.insert(expr.id, ());
                }
                return;
            }
            _ => {}
        }
        visit::walk_expr(self, expr);
        if self.tasks > before {
            self.survey.makes_task.insert(expr.id, ());
        }
    }

    fn pattern(&mut self, pattern: &'a Pattern) {
        if let PatternKind::Variant { path, .. } = &pattern.kind {
            self.names.extend(path.first().map(|n| n.text.as_str()));
        }
        visit::walk_pattern(self, pattern);
    }

    fn type_expr(&mut self, ty: &'a TypeExpr) {
        if let (true, TypeExprKind::Named { path, .. }) = (self.imports, &ty.kind) {
            self.names.extend(path.first().map(|n| n.text.as_str()));
        }
        self.meaning(ty.id);
        visit::walk_type_expr(self, ty);
    }
}

/// The calls of a module that is not the program's own.
struct Edges<'e, 'a> {
    checked: &'a Checked,
    owner: Option<DefId>,
    found: &'e mut Vec<(DefId, DefId)>,
}

impl<'a> Visitor<'a> for Edges<'_, 'a> {
    fn item(&mut self, item: &'a Item) {
        self.owner = self.checked.resolved.def_of.get(item.id).copied();
        visit::walk_item(self, item);
    }

    fn expr(&mut self, expr: &'a Expr) {
        if let (ExprKind::Call { .. }, Some(call)) = (&expr.kind, self.checked.calls.get(expr.id))
            && let (Callee::Def(callee), Some(owner)) = (&call.callee, self.owner)
        {
            self.found.push((owner, *callee));
        }
        visit::walk_expr(self, expr);
    }
}
