//! Questions to people and their answers: `approve`, `input`, and what became of a lost attempt.
//!
//! A [`Question`] is data; who shows it is an [`Asker`] (the terminal) or nobody, in which case the run stops to wait and
//! the answer comes as a message. An answer names the hash of the question that was shown, so that nobody approves what
//! he has not seen.

use super::ids::Locator;
use super::inputs::{self, Given};
use super::record::QuestionAsked;
use crate::plan::{Action, NodeKind, Plan};
use crate::schedule;
use crate::types::BuiltinTask;
use crate::value::{Fields, Type, TypeId, Value};
use ecow::EcoString;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub task: EcoString,
    pub generation: u32,
    /// BLAKE3, hex, of all that a person is shown.
    pub hash: EcoString,
    pub message: EcoString,
    pub form: Form,
    /// Who may answer; empty: anybody.
    pub by: Vec<EcoString>,
    /// Wall ms after which it is too late.
    pub until: Option<i64>,
}

/// What kind of answer is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// Approve or reject.
    Approve,
    /// A value of that type. `choices`: the variants of an enum. `default` is taken for an empty answer.
    Value { ty: TypeId, type_name: String, choices: Vec<EcoString>, default: Option<Value> },
    /// `rerun`, `done` or `fail`: an attempt had begun and nobody knows how it ended; or (`again`) it had succeeded and would run
    /// a second time. `kept` is what it gave then.
    Crash { result: TypeId, kept: Option<Value>, again: bool },
}

impl Question {
    /// A question with its hash.
    pub fn new(run: &str, task: EcoString, generation: u32, message: EcoString, form: Form) -> Question {
        let mut question =
            Question { task, generation, hash: EcoString::new(), message, form, by: Vec::new(), until: None };
        question.hash = question.digest(run);
        question
    }

    fn digest(&self, run: &str) -> EcoString {
        let mut hasher = blake3::Hasher::new();
        let kind = match &self.form {
            Form::Approve => "approve",
            Form::Value { type_name, .. } => type_name,
            Form::Crash { again: false, .. } => "crash",
            Form::Crash { again: true, .. } => "again",
        };
        for text in [run, &self.task, kind, &self.message] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.update(&self.generation.to_le_bytes());
        hasher.finalize().to_hex().as_str().into()
    }

    /// The answers that can be picked; empty for a free one.
    pub fn choices(&self) -> Vec<EcoString> {
        match &self.form {
            Form::Approve => vec!["yes".into(), "no".into()],
            Form::Value { choices, .. } => choices.clone(),
            Form::Crash { .. } => vec!["rerun".into(), "done".into(), "fail".into()],
        }
    }

    /// What an answer means.
    ///
    /// # Errors
    /// Says why the answer does not do: the question stays open.
    pub fn judge(&self, plan: &Plan, reply: &Reply) -> Result<Verdict, String> {
        if !self.by.is_empty() && !self.by.contains(&reply.by) {
            return Err(format!("`{}` may not answer this; ask {}", reply.by, self.by.join(" or ")));
        }
        match &self.form {
            Form::Approve => match reply.answer.trim() {
                "yes" | "y" | "true" | "approve" => Ok(Verdict::Value(approval(reply))),
                "no" | "n" | "false" | "reject" => Ok(Verdict::Rejected(rejection(reply))),
                other => Err(format!("answer yes or no, not `{other}`")),
            },
            Form::Value { ty, default, type_name, .. } => {
                if reply.answer.trim().is_empty()
                    && let Some(default) = default
                {
                    return Ok(Verdict::Value(default.clone()));
                }
                inputs::read(plan, *ty, &Given::Text(reply.answer.to_string()))
                    .map(Verdict::Value)
                    .map_err(|why| format!("the answer must be {type_name}: {why}"))
            }
            Form::Crash { result, kept, .. } => {
                let (word, rest) = reply.answer.split_once('=').unwrap_or((&reply.answer, ""));
                match word.trim() {
                    "rerun" => Ok(Verdict::Rerun),
                    "fail" => Ok(Verdict::Fail),
                    "done" => match kept {
                        Some(kept) if rest.is_empty() => Ok(Verdict::Value(kept.clone())),
                        _ => done_value(plan, *result, rest).map(Verdict::Value),
                    },
                    other => Err(format!("answer rerun, done or fail, not `{other}`")),
                }
            }
        }
    }
}

/// The type of what an `input` of that id asks for; `None` where a task asks for something else, or there is no such task.
pub fn value_wanted(plan: &Plan, id: &str) -> Option<TypeId> {
    asker_of(plan, id).and_then(|(task, ty)| (task == BuiltinTask::Input).then_some(ty))
}

fn asker_of(plan: &Plan, id: &str) -> Option<(BuiltinTask, TypeId)> {
    let at = Locator::new(plan).locate(id)?;
    let NodeKind::Task { def, .. } = &plan.body(at.body).nodes.get(at.node.index())?.kind else {
        return None;
    };
    let def = plan.task(*def);
    match def.action {
        Action::Builtin { task, .. } => Some((task, def.result)),
        _ => None,
    }
}

/// Whether an answer does for a question that was recorded, before a run is there to judge it. What the record does not tell
/// is left to the run.
///
/// # Errors
/// Says why it does not do.
pub fn check_reply(plan: &Plan, asked: &QuestionAsked, reply: &Reply) -> Result<(), String> {
    let form = match asker_of(plan, &reply.task).filter(|_| asked.about == schedule::Question::Task) {
        Some((BuiltinTask::Input, _)) if asked.default && reply.answer.trim().is_empty() => return Ok(()),
        Some((BuiltinTask::Input, ty)) => {
            let type_name = inputs::type_name(plan, ty);
            Form::Value { ty, type_name, choices: Vec::new(), default: None }
        }
        Some((BuiltinTask::Approve, _)) => Form::Approve,
        _ => return Ok(()),
    };
    let mut question = Question::new("", reply.task.clone(), 0, asked.message.clone(), form);
    question.by.clone_from(&asked.by);
    question.judge(plan, reply).map(drop)
}

/// The result that a person vouches for: nothing is needed where the type has a value for nothing.
fn done_value(plan: &Plan, ty: TypeId, text: &str) -> Result<Value, String> {
    match plan.types.get(ty) {
        Type::Unit => Ok(Value::Unit),
        Type::Optional(_) if text.is_empty() => Ok(Value::None),
        Type::String if text.is_empty() => Ok(Value::Str(EcoString::new())),
        _ if text.is_empty() => {
            let name = inputs::type_name(plan, ty);
            Err(format!("the task results in {name}: answer done=VALUE, or rerun"))
        }
        _ => inputs::read(plan, ty, &Given::Text(text.to_owned())),
    }
}

fn approval(reply: &Reply) -> Value {
    let mut fields = Fields::default();
    fields.insert("by".into(), Value::Str(reply.by.clone()));
    fields.insert("note".into(), Value::Str(reply.note.clone()));
    Value::Record(Arc::new(fields))
}

fn rejection(reply: &Reply) -> EcoString {
    match reply.note.as_str() {
        "" => ecow::eco_format!("rejected by {}", reply.by),
        note => ecow::eco_format!("rejected by {}: {note}", reply.by),
    }
}

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub task: EcoString,
    /// Hash of the question that was shown; empty: whichever is open.
    pub question: EcoString,
    pub by: EcoString,
    pub answer: EcoString,
    pub note: EcoString,
}

/// What an answer comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Value(Value),
    Rejected(EcoString),
    Rerun,
    Fail,
}

/// Where an [`Asker`] puts answers, from any thread.
#[derive(Debug, Clone)]
pub struct Replies(pub(super) UnboundedSender<Reply>);

impl Replies {
    /// Hands an answer to the run. False when the run is over.
    pub fn send(&self, reply: Reply) -> bool {
        self.0.send(reply).is_ok()
    }
}

/// Shows questions to somebody who can answer now.
pub trait Asker {
    /// Shows a question. Returns at once; the answer comes through `replies`. A question that is asked again was
    /// answered in a way that does not do, for the reason `again`.
    fn ask(&mut self, question: &Question, again: Option<&str>, replies: &Replies);

    /// The question needs no answer any more.
    fn withdraw(&mut self, question: &Question);
}

/// The choices of a type, where an answer is one of few.
pub fn choices_of(plan: &Plan, ty: TypeId) -> Vec<EcoString> {
    match plan.types.get(ty) {
        Type::Enum(of) if of.variants.iter().all(|variant| variant.fields.is_empty()) => {
            of.variants.iter().map(|variant| variant.name.clone()).collect()
        }
        Type::Bool => vec!["true".into(), "false".into()],
        Type::Optional(of) => choices_of(plan, *of),
        _ => Vec::new(),
    }
}
