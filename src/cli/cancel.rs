//! `flowc cancel`: ends a run for good; its `finally` blocks run.

use super::answer::user;
use super::args::CancelArgs;
use super::exit::Exit;
use super::{approve, engine, output, resume, runs};
use crate::exec::warden::Link;
use crate::run::{Message, Resume, RunStatus};
use crate::store::{RunDir, is_held};

pub fn run(args: &CancelArgs, link: Option<Link>) -> Exit {
    let dir = match runs::project().and_then(|p| runs::pick(&p, args.run.as_deref(), runs::Which::Unfinished))
    {
        Ok(dir) => dir,
        Err(exit) => return exit,
    };
    if is_held(&dir) {
        let message = Message::Cancel { by: user().into(), why: args.why.as_str().into() };
        return match message.put(&dir) {
            Ok(_) => {
                output::say(format_args!("asked run {} to cancel", dir.id()));
                Exit::Done
            }
            Err(e) => engine::store_error(&e),
        };
    }
    let how = Resume { cancel: Some((user().into(), args.why.as_str().into())), ..Resume::default() };
    match resume::go_on(Some(dir.id()), how, &approve::plain(), false, link) {
        // A run that was cancelled has ended as it was asked to; `run` and `resume` of it exit 1.
        Exit::Failed if was_cancelled(&dir) => Exit::Done,
        other => other,
    }
}

fn was_cancelled(dir: &RunDir) -> bool {
    runs::view(dir).is_ok_and(|(view, _)| view.status(false) == RunStatus::Cancelled)
}
