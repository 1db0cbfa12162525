//! Programs in folders, and putting a new text in a file's place.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Folders that hold no programs of their own, besides hidden ones.
const PASSED_OVER: &[&str] = &["target", "node_modules"];

/// The `.flow` files below a folder, in the order of their names. Links to folders are not followed.
///
/// # Errors
/// When a folder cannot be read.
pub(super) fn below(folder: &Path, out: &mut Vec<PathBuf>) -> Result<(), String> {
    let cannot = |e: std::io::Error| format!("cannot read {}: {e}", folder.display());
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        entries.push((entry.file_name(), entry.file_type().map_err(cannot)?.is_dir(), entry.path()));
    }
    entries.sort();
    for (name, is_dir, path) in entries {
        let name = name.to_string_lossy();
        if name.starts_with('.') || (is_dir && PASSED_OVER.contains(&name.as_ref())) {
            continue;
        }
        if is_dir {
            below(&path, out)?;
        } else if name.ends_with(".flow") && path.is_file() {
            out.push(path);
        }
    }
    Ok(())
}

/// Puts a file with the new text in the place of the old one, all or nothing; it must still hold what was read of it.
///
/// # Errors
/// When it was changed or cannot be written; then it is as it was.
pub(super) fn replace(file: &Path, before: &str, text: &str) -> std::io::Result<()> {
    if fs::read(file)? != before.as_bytes() {
        return Err(std::io::Error::other("it was changed in the meantime"));
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let temp = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let mode = fs::metadata(file)?.permissions().mode();
    let result = write_new(&temp, mode, text).and_then(|()| fs::rename(&temp, file));
    if result.is_err() {
        let _ = fs::remove_file(&temp);
    }
    result?;
    // The name in its folder is what a loss of power must not take back.
    File::open(folder).and_then(|folder| folder.sync_all())
}

fn write_new(temp: &Path, mode: u32, text: &str) -> std::io::Result<()> {
    let mut out = fs::OpenOptions::new().write(true).create_new(true).open(temp)?;
    out.set_permissions(fs::Permissions::from_mode(mode))?;
    out.write_all(text.as_bytes())?;
    out.sync_all()
}
