//! Habits of other languages that show only in their place: `=` in a condition, `:` before a result, a head in
//! parentheses. Takes a piece that cannot be read and the place where reading ended; gives what to say, and a fix where
//! the meaning is plain.

mod places;

use super::hints;
use super::wanted::Wanted;
use std::ops::Range;

/// What is said of a habit. Places are offsets in the piece.
pub(super) struct Habit {
    pub(super) place: Range<usize>,
    pub(super) message: String,
    pub(super) help: Option<&'static str>,
    pub(super) title: &'static str,
    pub(super) edits: Vec<(Range<usize>, &'static str)>,
    /// Nothing else can be meant.
    pub(super) sure: bool,
}

/// Where reading ended.
struct End<'t> {
    text: &'t str,
    /// What was read, without the blanks behind it.
    before: &'t str,
    /// Its last word or sign.
    last: &'t str,
    /// Where the next token begins, and all from there.
    at: usize,
    next: &'t str,
    /// What begins the piece, or the statement at its end.
    head: &'t str,
    wanted: &'t Wanted,
}

pub(super) fn habit(text: &str, at: usize, wanted: &Wanted, in_block: bool, in_brace: bool) -> Option<Habit> {
    let before = text[..at].trim_end();
    let rest = &text[at..];
    let at = at + (rest.len() - rest.trim_start().len());
    let end =
        End { text, before, last: last_token(before), at, next: &text[at..], head: head(before), wanted };
    let found = if in_block { end.in_block(in_brace) } else { end.declaration() };
    found.or_else(|| end.anywhere())
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

pub(super) fn word_at(text: &str) -> &str {
    &text[..text.find(|c| !is_word(c)).unwrap_or(text.len())]
}

fn last_token(before: &str) -> &str {
    let word = before.trim_end_matches(is_word).len();
    if word < before.len() {
        return &before[word..];
    }
    let sign = before.char_indices().next_back().map_or(0, |(i, _)| i);
    match before.get(before.len().saturating_sub(2)..) {
        Some(two @ ("==" | "->" | "=>")) => two,
        _ => &before[sign..],
    }
}

/// The keyword that begins the innermost head or statement which has not come to its braces.
fn head(before: &str) -> &str {
    let words = ["if", "for", "match", "until", "assert", "let", "catch"];
    let open = before.rfind(['{', '}', ';']).map_or(0, |i| i + 1);
    let mut found = "";
    for word in before[open..].split(|c| !is_word(c)) {
        // `for x in xs if …` has no branches.
        if words.contains(&word) && !(found == "for" && word == "if") {
            found = word;
        }
    }
    found
}

impl End<'_> {
    fn sign(&self, sign: &str) -> bool {
        self.next.starts_with(sign)
    }

    /// A single `=`.
    fn assigns(&self) -> bool {
        self.sign("=") && !self.sign("==") && !self.sign("=>")
    }

    fn say(&self, length: usize, message: impl Into<String>) -> Habit {
        let place = self.at..self.at + length;
        Habit { place, message: message.into(), help: None, title: "", edits: Vec::new(), sure: false }
    }

    /// Where something is missing behind what was read.
    fn behind(&self) -> Range<usize> {
        self.before.len()..self.before.len()
    }

    /// The parenthesis that closes the one at `open`.
    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0;
        for (i, c) in self.text[open..].char_indices() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                '"' | '\n' => return None,
                _ => {}
            }
            if depth == 0 {
                return Some(open + i);
            }
        }
        None
    }

    /// The innermost bracket that is open, and where it stands.
    fn innermost(&self) -> Option<(usize, char)> {
        let mut closed = 0;
        for (at, c) in self.before.char_indices().rev() {
            match c {
                ')' | ']' | '}' => closed += 1,
                '(' | '[' | '{' if closed == 0 => return Some((at, c)),
                '(' | '[' | '{' => closed -= 1,
                _ => {}
            }
        }
        None
    }

    fn opener(&self) -> Option<char> {
        self.innermost().map(|(_, c)| c)
    }

    fn in_block(&self, in_brace: bool) -> Option<Habit> {
        let first = word_at(self.text);
        if first == "let" {
            return self.let_statement();
        }
        if self.text.starts_with("- ") {
            let mut habit = self.say(0, "a block holds statements, not lines with `-`");
            habit.place = 0..1;
            return Some(
                habit.help("write calls and `let name = value`; a task's properties go in `task name { … }`"),
            );
        }
        let only_name = !first.is_empty() && self.before == first;
        if self.assigns() && only_name {
            return Some(if in_brace {
                self.say(1, "a record's field is written `name: value`").fix(
                    "write `:`",
                    self.at..self.at + 1,
                    ":",
                )
            } else {
                let habit = self.say(1, "a name is bound with `let`");
                habit.help("a value is never changed: bind a new name where there is one").fix(
                    "write `let`",
                    0..0,
                    "let ",
                )
            });
        }
        if self.sign(":") && only_name {
            let bound = self.text[self.at..].lines().next().is_some_and(|line| line.contains('='));
            return Some(if bound {
                self.say(1, "a name is bound with `let`").fix("write `let`", 0..0, "let ")
            } else {
                let habit =
                    self.say(1, "`name: value` belongs in a record or among properties, not in a block");
                habit.help("a block holds statements: bind a name with `let name = value`")
            });
        }
        if self.sign("=>") && self.text.starts_with('"') {
            let habit = self.say(2, "a record's field is written `name: value`");
            return Some(habit.fix("write `:`", self.at..self.at + 2, ":"));
        }
        None
    }

    fn let_statement(&self) -> Option<Habit> {
        if self.last == "mut" {
            let start = self.before.len() - 3;
            let mut habit = self.say(0, "a value is never changed, so there is no `mut`");
            habit.place = start..start + 3;
            return Some(habit.fix("remove `mut`", start..self.at, ""));
        }
        let doubled =
            self.text[..self.at].ends_with('=') && self.sign("=") && !self.text[..self.at].contains("==");
        if doubled {
            let mut habit = self.say(1, "`==` compares; a name is bound with one `=`");
            habit.place.start -= 1;
            return Some(habit.fix("write `=`", self.at - 1..self.at + 1, "=").sure());
        }
        if self.last == "let" && self.sign("[") {
            let habit = self.say(1, "a list is not taken apart by `let`");
            return Some(habit.help("bind the list and take `xs[0]`, or `first(xs)`"));
        }
        if self.sign(",") && !self.before.contains(['{', '=']) {
            let habit = self.say(1, "a `let` binds one name");
            return Some(habit.help(
                "write a `let` for each; the fields of a record are taken by `let { a, b } = record`",
            ));
        }
        if self.before.contains('{') && !self.before.contains('=') && self.sign(":") {
            let habit = self.say(1, "`let { a, b }` takes fields by their own names");
            return Some(habit.help("bind the field anew: `let b = record.a`"));
        }
        None
    }

    /// `x: T = …` and `x := …` at the start of a line of a block, which was read as the start of a record.
    fn typed_binding(&self) -> Option<Habit> {
        let line = self.before.rfind(['\n', '{', ';']).map_or(0, |i| i + 1);
        let start = line + (self.before[line..].len() - self.before[line..].trim_start().len());
        let name = word_at(&self.before[start..]);
        let behind = self.before[start + name.len()..].trim_start();
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        if !is_name || !behind.starts_with(':') || !self.assigns() || self.opener() != Some('{') {
            return None;
        }
        let habit = self.say(1, "a name is bound with `let`");
        Some(if behind == ":" {
            let colon = self.before.len() - 1;
            let blank = self.before[..colon].trim_end().len();
            habit.fix("write `let`", start..start, "let ").also(blank..self.at + 1, " =")
        } else {
            habit.fix("write `let`", start..start, "let ")
        })
    }

    fn declaration(&self) -> Option<Habit> {
        let first = word_at(self.text);
        if matches!(first, "workflow" | "fn" | "test")
            && let Some(habit) = self.typed_binding()
        {
            return Some(habit);
        }
        if let Some(habit) = self.signature(first) {
            return Some(habit);
        }
        match first {
            "fn" | "task" | "workflow" if self.sign(":") && (self.last == ")" || self.wanted.has("->")) => {
                if self.next[1..].trim_start_matches([' ', '\t']).starts_with(['\n', '\r']) {
                    let habit = self.say(1, format!("the body of a `{first}` goes in braces"));
                    return Some(habit.help("write `{ … }` around it; indentation means nothing"));
                }
                let habit = self.say(1, "the result type comes after `->`");
                let start = self.before.len();
                Some(habit.fix("write `->`", start..self.at + 1, " ->").sure())
            }
            "fn" if self.last == "=" && self.sign(">") => {
                let mut habit = self.say(1, "the body of a `fn` comes after `=`");
                habit.place.start -= 1;
                Some(habit.fix("write `=`", self.at - 1..self.at + 1, "="))
            }
            "fn" | "type" if self.sign("{") && self.wanted.has("=") => {
                let what = if first == "fn" { "the body of a `fn`" } else { "the definition of a type" };
                Some(self.say(1, format!("{what} comes after `=`")).fix("write `=`", self.at..self.at, "= "))
            }
            "enum" | "workflow" if self.assigns() && self.wanted.has("{") => {
                let habit = self.say(1, format!("no `=` before the braces of `{first}`"));
                let blanks = self.next.len() - self.next[1..].trim_start().len();
                Some(habit.fix("remove `=`", self.at..self.at + blanks, ""))
            }
            "enum" if self.sign("|") => {
                let habit = self.say(1, "the variants of an enum are separated by commas or line breaks");
                Some(habit.fix("write `,`", self.before.len()..self.at + 1, ","))
            }
            "type" if self.sign("\"") && self.last == "=" => {
                let habit = self.say(1, "a type of a few fixed texts is an enum");
                Some(habit.help("write `enum Name { one, other }`"))
            }
            "test" if self.last == "test" => {
                let habit = self.say(word_at(self.next).len(), "the title of a test is a string in quotes");
                Some(habit.help("write `test \"what it shows\" { … }`"))
            }
            "use" => self.import(),
            _ if !first.is_empty() && self.text[first.len()..].trim_start().starts_with(':') => {
                let mut habit = self.say(0, "a file is made of declarations, not of `name: value` lines");
                habit.place = 0..first.len();
                Some(habit.help(
                    "write `task name { … }` and `workflow main() { … }`; properties go in their braces",
                ))
            }
            _ => self.property(),
        }
    }

    fn import(&self) -> Option<Habit> {
        if self.sign("{") && self.last == "use" {
            let habit = self.say(1, "the names come after the module");
            return Some(habit.help("write `use std.text.{bullets}` or `use \"./file.flow\".{a, b}`"));
        }
        if self.sign("{") {
            let habit = self.say(1, "the names follow a `.`");
            return Some(habit.fix("write `.`", self.before.len()..self.at, "."));
        }
        self.sign(",").then(|| {
            let habit = self.say(1, "several names of a module go in braces");
            habit.help("write `use std.text.{bullets, table}`")
        })
    }

    /// Properties of a task, agent or resource.
    fn property(&self) -> Option<Habit> {
        if self.sign("?") && self.next[1..].trim_start().starts_with(':') && self.opener() == Some('{') {
            let habit = self.say(1, "a field that may be left out has an optional type");
            return Some(habit.help("write `name: Type?`"));
        }
        if self.sign("-") && matches!(self.last, "{" | ",") {
            let habit = self.say(1, "properties are written `name: value`, without `-`");
            let blanks = self.next.len() - self.next[1..].trim_start().len();
            return Some(habit.fix("remove `-`", self.at..self.at + blanks, ""));
        }
        if self.assigns() && self.wanted.has(":") && self.opener() == Some('{') {
            let habit = self.say(1, "a property is written `name: value`");
            return Some(habit.fix("write `:`", self.before.len()..self.at + 1, ":"));
        }
        None
    }

    fn anywhere(&self) -> Option<Habit> {
        self.text_habit()
            .or_else(|| self.other_form())
            .or_else(|| self.head_habit())
            .or_else(|| self.value_habit())
    }

    /// The heads of `if`, `for`, `match` and `catch`.
    fn head_habit(&self) -> Option<Habit> {
        if self.assigns() && matches!(self.head, "if" | "assert" | "until") && self.wanted.operand_ended() {
            let habit = self.say(1, "`=` binds a name; two values are compared with `==`");
            return Some(habit.fix("write `==`", self.at..self.at + 1, "=="));
        }
        if let Some(habit) = self.counting_loop().or_else(|| self.for_head()).or_else(|| self.other_heads()) {
            return Some(habit);
        }
        if self.sign("(") && matches!(self.last, "for" | "catch") {
            let habit = self.say(1, format!("what follows `{}` needs no parentheses", self.last));
            return Some(match self.closing(self.at) {
                Some(close) => {
                    habit.fix("remove them", self.at..self.at + 1, "").also(close..close + 1, "").sure()
                }
                None => habit,
            });
        }
        if self.head == "for" && word_at(self.next) == "of" {
            let habit = self.say(2, "the items of a `for` come after `in`");
            return Some(habit.fix("write `in`", self.at..self.at + 2, "in").sure());
        }
        if self.wanted.has("=>") && self.head != "if" {
            for sign in ["->", ":", "="] {
                if self.sign(sign) {
                    let habit = self.say(sign.len(), "the arms of a `match` are written `pattern => value`");
                    return Some(habit.fix("write `=>`", self.before.len()..self.at + sign.len(), " =>"));
                }
            }
        }
        if self.last == "case" {
            let start = self.before.len() - 4;
            let mut habit =
                self.say(0, "the arms of a `match` are written `pattern => value`, without `case`");
            habit.place = start..start + 4;
            return Some(habit.fix("remove `case`", start..self.at, ""));
        }
        let braces = self.wanted.has("{") && (self.head == "if" || self.last == "else");
        let compared = word_at(self.next) == "is" || self.next.starts_with("not in ");
        let braces = braces && !compared && !self.sign("=") && hints::sign(self.next).is_none();
        braces.then(|| {
            let length = word_at(self.next).len().max(1).min(self.next.len());
            let on_line = self.on_line() && !self.next.is_empty();
            let mut habit = self.say(length, "the branches of an `if` go in braces");
            if !on_line {
                habit.place = self.behind();
            }
            habit.help("write `if cond { … } else { … }`")
        })
    }

    /// `5 m`: a unit that does not follow its number.
    fn unit_apart(&self) -> Option<Habit> {
        const UNITS: [&str; 14] =
            ["ms", "s", "m", "min", "h", "d", "B", "KB", "MB", "GB", "KiB", "MiB", "GiB", "TiB"];
        // The unit was read as a name, or is what could not be read.
        let unit = if UNITS.contains(&self.last) { self.before.len() - self.last.len() } else { self.at };
        if !UNITS.contains(&word_at(&self.text[unit..])) {
            return None;
        }
        let number = self.text[..unit].trim_end_matches([' ', '\t']);
        let digits = number.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let alone = !number[..digits].ends_with(is_word);
        (digits < number.len() && number.len() < unit && alone).then(|| {
            let end = unit + word_at(&self.text[unit..]).len();
            let mut habit = self.say(0, "a unit follows its number without a blank");
            habit.place = digits..end;
            match &self.text[unit..end] {
                "min" => habit.fix("write `m`", number.len()..end, "m"),
                _ => habit.fix("close the gap", number.len()..unit, ""),
            }
        })
    }

    fn value_habit(&self) -> Option<Habit> {
        if let Some(habit) = self.unit_apart() {
            return Some(habit);
        }
        if self.assigns() && self.opener() == Some('(') {
            let habit = self.say(1, "an argument is named with `:`");
            return Some(habit.fix("write `:`", self.before.len()..self.at + 1, ":"));
        }
        if self.wanted.has("]") && word_at(self.next) == "for" {
            let habit = self.say(3, "there are no list comprehensions");
            return Some(habit.help("write `for x in xs { … }`: its value is a list"));
        }
        if self.wanted.has(")") && self.sign(",") && !self.wanted.has(",") {
            let habit = self.say(1, "there are no tuples");
            return Some(habit.help("write a list `[a, b]` or a record `{ first: a, second: b }`"));
        }
        if self.sign(",") && self.last == "," {
            return Some(
                self.say(1, "one comma is enough").fix("remove it", self.at..self.at + 1, "").sure(),
            );
        }
        if self.last == "$" {
            let start = self.before.len() - 1;
            let mut habit = self.say(0, "a value is named without `$`");
            habit.place = start..start + 1;
            return Some(match word_at(self.next) {
                "" => habit.help("in a text write `#{name}`"),
                _ => habit.fix("remove `$`", start..self.at, ""),
            });
        }
        if self.sign("[]")
            && self.wanted.has(".")
            && !self.last.is_empty()
            && self.last.starts_with(char::is_alphabetic)
        {
            let start = self.before.len() - self.last.len();
            let habit = self.say(2, "a list type is written `[T]`");
            return Some(habit.fix("write `[…]`", start..start, "[").also(self.at..self.at + 1, ""));
        }
        if !self.wanted.operand_ended() {
            return None;
        }
        let word = word_at(self.next);
        if word == "is" {
            return Some(self.say(2, "two values are compared with `==`").fix(
                "write `==`",
                self.at..self.at + 2,
                "==",
            ));
        }
        if word == "not" {
            return Some(self.say(3, "`a not in b` is written `not (a in b)`"));
        }
        let texts = self.last == "\"" && (self.sign("\"") || !word.is_empty())
            || self.sign("\"") && self.last.starts_with(|c: char| is_word(c) || c == ')');
        (texts && self.on_line() && !matches!(self.opener(), Some('(' | '['))).then(|| {
            let habit = self.say(word.len().max(1), "two texts side by side are not joined");
            habit.help("join them with `+`, or write one text: `\"#{a} and #{b}\"`")
        })
    }
}

impl Habit {
    fn help(mut self, help: &'static str) -> Habit {
        self.help = Some(help);
        self
    }

    fn fix(mut self, title: &'static str, place: Range<usize>, text: &'static str) -> Habit {
        self.title = title;
        self.edits.push((place, text));
        self
    }

    fn sure(mut self) -> Habit {
        self.sure = true;
        self
    }

    fn also(mut self, place: Range<usize>, text: &'static str) -> Habit {
        self.edits.push((place, text));
        self
    }
}
