//! Names, and whether their first letter has the case that their place asks for.

use super::{Builder, Pair, errors};
use crate::ast::{Bound, Name};

impl Builder<'_> {
    /// A name as written, in either case.
    pub(super) fn any_name(&self, pair: Pair<'_>) -> Name {
        Name { text: pair.as_str().into(), span: self.span(pair) }
    }

    /// The name of a value, task, field …: lower case.
    pub(super) fn value_name(&mut self, pair: Pair<'_>, what: &str) -> Name {
        self.cased(pair, what, false)
    }

    /// The name of a type: upper case.
    pub(super) fn type_name(&mut self, pair: Pair<'_>, what: &str) -> Name {
        self.cased(pair, what, true)
    }

    fn cased(&mut self, pair: Pair<'_>, what: &str, upper: bool) -> Name {
        let name = self.any_name(pair);
        let first = name.text.as_bytes().first().copied().unwrap_or(b'_');
        let wrong = if upper { !first.is_ascii_uppercase() } else { first.is_ascii_uppercase() };
        if wrong {
            self.report(errors::name_case(name.span, &name.text, what, upper));
        }
        name
    }

    /// A name that is bound here.
    pub(super) fn bound(&mut self, pair: Pair<'_>) -> Bound {
        let name = self.value_name(pair, "a value's name");
        Bound { id: self.fresh(), name }
    }
}
