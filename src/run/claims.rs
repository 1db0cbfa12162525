//! What a task says it reads and writes, as globs over the workspace.
//!
//! What is interpolated into a glob is literal text: it never becomes a pattern, and it may not lead out of the workspace
//! or, if it is a String, into another folder.

use super::task::Refusal;
use crate::analysis::globs::{self, Glob};
use crate::plan::claims::static_type;
use crate::plan::eval::{Env, Fault};
use crate::plan::{Element, Expr, ExprKind, Part, Plan, Spot, TaskDef};
use crate::value::{Type, Value, text};
use ecow::EcoString;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// The globs of a `reads` or `writes` of a task of that definition, whose arguments the expression may see.
///
/// # Errors
/// An evaluation that fails, or a claim that may not be made.
pub(super) fn claims_of<'p>(
    env: &mut Env<'p, '_>,
    expr: &'p Expr,
    of: (&'p Plan, &'p TaskDef),
) -> Result<Vec<EcoString>, Refusal> {
    let mut found = Vec::new();
    match &expr.kind {
        ExprKind::List(elements) => {
            for Element { splice, value } in elements {
                if *splice {
                    push_all(env.eval(value)?, value.spot, &mut found)?;
                } else {
                    found.push(glob(env, value, of)?);
                }
            }
        }
        ExprKind::Fit(_, inner) => return claims_of(env, inner, of),
        _ => push_all(env.eval(expr)?, expr.spot, &mut found)?,
    }
    for glob in &found {
        stays_inside(glob, expr.spot)?;
    }
    Ok(found)
}

fn push_all(value: Value, spot: Spot, globs: &mut Vec<EcoString>) -> Result<(), Refusal> {
    match &value {
        Value::None => Ok(()),
        Value::Str(glob) => {
            globs.push(glob.clone());
            Ok(())
        }
        Value::List(items) => items.iter().try_for_each(|item| push_all(item.clone(), spot, globs)),
        other => Err(Fault::error(format!("a glob must be a text, found {}", other.describe()), spot).into()),
    }
}

fn glob<'p>(
    env: &mut Env<'p, '_>,
    expr: &'p Expr,
    of: (&'p Plan, &'p TaskDef),
) -> Result<EcoString, Refusal> {
    match &expr.kind {
        ExprKind::Interpolate(parts) => {
            let mut glob = EcoString::new();
            for part in parts {
                match part {
                    Part::Text(text) => glob.push_str(text),
                    Part::Value(value) => glob.push_str(&literal(env, value, of)?),
                }
            }
            Ok(glob)
        }
        ExprKind::Const(Value::Str(glob)) => Ok(glob.clone()),
        ExprKind::Fit(_, inner) => self::glob(env, inner, of),
        _ => literal_path(env, expr),
    }
}

/// A value as the whole of a glob: a path, literally.
fn literal_path<'p>(env: &mut Env<'p, '_>, expr: &'p Expr) -> Result<EcoString, Refusal> {
    match env.eval(expr)? {
        Value::Str(path) => Ok(globs::escape(&path).into()),
        other => {
            Err(Fault::error(format!("a glob must be a text, found {}", other.describe()), expr.spot).into())
        }
    }
}

/// A value as a part of a glob.
fn literal<'p>(
    env: &mut Env<'p, '_>,
    expr: &'p Expr,
    of: (&'p Plan, &'p TaskDef),
) -> Result<EcoString, Refusal> {
    let value = env.eval(expr)?;
    let text = text::interpolated(&value)
        .ok_or_else(|| Refusal::Claim("a secret cannot stand in a claim".to_owned(), expr.spot))?;
    if text.contains('/') && is_string(of.0, of.1, expr) {
        let why = format!(
            "`{text}` is interpolated into a claim, but a String there may not contain `/`; use a Path"
        );
        return Err(Refusal::Claim(why, expr.spot));
    }
    Ok(globs::escape(&text).into())
}

/// Whether an expression is known to be a String and not a Path.
fn is_string(plan: &Plan, def: &TaskDef, expr: &Expr) -> bool {
    static_type(plan, def, expr).is_some_and(|ty| matches!(plan.types.get(ty), Type::String))
}

fn stays_inside(glob: &str, spot: Spot) -> Result<(), Refusal> {
    if glob.starts_with('/') || glob.split('/').any(|part| part == "..") {
        return Err(Refusal::Claim(format!("the claim `{glob}` leaves the workspace"), spot));
    }
    match Glob::new(glob) {
        Ok(_) => Ok(()),
        Err(fault) => Err(Refusal::Claim(format!("the claim `{glob}` is not a pattern: {fault}"), spot)),
    }
}

/// Globs that were compiled, at most so many: each is compared with all that run beside it.
const MOST_KNOWN: usize = 4_096;

thread_local! {
    static KNOWN: RefCell<HashMap<EcoString, Option<Rc<Glob>>>> = RefCell::new(HashMap::new());
}

fn compiled(glob: &str) -> Option<Rc<Glob>> {
    KNOWN.with_borrow_mut(|known| {
        if let Some(found) = known.get(glob) {
            return found.clone();
        }
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        let made = Glob::new(glob).ok().map(Rc::new);
        known.insert(glob.into(), made.clone());
        made
    })
}

/// Whether some path matches both globs.
pub(super) fn may_overlap(a: &str, b: &str) -> bool {
    match (compiled(a), compiled(b)) {
        (Some(a), Some(b)) => a.overlaps(&b),
        // What is not a pattern was refused before; if not, nothing may run beside it.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiled_globs_are_kept_and_bounded() {
        for i in 0..MOST_KNOWN + 10 {
            assert!(may_overlap(&format!("out/{i}/*"), &format!("out/{i}/x")), "{i}");
            assert!(!may_overlap("out/a", &format!("out/{i}/x")));
        }
        assert!(KNOWN.with_borrow(HashMap::len) <= MOST_KNOWN);
    }

    #[test]
    fn overlap_is_never_missed() {
        for (a, b, both) in [
            ("a.txt", "a.txt", true),
            ("./a.txt", "a.txt", true),
            ("a.txt", "b.txt", false),
            ("src/**", "src/x/y.rs", true),
            ("src/**", "docs/**", false),
            ("*.rs", "x.rs", true),
            (r"a\*b", "a*b", true),
            (r"a\*b", "axb", false),
        ] {
            assert_eq!(may_overlap(a, b), both, "{a} {b}");
            assert_eq!(may_overlap(b, a), both, "{b} {a}");
        }
    }
}
