//! Loops.

use super::{Fold, Moved, Step, illegal};
use crate::plan::{NodeKind, OnMax};
use crate::schedule::scope::{Composite, Role, Rounds, Stage};
use crate::schedule::{Cause, End, ErrorKind, Ms, Place};

impl Fold<'_> {
    pub(super) fn open_loop(&mut self, place: Place, max: u32, every: Option<Ms>) {
        self.set(place, Stage::Open);
        let rounds = Rounds { round: 0, max, every, began: self.at, kid: None, due: self.at, again: true };
        self.core.open.insert(place, Composite::Loop(rounds));
        self.next_round(place, rounds);
    }

    /// `until` has been evaluated; its scope closes next.
    pub(super) fn round_said(&mut self, place: Place, again: bool) {
        if let Some(Composite::Loop(rounds)) = self.core.open.get_mut(&place) {
            rounds.again = again;
        }
    }

    pub(super) fn round_closed(&mut self, place: Place, end: End) {
        let Some(Composite::Loop(rounds)) = self.core.open.get_mut(&place) else { return };
        rounds.kid = None;
        let rounds = *rounds;
        if end != End::Succeeded || !rounds.again {
            return self.steps.push_back(Step::End(place, end));
        }
        self.next_round(place, rounds);
    }

    /// Opens the next round, or waits until it is due, or ends when there have been enough.
    fn next_round(&mut self, place: Place, rounds: Rounds) {
        if rounds.round >= rounds.max {
            let fails = matches!(
                self.node_of(place).map(|node| &node.kind),
                Some(NodeKind::Loop { on_max: OnMax::Fail, .. })
            );
            let end = if fails {
                End::Failed(self.error(place, ErrorKind::Error, Cause::Rounds))
            } else {
                End::Succeeded
            };
            return self.steps.push_back(Step::End(place, end));
        }
        let due = rounds.began.saturating_add(rounds.every.unwrap_or(0));
        if rounds.round == 0 || due <= self.at {
            return self.open_round(place);
        }
        if let Some(Composite::Loop(rounds)) = self.core.open.get_mut(&place) {
            rounds.due = due;
        }
        if let Some(desk) = &mut self.desk {
            desk.round_due(place, due);
        }
    }

    fn open_round(&mut self, place: Place) {
        let Some(NodeKind::Loop { body, .. }) = self.node_of(place).map(|node| &node.kind) else { return };
        let body = *body;
        let lenient = self.core.scope(place.scope).is_some_and(|scope| scope.lenient);
        let Some(Composite::Loop(rounds)) = self.core.open.get_mut(&place) else { return };
        rounds.round += 1;
        rounds.began = self.at;
        let slot = rounds.round;
        let kid = self.open(place, slot, body, Role::Round, lenient, None);
        if let Some(Composite::Loop(rounds)) = self.core.open.get_mut(&place) {
            rounds.kid = Some(kid);
        }
    }

    pub(super) fn round_opened(&mut self, place: Place) -> Moved {
        match self.core.open.get(&place) {
            Some(Composite::Loop(rounds)) if rounds.kid.is_none() && rounds.round > 0 => {
                self.open_round(place);
                Ok(())
            }
            _ => Err(illegal("a round began where no loop waits for one")),
        }
    }
}
