//! `flowc approve`: answers a question of a run, running or not.

use super::answer::user;
use super::args::{ApproveArgs, EngineArgs, Format};
use super::exit::Exit;
use super::run::as_tree;
use super::{engine, output, resume, runs};
use crate::exec::sys::proc;
use crate::exec::warden::Link;
use crate::plan::Plan;
use crate::run::view::RunView;
use crate::run::{Message, QuestionAsked, Reply, Resume, RunStatus, TaskStatus, check_reply, value_wanted};
use crate::store::{RunDir, RunLock, boot_id, is_held};
use ecow::EcoString;

pub fn run(args: &ApproveArgs, link: Option<Link>) -> Exit {
    let dir = match runs::project().and_then(|p| runs::pick(&p, args.run.as_deref(), runs::Which::Unfinished))
    {
        Ok(dir) => dir,
        Err(exit) => return exit,
    };
    if is_of_its_tasks(&dir) {
        let run = dir.id();
        output::complain(format_args!(
            "a task of run {run} cannot answer what the run asks: that is for a person"
        ));
        return Exit::WrongUse;
    }
    let (view, plan) = match runs::view(&dir) {
        Ok(read) => read,
        Err(e) => return engine::store_error(&e),
    };
    let reply = match reply(args, &view, plan.as_ref()) {
        Ok(reply) => reply,
        Err(message) => {
            output::complain(format_args!("{}", output::visible(&message)));
            return Exit::WrongUse;
        }
    };
    if args.resume && !is_held(&dir) {
        let how = Resume { answers: vec![reply], ..Resume::default() };
        return resume::go_on(Some(dir.id()), how, &plain(), false, link);
    }
    if let Err(e) = Message::from(reply).put(&dir) {
        return engine::store_error(&e);
    }
    if is_held(&dir) {
        output::say(format_args!("answered; run {} takes it", dir.id()));
    } else {
        output::say(format_args!("answered; go on with: flowc resume {}", dir.id()));
    }
    Exit::Done
}

/// The answer that was given, to the question that is meant; it does as far as can be told from here.
fn reply(args: &ApproveArgs, view: &RunView, plan: Option<&Plan>) -> Result<Reply, String> {
    let (task, asked) = question(view, args.task.as_deref())?;
    let wanted = plan.and_then(|plan| Some((plan, value_wanted(plan, &task)?)));
    let answer = match (&args.value, args.reject) {
        (Some(value), _) => {
            let tree = wanted.and_then(|(plan, ty)| as_tree(plan, ty, value));
            tree.map_or_else(|| value.clone(), |tree| tree.to_string())
        }
        (None, false) if wanted.is_some() && asked.default => String::new(),
        (None, _) if wanted.is_some() => {
            return Err(format!("`{task}` asks for a value: give it with --value"));
        }
        (None, true) => "no".to_owned(),
        (None, false) => "yes".to_owned(),
    };
    let reply = Reply {
        task,
        question: asked.question.clone(),
        by: args.by.clone().unwrap_or_else(user).into(),
        answer: answer.into(),
        note: args.note.as_str().into(),
    };
    plan.map_or(Ok(()), |plan| check_reply(plan, asked, &reply))?;
    Ok(reply)
}

/// Whether this process is below the run's own: nobody is asked so that a task or an agent answers.
fn is_of_its_tasks(dir: &RunDir) -> bool {
    let Ok(Some(holder)) = RunLock::holder(dir) else { return false };
    if holder.boot != boot_id() {
        return false;
    }
    let above =
        std::iter::successors(proc::stat(std::process::id().cast_signed()), |stat| proc::stat(stat.parent));
    let mut above =
        above.map(|stat| (stat.parent.cast_unsigned(), stat.parent > 1)).take_while(|(_, more)| *more);
    above.any(|(pid, _)| holder.processes.iter().any(|process| process.pid == pid))
}

/// The open question that is meant.
fn question<'v>(view: &'v RunView, task: Option<&str>) -> Result<(EcoString, &'v QuestionAsked), String> {
    let status = view.status(false);
    if matches!(status, RunStatus::Succeeded | RunStatus::Failed | RunStatus::Cancelled) {
        return Err(format!("run {} is over: it asks nothing", view.run));
    }
    let open: Vec<(&EcoString, &QuestionAsked)> = view
        .tasks
        .iter()
        .filter(|(_, t)| t.status == TaskStatus::Waiting)
        .filter_map(|(id, t)| Some((id, t.question.as_ref()?)))
        .collect();
    let found: Vec<_> = open.iter().filter(|(id, _)| task.is_none_or(|t| t == id.as_str())).collect();
    let names = || open.iter().map(|(id, _)| format!("`{id}`")).collect::<Vec<_>>().join(", ");
    match (found.as_slice(), task) {
        ([(id, asked)], _) => Ok(((*id).clone(), *asked)),
        ([], _) if open.is_empty() => Err(format!("run {} asks nothing now", view.run)),
        ([], Some(task)) => Err(format!("`{task}` of run {} asks nothing; these do: {}", view.run, names())),
        _ => Err(format!("run {} asks several things; name one with --task: {}", view.run, names())),
    }
}

/// The flags of an engine that goes on as it was.
pub fn plain() -> EngineArgs {
    EngineArgs {
        parallel: None,
        durability: None,
        policy: None,
        format: Format::Human,
        events: None,
        wait: false,
        no_wait: false,
        quiet: false,
    }
}
