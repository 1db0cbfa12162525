//! What must hold at every move, whatever happens: checked by books of our own.

use crate::schedule_chance::overlap;
use crate::schedule_world::{Attempt, Row, World};
use ecow::EcoString;
use flow::plan::{AgentId, NodeKind, ResourceId};
use flow::schedule::{End, Event, Ms, Note, Outcome, Place, ScopeId, Work};

impl World<'_> {
    pub fn record(&mut self, event: Event) {
        let id = event.place().map(|place| self.state.id_of(self.plan, place));
        match &event {
            Event::AttemptStarted { place, attempt, tries, agent, inline } => {
                self.check_start(*place, *attempt, *tries, *agent, *inline);
            }
            Event::TaskSettled { end, .. } => {
                let twice = self.ends.insert(id.clone().unwrap(), *end);
                assert_eq!(twice, None, "{id:?} ended twice");
            }
            Event::Kept { .. } => {
                self.ends.insert(id.clone().unwrap(), End::Succeeded);
            }
            Event::Restarted { .. } => {
                self.begun.clear();
                self.ends.clear();
            }
            Event::RunEnded { .. } => {
                assert!(self.finals.values().all(|done| *done), "a finally that did not run");
            }
            _ => {}
        }
        if event.journalled() {
            self.journal.push(Row { at: self.now, id, event });
        }
    }

    /// Keeps books of what is open, and checks what notes say.
    pub fn notes(&mut self) {
        for note in self.state.take_notes() {
            match note {
                Note::Opened { scope, by, slot, .. } => {
                    self.open.insert(scope, (by, slot));
                    let kind = self.kind(by).cloned();
                    if let (Some(NodeKind::Try { finally: Some(_), .. }), 0) = (&kind, slot) {
                        self.finals.insert(by, false);
                    }
                    if let (Some(NodeKind::Map { .. }), Some(most)) = (&kind, self.limits.get(&by)) {
                        let open = self.open.values().filter(|(at, _)| *at == by).count() as u32;
                        assert!(open <= *most, "{open} iterations of {most}");
                    }
                }
                Note::Closed { scope, by, slot, .. } => {
                    self.open.remove(&scope);
                    if let (Some(NodeKind::Try { finally: Some(_), .. }), 2) = (self.kind(by), slot) {
                        self.finals.insert(by, true);
                    }
                }
                Note::Ended { place, .. } => {
                    if let Some(done) = self.finals.remove(&place) {
                        assert!(done, "{:?} ended without its finally", self.state.id_of(self.plan, place));
                    }
                    let runs = self.running.get(&place).is_some_and(|attempt| !attempt.inline);
                    assert!(!runs, "{place:?} ended while it ran");
                }
                Note::Won { .. } | Note::Failed { .. } => {}
            }
        }
    }

    pub fn kind(&self, place: Place) -> Option<&NodeKind> {
        if place.is_body() {
            return None;
        }
        let body = self.plan.body(self.state.body_of(place.scope)?);
        body.nodes.get(place.node.index()).map(|node| &node.kind)
    }

    /// Whether the place stands in something that is `finally`.
    pub fn in_finally(&self, place: Place) -> bool {
        let mut at = place.scope;
        while let Some((by, slot)) = self.state.parent_of(at) {
            if let (Some(NodeKind::Try { .. }), 2) = (self.kind(by), slot) {
                return true;
            }
            at = by.scope;
        }
        false
    }

    pub fn check_start(
        &mut self,
        place: Place,
        attempt: u16,
        tries: u16,
        agent: Option<AgentId>,
        inline: bool,
    ) {
        let id = self.state.id_of(self.plan, place);
        if self.state.end_of(place).is_none() {
            assert_eq!(self.state.place_of(self.plan, &id), Some(place), "{id}");
        }
        assert!(
            inline || self.begun.insert((id.clone(), attempt, tries)),
            "{id} began twice as {attempt}.{tries}"
        );
        assert!(!self.interrupted, "{id} began after an interrupt");
        assert!(!self.cancelled || self.in_finally(place), "{id} began after a cancel");
        let body = self.plan.body(self.state.body_of(place.scope).unwrap());
        for need in &body.nodes[place.node.index()].needs {
            let end = self.state.end_of(Place::new(place.scope, *need));
            assert_eq!(end, Some(End::Succeeded), "{id} began before what it needs");
        }
        let inputs = self.known[&place].clone();
        let slot = inputs.work == Work::Attempt;
        let new = Attempt { ends: Ms::MAX, outcome: Outcome::Done, id, inputs, agent, slot, inline };
        self.check_limits(place, &new);
        self.running.insert(place, new);
    }

    pub fn check_limits(&mut self, place: Place, new: &Attempt) {
        if new.slot {
            let slots = self.running.values().filter(|attempt| attempt.slot).count() as u32;
            assert!(slots < self.nature.parallel, "more than `parallel`");
            let mut at = place.scope;
            while let Some((by, _)) = self.state.parent_of(at) {
                if let Some(most) = self.calls.get(&by) {
                    let inside =
                        self.running.iter().filter(|(p, a)| a.slot && self.inside(p.scope, by)).count();
                    assert!((inside as u32) < *most, "more than `parallel` of a call");
                }
                at = by.scope;
            }
        }
        let held = |r: u32| -> i64 {
            let all = self.running.values().chain([new]).flat_map(|attempt| &attempt.inputs.units);
            all.filter(|(of, _)| *of == ResourceId(r)).map(|(_, n)| n).sum()
        };
        assert!(held(0) <= 4 && held(1) <= 5, "more units than there are");
        let rate: i64 = new.inputs.units.iter().filter(|(r, _)| r.0 == 2).map(|(_, n)| n).sum();
        if rate > 0 {
            self.taken.push((self.now, rate));
            let within: i64 = self.taken.iter().filter(|(at, _)| at + 20 > self.now).map(|(_, n)| n).sum();
            assert!(within <= 4, "faster than the rate");
        }
        if let Some(agent) = new.agent {
            let most = self.plan.agents[agent.index()].max_parallel.unwrap_or(i64::MAX);
            let busy = self.running.values().filter(|attempt| attempt.agent == Some(agent)).count() as i64;
            assert!(busy < most, "an agent with too much to do");
            assert!(new.inputs.agents.contains(&agent));
        }
        for other in self.running.values() {
            let any = |a: &[EcoString], b: &[EcoString]| a.iter().any(|a| b.iter().any(|b| overlap(a, b)));
            let (a, b) = (&new.inputs, &other.inputs);
            let collide = any(&a.writes, &b.writes) || any(&a.writes, &b.reads) || any(&a.reads, &b.writes);
            assert!(!collide, "{} and {} at once", new.id, other.id);
        }
    }

    pub fn inside(&self, mut scope: ScopeId, by: Place) -> bool {
        while let Some((at, _)) = self.state.parent_of(scope) {
            if at == by {
                return true;
            }
            scope = at.scope;
        }
        false
    }
}
