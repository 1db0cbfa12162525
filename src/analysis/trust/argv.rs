//! Commands, as lists of words or in scripts: what runs, what is run in turn, what may be taken for an option.

use super::words::{self, Piece};
use super::{Judge, bare, errors, programs};
use crate::analysis::flow::{Flow, Kinds};
use crate::ast::{BinaryOp, Expr, ExprKind, Str, StrPart};
use crate::source::Span;
use crate::types::{Builtin, Callee, Checked};

/// Names for names that are followed.
const MAX_NAMES: usize = 16;

/// A word of a command.
#[derive(Debug, Default)]
pub(super) struct Word<'a> {
    /// The text before the first value; all of it where there is none.
    pub prefix: String,
    pub holes: Vec<&'a Expr>,
    /// It begins with a value.
    pub hole_first: bool,
    /// It is one value and nothing else.
    pub alone: bool,
    /// Several words, of a list.
    pub spliced: bool,
    /// The shell adds something of its own.
    pub expands: bool,
    /// A file that the output goes to, or the input comes from.
    pub target: bool,
    /// The input comes from it.
    pub source: bool,
    /// Where it starts in the source.
    pub start: Option<Span>,
}

impl Word<'_> {
    fn literal(&self) -> Option<&str> {
        (self.holes.is_empty() && !self.expands).then_some(self.prefix.as_str())
    }

    fn is_option(&self) -> bool {
        self.prefix.starts_with('-') && self.prefix != "-" && !self.hole_first
    }
}

/// The words of one command.
pub(super) struct Command<'w, 'a> {
    pub words: &'w [Word<'a>],
    pub in_script: bool,
}

/// The words of an argv.
pub(super) fn of_list<'a>(checked: &Checked, flow: &Flow<'a>, value: &'a Expr) -> Vec<Word<'a>> {
    let mut words = Vec::new();
    let mut open = vec![value];
    while let Some(e) = open.pop() {
        match &written(flow, e).kind {
            ExprKind::List(elements) => words.extend(elements.iter().map(|each| match each.splice {
                false => word(checked, flow, &each.value),
                true => several(&each.value),
            })),
            ExprKind::Binary { op: BinaryOp::Add, left, right, .. } => open.extend([&**right, &**left]),
            _ => words.push(several(e)),
        }
    }
    words
}

/// What a name stands for, where that is written out above it.
fn written<'a>(flow: &Flow<'a>, e: &'a Expr) -> &'a Expr {
    let mut now = bare(e);
    for _ in 0..MAX_NAMES {
        match flow.written(now) {
            Some(value) => now = bare(value),
            None => break,
        }
    }
    now
}

fn several(e: &Expr) -> Word<'_> {
    Word { holes: vec![e], hole_first: true, spliced: true, ..Word::default() }
}

/// One argument.
pub(super) fn word<'a>(checked: &Checked, flow: &Flow<'a>, e: &'a Expr) -> Word<'a> {
    let start = Some(e.span);
    let said = written(flow, e);
    match &said.kind {
        ExprKind::Str(text) => Word { start, ..of_text(text) },
        ExprKind::Call { args, .. }
            if checked.calls.get(said.id).is_some_and(|c| c.callee == Callee::Builtin(Builtin::PathJoin)) =>
        {
            let mut args = args.iter();
            let first = args.next().map_or_else(Word::default, |a| word(checked, flow, &a.value));
            let folder = first.prefix.is_empty() || first.prefix.ends_with('/');
            let prefix = if folder { first.prefix } else { format!("{}/", first.prefix) };
            let holes = first.holes.into_iter().chain(args.map(|a| &a.value)).collect();
            Word { prefix, holes, hole_first: first.hole_first, start, ..Word::default() }
        }
        _ => Word { holes: vec![e], hole_first: true, alone: true, start, ..Word::default() },
    }
}

fn of_text(text: &Str) -> Word<'_> {
    let mut word = Word::default();
    for part in &text.parts {
        match part {
            StrPart::Text(text, _) if word.holes.is_empty() => word.prefix.push_str(text),
            StrPart::Text(..) => {}
            StrPart::Expr(e) => {
                word.hole_first |= word.holes.is_empty() && word.prefix.is_empty();
                word.holes.push(e);
            }
        }
    }
    word
}

/// A script, with the values in it.
pub(super) struct Script<'a> {
    pub commands: Vec<Vec<Word<'a>>>,
    /// Those whose output goes to the next.
    pub piped: Vec<usize>,
    pub assigned: Vec<Word<'a>>,
}

/// Takes a script apart.
pub(super) fn of_script(text: &Str) -> Script<'_> {
    let (mut pieces, mut holes) = (Vec::new(), Vec::new());
    for (at, part) in text.parts.iter().enumerate() {
        match part {
            StrPart::Text(text, _) => pieces.push(Piece::Text(text)),
            StrPart::Expr(e) => {
                let before = at.checked_sub(1).and_then(|at| match &text.parts[at] {
                    StrPart::Text(_, span) => Some(span.at_end()),
                    StrPart::Expr(_) => None,
                });
                pieces.push(Piece::Hole(holes.len()));
                holes.push((&**e, before));
            }
        }
    }
    let of_token = |token: words::Token| Word {
        start: token.holes.first().filter(|_| token.hole_first).and_then(|at| holes[*at].1),
        holes: token.holes.iter().map(|at| holes[*at].0).collect(),
        prefix: token.text,
        hole_first: token.hole_first,
        alone: false,
        spliced: false,
        expands: token.expands,
        target: token.target,
        source: token.source,
    };
    let words::Script { commands, piped, assigned } = words::script(&pieces);
    let words = |tokens: Vec<words::Token>| tokens.into_iter().map(of_token).collect();
    Script {
        commands: commands.into_iter().map(words).collect(),
        piped,
        assigned: assigned.into_iter().map(of_token).collect(),
    }
}

impl<'a> Judge<'_, 'a> {
    /// Judges the words of a command. At most one complaint: one mistake is mended at a time.
    pub(super) fn command(&mut self, command: &Command<'_, 'a>) {
        let words = command.words;
        if words.iter().all(|w| self.from(w, Kinds::ALL).is_none()) {
            return;
        }
        let mut at = 0;
        loop {
            let Some(program) = words.get(at) else { return };
            if let Some((hole, kinds)) = self.from(program, Kinds::OUTSIDE) {
                let way = self.flow.way(self.owner, hole, kinds);
                self.out.push(errors::program_from_outside(hole.span, kinds, &way));
                return;
            }
            let Some(name) = program.literal() else { return };
            let name = name.rsplit('/').next().unwrap_or(name);
            match programs::BEFORE_PROGRAM.iter().find(|(n, ..)| *n == name) {
                Some((_, valued, operands)) => {
                    let next = after_options(words, at + 1, valued, *operands);
                    if self.decides(words.get(at + 1..next).unwrap_or_default()) {
                        return;
                    }
                    at = next;
                }
                None => return self.program(name, &words[at + 1..], command.in_script),
            }
        }
    }

    /// `env PATH=… make`, `PATH=… make`, `export PATH=…`
    pub(super) fn decides(&mut self, words: &[Word<'a>]) -> bool {
        let found = words.iter().find_map(|word| {
            let name = word.prefix.split_once('=').map(|(name, _)| name)?;
            let (hole, kinds) = self.from(word, Kinds::OUTSIDE)?;
            programs::decides(name).then_some((*hole, kinds, name))
        });
        if let Some((hole, kinds, name)) = found {
            let way = self.flow.way(self.owner, hole, kinds);
            self.out.push(errors::deciding_variable(hole.span, kinds, name, &way));
        }
        found.is_some()
    }

    fn program(&mut self, name: &str, words: &[Word<'a>], in_script: bool) {
        if in_script && programs::ASSIGNS.contains(&name) {
            self.decides(words);
        } else if programs::SHELLS.contains(&name) {
            self.shell(name, words);
        } else if name == "eval" {
            self.run_by(name, words);
        } else if name == "ssh" {
            // `-oProxyCommand=…` in place of a host runs here.
            let host = words.iter().position(|w| !w.is_option()).map_or(words.len(), |at| at + 1);
            let before = self.out.len();
            self.operands(name, words.get(..host).unwrap_or_default(), in_script);
            if self.out.len() == before {
                self.run_by(name, words.get(host..).unwrap_or_default());
            }
        } else if let Some((command, rest)) = fetches(name, words)
            && let Some((hole, kinds)) = rest.iter().find_map(|w| self.from(w, Kinds::OUTSIDE))
        {
            let way = self.flow.way(self.owner, hole, kinds);
            self.out.push(errors::fetched_and_run(hole.span, kinds, &command, &way));
        } else if name == "find" {
            let exec = |w: &Word<'_>| matches!(w.literal(), Some("-exec" | "-execdir" | "-ok" | "-okdir"));
            if let Some(at) = words.iter().position(exec) {
                let rest = &words[at + 1..];
                self.command(&Command { words: rest, in_script });
            }
        } else if let Some(text) = text_to_run(name, words) {
            self.run_by(name, text);
        } else if let Some(at) = words.iter().position(is_shell).filter(|at| opens_script(&words[at + 1..])) {
            // `docker exec box sh -c …`
            let shell = words[at].prefix.rsplit('/').next().unwrap_or_default();
            self.shell(shell, &words[at + 1..]);
        } else if name == "awk" && words.first().is_some_and(|w| !w.is_option()) {
            self.run_by(name, &words[..1]);
        } else {
            self.operands(name, words, in_script);
        }
    }

    /// `sh -c script`
    fn shell(&mut self, name: &str, words: &[Word<'a>]) {
        let Some(at) = words.iter().position(says_script) else { return };
        let Some(script) = words.get(at + 1) else { return };
        if script.hole_first
            && let Some((hole, kinds)) = self.from(script, Kinds::OUTSIDE)
        {
            let way = self.flow.way(self.owner, hole, kinds);
            self.out.push(errors::script_from_outside(hole.span, kinds, name, &way));
            return;
        }
        self.run_by(&format!("{name} -c"), std::slice::from_ref(script));
    }

    /// `echo text | sh`
    pub(super) fn piped(&mut self, from: &[Word<'a>], to: &[Word<'a>]) {
        let prints = from.first().is_some_and(|w| matches!(w.literal(), Some("echo" | "printf" | "cat")));
        if let (true, Some(shell)) = (prints, reads_script(to))
            && let Some((hole, kinds)) = from.iter().find_map(|w| self.from(w, Kinds::OUTSIDE))
        {
            let way = self.flow.way(self.owner, hole, kinds);
            self.out.push(errors::script_from_outside(hole.span, kinds, shell, &way));
        }
    }

    /// Words that a program runs.
    fn run_by(&mut self, name: &str, words: &[Word<'a>]) {
        // Who starts a run may well say what is to be run; only a part of it is no place for a value.
        let of = |w: &Word<'_>| if w.alone { Kinds::WRITTEN } else { Kinds::ALL };
        let Some((hole, kinds)) = words.iter().find_map(|w| self.from(w, of(w))) else { return };
        let way = self.flow.way(self.owner, hole, kinds);
        self.out.push(errors::words_that_run(hole.span, kinds, name, &way));
    }

    /// Words that may be taken for options, or that name what is changed.
    fn operands(&mut self, name: &str, words: &[Word<'a>], in_script: bool) {
        if programs::HARMLESS.contains(&name) {
            return;
        }
        let known = programs::ENDS_OPTIONS.contains(&name) || name == "git";
        let kinds = if known { Kinds::WRITTEN.or(Kinds::NAMES) } else { Kinds::OUTSIDE };
        let mut before: Option<&Word<'_>> = None;
        for word in words.iter().filter(|w| !w.target) {
            if matches!(word.literal(), Some("--" | "--end-of-options")) {
                break;
            }
            let follows_option = before.is_some_and(|w| w.is_option() && !w.prefix.contains('='))
                && !programs::BARE_OPTIONS.contains(&name);
            if word.hole_first
                && !follows_option
                && let Some((hole, kinds)) = self.from(word, kinds)
            {
                let way = self.flow.way(self.owner, hole, kinds);
                let end = match name {
                    "git" => Some("--end-of-options"),
                    _ => known.then_some("--"),
                };
                let at = word.start.filter(|_| !word.spliced).map(Span::at_start);
                self.out.push(errors::maybe_an_option(hole.span, kinds, name, end.zip(at), in_script, &way));
                return;
            }
            before = Some(word);
        }
        if programs::CHANGES_FILES.contains(&name)
            && let Some((hole, kinds)) = words.iter().find_map(|w| self.from(w, Kinds::OUTSIDE))
        {
            let way = self.flow.way(self.owner, hole, kinds);
            self.out.push(errors::path_from_outside(hole.span, kinds, &format!("`{name}` changes it"), &way));
        }
    }
}

/// `pip install`: what is named is fetched, and run. Gives the words that name it.
fn fetches<'w, 'a>(name: &str, words: &'w [Word<'a>]) -> Option<(String, &'w [Word<'a>])> {
    let (_, commands) = programs::FETCHES.iter().find(|(n, _)| *n == name)?;
    let at = words.iter().position(|w| !w.is_option())?;
    let command = words[at].literal().filter(|command| commands.contains(command))?;
    let rest = &words[at + 1..];
    // An image is the first; what follows it is given to it.
    let one = matches!(name, "docker" | "podman" | "go");
    let end = rest.iter().position(|w| one && !w.is_option()).map_or(rest.len(), |at| at + 1);
    Some((format!("{name} {command}"), &rest[..end]))
}

/// The word that such a program runs: behind its option, or a part of that.
fn text_to_run<'w, 'a>(name: &str, words: &'w [Word<'a>]) -> Option<&'w [Word<'a>]> {
    let (_, options) = programs::RUNS_TEXT.iter().find(|(n, _)| *n == name)?;
    let own = |w: &Word<'_>| {
        let (option, rest) = w.prefix.split_once('=').unwrap_or((&w.prefix, ""));
        !w.hole_first && !w.holes.is_empty() && rest.is_empty() && options.contains(&option)
    };
    words.iter().enumerate().find_map(|(at, word)| match word.literal() {
        Some(text) if options.contains(&text) => Some(words.get(at + 1..at + 2).unwrap_or_default()),
        _ => own(word).then(|| &words[at..=at]),
    })
}

/// The program that takes what it runs from its standard input.
pub(super) fn reads_script<'w>(words: &'w [Word<'_>]) -> Option<&'w str> {
    let (program, rest) = words.split_first()?;
    let name = program.literal()?;
    let name = name.rsplit('/').next().unwrap_or(name);
    let runs = programs::RUNS_TEXT.iter().find(|(n, _)| *n == name);
    let script = |w: &Word<'_>| match runs {
        Some((_, options)) => w.literal().is_some_and(|t| options.contains(&t)),
        None => says_script(w),
    };
    let takes = runs.is_some_and(|_| !matches!(name, "psql" | "mysql" | "osascript"))
        || programs::SHELLS.contains(&name);
    let bare = rest.iter().all(|w| !script(w) && (w.is_option() || w.literal() == Some("-")));
    (takes && bare).then_some(name)
}

fn is_shell(word: &Word<'_>) -> bool {
    word.literal().is_some_and(|t| programs::SHELLS.contains(&t.rsplit('/').next().unwrap_or(t)))
}

/// Whether options of a shell follow, among them `-c`.
fn opens_script(words: &[Word<'_>]) -> bool {
    words.iter().take_while(|w| w.is_option()).any(says_script)
}

fn says_script(word: &Word<'_>) -> bool {
    word.literal().is_some_and(|t| t.starts_with('-') && !t.starts_with("--") && t.contains('c'))
}

/// The place of the program that a program runs.
fn after_options(words: &[Word<'_>], from: usize, valued: &[&str], operands: usize) -> usize {
    let (mut at, mut left) = (from, operands);
    while let Some(word) = words.get(at) {
        if word.literal().is_some_and(|t| valued.contains(&t)) {
            at += 2;
        } else if word.is_option() || word.prefix.contains('=') && !word.hole_first {
            at += 1;
        } else if left > 0 {
            left -= 1;
            at += 1;
        } else {
            break;
        }
    }
    at
}
