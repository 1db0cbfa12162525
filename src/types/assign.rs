//! The one relation between types: *fits* (and what it converts), *joins*, and how type arguments follow from arguments.

use super::known::MAX_DEPTH;
use super::{FieldTy, Known, RecordTy, Ty};
use std::sync::Arc;

/// How a value gets into a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// As it is.
    Same,
    /// Converted at run time.
    Convert,
}

/// Where two types part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// `.a[].b`
    pub path: String,
    pub kind: DifferenceKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DifferenceKind {
    /// A field that is wanted is not there.
    Missing(ecow::EcoString),
    /// Found, wanted.
    Type(Ty, Ty),
}

impl Known<'_> {
    /// Whether a value of type `from` may stand where `to` is expected.
    pub fn fits(self, from: &Ty, to: &Ty) -> Option<Fit> {
        if from == to {
            return Some(Fit::Same);
        }
        let mut fitting = Fitting { known: self, seen: Vec::new(), convert: false, depth: 0 };
        fitting.go(from, to).then_some(if fitting.convert { Fit::Convert } else { Fit::Same })
    }

    /// The type of what is either an `a` or a `b`, when the language has one.
    pub fn join(self, a: &Ty, b: &Ty) -> Option<Ty> {
        self.join_deep(a, b, 0)
    }

    fn join_deep(self, a: &Ty, b: &Ty, depth: usize) -> Option<Ty> {
        if a == b {
            return Some(a.clone());
        }
        if depth > MAX_DEPTH {
            return None;
        }
        let next = depth + 1;
        match (a, b) {
            (Ty::Error, _) | (_, Ty::Error) => Some(Ty::Error),
            (Ty::Never, other) | (other, Ty::Never) => Some(other.clone()),
            (Ty::None, other) | (other, Ty::None) => {
                (!matches!(other, Ty::Unit)).then(|| self.optional(other.clone()))
            }
            (Ty::Int, Ty::Float) | (Ty::Float, Ty::Int) => Some(Ty::Float),
            (Ty::String, Ty::Path) | (Ty::Path, Ty::String) => Some(Ty::String),
            (Ty::Optional(x), Ty::Optional(y)) => Some(self.optional(self.join_deep(x, y, next)?)),
            (Ty::Optional(x), y) => Some(self.optional(self.join_deep(x, y, next)?)),
            (x, Ty::Optional(y)) => Some(self.optional(self.join_deep(x, y, next)?)),
            (Ty::List(x), Ty::List(y)) => Some(Ty::List(Arc::new(self.join_deep(x, y, next)?))),
            (Ty::Map(x), Ty::Map(y)) => Some(Ty::Map(Arc::new(self.join_deep(x, y, next)?))),
            (Ty::Record(x), Ty::Record(y)) => self.join_records(x, y, next),
            (Ty::Named(..), _) | (_, Ty::Named(..)) => {
                // One of them names what the other is: keep the name.
                if self.fits(a, b) == Some(Fit::Same) && self.fits(b, a) == Some(Fit::Same) {
                    let named = if matches!(a, Ty::Named(..)) { a } else { b };
                    return Some(named.clone());
                }
                self.join_deep(&self.unfold(a), &self.unfold(b), next)
            }
            _ => None,
        }
    }

    fn join_records(self, a: &RecordTy, b: &RecordTy, depth: usize) -> Option<Ty> {
        if a.fields.len() != b.fields.len() {
            return None;
        }
        let mut fields = Vec::with_capacity(a.fields.len());
        for field in &a.fields {
            let other = b.field(&field.name)?;
            let ty = self.join_deep(&field.ty, &other.ty, depth)?;
            fields.push(FieldTy { ty, ..field.clone() });
        }
        Some(Ty::Record(Arc::new(RecordTy { fields })))
    }

    /// Binds the parameters in `pattern` (of the called declaration) so that `actual` fits it; what does not match is left to
    /// [`fits`](Self::fits), which reports it.
    pub(super) fn infer(self, pattern: &Ty, actual: &Ty, bound: &mut [Option<Ty>]) {
        self.infer_deep(pattern, actual, bound, 0);
    }

    fn infer_deep(self, pattern: &Ty, actual: &Ty, bound: &mut [Option<Ty>], depth: usize) {
        if depth > MAX_DEPTH || !pattern.has_params() {
            return;
        }
        let next = depth + 1;
        if let Ty::Param(index, _) = pattern {
            let Some(slot) = bound.get_mut(*index as usize) else { return };
            *slot = Some(match slot.take() {
                None => actual.clone(),
                Some(before) => self.join(&before, actual).unwrap_or(before),
            });
            return;
        }
        if let (Ty::Named(a, own), Ty::Named(b, theirs)) = (pattern, actual)
            && a == b
        {
            for (pattern, actual) in own.iter().zip(theirs.iter()) {
                self.infer_deep(pattern, actual, bound, next);
            }
            return;
        }
        let pattern = self.unfold(pattern);
        let actual = self.unfold(actual);
        match (&*pattern, &*actual) {
            (Ty::List(p), Ty::List(a)) | (Ty::Map(p), Ty::Map(a)) => self.infer_deep(p, a, bound, next),
            (Ty::Optional(p), Ty::Optional(a)) => self.infer_deep(p, a, bound, next),
            (Ty::Optional(_), Ty::None) => {}
            (Ty::Optional(p), a) => self.infer_deep(p, a, bound, next),
            (Ty::Map(p), Ty::Record(a)) => {
                for field in &a.fields {
                    self.infer_deep(p, &field.ty, bound, next);
                }
            }
            (Ty::Record(p), a) => {
                let Some(actual) = self.record(a) else { return };
                for field in &p.fields {
                    if let Some(other) = actual.field(&field.name) {
                        self.infer_deep(&field.ty, &other.ty, bound, next);
                    }
                }
            }
            _ => {}
        }
    }

    /// Where `from` first fails to fit `to`, deep inside; `None` when they differ as a whole.
    pub(super) fn difference(self, from: &Ty, to: &Ty) -> Option<Difference> {
        let mut path = String::new();
        let mut from = self.unfold(from).into_owned();
        let mut to = self.inner(to).0;
        for _ in 0..MAX_DEPTH {
            let step = match (&from, &to) {
                (Ty::List(a), Ty::List(b)) | (Ty::Map(a), Ty::Map(b)) => {
                    path.push_str("[]");
                    ((**a).clone(), (**b).clone())
                }
                (a, b) => {
                    let (Some(a), Some(b)) = (self.record(a), self.record(b)) else { break };
                    let bad = b.fields.iter().find(|f| !self.field_fits(&a, f))?;
                    let Some(found) = a.field(&bad.name) else {
                        return Some(Difference { path, kind: DifferenceKind::Missing(bad.name.clone()) });
                    };
                    path.push('.');
                    path.push_str(&bad.name);
                    (found.ty.clone(), bad.ty.clone())
                }
            };
            from = self.unfold(&step.0).into_owned();
            to = step.1;
            if matches!(from, Ty::Optional(_)) {
                break;
            }
            to = self.unfold(&to).into_owned();
        }
        (!path.is_empty()).then_some(Difference { path, kind: DifferenceKind::Type(from, to) })
    }

    fn field_fits(self, record: &RecordTy, wanted: &FieldTy) -> bool {
        match record.field(&wanted.name) {
            Some(found) => self.fits(&found.ty, &wanted.ty).is_some(),
            None => wanted.default.is_some() || self.is_optional(&wanted.ty),
        }
    }
}

/// One question of *fits*.
struct Fitting<'k> {
    known: Known<'k>,
    /// Pairs that are being, or have been, found to fit: what recursive types come back to.
    seen: Vec<(Ty, Ty)>,
    convert: bool,
    depth: usize,
}

impl Fitting<'_> {
    fn go(&mut self, from: &Ty, to: &Ty) -> bool {
        if self.depth > MAX_DEPTH {
            return false;
        }
        self.depth += 1;
        let fits = self.step(from, to);
        self.depth -= 1;
        fits
    }

    fn step(&mut self, from: &Ty, to: &Ty) -> bool {
        match (from, to) {
            (Ty::Error | Ty::Never, _) | (_, Ty::Error) => true,
            (Ty::Named(a, own), Ty::Named(b, theirs)) if a == b => {
                own.len() == theirs.len() && own.iter().zip(theirs.iter()).all(|(x, y)| self.go(x, y))
            }
            (Ty::Named(..), _) | (_, Ty::Named(..)) => self.unfolded(from, to),
            (Ty::None, Ty::Optional(_) | Ty::Json) => true,
            (Ty::Optional(a), Ty::Optional(b)) => self.go(a, b),
            (_, Ty::Json) => match self.known.json(from, &mut Vec::new(), self.depth) {
                Some(changes) => {
                    self.convert |= changes && *from != Ty::Json;
                    true
                }
                None => false,
            },
            (a, Ty::Optional(b)) => self.go(a, b),
            (Ty::Int, Ty::Float) => {
                self.convert = true;
                true
            }
            (Ty::Path, Ty::String) => true,
            (Ty::List(a), Ty::List(b)) | (Ty::Map(a), Ty::Map(b)) => self.go(a, b),
            (Ty::Record(a), Ty::Map(b)) => a.fields.iter().all(|f| self.go(&f.ty, b)),
            (Ty::Record(_) | Ty::Exit | Ty::Response, Ty::Record(_) | Ty::Exit | Ty::Response) => {
                match (self.known.record(from), self.known.record(to)) {
                    (Some(a), Some(b)) => self.records(&a, &b),
                    _ => false,
                }
            }
            (Ty::Param(a, _), Ty::Param(b, _)) => a == b,
            _ => from == to,
        }
    }

    fn unfolded(&mut self, from: &Ty, to: &Ty) -> bool {
        if self.seen.iter().any(|(a, b)| a == from && b == to) {
            return true;
        }
        self.seen.push((from.clone(), to.clone()));
        let (from, to) = (self.known.unfold(from).into_owned(), self.known.unfold(to).into_owned());
        self.go(&from, &to)
    }

    fn records(&mut self, from: &RecordTy, to: &RecordTy) -> bool {
        self.convert |= from.fields.len() != to.fields.len();
        for (at, wanted) in to.fields.iter().enumerate() {
            let same_place = from.fields.get(at).filter(|f| f.name == wanted.name);
            self.convert |= same_place.is_none();
            match same_place.or_else(|| from.field(&wanted.name)) {
                Some(found) => {
                    if !self.go(&found.ty, &wanted.ty) {
                        return false;
                    }
                }
                None if wanted.default.is_some() || self.known.is_optional(&wanted.ty) => {}
                None => return false,
            }
        }
        true
    }
}
