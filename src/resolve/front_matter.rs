//! The front matter of an agent's Markdown file: the lines between two `---`.
//!
//! Takes the text and gives its keys with values and places. It is YAML as people write it rather than as the standard
//! has it: one line is read at a time, a colon or an `@` in plain text is text, and whatever is odd becomes a warning at
//! its line, never an end. No anchors, no aliases, no tags; time and memory are linear in the text.

use super::errors;
use crate::diagnostics::Diagnostic;
use crate::source::{FileId, Span};

/// Values nested deeper are skipped; nothing that is read stands so deep.
const MAX_DEPTH: usize = 4;
/// Warnings per file; what comes after says nothing new.
const MAX_ODD: usize = 20;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Yaml {
    Empty,
    Text(String, Span),
    List(Vec<(String, Span)>),
    Map(Vec<Pair>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    pub key: String,
    pub span: Span,
    pub value: Yaml,
}

/// What stands at the head of a file.
#[derive(Debug, PartialEq)]
pub(super) enum Head {
    /// No `---` in the first line.
    Absent,
    /// A first `---` without a second.
    Unclosed(Span),
    /// The pairs, and the offset at which the text below begins.
    Found(Vec<Pair>, usize),
}

/// Reads the head of a text.
pub(super) fn read(file: FileId, text: &str, odd: &mut Vec<Diagnostic>) -> Head {
    let mut lines = Lines { text, at: 0 };
    let mut reader = Reader { file, odd, count: 0 };
    if text.starts_with('\u{feff}') {
        lines.at = 3;
    }
    let mut first = lines.next();
    let mut blank = false;
    while let Some(line) = first.filter(|l| l.text.trim().is_empty()) {
        blank = true;
        let _ = line;
        first = lines.next();
    }
    let Some(fence) = first.filter(|l| l.text.trim_end() == "---") else { return Head::Absent };
    if text.starts_with('\u{feff}') {
        let message = "a byte order mark stands before the front matter: other readers pass over the file";
        reader.mended(Span::new(file, 0, 3), message, Some(("take it out", String::new())));
    }
    if blank {
        let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let message = "a blank line stands before the front matter: other readers pass over the file";
        let gap = Span::new(file, start, fence.start as u32);
        reader.mended(gap, message, Some(("take it out", String::new())));
    }
    let mut inner = Vec::new();
    for line in lines.by_ref() {
        if line.text.trim_end() == "---" {
            let body = lines.at;
            return Head::Found(reader.pairs(&inner, 0), body);
        }
        inner.push(line);
    }
    Head::Unclosed(reader.span(&fence))
}

/// A line without its end, and the offset of its start.
#[derive(Debug, Clone, Copy)]
struct Line<'t> {
    text: &'t str,
    start: usize,
}

impl<'t> Line<'t> {
    fn trimmed(&self) -> &'t str {
        self.text.trim_start_matches([' ', '\t'])
    }

    fn indent(&self) -> usize {
        self.text.len() - self.trimmed().len()
    }

    /// Blank, or nothing but a comment.
    fn is_idle(&self) -> bool {
        let text = self.text.trim();
        text.is_empty() || text.starts_with('#')
    }

    /// `- …`
    fn is_item(&self) -> bool {
        let text = self.trimmed();
        text == "-" || text.starts_with("- ") || text.starts_with("-\t")
    }

    /// `key: rest`: the key, and the offset of the rest in the line.
    fn key(&self) -> Option<(&'t str, usize)> {
        let text = self.trimmed();
        let end = text.find(':')?;
        let (key, rest) = (&text[..end], &text[end + 1..]);
        let named = !key.is_empty()
            && key
                .trim_matches(['"', '\''])
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        (named && (rest.is_empty() || rest.starts_with([' ', '\t']))).then(|| (key, self.indent() + end + 1))
    }
}

/// Lines end at `\n`, `\r\n` or a lone `\r`.
struct Lines<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Line<'t>> {
        let start = self.at;
        let rest = self.text.get(start..).filter(|r| !r.is_empty())?;
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let width = if rest[end..].starts_with("\r\n") { 2 } else { 1 };
        self.at = (start + end + width).min(self.text.len());
        Some(Line { text: &rest[..end], start })
    }
}

struct Reader<'o> {
    file: FileId,
    odd: &'o mut Vec<Diagnostic>,
    count: usize,
}

impl Reader<'_> {
    fn odd(&mut self, span: Span, message: impl Into<String>) {
        self.mended(span, message, None);
    }

    /// With the text to write in place of what stands at `span`.
    fn mended(&mut self, span: Span, message: impl Into<String>, mended: Option<(&str, String)>) {
        self.count += 1;
        if self.count <= MAX_ODD {
            let odd = errors::odd_agent(span, message);
            self.odd.push(match mended {
                Some((title, text)) => odd.safe_fix(title, span, text),
                None => odd,
            });
        }
    }

    fn span(&self, line: &Line<'_>) -> Span {
        self.part(line, line.indent(), line.text.trim_end().len())
    }

    fn part(&self, line: &Line<'_>, from: usize, to: usize) -> Span {
        let from = from.min(line.text.len());
        Span::new(self.file, (line.start + from) as u32, (line.start + to.max(from)) as u32)
    }

    /// The `key: value` pairs of a block of lines whose keys stand at its first key's indent.
    fn pairs(&mut self, lines: &[Line<'_>], depth: usize) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = Vec::new();
        let Some(indent) = lines.iter().find(|l| !l.is_idle()).map(Line::indent) else { return pairs };
        let mut at = 0;
        while at < lines.len() {
            let line = lines[at];
            at += 1;
            if line.is_idle() {
                continue;
            }
            let Some((key, rest)) = line.key().filter(|_| line.indent() <= indent) else {
                self.stray(&line, pairs.last_mut());
                continue;
            };
            if depth == 0 && line.text.starts_with('\t') {
                self.odd(self.span(&line), "indented with a tab");
            }
            let open = line.text[rest..].trim().is_empty();
            let end = lines[at..]
                .iter()
                .position(|l| !l.is_idle() && l.indent() <= indent && !(open && l.is_item()))
                .map_or(lines.len(), |n| at + n);
            let span = self.part(&line, line.indent(), rest - 1);
            let value = self.value(&line, rest, &lines[at..end], depth);
            at = end;
            self.add(&mut pairs, Pair { key: key.trim_matches(['"', '\'']).to_string(), span, value });
        }
        pairs
    }

    /// A later pair replaces an earlier one of the same key.
    fn add(&mut self, pairs: &mut Vec<Pair>, pair: Pair) {
        match pairs.iter().position(|p| p.key == pair.key) {
            Some(earlier) => {
                self.odd(pair.span, format!("`{}` is there twice: this one counts", pair.key));
                pairs[earlier] = pair;
            }
            // Front matter has a few dozen keys; a hundred is no agent's, and keeps the search above short.
            None if pairs.len() < 100 => pairs.push(pair),
            None => {}
        }
    }

    /// A line that is no `key: value`: more of the text before it.
    fn stray(&mut self, line: &Line<'_>, before: Option<&mut Pair>) {
        let span = self.span(line);
        if let Some(Pair { key, value: Yaml::Text(text, _), .. }) = before {
            text.push('\n');
            text.push_str(line.text.trim());
            let message = format!("this line is read as more of `{key}`; indent it");
            self.odd(span, message);
        } else {
            self.odd(span, "this line is neither `key: value` nor part of a value");
        }
    }

    fn value(&mut self, line: &Line<'_>, from: usize, nested: &[Line<'_>], depth: usize) -> Yaml {
        if let Some(tabbed) = nested.iter().find(|l| !l.is_idle() && l.text[..l.indent()].contains('\t')) {
            self.odd(self.span(tabbed), "indented with a tab");
        }
        let rest = &line.text[from..];
        let from = from + (rest.len() - rest.trim_start().len());
        let rest = rest.trim();
        let span = self.part(line, from, from + rest.len());
        match rest.chars().next() {
            None | Some('#') => self.nested(nested, depth),
            Some('|' | '>') => Yaml::Text(block_text(rest.starts_with('>'), nested), span),
            Some('[' | '{') if rest.len() > 1 || !nested.is_empty() => {
                self.flow(&joined(rest, nested, " "), span)
            }
            Some('"' | '\'') => Yaml::Text(self.quoted(&joined(rest, nested, " "), span), span),
            Some(_) => {
                let text = strip_comment(rest);
                if text.contains(": ") {
                    let message = "a colon in text without quotes: other readers refuse the file";
                    let alone = text.len() == rest.len() && nested.iter().all(Line::is_idle);
                    let mended = alone.then(|| ("quote the text", quoted(text)));
                    self.mended(span, message, mended);
                }
                Yaml::Text(joined(text, nested, " "), span)
            }
        }
    }

    /// What stands in the lines below a key without a value.
    fn nested(&mut self, lines: &[Line<'_>], depth: usize) -> Yaml {
        let Some(first) = lines.iter().find(|l| !l.is_idle()) else { return Yaml::Empty };
        if first.is_item() {
            return Yaml::List(self.items(lines));
        }
        if first.key().is_some() {
            return if depth < MAX_DEPTH { Yaml::Map(self.pairs(lines, depth + 1)) } else { Yaml::Empty };
        }
        Yaml::Text(joined("", lines, " "), self.span(first))
    }

    fn items(&mut self, lines: &[Line<'_>]) -> Vec<(String, Span)> {
        let mut items: Vec<(String, Span)> = Vec::new();
        for line in lines.iter().filter(|l| !l.is_idle()) {
            let text = line.trimmed();
            if !line.is_item() {
                continue;
            }
            let from = line.indent() + 1 + (text[1..].len() - text[1..].trim_start().len());
            let item = line.text.get(from..).unwrap_or("").trim();
            let span = self.part(line, from, from + item.len());
            items.push((self.scalar(item, span), span));
        }
        items
    }

    /// One plain or quoted text on one line.
    fn scalar(&mut self, text: &str, span: Span) -> String {
        if text.starts_with(['"', '\'']) {
            return self.quoted(text, span);
        }
        if text.starts_with(['@', '`', '%']) {
            let first = &text[..1];
            let message =
                format!("a text that starts with `{first}` needs quotes: other readers refuse the file");
            let alone = text.len() == (span.end - span.start) as usize && strip_comment(text) == text;
            self.mended(span, message, alone.then(|| ("quote the text", quoted(text))));
        }
        strip_comment(text).to_string()
    }

    /// `[a, "b"]` as a list, `{a: b}` as a map.
    fn flow(&mut self, text: &str, span: Span) -> Yaml {
        let close = if text.starts_with('[') { ']' } else { '}' };
        let inner = match text.rfind(close) {
            Some(end) => &text[1..end],
            None => {
                self.odd(span, format!("`{close}` is missing"));
                &text[1..]
            }
        };
        let parts = split_flow(inner);
        if close == ']' {
            return Yaml::List(parts.iter().map(|p| (self.scalar(p, span), span)).collect());
        }
        let mut pairs = Vec::new();
        for part in parts {
            if let Some((key, value)) = part.split_once(':') {
                let value = Yaml::Text(self.scalar(value.trim(), span), span);
                self.add(
                    &mut pairs,
                    Pair { key: key.trim().trim_matches(['"', '\'']).to_string(), span, value },
                );
            }
        }
        Yaml::Map(pairs)
    }

    fn quoted(&mut self, text: &str, span: Span) -> String {
        let quote = if text.starts_with('"') { '"' } else { '\'' };
        let mut out = String::new();
        let mut chars = text.chars().skip(1).peekable();
        while let Some(c) = chars.next() {
            match c {
                '\'' if quote == '\'' && chars.peek() == Some(&'\'') => {
                    chars.next();
                    out.push('\'');
                }
                '\\' if quote == '"' => match chars.next() {
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some(other) => out.push(other),
                    None => {}
                },
                c if c == quote => {
                    let rest: String = chars.collect();
                    if !strip_comment(rest.trim()).is_empty() && !rest.trim().starts_with('#') {
                        self.odd(span, "there is text after the closing quote");
                    }
                    return out;
                }
                c => out.push(c),
            }
        }
        self.odd(span, "the closing quote is missing");
        out
    }
}

/// A text and the lines that go on with it.
fn joined(first: &str, nested: &[Line<'_>], between: &str) -> String {
    let mut text = first.to_string();
    for line in nested {
        let more = line.text.trim();
        if more.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push_str(between);
        }
        text.push_str(more);
    }
    text
}

/// The lines of a `|` or `>` text, dedented.
fn block_text(folded: bool, lines: &[Line<'_>]) -> String {
    let indent = lines.iter().filter(|l| !l.text.trim().is_empty()).map(Line::indent).min().unwrap_or(0);
    let cut = lines.iter().map(|l| l.text.get(indent..).unwrap_or("").trim_end());
    let text = cut.collect::<Vec<_>>().join("\n");
    let text = text.trim_end();
    if !folded {
        return text.to_string();
    }
    text.split("\n\n").map(|p| p.replace('\n', " ")).collect::<Vec<_>>().join("\n")
}

/// A text in double quotes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Without a comment, which a blank precedes.
fn strip_comment(text: &str) -> &str {
    text.find(" #").map_or(text, |at| &text[..at]).trim()
}

/// Parts between the commas that stand in no quotes and no brackets.
fn split_flow(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quote, mut depth) = (Vec::new(), 0, None, 0u32);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{' | '(') => depth += 1,
            (None, ']' | '}' | ')') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|p| !p.is_empty());
    parts
}
