//! Diagnostics as annotations of GitHub: one workflow command a line.

use super::Found;
use std::fmt::Write;

/// All diagnostics of a check, each as `::error file=…,line=…::message`.
pub fn github(diagnostics: &[Found<'_>]) -> String {
    let mut out = String::new();
    for (d, sources) in diagnostics {
        let (start, end) = sources.positions(d.span);
        let command = if d.is_error() { "error" } else { "warning" };
        let file = property(&sources.get(d.span.file).name);
        let _ = write!(out, "::{command} file={file},line={},endLine={}", start.line, end.line);
        // Columns are only of use within one line.
        if start.line == end.line {
            let _ = write!(out, ",col={},endColumn={}", start.column, end.column);
        }
        let title = property(&format!("{} {}", d.code, d.code.info().title));
        let _ = writeln!(out, ",title={title}::{}", data(&text(&(d, sources))));
    }
    out
}

fn text((d, sources): &(&&crate::diagnostics::Diagnostic, &&crate::source::SourceMap)) -> String {
    let mut text = d.message.clone();
    if !d.note.is_empty() {
        let _ = write!(text, "\n{}", d.note);
    }
    for label in &d.labels {
        let line = sources.positions(label.span).0.line;
        let _ = write!(text, "\n{}:{line}: {}", sources.get(label.span.file).name, label.message);
    }
    for help in &d.help {
        let _ = write!(text, "\nhelp: {help}");
    }
    text
}

/// The text of a command: it ends at its line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property: it ends at `,` or `:` besides.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::{Code, Diagnostic};
    use crate::source::{SourceMap, Span};

    #[test]
    fn nothing_in_a_message_ends_its_command() {
        let mut sources = SourceMap::new();
        let file = sources.add("a,b:c%.flow", "let x\nlet y\n");
        let d = Diagnostic::new(Code::F0301, Span::new(file, 4, 5), "100%\n::error::no").help("a\r\nb");
        let shown = github(&[(&d, &sources)]);
        assert_eq!(
            shown,
            "::error file=a%2Cb%3Ac%25.flow,line=1,endLine=1,col=5,endColumn=6,title=F0301 type \
             mismatch::100%25%0A::error::no%0Ahelp: a%0D%0Ab\n"
        );
        let over_lines = Diagnostic::new(Code::W0101, Span::new(file, 4, 8), "x");
        assert!(
            github(&[(&over_lines, &sources)])
                .starts_with("::warning file=a%2Cb%3Ac%25.flow,line=1,endLine=2,title")
        );
    }
}
