//! What people who come from another language write, and how Flow says it.

/// A sign or word of another language at the start of `text`: its length, the message, and what to write instead
/// where that is a plain replacement.
pub(super) struct Hint {
    pub(super) length: usize,
    pub(super) message: String,
    pub(super) instead: Option<&'static str>,
    pub(super) help: Option<&'static str>,
}

/// Signs, longest first, with what to write and what to say.
const SIGNS: [(&str, Option<&str>, &str, Option<&str>); 23] = [
    ("===", Some("=="), "`===` is written `==`", None),
    ("!==", Some("!="), "`!==` is written `!=`", None),
    ("&&", Some("and"), "`&&` is written `and`", None),
    ("||", Some("or"), "`||` is written `or`", None),
    (
        "++",
        None,
        "a value cannot be changed, so there is no `++`",
        Some("bind a new name: `let next = n + 1`"),
    ),
    (
        "--",
        None,
        "a value cannot be changed, so there is no `--`",
        Some("bind a new name: `let next = n - 1`"),
    ),
    (
        "+=",
        None,
        "a value cannot be changed, so there is no `+=`",
        Some("bind a new name: `let total = a + b`"),
    ),
    (
        "-=",
        None,
        "a value cannot be changed, so there is no `-=`",
        Some("bind a new name: `let rest = a - b`"),
    ),
    (":=", Some("="), "a name is bound with `let name = value`", None),
    ("**", None, "there is no operator `**`", Some("write the product: `n * n`")),
    (
        "=>",
        None,
        "there are no lambdas; `=>` belongs to `match` arms and mocks",
        Some("declare a `fn`, or use `for x in xs { … }`"),
    ),
    ("|>", None, "there is no operator `|>`", Some("call: `f(x)`")),
    ("/*", None, "comments begin with `//` and end with their line", None),
    ("<>", Some("!="), "`<>` is written `!=`", None),
    ("::", Some("."), "`::` is written `.`", None),
    ("..", None, "there is no `..` between numbers", Some("write `range(a, b)`")),
    ("!", Some("not "), "`!` is written `not`", None),
    (";", Some(""), "statements end without `;`", None),
    ("'", None, "strings use double quotes", Some("write `\"…\"`")),
    ("`", None, "strings use double quotes", Some("write `\"text #{expr}\"`")),
    ("#", Some("//"), "comments begin with `//`", None),
    (
        "%",
        None,
        "there is no operator `%`",
        Some("the remainder is `mod(a, b)`; a percentage is written `80%`"),
    ),
    (
        "?",
        None,
        "there is no `? :`",
        Some("write `if cond { a } else { b }`; a default for `none` is `a ?? b`"),
    ),
];

/// Words with what to say.
const WORDS: [(&str, &str, &str); 34] = [
    ("var", "values are bound with `let`, once", "write `let`"),
    ("const", "values are bound with `let`, once", "write `let`"),
    (
        "function",
        "there is no `function`",
        "write `fn` for a pure one, `task` or `workflow` for one that acts",
    ),
    ("func", "there is no `func`", "write `fn` for a pure one, `task` or `workflow` for one that acts"),
    ("def", "there is no `def`", "write `fn` for a pure one, `task` or `workflow` for one that acts"),
    ("return", "there is no `return`", "the last expression of a block is its value"),
    ("while", "there is no `while`", "write `repeat x = start with { max: 5 } { … } until cond`"),
    ("import", "there is no `import`", "write `use \"./file.flow\"` or `use std.text`"),
    ("from", "there is no `from … import`", "write `use \"./file.flow\".{a, b}`"),
    ("async", "there is no `async`", "everything runs as soon as what it needs is there"),
    ("await", "there is no `await`", "a value is waited for where it is used"),
    ("throw", "there is no `throw`", "write `fail(\"why\")`"),
    ("elif", "`elif` is written `else if`", "write `else if`"),
    ("elsif", "`elsif` is written `else if`", "write `else if`"),
    ("elseif", "`elseif` is written `else if`", "write `else if`"),
    ("except", "`except` is written `catch`", "write `catch e { … }`"),
    (
        "parallel",
        "there is no `parallel`",
        "tasks run at once unless one needs the other; `with { parallel: 4 }` bounds a `for`",
    ),
    ("jobs", "a workflow is no YAML", "write `task name { … }` and `workflow main() { … }`"),
    ("switch", "there is no `switch`", "write `match value { pattern => expr }`"),
    ("struct", "there is no `struct`", "write `type Name = { field: Type }`"),
    ("class", "there is no `class`", "write `type Name = { field: Type }`"),
    ("interface", "there is no `interface`", "write `type Name = { field: Type }`"),
    ("export", "everything is exported unless its name starts with `_`", "remove `export`"),
    ("pub", "everything is exported unless its name starts with `_`", "remove `pub`"),
    ("pipeline", "there is no `pipeline`", "write `workflow name() { … }`"),
    ("job", "there is no `job`", "write `task name { … }`"),
    ("step", "there is no `step`", "write `task name { … }`, or `stage name { … }` for a group"),
    ("module", "a file is a module", "remove `module`"),
    ("public", "everything is exported unless its name starts with `_`", "remove `public`"),
    ("private", "what is private has a name that starts with `_`", "write `_name`"),
    ("trait", "there is no `trait`", "write `type Name = { field: Type }`"),
    ("foreach", "`foreach` is written `for`", "write `for x in xs { … }`"),
    ("raise", "there is no `raise`", "write `fail(\"why\")`"),
    ("unless", "there is no `unless`", "write `if not (…) { … }`"),
];

/// Blocks that a file of Terraform has at its top level.
const BLOCKS: [(&str, &str, &str); 4] = [
    (
        "variable",
        "there is no `variable`",
        "what a run is given are the parameters of its workflow: `workflow main(region: String = \"eu\") { … }`",
    ),
    ("output", "there is no `output`", "the last expression of a workflow is its result"),
    ("locals", "there is no `locals`", "bind names in the workflow with `let name = value`"),
    ("provider", "there is no `provider`", "what a command needs it is given by `env: { … }`"),
];

/// Words that begin a declaration, which may stand at the top level only.
const DECLARATIONS: [&str; 9] = ["fn", "workflow", "type", "enum", "agent", "resource", "mcp", "use", "test"];

/// A sign of another language at the start of `text`.
pub(super) fn sign(text: &str) -> Option<Hint> {
    let (sign, instead, message, help) = SIGNS.iter().find(|(sign, ..)| text.starts_with(sign))?;
    Some(Hint { length: sign.len(), message: (*message).to_string(), instead: *instead, help: *help })
}

/// A word of another language, or one out of its place, at the start of `text`.
pub(super) fn word(text: &str, in_block: bool) -> Option<Hint> {
    let length = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let first = &text[..length];
    if let Some((_, message, help)) = WORDS.iter().find(|(word, ..)| *word == first) {
        let instead = match first {
            "var" | "const" => Some("let"),
            "foreach" => Some("for"),
            "elif" | "elsif" | "elseif" => Some("else if"),
            "except" => Some("catch"),
            "export" | "pub" | "public" => Some(""),
            _ => None,
        };
        let help = instead.is_none().then_some(*help);
        return Some(Hint { length, message: (*message).to_string(), instead, help });
    }
    if in_block && DECLARATIONS.contains(&first) {
        let message = format!("`{first}` belongs at the top level of a file, not in a block");
        return Some(Hint { length, message, instead: None, help: None });
    }
    if in_block && first == "mock" {
        let message = "`mock` stands directly in a `test`".to_string();
        return Some(Hint { length, message, instead: None, help: None });
    }
    if !in_block && matches!(first, "include" | "require" | "load" | "source") {
        let message = format!("there is no `{first}` for declarations");
        let help = Some("write `use \"./file.flow\"`; `include(\"file.md\")` is a text");
        return Some(Hint { length, message, instead: None, help });
    }
    if !in_block && let Some((_, message, help)) = BLOCKS.iter().find(|(word, ..)| *word == first) {
        return Some(Hint { length, message: (*message).to_string(), instead: None, help: Some(help) });
    }
    if !in_block
        && matches!(first, "let" | "stage" | "assert" | "if" | "for" | "match" | "repeat" | "try" | "race")
    {
        let message = format!("`{first}` belongs in a workflow, not at the top level");
        return Some(Hint {
            length,
            message,
            instead: None,
            help: Some("write `workflow main() { … }` around it"),
        });
    }
    None
}
