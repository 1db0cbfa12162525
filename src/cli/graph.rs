//! `flowc graph`: the plan as a drawing.

use super::args::{Drawing, GraphArgs};
use super::{exit::Exit, output, program};
use crate::plan::draw;

pub fn run(args: &GraphArgs) -> Exit {
    let ready = match program::ready(&args.program) {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    let drawing = args.drawing.unwrap_or_else(|| {
        match args.output.as_ref().and_then(|p| p.extension()).and_then(|e| e.to_str()) {
            Some("svg") => Drawing::Svg,
            Some("dot" | "gv") => Drawing::Dot,
            _ => Drawing::Mermaid,
        }
    });
    let text = match drawing {
        Drawing::Mermaid => draw::mermaid(&ready.plan),
        Drawing::Dot => draw::dot(&ready.plan),
        Drawing::Svg => draw::svg(&ready.plan),
    };
    match output::to_file_or_result(args.output.as_deref(), &text) {
        Ok(()) => Exit::Done,
        Err(message) => {
            output::complain(format_args!("{message}"));
            Exit::WrongUse
        }
    }
}
