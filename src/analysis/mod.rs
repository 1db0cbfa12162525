//! Facts about the whole program, one file a pass.
//!
//! Takes a [`Checked`](crate::types::Checked) program without errors and gives diagnostics: what is unused, what an agent
//! may not do, what no capacity can hold. Most passes look at the [`survey`], which is made in
//! one walk. [`globs`] stands on its own: claims are compared with it before a run and in it.

mod agents;
mod capabilities;
mod capacity;
mod effects;
mod errors;
mod flow;
pub mod globs;
mod survey;
mod tools;
mod trust;
mod unused;

#[cfg(test)]
mod tests;

use crate::diagnostics::Diagnostic;
use crate::types::Checked;

/// Runs all passes over a program without errors.
pub fn check(checked: &Checked, out: &mut Vec<Diagnostic>) {
    let survey = survey::Survey::new(checked);
    let agents = agents::Agents::new(checked);
    let flow = flow::Flow::new(checked, &survey, &agents);
    unused::check(checked, &survey, out);
    effects::check(checked, &survey, &flow, &agents, out);
    capabilities::check(checked, &flow, &agents, out);
    trust::check(checked, &survey, &flow, &agents, out);
    capacity::check(checked, &survey, out);
}
