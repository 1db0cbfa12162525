use super::*;

fn glob(text: &str) -> Glob {
    Glob::new(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

#[test]
fn paths_and_patterns() {
    for (pattern, yes, no) in [
        ("a/b.rs", &["a/b.rs", "./a/b.rs"][..], &["a/b", "a/b.rss", ""][..]),
        ("*.rs", &["a.rs", ".rs"], &["a/b.rs", "a.r"]),
        ("src/**/*.rs", &["src/a.rs", "src/x/y/a.rs"], &["src", "a.rs", "srcs/a.rs"]),
        ("src/**", &["src/a", "src/a/b"], &["src", "src/", "srca"]),
        ("**", &["a", "a/b/c"], &[""]),
        ("**/x", &["x", "a/x", "a/b/x"], &["ax", "a/bx"]),
        ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "a/xb"]),
        ("a**b", &["ab", "axxb"], &["a/b"]),
        ("src/", &["src/a", "src/b/c"], &["src"]),
        ("?[a-c][!a-c]", &["zax", "zb-"], &["zxa", "zaa", "za/", "za"]),
        ("[]x-]", &["]", "x", "-"], &["y", ""]),
        ("{a,b{c,d}}/{*,**/z}", &["a/q", "bc/q/z", "bd/z"], &["b/q", "a/q/y"]),
        ("x{,.bak}", &["x", "x.bak"], &["xx"]),
        ("a\\*b,c", &["a*b,c"], &["aab,c"]),
        ("./a//b/./c", &["a/b/c"], &["a//b/c"]),
        ("ü?", &["üß"], &["ü"]),
    ] {
        let compiled = glob(pattern);
        yes.iter().for_each(|p| assert!(compiled.matches(p), "{pattern} should match {p}"));
        no.iter().for_each(|p| assert!(!compiled.matches(p), "{pattern} should not match {p}"));
    }
}

#[test]
fn texts_that_are_no_patterns() {
    for (text, fault) in [
        ("", GlobFault::Empty),
        (".", GlobFault::Empty),
        ("/a", GlobFault::Absolute),
        ("a/../b", GlobFault::Upward),
        ("..", GlobFault::Upward),
        ("[a", GlobFault::Class),
        ("[z-a]", GlobFault::Class),
        ("[/]", GlobFault::Class),
        ("{a", GlobFault::Alternatives),
        ("a}", GlobFault::Alternatives),
        ("a\\", GlobFault::Character),
        ("a\0", GlobFault::Character),
    ] {
        assert_eq!(Glob::new(text).unwrap_err(), fault, "{text:?}");
    }
    assert_eq!(Glob::new(&"{".repeat(100)).unwrap_err(), GlobFault::Alternatives);
    assert_eq!(Glob::new(&"a".repeat(MAX_GLOB + 1)).unwrap_err(), GlobFault::TooLong);
}

#[test]
fn overlaps_come_with_an_example() {
    for (a, b, common) in [
        ("src/a.rs", "src/a.rs", Some("src/a.rs")),
        ("src/a.rs", "src/b.rs", None),
        ("src/*.rs", "src/lib*", Some("src/lib.rs")),
        ("src/**", "**/*.rs", Some("src/.rs")),
        ("docs/**", "src/**", None),
        ("a/*/c", "a/b/*", Some("a/b/c")),
        ("a/*", "a/*/b", None),
        ("*.rs", "*.md", None),
        ("[a-m]*", "[k-z]?", Some("k")),
        ("[a-c]", "[!a-c]", None),
        ("{a,b}/x", "{b,c}/?", Some("b/x")),
        ("**", "*", Some("x")),
        ("a*b*c", "*abc", Some("abc")),
    ] {
        let found = overlap(a, b);
        assert_eq!(found.is_some(), common.is_some(), "{a} and {b}: {found:?}");
        assert_eq!(overlap(b, a).is_some(), found.is_some(), "{b} and {a}");
        if let Some(path) = found {
            assert!(glob(a).matches(&path) && glob(b).matches(&path), "{a} and {b} with {path}");
            assert!(path.len() <= common.unwrap_or("").len() + 1, "{a} and {b} with {path}");
        }
    }
}

#[test]
fn escaped_values_are_themselves() {
    for value in ["a*b", "[x]", "{a,b}", "back\\slash", "!x", "plain", "a?"] {
        let compiled = glob(&format!("dir/{}", escape(value)));
        assert_eq!(compiled.path(), Some(format!("dir/{value}").as_str()));
    }
}

/// Random small patterns over a small alphabet against every short path.
#[test]
fn overlap_is_exact_on_all_short_paths() {
    let mut random = fastrand::Rng::with_seed(7);
    let pieces = ["a", "b", "*", "?", "/", "**/", "[ab]", "[!a]", "{a,b}", "{a,*/b}", "{,a}"];
    let mut paths = vec![String::new()];
    for length in 0..6 {
        let longest: Vec<String> = paths.iter().filter(|p| p.len() == length).cloned().collect();
        paths.extend(longest.iter().flat_map(|p| ["a", "b", "x", "/"].map(|c| format!("{p}{c}"))));
    }
    let make = |random: &mut fastrand::Rng| loop {
        let text: String = (0..random.usize(1..5)).map(|_| pieces[random.usize(..pieces.len())]).collect();
        if let Ok(compiled) = Glob::new(&text) {
            return compiled;
        }
    };
    for _ in 0..300 {
        let (a, b) = (make(&mut random), make(&mut random));
        let common = a.overlap(&b);
        let short = paths.iter().find(|p| a.matches(p) && b.matches(p));
        match (&common, short) {
            (None, Some(path)) => panic!("{} and {} both match {path}", a.text(), b.text()),
            (Some(path), _) => {
                assert!(a.matches(path) && b.matches(path), "{} and {}: {path}", a.text(), b.text());
                assert!(short.is_none_or(|s| path.len() <= s.len()), "{} and {}: {path}", a.text(), b.text());
            }
            (None, None) => {}
        }
    }
}

/// What a well-known library says of the same patterns, where both mean the same.
#[test]
fn matching_agrees_with_globset() {
    let mut random = fastrand::Rng::with_seed(11);
    let pieces = ["a", "b", "*", "?", "/", "/**/", "[ab]", "{a,b}", "{a*,b}"];
    for _ in 0..2_000 {
        let text: String = (0..random.usize(1..6)).map(|_| pieces[random.usize(..pieces.len())]).collect();
        let path: String = (0..random.usize(1..7)).map(|_| ["a", "b", "x", "/"][random.usize(..4)]).collect();
        let odd = |t: &str| t.starts_with('/') || t.ends_with('/') || t.contains("//") || t.contains("***");
        if odd(&path) || odd(&text) {
            continue;
        }
        let theirs =
            globset::GlobBuilder::new(&text).literal_separator(true).build().unwrap().compile_matcher();
        assert_eq!(glob(&text).matches(&path), theirs.is_match(&path), "{text} {path}");
    }
}

#[test]
fn hard_patterns_end_soon() {
    let start = std::time::Instant::now();
    let a = glob(&format!("{}x", "*a".repeat(500)));
    let b = glob(&format!("{}y", "a*".repeat(500)));
    assert_eq!(a.overlap(&b), None);
    let stars = glob(&"**/a*/".repeat(200));
    assert!(!stars.matches(&"a/".repeat(2_000)));
    assert!(stars.overlap(&glob(&"**/*b/".repeat(200))).is_some());
    assert!(start.elapsed().as_secs() < 30);
}

#[test]
fn five_thousand_claims_are_compared_pairwise() {
    let claims: Vec<Glob> = (0..5_000)
        .map(|i| match i % 3 {
            0 => glob(&format!("src/m{i}/**")),
            1 => glob(&format!("src/m{i}/*.rs")),
            _ => glob(&format!("docs/{i}.md")),
        })
        .collect();
    let start = std::time::Instant::now();
    let mut found = 0;
    for (i, a) in claims.iter().enumerate() {
        found += claims[..i].iter().filter(|b| a.overlaps(b)).count();
    }
    assert_eq!(found, 0);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

/// `{0}` in a pattern is unknown text, `{/1}` an unknown path.
fn open(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('{') {
        let end = at + rest[at..].find('}').unwrap();
        let name = &rest[at + 1..end];
        let id = name.trim_start_matches('/').parse().unwrap();
        pieces.push(Piece::Text(rest[..at].to_string()));
        pieces.push(Piece::Unknown(Unknown { id, path: name.starts_with('/') }));
        rest = &rest[end + 1..];
    }
    pieces.push(Piece::Text(rest.to_string()));
    pieces
}

fn written(signs: &[Sign]) -> String {
    let sign = |s: &Sign| match s {
        Sign::Char(c) => c.to_string(),
        Sign::Unknown(u) => format!("{{{}}}", u.id),
    };
    signs.iter().map(sign).collect()
}

#[test]
fn unknown_text_is_itself_whatever_it_is() {
    for (a, b, common) in [
        ("out/{0}.md", "out/{0}.md", Some("out/{0}.md")),
        ("out/{0}.md", "out/{1}.md", None),
        ("out/{0}.md", "out/*.md", Some("out/{0}.md")),
        ("out/{/0}.md", "out/*.md", None),
        ("out/{/0}.md", "out/**", Some("out/{0}.md")),
        ("out/{0}", "out/*", Some("out/{0}")),
        ("out/{0}/a", "out/*/a", None), // it may be empty, or `.`
        ("out/{0}/a", "out/**/a", Some("out/{0}/a")),
        ("out/{0}/a", "out/{0}/*", Some("out/{0}/a")),
        ("{/0}/**", "**", Some("{0}/x")),
        ("{/0}/**", "src/**", None),
        ("{/0}/**", "{/0}/a", Some("{0}/a")),
        ("x{0}y", "x*", Some("x{0}y")),
        ("x{0}y", "x?y", None),
        ("{0}*/b", "{0}/b", None), // empty: `*/b` and `/b`
        ("{0}.rs", "*", Some("{0}.rs")),
        ("a/.{0}", "a/.{0}", Some("a/.{0}")),
    ] {
        let (x, y) = (Glob::of(&open(a)).unwrap(), Glob::of(&open(b)).unwrap());
        let same = |u: Unknown, v: Unknown| u.id == v.id;
        assert_eq!(x.certain(&y, &same).map(|s| written(&s)).as_deref(), common, "{a} {b}");
        assert_eq!(y.certain(&x, &same).map(|s| written(&s)).as_deref(), common, "{b} {a}");
        assert!(common.is_none() || x.possible(&y), "{a} {b}");
    }
    for (a, b, possible) in [
        ("out/{0}.md", "out/{1}.md", true),
        ("out/{0}.md", "out/{1}.txt", false),
        ("out/{0}", "src/**", false),
        ("{/0}/x", "x", true),
        ("a/{0}/b", "a/x/y/b", false),
        ("a/{/0}/b", "a/x/y/b", true),
        ("a{/0}b", "ax/yb", true),
    ] {
        let (x, y) = (Glob::of(&open(a)).unwrap(), Glob::of(&open(b)).unwrap());
        assert_eq!((x.possible(&y), y.possible(&x)), (possible, possible), "{a} {b}");
    }
    assert_eq!(Glob::of(&open("[{0}]")).unwrap_err(), GlobFault::Class);
    assert_eq!(Glob::of(&[Piece::Text("a\0".to_string())]).unwrap_err(), GlobFault::Character);
}

/// Random patterns with unknown text against the same with all small values put in.
#[test]
fn certain_and_possible_agree_with_all_values() {
    let mut random = fastrand::Rng::with_seed(7);
    let values = ["", ".", "a", "b", "ab", "a.", "a/b", "b/", "./a", "a/./b"];
    let bits = ["a", "b", "/", "/", "*", "**/", "?", "{0}", "{/1}", "/**", ".", "{0}"];
    let mut pattern =
        || (0..random.usize(1..6)).map(|_| bits[random.usize(..bits.len())]).collect::<String>();
    let put = |pattern: &str, zero: &str, one: &str| {
        Glob::new(&pattern.replace("{0}", &escape(zero)).replace("{/1}", &escape(one)))
    };
    let (mut certain, mut possible) = (0, 0);
    for _ in 0..20_000 {
        let (a, b) = (pattern(), pattern());
        let (Ok(x), Ok(y)) = (Glob::of(&open(&a)), Glob::of(&open(&b))) else { continue };
        let sure = x.certain(&y, &|u, v| u.id == v.id).is_some();
        let may = x.possible(&y);
        assert!(may || !sure, "{a} {b}");
        certain += usize::from(sure);
        possible += usize::from(may);
        for zero in values.iter().filter(|v| !v.contains('/')) {
            for one in values {
                let (Ok(x), Ok(y)) = (put(&a, zero, one), put(&b, zero, one)) else { continue };
                let overlap = x.overlaps(&y);
                assert!(overlap || !sure, "{a} {b} never meet with {zero:?} and {one:?}");
                // What is nothing, or a dot, makes other patterns of what is around it.
                let plain = zero.contains(['a', 'b']) && one.contains(['a', 'b']) && !one.ends_with('/');
                assert!(may || !overlap || !plain, "{a} {b}: {zero:?} {one:?}");
            }
        }
    }
    assert!(certain > 500 && possible > certain, "{certain} {possible}");
}
