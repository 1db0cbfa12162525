//! `flowc fmt`: puts programs into the one style of the language.

mod diff;

use super::args::FmtArgs;
use super::{exit::Exit, files, output};
use crate::syntax;
use std::path::{Path, PathBuf};

pub fn run(args: &FmtArgs) -> Exit {
    let mut seen = Seen::default();
    let here = [PathBuf::from(".")];
    let paths = if args.paths.is_empty() { &here[..] } else { &args.paths };
    for path in paths {
        let found = if path == Path::new("-") { Ok(vec![path.clone()]) } else { programs(path) };
        match found {
            Ok(files) => files.iter().for_each(|file| seen.file(args, file)),
            Err(message) => seen.wrong(&message),
        }
    }
    seen.exit(args)
}

/// What became of the files.
#[derive(Debug, Default)]
struct Seen {
    files: usize,
    different: usize,
    unread: bool,
}

impl Seen {
    fn wrong(&mut self, message: &str) {
        output::complain(format_args!("{message}"));
        self.unread = true;
    }

    fn file(&mut self, args: &FmtArgs, file: &Path) {
        self.files += 1;
        match format(args, file) {
            Ok(different) => self.different += usize::from(different),
            Err(message) => self.wrong(&message),
        }
    }

    fn exit(&self, args: &FmtArgs) -> Exit {
        let from_input = args.paths.iter().any(|p| p == Path::new("-"));
        if !from_input || args.check {
            let many = if self.files == 1 { "1 file".to_string() } else { format!("{} files", self.files) };
            let done = if args.check || args.diff { "to be formatted" } else { "formatted" };
            output::say(format_args!("{many}: {} {done}", self.different));
        }
        match (self.unread, args.check && self.different > 0) {
            (true, _) => Exit::WrongUse,
            (false, true) => Exit::Failed,
            (false, false) => Exit::Done,
        }
    }
}

/// Formats a file as the flags say; whether it was different.
fn format(args: &FmtArgs, file: &Path) -> Result<bool, String> {
    let from_input = file == Path::new("-");
    let text = if from_input {
        std::io::read_to_string(std::io::stdin()).map_err(|e| format!("cannot read standard input: {e}"))?
    } else {
        std::fs::read_to_string(file).map_err(|e| format!("cannot read {}: {e}", file.display()))?
    };
    let formatted = syntax::format(&text);
    let different = formatted != text;
    let shown = if from_input { "standard input".to_string() } else { file.display().to_string() };
    if args.diff && different {
        output::result(&diff::unified(&shown, &text, &formatted));
    } else if args.check && different {
        output::result(&shown);
    } else if from_input && !args.check && !args.diff {
        output::exactly(&formatted);
    } else if different && !args.check && !args.diff {
        let real = file.canonicalize().and_then(|real| files::replace(&real, &text, &formatted));
        real.map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    }
    Ok(different)
}

/// The file itself, or every program below a folder.
fn programs(path: &Path) -> Result<Vec<PathBuf>, String> {
    let kind = std::fs::metadata(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => format!("there is no file or folder {}", path.display()),
        _ => format!("cannot read {}: {e}", path.display()),
    })?;
    if !kind.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    files::below(path, &mut found)?;
    Ok(found.into_iter().map(|p| p.strip_prefix("./").map(Path::to_path_buf).unwrap_or(p)).collect())
}
