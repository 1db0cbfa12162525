//! Path patterns: does a path match one, and can two of them match the same path?
//!
//! A [`Glob`] is written `src/**/*.rs`: `*` any text within a part, `?` one character, `[a-z]` and `[!a-z]` one of a
//! class, `{a,b}` alternatives, `**` as a whole part any number of parts, `\x` the character itself. None of them but
//! `**` crosses a `/`; a part is never empty; a trailing `/` means everything below. [`Glob::overlap`] is exact: it looks
//! for a path in the intersection of both languages, and gives a shortest one. A pattern may hold text that is not known
//! yet ([`Piece::Unknown`]): then [`Glob::certain`] finds a path that both match whatever it is, and [`Glob::possible`]
//! says whether there may be one. Pure, without recursion on the text, and at worst as long as the product of both
//! patterns.

mod automaton;
mod outline;
mod parse;

use automaton::Automaton;
pub use outline::Ends;
use outline::Outline;
use std::sync::OnceLock;

/// Longest pattern, in bytes.
pub const MAX_GLOB: usize = 8 * 1024;
/// States of a pattern after its alternatives are laid out.
const MAX_STATES: usize = 32 * 1024;

/// Why a text is not a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GlobFault {
    Empty,
    /// Longer than [`MAX_GLOB`], or with more alternatives than can be kept.
    TooLong,
    /// It starts with `/`: claims are relative to the workspace.
    Absolute,
    /// It holds a part `..`.
    Upward,
    /// `[` without `]`, or an empty class.
    Class,
    /// `{` without `}` or the other way round, or nested too deep.
    Alternatives,
    /// A `\` at the end, or a NUL.
    Character,
}

impl std::fmt::Display for GlobFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            GlobFault::Empty => "the pattern is empty",
            GlobFault::TooLong => "the pattern is too long",
            GlobFault::Absolute => "the pattern is absolute; write it relative to the workspace",
            GlobFault::Upward => "the pattern leads upward with `..`",
            GlobFault::Class => "a `[` without its `]`, or an empty class",
            GlobFault::Alternatives => "braces that do not match, or nested too deep",
            GlobFault::Character => "a `\\` at the end, or a character that no path can hold",
        })
    }
}

impl std::error::Error for GlobFault {}

/// Literal text in a pattern that is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Unknown {
    pub id: u32,
    /// It may hold `/`.
    pub path: bool,
}

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// Pattern text.
    Text(String),
    Unknown(Unknown),
}

/// A sign of an example path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Char(char),
    /// That text, whatever it is.
    Unknown(Unknown),
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Glob {
    text: String,
    /// What stands in the gaps of the text.
    unknown: Vec<Unknown>,
    /// The text before its first special character: two of which neither begins the other are disjoint.
    prefix: String,
    /// The text after its last.
    suffix: String,
    /// There is no special character: the pattern is one path, its prefix.
    literal: bool,
    outline: Outline,
    /// One path needs none until it is compared with a pattern that holds what is not known.
    automaton: OnceLock<Automaton>,
    /// With anything in place of what is not known; only where there is such text.
    loose: Option<Automaton>,
}

impl Glob {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Glob, GlobFault> {
        Glob::build(text, &[])
    }

    /// Compiles a pattern of which not all is known.
    ///
    /// # Errors
    /// What is wrong with what is known of it.
    pub fn of(pieces: &[Piece]) -> Result<Glob, GlobFault> {
        let (mut text, mut unknown) = (String::new(), Vec::new());
        for piece in pieces {
            match piece {
                Piece::Text(known) if known.contains(parse::GAP) => return Err(GlobFault::Character),
                Piece::Text(known) => text.push_str(known),
                Piece::Unknown(gap) => {
                    text.push(parse::GAP);
                    unknown.push(*gap);
                }
            }
        }
        Glob::build(&text, &unknown)
    }

    fn build(text: &str, unknown: &[Unknown]) -> Result<Glob, GlobFault> {
        Glob::made(text, unknown, &parse::parts(text, unknown)?)
    }

    fn made(text: &str, unknown: &[Unknown], parts: &[parse::Part]) -> Result<Glob, GlobFault> {
        let (prefix, suffix, literal) = parse::fixed_ends(parts);
        let automaton = OnceLock::new();
        if !literal {
            automaton.get_or_init(|| Automaton::new(parts, MAX_STATES).unwrap_or_default());
            if automaton.get().is_some_and(Automaton::is_empty) {
                return Err(GlobFault::TooLong);
            }
        }
        let loose = if unknown.is_empty() {
            None
        } else {
            Some(Automaton::new(&parse::loosened(parts), MAX_STATES).ok_or(GlobFault::TooLong)?)
        };
        let (text, unknown) = (text.to_string(), unknown.to_vec());
        let outline = Outline::new(parts);
        Ok(Glob { text, unknown, prefix, suffix, literal, outline, automaton, loose })
    }

    fn automaton(&self) -> &Automaton {
        self.automaton.get_or_init(|| {
            let path: Vec<parse::Part> = self.prefix.chars().map(parse::Part::Char).collect();
            Automaton::new(&path, MAX_STATES).unwrap_or_default()
        })
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The one path that it matches, when it has no special characters.
    pub fn path(&self) -> Option<&str> {
        self.literal.then_some(self.prefix.as_str())
    }

    /// Whether a path matches. The path is relative, with `/` between its parts; `./` in front does not count.
    pub fn matches(&self, path: &str) -> bool {
        let path = path.trim_start_matches("./");
        if self.literal {
            return path == self.prefix;
        }
        path.len() >= self.prefix.len().max(self.suffix.len())
            && path.starts_with(&self.prefix)
            && path.ends_with(&self.suffix)
            && self.automaton().matches(path)
    }

    /// A shortest path that both match, if there is one.
    pub fn overlap(&self, other: &Glob) -> Option<String> {
        if self.is_apart(other) {
            return None;
        }
        match (self.path(), other.path()) {
            (Some(a), Some(b)) => (a == b).then(|| a.to_string()),
            (Some(a), None) => other.automaton().matches(a).then(|| a.to_string()),
            (None, Some(b)) => self.automaton().matches(b).then(|| b.to_string()),
            (None, None) => {
                let signs = self.automaton().common(other.automaton(), &|a, b| a == b)?;
                Some(signs.iter().filter_map(Sign::known).collect())
            }
        }
    }

    /// A path that both match whatever the unknown texts in them are; `same` says which of this pattern and of the other
    /// are one text.
    pub fn certain(&self, other: &Glob, same: &dyn Fn(Unknown, Unknown) -> bool) -> Option<Vec<Sign>> {
        if self.loose.is_none() && other.loose.is_none() {
            return Some(self.overlap(other)?.chars().map(Sign::Char).collect());
        }
        if self.is_apart(other) { None } else { self.automaton().common(other.automaton(), same) }
    }

    /// Whether both may match the same path.
    pub fn possible(&self, other: &Glob) -> bool {
        let (a, b) = (self.loose.as_ref(), other.loose.as_ref());
        if a.is_none() && b.is_none() {
            return self.overlaps(other);
        }
        let (a, b) = (a.unwrap_or_else(|| self.automaton()), b.unwrap_or_else(|| other.automaton()));
        self.may_overlap(other) && a.common(b, &|_, _| false).is_some()
    }

    /// The same where no `*` stands for nothing: for examples that look like paths.
    pub fn fuller(&self) -> Option<Glob> {
        let mut parts = Vec::new();
        for part in parse::parts(&self.text, &self.unknown).ok()? {
            if part == parse::Part::Star {
                parts.push(parse::Part::One);
            }
            parts.push(part);
        }
        Glob::made(&self.text, &self.unknown, &parts).ok()
    }

    /// Whether it holds text that is not known.
    pub fn is_open(&self) -> bool {
        self.loose.is_some()
    }

    /// A quick look: whether no path is sure to match both.
    pub fn is_apart(&self, other: &Glob) -> bool {
        self.outline.is_apart(&other.outline)
    }

    /// The text before its first special character: of two that are not apart, one begins with the other. An unknown text
    /// stands in it as itself, unless `loose`.
    pub fn start(&self, loose: bool) -> &str {
        if loose { &self.prefix } else { self.outline.start() }
    }

    /// The same of the text after its last special character, where one ends with the other.
    pub fn end(&self, loose: bool) -> &str {
        if loose { &self.suffix } else { self.outline.end() }
    }

    /// How the first parts of a path begin and end, with anything in place of what is not known.
    pub fn ends(&self) -> Vec<Ends> {
        let parts = parse::parts(&self.text, &self.unknown).unwrap_or_default();
        outline::ends(&parse::loosened(&parts))
    }

    /// Whether there is no special character, and with `loose` no unknown text either: one path.
    pub fn is_one_path(&self, loose: bool) -> bool {
        if loose { self.literal } else { self.outline.is_fixed() }
    }

    /// Whether there is a path that both match.
    pub fn overlaps(&self, other: &Glob) -> bool {
        self.overlap(other).is_some()
    }

    /// A quick look at the fixed ends; `false` is certain.
    fn may_overlap(&self, other: &Glob) -> bool {
        let (a, b) = (self.prefix.as_bytes(), other.prefix.as_bytes());
        let both = a.len().min(b.len());
        if a[..both] != b[..both] {
            return false;
        }
        let (a, b) = (self.suffix.as_bytes(), other.suffix.as_bytes());
        let both = a.len().min(b.len());
        a[a.len() - both..] == b[b.len() - both..]
    }
}

impl Sign {
    /// The character, where it is known.
    pub fn known(&self) -> Option<char> {
        match self {
            Sign::Char(c) => Some(*c),
            Sign::Unknown(_) => None,
        }
    }
}

/// A path that both patterns can match, if there is one. A text that is not a pattern matches nothing.
pub fn overlap(a: &str, b: &str) -> Option<String> {
    Glob::new(a).ok()?.overlap(&Glob::new(b).ok()?)
}

/// A text with everything special in it escaped: an interpolated value is itself in a pattern.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | ',' | '!' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests;
