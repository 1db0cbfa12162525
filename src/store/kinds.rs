//! The numbers under which events stand in a journal.
//!
//! They are part of the file format: a number is never given a new meaning and never used again (21 was
//! set aside for one that was never written). The store itself knows only the few that its schema rules name
//! ([`ATTEMPT_STARTED`], [`TASK_SETTLED`]) or that tell whether a run has ended.

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal $word:literal;)*) => {
        $($(#[$doc])* pub const $name: u16 = $number;)*

        /// Every kind with its word, in the order of the numbers.
        pub const ALL: &[(u16, &str)] = &[$(($name, $word)),*];
    };
}

kinds! {
    /// The first event: plan, inputs, version, durability, facts of the machine.
    RUN_STARTED = 1 "run_started";
    /// A runner opened the journal: epoch, host, pid, boot, plan.
    SESSION_OPENED = 2 "session_opened";
    /// The program changed between two sessions.
    PLAN_CHANGED = 3 "plan_changed";
    /// A runner left a run that is not over: interrupted, waiting or storage.
    SESSION_CLOSED = 4 "session_closed";
    /// The run is over.
    RUN_ENDED = 5 "run_ended";
    /// A branch was taken.
    ARM_TAKEN = 10 "arm_taken";
    /// A map knows its width and keys.
    MAP_OPENED = 11 "map_opened";
    /// A round of a loop ended.
    ROUND_CLOSED = 12 "round_closed";
    /// A race has its winners.
    RACE_WON = 13 "race_won";
    /// A try, call, map or finally ended in a way that steers.
    SCOPE_ENDED = 14 "scope_ended";
    /// A pure expression failed.
    VALUE_FAILED = 15 "value_failed";
    /// A loop knows its first draft, its limit and its pace.
    LOOP_OPENED = 16 "loop_opened";
    /// The arguments and settings of a called workflow are known.
    CALL_OPENED = 17 "call_opened";
    /// An assert holds, or the result of a block has been evaluated.
    VALUE_CHECKED = 18 "value_checked";
    /// The next round of a loop with `every` began.
    ROUND_OPENED = 19 "round_opened";
    /// The intent of an attempt; at most one for a task, generation, attempt and try.
    ATTEMPT_STARTED = 20 "attempt_started";
    /// How an attempt ended.
    ATTEMPT_ENDED = 22 "attempt_ended";
    /// An agent's finished attempt was taken over at resume.
    ATTEMPT_ADOPTED = 23 "attempt_adopted";
    /// An attempt had begun and its end is not known.
    ATTEMPT_LOST = 24 "attempt_lost";
    /// The one terminal event of a task's generation.
    TASK_SETTLED = 30 "task_settled";
    /// A task waits before its next attempt.
    BACKOFF_SET = 31 "backoff_set";
    /// A task was stopped while it waited for a person.
    TASK_SKIPPED = 32 "task_skipped";
    /// A result from before an edit, or of an earlier generation, is kept.
    TASK_KEPT = 33 "task_kept";
    /// A person is asked.
    QUESTION_ASKED = 40 "question_asked";
    /// A person answered.
    QUESTION_ANSWERED = 41 "question_answered";
    /// A person said what became of a lost attempt.
    CRASH_ANSWERED = 42 "crash_answered";
    /// Somebody asked to cancel the run.
    CANCEL_ASKED = 50 "cancel_asked";
    /// The run stops, and why.
    STOP_DECIDED = 51 "stop_decided";
    /// An undo ended.
    UNDO_SETTLED = 52 "undo_settled";
    /// A wave closed, valid or broken.
    WAVE_CLOSED = 53 "wave_closed";
    /// A message of the inbox was taken.
    MESSAGE_TAKEN = 54 "message_taken";
    /// Something was lost or left out, and that is said: a cut output, a forced take-over, a lost tail.
    LOSS_NOTED = 55 "loss_noted";
    /// A signal asked the runner to leave; the run can be resumed.
    INTERRUPT_ASKED = 56 "interrupt_asked";
    /// A workflow has used up its time.
    DEADLINE_PASSED = 57 "deadline_passed";
}

/// The word of a kind, `None` for a number that this version does not know.
pub fn word(kind: u16) -> Option<&'static str> {
    ALL.iter().find(|(number, _)| *number == kind).map(|(_, word)| *word)
}

/// Whether a journal that ends with this event was left in good order.
pub fn is_orderly_end(kind: u16) -> bool {
    matches!(kind, SESSION_CLOSED | RUN_ENDED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_are_unique_and_sorted() {
        assert!(ALL.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let words: std::collections::BTreeSet<_> = ALL.iter().map(|(_, word)| word).collect();
        assert_eq!(words.len(), ALL.len());
    }

    #[test]
    fn the_numbers_of_the_file_format_stand() {
        assert_eq!((ATTEMPT_STARTED, TASK_SETTLED), (20, 30));
        assert_eq!(word(30), Some("task_settled"));
        assert_eq!(word(999), None);
        assert!(is_orderly_end(RUN_ENDED) && !is_orderly_end(TASK_SETTLED));
    }
}
