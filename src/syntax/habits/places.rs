//! Habits around a declaration's parts, texts and patterns: what stands where something else is meant.

use super::{End, Habit, is_word, word_at};

/// Letters that other languages put before a string.
const PREFIXES: &[&str] = &["f", "F", "b", "B", "u", "U", "t", "fr", "rf", "Rf", "fR"];
/// What begins a statement and never a type or a field.
const STATEMENTS: &[&str] =
    &["let", "task", "stage", "assert", "if", "for", "match", "repeat", "try", "race", "await", "return"];

/// What other systems put into the head of a loop.
const OPTIONS: &[&str] = &["by", "key", "parallel", "after", "max", "limit", "concurrency", "workers"];

impl End<'_> {
    /// Where the innermost open bracket stands, if that is a brace.
    fn open_brace(&self) -> Option<usize> {
        self.innermost().filter(|(_, c)| *c == '{').map(|(at, _)| at)
    }

    fn touches(&self) -> bool {
        self.before.len() == self.at
    }

    /// Of a declaration that begins with `first`.
    pub(super) fn signature(&self, first: &str) -> Option<Habit> {
        if !matches!(first, "fn" | "task" | "workflow") {
            return self.named_type(first);
        }
        if self.sign("=>") && self.last == ")" {
            let habit = self.say(2, "the result type comes after `->`");
            return Some(habit.fix("write `->`", self.at..self.at + 2, "->").sure());
        }
        if self.opener() == Some('(') && (self.sign(")") || self.sign(",")) && self.wanted.has(":") {
            let name = self.last;
            let mut habit = self.say(0, format!("the parameter `{name}` needs a type"));
            habit.place = self.before.len() - name.len()..self.before.len();
            return Some(habit.help("write `name: Type`, for example `path: Path`"));
        }
        if self.sign("?") && self.opener() == Some('(') {
            let habit = self.say(1, "what may be left out has an optional type: `name: Type?`");
            return Some(habit.help("or a default: `name: Type = value`"));
        }
        let property = self.next[word_at(self.next).len()..].trim_start().starts_with(':');
        if self.wanted.has("{") && property && !word_at(self.next).is_empty() {
            let habit = self.say(word_at(self.next).len(), format!("the body of a `{first}` goes in braces"));
            return Some(habit.help("write `{ … }` around it; indentation means nothing"));
        }
        self.statements_for_fields()
    }

    /// Statements in braces that were read as those of a record.
    fn statements_for_fields(&self) -> Option<Habit> {
        let word = if STATEMENTS.contains(&self.last) { self.last } else { word_at(self.next) };
        if !STATEMENTS.contains(&word) || !self.wanted.has(":") && !self.wanted.has("}") {
            return None;
        }
        let brace = self.open_brace()?;
        let mut habit;
        if self.text[..brace].trim_end().ends_with("->") {
            habit = self.say(0, "the type of the result is missing before the braces");
            habit.place = brace..brace + 1;
            return Some(habit.help("write `-> String {`, or leave `->` out where there is no result"));
        }
        let inside = &self.before[brace + 1..];
        let field = word_at(inside.trim_start());
        let at = brace + 1 + (inside.len() - inside.trim_start().len());
        let colon = self.before[at + field.len()..].trim_start().starts_with(':');
        if field.is_empty() || !colon {
            return None;
        }
        habit = self.say(0, "`name: value` belongs in a record or among properties, not in a block");
        habit.place = at..at + field.len();
        Some(habit.help("a block holds statements: bind a name with `let name = value`"))
    }

    fn named_type(&self, first: &str) -> Option<Habit> {
        match first {
            "type" if self.sign("|") => {
                let habit = self.say(1, "there are no union types");
                Some(habit.help(
                    "write an enum whose variants carry them: `enum Name { one(value: A), two(value: B) }`",
                ))
            }
            "enum" if self.assigns() && self.opener() == Some('{') => {
                let habit = self.say(1, "a variant has no number");
                Some(
                    habit.help("the names are enough: `enum Name { one, two }`; they are ordered as written"),
                )
            }
            _ => None,
        }
    }

    /// Texts and patterns.
    pub(super) fn text_habit(&self) -> Option<Habit> {
        if self.touches() && self.sign("\"") && PREFIXES.contains(&self.last) {
            let start = self.before.len() - self.last.len();
            let mut habit = self.say(0, "strings have no prefix but `r`: each takes values as `#{expr}`");
            habit.place = start..self.at;
            return Some(habit.fix("remove it", start..self.at, ""));
        }
        let word_then_quote = self.sign("\"") && self.last.starts_with(is_word);
        let quote_then_word = self.last == "\"" && self.next.starts_with(is_word);
        if self.touches() && (word_then_quote || quote_then_word) {
            let habit = self.say(1, "a string ends at the next `\"`");
            return Some(habit.help("inside a string write `\\\"`; between `\"\"\"` it may stand as it is"));
        }
        let value = self.wanted.has("$");
        if value && self.sign("*") && matches!(self.last, "(" | "[" | "," | ":") {
            let habit = self.say(1, "a pattern of paths is a text in quotes");
            return Some(habit.help("write `\"*.md\"`"));
        }
        if self.sign("[")
            && let Some(brace) = self.open_brace()
            && super::head(&self.before[..brace]) == "match"
        {
            let habit = self.say(1, "a list is no pattern");
            return Some(habit.help("ask for `len(list)` or `first(list)` and match on that"));
        }
        if self.wanted.operand_ended() && word_at(self.next) == "if" && self.head != "for" && self.on_line() {
            let habit = self.say(2, "the condition stands before both values");
            return Some(habit.help("write `if cond { a } else { b }`"));
        }
        None
    }

    /// What another language writes in another form: `a === b`, `xs[1:3]`, `race with { … } { … }`, `run: make all`.
    pub(super) fn other_form(&self) -> Option<Habit> {
        let compared = &self.text[..self.at];
        if self.assigns() && (compared.ends_with("==") || compared.ends_with("!=")) {
            let start = self.at - 2;
            let (message, sign) = match compared.ends_with("==") {
                true => ("`===` is written `==`", "=="),
                false => ("`!==` is written `!=`", "!="),
            };
            let mut habit = self.say(0, message);
            habit.place = start..self.at + 1;
            return Some(habit.fix("remove the last `=`", start..self.at + 1, sign).sure());
        }
        if self.sign(":") && self.wanted.has("]") && self.opener() == Some('[') {
            let habit = self.say(1, "there are no slices");
            return Some(habit.help("of a list write `take(drop(list, from), count)`"));
        }
        let arrow = self.touches() && self.sign(">") && self.before.ends_with(['-', '>']);
        let pipe = self.sign("|") && self.wanted.operand_ended() && self.before.ends_with(')');
        if arrow || pipe {
            let start = if arrow { self.at - 1 } else { self.at };
            let sign = &self.text[start..self.at + 1];
            let mut habit = self.say(0, format!("tasks are not joined by `{sign}`"));
            habit.place = start..self.at + 1;
            return Some(habit.help(
                "give the value of one to the other, `b(a())`, or let it wait: `let x = a()` and `b() with { after: [x] }`",
            ));
        }
        if self.last == "race" && word_at(self.next) == "with" {
            let habit = self.say(4, "the `with` of a `race` stands behind its braces");
            return Some(habit.help("write `race { a() b() } with { need: 2 }`"));
        }
        self.bare_command()
    }

    /// `run: make all`, as in a file of YAML.
    fn bare_command(&self) -> Option<Habit> {
        let start = self.before.rfind("run:")?;
        let command = &self.before[start + 4..];
        let bare = command.trim_start_matches([' ', '\t']);
        let is_bare = bare.starts_with(|c: char| c.is_ascii_alphabetic() || c == '.' || c == '/')
            && !bare.contains(|c: char| "\n\"'(){}[],:".contains(c))
            && !self.before[..start].ends_with(is_word);
        (is_bare && self.on_line()).then(|| {
            let mut habit = self.say(0, "a command is a list of texts in quotes");
            habit.place = self.before.len() - bare.len()..self.before.len();
            habit.help("write `run: [\"make\", \"all\"]`, or `sh: \"make all\"` for a line of shell")
        })
    }

    pub(super) fn on_line(&self) -> bool {
        !self.text[self.before.len()..self.at].contains(['\n', '\r'])
    }

    /// The head of a `for`, up to its braces.
    pub(super) fn for_head(&self) -> Option<Habit> {
        if self.head != "for" || self.last == "for" {
            return None;
        }
        if self.sign(",") && self.wanted.has("in") {
            let habit = self.say(1, "a `for` binds one name");
            return Some(habit.help(
                "to take an element apart write `for { index, value } in enumerate(xs)`; over a map `for { key, value } in m`",
            ));
        }
        if !self.wanted.has("{") || !self.on_line() {
            return None;
        }
        let word = word_at(self.next);
        match word {
            "where" | "when" => {
                let habit = self.say(word.len(), "the condition of a `for` comes after `if`");
                Some(habit.fix("write `if`", self.at..self.at + word.len(), "if"))
            }
            "do" | "then" | "begin" => Some(self.say(word.len(), "the body of a `for` goes in braces")),
            "" if self.sign(":") => Some(self.say(1, "the body of a `for` goes in braces")),
            _ if self.next.starts_with(|c: char| c.is_ascii_digit() || c == '"') => {
                let habit = self.say(1, "a `for` goes over a list");
                Some(habit.help("write `for x in [1, 2, 3] { … }`"))
            }
            _ if self.sign(",") || self.sign("(") || OPTIONS.contains(&word) => {
                let habit =
                    self.say(word.len().max(1), "what a `for` may have beside its list is given by `with`");
                Some(habit.help("write `for x in xs with { parallel: 4, key: x.id } { … }`"))
            }
            _ => None,
        }
    }

    /// `repeat 3 { … }`, and the arms of a `match` without braces.
    pub(super) fn other_heads(&self) -> Option<Habit> {
        if self.last == "repeat" && self.next.starts_with(|c: char| c.is_ascii_digit() || "{(".contains(c)) {
            let habit =
                self.say(word_at(self.next).len().max(1), "a `repeat` carries a value from round to round");
            return Some(habit.help(
                "write `repeat x = start with { max: 5 } { … } until cond`; to do the same n times, `for i in range(0, n) { … }`",
            ));
        }
        let bare = matches!(word_at(self.next), "do" | "with" | "of") || self.sign(":");
        (self.head == "match" && self.wanted.has("{") && bare && self.on_line()).then(|| {
            let habit = self.say(word_at(self.next).len().max(1), "the arms of a `match` go in braces");
            habit.help("write `match value { pattern => value }`")
        })
    }

    /// `for i = 0; i < n; i++`
    pub(super) fn counting_loop(&self) -> Option<Habit> {
        const BINDING: &[&str] = &["let", "var", "const", "int"];
        // `let` is a keyword, the others are read as the name.
        let read = BINDING.contains(&self.last) && word_at(self.next) != "in";
        let start = if read { self.before.len() - self.last.len() } else { self.at };
        let word = word_at(&self.text[start..]);
        if self.text[..start].trim_end().ends_with("for") && BINDING.contains(&word) {
            let rest = &self.text[start + word.len()..];
            let end = start + word.len() + (rest.len() - rest.trim_start().len());
            let mut habit = self.say(0, format!("a `for` names its elements without `{word}`"));
            habit.place = start..start + word.len();
            return Some(habit.fix("remove it", start..end, "").sure());
        }
        let counts = self.head == "for" && self.assigns();
        let inside = self.sign("(")
            && self.last == "for"
            && self.next.lines().next().is_some_and(|line| line.contains(';'));
        (counts || inside).then(|| {
            let habit = self.say(1, "a `for` goes over a list");
            habit.help("write `for i in range(0, 3) { … }`")
        })
    }
}
