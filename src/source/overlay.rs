//! A text in memory in front of other files.

use super::{Entry, LoadError, Loader};
use std::sync::Arc;

/// Reads one path from memory, everything else through another loader: for standard input and for what an editor holds.
pub struct Overlay<'a> {
    path: String,
    text: Arc<str>,
    rest: &'a dyn Loader,
}

impl<'a> Overlay<'a> {
    /// `text` stands for the file at `path`.
    pub fn new(path: impl Into<String>, text: impl Into<Arc<str>>, rest: &'a dyn Loader) -> Overlay<'a> {
        Overlay { path: path.into(), text: text.into(), rest }
    }
}

impl std::fmt::Debug for Overlay<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overlay").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Loader for Overlay<'_> {
    fn read(&self, path: &str) -> Result<Arc<str>, LoadError> {
        if path == self.path { Ok(self.text.clone()) } else { self.rest.read(path) }
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>, LoadError> {
        self.rest.list(path)
    }
}
