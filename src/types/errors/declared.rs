//! Of declarations, types as written, and mocks.

use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

pub(in crate::types) fn not_a_type(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0311, span, format!("`{name}` is not a type"))
}

pub(in crate::types) fn map_key(span: Span, found: &str) -> Diagnostic {
    Diagnostic::new(Code::F0301, span, format!("the keys of a map are Strings, found {found}")).fix(
        "write `String`",
        span,
        "String",
    )
}

pub(in crate::types) fn endless_type(span: Span, cycle: &[&str]) -> Diagnostic {
    let first = cycle.first().copied().unwrap_or_default();
    let message = match cycle {
        [one] => format!("the type `{one}` contains itself without end"),
        _ => format!("the types {} → {first} contain each other without end", cycle.join(" → ")),
    };
    Diagnostic::new(Code::F0315, span, message)
        .help("put a list, a map or an optional between: `next: Node?`, `children: [Node]`")
}

pub(in crate::types) fn growing_type(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0315, span, format!("the type `{name}` needs ever larger instances of itself"))
        .help("inside itself it may stand only with its own parameters")
}

pub(in crate::types) fn unit_param(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0311, span, format!("the parameter `{name}` would never have a value"))
        .note("Unit is the result of a task that gives nothing")
}

pub(in crate::types) fn unit_fn(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0311, span, "a `fn` gives a value").note("without one it would do nothing")
}

pub(in crate::types) fn inline_generic(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0321, span, "an inline task has no type parameters")
        .note("it is called where it stands: write the type itself")
}

pub(in crate::types) fn inline_param(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0305, span, format!("nothing is given for `{name}`"))
        .note("an inline task is called where it stands")
        .help("drop the parameter and use the names in scope, or give it a default")
}

pub(in crate::types) fn mock_of_unit(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0328, span, format!("`{name}` gives no value"))
        .help(format!("write `mock {name}` alone, or `fail(\"why\")` to make it fail"))
}

pub(in crate::types) fn mock_without_value(span: Span, name: &str, result: &str) -> Diagnostic {
    Diagnostic::new(Code::F0328, span, format!("the mock of `{name}` needs a value"))
        .note(format!("`{name}` gives {result}"))
        .help(format!("write `mock {name} => …`"))
}

pub(in crate::types) fn mock_args(span: Span, name: &str, takes: usize, given: usize) -> Diagnostic {
    Diagnostic::new(Code::F0328, span, format!("`{name}` takes {takes} arguments, the mock names {given}"))
        .help(format!("name all of them (`_` for those that do not matter), or none: `mock {name} => …`"))
}

pub(in crate::types) fn mock_pattern(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0328, span, "a mock only names its arguments").help("write a name or `_`")
}
