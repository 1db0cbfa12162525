//! What is said of broken programs: code, place and message, one per broken statement.

use super::*;

/// The one diagnostic of a program.
fn fault(text: &str) -> (Code, String, String) {
    let said = said(text);
    assert_eq!(said.len(), 1, "{text}\n{said:?}");
    let (code, place, message) = said.into_iter().next().unwrap();
    (code, place.to_string(), message)
}

fn stmt_fault(text: &str) -> (Code, String, String) {
    fault(&format!("workflow w() {{\n{text}\n}}"))
}

fn check(text: &str, code: Code, place: &str, message: &str) {
    assert_eq!(stmt_fault(text), (code, place.to_string(), message.to_string()), "{text}");
}

#[test]
fn what_was_expected_is_said_in_words() {
    let f = Code::F0101;
    check("let x =", f, "", "expected a value after `=`, found `}` on the next line");
    check("let x =\nlet y = 1", f, "", "expected a value after `=`, found `let` on the next line");
    check("let x: = 3", f, "=", "expected a type after `:`, found `=`");
    check("let = 3", f, "=", "expected a name or `{` after `let`, found `=`");
    check("let x 3", f, "3", "expected `:` or `=` after `x`, found a number");
    check("let if = 3", f, "if", "expected a name or `{` after `let`, found `if`");
    check("f(a, b c)", f, "c", "expected `)` or `,` after `b`, found `c`");
    check("try { a() } catch { b() }", f, "{", "expected a name after `catch`, found `{`");
    check("repeat x = a { b }", f, "", "expected `until` after `}`, found `}` on the next line");
    check("task t { timeout 5m }", f, "5m", "expected `:` after `timeout`, found a number");
    check("a, b", f, ",", "unexpected `,` in a block");
    check("else { a() }", f, "else", "expected a value, found `else`");
    check("[1, 2 3]", f, "3", "expected `]` or `,` after `2`, found a number");
    check("\"a #{b c} d\"", f, "c", "expected `}` after `b`, found `c`");
    check("\"a #{} d\"", f, "}", "expected a value after `{`, found `}`");
}

#[test]
fn broken_declarations() {
    let f = Code::F0101;
    let check = |text: &str, place: &str, message: &str| {
        assert_eq!(fault(text), (f, place.to_string(), message.to_string()), "{text}");
    };
    check("type X = ", "", "expected a type after `=`, found the end of the file");
    check("task t(a Int) {}", "Int", "expected `:` after `a`, found `Int`");
    check("fn f(a: Int) = a", "=", "expected `->` after `)`, found `=`");
    check("workflow (x: Int) {}", "(", "expected a name after `workflow`, found `(`");
    check("hello", "hello", "unexpected `hello` here");
    check("use foo.bar", "foo.bar", "expected `std.…`, a path in quotes, or `agents` and a path after `use`");
}

#[test]
fn other_languages() {
    let check = |text: &str, place: &str, message: &str| {
        assert_eq!(stmt_fault(text), (Code::F0109, place.to_string(), message.to_string()), "{text}");
    };
    check("a() && b()", "&&", "`&&` is written `and`");
    check("let x = a || b", "||", "`||` is written `or`");
    check("let x == 3", "==", "`==` compares; a name is bound with one `=`");
    check("if x y", "y", "the branches of an `if` go in braces");
    check("for x of xs {}", "of", "the items of a `for` come after `in`");
    check("match x { 1 -> 2 }", "->", "the arms of a `match` are written `pattern => value`");
    check("x = 3", "=", "a name is bound with `let`");
    check("let x = !a", "!", "`!` is written `not`");
    check("if !a { b() }", "!", "`!` is written `not`");
    check("let x = a === b", "===", "`===` is written `==`");
    check("let x = null", "null", "`null` is written `none`");
    check("a();", ";", "statements end without `;`");
    check("a(); b()", ";", "statements end without `;`");
    check("var x = 1", "var", "values are bound with `let`, once");
    check("const x = 1", "const", "values are bound with `let`, once");
    check("return x", "return", "there is no `return`");
    check("x += 1", "+=", "a value cannot be changed, so there is no `+=`");
    check("let x = 'a'", "'", "strings use double quotes");
    check("let x = c ? a : b", "?", "there is no `? :`");
    check("map(xs, x => x)", "=>", "there are no lambdas; `=>` belongs to `match` arms and mocks");
    check("let x = 5 % 3", "%", "there is no operator `%`");
    check("if (n === 1) { b() }", "===", "`===` is written `==`");
    check("if n !== 1 { b() }", "!==", "`!==` is written `!=`");
    check("if n is none { b() }", "is", "two values are compared with `==`");
    check("let x = r[0:3]", ":", "there are no slices");
    check(
        "let x = race with { need: 2 } { a() b() }",
        "with",
        "the `with` of a `race` stands behind its braces",
    );
    check("for i in 1 2 3 { a(i) }", "2", "a `for` goes over a list");
    check("task t { run: make all }", "make all", "a command is a list of texts in quotes");
    check("a() -> b()", "->", "tasks are not joined by `->`");
    check("a() | b()", "|", "tasks are not joined by `|`");
    check("a >> b", ">>", "tasks are not joined by `>>`");
    check("let a, b = t(), u()", ",", "a `let` binds one name");
    check("# note", "#", "comments begin with `//`");
    check("a() /* note */", "/*", "comments begin with `//` and end with their line");
    check("fn f() -> Int = 1", "fn", "`fn` belongs at the top level of a file, not in a block");
    check("if a { b() } elif c { d() }", "elif", "`elif` is written `else if`");
    assert_eq!(fault("task t { run: cargo build --release }").2, "a command is a list of texts in quotes");
    assert_eq!(fault("variable \"x\" { type = string }").2, "there is no `variable`");
    assert_eq!(fault("output \"x\" { value = 1 }").2, "there is no `output`");
    assert_eq!(fault("function f() { a }").0, Code::F0109);
    assert_eq!(fault("let x = 1").2, "`let` belongs in a workflow, not at the top level");
    assert_eq!(fault("export task t {}").2, "everything is exported unless its name starts with `_`");
}

#[test]
fn names() {
    assert_eq!(
        fault("type finding = Int"),
        (
            Code::F0108,
            "finding".to_string(),
            "`finding` is a type's name: it must start with an upper-case letter".to_string()
        )
    );
    assert_eq!(fault("task Fix() {}").0, Code::F0108);
    assert_eq!(fault("fn f(x: string) -> Int = 1").1, "string");
    assert_eq!(stmt_fault("let X = 1").1, "X");
    let long = "a".repeat(257);
    assert_eq!(stmt_fault(&format!("let {long} = 1")).0, Code::F0108);
    let (_, out) = read("enum Level { LOW, Fatal }");
    assert_eq!((&*out[0].fixes[0].title, &*out[1].fixes[0].title), ("write `low`", "write `fatal`"));
    let (_, out) = read("type finding_list = Int");
    assert_eq!(out[0].fixes[0].title, "write `FindingList`");
}

#[test]
fn comparisons_do_not_chain() {
    assert_eq!(
        stmt_fault("let x = a < b < c"),
        (Code::F0110, "<".to_string(), "comparisons do not chain".to_string())
    );
    assert_eq!(block("let x = (a < b) == c"), "(let x (Eq (paren (Lt a b)) c))");
}

#[test]
fn strings_without_an_end() {
    let broken = "workflow w() {\n  let x = f(\"abc)\n  let y = = 2\n}";
    let found: Vec<_> = said(broken).into_iter().map(|(code, place, _)| (code, place)).collect();
    assert_eq!(found, [(Code::F0102, "\""), (Code::F0101, "=")]);
    assert_eq!(fault("task t { run: [\"a, \"b\"] }\ntype X = Int").0, Code::F0102);
    assert_eq!(fault("task t { sh: \"\"\"\n a\n }").1, "\"\"\"");
    assert_eq!(stmt_fault("let x = \"a #{b\nc").1, "\"");
    assert_eq!(stmt_fault("let x = r\"a").1, "\"");
    let (module, out) = read("task t { run: [\"a] }\ntask u { run: = }\n");
    assert_eq!(out.len(), 2);
    assert_eq!(module.items.iter().map(tree::item).collect::<Vec<_>>(), ["(bad t)", "(task u () (props))"]);
}

#[test]
fn brackets_without_a_partner_spoil_one_item() {
    let text = "workflow a() {\n  if x {\n    f()\n\n  g()\n}\n\ntask t { run: [] }\nworkflow b() { ]}\nfn c() -> Int = (1\nfn d() -> Int = 1)\nfn e() -> Int = 1";
    let (module, _) = read(text);
    let shown: Vec<String> = module.items.iter().map(tree::item).collect();
    assert_eq!(
        shown,
        [
            "(workflow a () (do (if x (do (call f))) (call g)))",
            "(task t () (props run: (list)))",
            "(bad b)",
            "(bad c)",
            "(fn d () Int 1)",
            "(fn e () Int 1)"
        ]
    );
    let said = said(text);
    assert_eq!(
        said.iter().map(|(c, p, _)| (*c, *p)).collect::<Vec<_>>(),
        [(Code::F0103, "{"), (Code::F0103, "]"), (Code::F0103, "("), (Code::F0103, ")")]
    );
    let (_, out) = read(text);
    assert_eq!(out[0].span.start as usize, text.find("{\n    f").unwrap());
}

#[test]
fn one_error_for_each_broken_statement_and_the_rest_is_read() {
    let text = "workflow w() {\n  let a = = 1\n  let b = f(2)\n  if b { let c = ) }\n  g(b\n}\n";
    assert!(!said(text).is_empty());
    let text = "workflow w() {\n  let a = = 1\n  let b = f(2)\n  if b { let { c, d } = + }\n  task t { x 1 }\n  g(b)\n}\ntype = 3\ntask u { run: [] }";
    let (module, out) = read(text);
    assert_eq!(out.len(), 4, "{out:?}");
    assert_eq!(
        module.items.iter().map(tree::item).collect::<Vec<_>>(),
        [
            "(workflow w () (do (bad a) (let b (call f 2)) (if b (do (bad c d))) (task t () (props)) (call g b)))",
            "(bad)",
            "(task u () (props run: (list)))"
        ]
    );
}

#[test]
fn a_reported_character_is_not_reported_again() {
    let text = "workflow w() {\n  let x = “a”\n  let y = 1\n}";
    let said = said(text);
    assert!(said.iter().all(|(code, ..)| *code == Code::F0105), "{said:?}");
    let (module, _) = read(text);
    assert_eq!(tree::item(&module.items[0]), "(workflow w () (do (bad x) (let y 1)))");
}

#[test]
fn every_code_of_the_phase_has_a_page_that_shows_it() {
    for code in Code::ALL.iter().filter(|c| c.info().name.starts_with("F01") || **c == Code::W0010) {
        let blocks: Vec<&str> =
            code.page().split("```flow\n").skip(1).map(|b| b.split("\n```").next().unwrap_or("")).collect();
        let [bad, good] = blocks.as_slice() else { panic!("{code}: {blocks:?}") };
        let found: Vec<Code> = said(bad).into_iter().map(|(code, ..)| code).collect();
        assert!(!found.is_empty() && found.iter().all(|c| c == code), "{code}: {found:?}");
        assert_eq!(said(good), [], "{code}");
    }
}
