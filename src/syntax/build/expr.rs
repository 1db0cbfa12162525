//! Expressions: the flat list of operators and operands becomes a tree by the table of precedences.

use super::control::race_with;
use super::{Builder, Cursor, Pair, Rule, errors, mismatch};
use crate::ast::{Arg, BinaryOp, Element, Expr, ExprKind, Prop, Props, UnaryOp};
use crate::source::Span;
use crate::syntax::explain::Braces;
use pest::pratt_parser::{Assoc, Op, PrattParser};
use std::cell::RefCell;
use std::sync::LazyLock;

/// Loosest first. Everything is left-associative, so that a chain is walked without recursion.
static PRECEDENCE: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::or))
        .op(left(Rule::and))
        .op(Op::prefix(Rule::not))
        .op(left(Rule::eq)
            | left(Rule::ne)
            | left(Rule::lt)
            | left(Rule::le)
            | left(Rule::gt)
            | left(Rule::ge)
            | left(Rule::in_op))
        .op(left(Rule::coalesce))
        .op(left(Rule::add) | left(Rule::sub))
        .op(left(Rule::mul) | left(Rule::div))
        .op(Op::prefix(Rule::neg))
        .op(Op::postfix(Rule::call)
            | Op::postfix(Rule::index)
            | Op::postfix(Rule::member)
            | Op::postfix(Rule::opt_member)
            | Op::postfix(Rule::with_props))
});

fn is_postfix(rule: Rule) -> bool {
    matches!(rule, Rule::call | Rule::index | Rule::member | Rule::opt_member | Rule::with_props)
}

impl Builder<'_> {
    /// `expr`
    pub(super) fn expr(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let mut inner = Cursor::of(pair);
        if inner.len() > 1 {
            return self.flat(inner.collect(), span);
        }
        // Most expressions are a single operand.
        let only = inner.expect();
        let built = self.within(1, span, |b| b.primary(only));
        built.unwrap_or_else(|| self.make(span, ExprKind::Bad))
    }

    /// `expr` in the head of a loop: its last `with` is the loop's.
    pub(super) fn head(&mut self, pair: Pair<'_, Rule>) -> (Expr, Option<Props>) {
        let mut span = self.span(&pair);
        let mut flat: Vec<Pair<'_, Rule>> = Cursor::of(pair).collect();
        let last = flat.pop_if(|last| last.as_rule() == Rule::with_props);
        if let (Some(_), Some(before)) = (&last, flat.last()) {
            span.end = self.span(before).end;
        }
        let head = self.flat(flat, span);
        (head, last.map(|w| self.with_props(w)))
    }

    fn flat(&mut self, flat: Vec<Pair<'_, Rule>>, span: Span) -> Expr {
        let built = self.within(flat.len(), span, |b| b.tree(flat));
        built.unwrap_or_else(|| self.make(span, ExprKind::Bad))
    }

    fn tree(&mut self, flat: Vec<Pair<'_, Rule>>) -> Expr {
        // Calls and fields: nothing to weigh against each other.
        if let [first, rest @ ..] = &flat[..]
            && !matches!(first.as_rule(), Rule::neg | Rule::not)
            && rest.iter().all(|pair| is_postfix(pair.as_rule()))
        {
            let mut flat = flat.into_iter();
            let Some(first) = flat.next() else { mismatch() };
            let first = self.primary(first);
            return flat.fold(first, |base, op| self.postfix(base, op));
        }
        for pair in flat.windows(2) {
            if let [sign, number] = pair
                && sign.as_rule() == Rule::neg
            {
                self.negated_at = Some(self.span(number).start);
            }
        }
        let this = RefCell::new(self);
        PRECEDENCE
            .map_primary(|pair| this.borrow_mut().primary(pair))
            .map_prefix(|op, operand| this.borrow_mut().prefix(&op, operand))
            .map_postfix(|base, op| this.borrow_mut().postfix(base, op))
            .map_infix(|left, op, right| this.borrow_mut().infix(left, &op, right))
            .parse(flat.into_iter())
    }

    fn primary(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let kind = self.primary_kind(pair);
        self.make(span, kind)
    }

    /// Any rule of `primary`
    pub(super) fn primary_kind(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        match pair.as_rule() {
            Rule::name => self.name_expr(&pair),
            Rule::line_string | Rule::block_string | Rule::raw_line | Rule::raw_block => {
                ExprKind::Str(self.string(pair))
            }
            Rule::number => self.number(&pair),
            Rule::money => self.money(&pair),
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

    fn name_expr(&mut self, pair: &Pair<'_, Rule>) -> ExprKind {
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

    fn element(&mut self, pair: Pair<'_, Rule>) -> Element {
        if pair.as_rule() == Rule::spread {
            Element { splice: true, value: self.expr(Cursor::of(pair).expect()) }
        } else {
            Element { splice: false, value: self.expr(pair) }
        }
    }

    fn prefix(&mut self, op: &Pair<'_, Rule>, operand: Expr) -> Expr {
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

    fn infix(&mut self, left: Expr, op: &Pair<'_, Rule>, right: Expr) -> Expr {
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

    fn postfix(&mut self, mut base: Expr, pair: Pair<'_, Rule>) -> Expr {
        let span = base.span.to(self.span(&pair));
        let rule = pair.as_rule();
        let kind = match rule {
            Rule::call => self.call(base, pair),
            Rule::index => {
                let index = Box::new(self.expr(Cursor::of(pair).expect()));
                ExprKind::Index { base: Box::new(base), index }
            }
            Rule::member | Rule::opt_member => {
                let name = self.any_name(&Cursor::of(pair).expect());
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

    fn call(&mut self, callee: Expr, pair: Pair<'_, Rule>) -> ExprKind {
        let mut inner = Cursor::of(pair);
        let type_args = inner.when(Rule::type_args).map(|t| self.type_args(t)).unwrap_or_default();
        let args = inner.map(|a| self.arg(a)).collect();
        ExprKind::Call { callee: Box::new(callee), type_args: type_args.into(), args }
    }

    fn arg(&mut self, pair: Pair<'_, Rule>) -> Arg {
        if pair.as_rule() == Rule::named_arg {
            let mut inner = Cursor::of(pair);
            let name = self.any_name(&inner.expect());
            Arg { name: Some(name), value: self.expr(inner.expect()) }
        } else {
            Arg { name: None, value: self.expr(pair) }
        }
    }

    /// `with_props`
    pub(super) fn with_props(&mut self, pair: Pair<'_, Rule>) -> Props {
        self.props(Cursor::of(pair).expect())
    }

    /// `props`
    pub(super) fn props(&mut self, pair: Pair<'_, Rule>) -> Props {
        let span = self.span(&pair);
        let prop = |b: &mut Self, pair: Pair<'_, Rule>| {
            let span = b.span(&pair);
            let mut inner = Cursor::of(pair);
            let name = b.any_name(&inner.expect());
            Prop { name, value: b.expr(inner.expect()), span }
        };
        let mut braces = Braces::of(&pair, Rule::strict_props);
        let (mut list, mut broken): (Vec<Prop>, bool) = (Vec::new(), false);
        for pair in Cursor::of(pair) {
            if pair.as_rule() == Rule::bad_prop {
                broken = true;
                if self.bad_part(&pair, list.last().map(|p| p.span), &mut braces) {
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
