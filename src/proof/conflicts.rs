//! Tasks that run at the same time and certainly use the same files.

use super::places::{Origin, Places};
use super::{errors, ways_out};
use crate::ast::{Expr, TaskDecl};
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::Plan;
use crate::plan::claims::{self, Collision, Side, Together};
use crate::source::{SourceMap, Span};
use crate::types::Checked;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// One of two tasks, with what there is to point at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Party<'a> {
    pub name: &'a str,
    pub writes: bool,
    pub claim: Span,
    /// Its call, or that of the workflow which leads to it, where both meet.
    pub origin: Option<Origin<'a>>,
    pub definition: Option<&'a TaskDecl>,
}

/// Two of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parties<'a> {
    pub first: Party<'a>,
    pub second: Party<'a>,
    pub together: Together,
    /// The `for` or `race` around them.
    pub head: Option<&'a Expr>,
    pub example: &'a str,
}

pub(super) fn check(plan: &Plan, checked: &Checked, sources: &SourceMap, out: &mut Vec<Diagnostic>) {
    let found = claims::collisions(plan);
    if found.collisions.is_empty() && found.faulty.is_empty() {
        return;
    }
    let places = Places::new(plan, checked, sources);
    let mut said = HashSet::new();
    for faulty in &found.faulty {
        if let Some(span) = places.claim(&faulty.side).filter(|span| said.insert((*span, *span))) {
            out.push(errors::no_path(span, &faulty.text, faulty.fault));
        }
    }
    let mut known: HashMap<(Span, Span, Code), usize> = HashMap::new();
    for collision in &found.collisions {
        let Some(parties) = parties(&places, collision) else { continue };
        let calls = [&parties.first, &parties.second].map(|p| p.origin.map_or(p.claim, |o| o.span()));
        if !said.insert((calls[0], calls[1])) {
            continue;
        }
        let error = errors::conflict(&parties);
        match known.entry((parties.first.claim, parties.second.claim, error.code)) {
            // The same two claims at other calls: one message.
            Entry::Occupied(entry) => errors::also(&mut out[*entry.get()], &parties),
            Entry::Vacant(entry) => {
                entry.insert(out.len());
                let fixes = ways_out::of(&places, &parties);
                out.push(errors::with_ways_out(error, &parties, fixes));
            }
        }
    }
}

fn parties<'a>(places: &Places<'a>, collision: &'a Collision) -> Option<Parties<'a>> {
    let party = |side: &Side| {
        Some(Party {
            name: places.name(side),
            writes: side.writes,
            claim: places.claim(side)?,
            origin: places.origin(side.call),
            definition: places.definition(side),
        })
    };
    let head = match collision.together {
        Together::Unordered => None,
        Together::Iterations(at) | Together::Entrants(at) => places.head(at),
    };
    Some(Parties {
        first: party(&collision.first)?,
        second: party(&collision.second)?,
        together: collision.together,
        head,
        example: &collision.example,
    })
}
