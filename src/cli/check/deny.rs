//! `--deny`: lints that are taken as errors.

use crate::diagnostics::{Code, Diagnostic, Severity};

/// What is denied.
#[derive(Debug, Default)]
pub(in crate::cli) struct Denied {
    all: bool,
    codes: Vec<Code>,
}

impl Denied {
    /// Reads codes and `warnings`.
    ///
    /// # Errors
    /// What is no lint, with what was probably meant.
    pub(in crate::cli) fn parse(written: &[String]) -> Result<Denied, String> {
        let mut denied = Denied::default();
        for name in written {
            if matches!(name.as_str(), "warnings" | "warning" | "lints" | "all") {
                denied.all = true;
                continue;
            }
            match Code::parse(name) {
                Some(code) if code.severity() == Severity::Warning => denied.codes.push(code),
                Some(code) => return Err(format!("--deny {code}: it is an error already")),
                None => {
                    let near = Code::near(name, |code| code.severity() == Severity::Warning);
                    let hint = match near {
                        Some(near) => format!("did you mean {near}?"),
                        None => "it takes `warnings`, or the code of a lint such as W0103".to_string(),
                    };
                    return Err(format!("--deny: there is no lint `{}`; {hint}", name.escape_debug()));
                }
            }
        }
        Ok(denied)
    }

    /// Makes errors of what is denied.
    pub(in crate::cli) fn raise(&self, diagnostics: &mut [Diagnostic]) {
        for d in diagnostics {
            if self.all || self.codes.contains(&d.code) {
                d.severity = Severity::Error;
            }
        }
    }
}
