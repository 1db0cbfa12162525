//! A plan of everything: the workflows that nothing calls, one after the other.
//!
//! It is for those who judge a program before one of its workflows is chosen, and cannot be run.

use super::scope::Use;
use super::{Lowering, names::Want};
use crate::ast::visit::{Visitor, walk_expr};
use crate::ast::{Expr as Expression, ItemKind};
use crate::plan::{BodyId, Expr, ExprKind, Plan, Ref};
use crate::resolve::DefId;
use crate::source::SourceMap;
use crate::types::{Callee, Checked};
use ecow::EcoString;
use std::collections::HashSet;
use std::rc::Rc;

/// Lowers every workflow of the program's own files: those that no other calls as calls of their own in body 0, each after
/// the one before, the others where they are called.
pub fn lower_whole(checked: &Checked, sources: &SourceMap) -> Plan {
    let mut lowering = Lowering::new(checked, sources);
    lowering.everything();
    let mut plan = lowering.finish();
    crate::plan::passes::run(&mut plan);
    plan
}

impl Lowering<'_> {
    fn everything(&mut self) {
        let roots = self.roots();
        let mut params: Vec<EcoString> = Vec::new();
        let mut starts = Vec::new();
        for def in &roots {
            let ItemKind::Workflow(decl) = &self.checked.resolved.item(*def).kind else { continue };
            starts.push((*def, decl, params.len()));
            params.extend(decl.params.iter().map(|p| p.name.text.clone()));
        }
        let body = self.reserve_body();
        self.open_at(body, None, params, true);
        let mut last: Option<Use> = None;
        for (def, decl, first) in starts {
            let index = |i| u16::try_from(first + i).unwrap_or(u16::MAX);
            let args = (0..decl.params.len()).map(|i| Expr::reference(Ref::Param { up: 0, index: index(i) }));
            let name = self.leaf_name(&Want::Plain, &decl.name.text);
            let (args, after) = (args.collect(), last.into_iter().collect());
            let call = self.workflow_call(name, def, Rc::from([]), args, None, after, decl.name.span);
            if let ExprKind::Ref(Ref::Node { node, .. }) = call.kind {
                last = Some(Use { level: 0, node });
            }
        }
        self.close(None);
        self.lower_waiting();
        debug_assert_eq!(body, BodyId(0));
    }

    /// Workflows without type parameters that no workflow calls.
    fn roots(&self) -> Vec<DefId> {
        let mut called = Called { checked: self.checked, found: HashSet::new() };
        for module in &self.checked.resolved.modules {
            let items = module.ast.items.iter();
            // What a test calls runs in no plan.
            items.filter(|i| matches!(i.kind, ItemKind::Workflow(_))).for_each(|i| called.item(i));
        }
        let called = called.found;
        let modules = self.checked.resolved.modules.iter().filter(|m| !m.embedded);
        let own = modules.flat_map(|m| &m.ast.items);
        own.filter_map(|item| {
            let ItemKind::Workflow(decl) = &item.kind else { return None };
            let def = *self.checked.resolved.def_of.get(item.id)?;
            (decl.generics.is_empty() && !called.contains(&def)).then_some(def)
        })
        .collect()
    }
}

/// Collects what is called.
struct Called<'a> {
    checked: &'a Checked,
    found: HashSet<DefId>,
}

impl<'a> Visitor<'a> for Called<'a> {
    fn expr(&mut self, expr: &'a Expression) {
        if let Some(Callee::Def(def)) = self.checked.calls.get(expr.id).map(|c| &c.callee) {
            self.found.insert(*def);
        }
        walk_expr(self, expr);
    }
}
