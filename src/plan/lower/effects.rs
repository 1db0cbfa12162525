//! Which expressions have tasks inside: those become nodes, the others stay expressions.

use super::Lowering;
use crate::ast::{Block, Element, Entry, Expr, ExprKind, Props, Stmt, StmtKind, Str, StrPart};
use crate::resolve::DefKind;
use crate::types::Callee;

impl<'a> Lowering<'a> {
    /// Whether an expression calls a task or workflow anywhere inside.
    pub(super) fn has_tasks(&mut self, expr: &'a Expr) -> bool {
        if let Some(known) = self.effects.get(&expr.id) {
            return *known;
        }
        let found = self.search(vec![Item::Expr(expr)]);
        self.effects.insert(expr.id, found);
        found
    }

    /// Whether a block does.
    pub(super) fn block_has_tasks(&mut self, block: &'a Block) -> bool {
        if let Some(known) = self.effects.get(&block.id) {
            return *known;
        }
        let found = self.search(vec![Item::Block(block)]);
        self.effects.insert(block.id, found);
        found
    }

    /// Whether any property does.
    pub(super) fn props_have_tasks(&mut self, props: Option<&'a Props>) -> bool {
        props.is_some_and(|p| self.search(vec![Item::Props(p)]))
    }

    /// Whether a call is one of a task or workflow.
    pub(super) fn is_task_call(&self, id: crate::ast::NodeId) -> bool {
        match self.checked.calls.get(id).map(|c| &c.callee) {
            Some(Callee::Def(def)) => {
                matches!(self.checked.resolved.def(*def).kind, DefKind::Task | DefKind::Workflow)
            }
            Some(Callee::BuiltinTask(_)) => true,
            Some(Callee::Builtin(_) | Callee::Variant(..) | Callee::Property(_)) | None => false,
        }
    }

    fn search(&self, mut stack: Vec<Item<'a>>) -> bool {
        while let Some(item) = stack.pop() {
            match item {
                Item::Expr(expr) => {
                    let known = self.effects.get(&expr.id).copied();
                    if known == Some(true) || self.is_task_call(expr.id) {
                        return true;
                    }
                    if known.is_none() {
                        children(expr, &mut stack);
                    }
                }
                Item::Block(block) => {
                    if block.stmts.iter().any(|s| stmt(s, &mut stack)) {
                        return true;
                    }
                }
                Item::Props(props) => stack.extend(props.list.iter().map(|p| Item::Expr(&p.value))),
            }
        }
        false
    }
}

enum Item<'a> {
    Expr(&'a Expr),
    Block(&'a Block),
    Props(&'a Props),
}

/// Whether a statement makes a node whatever stands in it; else what to look at goes onto the stack.
fn stmt<'a>(stmt: &'a Stmt, stack: &mut Vec<Item<'a>>) -> bool {
    match &stmt.kind {
        StmtKind::Task(_) | StmtKind::Stage { .. } => return true,
        StmtKind::Let { value, .. } => stack.push(Item::Expr(value)),
        StmtKind::Assert { cond, message } => {
            stack.push(Item::Expr(cond));
            stack.extend(message.iter().map(|m| Item::Expr(m)));
        }
        StmtKind::Expr(expr) => stack.push(Item::Expr(expr)),
        StmtKind::Bad(_) => {}
    }
    false
}

fn text<'a>(text: &'a Str, stack: &mut Vec<Item<'a>>) {
    for part in &text.parts {
        match part {
            StrPart::Text(..) => {}
            StrPart::Expr(expr) => stack.push(Item::Expr(expr)),
        }
    }
}

fn children<'a>(expr: &'a Expr, stack: &mut Vec<Item<'a>>) {
    match &expr.kind {
        ExprKind::None
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Duration(_)
        | ExprKind::Bytes(_)
        | ExprKind::Money(_)
        | ExprKind::Name(_)
        | ExprKind::Bad => {}
        ExprKind::Str(s) => text(s, stack),
        ExprKind::Field { base, .. } => stack.push(Item::Expr(base)),
        ExprKind::Index { base, index } => stack.extend([Item::Expr(base), Item::Expr(index)]),
        ExprKind::Call { callee: _, type_args: _, args } => {
            stack.extend(args.iter().map(|a| Item::Expr(&a.value)));
        }
        ExprKind::With { base, props } => stack.extend([Item::Expr(base), Item::Props(props)]),
        ExprKind::Unary { operand, .. } => stack.push(Item::Expr(operand)),
        ExprKind::Binary { left, right, .. } => stack.extend([Item::Expr(left), Item::Expr(right)]),
        ExprKind::Block(block) => stack.push(Item::Block(block)),
        ExprKind::List(elements) => {
            stack.extend(elements.iter().map(|Element { value, .. }| Item::Expr(value)));
        }
        ExprKind::Record(entries) => stack.extend(entries.iter().map(|e| match e {
            Entry::Field { value, .. } | Entry::Spread(value) => Item::Expr(value),
        })),
        ExprKind::Paren(inner) => stack.push(Item::Expr(inner)),
        ExprKind::If { .. }
        | ExprKind::Match { .. }
        | ExprKind::For(_)
        | ExprKind::Repeat(_)
        | ExprKind::Try { .. }
        | ExprKind::Race { .. }
        | ExprKind::RaceFor(_) => control(expr, stack),
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the caller hands over control flow only")]
fn control<'a>(expr: &'a Expr, stack: &mut Vec<Item<'a>>) {
    match &expr.kind {
        ExprKind::If { cond, then, otherwise } => {
            stack.extend([Item::Expr(cond), Item::Block(then)]);
            stack.extend(otherwise.iter().map(|e| Item::Expr(e)));
        }
        ExprKind::Match { value, arms } => {
            stack.push(Item::Expr(value));
            for arm in arms {
                stack.push(Item::Expr(&arm.value));
                stack.extend(arm.guard.iter().map(Item::Expr));
            }
        }
        ExprKind::For(f) => {
            stack.extend([Item::Expr(&f.items), Item::Block(&f.body)]);
            stack.extend(f.filter.iter().map(Item::Expr));
            stack.extend(f.with.iter().map(Item::Props));
        }
        ExprKind::Repeat(r) => {
            stack.extend([Item::Expr(&r.start), Item::Block(&r.body), Item::Expr(&r.until)]);
            stack.extend(r.with.iter().map(Item::Props));
        }
        ExprKind::Try { body, catch, finally } => {
            stack.push(Item::Block(body));
            stack.extend(catch.iter().map(|c| Item::Block(&c.body)));
            stack.extend(finally.as_deref().map(Item::Block));
        }
        ExprKind::Race { entrants, with } => {
            stack.extend(entrants.iter().map(Item::Expr));
            stack.extend(with.as_deref().map(Item::Props));
        }
        ExprKind::RaceFor(f) => {
            stack.extend([Item::Expr(&f.items), Item::Block(&f.body)]);
            stack.extend(f.filter.iter().map(Item::Expr));
            stack.extend(f.with.iter().map(Item::Props));
        }
        _ => {}
    }
}
