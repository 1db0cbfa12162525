//! `flowc test`: the tests of a program are checked; running them is not built yet, and that is said.

use super::args::TestArgs;
use super::{exit::Exit, output, program};

pub fn run(args: &TestArgs) -> Exit {
    for file in &args.files {
        match program::check(file) {
            Ok(checked) => {
                program::show(&checked);
                if checked.errors() > 0 {
                    return Exit::Failed;
                }
            }
            Err(message) => {
                output::complain(format_args!("{message}"));
                return Exit::WrongUse;
            }
        }
    }
    output::complain(format_args!(
        "the programs are right, but this version of flowc does not run `test` blocks yet"
    ));
    Exit::WrongUse
}
