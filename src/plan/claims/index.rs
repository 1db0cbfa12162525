//! Which patterns may meet: those of which one begins with the fixed start of the other, or ends with its fixed end,
//! as a whole or in one of the first parts of the path; whichever are fewest.

use super::meet::{Claim, PatternId};
use crate::analysis::globs::{Ends, Glob};

/// Parts of a path by which patterns are kept.
const PARTS: usize = 4;
/// Fewer patterns are kept by their own ends alone.
const FEW: usize = 64;

/// The patterns, and who claims them.
pub(super) struct Index {
    /// Sites by pattern, with the claim: all, and those that write.
    all: Vec<Vec<(u32, u32)>>,
    writers: Vec<Vec<(u32, u32)>>,
    /// By their starts; by their ends, read backwards; by those of their parts.
    orders: Vec<Order>,
}

impl Index {
    /// With `loose` an unknown text may be anything.
    pub(super) fn new(patterns: &[Option<Glob>], claims: &[Vec<Claim>], loose: bool) -> Index {
        let path: Vec<bool> =
            patterns.iter().map(|p| p.as_ref().is_some_and(|g| g.is_one_path(loose))).collect();
        let bytes = |text: fn(&Glob, bool) -> &str| {
            move |p: &Option<Glob>| p.as_ref().map_or(Vec::new(), |g| text(g, loose).as_bytes().to_vec())
        };
        let starts = patterns.iter().map(bytes(Glob::start)).collect();
        let mut ends: Vec<Vec<u8>> = patterns.iter().map(bytes(Glob::end)).collect();
        ends.iter_mut().for_each(|end| end.reverse());
        let count = patterns.len();
        let mut index = Index {
            all: vec![Vec::new(); count],
            writers: vec![Vec::new(); count],
            orders: vec![Order::new(starts, &path), Order::new(ends, &path)],
        };
        if loose && count > FEW {
            index.by_parts(patterns);
        }
        for (site, claims) in (0u32..).zip(claims) {
            for (at, claim) in (0u32..).zip(claims) {
                index.all[claim.pattern as usize].push((site, at));
                if claim.writes {
                    index.writers[claim.pattern as usize].push((site, at));
                }
            }
        }
        index
    }

    /// Of what is not known the ends of the whole say little.
    fn by_parts(&mut self, patterns: &[Option<Glob>]) {
        let ends = |p: &Option<Glob>| p.as_ref().map(Glob::ends).unwrap_or_default();
        let all: Vec<Vec<Ends>> = patterns.iter().map(ends).collect();
        for part in 0..PARTS {
            let of = |pick: fn(&Ends) -> Vec<u8>| {
                all.iter().map(|ends| ends.get(part).map(pick).unwrap_or_default()).collect()
            };
            let whole: Vec<bool> =
                all.iter().map(|ends| ends.get(part).is_some_and(|part| part.whole)).collect();
            self.orders.push(Order::new(of(|ends| ends.start.as_bytes().to_vec()), &whole));
            self.orders.push(Order::new(of(|ends| ends.end.bytes().rev().collect()), &whole));
        }
    }

    /// The sites that claim a pattern, in their order, with the number of the claim.
    pub(super) fn sites(&self, pattern: PatternId, only_writers: bool) -> &[(u32, u32)] {
        if only_writers { &self.writers[pattern as usize] } else { &self.all[pattern as usize] }
    }

    /// The patterns that may meet this one, itself included.
    pub(super) fn near(&self, pattern: PatternId, f: impl FnMut(PatternId)) {
        if let Some(order) = self.orders.iter().min_by_key(|order| order.count(pattern)) {
            order.near(pattern, f);
        }
    }
}

/// Patterns in the order of a text of theirs.
struct Order {
    sorted: Vec<PatternId>,
    /// Where each stands in that order.
    place: Vec<u32>,
    /// By place: the last place before whose text begins this one's, how many such there are, and one more than the last that
    /// this one begins.
    before: Vec<Option<u32>>,
    depth: Vec<u32>,
    end: Vec<u32>,
    /// By place: one more than the last with the same text.
    equal: Vec<u32>,
    /// By pattern: its text is all of it.
    path: Vec<bool>,
}

impl Order {
    fn new(texts: Vec<Vec<u8>>, path: &[bool]) -> Order {
        let count = texts.len();
        let mut order = Order {
            sorted: (0..count as PatternId).collect(),
            place: vec![0; count],
            before: vec![None; count],
            depth: vec![0; count],
            end: vec![0; count],
            equal: vec![0; count],
            path: path.to_vec(),
        };
        let text = |p: PatternId| &*texts[p as usize];
        order.sorted.sort_by_key(|p| text(*p));
        let mut open: Vec<u32> = Vec::new();
        for at in 0..count {
            let own = text(order.sorted[at]);
            order.place[order.sorted[at] as usize] = at as u32;
            while let Some(last) = open.last().copied()
                && !own.starts_with(text(order.sorted[last as usize]))
            {
                order.end[last as usize] = at as u32;
                open.pop();
            }
            order.before[at] = open.last().copied();
            order.depth[at] = open.len() as u32;
            open.push(at as u32);
        }
        open.iter().for_each(|last| order.end[*last as usize] = count as u32);
        for at in (0..count).rev() {
            let next = at + 1;
            let same = next < count && text(order.sorted[at]) == text(order.sorted[next]);
            order.equal[at] = if same { order.equal[next] } else { next as u32 };
        }
        order
    }

    /// One more than the last place of those that begin with this one.
    fn end(&self, pattern: PatternId, at: u32) -> u32 {
        // Of a text that is whole nothing lies below.
        if self.path[pattern as usize] { self.equal[at as usize] } else { self.end[at as usize] }
    }

    /// How many are looked at.
    fn count(&self, pattern: PatternId) -> u32 {
        let at = self.place[pattern as usize];
        self.end(pattern, at) - at + self.depth[at as usize]
    }

    fn near(&self, pattern: PatternId, mut f: impl FnMut(PatternId)) {
        let at = self.place[pattern as usize];
        (at..self.end(pattern, at)).for_each(|at| f(self.sorted[at as usize]));
        let mut before = self.before[at as usize];
        while let Some(place) = before {
            let other = self.sorted[place as usize];
            // A whole text meets another only where both are the same.
            if !self.path[other as usize] || self.equal[place as usize] > at {
                f(other);
            }
            before = self.before[place as usize];
        }
    }
}
