//! Choosing: what is retried, asked for, started, stopped and closed next.

mod choose;

use super::desk::{Desk, Known, Lack, Rank, Standing, Timer};
use super::scope::{Core, How, Stage, Turn};
use super::{
    Answer, Cause, Close, Command, Decisions, End, ErrorKind, ErrorRef, Event, Facts, Inputs, Ms, Place,
    Question, State, What, Why, Work, apply,
};
use crate::plan::{AgentId, Plan};
use choose::{Choice, choose};
use std::sync::Arc;

/// Tasks that are asked for their inputs ahead of their start, at most.
const AHEAD: u32 = 256;
/// The same, of those that need no place in `parallel`, a turn.
const LIGHT_AHEAD: usize = 1024;
/// Lost or impossible starts in a row after which a task fails.
const TRIES: u8 = 10;
/// Pause after the first impossible start; doubled each time.
const UNABLE_PAUSE_MS: Ms = 250;
const UNABLE_PAUSE_MAX_MS: Ms = 30_000;

/// One call of `decide`.
pub(super) struct Turning<'a, 'f> {
    pub state: &'a mut State,
    pub plan: &'a Plan,
    pub facts: &'a Facts<'f>,
    pub out: &'a mut Decisions,
}

impl Turning<'_, '_> {
    pub fn run(&mut self) {
        if self.state.desk.is_none() {
            self.state.lay_desk(self.plan, self.facts);
        }
        loop {
            let before = self.out.events.len();
            self.timers();
            self.settle();
            self.stops();
            if !self.state.core.interrupt {
                self.release_levels();
                // What is asked may come to an end without a start (a kept result), and stop others: nothing begins before.
                if !self.ask() {
                    self.start_free();
                    self.start_queued();
                }
            }
            self.close_waves();
            if self.out.events.len() == before {
                return self.finish();
            }
        }
    }

    /// Applies a decided event and hands it out.
    fn emit(&mut self, event: Event) {
        let moved = apply(self.state, self.plan, self.facts.now, &event);
        debug_assert!(moved.is_ok(), "{moved:?}");
        match moved {
            Ok(()) => self.out.events.push(event),
            Err(illegal) => self.out.illegal = Some(illegal),
        }
    }

    fn desk(&mut self) -> Option<(&Core, &mut Desk)> {
        let desk = self.state.desk.as_deref_mut()?;
        Some((&self.state.core, desk))
    }

    fn timers(&mut self) {
        while let Some((_, desk)) = self.desk()
            && let Some((at, timer)) = desk.timers.first().copied()
            && at <= self.facts.now
        {
            if let Some((_, desk)) = self.desk() {
                desk.timers.remove(&(at, timer));
            }
            match timer {
                Timer::Deadline(scope) => self.emit(Event::DeadlinePassed { scope }),
                Timer::Round(place) if self.state.core.interrupt => {
                    // it stays due: the next session begins it
                    self.state.overdue.push(place);
                }
                Timer::Round(place) => self.emit(Event::RoundOpened { place }),
                Timer::Backoff(place) => {
                    let State { core, desk, shapes, .. } = &mut *self.state;
                    if let Some(desk) = desk {
                        desk.ready_again(core, shapes, self.plan, place);
                    }
                }
                Timer::Rate(r) => {
                    if let Some((_, desk)) = self.desk() {
                        desk.freed.push(Lack::Units(r));
                    }
                }
            }
        }
        if !self.state.core.interrupt {
            for place in std::mem::take(&mut self.state.overdue) {
                if self.state.round_waits(place) {
                    self.emit(Event::RoundOpened { place });
                }
            }
        }
        while let Some((_, desk)) = self.desk()
            && let Some((until, place)) = desk.expiries.first().copied()
            && until <= self.facts.wall
        {
            if let Some((_, desk)) = self.desk() {
                desk.expiries.remove(&(until, place));
            }
            let default = self.state.core.questions.get(&place).is_some_and(|asked| asked.default);
            let answer = if default { Answer::Default } else { Answer::Expired };
            self.emit(Event::Answered { place, answer });
        }
    }

    fn inputs_of(&self, place: Place) -> Option<Arc<Inputs>> {
        self.state.desk.as_ref()?.known.get(&place)?.inputs.clone()
    }

    /// What follows from attempts and questions that have ended.
    fn settle(&mut self) {
        while let Some((core, desk)) = self.desk()
            && let Some((place, inline)) = desk.settle.pop_front()
        {
            let (turn, how) = match (core.node(place), inline) {
                (Some(Stage::Judged(turn, how)), None) => (turn, how),
                (Some(Stage::Ready(turn) | Stage::Backoff(turn)), Some(outcome)) => {
                    (turn, How::from(outcome))
                }
                _ => continue,
            };
            let event = match how {
                How::Done => Event::TaskSettled { place, end: End::Succeeded, why: None },
                How::Stopped => Event::TaskSettled { place, end: End::Cancelled, why: None },
                How::Bad => {
                    let Some(error) = core.bad.get(&place).copied() else { continue };
                    Event::TaskSettled { place, end: End::Failed(error), why: None }
                }
                How::Unanswered => self.failed(place, ErrorKind::Timeout, Cause::Unanswered),
                How::Crashed => self.failed(place, ErrorKind::Crash, Cause::Crash),
                How::Unable(_) if core.halted(place.scope) => {
                    Event::TaskSettled { place, end: End::Cancelled, why: None }
                }
                How::Unable(kind) if turn.lost + 1 >= TRIES => self.failed(place, kind, Cause::Tries),
                How::Unable(_) => {
                    let pause = UNABLE_PAUSE_MS.saturating_mul(1 << turn.lost).min(UNABLE_PAUSE_MAX_MS);
                    Event::BackoffSet {
                        place,
                        attempt: turn.attempt,
                        until: self.facts.now.saturating_add(pause),
                    }
                }
                How::Failed(kind) if core.halted(place.scope) => self.failed(place, kind, Cause::Told),
                How::Failed(kind) => match self.inputs_of(place) {
                    Some(inputs) => self.retry_or_fail(place, turn, kind, &inputs),
                    None => {
                        if let Some((_, desk)) = self.desk() {
                            desk.ask(place, What::Inputs);
                        }
                        continue;
                    }
                },
            };
            self.emit(event);
        }
    }

    fn failed(&self, place: Place, kind: ErrorKind, cause: Cause) -> Event {
        let error = ErrorRef(self.state.core.errors);
        Event::TaskSettled { place, end: End::Failed(error), why: Some(Why { kind, cause }) }
    }

    fn retry_or_fail(&mut self, place: Place, turn: Turn, kind: ErrorKind, inputs: &Inputs) -> Event {
        let retry = &inputs.retry;
        let retried = match &retry.on {
            Some(kinds) => kinds.contains(&kind),
            None => kind.retried_by_default(),
        };
        if !retried || u32::from(turn.attempt) > retry.max || turn.attempt == u16::MAX {
            return self.failed(place, kind, Cause::Told);
        }
        let grown = retry.backoff_ms.max(0) as f64 * retry.factor.max(0.0).powi(i32::from(turn.attempt) - 1);
        let Some((_, desk)) = self.desk() else { return self.failed(place, kind, Cause::Told) };
        if let Some(known) = desk.known.get_mut(&place) {
            known.same_agent = kind.is_gate();
        }
        let swing = retry.jitter.clamp(0.0, 1.0) * (desk.random.f64() * 2.0 - 1.0);
        // a cast from float saturates; a week is more than anybody waits
        let pause = ((grown * (1.0 + swing)) as Ms).clamp(0, 7 * 24 * 3_600_000);
        Event::BackoffSet { place, attempt: turn.attempt + 1, until: self.facts.now.saturating_add(pause) }
    }

    fn stops(&mut self) {
        let interrupt = self.state.core.interrupt;
        let Some(desk) = self.state.desk.as_deref_mut() else { return };
        let mut stops = std::mem::take(&mut desk.stops);
        if interrupt && !self.state.interrupted {
            self.state.interrupted = true;
            let running = desk.known.iter().filter(|(_, known)| known.standing == Standing::Running);
            let mut all: Vec<Place> = running.map(|(place, _)| *place).collect();
            all.sort_unstable();
            stops.extend(all);
        }
        if !interrupt {
            self.state.interrupted = false;
        }
        for place in stops {
            if let Some(known) = desk.known.get_mut(&place)
                && known.standing == Standing::Running
                && !std::mem::replace(&mut known.stopping, true)
            {
                self.out.commands.push(Command::StopAttempt { place });
            }
        }
    }

    /// Nodes whose wave has begun (policy `strict`).
    fn release_levels(&mut self) {
        let State { core, desk, shapes, .. } = &mut *self.state;
        let Some(desk) = desk else { return };
        let Some(levels) = &mut desk.levels else { return };
        for (place, what) in std::mem::take(&mut levels.released) {
            if startable(core, place).is_some() {
                desk.due(core, shapes, self.plan, place, what);
            }
        }
    }

    /// Asks for evaluations; true if there were any.
    fn ask(&mut self) -> bool {
        let Some(desk) = self.state.desk.as_deref_mut() else { return false };
        let core = &self.state.core;
        let mut asked = false;
        while let Some((place, what)) = desk.asks.pop_front() {
            if core.wants(place) {
                asked = true;
                self.out.commands.push(Command::Evaluate { place, what });
            }
        }
        for _ in 0..LIGHT_AHEAD {
            let Some(place) = desk.light.pop_front() else { break };
            if startable(core, place).is_some() && !desk.known.contains_key(&place) {
                desk.known.insert(place, Known { standing: Standing::Asked, ..Known::new(true) });
                asked = true;
                self.out.commands.push(Command::Evaluate { place, what: What::Inputs });
            }
        }
        while desk.queued + desk.blocked / 16 < AHEAD {
            let Some(rank) = desk.unasked.pop() else { break };
            let place = rank.place();
            if startable(core, place).is_some() && !desk.known.contains_key(&place) {
                desk.known.insert(place, Known::new(false));
                desk.stand(place, Standing::Asked);
                self.out.commands.push(Command::Evaluate { place, what: What::Inputs });
                asked = true;
            }
        }
        asked
    }

    /// Starts what takes no place in `parallel`.
    fn start_free(&mut self) {
        while let Some((_, desk)) = self.desk()
            && let Some(place) = desk.free.pop_front()
        {
            let State { core, shapes, .. } = &*self.state;
            if let Some(rank) = Rank::of(core, shapes, self.plan, place, None) {
                self.try_start(rank);
            }
        }
    }

    /// Starts the best of the queue as long as there is room.
    fn start_queued(&mut self) {
        loop {
            let Some((_, desk)) = self.desk() else { return };
            let freed = std::mem::take(&mut desk.freed);
            for lack in freed {
                desk.pull(lack);
            }
            while let Some((_, desk)) = self.desk()
                && let Some(rank) = desk.ready.pop()
            {
                if let Some(rank) = self.try_start(rank) {
                    if let Some((_, desk)) = self.desk() {
                        desk.ready.push(rank);
                    }
                    return;
                }
            }
            if self.desk().is_none_or(|(_, desk)| desk.freed.is_empty()) {
                return;
            }
        }
    }

    /// Starts a task, parks it or settles it; gives it back when the run is full.
    fn try_start(&mut self, rank: Rank) -> Option<Rank> {
        let place = rank.place();
        let State { core, desk, .. } = &mut *self.state;
        let desk = desk.as_deref_mut()?;
        let known = desk.known.get(&place)?;
        let turn = startable(core, place)?;
        if known.standing != Standing::Queued {
            return None;
        }
        let inputs = known.inputs.clone()?;
        match choose(core, desk, self.plan, self.facts, place, turn, &inputs) {
            Choice::Full => return Some(rank),
            Choice::Park(lack) => desk.park(rank, lack),
            Choice::ParkFor(agents) => desk.park_for(rank, &agents),
            Choice::Start(agent) => self.start(place, turn, agent, &inputs),
            Choice::Fail(why) => {
                let event = self.failed(place, why.kind, why.cause);
                self.emit(event);
            }
            Choice::Ask(about, until) => {
                desk.stand(place, Standing::Idle);
                if inputs.claims_any() {
                    desk.claims.gone(place);
                    desk.freed.push(Lack::Claim(place));
                }
                desk.patience_ends(place);
                if let Some(pulled) = desk.known.get_mut(&place).and_then(|known| known.pulled.take()) {
                    desk.freed.push(pulled);
                }
                let default =
                    about == Question::Task && matches!(inputs.work, Work::Question { default: true, .. });
                self.emit(Event::QuestionAsked { place, about, until, default });
                self.out.commands.push(Command::Ask { place, about, until });
            }
        }
        None
    }

    fn start(&mut self, place: Place, turn: Turn, agent: Option<AgentId>, inputs: &Arc<Inputs>) {
        let State { core, desk, .. } = &mut *self.state;
        let Some(desk) = desk.as_deref_mut() else { return };
        let inline = inputs.work == Work::Inline;
        let slot = inputs.work == Work::Attempt;
        if slot {
            desk.limits.take_slot(core, place);
        }
        desk.limits.take_units(&inputs.units, self.facts.now);
        desk.limits.take_agent(agent);
        desk.claims.run(place, inputs);
        desk.patience_ends(place);
        desk.lose_patience(&inputs.units);
        desk.stand(place, Standing::Running);
        desk.inline += u32::from(inline);
        if let Some(known) = desk.known.get_mut(&place) {
            known.slot = slot;
            known.stopping = false;
            known.same_agent = false;
            desk.freed.extend(known.pulled.take());
        }
        let (attempt, tries, redo) = (turn.attempt, turn.tries + 1, turn.repeats(inputs));
        self.emit(Event::AttemptStarted { place, attempt, tries, agent, inline });
        self.out.commands.push(Command::StartAttempt { place, attempt, tries, agent, redo, inline });
    }

    fn close_waves(&mut self) {
        loop {
            let core = &self.state.core;
            let wave = core.wave;
            match core.waves.get(wave as usize) {
                Some(count) if count.left == 0 => {
                    let valid = !count.broken;
                    self.emit(Event::WaveClosed { wave, valid });
                }
                Some(_) | None => return,
            }
        }
    }

    /// Nothing more follows: is the run over, or the session?
    fn finish(&mut self) {
        let core = &self.state.core;
        if let Some(end) = core.done {
            self.emit(Event::RunEnded { end });
            self.out.commands.push(Command::Finish(end));
        } else if core.interrupt
            && core.running == 0
            && self.state.desk.as_ref().is_none_or(|desk| desk.inline == 0)
        {
            self.emit(Event::SessionClosed { why: Close::Interrupted });
            self.out.commands.push(Command::Close(Close::Interrupted));
        }
    }
}

/// The turn of a task that may start.
fn startable(core: &Core, place: Place) -> Option<Turn> {
    match core.node(place) {
        Some(Stage::Ready(turn) | Stage::Backoff(turn)) => (!core.halted(place.scope)).then_some(turn),
        Some(
            Stage::Pending { .. }
            | Stage::Running(_)
            | Stage::Judged(..)
            | Stage::Waiting(_)
            | Stage::Open
            | Stage::Ended(_),
        )
        | None => None,
    }
}
