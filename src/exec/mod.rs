//! One attempt of one task: processes, agents, built-ins.
//!
//! Takes requests in which everything is evaluated and gives outcomes. It knows neither the plan nor the scheduler nor the
//! store.

pub mod builtin;
pub mod mask;
pub mod secret;
