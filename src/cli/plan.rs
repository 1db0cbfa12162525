//! `flowc plan`: what a run would do, before anything is spent.

use super::args::{Format, PlanArgs};
use super::{config, exit::Exit, output, program};
use crate::plan::show::{self, History};
use crate::run::Experience;
use crate::store::Project;
use std::path::Path;

pub fn run(args: &PlanArgs) -> Exit {
    let mut ready = match program::ready(&args.program) {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    let experience = project(&ready.root).map(|project| Experience::load(&project, &ready.plan));
    let history = experience.filter(|known| known.attempts() > 0).map(|known| {
        let p95_ms = known.weigh(&mut ready.plan);
        let root = ready.plan.bodies.first().map_or(&[][..], |body| &body.nodes);
        let p50_ms = root.iter().map(|node| node.path_ms).max().unwrap_or(0);
        History { attempts: known.attempts(), p50_ms, p95_ms }
    });
    match args.format {
        Format::Human => output::result(&show::text(&ready.plan, history)),
        Format::Json => output::json(&show::json(&ready.plan, history)),
    }
    Exit::Done
}

/// Where the runs of a program are; what is wrong with the settings is for a run to say.
fn project(root: &Path) -> Option<Project> {
    let config = config::Config::read(root).ok()?;
    let project = Project::find(root).ok()?;
    Some(match config.state {
        Some(state) => project.with_state(&root.join(state)),
        None => project,
    })
}
