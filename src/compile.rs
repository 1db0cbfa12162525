//! From a started file to a checked program and to a plan: the phases in their order, and the only place that knows them
//! all.
//!
//! Takes a path and a [`Loader`], gives a [`Program`] or a [`Plan`] with diagnostics in the order of the text, lints that
//! a comment allows left out. Does no I/O but through the loader.

mod mend;
mod silence;

pub use mend::{Applied, Mended, mend};

use crate::ast::NodeIds;
use crate::diagnostics::{self, Code, Diagnostic};
use crate::plan::Plan;
use crate::source::{Loader, MemoryLoader, SourceMap, Span};
use crate::types::Checked;
use crate::{analysis, plan, proof, resolve, syntax, types};

/// A program as far as it could be understood.
#[derive(Debug)]
pub struct Program {
    pub checked: Checked,
    pub sources: SourceMap,
    /// Sorted by place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Program {
    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|d| d.is_error()).count()
    }

    /// Names its files as they are called from outside its root; those of `std` keep their names.
    pub fn show_below(&mut self, prefix: &str) {
        let modules = &self.checked.resolved.modules;
        let embedded = |file| modules.iter().any(|m| m.embedded && m.file == file);
        self.sources.show_below(prefix, |file| !embedded(file));
    }

    /// How many lints there are.
    pub fn warnings(&self) -> usize {
        self.diagnostics.len() - self.errors()
    }
}

/// A plan with what it was made from.
#[derive(Debug)]
pub struct Compiled {
    pub plan: Plan,
    pub program: Program,
}

/// Checks the file at `path` (relative to the loader's root) with everything that it uses.
pub fn check(path: &str, loader: &dyn Loader) -> Program {
    let (mut sources, mut ids, mut out) = (SourceMap::new(), NodeIds::default(), Vec::new());
    let resolved = resolve::resolve(path, loader, &mut sources, &mut ids, &mut out);
    let checked = types::check(resolved, &sources, &mut out);
    if !out.iter().any(Diagnostic::is_error) {
        analysis::check(&checked, &mut out);
        proof::check(&checked, &sources, &mut out);
    }
    let diagnostics = finished(out, &sources);
    Program { checked, sources, diagnostics }
}

/// Checks a text that uses no other file but those of `std`.
pub fn check_text(text: &str) -> Program {
    check("main.flow", &MemoryLoader::new().with("main.flow", text))
}

/// Makes the plan of a workflow: the named one, else the file's only one, else `main`.
///
/// # Errors
/// The program with its diagnostics, of which at least one is an error.
pub fn compile(path: &str, loader: &dyn Loader, workflow: Option<&str>) -> Result<Compiled, Box<Program>> {
    plan_of(check(path, loader), workflow)
}

/// Makes the plan of a workflow of a checked program.
///
/// # Errors
/// The program with its diagnostics, of which at least one is an error.
pub fn plan_of(program: Program, workflow: Option<&str>) -> Result<Compiled, Box<Program>> {
    lowered(program, workflow, plan::lower)
}

/// The plan of a workflow before any pass, for `--emit`.
///
/// # Errors
/// The program with its diagnostics, of which at least one is an error.
pub fn raw_plan_of(program: Program, workflow: Option<&str>) -> Result<Compiled, Box<Program>> {
    lowered(program, workflow, plan::lower_only)
}

type Lower = fn(&Checked, &SourceMap, Option<&str>, &mut Vec<Diagnostic>) -> Option<Plan>;

fn lowered(mut program: Program, workflow: Option<&str>, lower: Lower) -> Result<Compiled, Box<Program>> {
    if program.errors() > 0 {
        return Err(Box::new(program));
    }
    let plan = lower(&program.checked, &program.sources, workflow, &mut program.diagnostics);
    diagnostics::sort(&mut program.diagnostics);
    match plan {
        Some(plan) if program.errors() == 0 => Ok(Compiled { plan, program }),
        _ => Err(Box::new(program)),
    }
}

/// Sorted, without repetitions, and without the lints that a comment allows.
fn finished(mut out: Vec<Diagnostic>, sources: &SourceMap) -> Vec<Diagnostic> {
    let sound = !out.iter().any(Diagnostic::is_error);
    for (file, source) in sources.iter() {
        if source.text.contains("flowc:") {
            let allows = syntax::allow_comments(file, &source.text);
            silence::apply(&allows, file, &source.text, sound, &mut out);
        }
    }
    // What cannot be read says more of a word than that nothing has its name.
    let unread: Vec<Span> = out.iter().filter(|d| d.code == Code::F0101).map(|d| d.span).collect();
    out.retain(|d| d.code != Code::F0201 || !unread.contains(&d.span));
    diagnostics::sort(&mut out);
    out.dedup();
    out
}

#[cfg(test)]
mod tests;
