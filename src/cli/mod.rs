//! The command line: the only part that speaks to the terminal.
//!
//! Standard output carries results only; everything for people goes to standard error. One file per command; raw flags
//! are in [`args`], what they mean together with `flow.toml` in [`config`].

mod answer;
mod approve;
mod args;
mod cancel;
mod check;
mod completions;
mod config;
mod engine;
mod exit;
mod explain;
mod fsck;
mod gc;
mod logs;
mod new;
mod output;
mod program;
mod progress;
mod resume;
mod run;
mod runs;
mod show;
mod test;

use args::{Cli, Command};
use clap::Parser;
use exit::Exit;

/// Stack of the thread that everything runs on, in bytes: phases walk trees whose depth the parser bounds, in builds whose
/// frames are large. It is reserved, not used, until something needs it.
const STACK: usize = 256 << 20;

/// Runs the command line of this process and gives its exit code.
pub fn main() -> u8 {
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(|| start().code());
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        // The panic has been printed by its own hook.
        Ok(Err(_)) => Exit::Failed.code(),
        Err(e) => {
            output::complain(format_args!("cannot start: {e}"));
            Exit::Failed.code()
        }
    }
}

fn start() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version are results, the rest is wrong use.
            let _ = e.print();
            return if e.use_stderr() { Exit::WrongUse } else { Exit::Done };
        }
    };
    match cli.command {
        Command::New(args) => new::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Resume(args) => resume::run(&args),
        Command::Approve(args) => approve::run(&args),
        Command::Cancel(args) => cancel::run(&args),
        Command::Runs(args) => runs::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Logs(args) => logs::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Fsck(args) => fsck::run(&args),
        Command::Gc(args) => gc::run(&args),
        Command::Completions(args) => completions::run(&args),
        _ => Exit::WrongUse,
    }
}
