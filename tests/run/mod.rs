//! Runs of plans from their beginning to their end, in a folder of their own.

mod build;
mod constructs;
mod limits;
mod plans;
mod recovery;
mod tasks;

use build::*;
