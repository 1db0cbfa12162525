//! How diagnostics are shown: for people by miette, for machines as JSON.

mod human;
mod json;

pub use human::{Style, human};
pub use json::json;
