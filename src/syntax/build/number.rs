//! Numbers and numbers with units. Units are exact: a literal that is not a whole number of its smallest unit is refused.

use super::{Builder, Pair, errors};
use crate::ast::ExprKind;

/// Milliseconds of each unit of time, largest first.
const TIMES: [(&str, i64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Bytes of each unit of size.
const SIZES: [(&str, i64); 9] = [
    ("B", 1),
    ("KB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Longest duration: a hundred years. More is a slip of the pen, and times must stay within a calendar's range.
const MAX_DURATION: i64 = 36_525 * 86_400_000;

/// What is wrong with a literal: the byte range within it, a message, perhaps what to write.
struct Wrong {
    start: usize,
    end: usize,
    message: String,
    help: Option<String>,
}

type Read<T> = Result<T, Wrong>;

impl Builder<'_> {
    /// `number`
    pub(super) fn number(&mut self, pair: Pair<'_>) -> ExprKind {
        let start = self.span(pair).start;
        let negated = self.negated_at.take() == Some(start);
        match read_number(pair.as_str(), negated) {
            Ok(kind) => kind,
            Err(wrong) => self.wrong(pair, wrong),
        }
    }

    /// `money`
    pub(super) fn money(&mut self, pair: Pair<'_>) -> ExprKind {
        match read_money(pair.as_str()) {
            Ok(amount) => ExprKind::Money(amount),
            Err(wrong) => self.wrong(pair, wrong),
        }
    }

    fn wrong(&mut self, pair: Pair<'_>, wrong: Wrong) -> ExprKind {
        let at = pair.start();
        let span = self.place(at + wrong.start, at + wrong.end);
        if !self.known_fault(span) {
            let diagnostic = errors::bad_literal(span, wrong.message);
            self.report(match wrong.help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            });
        }
        ExprKind::Bad
    }
}

/// Digits, perhaps with a fraction and an exponent, and the letters that follow them.
#[derive(Debug, Clone, Copy)]
struct Segment<'t> {
    start: usize,
    end: usize,
    /// `1_000`, `0.5`, `1e3`
    digits: &'t str,
    unit: &'t str,
}

fn read_number(text: &str, negated: bool) -> Read<ExprKind> {
    // Most are a few digits.
    if text.len() < 19
        && text.bytes().all(|b| b.is_ascii_digit())
        && let Ok(value) = text.parse()
    {
        return Ok(ExprKind::Int(value));
    }
    let wrong = |message: String, help: Option<String>| Wrong { start: 0, end: text.len(), message, help };
    if let Some(percent) = text.strip_suffix('%') {
        let segments = segments(percent)?;
        return match segments.as_slice() {
            [one] if one.unit.is_empty() && !has_exponent(one.digits) => {
                float(&format!("{}e-2", plain(one.digits)), text)
            }
            _ => Err(wrong(format!("`{text}` is not a percentage"), None)),
        };
    }
    let segments = segments(text)?;
    let Some(first) = segments.first() else { return Err(wrong(format!("`{text}` is not a number"), None)) };
    if first.unit.is_empty() {
        return if first.digits.contains('.') || has_exponent(first.digits) {
            float(&plain(first.digits), text)
        } else {
            int(&plain(first.digits), text, negated)
        };
    }
    if TIMES.iter().any(|(unit, _)| *unit == first.unit) {
        return duration(&segments, text);
    }
    match (SIZES.iter().find(|(unit, _)| *unit == first.unit), segments.len()) {
        (Some((_, size)), 1) => scaled(first, *size, "byte").map(ExprKind::Bytes),
        (Some(_), _) => Err(wrong(format!("`{text}` is not a size: write one number and one unit"), None)),
        (None, _) => Err(unknown_unit(first)),
    }
}

fn has_exponent(digits: &str) -> bool {
    digits.contains(['e', 'E'])
}

fn plain(digits: &str) -> String {
    digits.replace('_', "")
}

/// Splits `2h30m` into its numbers with units.
fn segments(text: &str) -> Read<Vec<Segment<'_>>> {
    let bytes = text.as_bytes();
    let run = |mut at: usize, ok: fn(&u8) -> bool| {
        while bytes.get(at).is_some_and(ok) {
            at += 1;
        }
        at
    };
    let digit: fn(&u8) -> bool = |b| b.is_ascii_digit() || *b == b'_';
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        at = run(at, digit);
        if bytes.get(at) == Some(&b'.') {
            at = run(at + 1, digit);
        }
        at = exponent(bytes, at);
        let unit = at;
        at = run(at, |b| b.is_ascii_alphabetic());
        let segment = Segment { start, end: at, digits: &text[start..unit], unit: &text[unit..at] };
        check_digits(&segment)?;
        found.push(segment);
    }
    Ok(found)
}

/// The end of `e10`, `e-3` at `at`, or `at`.
fn exponent(bytes: &[u8], at: usize) -> usize {
    if !matches!(bytes.get(at), Some(b'e' | b'E')) {
        return at;
    }
    let mut end = at + 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
    let first = end;
    while bytes.get(end).is_some_and(u8::is_ascii_digit) {
        end += 1;
    }
    if end > first { end } else { at }
}

/// `_` stands between digits, and a unit is there where another number follows.
fn check_digits(segment: &Segment<'_>) -> Read<()> {
    let digits = segment.digits;
    let bytes = digits.as_bytes();
    let fail = |message: String, help: Option<&str>| {
        Err(Wrong { start: segment.start, end: segment.end, message, help: help.map(str::to_string) })
    };
    let between =
        |i: usize| i > 0 && bytes[i - 1].is_ascii_digit() && bytes.get(i + 1).is_some_and(u8::is_ascii_digit);
    if (0..bytes.len()).any(|i| bytes[i] == b'_' && !between(i)) {
        return fail("a `_` in a number goes between two digits".to_string(), None);
    }
    if digits.is_empty() || !bytes[0].is_ascii_digit() || digits.matches('.').count() > 1 {
        return fail(
            "this is not a number".to_string(),
            Some("a number is written `42`, `1_000`, `0.5` or `80%`"),
        );
    }
    Ok(())
}

fn int(digits: &str, text: &str, negated: bool) -> Read<ExprKind> {
    match digits.parse::<u64>() {
        Ok(value) if value <= i64::MAX as u64 => Ok(ExprKind::Int(value as i64)),
        Ok(value) if negated && value == i64::MIN.unsigned_abs() => Ok(ExprKind::Int(i64::MIN)),
        Ok(_) | Err(_) => Err(Wrong {
            start: 0,
            end: text.len(),
            message: format!("`{}` is too large for an Int", shortened(text)),
            help: Some(format!("the largest Int is {}; a Float is written with a point", i64::MAX)),
        }),
    }
}

fn float(digits: &str, text: &str) -> Read<ExprKind> {
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(ExprKind::Float(value)),
        Ok(_) | Err(_) => Err(Wrong {
            start: 0,
            end: text.len(),
            message: format!("`{}` is too large for a Float", shortened(text)),
            help: None,
        }),
    }
}

fn duration(segments: &[Segment<'_>], text: &str) -> Read<ExprKind> {
    let mut total: i64 = 0;
    let mut last = 0;
    for (i, segment) in segments.iter().enumerate() {
        let Some(unit) = TIMES.iter().position(|(unit, _)| *unit == segment.unit) else {
            return Err(unknown_unit(segment));
        };
        if i > 0 && unit <= last {
            return Err(Wrong {
                start: segment.start,
                end: segment.end,
                message: "the units of a duration go from large to small, each once".to_string(),
                help: Some("write `2h30m`".to_string()),
            });
        }
        last = unit;
        total = total.saturating_add(scaled(segment, TIMES[unit].1, "millisecond")?);
    }
    if total > MAX_DURATION {
        return Err(Wrong {
            start: 0,
            end: text.len(),
            message: format!("`{}` is too long for a Duration", shortened(text)),
            help: Some("the longest is a hundred years: `36525d`".to_string()),
        });
    }
    Ok(ExprKind::Duration(total))
}

/// `digits` times `scale`, exactly.
fn scaled(segment: &Segment<'_>, scale: i64, smallest: &str) -> Read<i64> {
    let fail = |message: String, help: Option<String>| {
        Err(Wrong { start: segment.start, end: segment.end, message, help })
    };
    if has_exponent(segment.digits) {
        return fail("a number with a unit has no exponent".to_string(), None);
    }
    let written = format!("{}{}", shortened(segment.digits), segment.unit);
    match exact(&plain(segment.digits), scale) {
        Exact::Whole(value) => Ok(value),
        Exact::Fraction => fail(format!("`{written}` is not a whole number of {smallest}s"), None),
        Exact::TooLarge => {
            fail(format!("`{written}` is too large"), Some(format!("the limit is {} {smallest}s", i64::MAX)))
        }
    }
}

enum Exact {
    Whole(i64),
    Fraction,
    TooLarge,
}

/// A decimal number times a scale, without rounding.
fn exact(digits: &str, scale: i64) -> Exact {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if whole.len() > 19 {
        return Exact::TooLarge;
    }
    if fraction.len() > 12 {
        return Exact::Fraction;
    }
    let number = |digits: &str| digits.parse::<i128>().unwrap_or(0);
    let power = 10i128.pow(fraction.len() as u32);
    let scaled = (number(whole) * power + number(fraction)) * i128::from(scale);
    if scaled % power != 0 {
        return Exact::Fraction;
    }
    i64::try_from(scaled / power).map_or(Exact::TooLarge, Exact::Whole)
}

fn read_money(text: &str) -> Read<i64> {
    let wrong = |message: String, help: Option<String>| Wrong { start: 0, end: text.len(), message, help };
    let shift = |mut wrong: Wrong| {
        wrong.start += 1;
        wrong.end += 1;
        wrong
    };
    let amount = text.strip_prefix('$').unwrap_or(text);
    let segments = segments(amount).map_err(shift)?;
    let [one] = segments.as_slice() else {
        return Err(wrong(
            format!("`{}` is not an amount of money", shortened(text)),
            Some("write `$2.50`".to_string()),
        ));
    };
    if !one.unit.is_empty() || has_exponent(one.digits) {
        return Err(wrong(
            format!("`{}` is not an amount of money", shortened(text)),
            Some("write `$2.50`".to_string()),
        ));
    }
    match exact(&plain(one.digits), 10_000) {
        Exact::Whole(value) => Ok(value),
        Exact::Fraction => Err(wrong(
            format!("`{}` has more than four decimals", shortened(text)),
            Some("money is exact to $0.0001".to_string()),
        )),
        Exact::TooLarge => Err(wrong(format!("`{}` is too large for Money", shortened(text)), None)),
    }
}

fn unknown_unit(segment: &Segment<'_>) -> Wrong {
    let help = match segment.unit.to_ascii_lowercase().as_str() {
        "min" | "mins" | "minute" | "minutes" => "write `m` for minutes",
        "sec" | "secs" | "second" | "seconds" => "write `s` for seconds",
        "hr" | "hrs" | "hour" | "hours" => "write `h` for hours",
        "day" | "days" => "write `d` for days",
        "w" | "week" | "weeks" => "a week is `7d`",
        "msec" | "millis" => "write `ms` for milliseconds",
        "us" | "ns" => "the smallest unit of time is `ms`",
        "k" | "kb" => "write `KB` (1000 bytes) or `KiB` (1024 bytes)",
        "mb" | "mib" => "write `MB` or `MiB`; minutes are `m`",
        "g" | "gb" | "gib" => "write `GB` or `GiB`",
        "t" | "tb" | "tib" => "write `TB` or `TiB`",
        "" => "a unit is missing here: `2h30m`",
        _ => "the units are `ms s m h d`, `B KB MB GB TB` and `KiB MiB GiB TiB`",
    };
    let message = if segment.unit.is_empty() {
        format!("`{}` lacks its unit", shortened(segment.digits))
    } else {
        format!("`{}` is not a unit", shortened(segment.unit))
    };
    Wrong { start: segment.start, end: segment.end, message, help: Some(help.to_string()) }
}

/// At most 40 characters of a literal, for a message.
fn shortened(text: &str) -> String {
    if text.len() <= 40 { text.to_string() } else { format!("{}…", &text[..40]) }
}
