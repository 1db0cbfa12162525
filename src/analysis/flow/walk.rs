//! The walk over one body after the other: what every expression is made of.

use super::carry::Carries;
use super::value::{Taint, Value, bits, slot};
use super::{Binder, Flow, Inflow, State};
use crate::analysis::agents::Agents;
use crate::ast::{
    BinaryOp, Block, Bound, Entry, Expr, ExprKind, ItemKind, LetPattern, NodeId, Param, Props, Stmt,
    StmtKind, Str, StrPart, Table,
};
use crate::resolve::{DefId, DefKind, Res};
use crate::types::{Checked, Ty};
use ecow::EcoString;
use foldhash::HashMap;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Fields that are told apart, at most so deep.
const MAX_DEPTH: usize = 3;

pub(super) struct Walk<'f, 'a> {
    pub flow: &'f mut Flow<'a>,
    pub agents: &'f Agents<'a>,
    pub checked: &'a Checked,
    carries: Carries,
    /// What fns and workflows give, in terms of their parameters.
    pub summaries: HashMap<DefId, Value>,
    pub locals: Table<Value>,
    pub owner: DefId,
    /// How many parameters and rounds the owner has so far.
    pub slots: usize,
    /// The rounds of its `repeat`s: slot, what goes in.
    pub rounds: Vec<(usize, Taint)>,
    /// Names and paths that a condition has compared with something known, and what they are since.
    pub vetted: Vec<(NodeId, Vec<EcoString>, Value)>,
    /// What a failure so far may tell.
    pub thrown: Taint,
    /// The same of fns and workflows, and what their parameters are when they are left out.
    pub throws: HashMap<DefId, Taint>,
    pub defaults: HashMap<(DefId, usize), Value>,
    /// Part of the program, not of `std`.
    pub own: bool,
}

impl<'f, 'a> Walk<'f, 'a> {
    pub(super) fn new(flow: &'f mut Flow<'a>, agents: &'f Agents<'a>) -> Walk<'f, 'a> {
        let checked = flow.checked;
        Walk {
            flow,
            agents,
            checked,
            carries: Carries::default(),
            summaries: HashMap::default(),
            locals: Table::default(),
            owner: DefId(0),
            slots: 0,
            rounds: Vec::new(),
            vetted: Vec::new(),
            thrown: Taint::default(),
            throws: HashMap::default(),
            defaults: HashMap::default(),
            own: false,
        }
    }

    pub(super) fn program(&mut self, callees_first: &[DefId]) {
        for def in callees_first {
            let resolved = &self.checked.resolved;
            self.owner = *def;
            self.own = !resolved.module(resolved.def(*def).module).embedded;
            self.rounds.clear();
            self.vetted.clear();
            self.thrown = Taint::default();
            match &resolved.item(*def).kind {
                ItemKind::Fn(decl) => {
                    self.params(&decl.params);
                    let value = self.expr(&decl.body);
                    self.finish(value);
                }
                ItemKind::Workflow(decl) => {
                    self.params(&decl.params);
                    if let Some(with) = &decl.with {
                        self.props(with);
                        self.note_props(with, None);
                    }
                    let value = self.block(&decl.body);
                    self.finish(value);
                }
                ItemKind::Task(decl) => {
                    self.params(&decl.params);
                    let answer = self.task(decl, false);
                    self.finish(answer.into());
                }
                ItemKind::Use(_)
                | ItemKind::Type(_)
                | ItemKind::Enum(_)
                | ItemKind::Actor(_)
                | ItemKind::Test(_)
                | ItemKind::Bad(_) => {}
            }
            self.flow.states[def.0 as usize] = vec![State::default(); self.slots.min(64)];
        }
    }

    fn params(&mut self, params: &'a [Param]) {
        self.slots = params.len();
        for (at, param) in params.iter().enumerate() {
            let taint = match self.checked.types.get(param.id) {
                Some(ty) => self.carries.of(self.checked, ty).filter(Taint::param(at)),
                None => Taint::default(),
            };
            self.bind(param.id, taint.into(), Binder::Param(self.owner, at, param));
            if let Some(default) = &param.default {
                let value = self.expr(default);
                self.inflow((self.owner, at), value.whole, Binder::Expr(default));
                self.defaults.insert((self.owner, at), value);
            }
        }
    }

    /// Keeps what the body gives, less the bits of its `repeat`s.
    fn finish(&mut self, value: Value) {
        let mut rounds = std::mem::take(&mut self.rounds);
        let own: u64 = rounds.iter().filter(|(at, _)| *at < 63).map(|(at, _)| 1u64 << at).sum();
        for _ in 0..rounds.len() {
            for at in 0..rounds.len() {
                rounds[at].1 = self.without_rounds(rounds[at].1, &rounds);
            }
        }
        let ended = |walk: &mut Self, taint: Taint| {
            let taint = walk.without_rounds(taint, &rounds);
            Taint { params: taint.params & !own, ..taint }
        };
        let value = self.map(&value, &mut |walk, taint| ended(walk, taint));
        self.summaries.insert(self.owner, value);
        let thrown = ended(self, self.thrown);
        self.throws.insert(self.owner, thrown);
    }

    fn without_rounds(&mut self, taint: Taint, rounds: &[(usize, Taint)]) -> Taint {
        let mut out = taint;
        for (at, inside) in rounds {
            if taint.params & (1 << slot(*at)) != 0 {
                out = self.join(out, *inside);
            }
        }
        out
    }

    pub(super) fn map(&mut self, value: &Value, to: &mut dyn FnMut(&mut Self, Taint) -> Taint) -> Value {
        let whole = to(self, value.whole);
        let fields = value.fields.as_ref().map(|fields| {
            fields.iter().map(|(name, v)| (name.clone(), self.map(v, to))).collect::<Vec<_>>().into()
        });
        Value { whole, fields }
    }

    /// A value in terms of a callee's parameters, with the arguments in their place.
    pub(super) fn applied(&mut self, value: &Value, args: &[Value]) -> Value {
        if value.is_clean() {
            return Value::default();
        }
        if value.fields.is_none()
            && value.whole.params.count_ones() == 1
            && value.whole == (Taint { params: value.whole.params, ..Taint::default() })
            && let Some(arg) = bits(value.whole.params).next().filter(|at| *at < 63)
        {
            return args.get(arg).cloned().unwrap_or_default();
        }
        self.map(value, &mut |walk, taint| {
            let mut out = Taint { params: 0, ..taint };
            for at in bits(taint.params) {
                let given = if at < 63 { at..at + 1 } else { 63..args.len() };
                for arg in args.get(given.start..given.end.min(args.len())).unwrap_or_default() {
                    out = walk.join(out, arg.whole);
                }
            }
            out
        })
    }

    pub(super) fn inflow(&mut self, (to, at): (DefId, usize), taint: Taint, from: Binder<'a>) {
        if !taint.is_clean() {
            self.flow.inflows.push(Inflow { owner: self.owner, to: (to, slot(at)), taint, from });
        }
    }

    pub(super) fn join(&mut self, a: Taint, b: Taint) -> Taint {
        Taint {
            params: a.params | b.params,
            kinds: a.kinds.or(b.kinds),
            agents: self.flow.sets.join(a.agents, b.agents),
        }
    }

    pub(super) fn join_values(&mut self, a: Value, b: Value) -> Value {
        if b.is_clean() && a.fields.is_none() || a.is_clean() && b.is_clean() {
            return a;
        }
        if a.is_clean() {
            return b;
        }
        let whole = self.join(a.whole, b.whole);
        let fields = match (&a.fields, &b.fields) {
            (Some(x), Some(y)) if x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| x.0 == y.0) => {
                let joined = x.iter().zip(y.iter()).map(|(x, y)| {
                    let value = self.join_values(x.1.clone(), y.1.clone());
                    (x.0.clone(), value)
                });
                Some(joined.collect::<Vec<_>>().into())
            }
            (Some(fields), None) if b.is_clean() => Some(fields.clone()),
            _ => None,
        };
        Value { whole, fields }
    }

    pub(super) fn bind(&mut self, id: NodeId, value: Value, from: Binder<'a>) {
        if !value.is_clean() {
            if self.own {
                self.flow.binders.insert(id, from);
            }
            self.locals.insert(id, value);
        }
    }

    /// What an expression of its type can carry of a value.
    pub(super) fn seen(&mut self, e: &Expr, value: Value) -> Value {
        if value.is_clean() {
            return value;
        }
        let whole = match self.checked.types.get(e.id) {
            Some(ty) => self.carries.of(self.checked, ty).filter(value.whole),
            None => value.whole,
        };
        if whole.is_clean() {
            return Value::default();
        }
        if self.own {
            self.flow.taints.insert(e.id, whole);
        }
        Value { whole, fields: value.fields }
    }

    pub(super) fn expr(&mut self, e: &'a Expr) -> Value {
        let value = match &e.kind {
            ExprKind::None | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) => Value::default(),
            ExprKind::Duration(_) | ExprKind::Bytes(_) | ExprKind::Money(_) | ExprKind::Bad => {
                Value::default()
            }
            ExprKind::Str(text) => self.text(text),
            ExprKind::Name(_) => self.name(e),
            ExprKind::Field { base, name, .. } => match self.checked.resolved.res(e.id) {
                Some(_) => self.name(e),
                None => {
                    let value = self.expr(base).field(&name.text);
                    self.vetted_value(e).unwrap_or(value)
                }
            },
            ExprKind::Index { base, index } => {
                let value = self.index(base, index);
                self.vetted_value(e).unwrap_or(value)
            }
            ExprKind::Call { .. } => self.call(e),
            ExprKind::With { base, props } => self.with(base, props),
            ExprKind::Unary { operand, .. } => self.expr(operand).whole.into(),
            ExprKind::Binary { op, left, right, .. } => self.binary(*op, left, right),
            ExprKind::List(elements) => elements.iter().fold(Value::default(), |all, each| {
                let value = self.expr(&each.value);
                self.join_values(all, value)
            }),
            ExprKind::Record(entries) => self.record(entries),
            ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::Block(block) => self.block(block),
            ExprKind::If { .. }
            | ExprKind::Match { .. }
            | ExprKind::For(_)
            | ExprKind::Repeat(_)
            | ExprKind::Try { .. }
            | ExprKind::Race { .. }
            | ExprKind::RaceFor(_) => self.control(e),
        };
        self.seen(e, value)
    }

    pub(super) fn text(&mut self, text: &'a Str) -> Value {
        text.parts.iter().fold(Value::default(), |all, part| match part {
            StrPart::Text(..) => all,
            StrPart::Expr(e) => {
                let value = self.expr(e);
                self.join(all.whole, value.whole).into()
            }
        })
    }

    fn name(&mut self, e: &'a Expr) -> Value {
        match self.checked.resolved.res(e.id) {
            Some(Res::Local(id)) => match self.vetted_value(e) {
                Some(value) => value,
                None => self.locals.get(*id).cloned().unwrap_or_default(),
            },
            Some(Res::Def(def)) => match self.checked.resolved.def(*def).kind {
                DefKind::Agent | DefKind::AgentFile(_) => self.agent_set(BTreeSet::from([*def])),
                DefKind::Type | DefKind::Enum(_) | DefKind::Fn | DefKind::Resource => Value::default(),
                DefKind::Mcp | DefKind::Task | DefKind::Workflow | DefKind::Test => Value::default(),
            },
            _ => Value::default(),
        }
    }

    pub(super) fn agent_set(&mut self, agents: BTreeSet<DefId>) -> Value {
        Taint { agents: self.flow.sets.of(agents), ..Taint::default() }.into()
    }

    pub(super) fn is_map(&self, e: &Expr) -> bool {
        self.checked.types.get(e.id).is_some_and(|ty| match ty {
            Ty::Map(_) => true,
            Ty::Named(..) => matches!(&*self.checked.known().unfold(ty), Ty::Map(_)),
            _ => false,
        })
    }

    fn index(&mut self, base: &'a Expr, index: &'a Expr) -> Value {
        let value = self.expr(base);
        self.expr(index);
        if value.is_clean() || !self.is_map(base) {
            return value;
        }
        match &index.kind {
            ExprKind::Str(text) => match text.literal() {
                Some(key) => value.field(&key),
                None => value.whole.into(),
            },
            _ => value.whole.into(),
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &'a Expr, right: &'a Expr) -> Value {
        let a = self.expr(left);
        let before = self.vetted.len();
        if op == BinaryOp::And {
            self.vet(left, true);
        } else if op == BinaryOp::Or {
            self.vet(left, false);
        }
        let b = self.expr(right);
        self.vetted.truncate(before);
        match op {
            BinaryOp::Coalesce => self.join_values(a, b),
            BinaryOp::Add => self.join_values(a, b),
            BinaryOp::Or | BinaryOp::And | BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le => {
                Value::default()
            }
            BinaryOp::Gt | BinaryOp::Ge | BinaryOp::In => Value::default(),
            BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div => self.join(a.whole, b.whole).into(),
        }
    }

    fn record(&mut self, entries: &'a [Entry]) -> Value {
        let mut fields: Vec<(EcoString, Value)> = Vec::new();
        let (mut whole, mut apart) = (Taint::default(), true);
        for entry in entries {
            match entry {
                Entry::Field { key, value } => {
                    let value = self.expr(value);
                    whole = self.join(whole, value.whole);
                    fields.retain(|(name, _)| *name != key.text);
                    fields.push((key.text.clone(), value));
                }
                Entry::Spread(value) => {
                    let value = self.expr(value);
                    whole = self.join(whole, value.whole);
                    match value.fields {
                        Some(more) => {
                            fields.retain(|(name, _)| more.iter().all(|(own, _)| own != name));
                            fields.extend(more.iter().cloned());
                        }
                        None => apart &= value.whole.is_clean(),
                    }
                }
            }
        }
        if whole.is_clean() || !apart || fields.len() > 32 || fields.iter().any(|(_, v)| deep(v) >= MAX_DEPTH)
        {
            return whole.into();
        }
        Value { whole, fields: Some(Rc::from(fields)) }
    }

    pub(super) fn props(&mut self, props: &'a Props) {
        for prop in &props.list {
            self.expr(&prop.value);
        }
    }

    pub(super) fn block(&mut self, block: &'a Block) -> Value {
        let before = self.vetted.len();
        let mut last = Value::default();
        for stmt in &block.stmts {
            last = self.stmt(stmt);
        }
        self.vetted.truncate(before);
        last
    }

    fn stmt(&mut self, stmt: &'a Stmt) -> Value {
        match &stmt.kind {
            StmtKind::Let { pattern, value, .. } => {
                let found = self.expr(value);
                match pattern {
                    LetPattern::Name(bound) => self.bind(bound.id, found, Binder::Expr(value)),
                    LetPattern::Fields(bounds, _) => self.bind_fields(bounds, &found, Binder::Expr(value)),
                }
                Value::default()
            }
            StmtKind::Task(decl) => {
                for param in &decl.params {
                    if let Some(default) = &param.default {
                        let value = self.expr(default);
                        self.bind(param.id, value, Binder::Expr(default));
                    }
                }
                let value: Value = match self.checked.types.get(stmt.id) {
                    Some(ty) => {
                        let taint = self.task(decl, true);
                        self.carries.of(self.checked, ty).filter(taint).into()
                    }
                    None => self.task(decl, true).into(),
                };
                self.bind(stmt.id, value.clone(), Binder::Task(decl));
                value
            }
            StmtKind::Stage { with, body, .. } => {
                with.iter().for_each(|with| self.props(with));
                self.block(body)
            }
            StmtKind::Assert { cond, message } => {
                self.expr(cond);
                message.iter().for_each(|m| {
                    let told = self.expr(m);
                    self.thrown = self.join(self.thrown, told.whole);
                });
                self.vet(cond, true);
                Value::default()
            }
            StmtKind::Expr(e) => self.expr(e),
            StmtKind::Bad(_) => Value::default(),
        }
    }

    pub(super) fn bind_fields(&mut self, bounds: &'a [Bound], value: &Value, from: Binder<'a>) {
        for bound in bounds {
            self.bind(bound.id, value.field(&bound.name.text), from);
        }
    }
}

/// How deep fields are told apart in a value.
fn deep(value: &Value) -> usize {
    value.fields.as_ref().map_or(0, |fields| 1 + fields.iter().map(|(_, v)| deep(v)).max().unwrap_or(0))
}
