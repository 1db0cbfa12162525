//! How an interpolation that stands inside shell quotes is mended: as edits of the source.

use super::Checker;
use super::shell::Fault;
use crate::ast::{Expr, ExprKind, Str, StrPart, StrStyle};
use crate::diagnostics::{Applicability, Edit};
use crate::source::Span;

type Mended = (Applicability, String, Vec<Edit>);

/// An interpolation in the text of its file, with its `#{` and `}`.
struct Hole<'t> {
    text: &'t str,
    span: Span,
}

impl<'a> Checker<'a> {
    /// The edits that take a value out of the quotes around it, where they can be told.
    pub(super) fn unquoted(&self, script: &Str, value: &Expr, fault: Fault) -> Option<Mended> {
        let text: &str = &self.sources.get(value.span.file).text;
        let hole = Hole::new(text, value.span)?;
        let escaped = script.style == StrStyle::Line;
        match fault {
            Fault::SingleQuotes => hole.outside("'"),
            Fault::DoubleQuotes => hole.outside(if escaped { "\\\"" } else { "\"" }),
            Fault::Backticks | Fault::HereDocument | Fault::Expansion | Fault::Arithmetic => {
                self.by_variable(script, value, &hole, fault)
            }
            Fault::Escaped => {
                let before = text.get(..hole.span.start as usize)?.strip_suffix("\\\\")?;
                let edit = Edit { span: hole.up_to(before.len()), text: String::new() };
                Some((Applicability::NeedsLook, "take the backslash away".to_string(), vec![edit]))
            }
            Fault::Comment => {
                let edit = Edit { span: hole.span, text: String::new() };
                Some((Applicability::NeedsLook, "take it out of the comment".to_string(), vec![edit]))
            }
            Fault::RawDocument => None,
        }
    }

    /// Sets a shell variable at the start of the script and refers to it.
    fn by_variable(&self, script: &Str, value: &Expr, hole: &Hole<'_>, fault: Fault) -> Option<Mended> {
        let written = hole.text.get(hole.span.range())?;
        let name = match &value.kind {
            ExprKind::Name(name) => name.text.to_string(),
            _ => {
                let mut values = script.parts.iter().filter(|part| matches!(part, StrPart::Expr(_)));
                let own = |part: &StrPart| matches!(part, StrPart::Expr(e) if e.id == value.id);
                format!("value{}", values.position(own)? + 1)
            }
        };
        let whole = hole.text.get(script.span.range())?;
        if whole.contains(&format!("${name}")) || whole.contains(&format!("{name}=")) {
            return None;
        }
        let quote = if script.style == StrStyle::Block { 3 } else { 1 };
        let inside = whole.get(quote..)?;
        let start = script.span.start as usize + quote + (inside.len() - inside.trim_start().len());
        let at = Span { start: start as u32, end: start as u32, ..script.span };
        let used = match (fault, script.style) {
            (Fault::Backticks, StrStyle::Line) => format!("\\\"${name}\\\""),
            (Fault::Backticks, _) => format!("\"${name}\""),
            _ => format!("${{{name}}}"),
        };
        let edits = vec![
            Edit { span: at, text: format!("{name}={written}; ") },
            Edit { span: hole.span, text: used },
        ];
        Some((Applicability::NeedsLook, format!("set the shell variable `{name}` and use it there"), edits))
    }
}

impl<'t> Hole<'t> {
    fn new(text: &'t str, value: Span) -> Option<Hole<'t>> {
        let before = text.get(..value.start as usize)?.trim_end().strip_suffix("#{")?;
        let behind = text.get(value.end as usize..)?;
        let close = behind.len() - behind.trim_start().strip_prefix('}')?.len();
        let span = Span { start: before.len() as u32, end: value.end + close as u32, ..value };
        Some(Hole { text, span })
    }

    /// From a place to the start.
    fn up_to(&self, from: usize) -> Span {
        Span { start: from as u32, end: self.span.start, ..self.span }
    }

    /// Ends the quotes before it and opens them again behind it; those that would be empty go.
    fn outside(&self, quote: &str) -> Option<Mended> {
        let before = self.text.get(..self.span.start as usize)?;
        let behind = self.text.get(self.span.end as usize..)?;
        let opening = match before.strip_suffix(quote) {
            // A quotation mark with a backslash of its own is text.
            Some(rest) if rest.ends_with('\\') => return None,
            Some(rest) => Edit { span: self.up_to(rest.len()), text: String::new() },
            None => Edit { span: self.span.at_start(), text: quote.to_string() },
        };
        let end = self.span.end;
        let closing = match behind.starts_with(quote) {
            true => Edit {
                span: Span { start: end, end: end + quote.len() as u32, ..self.span },
                text: String::new(),
            },
            false => Edit { span: self.span.at_end(), text: quote.to_string() },
        };
        Some((Applicability::Safe, "take it out of the quotes".to_string(), vec![opening, closing]))
    }
}
