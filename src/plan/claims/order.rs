//! Which nodes of a body come before which.

use crate::plan::{Body, NodeIx};

/// Columns of 64 nodes that are worked on at a time.
const CHUNK: usize = 16;

/// For some nodes of a body: which of them must have ended before which starts.
#[derive(Debug)]
pub(super) struct Order {
    words: usize,
    /// A row of bits for each of the nodes.
    before: Vec<u64>,
    /// Which of them have one beside them.
    beside: Vec<bool>,
}

impl Order {
    /// Of the nodes `of` of a body, in the order of the table, which is one of the graph too.
    pub(super) fn new(body: &Body, of: &[NodeIx]) -> Order {
        let words = of.len().div_ceil(64);
        let mut order = Order { words, before: vec![0; words * of.len()], beside: Vec::new() };
        let mut column = vec![u32::MAX; body.nodes.len()];
        of.iter().enumerate().for_each(|(i, n)| column[n.index()] = i as u32);
        for first in (0..words).step_by(CHUNK) {
            let wide = CHUNK.min(words - first);
            let mut rows = vec![0u64; wide * body.nodes.len()];
            for (at, node) in body.nodes.iter().enumerate() {
                let (done, rest) = rows.split_at_mut(at * wide);
                let row = &mut rest[..wide];
                for need in &node.needs {
                    let need = need.index();
                    row.iter_mut().zip(&done[need * wide..]).for_each(|(a, b)| *a |= b);
                    let bit = column[need] as usize;
                    if bit / 64 >= first && bit / 64 < first + wide {
                        row[bit / 64 - first] |= 1 << (bit % 64);
                    }
                }
                if let Some(own) = column.get(at).filter(|c| **c != u32::MAX) {
                    let own = *own as usize * words + first;
                    order.before[own..own + wide].copy_from_slice(row);
                }
            }
        }
        order.beside = order.count();
        order
    }

    /// A node that all others come before or after has none beside it.
    fn count(&self) -> Vec<bool> {
        let count = self.before.len().checked_div(self.words).unwrap_or(0);
        let mut ordered = vec![1usize; count];
        for at in 0..count {
            let row = &self.before[at * self.words..][..self.words];
            for (word, bits) in row.iter().enumerate() {
                let mut bits = *bits;
                ordered[at] += bits.count_ones() as usize;
                while bits != 0 {
                    ordered[word * 64 + bits.trailing_zeros() as usize] += 1;
                    bits &= bits - 1;
                }
            }
        }
        ordered.iter().map(|n| *n < count).collect()
    }

    /// Whether some node may run beside this one.
    pub(super) fn is_beside(&self, at: usize) -> bool {
        self.beside.get(at).copied().unwrap_or(true)
    }

    /// Whether nothing orders two of the nodes, by their places in the list.
    pub(super) fn unordered(&self, a: usize, b: usize) -> bool {
        let (a, b) = (a.min(b), a.max(b));
        a != b && self.before[b * self.words + a / 64] & (1 << (a % 64)) == 0
    }
}
