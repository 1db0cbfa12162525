//! The text of a failure, when the scheduler gives it its number: the same in a run and in its replay.

use super::record::Failure;
use super::tasks::Tasks;
use crate::plan::Plan;
use crate::schedule::{Cause, NumMap, Place, State, Why};

/// Describes a failure at a place; what was told of it before is used up.
pub(super) fn describe(
    plan: &Plan,
    state: &State,
    tasks: &Tasks,
    told: &mut NumMap<Place, Failure>,
    place: Place,
    why: Why,
) -> Failure {
    let told = told.remove(&place);
    let mut failure = match (why.cause, told) {
        (Cause::Told, Some(told)) => told,
        (cause, told) => Failure {
            exit_code: told.as_ref().and_then(|told| told.exit_code),
            ..Failure::new(why.kind.name(), cause_text(cause, told.as_ref()))
        },
    };
    if failure.task.is_empty() {
        failure.task = state.id_of(plan, place).into();
    }
    failure.attempts = tasks.attempts(place).max(failure.attempts);
    failure
}

fn cause_text(cause: Cause, last: Option<&Failure>) -> String {
    let last = last.map(|last| format!(": {}", last.message)).unwrap_or_default();
    match cause {
        Cause::Told => format!("it failed{last}"),
        Cause::Rounds => "the condition does not hold after the last round".to_owned(),
        Cause::Race => format!("too few of the race can succeed{last}"),
        Cause::Tries => format!("it could not be run to its end ten times in a row{last}"),
        Cause::Crash => {
            "its runner was lost while it ran, and `on_crash: fail` says not to run it again".to_owned()
        }
        Cause::Deadline => "the workflow has used up its `deadline`".to_owned(),
        Cause::Unanswered => "nobody answered in time".to_owned(),
        Cause::Capacity => "it needs more of a resource than there is".to_owned(),
    }
}
