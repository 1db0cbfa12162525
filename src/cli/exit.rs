//! Exit codes.

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Done,
    /// The run failed or was cancelled; the program has errors.
    Failed,
    /// Wrong use: flags, files, inputs.
    WrongUse,
    /// The run waits for a person.
    Waiting,
    /// Another runner holds the run.
    Locked,
    /// The record is damaged or of a newer version.
    Damaged,
    /// The machine has no room, its storage failed, or this program did; nothing that was acknowledged is lost.
    Storage,
    /// Interrupted by a signal, by its number.
    Signal(u8),
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::WrongUse => 2,
            Exit::Waiting => 3,
            Exit::Locked => 4,
            Exit::Damaged => 5,
            Exit::Storage => 6,
            Exit::Signal(n) => 128 + n,
        }
    }
}
