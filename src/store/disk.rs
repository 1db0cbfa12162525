//! Folders and files that only their owner may read, opened so that nothing planted beforehand is followed or waited for.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::error::StoreError;

/// Makes a folder with mode 0700. Fails when anything has that name.
pub(super) fn new_dir(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new().mode(0o700).create(path).map_err(|error| StoreError::at("make folder", path, error))
}

/// Makes a folder with mode 0700 unless a real folder (no link) stands there. True when it is new.
pub(super) fn ensure_dir(path: &Path) -> Result<bool, StoreError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            real_dir(path)?;
            Ok(false)
        }
        Err(error) => Err(StoreError::at("make folder", path, error)),
    }
}

/// Fails unless `path` is a folder itself, not a link to one.
pub(super) fn real_dir(path: &Path) -> Result<(), StoreError> {
    let meta = path.symlink_metadata().map_err(|error| StoreError::at("open folder", path, error))?;
    if meta.is_dir() {
        return Ok(());
    }
    let source = std::io::Error::other("it is not a folder (links are not followed here)");
    Err(StoreError::at("open folder", path, source))
}

/// Makes and opens a file with mode 0600. Fails when anything has that name.
pub(super) fn new_file(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
        .map_err(|error| StoreError::at("make file", path, error))
}

/// Opens a regular file for reading and writing, making it when missing.
pub(super) fn ensure_file(path: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
        .map_err(|error| StoreError::at("open", path, error))?;
    regular(path, file)
}

/// Opens a regular file for reading.
pub(super) fn open_file(path: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
        .map_err(|error| StoreError::at("open", path, error))?;
    regular(path, file)
}

fn regular(path: &Path, file: File) -> Result<File, StoreError> {
    let meta = file.metadata().map_err(|error| StoreError::at("look at", path, error))?;
    if meta.is_file() {
        return Ok(file);
    }
    Err(StoreError::at("open", path, std::io::Error::other("it is not a regular file")))
}

/// The whole of a regular file of at most `limit` bytes; `None` when there is none.
pub(super) fn read_small(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match open_file(path) {
        Ok(file) => file,
        Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| StoreError::at("read", path, error))?;
    if bytes.len() as u64 > limit {
        return Err(StoreError::TooLarge { what: path.display().to_string(), limit });
    }
    Ok(Some(bytes))
}

/// Puts `bytes` under `name` in `dir`, whole or not at all; with `sync` it is on the disk when this returns.
pub(super) fn write_whole(dir: &Path, name: &str, bytes: &[u8], sync: bool) -> Result<(), StoreError> {
    let temp = dir.join(temp_name());
    let path = dir.join(name);
    let written = new_file(&temp).and_then(|mut file| {
        file.write_all(bytes).map_err(|error| StoreError::at("write", &temp, error))?;
        if sync {
            file.sync_data().map_err(|error| StoreError::at("sync", &temp, error))?;
        }
        std::fs::rename(&temp, &path).map_err(|error| StoreError::at("rename to", &path, error))
    });
    if written.is_err() {
        // The name is random: what stays behind is found and removed by gc.
        let _ = std::fs::remove_file(&temp);
    }
    written?;
    if sync { sync_dir(dir) } else { Ok(()) }
}

/// A name for a file on its way; gc knows it by its beginning.
pub(super) fn temp_name() -> String {
    format!("{TEMP_PREFIX}{}", uuid::Uuid::new_v4().simple())
}

/// What the names of unfinished files begin with.
pub(super) const TEMP_PREFIX: &str = ".new-";

/// Makes the entries of a folder survive a loss of power.
pub(super) fn sync_dir(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        // Whatever the number says: the outcome of a sync that failed is not known.
        .map_err(|source| StoreError::Io { doing: format!("sync folder {}", path.display()), source })
}

/// Device and inode of a name, links not followed: whether it is still the same file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

/// Identity and length of what stands under `path`; `None` when nothing does.
pub(super) fn look(path: &Path) -> Result<Option<(Identity, u64)>, StoreError> {
    match rustix::fs::lstat(path) {
        Ok(stat) => {
            let identity = Identity { device: stat.st_dev, inode: stat.st_ino };
            Ok(Some((identity, u64::try_from(stat.st_size).unwrap_or(0))))
        }
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(error) => Err(StoreError::at("look at", path, error.into())),
    }
}

/// Whether `path` is on a file system that other machines see too, where shared memory and locks do not work well.
pub(super) fn is_network(path: &Path) -> bool {
    // NFS, SMB (two numbers), CIFS, 9p, FUSE, AFS, Ceph.
    const SHARED: [i64; 8] =
        [0x6969, 0x517B, 0xFE53_4D42, 0xFF53_4D42, 0x0102_1997, 0x6573_5546, 0x5346_414F, 0x00C3_6400];
    rustix::fs::statfs(path).is_ok_and(|stat| SHARED.contains(&(stat.f_type & 0xFFFF_FFFF)))
}

/// A private folder that is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Scratch(std::path::PathBuf);

impl Scratch {
    /// Makes one in `place`.
    pub(super) fn new(place: &Path) -> Result<Scratch, StoreError> {
        let path = place.join(temp_name());
        new_dir(&path)?;
        let path = path.canonicalize().map_err(|error| StoreError::at("open folder", &path, error))?;
        Ok(Scratch(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Its name is that of a temporary file: what cannot be removed now is found by gc.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Copies a regular file to a new one.
pub(super) fn copy_file(from: &Path, to: &Path) -> Result<(), StoreError> {
    let mut source = open_file(from)?;
    let mut target = new_file(to)?;
    std::io::copy(&mut source, &mut target).map_err(|error| StoreError::at("copy to", to, error))?;
    Ok(())
}
