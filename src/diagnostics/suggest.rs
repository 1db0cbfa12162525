//! Which known name was probably meant.
//!
//! Names are compared as words: case, `_` and `-`, plural and order of the words count for little, spelling for more.
//! Between names that are about equally near the one wins that fits its place.

mod foreign;

pub use foreign::{advice, type_advice};

use super::Diagnostic;
use crate::source::Span;

/// A name that was probably meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near {
    pub name: String,
    /// It is the same word, spelt in another way, or the word of another language for it.
    pub sure: bool,
    /// Others that are as near.
    pub others: Vec<String>,
}

impl Near {
    /// The only one.
    pub fn only(name: &str, sure: bool) -> Near {
        Near { name: name.to_string(), sure, others: Vec::new() }
    }
}

/// Names that are shown of several that are equally near.
const EQUALS: usize = 3;

/// What fitting its place is worth beside likeness, which is between 0 and 1.
const FITTING: f64 = 0.12;
/// From here on a likeness is worth saying.
const LIKE: f64 = 0.6;

/// The best of `known`, each with whether it fits, for a value name that is unknown; `called`: something to call is meant.
pub fn value<'a>(name: &str, called: bool, known: impl Iterator<Item = (&'a str, bool)>) -> Option<Near> {
    let near = fitting(name, known);
    // The very word that is there counts before another language's.
    near.clone().filter(|n| n.sure).or_else(|| foreign::value(name, called)).or(near)
}

/// The best of `known` for a type name that is unknown.
pub fn of_type<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<Near> {
    let near = near(name, known);
    near.clone().filter(|n| n.sure).or_else(|| foreign::of_type(name)).or(near)
}

/// Asks for the name that was probably meant, and offers to write it.
pub fn meant(diagnostic: Diagnostic, span: Span, near: &Near) -> Diagnostic {
    let title = format!("write `{}`", near.name);
    let mut names = format!("`{}`", near.name);
    for (at, other) in near.others.iter().enumerate() {
        names.push_str(if at + 1 == near.others.len() { " or " } else { ", " });
        names.push_str(&format!("`{other}`"));
    }
    let diagnostic = diagnostic.help(format!("did you mean {names}?"));
    if near.sure {
        diagnostic.safe_fix(title, span, near.name.as_str())
    } else {
        diagnostic.fix(title, span, near.name.as_str())
    }
}

/// The best of `known` for a property that is unknown.
pub fn property<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<Near> {
    let foreign = foreign::property(name).iter().find(|ours| known.clone().any(|k| k == **ours));
    let foreign = foreign.map(|ours| Near::only(ours, false));
    foreign.or_else(|| near(name, known))
}

/// The nearest of `known` by spelling, when it is near enough to be worth saying.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    near(name, known).map(|near| near.name)
}

/// The nearest of `known`, and whether it is surely the one.
pub fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<Near> {
    fitting(name, known.map(|known| (known, false)))
}

/// The nearest of `known`, each with whether it fits its place. Of equal ones first that which begins most alike, then the
/// shortest, then the first in the alphabet, so that the answer does not depend on the order of a hash map; the others are
/// named beside it.
pub fn fitting<'a>(name: &str, known: impl Iterator<Item = (&'a str, bool)>) -> Option<Near> {
    let wanted = Words::of(name);
    let mut best: Vec<(f64, &str)> = Vec::new();
    for (candidate, fits) in known {
        if candidate == name || candidate.len().abs_diff(name.len()) > 1 + wanted.plain.len() {
            continue;
        }
        let like = wanted.likeness(candidate);
        if like < LIKE {
            continue;
        }
        let score = if fits { like + FITTING } else { like };
        if best.first().is_none_or(|(s, _)| score >= *s) {
            best.retain(|(s, other)| *s == score && *other != candidate);
            best.push((score, candidate));
        }
    }
    let alike = |other: &str| other.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
    best.sort_by_key(|(_, other)| (std::cmp::Reverse(alike(other)), other.len(), *other));
    let ((_, name), rest) = best.split_first()?;
    let sure = rest.is_empty() && wanted.likeness(name) == 1.0;
    let others = if rest.len() < EQUALS { rest } else { &rest[..EQUALS - 1] };
    Some(Near {
        name: (*name).to_string(),
        sure,
        others: others.iter().map(|(_, other)| (*other).to_string()).collect(),
    })
}

/// A name that is unknown, to hold many others against.
#[derive(Debug)]
pub struct Unknown(Words);

impl Unknown {
    pub fn new(name: &str) -> Unknown {
        Unknown(Words::of(name))
    }

    /// Whether the other may have been meant.
    pub fn is_like(&self, candidate: &str) -> bool {
        self.0.likeness(candidate) >= LIKE
    }
}

/// A name with the words that it is made of.
#[derive(Debug)]
struct Words {
    /// Without separators, in lower case.
    plain: String,
    /// Sorted.
    words: Vec<String>,
}

impl Words {
    fn of(name: &str) -> Words {
        let mut words: Vec<String> = Vec::new();
        let mut lower_before = false;
        let mut fresh = true;
        for c in name.chars() {
            if matches!(c, '_' | '-' | ' ' | '.') {
                fresh = true;
                continue;
            }
            if fresh || (lower_before && c.is_uppercase()) {
                words.push(String::new());
            }
            fresh = false;
            lower_before = c.is_lowercase() || c.is_ascii_digit();
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        let plain = words.concat();
        words.sort();
        Words { plain, words }
    }

    /// Likeness between 0 and 1, where 1 is the same word.
    fn likeness(&self, candidate: &str) -> f64 {
        // Of names of such different lengths too little is the same, unless one holds the other.
        let (short, long) = (candidate.len().min(self.plain.len()), candidate.len().max(self.plain.len()));
        let apart = short * 3 < long;
        if apart && short < 4 {
            return 0.0;
        }
        let plain = plain(candidate);
        if plain == self.plain {
            return 1.0;
        }
        if singular(&plain) == singular(&self.plain) {
            return 0.95;
        }
        let spelled = strsim::normalized_damerau_levenshtein(&self.plain, &plain);
        if self.words.len() > 1 && self.plain.len() == plain.len() && self.words == Words::of(candidate).words
        {
            return spelled.max(0.9);
        }
        let shorter = self.plain.len().min(plain.len());
        // Two letters that change places, or one that is too many, in a short name.
        let begins = plain.chars().next() == self.plain.chars().next();
        let doubled = shorter == 1 && begins && plain.len() != self.plain.len();
        if (shorter >= 2 || doubled) && strsim::damerau_levenshtein(&self.plain, &plain) == 1 {
            return spelled.max(0.62);
        }
        // A word that begins otherwise is another one, unless most of it is the same.
        let spelled = if begins || spelled >= 0.7 { spelled } else { spelled * 0.9 };
        let holds = shorter >= 4 && (plain.contains(&self.plain) || self.plain.contains(&plain));
        if holds { spelled.max(0.65) } else { spelled }
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

fn singular(plain: &str) -> &str {
    let stem =
        plain.strip_suffix("ies").or_else(|| plain.strip_suffix("es")).or_else(|| plain.strip_suffix('s'));
    stem.filter(|stem| stem.len() >= 3).unwrap_or(plain).trim_end_matches(['y', 'e'])
}

#[cfg(test)]
mod tests;
