//! Where tasks may be called.

/// The kind of place an expression stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::types) enum Place {
    /// A workflow or test: calls of tasks make tasks.
    Tasks,
    /// Pure, because it is this.
    #[default]
    Constant,
    FnBody,
    Default,
    Accept,
    TaskProperty,
    Settings,
    Assert,
    Mock,
}

impl Place {
    pub(in crate::types) fn is_pure(self) -> bool {
        self != Place::Tasks
    }

    /// What it is, as "… cannot call a task".
    pub(in crate::types) fn words(self) -> &'static str {
        match self {
            Place::Tasks => "a block",
            Place::Constant => "a constant",
            Place::FnBody => "a `fn`",
            Place::Default => "a default",
            Place::Accept => "`accept`",
            Place::TaskProperty => "a property of a declared task",
            Place::Settings => "a setting",
            Place::Assert => "an `assert`",
            Place::Mock => "a mock",
        }
    }

    /// What to do instead.
    pub(in crate::types) fn way_out(self) -> &'static str {
        match self {
            Place::FnBody => "a `fn` is pure: make it a workflow, or take the task's result as a parameter",
            Place::Default | Place::Constant => "a default is a constant: pass the value at the call",
            Place::Accept => "take the value as a parameter of the task, or check by command with `verify`",
            Place::TaskProperty => {
                "take the value as a parameter of the task and call the other task where this one is called"
            }
            Place::Settings | Place::Assert => "bind the call with `let` in a block and use the name here",
            Place::Mock => "a mock is a value: nothing runs in a test",
            Place::Tasks => "bind the call with `let`",
        }
    }
}
