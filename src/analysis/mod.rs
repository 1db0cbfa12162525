//! Facts about the whole program, one file a pass.
//!
//! Takes [`Checked`](crate::types::Checked) programs without errors and gives diagnostics: what is unused, what an agent
//! may not do, what a budget cannot pay. [`globs`] stands on its own: claims are compared with it before a run and in it.

pub mod globs;
