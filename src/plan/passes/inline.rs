//! Inlining of small functions: a call of one becomes its body.
//!
//! Only bodies that evaluate all they are given are inlined, so that what fails goes on failing. Workflow calls stay nodes:
//! their ids, settings and failures are their own.

use super::dead::all_exprs_mut;
use crate::plan::{Binary, Expr, ExprKind, Function, Plan, Ref};

/// Most expressions in a function that is inlined.
const SMALL: usize = 12;

/// Inlines them, functions in functions too.
pub(super) fn inline(plan: &mut Plan) {
    if plan.fns.is_empty() {
        return;
    }
    let small: Vec<Option<Function>> = plan.fns.iter().map(|f| inlinable(f).then(|| f.clone())).collect();
    if small.iter().all(Option::is_none) {
        return;
    }
    let mut inline = |expr: &mut Expr| inline_in(expr, &small);
    all_exprs_mut(plan, &mut inline);
    plan.fns.iter_mut().for_each(|f| inline(&mut f.body));
}

/// Calls among what was put in are looked at too; functions form no recursion, so this ends.
fn inline_in(expr: &mut Expr, small: &[Option<Function>]) {
    let mut stack = vec![expr];
    while let Some(expr) = stack.pop() {
        while let ExprKind::Call(id, args) = &expr.kind
            && let Some(Some(function)) = small.get(id.index())
            && args.iter().all(|a| matches!(a.kind, ExprKind::Const(_) | ExprKind::Ref(_)))
        {
            let mut body = function.body.clone();
            body.replace_refs(&mut |r| match r {
                Ref::Arg(i) => args.get(i as usize).map(|a| a.kind.clone()),
                _ => None,
            });
            *expr = body;
        }
        expr.children_mut(&mut |child| stack.push(child));
    }
}

fn inlinable(function: &Function) -> bool {
    let (mut count, mut straight) = (0, function.locals == 0);
    let mut used = vec![false; function.params.len()];
    function.body.walk(&mut |e| {
        count += 1;
        straight &= !matches!(
            e.kind,
            ExprKind::If { .. }
                | ExprKind::Match { .. }
                | ExprKind::For { .. }
                | ExprKind::Repeat(_)
                | ExprKind::Try { .. }
                | ExprKind::Block { .. }
                | ExprKind::Binary(Binary::And | Binary::Or | Binary::Coalesce, ..)
        );
        if let ExprKind::Ref(Ref::Arg(i)) = e.kind
            && let Some(used) = used.get_mut(i as usize)
        {
            *used = true;
        }
    });
    straight && count <= SMALL && used.iter().all(|u| *u)
}
