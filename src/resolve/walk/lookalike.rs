//! `${x}`, `{x}`, `{{x}}` and `$x` in a string, where `x` is a value in scope: other languages put it in there, Flow
//! takes it as it is written.

use super::Walk;
use crate::ast::{Entry, ExprKind, Props, Str, StrPart, StrStyle};
use crate::resolve::{Res, errors};
use crate::source::Span;
use ecow::EcoString;
use std::ops::Range;

/// What is known of the script that a string is.
#[derive(Debug, Clone, Default)]
pub(super) struct Script {
    /// Variables that it is given.
    env: Vec<EcoString>,
    /// A shell reads it: what it says of quotes counts.
    shell: bool,
}

impl Script {
    /// Of the value of a property, where other programs look for variables.
    pub(super) fn of(property: &str, props: &Props) -> Option<Script> {
        if !matches!(property, "sh" | "run" | "verify") {
            return None;
        }
        let env = match props.get("env").map(|env| &env.value.kind) {
            Some(ExprKind::Record(entries)) => entries.iter().filter_map(|e| match e {
                Entry::Field { key, .. } => Some(key.text.clone()),
                Entry::Spread(_) => None,
            }),
            _ => return Some(Script { env: Vec::new(), shell: property == "sh" }),
        };
        Some(Script { env: env.collect(), shell: property == "sh" })
    }

    /// Whether the script has a variable of this name of its own.
    fn sets(&self, name: &str, text: &str) -> bool {
        let given = self.env.iter().any(|e| e == name);
        given
            || text.match_indices(name).any(|(at, _)| {
                let (before, behind) = (&text[..at], &text[at + name.len()..]);
                let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                !before.ends_with(|c: char| word(c) || c == '$' || c == '{')
                    && (behind.starts_with('=')
                        || ["for ", "read ", "-r ", "local ", "export "].iter().any(|w| before.ends_with(w)))
            })
    }
}

/// A place that looks like an interpolation.
#[derive(Debug, PartialEq, Eq)]
struct Like<'t> {
    place: Range<usize>,
    /// The value's name, and with it its fields.
    name: &'t str,
    path: &'t str,
}

impl Walk<'_, '_> {
    /// Reports what looks like an interpolation of a name that is bound in a block or a parameter.
    pub(super) fn lookalikes(&mut self, string: &Str) {
        if matches!(string.style, StrStyle::RawLine | StrStyle::RawBlock) || self.locals.is_empty() {
            return;
        }
        for part in &string.parts {
            let StrPart::Text(text, span) = part else { continue };
            if text.contains(['$', '{']) && !self.is_embedded() {
                self.lookalikes_in(string.span, *span);
            }
        }
    }

    fn lookalikes_in(&mut self, whole: Span, span: Span) {
        let written = self.outside.sources.text(span).to_string();
        for like in likes(&written) {
            if !matches!(self.locals.get(like.name).map(|l| &l.res), Some(Res::Local(_))) {
                continue;
            }
            let shown = &written[like.place.clone()];
            // A variable of the shell, or of a program, is its own matter.
            let script = self.script.as_ref().filter(|_| shown.starts_with('$'));
            let source = self.outside.sources.text(whole);
            if script.is_some_and(|s| s.sets(like.name, source)) {
                continue;
            }
            let before = &source[..(span.start - whole.start) as usize + like.place.start];
            let quoted = self.script.as_ref().is_some_and(|s| s.shell && is_quoted(before));
            let at = |offset: usize| span.start + offset as u32;
            let place = Span { start: at(like.place.start), end: at(like.place.end), ..span };
            let lint = errors::looks_interpolated(place, shown, like.path, quoted);
            self.report(lint);
        }
    }

    fn is_embedded(&self) -> bool {
        self.world.program.modules.get(self.module.0 as usize).is_some_and(|m| m.is_std)
    }
}

/// Whether quotes are open at the end of a script's beginning, as far as counting tells.
fn is_quoted(before: &str) -> bool {
    // The opening quote of the string itself is not one of the script's.
    let inside = before.trim_start_matches('"');
    let odd = |quote: char| inside.matches(quote).count() % 2 == 1;
    odd('\'') || odd('"')
}

/// All places of a text that look like one.
fn likes(text: &str) -> Vec<Like<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find(['$', '{']) {
        at += next;
        let escaped = text[..at].ends_with(['\\', '#', '$']);
        let like = if escaped { None } else { like_at(text, at) };
        at = like.as_ref().map_or(at + 1, |l| l.place.end);
        found.extend(like);
    }
    found
}

fn like_at(text: &str, at: usize) -> Option<Like<'_>> {
    let rest = &text[at..];
    let (open, close) = if rest.starts_with("{{") {
        ("{{", "}}")
    } else if rest.starts_with("${") {
        ("${", "}")
    } else if rest.starts_with('{') {
        ("{", "}")
    } else {
        ("$", "")
    };
    let inside = &rest[open.len()..];
    // `{ x }` with blanks is more often a piece of code.
    let blank =
        if open == "{" || open == "$" { 0 } else { inside.len() - inside.trim_start_matches(' ').len() };
    let path = path_at(&inside[blank..], !close.is_empty())?;
    let behind = &inside[blank + path.len()..];
    let gap = if blank > 0 { behind.len() - behind.trim_start_matches(' ').len() } else { 0 };
    behind[gap..].starts_with(close).then(|| Like {
        place: at..at + open.len() + blank + path.len() + gap + close.len(),
        name: path.split('.').next().unwrap_or(path),
        path,
    })
}

/// `name`, with `fields` also `name.field`.
fn path_at(text: &str, fields: bool) -> Option<&str> {
    let word = |t: &str| {
        let first = t.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        let end = t.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(t.len());
        if first { end } else { 0 }
    };
    let mut end = word(text);
    while end > 0 && fields && text[end..].starts_with('.') {
        match word(&text[end + 1..]) {
            0 => break,
            more => end += 1 + more,
        }
    }
    (end > 0).then(|| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_an_interpolation() {
        let found = |text: &str| {
            likes(text).iter().map(|l| (l.place.clone(), l.path.to_string())).collect::<Vec<_>>()
        };
        for (text, expected) in [
            ("a ${x} b", vec![(2..6, "x")]),
            ("{x}{{y}}{{ z.a }}", vec![(0..3, "x"), (3..8, "y"), (8..17, "z.a")]),
            ("$x, $yy.", vec![(0..2, "x"), (4..7, "yy")]),
            ("{f.note.a}", vec![(0..10, "f.note.a")]),
            ("#{x} \\$x \\{x} $$x $1 $X {X} { x } {x, y} {x: 1} $", vec![]),
            ("${x:-1} {x", vec![]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(r, p)| (r, p.to_string())).collect();
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn a_script_has_variables_of_its_own() {
        let script = Script { env: vec!["given".into()], shell: true };
        for (name, text, sets) in [
            ("given", "echo $given", true),
            ("f", "for f in *; do echo $f; done", true),
            ("x", "x=1; echo $x", true),
            ("line", "while read -r line; do echo $line; done", true),
            ("x", "echo $x", false),
            ("x", "max=1; echo $x ${x}=", false),
        ] {
            assert_eq!(script.sets(name, text), sets, "{text}");
        }
    }
}
