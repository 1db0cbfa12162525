//! `flowc cancel`: ends a run for good; its `finally` blocks run.

use super::answer::user;
use super::args::CancelArgs;
use super::exit::Exit;
use super::{approve, engine, output, resume, runs};
use crate::exec::warden::Link;
use crate::run::{Message, Resume};
use crate::store::is_held;

pub fn run(args: &CancelArgs, link: Option<Link>) -> Exit {
    let dir = match runs::project().and_then(|p| runs::pick(&p, Some(&args.run), runs::Which::Unfinished)) {
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
        // A run that was cancelled has ended as it was asked to.
        Exit::Failed => Exit::Done,
        other => other,
    }
}
