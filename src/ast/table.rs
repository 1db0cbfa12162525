//! Side tables: facts about nodes, beside the tree.

use super::NodeId;

/// A dense table by [`NodeId`]. Nodes without an entry are absent, not an error.
#[derive(Debug, Clone)]
pub struct Table<T> {
    slots: Vec<Option<T>>,
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table { slots: Vec::new() }
    }
}

impl<T> Table<T> {
    /// An empty table with room for `count` nodes.
    pub fn with_capacity(count: usize) -> Table<T> {
        Table { slots: Vec::with_capacity(count) }
    }

    /// What is known of a node.
    pub fn get(&self, id: NodeId) -> Option<&T> {
        self.slots.get(id.0 as usize)?.as_ref()
    }

    /// Says something of a node, in place of what was said before.
    pub fn insert(&mut self, id: NodeId, fact: T) {
        let at = id.0 as usize;
        if at >= self.slots.len() {
            self.slots.resize_with(at + 1, || None);
        }
        self.slots[at] = Some(fact);
    }

    /// Whether something is known of a node.
    pub fn contains(&self, id: NodeId) -> bool {
        self.get(id).is_some()
    }
}
