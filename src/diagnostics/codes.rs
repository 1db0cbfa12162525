//! The table of codes. To add one: a row here, a constructor beside its phase, a page `docs/errors/CODE.md`, a case.

use super::Severity;

/// What a code is about; the first two digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Area {
    Syntax,
    Names,
    Types,
    Plan,
    Conflicts,
    Capabilities,
    Budget,
    Trust,
    Lint,
}

/// What is known of a code besides its page.
#[derive(Debug, Clone, Copy)]
pub struct CodeInfo {
    pub name: &'static str,
    pub title: &'static str,
}

macro_rules! codes {
    ($($code:ident $title:literal),* $(,)?) => {
        /// A stable diagnostic code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $title] $code),* }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$code),*];

            /// Its name and title.
            pub fn info(self) -> CodeInfo {
                match self { $(Code::$code => CodeInfo { name: stringify!($code), title: $title }),* }
            }

            /// The page that `flowc explain` shows.
            pub fn page(self) -> &'static str {
                match self { $(Code::$code => include_str!(concat!("../../docs/errors/", stringify!($code), ".md"))),* }
            }
        }
    };
}

codes! {
    F0101 "syntax error",
    F0102 "unclosed string",
    F0103 "unmatched bracket",
    F0104 "nested too deeply",
    F0105 "character not allowed here",
    F0106 "invalid number or unit",
    F0107 "unknown escape in a string",
    F0108 "invalid name",
    F0109 "syntax of another language",
    F0110 "chained comparison",
    F0201 "unknown name",
    F0202 "unknown type",
    F0203 "name declared twice",
    F0204 "private name",
    F0205 "name used before it is bound",
    F0206 "file cannot be read",
    F0207 "path outside the project",
    F0208 "import cycle",
    F0209 "recursive call",
    F0210 "name not found in a module",
    F0211 "unknown module of the standard library",
    F0212 "name of the wrong kind",
    F0213 "not an agent file",
    F0214 "unknown enum variant",
    F0215 "import without a name",
    F0216 "mock of an unknown task",
    F0301 "type mismatch",
    F0302 "possible `none` not handled",
    F0303 "match does not cover every case",
    F0304 "unreachable match arm",
    F0305 "wrong arguments in a call",
    F0306 "unknown field",
    F0307 "unknown property",
    F0308 "invalid property value",
    F0309 "statement without effect",
    F0310 "task called in a pure place",
    F0311 "no value here",
    F0312 "ambiguous enum variant",
    F0313 "no common type",
    F0314 "type cannot be inferred",
    F0315 "type contains itself without end",
    F0316 "operator does not fit these types",
    F0317 "given twice",
    F0318 "missing field",
    F0319 "pattern can never match",
    F0320 "not callable",
    F0321 "wrong number of type arguments",
    F0322 "not exactly one action",
    F0323 "missing property",
    F0324 "value has no JSON form",
    F0325 "value is never `none`",
    F0326 "nothing to wait for",
    F0327 "must be known before the run",
    F0328 "mock does not fit its task",
    F0329 "this always fails",
    F0401 "no workflow to start",
    F0402 "several workflows, none chosen",
    F0403 "generic workflow cannot be started",
    F0410 "need exceeds capacity",
    F0411 "critical path exceeds the deadline",
    F0501 "two tasks write the same file at the same time",
    F0502 "file read while another task writes it",
    F0503 "iterations that touch the same file",
    F0504 "racing tasks that touch the same file",
    F0505 "claim can match nothing",
    F0601 "agent has no tool to write with",
    F0602 "no agent has these skills",
    F0603 "unknown tool",
    F0604 "claim outside the agent's rules",
    F0605 "unknown MCP server",
    F0606 "more rights than the caller has",
    F0701 "budget smaller than what tasks may spend",
    F0801 "secret used in an unsafe place",
    F0802 "interpolation inside shell quotes",
    F0803 "program name comes from outside",
    W0010 "hidden change of text direction",
    W0101 "unused binding",
    W0102 "effect without `on_crash`",
    W0103 "agent task without a timeout",
    W0104 "unbounded agents without a budget",
    W0105 "unused parameter",
    W0106 "unused agent",
    W0107 "unused import",
    W0108 "unused task",
    W0109 "comment silences nothing",
    W0110 "problem in an agent file",
    W0111 "outside text becomes code",
    W0112 "outside text in a prompt",
    W0113 "path comes from outside",
    W0114 "value may be read as an option",
    W0115 "looks like an interpolation",
    W0116 "brackets around a `for`",
}

impl Code {
    /// The code of that name, in any case.
    pub fn parse(name: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|c| c.info().name.eq_ignore_ascii_case(name))
    }

    /// The code that was probably meant by a name that is none.
    pub fn near(name: &str, among: impl Fn(Code) -> bool) -> Option<Code> {
        let name = name.trim().to_uppercase();
        let codes = Code::ALL.iter().copied().filter(|c| among(*c));
        let scored = codes.map(|c| (strsim::damerau_levenshtein(c.info().name, &name), c));
        scored.min().filter(|(distance, _)| *distance <= 2).map(|(_, code)| code)
    }

    /// Error for `F…`, warning for `W…`.
    pub fn severity(self) -> Severity {
        if self.info().name.starts_with('W') { Severity::Warning } else { Severity::Error }
    }

    /// What it is about.
    pub fn area(self) -> Area {
        match &self.info().name[..3] {
            "F01" => Area::Syntax,
            "F02" => Area::Names,
            "F03" => Area::Types,
            "F04" => Area::Plan,
            "F05" => Area::Conflicts,
            "F06" => Area::Capabilities,
            "F07" => Area::Budget,
            "F08" => Area::Trust,
            _ => Area::Lint,
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.info().name)
    }
}
