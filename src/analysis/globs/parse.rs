//! Pattern text to parts.

use super::{GlobFault, MAX_GLOB, Unknown};

/// Stands in the text for the next of the unknown pieces: no path holds it, and no pattern may.
pub(super) const GAP: char = '\0';

/// Alternatives nest so deep.
const MAX_BRACES: usize = 16;

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Char(char),
    /// `/`
    Slash,
    /// `?`
    One,
    /// `*`
    Star,
    /// `**` as a whole part with what separates it from the next: any number of parts, each with its `/`.
    Parts,
    /// `**` as the last part: one or more parts.
    Rest,
    /// Sorted ranges of characters, none of them `/`.
    Class(Vec<(char, char)>),
    /// Literal text that is not known yet, among known signs of a part; whether the part starts with it (there a `./` goes).
    Gap(Unknown, bool),
    /// The same as a whole part, with the dots beside it if there are any: where the text is empty or `.`, the part goes.
    Whole(Box<[Part]>),
    /// Any text, `/` too: what the loose form has where an unknown path stands.
    Anything,
    /// `{`, `,` and `}`, in the order of the text.
    Open,
    Or,
    Close,
}

/// The parts of a pattern, in order. Each [`GAP`] in the text is the next of `unknown`; one too many is not a pattern.
pub(super) fn parts(text: &str, unknown: &[Unknown]) -> Result<Vec<Part>, GlobFault> {
    let mut unknown = unknown.iter();
    if text.len() > MAX_GLOB {
        return Err(GlobFault::TooLong);
    }
    if text.starts_with('/') {
        return Err(GlobFault::Absolute);
    }
    let chars: Vec<char> = text.chars().collect();
    let mut parts = Vec::with_capacity(chars.len());
    let (mut at, mut open) = (0, 0usize);
    while let Some(c) = chars.get(at).copied() {
        at += 1;
        match c {
            GAP => parts.push(Part::Gap(*unknown.next().ok_or(GlobFault::Character)?, false)),
            '\\' => {
                let escaped = chars
                    .get(at)
                    .copied()
                    .filter(|c| !matches!(*c, '/' | GAP))
                    .ok_or(GlobFault::Character)?;
                at += 1;
                parts.push(Part::Char(escaped));
            }
            '?' => parts.push(Part::One),
            '*' => at = stars(&chars, at, &mut parts),
            '[' => at = class(&chars, at, &mut parts)?,
            '{' => {
                open += 1;
                if open > MAX_BRACES {
                    return Err(GlobFault::Alternatives);
                }
                parts.push(Part::Open);
            }
            '}' => {
                open = open.checked_sub(1).ok_or(GlobFault::Alternatives)?;
                parts.push(Part::Close);
            }
            ',' if open > 0 => parts.push(Part::Or),
            '/' => parts.push(Part::Slash),
            c => parts.push(Part::Char(c)),
        }
    }
    if open > 0 {
        return Err(GlobFault::Alternatives);
    }
    tidy(parts)
}

/// After a `*`. Two of them alone between slashes (or the ends, or the ends of an alternative) are parts.
fn stars(chars: &[char], at: usize, parts: &mut Vec<Part>) -> usize {
    let starts = matches!(parts.last(), None | Some(Part::Slash | Part::Parts | Part::Open | Part::Or));
    let end = at + chars[at..].iter().take_while(|c| **c == '*').count();
    if starts && end == at + 1 {
        match chars.get(end) {
            Some('/') => {
                parts.push(Part::Parts);
                return end + 1;
            }
            None | Some(',' | '}') => {
                parts.push(Part::Rest);
                return end;
            }
            Some(_) => {}
        }
    }
    parts.push(Part::Star);
    end
}

/// After a `[`.
fn class(chars: &[char], mut at: usize, parts: &mut Vec<Part>) -> Result<usize, GlobFault> {
    let negated = matches!(chars.get(at), Some('!' | '^'));
    at += usize::from(negated);
    let mut ranges: Vec<(char, char)> = Vec::new();
    let first = at;
    loop {
        let mut low = *chars.get(at).ok_or(GlobFault::Class)?;
        at += 1;
        if low == ']' && at > first + 1 {
            break;
        }
        if low == GAP {
            return Err(GlobFault::Class);
        }
        if low == '\\' {
            low = *chars.get(at).ok_or(GlobFault::Class)?;
            at += 1;
        }
        let mut high = low;
        if chars.get(at) == Some(&'-') && chars.get(at + 1).is_some_and(|c| *c != ']') {
            high = chars[at + 1];
            at += 2;
            if high == '\\' {
                high = *chars.get(at).ok_or(GlobFault::Class)?;
                at += 1;
            }
        }
        if low > high {
            return Err(GlobFault::Class);
        }
        ranges.push((low, high));
    }
    let ranges = without_slash(if negated { complement(ranges) } else { merged(ranges) });
    if ranges.is_empty() {
        return Err(GlobFault::Class);
    }
    parts.push(Part::Class(ranges));
    Ok(at)
}

fn merged(mut ranges: Vec<(char, char)>) -> Vec<(char, char)> {
    ranges.sort_unstable();
    let mut out: Vec<(char, char)> = Vec::with_capacity(ranges.len());
    for (low, high) in ranges {
        match out.last_mut() {
            Some(last) if low <= last.1 => last.1 = last.1.max(high),
            _ => out.push((low, high)),
        }
    }
    out
}

/// Every character outside of the ranges; NUL is in no path.
fn complement(ranges: Vec<(char, char)>) -> Vec<(char, char)> {
    let mut out = Vec::new();
    let mut next = Some('\u{1}');
    for (low, high) in merged(ranges) {
        if let (Some(from), Some(to)) = (next, before(low))
            && from <= to
        {
            out.push((from, to));
        }
        next = after(high);
    }
    if let Some(from) = next {
        out.push((from, char::MAX));
    }
    out
}

fn without_slash(ranges: Vec<(char, char)>) -> Vec<(char, char)> {
    let mut out = Vec::with_capacity(ranges.len() + 1);
    for (low, high) in ranges {
        if low <= '/' && '/' <= high {
            out.extend([(low, '.'), ('0', high)].into_iter().filter(|(a, b)| a <= b));
        } else {
            out.push((low, high));
        }
    }
    out
}

/// The character before, past the gap of the surrogates.
pub(super) fn before(c: char) -> Option<char> {
    if c == '\u{e000}' { Some('\u{d7ff}') } else { char::from_u32((c as u32).checked_sub(1)?) }
}

/// The character after.
pub(super) fn after(c: char) -> Option<char> {
    if c == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(c as u32 + 1) }
}

/// Drops `./` and doubled slashes, gives a trailing slash its meaning, refuses `..`.
fn tidy(parts: Vec<Part>) -> Result<Vec<Part>, GlobFault> {
    let mut out: Vec<Part> = Vec::with_capacity(parts.len());
    let starts = |out: &[Part]| matches!(out.last(), None | Some(Part::Slash | Part::Parts));
    let mut at = 0;
    while at < parts.len() {
        let ends = |n: usize| matches!(parts.get(n), None | Some(Part::Slash));
        let dot = |n: usize| parts.get(n) == Some(&Part::Char('.'));
        if starts(&out) && dot(at) && dot(at + 1) && ends(at + 2) {
            return Err(GlobFault::Upward);
        }
        if starts(&out) && dot(at) && ends(at + 1) {
            at += 2;
            continue;
        }
        let doubled = parts[at] == Part::Slash && starts(&out);
        if !doubled {
            out.push(parts[at].clone());
        }
        at += 1;
    }
    match out.last() {
        None => Err(GlobFault::Empty),
        Some(Part::Slash | Part::Parts) => {
            if out.last() == Some(&Part::Parts) {
                out.pop();
            }
            out.push(Part::Rest);
            Ok(wholes(out))
        }
        Some(_) => Ok(wholes(out)),
    }
}

/// Gathers what is between two slashes and holds nothing but unknown text (and dots) into one part.
fn wholes(parts: Vec<Part>) -> Vec<Part> {
    if !parts.iter().any(|p| matches!(p, Part::Gap(..))) {
        return parts;
    }
    let mut out: Vec<Part> = Vec::with_capacity(parts.len());
    let (mut at, mut depth) = (0, 0usize);
    while at < parts.len() {
        let starts = depth == 0 && matches!(out.last(), None | Some(Part::Slash | Part::Parts));
        let run = parts[at..].iter().take_while(|p| matches!(p, Part::Gap(..) | Part::Char('.'))).count();
        let ends = matches!(parts.get(at + run), None | Some(Part::Slash));
        if starts && run > 0 && ends && parts[at..at + run].iter().any(|p| matches!(p, Part::Gap(..))) {
            out.push(Part::Whole(parts[at..at + run].into()));
            at += run;
            continue;
        }
        out.push(match &parts[at] {
            Part::Gap(unknown, _) => Part::Gap(*unknown, starts),
            other => other.clone(),
        });
        match parts[at] {
            Part::Open => depth += 1,
            Part::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    out
}

/// The parts with what is not known replaced by whatever it may be. An empty text or `.` as a whole part is not thought
/// of where the text cannot be a path of several parts.
pub(super) fn loosened(parts: &[Part]) -> Vec<Part> {
    let several = |inside: &[Part]| inside.iter().any(|p| matches!(p, Part::Gap(u, _) if u.path));
    let mut out = Vec::with_capacity(parts.len());
    let mut at = 0;
    while let Some(part) = parts.get(at) {
        at += 1;
        match part {
            Part::Gap(unknown, _) => out.push(if unknown.path { Part::Anything } else { Part::Star }),
            Part::Whole(inside) if !several(inside) => out.push(Part::Star),
            Part::Whole(_) if parts.get(at) == Some(&Part::Slash) => {
                at += 1;
                out.push(Part::Parts);
            }
            Part::Whole(_) => out.push(Part::Rest),
            known => out.push(known.clone()),
        }
    }
    out
}

/// The text before the first special part, the text after the last, and whether there is none.
pub(super) fn fixed_ends(parts: &[Part]) -> (String, String, bool) {
    fn plain(part: &Part) -> Option<char> {
        match part {
            Part::Char(c) => Some(*c),
            Part::Slash => Some('/'),
            Part::One
            | Part::Star
            | Part::Parts
            | Part::Rest
            | Part::Class(_)
            | Part::Gap(..)
            | Part::Whole(_)
            | Part::Anything
            | Part::Open
            | Part::Or
            | Part::Close => None,
        }
    }
    let prefix: String = parts.iter().map_while(plain).collect();
    let mut suffix: Vec<char> = parts.iter().rev().map_while(plain).collect();
    suffix.reverse();
    let literal = parts.iter().all(|p| plain(p).is_some());
    (prefix, suffix.into_iter().collect(), literal)
}
