//! The command line: the only part that speaks to the terminal.
//!
//! Standard output carries results only; everything for people goes to standard error. One file per command; raw flags
//! are in [`args`], what they mean together with `flow.toml` in [`config`].

mod agents;
mod answer;
mod approve;
mod args;
mod cancel;
mod check;
mod compile;
mod completions;
mod config;
mod doc;
mod dry_run;
mod engine;
mod exit;
mod explain;
mod files;
mod fmt;
mod fsck;
mod gc;
mod graph;
mod literal;
mod logs;
mod new;
mod outlet;
mod output;
mod plan;
mod program;
mod progress;
mod resume;
mod run;
mod runs;
mod show;
mod test;

use crate::exec::sys::grow_memory_in_steps;
use crate::exec::warden::{Ended, Link, run_under_warden};
use args::{Cli, Command};
use clap::Parser;
use exit::Exit;

/// Stack of the thread that everything runs on, in bytes: phases walk trees whose depth the parser bounds, in builds whose
/// frames are large. It is reserved, not used, until something needs it.
const STACK: usize = 256 << 20;

/// Runs the command line of this process and gives its exit code.
pub fn main() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version are results, the rest is wrong use.
            let _ = e.print();
            return if e.use_stderr() { Exit::WrongUse.code() } else { Exit::Done.code() };
        }
    };
    if !drives_a_run(&cli.command) {
        grow_memory_in_steps();
        return on_large_stack(Exit::Failed, move || dispatch(cli, None));
    }
    // This process becomes the warden of a second one, before it has any other thread.
    match run_under_warden(|link| on_large_stack(Exit::Storage, move || dispatch(cli, Some(link)))) {
        Ok(ended) => {
            if let Ended::Watched(crate::exec::Exit::Signal(number)) = ended {
                output::say_within(
                    engine::STILL,
                    format_args!(
                        "error: the runner was killed by signal {number}; what it had recorded is kept: go on with `flowc resume`"
                    ),
                );
            }
            ended.code()
        }
        Err(e) => {
            output::complain(format_args!("{e}"));
            engine::how_to_go_on("");
            Exit::Storage.code()
        }
    }
}

/// Whether the command starts tasks, so that something must see to it that none is left behind.
fn drives_a_run(command: &Command) -> bool {
    match command {
        Command::Run(_) | Command::Resume(_) | Command::Cancel(_) => true,
        Command::Approve(args) => args.resume,
        _ => false,
    }
}

/// `fault`: how it ends where this program itself is at fault. A run has not failed then: it goes on with `resume`.
fn on_large_stack(fault: Exit, work: impl FnOnce() -> Exit + Send + 'static) -> u8 {
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(move || work().code());
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        // The panic has been printed by its own hook.
        Ok(Err(_)) => {
            output::complain(format_args!(
                "this is a fault of flowc; what a run had recorded is kept: go on with `flowc resume`"
            ));
            fault.code()
        }
        Err(e) => {
            output::complain(format_args!("cannot start: {e}; try again when there is room"));
            Exit::Storage.code()
        }
    }
}

fn dispatch(cli: Cli, link: Option<Link>) -> Exit {
    match cli.command {
        Command::New(args) => new::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Agents(args) => agents::run(&args),
        Command::Fmt(args) => fmt::run(&args),
        Command::Compile(args) => compile::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Graph(args) => graph::run(&args),
        Command::Run(args) => run::run(&args, link),
        Command::Resume(args) => resume::run(&args, link),
        Command::Approve(args) => approve::run(&args, link),
        Command::Cancel(args) => cancel::run(&args, link),
        Command::Runs(args) => runs::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Logs(args) => logs::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Doc(args) => doc::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Fsck(args) => fsck::run(&args),
        Command::Gc(args) => gc::run(&args),
        Command::Completions(args) => completions::run(&args),
    }
}
