//! The values as an expression sees them: from a scope outwards, with bindings evaluated when they are first needed; or
//! parameters alone.

use super::{MAX_WAITING, Values};
use crate::plan::eval::{self, Env, Fault};
use crate::plan::{Expr, NodeIx, NodeKind, Plan};
use crate::schedule::{Place, ScopeId};
use crate::value::{Value, json};

impl Values {
    /// Evaluates in a scope. `f` may be called more than once.
    ///
    /// # Errors
    /// Those of the evaluation.
    pub fn evaluate<'p, T>(
        &mut self,
        plan: &'p Plan,
        scope: ScopeId,
        mut f: impl FnMut(&mut Env<'p, '_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut far: Vec<(ScopeId, u32)> = Vec::new();
        loop {
            self.deeper = None;
            self.waiting = 0;
            let given = match far.last() {
                Some((scope, index)) => {
                    let _ = At { values: self, plan, scope: *scope }.force(*scope, *index);
                    None
                }
                None => {
                    let mut at = At { values: self, plan, scope };
                    Some(f(&mut Env::new(plan, &mut at)))
                }
            };
            match (self.deeper.take(), given) {
                (Some(binding), _) if far.contains(&binding) => {
                    return Err(Fault::error("this binding needs its own value", Default::default()));
                }
                (Some(binding), _) => far.push(binding),
                (None, Some(given)) => return given,
                (None, None) => drop(far.pop()),
            }
        }
    }
}

/// The values as an expression sees them from a scope.
struct At<'v, 'p> {
    values: &'v mut Values,
    plan: &'p Plan,
    scope: ScopeId,
}

impl At<'_, '_> {
    /// Evaluates a binding, once.
    fn force(&mut self, scope: ScopeId, index: u32) -> Result<Value, Fault> {
        let frame = self.values.frames.get(&scope).ok_or_else(Fault::unknown)?;
        if let Some(Some(done)) = frame.lets.get(index as usize) {
            return done.clone();
        }
        let binding = self.plan.body(frame.body).lets.get(index as usize).ok_or_else(Fault::unknown)?;
        if self.values.deeper.is_some() || self.values.waiting >= MAX_WAITING {
            self.values.deeper.get_or_insert((scope, index));
            return Err(Fault::unknown());
        }
        self.values.waiting += 1;
        let mut inner = At { values: self.values, plan: self.plan, scope };
        let value = Env::new(self.plan, &mut inner).eval(&binding.value);
        self.values.waiting -= 1;
        if self.values.deeper.is_none()
            && let Some(frame) = self.values.frames.get_mut(&scope)
            && let Some(slot) = frame.lets.get_mut(index as usize)
        {
            *slot = Some(value.clone());
        }
        value
    }
}

impl eval::Scope for At<'_, '_> {
    fn node(&mut self, up: u16, node: NodeIx) -> Result<Value, Fault> {
        let scope = self.values.outward(self.scope, up).ok_or_else(Fault::unknown)?;
        self.values.read(Place::new(scope, node)).cloned().ok_or_else(Fault::unknown)
    }

    fn param(&mut self, up: u16, index: u16) -> Result<Value, Fault> {
        let scope = self.values.outward(self.scope, up).ok_or_else(Fault::unknown)?;
        let frame = self.values.frames.get(&scope).ok_or_else(Fault::unknown)?;
        frame.params.get(index as usize).cloned().ok_or_else(Fault::unknown)
    }

    fn binding(&mut self, up: u16, index: u32) -> Result<Value, Fault> {
        let scope = self.values.outward(self.scope, up).ok_or_else(Fault::unknown)?;
        self.force(scope, index)
    }
}

/// Only parameters: for defaults of inputs, contracts and settings of the started workflow.
#[derive(Debug)]
pub struct Constants<'a> {
    pub params: &'a [Value],
}

impl eval::Scope for Constants<'_> {
    fn node(&mut self, _: u16, _: NodeIx) -> Result<Value, Fault> {
        Err(Fault::unknown())
    }

    fn param(&mut self, up: u16, index: u16) -> Result<Value, Fault> {
        let value = if up == 0 { self.params.get(index as usize) } else { None };
        value.cloned().ok_or_else(Fault::unknown)
    }

    fn binding(&mut self, _: u16, _: u32) -> Result<Value, Fault> {
        Err(Fault::unknown())
    }
}

/// Evaluates with nothing but parameters.
///
/// # Errors
/// Those of the evaluation.
pub fn evaluate(plan: &Plan, expr: &Expr, params: &mut Constants<'_>) -> Result<Value, Fault> {
    Env::new(plan, params).eval(expr)
}

/// A value in JSON form; what has none (a Secret) is shown as nothing.
pub fn json_of(value: &Value) -> serde_json::Value {
    json::to_tree(value).unwrap_or(serde_json::Value::Null)
}

/// `env` of the workflows around a scope, the outermost first.
///
/// # Errors
/// Those of the evaluation.
pub(in crate::run) fn workflow_env(
    plan: &Plan,
    values: &Values,
    scope: ScopeId,
) -> Result<Vec<(ecow::EcoString, Value)>, Fault> {
    let mut found: Vec<Value> = Vec::new();
    let mut at = Some(scope);
    while let Some(scope) = at {
        let Some(frame) = values.frames.get(&scope) else { break };
        let env = match frame.outer {
            None => plan.settings.env.as_ref(),
            Some(by) => match values.frames.get(&by.scope).map(|outer| plan.body(outer.body)) {
                Some(body) => match body.nodes.get(by.node.index()).map(|node| &node.kind) {
                    Some(NodeKind::Call { settings, .. }) => settings.env.as_ref(),
                    _ => None,
                },
                None => None,
            },
        };
        if let Some(env) = env {
            found.push(evaluate(plan, env, &mut Constants { params: &frame.params })?);
        }
        at = frame.outer.map(|by| by.scope);
    }
    let mut all = Vec::new();
    for value in found.into_iter().rev() {
        if let Value::Record(fields) = value {
            all.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
    }
    Ok(all)
}
