//! What comes from outside about one place: evaluations, attempts, answers; and a task's way from one attempt to the next.

use super::{Fold, Moved, Step, illegal};
use crate::plan::{AgentId, NodeKind, RaceKind};
use crate::schedule::scope::{Asked, Composite, How, Redo, Role, Stage, Turn};
use crate::schedule::{
    Answer, Cause, End, ErrorKind, ErrorRef, Ms, Outcome, Place, Question, Verdict, WallMs, Why, Width,
};

impl Fold<'_> {
    pub(super) fn evaluated(&mut self, place: Place, verdict: &Verdict) -> Moved {
        if place.is_body() {
            return self.body_evaluated(place, verdict);
        }
        let (Some(stage), Some(node)) = (self.core.node(place), self.node_of(place)) else {
            return Err(illegal(format!("{place:?} was evaluated, which is not there")));
        };
        if let (NodeKind::Task { .. }, Verdict::Inputs(inputs)) = (&node.kind, verdict) {
            if let Some(desk) = &mut self.desk {
                desk.inputs(self.core, self.shapes, self.plan, place, inputs.clone());
            }
            return Ok(());
        }
        let turn = match stage {
            Stage::Ready(turn) => turn,
            // it was stopped between the question and the answer
            Stage::Ended(_) => return Ok(()),
            Stage::Pending { .. }
            | Stage::Running(_)
            | Stage::Judged(..)
            | Stage::Backoff(_)
            | Stage::Waiting(_)
            | Stage::Open => {
                return Err(illegal(format!("{stage:?} of {place:?} does not wait for an evaluation")));
            }
        };
        if let Verdict::Bad(kind) = verdict {
            let task = matches!(node.kind, NodeKind::Task { .. });
            self.bad_evaluation(place, turn, *kind, task);
            return Ok(());
        }
        self.head_evaluated(place, verdict)
    }

    fn bad_evaluation(&mut self, place: Place, turn: Turn, kind: ErrorKind, task: bool) {
        let error = self.error(place, kind, Cause::Told);
        if !task {
            return self.steps.push_back(Step::End(place, End::Failed(error)));
        }
        self.core.bad.insert(place, error);
        self.judge(place, turn, How::Bad);
    }

    /// The head of a composite, or an assert.
    fn head_evaluated(&mut self, place: Place, verdict: &Verdict) -> Moved {
        let plan = self.plan;
        let Some(node) =
            self.core.scope(place.scope).map(|scope| &plan.body(scope.body).nodes[place.node.index()])
        else {
            return Ok(());
        };
        match (&node.kind, verdict) {
            (NodeKind::Assert { .. }, Verdict::Ok) | (NodeKind::Branch { .. }, Verdict::Arm(None)) => {
                self.steps.push_back(Step::End(place, End::Succeeded));
            }
            (NodeKind::Branch { arms, .. }, Verdict::Arm(Some(n))) => {
                let Some(arm) = arms.get(*n as usize) else { return Err(illegal(format!("no arm {n}"))) };
                self.open_one(place, u32::from(*n), arm.body, Role::Arm, None);
            }
            (NodeKind::Call { body, settings, .. }, Verdict::Call { parallel, deadline_ms }) => {
                let lenient = settings.continue_on_failure;
                let kid = self.open_one(place, 0, *body, Role::Callee, Some(lenient));
                self.limit(kid, *parallel, *deadline_ms);
            }
            (NodeKind::Loop { .. }, Verdict::Loop { max, every_ms }) => {
                self.open_loop(place, *max, *every_ms)
            }
            (NodeKind::Map { .. }, Verdict::Width(width)) => {
                check_width(width)?;
                self.open_fan(place, width.clone());
            }
            (NodeKind::Race { entrants, .. }, Verdict::Width(width)) => {
                check_width(width)?;
                if let RaceKind::Bodies(bodies) = entrants
                    && bodies.len() as u32 != width.n
                {
                    return Err(illegal("a race of another width than its bodies"));
                }
                self.open_fan(place, width.clone());
            }
            _ => return Err(illegal(format!("{verdict:?} is no answer for node `{}`", node.name))),
        }
        Ok(())
    }

    fn open_one(
        &mut self,
        place: Place,
        slot: u32,
        body: crate::plan::BodyId,
        role: Role,
        lenient: Option<bool>,
    ) -> crate::schedule::ScopeId {
        let outer = self.core.scope(place.scope).is_some_and(|scope| scope.lenient);
        self.set(place, Stage::Open);
        let kid = self.open(place, slot, body, role, lenient.unwrap_or(outer), None);
        self.core.open.insert(place, Composite::One { kid });
        kid
    }

    fn body_evaluated(&mut self, place: Place, verdict: &Verdict) -> Moved {
        let Some(scope) = self.core.scopes.get_mut(&place.scope) else {
            return Err(illegal(format!("{:?} was evaluated, which is not there", place.scope)));
        };
        if scope.closed || !scope.asking {
            // it was stopped between the question and the answer
            return if scope.closed { Ok(()) } else { Err(illegal("a result that was not asked for")) };
        }
        let (role, by) = (scope.role, scope.by);
        match (role, verdict) {
            (_, Verdict::Bad(kind)) => {
                let error = self.error(place, *kind, Cause::Told);
                if let Some(scope) = self.core.scopes.get_mut(&place.scope) {
                    scope.error.get_or_insert(error);
                }
                self.close(place.scope, End::Failed(error));
            }
            (Role::Round, Verdict::Again { again }) => {
                self.round_said(by, *again);
                self.close(place.scope, End::Succeeded);
            }
            (Role::Round, _) => return Err(illegal("a round asks whether there is another")),
            (_, Verdict::Ok) => self.close(place.scope, End::Succeeded),
            _ => return Err(illegal(format!("{verdict:?} is no result"))),
        }
        Ok(())
    }

    pub(super) fn kept(&mut self, place: Place) -> Moved {
        match self.core.node(place) {
            Some(Stage::Ready(_)) => {
                self.steps.push_back(Step::End(place, End::Succeeded));
                Ok(())
            }
            Some(Stage::Ended(_)) => Ok(()),
            stage => Err(illegal(format!("a result was kept for {place:?}, which is {stage:?}"))),
        }
    }

    pub(super) fn attempt_started(
        &mut self,
        place: Place,
        attempt: u16,
        tries: u16,
        agent: Option<AgentId>,
        inline: bool,
    ) -> Moved {
        let turn = match self.core.node(place) {
            Some(Stage::Ready(turn) | Stage::Backoff(turn)) => turn,
            stage => {
                return Err(illegal(format!("attempt {attempt} started at {place:?}, which is {stage:?}")));
            }
        };
        if turn.attempt != attempt || turn.tries + 1 != tries {
            return Err(illegal(format!(
                "attempt {attempt}.{tries} started after {}.{}",
                turn.attempt, turn.tries
            )));
        }
        if inline {
            // leaves no trace in the state, as it leaves none in the journal
            return Ok(());
        }
        let agent = agent.map_or(u16::MAX, |agent| agent.0 as u16);
        self.core.backoffs.remove(&place);
        self.core.running += 1;
        self.set(place, Stage::Running(Turn { tries, agent, ..turn }));
        Ok(())
    }

    pub(super) fn attempt_ended(&mut self, place: Place, outcome: Outcome) -> Moved {
        let Some(Stage::Running(turn)) = self.core.node(place) else {
            return Err(illegal(format!("an attempt ended at {place:?} that was not running")));
        };
        self.core.running -= 1;
        if let Some(desk) = &mut self.desk {
            desk.attempt_over(self.core, self.plan, place, turn.agent(), outcome);
        }
        let halted = self.core.halted(place.scope);
        match outcome {
            Outcome::Interrupted | Outcome::Lost if !halted => {
                let lost = if outcome == Outcome::Lost { turn.lost.saturating_add(1) } else { turn.lost };
                self.ready_again(place, Turn { lost, redo: Redo::Lost, ..turn });
            }
            Outcome::Done
            | Outcome::Failed(_)
            | Outcome::Unable(_)
            | Outcome::Interrupted
            | Outcome::Lost => {
                self.judge(place, turn, How::from(outcome));
            }
        }
        Ok(())
    }

    /// An attempt in process is over. Only the desk knows of it: the state changes when the task is settled or put off.
    pub(super) fn inline_ended(&mut self, place: Place, outcome: Outcome) -> Moved {
        if let Some(desk) = &mut self.desk {
            desk.inline = desk.inline.saturating_sub(1);
            desk.attempt_over(self.core, self.plan, place, None, outcome);
            match outcome {
                Outcome::Interrupted | Outcome::Lost => {
                    desk.ready_again(self.core, self.shapes, self.plan, place);
                }
                Outcome::Done | Outcome::Failed(_) | Outcome::Unable(_) => {
                    desk.settle.push_back((place, Some(outcome)));
                }
            }
        }
        Ok(())
    }

    fn ready_again(&mut self, place: Place, turn: Turn) {
        self.set(place, Stage::Ready(turn));
        if let Some(desk) = &mut self.desk {
            desk.ready_again(self.core, self.shapes, self.plan, place);
        }
    }

    fn judge(&mut self, place: Place, turn: Turn, how: How) {
        self.set(place, Stage::Judged(turn, how));
        if let Some(desk) = &mut self.desk {
            desk.judged(place);
        }
    }

    pub(super) fn settled(&mut self, place: Place, end: End, why: Option<Why>) -> Moved {
        let stage = self.core.node(place);
        match stage {
            Some(Stage::Ready(_) | Stage::Judged(..) | Stage::Backoff(_)) => {}
            _ => return Err(illegal(format!("{place:?} was settled, which is {stage:?}"))),
        }
        if let End::Failed(error) = end {
            match why {
                Some(why) if error == ErrorRef(self.core.errors) => {
                    self.error(place, why.kind, why.cause);
                }
                Some(_) => return Err(illegal(format!("failure {} is not the next one", error.0))),
                None => {}
            }
        }
        self.steps.push_back(Step::End(place, end));
        Ok(())
    }

    pub(super) fn backoff(&mut self, place: Place, attempt: u16, until: Ms) -> Moved {
        let turn = match self.core.node(place) {
            // an attempt in process leaves no trace before its end
            Some(Stage::Judged(turn, _) | Stage::Ready(turn) | Stage::Backoff(turn)) => turn,
            stage => return Err(illegal(format!("{place:?} was put off, which is {stage:?}"))),
        };
        let turn = if attempt == turn.attempt {
            Turn { lost: turn.lost.saturating_add(1), redo: Redo::Allowed, ..turn }
        } else {
            Turn { attempt, tries: 0, lost: 0, redo: Redo::Allowed, ..turn }
        };
        self.set(place, Stage::Backoff(turn));
        self.core.backoffs.insert(place, until);
        if let Some(desk) = &mut self.desk {
            desk.backoff(place, until);
        }
        Ok(())
    }

    pub(super) fn asked(
        &mut self,
        place: Place,
        about: Question,
        until: Option<WallMs>,
        default: bool,
    ) -> Moved {
        // In backoff: one that was answered with a failure and is asked again.
        let Some(Stage::Ready(turn) | Stage::Backoff(turn)) = self.core.node(place) else {
            return Err(illegal(format!("a question was asked at {place:?}, which is not ready")));
        };
        self.core.backoffs.remove(&place);
        self.set(place, Stage::Waiting(turn));
        self.core.questions.insert(place, Asked { about, until, default });
        if let (Some(desk), Some(until)) = (&mut self.desk, until) {
            desk.expires(place, until);
        }
        Ok(())
    }

    pub(super) fn answered(&mut self, place: Place, answer: Answer) -> Moved {
        let turn = match self.core.node(place) {
            Some(Stage::Waiting(turn)) => turn,
            Some(Stage::Ended(_)) => return Ok(()),
            stage => return Err(illegal(format!("an answer for {place:?}, which is {stage:?}"))),
        };
        let until = self.core.questions.remove(&place).and_then(|asked| asked.until);
        if let (Some(desk), Some(until)) = (&mut self.desk, until) {
            desk.no_expiry(place, until);
        }
        match answer {
            Answer::Done | Answer::Default => self.judge(place, turn, How::Done),
            Answer::Rejected => self.judge(place, turn, How::Failed(ErrorKind::Rejected)),
            Answer::Expired => self.judge(place, turn, How::Unanswered),
            Answer::Fail => self.judge(place, turn, How::Crashed),
            Answer::Rerun => self.ready_again(place, Turn { redo: Redo::Allowed, lost: 0, ..turn }),
        }
        Ok(())
    }
}

fn check_width(width: &Width) -> Moved {
    let n = width.n as usize;
    let fits = |len: Option<usize>| len.is_none_or(|len| len == n);
    if !fits(width.indices.as_ref().map(Vec::len)) || !fits(width.keys.as_ref().map(Vec::len)) {
        return Err(illegal("a width whose lists are not as long as it says"));
    }
    let Some(after) = &width.after else { return Ok(()) };
    let ascending = after.starts.windows(2).all(|pair| pair[0] <= pair[1]);
    let whole = after.starts.len() == n + 1 && after.starts.last().copied() == Some(after.items.len() as u32);
    if !whole || !ascending || after.items.iter().any(|to| *to as usize >= n) || after.cycle().is_some() {
        return Err(illegal("iterations that wait for each other in a circle, or for none that is there"));
    }
    Ok(())
}
