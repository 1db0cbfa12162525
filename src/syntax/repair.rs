//! A piece whose brackets or strings do not close, made readable. Takes the text of an item with a block and gives the
//! same text, byte for byte in its place, but for this: a statement that does not close is overwritten by [`BROKEN`],
//! and a `}` that is missing is put where the indentation says that it belongs, or at the end behind a [`CUT`]. So one
//! half-typed statement spoils itself and not the workflow around it.

/// Stands for the bytes of a statement whose brackets or strings do not close; that was reported.
pub(super) const BROKEN: char = '\u{1}';
/// Stands for what was not written yet, at the end of a block without its `}`.
pub(super) const CUT: char = '\u{2}';

/// What does not close: the byte where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    Bracket(usize),
    Text(usize),
    /// A closing bracket that closes nothing.
    Stray(usize),
}

/// The text to read instead, if it can be told what was meant, and what is wrong with the one that was written.
pub(super) fn repaired(text: &str) -> Option<(String, Vec<Fault>)> {
    let first = text.split(|c: char| !c.is_ascii_alphabetic()).next()?;
    let props = matches!(first, "task" | "agent" | "resource" | "mcp");
    if !props && !matches!(first, "workflow" | "test" | "fn") {
        return None;
    }
    let mut repair = Repair {
        text,
        bytes: text.as_bytes(),
        out: text.as_bytes().to_vec(),
        pos: 0,
        open: Vec::new(),
        statement: None,
        head: Head::None,
        props,
        faults: Vec::new(),
    };
    repair.run()?;
    repair.end()?;
    Some((String::from_utf8(repair.out).ok()?, repair.faults))
}

#[derive(Debug, Clone, Copy)]
struct Open {
    byte: u8,
    at: usize,
    /// Indentation of its line.
    indent: usize,
    /// Statements stand in it.
    block: bool,
}

/// What a `{` belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    None,
    /// A keyword before a block.
    Block,
    /// `with`, inside the head of something else or behind a call.
    With,
    /// `task`, `match`, `race`: what stands in the braces are no statements.
    Other,
}

struct Repair<'t> {
    text: &'t str,
    bytes: &'t [u8],
    out: Vec<u8>,
    pos: usize,
    open: Vec<Open>,
    /// Start and indentation of the statement, when it began a line.
    statement: Option<(usize, usize)>,
    head: Head,
    /// The item holds properties, each of which is as a statement here.
    props: bool,
    faults: Vec<Fault>,
}

impl Repair<'_> {
    fn run(&mut self) -> Option<()> {
        let mut line = 0;
        let mut fresh = true;
        while let Some(&byte) = self.bytes.get(self.pos) {
            match byte {
                b'\n' | b'\r' => {
                    self.pos += 1;
                    (line, fresh) = (self.pos, true);
                    continue;
                }
                b' ' | b'\t' => {
                    self.pos += 1;
                    continue;
                }
                b'/' if self.bytes[self.pos..].starts_with(b"//") => {
                    self.pos = self.line_end(self.pos);
                    continue;
                }
                _ => {}
            }
            if std::mem::take(&mut fresh) {
                self.line(line, byte)?;
            }
            self.token(line, byte)?;
        }
        Some(())
    }

    fn line_end(&self, from: usize) -> usize {
        self.text[from..].find(['\n', '\r']).map_or(self.text.len(), |end| from + end)
    }

    /// The first token of a line: whether it is further left than what is open allows.
    fn line(&mut self, line: usize, byte: u8) -> Option<()> {
        let indent = self.pos - line;
        if let (Some(top), Some((start, left))) = (self.open.last(), self.statement)
            && !top.block
            && indent <= left
            && !(closes(top.byte, byte) && indent == left)
        {
            self.unclosed(start, line);
        }
        let mut used = 0;
        while let [_, .., top] = self.open.as_slice()
            && top.block
            && (indent < top.indent || (indent == top.indent && byte != b'}'))
        {
            if used == indent {
                return None;
            }
            self.out[line + used] = b'}';
            used += 1;
            self.faults.push(Fault::Bracket(top.at));
            self.open.pop();
        }
        if self.open.last().is_some_and(|top| top.block) && byte != b'}' {
            self.statement = Some((self.pos, indent));
            self.head = Head::None;
        }
        Some(())
    }

    fn token(&mut self, line: usize, byte: u8) -> Option<()> {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => return self.word(),
            b'"' => return self.string(self.pos),
            b'(' | b'[' | b'{' => {
                let indent = self.bytes[line..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
                let block = byte == b'{' && self.opens_block();
                self.open.push(Open { byte, at: self.pos, indent, block });
            }
            b')' | b']' | b'}' => return self.close(line, byte),
            _ => {}
        }
        self.pos += self.text[self.pos..].chars().next().map_or(1, char::len_utf8);
        Some(())
    }

    fn word(&mut self) -> Option<()> {
        let start = self.pos;
        while self.bytes.get(self.pos).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
            self.pos += 1;
        }
        let word = &self.text[start..self.pos];
        if word == "r" && self.bytes.get(self.pos) == Some(&b'"') {
            return self.string(self.pos);
        }
        if self.open.last().is_none_or(|top| top.block) {
            self.head = match word {
                "if" | "else" | "for" | "try" | "catch" | "finally" | "stage" | "repeat" => Head::Block,
                "with" => Head::With,
                "task" | "match" | "race" => Head::Other,
                _ => self.head,
            };
        }
        Some(())
    }

    /// Whether statements stand in the brace at the place.
    fn opens_block(&mut self) -> bool {
        let outer = self.open.last().is_none_or(|top| top.block);
        if self.props && self.open.is_empty() {
            return true;
        }
        match self.head {
            // The next brace is that of the body.
            Head::With => {
                self.head = Head::Block;
                false
            }
            Head::Other => false,
            Head::None | Head::Block => outer && !is_record(self.text[self.pos + 1..].trim_start()),
        }
    }

    /// Whether a `}` comes too early: what follows is still further in than the block that it would close, or the item
    /// goes on behind its own.
    fn is_early(&self, top: Open) -> bool {
        let rest = self.text[self.pos + 1..].lines().skip(1);
        let code = |line: &&str| {
            let line = line.trim_start();
            !line.is_empty() && !line.starts_with("//")
        };
        let next = rest.filter(code).map(|line| line.len() - line.trim_start().len()).next();
        top.block && next.is_some_and(|indent| indent > top.indent)
    }

    fn close(&mut self, line: usize, byte: u8) -> Option<()> {
        match (self.open.last().copied(), self.statement) {
            (Some(top), statement) if closes(top.byte, byte) && top.at < line && self.is_early(top) => {
                match statement {
                    // It stands behind something of its line.
                    Some((start, _)) if line < start && start < self.pos => {
                        self.faults.push(Fault::Stray(self.pos));
                        let end = self.statement_end(start);
                        self.give_up(start, end);
                        self.pos = end;
                        return Some(());
                    }
                    _ => {
                        self.faults.push(Fault::Stray(self.pos));
                        self.out[self.pos] = b' ';
                    }
                }
            }
            (Some(top), _) if closes(top.byte, byte) => {
                self.open.pop();
                if top.block {
                    self.statement = self.statement.filter(|(start, _)| *start < top.at);
                }
            }
            (None, _) => {
                self.faults.push(Fault::Stray(self.pos));
                self.out[self.pos] = b' ';
            }
            (Some(top), Some((start, _))) => {
                let end = self.statement_end(start);
                if byte == b'}' && top.at >= start {
                    self.unclosed(start, end);
                } else {
                    self.faults.push(Fault::Stray(self.pos));
                    self.give_up(start, end);
                }
                self.pos = end;
                return Some(());
            }
            (Some(_), None) => return None,
        }
        self.pos += 1;
        Some(())
    }

    /// A string, at its quote. One that does not end takes its statement with it.
    fn string(&mut self, quote: usize) -> Option<()> {
        let raw = quote > 0 && self.bytes[quote - 1] == b'r';
        match string_end(self.text, quote, raw) {
            Ok(end) => self.pos = end,
            Err(end) => {
                let (start, _) = self.statement?;
                self.faults.push(Fault::Text(quote));
                // Of a statement that began above, the lines below are a part too.
                let above = self.text[start..quote].contains(['\n', '\r']) && end < self.text.len();
                let end = if above { self.brace_end(start) } else { end };
                self.give_up(start, end);
                self.pos = end;
            }
        }
        Some(())
    }

    /// The end of the statement in which the place is: lines that are further in than its first belong to it.
    fn statement_end(&self, start: usize) -> usize {
        let line = self.text[..start].rfind(['\n', '\r']).map_or(0, |l| l + 1);
        let mut end = self.line_end(self.pos);
        while let Some(next) = self.text.get(end + 1..).filter(|rest| !rest.is_empty()) {
            let written = &next[..next.find(['\n', '\r']).unwrap_or(next.len())];
            let code = written.trim_start();
            let indent = written.len() - code.len();
            let closes = indent == start - line && code.starts_with([')', ']']);
            if !code.is_empty() && indent <= start - line && !closes {
                break;
            }
            end += 1 + written.len();
        }
        end
    }

    /// The same, with the line of the brace that closes what the statement opened.
    fn brace_end(&self, start: usize) -> usize {
        let end = self.statement_end(start);
        let line = self.text[..start].rfind(['\n', '\r']).map_or(0, |l| l + 1);
        let braces = self.open.iter().any(|open| open.at >= start && open.byte == b'{');
        let next = self.text.get(end + 1..).unwrap_or_default();
        let closing = next.trim_start_matches([' ', '\t']).starts_with('}')
            && next.len() - next.trim_start_matches([' ', '\t']).len() == start - line;
        if braces && closing { self.line_end(end + 1) } else { end }
    }

    /// Gives up a statement because its innermost bracket is open.
    fn unclosed(&mut self, start: usize, end: usize) {
        self.faults.extend(self.open.last().map(|top| Fault::Bracket(top.at)));
        self.give_up(start, end);
    }

    /// Overwrites a statement, and closes what it opened.
    fn give_up(&mut self, start: usize, end: usize) {
        let end = start + self.text[start..end].trim_end().len();
        self.out[start..end].fill(BROKEN as u8);
        while self.open.last().is_some_and(|top| top.at >= start) {
            self.open.pop();
        }
    }

    /// Whether the last thing that was written is given up already.
    fn gave_up_the_end(&self) -> bool {
        self.out.trim_ascii_end().last() == Some(&(BROKEN as u8))
    }

    /// Closes what is open at the end.
    fn end(&mut self) -> Option<()> {
        match (self.open.first(), self.open.last(), self.statement) {
            (_, Some(top), Some((start, _))) if !top.block => self.unclosed(start, self.text.len()),
            (Some(first), ..) if !self.gave_up_the_end() => self.faults.push(Fault::Bracket(first.at)),
            _ => {}
        }
        while let Some(top) = self.open.pop() {
            if !top.block {
                return None;
            }
            self.out.extend([b'\n', CUT as u8, b'}']);
        }
        Some(())
    }
}

fn closes(open: u8, close: u8) -> bool {
    matches!((open, close), (b'(', b')') | (b'[', b']') | (b'{', b'}'))
}

/// Whether a record, and no statement, follows a `{`.
fn is_record(inside: &str) -> bool {
    if inside.starts_with("...") {
        return true;
    }
    let key = match inside.strip_prefix('"') {
        Some(rest) => rest.split_once('"').map(|(_, behind)| behind),
        None => {
            let word =
                inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len());
            (word > 0).then(|| &inside[word..])
        }
    };
    key.is_some_and(|behind| behind.trim_start().starts_with(':'))
}

/// The end of a string whose quote stands at `quote`, or where it must be given up: at the end of its line, or of all.
fn string_end(text: &str, quote: usize, raw: bool) -> Result<usize, usize> {
    let bytes = text.as_bytes();
    let block = bytes[quote..].starts_with(b"\"\"\"");
    let mut at = quote + if block { 3 } else { 1 };
    // Braces that are open in interpolations, and strings in them.
    let mut inside: Vec<u8> = Vec::new();
    while let Some(byte) = bytes.get(at) {
        let in_code = inside.last() == Some(&b'}');
        match byte {
            b'\n' | b'\r' if !block => return Err(at),
            b'\\' if !raw && !in_code => at += 1,
            b'#' if !raw && !in_code && bytes.get(at + 1) == Some(&b'{') => {
                inside.push(b'}');
                at += 1;
            }
            b'{' if in_code => inside.push(b'}'),
            b'}' if in_code => drop(inside.pop()),
            b'"' if in_code => inside.push(b'"'),
            b'"' if !inside.is_empty() => drop(inside.pop()),
            b'"' if !block => return Ok(at + 1),
            b'"' if bytes[at..].starts_with(b"\"\"\"") => return Ok(at + 3),
            _ => {}
        }
        at += 1;
    }
    Err(text.len())
}
