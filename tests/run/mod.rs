//! Runs of plans from their beginning to their end, in a folder of their own.

mod adopted;
pub mod build;
mod constructs;
mod edits;
mod given;
mod history;
mod keys;
mod limits;
mod mcp;
mod place;
mod plans;
mod recovery;
mod secure;
mod sessions;
mod stopped;
mod tasks;

use build::*;
