//! Runs of plans from their beginning to their end, in a folder of their own.

mod build;
mod plans;
mod speed;

use build::*;
