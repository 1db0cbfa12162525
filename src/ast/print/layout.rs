//! The document that the printer builds, and how its lines are broken. A document is a flat list of steps; groups nest
//! in it. A group is set on one line when it fits up to the next place where a line may end, else all of its own places
//! become line ends. Two passes, each linear: one measures, one writes.

use super::align::Tail;

/// Blanks of one level of indentation.
pub(super) const STEP: usize = 2;

/// One step of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op<'a> {
    /// Text without a line end.
    Text(&'a str),
    Space,
    /// A blank, or the end of a line where the group is broken.
    Line,
    /// Nothing, or the end of a line where the group is broken.
    Soft,
    /// The end of a line.
    Hard,
    /// The end of a line in the middle of something that goes on one level further in.
    Fresh,
    /// An empty line, if a line ends here.
    Blank,
    /// The line that begins here is not indented.
    Margin,
    /// `,`, or nothing where the group is broken.
    Comma,
    /// One level further in, where the group is broken.
    Indent,
    Dedent,
    Begin(Group),
    End,
    /// The group is broken.
    Break,
    /// The last element of the group begins: it may be broken alone, with all before it on one line.
    Last,
    /// A comment on a line of its own.
    Comment(&'a str),
    /// A comment at the end of the line, and the column where it was.
    Tail(&'a str, u32),
    /// Text kept byte for byte; whether it may end in a comment.
    Verbatim(&'a str, bool),
    /// A string in `"""` over several lines, and the blanks that its lines lose; none when they are kept as they are.
    Lines(&'a str, Option<u32>),
}

/// How a group is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// When it does not fit.
    Fit,
    /// Always.
    Broken,
    /// Like `Fit`, but its last element alone may be broken instead.
    Hug,
    /// Like `Fit`, but the last element alone is broken when it must be.
    Tail,
}

#[derive(Debug, Clone, Copy)]
struct Measure {
    kind: Group,
    broken: bool,
    /// Something in the last element must be broken.
    tail_broken: bool,
    /// The last element has begun.
    last: bool,
    /// The end of the group among the steps.
    end: usize,
    /// The width up to the first place in it where a line may end, and the same in its last element.
    first_stop: Option<u32>,
    last_stop: Option<u32>,
}

/// What the first pass finds out.
struct Measured {
    groups: Vec<Measure>,
    /// The width of all steps before each, on one line.
    before: Vec<u32>,
    /// The width up to the next place where a line may end, at or after each step.
    stops: Vec<u32>,
}

fn width_of(text: &str) -> u32 {
    if text.is_ascii() { text.len() as u32 } else { text.chars().count() as u32 }
}

fn first_line(text: &str) -> &str {
    text.split(['\n', '\r']).next().unwrap_or("")
}

impl Op<'_> {
    /// The width on one line, up to the first line end in it.
    fn width(self) -> u32 {
        match self {
            Op::Text(text) => width_of(text),
            Op::Verbatim(text, _) | Op::Lines(text, _) => width_of(first_line(text)),
            Op::Space | Op::Line | Op::Comma => 1,
            _ => 0,
        }
    }

    /// Whether a line always ends in or at it, wherever it stands.
    fn ends_line(self) -> bool {
        match self {
            Op::Hard | Op::Fresh | Op::Comment(_) | Op::Lines(..) => true,
            Op::Verbatim(text, _) => text.contains(['\n', '\r']),
            _ => false,
        }
    }
}

fn measure(ops: &[Op<'_>]) -> Measured {
    let mut groups: Vec<Measure> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut before = Vec::with_capacity(ops.len() + 1);
    let mut width = 0;
    let mut pending = false;
    for (at, op) in ops.iter().enumerate() {
        before.push(width);
        width += op.width();
        let mut stop = None;
        let top = open.last().copied();
        match *op {
            Op::Begin(kind) => {
                open.push(groups.len());
                groups.push(Measure {
                    kind,
                    broken: kind == Group::Broken,
                    tail_broken: false,
                    last: false,
                    end: at,
                    first_stop: None,
                    last_stop: None,
                });
            }
            Op::End => end_group(&mut groups, &mut open, at),
            Op::Break => top.into_iter().for_each(|g| groups[g].broken = true),
            Op::Last => top.into_iter().for_each(|g| groups[g].last = true),
            Op::Tail(..) => pending = true,
            Op::Verbatim(_, comment) => pending |= comment,
            Op::Line | Op::Soft => {
                top.into_iter().for_each(|g| groups[g].broken |= pending);
                pending = false;
                stop = Some(before[at]);
            }
            _ => {}
        }
        if op.ends_line() {
            pending &= matches!(op, Op::Verbatim(..) | Op::Lines(..));
            stop = Some(width);
            if let Some(g) = top {
                let group = &mut groups[g];
                // What ends a line in the last element spares the others, but a plain line end is the group's own.
                let in_last = group.last && *op != Op::Hard;
                group.tail_broken |= in_last;
                group.broken |= !in_last;
            }
        }
        if let (Some(stop), Some(g)) = (stop, top) {
            let own = matches!(op, Op::Line | Op::Soft);
            groups[g].first_stop.get_or_insert(stop);
            if groups[g].last && !own {
                groups[g].last_stop.get_or_insert(stop);
            }
        }
    }
    before.push(width);
    let stops = stops(ops, &before);
    Measured { groups, before, stops }
}

/// Closes the innermost group, and tells the one around it.
fn end_group(groups: &mut [Measure], open: &mut Vec<usize>, at: usize) {
    let Some(inner) = open.pop() else { return };
    groups[inner].end = at;
    let inner = groups[inner];
    let Some(outer) = open.last().map(|g| &mut groups[*g]) else { return };
    if inner.broken || inner.tail_broken {
        outer.tail_broken |= outer.last;
        outer.broken |= !outer.last;
    }
    if let Some(stop) = inner.first_stop {
        outer.first_stop.get_or_insert(stop);
        if outer.last {
            outer.last_stop.get_or_insert(stop);
        }
    }
}

fn stops(ops: &[Op<'_>], before: &[u32]) -> Vec<u32> {
    let mut stops = vec![0; ops.len() + 1];
    let mut next = before[ops.len()];
    stops[ops.len()] = next;
    for (at, op) in ops.iter().enumerate().rev() {
        if matches!(op, Op::Line | Op::Soft) {
            next = before[at];
        } else if op.ends_line() {
            next = before[at] + op.width();
        }
        stops[at] = next;
    }
    stops
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Flat,
    Broken,
    /// Its own places are flat, its last element is as it likes.
    Hug,
}

pub(super) struct Writer {
    out: String,
    tails: Vec<Tail>,
    width: u32,
    column: u32,
    line: u32,
    /// Indentation of the line.
    line_indent: usize,
    /// The line is to end, and the next is indented so much.
    ending: Option<usize>,
    blank: bool,
}

/// Writes the document; the comments at the ends of lines are given by their places, to be aligned.
pub(super) fn write(ops: &[Op<'_>], width: u32) -> (String, Vec<Tail>) {
    let measured = measure(ops);
    let mut w = Writer {
        out: String::new(),
        tails: Vec::new(),
        width,
        column: 0,
        line: 0,
        line_indent: 0,
        ending: Some(0),
        blank: false,
    };
    let mut modes = vec![Mode::Broken];
    let mut indents: Vec<usize> = vec![0];
    let mut group = 0;
    let mut tail: Option<(&str, u32)> = None;
    for (at, op) in ops.iter().enumerate() {
        let mode = modes.last().copied().unwrap_or(Mode::Broken);
        let indent = indents.last().copied().unwrap_or(0);
        let ends = match op {
            Op::Line | Op::Soft => mode == Mode::Broken,
            Op::Hard | Op::Fresh | Op::Comment(_) => true,
            _ => false,
        };
        if ends && let Some((text, column)) = tail.take() {
            w.tail(text, column);
        }
        match *op {
            Op::Begin(_) => {
                modes.push(w.mode(&measured, group, at, mode));
                group += 1;
            }
            Op::End => drop(modes.pop()),
            Op::Indent => indents.push(if mode == Mode::Broken { indent + STEP } else { indent }),
            Op::Dedent => drop(indents.pop()),
            Op::Line | Op::Soft | Op::Hard if ends => w.ending = Some(indent),
            Op::Line | Op::Space => w.space(),
            Op::Fresh => {
                w.fresh(indent);
            }
            Op::Comment(text) => {
                let indent = w.fresh(indent);
                w.text(text);
                w.ending = Some(indent);
            }
            Op::Comma if mode != Mode::Broken => w.text(","),
            Op::Blank => w.blank = w.ending.is_some(),
            Op::Margin => w.ending = w.ending.map(|_| 0),
            Op::Text(text) => w.text(text),
            Op::Verbatim(text, _) => w.verbatim(text),
            Op::Lines(text, lost) => super::text::write(text, lost, w.begin(), &mut w),
            Op::Tail(text, column) => tail = Some((text, column)),
            Op::Comma | Op::Soft | Op::Hard | Op::Last | Op::Break => {}
        }
    }
    if let Some((text, column)) = tail {
        w.tail(text, column);
    }
    if !w.out.is_empty() {
        w.out.push('\n');
    }
    (w.out, w.tails)
}

impl Writer {
    fn mode(&self, measured: &Measured, group: usize, at: usize, outer: Mode) -> Mode {
        let group = measured.groups[group];
        if outer == Mode::Flat {
            return Mode::Flat;
        }
        if group.broken {
            return Mode::Broken;
        }
        let column = self.ending.map_or(self.column, |indent| indent as u32);
        let fits = |stop: u32| column + (stop - measured.before[at]) <= self.width;
        if !group.tail_broken && fits(measured.stops[group.end]) {
            return Mode::Flat;
        }
        let may_hug = group.kind == Group::Hug || group.tail_broken;
        if may_hug && group.last_stop.is_some_and(fits) { Mode::Hug } else { Mode::Broken }
    }

    /// Starts the next line, if the one before has ended; gives the indentation of the line.
    fn begin(&mut self) -> usize {
        let Some(indent) = self.ending.take() else { return self.line_indent };
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        if !self.out.is_empty() {
            self.newline();
            if self.blank {
                self.newline();
            }
        }
        self.blank = false;
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent as u32;
        self.line_indent = indent;
        indent
    }

    fn newline(&mut self) {
        self.out.push('\n');
        self.line += 1;
        self.column = 0;
    }

    /// Ends the line, unless nothing stands on it; gives the indentation of the next one.
    fn fresh(&mut self, indent: usize) -> usize {
        *self.ending.get_or_insert(indent + STEP)
    }

    fn space(&mut self) {
        if self.ending.is_none() {
            self.text(" ");
        }
    }

    fn text(&mut self, text: &str) {
        self.begin();
        self.out.push_str(text);
        self.column += width_of(text);
    }

    fn verbatim(&mut self, text: &str) {
        self.begin();
        self.lines_as_they_are(text);
    }

    /// Text with line ends in it, which become `\n`.
    pub(super) fn lines_as_they_are(&mut self, text: &str) {
        let mut rest = text;
        while let Some(end) = rest.find(['\n', '\r']) {
            self.out.push_str(&rest[..end]);
            self.newline();
            rest = &rest[end + if rest[end..].starts_with("\r\n") { 2 } else { 1 }..];
        }
        self.out.push_str(rest);
        self.column += width_of(rest);
    }

    /// A line of a string, after the line before has ended.
    pub(super) fn line_of_string(&mut self, indent: usize, text: &str) {
        self.newline();
        if !text.is_empty() {
            self.out.extend(std::iter::repeat_n(' ', indent));
            self.column = indent as u32;
            self.lines_as_they_are(text);
        }
    }

    /// A comment behind what stands on the line.
    fn tail(&mut self, text: &str, column: u32) {
        self.begin();
        while self.out.ends_with(' ') {
            self.out.pop();
            self.column -= 1;
        }
        let tail = Tail { at: self.out.len(), line: self.line, width: self.column, column };
        self.tails.push(tail);
        self.out.push_str("  ");
        self.out.push_str(text);
    }
}
