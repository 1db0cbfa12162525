//! One attempt at a task: what is to be done, from its arguments and properties; and what its output is worth.
//!
//! Takes the task as it is called; gives a [`Job`] for the executors, and judges what comes back: exit code, decoding,
//! `accept`. It starts nothing.

use super::ending::Given;
use super::task::Called;
use super::values::Values;
use crate::exec::environment::steers_programs;
use crate::exec::secret::Secrets;
use crate::exec::shell::{self, ShellPart};
use crate::exec::{EnvVar, builtin};
use crate::plan::eval::{Env, Fault};
use crate::plan::{
    Action, AgentId, Entry, Expr, ExprKind, OnCrash, OutputFrom, Plan, Props, ScriptPart, Spot, TaskDef,
};
use crate::run::evaluate::millis;
use crate::schedule::{ErrorKind, Ms};
use crate::types::BuiltinTask;
use crate::value::{self, Fields, SecretPart, Type, Value, text};
use ecow::EcoString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Whether a failure of that kind came with an answer: a further attempt is another effect.
pub(super) fn is_answer(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Exit | ErrorKind::Status | ErrorKind::Decode | ErrorKind::Accept | ErrorKind::Verify
    )
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Work {
    Run {
        argv: Vec<String>,
    },
    Agent {
        agent: AgentId,
        prompt: String,
        /// Values handed over, by name.
        context: Vec<(String, String)>,
        schema: Option<serde_json::Value>,
    },
    Write {
        path: EcoString,
        text: EcoString,
    },
    /// Until that wall time.
    Sleep {
        until: i64,
    },
}

/// An attempt that is ready to begin.
#[derive(Debug)]
pub(super) struct Job {
    pub work: Work,
    pub cwd: PathBuf,
    /// The later of equal names wins.
    pub env: Vec<(EcoString, Value)>,
    pub stdin: Option<EcoString>,
    /// Of the attempt with its gates.
    pub timeout: Option<Ms>,
    pub allow_exit: Vec<i64>,
    pub output: Output,
    /// Commands that must exit 0 afterwards.
    pub verify: Vec<Vec<String>>,
    /// After a lost attempt: exits 0 when it was done.
    pub probe: Option<Vec<String>>,
}

/// What is decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Output {
    Stdout,
    Stderr,
    File(PathBuf),
}

/// Prepares an attempt of a task that is not a question and not done in process.
///
/// # Errors
/// What the evaluation of a property says.
pub(super) fn prepare(
    task: &Called<'_>,
    values: &mut Values,
    root: &Path,
    agent: Option<AgentId>,
    redo: bool,
    sleep_until: i64,
) -> Result<Job, Fault> {
    let cwd = match task.property(values, |props| props.cwd.as_deref())? {
        Some((Value::Str(path), _)) => root.join(path.as_str()),
        _ => root.to_owned(),
    };
    let output = match task.read(values, |props| props.output.as_deref(), output_from)? {
        Some(Output::File(path)) => Output::File(cwd.join(path)),
        Some(other) => other,
        None => Output::Stdout,
    };
    let timeout = match task.property(values, |props| props.timeout.as_deref())? {
        Some((Value::None, _)) | None => {
            agent.and_then(|id| task.agent(id)).and_then(|agent| agent.timeout_ms)
        }
        Some((value, spot)) => Some(millis(&value, "timeout", spot)?),
    };
    let stdin = match task.property(values, |props| props.stdin.as_deref())? {
        Some((Value::None, _)) | None => None,
        Some((value, spot)) => Some(plain_text(&value, spot)?),
    };
    let allow_exit = match task.property(values, |props| props.allow_exit.as_deref())? {
        Some((Value::List(codes), _)) => codes.iter().filter_map(int).collect(),
        Some((Value::Int(code), _)) => vec![code],
        _ => vec![0],
    };
    let verify = task.read(
        values,
        |props| props.verify.as_deref(),
        |env, expr| commands(&env.eval(expr)?, expr.spot),
    )?;
    let probe = match (redo, probe_of(task)) {
        (true, Some(expr)) => Some(task.within(values, |env| words(&env.eval(expr)?, expr.spot))?),
        _ => None,
    };
    Ok(Job {
        work: work(task, values, agent, sleep_until)?,
        env: environment(task, values, agent)?,
        cwd,
        stdin,
        timeout,
        allow_exit,
        output,
        verify: verify.unwrap_or_default(),
        probe,
    })
}

fn probe_of<'p>(task: &Called<'p>) -> Option<&'p Expr> {
    let given = task.overrides.and_then(|props| props.on_crash.as_deref());
    match given.or(task.def.props.on_crash.as_deref()) {
        Some(OnCrash::Probe(argv)) => Some(argv),
        _ => None,
    }
}

fn output_from<'p>(env: &mut Env<'p, '_>, from: &'p OutputFrom) -> Result<Output, Fault> {
    Ok(match from {
        OutputFrom::Stdout => Output::Stdout,
        OutputFrom::Stderr => Output::Stderr,
        OutputFrom::File(path) => Output::File(plain_text(&env.eval(path)?, path.spot)?.as_str().into()),
    })
}

fn int(value: &Value) -> Option<i64> {
    if let Value::Int(n) = value { Some(*n) } else { None }
}

/// A text that holds no secret and no NUL.
fn plain_text(value: &Value, spot: Spot) -> Result<EcoString, Fault> {
    let text = text::interpolated(value).ok_or_else(|| Fault::error("a secret cannot stand here", spot))?;
    if text.contains('\0') {
        return Err(Fault::error("a text with a NUL byte cannot be passed to a program", spot));
    }
    Ok(text)
}

/// An argv: a list of texts, not empty.
fn words(value: &Value, spot: Spot) -> Result<Vec<String>, Fault> {
    let Value::List(items) = value else {
        return Err(Fault::error(format!("expected a command, found {}", value.describe()), spot));
    };
    let words = items.iter().map(|item| plain_text(item, spot).map(String::from));
    let words = words.collect::<Result<Vec<_>, _>>()?;
    match words.first() {
        Some(program) if !program.is_empty() => Ok(words),
        _ => Err(Fault::error("a command must begin with the name of a program", spot)),
    }
}

/// One argv or a list of them.
fn commands(value: &Value, spot: Spot) -> Result<Vec<Vec<String>>, Fault> {
    match value {
        Value::List(items) if items.iter().any(|item| matches!(item, Value::List(_))) => {
            items.iter().map(|item| words(item, spot)).collect()
        }
        Value::None => Ok(Vec::new()),
        Value::List(items) if items.is_empty() => Ok(Vec::new()),
        one => Ok(vec![words(one, spot)?]),
    }
}

fn work(task: &Called<'_>, values: &Values, agent: Option<AgentId>, sleep_until: i64) -> Result<Work, Fault> {
    match &task.def.action {
        Action::Run { argv } => {
            Ok(Work::Run { argv: task.within(values, |env| words(&env.eval(argv)?, argv.spot))? })
        }
        Action::Sh { script } => task.within(values, |env| sh(env, script, task.spot)),
        Action::Agent { prompt, context, .. } => {
            let agent = agent.ok_or_else(|| Fault::error("no agent was chosen", task.spot))?;
            let (prompt, context) = task.within(values, |env| labelled(env, prompt, context.as_deref()))?;
            Ok(Work::Agent { agent, prompt, context, schema: schema_of(task.plan, task.def) })
        }
        Action::Builtin { task: builtin, args } => match builtin {
            BuiltinTask::Write => {
                let argument = |index: usize| match args.get(index).and_then(Option::as_ref) {
                    Some(expr) => task.within(values, |env| plain_or_any(&env.eval(expr)?, expr.spot)),
                    None => Ok(EcoString::new()),
                };
                Ok(Work::Write { path: argument(0)?, text: argument(1)? })
            }
            BuiltinTask::Sleep => Ok(Work::Sleep { until: sleep_until }),
            other => Err(Fault::error(format!("`{}` is not done by an executor", other.name()), task.spot)),
        },
        Action::Http { .. } => Err(Fault::error("this version of flowc does not run `http` yet", task.spot)),
        Action::Mcp { .. } => Err(Fault::error("this version of flowc does not run `mcp` yet", task.spot)),
    }
}

/// A text that holds no secret.
fn plain_or_any(value: &Value, spot: Spot) -> Result<EcoString, Fault> {
    text::interpolated(value).ok_or_else(|| Fault::error("a secret cannot stand here", spot))
}

/// The script as an argv in which the words that are put in stand outside of the script.
fn sh<'p>(env: &mut Env<'p, '_>, parts: &'p [ScriptPart], spot: Spot) -> Result<Work, Fault> {
    let mut script = Vec::with_capacity(parts.len());
    for part in parts {
        script.push(match part {
            ScriptPart::Text(text) => ShellPart::Text(text.to_string()),
            ScriptPart::Word(expr) => match env.eval(expr)? {
                Value::List(items) => {
                    let words = items.iter().map(|item| plain_text(item, expr.spot).map(String::from));
                    ShellPart::Words(words.collect::<Result<_, _>>()?)
                }
                one => ShellPart::Word(plain_text(&one, expr.spot)?.into()),
            },
        });
    }
    let argv = shell::argv(&script).map_err(|why| Fault::error(why.message, spot))?;
    Ok(Work::Run { argv })
}

/// The prompt, and each value that is handed over with its name.
fn labelled<'p>(
    env: &mut Env<'p, '_>,
    prompt: &'p Expr,
    context: Option<&'p Expr>,
) -> Result<(String, Vec<(String, String)>), Fault> {
    let text = String::from(plain_or_any(&env.eval(prompt)?, prompt.spot)?);
    let Some(context) = context else { return Ok((text, Vec::new())) };
    let given = match env.eval(context)? {
        Value::Record(fields) => fields
            .iter()
            .map(|(name, value)| Ok((name.to_string(), plain_or_any(value, context.spot)?.into())))
            .collect::<Result<_, Fault>>()?,
        Value::None => Vec::new(),
        other => vec![("context".to_owned(), plain_or_any(&other, context.spot)?.into())],
    };
    Ok((text, given))
}

/// The JSON Schema that an agent's answer must fit; `None` where its text is the result.
pub(super) fn schema_of(plan: &Plan, def: &TaskDef) -> Option<serde_json::Value> {
    match plan.types.get(def.result) {
        Type::Unit | Type::String | Type::Path => None,
        _ => Some(value::schema(def.result, &plan.types)),
    }
}

/// `env` of the workflows around it, of its agent, and its own.
fn environment(
    task: &Called<'_>,
    values: &mut Values,
    agent: Option<AgentId>,
) -> Result<Vec<(EcoString, Value)>, Fault> {
    let mut all = super::values::workflow_env(task.plan, values, task.place.scope)?;
    if let Some(agent) = agent.and_then(|id| task.agent(id)) {
        all.extend(agent.env.iter().cloned());
        all.extend(super::servers::variables(agent));
    }
    if let Some((Value::Record(fields), spot)) = task.property(values, |props| props.env.as_deref())? {
        let given = task.overrides.and_then(|props| props.env.as_deref());
        let written = given.or(task.def.props.env.as_deref());
        for (name, value) in fields.iter() {
            if steers_programs(name) && !written.is_some_and(|expr| is_written(expr, name)) {
                let why = format!(
                    "the variable `{name}` decides what programs load or run, and its name was computed: write it in the program"
                );
                return Err(Fault::error(why, spot));
            }
            all.push((name.clone(), env_value(name, value, spot)?));
        }
    }
    Ok(all)
}

/// Whether the name of a field stands in the text of a record, not in data.
fn is_written(expr: &Expr, name: &str) -> bool {
    match &expr.kind {
        ExprKind::Record(entries) => entries.iter().any(|entry| match entry {
            Entry::Field(field, _) => field == name,
            Entry::Spread(_) => false,
        }),
        // Nothing in it is known only when it runs.
        ExprKind::Const(_) => true,
        ExprKind::Fit(_, inner) => is_written(inner, name),
        _ => false,
    }
}

fn env_value(name: &str, value: &Value, spot: Spot) -> Result<Value, Fault> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(Fault::error(format!("`{name}` cannot be the name of an environment variable"), spot));
    }
    match value {
        Value::Secret(parts) => Ok(Value::Secret(parts.clone())),
        other => plain_text(other, spot).map(Value::Str),
    }
}

/// The text of an environment variable, with its secrets put in.
pub(super) fn revealed(value: &Value, secrets: &Secrets) -> String {
    let Value::Secret(parts) = value else {
        return text::interpolated(value).map(String::from).unwrap_or_default();
    };
    let part = |part: &SecretPart| match part {
        SecretPart::Text(plain) => plain.to_string(),
        SecretPart::Named(name) => secrets.get(name).unwrap_or_default().to_owned(),
    };
    parts.iter().map(part).collect()
}

/// The names of the secrets in a value of `env`.
pub(super) fn secret_names(value: &Value) -> Vec<&str> {
    let Value::Secret(parts) = value else { return Vec::new() };
    let name = |part: &'_ SecretPart| matches!(part, SecretPart::Named(_));
    parts
        .iter()
        .filter(|part| name(part))
        .map(|part| match part {
            SecretPart::Named(name) | SecretPart::Text(name) => name.as_str(),
        })
        .collect()
}

/// A failed judgement: its kind and message.
pub(super) type Verdict<T> = Result<T, (ErrorKind, String)>;

/// Decodes what a process or agent gave into the task's result type.
///
/// # Errors
/// Kind `decode`, with path and reason.
pub(super) fn decode(plan: &Plan, def: &TaskDef, output: &Output, given: &Given) -> Verdict<Value> {
    let fail = |why: String| (ErrorKind::Decode, why);
    match plan.types.get(def.result) {
        Type::Unit => return Ok(Value::Unit),
        Type::Record(record) if record.name.as_deref() == Some("Exit") => {
            return match given.lost.as_ref().or(given.lost_stderr.as_ref()) {
                Some(lost) => Err(fail(format!("the output is not whole: {lost}"))),
                None => Ok(exit_value(given)),
            };
        }
        _ => {}
    }
    if let Some(answer) = given.report.as_ref().and_then(|report| report.answer.as_ref()) {
        let tree = value::json::from_tree(answer.clone());
        return value::conform(&tree, def.result, &plan.types).map_err(|why| fail(why.to_string()));
    }
    if let Some(report) = &given.report {
        return match plan.types.get(def.result) {
            Type::String | Type::Path => Ok(Value::Str(without_newline(&report.text).into())),
            _ => value::decode(&report.text, def.result, &plan.types)
                .map_err(|why| fail(format!("the answer does not decode: {why}"))),
        };
    }
    let from_file;
    let lost = match output {
        Output::Stdout => given.lost.as_ref(),
        Output::Stderr => given.lost_stderr.as_ref(),
        Output::File(_) => None,
    };
    let bytes = match output {
        Output::Stdout => &given.stdout,
        Output::Stderr => &given.stderr,
        Output::File(path) => {
            from_file = builtin::read_made(path, &path.display().to_string())
                .map_err(|why| fail(format!("the output file: {why}")))?;
            &from_file
        }
    };
    if let Some(lost) = lost {
        return Err(fail(format!("the output is not whole: {lost}")));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|why| fail(format!("the output is not UTF-8 text: byte {} is wrong", why.valid_up_to())))?;
    match plan.types.get(def.result) {
        Type::String | Type::Path => Ok(Value::Str(without_newline(text).into())),
        _ => value::decode(text, def.result, &plan.types).map_err(|why| {
            let shown: String = text.chars().take(200).collect();
            fail(format!("the output does not decode: {why}; it begins with: {}", shown.trim_end()))
        }),
    }
}

fn without_newline(text: &str) -> &str {
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text)
}

fn exit_value(given: &Given) -> Value {
    let text = |bytes: &[u8]| Value::Str(String::from_utf8_lossy(bytes).as_ref().into());
    let mut fields = Fields::default();
    fields.insert("code".into(), Value::Int(i64::from(given.code)));
    fields.insert("stdout".into(), text(&given.stdout));
    fields.insert("stderr".into(), text(&given.stderr));
    Value::Record(Arc::new(fields))
}

/// Tries the value against `accept`.
///
/// # Errors
/// Kind `accept` with the condition that does not hold; the kind of an evaluation that fails.
pub(super) fn accept(task: &Called<'_>, values: &mut Values, result: &Value) -> Verdict<()> {
    let of = |props: &'_ Props| props.accept.is_some();
    let own = task.overrides.filter(|props| of(props)).is_some();
    if !own && !of(&task.def.props) {
        return Ok(());
    }
    let checked = task.read(
        values,
        |props| props.accept.as_deref(),
        |env, expr| {
            env.set_result(result.clone());
            Ok((env.eval(expr)?, expr))
        },
    );
    let (verdict, expr) = match checked {
        Ok(Some(checked)) => checked,
        Ok(None) => return Ok(()),
        Err(fault) => {
            let kind = ErrorKind::parse(fault.kind.name()).unwrap_or(ErrorKind::Error);
            return Err((kind, format!("`accept` cannot be evaluated: {}", fault.message)));
        }
    };
    let broken = match &verdict {
        Value::Bool(true) => return Ok(()),
        Value::List(all) => match all.iter().position(|one| *one != Value::Bool(true)) {
            None => return Ok(()),
            Some(index) => super::written::element(expr, index),
        },
        _ => super::written::expr(expr),
    };
    Err((ErrorKind::Accept, format!("the result was not accepted: `{broken}` does not hold")))
}

/// A name for an attempt that no other of the run has, fit for a folder, and the same after a replay.
pub(super) fn attempt_id(run: &str, generation: u32, id: &str, attempt: u32, tries: u32) -> String {
    let hash = blake3::hash(id.as_bytes()).to_hex();
    format!("{run}.{generation}.{}.{attempt}.{tries}", &hash.as_str()[..16])
}

/// The variables that every attempt carries, beside the mark of its processes.
pub(super) fn flow_vars(run: &str, id: &str, attempt: u32, key: &str) -> Vec<EnvVar> {
    vec![
        EnvVar::new("FLOW_RUN", run),
        EnvVar::new("FLOW_TASK", id),
        EnvVar::new("FLOW_ATTEMPT", attempt.to_string()),
        EnvVar::new("FLOW_IDEMPOTENCY_KEY", key),
    ]
}
