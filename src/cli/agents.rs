//! `flowc agents check`: folders of agent files, judged by themselves.
//!
//! A folder is checked as the program `use agents "."` would check it, in which nothing is run: what only a program can
//! say (which mcp servers there are, which tasks an agent gets) is left out.

use super::args::{AgentsArgs, AgentsCheckArgs, AgentsCommand};
use super::check::{Looked, deny::Denied, report};
use super::{exit::Exit, output};
use crate::compile::{self, Program};
use crate::diagnostics::Code;
use crate::source::{DiskLoader, Entry, LoadError, Loader};
use std::path::Path;
use std::sync::Arc;

/// The program that uses a folder; no agent file has this name.
const PROGRAM: &str = "agents.flow";

pub fn run(args: &AgentsArgs) -> Exit {
    let AgentsCommand::Check(args) = &args.command;
    check(args)
}

/// A folder with a program that uses it.
struct Folder(DiskLoader);

impl Loader for Folder {
    fn read(&self, path: &str) -> Result<Arc<str>, LoadError> {
        if path == PROGRAM { Ok("use agents \".\" as _team\n".into()) } else { self.0.read(path) }
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>, LoadError> {
        self.0.list(path)
    }
}

fn check(args: &AgentsCheckArgs) -> Exit {
    let denied = match Denied::parse(&args.deny) {
        Ok(denied) => denied,
        Err(message) => {
            output::complain(format_args!("{message}"));
            return Exit::WrongUse;
        }
    };
    let (mut looked, mut agents) = (Looked { programs: Vec::new(), unread: false }, 0);
    for folder in &args.folders {
        match of_folder(folder) {
            Ok(mut program) => {
                denied.raise(&mut program.diagnostics);
                agents += program.checked.resolved.agent_files.len();
                looked.programs.push(program);
            }
            Err(message) => {
                output::complain(format_args!("{message}"));
                looked.unread = true;
            }
        }
    }
    report(args.format, &looked, (agents, "agent"))
}

fn of_folder(folder: &Path) -> Result<Program, String> {
    let shown = folder.display();
    if !folder.is_dir() {
        let hint = if folder.exists() { "; name the folder that it is in" } else { "" };
        return Err(format!("there is no folder {shown}{hint}"));
    }
    let loader = DiskLoader::new(folder).map_err(|e| format!("cannot open {shown}: {e}"))?;
    let mut program = compile::check(PROGRAM, &Folder(loader));
    program.diagnostics.retain(|d| d.code != Code::W0107);
    if program.checked.resolved.agent_files.is_empty() && program.diagnostics.is_empty() {
        return Err(format!(
            "there is no agent file in {shown}: one is Markdown that starts with `---`, `name: …`, `description: …`, `---`"
        ));
    }
    if folder != Path::new(".") {
        program.show_below(&format!("{}/", shown.to_string().trim_end_matches('/')));
    }
    Ok(program)
}
