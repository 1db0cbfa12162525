//! One walk over the tree, in the order of the text. A [`Visitor`] overrides what it cares for; an overriding method
//! calls the `walk_…` function of its node to go on below, or does not, to stop there.
//!
//! The depth of a tree is bounded by `syntax`, so the recursion is.

use super::{
    Arg, Binding, Block, Bound, Element, Entry, Expr, ExprKind, Field, Item, ItemKind, LetPattern, MatchArm,
    Mock, Module, Name, Param, Pattern, PatternKind, Prop, Props, Stmt, StmtKind, Str, StrPart, TaskDecl,
    TestStmt, TypeExpr, TypeExprKind,
};

/// Sees every node of a tree. `'a` is the tree's life.
pub trait Visitor<'a>: Sized {
    fn item(&mut self, item: &'a Item) {
        walk_item(self, item);
    }
    /// A task, declared or inline.
    fn task(&mut self, task: &'a TaskDecl) {
        walk_task(self, task);
    }
    fn param(&mut self, param: &'a Param) {
        walk_param(self, param);
    }
    fn field(&mut self, field: &'a Field) {
        walk_field(self, field);
    }
    fn mock(&mut self, mock: &'a Mock) {
        walk_mock(self, mock);
    }
    fn block(&mut self, block: &'a Block) {
        walk_block(self, block);
    }
    fn stmt(&mut self, stmt: &'a Stmt) {
        walk_stmt(self, stmt);
    }
    fn expr(&mut self, expr: &'a Expr) {
        walk_expr(self, expr);
    }
    fn arm(&mut self, arm: &'a MatchArm) {
        walk_arm(self, arm);
    }
    fn pattern(&mut self, pattern: &'a Pattern) {
        walk_pattern(self, pattern);
    }
    fn type_expr(&mut self, ty: &'a TypeExpr) {
        walk_type_expr(self, ty);
    }
    fn props(&mut self, props: &'a Props) {
        walk_props(self, props);
    }
    fn prop(&mut self, prop: &'a Prop) {
        walk_prop(self, prop);
    }
    fn string(&mut self, string: &'a Str) {
        walk_string(self, string);
    }
    /// A name that a statement, loop or handler binds.
    fn bound(&mut self, _bound: &'a Bound) {}
    /// An identifier in an expression.
    fn name(&mut self, _name: &'a Name) {}
}

/// Every item of a module.
pub fn walk_module<'a, V: Visitor<'a>>(v: &mut V, module: &'a Module) {
    module.items.iter().for_each(|item| v.item(item));
}

pub fn walk_item<'a, V: Visitor<'a>>(v: &mut V, item: &'a Item) {
    match &item.kind {
        ItemKind::Use(_) | ItemKind::Bad(_) => {}
        ItemKind::Type(decl) => v.type_expr(&decl.ty),
        ItemKind::Enum(decl) => {
            decl.variants.iter().flat_map(|variant| &variant.fields).for_each(|f| v.field(f))
        }
        ItemKind::Fn(decl) => {
            decl.params.iter().for_each(|p| v.param(p));
            v.type_expr(&decl.result);
            v.expr(&decl.body);
        }
        ItemKind::Actor(decl) => v.props(&decl.props),
        ItemKind::Task(decl) => v.task(decl),
        ItemKind::Workflow(decl) => {
            decl.params.iter().for_each(|p| v.param(p));
            decl.result.iter().for_each(|t| v.type_expr(t));
            decl.with.iter().for_each(|w| v.props(w));
            v.block(&decl.body);
        }
        ItemKind::Test(decl) => {
            v.string(&decl.title);
            for stmt in &decl.body {
                match stmt {
                    TestStmt::Mock(mock) => v.mock(mock),
                    TestStmt::Stmt(stmt) => v.stmt(stmt),
                }
            }
        }
    }
}

pub fn walk_task<'a, V: Visitor<'a>>(v: &mut V, task: &'a TaskDecl) {
    task.params.iter().for_each(|p| v.param(p));
    task.result.iter().for_each(|t| v.type_expr(t));
    v.props(&task.props);
}

pub fn walk_param<'a, V: Visitor<'a>>(v: &mut V, param: &'a Param) {
    v.type_expr(&param.ty);
    param.default.iter().for_each(|d| v.expr(d));
}

pub fn walk_field<'a, V: Visitor<'a>>(v: &mut V, field: &'a Field) {
    v.type_expr(&field.ty);
    field.default.iter().for_each(|d| v.expr(d));
}

pub fn walk_mock<'a, V: Visitor<'a>>(v: &mut V, mock: &'a Mock) {
    mock.args.iter().flatten().for_each(|p| v.pattern(p));
    mock.value.iter().for_each(|e| v.expr(e));
}

pub fn walk_block<'a, V: Visitor<'a>>(v: &mut V, block: &'a Block) {
    block.stmts.iter().for_each(|s| v.stmt(s));
}

pub fn walk_stmt<'a, V: Visitor<'a>>(v: &mut V, stmt: &'a Stmt) {
    match &stmt.kind {
        StmtKind::Let { pattern, ty, value } => {
            match pattern {
                LetPattern::Name(bound) => v.bound(bound),
                LetPattern::Fields(bounds, _) => bounds.iter().for_each(|b| v.bound(b)),
            }
            ty.iter().for_each(|t| v.type_expr(t));
            v.expr(value);
        }
        StmtKind::Task(task) => v.task(task),
        StmtKind::Stage { with, body, .. } => {
            with.iter().for_each(|w| v.props(w));
            v.block(body);
        }
        StmtKind::Assert { cond, message } => {
            v.expr(cond);
            message.iter().for_each(|m| v.expr(m));
        }
        StmtKind::Expr(expr) => v.expr(expr),
        StmtKind::Bad(_) => {}
    }
}

pub fn walk_expr<'a, V: Visitor<'a>>(v: &mut V, expr: &'a Expr) {
    match &expr.kind {
        ExprKind::None
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Duration(_)
        | ExprKind::Bytes(_)
        | ExprKind::Money(_)
        | ExprKind::Bad => {}
        ExprKind::Str(string) => v.string(string),
        ExprKind::Name(name) => v.name(name),
        ExprKind::Field { base, .. } => v.expr(base),
        ExprKind::Index { base, index } => {
            v.expr(base);
            v.expr(index);
        }
        ExprKind::Call { callee, type_args, args } => {
            v.expr(callee);
            type_args.iter().for_each(|t| v.type_expr(t));
            args.iter().for_each(|Arg { value, .. }| v.expr(value));
        }
        ExprKind::With { base, props } => {
            v.expr(base);
            v.props(props);
        }
        ExprKind::Unary { operand, .. } => v.expr(operand),
        ExprKind::Binary { left, right, .. } => {
            v.expr(left);
            v.expr(right);
        }
        ExprKind::List(elements) => elements.iter().for_each(|Element { value, .. }| v.expr(value)),
        ExprKind::Record(entries) => entries.iter().for_each(|entry| match entry {
            Entry::Field { value, .. } | Entry::Spread(value) => v.expr(value),
        }),
        ExprKind::Paren(inner) => v.expr(inner),
        ExprKind::Block(block) => v.block(block),
        ExprKind::If { .. }
        | ExprKind::Match { .. }
        | ExprKind::For(_)
        | ExprKind::Repeat(_)
        | ExprKind::Try { .. }
        | ExprKind::Race { .. }
        | ExprKind::RaceFor(_) => walk_control(v, &expr.kind),
    }
}

/// The expressions that hold blocks.
fn walk_control<'a, V: Visitor<'a>>(v: &mut V, kind: &'a ExprKind) {
    if let ExprKind::If { cond, then, otherwise } = kind {
        v.expr(cond);
        v.block(then);
        otherwise.iter().for_each(|o| v.expr(o));
    } else if let ExprKind::Match { value, arms } = kind {
        v.expr(value);
        arms.iter().for_each(|a| v.arm(a));
    } else if let ExprKind::For(l) = kind {
        walk_loop(v, &l.binding, (&l.items, &l.filter), &l.with, &l.body);
    } else if let ExprKind::RaceFor(l) = kind {
        walk_loop(v, &l.binding, (&l.items, &l.filter), &l.with, &l.body);
    } else if let ExprKind::Repeat(repeat) = kind {
        v.bound(&repeat.name);
        repeat.ty.iter().for_each(|t| v.type_expr(t));
        v.expr(&repeat.start);
        repeat.with.iter().for_each(|w| v.props(w));
        v.block(&repeat.body);
        v.expr(&repeat.until);
    } else if let ExprKind::Try { body, catch, finally } = kind {
        v.block(body);
        if let Some(catch) = catch {
            v.bound(&catch.name);
            v.block(&catch.body);
        }
        finally.iter().for_each(|f| v.block(f));
    } else if let ExprKind::Race { entrants, with } = kind {
        entrants.iter().for_each(|e| v.expr(e));
        with.iter().for_each(|w| v.props(w));
    }
}

fn walk_loop<'a, V: Visitor<'a>>(
    v: &mut V,
    binding: &'a Binding,
    (items, filter): (&'a Expr, &'a Option<Expr>),
    with: &'a Option<Props>,
    body: &'a Block,
) {
    match binding {
        Binding::Name(bound) => v.bound(bound),
        Binding::Fields(bounds, _) => bounds.iter().for_each(|b| v.bound(b)),
    }
    v.expr(items);
    filter.iter().for_each(|f| v.expr(f));
    with.iter().for_each(|w| v.props(w));
    v.block(body);
}

pub fn walk_arm<'a, V: Visitor<'a>>(v: &mut V, arm: &'a MatchArm) {
    v.pattern(&arm.pattern);
    arm.guard.iter().for_each(|g| v.expr(g));
    v.expr(&arm.value);
}

pub fn walk_pattern<'a, V: Visitor<'a>>(v: &mut V, pattern: &'a Pattern) {
    match &pattern.kind {
        PatternKind::Any | PatternKind::None | PatternKind::Name(_) | PatternKind::Bad => {}
        PatternKind::Literal(expr) => v.expr(expr),
        PatternKind::Variant { args, .. } => args.iter().flatten().for_each(|p| v.pattern(p)),
        PatternKind::Or(sides) => sides.iter().for_each(|p| v.pattern(p)),
    }
}

pub fn walk_type_expr<'a, V: Visitor<'a>>(v: &mut V, ty: &'a TypeExpr) {
    match &ty.kind {
        TypeExprKind::Named { args, .. } => args.iter().for_each(|t| v.type_expr(t)),
        TypeExprKind::List(inner) | TypeExprKind::Optional(inner) => v.type_expr(inner),
        TypeExprKind::Map(key, value) => {
            v.type_expr(key);
            v.type_expr(value);
        }
        TypeExprKind::Record(fields) => fields.iter().for_each(|f| v.field(f)),
        TypeExprKind::Bad => {}
    }
}

pub fn walk_props<'a, V: Visitor<'a>>(v: &mut V, props: &'a Props) {
    props.list.iter().for_each(|p| v.prop(p));
}

pub fn walk_prop<'a, V: Visitor<'a>>(v: &mut V, prop: &'a Prop) {
    v.expr(&prop.value);
}

pub fn walk_string<'a, V: Visitor<'a>>(v: &mut V, string: &'a Str) {
    for part in &string.parts {
        match part {
            StrPart::Text(..) => {}
            StrPart::Expr(expr) => v.expr(expr),
        }
    }
}
