//! `flowc compile`: a plan as a file.

use super::args::CompileArgs;
use super::{exit::Exit, output, program};
use crate::{compile, plan};

pub fn run(args: &CompileArgs) -> Exit {
    let text = match &args.emit {
        None => program::ready(&args.program).and_then(|ready| {
            plan::format::to_json(&ready.plan).map_err(|e| {
                output::complain(format_args!("{e}"));
                Exit::Failed
            })
        }),
        Some(pass) => emitted(args, pass),
    };
    let text = match text {
        Ok(text) => text,
        Err(exit) => return exit,
    };
    match output::to_file_or_result(args.output.as_deref(), &text) {
        Ok(()) => Exit::Done,
        Err(message) => {
            output::complain(format_args!("{message}"));
            Exit::WrongUse
        }
    }
}

/// The plan as text after a pass.
fn emitted(args: &CompileArgs, pass: &str) -> Result<String, Exit> {
    let wrong = |message: String| {
        output::complain(format_args!("{message}"));
        Exit::WrongUse
    };
    let checked = program::check(&args.program.file).map_err(wrong)?;
    let compiled = compile::raw_plan_of(checked, args.program.workflow.as_deref()).map_err(|program| {
        program::show(&program);
        Exit::Failed
    })?;
    program::show(&compiled.program);
    let passes = plan::passes::PASSES.join(", ");
    if pass == "help" {
        return Ok(format!("passes: {passes}"));
    }
    plan::passes::emit(pass, compiled.plan)
        .ok_or_else(|| wrong(format!("there is no pass `{}`; there are {passes}", output::visible(pass))))
}
