//! What `run`, `resume`, `approve --resume` and `cancel` share: settings of the engine, who looks on, how the end is told.

use super::answer::Terminal;
use super::args::{self, EngineArgs, Format};
use super::config::{Config, DurabilitySetting, RuntimeSetting};
use super::exit::Exit;
use super::outlet::Outlet;
use super::output;
use super::progress::Progress;
use crate::exec::warden;
use crate::plan::Runtime;
use crate::run::{Company, How, Observer, OpenQuestion, Options, RunEnd, RunEvent, What};
use crate::schedule::Policy;
use crate::store::{Durability, Project, StoreError};
use crate::value::{Value, json, text};
use std::fs::File;
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

/// The flags with `flow.toml`.
#[derive(Debug)]
pub struct Setting {
    pub options: Options,
    state: Option<std::path::PathBuf>,
    format: Format,
    events: Option<File>,
    quiet: bool,
    ask: bool,
}

impl Setting {
    /// Reads the project's configuration and opens what the flags name.
    ///
    /// # Errors
    /// What is wrong with either, in words.
    pub fn new(args: &EngineArgs, root: &Path) -> Result<Setting, String> {
        let config = Config::read(root)?;
        if args.parallel == Some(0) {
            return Err("`--parallel` must be at least 1".to_string());
        }
        let durability = args.durability.map(DurabilitySetting::from).or(config.durability);
        let options = Options {
            durability: match durability {
                Some(DurabilitySetting::Process) => Durability::Process,
                Some(DurabilitySetting::Power) | None => Durability::Power,
            },
            policy: match args.policy {
                Some(args::Policy::Strict) => Policy::Strict,
                Some(args::Policy::Rolling) | None => Policy::Rolling,
            },
            parallel: args.parallel.or(config.parallel),
            wait: args.wait,
            runtime: match config.runtime {
                Some(RuntimeSetting::Command(argv)) => {
                    Runtime::Command(argv.into_iter().map(Into::into).collect())
                }
                Some(RuntimeSetting::Named(name)) if name == "codex" => Runtime::Codex,
                Some(RuntimeSetting::Named(_)) | None => Runtime::Claude,
            },
            ..Options::default()
        };
        let events = match &args.events {
            Some(path) => {
                Some(File::create(path).map_err(|e| format!("cannot write {}: {e}", path.display()))?)
            }
            None => None,
        };
        Ok(Setting {
            options,
            state: config.state,
            format: args.format,
            events,
            quiet: args.quiet,
            ask: output::interactive() && !args.no_wait,
        })
    }

    /// The project with its runs.
    ///
    /// # Errors
    /// When the root cannot be opened.
    pub fn project(&self, root: &Path) -> Result<Project, StoreError> {
        let project = Project::find(root)?;
        Ok(match &self.state {
            Some(state) => project.with_state(&root.join(state)),
            None => project,
        })
    }

    /// Who looks on.
    pub fn show(&self) -> Show {
        let live = std::io::stderr().is_terminal();
        let said = (!self.quiet || self.ask).then(|| Outlet::new(std::io::stderr()));
        let progress = match &said {
            Some(said) if !self.quiet => Some(Progress::new(live, output::color(), said.clone())),
            _ => None,
        };
        Show {
            progress,
            said,
            stream: (self.format == Format::Json).then(|| Outlet::new(std::io::stdout())),
            events: self.events.as_ref().and_then(|file| file.try_clone().ok()).map(Outlet::new),
        }
    }

    /// Who looks on and who answers.
    pub fn company<'a>(&self, show: &'a mut Show) -> Company<'a> {
        let asker =
            show.said.as_ref().filter(|_| self.ask).map(|said| Box::new(Terminal::new(said.clone())) as _);
        Company { observer: show, asker }
    }
}

/// Everything that is shown of a run while it goes. Whoever reads it cannot hold the run up.
pub struct Show {
    progress: Option<Progress>,
    /// For people.
    said: Option<Outlet>,
    stream: Option<Outlet>,
    events: Option<Outlet>,
}

/// How long a reader that stands still is waited for when the run was interrupted.
pub const STILL: Duration = Duration::from_secs(1);

impl Show {
    /// Waits until all is written, and says what was not.
    fn end(self, interrupted: bool) {
        if let Some(progress) = &self.progress {
            progress.clear();
        }
        let patience = interrupted.then_some(STILL);
        let drained = |outlet: &Option<Outlet>| outlet.as_ref().map_or(0, |outlet| outlet.drain(patience));
        let lost = drained(&self.stream) + drained(&self.events);
        drained(&self.said);
        if lost > 0 {
            let patience = if interrupted { STILL } else { Duration::MAX };
            output::say_within(
                patience,
                format_args!(
                    "{lost} events are missing in what was shown: their reader stood still; `flowc show` has all"
                ),
            );
        }
    }
}

impl Observer for Show {
    fn event(&mut self, event: &RunEvent) {
        if let Some(progress) = &self.progress {
            progress.event(event);
        }
        if self.stream.is_none() && self.events.is_none() {
            return;
        }
        let Ok(mut line) = serde_json::to_vec(event) else { return };
        line.push(b'\n');
        // A full disk costs the copy of the events, not the run: the journal has them.
        let last = matches!(event.what, What::RunStopped { .. } | What::RunFinished { .. });
        for outlet in self.stream.iter().chain(&self.events) {
            if last { outlet.write_last(&line) } else { outlet.write(&line) }
        }
    }

    fn unasked(&mut self, task: &str) {
        if let Some(progress) = &self.progress {
            progress.clear();
        }
        output::say(format_args!(
            "the answer for `{}` was not used: the task asked nothing; give it again when it does",
            output::visible(task)
        ));
    }

    fn unfit(&mut self, task: &str, why: &str) {
        let (task, why) = (output::visible(task), output::visible(why));
        let text = format!("the answer for `{task}` does not do: {why}; its question stays open\n");
        match &self.said {
            Some(said) => said.write(text.as_bytes()),
            None => output::say_within(STILL, format_args!("{}", text.trim_end())),
        }
    }

    fn listens(&self) -> bool {
        self.progress.is_some() || self.stream.is_some() || self.events.is_some()
    }
}

/// Tells how a run ended: its result on standard output, the rest on standard error.
pub fn tell(end: &RunEnd, args: &EngineArgs, show: Show) -> Exit {
    let interrupted = matches!(end.how, How::Interrupted(_));
    if !interrupted {
        // What is left may wait for a reader: a signal ends that.
        warden::leave_signals();
    }
    show.end(interrupted);
    let run = &end.run;
    match &end.how {
        How::Succeeded(value) => {
            if args.format == Format::Human {
                print(value);
            }
            Exit::Done
        }
        How::Previewed(preview) => {
            super::dry_run::print(preview, args.format);
            Exit::Done
        }
        How::Failed(failure) => {
            output::complain(format_args!("{}", failed(failure)));
            output::say(format_args!(
                "see it:   flowc show {run}\nits logs: flowc logs {run}\nagain:    flowc resume {run}"
            ));
            Exit::Failed
        }
        How::Cancelled => {
            output::say(format_args!("run {run} was cancelled"));
            Exit::Failed
        }
        How::Interrupted(signal) => {
            output::say_within(
                STILL,
                format_args!(
                    "run {run} is interrupted; nothing that had finished is lost\ngo on:  flowc resume {run}\ngive up: flowc cancel {run}"
                ),
            );
            Exit::Signal(u8::try_from(*signal).ok().filter(|s| *s > 0).unwrap_or(2))
        }
        How::Waiting(questions) => {
            output::say(format_args!("run {run} waits for a person"));
            for question in questions {
                output::say(format_args!("{}", asked(run, question)));
            }
            Exit::Waiting
        }
        How::Refused(refused) => {
            for reason in &refused.reasons {
                output::complain(format_args!("{}", output::visible(reason)));
            }
            if refused.violated { Exit::Failed } else { Exit::WrongUse }
        }
        How::Store(error) => {
            let exit = store_error(error);
            if exit == Exit::Storage {
                how_to_go_on(run);
            }
            exit
        }
        How::Unable(why) => {
            output::complain(format_args!("{}", output::visible(why)));
            how_to_go_on(run);
            Exit::Storage
        }
        How::Broken(why) => {
            output::complain(format_args!(
                "the record of run {run} cannot have come about: {}",
                output::visible(why)
            ));
            Exit::Damaged
        }
    }
}

/// What failed, where and why.
fn failed(failure: &crate::run::Failure) -> String {
    let task = match failure.task.as_str() {
        "" => String::new(),
        task if task.starts_with('@') => "the result could not be made ".to_string(),
        task => format!("task `{task}` failed "),
    };
    let at = if failure.at.is_empty() { String::new() } else { format!("{}: ", failure.at) };
    format!("{at}{task}({}): {}", failure.kind, output::visible(&failure.message))
}

/// What to do when the machine is mended.
pub fn how_to_go_on(run: &str) {
    if run.is_empty() {
        output::say(format_args!(
            "nothing was begun; when that is mended, give the same command again (`flowc run …`)"
        ));
    } else {
        output::say(format_args!(
            "what was recorded is kept; when that is mended, go on with: flowc resume {run}"
        ));
    }
}

/// The result of a run: a String as its text, anything else as JSON on one line, nothing for Unit.
fn print(value: &Value) {
    match value {
        Value::Unit => {}
        Value::Str(text) => output::result(text),
        other => match json::to_text(other) {
            Ok(line) => output::result(&line),
            Err(_) => output::result(&text::interpolated(other).unwrap_or_default()),
        },
    }
}

/// A question with the command that answers it.
fn asked(run: &str, question: &OpenQuestion) -> String {
    let message = output::visible(&question.message);
    let task = &question.task;
    let choices: Vec<&str> = question.choices.iter().map(|c| c.as_str()).collect();
    let how = match choices.as_slice() {
        ["yes", "no"] => format!("flowc approve {run} --task '{task}' --resume    (or --reject)"),
        ["rerun", "done", "fail"] => format!("flowc resume {run} --answer '{task}=rerun'    (or done, fail)"),
        [] => format!("flowc approve {run} --task '{task}' --value VALUE --resume"),
        choices => format!("flowc approve {run} --task '{task}' --value {} --resume", choices.join("|")),
    };
    format!("\n{task}: {message}\n  {how}")
}

/// Says what the store could not do.
pub fn store_error(error: &StoreError) -> Exit {
    output::complain(format_args!("{}", output::visible(&error.to_string())));
    match error.exit_code() {
        2 => Exit::WrongUse,
        4 => Exit::Locked,
        5 => Exit::Damaged,
        6 => Exit::Storage,
        _ => Exit::Failed,
    }
}
