//! The one integration-test binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod bad_inputs;
mod check;
mod conflicts;
mod crash;
mod docs;
mod examples;
mod exec;
mod fixes;
mod fmt;
mod mistakes;
mod mutations;
mod outputs;
mod pages;
mod recovery;
mod renderings;
mod run;
mod schedule;
mod schedule_chance;
mod schedule_checks;
mod schedule_plans;
mod schedule_rules;
mod schedule_world;
mod stdlib;
mod store;
mod support;
mod tidy;
mod types;
