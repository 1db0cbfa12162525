//! Expressions and patterns.

use super::Printer;
use super::layout::{Group, Op};
use super::tokens::{Brackets, Commas};
use crate::ast::{
    Arg, BinaryOp, Binding, Block, Element, Expr, ExprKind, MatchArm, Pattern, PatternKind, Props, Repeat,
    StrStyle, UnaryOp,
};
use crate::source::Span;

impl Printer<'_> {
    pub(super) fn expr(&mut self, expr: &Expr) {
        self.expr_in(expr, true);
    }

    /// An expression; whether the lines of a chain of operators are indented below its first.
    pub(super) fn expr_in(&mut self, expr: &Expr, indented: bool) {
        match &expr.kind {
            ExprKind::None | ExprKind::Bool(_) | ExprKind::Float(_) | ExprKind::Duration(_) => {
                self.token(expr.span)
            }
            ExprKind::Bytes(_) | ExprKind::Money(_) | ExprKind::Name(_) => self.token(expr.span),
            ExprKind::Int(_) => self.int(expr.span),
            ExprKind::Str(string) => self.string(string.span),
            ExprKind::Field { base, name, optional } => {
                self.expr(base);
                self.sign(if *optional { "?." } else { "." });
                self.name(name);
            }
            ExprKind::Index { base, index } => {
                self.expr(base);
                self.sign("[");
                self.expr(index);
                self.sign("]");
            }
            ExprKind::Call { callee, type_args, args } => {
                self.expr(callee);
                if !type_args.is_empty() {
                    self.angles(type_args, Self::type_expr);
                }
                let hugs = args.last().is_some_and(|arg| hugs(&arg.value, args.len() == 1));
                let brackets = Brackets::round(if hugs { Group::Hug } else { Group::Fit });
                self.brackets(brackets, args, Self::arg);
            }
            ExprKind::With { base, props } => {
                self.expr(base);
                self.with(Some(props));
            }
            ExprKind::Unary { op, operand } => {
                match op {
                    UnaryOp::Not => {
                        self.sign("not");
                        self.space();
                    }
                    UnaryOp::Neg => self.sign("-"),
                }
                self.expr(operand);
            }
            ExprKind::Binary { .. } => self.chain(expr, indented),
            ExprKind::Block(block) => self.body(block),
            ExprKind::List(elements) => self.list(elements),
            ExprKind::Record(entries) => self.record(entries),
            ExprKind::Paren(inner) => {
                self.sign("(");
                self.expr(inner);
                self.sign(")");
            }
            ExprKind::Bad => self.as_it_is_here(expr.span),
            ExprKind::If { .. }
            | ExprKind::Match { .. }
            | ExprKind::For(_)
            | ExprKind::Repeat(_)
            | ExprKind::Try { .. }
            | ExprKind::Race { .. }
            | ExprKind::RaceFor(_) => self.control(&expr.kind),
        }
    }

    /// The smallest Int has a sign.
    fn int(&mut self, span: Span) {
        if self.is_next("-") {
            self.sign("-");
            let start = self.next_token() as u32;
            return self.token(Span { start, ..span });
        }
        self.token(span);
    }

    fn arg(&mut self, arg: &Arg) {
        match &arg.name {
            Some(name) => {
                self.name(name);
                self.sign(":");
                self.value(&arg.value, false);
            }
            None => self.expr(&arg.value),
        }
    }

    fn list(&mut self, elements: &[Element]) {
        let hugs = elements.last().is_some_and(|last| match elements.len() {
            1 => hugs(&last.value, true),
            _ => self.is_lines(&last.value),
        });
        let brackets = Brackets::square(if hugs { Group::Hug } else { Group::Fit });
        self.brackets(brackets, elements, |p, element| {
            if element.splice {
                p.sign("...");
            }
            p.expr(&element.value);
        });
    }

    /// Whether it is a string over several lines.
    fn is_lines(&self, expr: &Expr) -> bool {
        let text = self.text.get(expr.span.range()).unwrap_or("");
        matches!(expr.kind, ExprKind::Str(_)) && text.contains(['\n', '\r'])
    }

    /// Operators of one precedence in a row: on one line, or each on a line of its own.
    fn chain(&mut self, expr: &Expr, indented: bool) {
        let mut links: Vec<(Span, &Expr)> = Vec::new();
        let mut first = expr;
        let mut level = None;
        while let ExprKind::Binary { op, op_span, left, right } = &first.kind {
            if level.is_some_and(|l| l != precedence(*op)) {
                break;
            }
            level = Some(precedence(*op));
            links.push((*op_span, right));
            first = left;
        }
        self.push(Op::Begin(Group::Fit));
        self.expr(first);
        if indented {
            self.push(Op::Indent);
        }
        for (op, right) in links.into_iter().rev() {
            self.push(Op::Line);
            self.token(op);
            self.space();
            self.expr(right);
        }
        if indented {
            self.push(Op::Dedent);
        }
        self.push(Op::End);
    }

    fn control(&mut self, kind: &ExprKind) {
        match kind {
            ExprKind::If { cond, then, otherwise } => self.if_expr(cond, then, otherwise.as_deref()),
            ExprKind::Match { value, arms } => {
                self.sign("match");
                self.space();
                self.expr(value);
                self.space();
                self.brackets(Brackets::curly(), arms, Self::arm);
            }
            ExprKind::For(l) => {
                self.for_expr((&l.binding, &l.items, l.filter.as_ref()), l.with.as_ref(), &l.body);
            }
            ExprKind::RaceFor(l) => {
                self.sign("race");
                self.space();
                self.for_expr((&l.binding, &l.items, l.filter.as_ref()), l.with.as_ref(), &l.body);
            }
            ExprKind::Race { entrants, with } => {
                self.sign("race");
                self.space();
                self.brackets(Brackets::curly(), entrants, Self::expr);
                self.with(with.as_deref());
            }
            ExprKind::Repeat(repeat) => self.repeat(repeat),
            ExprKind::Try { body, catch, finally } => {
                let mut blocks: Vec<&Block> = vec![body];
                blocks.extend(catch.iter().map(|c| &c.body));
                blocks.extend(finally.as_deref());
                let shared = self.blocks(&blocks);
                self.sign("try");
                self.space();
                self.body_in(body, shared);
                if let Some(catch) = catch {
                    self.goes_on("catch");
                    self.name(&catch.name.name);
                    self.space();
                    self.body_in(&catch.body, shared);
                }
                if let Some(finally) = finally {
                    self.goes_on("finally");
                    self.body_in(finally, shared);
                }
                self.end_blocks(shared);
            }
            _ => self.lost = true,
        }
    }

    /// Blocks that belong together break together, unless the author has broken one of them. Opens their group.
    fn blocks(&mut self, blocks: &[&Block]) -> bool {
        let broken = |b: &&Block| b.stmts.len() > 1 || self.ends_line_at(b.span.start as usize + 1);
        if blocks.len() < 2 || blocks.iter().any(broken) {
            return false;
        }
        self.push(Op::Begin(Group::Fit));
        true
    }

    fn end_blocks(&mut self, shared: bool) {
        if shared {
            self.push(Op::End);
        }
    }

    fn if_expr(&mut self, cond: &Expr, then: &Block, otherwise: Option<&Expr>) {
        let mut blocks = vec![then];
        let mut rest = otherwise;
        while let Some(expr) = rest {
            rest = match &expr.kind {
                ExprKind::If { then, otherwise, .. } => {
                    blocks.push(then);
                    otherwise.as_deref()
                }
                ExprKind::Block(block) => {
                    blocks.push(block);
                    None
                }
                _ => None,
            };
        }
        let shared = self.blocks(&blocks);
        self.branch(cond, then, shared);
        let mut rest = otherwise;
        while let Some(expr) = rest {
            self.goes_on("else");
            rest = match &expr.kind {
                ExprKind::If { cond, then, otherwise } => {
                    self.branch(cond, then, shared);
                    otherwise.as_deref()
                }
                ExprKind::Block(block) => {
                    self.body_in(block, shared);
                    None
                }
                _ => {
                    self.expr(expr);
                    None
                }
            };
        }
        self.end_blocks(shared);
    }

    fn branch(&mut self, cond: &Expr, then: &Block, shared: bool) {
        self.sign("if");
        self.space();
        self.expr(cond);
        self.space();
        self.body_in(then, shared);
    }

    fn arm(&mut self, arm: &MatchArm) {
        self.pattern(&arm.pattern);
        if let Some(guard) = &arm.guard {
            self.spaced("if");
            self.expr(guard);
        }
        self.space();
        self.sign("=>");
        self.value(&arm.value, false);
    }

    fn for_expr(
        &mut self,
        (binding, items, filter): (&Binding, &Expr, Option<&Expr>),
        with: Option<&Props>,
        body: &Block,
    ) {
        self.sign("for");
        self.space();
        self.binding(binding);
        self.spaced("in");
        self.expr(items);
        if let Some(filter) = filter {
            self.spaced("if");
            self.expr(filter);
        }
        // A race may have it behind its body.
        let (head, behind) = match with {
            Some(props) if props.span.start > body.span.start => (None, with),
            _ => (with, None),
        };
        self.with(head);
        self.space();
        self.body(body);
        self.with(behind);
    }

    fn repeat(&mut self, repeat: &Repeat) {
        self.sign("repeat");
        self.space();
        self.name(&repeat.name.name);
        if let Some(ty) = &repeat.ty {
            self.sign(":");
            self.space();
            self.type_expr(ty);
        }
        self.spaced("=");
        self.expr(&repeat.start);
        self.with(repeat.with.as_ref());
        self.space();
        self.body(&repeat.body);
        self.goes_on("until");
        self.expr(&repeat.until);
    }

    pub(super) fn pattern(&mut self, pattern: &Pattern) {
        match &pattern.kind {
            PatternKind::Any | PatternKind::None | PatternKind::Name(_) => self.token(pattern.span),
            PatternKind::Literal(expr) => self.expr(expr),
            PatternKind::Variant { path, variant, args } => {
                let start = path.first().map_or(variant.span, |first| first.span);
                self.token(start.to(variant.span));
                if let Some(args) = args {
                    self.brackets(Brackets::round(Group::Fit), args, Self::pattern);
                }
            }
            PatternKind::Or(sides) => {
                for (i, side) in sides.iter().enumerate() {
                    if i > 0 {
                        self.spaced("|");
                    }
                    self.pattern(side);
                }
            }
            PatternKind::Bad => self.as_it_is_here(pattern.span),
        }
    }

    /// Elements in `<…>`, which are never broken.
    pub(super) fn angles<T>(&mut self, elements: &[T], mut print: impl FnMut(&mut Self, &T)) {
        self.sign("<");
        for (i, element) in elements.iter().enumerate() {
            print(self, element);
            let last = i + 1 == elements.len();
            self.comma(Commas::Always, last);
            if !last {
                self.space();
            }
        }
        self.sign(">");
    }
}

/// Whether the last argument may stay behind its bracket when it alone is broken.
fn hugs(expr: &Expr, only: bool) -> bool {
    match &expr.kind {
        ExprKind::List(elements) => !elements.is_empty(),
        ExprKind::Record(entries) => !entries.is_empty(),
        ExprKind::Block(block) => !block.stmts.is_empty(),
        ExprKind::Str(string) => matches!(string.style, StrStyle::Block | StrStyle::RawBlock),
        ExprKind::Match { .. } | ExprKind::For(_) => only,
        _ => false,
    }
}

/// Operators of one precedence have one number.
fn precedence(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 0,
        BinaryOp::And => 1,
        BinaryOp::Eq
        | BinaryOp::Ne
        | BinaryOp::Lt
        | BinaryOp::Le
        | BinaryOp::Gt
        | BinaryOp::Ge
        | BinaryOp::In => 2,
        BinaryOp::Coalesce => 3,
        BinaryOp::Add | BinaryOp::Sub => 4,
        BinaryOp::Mul | BinaryOp::Div => 5,
    }
}
