//! What of a pattern is fixed, for a quick look: two that differ in it never match the same path.
//!
//! Text that is not known counts as a text of its own that no other has: so two patterns whose outlines are apart are not
//! sure to meet, and where all is known they never do.

use super::parse::Part;
use std::hash::{DefaultHasher, Hash, Hasher};

#[derive(Debug, Clone, Default)]
pub(super) struct Outline {
    /// The text before the first special part, and the one after the last.
    start: String,
    end: String,
    /// There is no special part: it is one path.
    fixed: bool,
    /// By part of the path, up to the first of which not even the place is fixed: its text, where that is fixed.
    places: Box<[Option<u64>]>,
    /// The path ends with the last of them.
    closed: bool,
}

impl Outline {
    pub(super) fn new(parts: &[Part]) -> Outline {
        let mut outline = Outline { fixed: true, ..Outline::default() };
        for part in parts {
            if !put(part, &mut outline.start) {
                outline.fixed = false;
                break;
            }
        }
        if outline.fixed {
            outline.end.clone_from(&outline.start);
        } else {
            let behind = parts.iter().rposition(|p| !put(p, &mut String::new())).map_or(0, |at| at + 1);
            parts[behind..].iter().for_each(|p| {
                put(p, &mut outline.end);
            });
        }
        outline.lay_out(parts);
        outline
    }

    fn lay_out(&mut self, parts: &[Part]) {
        let (mut places, mut text, mut known) = (Vec::new(), String::new(), true);
        for part in parts {
            match part {
                Part::Slash => {
                    places.push(known.then(|| hash(&text)));
                    text.clear();
                    known = true;
                }
                Part::Parts | Part::Rest | Part::Anything | Part::Open | Part::Or | Part::Close => {
                    self.places = places.into();
                    return;
                }
                Part::Char(_) | Part::One | Part::Star | Part::Class(_) | Part::Gap(..) | Part::Whole(_) => {
                    known &= put(part, &mut text);
                }
            }
        }
        places.push(known.then(|| hash(&text)));
        self.places = places.into();
        self.closed = true;
    }

    pub(super) fn is_apart(&self, other: &Outline) -> bool {
        if self.fixed && other.fixed {
            return self.start != other.start;
        }
        let differ = |(a, b): (&Option<u64>, &Option<u64>)| a.is_some() && b.is_some() && a != b;
        let longer = |a: &Outline, b: &Outline| a.closed && b.places.len() > a.places.len();
        self.places.iter().zip(&*other.places).any(differ)
            || longer(self, other)
            || longer(other, self)
            || !begins_alike(self.start.bytes(), other.start.bytes())
            || !begins_alike(self.end.bytes().rev(), other.end.bytes().rev())
    }

    pub(super) fn start(&self) -> &str {
        &self.start
    }

    pub(super) fn end(&self) -> &str {
        &self.end
    }

    pub(super) fn is_fixed(&self) -> bool {
        self.fixed
    }
}

/// How a part of a path begins and ends, as far as that is fixed; and whether it is fixed as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends {
    pub start: String,
    pub end: String,
    pub whole: bool,
}

/// The first parts of a path, up to the first of which not even the place is fixed. Takes no text that is not known.
pub(super) fn ends(parts: &[Part]) -> Vec<Ends> {
    let (mut all, mut now, mut fixed) = (Vec::new(), Ends::default(), true);
    let mut done = |now: &mut Ends, fixed: &mut bool| {
        now.whole = std::mem::replace(fixed, true);
        all.push(std::mem::take(now));
    };
    for part in parts {
        match part {
            Part::Slash => done(&mut now, &mut fixed),
            Part::Char(c) => {
                if fixed {
                    now.start.push(*c);
                }
                now.end.push(*c);
            }
            Part::One | Part::Star | Part::Class(_) => {
                fixed = false;
                now.end.clear();
            }
            Part::Parts | Part::Rest | Part::Anything | Part::Open | Part::Or | Part::Close => return all,
            Part::Gap(..) | Part::Whole(_) => return all,
        }
    }
    done(&mut now, &mut fixed);
    all
}

/// Whether one of them begins with the other.
fn begins_alike(a: impl Iterator<Item = u8>, b: impl Iterator<Item = u8>) -> bool {
    a.zip(b).all(|(a, b)| a == b)
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Adds a fixed part; `false` for a special one. No known text holds a NUL.
fn put(part: &Part, out: &mut String) -> bool {
    match part {
        Part::Char(c) => out.push(*c),
        Part::Slash => out.push('/'),
        Part::Gap(unknown, _) => out.push_str(&format!("\0{}\0", unknown.id)),
        Part::Whole(inside) => inside.iter().for_each(|p| {
            put(p, out);
        }),
        Part::One
        | Part::Star
        | Part::Parts
        | Part::Rest
        | Part::Class(_)
        | Part::Anything
        | Part::Open
        | Part::Or
        | Part::Close => return false,
    }
    true
}
