//! Values as far as a plan knows them: the same text, or text that is the same wherever it is used.
//!
//! A term is a constant, a text of several pieces, or unknown. Two unknown terms are one when they are the same expression
//! over the same unknown values of the same scopes: a parameter of a called workflow is what its caller passes.

use super::tree::Tree;
use crate::analysis::globs::{self, Piece, Unknown};
use crate::plan::eval::{Env, NoScope};
use crate::plan::passes::cheap;
use crate::plan::{Binary, Entry, Expr, ExprKind, NodeKind, Part, Plan, Ref, Spot};
use crate::value::{Type, TypeId, Value, text};
use ecow::{EcoString, eco_format};
use std::collections::HashMap;

/// Deepest chain of bindings and arguments that is followed; what lies deeper is unknown.
const DEEPEST: u32 = 64;
/// Largest expression, in parts, that is looked into.
const LARGEST: usize = 128;

/// A term of [`Terms`].
pub(super) type TermId = u32;

/// What is known of a value.
#[derive(Debug)]
struct Term {
    value: Option<Value>,
    /// The texts and terms that it is put together of.
    pieces: Option<Vec<Bit>>,
    /// The scopes whose unknown values it is made of.
    roots: Vec<u32>,
    /// For people.
    label: EcoString,
}

/// A piece of a text.
#[derive(Debug, Clone)]
enum Bit {
    Text(EcoString),
    Term(TermId),
}

/// All terms of a plan.
pub(super) struct Terms<'p> {
    plan: &'p Plan,
    terms: Vec<Term>,
    known: HashMap<String, TermId>,
    refs: HashMap<(u32, Ref), TermId>,
}

/// Where an expression stands: a scope, and of a definition's the arguments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Within<'p> {
    pub scope: u32,
    pub args: Option<&'p [Expr]>,
}

impl<'p> Terms<'p> {
    pub(super) fn new(plan: &'p Plan) -> Terms<'p> {
        Terms { plan, terms: Vec::new(), known: HashMap::new(), refs: HashMap::new() }
    }

    /// The value, where the plan knows it.
    pub(super) fn value(&self, term: TermId) -> Option<&Value> {
        self.terms[term as usize].value.as_ref()
    }

    /// What to call it.
    pub(super) fn label(&self, term: TermId) -> &str {
        &self.terms[term as usize].label
    }

    /// Whether it may differ between the instances of a scope.
    pub(super) fn depends(&self, term: TermId, tree: &Tree<'_>, scope: u32) -> bool {
        let end = tree.scopes[scope as usize].end;
        self.terms[term as usize].roots.iter().any(|root| (scope..end).contains(root))
    }

    /// The term of an expression.
    pub(super) fn of(&mut self, tree: &Tree<'p>, within: Within<'p>, expr: &'p Expr) -> TermId {
        self.term(tree, within, expr, 0)
    }

    /// The term of an expression that was made up: a parameter, or a field of one.
    pub(super) fn made(&mut self, tree: &Tree<'p>, within: Within<'p>, expr: &Expr) -> TermId {
        match &expr.kind {
            ExprKind::Ref(r) => self.reference(tree, within, *r, 0),
            _ => self.compound(tree, within, expr, 0),
        }
    }

    /// The pieces of a value that is literal text in a pattern. `path`: it may hold a `/`.
    pub(super) fn pieces(&self, term: TermId, path: bool, out: &mut Vec<Piece>) {
        let mut open = vec![Bit::Term(term)];
        while let Some(bit) = open.pop() {
            match bit {
                Bit::Text(text) => put(&globs::escape(&text), out),
                Bit::Term(id) => {
                    let term = &self.terms[id as usize];
                    match (&term.value, &term.pieces) {
                        (Some(value), _) => {
                            put(&globs::escape(&text::interpolated(value).unwrap_or_default()), out);
                        }
                        (None, Some(pieces)) => open.extend(pieces.iter().rev().cloned()),
                        (None, None) => out.push(Piece::Unknown(Unknown { id, path })),
                    }
                }
            }
        }
    }

    /// Whether a term is a text that is put together of several.
    pub(super) fn is_text(&self, term: TermId) -> bool {
        self.terms[term as usize].pieces.is_some()
    }

    /// The pieces of a text that is a pattern itself. What is not known of it may hold special signs: each is a text of its
    /// own, equal to no other. `of`: whose pattern it is.
    pub(super) fn patterns(&mut self, term: TermId, of: u32, out: &mut Vec<Piece>) {
        let mut open = vec![Bit::Term(term)];
        while let Some(bit) = open.pop() {
            let id = match bit {
                Bit::Text(text) => {
                    put(&text, out);
                    continue;
                }
                Bit::Term(id) => id,
            };
            let term = &self.terms[id as usize];
            match (&term.value, &term.pieces) {
                (Some(value), _) => put(&text::interpolated(value).unwrap_or_default(), out),
                (None, Some(pieces)) => open.extend(pieces.iter().rev().cloned()),
                (None, None) => {
                    let (root, label) = (term.roots.first().copied().unwrap_or(0), term.label.clone());
                    let id = self.unknown(format!("g{of}.{}", out.len()), root, label);
                    out.push(Piece::Unknown(Unknown { id, path: true }));
                }
            }
        }
    }

    fn term(&mut self, tree: &Tree<'p>, within: Within<'p>, expr: &'p Expr, depth: u32) -> TermId {
        match &expr.kind {
            ExprKind::Const(value) => self.constant(value.clone()),
            ExprKind::Ref(r) => self.reference(tree, within, *r, depth),
            ExprKind::Fit(ty, inner) if self.is_plain(*ty) => self.term(tree, within, inner, depth),
            ExprKind::Block { steps, value } if steps.is_empty() => self.term(tree, within, value, depth),
            ExprKind::Field { base, name, optional: false } if depth < DEEPEST => {
                match self.written_field(tree, within, base, name, depth) {
                    Some((value, within)) => self.term(tree, within, value, depth + 1),
                    None => self.compound(tree, within, expr, depth),
                }
            }
            ExprKind::Interpolate(parts) => self.joined(tree, within, expr, parts, depth),
            ExprKind::Binary(Binary::Add, left, right) if is_text(left) || is_text(right) => {
                let bits = [left, right].map(|side| Bit::Term(self.term(tree, within, side, depth)));
                self.text_of(bits.to_vec())
            }
            _ => self.compound(tree, within, expr, depth),
        }
    }

    /// Types between which fitting changes nothing of the text.
    fn is_plain(&self, ty: TypeId) -> bool {
        let ty = self.plan.types.get(ty);
        matches!(ty, Type::String | Type::Path | Type::Int | Type::Bool | Type::Enum(_))
    }

    fn constant(&mut self, value: Value) -> TermId {
        let key = format!("c{}", serde_json::to_string(&value).unwrap_or_default());
        let label = text::interpolated(&value).unwrap_or_default();
        self.add(key, Term { value: Some(value), pieces: None, roots: Vec::new(), label })
    }

    fn unknown(&mut self, key: String, root: u32, label: EcoString) -> TermId {
        self.add(key, Term { value: None, pieces: None, roots: vec![root], label })
    }

    fn add(&mut self, key: String, term: Term) -> TermId {
        let next = self.terms.len() as TermId;
        let id = *self.known.entry(key).or_insert(next);
        if id == next {
            self.terms.push(term);
        }
        id
    }

    fn joined(
        &mut self,
        tree: &Tree<'p>,
        within: Within<'p>,
        expr: &'p Expr,
        parts: &'p [Part],
        depth: u32,
    ) -> TermId {
        if parts.len() > LARGEST {
            return self.opaque(within.scope, expr);
        }
        let bits = parts.iter().map(|part| match part {
            Part::Text(text) => Bit::Text(text.clone()),
            Part::Value(value) => Bit::Term(self.term(tree, within, value, depth)),
        });
        let bits = bits.collect();
        self.text_of(bits)
    }

    fn text_of(&mut self, bits: Vec<Bit>) -> TermId {
        let (mut known, mut key, mut label) = (Some(EcoString::new()), String::from("t"), EcoString::new());
        let mut roots = Vec::new();
        for bit in &bits {
            match bit {
                Bit::Text(text) => {
                    key.push_str(&format!("{:?}", text.as_str()));
                    label.push_str(text);
                    known.iter_mut().for_each(|k| k.push_str(text));
                }
                Bit::Term(id) => {
                    let term = &self.terms[*id as usize];
                    key.push_str(&format!("%{id}"));
                    label.push_str(&term.label);
                    roots.extend_from_slice(&term.roots);
                    let value = term.value.as_ref().and_then(text::interpolated);
                    known = known.zip(value).map(|(k, v)| k + v.as_str());
                }
            }
        }
        roots.sort_unstable();
        roots.dedup();
        match known {
            Some(text) => self.constant(Value::Str(text)),
            None => self.add(key, Term { value: None, pieces: Some(bits), roots, label }),
        }
    }

    /// The value of a field where its record is written out, here or where a name leads to.
    fn written_field(
        &self,
        tree: &Tree<'p>,
        within: Within<'p>,
        base: &'p Expr,
        name: &str,
        depth: u32,
    ) -> Option<(&'p Expr, Within<'p>)> {
        let (mut at, mut within) = (base, within);
        for _ in depth..DEEPEST {
            match &at.kind {
                // Fitting a record keeps the fields of the type as they are; what it changes in them is not known here.
                ExprKind::Fit(_, inner) => at = inner,
                ExprKind::Block { steps, value } if steps.is_empty() => at = value,
                ExprKind::Record(entries) => {
                    let field = entries.iter().rev().find_map(|entry| match entry {
                        Entry::Field(key, value) if key == name => Some(Some(value)),
                        Entry::Field(..) => None,
                        Entry::Spread(_) => Some(None),
                    });
                    return Some((field??, within));
                }
                ExprKind::Ref(r) => (at, within) = self.written(tree, within, *r)?,
                _ => return None,
            }
        }
        None
    }

    /// The expression that a reference leads to, where the plan has it.
    fn written(&self, tree: &Tree<'p>, within: Within<'p>, r: Ref) -> Option<(&'p Expr, Within<'p>)> {
        match r {
            Ref::Arg(index) => Some((within.args?.get(index as usize)?, Within { args: None, ..within })),
            Ref::Param { up, index } => {
                let (outer, args) = tree.passed(self.plan, tree.outward(within.scope, up))?;
                Some((args.get(index as usize)?, Within { scope: outer, args: None }))
            }
            Ref::Let { up, index } => {
                let scope = tree.outward(within.scope, up);
                let body = self.plan.body(tree.scopes[scope as usize].body);
                Some((&body.lets.get(index as usize)?.value, Within { scope, args: None }))
            }
            Ref::Node { .. } | Ref::Local(_) | Ref::Result | Ref::Next => None,
        }
    }

    /// What a reference leads to.
    fn reference(&mut self, tree: &Tree<'p>, within: Within<'p>, r: Ref, depth: u32) -> TermId {
        let plan = self.plan;
        if let Ref::Arg(index) = r {
            let arg = within.args.and_then(|args| args.get(index as usize));
            return match arg {
                Some(arg) => self.term(tree, Within { args: None, ..within }, arg, depth),
                None => self.unknown(format!("a{}.{index}", within.scope), within.scope, "…".into()),
            };
        }
        let (up, inner) = match r {
            Ref::Node { up, node } => (up, Ref::Node { up: 0, node }),
            Ref::Param { up, index } => (up, Ref::Param { up: 0, index }),
            Ref::Let { up, index } => (up, Ref::Let { up: 0, index }),
            Ref::Arg(_) | Ref::Local(_) | Ref::Result | Ref::Next => {
                return self.unknown(format!("l{:?}@{}", r, within.scope), within.scope, "…".into());
            }
        };
        let at = tree.outward(within.scope, up);
        if let Some(known) = self.refs.get(&(at, inner)) {
            return *known;
        }
        let scope = &tree.scopes[at as usize];
        let body = plan.body(scope.body);
        let key = format!("r{at}{inner:?}");
        let deep = depth >= DEEPEST;
        let (expr, outer, label) = match inner {
            Ref::Param { index, .. } => {
                let label = body.params.get(index as usize).cloned().unwrap_or_default();
                let passed =
                    tree.passed(plan, at).and_then(|(outer, args)| Some((args.get(index as usize)?, outer)));
                (passed.map(|p| p.0), passed.map_or(at, |p| p.1), label)
            }
            Ref::Let { index, .. } => match body.lets.get(index as usize) {
                Some(binding) => (Some(&binding.value), at, binding.name.clone()),
                None => (None, at, "…".into()),
            },
            Ref::Node { node, .. } => (None, at, body.nodes[node.index()].name.clone()),
            Ref::Arg(_) | Ref::Local(_) | Ref::Result | Ref::Next => (None, at, "…".into()),
        };
        let found = match expr.filter(|_| !deep) {
            Some(expr) => self.term(tree, Within { scope: outer, args: None }, expr, depth + 1),
            None => self.unknown(key, at, label),
        };
        if !deep {
            self.refs.insert((at, inner), found);
        }
        found
    }

    /// An expression of which only the parts are known.
    fn compound(&mut self, tree: &Tree<'p>, within: Within<'p>, expr: &Expr, depth: u32) -> TermId {
        let (mut size, mut refs, mut closed) = (0, Vec::new(), true);
        expr.walk(&mut |e| {
            size += 1;
            if let ExprKind::Ref(r) = e.kind {
                match r {
                    Ref::Result | Ref::Next => closed = false,
                    Ref::Local(_) => {}
                    r => refs.push(r),
                }
            }
        });
        if size > LARGEST || !closed || depth >= DEEPEST {
            return self.opaque(within.scope, expr);
        }
        let terms: HashMap<Ref, TermId> =
            refs.into_iter().map(|r| (r, self.reference(tree, within, r, depth + 1))).collect();
        let mut whole = expr.clone();
        whole.replace_refs(&mut |r| {
            let term = *terms.get(&r)?;
            Some(match self.value(term) {
                Some(value) => ExprKind::Const(value.clone()),
                None => ExprKind::Ref(Ref::Let { up: u16::MAX, index: term }),
            })
        });
        let mut roots: Vec<u32> =
            terms.values().flat_map(|t| self.terms[*t as usize].roots.iter().copied()).collect();
        roots.sort_unstable();
        roots.dedup();
        let mut easy = true;
        whole.walk(&mut |e| easy &= cheap(e));
        if roots.is_empty()
            && easy
            && let Ok(value) = Env::new(self.plan, &mut NoScope).eval(&whole)
        {
            return self.constant(value);
        }
        let label = self.named(expr, &terms);
        nowhere(&mut whole);
        let key = format!("e{}", serde_json::to_string(&whole).unwrap_or_default());
        self.add(key, Term { value: None, pieces: None, roots, label })
    }

    fn named(&self, expr: &Expr, terms: &HashMap<Ref, TermId>) -> EcoString {
        match &expr.kind {
            ExprKind::Field { base, name, .. } => match &base.kind {
                ExprKind::Ref(r) => match terms.get(r) {
                    Some(term) => eco_format!("{}.{name}", self.label(*term)),
                    None => name.clone(),
                },
                _ => name.clone(),
            },
            ExprKind::Builtin(builtin, args) => match (args.as_slice(), terms.len()) {
                ([_], 1) => {
                    let inside = terms.values().next().map_or("…", |term| self.label(*term));
                    eco_format!("{}({inside})", builtin.name())
                }
                _ => eco_format!("{}(…)", builtin.name()),
            },
            _ => "…".into(),
        }
    }

    /// Nothing is known but that it is itself.
    fn opaque(&mut self, scope: u32, expr: &Expr) -> TermId {
        self.unknown(format!("o{scope}.{:p}", std::ptr::from_ref(expr)), scope, "…".into())
    }
}

/// Adds known text.
pub(super) fn put(text: &str, out: &mut Vec<Piece>) {
    match out.last_mut() {
        Some(Piece::Text(last)) => last.push_str(text),
        _ => out.push(Piece::Text(text.to_string())),
    }
}

fn is_text(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Const(Value::Str(_)) | ExprKind::Interpolate(_))
}

/// Takes the places out: the same expression is written in several.
fn nowhere(expr: &mut Expr) {
    let mut stack = vec![expr];
    while let Some(expr) = stack.pop() {
        expr.spot = Spot::default();
        expr.children_mut(&mut |child| stack.push(child));
    }
}

/// What a task's node is called with.
pub(super) fn arguments(kind: &NodeKind) -> &[Expr] {
    match kind {
        NodeKind::Task { args, .. } => args,
        _ => &[],
    }
}
