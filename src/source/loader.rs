//! How the compiler reads files: the only door between its pure phases and a file system.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Largest source, agent or included file that is read, in bytes.
pub const MAX_FILE: u64 = 64 * 1024 * 1024;

/// Why a file could not be had. The text of a diagnostic is made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadError {
    /// Nothing is there.
    NotFound,
    /// It resolves (after symbolic links) to a place outside the project root.
    Outside,
    /// It is a folder, a pipe, a device or a socket.
    NotAFile,
    /// It is larger than [`MAX_FILE`].
    TooLarge,
    /// It is not UTF-8; the offset of the first bad byte.
    NotUtf8(usize),
    /// Anything else the system said.
    Io(String),
}

/// One entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub name: String,
    pub is_dir: bool,
}

/// Reads files by a path relative to the project root, with `/` between its parts.
pub trait Loader {
    /// The text of a regular file inside the root.
    fn read(&self, path: &str) -> Result<Arc<str>, LoadError>;
    /// The entries of a folder inside the root, sorted by name.
    fn list(&self, path: &str) -> Result<Vec<Entry>, LoadError>;
}

/// Files on disk below a root. Symbolic links are followed, but never out of the root.
#[derive(Debug)]
pub struct DiskLoader {
    root: PathBuf,
}

impl DiskLoader {
    /// A loader for the files below `root`.
    ///
    /// # Errors
    /// When `root` does not exist or cannot be resolved.
    pub fn new(root: &Path) -> std::io::Result<DiskLoader> {
        Ok(DiskLoader { root: root.canonicalize()? })
    }

    /// The resolved root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn resolve(&self, path: &str) -> Result<PathBuf, LoadError> {
        if path.contains('\0') {
            return Err(LoadError::NotFound);
        }
        let relative = Path::new(path);
        if !relative.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) {
            return Err(LoadError::Outside);
        }
        let full = self.root.join(relative).canonicalize().map_err(|e| io_error(&e))?;
        if full.starts_with(&self.root) { Ok(full) } else { Err(LoadError::Outside) }
    }
}

impl Loader for DiskLoader {
    fn read(&self, path: &str) -> Result<Arc<str>, LoadError> {
        let full = self.resolve(path)?;
        // O_NONBLOCK: opening a pipe must not wait for its other end. The kind is asked of what was opened.
        let fd = rustix::fs::open(
            &full,
            rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        )
        .map_err(|e| io_error(&e.into()))?;
        let file = std::fs::File::from(fd);
        // Asked of what was opened: a link may have been changed since its path was resolved.
        if !is_inside(&file, &self.root) {
            return Err(LoadError::Outside);
        }
        let meta = file.metadata().map_err(|e| io_error(&e))?;
        if !meta.is_file() {
            return Err(LoadError::NotAFile);
        }
        if meta.len() > MAX_FILE {
            return Err(LoadError::TooLarge);
        }
        let mut bytes = Vec::with_capacity(meta.len() as usize);
        file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|e| io_error(&e))?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(LoadError::TooLarge);
        }
        let text = String::from_utf8(bytes).map_err(|e| LoadError::NotUtf8(e.utf8_error().valid_up_to()))?;
        Ok(text.into())
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>, LoadError> {
        let full = self.resolve(path)?;
        if !full.is_dir() {
            return Err(LoadError::NotAFile);
        }
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(full).map_err(|e| io_error(&e))? {
            let entry = entry.map_err(|e| io_error(&e))?;
            // A name that is not UTF-8 cannot be written in a program.
            if let Ok(name) = entry.file_name().into_string() {
                entries.push(Entry { name, is_dir: entry.path().is_dir() });
            }
        }
        entries.sort();
        Ok(entries)
    }
}

/// Whether an open file is below `root` (resolved), as the kernel names it; also where it names none.
pub fn is_inside(file: &impl std::os::fd::AsRawFd, root: &Path) -> bool {
    let name = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()));
    name.map_or(true, |name| !name.is_absolute() || name.starts_with(root))
}

fn io_error(e: &std::io::Error) -> LoadError {
    match e.kind() {
        std::io::ErrorKind::NotFound => LoadError::NotFound,
        std::io::ErrorKind::NotADirectory => LoadError::NotFound,
        _ => LoadError::Io(e.to_string()),
    }
}

/// Files in memory: for tests and editors.
#[derive(Debug, Default, Clone)]
pub struct MemoryLoader {
    files: BTreeMap<String, Arc<str>>,
}

impl MemoryLoader {
    /// No files yet.
    pub fn new() -> MemoryLoader {
        MemoryLoader::default()
    }

    /// Adds or replaces a file.
    #[must_use]
    pub fn with(mut self, path: &str, text: &str) -> MemoryLoader {
        self.files.insert(path.to_string(), text.into());
        self
    }
}

impl Loader for MemoryLoader {
    fn read(&self, path: &str) -> Result<Arc<str>, LoadError> {
        self.files.get(path).cloned().ok_or(LoadError::NotFound)
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>, LoadError> {
        let prefix = if path.is_empty() || path == "." { String::new() } else { format!("{path}/") };
        let mut entries: Vec<Entry> = Vec::new();
        for rest in self.files.keys().filter_map(|k| k.strip_prefix(&prefix)) {
            let (name, is_dir) = match rest.split_once('/') {
                Some((dir, _)) => (dir, true),
                None => (rest, false),
            };
            let entry = Entry { name: name.to_string(), is_dir };
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        if entries.is_empty() { Err(LoadError::NotFound) } else { Ok(entries) }
    }
}
