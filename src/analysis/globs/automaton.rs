//! A pattern as a non-deterministic automaton over characters.

use super::parse::Part;
use std::collections::VecDeque;

/// A set of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Set {
    Char(char),
    /// Anything but `/`.
    Any,
    Ranges(Box<[(char, char)]>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// On to both without reading.
    Fork(u32, u32),
    /// Reads one character of the set.
    Read(Set, u32),
    /// The end of a pattern.
    Accept,
}

/// States in an array; the last is the accepting one.
#[derive(Debug, Clone)]
pub(super) struct Automaton {
    states: Box<[State]>,
    start: u32,
}

/// An alternative being laid out: where it begins, the starts of its branches, the ends that are still open.
struct Braces {
    fork: usize,
    branches: Vec<u32>,
    ends: Vec<usize>,
}

impl Automaton {
    /// Lays the parts out; `None` when there would be more than `limit` states.
    pub(super) fn new(parts: &[Part], limit: usize) -> Option<Automaton> {
        let mut build = Build { states: Vec::with_capacity(parts.len() + 1) };
        let mut braces: Vec<Braces> = Vec::new();
        for part in parts {
            match part {
                Part::Char(c) => build.read(Set::Char(*c)),
                Part::Slash => build.read(Set::Char('/')),
                Part::One => build.read(Set::Any),
                Part::Class(ranges) => build.read(Set::Ranges(ranges.clone().into())),
                Part::Star => build.star(),
                Part::Parts => build.parts(),
                Part::Rest => {
                    build.parts();
                    build.read(Set::Any);
                    build.star();
                }
                Part::Open => {
                    let fork = build.states.len();
                    build.states.push(State::Fork(0, 0));
                    braces.push(Braces { fork, branches: vec![fork as u32 + 1], ends: Vec::new() });
                }
                Part::Or => {
                    let open = braces.last_mut()?;
                    open.ends.push(build.states.len());
                    build.states.push(State::Fork(0, 0));
                    open.branches.push(build.states.len() as u32);
                }
                Part::Close => build.close(braces.pop()?),
            }
            if build.states.len() > limit {
                return None;
            }
        }
        build.states.push(State::Accept);
        Some(Automaton { states: build.states.into(), start: 0 })
    }

    /// Whether the whole path is read to the end. Follows all states at once.
    pub(super) fn matches(&self, path: &str) -> bool {
        let mut now = Live::new(self.states.len());
        let mut next = Live::new(self.states.len());
        self.enter(self.start, &mut now);
        let mut part_is_empty = true;
        for c in path.chars() {
            if c == '/' && part_is_empty {
                return false;
            }
            part_is_empty = c == '/';
            next.clear();
            for at in now.list.iter().copied() {
                if let State::Read(set, to) = &self.states[at as usize]
                    && set.holds(c)
                {
                    self.enter(*to, &mut next);
                }
            }
            std::mem::swap(&mut now, &mut next);
            if now.list.is_empty() {
                return false;
            }
        }
        !part_is_empty && now.list.iter().any(|s| self.states[*s as usize] == State::Accept)
    }

    /// Adds a state and all that it leads to without reading.
    fn enter(&self, state: u32, live: &mut Live) {
        let mut open = vec![state];
        while let Some(at) = open.pop() {
            if !live.add(at) {
                continue;
            }
            if let State::Fork(a, b) = self.states[at as usize] {
                open.extend([b, a]);
            }
        }
    }

    /// A shortest path that both read to the end: a search through the pairs of their states.
    pub(super) fn common(&self, other: &Automaton) -> Option<String> {
        let width = other.states.len();
        // A pair, and whether the part that is being read is still empty.
        let key = |a: u32, b: u32, empty: bool| ((a as usize * width + b as usize) << 1) | usize::from(empty);
        let mut seen = Bits::new(self.states.len() * width * 2);
        let mut found: Vec<Step> = Vec::new();
        let mut open: VecDeque<u32> = VecDeque::new();
        let first = Step { a: self.start, b: other.start, empty: true, from: u32::MAX, read: None };
        found.push(first);
        open.push_back(0);
        while let Some(at) = open.pop_front() {
            let Step { a, b, empty, .. } = found[at as usize];
            // Only what is taken out is done: a cheaper way to what still waits may turn up.
            if !seen.add(key(a, b, empty)) {
                continue;
            }
            let mut go = |a: u32, b: u32, empty: bool, read: Option<char>| {
                if !seen.has(key(a, b, empty)) {
                    let id = found.len() as u32;
                    found.push(Step { a, b, empty, from: at, read });
                    // What reads nothing costs nothing: it goes first.
                    if read.is_none() { open.push_front(id) } else { open.push_back(id) }
                }
            };
            match (&self.states[a as usize], &other.states[b as usize]) {
                (State::Fork(x, y), _) => {
                    go(*x, b, empty, None);
                    go(*y, b, empty, None);
                }
                (State::Read(..) | State::Accept, State::Fork(x, y)) => {
                    go(a, *x, empty, None);
                    go(a, *y, empty, None);
                }
                (State::Read(x, to_a), State::Read(y, to_b)) => {
                    if let Some(c) = x.common(y)
                        && !(c == '/' && empty)
                    {
                        go(*to_a, *to_b, c == '/', Some(c));
                    }
                }
                (State::Accept, State::Accept) if !empty => return Some(spell(&found, at)),
                (State::Accept, State::Accept)
                | (State::Accept, State::Read(..))
                | (State::Read(..), State::Accept) => {}
            }
        }
        None
    }
}

/// A pair of states in the search, and how it was reached.
#[derive(Debug, Clone, Copy)]
struct Step {
    a: u32,
    b: u32,
    empty: bool,
    from: u32,
    read: Option<char>,
}

fn spell(found: &[Step], mut at: u32) -> String {
    let mut chars = Vec::new();
    while let Some(step) = found.get(at as usize) {
        chars.extend(step.read);
        at = step.from;
    }
    chars.iter().rev().collect()
}

struct Build {
    states: Vec<State>,
}

impl Build {
    fn next(&self) -> u32 {
        self.states.len() as u32
    }

    fn read(&mut self, set: Set) {
        let to = self.next() + 1;
        self.states.push(State::Read(set, to));
    }

    /// Any number of characters but `/`.
    fn star(&mut self) {
        let at = self.next();
        self.states.push(State::Fork(at + 2, at + 1));
        self.states.push(State::Read(Set::Any, at));
        // `at + 1` reads and comes back; `at + 2` is what follows.
    }

    /// Any number of parts, each with its `/`.
    fn parts(&mut self) {
        let at = self.next();
        self.states.push(State::Fork(at + 5, at + 1));
        self.states.push(State::Read(Set::Any, at + 2));
        self.states.push(State::Fork(at + 4, at + 3));
        self.states.push(State::Read(Set::Any, at + 2));
        self.states.push(State::Read(Set::Char('/'), at));
    }

    /// Joins the branches of an alternative: forks at its start, all ends lead here.
    fn close(&mut self, braces: Braces) {
        let mut ends = braces.ends;
        let mut fork = braces.fork;
        let mut branches = braces.branches.into_iter().peekable();
        // The last branch runs on into what follows; the forks after the first stand behind it.
        ends.push(self.states.len());
        self.states.push(State::Fork(0, 0));
        while let Some(branch) = branches.next() {
            match branches.peek() {
                None => {
                    self.states[fork] = State::Fork(branch, branch);
                }
                Some(_) => {
                    let more = self.states.len();
                    self.states.push(State::Fork(0, 0));
                    self.states[fork] = State::Fork(branch, more as u32);
                    fork = more;
                }
            }
        }
        let here = self.next();
        for end in ends {
            self.states[end] = State::Fork(here, here);
        }
    }
}

impl Set {
    fn holds(&self, c: char) -> bool {
        match self {
            Set::Char(own) => *own == c,
            Set::Any => c != '/',
            Set::Ranges(ranges) => ranges.iter().any(|(low, high)| *low <= c && c <= *high),
        }
    }

    /// A character of both, a readable one where there is a choice.
    fn common(&self, other: &Set) -> Option<char> {
        match (self, other) {
            (Set::Char(c), set) | (set, Set::Char(c)) => set.holds(*c).then_some(*c),
            (Set::Any, Set::Any) => Some('x'),
            (Set::Any, Set::Ranges(ranges)) | (Set::Ranges(ranges), Set::Any) => {
                readable(ranges.iter().copied())
            }
            (Set::Ranges(a), Set::Ranges(b)) => {
                let pairs = a.iter().flat_map(|x| b.iter().map(move |y| (x.0.max(y.0), x.1.min(y.1))));
                readable(pairs.filter(|(low, high)| low <= high))
            }
        }
    }
}

/// A character of the ranges: `x` or another letter or digit, else the first.
fn readable(ranges: impl Iterator<Item = (char, char)> + Clone) -> Option<char> {
    let holds = |c: char| ranges.clone().any(|(low, high)| low <= c && c <= high);
    if let Some(c) = "xa0A_-".chars().find(|c| holds(*c)) {
        return Some(c);
    }
    ranges.clone().find(|(low, _)| *low > ' ').or_else(|| ranges.clone().next()).map(|(low, _)| low)
}

/// The states that are live, in the order in which they were reached.
struct Live {
    list: Vec<u32>,
    bits: Bits,
}

impl Live {
    fn new(count: usize) -> Live {
        Live { list: Vec::new(), bits: Bits::new(count) }
    }

    fn add(&mut self, state: u32) -> bool {
        let fresh = self.bits.add(state as usize);
        if fresh {
            self.list.push(state);
        }
        fresh
    }

    fn clear(&mut self) {
        for state in self.list.drain(..) {
            self.bits.remove(state as usize);
        }
    }
}

/// A set of small numbers.
struct Bits(Vec<u64>);

impl Bits {
    fn new(count: usize) -> Bits {
        Bits(vec![0; count.div_ceil(64)])
    }

    /// Whether it was not there yet.
    fn add(&mut self, at: usize) -> bool {
        let bit = 1 << (at % 64);
        let fresh = self.0[at / 64] & bit == 0;
        self.0[at / 64] |= bit;
        fresh
    }

    fn has(&self, at: usize) -> bool {
        self.0[at / 64] & (1 << (at % 64)) != 0
    }

    fn remove(&mut self, at: usize) {
        self.0[at / 64] &= !(1 << (at % 64));
    }
}
