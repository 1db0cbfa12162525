//! `flowc explain`: the page of a code.

use super::{args::ExplainArgs, exit::Exit, output};
use crate::diagnostics::Code;

pub fn run(args: &ExplainArgs) -> Exit {
    let Some(name) = &args.code else {
        let width = Code::ALL.iter().map(|c| c.info().name.len()).max().unwrap_or(0);
        let list: Vec<String> =
            Code::ALL.iter().map(|c| format!("{:width$}  {}", c.info().name, c.info().title)).collect();
        output::result(&list.join("\n"));
        return Exit::Done;
    };
    match Code::parse(name) {
        Some(code) => {
            output::result(code.page());
            Exit::Done
        }
        None => {
            let near = Code::near(name, |_| true).map(|c| format!("; did you mean {c}?"));
            let hint = near.unwrap_or_else(|| "; `flowc explain` lists all".to_string());
            output::complain(format_args!("there is no code `{}`{hint}", output::visible(name)));
            Exit::WrongUse
        }
    }
}
