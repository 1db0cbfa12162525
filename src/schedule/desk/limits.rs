//! What is limited: places in `parallel`, units of resources, agents.

use super::Lack;
use crate::plan::{AgentId, Limit, Plan, ResourceId};
use crate::schedule::scope::Core;
use crate::schedule::tables::NumMap;
use crate::schedule::{Facts, Inputs, Ms, Place, ScopeId};
use std::collections::VecDeque;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(in crate::schedule) struct Limits {
    /// Attempts that hold a place in `parallel`.
    slots: u32,
    /// The same, of each called workflow that has a `parallel` of its own.
    calls: NumMap<ScopeId, u32>,
    pools: Vec<Pool>,
    /// Attempts of each agent.
    agents: Vec<u32>,
    /// The task that reserves what it lacks.
    starving: Option<(Place, Arc<Inputs>)>,
}

#[derive(Debug, Clone)]
struct Pool {
    limit: PoolLimit,
    held: i64,
    /// Of a rate: what was taken within the last `per_ms`.
    taken: VecDeque<(Ms, i64)>,
    /// Starts that took some.
    starts: u64,
    /// Tasks that lack more than one unit, and since which start.
    waiting: VecDeque<(Place, u64)>,
}

#[derive(Debug, Clone, Copy)]
enum PoolLimit {
    None,
    Capacity(i64),
    Rate { units: i64, per_ms: Ms },
}

impl Limits {
    pub fn new(plan: &Plan, facts: &Facts<'_>) -> Limits {
        let pool = |(i, limit): (usize, &Limit)| {
            let limit = match limit {
                Limit::Machine => facts.machine.get(i).map_or(PoolLimit::None, |n| PoolLimit::Capacity(*n)),
                Limit::Capacity(n) => PoolLimit::Capacity(*n),
                Limit::Rate { units, per_ms } => PoolLimit::Rate { units: *units, per_ms: (*per_ms).max(1) },
            };
            Pool { limit, held: 0, taken: VecDeque::new(), starts: 0, waiting: VecDeque::new() }
        };
        Limits {
            slots: 0,
            calls: NumMap::default(),
            pools: plan.resources.iter().map(|resource| &resource.limit).enumerate().map(pool).collect(),
            agents: vec![0; plan.agents.len()],
            starving: None,
        }
    }

    /// Whether the whole run has a place left.
    pub fn has_slot(&self, core: &Core, facts: &Facts<'_>) -> bool {
        let own = core.scope(ScopeId::ROOT).and_then(|root| root.parallel).unwrap_or(u32::MAX);
        self.slots < facts.parallel.min(own).max(1)
    }

    /// The called workflow around a place that has no place left.
    pub fn full_call(&self, core: &Core, place: Place) -> Option<ScopeId> {
        let mut calls = core.calls(place.scope).filter(|(id, _)| *id != ScopeId::ROOT);
        let full = |(id, limit): (ScopeId, u32)| {
            (self.calls.get(&id).copied().unwrap_or(0) >= limit.max(1)).then_some(id)
        };
        calls.find_map(|(id, call)| full((id, call.parallel?)))
    }

    pub fn take_slot(&mut self, core: &Core, place: Place) {
        self.slots += 1;
        for (id, call) in core.calls(place.scope) {
            if call.parallel.is_some() && id != ScopeId::ROOT {
                *self.calls.entry(id).or_default() += 1;
            }
        }
    }

    pub fn give_slot(&mut self, core: &Core, place: Place, freed: &mut Vec<Lack>) {
        self.slots = self.slots.saturating_sub(1);
        for (id, _) in core.calls(place.scope) {
            if let Some(n) = self.calls.get_mut(&id) {
                *n = n.saturating_sub(1);
                freed.push(Lack::Call(id));
            }
        }
    }

    pub fn forget_call(&mut self, scope: ScopeId) {
        self.calls.remove(&scope);
    }

    /// Whether it could never have so much.
    pub fn beyond(&self, units: &[(ResourceId, i64)]) -> bool {
        units.iter().any(|(r, n)| match self.pools.get(r.index()).map(|pool| pool.limit) {
            Some(PoolLimit::Capacity(all) | PoolLimit::Rate { units: all, .. }) => *n > all,
            Some(PoolLimit::None) | None => false,
        })
    }

    /// The first resource of which there is not enough, or which is reserved for another; of a rate when more comes.
    pub fn lacking(
        &mut self,
        place: Place,
        units: &[(ResourceId, i64)],
        now: Ms,
    ) -> Option<(ResourceId, Option<Ms>)> {
        let reserved = |r: ResourceId| match &self.starving {
            Some((by, inputs)) => *by != place && inputs.units.iter().any(|(of, _)| *of == r),
            None => false,
        };
        if let Some((r, _)) = units.iter().find(|(r, n)| *n > 0 && reserved(*r)) {
            return Some((*r, None));
        }
        units.iter().find_map(|(r, n)| {
            let more = self.pools.get_mut(r.index())?.short(*n, now)?;
            Some((*r, more))
        })
    }

    pub fn take_units(&mut self, units: &[(ResourceId, i64)], now: Ms) {
        for (r, n) in units {
            let Some(pool) = self.pools.get_mut(r.index()) else { continue };
            pool.starts += 1;
            match pool.limit {
                PoolLimit::Rate { .. } => pool.taken.push_back((now, *n)),
                PoolLimit::Capacity(_) | PoolLimit::None => pool.held += n,
            }
        }
    }

    pub fn give_units(&mut self, units: &[(ResourceId, i64)], freed: &mut Vec<Lack>) {
        for (r, n) in units {
            let Some(pool) = self.pools.get_mut(r.index()) else { continue };
            if let PoolLimit::Capacity(_) = pool.limit {
                pool.held -= n;
                freed.push(Lack::Units(*r));
            }
        }
    }

    pub fn running(&self, agent: AgentId) -> u32 {
        self.agents.get(agent.index()).copied().unwrap_or(0)
    }

    pub fn take_agent(&mut self, agent: Option<AgentId>) {
        if let Some(n) = agent.and_then(|agent| self.agents.get_mut(agent.index())) {
            *n += 1;
        }
    }

    pub fn give_agent(&mut self, agent: AgentId) {
        if let Some(n) = self.agents.get_mut(agent.index()) {
            *n = n.saturating_sub(1);
        }
    }

    pub fn starving(&self) -> Option<Place> {
        self.starving.as_ref().map(|(place, _)| *place)
    }

    pub fn reserve(&mut self, place: Place, inputs: Arc<Inputs>) {
        self.starving = Some((place, inputs));
    }

    pub fn unreserve(&mut self, freed: &mut Vec<Lack>) {
        if let Some((_, inputs)) = self.starving.take() {
            freed.extend(inputs.units.iter().map(|(r, _)| Lack::Units(*r)));
        }
    }

    /// Notes that a task waits for more than one unit; returns the number of starts so far.
    pub fn wait_for(&mut self, r: ResourceId, place: Place) -> u64 {
        let Some(pool) = self.pools.get_mut(r.index()) else { return 0 };
        pool.waiting.push_back((place, pool.starts));
        pool.starts
    }

    pub fn longest_wait(&self, r: ResourceId) -> Option<(Place, u64)> {
        self.pools.get(r.index())?.waiting.front().copied()
    }

    pub fn drop_wait(&mut self, r: ResourceId) {
        if let Some(pool) = self.pools.get_mut(r.index()) {
            pool.waiting.pop_front();
        }
    }

    pub fn starts(&self, r: ResourceId) -> u64 {
        self.pools.get(r.index()).map_or(0, |pool| pool.starts)
    }
}

impl Pool {
    /// `None`: there is enough; else when more comes, if time brings it.
    fn short(&mut self, n: i64, now: Ms) -> Option<Option<Ms>> {
        if n <= 0 {
            return None;
        }
        match self.limit {
            PoolLimit::None => None,
            PoolLimit::Capacity(all) => (self.held + n > all).then_some(None),
            PoolLimit::Rate { units, per_ms } => {
                while self.taken.front().is_some_and(|(at, _)| at.saturating_add(per_ms) <= now) {
                    self.taken.pop_front();
                }
                let taken: i64 = self.taken.iter().map(|(_, n)| n).sum();
                let first = self.taken.front().map(|(at, _)| at.saturating_add(per_ms));
                (taken + n > units).then_some(first)
            }
        }
    }
}
