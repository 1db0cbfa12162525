//! The messages of this phase, one constructor each.

use super::paths::PathFault;
use super::suggest::{self, Near};
use crate::ast::Name;
use crate::diagnostics::{Applicability, Code, Diagnostic, Edit};
use crate::source::{LoadError, MAX_FILE, Span};

/// What was meant, for a name that was not found.
#[derive(Debug, Default)]
pub(super) struct Meant {
    pub near: Option<Near>,
    /// What one does here, where another language has this name.
    pub advice: Option<String>,
    /// A module of `std` that has exactly this name.
    pub in_std: Option<&'static str>,
    /// Where a `use` can be written.
    pub import_at: Option<Span>,
}

pub(super) fn unknown_name(name: &Name, meant: Meant) -> Diagnostic {
    let error = Diagnostic::new(Code::F0201, name.span, format!("unknown name `{}`", name.text));
    advise(error, name, meant, "nothing of this name is in scope")
}

/// A name with a capital where a value stands. `variant`: one that is spelt like it.
pub(super) fn unknown_upper(name: &Name, variant: Option<&str>) -> Diagnostic {
    let error = Diagnostic::new(Code::F0201, name.span, format!("unknown name `{}`", name.text));
    match variant {
        Some(variant) => suggest::meant(error, name.span, &Near::only(variant, false)),
        None => error
            .note("names of values begin with a lower-case letter")
            .help(format!("a text stands in quotes: `\"{}\"`", name.text))
            .fix(format!("write `\"{}\"`", name.text), name.span, format!("\"{}\"", name.text)),
    }
}

pub(super) fn unknown_type(name: &Name, meant: Meant) -> Diagnostic {
    let error = Diagnostic::new(Code::F0202, name.span, format!("unknown type `{}`", name.text));
    advise(error, name, meant, "no type of this name is in scope")
}

/// `nothing`: what to say when there is nothing else.
fn advise(mut error: Diagnostic, name: &Name, meant: Meant, nothing: &str) -> Diagnostic {
    if let Some(module) = meant.in_std {
        let import = format!("use std.{module}.{{{}}}", name.text);
        error = error.help(format!("did you forget `{import}`?"));
        if let Some(at) = meant.import_at {
            error = error.safe_fix(format!("write `{import}`"), at, format!("{import}\n"));
        }
        return error;
    }
    if let Some(near) = meant.near.filter(|near| near.sure || meant.advice.is_none()) {
        return suggest::meant(error, name.span, &near);
    }
    match meant.advice {
        Some(advice) => error.help(advice),
        None => error.note(nothing),
    }
}

pub(super) fn declared_twice(name: &Name, what: &str, first: Span) -> Diagnostic {
    Diagnostic::new(Code::F0203, name.span, format!("{what} `{}` is declared twice", name.text))
        .note("the second one is here")
        .label(first, "the first is here")
        .help("give one of them another name")
        .fix(format!("call this one `{}2`", name.text), name.span, format!("{}2", name.text))
}

pub(super) fn reserved_type(name: &Name) -> Diagnostic {
    Diagnostic::new(Code::F0203, name.span, format!("`{}` is a type of the language", name.text))
        .note("it cannot be declared again")
        .help("give the type another name")
}

pub(super) fn bound_twice(name: &Name, first: Span) -> Diagnostic {
    Diagnostic::new(Code::F0203, name.span, format!("`{}` is bound twice in this block", name.text))
        .note("bound again here")
        .label(first, "bound here first")
        .help("a name is bound once in a block: choose another, or open an inner block")
        .fix(format!("call this one `{}2`", name.text), name.span, format!("{}2", name.text))
}

pub(super) fn private(name: &Name, declared: Span) -> Diagnostic {
    Diagnostic::new(Code::F0204, name.span, format!("`{}` is private to its file", name.text))
        .note("a name that starts with `_` cannot be used from another file")
        .label(declared, "declared here")
        .help(format!("call it `{}` there to make it public", name.text.trim_start_matches('_')))
}

pub(super) fn used_before_bound(name: &Name, bound: Span) -> Diagnostic {
    Diagnostic::new(Code::F0205, name.span, format!("`{}` is used before it is bound", name.text))
        .note("not yet bound here")
        .label(bound, "bound here, further down")
        .help("a name can be used only below its binding: move the binding up")
}

/// A file that a `use` or `include` asks for and that cannot be had.
pub(super) fn cannot_read(span: Span, path: &str, error: &LoadError) -> Diagnostic {
    let path = path.escape_debug();
    let (code, message, help) = match error {
        LoadError::NotFound if path.to_string().starts_with("std.") => {
            (Code::F0206, format!("there is no file `{path}`"), "a module of `std` is named without quotes")
        }
        LoadError::NotFound => {
            (Code::F0206, format!("there is no file `{path}`"), "the path is relative to this file")
        }
        LoadError::Outside => (
            Code::F0207,
            format!("`{path}` leads out of the project"),
            "a program uses only files below its project root, also after symbolic links",
        ),
        LoadError::NotAFile => (
            Code::F0206,
            format!("`{path}` is not a regular file"),
            "a folder, pipe or device cannot be used; the agents of a folder come by `use agents \"./folder\"`",
        ),
        LoadError::TooLarge => (
            Code::F0206,
            format!("`{path}` is larger than {} MiB", MAX_FILE / (1024 * 1024)),
            "split it into several files",
        ),
        LoadError::NotUtf8(at) => {
            (Code::F0206, format!("`{path}` is not UTF-8: byte {at} cannot be read"), "save it as UTF-8")
        }
        LoadError::Io(said) => {
            return Diagnostic::new(Code::F0206, span, format!("`{path}` cannot be read: {said}"));
        }
    };
    Diagnostic::new(code, span, message).help(help)
}

pub(super) fn cannot_list(span: Span, path: &str, error: &LoadError) -> Diagnostic {
    match error {
        LoadError::NotFound => {
            let message = format!("there is no folder `{}`", path.escape_debug());
            Diagnostic::new(Code::F0206, span, message).help("the path is relative to this file")
        }
        LoadError::NotAFile => {
            let message = format!("`{}` is not a folder", path.escape_debug());
            Diagnostic::new(Code::F0206, span, message).help("`use agents` takes a folder of Markdown files")
        }
        LoadError::Outside | LoadError::TooLarge | LoadError::NotUtf8(_) | LoadError::Io(_) => {
            cannot_read(span, path, error)
        }
    }
}

pub(super) fn bad_path(span: Span, written: &str, fault: &PathFault) -> Diagnostic {
    let shown = written.escape_debug();
    match fault {
        PathFault::Empty => {
            Diagnostic::new(Code::F0206, span, "the path is empty").help("write a path like `\"./lib.flow\"`")
        }
        PathFault::Absolute => Diagnostic::new(Code::F0207, span, format!("`{shown}` is an absolute path"))
            .help("write a path relative to this file, like `\"./lib.flow\"`"),
        PathFault::Outside => {
            Diagnostic::new(Code::F0207, span, format!("`{shown}` leads out of the project"))
                .help("a program uses only files below its project root")
        }
        PathFault::Character(c) => {
            let message = format!("the path `{shown}` holds the character `{}`", c.escape_debug());
            let help = if *c == '\\' {
                "write `/` between the parts of a path"
            } else {
                "no path of a program may hold it"
            };
            Diagnostic::new(Code::F0207, span, message).help(help)
        }
    }
}

pub(super) fn path_not_plain(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0206, span, "the path must be plain text")
        .help("what a program consists of is known before it runs: write the path without `#{…}`")
}

pub(super) fn not_a_flow_file(span: Span, path: &str) -> Diagnostic {
    Diagnostic::new(Code::F0206, span, format!("`{}` is not a `.flow` file", path.escape_debug()))
        .help("agents in Markdown come by `use agents \"./folder\"`, other text by `include(\"./file\")`")
}

/// `steps`: the files in order with the `use` that leads to the next.
pub(super) fn import_cycle(steps: &[(String, Span)]) -> Diagnostic {
    let names: Vec<&str> = steps.iter().map(|(name, _)| name.as_str()).collect();
    let first = names.first().copied().unwrap_or("");
    let message = format!("imports form a cycle: {} → {first}", names.join(" → "));
    let span = steps.last().map_or(Span::new(crate::source::FileId(0), 0, 0), |s| s.1);
    let mut error = Diagnostic::new(Code::F0208, span, message).note(format!("leads back to {first}"));
    for (i, (name, at)) in steps.iter().enumerate().take(steps.len().saturating_sub(1)).take(8) {
        error = error.label(*at, format!("{name} uses {}", steps[i + 1].0));
    }
    error.help("move what both need into a file of its own that uses neither")
}

/// `steps`: the declarations in order with the place in each that calls the next.
pub(super) fn recursion(steps: &[(String, Span)]) -> Diagnostic {
    let names: Vec<&str> = steps.iter().map(|(name, _)| name.as_str()).collect();
    let first = names.first().copied().unwrap_or("");
    let message = if names.len() == 1 {
        format!("`{first}` calls itself")
    } else {
        format!("calls form a recursion: {} → {first}", names.join(" → "))
    };
    let span = steps.last().map_or(Span::new(crate::source::FileId(0), 0, 0), |s| s.1);
    let mut error = Diagnostic::new(Code::F0209, span, message).note(format!("calls back to `{first}`"));
    for (i, (name, at)) in steps.iter().enumerate().take(steps.len().saturating_sub(1)).take(8) {
        error = error.label(*at, format!("`{name}` calls `{}`", steps[i + 1].0));
    }
    error.help("a plan is finite: repeat with `repeat … until`, or go over a list with `for`")
}

pub(super) fn not_in_module(name: &Name, module: &str, near: Option<Near>) -> Diagnostic {
    let message = format!("{module} declares no `{}`", name.text);
    let error = Diagnostic::new(Code::F0210, name.span, message);
    match near {
        Some(near) => suggest::meant(error, name.span, &near),
        None => error,
    }
}

pub(super) fn imported_there(name: &Name, module: &str, origin: &str) -> Diagnostic {
    let message = format!("{module} only imports `{}`", name.text);
    Diagnostic::new(Code::F0210, name.span, message)
        .note("what a file imports is not handed on")
        .help(format!("import it from {origin}"))
}

/// `span`: of what stands after `std.`.
pub(super) fn unknown_std(span: Span, module: &str, near: Option<Near>, all: &[&str]) -> Diagnostic {
    let error = Diagnostic::new(Code::F0211, span, format!("there is no module `std.{module}`"));
    match near {
        Some(near) => suggest::meant(error, span, &near),
        None => error.help(format!("the modules of std are `{}`", all.join("`, `"))),
    }
}

/// `use std.text.indent` where `std.text` has an `indent`.
pub(super) fn std_member(span: Span, module: &str, name: &str) -> Diagnostic {
    Diagnostic::new(Code::F0211, span, format!("`{name}` is not a module but a name in `std.{module}`"))
        .help(format!("write `use std.{module}.{{{name}}}`"))
        .fix("take the name out of the module", span, format!("std.{module}.{{{name}}}"))
}

/// A name of one kind in a place for another: "`Severity` is a type, not a value".
pub(super) fn wrong_kind(name: &Name, is: &str, wanted: &str, help: &str) -> Diagnostic {
    let message = format!("`{}` is {is}, not {wanted}", name.text);
    let error = Diagnostic::new(Code::F0212, name.span, message);
    if help.is_empty() { error } else { error.help(help) }
}

pub(super) fn not_an_agent(span: Span, message: String) -> Diagnostic {
    Diagnostic::new(Code::F0213, span, message)
        .help("an agent file starts with `---`, `name: …` and `description: …`, and a second `---`")
}

pub(super) fn unknown_variant(
    name: &Name,
    of: &str,
    declared: Option<Span>,
    near: Option<Near>,
) -> Diagnostic {
    let mut error = Diagnostic::new(Code::F0214, name.span, format!("`{of}` has no variant `{}`", name.text));
    if let Some(declared) = declared {
        error = error.label(declared, format!("`{of}` is declared here"));
    }
    match near {
        Some(near) => suggest::meant(error, name.span, &near),
        None => error,
    }
}

pub(super) fn too_many_variants(name: &Name) -> Diagnostic {
    Diagnostic::new(Code::F0214, name.span, format!("`{}` has more than 65,535 variants", name.text))
}

pub(super) fn use_without_name(span: Span, alias: &str) -> Diagnostic {
    Diagnostic::new(Code::F0215, span, "this `use` brings no name into scope")
        .help(format!("write `.{{name}}` for single names, or `as {alias}` for the whole file"))
        .fix(format!("add `as {alias}`"), span.at_end(), format!(" as {alias}"))
}

pub(super) fn nothing_to_mock(name: &Name, why: &str, near: Option<Near>) -> Diagnostic {
    let error = Diagnostic::new(Code::F0216, name.span, format!("`{}` cannot be mocked: {why}", name.text));
    match near {
        Some(near) => suggest::meant(error, name.span, &near),
        None => error.help("a mock stands for a task, a workflow, an agent or a built-in task"),
    }
}

pub(super) fn include_too_much(span: Span) -> Diagnostic {
    Diagnostic::new(Code::F0206, span, "too many files are included").help(
        "a program may include 10,000 texts, 64 MiB in all, counted once for each place that includes them",
    )
}

pub(super) fn include_cycle(span: Span, path: &str) -> Diagnostic {
    Diagnostic::new(Code::F0208, span, format!("`{path}` includes itself"))
        .help("an included text may include others, but not itself, also not by way of them")
}

/// Something odd in an agent file that does not keep it from being an agent.
pub(super) fn odd_agent(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::W0110, span, message)
}

/// `written` looks like an interpolation of `path`. `quoted`: in quotes of a shell's script, where none may stand.
pub(super) fn looks_interpolated(span: Span, written: &str, path: &str, quoted: bool) -> Diagnostic {
    let lint = Diagnostic::new(
        Code::W0115,
        span,
        format!("`{written}` is plain text: a value is put into a string with `#{{{path}}}`"),
    );
    if quoted {
        return lint.help(format!(
            "close the quotes first, then write `#{{{path}}}`: it is a shell word of its own"
        ));
    }
    lint.help("if it is meant as it stands, write `// flowc: allow(W0115)` on the line before").fix(
        format!("write `#{{{path}}}`"),
        span,
        format!("#{{{path}}}"),
    )
}

/// A list of one element, which is the list that a `for` gives.
pub(super) fn list_of_for(list: Span, inner: Span) -> Diagnostic {
    let edits = vec![
        Edit { span: Span { end: inner.start, ..list }, text: String::new() },
        Edit { span: Span { start: inner.end, ..list }, text: String::new() },
    ];
    Diagnostic::new(Code::W0116, list, "a `for` gives a list by itself: this is a list with that list in it")
        .help("if that is meant, write `// flowc: allow(W0116)` on the line before")
        .fix_all(Applicability::NeedsLook, "leave the brackets out", edits)
}
