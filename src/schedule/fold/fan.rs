//! Maps and races.

use super::{Fold, Step};
use crate::plan::{BodyId, NodeKind, RaceKind};
use crate::schedule::scope::{Composite, Fan, Halt, Role, Stage, Waits};
use crate::schedule::{Cause, Edges, End, ErrorKind, Note, Place, Width};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Fold<'_> {
    /// Opens a map or a race of that width.
    pub(super) fn open_fan(&mut self, place: Place, width: Arc<Width>) {
        let window = width.parallel.map_or(self.core.window, |parallel| parallel.max(1));
        let waits = width.after.as_ref().map(|after| Waits::new(width.n, after));
        let fan = Fan {
            next: 0,
            done: 0,
            window,
            kids: BTreeMap::new(),
            error: None,
            failed: 0,
            won: Vec::new(),
            waits,
            width,
        };
        let race = matches!(self.node_of(place).map(|node| &node.kind), Some(NodeKind::Race { .. }));
        let of = if race { Composite::Race(Box::new(fan)) } else { Composite::Map(Box::new(fan)) };
        self.set(place, Stage::Open);
        self.core.open.insert(place, of);
        self.steps.push_back(Step::Refill(place));
    }

    /// Opens what may be opened; ends the map or race when nothing is open any more.
    pub(super) fn refill(&mut self, place: Place) {
        match self.core.open.get(&place) {
            Some(Composite::Map(_)) => self.refill_map(place),
            Some(Composite::Race(_)) => self.refill_race(place),
            Some(Composite::One { .. } | Composite::Loop(_) | Composite::Try { .. }) | None => {}
        }
    }

    fn refill_map(&mut self, place: Place) {
        let halted = self.core.halted(place.scope);
        let lenient = self.core.scope(place.scope).is_some_and(|scope| scope.lenient);
        let Some(NodeKind::Map { body, .. }) = self.node_of(place).map(|node| &node.kind) else { return };
        let body = *body;
        loop {
            let Some(Composite::Map(fan)) = self.core.open.get_mut(&place) else { return };
            if halted || (fan.error.is_some() && !lenient) || fan.kids.len() >= fan.window as usize {
                break;
            }
            let Some(slot) = fan.take() else { break };
            self.open_slot(place, slot, body, Role::Iteration, lenient);
        }
        let Some(Composite::Map(fan)) = self.core.open.get(&place) else { return };
        if fan.kids.is_empty() {
            let end = match fan.error {
                Some(error) => End::Failed(error),
                None if halted => End::Cancelled,
                None => End::Succeeded,
            };
            self.steps.push_back(Step::End(place, end));
        }
    }

    fn open_slot(&mut self, place: Place, slot: u32, body: BodyId, role: Role, lenient: bool) {
        let kid = self.open(place, slot, body, role, lenient, None);
        if let Some(Composite::Map(fan) | Composite::Race(fan)) = self.core.open.get_mut(&place) {
            fan.kids.insert(slot, kid);
        }
    }

    pub(super) fn iteration_closed(&mut self, place: Place, slot: u32, end: End) {
        let lenient = self.core.scope(place.scope).is_some_and(|scope| scope.lenient);
        let Some(Composite::Map(fan)) = self.core.open.get_mut(&place) else { return };
        fan.kids.remove(&slot);
        fan.done += 1;
        if let Some(waits) = &mut fan.waits {
            fan.done += waits.finished(slot, end == End::Succeeded);
        }
        if let End::Failed(error) = end {
            fan.error.get_or_insert(error);
            if !lenient && !self.core.halted(place.scope) {
                self.fail(place.scope, error);
            }
        }
        self.steps.push_back(Step::Refill(place));
    }

    fn refill_race(&mut self, place: Place) {
        let halted = self.core.halted(place.scope);
        let Some(NodeKind::Race { entrants, .. }) = self.node_of(place).map(|node| &node.kind) else {
            return;
        };
        let bodies: Vec<BodyId> = match entrants {
            RaceKind::Bodies(bodies) => bodies.clone(),
            RaceKind::Each { body, .. } => vec![*body],
        };
        let each = matches!(entrants, RaceKind::Each { .. });
        loop {
            let Some(Composite::Race(fan)) = self.core.open.get_mut(&place) else { return };
            if halted || fan.decided() || fan.kids.len() >= fan.window as usize {
                break;
            }
            let Some(slot) = fan.take() else { break };
            let Some(body) = bodies.get(if each { 0 } else { slot as usize }) else { break };
            self.open_slot(place, slot, *body, Role::Entrant, false);
        }
        let Some(Composite::Race(fan)) = self.core.open.get(&place) else { return };
        if !fan.kids.is_empty() {
            if fan.decided() {
                for kid in fan.kids.values().copied().collect::<Vec<_>>() {
                    self.halt(kid, Halt::Cancelling);
                }
            }
            return;
        }
        let end = if fan.won.len() as u32 >= fan.need() {
            End::Succeeded
        } else if halted {
            End::Cancelled
        } else {
            End::Failed(self.error(place, ErrorKind::Error, Cause::Race))
        };
        self.steps.push_back(Step::End(place, end));
    }

    pub(super) fn entrant_closed(&mut self, place: Place, slot: u32, end: End) {
        let Some(Composite::Race(fan)) = self.core.open.get_mut(&place) else { return };
        fan.kids.remove(&slot);
        fan.done += 1;
        match end {
            End::Succeeded => {
                if (fan.won.len() as u32) < fan.need() {
                    fan.won.push(slot);
                    self.notes.push(Note::Won { place, slot });
                }
            }
            End::Failed(_) => fan.failed += 1,
            End::Skipped | End::Cancelled => {}
        }
        self.steps.push_back(Step::Refill(place));
    }
}

impl Fan {
    /// How many must succeed.
    pub fn need(&self) -> u32 {
        self.width.need.unwrap_or(1)
    }

    /// Of a race: nothing that still runs can change how it ends.
    fn decided(&self) -> bool {
        self.won.len() as u32 >= self.need() || self.width.n - self.failed.min(self.width.n) < self.need()
    }

    /// The next slot to open.
    fn take(&mut self) -> Option<u32> {
        match &mut self.waits {
            Some(waits) => waits.ready.pop_first(),
            None if self.next < self.width.n => {
                self.next += 1;
                Some(self.next - 1)
            }
            None => None,
        }
    }
}

impl Waits {
    fn new(n: u32, after: &Edges) -> Waits {
        let mut starts = vec![0u32; n as usize + 1];
        for to in &after.items {
            starts[*to as usize + 1] += 1;
        }
        for i in 0..n as usize {
            starts[i + 1] += starts[i];
        }
        let mut at = starts.clone();
        let mut items = vec![0; after.items.len()];
        for i in 0..n {
            for to in after.of(i) {
                items[at[*to as usize] as usize] = i;
                at[*to as usize] += 1;
            }
        }
        let missing: Vec<u32> = (0..n).map(|i| after.of(i).len() as u32).collect();
        let ready: BTreeSet<u32> = (0..n).filter(|i| missing[*i as usize] == 0).collect();
        Waits { missing, dependents: Edges { starts, items }, ready }
    }

    /// An iteration has ended; returns how many will never begin because it did not succeed.
    fn finished(&mut self, slot: u32, succeeded: bool) -> u32 {
        let (mut skipped, mut gone) = (0, vec![slot]);
        while let Some(slot) = gone.pop() {
            for i in 0..self.dependents.of(slot).len() {
                let d = self.dependents.of(slot)[i];
                let missing = &mut self.missing[d as usize];
                if *missing == u32::MAX {
                    continue;
                }
                if !succeeded {
                    *missing = u32::MAX;
                    skipped += 1;
                    gone.push(d);
                    continue;
                }
                *missing -= 1;
                if *missing == 0 {
                    self.ready.insert(d);
                }
            }
        }
        skipped
    }
}
