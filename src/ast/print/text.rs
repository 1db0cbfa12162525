//! Strings in `"""`: their lines are indented anew, one level further than the line on which they begin. What they mean
//! stays the same, as a string loses the blanks of its least indented line.

use super::layout::{Op, STEP, Writer};

/// The step for a string as written.
pub(super) fn op(written: &str) -> Op<'_> {
    if !written.contains(['\n', '\r']) {
        return Op::Text(written);
    }
    Op::Lines(written, least_indent(written))
}

/// The blanks that every line of a string loses, when it begins on the line after its quotes and every line end in it
/// is part of its text.
fn least_indent(written: &str) -> Option<u32> {
    let raw = written.starts_with('r');
    let inside = written.strip_prefix(if raw { "r\"\"\"" } else { "\"\"\"" })?.strip_suffix("\"\"\"")?;
    let (first, rest) = split_line(inside)?;
    if !first.bytes().all(is_blank) || (!raw && interpolation_over_lines(inside)) {
        return None;
    }
    let mut least = None;
    let mut rest = Some(rest);
    while let Some(text) = rest {
        let (line, next) = split_line(text).map_or((text, None), |(line, next)| (line, Some(next)));
        let blanks = line.bytes().take_while(|b| is_blank(*b)).count();
        if blanks < line.len() {
            least = Some(least.map_or(blanks, |l: usize| l.min(blanks)));
        }
        rest = next;
    }
    // Of a string that is blank its blanks are the text.
    least.map(|l| l as u32)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The first line of a text, and what follows its end.
fn split_line(text: &str) -> Option<(&str, &str)> {
    let end = text.find(['\n', '\r'])?;
    Some((&text[..end], &text[end + if text[end..].starts_with("\r\n") { 2 } else { 1 }..]))
}

/// Whether a line ends within `#{…}`.
fn interpolation_over_lines(inside: &str) -> bool {
    let mut at = 0;
    while let Some(found) = inside[at..].find(['\\', '#']) {
        at += found;
        if inside[at..].starts_with("#{") {
            let end = interpolation_end(inside, at);
            if inside[at..end].contains(['\n', '\r']) {
                return true;
            }
            at = end;
        } else if inside[at..].starts_with('#') {
            at += 1;
        } else {
            at += 1 + inside[at + 1..].chars().next().map_or(0, char::len_utf8);
        }
    }
    false
}

/// The end of the `#{…}` at `start`. Its strings are passed over; a comment cannot stand on one line with its end.
fn interpolation_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    // What is open: an interpolation or brace, or a string in one.
    let mut open: Vec<&str> = vec!["}"];
    let mut at = start + 2;
    while let (Some(close), Some(byte)) = (open.last().copied(), bytes.get(at)) {
        let rest = &bytes[at..];
        if rest.starts_with(close.as_bytes()) {
            open.pop();
            at += close.len();
        } else if close != "}" {
            if *byte == b'\\' {
                at += 2;
            } else if rest.starts_with(b"#{") {
                open.push("}");
                at += 2;
            } else {
                at += 1;
            }
        } else if rest.starts_with(b"r\"") && !(at > 0 && is_word(bytes[at - 1])) {
            let end = text.get(at + 2..).and_then(|t| t.find('"'));
            at = end.map_or(text.len(), |e| at + 2 + e + 1);
        } else if rest.starts_with(b"\"\"\"") || *byte == b'"' {
            let quote = if rest.starts_with(b"\"\"\"") { "\"\"\"" } else { "\"" };
            open.push(quote);
            at += quote.len();
        } else {
            if *byte == b'{' {
                open.push("}");
            }
            at += 1;
        }
    }
    let mut end = at.min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    end
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Writes a string that is `lost` blanks too far in, on a line that is indented by `indent`.
pub(super) fn write(written: &str, lost: Option<u32>, indent: usize, out: &mut Writer) {
    let Some((lost, (first, rest))) = lost.zip(split_line(written)) else {
        return out.lines_as_they_are(written);
    };
    out.lines_as_they_are(first.trim_end_matches([' ', '\t']));
    let indent = indent + STEP;
    let mut rest = Some(rest);
    while let Some(text) = rest {
        let (line, next) = split_line(text).map_or((text, None), |(line, next)| (line, Some(next)));
        let blanks = line.bytes().take_while(|b| is_blank(*b)).count();
        let closes = next.is_none() && line.len() == blanks + 3;
        let cut = if closes { blanks } else { blanks.min(lost as usize) };
        out.line_of_string(indent, &line[cut..]);
        rest = next;
    }
}
