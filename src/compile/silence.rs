//! `// flowc: allow(CODE)`: takes out the lints that a comment allows, and reports comments that allow nothing.

use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::source::{FileId, Span};
use crate::syntax::Allow;

/// Applies the comments of one file. Where there are errors the later lints have not run: then a comment may well be right.
pub(super) fn apply(allows: &[Allow], file: FileId, text: &str, sound: bool, out: &mut Vec<Diagnostic>) {
    let mut useless = Vec::new();
    for allow in allows {
        if allow.codes.is_empty() {
            useless.push(names_no_code(allow.span, whole(allow, text)));
        }
        for (at, (written, span)) in allow.codes.iter().enumerate() {
            let Some(code) = Code::parse(written).filter(|c| c.severity() == Severity::Warning) else {
                useless.push(no_lint(*span, written));
                continue;
            };
            let hit = |d: &Diagnostic| {
                d.code == code
                    && d.span.file == file
                    && allow.line.start <= d.span.start
                    && d.span.start <= allow.line.end
            };
            let before = out.len();
            out.retain(|d| !hit(d));
            if sound && out.len() == before {
                useless.push(nothing_below(*span, code, part(allow, at, text)));
            }
        }
    }
    out.append(&mut useless);
}

/// The comment, with its line when nothing else stands in it.
fn whole(allow: &Allow, text: &str) -> Span {
    let (start, end) = (allow.span.start as usize, allow.span.end as usize);
    let line = text[..start].rfind(['\n', '\r']).map_or(0, |i| i + 1);
    let alone = text[line..start].trim().is_empty();
    let next = if text[end..].starts_with("\r\n") { end + 2 } else { (end + 1).min(text.len()) };
    if alone {
        return Span::new(allow.span.file, line as u32, next as u32);
    }
    let code = text[..start].trim_end().len();
    Span::new(allow.span.file, code as u32, end as u32)
}

/// One code of the comment with the comma that goes with it; all of the comment when it is its only one.
fn part(allow: &Allow, at: usize, text: &str) -> Span {
    match (allow.codes.get(at), at.checked_sub(1).and_then(|b| allow.codes.get(b)), allow.codes.get(at + 1)) {
        (Some((_, code)), Some((_, before)), _) => Span::new(code.file, before.end, code.end),
        (Some((_, code)), None, Some((_, after))) => Span::new(code.file, code.start, after.start),
        _ => whole(allow, text),
    }
}

fn nothing_silenced(span: Span, why: &str) -> Diagnostic {
    Diagnostic::new(Code::W0109, span, format!("this comment silences nothing: {why}"))
}

fn names_no_code(span: Span, comment: Span) -> Diagnostic {
    nothing_silenced(span, "it names no code")
        .help("write the code of the lint in the line below: `// flowc: allow(W0102)`")
        .safe_fix("take the comment out", comment, "")
}

fn no_lint(span: Span, written: &str) -> Diagnostic {
    if let Some(code) = Code::parse(written) {
        return nothing_silenced(span, &format!("{code} is an error"))
            .note("only lints, whose codes begin with `W`, can be silenced")
            .help("mend what the error is about");
    }
    let diagnostic = nothing_silenced(span, &format!("there is no code `{written}`"));
    match Code::near(written, |code| code.severity() == Severity::Warning) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(
            format!("write `{near}`"),
            span,
            near.to_string(),
        ),
        None => diagnostic.help("`flowc explain` lists all codes; those of lints begin with `W`"),
    }
}

fn nothing_below(span: Span, code: Code, place: Span) -> Diagnostic {
    nothing_silenced(span, &format!("there is no {code} in the line below"))
        .help("take it out, or put it right above the line that the lint is about")
        .safe_fix("take it out", place, "")
}
