//! The command line: the only part that speaks to the terminal.
//!
//! Standard output carries results only; everything for people goes to standard error. One file per command; raw flags
//! are in [`args`], what they mean together with `flow.toml` in [`config`].

mod args;
mod completions;
mod exit;
mod explain;
mod new;
mod output;

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
        Command::Explain(args) => explain::run(&args),
        Command::Completions(args) => completions::run(&args),
        _ => Exit::WrongUse,
    }
}
