//! Interpolation and JSON texts.

use super::{Env, Fault, MAX_SIZE, too_large};
use crate::plan::{Expr, Part, Spot};
use crate::value::{SecretPart, TypeId, Value, decode, text};
use ecow::EcoString;
use std::sync::Arc;

impl<'p> Env<'p, '_> {
    #[inline(never)]
    pub(super) fn interpolate(&mut self, parts: &'p [Part], spot: Spot) -> Result<Value, Fault> {
        let mut out = EcoString::new();
        let mut secret: Vec<SecretPart> = Vec::new();
        for part in parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Value(expr) => match self.eval(expr)? {
                    Value::Secret(parts) => {
                        secret.push(SecretPart::Text(std::mem::take(&mut out)));
                        secret.extend(parts.iter().cloned());
                    }
                    value => match text::interpolated(&value) {
                        Some(text) => out.push_str(&text),
                        None => {
                            return Err(Fault::error(
                                "a Secret inside a list or record has no text",
                                expr.spot,
                            ));
                        }
                    },
                },
            }
            if out.len() > MAX_SIZE {
                return Err(too_large(spot));
            }
        }
        if secret.is_empty() {
            return Ok(Value::Str(out));
        }
        secret.push(SecretPart::Text(out));
        secret.retain(|p| !matches!(p, SecretPart::Text(t) if t.is_empty()));
        Ok(Value::Secret(Arc::new(secret)))
    }

    #[inline(never)]
    pub(super) fn read_json(&mut self, ty: TypeId, text: &'p Expr, spot: Spot) -> Result<Value, Fault> {
        let value = self.eval(text)?;
        let Some(text) = value.as_text() else {
            return Err(Fault::error(format!("expected a text, found {}", value.describe()), spot));
        };
        decode(text, ty, &self.plan.types).map_err(|e| Fault::error(e.to_string(), spot))
    }
}
