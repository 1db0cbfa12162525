//! Inputs that are meant to break a parser.

use super::*;

fn codes(text: &str) -> Vec<Code> {
    read(text).1.into_iter().map(|d| d.code).collect()
}

fn body(expr: &str) -> String {
    format!("workflow w() {{\n  let x = {expr}\n}}\n")
}

fn nested(open: &str, inner: &str, close: &str, depth: usize) -> String {
    open.repeat(depth) + inner + &close.repeat(depth)
}

#[test]
fn deep_nesting_is_refused_before_it_is_parsed() {
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{ a: ", "1", "}"),
        ("{ f(", "1", ") }"),
        ("if a { ", "b", " }"),
        ("f(", "x", ")"),
        ("xs[", "0", "]"),
        ("\"#{", "a", "}\""),
        ("match a { b => ", "c", " }"),
        ("try { ", "a", " } catch e { b }"),
        ("for x in xs { ", "a", " }"),
        ("race { ", "a", " }"),
    ] {
        let wide = body(&nested(open, inner, close, 60));
        assert_eq!(codes(&wide), [], "{open}");
        let deep = body(&nested(open, inner, close, 100_000));
        assert_eq!(codes(&deep), [Code::F0104], "{open}");
        let open_only = body(&open.repeat(100_000));
        assert!(!codes(&open_only).is_empty(), "{open}");
    }
    for (open, inner, close) in
        [("[", "Int", "]"), ("{ a: ", "Int", " }"), ("{String: ", "Int", "}"), ("A<", "Int", ">")]
    {
        assert_eq!(codes(&format!("type T = {}", nested(open, inner, close, 120))), [], "{open}");
        assert_eq!(
            codes(&format!("type T = {}", nested(open, inner, close, 100_000))),
            [Code::F0104],
            "{open}"
        );
    }
}

#[test]
fn the_limit_itself_is_read() {
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{ a: ", "1", " }"),
        ("{ f() ", "1", " }"),
        ("if a { ", "b", " }"),
        ("\"#{", "a", "}\""),
    ] {
        let text = body(&nested(open, inner, close, MAX_NESTING - 2));
        assert_eq!(codes(&text), [], "{open}");
        let text = body(&nested(open, inner, close, MAX_NESTING + 1));
        assert_eq!(codes(&text), [Code::F0104], "{open}");
    }
}

#[test]
fn heads_in_heads_are_refused_like_brackets() {
    for head in [
        "if ",
        "match ",
        "for x in ",
        "repeat x = ",
        "race for x in ",
        "for x in xs if ",
        "for x in {} if ",
        "if {} in\n",
        "if {} == ",
        "repeat x = 1 {} until ",
        "for x in {}\nif ",
        "match {} + not ",
        "else if if ",
    ] {
        assert_eq!(codes(&body(&head.repeat(10_000))), [Code::F0104], "{head}");
    }
    assert_eq!(codes(&body(&nested("if ", "a { b }", " { c }", 5000))), [Code::F0104]);
    assert_eq!(codes(&body(&nested("if ", "a { b }", " { c }", 100))), []);
    assert_eq!(codes(&body(&("repeat x = 1 {} until ".repeat(5000) + "a"))), [Code::F0104]);
    // One after the other they are as many as one likes.
    for flat in [
        "if a { b() }\n",
        "for x in xs { b() }\n",
        "for x in xs if y { b() }\nif a { b() }\n",
        "let x = if a { b } else { c }\n",
        "for x in {} if y {}\n",
        "repeat x = a {} until c\n",
        "match a { b => c }\n",
        "race for x in xs { b() }\n",
        "x.if\n",
        "{ if: a }\n",
    ] {
        assert_eq!(codes(&body(&format!("1\n{}", flat.repeat(300)))), [], "{flat}");
    }
    assert_eq!(codes(&body(&format!("{{ {} }}", "a: if b { c } else { d } ".repeat(300)))), []);
    assert_eq!(codes(&body(&format!("[{}]", "if b { c }, ...for x in xs { d },".repeat(300)))), []);
    assert_eq!(
        codes(&body(&format!(
            "match a {{ {} }}",
            "b if c => if d { e } f => match g { h => i }\n".repeat(300)
        ))),
        []
    );
}

#[test]
fn long_chains_are_refused_and_reasonable_ones_read() {
    for (link, last) in
        [("a + ", "a"), ("a ?? ", "a"), ("a and ", "a"), ("not ", "a"), ("- ", "a"), ("a == b and ", "c")]
    {
        assert_eq!(codes(&body(&(link.repeat(100) + last))), [], "{link}");
        assert_eq!(
            codes(&body(&(link.repeat(if link == "a + " { 100_000 } else { 5000 }) + last))),
            [Code::F0104],
            "{link}"
        );
    }
    for link in [".b", "[0]", "()", " with { a: 1 }"] {
        assert_eq!(codes(&body(&("a".to_string() + &link.repeat(400)))), [], "{link}");
        assert_eq!(codes(&body(&("a".to_string() + &link.repeat(5000)))), [Code::F0104], "{link}");
    }
    assert_eq!(codes(&body(&("if a {} else ".repeat(400) + "{}"))), []);
    assert_eq!(codes(&body(&("if a {} else ".repeat(100_000) + "{}"))), [Code::F0104]);
    // What is flat in the tree has no limit.
    assert_eq!(codes(&body(&format!("[{}]", "1, ".repeat(20_000)))), []);
    assert_eq!(codes(&body(&format!("match a {{ {} b => c }}", "_ => 1\n".repeat(10_000)))), []);
    assert_eq!(codes(&format!("type T = Int{}", "?".repeat(100_000))), []);
}

#[test]
fn chains_and_nesting_share_one_height() {
    let level = format!("({}", "a + ".repeat(100));
    let text = body(&nested(&level, "a", ")", 100));
    assert_eq!(codes(&text), [Code::F0104]);
}

#[test]
fn odd_files() {
    for text in
        ["", "\u{FEFF}", "\n\n", "// only a comment", "\u{FEFF}// c\r", "/// doc of nothing", "//! doc"]
    {
        assert_eq!(codes(text), [], "{text:?}");
    }
    assert_eq!(codes(&"\0".repeat(1000)), [Code::F0105]);
    assert_eq!(codes(&"\0\u{1}".repeat(100_000)).len(), MAX_ERRORS + 1);
    assert_eq!(codes("\u{FEFF}type A = Int"), []);
    assert_eq!(codes("type A = Int\u{FEFF}"), [Code::F0105]);
    assert_eq!(items("type A = Int // c\r/// d\rtype B = Int\r"), "(type A Int)\n/d/ (type B Int)");
    assert_eq!(codes(&body(&"a".repeat(1 << 20))), [Code::F0108]);
    assert!(!codes(&"}".repeat(100_000)).is_empty());
    assert!(!codes(&"\"".repeat(100_001)).is_empty());
    assert!(!codes(&"task t { x 1 }\n".repeat(10_000)).is_empty());
}

#[test]
fn hidden_and_foreign_characters() {
    let refused = |text: &str| assert_eq!(codes(text), [Code::F0105], "{text:?}");
    refused("fn f() -> Int = 1 // \u{202E} hidden");
    refused("fn f() -> Int = 1 // a\u{200B}b");
    refused("fn f() -> Int = \u{200B}1");
    refused("fn f() -> Int = 1\u{A0}+ 2");
    refused("fn f(\u{430}: Int) -> Int = 1");
    refused("fn fa\u{430}b() -> Int = 1");
    refused("fn f() -> String = \"a\u{0}b\"");
    refused("fn f() -> Int = 1 // \u{1b}[2J");
    refused("// a\u{2028}fn f() -> Int = 1");
    assert_eq!(codes("fn f() -> String = \"a\u{202E}b\""), [Code::W0010]);
    assert_eq!(codes("fn f() -> String = \"👩\u{200D}💻 שלום é\" // ü 漢字"), []);
    let (_, out) = read("fn f(\u{430}bc: Int) -> Int = 1");
    assert_eq!(out[0].note, "`а` is U+0430");
}

#[test]
fn every_prefix_of_a_program_is_read_to_its_end() {
    let text = program::AUDIT;
    let steps = if cfg!(debug_assertions) { 3 } else { 1 };
    for end in (0..text.len()).step_by(steps).filter(|e| text.is_char_boundary(*e)) {
        let (module, out) = read(&text[..end]);
        assert!(out.len() <= 3, "{end}: {out:?}");
        assert!(module.items.len() <= 11);
    }
}

#[test]
fn every_program_less_one_byte_is_read_and_spoils_little() {
    let text = program::AUDIT;
    for at in (0..text.len()).step_by(if cfg!(debug_assertions) { 5 } else { 1 }) {
        if !text.is_ascii() || !text.is_char_boundary(at + 1) {
            continue;
        }
        let cut = format!("{}{}", &text[..at], &text[at + 1..]);
        let (module, _) = read(&cut);
        assert!(module.items.len() >= 9, "{at}: {:?}", &text[at..at + 1]);
    }
}

#[test]
fn a_small_stack_gives_the_same_verdict() {
    let texts = [
        body(&nested("if a { ", "b", " }", 120)),
        body(&nested("(", "1", ")", 126)),
        body(&nested("f({ a: [", "1", "] })", 40)),
    ];
    let here: Vec<_> = texts.iter().map(|t| codes(t)).collect();
    let there = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || texts.iter().map(|t| codes(t)).collect::<Vec<_>>())
        .unwrap()
        .join()
        .unwrap();
    assert_eq!(here, there);
    assert!(here.iter().all(Vec::is_empty));
}

#[test]
fn what_fails_late_is_not_tried_again_for_every_line() {
    for line in [
        "if\n",
        "for x in\n",
        "match\n",
        "repeat x =\n",
        "if {} in\n",
        "a ==\n",
        "let\n",
        "f(a) with\n",
        "x,\n",
        "if a\n",
    ] {
        let start = std::time::Instant::now();
        assert!(!codes(&body(&line.repeat(1500))).is_empty(), "{line:?}");
        assert!(start.elapsed().as_secs() < 20, "{line:?} took {:?}", start.elapsed());
    }
}
