//! Flow: a typed language for workflows of agents and commands, its compiler and its engine.
//!
//! ```text
//!  source text ──syntax──▶ ast ──resolve──▶ Resolved ──types──▶ Checked ──analysis──▶ Analyzed
//!                                                                                        │ plan::lower
//!                    cli ◀── events, queries ── run ◀── Command/Event ── schedule ◀── Plan
//!                                                ├──▶ exec   (does the work)
//!                                                └──▶ store  (remembers it)
//! ```
//!
//! The modules stand in the order of the way through; a module uses only what stands above it.

extern crate alloc; // pest's parser is generated for a world without `std`

pub mod source;

pub mod diagnostics;

pub mod ast;

pub mod syntax;

pub mod resolve;

pub mod types;

pub mod analysis;

pub mod value;

pub mod plan;

pub mod proof;

pub mod compile;

pub mod doc;

pub mod schedule;

pub mod store;

pub mod exec;

pub mod run;

pub mod cli;
