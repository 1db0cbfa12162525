//! Whether the arms of a `match` take every value, and whether each can be reached. Knows patterns and enums, no trees.
//!
//! Usefulness of a pattern against the rows above it, on bounded effort; matches without nested patterns are judged in
//! one pass.

use crate::types::{EnumId, EnumTy};
use ecow::EcoString;
use foldhash::HashSet;

/// Steps that one `match` may take.
const EFFORT: usize = 200_000;
/// Cases that a message names.
const NAMED: usize = 6;

/// A pattern, as far as it decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pat {
    /// Takes everything.
    Wild,
    /// Of a pattern with an error.
    Unknown,
    Of(Ctor, Vec<Pat>),
    Or(Vec<Pat>),
}

/// What a value is at its outside.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Ctor {
    None,
    /// A value that is not `none`.
    Some,
    Bool(bool),
    Variant(EnumId, u16),
    Literal(EcoString),
}

/// An arm.
#[derive(Debug)]
pub(super) struct Row {
    pub pattern: Pat,
    pub guarded: bool,
}

/// What there is to say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A pattern has an error.
    Unknown,
    TooLarge,
    /// The cases that no arm takes, and the indices of arms that can never be taken.
    Known {
        missing: Vec<String>,
        unreachable: Vec<usize>,
    },
}

static WILD: Pat = Pat::Wild;

impl Pat {
    fn is_known(&self) -> bool {
        match self {
            Pat::Wild => true,
            Pat::Unknown => false,
            Pat::Of(_, args) | Pat::Or(args) => args.iter().all(Pat::is_known),
        }
    }

    /// Whether it takes `none` (or might).
    pub(super) fn takes_none(&self) -> bool {
        match self {
            Pat::Wild | Pat::Unknown => true,
            Pat::Of(ctor, _) => *ctor == Ctor::None,
            Pat::Or(any) => any.iter().any(Pat::takes_none),
        }
    }

    /// Whether it takes `none` whatever else it takes.
    pub(super) fn is_none(&self) -> bool {
        match self {
            Pat::Wild => true,
            Pat::Unknown => false,
            Pat::Of(ctor, _) => *ctor == Ctor::None,
            Pat::Or(any) => any.iter().any(Pat::is_none),
        }
    }

    /// Calls `each` for the pattern, or for each side of an or-pattern.
    fn sides<'p>(&'p self, each: &mut dyn FnMut(&'p Pat)) {
        match self {
            Pat::Or(any) => any.iter().for_each(|p| p.sides(each)),
            Pat::Wild | Pat::Unknown | Pat::Of(..) => each(self),
        }
    }

    fn is_flat(&self) -> bool {
        match self {
            Pat::Wild => true,
            Pat::Unknown => false,
            Pat::Of(_, args) => args.iter().all(|a| *a == Pat::Wild),
            Pat::Or(any) => any.iter().all(Pat::is_flat),
        }
    }
}

/// Judges the arms of one `match`.
pub(super) fn judge(rows: &[Row], enums: &[EnumTy]) -> Verdict {
    if !rows.iter().all(|r| r.pattern.is_known()) {
        return Verdict::Unknown;
    }
    if rows.iter().all(|r| r.pattern.is_flat()) {
        return judge_flat(rows, enums);
    }
    let mut proof = Proof { enums, effort: EFFORT };
    let mut above: Vec<Vec<&Pat>> = Vec::with_capacity(rows.len());
    let mut unreachable = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        if proof.useful(&above, &[&row.pattern]).is_none() {
            unreachable.push(at);
        }
        if !row.guarded {
            above.push(vec![&row.pattern]);
        }
    }
    let missing = proof.missing(&above);
    if proof.effort == 0 {
        return Verdict::TooLarge;
    }
    Verdict::Known { missing, unreachable }
}

fn judge_flat(rows: &[Row], enums: &[EnumTy]) -> Verdict {
    let mut taken: HashSet<&Ctor> = HashSet::default();
    let mut all = false;
    let mut unreachable = Vec::new();
    let mut whole: Option<Vec<Ctor>> = None;
    for (at, row) in rows.iter().enumerate() {
        let mut new = false;
        let mut wild = false;
        let mut ctors = Vec::new();
        row.pattern.sides(&mut |side| match side {
            Pat::Of(ctor, _) => {
                new |= !taken.contains(ctor);
                ctors.push(ctor);
            }
            Pat::Wild | Pat::Unknown | Pat::Or(_) => wild = true,
        });
        if let (None, Some(ctor)) = (&whole, ctors.first()) {
            whole = all_of(ctor, enums);
        }
        let covered = whole.as_ref().is_some_and(|w| taken.len() == w.len());
        if all || (wild && covered) || (!wild && !new) {
            unreachable.push(at);
        }
        if !row.guarded {
            all |= wild;
            taken.extend(ctors);
        }
    }
    let missing = match whole {
        _ if all => Vec::new(),
        Some(whole) => {
            let left = whole.iter().filter(|c| !taken.contains(c));
            left.map(|c| render(c, enums, &[])).collect()
        }
        None => vec!["_".to_string()],
    };
    Verdict::Known { missing, unreachable }
}

/// Every constructor beside this one; `None` when there is no end of them.
fn all_of(ctor: &Ctor, enums: &[EnumTy]) -> Option<Vec<Ctor>> {
    match ctor {
        Ctor::None | Ctor::Some => Some(vec![Ctor::None, Ctor::Some]),
        Ctor::Bool(_) => Some(vec![Ctor::Bool(true), Ctor::Bool(false)]),
        Ctor::Variant(id, _) => {
            let count = enums.get(id.0 as usize)?.variants.len();
            Some((0..count).map(|at| Ctor::Variant(*id, at as u16)).collect())
        }
        Ctor::Literal(_) => None,
    }
}

fn arity(ctor: &Ctor, enums: &[EnumTy]) -> usize {
    match ctor {
        Ctor::Some => 1,
        Ctor::Variant(id, at) => {
            enums.get(id.0 as usize).and_then(|e| e.variants.get(*at as usize)).map_or(0, |v| v.fields.len())
        }
        Ctor::None | Ctor::Bool(_) | Ctor::Literal(_) => 0,
    }
}

/// A case as one would write its pattern.
fn render(ctor: &Ctor, enums: &[EnumTy], args: &[String]) -> String {
    match ctor {
        Ctor::None => "none".to_string(),
        Ctor::Some => match args.first() {
            Some(inner) if inner != "_" => inner.clone(),
            _ => "a value".to_string(),
        },
        Ctor::Bool(value) => value.to_string(),
        Ctor::Literal(text) => text.to_string(),
        Ctor::Variant(id, at) => {
            let variant = enums.get(id.0 as usize).and_then(|e| e.variants.get(*at as usize));
            let Some(variant) = variant else { return "_".to_string() };
            if variant.fields.is_empty() {
                return variant.name.to_string();
            }
            let inner: Vec<&str> = (0..variant.fields.len())
                .map(|i| args.get(i).map_or("_", |a| if a == "a value" { "_" } else { a.as_str() }))
                .collect();
            format!("{}({})", variant.name, inner.join(", "))
        }
    }
}

struct Proof<'p> {
    enums: &'p [EnumTy],
    /// Steps that are left.
    effort: usize,
}

impl<'p> Proof<'p> {
    /// Cases of the single column that no row takes.
    fn missing(&mut self, rows: &[Vec<&'p Pat>]) -> Vec<String> {
        let whole = rows.iter().filter_map(|r| first_ctor(r)).next().and_then(|c| all_of(c, self.enums));
        let Some(whole) = whole else {
            let found = self.useful(rows, &[&WILD]);
            return found.map(|_| vec!["_".to_string()]).unwrap_or_default();
        };
        let mut missing = Vec::new();
        for ctor in &whole {
            if let Some(case) = self.under(rows, ctor, &[&WILD]) {
                missing.extend(case.into_iter().next());
            }
            if missing.len() == NAMED {
                break;
            }
        }
        missing
    }

    /// A case that `query` takes and no row does.
    fn useful(&mut self, rows: &[Vec<&'p Pat>], query: &[&'p Pat]) -> Option<Vec<String>> {
        self.effort = self.effort.saturating_sub(1 + rows.len() / 8);
        if self.effort == 0 {
            return None;
        }
        let Some((head, rest)) = query.split_first() else {
            return rows.is_empty().then(Vec::new);
        };
        match head {
            Pat::Or(any) => any.iter().find_map(|side| {
                let mut next = vec![side];
                next.extend_from_slice(rest);
                self.useful(rows, &next)
            }),
            Pat::Of(ctor, _) => self.under(rows, ctor, query),
            Pat::Wild | Pat::Unknown => self.useful_wild(rows, query, rest),
        }
    }

    fn useful_wild(
        &mut self,
        rows: &[Vec<&'p Pat>],
        query: &[&'p Pat],
        rest: &[&'p Pat],
    ) -> Option<Vec<String>> {
        let mut used: HashSet<&Ctor> = HashSet::default();
        for row in rows {
            if let Some(head) = row.first() {
                head.sides(&mut |side| {
                    if let Pat::Of(ctor, _) = side {
                        used.insert(ctor);
                    }
                });
            }
        }
        let whole = used.iter().next().and_then(|c| all_of(c, self.enums));
        if let Some(whole) = &whole
            && whole.len() == used.len()
        {
            return whole.iter().find_map(|ctor| self.under(rows, ctor, query));
        }
        let others: Vec<Vec<&'p Pat>> = rows
            .iter()
            .filter(|row| {
                let mut wild = false;
                if let Some(head) = row.first() {
                    head.sides(&mut |side| wild |= *side == Pat::Wild);
                }
                wild
            })
            .map(|row| row[1..].to_vec())
            .collect();
        let mut case = self.useful(&others, rest)?;
        let free = whole.and_then(|w| w.into_iter().find(|c| !used.contains(c)));
        case.insert(0, free.map_or_else(|| "_".to_string(), |c| render(&c, self.enums, &[])));
        Some(case)
    }

    /// The same for values of one constructor only.
    fn under(&mut self, rows: &[Vec<&'p Pat>], ctor: &Ctor, query: &[&'p Pat]) -> Option<Vec<String>> {
        let width = arity(ctor, self.enums);
        let mut inner = Vec::with_capacity(rows.len());
        for row in rows {
            let Some((head, rest)) = row.split_first() else { continue };
            head.sides(&mut |side| {
                if let Some(next) = opened(side, ctor, width, rest) {
                    inner.push(next);
                }
            });
        }
        let (head, rest) = query.split_first()?;
        let next = opened(head, ctor, width, rest)?;
        let mut case = self.useful(&inner, &next)?;
        let rest = case.split_off(width.min(case.len()));
        let mut whole = vec![render(ctor, self.enums, &case)];
        whole.extend(rest);
        Some(whole)
    }
}

/// A row with its head replaced by the head's arguments, when the head takes values of that constructor.
fn opened<'p>(head: &'p Pat, ctor: &Ctor, width: usize, rest: &[&'p Pat]) -> Option<Vec<&'p Pat>> {
    let mut next: Vec<&'p Pat> = Vec::with_capacity(width + rest.len());
    match head {
        Pat::Wild | Pat::Unknown | Pat::Or(_) => next.extend(std::iter::repeat_n(&WILD, width)),
        Pat::Of(own, args) if own == ctor => next.extend(args.iter()),
        Pat::Of(..) => return None,
    }
    next.extend_from_slice(rest);
    Some(next)
}

fn first_ctor<'p>(row: &[&'p Pat]) -> Option<&'p Ctor> {
    let mut found = None;
    if let Some(head) = row.first() {
        head.sides(&mut |side| {
            if let Pat::Of(ctor, _) = side {
                found = found.or(Some(ctor));
            }
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lit(text: &str) -> Pat {
        Pat::Of(Ctor::Literal(text.into()), Vec::new())
    }

    fn some(inner: Pat) -> Pat {
        Pat::Of(Ctor::Some, vec![inner])
    }

    fn bool(value: bool) -> Pat {
        Pat::Of(Ctor::Bool(value), Vec::new())
    }

    fn rows(patterns: Vec<Pat>) -> Vec<Row> {
        patterns.into_iter().map(|pattern| Row { pattern, guarded: false }).collect()
    }

    fn known(missing: &[&str], unreachable: &[usize]) -> Verdict {
        let missing = missing.iter().map(ToString::to_string).collect();
        Verdict::Known { missing, unreachable: unreachable.to_vec() }
    }

    #[test]
    fn flat_and_nested_matches_are_judged() {
        assert_eq!(judge(&rows(vec![bool(true), bool(false)]), &[]), known(&[], &[]));
        assert_eq!(judge(&rows(vec![bool(true), bool(true)]), &[]), known(&["false"], &[1]));
        assert_eq!(judge(&rows(vec![lit("1"), Pat::Wild, lit("2")]), &[]), known(&[], &[2]));
        assert_eq!(judge(&rows(vec![lit("1")]), &[]), known(&["_"], &[]));
        let none = || Pat::Of(Ctor::None, Vec::new());
        assert_eq!(judge(&rows(vec![none(), some(bool(true))]), &[]), known(&["false"], &[]));
        let or = Pat::Or(vec![none(), some(bool(true))]);
        assert_eq!(judge(&rows(vec![or, some(bool(false)), Pat::Wild]), &[]), known(&[], &[2]));
    }

    #[test]
    fn a_guard_counts_for_nothing() {
        let guarded =
            vec![Row { pattern: Pat::Wild, guarded: true }, Row { pattern: bool(true), guarded: false }];
        assert_eq!(judge(&guarded, &[]), known(&["false"], &[]));
    }
}
