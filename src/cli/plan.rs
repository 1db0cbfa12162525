//! `flowc plan`: what a run would do, before anything is spent.

use super::args::{Format, PlanArgs};
use super::{exit::Exit, output, program};
use crate::plan::show;

pub fn run(args: &PlanArgs) -> Exit {
    let ready = match program::ready(&args.program) {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    match args.format {
        Format::Human => output::result(&show::text(&ready.plan)),
        Format::Json => output::json(&show::json(&ready.plan)),
    }
    Exit::Done
}
