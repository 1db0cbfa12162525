//! How diagnostics are shown: for people by miette, for machines as JSON, SARIF or annotations of GitHub.

mod gather;
mod github;
mod human;
mod json;
mod piece;
mod sarif;

pub use gather::{Told, gathered};
pub use github::github;
pub use human::{Style, human};
pub use json::json;
pub use sarif::sarif;

use super::Diagnostic;
use crate::source::SourceMap;

/// A diagnostic with the files of the compilation that found it.
pub type Found<'a> = (&'a Diagnostic, &'a SourceMap);
