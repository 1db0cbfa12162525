//! The style that `flowc fmt` writes, by examples. That trees and comments are kept is tested on all programs in
//! `tests/fmt.rs`.

use crate::syntax::format;

#[track_caller]
fn check(before: &str, after: &str) {
    let formatted = format(before);
    assert_eq!(formatted, after, "\n{formatted}");
    assert_eq!(format(after), after, "the second time");
}

/// The same in a workflow.
#[track_caller]
fn block(before: &str, after: &str) {
    let indented: String =
        after.lines().map(|l| if l.is_empty() { "\n".to_string() } else { format!("  {l}\n") }).collect();
    check(&format!("workflow w() {{\n{before}\n}}"), &format!("workflow w() {{\n{indented}}}\n"));
}

#[test]
fn blanks_and_empty_lines() {
    check("", "");
    check("\u{FEFF}\n\n\n", "");
    check("type   A=Int\n\n\n\ntype B<T,>  = [ T ]", "type A = Int\n\ntype B<T> = [T]\n");
    check("type A = Int\r\ntype B = A??\r\n", "type A = Int\ntype B = A?\n");
    block("let  a=1\n\n\n\nlet b= - a*2", "let a = 1\n\nlet b = -a * 2");
    block("f( a , b : 1 ).c?.d [ 0 ]", "f(a, b: 1).c?.d\n[0]");
    block("let {a,b}=r\nlet m={\"k\":1,...r,}", "let { a, b } = r\nlet m = { \"k\": 1, ...r }");
}

#[test]
fn brackets_stay_as_the_author_broke_them() {
    block("let a = [1,\n2,\n3]", "let a = [1, 2, 3]");
    block("let a = [\n1, 2,\n\n\n3,]", "let a = [\n  1,\n  2,\n\n  3\n]");
    block("let a = {\n x: 1, y: 2 }", "let a = {\n  x: 1\n  y: 2\n}");
    block("if a { b }\nelse { c }", "if a { b } else { c }");
    block("if a {\nb } else { c }", "if a {\n  b\n} else { c }");
    block("if a { b c }", "if a {\n  b\n  c\n}");
    check("fn f() -> Int =\n1", "fn f() -> Int =\n  1\n");
    check("fn f() -> Int\n= 1", "fn f() -> Int = 1\n");
}

#[test]
fn what_does_not_fit_is_broken() {
    let long = "a".repeat(60);
    block(&format!("f({long}, {long})"), &format!("f(\n  {long},\n  {long}\n)"));
    block(&format!("let x = {long} + {long} - 1"), &format!("let x =\n  {long}\n  + {long}\n  - 1"));
    block(
        &format!("if {long} {{ {long} }} else {{ 1 }}"),
        &format!("if {long} {{\n  {long}\n}} else {{\n  1\n}}"),
    );
    block(
        &format!("f({long}) with {{ timeout: 5m, after: [{long}] }}"),
        &format!("f({long}) with {{\n  timeout: 5m\n  after: [{long}]\n}}"),
    );
    block(&format!("f([{long}, {long}])"), &format!("f([\n  {long},\n  {long}\n])"));
    check(
        &format!("task t({long}: Int, {long}: Int) -> Int {{}}"),
        &format!("task t(\n  {long}: Int,\n  {long}: Int\n) -> Int {{}}\n"),
    );
}

#[test]
fn comments_stay_where_they_belong() {
    block("a() // one\n// two\n\n\n// three\nb()", "a()  // one\n// two\n\n// three\nb()");
    block("f(a, // one\nb)", "f(\n  a,  // one\n  b\n)");
    block("f(a // one\n, b // two\n)", "f(\n  a,  // one\n  b   // two\n)");
    block("let x = // why\n1", "let x = 1  // why");
    block("let x =\n// why\n1", "let x =\n  // why\n  1");
    block("if a { // one\nb }\n// two\nelse { c }", "if a {  // one\n  b\n}\n// two\nelse { c }");
    block("if a { // empty\n}\nf(\n// none\n)", "if a {  // empty\n}\nf(\n  // none\n)");
    block("let x // one\n= // two\n1", "let x  // one\n  = 1  // two");
    block("a() // one\n\nbcd()      // two", "a()  // one\n\nbcd()  // two");
    block("a()    // one\nbcd()  // two", "a()    // one\nbcd()  // two");
    block("a()       // one\nb()\nbcd()     // two", "a()    // one\nb()\nbcd()  // two");
    check("//! File.\n\n/// Doc.\ntype A = Int\n// end", "//! File.\n\n/// Doc.\ntype A = Int\n// end\n");
    check("enum E { a // one\n, b(x: Int) }", "enum E {\n  a  // one\n  b(x: Int)\n}\n");
}

#[test]
fn strings_over_lines_are_indented_anew() {
    check(
        "task t {\nsh: \"\"\"\n        one\n          two #{x}\n\n        three\"\"\" }",
        "task t {\n  sh: \"\"\"\n    one\n      two #{x}\n\n    three\"\"\"\n}\n",
    );
    block("f(\"\"\"\na\n  \"\"\")", "f(\"\"\"\n  a\n  \"\"\")");
    // Nothing else in a string is touched.
    check(
        "fn f() -> String = f(\"\"\"a\n   b\"\"\", r\"\\\")",
        "fn f() -> String = f(\n  \"\"\"a\n   b\"\"\",\n  r\"\\\"\n)\n",
    );
    block("g(\"#{ a }  #{\"b\"}\")", "g(\"#{a}  #{\"b\"}\")");
}

#[test]
fn what_cannot_be_read_is_kept() {
    block("let a=1\nlet  b = = 2\nf( a )", "let a = 1\nlet  b = = 2\nf(a)");
    block("a( ); b( )", "a();\nb()");
    check("type A=Int\nfoo  bar\ntype B=Int", "type A = Int\nfoo  bar\ntype B = Int\n");
    check(
        "task t {\n  run: [ 1\n}\n\n\n\ntask u {run:[]}",
        "task t {\n  run: [ 1\n}\n\ntask u { run: [] }\n",
    );
    check("fn f() -> int =a  <  b  <c", "fn f() -> int = a  <  b  <c\n");
}

#[test]
fn deep_programs_are_printed() {
    let deep = format!("fn f() -> Int = {}1{}", "(".repeat(120), ")".repeat(120));
    assert_eq!(format(&deep), deep.clone() + "\n");
    let chain = format!("fn f() -> Int ={}", " a +".repeat(200) + " a");
    assert_eq!(format(&chain).lines().count(), 202);
    let refused = format!("fn f() -> Int = {}1", "(".repeat(100_000));
    assert_eq!(format(&refused), refused + "\n");
}
