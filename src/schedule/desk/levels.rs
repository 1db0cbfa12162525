//! Policy `strict`: in every body a wave begins when the one before it has ended.

use crate::plan::{BodyId, Plan};
use crate::schedule::scope::{Core, Stage};
use crate::schedule::tables::NumMap;
use crate::schedule::{Place, ScopeId, What};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default)]
pub(in crate::schedule) struct Levels {
    scopes: NumMap<ScopeId, Level>,
    /// Held until a wave that has begun since.
    pub released: Vec<(Place, What)>,
}

/// Where a scope stands.
#[derive(Debug, Clone)]
struct Level {
    /// Nodes of each wave that have not ended.
    left: Vec<u32>,
    wave: u32,
    held: BTreeMap<u32, Vec<(Place, What)>>,
}

impl Levels {
    pub fn opened(&mut self, core: &Core, plan: &Plan, id: ScopeId) {
        let Some(scope) = core.scope(id) else { return };
        let body = plan.body(scope.body);
        let mut left = vec![0; body.waves as usize];
        for (node, stage) in body.nodes.iter().zip(&scope.nodes) {
            if let (false, Some(left)) = (matches!(stage, Stage::Ended(_)), left.get_mut(node.wave as usize))
            {
                *left += 1;
            }
        }
        let mut level = Level { left, wave: 0, held: BTreeMap::new() };
        level.advance(&mut self.released);
        self.scopes.insert(id, level);
    }

    pub fn closed(&mut self, id: ScopeId) {
        self.scopes.remove(&id);
    }

    /// Keeps a node whose wave, or that of a composite around it, has not begun.
    pub fn holds(&mut self, core: &Core, plan: &Plan, place: Place, what: What) -> bool {
        let mut at = Some(place);
        while let Some(here) = at {
            let Some(scope) = core.scope(here.scope) else { return false };
            let wave = plan.body(scope.body).nodes.get(here.node.index()).map_or(0, |node| node.wave);
            if let Some(level) = self.scopes.get_mut(&here.scope)
                && wave > level.wave
            {
                level.held.entry(wave).or_default().push((place, what));
                return true;
            }
            at = core.parent(here.scope).map(|_| scope.by);
        }
        false
    }

    pub fn ended(&mut self, plan: &Plan, body: BodyId, place: Place) {
        let wave = plan.body(body).nodes[place.node.index()].wave;
        let Some(level) = self.scopes.get_mut(&place.scope) else { return };
        if let Some(left) = level.left.get_mut(wave as usize) {
            *left = left.saturating_sub(1);
        }
        level.advance(&mut self.released);
    }
}

impl Level {
    fn advance(&mut self, released: &mut Vec<(Place, What)>) {
        while self.left.get(self.wave as usize) == Some(&0) {
            self.wave += 1;
        }
        while let Some(first) = self.held.first_entry()
            && *first.key() <= self.wave
        {
            released.extend(first.remove());
        }
    }
}
