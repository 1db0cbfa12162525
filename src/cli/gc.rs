//! `flowc gc`: deletes old finished runs.

use super::args::GcArgs;
use super::exit::Exit;
use super::{engine, output, runs};
use crate::store::{GcRules, gc};

pub fn run(args: &GcArgs) -> Exit {
    let project = match runs::project() {
        Ok(project) => project,
        Err(exit) => return exit,
    };
    let now = jiff::Timestamp::now().as_millisecond();
    let rules = GcRules { keep: Some(args.keep), older_than: None, now, dry_run: args.dry_run };
    match gc(&project, &rules) {
        Ok(report) => {
            let verb = if args.dry_run { "would delete" } else { "deleted" };
            for id in &report.removed {
                output::say(format_args!("{verb} {id}"));
            }
            for (id, why) in &report.unreadable {
                output::say(format_args!("left {id}: {}", output::visible(why)));
            }
            output::say(format_args!(
                "{verb} {} run{}, {} bytes; {} unfinished {}",
                report.removed.len(),
                if report.removed.len() == 1 { "" } else { "s" },
                report.bytes,
                report.unfinished.len(),
                if report.unfinished.len() == 1 { "stays" } else { "stay" },
            ));
            Exit::Done
        }
        Err(e) => engine::store_error(&e),
    }
}
