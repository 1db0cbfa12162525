//! A lexer for `sh` scripts, just enough to say where an interpolation stands. Knows nothing of Flow.

/// A piece of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'s> {
    Text(&'s str),
    /// An interpolation.
    Hole,
}

/// Why a word may not stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::types) enum Fault {
    SingleQuotes,
    DoubleQuotes,
    Backticks,
    HereDocument,
    /// One whose end is written in quotes: nothing in it is expanded. Also that end itself.
    RawDocument,
    Comment,
    /// Inside `${ … }`.
    Expansion,
    /// Inside `$(( … ))`.
    Arithmetic,
    /// After a backslash.
    Escaped,
}

/// Where an interpolation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub fault: Option<Fault>,
    /// Nothing else is in its word.
    pub alone: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The script, `( … )`, `$( … )`: how many parentheses are open in it.
    Plain(u32),
    Single,
    Double,
    Backtick,
    /// `${ … }`
    Braces,
    /// `$(( … ))`: parentheses open in it.
    Arithmetic(u32),
    Comment,
}

/// A here-document that begins at the next line.
#[derive(Debug)]
struct Heredoc {
    end: String,
    tabs: bool,
    raw: bool,
}

/// A symbol of the script: a character, or a hole.
type Symbol = Option<char>;

/// For each hole in order, where it stands.
pub(super) fn holes(pieces: &[Piece<'_>]) -> Vec<Spot> {
    let mut symbols: Vec<Symbol> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => symbols.extend(text.chars().map(Some)),
            Piece::Hole => symbols.push(None),
        }
    }
    Lexer { symbols, at: 0, stack: vec![State::Plain(0)], waiting: Vec::new(), spots: Vec::new() }.run()
}

struct Lexer {
    symbols: Vec<Symbol>,
    at: usize,
    stack: Vec<State>,
    waiting: Vec<Heredoc>,
    spots: Vec<Spot>,
}

impl Lexer {
    fn run(mut self) -> Vec<Spot> {
        while self.at < self.symbols.len() {
            let symbol = self.symbols[self.at];
            match symbol {
                None => self.hole(),
                Some(c) => self.step(c),
            }
            self.at += 1;
        }
        self.spots
    }

    fn state(&self) -> State {
        self.stack.last().copied().unwrap_or(State::Plain(0))
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.symbols.get(self.at + ahead).copied().flatten()
    }

    fn before(&self) -> Option<Symbol> {
        self.symbols.get(self.at.checked_sub(1)?).copied()
    }

    fn hole(&mut self) {
        let fault = match self.state() {
            State::Plain(_) => None,
            State::Single => Some(Fault::SingleQuotes),
            State::Double => Some(Fault::DoubleQuotes),
            State::Backtick => Some(Fault::Backticks),
            State::Braces => Some(Fault::Expansion),
            State::Arithmetic(_) => Some(Fault::Arithmetic),
            State::Comment => Some(Fault::Comment),
        };
        // Inside something nested in backticks the outer ones still count.
        let outer = self.stack.contains(&State::Backtick).then_some(Fault::Backticks);
        let left = self.before().is_none_or(|s| s.is_some_and(ends_word));
        let right = self.symbols.get(self.at + 1).is_none_or(|s| s.is_some_and(ends_word));
        self.spots.push(Spot { fault: fault.or(outer), alone: left && right });
    }

    fn step(&mut self, c: char) {
        match self.state() {
            State::Comment => {
                if c == '\n' {
                    self.stack.pop();
                    self.newline();
                }
            }
            State::Single => {
                if c == '\'' {
                    self.stack.pop();
                }
            }
            State::Double => match c {
                '"' => {
                    self.stack.pop();
                }
                '\\' => self.escape(),
                '`' => self.backtick(),
                '$' => self.dollar(),
                _ => {}
            },
            State::Backtick => match c {
                '`' => {
                    self.stack.pop();
                }
                '\\' => self.escape(),
                '\'' => self.stack.push(State::Single),
                '"' => self.stack.push(State::Double),
                _ => {}
            },
            State::Braces => match c {
                '}' => {
                    self.stack.pop();
                }
                '\\' => self.escape(),
                '\'' if !self.stack.contains(&State::Double) => self.stack.push(State::Single),
                '"' => self.stack.push(State::Double),
                '`' => self.backtick(),
                '$' => self.dollar(),
                _ => {}
            },
            State::Arithmetic(open) => self.arithmetic(c, open),
            State::Plain(open) => self.plain(c, open),
        }
    }

    fn arithmetic(&mut self, c: char, open: u32) {
        match c {
            '(' => self.replace(State::Arithmetic(open + 1)),
            ')' if open > 0 => self.replace(State::Arithmetic(open - 1)),
            ')' => {
                self.stack.pop();
                if self.peek(1) == Some(')') {
                    self.at += 1;
                }
            }
            '$' => self.dollar(),
            _ => {}
        }
    }

    fn plain(&mut self, c: char, open: u32) {
        match c {
            '\\' => self.escape(),
            '\'' => self.stack.push(State::Single),
            '"' => self.stack.push(State::Double),
            '`' => self.backtick(),
            '$' => self.dollar(),
            '(' => self.replace(State::Plain(open + 1)),
            ')' if open > 0 => self.replace(State::Plain(open - 1)),
            ')' if self.stack.len() > 1 => {
                self.stack.pop();
            }
            '#' if self.before().is_none_or(|s| s.is_some_and(ends_word)) => self.stack.push(State::Comment),
            '<' if self.peek(1) == Some('<') => self.heredoc(),
            '\n' => self.newline(),
            _ => {}
        }
    }

    fn replace(&mut self, state: State) {
        if let Some(top) = self.stack.last_mut() {
            *top = state;
        }
    }

    fn backtick(&mut self) {
        if self.stack.contains(&State::Backtick) {
            // A backtick inside quotes inside backticks ends the outer pair.
            while self.stack.pop().is_some_and(|s| s != State::Backtick) {}
        } else {
            self.stack.push(State::Backtick);
        }
    }

    fn escape(&mut self) {
        match self.symbols.get(self.at + 1) {
            Some(None) => {
                self.spots.push(Spot { fault: Some(Fault::Escaped), alone: false });
                self.at += 1;
            }
            Some(Some(_)) => self.at += 1,
            None => {}
        }
    }

    fn dollar(&mut self) {
        match (self.peek(1), self.peek(2)) {
            (Some('('), Some('(')) => {
                self.at += 2;
                self.stack.push(State::Arithmetic(0));
            }
            (Some('('), _) => {
                self.at += 1;
                self.stack.push(State::Plain(0));
            }
            (Some('{'), _) => {
                self.at += 1;
                self.stack.push(State::Braces);
            }
            _ => {}
        }
    }

    /// `<<END`, `<<-END`, `<<'END'`: notes what ends it.
    fn heredoc(&mut self) {
        self.at += 2;
        if self.peek(0) == Some('<') {
            return;
        }
        let tabs = self.peek(0) == Some('-');
        if tabs {
            self.at += 1;
        }
        while matches!(self.peek(0), Some(' ' | '\t')) {
            self.at += 1;
        }
        let (mut end, mut raw) = (String::new(), false);
        while let Some(symbol) = self.symbols.get(self.at) {
            match symbol {
                None => {
                    self.spots.push(Spot { fault: Some(Fault::RawDocument), alone: false });
                }
                Some('\'' | '"' | '\\') => raw = true,
                Some(c) if ends_word(*c) => break,
                Some(c) => end.push(*c),
            }
            self.at += 1;
        }
        self.at -= 1;
        if !end.is_empty() {
            self.waiting.push(Heredoc { end, tabs, raw });
        }
    }

    /// At a line's end the here-documents that were announced on it begin.
    fn newline(&mut self) {
        for heredoc in std::mem::take(&mut self.waiting) {
            self.at += 1;
            loop {
                let mut line = String::new();
                let mut holes = 0;
                while let Some(symbol) = self.symbols.get(self.at) {
                    match symbol {
                        Some('\n') => break,
                        Some(c) => line.push(*c),
                        None => holes += 1,
                    }
                    self.at += 1;
                }
                for _ in 0..holes {
                    let fault = if heredoc.raw { Fault::RawDocument } else { Fault::HereDocument };
                    self.spots.push(Spot { fault: Some(fault), alone: false });
                }
                let text = if heredoc.tabs { line.trim_start_matches('\t') } else { &line };
                if (holes == 0 && text == heredoc.end) || self.at >= self.symbols.len() {
                    break;
                }
                self.at += 1;
            }
        }
    }
}

/// Whether a character stands between words.
fn ends_word(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `@` stands for a hole.
    fn faults(script: &str) -> Vec<Option<Fault>> {
        spots(script).iter().map(|s| s.fault).collect()
    }

    fn spots(script: &str) -> Vec<Spot> {
        let mut pieces = Vec::new();
        for (i, text) in script.split('@').enumerate() {
            if i > 0 {
                pieces.push(Piece::Hole);
            }
            pieces.push(Piece::Text(text));
        }
        holes(&pieces)
    }

    #[test]
    fn words_are_free() {
        assert_eq!(faults("ls @ --file=@ > @; cat $(dirname @)"), vec![None; 4]);
        assert_eq!(faults("echo \"$(cat @)\" 'x' @ ${HOME}/@ $((1+2)) @"), vec![None; 4]);
        assert_eq!(faults("f() { echo @; }\nf a#b @"), vec![None; 2]);
        assert_eq!(spots("ls @ x@ @\n").iter().map(|s| s.alone).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn quoted_places_are_not() {
        assert_eq!(
            faults("echo 'a @' \"b @\" `c @`"),
            [Some(Fault::SingleQuotes), Some(Fault::DoubleQuotes), Some(Fault::Backticks)]
        );
        assert_eq!(faults("# a @\necho @"), [Some(Fault::Comment), None]);
        assert_eq!(
            faults("echo ${x:-@} $((1 + @)) \\@"),
            [Some(Fault::Expansion), Some(Fault::Arithmetic), Some(Fault::Escaped)]
        );
    }

    #[test]
    fn here_documents_end_at_their_word() {
        assert_eq!(faults("cat <<EOF @\na @\nEOF\necho @"), [None, Some(Fault::HereDocument), None]);
        assert_eq!(faults("cat <<-'E'\n@\n\tE\n@"), [Some(Fault::RawDocument), None]);
        assert_eq!(faults("cat <<@\n"), [Some(Fault::RawDocument)]);
    }
}
