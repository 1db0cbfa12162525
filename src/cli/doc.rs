//! `flowc doc`: the pages of a program, of a project or of `std`.

use super::args::DocArgs;
use super::check::targets;
use super::{exit::Exit, output, program};
use crate::compile::{self, Program};
use crate::doc::{self, Site};
use crate::resolve::embedded;
use crate::source::MemoryLoader;
use std::path::Path;

pub fn run(args: &DocArgs) -> Exit {
    // `flowc doc std`, where no file has that name.
    let named = args.file.as_deref().is_some_and(|file| file == Path::new("std") && !file.exists());
    let site = if args.std || named { Ok(of_std()) } else { of_programs(args) };
    let site = match site {
        Ok(site) => site,
        Err(exit) => return exit,
    };
    match write(&args.output, &site) {
        Ok(()) => {
            let index = args.output.join("index.html");
            output::say(format_args!("wrote {} files; open {}", site.len(), index.display()));
            Exit::Done
        }
        Err(message) => {
            output::complain(format_args!("{message}"));
            Exit::WrongUse
        }
    }
}

/// All modules of `std`, by a program that uses each.
fn of_std() -> Site {
    let uses =
        embedded::MODULES.iter().enumerate().map(|(i, (name, ..))| format!("use std.{name} as m{i}\n"));
    let text: String = uses.collect();
    let program = compile::check("main.flow", &MemoryLoader::new().with("main.flow", &text));
    doc::site("std", &[program], false)
}

fn of_programs(args: &DocArgs) -> Result<Site, Exit> {
    let found = targets::find(args.file.as_slice());
    found.faults.iter().for_each(|fault| output::complain(format_args!("{fault}")));
    if !found.faults.is_empty() {
        return Err(Exit::WrongUse);
    }
    let mut programs: Vec<Program> = Vec::new();
    for group in &found.groups {
        programs.extend(group.paths.iter().map(|path| compile::check(path, &*group.loader)));
    }
    let wrong: Vec<&Program> = programs.iter().filter(|p| p.errors() > 0).collect();
    if !wrong.is_empty() {
        wrong.into_iter().for_each(program::show);
        output::complain(format_args!("pages are made of programs without errors"));
        return Err(Exit::Failed);
    }
    Ok(doc::site(&title(args, &found), &programs, true))
}

/// The name of the file, else of the project's folder.
fn title(args: &DocArgs, found: &targets::Targets) -> String {
    let root = found.groups.first().and_then(|g| g.root.clone());
    let named = args.file.clone().filter(|f| f.as_os_str() != "-").or(root);
    let name = named.as_deref().and_then(Path::file_stem).map(|n| n.to_string_lossy().into_owned());
    name.filter(|n| !n.is_empty() && n != ".").unwrap_or_else(|| "program".to_string())
}

fn write(folder: &Path, site: &Site) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    for (name, text) in site {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    }
    Ok(())
}
