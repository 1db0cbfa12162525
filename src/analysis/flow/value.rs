//! What is known of a value before the run: where its text may come from, and which agents it may be.

use crate::resolve::DefId;
use ecow::EcoString;
use foldhash::HashMap;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Where text comes from, as a set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::analysis) struct Kinds(u8);

impl Kinds {
    pub const NONE: Kinds = Kinds(0);
    /// What an agent answered.
    pub const AGENT: Kinds = Kinds(1);
    /// The answer of an http request, or of a command that fetches.
    pub const HTTP: Kinds = Kinds(2);
    /// The answer of an mcp tool.
    pub const MCP: Kinds = Kinds(4);
    /// What stands in a file.
    pub const FILE: Kinds = Kinds(8);
    /// Names of files.
    pub const NAMES: Kinds = Kinds(16);
    /// An input of the run, an environment variable, a person's answer.
    pub const INPUT: Kinds = Kinds(32);
    /// Text that somebody outside may have written.
    pub const OUTSIDE: Kinds = Kinds(1 | 2 | 4);
    /// The same, and what stands in files.
    pub const WRITTEN: Kinds = Kinds(1 | 2 | 4 | 8);
    pub const ALL: Kinds = Kinds(63);

    #[must_use]
    pub fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 & other.0)
    }

    #[must_use]
    pub fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    pub fn any(self, other: Kinds) -> bool {
        self.0 & other.0 != 0
    }

    /// The gravest of them alone.
    #[must_use]
    pub fn gravest(self) -> Kinds {
        Kinds(self.0 & self.0.wrapping_neg())
    }
}

/// An interned set of agents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(in crate::analysis) struct AgentSet(u32);

/// Sets of agents, each kept once; the first is the empty one.
#[derive(Debug)]
pub(in crate::analysis) struct AgentSets {
    sets: Vec<Rc<BTreeSet<DefId>>>,
    known: HashMap<Rc<BTreeSet<DefId>>, AgentSet>,
}

impl Default for AgentSets {
    fn default() -> AgentSets {
        let empty = Rc::new(BTreeSet::new());
        AgentSets { sets: vec![empty.clone()], known: HashMap::from_iter([(empty, AgentSet(0))]) }
    }
}

impl AgentSets {
    pub fn of(&mut self, agents: BTreeSet<DefId>) -> AgentSet {
        if let Some(known) = self.known.get(&agents) {
            return *known;
        }
        let (set, id) = (Rc::new(agents), AgentSet(self.sets.len() as u32));
        self.sets.push(set.clone());
        self.known.insert(set, id);
        id
    }

    pub fn join(&mut self, a: AgentSet, b: AgentSet) -> AgentSet {
        if a == b || b == AgentSet(0) {
            return a;
        }
        if a == AgentSet(0) {
            return b;
        }
        let joined = self.get(a).union(self.get(b)).copied().collect();
        self.of(joined)
    }

    pub fn get(&self, set: AgentSet) -> &BTreeSet<DefId> {
        &self.sets[set.0 as usize]
    }
}

/// What is known of a value, in terms of the parameters of the declaration around it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::analysis) struct Taint {
    /// Which parameters it is made of, by index; the last bit stands for all from there on.
    pub params: u64,
    pub agents: AgentSet,
    pub kinds: Kinds,
}

impl Taint {
    pub fn of(kinds: Kinds) -> Taint {
        Taint { kinds, ..Taint::default() }
    }

    pub fn param(at: usize) -> Taint {
        Taint { params: 1 << slot(at), ..Taint::default() }
    }

    pub fn is_clean(self) -> bool {
        self == Taint::default()
    }
}

/// The bit of a parameter.
pub(in crate::analysis) fn slot(param: usize) -> usize {
    param.min(63)
}

/// The parameters in a set of bits.
pub(in crate::analysis) fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = set.trailing_zeros() as usize;
        set &= set.wrapping_sub(1);
        (at < 64).then_some(at)
    })
}

/// A value with its fields, where they differ. A list or map is as its elements.
#[derive(Debug, Clone, Default)]
pub(in crate::analysis) struct Value {
    /// All of it.
    pub whole: Taint,
    /// Those of a record that was written out.
    pub fields: Option<Rc<[(EcoString, Value)]>>,
}

impl From<Taint> for Value {
    fn from(whole: Taint) -> Value {
        Value { whole, fields: None }
    }
}

impl Value {
    pub fn is_clean(&self) -> bool {
        self.whole.is_clean()
    }

    pub fn field(&self, name: &str) -> Value {
        match &self.fields {
            None => self.whole.into(),
            Some(fields) => {
                fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_kept_once_and_joined() {
        let mut sets = AgentSets::default();
        let a = sets.of(BTreeSet::from([DefId(1)]));
        let b = sets.of(BTreeSet::from([DefId(2)]));
        let both = sets.join(a, b);
        assert_eq!(both, sets.join(b, a));
        assert_eq!(sets.join(both, a), both);
        assert_eq!(sets.join(AgentSet::default(), a), a);
        assert_eq!(sets.get(both).len(), 2);
    }

    #[test]
    fn parameters_beyond_the_last_bit_share_it() {
        assert_eq!(Taint::param(63), Taint::param(900));
        assert_eq!(bits(0b1010).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(bits(1 << 63).collect::<Vec<_>>(), [63]);
        assert_eq!(Kinds::AGENT.or(Kinds::FILE).gravest(), Kinds::AGENT);
    }
}
