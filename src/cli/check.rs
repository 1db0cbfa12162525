//! `flowc check`: judges programs; nothing runs.

pub(super) mod deny;
pub(super) mod targets;
mod unused;
mod write;

use super::args::{CheckArgs, CheckFormat};
use super::{exit::Exit, output, program};
use crate::compile::{self, Program};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::render::{self, Found};
use crate::source::SourceMap;
use std::collections::HashSet;
use std::path::Path;
use targets::Group;

/// What was looked at, and what could not be.
pub(super) struct Looked {
    pub programs: Vec<Program>,
    pub unread: bool,
}

pub fn run(args: &CheckArgs) -> Exit {
    let stdin = args.files.iter().any(|f| f == Path::new("-"));
    let wrong = |message: String| {
        output::complain(format_args!("{message}"));
        Exit::WrongUse
    };
    if stdin && args.fix && (args.files.len() > 1 || args.format != CheckFormat::Human) {
        return wrong(
            "`--fix` of standard input prints the program: give `-` alone, and no `--format`".into(),
        );
    }
    let denied = match deny::Denied::parse(&args.deny) {
        Ok(denied) => denied,
        Err(message) => return wrong(message),
    };
    let targets = targets::find(&args.files);
    targets.faults.iter().for_each(|fault| output::complain(format_args!("{fault}")));
    let mut looked = Looked { programs: Vec::new(), unread: !targets.faults.is_empty() };
    for group in &targets.groups {
        look(group, args.fix, &mut looked);
    }
    looked.programs.iter_mut().for_each(|program| denied.raise(&mut program.diagnostics));
    let exit = report(args.format, &looked, (looked.programs.len(), "file"));
    // The process ends: to take large programs apart would be in vain.
    std::mem::forget(looked);
    exit
}

fn look(group: &Group, fix: bool, looked: &mut Looked) {
    let mut programs = if fix {
        let mended = compile::mend(&group.paths, &*group.loader);
        looked.unread |= !write::written(group, &mended);
        mended.programs
    } else {
        group.paths.iter().map(|path| compile::check(path, &*group.loader)).collect()
    };
    unused::only_of_all(&mut programs);
    programs.iter_mut().for_each(|p| p.show_below(&group.prefix));
    looked.programs.append(&mut programs);
}

/// Every diagnostic once: programs may share files.
fn each_once(programs: &[Program]) -> Vec<Found<'_>> {
    let mut known = HashSet::new();
    let mut out = Vec::new();
    for program in programs {
        for d in &program.diagnostics {
            if known.insert(mark(d, &program.sources)) {
                out.push((d, &program.sources));
            }
        }
    }
    out
}

fn mark<'p>(d: &'p Diagnostic, sources: &'p SourceMap) -> impl Eq + std::hash::Hash + use<'p> {
    (&sources.get(d.span.file).name, d.span.start, d.span.end, d.code, &d.message)
}

/// Tells what was found in so many things of a kind.
pub(super) fn report(format: CheckFormat, looked: &Looked, of: (usize, &str)) -> Exit {
    let found = each_once(&looked.programs);
    let errors = found.iter().filter(|(d, _)| d.is_error()).count();
    match format {
        CheckFormat::Human => {
            program::show_all(&found);
            summary(of, errors, found.len() - errors, looked.unread);
        }
        CheckFormat::Json => output::json(&render::json(&found)),
        CheckFormat::Sarif => output::json(&render::sarif(&found)),
        CheckFormat::Github => {
            if !found.is_empty() {
                output::result(&render::github(&found));
            }
            summary(of, errors, found.len() - errors, looked.unread);
        }
    }
    match (looked.unread, errors) {
        (true, _) => Exit::WrongUse,
        (false, 0) => Exit::Done,
        (false, _) => Exit::Failed,
    }
}

fn summary((count, what): (usize, &str), errors: usize, warnings: usize, unread: bool) {
    if unread && errors + warnings == 0 {
        return;
    }
    let files = counted(count, what);
    match (errors, warnings) {
        (0, 0) => output::say(format_args!("checked {files}: no errors")),
        (e, w) => {
            output::say(format_args!("checked {files}: {}, {}", counted(e, "error"), counted(w, "warning")))
        }
    }
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
