//! `flowc new`: a folder with `flow.toml` and a first workflow that runs as it is.

use super::{args::NewArgs, exit::Exit, output};
use std::path::Path;

const TOML: &str = "\
# A Flow project. Everything here may be left out.

# parallel = 8              # most tasks at once
# durability = \"power\"      # or \"process\": faster, does not survive the loss of power
# runtime = \"claude\"        # who plays agents that do not say it
";

const MAIN: &str = include_str!("new/main.flow");

pub fn run(args: &NewArgs) -> Exit {
    match make(&args.path) {
        Ok(()) => {
            let path = args.path.display();
            output::say(format_args!("made {path}\n\n  cd {path}\n  flowc run main.flow --input name=you"));
            Exit::Done
        }
        Err(message) => {
            output::complain(format_args!("{message}"));
            Exit::WrongUse
        }
    }
}

fn make(path: &Path) -> Result<(), String> {
    let occupied = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
    if occupied || path.is_file() {
        return Err(format!("{} is there already and is not empty", path.display()));
    }
    std::fs::create_dir_all(path).map_err(|e| format!("cannot make {}: {e}", path.display()))?;
    for (name, text) in [("flow.toml", TOML), ("main.flow", MAIN), (".gitignore", ".flow/\n")] {
        let file = path.join(name);
        std::fs::write(&file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    }
    Ok(())
}
