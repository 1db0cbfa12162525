//! What is wrong with a program, as plain data.
//!
//! A [`Diagnostic`] is made by one constructor function per message, beside the phase that finds it (`syntax/errors.rs`,
//! `resolve/errors.rs`, …), and shown by [`render`]. The first line stands alone; `help` names the next step.

mod codes;
pub mod mend;
pub mod render;
pub mod suggest;

pub use codes::{Area, Code, CodeInfo};

use crate::source::Span;

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The program is refused.
    Error,
    /// The program runs; a lint, silenced by `// flowc: allow(CODE)`.
    Warning,
}

/// A place with what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub message: String,
}

/// Whether a fix may be applied without a person's look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Applicability {
    /// It says what was meant, or what the program means already: `flowc check --fix` applies it.
    Safe,
    /// A guess, or a change of what the program does: an editor offers it.
    NeedsLook,
}

/// A change of the text that would mend the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in the imperative: "write `threats`".
    pub title: String,
    pub edits: Vec<Edit>,
    pub applicability: Applicability,
}

/// Replace the text under `span` by `text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// One error or lint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    /// One line that stands alone.
    pub message: String,
    /// The place that is wrong.
    pub span: Span,
    /// What to say right at `span`; may be empty.
    pub note: String,
    /// Other places that explain it.
    pub labels: Vec<Label>,
    /// Next steps.
    pub help: Vec<String>,
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// A diagnostic of `code` (its severity follows from the code) at `span`.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: code.severity(),
            message: message.into(),
            span,
            note: String::new(),
            labels: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// Says something right at the place.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Diagnostic {
        self.note = note.into();
        self
    }

    /// Points at another place.
    #[must_use]
    pub fn label(mut self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, message: message.into() });
        self
    }

    /// Names a next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help.push(help.into());
        self
    }

    /// Offers a change that a person should look at.
    #[must_use]
    pub fn fix(self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Diagnostic {
        self.fix_all(Applicability::NeedsLook, title, vec![Edit { span, text: text.into() }])
    }

    /// Offers a change that may be made without a look.
    #[must_use]
    pub fn safe_fix(self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Diagnostic {
        self.fix_all(Applicability::Safe, title, vec![Edit { span, text: text.into() }])
    }

    /// Offers a change of several places.
    #[must_use]
    pub fn fix_all(
        mut self,
        applicability: Applicability,
        title: impl Into<String>,
        edits: Vec<Edit>,
    ) -> Diagnostic {
        self.fixes.push(Fix { title: title.into(), edits, applicability });
        self
    }

    /// Whether it refuses the program.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Sorts by place, for output; the order of equal places is kept.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(|d| (d.span.file, d.span.start, d.span.end, d.code));
}
