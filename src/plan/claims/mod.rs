//! Claims of tasks that may run at the same time: which certainly collide, which may.
//!
//! Takes a plan and gives [`Findings`]. The plan is laid out as a tree of scopes with a site for each task that claims
//! something ([`tree`]); what a claim says is as far known as the plan knows it ([`terms`]), and what it does not know is
//! literal text in a pattern. Two sites run at the same time when no path of edges leads from one to the other, or when
//! they stand in different iterations of a fan-out or different entrants of a race ([`order`]). Candidates come from an
//! index of the fixed starts and ends of the patterns ([`index`]), and only they are compared exactly ([`meet`]). Iterative.

mod distinct;
mod index;
mod meet;
mod order;
mod terms;
mod tree;
mod typed;

#[cfg(test)]
mod tests;

pub use typed::static_type;

use super::{BodyId, NodeIx, Plan};
use crate::analysis::globs::GlobFault;
use ecow::EcoString;

/// Most sites of a plan that are compared; what lies beyond is kept apart at run time all the same.
pub const MOST_SITES: usize = 20_000;
/// Most pairs of sites that are looked at.
pub const MOST_PAIRS: usize = if cfg!(test) { 400_000 } else { 16_000_000 };
/// Most pairs of patterns that are compared exactly where only may overlap what is not known.
pub const MOST_COMPARED: usize = 2_000_000;
/// Most collisions, and most pairs that may wait for each other, that are listed.
pub const MOST_LISTED: usize = 200;

/// A node of a plan.
pub type At = (BodyId, NodeIx);

/// One of two tasks that collide.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Side {
    /// The task.
    pub task: At,
    /// Its node, or that of the call which leads to it, in the workflow where both meet.
    pub call: At,
    /// The claim is one of `writes`, else of `reads`.
    pub writes: bool,
    /// Which one of the list.
    pub element: usize,
    /// The list stands at the call (`with`), not in the definition.
    pub at_call: bool,
}

/// Why two tasks run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Together {
    /// Nothing orders them.
    Unordered,
    /// They stand in different iterations of this `for`.
    Iterations(At),
    /// They stand in different entrants of this `race`.
    Entrants(At),
}

/// Two tasks that run at the same time and use the same path, whatever the values are; the first in the plan first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    pub together: Together,
    pub first: Side,
    pub second: Side,
    /// A path that both claim; text that is not known as `#{name}`.
    pub example: String,
}

/// Two tasks that may have to wait for each other, by their ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Maybe {
    pub first: EcoString,
    pub second: EcoString,
}

/// A claim that no path of the workspace can match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faulty {
    pub side: Side,
    pub text: String,
    pub fault: GlobFault,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    pub collisions: Vec<Collision>,
    pub may: Vec<Maybe>,
    pub faulty: Vec<Faulty>,
    /// More was found than is listed.
    pub more: bool,
    /// The plan has more sites than are compared.
    pub beyond: bool,
    pub work: Work,
}

/// How much was done, for those who watch that it stays little.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    pub sites: usize,
    /// Pairs of patterns that the index gave.
    pub looked: usize,
    /// Pairs of sites whose patterns are not apart at a quick look.
    pub pairs: usize,
    /// Pairs of patterns that were compared exactly.
    pub compared: usize,
}

/// What collides for certain.
pub fn collisions(plan: &Plan) -> Findings {
    meet::find(plan, false)
}

/// What collides, and what may have to wait.
pub fn all(plan: &Plan) -> Findings {
    meet::find(plan, true)
}
