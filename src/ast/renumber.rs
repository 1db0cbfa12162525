//! Moves the ids of a tree. Parts of a file that were read side by side each count from zero; the ids of a later part
//! then follow those of the earlier ones, as if one had read them all.

use super::{
    Arg, Binding, Block, Bound, Element, Entry, Expr, ExprKind, Field, Item, ItemKind, LetPattern, MatchArm,
    Mock, NodeId, Param, Pattern, PatternKind, Props, Stmt, StmtKind, Str, StrPart, TaskDecl, TestStmt,
    TypeExpr, TypeExprKind, UseSource,
};

/// Adds `by` to every id in the items.
pub fn renumber(items: &mut [Item], by: u32) {
    items.iter_mut().for_each(|item| Shift(by).item(item));
}

#[derive(Clone, Copy)]
struct Shift(u32);

impl Shift {
    fn id(self, id: &mut NodeId) {
        id.0 += self.0;
    }

    fn item(self, item: &mut Item) {
        self.id(&mut item.id);
        match &mut item.kind {
            ItemKind::Use(decl) => match &mut decl.source {
                UseSource::Std(_) => {}
                UseSource::File(text) | UseSource::Agents(text) => self.string(text),
            },
            ItemKind::Type(decl) => self.ty(&mut decl.ty),
            ItemKind::Enum(decl) => {
                decl.variants.iter_mut().flat_map(|v| &mut v.fields).for_each(|f| self.field(f));
            }
            ItemKind::Fn(decl) => {
                self.params(&mut decl.params);
                self.ty(&mut decl.result);
                self.expr(&mut decl.body);
            }
            ItemKind::Actor(decl) => self.props(&mut decl.props),
            ItemKind::Task(decl) => self.task(decl),
            ItemKind::Workflow(decl) => {
                self.params(&mut decl.params);
                decl.result.iter_mut().for_each(|t| self.ty(t));
                decl.with.iter_mut().for_each(|w| self.props(w));
                self.block(&mut decl.body);
            }
            ItemKind::Test(decl) => {
                self.string(&mut decl.title);
                decl.body.iter_mut().for_each(|s| match s {
                    TestStmt::Mock(mock) => self.mock(mock),
                    TestStmt::Stmt(stmt) => self.stmt(stmt),
                });
            }
            ItemKind::Bad(_) => {}
        }
    }

    fn task(self, task: &mut TaskDecl) {
        self.params(&mut task.params);
        task.result.iter_mut().for_each(|t| self.ty(t));
        self.props(&mut task.props);
    }

    fn params(self, params: &mut [Param]) {
        for Param { id, ty, default, name: _, doc: _ } in params {
            self.id(id);
            self.ty(ty);
            default.iter_mut().for_each(|d| self.expr(d));
        }
    }

    fn field(self, field: &mut Field) {
        self.ty(&mut field.ty);
        field.default.iter_mut().for_each(|d| self.expr(d));
    }

    fn mock(self, mock: &mut Mock) {
        self.id(&mut mock.id);
        mock.args.iter_mut().flatten().for_each(|p| self.pattern(p));
        mock.value.iter_mut().for_each(|v| self.expr(v));
    }

    fn props(self, props: &mut Props) {
        props.list.iter_mut().for_each(|p| self.expr(&mut p.value));
    }

    fn block(self, block: &mut Block) {
        self.id(&mut block.id);
        block.stmts.iter_mut().for_each(|s| self.stmt(s));
    }

    fn stmt(self, stmt: &mut Stmt) {
        self.id(&mut stmt.id);
        match &mut stmt.kind {
            StmtKind::Let { pattern, ty, value } => {
                match pattern {
                    LetPattern::Name(bound) => self.bound(bound),
                    LetPattern::Fields(bounds, _) => bounds.iter_mut().for_each(|b| self.bound(b)),
                }
                ty.iter_mut().for_each(|t| self.ty(t));
                self.expr(value);
            }
            StmtKind::Task(task) => self.task(task),
            StmtKind::Stage { name: _, with, body } => {
                with.iter_mut().for_each(|w| self.props(w));
                self.block(body);
            }
            StmtKind::Assert { cond, message } => {
                self.expr(cond);
                message.iter_mut().for_each(|m| self.expr(m));
            }
            StmtKind::Expr(expr) => self.expr(expr),
            StmtKind::Bad(_) => {}
        }
    }

    fn bound(self, bound: &mut Bound) {
        self.id(&mut bound.id);
    }

    fn binding(self, binding: &mut Binding) {
        match binding {
            Binding::Name(bound) => self.bound(bound),
            Binding::Fields(bounds, _) => bounds.iter_mut().for_each(|b| self.bound(b)),
        }
    }

    fn expr(self, expr: &mut Expr) {
        self.id(&mut expr.id);
        match &mut expr.kind {
            ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Duration(_)
            | ExprKind::Bytes(_)
            | ExprKind::Money(_)
            | ExprKind::Name(_)
            | ExprKind::Bad => {}
            ExprKind::Str(text) => self.string(text),
            ExprKind::Field { base, name: _, optional: _ } => self.expr(base),
            ExprKind::Index { base, index } => {
                self.expr(base);
                self.expr(index);
            }
            ExprKind::Call { callee, type_args, args } => {
                self.expr(callee);
                type_args.iter_mut().for_each(|t| self.ty(t));
                args.iter_mut().for_each(|Arg { name: _, value }| self.expr(value));
            }
            ExprKind::With { base, props } => {
                self.expr(base);
                self.props(props);
            }
            ExprKind::Unary { op: _, operand } => self.expr(operand),
            ExprKind::Binary { op: _, op_span: _, left, right } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Block(block) => self.block(block),
            ExprKind::List(elements) => {
                elements.iter_mut().for_each(|Element { splice: _, value }| self.expr(value));
            }
            ExprKind::Record(entries) => entries.iter_mut().for_each(|entry| match entry {
                Entry::Field { key: _, value } | Entry::Spread(value) => self.expr(value),
            }),
            ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::If { .. }
            | ExprKind::Match { .. }
            | ExprKind::For(_)
            | ExprKind::Repeat(_)
            | ExprKind::Try { .. }
            | ExprKind::Race { .. }
            | ExprKind::RaceFor(_) => self.control(&mut expr.kind),
        }
    }

    /// The expressions that hold blocks.
    fn control(self, kind: &mut ExprKind) {
        if let ExprKind::If { cond, then, otherwise } = kind {
            self.expr(cond);
            self.block(then);
            otherwise.iter_mut().for_each(|o| self.expr(o));
        } else if let ExprKind::Match { value, arms } = kind {
            self.expr(value);
            arms.iter_mut().for_each(|a| self.arm(a));
        } else if let ExprKind::For(l) = kind {
            self.each(&mut l.binding, (&mut l.items, &mut l.filter), &mut l.with, &mut l.body);
        } else if let ExprKind::RaceFor(l) = kind {
            self.each(&mut l.binding, (&mut l.items, &mut l.filter), &mut l.with, &mut l.body);
        } else if let ExprKind::Repeat(repeat) = kind {
            self.bound(&mut repeat.name);
            repeat.ty.iter_mut().for_each(|t| self.ty(t));
            self.expr(&mut repeat.start);
            repeat.with.iter_mut().for_each(|w| self.props(w));
            self.block(&mut repeat.body);
            self.expr(&mut repeat.until);
        } else if let ExprKind::Try { body, catch, finally } = kind {
            self.block(body);
            if let Some(catch) = catch {
                self.bound(&mut catch.name);
                self.block(&mut catch.body);
            }
            finally.iter_mut().for_each(|f| self.block(f));
        } else if let ExprKind::Race { entrants, with } = kind {
            entrants.iter_mut().for_each(|e| self.expr(e));
            with.iter_mut().for_each(|w| self.props(w));
        }
    }

    fn each(
        self,
        binding: &mut Binding,
        (items, filter): (&mut Expr, &mut Option<Expr>),
        with: &mut Option<Props>,
        body: &mut Block,
    ) {
        self.binding(binding);
        self.expr(items);
        filter.iter_mut().for_each(|f| self.expr(f));
        with.iter_mut().for_each(|w| self.props(w));
        self.block(body);
    }

    fn arm(self, arm: &mut MatchArm) {
        self.pattern(&mut arm.pattern);
        arm.guard.iter_mut().for_each(|g| self.expr(g));
        self.expr(&mut arm.value);
    }

    fn pattern(self, pattern: &mut Pattern) {
        self.id(&mut pattern.id);
        match &mut pattern.kind {
            PatternKind::Any | PatternKind::None | PatternKind::Name(_) | PatternKind::Bad => {}
            PatternKind::Literal(expr) => self.expr(expr),
            PatternKind::Variant { path: _, variant: _, args } => {
                args.iter_mut().flatten().for_each(|p| self.pattern(p));
            }
            PatternKind::Or(sides) => sides.iter_mut().for_each(|p| self.pattern(p)),
        }
    }

    fn ty(self, ty: &mut TypeExpr) {
        self.id(&mut ty.id);
        match &mut ty.kind {
            TypeExprKind::Named { path: _, args } => args.iter_mut().for_each(|t| self.ty(t)),
            TypeExprKind::List(inner) | TypeExprKind::Optional(inner) => self.ty(inner),
            TypeExprKind::Map(key, value) => {
                self.ty(key);
                self.ty(value);
            }
            TypeExprKind::Record(fields) => fields.iter_mut().for_each(|f| self.field(f)),
            TypeExprKind::Bad => {}
        }
    }

    fn string(self, text: &mut Str) {
        for part in &mut text.parts {
            match part {
                StrPart::Text(..) => {}
                StrPart::Expr(expr) => self.expr(expr),
            }
        }
    }
}
