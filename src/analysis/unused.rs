//! What is declared and used nowhere: bindings, parameters, agents, imports.

use super::errors;
use super::survey::Survey;
use crate::ast::visit::{self, Visitor};
use crate::ast::{
    Bound, Item, ItemKind, LetPattern, Name, NodeId, Param, Stmt, StmtKind, TaskDecl, UseDecl, UseSource,
};
use crate::diagnostics::Diagnostic;
use crate::resolve::ModuleId;
use crate::types::Checked;

pub(super) fn check(checked: &Checked, survey: &Survey<'_>, out: &mut Vec<Diagnostic>) {
    let resolved = &checked.resolved;
    // A file of agents alone is there for others.
    let runs =
        resolved.modules.iter().any(|m| m.ast.items.iter().any(|i| matches!(i.kind, ItemKind::Workflow(_))));
    for (at, module) in resolved.modules.iter().enumerate().filter(|(_, m)| !m.embedded) {
        let mut pass = Pass { checked, survey, runs, out, module: ModuleId(at as u32) };
        visit::walk_module(&mut pass, &module.ast);
    }
}

struct Pass<'p, 'a> {
    checked: &'p Checked,
    survey: &'p Survey<'a>,
    /// The program has a workflow.
    runs: bool,
    out: &'p mut Vec<Diagnostic>,
    module: ModuleId,
}

impl Pass<'_, '_> {
    fn is_unused(&self, id: NodeId, name: &Name) -> bool {
        !name.text.starts_with('_') && !self.survey.used_locals.contains(id)
    }

    fn params(&mut self, params: &[Param], what: &str, of: &Name) {
        for param in params {
            if self.is_unused(param.id, &param.name) {
                self.out.push(errors::unused_parameter(&param.name, what, &of.text));
            }
        }
    }

    fn bound(&mut self, bound: &Bound) {
        if self.is_unused(bound.id, &bound.name) {
            self.out.push(errors::unused_binding(&bound.name));
        }
    }

    fn imports(&mut self, decl: &UseDecl) {
        let Some(used) = self.survey.used_names.get(&self.module) else { return };
        let names = decl.names.iter().flatten().map(|n| n.alias.as_ref().unwrap_or(&n.name));
        let whole = match &decl.source {
            UseSource::Std(parts) if decl.names.is_none() && decl.alias.is_none() => parts.last(),
            UseSource::Std(_) | UseSource::File(_) | UseSource::Agents(_) => None,
        };
        // Skills reach agents without naming them.
        let by_skill = self.survey.skilled && matches!(decl.source, UseSource::Agents(_));
        for name in names.chain(&decl.alias).chain(whole).filter(|_| !by_skill) {
            if !used.contains(name.text.as_str()) {
                self.out.push(errors::unused_import(name));
            }
        }
    }
}

impl<'a> Visitor<'a> for Pass<'_, '_> {
    fn item(&mut self, item: &'a Item) {
        match &item.kind {
            ItemKind::Use(decl) => self.imports(decl),
            ItemKind::Fn(decl) => self.params(&decl.params, "fn", &decl.name),
            ItemKind::Workflow(decl) => self.params(&decl.params, "workflow", &decl.name),
            ItemKind::Actor(decl) if decl.kind == crate::ast::ActorKind::Agent => {
                let used = self
                    .checked
                    .resolved
                    .def_of
                    .get(item.id)
                    .is_some_and(|d| self.survey.used_defs[d.0 as usize]);
                if self.runs && !used && !self.survey.skilled && !decl.name.text.starts_with('_') {
                    self.out.push(errors::unused_agent(&decl.name));
                }
            }
            ItemKind::Actor(_)
            | ItemKind::Type(_)
            | ItemKind::Enum(_)
            | ItemKind::Task(_)
            | ItemKind::Test(_)
            | ItemKind::Bad(_) => {}
        }
        visit::walk_item(self, item);
    }

    fn task(&mut self, task: &'a TaskDecl) {
        self.params(&task.params, "task", &task.name);
        visit::walk_task(self, task);
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        if let StmtKind::Let { pattern, .. } = &stmt.kind {
            match pattern {
                // The name of a task's value is the task's id: it is of use without being used.
                LetPattern::Name(_) if self.survey.makes_task.contains(stmt.id) => {}
                LetPattern::Name(bound) => self.bound(bound),
                LetPattern::Fields(bounds, _) => bounds.iter().for_each(|b| self.bound(b)),
            }
        }
        visit::walk_stmt(self, stmt);
    }
}
