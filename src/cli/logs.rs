//! `flowc logs`: what the tasks of a run printed.

use super::args::LogsArgs;
use super::exit::Exit;
use super::{engine, output, runs};
use crate::run::view::AttemptView;
use crate::store::RunDir;
use std::io::{Read, Write};

pub fn run(args: &LogsArgs) -> Exit {
    let dir = match runs::project().and_then(|p| runs::pick(&p, args.run.as_deref(), runs::Which::Newest)) {
        Ok(dir) => dir,
        Err(exit) => return exit,
    };
    let view = match runs::view(&dir) {
        Ok((view, _)) => view,
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
            found |= show(&dir, id, attempt, args.raw);
        }
    }
    if !found {
        output::say(format_args!("no task of run {} has printed anything", dir.id()));
    }
    Exit::Done
}

/// Shows what one attempt printed, if anything.
fn show(dir: &RunDir, id: &str, attempt: &AttemptView, raw: bool) -> bool {
    let Some(ended) = &attempt.ended else { return false };
    if ended.out.is_empty() && ended.tail.is_empty() {
        return false;
    }
    output::say(format_args!("── {id}, attempt {} ──", attempt.number));
    if !ended.tail.is_empty() {
        write(ended.tail.as_bytes(), raw);
    }
    for name in &ended.out {
        // The name is from the record, which may have been tampered with.
        if name.split('/').any(|part| part == "..") || name.starts_with('/') {
            continue;
        }
        match std::fs::File::open(dir.path().join(name.as_str())) {
            Ok(file) => copy(file, raw),
            Err(e) => output::say(format_args!("{name}: {e}")),
        }
    }
    true
}

/// In constant memory; a character cut by the end of a piece is shown as unknown.
fn copy(mut file: std::fs::File, raw: bool) {
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(n) => write(&piece[..n], raw),
        }
    }
}

fn write(bytes: &[u8], raw: bool) {
    let mut out = std::io::stdout().lock();
    let _ = if raw {
        out.write_all(bytes)
    } else {
        out.write_all(output::visible(&String::from_utf8_lossy(bytes)).as_bytes())
    };
    let _ = out.flush();
}
