//! Folders and files of ours around attempts: for nobody else to read or write, and never reached through a link that was put
//! in their place.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Makes a folder, with those above it, unless it is there.
pub(super) fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A file that is new or emptied; its folder is made where it is missing.
pub(super) fn file(path: &Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        folder(parent)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
    options.open(path)
}
