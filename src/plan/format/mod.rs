//! The saved plan: versioned JSON, its hash, and the checks on what is read back.
//!
//! The same source gives the same bytes: no map is in hash order, and nothing of the machine is in it. A plan that was read
//! is as good as one that was compiled: whatever is wrong with a file is found here, so that nothing after needs to look.

mod nesting;
mod validate;

#[cfg(test)]
mod tests;

use super::{FORMAT, Plan};
use ecow::EcoString;
use serde::{Deserialize, Serialize};

/// Deepest nesting of the JSON of a plan.
pub const DEEPEST: usize = 1_000;
/// Longest file that is read, in bytes.
pub const LONGEST: usize = 1 << 30;

/// Why a file is no plan that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPlan {
    pub message: String,
}

impl BadPlan {
    fn new(message: impl Into<String>) -> BadPlan {
        BadPlan { message: message.into() }
    }
}

impl std::fmt::Display for BadPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BadPlan {}

/// The plan as JSON, one line.
///
/// # Errors
/// Only if an expression is nested deeper than [`DEEPEST`] allows: such a plan runs, but cannot be saved.
pub fn to_json(plan: &Plan) -> Result<String, BadPlan> {
    let text =
        serde_json::to_string(plan).map_err(|e| BadPlan::new(format!("this plan has no JSON: {e}")))?;
    nesting::check(&text).map_err(|_| {
        BadPlan::new(
            "an expression of this program is nested too deeply to be saved; bind parts of it with `let`",
        )
    })?;
    Ok(text)
}

/// The plan of a saved file.
///
/// # Errors
/// When it is no plan, one of another version, or damaged.
pub fn from_json(text: &str) -> Result<Plan, BadPlan> {
    if text.len() > LONGEST {
        return Err(BadPlan::new("this file is too long to be a plan"));
    }
    nesting::check(text)?;
    let version: Version = read(text).map_err(|e| BadPlan::new(format!("this file is not a plan: {e}")))?;
    if version.format != FORMAT {
        return Err(BadPlan::new(format!(
            "this plan has format {}, and this flowc reads format {FORMAT}: compile it again",
            version.format
        )));
    }
    let mut plan: Plan = read(text).map_err(|e| BadPlan::new(format!("this plan is damaged: {e}")))?;
    validate::validate(&plan).map_err(|e| BadPlan::new(format!("this plan is damaged: {e}")))?;
    let said = std::mem::take(&mut plan.hash);
    seal(&mut plan);
    if plan.hash != said {
        return Err(BadPlan::new("this plan was changed after it was compiled: its hash does not match"));
    }
    Ok(plan)
}

#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// Reads JSON whose nesting was checked before.
fn read<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Writes the plan's hash: BLAKE3 of its JSON without the hash.
pub(super) fn seal(plan: &mut Plan) {
    plan.hash = EcoString::new();
    plan.hash = hash_of(plan);
}

/// BLAKE3, hex, of something's canonical JSON.
pub(super) fn hash_of(content: &impl Serialize) -> EcoString {
    let mut writer = std::io::BufWriter::with_capacity(1 << 14, blake3::Hasher::new());
    // A hasher takes all that is written, and what is hashed has no maps but those with text keys.
    let written = serde_json::to_writer(&mut writer, content);
    debug_assert!(written.is_ok());
    match writer.into_inner() {
        Ok(hasher) => hasher.finalize().to_hex().as_str().into(),
        Err(_) => EcoString::new(),
    }
}
