//! Claims as locks: what may overlap runs one after the other, in plan order.

use super::rank::by_plan;
use crate::plan::NodeIx;
use crate::schedule::scope::Core;
use crate::schedule::{Inputs, Place};
use ecow::EcoString;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Claims of tasks that run, and of tasks that are about to.
#[derive(Debug, Clone, Default)]
pub(in crate::schedule) struct Claims {
    running: Vec<(Place, Arc<Inputs>)>,
    waiting: BTreeMap<PlanOrder, (Place, Arc<Inputs>)>,
    orders: BTreeMap<Place, PlanOrder>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct PlanOrder(Arc<[u32]>, NodeIx);

impl Ord for PlanOrder {
    fn cmp(&self, other: &PlanOrder) -> Ordering {
        by_plan((&self.0, self.1), (&other.0, other.1))
    }
}

impl PartialOrd for PlanOrder {
    fn partial_cmp(&self, other: &PlanOrder) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Claims {
    /// A task with claims is about to run.
    pub fn wait(&mut self, core: &Core, place: Place, inputs: &Arc<Inputs>) {
        let (order, node) = core.order(place);
        let order = PlanOrder(order, node);
        self.waiting.insert(order.clone(), (place, inputs.clone()));
        self.orders.insert(place, order);
    }

    pub fn run(&mut self, place: Place, inputs: &Arc<Inputs>) {
        if inputs.claims_any() {
            self.no_wait(place);
            self.running.push((place, inputs.clone()));
        }
    }

    /// A task neither runs nor is about to.
    pub fn gone(&mut self, place: Place) {
        self.no_wait(place);
        self.running.retain(|(at, _)| *at != place);
    }

    fn no_wait(&mut self, place: Place) {
        if let Some(order) = self.orders.remove(&place) {
            self.waiting.remove(&order);
        }
    }

    /// Whom a task must let go first: one that runs, or (unless it is `urgent`) one before it in the plan.
    pub fn blocker(
        &self,
        core: &Core,
        place: Place,
        inputs: &Inputs,
        urgent: bool,
        overlap: fn(&str, &str) -> bool,
    ) -> Option<Place> {
        let collide = |other: &Inputs| {
            let any = |a: &[EcoString], b: &[EcoString]| a.iter().any(|a| b.iter().any(|b| overlap(a, b)));
            any(&inputs.writes, &other.writes)
                || any(&inputs.writes, &other.reads)
                || any(&inputs.reads, &other.writes)
        };
        let running = self.running.iter().find(|(at, other)| *at != place && collide(other));
        if let Some((at, _)) = running {
            return Some(*at);
        }
        if urgent {
            return None;
        }
        let (order, node) = core.order(place);
        let before = self.waiting.range(..PlanOrder(order, node));
        before.map(|(_, at)| at).find(|(_, other)| collide(other)).map(|(at, _)| *at)
    }
}
