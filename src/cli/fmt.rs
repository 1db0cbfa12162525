//! `flowc fmt`: puts programs into the one style of the language.

mod diff;

use super::args::FmtArgs;
use super::{exit::Exit, output};
use crate::syntax;
use std::io::Write;
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
        replace(file, &formatted).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    }
    Ok(different)
}

/// Puts a text in a file's place, in one step: nobody ever sees half of it.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let file = file.canonicalize()?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let fresh = file.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = write_like(&fresh, &file, text).and_then(|()| std::fs::rename(&fresh, &file));
    if written.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
    written
}

fn write_like(fresh: &Path, file: &Path, text: &str) -> std::io::Result<()> {
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).open(fresh)?;
    out.set_permissions(std::fs::metadata(file)?.permissions())?;
    out.write_all(text.as_bytes())?;
    out.sync_all()
}

/// The file itself, or every program below a folder, in order of their paths. Hidden folders are passed over.
fn programs(path: &Path) -> Result<Vec<PathBuf>, String> {
    let wrong = |at: &Path, e: &std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound => format!("there is no file or folder {}", at.display()),
        _ => format!("cannot read {}: {e}", at.display()),
    };
    let kind = std::fs::metadata(path).map_err(|e| wrong(path, &e))?;
    if !kind.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|e| wrong(&folder, &e))? {
            let entry = entry.map_err(|e| wrong(&folder, &e))?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(|e| wrong(&folder, &e))?);
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if kind.is_dir() && !hidden {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|e| e == "flow") && !hidden {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found.into_iter().map(|p| p.strip_prefix("./").map(Path::to_path_buf).unwrap_or(p)).collect())
}
