//! The built-in tasks that need no process: time, environment, files.
//!
//! Paths are relative to the workspace root. What is read and written stays inside it, symbolic links included.

use super::{ExecError, Fault};
use rustix::fs::{Mode, OFlags};
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};

/// Largest file that `read` takes, in bytes.
pub const MAX_READ: u64 = 64 << 20;

/// Most paths that `glob` gives.
pub const MAX_PATHS: usize = 1_000_000;

/// Folders that `glob` never looks into: they are not the user's own.
const SKIPPED: &[&str] = &[".git", ".flow"];

/// The wall clock as RFC 3339 in UTC with milliseconds.
pub fn now() -> String {
    let now = jiff::Timestamp::now();
    let whole = now.round(jiff::Unit::Millisecond).unwrap_or(now);
    format!("{whole:.3}")
}

/// A variable of the environment.
///
/// # Errors
/// When it is not set or not UTF-8, in words.
pub fn env(name: &str) -> Result<String, String> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(format!("{name:?} cannot be the name of a variable"));
    }
    match std::env::var(name) {
        Ok(value) => Ok(value),
        Err(std::env::VarError::NotPresent) => Err(format!("the environment variable {name} is not set")),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(format!("the environment variable {name} is not UTF-8"))
        }
    }
}

/// The text of a file.
///
/// # Errors
/// When it is not there, outside the workspace, no regular file, too large or not UTF-8.
pub fn read(root: &Path, path: &str) -> Result<String, String> {
    let full = existing(root, path)?;
    let file = open_regular(&full, path)?;
    // Asked of what was opened: a link may have been changed since its path was resolved.
    if !root.canonicalize().is_ok_and(|root| crate::source::is_inside(&file, &root)) {
        return Err(format!("cannot read {path}: it leads out of the workspace"));
    }
    String::from_utf8(read_whole(file, path)?)
        .map_err(|e| format!("{path} is not UTF-8: byte {}", e.utf8_error().valid_up_to()))
}

/// The bytes of a file that a task says it has made. `shown` is its name in a message.
///
/// # Errors
/// When it is not there, no regular file, or too large.
pub fn read_made(full: &Path, shown: &str) -> Result<Vec<u8>, String> {
    read_whole(open_regular(full, shown)?, shown)
}

/// Opens a regular file for reading. A pipe must not make the whole engine wait for its other end.
fn open_regular(full: &Path, shown: &str) -> Result<std::fs::File, String> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = rustix::fs::open(full, flags, Mode::empty()).map_err(|e| unread(shown, &e.into()))?;
    let file = std::fs::File::from(fd);
    let meta = file.metadata().map_err(|e| unread(shown, &e))?;
    if meta.is_file() { Ok(file) } else { Err(format!("{shown} is not a file")) }
}

fn read_whole(file: std::fs::File, shown: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    file.take(MAX_READ + 1).read_to_end(&mut bytes).map_err(|e| unread(shown, &e))?;
    if bytes.len() as u64 > MAX_READ {
        return Err(format!("{shown} is larger than {} MiB", MAX_READ >> 20));
    }
    Ok(bytes)
}

fn unread(path: &str, error: &std::io::Error) -> String {
    format!("cannot read {path}: {}", super::plain(error))
}

/// Writes a file whole or not at all: beside it first, then into its place. Folders are made as needed.
///
/// # Errors
/// When it would be outside the workspace, or what the system said.
pub fn write(root: &Path, path: &str, text: &str) -> Result<(), ExecError> {
    let wrong = |why: String| ExecError::new(Fault::Failed, why);
    let relative = inside(path).map_err(wrong)?;
    let name = relative.file_name().ok_or_else(|| wrong(format!("{path:?} names no file")))?;
    let parent = root.join(relative.parent().unwrap_or(Path::new("")));
    let failed = |e: std::io::Error| ExecError::io(format!("cannot write {path}"), &e);
    make_folders(root, &parent, path)?;
    let target = parent.join(name);
    if target.is_dir() {
        return Err(wrong(format!("cannot write {path}: it is a folder")));
    }
    let temp = parent.join(format!(".{}.{}.tmp", name.to_string_lossy(), uuid::Uuid::new_v4().simple()));
    let written = (|| {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&temp)?;
        file.write_all(text.as_bytes())?;
        if let Ok(old) = std::fs::metadata(&target) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        std::fs::rename(&temp, &target)?;
        std::fs::File::open(&parent)?.sync_all()
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&temp);
    }
    written.map_err(failed)
}

/// Makes the folders above a file; refuses when a link leads out of the workspace.
fn make_folders(root: &Path, parent: &Path, path: &str) -> Result<(), ExecError> {
    let failed = |e: std::io::Error| ExecError::io(format!("cannot write {path}"), &e);
    let root =
        root.canonicalize().map_err(|e| ExecError::io(format!("cannot open {}", root.display()), &e))?;
    // The nearest folder that is there decides where all below it would be.
    let mut nearest = parent;
    while !nearest.exists() {
        match nearest.parent() {
            Some(up) => nearest = up,
            None => break,
        }
    }
    let real = nearest.canonicalize().map_err(failed)?;
    if !real.starts_with(&root) {
        return Err(ExecError::new(
            Fault::Failed,
            format!("cannot write {path}: it leads out of the workspace"),
        ));
    }
    std::fs::create_dir_all(parent).map_err(failed)
}

/// The paths of the files that match, sorted. Not looked into: links to folders, `.git`, `.flow`.
///
/// # Errors
/// A bad pattern, a pattern that leaves the workspace, too many paths.
pub fn glob(root: &Path, pattern: &str) -> Result<Vec<String>, String> {
    inside(pattern)?;
    let pattern = pattern.trim_start_matches("./");
    let matcher = globset::GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map_err(|e| format!("bad pattern {pattern:?}: {}", e.kind()))?
        .compile_matcher();
    // Nothing outside the longest fixed beginning can match.
    let fixed: PathBuf = Path::new(pattern)
        .components()
        .take_while(|c| !has_wildcard(&c.as_os_str().to_string_lossy()))
        .collect();
    let mut found = Vec::new();
    if fixed == Path::new(pattern) {
        if root.join(&fixed).is_file() {
            found.push(pattern.to_string());
        }
        return Ok(found);
    }
    let deep = pattern.contains("**");
    let depth = Path::new(pattern).components().count();
    let mut todo = vec![fixed];
    while let Some(folder) = todo.pop() {
        let Ok(entries) = std::fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries.flatten() {
            // A name that is not UTF-8 cannot be a Path of the language.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let relative = folder.join(&name);
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                if !SKIPPED.contains(&name.as_str()) && (deep || relative.components().count() < depth) {
                    todo.push(relative);
                }
            } else if matcher.is_match(&relative) && root.join(&relative).is_file() {
                found.push(relative.to_string_lossy().into_owned());
                if found.len() > MAX_PATHS {
                    return Err(format!("more than {MAX_PATHS} paths match {pattern:?}"));
                }
            }
        }
    }
    found.sort();
    Ok(found)
}

fn has_wildcard(part: &str) -> bool {
    part.contains(['*', '?', '[', '{'])
}

/// The path when it is relative and does not climb.
fn inside(path: &str) -> Result<&Path, String> {
    if path.is_empty() || path.contains('\0') {
        return Err(format!("{path:?} is not a path"));
    }
    let relative = Path::new(path);
    if relative.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) {
        Ok(relative)
    } else {
        Err(format!("{path} leads out of the workspace; paths are relative to its root"))
    }
}

/// The resolved path of something that is there and inside the workspace.
fn existing(root: &Path, path: &str) -> Result<PathBuf, String> {
    let relative = inside(path)?;
    let root = root.canonicalize().map_err(|e| format!("cannot open {}: {e}", root.display()))?;
    let full = root.join(relative).canonicalize().map_err(|e| unread(path, &e))?;
    if full.starts_with(&root) { Ok(full) } else { Err(format!("{path} leads out of the workspace")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_whole_and_stay_inside() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let root = dir.path();
        write(root, "a/b/c.txt", "hello").unwrap();
        assert_eq!(read(root, "a/b/c.txt").unwrap(), "hello");
        assert_eq!(std::fs::read_dir(root.join("a/b")).unwrap().count(), 1);
        std::os::unix::fs::symlink(outside.path(), root.join("link")).unwrap();
        for path in ["../x", "/etc/x", "link/x", "", "a\0b", "link/deep/x"] {
            assert!(write(root, path, "no").is_err(), "{path:?}");
        }
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
        assert!(write(root, "a", "no").unwrap_err().message.contains("folder"));
    }

    #[test]
    fn reads_refuse_what_is_no_text_file_inside() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::write(root.join("bin"), [b'a', 0xff]).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", root.join("host")).unwrap();
        assert!(
            rustix::fs::mknodat(
                rustix::fs::CWD,
                root.join("pipe"),
                rustix::fs::FileType::Fifo,
                Mode::RUSR,
                0
            )
            .is_ok()
        );
        assert!(read(root, "bin").unwrap_err().contains("byte 1"));
        assert!(read(root, "host").unwrap_err().contains("out of the workspace"));
        assert!(read(root, "pipe").unwrap_err().contains("not a file"));
        assert!(read(root, "none").is_err());
    }

    #[test]
    fn globs_are_sorted_and_skip_what_is_not_the_users() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for path in ["b.rs", "a.rs", "src/x.rs", "src/deep/y.rs", ".git/z.rs", "note.md"] {
            write(root, path, "").unwrap();
        }
        assert_eq!(glob(root, "*.rs").unwrap(), ["a.rs", "b.rs"]);
        assert_eq!(glob(root, "**/*.rs").unwrap(), ["a.rs", "b.rs", "src/deep/y.rs", "src/x.rs"]);
        assert_eq!(glob(root, "src/*.rs").unwrap(), ["src/x.rs"]);
        assert_eq!(glob(root, "./{a,note}.*").unwrap(), ["a.rs", "note.md"]);
        assert_eq!(glob(root, "note.md").unwrap(), ["note.md"]);
        assert!(glob(root, "nothing/*").unwrap().is_empty());
        assert!(glob(root, "../*").is_err() && glob(root, "a[").is_err());
    }

    #[test]
    fn time_and_environment() {
        assert!(now().ends_with('Z') && now().len() == 24, "{}", now());
        assert!(env("FLOW_SURELY_UNSET").unwrap_err().contains("not set"));
        assert!(env("A=B").is_err());
        assert!(env("PATH").is_ok());
    }
}
