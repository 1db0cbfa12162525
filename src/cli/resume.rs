//! `flowc resume`: goes on with a run.

use super::answer::user;
use super::args::{EngineArgs, ResumeArgs};
use super::engine::{self, Setting};
use super::exit::Exit;
use super::{output, program, runs};
use crate::exec::warden::Link;
use crate::plan::Plan;
use crate::run::{From, Reply, Resume, Site, resume};
use crate::source::{DiskLoader, Loader};
use crate::store::{Project, RunDir};

pub fn run(args: &ResumeArgs, link: Option<Link>) -> Exit {
    let (from, answers) = match (args.from.as_deref().map(point).transpose(), answers(&args.answer)) {
        (Ok(from), Ok(answers)) => (from, answers),
        (Err(message), _) | (_, Err(message)) => return wrong(&message),
    };
    let how = Resume { from, answers, dry: args.dry_run, ..Resume::default() };
    go_on(args.run.as_deref(), how, &args.engine, args.take_over, link)
}

/// Goes on with a run of the project around the current folder.
pub fn go_on(
    run: Option<&str>,
    mut how: Resume,
    args: &EngineArgs,
    take_over: bool,
    link: Option<Link>,
) -> Exit {
    let (project, mut setting) = match here(args) {
        Ok(found) => found,
        Err(message) => return wrong(&message),
    };
    setting.options.take_over = take_over;
    let dir = match runs::pick(&project, run, runs::Which::Unfinished) {
        Ok(dir) => dir,
        Err(exit) => return exit,
    };
    // One that has succeeded gives its result again: of what program, is recorded.
    let is_over = how.from.is_none() && runs::succeeded(&dir);
    if how.cancel.is_none() && !is_over {
        match current(&project, &dir) {
            Ok(plan) => how.plan = plan,
            Err(exit) => return exit,
        }
    }
    let mut show = setting.show();
    let site = Site { project, link };
    let end = resume(&dir, how, site, &setting.options, setting.company(&mut show));
    engine::tell(&end, args, show)
}

/// The project around the current folder with its settings.
pub fn here(args: &EngineArgs) -> Result<(Project, Setting), String> {
    let folder = std::env::current_dir().map_err(|e| format!("cannot open the current folder: {e}"))?;
    let root = super::config::root_of(&folder.join("x"))?;
    let setting = Setting::new(args, &root)?;
    let project = setting.project(&root).map_err(|e| e.to_string())?;
    Ok((project, setting))
}

/// The plan of the program as it is now; `None` where the run is over or its source is gone: the kept plan is taken.
fn current(project: &Project, dir: &RunDir) -> Result<Option<Plan>, Exit> {
    let Some(old) = runs::plan(dir) else { return Ok(None) };
    let Some(file) = old.files.first() else { return Ok(None) };
    let Ok(loader) = DiskLoader::new(project.root()) else { return Ok(None) };
    if loader.read(file).is_err() {
        output::say(format_args!("the program {file} is gone: going on with the plan that was recorded"));
        return Ok(None);
    }
    program::from_source(&loader, file, Some(&old.workflow)).map(Some)
}

/// `wave:3` or `task:ID`.
fn point(text: &str) -> Result<From, String> {
    match text.split_once(':') {
        Some(("wave", n)) => match n.parse() {
            Ok(n) => Ok(From::Wave(n)),
            Err(_) => Err(format!("`{n}` is not the number of a wave")),
        },
        Some(("task", id)) if !id.is_empty() => Ok(From::Task(id.into())),
        _ => Err(format!("expected --from wave:N or task:ID, found {text:?}")),
    }
}

fn answers(texts: &[String]) -> Result<Vec<Reply>, String> {
    let reply = |text: &String| match text.split_once('=') {
        Some((task, answer)) if !task.is_empty() => Ok(Reply {
            task: task.into(),
            question: "".into(),
            by: user().into(),
            answer: answer.into(),
            note: "".into(),
        }),
        _ => Err(format!("expected --answer TASK=rerun|done|fail, found {text:?}")),
    };
    texts.iter().map(reply).collect()
}

fn wrong(message: &str) -> Exit {
    output::complain(format_args!("{}", output::visible(message)));
    Exit::WrongUse
}
