//! Comments at the ends of lines. Those of neighbouring lines that were written in one column are put into one column
//! again; every other stands two blanks behind its line.

/// A comment at the end of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tail {
    /// The end of the code before it, in the written text.
    pub(super) at: usize,
    /// Its line.
    pub(super) line: u32,
    /// The width of the code before it.
    pub(super) width: u32,
    /// The column where it was.
    pub(super) column: u32,
}

/// Puts the comments of neighbouring lines into columns.
pub(super) fn align(text: String, tails: &[Tail]) -> String {
    if tails.len() < 2 {
        return text;
    }
    let mut extra = vec![0; tails.len()];
    let mut start = 0;
    for end in 1..=tails.len() {
        let apart = tails.get(end).is_none_or(|next| blank_line_between(&text, tails[end - 1], *next));
        if apart {
            widen(&tails[start..end], &mut extra[start..end]);
            start = end;
        }
    }
    if extra.iter().all(|e| *e == 0) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + extra.iter().sum::<usize>());
    let mut done = 0;
    for (tail, extra) in tails.iter().zip(&extra) {
        out.push_str(&text[done..tail.at]);
        out.extend(std::iter::repeat_n(' ', *extra));
        done = tail.at;
    }
    out.push_str(&text[done..]);
    out
}

fn blank_line_between(text: &str, one: Tail, next: Tail) -> bool {
    next.line > one.line + 1 && text[one.at..next.at].contains("\n\n")
}

/// How many blanks more each comment of a run of lines gets.
fn widen(run: &[Tail], extra: &mut [usize]) {
    let mut order: Vec<usize> = (0..run.len()).collect();
    order.sort_by_key(|i| run[*i].column);
    for column in order.chunk_by(|a, b| run[*a].column == run[*b].column) {
        let widest = column.iter().map(|i| run[*i].width).max().unwrap_or(0);
        column.iter().for_each(|i| extra[*i] = (widest - run[*i].width) as usize);
    }
}
