//! Writing mended texts, and saying what was done.

use super::targets::Group;
use crate::cli::output;
use crate::compile::Mended;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Writes what changed; the text of standard input goes to standard output, changed or not. Gives whether all was written.
pub(super) fn written(group: &Group, mended: &Mended) -> bool {
    let Some(root) = &group.root else {
        return printed(group, mended);
    };
    let mut all = true;
    for (path, text) in &mended.texts {
        let shown = format!("{}{path}", group.prefix);
        let before = group.loader.read(path);
        let changed = root
            .join(path)
            .canonicalize()
            .and_then(|file| replace(&file, before.as_deref().unwrap_or_default(), text));
        match changed {
            Ok(()) => said(&group.prefix, mended, path),
            Err(e) => {
                output::complain(format_args!("cannot write {shown}: {e}; it is as it was"));
                all = false;
            }
        }
    }
    all
}

fn printed(group: &Group, mended: &Mended) -> bool {
    for path in &group.paths {
        let text = mended.texts.get(path).cloned().map_or_else(|| group.loader.read(path), Ok);
        let Ok(text) = text else { return false };
        output::exactly(&text);
        said(&group.prefix, mended, path);
    }
    true
}

fn said(prefix: &str, mended: &Mended, path: &str) {
    for fix in mended.applied.iter().filter(|f| f.file == path) {
        output::say(format_args!("fixed {prefix}{path}:{}: {} ({})", fix.line, fix.title, fix.code));
    }
}

/// Puts a file with the new text in the place of the old one, all or nothing; it must still hold what was read of it.
fn replace(file: &Path, before: &str, text: &str) -> std::io::Result<()> {
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
