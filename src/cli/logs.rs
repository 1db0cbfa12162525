//! `flowc logs`: what the tasks of a run printed.

use super::args::LogsArgs;
use super::exit::Exit;
use super::{engine, output, runs};
use crate::run::view::AttemptView;
use crate::store::{RunDir, View};
use std::io::Write;

pub fn run(args: &LogsArgs) -> Exit {
    let dir = match runs::project().and_then(|p| runs::pick(&p, args.run.as_deref(), runs::Which::Newest)) {
        Ok(dir) => dir,
        Err(exit) => return exit,
    };
    let read = runs::view(&dir).and_then(|(view, _)| Ok((view, dir.view()?)));
    let (view, journal) = match read {
        Ok(read) => read,
        Err(e) => return engine::store_error(&e),
    };
    let wanted =
        match args.task.as_deref().map(|g| globset::Glob::new(g).map(|g| g.compile_matcher())).transpose() {
            Ok(wanted) => wanted,
            Err(e) => {
                output::complain(format_args!("bad pattern: {e}"));
                return Exit::WrongUse;
            }
        };
    let mut found = false;
    for (id, task) in
        view.tasks.iter().filter(|(id, _)| wanted.as_ref().is_none_or(|w| w.is_match(id.as_str())))
    {
        for attempt in &task.attempts {
            found |= show(&dir, &journal, id, attempt, args.raw);
        }
    }
    if !found {
        let which = args.task.as_ref().map(|glob| format!(" whose id matches `{}`", output::visible(glob)));
        let which = which.unwrap_or_default();
        output::say(format_args!("no task of run {}{which} has printed anything", dir.id()));
    }
    Exit::Done
}

/// Shows what one attempt printed, if anything.
fn show(dir: &RunDir, journal: &View, id: &str, attempt: &AttemptView, raw: bool) -> bool {
    let Some(ended) = &attempt.ended else { return false };
    let outputs = [("", &ended.stdout), (" (standard error)", &ended.stderr)];
    let mut any = false;
    for (which, value) in outputs.into_iter().filter_map(|(which, value)| Some((which, value.as_ref()?))) {
        output::say(format_args!("── {id}, attempt {}{which} ──", attempt.number));
        match dir.value(journal, value) {
            Ok(bytes) => write(&bytes, raw),
            Err(e) => output::say(format_args!("{e}")),
        }
        any = true;
    }
    any
}

fn write(bytes: &[u8], raw: bool) {
    let mut out = std::io::stdout().lock();
    let _ = if raw {
        out.write_all(bytes)
    } else {
        out.write_all(output::visible(&String::from_utf8_lossy(bytes)).as_bytes())
    };
    if !raw && !bytes.ends_with(b"\n") {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}
