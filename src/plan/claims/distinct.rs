//! What no two iterations of one `for` have in common: the keys of a map, the numbers of a range, what `key` says. A claim
//! that holds such a value as a word of its own is another one in each iteration.

use super::terms::{TermId, Terms, Within};
use super::tree::Tree;
use crate::analysis::globs::Piece;
use crate::plan::{Bind, BodyId, Expr, ExprKind, NodeKind, Plan, Ref};
use crate::types::Builtin;
use crate::value::Type;

/// The only unknown of a pattern, when two values of it never give the same path: it holds no `/`, and what stands around
/// it is plain text, or begins another part.
pub(super) fn word_of(pieces: &[Piece]) -> Option<TermId> {
    let plain = |text: &str| !text.contains(['*', '?', '[', '{', '\\']);
    let (before, unknown, behind) = match pieces {
        [Piece::Unknown(u)] => ("", u, ""),
        [Piece::Text(before), Piece::Unknown(u)] => (before.as_str(), u, ""),
        [Piece::Unknown(u), Piece::Text(behind)] => ("", u, behind.as_str()),
        [Piece::Text(before), Piece::Unknown(u), Piece::Text(behind)] => {
            (before.as_str(), u, behind.as_str())
        }
        _ => return None,
    };
    let apart = plain(before) && (plain(behind) || behind.starts_with('/'));
    (apart && !unknown.path).then_some(unknown.id)
}

/// The values that differ between the iterations of which `scope` is one.
pub(super) fn keys<'p>(plan: &'p Plan, tree: &Tree<'p>, terms: &mut Terms<'p>, scope: u32) -> Vec<TermId> {
    let at = &tree.scopes[scope as usize];
    let Some((outer, node)) = at.parent else { return Vec::new() };
    let NodeKind::Map { items, bind, key, .. } =
        &plan.body(tree.scopes[outer as usize].body).nodes[node.index()].kind
    else {
        return Vec::new();
    };
    let within = Within { scope, args: None };
    let mut found = Vec::new();
    if let Some(index) = own_key(plan, tree, outer, items, bind) {
        found.push(terms.made(tree, within, &Expr::reference(Ref::Param { up: 0, index })));
    }
    if let Some(said) = key.as_deref().and_then(|key| in_body(key, bind)) {
        found.push(terms.made(tree, within, &said));
    }
    found
}

/// The parameter of the body that differs because of what is gone over.
fn own_key(plan: &Plan, tree: &Tree<'_>, outer: u32, items: &Expr, bind: &Bind) -> Option<u16> {
    match bind {
        Bind::One(_) => {
            let each = |b: &Builtin| matches!(b, Builtin::Range | Builtin::Keys | Builtin::Unique);
            matches!(&items.kind, ExprKind::Builtin(b, _) if each(b)).then_some(0)
        }
        Bind::Fields(fields) => {
            let at = fields.iter().position(|(name, _)| name == "key")?;
            is_map(plan, tree, outer, items).then_some(at as u16)
        }
    }
}

/// Whether a map is gone over: an input that is one, or what was fitted to one.
fn is_map(plan: &Plan, tree: &Tree<'_>, scope: u32, items: &Expr) -> bool {
    let ty = match &items.kind {
        ExprKind::Fit(ty, _) => Some(*ty),
        ExprKind::Ref(Ref::Param { up, index }) => {
            let at = tree.outward(scope, *up);
            let root =
                tree.scopes[at as usize].body == BodyId(0) && tree.scopes[at as usize].parent.is_none();
            plan.inputs.get(*index as usize).filter(|_| root).map(|input| input.ty)
        }
        _ => None,
    };
    ty.is_some_and(|ty| matches!(plan.types.get(ty), Type::Map(..)))
}

/// A key over the element as the body sees it; one that uses anything else is not followed.
fn in_body(key: &Expr, bind: &Bind) -> Option<Expr> {
    let index = |slot: u32| match bind {
        Bind::One(own) => (*own == slot).then_some(0),
        Bind::Fields(fields) => fields.iter().position(|(_, own)| *own == slot).map(|at| at as u16),
    };
    let mut known = true;
    let mut said = key.clone();
    said.replace_refs(&mut |r| {
        let Ref::Local(slot) = r else {
            known = false;
            return None;
        };
        match index(slot) {
            Some(index) => Some(ExprKind::Ref(Ref::Param { up: 0, index })),
            None => {
                known = false;
                None
            }
        }
    });
    known.then_some(said)
}
