//! The parser that pest makes of `grammar/flow.pest`. Its rules are known in `syntax/` only.

use pest_derive::Parser;

#[derive(Debug, Parser)]
#[grammar = "../grammar/flow.pest"]
pub(super) struct FlowParser;
