//! The commands of an `sh` script, word by word, as far as one can tell without running it. Knows nothing of Flow.

/// A piece of a script: text, or the value of that number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Piece<'s> {
    Text(&'s str),
    Hole(usize),
}

/// A word of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Token {
    /// Its text without quotes and values.
    pub text: String,
    /// The values in it.
    pub holes: Vec<usize>,
    /// It begins with a value.
    pub hole_first: bool,
    /// Something in it is expanded by the shell.
    pub expands: bool,
    /// A file that the output goes to, or the input comes from.
    pub target: bool,
    /// The input comes from it.
    pub source: bool,
}

/// The shell's words before a command that are no program.
const RESERVED: &[&str] = &["if", "then", "else", "elif", "do", "while", "until", "!", "{", "time"];
/// What is no command at all.
const HEADS: &[&str] = &["for", "case", "select", "function", "in", "fi", "done", "esac", "}"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Plain,
    Single,
    Double,
    /// `${ … }` and `$(( … ))`: open brackets.
    Skipped(u32, char),
}

/// A script, `( … )`, `$( … )` or backticks.
#[derive(Debug)]
struct Frame {
    words: Vec<Token>,
    word: Option<Token>,
    mode: Mode,
    close: Option<char>,
    target: bool,
    source: bool,
}

impl Frame {
    fn new(close: Option<char>) -> Frame {
        Frame { words: Vec::new(), word: None, mode: Mode::Plain, close, target: false, source: false }
    }
}

type Symbol = Result<char, usize>;

/// What a script does.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// Its commands in the order in which they end; each has at least one word.
    pub commands: Vec<Vec<Token>>,
    /// Those whose output goes to the next.
    pub piped: Vec<usize>,
    /// What it assigns, where there is a value in it: `name=value`.
    pub assigned: Vec<Token>,
}

/// Takes a script apart.
pub(super) fn script(pieces: &[Piece<'_>]) -> Script {
    let mut symbols: Vec<Symbol> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => symbols.extend(text.chars().map(Ok)),
            Piece::Hole(at) => symbols.push(Err(*at)),
        }
    }
    let mut lexer =
        Lexer { symbols, at: 0, frames: vec![Frame::new(None)], found: Script::default(), ends: Vec::new() };
    lexer.run();
    lexer.found
}

struct Lexer {
    symbols: Vec<Symbol>,
    at: usize,
    frames: Vec<Frame>,
    found: Script,
    /// Words that end the here-documents announced on this line.
    ends: Vec<String>,
}

impl Lexer {
    fn run(&mut self) {
        while let Some(symbol) = self.symbols.get(self.at).copied() {
            match symbol {
                Err(hole) => {
                    let word = self.word();
                    word.hole_first |= word.text.is_empty() && word.holes.is_empty();
                    word.holes.push(hole);
                }
                Ok(c) => self.step(c),
            }
            self.at += 1;
        }
        while !self.frames.is_empty() {
            self.end_command();
            self.frames.pop();
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.symbols.get(self.at + ahead).and_then(|s| s.ok())
    }

    fn word(&mut self) -> &mut Token {
        if self.frames.is_empty() {
            self.frames.push(Frame::new(None));
        }
        let last = self.frames.len() - 1;
        let frame = &mut self.frames[last];
        let (target, source) = (std::mem::take(&mut frame.target), std::mem::take(&mut frame.source));
        let word = frame.word.get_or_insert_with(Token::default);
        word.target |= target;
        word.source |= source;
        word
    }

    fn mode(&mut self, mode: Mode) {
        if let Some(frame) = self.frames.last_mut() {
            frame.mode = mode;
        }
    }

    fn end_word(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.words.extend(frame.word.take());
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        let Some(frame) = self.frames.last_mut() else { return };
        frame.target = false;
        let mut words = std::mem::take(&mut frame.words);
        let skipped = words.iter().take_while(|w| is_before_program(w)).count();
        self.found.assigned.extend(words.drain(..skipped).filter(|w| !w.target && !w.holes.is_empty()));
        let head = words.first().is_some_and(|w| w.holes.is_empty() && HEADS.contains(&w.text.as_str()));
        if !words.is_empty() && !head {
            self.found.commands.push(words);
        }
    }

    fn step(&mut self, c: char) {
        let Some(frame) = self.frames.last() else { return };
        match (frame.mode, c) {
            (Mode::Single, '\'') => self.mode(Mode::Plain),
            (Mode::Single, c) => self.word().text.push(c),
            (Mode::Double, '"') => self.mode(Mode::Plain),
            (Mode::Skipped(open, close), c) => {
                let opens = if close == '}' { '{' } else { '(' };
                let open = if c == opens {
                    open + 1
                } else if c == close {
                    open - 1
                } else {
                    open
                };
                self.mode(if open == 0 { Mode::Plain } else { Mode::Skipped(open, close) });
            }
            (Mode::Plain | Mode::Double, '\\') => {
                if let Some(next) = self.peek(1) {
                    self.at += 1;
                    if next != '\n' {
                        self.word().text.push(next);
                    }
                }
            }
            (Mode::Plain | Mode::Double, '$') => self.dollar(),
            (Mode::Plain | Mode::Double, '`') if frame.close == Some('`') => self.close(),
            (Mode::Plain | Mode::Double, '`') => self.open('`'),
            (Mode::Double, c) => self.word().text.push(c),
            (Mode::Plain, c) => self.plain(c),
        }
    }

    fn plain(&mut self, c: char) {
        let starts = self.frames.last().is_some_and(|f| f.word.is_none());
        match c {
            '\'' => {
                self.word();
                self.mode(Mode::Single);
            }
            '"' => {
                self.word();
                self.mode(Mode::Double);
            }
            ' ' | '\t' => self.end_word(),
            '\n' => {
                self.end_command();
                self.skip_documents();
            }
            '|' if self.peek(1) != Some('|') && !self.behind_bar() => {
                let before = self.found.commands.len();
                self.end_command();
                if self.found.commands.len() > before {
                    self.found.piped.push(before);
                }
            }
            ';' | '&' | '|' => self.end_command(),
            '(' => {
                self.end_command();
                self.open('(');
            }
            ')' if self.frames.last().is_some_and(|f| f.close == Some('(')) => self.close(),
            ')' => self.end_command(),
            '#' if starts => {
                while self.symbols.get(self.at + 1).is_some_and(|s| *s != Ok('\n')) {
                    self.at += 1;
                }
            }
            '<' if self.peek(1) == Some('<') => self.document(),
            '<' | '>' => {
                if self.frames.last().and_then(|f| f.word.as_ref()).is_some_and(is_number)
                    && let Some(frame) = self.frames.last_mut()
                {
                    frame.word = None;
                }
                self.end_word();
                if let Some(frame) = self.frames.last_mut() {
                    frame.target = true;
                    frame.source = c == '<';
                }
                while matches!(self.peek(1), Some('>' | '&' | '|')) {
                    self.at += 1;
                }
            }
            c => self.word().text.push(c),
        }
    }

    fn behind_bar(&self) -> bool {
        self.at > 0 && self.symbols.get(self.at - 1) == Some(&Ok('|'))
    }

    fn dollar(&mut self) {
        self.word().expands = true;
        match (self.peek(1), self.peek(2)) {
            (Some('('), Some('(')) => {
                self.at += 2;
                self.mode(Mode::Skipped(2, ')'));
            }
            (Some('('), _) => {
                self.at += 1;
                self.open('(');
            }
            (Some('{'), _) => {
                self.at += 1;
                self.mode(Mode::Skipped(1, '}'));
            }
            _ => {}
        }
    }

    fn open(&mut self, close: char) {
        self.frames.push(Frame::new(Some(close)));
    }

    fn close(&mut self) {
        self.end_command();
        self.frames.pop();
        if self.frames.is_empty() {
            self.frames.push(Frame::new(None));
        }
    }

    /// `<<END`: notes what ends it.
    fn document(&mut self) {
        self.end_word();
        self.at += 1;
        while matches!(self.peek(1), Some('<' | '-' | ' ' | '\t')) {
            self.at += 1;
        }
        let mut end = String::new();
        while let Some(c) = self.peek(1).filter(|c| !c.is_whitespace() && !";&|<>()".contains(*c)) {
            if !matches!(c, '\'' | '"' | '\\') {
                end.push(c);
            }
            self.at += 1;
        }
        if !end.is_empty() {
            self.ends.push(end);
        }
    }

    fn skip_documents(&mut self) {
        for end in std::mem::take(&mut self.ends) {
            loop {
                let mut line = String::new();
                while let Some(symbol) = self.symbols.get(self.at + 1).copied().filter(|s| *s != Ok('\n')) {
                    line.extend(symbol.ok());
                    self.at += 1;
                }
                if line.trim_start_matches('\t') == end || self.at + 1 >= self.symbols.len() {
                    break;
                }
                self.at += 1;
            }
        }
    }
}

fn is_number(word: &Token) -> bool {
    word.holes.is_empty() && word.text.chars().all(|c| c.is_ascii_digit())
}

/// `name=value`, `then`, the target of `>`.
fn is_before_program(word: &Token) -> bool {
    let assigns = word.text.split_once('=').is_some_and(|(name, _)| {
        !word.hole_first && !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    });
    word.target || assigns || word.holes.is_empty() && RESERVED.contains(&word.text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `@` stands for a value.
    fn shown(text: &str) -> Vec<String> {
        let mut pieces = Vec::new();
        for (i, text) in text.split('@').enumerate() {
            if i > 0 {
                pieces.push(Piece::Hole(i - 1));
            }
            pieces.push(Piece::Text(text));
        }
        let word = |t: &Token| {
            let mark = "@".repeat(t.holes.len());
            let text = if t.hole_first { format!("{mark}{}", t.text) } else { format!("{}{mark}", t.text) };
            if t.target { format!(">{text}") } else { text }
        };
        script(&pieces).commands.iter().map(|c| c.iter().map(word).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn commands_and_their_words() {
        assert_eq!(shown("ls -l @ | grep 'a b' @; @ x"), ["ls -l @", "grep a b @", "@ x"]);
        assert_eq!(shown("A=@ B=1 run @ > out/@ 2>&1"), ["run @ >out/@ >1"]);
        assert_eq!(shown("if test -f @; then\n  cat \"x$(eval @)y\"\nfi"), ["test -f @", "eval @", "cat xy"]);
        assert_eq!(shown("# @ no\ncat <<E\n@ ; x\nE\nsh -c @"), ["cat", "sh -c @"]);
        assert_eq!(shown("for f in @; do rm @; done"), ["rm @"]);
        assert_eq!(shown("( cd @ && make ) ${x:-@} $((1 + 2)) `ls @`"), ["cd @", "make", "ls @", "@ "]);
        assert_eq!(shown(") ` ' \" $( ${ $(("), [" \" $( ${ $(("]);
    }
}
