//! Texts in memory in front of other files.

use super::{Entry, LoadError, Loader};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads some paths from memory, everything else through another loader: for standard input, for what an editor holds,
/// and for changes that are not yet written.
pub struct Overlay<'a> {
    texts: BTreeMap<String, Arc<str>>,
    rest: &'a dyn Loader,
}

impl<'a> Overlay<'a> {
    /// `text` stands for the file at `path`.
    pub fn new(path: impl Into<String>, text: impl Into<Arc<str>>, rest: &'a dyn Loader) -> Overlay<'a> {
        Overlay::of(BTreeMap::from([(path.into(), text.into())]), rest)
    }

    /// Those texts, by path, stand for the files.
    pub fn of(texts: BTreeMap<String, Arc<str>>, rest: &'a dyn Loader) -> Overlay<'a> {
        Overlay { texts, rest }
    }
}

impl std::fmt::Debug for Overlay<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overlay").field("paths", &self.texts.keys()).finish_non_exhaustive()
    }
}

impl Loader for Overlay<'_> {
    fn read(&self, path: &str) -> Result<Arc<str>, LoadError> {
        match self.texts.get(path) {
            Some(text) => Ok(text.clone()),
            None => self.rest.read(path),
        }
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>, LoadError> {
        self.rest.list(path)
    }
}
