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
    F0102 "a string without its end",
    F0103 "a bracket without its partner",
    F0104 "nested too deep",
    F0105 "a character that may not stand here",
    F0106 "a number or unit that is none",
    F0107 "an escape that is none",
    F0108 "a name that is none",
    F0109 "a sign or word of another language",
    F0110 "comparisons in a chain",
    F0201 "unknown name",
    F0202 "unknown type",
    F0203 "name declared twice",
    F0204 "private name",
    F0205 "name used before it is bound",
    F0206 "file cannot be used",
    F0207 "path outside the project",
    F0208 "imports form a cycle",
    F0209 "calls form a recursion",
    F0210 "nothing of that name in the module",
    F0211 "unknown std module",
    F0212 "name of another kind",
    F0213 "not an agent file",
    F0214 "unknown variant",
    F0215 "import without a name",
    F0216 "nothing to mock",
    F0301 "type mismatch",
    F0302 "`none` not handled",
    F0303 "match not exhaustive",
    F0304 "arm that is never reached",
    F0305 "wrong arguments",
    F0306 "unknown field",
    F0307 "unknown property",
    F0308 "bad property value",
    F0309 "statement that does nothing",
    F0310 "task in a pure place",
    F0311 "not a value",
    F0312 "ambiguous variant",
    F0313 "no common type",
    F0314 "type that cannot be inferred",
    F0315 "endless type",
    F0316 "operator not defined",
    F0317 "given twice",
    F0318 "missing field",
    F0319 "pattern that does not fit",
    F0320 "not callable",
    F0321 "wrong type arguments",
    F0322 "not one action",
    F0323 "missing property",
    F0324 "no JSON form",
    F0325 "never `none`",
    F0326 "nothing to wait for",
    F0327 "not known before the run",
    F0328 "mock that does not fit",
    F0401 "no workflow to start",
    F0402 "which workflow to start",
    F0403 "workflow that cannot be started",
    F0410 "need above capacity",
    F0411 "critical path over the deadline",
    F0501 "two tasks write the same file at once",
    F0502 "a file read while it is written",
    F0503 "iterations that use the same file",
    F0504 "entrants of a race that use the same file",
    F0505 "claim that can match nothing",
    F0601 "agent that cannot write",
    F0602 "skills that nobody has",
    F0603 "unknown tool",
    F0604 "claim outside an agent's rules",
    F0605 "unknown mcp server",
    F0606 "more rights than the caller",
    F0701 "tasks may spend more than the budget",
    F0801 "secret outside its places",
    F0802 "interpolation inside shell quotes",
    F0803 "program chosen from outside",
    W0010 "a string that reads in another order than it stands",
    W0101 "unused binding",
    W0102 "effect without a stated on_crash",
    W0103 "agent's task without a timeout",
    W0104 "agents without number or budget",
    W0105 "unused parameter",
    W0106 "unused agent",
    W0107 "unused import",
    W0108 "unused task",
    W0109 "silencer that silences nothing",
    W0110 "odd agent file",
    W0111 "text from outside that runs",
    W0112 "text from outside in a prompt",
    W0113 "path from outside",
    W0114 "value that may be an option",
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
