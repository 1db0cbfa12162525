//! A task about to start: its arguments, and what the scheduler must know of it.
//!
//! Takes the node and the values around it; gives [`Inputs`] (limits, candidates, retries, claims) and keeps the arguments.
//! Properties of the call stand in place of the definition's; those of the definition see its arguments alone.

use super::claims;
use super::evaluate::{millis, node_at};
use super::values::Values;
use crate::plan::eval::{Env, Fault, NoScope};
use crate::plan::{
    Action, Agent, AgentId, BodyId, Expr, NodeIx, NodeKind, OnCrash, Plan, Props, Retry, Spot, TaskDef,
    TaskId,
};
use crate::schedule::{self, Crash, ErrorKind, Inputs, NumMap, Place, Work};
use crate::types::BuiltinTask;
use crate::value::Value;
use ecow::EcoString;
use std::sync::Arc;

/// Why a task's inputs cannot be had.
#[derive(Debug)]
pub(super) enum Refusal {
    Fault(Fault),
    /// A claim that may not be made.
    Claim(String, Spot),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        Refusal::Fault(fault)
    }
}

impl Refusal {
    /// Its kind for the scheduler.
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Refusal::Fault(fault) => ErrorKind::parse(fault.kind.name()).unwrap_or(ErrorKind::Error),
            Refusal::Claim(..) => ErrorKind::Claim,
        }
    }
}

/// Inputs of the tasks that have the same ones at every call.
#[derive(Debug, Default)]
pub(super) struct Shared(NumMap<TaskId, Arc<Inputs>>);

/// A task of the plan as it is called at one place.
#[derive(Debug, Clone)]
pub(super) struct Called<'p> {
    pub plan: &'p Plan,
    pub id: TaskId,
    pub def: &'p TaskDef,
    pub overrides: Option<&'p Props>,
    pub place: Place,
    pub spot: Spot,
}

/// The task at a place.
///
/// # Errors
/// When there is none.
pub(super) fn called<'p>(plan: &'p Plan, values: &Values, place: Place) -> Result<Called<'p>, Fault> {
    let node = node_at(plan, values, place)?;
    let NodeKind::Task { def, overrides, .. } = &node.kind else { return Err(Fault::unknown()) };
    Ok(Called {
        plan,
        id: *def,
        def: plan.task(*def),
        overrides: overrides.as_deref(),
        place,
        spot: node.spot,
    })
}

/// Evaluates the arguments and properties of the task at a place.
///
/// # Errors
/// What fails the task before it starts.
pub(super) fn inputs(
    plan: &Plan,
    values: &mut Values,
    shared: &mut Shared,
    place: Place,
) -> Result<Arc<Inputs>, Refusal> {
    let task = called(plan, values, place)?;
    let NodeKind::Task { args, .. } = &node_at(plan, values, place)?.kind else {
        return Err(Fault::unknown().into());
    };
    let env = super::values::workflow_env(plan, values, place.scope)?;
    if !args.is_empty() || task.overrides.is_some() || !env.is_empty() {
        let args: Arc<[Value]> = values
            .evaluate(plan, place.scope, |env| {
                args.iter().map(|arg| env.eval(arg)).collect::<Result<Vec<_>, _>>()
            })?
            .into();
        let hash = task.hash(values, &args, &env)?;
        values.put_args(place, args, hash);
    }
    if let (Some(known), None) = (shared.0.get(&task.id), task.overrides) {
        return Ok(known.clone());
    }
    let inputs = Arc::new(task.inputs(values)?);
    if args.is_empty() && task.overrides.is_none() {
        shared.0.insert(task.id, inputs.clone());
    }
    Ok(inputs)
}

impl<'p> Called<'p> {
    /// The arguments, as they were evaluated for the inputs.
    pub(super) fn args(&self, values: &Values) -> Arc<[Value]> {
        values.args(self.place).unwrap_or_default()
    }

    /// The value of a property: the call's, else the definition's, else nothing.
    pub(super) fn property(
        &self,
        values: &mut Values,
        of: impl Fn(&'p Props) -> Option<&'p Expr>,
    ) -> Result<Option<(Value, Spot)>, Fault> {
        self.read(values, of, |env, expr| Ok((env.eval(expr)?, expr.spot)))
    }

    /// Whatever is made of a property, where it is given.
    pub(super) fn read<X: 'p, T>(
        &self,
        values: &mut Values,
        of: impl Fn(&'p Props) -> Option<&'p X>,
        make: impl Fn(&mut Env<'p, '_>, &'p X) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        if let Some(given) = self.overrides.and_then(&of) {
            return values.evaluate(self.plan, self.place.scope, |env| make(env, given)).map(Some);
        }
        match of(&self.def.props) {
            Some(given) => self.within(values, |env| make(env, given)).map(Some),
            None => Ok(None),
        }
    }

    /// Evaluates an expression of the definition.
    pub(super) fn within<T>(
        &self,
        values: &Values,
        f: impl FnOnce(&mut Env<'p, '_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut nothing = NoScope;
        let args = self.args(values).to_vec();
        f(&mut Env::new(self.plan, &mut nothing).with_args(args))
    }

    /// Hash of what the result depends on beside the definition: the arguments, those properties of the call that change what
    /// is done, and the environment of the workflows around.
    fn hash(
        &self,
        values: &mut Values,
        args: &[Value],
        env: &[(EcoString, Value)],
    ) -> Result<EcoString, Fault> {
        let mut hasher = blake3::Hasher::new();
        let mut add = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        let mut agents = Vec::new();
        for arg in args {
            add(&super::codec::bytes(arg));
            agents_in(arg, &mut agents);
        }
        // An agent is more than its name.
        for agent in agents.into_iter().filter_map(|id| self.plan.agents.get(id as usize)) {
            add(agent.content_key().as_bytes());
        }
        for (name, value) in env {
            add(name.as_bytes());
            add(&super::codec::bytes(value));
        }
        if let Some(props) = self.overrides {
            let given = [
                &props.cwd,
                &props.env,
                &props.stdin,
                &props.allow_exit,
                &props.reads,
                &props.writes,
                &props.verify,
            ];
            for (index, expr) in given.into_iter().enumerate() {
                let Some(expr) = expr.as_deref() else { continue };
                let value = values.evaluate(self.plan, self.place.scope, |env| env.eval(expr))?;
                add(&[index as u8]);
                add(&super::codec::bytes(&value));
            }
            if let Some(output) = &props.output {
                add(&serde_json::to_vec(output).unwrap_or_default());
            }
        }
        Ok(hasher.finalize().to_hex().as_str()[..32].into())
    }

    fn inputs(&self, values: &mut Values) -> Result<Inputs, Refusal> {
        let agents = self.candidates(values)?;
        let mut inputs = Inputs {
            units: self.units(values)?,
            retry: self.retry(values, &agents)?,
            priority: self.priority(values, &agents)?,
            reads: self.claims(values, |props| props.reads.as_deref())?,
            writes: self.claims(values, |props| props.writes.as_deref())?,
            work: self.work(values)?,
            ..Inputs::default()
        };
        inputs.on_crash = self.on_crash(&agents, !inputs.writes.is_empty());
        inputs.agents = agents;
        Ok(inputs)
    }

    fn candidates(&self, values: &Values) -> Result<Vec<AgentId>, Fault> {
        let Action::Agent { agent, .. } = &self.def.action else { return Ok(Vec::new()) };
        let value = self.within(values, |env| env.eval(agent))?;
        let one = |value: &Value| match value {
            Value::Agent(index, _) if (*index as usize) < self.plan.agents.len() => Ok(AgentId(*index)),
            other => Err(Fault::error(format!("expected an agent, found {}", other.describe()), agent.spot)),
        };
        let agents = match &value {
            Value::List(of) => of.iter().map(one).collect::<Result<Vec<_>, _>>()?,
            value => vec![one(value)?],
        };
        if agents.is_empty() {
            return Err(Fault::error("there is no agent among the candidates", agent.spot));
        }
        Ok(agents)
    }

    /// An agent of the plan.
    pub(super) fn agent(&self, id: AgentId) -> Option<&'p Agent> {
        self.plan.agents.get(id.index())
    }

    fn units(&self, values: &mut Values) -> Result<Vec<(crate::plan::ResourceId, i64)>, Fault> {
        let amount = |value: Value, spot| match value {
            Value::Int(n) | Value::Bytes(n) if n >= 0 => Ok(n),
            other => Err(Fault::error(
                format!(
                    "units of a resource must be a number that is not negative, found {}",
                    other.describe()
                ),
                spot,
            )),
        };
        let make = |env: &mut Env<'p, '_>, list: &'p Vec<(crate::plan::ResourceId, Expr)>| {
            list.iter().map(|(id, expr)| Ok((*id, amount(env.eval(expr)?, expr.spot)?))).collect()
        };
        let given = |props: &'p Props| (!props.resources.is_empty()).then_some(&props.resources);
        Ok(self.read(values, given, make)?.unwrap_or_default())
    }

    fn retry(&self, values: &mut Values, agents: &[AgentId]) -> Result<schedule::Retry, Fault> {
        if let Some(retry) = self.read(values, |props| props.retry.as_deref(), retry_of)? {
            return Ok(retry);
        }
        let agent = agents.first().and_then(|id| self.agent(*id)).and_then(|agent| agent.retry.as_ref());
        agent.map_or(Ok(schedule::Retry::default()), |retry| self.within(values, |env| retry_of(env, retry)))
    }

    fn priority(&self, values: &mut Values, agents: &[AgentId]) -> Result<i64, Fault> {
        let given = self.property(values, |props| props.priority.as_deref())?;
        if let Some((Value::Int(priority), _)) = given {
            return Ok(priority);
        }
        let agent = agents.first().and_then(|id| self.agent(*id));
        Ok(agent.and_then(|agent| agent.priority).unwrap_or(0))
    }

    fn claims(
        &self,
        values: &mut Values,
        of: impl Fn(&'p Props) -> Option<&'p Expr>,
    ) -> Result<Vec<EcoString>, Refusal> {
        let definition = (self.plan, self.def);
        let globs = self.read(values, of, |env, expr| Ok(claims::claims_of(env, expr, definition)))?;
        globs.unwrap_or(Ok(Vec::new()))
    }

    fn work(&self, values: &Values) -> Result<Work, Fault> {
        let Action::Builtin { task, args } = &self.def.action else { return Ok(Work::Attempt) };
        match task {
            BuiltinTask::Now | BuiltinTask::Env | BuiltinTask::Glob | BuiltinTask::Read => Ok(Work::Inline),
            BuiltinTask::Sleep => Ok(Work::Light),
            BuiltinTask::Write | BuiltinTask::PlanOf => Ok(Work::Attempt),
            BuiltinTask::Approve | BuiltinTask::Input => {
                let argument = |index: usize| args.get(index).and_then(Option::as_ref);
                let timeout_ms = match argument(1) {
                    Some(expr) => match self.within(values, |env| env.eval(expr))? {
                        Value::None => None,
                        value => Some(millis(&value, "timeout", expr.spot)?),
                    },
                    None => None,
                };
                let default = match (task, argument(2)) {
                    (BuiltinTask::Input, Some(expr)) => {
                        self.within(values, |env| env.eval(expr))? != Value::None
                    }
                    _ => false,
                };
                Ok(Work::Question { timeout_ms, default })
            }
        }
    }

    fn on_crash(&self, agents: &[AgentId], writes: bool) -> Crash {
        let given = self.overrides.and_then(|props| props.on_crash.as_deref());
        match given.or(self.def.props.on_crash.as_deref()) {
            Some(OnCrash::Rerun) => Crash::Rerun,
            Some(OnCrash::Ask) => Crash::Ask,
            Some(OnCrash::Fail) => Crash::Fail,
            Some(OnCrash::Probe(_)) => Crash::Probe,
            None => match &self.def.action {
                Action::Builtin { .. } => Crash::Rerun,
                Action::Run { .. } | Action::Sh { .. } if !writes => Crash::Rerun,
                Action::Agent { .. }
                    if !writes && agents.iter().all(|id| self.agent(*id).is_some_and(only_reads)) =>
                {
                    Crash::Rerun
                }
                Action::Agent { .. }
                | Action::Run { .. }
                | Action::Sh { .. }
                | Action::Http { .. }
                | Action::Mcp { .. } => Crash::Ask,
            },
        }
    }
}

/// The agents in a value.
fn agents_in(value: &Value, found: &mut Vec<u32>) {
    value.each_leaf(&mut |leaf| {
        if let Value::Agent(id, _) = leaf {
            found.push(*id);
        }
    });
}

/// Whether, as far as the plan alone says, a task that was done is not to be repeated unasked.
pub(super) fn may_ask(plan: &Plan, body: BodyId, node: NodeIx) -> bool {
    let Some(NodeKind::Task { def, overrides, .. }) =
        plan.body(body).nodes.get(node.index()).map(|node| &node.kind)
    else {
        return false;
    };
    let def = plan.task(*def);
    let own = overrides.as_deref();
    match own.and_then(|props| props.on_crash.as_deref()).or(def.props.on_crash.as_deref()) {
        Some(OnCrash::Rerun | OnCrash::Probe(_)) => false,
        Some(OnCrash::Ask | OnCrash::Fail) => true,
        None => match &def.action {
            Action::Builtin { .. } => false,
            Action::Run { .. } | Action::Sh { .. } => {
                def.props.writes.is_some() || own.is_some_and(|props| props.writes.is_some())
            }
            Action::Agent { .. } | Action::Http { .. } | Action::Mcp { .. } => true,
        },
    }
}

/// Whether an agent has no tool that writes or runs commands.
fn only_reads(agent: &Agent) -> bool {
    const READING: &[&str] =
        &["Read", "Grep", "Glob", "LS", "WebFetch", "WebSearch", "TodoWrite", "TodoRead", "NotebookRead"];
    agent.tools.as_ref().is_some_and(|tools| {
        tools.iter().all(|tool| {
            let name = tool.split('(').next().unwrap_or(tool);
            READING.contains(&name)
        })
    })
}

fn retry_of<'p>(env: &mut Env<'p, '_>, retry: &'p Retry) -> Result<schedule::Retry, Fault> {
    let mut made = schedule::Retry::default();
    match env.eval(&retry.max)? {
        Value::Int(max) if max >= 0 => made.max = u32::try_from(max).unwrap_or(u32::MAX),
        Value::None => {}
        other => {
            let why = format!("`retry` must not be negative, found {}", other.describe());
            return Err(Fault::error(why, retry.max.spot));
        }
    }
    if let Some(backoff) = &retry.backoff {
        made.backoff_ms = millis(&env.eval(backoff)?, "backoff", backoff.spot)?;
    }
    let mut number = |expr: &'p Option<Expr>, name: &str, least: f64, most: f64| {
        let Some(expr) = expr else { return Ok(None) };
        let value = match env.eval(expr)? {
            Value::Float(value) => value,
            Value::Int(value) => value as f64,
            other => return Err(Fault::error(format!("`{name}` is {}", other.describe()), expr.spot)),
        };
        if (least..=most).contains(&value) {
            return Ok(Some(value));
        }
        Err(Fault::error(format!("`{name}` must be from {least} to {most}, found {value}"), expr.spot))
    };
    made.factor = number(&retry.factor, "factor", 1.0, 1_000.0)?.unwrap_or(made.factor);
    made.jitter = number(&retry.jitter, "jitter", 0.0, 1.0)?.unwrap_or(made.jitter);
    made.on = retry.on.as_ref().map(|on| on.iter().filter_map(|kind| ErrorKind::parse(kind)).collect());
    Ok(made)
}
