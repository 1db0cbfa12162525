//! From the file that a command was given to a program or a plan.

use super::args::ProgramArgs;
use super::exit::Exit;
use super::{config, output};
use crate::compile::{self, Compiled, Program};
use crate::diagnostics::render::{Found, Style, Told, gathered, human};
use crate::plan::Plan;
use crate::source::{DiskLoader, Loader, MemoryLoader};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Most diagnostics that are shown to a person at once.
const MOST: usize = 50;
/// So many lints are shown however many errors there are.
const LEAST: usize = 5;

/// A plan and the root of the project that it runs in.
#[derive(Debug)]
pub struct Ready {
    pub plan: Plan,
    pub root: PathBuf,
}

/// Checks a file; `-` is standard input.
///
/// # Errors
/// When the file's folder or standard input cannot be read.
pub fn check(file: &Path) -> Result<Program, String> {
    if file == Path::new("-") {
        let text = std::io::read_to_string(std::io::stdin())
            .map_err(|e| format!("cannot read standard input: {e}"))?;
        return Ok(compile::check("stdin.flow", &MemoryLoader::new().with("stdin.flow", &text)));
    }
    let (loader, path) = open(file)?;
    Ok(compile::check(&path, &loader))
}

/// The plan of a program or of a file saved by `flowc compile`; what is wrong is shown.
///
/// # Errors
/// The way to exit.
pub fn ready(args: &ProgramArgs) -> Result<Ready, Exit> {
    let said = |message: String| {
        output::complain(format_args!("{message}"));
        Exit::WrongUse
    };
    if is_plan(&args.file) {
        let text = std::fs::read_to_string(&args.file)
            .map_err(|e| said(format!("cannot read {}: {e}", args.file.display())))?;
        let plan = crate::plan::format::from_json(&text)
            .map_err(|e| said(format!("{}: {e}", args.file.display())))?;
        let root = config::root_of(&args.file).map_err(said)?;
        return Ok(Ready { plan, root });
    }
    let (loader, path) = open(&args.file).map_err(said)?;
    let plan = from_source(&loader, &path, args.workflow.as_deref())?;
    Ok(Ready { plan, root: loader.root().to_path_buf() })
}

/// Whether a file holds a plan: by its ending, and where that says nothing, by how it begins.
fn is_plan(file: &Path) -> bool {
    const BEGIN: &[u8] = b"{\"format\":";
    let begins = || {
        let mut first = [0; BEGIN.len()];
        let is_file = file.metadata().is_ok_and(|meta| meta.is_file());
        is_file
            && std::fs::File::open(file).and_then(|mut file| file.read_exact(&mut first)).is_ok()
            && first == BEGIN
    };
    match file.extension().and_then(|e| e.to_str()) {
        Some("json") => true,
        Some("flow") => false,
        _ => begins(),
    }
}

/// The plan of a source file below a root; diagnostics are shown.
///
/// # Errors
/// The way to exit, when the program has errors.
pub fn from_source(loader: &dyn Loader, path: &str, workflow: Option<&str>) -> Result<Plan, Exit> {
    match compile::compile(path, loader, workflow) {
        Ok(Compiled { plan, program }) => {
            show(&program);
            drop(program);
            crate::exec::sys::give_back_memory();
            Ok(plan)
        }
        Err(program) => {
            show(&program);
            Err(Exit::Failed)
        }
    }
}

/// A loader over the project of a file, and the file's path in it.
///
/// # Errors
/// When there is no such file.
pub fn open(file: &Path) -> Result<(DiskLoader, String), String> {
    let shown = file.display();
    let real = file.canonicalize().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => format!("there is no file {shown}"),
        _ => format!("cannot open {shown}: {e}"),
    })?;
    let root = config::root_of(&real)?;
    let loader = DiskLoader::new(&root).map_err(|e| format!("cannot open {}: {e}", root.display()))?;
    let relative = real.strip_prefix(loader.root()).unwrap_or(&real);
    let path = relative.to_str().ok_or_else(|| format!("the path {shown} is not UTF-8"))?;
    Ok((loader, path.to_string()))
}

/// Shows the diagnostics of a program to a person.
pub fn show(program: &Program) {
    let found: Vec<Found<'_>> = program.diagnostics.iter().map(|d| (d, &program.sources)).collect();
    show_all(&found);
}

/// Shows diagnostics to a person: lints, then errors, so that these stand where the terminal ends.
pub fn show_all(found: &[Found<'_>]) {
    let told = gathered(found);
    let lints = told.iter().take_while(|t| !t.diagnostic.is_error()).count();
    let (lints, errors) = told.split_at(lints);
    // Lints leave room for the errors.
    let room = MOST.saturating_sub(errors.len()).max(LEAST);
    show_some(lints, room, "lint");
    show_some(errors, MOST, "error");
}

fn show_some(told: &[Told<'_>], most: usize, what: &str) {
    let style = Style { color: output::color(), unicode: output::unicode(), width: output::width() };
    for told in told.iter().take(most) {
        output::say(format_args!("{}", human(&told.diagnostic, told.sources, style)));
    }
    let more: usize = told.iter().skip(most).map(|t| t.count).sum();
    if more > 0 {
        let s = if more == 1 { "" } else { "s" };
        output::say(format_args!("… and {more} more {what}{s}; `flowc check --format json` tells all\n"));
    }
}
