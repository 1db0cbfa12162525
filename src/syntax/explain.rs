//! Why a piece of text cannot be read. It is parsed again, strictly, and of pest's answer the furthest place and what
//! was expected there are said in the language's words.

use super::build::Builder;
use super::grammar::{FlowParser, Rule};
use super::{errors, hints};
use crate::ast::{Item, ItemKind, Name, Stmt, StmtKind};
use crate::source::Span;
use ecow::EcoString;
use pest::Parser;
use pest::error::ErrorVariant;
use pest::iterators::Pair;
use std::sync::Mutex;

/// Pest collects what was expected only when a global switch is on; who turns it holds this lock.
static DETAIL: Mutex<()> = Mutex::new(());

impl<'a> Builder<'a> {
    /// `bad_stmt`. When the statement `before` ends on the same line, it was but the readable beginning of the bad
    /// one, which then covers it: the caller drops it.
    pub(super) fn bad_stmt(&mut self, pair: &Pair<'_, Rule>, before: Option<Span>, strict: Rule) -> Stmt {
        let base = std::mem::take(&mut self.base);
        let (text, start, span) = self.bad_piece(base, pair, before, strict);
        let names = self.names_bound_by(text, start);
        self.base = base;
        self.stmt_node(span, StmtKind::Bad(names))
    }

    /// `bad_item`; `before` is the item before it, as for statements.
    pub(super) fn bad_item(&mut self, pair: &Pair<'_, Rule>, before: Option<Span>) -> Item {
        let base = std::mem::take(&mut self.base);
        let (text, start, _) = self.bad_piece(base, pair, before, Rule::strict_item);
        let item = self.bad_item_node(text, start);
        self.base = base;
        item
    }

    /// Reports a bad piece and gives its text, its start, and its span. What is `before` may lie outside of the piece
    /// that was parsed, so all places here are those of the file.
    fn bad_piece(
        &mut self,
        base: usize,
        pair: &Pair<'_, Rule>,
        before: Option<Span>,
        strict: Rule,
    ) -> (&'a str, usize, Span) {
        let bad = base + pair.as_span().start();
        let end = bad + pair.as_str().trim_end().len();
        let code = self.origin.code;
        let on_line = |b: &Span| code.get(b.end as usize..bad).is_some_and(|t| !t.contains(['\n', '\r']));
        let start = match before.filter(on_line) {
            Some(before) if pair.as_str() != ";" => before.start as usize,
            Some(_) | None => bad,
        };
        let span = self.place(start, end);
        let in_block = matches!(strict, Rule::strict_stmt | Rule::strict_test);
        if !self.full() && !self.known_fault(span) {
            let rest = &code[bad..end];
            match hints::word(rest, in_block).or_else(|| hints::sign(rest)) {
                Some(hint) => self.hint(bad, hint),
                None => self.explain_at(&code[start..end], start, strict),
            }
        }
        (&code[start..end], start, span)
    }

    /// A piece whose brackets or strings do not close: reported by the scan. Blanks only are no item.
    pub(super) fn broken_item(&mut self, text: &str) -> Option<Item> {
        (!text.trim().is_empty()).then(|| self.bad_item_node(text, 0))
    }

    /// A piece of which pest can make nothing, not even a bad item.
    pub(super) fn unreadable_item(&mut self, text: &str) -> Item {
        if !self.full() && !self.known_fault(self.place(0, text.len())) {
            self.explain(text, Rule::strict_item);
        }
        self.bad_item_node(text, 0)
    }

    fn bad_item_node(&mut self, text: &str, start: usize) -> Item {
        let span = self.place(start, start + text.trim_end().len());
        let name = self.declared_name(text, start);
        self.item_node(span, ItemKind::Bad(name))
    }

    /// Reports why `text`, the whole piece, is not a `rule`.
    pub(super) fn explain(&mut self, text: &str, rule: Rule) {
        self.explain_at(text, 0, rule);
    }

    fn explain_at(&mut self, text: &str, start: usize, rule: Rule) {
        let in_block = matches!(rule, Rule::strict_stmt | Rule::strict_test);
        if let Some(hint) = hints::word(text, in_block).or_else(|| hints::sign(text)) {
            self.hint(start, hint);
            return;
        }
        let (at, wanted) = match furthest(text, rule) {
            Failure::At(at, wanted) => (at, wanted),
            Failure::TooDeep => {
                let span = self.place(start, start + text.len().min(1));
                self.report(errors::too_long(span));
                return;
            }
        };
        let (span, found) = self.found_at(text, start, at);
        if let Some(hint) = operator_hint(text, at) {
            let offset = start + hint.0;
            self.hint(offset, hint.1);
            return;
        }
        match wanted.phrase(text, at) {
            Some(phrase) => self.report(errors::expected(span, &phrase, &found)),
            None => {
                let place = if in_block { "in a block" } else { "here" };
                self.report(errors::unexpected(span, &found, place));
            }
        }
    }

    fn hint(&mut self, start: usize, hint: hints::Hint) {
        let span = self.place(start, start + hint.length);
        let mut diagnostic = errors::other_language(span, hint.message);
        if let Some(instead) = hint.instead {
            let title = if instead.is_empty() {
                "remove it".to_string()
            } else {
                format!("write `{}`", instead.trim())
            };
            // `!a == b` and `not a == b` are not the same.
            diagnostic = match instead {
                "not " => diagnostic.fix(title, span, instead),
                _ => diagnostic.safe_fix(title, span, instead),
            };
        }
        if let Some(help) = hint.help {
            diagnostic = diagnostic.help(help);
        }
        self.report(diagnostic);
    }

    /// The place of an error at `at`, and what stands there in words. At the end of `text` that is what follows it
    /// in the file, and the place is the end of what was read.
    fn found_at(&self, text: &str, start: usize, at: usize) -> (Span, String) {
        let file = &self.origin.code[self.base + start + at..];
        let here = &text[at.min(text.len())..];
        let blank = file.len() - file.trim_start().len();
        let end_of_line = file[..blank].contains(['\n', '\r']);
        let next = file.trim_start();
        let found = describe(next);
        if here.trim().is_empty() || end_of_line {
            let before = text[..at].trim_end().len();
            let found =
                if end_of_line && !next.is_empty() { format!("{found} on the next line") } else { found };
            return (self.place(start + before, start + before), found);
        }
        let length = token_length(next);
        let offset = start + at + blank;
        (self.place(offset, offset + length), found)
    }

    fn declared_name(&self, text: &str, start: usize) -> Option<Name> {
        let mut words = Words { text, at: 0 };
        let (_, first) = words.next()?;
        if !matches!(first, "type" | "enum" | "fn" | "agent" | "resource" | "mcp" | "task" | "workflow") {
            return None;
        }
        let (at, name) = words.next()?;
        Some(self.name_at(start + at, name))
    }

    fn names_bound_by(&self, text: &str, start: usize) -> Vec<Name> {
        let mut words = Words { text, at: 0 };
        let Some((_, first)) = words.next() else { return Vec::new() };
        if !matches!(first, "let" | "task" | "stage" | "var" | "const") {
            return Vec::new();
        }
        let head = text.find('=').unwrap_or(text.len());
        let taken_apart = text[first.len()..].trim_start().starts_with('{');
        let count = if taken_apart { usize::MAX } else { 1 };
        words
            .take(count)
            .take_while(|(at, _)| *at < head)
            .map(|(at, name)| self.name_at(start + at, name))
            .collect()
    }

    fn name_at(&self, start: usize, text: &str) -> Name {
        Name { text: EcoString::from(text), span: self.place(start, start + text.len()) }
    }
}

/// The names in a text, with their offsets.
struct Words<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Words<'t> {
    type Item = (usize, &'t str);

    fn next(&mut self) -> Option<(usize, &'t str)> {
        let rest = &self.text[self.at..];
        let start = self.at + rest.find(|c: char| c.is_ascii_alphabetic() || c == '_')?;
        let rest = &self.text[start..];
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        self.at = start + length;
        Some((start, &rest[..length]))
    }
}

/// The sign of another language at or right around the place of the error.
fn operator_hint(text: &str, at: usize) -> Option<(usize, hints::Hint)> {
    let before = text.get(at.saturating_sub(2)..at).unwrap_or("");
    for back in [2, 1, 0] {
        let whole = before.len() >= back && text.is_char_boundary(at - back);
        let start = at - back.min(at);
        if whole
            && let Some(hint) = text.get(start..).and_then(hints::sign)
            && start + hint.length > at
        {
            return Some((start, hint));
        }
    }
    None
}

/// How far a strict parse came.
enum Failure {
    At(usize, Wanted),
    TooDeep,
}

fn furthest(text: &str, rule: Rule) -> Failure {
    let guard = DETAIL.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    pest::set_error_detail(true);
    let result = FlowParser::parse(rule, text);
    pest::set_error_detail(false);
    drop(guard);
    let Err(error) = result else { return Failure::At(0, Wanted::default()) };
    // The only error of pest's own is that the stack is used up.
    if let ErrorVariant::CustomError { .. } = error.variant {
        return Failure::TooDeep;
    }
    let Some(attempts) = error.parse_attempts() else { return Failure::TooDeep };
    let tokens: Vec<String> = attempts.expected_tokens().iter().map(ToString::to_string).collect();
    let mut at = attempts.max_position.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    // A keyword where a name was looked for: pest came to its end. What was wanted is seen without the keyword.
    let word = word_start(text, at);
    if word < at && tokens.iter().all(|t| is_letters(t)) {
        return match furthest(&text[..word], rule) {
            Failure::At(_, wanted) => Failure::At(word, wanted),
            Failure::TooDeep => Failure::TooDeep,
        };
    }
    Failure::At(at, Wanted { tokens })
}

/// Where the word that ends at `at` begins.
fn word_start(text: &str, at: usize) -> usize {
    text[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len()
}

/// Whether an expected token is a letter or digit of a word.
fn is_letters(token: &str) -> bool {
    matches!(token, "a..z" | "A..Z" | "0..9" | "_")
}

/// What pest would have taken at the furthest place.
#[derive(Debug, Default)]
struct Wanted {
    tokens: Vec<String>,
}

/// Signs and words worth naming when they are what is missing.
const NAMED: [&str; 21] = [
    ")", "]", "}", "{", "(", ":", "=", "=>", "->", ",", ">", "in", "until", "catch", "with", "as", "else",
    "finally", "\"", ".", "agents",
];

impl Wanted {
    fn has(&self, token: &str) -> bool {
        self.tokens.iter().any(|t| t == token)
    }

    /// What is expected, in words.
    fn phrase(&self, text: &str, at: usize) -> Option<String> {
        let after = after(text, at);
        if self.has("$") {
            return Some(format!("a value{after}"));
        }
        let letters = self.tokens.iter().any(|t| t.contains("a..z"));
        let inside_word = text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let fresh = letters && !inside_word;
        if fresh && self.has("[") && self.has("{") {
            return Some(format!("a type{after}"));
        }
        // The look-ahead for an operator.
        let operand_ended = self.has("*..+");
        let mut named: Vec<&str> = NAMED.iter().copied().filter(|t| self.has(t)).collect();
        if operand_ended {
            named.retain(|t| !matches!(*t, "(" | "." | "with" | "[" | "<" | ">" | "=" | "in"));
        }
        if named.contains(&")") {
            named.retain(|t| *t != ":");
        }
        if named.contains(&"}") && named.contains(&",") {
            named.retain(|t| *t != ",");
        }
        let mut parts: Vec<String> = Vec::new();
        if fresh && !operand_ended {
            parts.push("a name".to_string());
        }
        parts.extend(named.iter().map(|t| format!("`{t}`")));
        let list = match parts.as_slice() {
            [] => return None,
            [one] => one.clone(),
            [init @ .., last] => format!("{} or {last}", init.join(", ")),
        };
        Some(format!("{list}{after}"))
    }
}

/// ` after …`: the last word or sign before the place.
fn after(text: &str, at: usize) -> String {
    let before = text[..at].trim_end();
    let word = before
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8));
    let last = if word < before.len() {
        &before[word..]
    } else {
        before.get(before.len().saturating_sub(1)..).unwrap_or("")
    };
    let last = match last {
        "=" if before.ends_with("==") => "==",
        ">" if before.ends_with("->") => "->",
        ">" if before.ends_with("=>") => "=>",
        other => other,
    };
    if last.is_empty() || last.len() > 40 || last == "\"" {
        String::new()
    } else {
        format!(" after `{last}`")
    }
}

/// The token at the start of a text, in words.
fn describe(next: &str) -> String {
    match next.chars().next() {
        None => "the end of the file".to_string(),
        Some('"') => "a string".to_string(),
        Some(c) if c.is_ascii_digit() || c == '$' => "a number".to_string(),
        Some(_) => {
            let token: String = next[..token_length(next)].chars().take(40).collect();
            format!("`{token}`")
        }
    }
}

fn token_length(next: &str) -> usize {
    let word = next.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(next.len());
    if word > 0 {
        return word;
    }
    let signs = ["...", "===", "!==", "==", "!=", "<=", ">=", "=>", "->", "??", "?.", "&&", "||", "//"];
    match signs.iter().find(|s| next.starts_with(**s)) {
        Some(sign) => sign.len(),
        None => next.chars().next().map_or(0, char::len_utf8),
    }
}
