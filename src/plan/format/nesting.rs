//! How deep a JSON text is nested, before it is read: reading costs native stack for each level.

use super::{BadPlan, DEEPEST};

/// Refuses what is nested deeper than [`DEEPEST`].
pub(super) fn check(text: &str) -> Result<(), BadPlan> {
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(BadPlan::new(format!("this plan is nested deeper than {DEEPEST} levels")));
                }
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}
