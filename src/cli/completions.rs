//! `flowc completions`: a script for a shell.

use super::{
    args::{Cli, CompletionsArgs},
    exit::Exit,
    output,
};
use clap::CommandFactory;

pub fn run(args: &CompletionsArgs) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "flowc", &mut script);
    output::result(&String::from_utf8_lossy(&script));
    Exit::Done
}
