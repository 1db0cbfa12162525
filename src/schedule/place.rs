//! Where something stands in a run.

use crate::plan::NodeIx;
use serde::{Deserialize, Serialize};

/// Milliseconds of active time of the run: they stand still while no runner holds it.
pub type Ms = i64;

/// Milliseconds since 1970, UTC.
pub type WallMs = i64;

/// A live instance of a body. Numbered in the order of opening; never used twice in a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScopeId(pub u32);

impl ScopeId {
    /// The scope of body 0.
    pub const ROOT: ScopeId = ScopeId(0);
}

/// A node of a scope, or with [`Place::BODY`] the scope's body as a whole (its result, its loop's next round). Its text is
/// given by [`State::id_of`](super::State::id_of).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    pub scope: ScopeId,
    pub node: NodeIx,
}

impl Place {
    /// In place of a node: the body itself.
    pub const BODY: NodeIx = NodeIx(u32::MAX);

    /// A node of a scope.
    pub fn new(scope: ScopeId, node: NodeIx) -> Place {
        Place { scope, node }
    }

    /// The body of a scope.
    pub fn body(scope: ScopeId) -> Place {
        Place { scope, node: Place::BODY }
    }

    /// Whether it is a scope's body and not one of its nodes.
    pub fn is_body(self) -> bool {
        self.node == Place::BODY
    }
}

/// A failure of the run, numbered from 0 in the order in which they happened: the same after a replay. What it says is
/// kept by the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ErrorRef(pub u32);
