//! Places as text and back: the path of a node through the program.

use super::scope::{Composite, Role};
use super::{Place, ScopeId, State, Width};
use crate::plan::{NodeIx, NodeKind, Plan, RaceKind};
use std::fmt::Write;

impl State {
    /// The text id of a node, or of a scope's body (the composite's id, `@`, the slot; of the root scope `@0`), as long as the
    /// scope is not swept. Empty for an unknown place.
    pub fn id_of(&self, plan: &Plan, place: Place) -> String {
        let mut chain: Vec<Place> = Vec::new();
        let mut at = place;
        if place.is_body() {
            chain.push(place);
            match self.core.scope(place.scope) {
                Some(scope) if scope.role != Role::Root => at = scope.by,
                Some(_) => return "@0".to_owned(),
                None => return String::new(),
            }
        }
        loop {
            chain.push(at);
            match self.core.scope(at.scope) {
                Some(scope) if scope.role != Role::Root => at = scope.by,
                Some(_) => break,
                None => return String::new(),
            }
        }
        let mut id = String::new();
        // from the root inwards: what the scope adds, then the node's name
        while let Some(at) = chain.pop() {
            let Some(scope) = self.core.scope(at.scope) else { return String::new() };
            if at.is_body() {
                // writing to a string does not fail
                let _ = write!(id, "@{}", scope.slot);
                break;
            }
            if scope.role != Role::Root {
                self.enter(plan, at.scope, &mut id);
            }
            let inside = chain.last().and_then(|inner| self.core.scope(inner.scope));
            let adds_nothing = inside.is_some_and(|inner| {
                inner.by == at
                    && chain.last().is_some_and(|inner| !inner.is_body())
                    && self.is_transparent(plan, at)
            });
            if adds_nothing {
                continue;
            }
            let name = &plan.body(scope.body).nodes[at.node.index()].name;
            if !name.is_empty() {
                if !id.is_empty() && !id.ends_with('/') {
                    id.push('.');
                }
                id.push_str(name);
            }
        }
        id
    }

    /// Whether the composite adds nothing to the ids of what is inside.
    fn is_transparent(&self, plan: &Plan, place: Place) -> bool {
        let Some(scope) = self.core.scope(place.scope) else { return false };
        match &plan.body(scope.body).nodes[place.node.index()].kind {
            NodeKind::Branch { .. }
            | NodeKind::Try { .. }
            | NodeKind::Race { entrants: RaceKind::Bodies(_), .. } => true,
            NodeKind::Race { entrants: RaceKind::Each { .. }, .. }
            | NodeKind::Task { .. }
            | NodeKind::Assert { .. }
            | NodeKind::Join
            | NodeKind::Map { .. }
            | NodeKind::Loop { .. }
            | NodeKind::Call { .. } => false,
        }
    }

    /// What a scope adds after its composite's id.
    fn enter(&self, plan: &Plan, id: ScopeId, text: &mut String) {
        let Some(scope) = self.core.scope(id) else { return };
        let slot = scope.slot;
        let _ = match scope.role {
            Role::Callee => write!(text, "/"),
            Role::Round => write!(text, "#{slot}"),
            Role::Iteration => match self.width(scope.by) {
                Some(width) => write_slot(width, slot, text),
                None => write!(text, "[{slot}]"),
            },
            Role::Entrant if !self.is_transparent(plan, scope.by) => match self.width(scope.by) {
                Some(width) => write_slot(width, slot, text),
                None => write!(text, "[{slot}]"),
            },
            Role::Entrant | Role::Root | Role::Arm | Role::Body | Role::Catch | Role::Finally => Ok(()),
        };
    }

    fn width(&self, place: Place) -> Option<&Width> {
        match self.core.open.get(&place) {
            Some(Composite::Map(fan) | Composite::Race(fan)) => Some(&fan.width),
            Some(Composite::One { .. } | Composite::Loop(_) | Composite::Try { .. }) => None,
            None => self.core.widths.iter().find(|(at, _)| *at == place).map(|(_, width)| &**width),
        }
    }

    /// The place of an id in a live scope.
    pub fn place_of(&self, plan: &Plan, id: &str) -> Option<Place> {
        let (path, body) = match id.rsplit_once('@') {
            Some((path, slot)) if slot.bytes().all(|b| b.is_ascii_digit()) && !slot.is_empty() => {
                (path, Some(slot.parse::<u32>().ok()?))
            }
            Some(_) | None => (id, None),
        };
        if path.is_empty() && body.is_some() {
            return Some(Place::body(ScopeId::ROOT));
        }
        let mut scope = ScopeId::ROOT;
        let mut rest = path;
        loop {
            let (place, after) = self.step_into(plan, scope, rest)?;
            if after.is_empty() {
                return match body {
                    None => Some(place),
                    Some(slot) => self.kid(place, slot).map(Place::body),
                };
            }
            let (kid, after) = self.step_slot(place, after)?;
            scope = kid;
            rest = after.strip_prefix('.').unwrap_or(after);
        }
    }

    /// The node whose name `text` begins with, and what is left. The longest name that can be goes first: those of expanded
    /// iterations have brackets in them.
    fn step_into<'t>(&self, plan: &Plan, scope: ScopeId, text: &'t str) -> Option<(Place, &'t str)> {
        let body = self.core.scope(scope)?.body;
        let cuts = text.char_indices().filter(|(_, c)| matches!(c, '[' | '#' | '/')).map(|(i, _)| i);
        let mut cuts: Vec<usize> = cuts.collect();
        cuts.push(text.len());
        cuts.into_iter().rev().find_map(|cut| {
            let (body, node) = self.shapes.named(plan, body, &text[..cut])?;
            let place = Place::new(self.descend(scope, body)?, node);
            let after = &text[cut..];
            (after.is_empty() || self.step_slot(place, after).is_some()).then_some((place, after))
        })
    }

    /// The scope of a body that adds nothing to an id, below another scope.
    fn descend(&self, top: ScopeId, body: crate::plan::BodyId) -> Option<ScopeId> {
        let outermost = self.core.scope(top)?.body;
        let mut way: Vec<(NodeIx, u32)> = Vec::new();
        let mut at = body;
        while at != outermost {
            let (outer, node, slot) = self.shapes.owner(at)?;
            way.push((node, slot));
            at = outer;
        }
        way.into_iter().rev().try_fold(top, |scope, (node, slot)| self.kid(Place::new(scope, node), slot))
    }

    /// The open scope of a composite's slot.
    fn kid(&self, place: Place, slot: u32) -> Option<ScopeId> {
        let kid = match self.core.open.get(&place)? {
            Composite::One { kid } | Composite::Try { kid, .. } => *kid,
            Composite::Loop(rounds) => rounds.kid?,
            Composite::Map(fan) | Composite::Race(fan) => *fan.kids.get(&slot)?,
        };
        (self.core.scope(kid)?.slot == slot).then_some(kid)
    }

    /// The scope that `[i]`, `["key"]`, `#n` or `/` leads to, and what is left of the text.
    fn step_slot<'t>(&self, place: Place, text: &'t str) -> Option<(ScopeId, &'t str)> {
        match self.core.open.get(&place)? {
            Composite::One { kid } => Some((*kid, text.strip_prefix('/')?)),
            Composite::Loop(rounds) => {
                let digits = text.strip_prefix('#')?;
                let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
                let round: u32 = digits[..end].parse().ok()?;
                (rounds.round == round).then_some((rounds.kid?, &digits[end..]))
            }
            Composite::Map(fan) | Composite::Race(fan) if fan.width.keys.is_some() => {
                fan.kids.iter().find_map(|(slot, kid)| {
                    let mut own = String::new();
                    write_slot(&fan.width, *slot, &mut own).ok()?;
                    let key = fan.width.keys.as_ref().and_then(|keys| keys.get(*slot as usize));
                    // Earlier versions left more as it is.
                    let earlier = || Some(format!("[{}]", serde_json::to_string(key?.as_str()).ok()?));
                    let after = text.strip_prefix(own.as_str());
                    Some((*kid, after.or_else(|| text.strip_prefix(earlier()?.as_str()))?))
                })
            }
            Composite::Map(fan) | Composite::Race(fan) => {
                let (index, after) = text.strip_prefix('[')?.split_once(']')?;
                let index: u32 = index.parse().ok()?;
                let slot = match &fan.width.indices {
                    Some(indices) => indices.binary_search(&index).ok()? as u32,
                    None => index,
                };
                Some((*fan.kids.get(&slot)?, after))
            }
            Composite::Try { .. } => None,
        }
    }
}

/// `[i]` with the index of the element, or `["key"]`.
fn write_slot(width: &Width, slot: u32, text: &mut String) -> std::fmt::Result {
    if let Some(key) = width.keys.as_ref().and_then(|keys| keys.get(slot as usize)) {
        let quoted = serde_json::to_string(key.as_str()).map_err(|_| std::fmt::Error)?;
        text.push('[');
        for c in quoted.chars() {
            match c {
                // JSON leaves those as they are that steer a terminal or turn the order of what is read.
                c if c.is_control() || is_bidi(c) => write!(text, "\\u{:04x}", u32::from(c))?,
                c => text.push(c),
            }
        }
        text.push(']');
        return Ok(());
    }
    let index = width.indices.as_ref().and_then(|of| of.get(slot as usize).copied()).unwrap_or(slot);
    write!(text, "[{index}]")
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}
