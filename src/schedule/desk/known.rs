//! Tasks that have been asked for their inputs, and where they stand until they have ended.

use super::{Desk, Lack, Rank};
use crate::plan::{AgentId, ResourceId};
use crate::schedule::{Inputs, Place, Work};
use std::sync::Arc;

/// Starts of others after which a task reserves what it lacks.
const PATIENCE: u64 = 64;
/// Parked tasks that are tried again at once when what they lack is given back.
const PULLED: usize = 64;

#[derive(Debug, Clone)]
pub(in crate::schedule) struct Known {
    pub inputs: Option<Arc<Inputs>>,
    pub standing: Standing,
    /// Takes no place in `parallel`.
    pub light: bool,
    /// Holds a place in `parallel`.
    pub slot: bool,
    /// Has been told to stop.
    pub stopping: bool,
    /// The last answer did not pass a gate: the same agent goes on.
    pub same_agent: bool,
    /// Put to the queue because some of this was given back: if it does not take it, another may.
    pub pulled: Option<Lack>,
    /// Lacks units since so many starts.
    pub since: Option<(ResourceId, u64)>,
}

/// Where a known task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::schedule) enum Standing {
    /// Its inputs have been asked for.
    Asked,
    /// In `ready` or `free`.
    Queued,
    Parked(Lack),
    Running,
    /// In backoff, before a person, or being settled.
    Idle,
}

impl Known {
    pub fn new(light: bool) -> Known {
        Known {
            inputs: None,
            standing: Standing::Idle,
            light,
            slot: false,
            stopping: false,
            same_agent: false,
            pulled: None,
            since: None,
        }
    }

    /// Counts against the number of tasks that are asked for inputs ahead of their start.
    fn is_queued(&self) -> bool {
        !self.light && matches!(self.standing, Standing::Asked | Standing::Queued)
    }

    fn is_blocked(&self) -> bool {
        matches!(self.standing, Standing::Parked(Lack::Claim(_)))
    }
}

impl Inputs {
    pub(in crate::schedule) fn is_light(&self) -> bool {
        match self.work {
            Work::Attempt => false,
            Work::Light | Work::Inline | Work::Question { .. } => true,
        }
    }

    pub(in crate::schedule) fn claims_any(&self) -> bool {
        !self.reads.is_empty() || !self.writes.is_empty()
    }
}

impl Desk {
    /// Moves a known task to where it stands now.
    pub fn stand(&mut self, place: Place, standing: Standing) {
        let Some(known) = self.known.get_mut(&place) else { return };
        self.queued -= u32::from(known.is_queued());
        self.blocked -= u32::from(known.is_blocked());
        known.standing = standing;
        self.queued += u32::from(known.is_queued());
        self.blocked += u32::from(known.is_blocked());
    }

    /// Sets a task aside until what it lacks is given back.
    pub fn park(&mut self, rank: Rank, lack: Lack) {
        let place = rank.place();
        let Some(known) = self.known.get_mut(&place) else { return };
        if let Some(pulled) = known.pulled.take()
            && pulled != lack
        {
            self.freed.push(pulled);
        }
        let Some(inputs) = known.inputs.clone() else { return };
        if let Lack::Units(r) = lack
            && known.since.is_none()
            && inputs.units.iter().any(|(of, n)| *of == r && *n > 1)
        {
            let starts = self.limits.wait_for(r, place);
            known.since = Some((r, starts));
        }
        self.stand(place, Standing::Parked(lack));
        self.parked.entry(lack).or_default().insert(rank);
    }

    /// Sets a task aside until one of the agents has room: with each of them, until one takes it.
    pub fn park_for(&mut self, rank: Rank, agents: &[AgentId]) {
        let Some(first) = agents.first() else { return };
        let known = self.known.get_mut(&rank.place());
        if let Some(known) = known
            && matches!(known.pulled, Some(Lack::Agent(_)))
        {
            known.pulled = None;
        }
        for agent in &agents[1..] {
            self.parked.entry(Lack::Agent(*agent)).or_default().insert(rank.clone());
        }
        self.park(rank, Lack::Agent(*first));
    }

    /// Puts the best of those that lack what has been given back into the queue again.
    pub fn pull(&mut self, lack: Lack) {
        let mut left = if matches!(lack, Lack::Claim(_)) { usize::MAX } else { PULLED };
        let starving = self.limits.starving();
        let Some(mut parked) = self.parked.remove(&lack) else { return };
        if let Some(starving) = starving
            && let Some(rank) = parked.iter().find(|rank| rank.place() == starving).cloned()
        {
            parked.remove(&rank);
            self.pull_one(rank, lack);
        }
        while left > 0
            && let Some(rank) = parked.pop_last()
        {
            if self.pull_one(rank, lack) {
                left -= 1;
            }
        }
        if !parked.is_empty() {
            self.parked.insert(lack, parked);
        }
    }

    fn pull_one(&mut self, rank: Rank, lack: Lack) -> bool {
        let place = rank.place();
        let Some(known) = self.known.get_mut(&place) else { return false };
        let here = match (known.standing, lack) {
            (Standing::Parked(Lack::Agent(_)), Lack::Agent(_)) => true,
            (Standing::Parked(at), lack) => at == lack,
            (Standing::Asked | Standing::Queued | Standing::Running | Standing::Idle, _) => false,
        };
        if here {
            known.pulled = Some(lack);
            self.stand(place, Standing::Queued);
            self.ready.push(rank);
        }
        here
    }

    /// A task that took units has started: whoever lacks them for too long reserves them.
    pub fn lose_patience(&mut self, units: &[(ResourceId, i64)]) {
        for (r, _) in units {
            while let Some((place, at)) = self.limits.longest_wait(*r) {
                let known = self.known.get(&place);
                if known.is_none_or(|known| known.since != Some((*r, at))) {
                    self.limits.drop_wait(*r);
                    continue;
                }
                if self.limits.starts(*r) - at >= PATIENCE
                    && self.limits.starving().is_none()
                    && let Some(inputs) = known.and_then(|known| known.inputs.clone())
                {
                    self.limits.reserve(place, inputs);
                }
                break;
            }
        }
    }

    /// A task has started, or never will: it reserves nothing any more.
    pub fn patience_ends(&mut self, place: Place) {
        if let Some(known) = self.known.get_mut(&place) {
            known.since = None;
        }
        if self.limits.starving() == Some(place) {
            self.limits.unreserve(&mut self.freed);
        }
    }
}
