//! What is proved of all plans of a program before one of them is chosen: no two tasks that run at the same time collide,
//! and what a workflow has to do fits into its time and its budget.
//!
//! Takes a [`Checked`] program without errors, lowers all its workflows and gives diagnostics. What the plan knows is
//! brought back to the text by [`places`]. It stands below `plan`, as its questions are about the graph, and knows nothing
//! of how a plan runs.

mod budgets;
mod conflicts;
mod deadlines;
mod errors;
mod places;
mod ways_out;

#[cfg(test)]
mod tests;

use crate::ast::visit::{Visitor, walk_expr, walk_module, walk_prop};
use crate::ast::{Expr, Prop};
use crate::diagnostics::Diagnostic;
use crate::plan::{self, Plan};
use crate::source::SourceMap;
use crate::types::{BuiltinTask, Callee, Checked};

/// Judges all workflows of a program without errors.
pub fn check(checked: &Checked, sources: &SourceMap, out: &mut Vec<Diagnostic>) {
    let asked = Asked::of(checked);
    if !asked.claims && !asked.limits {
        return;
    }
    let plan = plan::lower_whole(checked, sources);
    judge(&plan, checked, sources, out);
}

fn judge(plan: &Plan, checked: &Checked, sources: &SourceMap, out: &mut Vec<Diagnostic>) {
    conflicts::check(plan, checked, sources, out);
    deadlines::check(plan, checked, sources, out);
    budgets::check(plan, checked, sources, out);
}

/// Whether the program says anything that is judged here.
struct Asked<'c> {
    checked: &'c Checked,
    claims: bool,
    limits: bool,
}

impl<'c> Asked<'c> {
    fn of(checked: &'c Checked) -> Asked<'c> {
        let mut asked = Asked { checked, claims: false, limits: false };
        for module in &checked.resolved.modules {
            walk_module(&mut asked, &module.ast);
        }
        asked
    }
}

impl<'a> Visitor<'a> for Asked<'_> {
    fn expr(&mut self, expr: &'a Expr) {
        // A file that nobody writes can be read by all.
        let callee = self.checked.calls.get(expr.id).map(|call| &call.callee);
        self.claims |= callee == Some(&Callee::BuiltinTask(BuiltinTask::Write));
        walk_expr(self, expr);
    }

    fn prop(&mut self, prop: &'a Prop) {
        self.claims |= matches!(prop.name.text.as_str(), "writes" | "reads");
        self.limits |= matches!(prop.name.text.as_str(), "deadline" | "budget");
        walk_prop(self, prop);
    }
}
