//! `flowc graph`: the plan as a drawing.

use super::args::{Drawing, GraphArgs};
use super::{exit::Exit, output, program};
use crate::plan::draw;

pub fn run(args: &GraphArgs) -> Exit {
    let ready = match program::ready(&args.program) {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    let ending = args.output.as_ref().and_then(|p| p.extension()).and_then(|e| e.to_str());
    let drawing = match (args.drawing, ending) {
        (Some(drawing), _) => drawing,
        (None, Some("svg")) => Drawing::Svg,
        (None, Some("dot" | "gv")) => Drawing::Dot,
        (None, Some("png" | "jpg" | "jpeg" | "gif" | "webp" | "pdf" | "html")) => {
            output::complain(format_args!(
                "a plan is drawn as svg, dot or mermaid, not as {}",
                ending.unwrap_or_default()
            ));
            return Exit::WrongUse;
        }
        (None, _) => Drawing::Mermaid,
    };
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
