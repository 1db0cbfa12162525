//! The built-in functions and tasks by name. How each is typed stands in `check`; what each does in `plan/eval` and `exec`.

use serde::{Deserialize, Serialize};

macro_rules! named {
    ($(#[$meta:meta])* $type:ident { $($variant:ident = $name:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $type { $(#[doc = $name] $variant),* }

        impl $type {
            /// All of them.
            pub const ALL: &'static [$type] = &[$($type::$variant),*];

            /// The name in a program.
            pub fn name(self) -> &'static str {
                match self { $($type::$variant => $name),* }
            }

            /// The one of that name.
            pub fn parse(name: &str) -> Option<$type> {
                match name { $($name => Some($type::$variant),)* _ => None }
            }
        }
    };
}

named! {
    /// A pure built-in function.
    Builtin {
        Len = "len", First = "first", Last = "last", Flatten = "flatten", Compact = "compact", Unique = "unique",
        Sort = "sort", SortBy = "sort_by", GroupBy = "group_by", Reverse = "reverse", Take = "take", Drop = "drop",
        Enumerate = "enumerate", Zip = "zip", Sum = "sum", Min = "min", Max = "max", AnyOf = "any_of", AllOf = "all_of",
        Keys = "keys", Values = "values", Entries = "entries", FromEntries = "from_entries", Range = "range", Join = "join",
        Split = "split", Lines = "lines", Trim = "trim", Lower = "lower", Upper = "upper", Replace = "replace",
        StartsWith = "starts_with", EndsWith = "ends_with", Contains = "contains", Matches = "matches", ToJson = "to_json",
        FromJson = "from_json", ToString = "to_string", ToInt = "to_int", ToFloat = "to_float", Path = "path",
        Basename = "basename", Dirname = "dirname", PathJoin = "path_join", Round = "round", Floor = "floor", Mod = "mod",
        Fail = "fail", Secret = "secret", Include = "include",
    }
}

named! {
    /// A built-in task.
    BuiltinTask {
        Approve = "approve", Input = "input", Sleep = "sleep", Now = "now", Env = "env", Glob = "glob", Read = "read",
        Write = "write", PlanOf = "plan_of",
    }
}
