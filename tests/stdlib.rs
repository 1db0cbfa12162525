//! The modules of `std`: each of their functions evaluated, each of their declarations with a doc.

use flow::ast::ItemKind;
use flow::compile;
use flow::plan::eval::{Env, NoScope};
use flow::resolve::embedded;
use flow::source::MemoryLoader;
use flow::value::Value;

/// Expressions over `text`, `list` and `consensus`, with the JSON that they give.
const CASES: &[(&str, &str)] = &[
    (r#"text.repeated("ab", 3)"#, r#""ababab""#),
    (r#"text.repeated("ab", 0 - 1)"#, r#""""#),
    (r#"[text.is_blank(" \n\t"), text.is_blank(" x ")]"#, "[true,false]"),
    (r#"text.words("  a b\t\n c ")"#, r#"["a","b","c"]"#),
    (r#"text.one_line(" a\n  b ")"#, r#""a b""#),
    (
        r#"[text.shorten("héllo", 5), text.shorten("héllo!", 5), text.shorten("", 3)]"#,
        r#"["héllo","héll…",""]"#,
    ),
    (r#"[text.before("a=b=c", "="), text.before("abc", "=")]"#, r#"["a","abc"]"#),
    (r#"[text.after("a=b=c", "="), text.after("abc", "=")]"#, r#"["b=c",""]"#),
    (r#"text.lines_with("one\ntwo\nten", "o")"#, r#"["one","two"]"#),
    (r#"text.indent("a\n\nb", width: 3)"#, r#""   a\n\n   b""#),
    (r#"text.indent("a")"#, r#""  a""#),
    (r#"[text.pad_right("ab", 4), text.pad_right("abcde", 4)]"#, r#"["ab  ","abcde"]"#),
    (r#"[text.pad_left("ab", 4), text.pad_left("abcde", 4)]"#, r#"["  ab","abcde"]"#),
    (r#"[text.capitalized("été x"), text.capitalized("")]"#, r#"["Été x",""]"#),
    (r#"text.title("a good  day")"#, r#""A Good Day""#),
    (r#"[text.counted(1, "file", "files"), text.counted(0, "file", "files")]"#, r#"["1 file","0 files"]"#),
    (
        r#"[text.listed([]), text.listed(["a"]), text.listed(["a", "b", "c"], last: "or")]"#,
        r#"["","a","a, b or c"]"#,
    ),
    (r#"[text.heading("A\nb"), text.heading("c", level: 3)]"#, r####"["# A b","### c"]"####),
    (r#"text.bullets(["a", "b\nc"])"#, r#""- a\n- b\n  c""#),
    (r#"text.numbered(["a", "b\nc"])"#, r#""1. a\n2. b\n   c""#),
    (r#"text.quoted("a\n\nb")"#, r#""> a\n>\n> b""#),
    (r#"text.fenced("x", language: "rust")"#, r#""```rust\nx\n```""#),
    (r#"text.fenced("a ```` b")"#, r#""`````\na ```` b\n`````""#),
    (r#"text.fenced("")"#, r#""```\n\n```""#),
    (r#"text.row(["a|b", "c\nd"])"#, r#""| a\\|b | c d |""#),
    (
        r#"text.table(["n", "v"], [["a", "1"], ["b", "2"]])"#,
        r#""| n | v |\n| --- | --- |\n| a | 1 |\n| b | 2 |""#,
    ),
    ("[list.is_empty([1]), list.is_empty(list.rest([1]))]", "[false,true]"),
    ("list.slice([1, 2, 3, 4], 1, 3)", "[2,3]"),
    ("list.slice([1], 1, 9)", "[]"),
    ("list.rest([1, 2, 3])", "[2,3]"),
    ("list.chunk([1, 2, 3, 4, 5], 2)", "[[1,2],[3,4],[5]]"),
    ("list.chunk(list.rest([1]), 2)", "[]"),
    ("list.windows([1, 2, 3], 2)", "[[1,2],[2,3]]"),
    ("list.windows([1], 2)", "[]"),
    ("list.repeated(7, 3)", "[7,7,7]"),
    ("list.count_of([1, 2, 1], 1)", "2"),
    ("[list.index_of([5, 6, 6], 6), list.index_of([5], 7)]", "[1,null]"),
    ("list.without([1, 2, 1], 1)", "[2]"),
    ("list.difference([1, 2, 3], [2])", "[1,3]"),
    ("list.intersection([1, 2, 3], [3, 2, 9])", "[2,3]"),
    ("list.union([1, 2], [2, 3])", "[1,2,3]"),
    ("list.duplicates([1, 2, 1, 3, 2, 1])", "[1,2]"),
    (r#"list.counts(["a", "b", "a"])"#, r#"[{"value":"a","count":2},{"value":"b","count":1}]"#),
    ("[list.most_common([1, 2, 2]), list.most_common(list.rest([1]))]", "[2,null]"),
    ("[list.average([1.0, 2.0]), list.average([])]", "[1.5,null]"),
    ("[list.median([3.0, 1.0, 2.0]), list.median([4.0, 1.0]), list.median([])]", "[2.0,2.5,null]"),
    (r#"[consensus.majority(["a", "b", "a"]), consensus.majority(["a", "b"])]"#, r#"["a",null]"#),
    ("[consensus.plurality([1, 2, 3, 2]), consensus.plurality([9, 8])]", "[2,9]"),
    ("[consensus.unanimous([4, 4]), consensus.unanimous([4, 5])]", "[4,null]"),
    ("consensus.at_least([1, 2, 1, 3, 3], 2)", "[1,3]"),
    ("[consensus.agreement([1, 1, 2, 3]), consensus.agreement(list.rest([1]))]", "[0.5,0.0]"),
];

#[test]
fn every_function_gives_what_it_says() {
    let calls: Vec<String> = CASES.iter().map(|(call, _)| format!("to_json({call})")).collect();
    let program = format!(
        "use std.text\nuse std.list\nuse std.patterns.consensus\nworkflow main() -> [String] {{\n[\n{}\n]\n}}\n",
        calls.join(",\n")
    );
    let loader = MemoryLoader::new().with("main.flow", &program);
    let compiled = match compile::compile("main.flow", &loader, None) {
        Ok(compiled) => compiled,
        Err(program) => panic!("{:#?}", program.diagnostics),
    };
    let result = compiled.plan.bodies[0].result.as_ref().unwrap();
    let value = Env::new(&compiled.plan, &mut NoScope).eval(result).unwrap();
    let Value::List(found) = value else { panic!("a list is expected") };
    for ((call, wanted), found) in CASES.iter().zip(found.iter()) {
        assert_eq!(found.as_text().unwrap(), wanted, "{call}");
    }
}

#[test]
fn every_declaration_has_a_doc_and_a_case() {
    for (name, path, text) in embedded::MODULES {
        let program = compile::check_text(text);
        assert!(program.diagnostics.is_empty(), "{path}: {:#?}", program.diagnostics);
        let module = &program.checked.resolved.modules[0].ast;
        assert!(!module.doc.is_empty(), "{path} says what it is");
        let short = name.rsplit('.').next().unwrap();
        for item in &module.items {
            let (what, is_fn) = match &item.kind {
                ItemKind::Fn(decl) => (&decl.name.text, true),
                ItemKind::Type(decl) => (&decl.name.text, false),
                _ => continue,
            };
            assert!(!item.doc.is_empty(), "{path}: {what} has no doc");
            let call = format!("{short}.{what}(");
            assert!(!is_fn || CASES.iter().any(|(c, _)| c.contains(&call)), "{path}: {what} has no case");
        }
    }
}
