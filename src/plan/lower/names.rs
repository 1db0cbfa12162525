//! Which id a node gets.
//!
//! The rule (language.md §6): an id is the path of `let`, inline-task and stage names, else the callee's.
//!
//! - A call that is the direct initialiser of a `let` takes the let's name; any other call its callee's. A call in an
//!   argument stands in the same block: `let r = f(g(x))` gives `r` and `g`.
//! - A `for`, `repeat`, `race for` in a `let` takes the let's name; tasks in it add to the iteration: `found[2].review`. A call
//!   that is all there is in the block of such a loop, or of a `try`, adds nothing: `found[2]`.
//! - Without a `let` a `for` whose block is one call or one inline task takes its name (`review[2]`), else `for`; a `repeat`
//!   takes its draft's (`draft#3.improve`).
//! - `if match try race ?? and or` add nothing; in a `let` their tasks stand below the let's name: `x.a`, `x.b`. They themselves
//!   are nodes too: with the let's name where that is free, else with their keyword.
//! - A second use of a name in the same scope is `name~2`. A called workflow adds `/`.
//! - Nodes that no one names (barriers) are `~1`, `~2` … in a count of their own, so that they move no other id.

use ecow::{EcoString, eco_format};
use std::collections::HashMap;

/// How the value being lowered wants its node to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Want {
    /// By itself: the callee's name, or the keyword.
    Plain,
    /// As this: the whole name inside the scope.
    Named(EcoString),
    /// Not at all: it is the iteration.
    Empty,
    /// Not at all, and neither an inline task: the loop has its name.
    Itself,
}

/// Names in use, by scope with ids of its own (a workflow, an iteration).
#[derive(Debug, Default)]
pub(super) struct Names {
    domains: Vec<Domain>,
}

#[derive(Debug, Default)]
struct Domain {
    used: HashMap<EcoString, u32>,
    unnamed: u32,
    /// What stands before each name now: `checks.`.
    prefix: EcoString,
}

impl Names {
    /// Begins a scope with ids of its own.
    pub(super) fn open(&mut self) {
        self.domains.push(Domain::default());
    }

    /// Ends it.
    pub(super) fn close(&mut self) {
        self.domains.pop();
    }

    fn domain(&mut self) -> &mut Domain {
        if self.domains.is_empty() {
            self.domains.push(Domain::default());
        }
        let last = self.domains.len() - 1;
        &mut self.domains[last]
    }

    /// Where names stand now.
    pub(super) fn prefix(&mut self) -> EcoString {
        self.domain().prefix.clone()
    }

    /// Names stand below `name` from now on; gives where they stood before.
    pub(super) fn enter(&mut self, name: &str) -> EcoString {
        let domain = self.domain();
        std::mem::replace(&mut domain.prefix, eco_format!("{name}."))
    }

    /// Names stand there again.
    pub(super) fn leave(&mut self, prefix: EcoString) {
        self.domain().prefix = prefix;
    }

    /// A name below the prefix, not yet made unique.
    pub(super) fn path(&mut self, name: &str) -> EcoString {
        let domain = self.domain();
        if domain.prefix.is_empty() { name.into() } else { eco_format!("{}{name}", domain.prefix) }
    }

    /// That whole name, or with `~n` when it is in use.
    pub(super) fn unique(&mut self, name: EcoString) -> EcoString {
        let count = self.domain().used.entry(name.clone()).or_insert(0);
        *count += 1;
        if *count == 1 { name } else { eco_format!("{name}~{count}") }
    }

    /// Which scope names go to now.
    pub(super) fn current(&mut self) -> usize {
        self.domain();
        self.domains.len() - 1
    }

    /// A name in that scope for what nobody names.
    pub(super) fn unnamed(&mut self, scope: usize) -> EcoString {
        let domain = &mut self.domains[scope];
        domain.unnamed += 1;
        eco_format!("~{}", domain.unnamed)
    }

    /// The name of a leaf: as wanted, else `own` below the prefix.
    pub(super) fn leaf(&mut self, want: &Want, own: &str) -> EcoString {
        match want {
            Want::Plain => {
                let path = self.path(own);
                self.unique(path)
            }
            Want::Named(name) => self.unique(name.clone()),
            Want::Empty | Want::Itself => EcoString::new(),
        }
    }
}
