//! What a parser wanted where it ended, in the words of the language.

/// What pest would have taken at the furthest place.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) tokens: Vec<String>,
}

/// Signs and words worth naming when they are what is missing.
const NAMED: [&str; 21] = [
    ")", "]", "}", "{", "(", ":", "=", "=>", "->", ",", ">", "in", "until", "catch", "with", "as", "else",
    "finally", "\"", ".", "agents",
];

impl Wanted {
    pub(super) fn has(&self, token: &str) -> bool {
        self.tokens.iter().any(|t| t == token)
    }

    /// Whether an operator could follow: the look-ahead for one.
    pub(super) fn operand_ended(&self) -> bool {
        self.has("*..+")
    }

    /// The sign that is missing between two things on one line, where only it can be meant.
    pub(super) fn missing(&self, text: &str, at: usize) -> Option<&'static str> {
        let rest = &text[at..];
        let next = rest.trim_start_matches([' ', '\t']).chars().next()?;
        // What touches a quote belongs to a text that ended too early.
        if text[..at].ends_with(|c: char| c == '"' || next == '"' && c.is_alphanumeric()) {
            return None;
        }
        let value = next.is_ascii_alphanumeric() || matches!(next, '"' | '_' | '[' | '$');
        let elements = self.has(",") && (self.has(")") || self.has("]"));
        match (value, elements, self.has(":") && !self.operand_ended()) {
            (true, true, _) => Some(","),
            (true, false, true) => Some(":"),
            _ => None,
        }
    }

    /// What is expected, in words.
    pub(super) fn phrase(&self, text: &str, at: usize) -> Option<String> {
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
        let operand_ended = self.operand_ended();
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

/// The end of a text without the blanks and comments behind its last token.
pub(super) fn code_end(text: &str) -> usize {
    let mut end = text.trim_end().len();
    loop {
        let line = text[..end].rfind(['\n', '\r']).map_or(0, |l| l + 1);
        let comment = text[line..end].match_indices("//").map(|(i, _)| line + i);
        let outside = |at: &usize| text[line..*at].matches('"').count().is_multiple_of(2);
        match comment.into_iter().find(outside) {
            Some(at) => end = text[..at].trim_end().len(),
            None => return end,
        }
    }
}

/// ` after …`: the last word or sign before the place.
pub(super) fn after(text: &str, at: usize) -> String {
    let before = &text[..code_end(&text[..at])];
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
