//! `flowc compile`: a plan as a file.

use super::args::CompileArgs;
use super::{exit::Exit, output, program};
use crate::plan;

pub fn run(args: &CompileArgs) -> Exit {
    let ready = match program::ready(&args.program) {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    let text = match &args.emit {
        None => plan::format::to_json(&ready.plan),
        Some(pass) => match plan::passes::emit(pass, &ready.plan) {
            Some(text) => text,
            None => {
                output::complain(format_args!("there is no pass `{}`; there are {}", output::visible(pass), plan::passes::PASSES.join(", ")));
                return Exit::WrongUse;
            }
        },
    };
    match output::to_file_or_result(args.output.as_deref(), &text) {
        Ok(()) => Exit::Done,
        Err(message) => {
            output::complain(format_args!("{message}"));
            Exit::WrongUse
        }
    }
}
