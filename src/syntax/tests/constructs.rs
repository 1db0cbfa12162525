//! Every construct of the language, as a tree.

use super::*;

#[test]
fn imports() {
    assert_eq!(items("use std.text"), "(use std.text)");
    assert_eq!(items("use std.a.b.{x, y as z,}"), "(use std.a.b( names x y as z))");
    assert_eq!(items("use std.x as y"), "(use std.x as y)");
    assert_eq!(
        items("use \"./f.flow\" as lib\nuse \"./f.flow\".{a}"),
        "(use \"./f.flow\" as lib)\n(use \"./f.flow\"( names a))"
    );
    assert_eq!(
        items("use agents \"./d\".{a} use agents \"./d\" as team"),
        "(use agents \"./d\"( names a))\n(use agents \"./d\" as team)"
    );
}

#[test]
fn types() {
    let ty = |text: &str| items(&format!("type T = {text}"));
    assert_eq!(ty("[Int?]?"), "(type T [Int?]?)");
    assert_eq!(ty("Int????"), "(type T Int?)");
    assert_eq!(ty("{String: [Json]}"), "(type T {String: [Json]})");
    assert_eq!(
        ty("{ a: Int b: lib.Box<Int, [T]> = 3, }"),
        "(type T (record a: Int b: (lib.Box Int [T]) = 3))"
    );
    assert_eq!(ty("{}"), "(type T (record))");
    assert_eq!(
        ty("{ type: Int, task: { if: Bool } }"),
        "(type T (record type: Int task: (record if: Bool)))"
    );
    assert_eq!(items("type P<A, B> = { /// first\n a: A }"), "(type P <A> <B> (record a: A))");
    assert_eq!(items("type P = {\n /// first\n /// line\n a: A }"), "(type P (record /first\nline/ a: A))");
}

#[test]
fn enums() {
    assert_eq!(items("enum E { a, b(x: Int, y: T = 1) c }"), "(enum E a (b x: Int y: T = 1) c)");
    assert_eq!(items("/// E.\n// note\n\nenum E {\n /// A.\n a\n}"), "/E./ (enum E /A./ a)");
}

#[test]
fn declarations() {
    assert_eq!(
        items("fn f<T>(xs: [T], n: Int = 1,) -> T? = first(xs)"),
        "(fn f <T> ( xs: [T] n: Int = 1) T? (call first xs))"
    );
    assert_eq!(
        items("agent a { from: b  model: \"m\", tools: [] }"),
        "(Agent a (props from: b model: \"m\" tools: (list)))"
    );
    assert_eq!(
        items("resource gpu { capacity: 2 }\nmcp m { url: \"u\" }"),
        "(Resource gpu (props capacity: 2))\n(Mcp m (props url: \"u\"))"
    );
    assert_eq!(
        items("task t<T>(a: T) -> [T] { run: [\"x\"] after: [y] }"),
        "(task t <T> ( a: T) -> [T] (props run: (list \"x\") after: (list y)))"
    );
    assert_eq!(
        items("workflow w() -> Int with { parallel: 2 } { 1 }"),
        "(workflow w () -> Int with (props parallel: 2) (do 1))"
    );
    assert_eq!(items("workflow w {}"), "(workflow w () (do))");
}

#[test]
fn tests_and_mocks() {
    assert_eq!(
        items("test \"t\" { mock a mock b.c(t, _) => fail(\"x\") let r = w() assert r == 1, \"m\" }"),
        "(test \"t\" (mock a) (mock b.c ( t _) => (call fail \"x\")) (let r (call w)) (assert (Eq r 1) \"m\"))"
    );
    assert_eq!(items("test \"t\" { mock.x mock(1) }"), "(test \"t\" (. mock x) (call mock 1))");
}

#[test]
fn statements() {
    assert_eq!(block("let x: Int = 1 let { a, b } = r"), "(let x : Int 1) (let (fields a b) r)");
    assert_eq!(block("task t { run: [] }"), "(task t () (props run: (list)))");
    assert_eq!(
        block("stage s with { order: sequential } { a() } stage t {}"),
        "(stage s with (props order: sequential) (do (call a))) (stage t (do))"
    );
    assert_eq!(block("assert a > 0, \"why\" b()"), "(assert (Gt a 0) \"why\") (call b)");
}

#[test]
fn precedence() {
    assert_eq!(
        expr("a or b and not c == d ?? e + f * -g.h"),
        "(Or a (And b (Not (Eq c (Coalesce d (Add e (Mul f (Neg (. g h)))))))))"
    );
    assert_eq!(expr("a - b - c / d"), "(Sub (Sub a b) (Div c d))");
    assert_eq!(expr("a ?? b ?? c"), "(Coalesce (Coalesce a b) c)");
    assert_eq!(expr("not a in xs"), "(Not (In a xs))");
    assert_eq!(expr("not not - -a"), "(Not (Not (Neg (Neg a))))");
    assert_eq!(expr("(a or b) and c"), "(And (paren (Or a b)) c)");
    assert_eq!(
        expr("a<b and c>d and e<=f and g>=h and i!=j"),
        "(And (And (And (And (Lt a b) (Gt c d)) (Le e f)) (Ge g h)) (Ne i j))"
    );
}

#[test]
fn postfixes() {
    assert_eq!(expr("a.b?.c[0](1, x: 2).task"), "(. (call (at (?. (. a b) c) 0) 1 x: 2) task)");
    assert_eq!(expr("a\n  .b // why\n  .c"), "(. (. a b) c)");
    assert_eq!(expr("decode<Int>(x)"), "(call decode <Int> x)");
    assert_eq!(expr("f<[T], {String: U}, lib.V>(x,)"), "(call f <[T]> <{String: U}> <lib.V> x)");
    assert_eq!(expr("a<Big.x"), "(Lt a (. Big x))");
    assert_eq!(expr("f(task: 1, if: 2)"), "(call f task: 1 if: 2)");
    assert_eq!(
        expr("f() with { timeout: 5m } with { with: 1 }"),
        "(with (with (call f) (props timeout: 300000ms)) (props with: 1))"
    );
}

#[test]
fn a_call_and_an_index_touch_what_they_apply_to() {
    assert_eq!(block("f (x)"), "f (paren x)");
    assert_eq!(block("let a = b\n[c]"), "(let a b) (list c)");
    assert_eq!(block("let a = b\n(c)"), "(let a b) (paren c)");
    assert_eq!(block("let a = b\n{ x: a }"), "(let a b) (record x: a)");
    assert_eq!(block("let a = b\n{ f(a) }"), "(let a b) (do (call f a))");
}

#[test]
fn an_operator_goes_on_but_a_touching_minus_begins_a_line() {
    assert_eq!(block("let a = b\n  + c\n  and d"), "(let a (And (Add b c) d))");
    assert_eq!(block("let a = b -\n c"), "(let a (Sub b c))");
    assert_eq!(block("let a = b\n- c"), "(let a (Sub b c))");
    assert_eq!(block("let a = b\n-c"), "(let a b) (Neg c)");
    assert_eq!(block("let a = b -c"), "(let a (Sub b c))");
    assert_eq!(expr("match x { 0 => a\n -1 => b }"), "(match x [0 => a] [(Neg 1) => b])");
}

#[test]
fn branches() {
    assert_eq!(
        expr("if a { b } else if c { d } else if e { f } else { g }"),
        "(if a (do b) (if c (do d) (if e (do f) (do g))))"
    );
    assert_eq!(expr("if a {}"), "(if a (do))");
    assert_eq!(expr("if { a: 1 } == b { c }"), "(if (Eq (record a: 1) b) (do c))");
    assert_eq!(expr("if a { x: 1 } else { x: 2 }"), "(if a (do (record x: 1)) (do (record x: 2)))");
    assert_eq!(
        expr(
            "match v { none => 1, a | b if g => 2 E.c(x, _) => { y: 3 } d() => {} \"s\" | 1 | true | $1 => z, _ => {w()} }"
        ),
        "(match v [none => 1] [(| a b) if g => 2] [(variant E.c x _) => (record y: 3)] [(variant d) => (record)] [(| \"s\" 1 true $10000/10000) => z] [_ => (do (call w))])"
    );
}

#[test]
fn loops() {
    assert_eq!(expr("for x in xs { f(x) }"), "(for x in xs (do (call f x)))");
    assert_eq!(
        expr("for { key, value } in m if key != \"\" with { parallel: 1 } { value }"),
        "(for (fields key value) in m if (Ne key \"\") with (props parallel: 1) (do value))"
    );
    assert_eq!(
        expr("repeat d: T = s with { max: 5, on_max: last } { f(d) } until ok(d)"),
        "(repeat d : T s with (props max: 5 on_max: last) (do (call f d)) until (call ok d))"
    );
    assert_eq!(
        expr("repeat d = s {} until d with { max: 1 }"),
        "(repeat d s (do) until (with d (props max: 1)))"
    );
}

#[test]
fn the_last_with_of_a_head_is_the_loops() {
    assert_eq!(
        expr("for x in f() with { a: 1 } with { b: 2 } {}"),
        "(for x in (with (call f) (props a: 1)) with (props b: 2) (do))"
    );
    assert_eq!(expr("for x in f() with { b: 2 } {}"), "(for x in (call f) with (props b: 2) (do))");
    assert_eq!(
        expr("for x in f() with { a: 1 } if not g(x) with { b: 2 } {}"),
        "(for x in (with (call f) (props a: 1)) if (Not (call g x)) with (props b: 2) (do))"
    );
    assert_eq!(
        expr("for x in (f() with { a: 1 }) {}"),
        "(for x in (paren (with (call f) (props a: 1))) (do))"
    );
    assert_eq!(
        expr("repeat x = f() with { a: 1 } with { max: 2 } {} until c"),
        "(repeat x (with (call f) (props a: 1)) with (props max: 2) (do) until c)"
    );
    assert_eq!(
        expr("for x in race { a() } with { need: 2 } with { b: 2 } {}"),
        "(for x in (race (call a)) with (props need: 2) with (props b: 2) (do))"
    );
    assert_eq!(
        expr("for x in for y in ys { y } with { b: 2 } {}"),
        "(for x in (for y in ys (do y)) with (props b: 2) (do))"
    );
}

#[test]
fn try_and_race() {
    assert_eq!(
        expr("try { a() } catch e { none } finally { b() }"),
        "(try (do (call a)) catch e (do none) finally (do (call b)))"
    );
    assert_eq!(expr("try {} finally {}"), "(try (do) finally (do))");
    assert_eq!(expr("race {a(), b()}"), "(race (call a) (call b))");
    assert_eq!(
        expr("race {\n a()\n { let x = b() x }\n} with { need: 2 }"),
        "(race (call a) (do (let x (call b)) x)) with (props need: 2)"
    );
    assert_eq!(
        expr("race for x in xs with { need: 2 } { f(x) }"),
        "(race-for x in xs with (props need: 2) (do (call f x)))"
    );
    assert_eq!(
        expr("race for x in xs { f(x) } with { need: 2 }"),
        "(race-for x in xs with (props need: 2) (do (call f x)))"
    );
}

#[test]
fn braces_are_a_record_a_block_or_a_body() {
    assert_eq!(expr("{}"), "(record)");
    assert_eq!(expr("{ a: 1 \"b c\": 2, ...d if: 3 }"), "(record a: 1 \"b c\": 2 ...d if: 3)");
    assert_eq!(expr("{ ...a }"), "(record ...a)");
    assert_eq!(expr("{ a }"), "(do a)");
    assert_eq!(expr("{ \"a\" }"), "(do \"a\")");
    assert_eq!(expr("{ PATH: 1 }"), "(record PATH: 1)");
    assert_eq!(block("for x in xs {}"), "(for x in xs (do))");
}

#[test]
fn keywords_are_names_before_a_colon_and_after_a_point() {
    assert_eq!(
        expr("{ type: x.task, with: y.if else: z.for }"),
        "(record type: (. x task) with: (. y if) else: (. z for))"
    );
    assert_eq!(expr("{ a: x in: y or: z }"), "(record a: x in: y or: z)");
    assert_eq!(
        items("task t(task: Int, type: Int) { for: 1 in: 2 }"),
        "(task t ( task: Int type: Int) (props for: 1 in: 2))"
    );
    assert_eq!(block("let test = agent + type\nuse\nmock"), "(let test (Add agent type)) use mock");
}

#[test]
fn several_items_on_a_line_and_items_that_only_look_like_one() {
    assert_eq!(items("type A = Int type B = Int"), "(type A Int)\n(type B Int)");
    assert_eq!(items("fn f(test: Int) -> Int =\ntest\n"), "(fn f ( test: Int) Int test)");
    assert_eq!(items("fn f() -> Int = a.\ntask\n.type"), "(fn f () Int (. (. a task) type))");
    assert_eq!(items("task\n  t {}"), "(task t () (props))");
}

#[test]
fn docs_are_found_above_what_they_document_only() {
    assert_eq!(
        items("/// not this\ntype A = Int /// nor this\ntype B = Int"),
        "/not this/ (type A Int)\n(type B Int)"
    );
    let text = "task t(\n  /// The a.\n  a: Int) { sh: \"\"\"\n/// text\n\"\"\" }\ntype B = Int";
    assert_eq!(items(text), "(task t ( /The a./ a: Int) (props sh: \"/// text\"))\n(type B Int)");
    assert_eq!(items("//// no doc\ntype B = Int"), "(type B Int)");
}

#[test]
fn allow_comments_name_codes_and_the_line_below() {
    let text = "type A = Int\n  // flowc: allow(W0102, W0103)\n  // more\n\n  let x = 1\r\nz";
    let allows = allow_comments(FileId(0), text);
    let at = |s: Span| &text[s.range()];
    assert_eq!(allows.len(), 1);
    assert_eq!(at(allows[0].span), "// flowc: allow(W0102, W0103)");
    assert_eq!(
        allows[0].codes.iter().map(|(c, s)| (c.as_str(), at(*s))).collect::<Vec<_>>(),
        [("W0102", "W0102"), ("W0103", "W0103")]
    );
    assert_eq!(at(allows[0].line), "  let x = 1");
    assert_eq!(allow_comments(FileId(0), "let x = \"\n// flowc: allow(W1)\"").len(), 1);
    assert_eq!(allow_comments(FileId(0), "type A = { a: T = \"\"\"\n// flowc: allow(W1)\n\"\"\" }").len(), 0);
}

#[test]
fn templates_and_literals() {
    let mut out = Vec::new();
    let text = "\u{FEFF}Fix #{f.note} \\n \\#{x} \"#{a + \"#{b}\"}\"\n";
    let read = parse_template(FileId(0), text, &mut ast::NodeIds::default(), &mut out);
    assert_eq!(out, vec![]);
    assert_eq!(
        tree::string(&read),
        r#"(str "Fix " (. f note) " \\n #{x} \"" (Add a b) "\"\n")"#.replace("(Add a b)", "(Add a (str b))")
    );
    parse_template(FileId(0), "a #{b c", &mut ast::NodeIds::default(), &mut out);
    assert_eq!(out.len(), 1);
    assert_eq!(out[0].code, Code::F0102);
    assert_eq!(
        parse_literal(" [1, { a: 2h }] ").map(|e| tree::expr(&e)),
        Ok("(list 1 (record a: 7200000ms))".to_string())
    );
    for bad in ["", "1 2", "[1", "\"", "let x = 1", "a b", "5min", "\u{202E}"] {
        assert!(parse_literal(bad).is_err(), "{bad:?}");
    }
}
