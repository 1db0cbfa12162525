//! Why a piece of text cannot be read. It is parsed again, strictly, and of pest's answer the furthest place and what
//! was expected there are said in the language's words.

use super::build::Builder;
use super::cursor::{Pair, ParseTree};
use super::grammar::{FlowParser, Rule};
use super::wanted::{Wanted, code_end};
use super::{errors, habits, hints, names, repair};
use crate::ast::{Item, ItemKind, Stmt, StmtKind};
use crate::diagnostics::{Applicability, Edit, suggest};
use crate::source::Span;
use pest::Parser;
use std::sync::Mutex;

/// Pest collects what was expected only when a global switch is on; who turns it holds this lock.
static DETAIL: Mutex<()> = Mutex::new(());

/// The words that begin a statement and are followed by a name or a value.
const STATEMENTS: &[&str] =
    &["let", "task", "stage", "assert", "for", "if", "match", "repeat", "race", "mock"];

/// Braces with a part that cannot be read; each is blank once it was reported, so that the next is found.
pub(super) struct Braces {
    text: String,
    /// Where they begin in the piece.
    start: usize,
    /// What reads them strictly.
    rule: Rule,
}

impl Braces {
    pub(super) fn of(pair: Pair<'_>, rule: Rule) -> Braces {
        Braces { text: pair.as_str().replace(repair::CUT, " "), start: pair.start(), rule }
    }
}

impl<'a> Builder<'a> {
    /// `bad_stmt`. When the statement `before` ends on the same line, it was but the readable beginning of the bad
    /// one, which then covers it: the caller drops it.
    pub(super) fn bad_stmt(&mut self, pair: Pair<'_>, before: Option<Span>, strict: Rule) -> Stmt {
        let base = std::mem::take(&mut self.base);
        let (text, start, span) = self.bad_piece(base, pair, before, strict);
        let names = self.names_bound_by(text, start);
        self.base = base;
        self.stmt_node(span, StmtKind::Bad(names.into()))
    }

    /// `bad_item`; `before` is the item before it, as for statements.
    pub(super) fn bad_item(&mut self, pair: Pair<'_>, before: Option<Span>) -> Item {
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
        pair: Pair<'_>,
        before: Option<Span>,
        strict: Rule,
    ) -> (&'a str, usize, Span) {
        // A repaired piece is longer than what was written.
        let code = &self.origin.code[..self.limit];
        let bad = (base + pair.start()).min(code.len());
        let end = bad + code[bad..(base + pair.end()).clamp(bad, code.len())].trim_end().len();
        let reported = pair.as_str().contains(repair::BROKEN) || bad == end;
        let on_line = |b: &Span| code.get(b.end as usize..bad).is_some_and(|t| !t.contains(['\n', '\r']));
        let start = match before.filter(on_line) {
            Some(before) if pair.as_str() != ";" => before.start as usize,
            Some(_) | None => bad,
        };
        let span = self.place(start, end);
        if !reported && !self.full() && !self.known_fault(span) {
            let rest = &code[bad..end];
            // What `=>` means depends on what is around it.
            let sign = || (!rest.starts_with("=>")).then(|| hints::sign(rest)).flatten();
            match (word_hint(rest, strict).or_else(sign), self.misspelt_keyword(start)) {
                (_, Some(diagnostic)) => self.report(diagnostic),
                (Some(hint), None) => self.hint(bad, hint),
                (None, None) => self.explain_at(&code[start..end], start, strict),
            }
        }
        (&code[start..end], start, span)
    }

    /// `lett x = 3`: the only word before the piece on its line is nearly one that begins a statement.
    fn misspelt_keyword(&self, start: usize) -> Option<crate::diagnostics::Diagnostic> {
        let before = self.origin.code.get(..start)?;
        let line = before.rfind(['\n', '\r', '{', ';']).map_or(0, |at| at + 1);
        let word = before[line..].trim();
        let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
        if !plain || STATEMENTS.contains(&word) {
            return None;
        }
        let near = suggest::near(word, STATEMENTS.iter().copied())?;
        let at = line + (before[line..].len() - before[line..].trim_start().len());
        // These places are those of the file.
        let span = Span::new(self.origin.file, at as u32, (at + word.len()) as u32);
        Some(suggest::meant(errors::unexpected(span, &format!("`{word}`"), "in a block"), span, &near))
    }

    /// A property, or a field, that cannot be read. Gives whether the one before was but its readable beginning.
    pub(super) fn bad_part(&mut self, pair: Pair<'_>, before: Option<Span>, braces: &mut Braces) -> bool {
        let within = |offset: u32| (offset as usize).saturating_sub(self.base + braces.start);
        let bad = pair.start() - braces.start..pair.end() - braces.start;
        let written = pair.as_str().trim_end_matches(|c: char| c == repair::CUT || c.is_whitespace());
        let begun = before.filter(|b| {
            // At a cut the one before may be half-typed.
            let end = if written.is_empty() { self.limit } else { self.base + pair.start() };
            self.origin.code.get(b.end as usize..end).is_some_and(|gap| !gap.contains(['\n', '\r', ',']))
        });
        let begun = begun.map(|b| (within(b.start), within(b.end)));
        let reported = written.is_empty() || written.contains(repair::BROKEN);
        if !reported && !self.full() && !self.known_fault(self.span(pair)) {
            self.explain_at(&braces.text, braces.start, braces.rule);
        }
        let from = begun.map_or(bad.start, |(start, _)| start);
        // Of two commas around it one is enough.
        let behind = braces.text[bad.end..].trim_start();
        let comma = behind.starts_with(',') && braces.text[..from].trim_end().ends_with(',');
        let end = if comma { braces.text.len() - behind.len() + 1 } else { bad.end };
        let blank = |c: char| if c == '\n' { c.to_string() } else { " ".repeat(c.len_utf8()) };
        let blanks: String = braces.text[from..end].chars().map(blank).collect();
        braces.text.replace_range(from..end, &blanks);
        begun.is_some()
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
        if let Some(hint) = word_hint(text, rule).or_else(|| hints::sign(text)) {
            self.hint(start, hint);
            return;
        }
        let (at, wanted) = furthest(text, rule);
        let (span, found) = self.found_at(text, start, at);
        if let Some(mut habit) = habits::habit(text, at, &wanted, in_block, self.in_record(start)) {
            self.not_twice(text, start, &mut habit);
            self.habit(start, habit);
            return;
        }
        if let Some(hint) = operator_hint(text, at) {
            let offset = start + hint.0;
            self.hint(offset, hint.1);
            return;
        }
        match wanted.phrase(text, at).or_else(|| name_after(text, at)) {
            Some(phrase) => {
                let diagnostic = errors::expected(span, &phrase, &found);
                let missing = wanted.missing(text, at).map(|sign| {
                    let end = start + text[..at].trim_end().len();
                    (format!("write `{sign}`"), self.place(end, end), sign)
                });
                self.report(match (missing, reserved_at(text, at)) {
                    (Some((title, place, sign)), _) => diagnostic.fix(title, place, sign),
                    (None, Some(word)) if phrase.starts_with("a name") => {
                        diagnostic.help(format!("`{word}` is a word of the language: it cannot be a name"))
                    }
                    (None, _) => diagnostic,
                });
            }
            None => {
                let place = if in_block { "in a block" } else { "here" };
                let word = &text[..text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len())];
                let first = !in_block && text[..at].trim().is_empty();
                let words = names::ITEMS.iter().chain(&["test", "use"]).copied();
                let near = suggest::near(word, words).filter(|_| first);
                let diagnostic = errors::unexpected(span, &found, place);
                self.report(match near {
                    Some(near) => suggest::meant(diagnostic, span, &near),
                    None => diagnostic,
                });
            }
        }
    }

    /// Whether the piece stands where a record is more likely than a block: in braces on its line, behind a sign.
    fn in_record(&self, start: usize) -> bool {
        let before = self.origin.text[..self.base + start].trim_end_matches([' ', '\t']);
        let outside = before.strip_suffix('{').map(str::trim_end);
        outside.is_some_and(|text| text.ends_with(['=', '(', ',', ':', '[', '>']))
    }

    fn habit(&mut self, start: usize, habit: habits::Habit) {
        let place = |b: &Self, range: std::ops::Range<usize>| b.place(start + range.start, start + range.end);
        let mut diagnostic = errors::other_language(place(self, habit.place), habit.message);
        if let Some(help) = habit.help {
            diagnostic = diagnostic.help(help);
        }
        if !habit.edits.is_empty() {
            let edit = |(range, text): (std::ops::Range<usize>, &str)| Edit {
                span: place(self, range),
                text: text.into(),
            };
            let edits = habit.edits.into_iter().map(edit).collect();
            let applicability = if habit.sure { Applicability::Safe } else { Applicability::NeedsLook };
            diagnostic = diagnostic.fix_all(applicability, habit.title, edits);
        }
        self.report(diagnostic);
    }

    /// `'text'` or `` `text` `` on one line, with nothing in it that a string would read otherwise.
    fn quoted_otherwise(&self, start: usize) -> Option<Vec<Edit>> {
        let text = self.origin.text.get(self.base + start..)?;
        let quote = text.chars().next().filter(|c| matches!(c, '\'' | '`'))?;
        let inside = text[1..].split([quote, '\n', '\r']).next()?;
        let values: Vec<usize> = inside.match_indices("${").map(|(at, _)| at).collect();
        let signs = inside.matches('$').count();
        let plain = text[1 + inside.len()..].starts_with(quote) && !inside.contains(['"', '\\', '#']);
        // `${x}` is a value between backticks only.
        if !plain || signs > 0 && (quote == '\'' || signs != values.len()) {
            return None;
        }
        let edit = |at: usize, text: &str| Edit { span: self.place(at, at + 1), text: text.into() };
        let mut edits = vec![edit(start, "\"")];
        edits.extend(values.into_iter().map(|at| edit(start + 1 + at, "#")));
        edits.push(edit(start + 1 + inside.len(), "\""));
        Some(edits)
    }

    fn hint(&mut self, start: usize, hint: hints::Hint) {
        let span = self.place(start, start + hint.length);
        let mut diagnostic = errors::other_language(span, hint.message);
        if let Some(edits) = self.quoted_otherwise(start) {
            diagnostic = diagnostic.fix_all(Applicability::Safe, "write `\"…\"`", edits);
        }
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
        // What a repair added stands behind the end.
        let file = self.origin.code.get(self.base + start + at..).unwrap_or("");
        let here = &text[at.min(text.len())..];
        let blank = file.len() - code_start(file).len();
        let end_of_line = file[..blank].contains(['\n', '\r']);
        let next = &file[blank..];
        let found = describe(next);
        if here.trim().is_empty() || end_of_line {
            let before = code_end(&text[..at]);
            let found =
                if end_of_line && !next.is_empty() { format!("{found} on the next line") } else { found };
            return (self.place(start + before, start + before), found);
        }
        let length = token_length(next);
        let offset = start + at + blank;
        (self.place(offset, offset + length), found)
    }
}

/// What a piece means that begins with a word of another language, or with one that stands elsewhere.
fn word_hint(text: &str, rule: Rule) -> Option<hints::Hint> {
    // There it stands where it may, and something else is wrong.
    let mock = rule == Rule::strict_test && text.starts_with("mock");
    let in_block = matches!(rule, Rule::strict_stmt | Rule::strict_test);
    if mock { None } else { hints::word(text, in_block) }
}

/// The word of the language at a place, where a name of it would do.
fn reserved_at(text: &str, at: usize) -> Option<&str> {
    let word = habits::word_at(text[at..].trim_start());
    let letters = word.starts_with(|c: char| c.is_ascii_lowercase());
    (letters && ParseTree::read(Rule::name, word).is_none()).then_some(word)
}

/// A keyword that nothing follows.
fn name_after(text: &str, at: usize) -> Option<String> {
    let word = &text[word_start(text, code_end(&text[..at]))..code_end(&text[..at])];
    let what = match word {
        "type" | "enum" | "fn" | "agent" | "resource" | "mcp" | "task" | "workflow" | "stage" => "a name",
        "test" => "a title in quotes",
        _ => return None,
    };
    text[at..].trim().is_empty().then(|| format!("{what} after `{word}`"))
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

/// How far a strict parse came, and what was wanted there.
fn furthest(text: &str, rule: Rule) -> (usize, Wanted) {
    let guard = DETAIL.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    pest::set_error_detail(true);
    let result = FlowParser::parse(rule, text);
    pest::set_error_detail(false);
    drop(guard);
    let error = result.err();
    let Some(attempts) = error.as_ref().and_then(|error| error.parse_attempts()) else {
        return (0, Wanted::default());
    };
    let tokens: Vec<String> = attempts.expected_tokens().iter().map(ToString::to_string).collect();
    let mut at = attempts.max_position.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    // A keyword where a name was looked for: pest came to its end. What was wanted is seen without the keyword.
    let word = word_start(text, at);
    if word < at && tokens.iter().all(|t| is_letters(t)) {
        return (word, furthest(&text[..word], rule).1);
    }
    (at, Wanted { tokens })
}

/// Where the word that ends at `at` begins.
fn word_start(text: &str, at: usize) -> usize {
    text[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len()
}

/// Whether an expected token is a letter or digit of a word.
fn is_letters(token: &str) -> bool {
    matches!(token, "a..z" | "A..Z" | "0..9" | "_")
}

/// A text without the blanks and comments at its start.
fn code_start(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with("//") {
        rest = rest.find(['\n', '\r']).map_or("", |end| rest[end..].trim_start());
    }
    rest
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
