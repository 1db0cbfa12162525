//! Cycles of a graph given as lists of successors.
//!
//! Takes dense node numbers and gives, for every knot (strongly connected component) that holds a cycle, one shortest
//! cycle in it. Nothing here recurses: a chain of a hundred thousand nodes is as good as one of three.

use std::collections::VecDeque;

/// One cycle per knot, as nodes in the order of the edges; the last leads back to the first. It starts at the knot's
/// smallest node, and the knots come in the order of theirs.
pub fn find(edges: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let knot_of = knots(edges);
    let mut found = Vec::new();
    let mut seen = vec![false; edges.len()];
    for node in 0..edges.len() as u32 {
        let knot = knot_of[node as usize] as usize;
        if seen[knot] {
            continue;
        }
        seen[knot] = true;
        if let Some(cycle) = shortest(edges, &knot_of, node) {
            found.push(cycle);
        }
    }
    found
}

/// The nodes with every node after all that it leads to; edges that close a cycle are passed over.
pub fn dependencies_first(edges: &[Vec<u32>]) -> Vec<u32> {
    let mut order = Vec::with_capacity(edges.len());
    let mut seen = vec![false; edges.len()];
    let mut path: Vec<(u32, usize)> = Vec::new();
    for root in 0..edges.len() as u32 {
        if std::mem::replace(&mut seen[root as usize], true) {
            continue;
        }
        path.push((root, 0));
        while let Some((node, next)) = path.last_mut() {
            let Some(to) = edges[*node as usize].get(*next).copied() else {
                order.push(*node);
                path.pop();
                continue;
            };
            *next += 1;
            if !std::mem::replace(&mut seen[to as usize], true) {
                path.push((to, 0));
            }
        }
    }
    order
}

/// The number of each node's strongly connected component (Tarjan's algorithm with its stack on the heap).
fn knots(edges: &[Vec<u32>]) -> Vec<u32> {
    const UNSEEN: u32 = u32::MAX;
    let count = edges.len();
    let (mut index, mut low) = (vec![UNSEEN; count], vec![0u32; count]);
    let (mut knot_of, mut open) = (vec![UNSEEN; count], Vec::new());
    let (mut clock, mut knots) = (0u32, 0u32);
    let mut path: Vec<(u32, usize)> = Vec::new();
    for root in 0..count as u32 {
        if index[root as usize] != UNSEEN {
            continue;
        }
        path.push((root, 0));
        while let Some((node, next)) = path.last_mut() {
            let at = *node as usize;
            if *next == 0 {
                index[at] = clock;
                low[at] = clock;
                clock += 1;
                open.push(*node);
            }
            if let Some(to) = edges[at].get(*next).copied() {
                *next += 1;
                if index[to as usize] == UNSEEN {
                    path.push((to, 0));
                } else if knot_of[to as usize] == UNSEEN {
                    low[at] = low[at].min(index[to as usize]);
                }
                // A node without edges is visited once more with `next` still 0 only if it has none.
                continue;
            }
            let (done, lowest) = (*node, low[at]);
            path.pop();
            if let Some((parent, _)) = path.last() {
                let parent = *parent as usize;
                low[parent] = low[parent].min(lowest);
            }
            if lowest == index[done as usize] {
                while let Some(member) = open.pop() {
                    knot_of[member as usize] = knots;
                    if member == done {
                        break;
                    }
                }
                knots += 1;
            }
        }
    }
    knot_of
}

/// A shortest way from `start` back to itself inside its knot.
fn shortest(edges: &[Vec<u32>], knot_of: &[u32], start: u32) -> Option<Vec<u32>> {
    let mut from: foldhash::HashMap<u32, u32> = foldhash::HashMap::default();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for to in edges[node as usize].iter().copied() {
            if to == start {
                let mut cycle = vec![node];
                let mut at = node;
                while at != start {
                    at = *from.get(&at)?;
                    cycle.push(at);
                }
                cycle.reverse();
                return Some(cycle);
            }
            if knot_of[to as usize] == knot_of[start as usize] && !from.contains_key(&to) {
                from.insert(to, node);
                queue.push_back(to);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_one_shortest_cycle_per_knot() {
        let edges = vec![vec![1], vec![2, 0], vec![0], vec![3], vec![0], vec![]];
        assert_eq!(find(&edges), vec![vec![0, 1], vec![3]]);
        assert_eq!(find(&[vec![1], vec![]]), Vec::<Vec<u32>>::new());
    }

    #[test]
    fn long_rings_and_chains_do_not_recurse() {
        let n = 200_000u32;
        let ring: Vec<Vec<u32>> = (0..n).map(|i| vec![(i + 1) % n]).collect();
        assert_eq!(find(&ring)[0].len(), n as usize);
        let order = dependencies_first(&ring);
        assert_eq!((order[0], order.len()), (n - 1, n as usize));
    }

    #[test]
    fn dependencies_come_first() {
        assert_eq!(dependencies_first(&[vec![2, 1], vec![], vec![1]]), vec![1, 2, 0]);
    }
}
