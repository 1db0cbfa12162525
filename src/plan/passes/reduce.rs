//! Transitive reduction: an edge that other edges imply goes.

use crate::plan::{Body, NodeIx, Plan};

/// Bodies of up to so many nodes are reduced fully; in larger ones an edge goes only when a direct dependency has it too.
pub const FULL: usize = 2_000;
/// Most comparisons for one node of a large body.
const MOST: usize = 1 << 16;

/// Reduces all bodies.
pub(super) fn reduce(plan: &mut Plan) {
    for body in &mut plan.bodies {
        if body.nodes.len() <= FULL { fully(body) } else { locally(body) }
    }
}

fn fully(body: &mut Body) {
    let count = body.nodes.len();
    if body.nodes.iter().all(|n| n.needs.len() < 2) {
        return;
    }
    let words = count.div_ceil(64);
    // Row n: everything that node n waits for, directly or not.
    let mut before = vec![0u64; words * count];
    for at in 0..count {
        let mut implied = vec![0u64; words];
        for need in &body.nodes[at].needs {
            let row = &before[need.index() * words..][..words];
            implied.iter_mut().zip(row).for_each(|(a, b)| *a |= b);
        }
        let needs = &mut body.nodes[at].needs;
        needs.retain(|n| implied[n.index() / 64] & (1 << (n.index() % 64)) == 0);
        for need in needs {
            implied[need.index() / 64] |= 1 << (need.index() % 64);
        }
        before[at * words..][..words].copy_from_slice(&implied);
    }
}

fn locally(body: &mut Body) {
    // When each node was last met among the dependencies of a dependency of the node at hand.
    let mut met = vec![0u32; body.nodes.len()];
    for at in 0..body.nodes.len() {
        let mark = at as u32 + 1;
        let needs: Vec<NodeIx> = std::mem::take(&mut body.nodes[at].needs);
        let mut work = 0;
        if needs.len() > 1 {
            for need in &needs {
                let further = &body.nodes[need.index()].needs;
                work += further.len();
                if work > MOST {
                    break;
                }
                further.iter().for_each(|n| met[n.index()] = mark);
            }
        }
        body.nodes[at].needs = needs.into_iter().filter(|n| met[n.index()] != mark).collect();
    }
}
