//! A pattern as a non-deterministic automaton over characters.

use super::parse::Part;
use super::{Sign, Unknown};
use std::collections::VecDeque;

/// A set of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Set {
    Char(char),
    /// Anything but `/`.
    Any,
    Ranges(Box<[(char, char)]>),
    /// Any character, `/` too.
    All,
    /// Text that is not known: read as one sign, by whoever reads the same or takes any;
    /// whether its part starts with it.
    Gap(Unknown, bool),
    /// The same as a whole part.
    Whole(Box<[Part]>),
}

/// Which unknown texts a state takes wherever its pattern goes, whatever they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Text without `/`, before `next`: within a part. With `whole`, a whole part as the last of its pattern.
    Word { next: u32, whole: bool },
    /// Any text within a part, before `next`; and whole parts at its start, before `whole`.
    Path { next: u32, whole: Option<u32> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// On to both without reading.
    Fork(u32, u32),
    /// Reads one sign of the set.
    Read(Set, u32),
    /// Reads one character that is no `/`, as a step of a loop.
    Loop(u32, Takes),
    /// The end of a pattern.
    Accept,
}

/// States in an array; the last is the accepting one.
#[derive(Debug, Clone, Default)]
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
                Part::Rest => build.rest(),
                Part::Gap(unknown, starts) => build.read(Set::Gap(*unknown, *starts)),
                Part::Whole(inside) => build.read(Set::Whole(inside.clone())),
                Part::Anything => build.anything(),
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

    /// Whether it is none.
    pub(super) fn is_empty(&self) -> bool {
        self.states.is_empty()
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
                match &self.states[at as usize] {
                    State::Read(set, to) if set.holds(c) => self.enter(*to, &mut next),
                    State::Loop(to, _) if c != '/' => self.enter(*to, &mut next),
                    State::Read(..) | State::Loop(..) | State::Fork(..) | State::Accept => {}
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

    /// A shortest path that both read to the end: a search through the pairs of their states. `same` says whether an
    /// unknown text of this pattern and one of the other are one.
    pub(super) fn common(
        &self,
        other: &Automaton,
        same: &dyn Fn(Unknown, Unknown) -> bool,
    ) -> Option<Vec<Sign>> {
        let width = other.states.len();
        // A pair, and whether the part that is being read is still empty.
        let key = |a: u32, b: u32, empty: bool| ((a as usize * width + b as usize) << 1) | usize::from(empty);
        let mut seen = Bits::new(self.states.len() * width * 2);
        let mut found: Vec<Step> = Vec::new();
        let mut open: VecDeque<u32> = VecDeque::new();
        found.push(Step { a: self.start, b: other.start, empty: true, from: u32::MAX, read: Read::Nothing });
        open.push_back(0);
        while let Some(at) = open.pop_front() {
            let Step { a, b, empty, .. } = found[at as usize];
            // Only what is taken out is done: a cheaper way to what still waits may turn up.
            if !seen.add(key(a, b, empty)) {
                continue;
            }
            let (here, there) = (&self.states[a as usize], &other.states[b as usize]);
            if (here, there) == (&State::Accept, &State::Accept) && !empty {
                return Some(self.spell(other, &found, at));
            }
            let mut go = |a: u32, b: u32, empty: bool, read: Read| {
                if !seen.has(key(a, b, empty)) {
                    let id = found.len() as u32;
                    found.push(Step { a, b, empty, from: at, read });
                    // What reads nothing costs nothing: it goes first.
                    if matches!(read, Read::Nothing) { open.push_front(id) } else { open.push_back(id) }
                }
            };
            match (here, there) {
                (State::Fork(x, y), _) => {
                    go(*x, b, empty, Read::Nothing);
                    go(*y, b, empty, Read::Nothing);
                }
                (_, State::Fork(x, y)) => {
                    go(a, *x, empty, Read::Nothing);
                    go(a, *y, empty, Read::Nothing);
                }
                _ => {
                    let mut both = |step: Option<Both>| {
                        if let Some((a, b, now_empty, read)) = step {
                            go(a, b, now_empty, read);
                        }
                    };
                    both(together((a, here), there, empty, same));
                    both(taken(self, here, there, empty).map(|(to, next, e)| (to, next, e, Read::Left(a))));
                    both(taken(other, there, here, empty).map(|(to, next, e)| (next, to, e, Read::Right(b))));
                }
            }
        }
        None
    }

    /// The signs along the way to a pair.
    fn spell(&self, other: &Automaton, found: &[Step], mut at: u32) -> Vec<Sign> {
        let mut signs: Vec<Sign> = Vec::new();
        while let Some(step) = found.get(at as usize) {
            match step.read {
                Read::Nothing => {}
                Read::Char(c) => signs.push(Sign::Char(c)),
                Read::Left(state) => gaps(&self.states[state as usize], &mut signs),
                Read::Right(state) => gaps(&other.states[state as usize], &mut signs),
            }
            at = step.from;
        }
        signs.reverse();
        signs
    }
}

/// What a step leads to: both states, whether the part is still empty, what was read.
type Both = (u32, u32, bool, Read);

/// Both read the same sign.
fn together(
    (at, here): (u32, &State),
    there: &State,
    empty: bool,
    same: &dyn Fn(Unknown, Unknown) -> bool,
) -> Option<Both> {
    let any = Set::Any;
    let (x, to_a) = here.reads(&any)?;
    let (y, to_b) = there.reads(&any)?;
    match (x, y) {
        (Set::Gap(u, x), Set::Gap(v, y)) => {
            let alike = same(*u, *v) && (x == y || !u.path);
            alike.then_some((to_a, to_b, empty, Read::Left(at)))
        }
        (Set::Whole(u), Set::Whole(v)) => {
            let equal = |(p, q): (&Part, &Part)| match (p, q) {
                (Part::Gap(u, _), Part::Gap(v, _)) => same(*u, *v),
                _ => p == q,
            };
            let all = u.len() == v.len() && u.iter().zip(v.iter()).all(equal);
            all.then_some((to_a, to_b, false, Read::Left(at)))
        }
        _ => {
            let c = x.common(y)?;
            (!(c == '/' && empty)).then_some((to_a, to_b, c == '/', Read::Char(c)))
        }
    }
}

/// One reads what is not known, and the other takes it whatever it is: where both go on.
fn taken(own: &Automaton, here: &State, there: &State, empty: bool) -> Option<(u32, u32, bool)> {
    let State::Read(set, to) = here else { return None };
    let State::Loop(_, takes) = there else { return None };
    let last = || own.states[*to as usize] == State::Accept;
    match (set, takes) {
        (Set::Gap(u, _), Takes::Word { next, .. }) if !u.path => Some((*to, *next, empty)),
        (Set::Gap(..), Takes::Path { next, .. }) => Some((*to, *next, empty)),
        // Empty or `.` at the end of a pattern it means everything below.
        (Set::Whole(inside), Takes::Word { next, whole: true }) if empty && words(inside) && last() => {
            Some((*to, *next, false))
        }
        (Set::Whole(_), Takes::Path { whole: Some(next), .. }) if empty => Some((*to, *next, false)),
        _ => None,
    }
}

/// Whether the unknown texts in a part all stay in one.
fn words(inside: &[Part]) -> bool {
    !inside.iter().any(|p| matches!(p, Part::Gap(u, _) if u.path))
}

/// The signs of a state that reads what is not known, last first.
fn gaps(state: &State, signs: &mut Vec<Sign>) {
    let mut put = |part: &Part| match part {
        Part::Gap(unknown, _) => signs.push(Sign::Unknown(*unknown)),
        Part::Char(c) => signs.push(Sign::Char(*c)),
        _ => {}
    };
    match state {
        State::Read(Set::Gap(unknown, starts), _) => put(&Part::Gap(*unknown, *starts)),
        State::Read(Set::Whole(inside), _) => inside.iter().rev().for_each(put),
        State::Read(..) | State::Loop(..) | State::Fork(..) | State::Accept => {}
    }
}

impl State {
    /// What it reads and where that leads; `any` lends a loop its set.
    fn reads<'s>(&'s self, any: &'s Set) -> Option<(&'s Set, u32)> {
        match self {
            State::Read(set, to) => Some((set, *to)),
            State::Loop(to, _) => Some((any, *to)),
            State::Fork(..) | State::Accept => None,
        }
    }
}

/// A pair of states in the search, and how it was reached.
#[derive(Debug, Clone, Copy)]
struct Step {
    a: u32,
    b: u32,
    empty: bool,
    from: u32,
    read: Read,
}

/// What a step read.
#[derive(Debug, Clone, Copy)]
enum Read {
    Nothing,
    Char(char),
    /// What is not known, by the state of this pattern or of the other that reads it.
    Left(u32),
    Right(u32),
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
        self.loop_of(|at| Takes::Word { next: at, whole: true });
    }

    /// `at + 1` reads and comes back; `at + 2` is what follows.
    fn loop_of(&mut self, takes: impl FnOnce(u32) -> Takes) {
        let at = self.next();
        self.states.push(State::Fork(at + 2, at + 1));
        self.states.push(State::Loop(at, takes(at)));
    }

    /// Any number of characters.
    fn anything(&mut self) {
        let at = self.next();
        self.states.push(State::Fork(at + 2, at + 1));
        self.states.push(State::Read(Set::All, at));
    }

    /// Any number of parts, each with its `/`. An unknown text may be empty: after it the part still wants a character.
    fn parts(&mut self) {
        let at = self.next();
        self.states.push(State::Fork(at + 5, at + 1));
        self.states.push(State::Loop(at + 2, Takes::Path { next: at + 1, whole: Some(at + 4) }));
        self.states.push(State::Fork(at + 4, at + 3));
        self.states.push(State::Loop(at + 2, Takes::Path { next: at + 2, whole: None }));
        self.states.push(State::Read(Set::Char('/'), at));
    }

    /// One part or more.
    fn rest(&mut self) {
        self.parts();
        let at = self.next();
        self.states.push(State::Loop(at + 1, Takes::Path { next: at, whole: Some(at + 1) }));
        self.loop_of(|at| Takes::Path { next: at, whole: None });
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
            Set::All => true,
            Set::Gap(..) | Set::Whole(_) => false,
        }
    }

    /// A character of both, a readable one where there is a choice.
    fn common(&self, other: &Set) -> Option<char> {
        match (self, other) {
            (Set::Char(c), set) | (set, Set::Char(c)) => set.holds(*c).then_some(*c),
            (Set::Gap(..) | Set::Whole(_), _) | (_, Set::Gap(..) | Set::Whole(_)) => None,
            (Set::Any | Set::All, Set::Any | Set::All) => Some('x'),
            (Set::Any | Set::All, Set::Ranges(ranges)) | (Set::Ranges(ranges), Set::Any | Set::All) => {
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
