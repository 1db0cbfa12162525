//! Expressions: the flat list of operators and operands becomes a tree by the table of precedences.

use super::control::race_with;
use super::{Builder, Cursor, Pair, Rule, errors, mismatch};
use crate::ast::{Arg, BinaryOp, Element, Expr, ExprKind, Prop, Props, UnaryOp};
use crate::source::Span;
use crate::syntax::explain::Braces;

/// What a pair is in the flat list of an expression. Of two operators the one that binds tighter has the greater rank.
enum Part {
    Operand,
    Prefix(u8),
    /// Left-associative.
    Infix(u8),
    /// It binds tighter than all else.
    Postfix,
}

fn part(rule: Rule) -> Part {
    match rule {
        Rule::or => Part::Infix(1),
        Rule::and => Part::Infix(2),
        Rule::not => Part::Prefix(3),
        Rule::eq | Rule::ne | Rule::lt | Rule::le | Rule::gt | Rule::ge | Rule::in_op => Part::Infix(4),
        Rule::coalesce => Part::Infix(5),
        Rule::add | Rule::sub => Part::Infix(6),
        Rule::mul | Rule::div => Part::Infix(7),
        Rule::neg => Part::Prefix(8),
        Rule::call | Rule::index | Rule::member | Rule::opt_member | Rule::with_props => Part::Postfix,
        _ => Part::Operand,
    }
}

/// An operator whose right side is not whole yet.
struct Waiting<'t> {
    rank: u8,
    op: Pair<'t>,
    /// `None` of a prefix.
    left: Option<Expr>,
}

impl Builder<'_> {
    /// `expr`
    pub(super) fn expr(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(pair);
        self.flat(Cursor::of(pair), span)
    }

    /// `expr` in the head of a loop: its last `with` is the loop's.
    pub(super) fn head(&mut self, pair: Pair<'_>) -> (Expr, Option<Props>) {
        let mut span = self.span(pair);
        let mut flat = Cursor::of(pair);
        let with = flat.last_when(Rule::with_props);
        if let Some((_, Some(before))) = with {
            span.end = self.span(before).end;
        }
        let head = self.flat(flat, span);
        (head, with.map(|(with, _)| self.with_props(with)))
    }

    fn flat(&mut self, flat: Cursor<'_>, span: Span) -> Expr {
        let built = self.within(flat.len(), span, |b| b.tree(flat));
        built.unwrap_or_else(|| self.make(span, ExprKind::Bad))
    }

    fn tree(&mut self, flat: Cursor<'_>) -> Expr {
        let mut value: Option<Expr> = None;
        let mut waiting: Vec<Waiting<'_>> = Vec::new();
        for pair in flat {
            match (part(pair.as_rule()), value.take()) {
                (Part::Operand, None) => {
                    if waiting.last().is_some_and(|before| before.op.as_rule() == Rule::neg) {
                        self.negated_at = Some(self.span(pair).start);
                    }
                    value = Some(self.primary(pair));
                }
                (Part::Prefix(rank), None) => waiting.push(Waiting { rank, op: pair, left: None }),
                (Part::Postfix, Some(base)) => value = Some(self.postfix(base, pair)),
                (Part::Infix(rank), Some(right)) => {
                    let left = Some(self.close(&mut waiting, rank, right));
                    waiting.push(Waiting { rank, op: pair, left });
                }
                (Part::Operand | Part::Prefix(_), Some(_)) | (Part::Postfix | Part::Infix(_), None) => {
                    mismatch()
                }
            }
        }
        match value {
            Some(right) => self.close(&mut waiting, 0, right),
            None => mismatch(),
        }
    }

    /// Gives `value` to the operators before it that bind at least as tight as that rank.
    fn close(&mut self, waiting: &mut Vec<Waiting<'_>>, rank: u8, mut value: Expr) -> Expr {
        while let Some(Waiting { op, left, .. }) = waiting.pop_if(|before| before.rank >= rank) {
            value = match left {
                Some(left) => self.infix(left, op, value),
                None => self.prefix(op, value),
            };
        }
        value
    }

    fn primary(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(pair);
        let kind = self.primary_kind(pair);
        self.make(span, kind)
    }

    /// Any rule of `primary`
    pub(super) fn primary_kind(&mut self, pair: Pair<'_>) -> ExprKind {
        match pair.as_rule() {
            Rule::name => self.name_expr(pair),
            Rule::line_string | Rule::block_string | Rule::raw_line | Rule::raw_block => {
                ExprKind::Str(self.string(pair))
            }
            Rule::number => self.number(pair),
            Rule::money => self.money(pair),
            Rule::word_literal => match pair.as_str() {
                "true" => ExprKind::Bool(true),
                "false" => ExprKind::Bool(false),
                _ => ExprKind::None,
            },
            Rule::list => ExprKind::List(Cursor::of(pair).map(|e| self.element(e)).collect()),
            Rule::braces => self.braces(pair),
            Rule::paren => ExprKind::Paren(Box::new(self.expr(Cursor::of(pair).expect()))),
            Rule::if_expr => self.if_expr(pair),
            Rule::match_expr => self.match_expr(pair),
            Rule::for_expr => ExprKind::For(Box::new(self.for_expr(pair))),
            Rule::repeat_expr => self.repeat_expr(pair),
            Rule::try_expr => self.try_expr(pair),
            Rule::race_expr => self.race_expr(pair),
            _ => mismatch(),
        }
    }

    fn name_expr(&mut self, pair: Pair<'_>) -> ExprKind {
        let name = self.any_name(pair);
        if matches!(name.text.as_str(), "null" | "nil" | "undefined") {
            let message = format!("`{}` is written `none`", name.text);
            self.report(errors::other_language(name.span, message).safe_fix(
                "write `none`",
                name.span,
                "none",
            ));
            return ExprKind::Bad;
        }
        ExprKind::Name(name)
    }

    fn element(&mut self, pair: Pair<'_>) -> Element {
        if pair.as_rule() == Rule::spread {
            Element { splice: true, value: self.expr(Cursor::of(pair).expect()) }
        } else {
            Element { splice: false, value: self.expr(pair) }
        }
    }

    fn prefix(&mut self, op: Pair<'_>, operand: Expr) -> Expr {
        let span = self.span(op).to(operand.span);
        let op = match op.as_rule() {
            Rule::not => UnaryOp::Not,
            Rule::neg => UnaryOp::Neg,
            _ => mismatch(),
        };
        let kind = match (op, &operand.kind) {
            // The smallest Int, whose positive half is out of range: `number` leaves it for this place.
            (UnaryOp::Neg, ExprKind::Int(i64::MIN)) if self.is_digit(operand.span) => ExprKind::Int(i64::MIN),
            (UnaryOp::Neg | UnaryOp::Not, _) => ExprKind::Unary { op, operand: Box::new(operand) },
        };
        self.make(span, kind)
    }

    fn infix(&mut self, left: Expr, op: Pair<'_>, right: Expr) -> Expr {
        let op_span = self.span(op);
        let op = binary_op(op.as_rule());
        if is_comparison(op)
            && let ExprKind::Binary { op: other, op_span: first, right: middle, .. } = &left.kind
            && is_comparison(*other)
        {
            let middle = self.origin.text.get(middle.span.range()).unwrap_or_default();
            let report = errors::chained_comparison(op_span, *first).fix(
                format!("compare with `{middle}` again"),
                op_span.at_start(),
                format!("and {middle} "),
            );
            self.report(report);
            return self.make(left.span.to(right.span), ExprKind::Bad);
        }
        let span = left.span.to(right.span);
        self.make(span, ExprKind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) })
    }

    fn is_digit(&self, span: Span) -> bool {
        self.origin.text.as_bytes().get(span.start as usize).is_some_and(u8::is_ascii_digit)
    }

    fn postfix(&mut self, mut base: Expr, pair: Pair<'_>) -> Expr {
        let span = base.span.to(self.span(pair));
        let rule = pair.as_rule();
        let kind = match rule {
            Rule::call => self.call(base, pair),
            Rule::index => {
                let index = Box::new(self.expr(Cursor::of(pair).expect()));
                ExprKind::Index { base: Box::new(base), index }
            }
            Rule::member | Rule::opt_member => {
                let name = self.any_name(Cursor::of(pair).expect());
                ExprKind::Field {
                    base: Box::new(base),
                    name: Box::new(name),
                    optional: rule == Rule::opt_member,
                }
            }
            Rule::with_props => {
                let props = self.with_props(pair);
                match race_with(&mut base.kind, props) {
                    None => return Expr { span, ..base },
                    Some(props) => ExprKind::With { base: Box::new(base), props: Box::new(props) },
                }
            }
            _ => mismatch(),
        };
        self.make(span, kind)
    }

    fn call(&mut self, callee: Expr, pair: Pair<'_>) -> ExprKind {
        let mut inner = Cursor::of(pair);
        let type_args = inner.when(Rule::type_args).map(|t| self.type_args(t)).unwrap_or_default();
        let args = inner.map(|a| self.arg(a)).collect();
        ExprKind::Call { callee: Box::new(callee), type_args: type_args.into(), args }
    }

    fn arg(&mut self, pair: Pair<'_>) -> Arg {
        if pair.as_rule() == Rule::named_arg {
            let mut inner = Cursor::of(pair);
            let name = self.any_name(inner.expect());
            Arg { name: Some(name), value: self.expr(inner.expect()) }
        } else {
            Arg { name: None, value: self.expr(pair) }
        }
    }

    /// `with_props`
    pub(super) fn with_props(&mut self, pair: Pair<'_>) -> Props {
        self.props(Cursor::of(pair).expect())
    }

    /// `props`
    pub(super) fn props(&mut self, pair: Pair<'_>) -> Props {
        let span = self.span(pair);
        let prop = |b: &mut Self, pair: Pair<'_>| {
            let span = b.span(pair);
            let mut inner = Cursor::of(pair);
            let name = b.any_name(inner.expect());
            Prop { name, value: b.expr(inner.expect()), span }
        };
        let mut braces = Braces::of(pair, Rule::strict_props);
        let (mut list, mut broken): (Vec<Prop>, bool) = (Vec::new(), false);
        for pair in Cursor::of(pair) {
            if pair.as_rule() == Rule::bad_prop {
                broken = true;
                if self.bad_part(pair, list.last().map(|p| p.span), &mut braces) {
                    list.pop();
                }
            } else {
                list.push(prop(self, pair));
            }
        }
        Props { span, list: list.into(), broken }
    }
}

fn binary_op(rule: Rule) -> BinaryOp {
    match rule {
        Rule::or => BinaryOp::Or,
        Rule::and => BinaryOp::And,
        Rule::eq => BinaryOp::Eq,
        Rule::ne => BinaryOp::Ne,
        Rule::lt => BinaryOp::Lt,
        Rule::le => BinaryOp::Le,
        Rule::gt => BinaryOp::Gt,
        Rule::ge => BinaryOp::Ge,
        Rule::in_op => BinaryOp::In,
        Rule::coalesce => BinaryOp::Coalesce,
        Rule::add => BinaryOp::Add,
        Rule::sub => BinaryOp::Sub,
        Rule::mul => BinaryOp::Mul,
        Rule::div => BinaryOp::Div,
        _ => mismatch(),
    }
}

fn is_comparison(op: BinaryOp) -> bool {
    match op {
        BinaryOp::Eq
        | BinaryOp::Ne
        | BinaryOp::Lt
        | BinaryOp::Le
        | BinaryOp::Gt
        | BinaryOp::Ge
        | BinaryOp::In => true,
        BinaryOp::Or
        | BinaryOp::And
        | BinaryOp::Coalesce
        | BinaryOp::Add
        | BinaryOp::Sub
        | BinaryOp::Mul
        | BinaryOp::Div => false,
    }
}
