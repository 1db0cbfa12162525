//! Words that people bring from other languages.

use super::Near;

/// Values and functions; whether it is surely this.
const VALUES: &[(&str, &str, bool)] = &[
    ("null", "none", true),
    ("nil", "none", true),
    ("undefined", "none", true),
    ("None", "none", true),
    ("Null", "none", true),
    ("nullptr", "none", true),
    ("True", "true", true),
    ("False", "false", true),
    ("TRUE", "true", true),
    ("FALSE", "false", true),
    ("yes", "true", false),
    ("length", "len", true),
    ("size", "len", true),
    ("count", "len", true),
    ("str", "to_string", true),
    ("string", "to_string", true),
    ("toString", "to_string", true),
    ("int", "to_int", true),
    ("parse_int", "to_int", true),
    ("parseInt", "to_int", true),
    ("float", "to_float", true),
    ("parse_float", "to_float", true),
    ("parseFloat", "to_float", true),
    ("number", "to_float", false),
    ("uniq", "unique", true),
    ("distinct", "unique", true),
    ("dedup", "unique", true),
    ("sorted", "sort", true),
    ("reversed", "reverse", true),
    ("any", "any_of", false),
    ("some", "any_of", false),
    ("all", "all_of", false),
    ("every", "all_of", false),
    ("concat", "flatten", false),
    ("flat", "flatten", true),
    ("strip", "trim", true),
    ("lowercase", "lower", true),
    ("to_lower", "lower", true),
    ("uppercase", "upper", true),
    ("to_upper", "upper", true),
    ("startsWith", "starts_with", true),
    ("endsWith", "ends_with", true),
    ("includes", "contains", true),
    ("has", "contains", false),
    ("head", "first", false),
    ("tail", "drop", false),
    ("limit", "take", false),
    ("skip", "drop", false),
    ("items", "entries", true),
    ("modulo", "mod", true),
    ("error", "fail", false),
    ("raise", "fail", false),
    ("throw", "fail", false),
    ("panic", "fail", false),
    ("abort", "fail", false),
    ("exit", "fail", false),
    ("parse_json", "from_json", false),
    ("json_decode", "from_json", false),
    ("stringify", "to_json", true),
    ("dumps", "to_json", true),
    ("json_encode", "to_json", true),
    ("read_file", "read", false),
    ("readFile", "read", false),
    ("open", "read", false),
    ("write_file", "write", false),
    ("writeFile", "write", false),
    ("getenv", "env", true),
    ("wait", "sleep", false),
    ("confirm", "approve", false),
    ("prompt", "input", false),
];

/// Names for which Flow has no word, and what one does instead.
const ADVICE: &[(&[&str], &str)] = &[
    (
        &["print", "println", "printf", "echo", "puts", "log", "console", "say"],
        "a workflow prints nothing itself: return the value, or let a command print it: `run: [\"echo\", …]`",
    ),
    (
        &["map", "forEach", "foreach", "each"],
        "go over a list with `for x in list { … }`: its value is the list of results",
    ),
    (&["filter", "where", "select"], "choose from a list with `for x in list if condition { x }`"),
    (
        &["reduce", "fold"],
        "there are `sum`, `min`, `max`, `join`; for a running result `repeat x = start with { max: 9 } { … } until …`",
    ),
    (
        &["push", "append", "add", "insert", "extend"],
        "values never change: `[...list, x]` is a new list with one more element",
    ),
    (
        &["pop", "remove", "delete", "del"],
        "values never change: `take(list, n)` and `drop(list, n)` give shorter lists",
    ),
    (
        &["loop", "do", "until", "forever"],
        "repeat with `repeat x = start with { max: 5 } { … } until cond`; go over a list with `for x in list { … }`",
    ),
    (
        &["parallel", "concurrently", "gather"],
        "tasks run at once unless one needs the other: write them below each other; `with { parallel: 4 }` bounds a `for`",
    ),
    (
        &["then", "fi", "done", "esac"],
        "blocks go in braces: `if cond { … } else { … }`, `for x in list { … }`",
    ),
    (&["unless"], "write `if not (…) { … }`"),
    (
        &["expect", "assert_eq", "assertEquals", "ensure", "require"],
        "a test and a workflow check with `assert a == b, \"message\"`",
    ),
    (&["format", "sprintf"], "put values into the text: `\"found #{n}\"`"),
    (
        &["substring", "substr", "slice"],
        "take a text apart with `split` or `lines`; `take` and `drop` shorten lists",
    ),
    (
        &["random", "rand", "uuid", "time", "date"],
        "expressions are the same at each replay: let a task give it, like `now()`",
    ),
    (&["self", "this"], "there are no objects: what a task needs is a parameter"),
    (
        &["typeof", "type", "isinstance"],
        "the type of every name is known: ask the value itself, or `match` it",
    ),
    (
        &["os", "process", "sys"],
        "the outside is reached by tasks: `env(\"NAME\")`, `read(path)`, `glob(pattern)`, `run: […]`",
    ),
    (
        &["sh", "bash", "shell", "exec", "system", "subprocess", "run"],
        "a command is a task: `task name { run: [\"program\", \"argument\"] }`, or `sh: \"…\"` for a line of shell",
    ),
    (
        &["fetch", "curl", "requests", "axios", "http"],
        "a request is a task: `task name -> Response { http: { url: \"https://…\" } }`",
    ),
    (
        &["llm", "ai", "ask", "chat", "agent"],
        "an agent is asked by a task: `task name -> String { agent: somebody  prompt: \"…\" }`",
    ),
    (
        &["parallel", "gather", "all_settled", "Promise"],
        "calls that do not need each other run side by side by themselves",
    ),
    (&["result"], "`result` is known in `accept` only; the value of a call is bound by `let name = …`"),
];

/// Types; whether it is surely this.
const TYPES: &[(&str, &str, bool)] = &[
    ("string", "String", true),
    ("str", "String", true),
    ("Str", "String", true),
    ("Text", "String", true),
    ("text", "String", true),
    ("varchar", "String", true),
    ("char", "String", false),
    ("int", "Int", true),
    ("integer", "Int", true),
    ("Integer", "Int", true),
    ("i32", "Int", true),
    ("i64", "Int", true),
    ("u32", "Int", true),
    ("u64", "Int", true),
    ("usize", "Int", true),
    ("long", "Int", true),
    ("Long", "Int", true),
    ("Number", "Float", false),
    ("number", "Float", false),
    ("float", "Float", true),
    ("f32", "Float", true),
    ("f64", "Float", true),
    ("double", "Float", true),
    ("Double", "Float", true),
    ("bool", "Bool", true),
    ("Boolean", "Bool", true),
    ("boolean", "Bool", true),
    ("any", "Json", false),
    ("Any", "Json", false),
    ("Object", "Json", false),
    ("object", "Json", false),
    ("Value", "Json", false),
    ("unknown", "Json", false),
    ("JSON", "Json", true),
    ("json", "Json", true),
    ("Void", "Unit", true),
    ("void", "Unit", true),
    ("Nothing", "Unit", false),
    ("File", "Path", false),
    ("file", "Path", false),
    ("path", "Path", true),
    ("Time", "Duration", false),
    ("Timedelta", "Duration", true),
    ("Cost", "Money", false),
    ("Dollar", "Money", true),
    ("Decimal", "Money", false),
    ("Size", "Bytes", false),
];

/// Types that Flow writes with signs.
const TYPE_ADVICE: &[(&[&str], &str)] = &[
    (
        &["List", "list", "Array", "array", "Vec", "Sequence", "Iterable", "Set", "set"],
        "a list of T is written `[T]`",
    ),
    (
        &["Map", "map", "Dict", "dict", "HashMap", "Record", "Mapping"],
        "a map from names to T is written `{String: T}`",
    ),
    (&["Optional", "optional", "Option", "Maybe", "Nullable"], "T or `none` is written `T?`"),
    (
        &["Result", "Either", "Promise", "Future", "Task"],
        "a task simply gives its value; a failure is caught with `try { … } catch e { … }`",
    ),
    (&["Union", "Literal"], "one of several is an enum: `enum Name { a, b(x: Int) }`"),
    (&["Tuple", "tuple", "Pair"], "several values together are a record: `{ a: Int, b: String }`"),
];

/// Properties, with what they may be called here; the first that there is counts.
const PROPERTIES: &[(&str, &[&str])] = &[
    ("depends_on", &["after"]),
    ("dependsOn", &["after"]),
    ("needs", &["after"]),
    ("requires", &["after"]),
    ("depends", &["after"]),
    ("retries", &["retry", "max"]),
    ("max_retries", &["retry", "max"]),
    ("attempts", &["retry", "max"]),
    ("command", &["run", "command"]),
    ("cmd", &["run", "command"]),
    ("exec", &["run"]),
    ("argv", &["run"]),
    ("shell", &["sh"]),
    ("script", &["sh"]),
    ("bash", &["sh"]),
    ("instructions", &["prompt", "system"]),
    ("message", &["prompt"]),
    ("question", &["prompt"]),
    ("system_prompt", &["system"]),
    ("llm", &["agent", "model"]),
    ("who", &["agent"]),
    ("assignee", &["agent"]),
    ("inputs", &["reads", "context"]),
    ("input", &["stdin", "reads"]),
    ("outputs", &["writes"]),
    ("files", &["writes", "reads"]),
    ("time_limit", &["timeout", "deadline"]),
    ("timeout", &["deadline", "timeout"]),
    ("deadline", &["timeout", "deadline"]),
    ("environment", &["env"]),
    ("env_vars", &["env"]),
    ("workdir", &["cwd"]),
    ("working_directory", &["cwd"]),
    ("dir", &["cwd"]),
    ("concurrency", &["parallel", "capacity", "max_parallel"]),
    ("max_concurrency", &["parallel", "capacity", "max_parallel"]),
    ("workers", &["parallel"]),
    ("cost", &["budget"]),
    ("max_cost", &["budget"]),
    ("max_tokens", &["tokens"]),
    ("condition", &["accept"]),
    ("check", &["accept", "verify"]),
    ("validate", &["accept", "verify"]),
    ("test", &["verify"]),
    ("on_error", &["on_failure", "fallback"]),
    ("isolation", &["workspace", "sandbox"]),
    ("limit", &["max", "capacity", "rate"]),
    ("times", &["max"]),
    ("interval", &["every", "per"]),
    ("delay", &["backoff", "every"]),
    ("size", &["capacity"]),
    ("count", &["capacity", "need", "max"]),
    ("name", &["description"]),
    ("title", &["description"]),
    ("doc", &["description"]),
    ("args", &["command", "run"]),
    ("params", &["args"]),
    ("arguments", &["args"]),
];

pub(super) fn value(name: &str, called: bool) -> Option<Near> {
    let constant = |near: &Near| matches!(near.name.as_str(), "none" | "true" | "false");
    in_table(VALUES, name).filter(|near| constant(near) != called)
}

pub(super) fn of_type(name: &str) -> Option<Near> {
    in_table(TYPES, name)
}

fn in_table(table: &[(&str, &str, bool)], name: &str) -> Option<Near> {
    let row = table.iter().find(|(theirs, ..)| *theirs == name)?;
    Some(Near::only(row.1, row.2))
}

pub(super) fn property(name: &str) -> &'static [&'static str] {
    PROPERTIES.iter().find(|(theirs, _)| *theirs == name).map_or(&[], |(_, ours)| ours)
}

/// What one does where another language has a function of this name.
pub fn advice(name: &str) -> Option<&'static str> {
    said(ADVICE, name)
}

/// How the type is written that has this name elsewhere.
pub fn type_advice(name: &str) -> Option<&'static str> {
    said(TYPE_ADVICE, name)
}

fn said(table: &[(&[&str], &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(names, _)| names.contains(&name)).map(|(_, advice)| *advice)
}
