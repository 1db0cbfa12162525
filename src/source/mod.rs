//! Texts and places in them.
//!
//! Takes files (through a [`Loader`]) and gives [`SourceMap`], [`Span`] and line/column positions. It knows nothing of
//! the language. Byte offsets are used everywhere; lines and columns exist only where a person or an editor reads them.

mod line_index;
mod loader;
mod map;
mod overlay;
mod span;

pub use line_index::{LineIndex, Position};
pub use loader::{DiskLoader, Entry, LoadError, Loader, MAX_FILE, MemoryLoader, is_inside};
pub use map::{Source, SourceMap};
pub use overlay::Overlay;
pub use span::{FileId, Span, Spanned};
