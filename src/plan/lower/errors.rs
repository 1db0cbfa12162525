//! What keeps a checked program from becoming a plan.

use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// A file without a workflow cannot be started.
pub(super) fn no_workflow(file: Span) -> Diagnostic {
    Diagnostic::new(Code::F0401, file, "this file has no workflow to start")
        .help("declare one: `workflow main() { … }`")
        .fix("add an empty one", file.at_end(), "\nworkflow main { }\n")
        .help("a file that others use needs none: check it with `flowc check`")
}

/// Several workflows, none of them `main`, and nobody said which.
pub(super) fn which_workflow(spans: &[Span], names: &[&str]) -> Diagnostic {
    let at = spans.first().copied().unwrap_or(Span::new(crate::source::FileId(0), 0, 0));
    let mut diagnostic =
        Diagnostic::new(Code::F0402, at, "this file has several workflows and none is called `main`");
    for span in spans.iter().skip(1) {
        diagnostic = diagnostic.label(*span, "this one too could be started");
    }
    diagnostic.help(format!("say which: `--workflow {}`", names.join("` or `--workflow ")))
}

/// `--workflow` names none of the file's.
pub(super) fn unknown_workflow(file: Span, name: &str, names: &[&str]) -> Diagnostic {
    let nearest = names.iter().min_by_key(|n| strsim::damerau_levenshtein(n, name));
    let diagnostic = Diagnostic::new(Code::F0402, file, format!("this file has no workflow `{name}`"));
    match nearest {
        Some(nearest) => diagnostic
            .help(format!("did you mean `{nearest}`?"))
            .help(format!("its workflows are `{}`", names.join("`, `"))),
        None => diagnostic,
    }
}

/// A workflow with type parameters can only be called.
pub(super) fn generic_workflow(at: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0403, at, format!("workflow `{name}` has type parameters and cannot be started"))
        .note("a started workflow has no one to give it types")
        .help(format!("call `{name}` from a workflow without type parameters"))
}
