//! The files of one compilation.

use super::{FileId, LineIndex, Position, Span};
use std::cell::OnceCell;
use std::sync::Arc;

/// One file: its name as people should see it, and its text.
#[derive(Debug)]
pub struct Source {
    /// The path relative to the project root, or `std/…` for an embedded module.
    pub name: String,
    pub text: Arc<str>,
    lines: OnceCell<LineIndex>,
}

impl Source {
    /// The line index, made at first use.
    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.text))
    }
}

/// All the files that a compilation has read, in the order in which it read them.
#[derive(Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
}

impl SourceMap {
    /// An empty map.
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    /// Adds a file and gives it its id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(self.sources.len() as u32);
        self.sources.push(Source { name: name.into(), text: text.into(), lines: OnceCell::new() });
        id
    }

    /// The file of that id; ids come from [`add`](Self::add) of the same map.
    pub fn get(&self, id: FileId) -> &Source {
        &self.sources[id.0 as usize]
    }

    /// Shows the files whose id passes under a folder: `prefix` goes before their names.
    pub fn show_below(&mut self, prefix: &str, which: impl Fn(FileId) -> bool) {
        for (at, source) in self.sources.iter_mut().enumerate() {
            if which(FileId(at as u32)) {
                source.name.insert_str(0, prefix);
            }
        }
    }

    /// The text under a span.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file).text.get(span.range()).unwrap_or("")
    }

    /// The position of a span's start and of its end.
    pub fn positions(&self, span: Span) -> (Position, Position) {
        let source = self.get(span.file);
        let lines = source.lines();
        (lines.position(&source.text, span.start), lines.position(&source.text, span.end))
    }

    /// Every file with its id.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.sources.iter().enumerate().map(|(i, s)| (FileId(i as u32), s))
    }
}
