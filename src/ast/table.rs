//! Side tables: facts about nodes, beside the tree.

use super::NodeId;

/// A table by [`NodeId`]. Nodes without an entry are absent, not an error, and cost four bytes: facts about few nodes may be
/// large.
#[derive(Debug, Clone)]
pub struct Table<T> {
    /// By node: the place of its fact in `facts`, counted from one; zero where there is none.
    places: Vec<u32>,
    facts: Vec<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table { places: Vec::new(), facts: Vec::new() }
    }
}

impl<T> Table<T> {
    /// An empty table with room for `count` nodes.
    pub fn with_capacity(count: usize) -> Table<T> {
        Table { places: Vec::with_capacity(count), facts: Vec::new() }
    }

    /// What is known of a node.
    pub fn get(&self, id: NodeId) -> Option<&T> {
        let place = *self.places.get(id.0 as usize)?;
        self.facts.get((place as usize).wrapping_sub(1))
    }

    /// Says something of a node, in place of what was said before.
    pub fn insert(&mut self, id: NodeId, fact: T) {
        let at = id.0 as usize;
        if at >= self.places.len() {
            self.places.resize(at + 1, 0);
        }
        match self.places[at] {
            0 => {
                self.facts.push(fact);
                self.places[at] = self.facts.len() as u32;
            }
            place => self.facts[place as usize - 1] = fact,
        }
    }

    /// Whether something is known of a node.
    pub fn contains(&self, id: NodeId) -> bool {
        self.get(id).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_found_replaced_and_absent() {
        let mut table = Table::default();
        table.insert(NodeId(7), "a");
        table.insert(NodeId(2), "b");
        table.insert(NodeId(7), "c");
        let at = |id| table.get(NodeId(id)).copied();
        assert_eq!((at(7), at(2), at(0), at(8)), (Some("c"), Some("b"), None, None));
        assert!(table.contains(NodeId(2)) && !table.contains(NodeId(3)));
    }
}
