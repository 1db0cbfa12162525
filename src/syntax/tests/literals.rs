//! Numbers, units and strings.

use super::*;

#[test]
fn numbers() {
    for (text, shown) in [
        ("42", "42"),
        ("1_000", "1000"),
        ("0.5", "0.5"),
        ("1e3", "1000.0"),
        ("2.5e-3", "0.0025"),
        ("80%", "0.8"),
        ("0.1%", "0.001"),
        ("12.5%", "0.125"),
        ("-0", "(Neg 0)"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("- 9_223_372_036_854_775_808", "-9223372036854775808"),
        ("250ms", "250ms"),
        ("90s", "90000ms"),
        ("1.5h", "5400000ms"),
        ("2h30m", "9000000ms"),
        ("7d", "604800000ms"),
        ("1h1m1s1ms", "3661001ms"),
        ("0.001s", "1ms"),
        ("36525d", "3155760000000ms"),
        ("512MiB", "536870912B"),
        ("4GB", "4000000000B"),
        ("1.5KB", "1500B"),
        ("7B", "7B"),
        ("1TiB", "1099511627776B"),
        ("$2.50", "$25000/10000"),
        ("$0.0001", "$1/10000"),
        ("$1_000", "$10000000/10000"),
        ("true", "true"),
        ("none", "none"),
    ] {
        assert_eq!(expr(text), shown, "{text}");
    }
}

#[test]
fn numbers_that_are_none() {
    for (text, place, message) in [
        ("9223372036854775808", "9223372036854775808", "`9223372036854775808` is too large for an Int"),
        ("--9223372036854775808", "--9223372036854775808", ""),
        ("5 -9223372036854775808", "9223372036854775808", "`9223372036854775808` is too large for an Int"),
        ("1e999", "1e999", "`1e999` is too large for a Float"),
        ("99999999999d", "99999999999d", "`99999999999d` is too long for a Duration"),
        ("99999999999999999999d", "99999999999999999999d", "`99999999999999999999d` is too large"),
        ("1.5ms", "1.5ms", "`1.5ms` is not a whole number of milliseconds"),
        ("5min", "5min", "`min` is not a unit"),
        ("2h30", "30", "`30` lacks its unit"),
        ("30m2h", "2h", "the units of a duration go from large to small, each once"),
        ("1m1m", "1m", "the units of a duration go from large to small, each once"),
        ("1__0", "1__0", "a `_` in a number goes between two digits"),
        ("1_", "1_", "a `_` in a number goes between two digits"),
        ("0.5B", "0.5B", "`0.5B` is not a whole number of bytes"),
        ("9999999TiB", "9999999TiB", "`9999999TiB` is too large"),
        ("1KB2B", "1KB2B", "`1KB2B` is not a size: write one number and one unit"),
        ("$0.00001", "$0.00001", "`$0.00001` has more than four decimals"),
        ("$5m", "$5m", "`$5m` is not an amount of money"),
        ("$99999999999999999", "$99999999999999999", "`$99999999999999999` is too large for Money"),
        ("5m%", "5m%", "`5m%` is not a percentage"),
        ("1e3s", "1e3s", "a number with a unit has no exponent"),
        ("0x10", "10", ""),
    ] {
        let text = format!("fn f() -> X = {text}");
        let said = said(&text);
        if message.is_empty() {
            assert!(said.len() == 1 || said.is_empty(), "{said:?}");
            continue;
        }
        assert_eq!(said, [(Code::F0106, place, message.to_string())]);
    }
}

#[test]
fn strings() {
    assert_eq!(expr(r#""a#{b}c#{"d#{e}"}""#), r#"(str "a" b "c" (str "d" e))"#);
    assert_eq!(expr(r#""\n\t\r\"\\\#{x}\u{1F600}""#), format!("{:?}", "\n\t\r\"\\#{x}\u{1F600}"));
    assert_eq!(expr(r#""${x} {y} $z # } ' // /* é""#), format!("{:?}", "${x} {y} $z # } ' // /* é"));
    assert_eq!(expr(r##"r"\d#{x}""##), format!("{:?}", "\\d#{x}"));
    assert_eq!(expr("\"\""), "\"\"");
    assert_eq!(expr("\"\"\"\"\"\""), "\"\"");
    assert_eq!(expr("\"#{ { a: \"}\" } }\""), "(str (record a: \"}\"))");
}

#[test]
fn block_strings_lose_their_indentation() {
    let block = |text: &str| expr(&format!("\"\"\"{text}\"\"\""));
    assert_eq!(block("\n    a\n      b\n\n    c\n  "), format!("{:?}", "a\n  b\n\nc"));
    assert_eq!(block("\n    a\n  b"), format!("{:?}", "  a\nb"));
    assert_eq!(block("a\n    b\n  c\n"), format!("{:?}", "a\n  b\nc"));
    assert_eq!(block("\n"), "\"\"");
    assert_eq!(block("\n  "), "\"\"");
    assert_eq!(block("\n\n"), format!("{:?}", ""));
    assert_eq!(block("one line"), "\"one line\"");
    assert_eq!(block("\r\n  a\r\n  b\r  c\r"), format!("{:?}", "a\nb\nc"));
    assert_eq!(block("\n    #{a}\n      x #{b}\n    "), r#"(str a "\n  x " b)"#);
    assert_eq!(block("\n  \\n\\\"\\u{41}\n"), format!("{:?}", "\n\"A"));
    assert_eq!(block("\n  say \"hi\"\n"), format!("{:?}", "say \"hi\""));
    assert_eq!(expr("r\"\"\"\n    \\d #{x}\n      y\n    \"\"\""), format!("{:?}", "\\d #{x}\n  y"));
}

#[test]
fn bad_escapes_are_located() {
    let text = "fn f() -> String = \"a\\qb\\u{}c\\u{110000}\\u{D800}\\u\"";
    let said = said(text);
    let places: Vec<&str> = said.iter().map(|(_, place, _)| *place).collect();
    assert_eq!(places, ["\\q", "\\u{}", "\\u{110000}", "\\u{D800}", "\\u"]);
    assert!(said.iter().all(|(code, ..)| *code == Code::F0107));
    let text = "fn f() -> String = \"\"\"\n    a\\d\n    \"\"\"";
    assert_eq!(super::said(text), [(Code::F0107, "\\d", "`\\d` is not an escape".to_string())]);
}
