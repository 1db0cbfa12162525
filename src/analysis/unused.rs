//! What is declared and used nowhere: bindings, parameters, agents, tasks, imports.

use super::errors;
use super::survey::Survey;
use crate::ast::visit::{self, Visitor};
use crate::ast::{
    Bound, Item, ItemKind, LetPattern, Name, NodeId, Param, Stmt, StmtKind, TaskDecl, UseDecl, UseSource,
};
use crate::diagnostics::Diagnostic;
use crate::resolve::ModuleId;
use crate::source::Span;
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

    fn bound(&mut self, bound: &Bound, alone: bool) {
        if self.is_unused(bound.id, &bound.name) {
            self.out.push(errors::unused_binding(&bound.name, alone));
        }
    }

    fn imports(&mut self, item: &Item, decl: &UseDecl) {
        let Some(used) = self.survey.used_names.get(&self.module) else { return };
        // Skills reach agents without naming them.
        if self.survey.skilled && matches!(decl.source, UseSource::Agents(_)) {
            return;
        }
        let unused = |name: &Name| !used.contains(name.text.as_str());
        let whole = match &decl.source {
            UseSource::Std(parts) if decl.names.is_none() && decl.alias.is_none() => parts.last(),
            UseSource::Std(_) | UseSource::File(_) | UseSource::Agents(_) => None,
        };
        for name in decl.alias.iter().chain(whole).filter(|n| unused(n)) {
            self.out.push(errors::unused_import(name, item.span));
        }
        let names = decl.names.as_deref().unwrap_or_default();
        let bound: Vec<&Name> = names.iter().map(|n| n.alias.as_ref().unwrap_or(&n.name)).collect();
        let none = bound.iter().all(|n| unused(n)) && decl.alias.is_none();
        for (at, name) in bound.iter().enumerate().filter(|(_, n)| unused(n)) {
            // With the comma behind it, or the one before it.
            let own = names[at].name.span;
            let gone = match (names.get(at + 1), at.checked_sub(1).and_then(|at| bound.get(at))) {
                _ if none => item.span,
                (Some(next), _) => Span { end: next.name.span.start, ..own },
                (None, Some(last)) => Span { start: last.span.end, end: name.span.end, ..own },
                (None, None) => item.span,
            };
            self.out.push(errors::unused_import(name, gone));
        }
    }

    /// Of the started file alone: what stands in the others is there for everybody.
    fn declared_task(&mut self, item: &Item, decl: &TaskDecl) {
        let def = self.checked.resolved.def_of.get(item.id);
        let used = def.is_none_or(|d| self.survey.used_defs[d.0 as usize]);
        if self.module.0 == 0 && self.runs && !used && !decl.name.text.starts_with('_') {
            self.out.push(errors::unused_task(&decl.name));
        }
    }
}

impl<'a> Visitor<'a> for Pass<'_, '_> {
    fn item(&mut self, item: &'a Item) {
        match &item.kind {
            ItemKind::Use(decl) => self.imports(item, decl),
            ItemKind::Task(decl) => self.declared_task(item, decl),
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
                LetPattern::Name(bound) => self.bound(bound, true),
                LetPattern::Fields(bounds, _) => bounds.iter().for_each(|b| self.bound(b, false)),
            }
        }
        visit::walk_stmt(self, stmt);
    }
}
