//! The kinds of failure: the language's `ErrorKind`.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$meta:meta])* $variant:ident = $name:literal),* $(,)?) => {
        /// Why something failed, in the words and in the order of the language's `ErrorKind`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorKind { $($(#[$meta])* $variant),* }

        impl ErrorKind {
            /// All of them, in order.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$variant),*];

            /// The variant's name in a program.
            pub fn name(self) -> &'static str {
                match self { $(ErrorKind::$variant => $name),* }
            }

            /// The kind of that name.
            pub fn parse(name: &str) -> Option<ErrorKind> {
                match name { $($name => Some(ErrorKind::$variant),)* _ => None }
            }
        }
    };
}

kinds! {
    /// None of the others.
    Error = "error",
    /// It took too long.
    Timeout = "timeout",
    /// A process ended with a code that is not allowed.
    Exit = "exit",
    /// An http status that is not allowed.
    Status = "status",
    /// `accept` was false.
    Accept = "accept",
    /// `verify` did not exit 0.
    Verify = "verify",
    /// The answer does not decode into the result's type.
    Decode = "decode",
    /// An `assert` was false.
    Assert = "assert",
    /// The money or the tokens are spent.
    Budget = "budget",
    /// A merge conflicts.
    Conflict = "conflict",
    /// A claim cannot be made, or was not kept.
    Claim = "claim",
    /// A person said no.
    Rejected = "rejected",
    /// A capability is missing.
    Denied = "denied",
    /// It took its runner down with it, or `on_crash: fail`.
    Crash = "crash",
}

impl ErrorKind {
    /// Whether `retry` without `on` tries again after it.
    pub fn retried_by_default(self) -> bool {
        !matches!(self, ErrorKind::Budget | ErrorKind::Rejected | ErrorKind::Denied | ErrorKind::Claim)
    }

    /// Whether the answer was judged: the next attempt goes on in the same session with the same agent.
    pub fn is_gate(self) -> bool {
        matches!(self, ErrorKind::Accept | ErrorKind::Verify | ErrorKind::Decode)
    }
}
