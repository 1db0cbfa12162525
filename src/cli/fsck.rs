//! `flowc fsck`: verifies records, saves what is good of a bad one, makes the index anew.

use super::args::FsckArgs;
use super::exit::Exit;
use super::{engine, output, runs};
use crate::run::summary::{Tally, write_status};
use crate::store::{HeadCheck, Index, Project, Report, RunDir, RunLock, StoreError, check, is_held, repair};

pub fn run(args: &FsckArgs) -> Exit {
    let project = match runs::project() {
        Ok(project) => project,
        Err(exit) => return exit,
    };
    if args.rebuild {
        return rebuild(&project);
    }
    let dirs = match &args.run {
        Some(_) => match runs::pick(&project, args.run.as_deref(), runs::Which::Newest) {
            Ok(dir) => vec![dir],
            Err(exit) => return exit,
        },
        None => match project.runs().and_then(|ids| ids.iter().map(|id| project.resolve(id)).collect()) {
            Ok(dirs) => dirs,
            Err(e) => return engine::store_error(&e),
        },
    };
    let mut bad = false;
    for dir in &dirs {
        match check(dir) {
            Ok(report) if report.is_good() => {
                output::say(format_args!(
                    "{}: good, {} events, {} values{}",
                    dir.id(),
                    report.good.seq,
                    report.values,
                    notes(&report)
                ));
            }
            Ok(report) => {
                bad = true;
                tell(dir, &report);
            }
            Err(StoreError::NoRecord) => {
                output::say(format_args!("{}: it had not begun, nothing was recorded in it", dir.id()));
            }
            Err(e) => {
                bad = true;
                output::complain(format_args!("{}: {}", dir.id(), output::visible(&e.to_string())));
            }
        }
        if bad && args.repair {
            match mend(dir) {
                Ok(()) => bad = false,
                Err(e) => return engine::store_error(&e),
            }
        }
    }
    if bad { Exit::Damaged } else { Exit::Done }
}

fn notes(report: &Report) -> String {
    let mut notes = String::new();
    if let HeadCheck::LostTail { noted, found } = report.head {
        notes.push_str(&format!(", events {} to {noted} went with a loss of power", found + 1));
    }
    if !report.leftovers.is_empty() {
        notes.push_str(&format!(", {} files that nothing names", report.leftovers.len()));
    }
    notes
}

fn tell(dir: &RunDir, report: &Report) {
    let id = dir.id();
    if let Some(why) = &report.damage {
        output::complain(format_args!(
            "{id}: damaged after event {}: {}",
            report.good.seq,
            output::visible(why)
        ));
    }
    for line in &report.file {
        output::complain(format_args!("{id}: {}", output::visible(line)));
    }
    if matches!(report.head, HeadCheck::Cut { .. }) {
        output::complain(format_args!(
            "{id}: the journal ends before the head that was copied outside: its tail is gone"
        ));
    }
    for value in &report.lost_values {
        output::complain(format_args!("{id}: the value {value} is gone or changed"));
    }
    output::say(format_args!("save what is good: flowc fsck {id} --repair"));
}

fn mend(dir: &RunDir) -> Result<(), StoreError> {
    let lock = RunLock::acquire(dir, jiff::Timestamp::now().as_millisecond())?;
    if let Some(repaired) = repair(dir, &lock)? {
        output::say(format_args!(
            "{}: kept {} events; the damaged files are in {}",
            dir.id(),
            repaired.kept,
            repaired.original.display()
        ));
    }
    Ok(())
}

fn rebuild(project: &Project) -> Exit {
    match reindex(project) {
        Ok(unreadable) => {
            for (id, why) in &unreadable {
                output::complain(format_args!("{id}: {}", output::visible(why)));
            }
            output::say(format_args!("the index is made anew"));
            if unreadable.is_empty() { Exit::Done } else { Exit::Damaged }
        }
        Err(e) => engine::store_error(&e),
    }
}

/// Folds every journal into what the index keeps of it.
fn reindex(project: &Project) -> Result<Vec<(String, String)>, StoreError> {
    Index::rebuild(project, &mut |dir, journal| {
        let (head, held) = (journal.head()?, is_held(dir));
        let summary = Tally::read(|each| journal.replay(0, each))?.summary(dir.id(), head, held);
        if !held {
            write_status(dir, &summary.head)?;
        }
        Ok(Some(summary))
    })
}
