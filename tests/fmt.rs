//! `flowc fmt`: the same tree, every comment in its order, the same text the second time.

use crate::support::tokens;
use flow::ast::NodeIds;
use flow::diagnostics::Diagnostic;
use flow::source::FileId;
use flow::syntax::{format, parse};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with(".flow") {
                folders.push(path);
            } else if path.is_file() && path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The programs between fences of a Markdown file.
fn blocks(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let blocks = text.split("```flow\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(str::to_string).collect()
}

/// Every program of the project, good and bad, with a name for it.
fn programs() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for folder in ["examples", "stdlib", "src", "tests", "fuzz/corpus"] {
        for path in files(folder, "flow") {
            all.push((
                path.display().to_string(),
                String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned(),
            ));
        }
    }
    for path in files("docs", "md").into_iter().chain([root().join("README.md")]) {
        for (i, block) in blocks(&path).into_iter().enumerate() {
            all.push((format!("{} block {}", path.display(), i + 1), block));
        }
    }
    all
}

fn read(text: &str) -> (String, Vec<Diagnostic>) {
    let mut out = Vec::new();
    let module = parse(FileId(0), text, &mut NodeIds::default(), &mut out);
    (without_places(&format!("{module:?}")), out)
}

/// A printed tree without spans and ids.
fn without_places(tree: &str) -> String {
    let mut out = String::with_capacity(tree.len());
    let mut rest = tree;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let digits = |t: &str| t.find(|c: char| !c.is_ascii_digit()).unwrap_or(t.len());
        let first = digits(rest);
        let place = rest[first..].strip_prefix(':').and_then(|r| r[digits(r)..].strip_prefix(".."));
        match place {
            Some(end) => rest = &end[digits(end)..],
            None if out.ends_with("NodeId(") => rest = &rest[first..],
            None => {
                out.push_str(&rest[..first]);
                rest = &rest[first..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The comments of a program whose strings close.
fn comments(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let in_string = open.last().is_some_and(|o| *o != "}");
        at += c.len_utf8();
        match open.last() {
            Some(close) if rest.starts_with(close) => {
                at += close.len() - 1;
                open.pop();
            }
            Some(_) if in_string && c == '\\' => at += rest[1..].chars().next().map_or(0, char::len_utf8),
            Some(_) if in_string && rest.starts_with("#{") => {
                at += 1;
                open.push("}");
            }
            Some(_) if in_string => {}
            _ if rest.starts_with("//") => {
                let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
                found.push(rest[..end].trim_end());
                at += end - 1;
            }
            _ if rest.starts_with("r\"")
                && !text[..at - 1].ends_with(|c: char| c.is_alphanumeric() || c == '_') =>
            {
                let quote = if rest.starts_with("r\"\"\"") { "\"\"\"" } else { "\"" };
                let inside = &rest[1 + quote.len()..];
                at += quote.len() + inside.find(quote).map_or(inside.len(), |e| e + quote.len());
            }
            _ if rest.starts_with("\"\"\"") => {
                at += 2;
                open.push("\"\"\"");
            }
            _ if c == '"' => open.push("\""),
            _ if c == '{' && !open.is_empty() => open.push("}"),
            _ => {}
        }
    }
    found
}

/// What is wrong with the formatted text of a program, if something is.
fn fault(text: &str) -> Option<String> {
    let once = format(text);
    let twice = format(&once);
    let ((tree, errors), (tree_after, errors_after)) = (read(text), read(&once));
    if errors.is_empty() && tree != tree_after {
        return Some(format!("another tree:\n{text}\n---\n{once}\n{errors_after:#?}"));
    }
    if errors.is_empty() && comments(text) != comments(&once) {
        return Some(format!("comments are lost:\n{text}\n---\n{once}"));
    }
    if once != twice {
        return Some(format!("not the same the second time:\n{text}\n---\n{once}\n---\n{twice}"));
    }
    // Comments move behind the tokens of their line, and `T??` is `T?`.
    let signs = |text: &str| {
        let mut signs: Vec<char> =
            text.chars().filter(|c| !c.is_whitespace() && !",?\u{FEFF}".contains(*c)).collect();
        signs.sort_unstable();
        signs
    };
    if signs(text) != signs(&once) {
        return Some(format!("something is lost:\n{text}\n---\n{once}"));
    }
    None
}

#[test]
fn every_program_keeps_its_tree_and_its_comments() {
    let programs = programs();
    assert!(programs.len() > 200, "only {} programs", programs.len());
    let wrong: Vec<String> =
        programs.iter().filter_map(|(name, text)| fault(text).map(|f| format!("{name}: {f}"))).collect();
    assert!(wrong.is_empty(), "{} of {}, the first:\n{}", wrong.len(), programs.len(), wrong[0]);
}

#[test]
fn what_the_project_shows_is_formatted() {
    let mut wrong = Vec::new();
    let mut shown: Vec<(String, String)> = Vec::new();
    for path in [files("examples", "flow"), files("stdlib", "flow"), files("src/cli/new", "flow")].concat() {
        shown.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
    }
    let reference = "docs/language.md";
    shown.extend(blocks(&root().join(reference)).into_iter().map(|block| (reference.to_string(), block)));
    for (name, text) in shown {
        let formatted = format(&text);
        if formatted != text {
            let changed = formatted.lines().zip(text.lines()).find(|(is, was)| is != was);
            wrong.push(format!("{name}: {changed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn comments_and_line_ends_anywhere_are_kept() {
    let mut random = fastrand::Rng::with_seed(11);
    // Those that a fuzzer made are broken already.
    let fits = |name: &str, text: &str| (100..6000).contains(&text.len()) && !name.contains("fuzz/corpus/");
    let programs: Vec<(String, String)> =
        programs().into_iter().filter(|(name, text)| fits(name, text)).collect();
    let (mut wrong, mut sound) = (Vec::new(), 0);
    for round in 0..rounds() {
        let (name, text) = &programs[random.usize(..programs.len())];
        let mut tokens: Vec<String> = tokens(text).into_iter().map(str::to_string).collect();
        for n in 0..random.usize(1..12) {
            let at = random.usize(..tokens.len());
            let put = match random.u8(..8) {
                0 | 1 => "\n".to_string(),
                2 => "\n\n\n".to_string(),
                3 | 4 => format!(" // c{n}\n"),
                5 => format!("\n  // c{n}\n"),
                6 => format!("\n\n/// d{n}\n\n"),
                _ => "  ".to_string(),
            };
            tokens.insert(at, put);
        }
        let text = tokens.concat();
        sound += usize::from(read(&text).1.is_empty());
        if let Some(fault) = fault(&text) {
            wrong.push(format!("round {round}, {name}: {fault}"));
        }
    }
    assert!(wrong.is_empty(), "{} programs, the first:\n{}", wrong.len(), wrong.join("\n=======\n"));
    assert!(sound * 4 > rounds(), "only {sound} programs were still sound");
}

fn rounds() -> usize {
    std::env::var("FLOW_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(300)
}

/// Runs `flowc fmt` in a folder; its exit code, output and messages.
fn flowc(folder: &Path, args: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_flowc"))
        .arg("fmt")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

#[test]
fn the_command_changes_files_and_says_which() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let get = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    put("a.flow", "type A=Int");
    put("b/c.flow", "type B = Int\n");
    put("b/broken.flow", "type C=Int\ntask t {");
    put(".flow/d.flow", "type D=Int");
    put("e.txt", "type E=Int");
    let listed = "a.flow\nb/broken.flow\n".to_string();
    assert_eq!(flowc(dir.path(), &["--check"], ""), (1, listed, "3 files: 2 to be formatted\n".to_string()));
    let (code, diff, _) = flowc(dir.path(), &["--diff", "a.flow"], "");
    assert_eq!((code, diff.contains("-type A=Int\n+type A = Int\n")), (0, true));
    assert_eq!(get("a.flow"), "type A=Int");
    let untouched = fs::metadata(dir.path().join("b/c.flow")).unwrap().modified().unwrap();
    assert_eq!(flowc(dir.path(), &[], ""), (0, String::new(), "3 files: 2 formatted\n".to_string()));
    assert_eq!(get("a.flow"), "type A = Int\n");
    assert_eq!(get("b/broken.flow"), "type C = Int\ntask t {\n");
    assert_eq!((get(".flow/d.flow"), get("e.txt")), ("type D=Int".to_string(), "type E=Int".to_string()));
    assert_eq!(fs::metadata(dir.path().join("b/c.flow")).unwrap().modified().unwrap(), untouched);
    assert_eq!(flowc(dir.path(), &["--check", "b"], "").0, 0);
    assert_eq!(flowc(dir.path(), &["-"], "type  A=Int"), (0, "type A = Int\n".to_string(), String::new()));
    assert_eq!(flowc(dir.path(), &["--check", "-"], "type  A=Int").0, 1);
    assert_eq!(flowc(dir.path(), &["nowhere"], "").0, 2);
}

#[test]
fn interpolations_are_set_as_code_is() {
    let same = |written: &str, set: &str| {
        let program = |text: &str| format!("fn f(a: Int, xs: [Int]) -> String = {text}\n");
        let found = flow::syntax::format(&program(written));
        assert_eq!(found, program(set));
        assert_eq!(flow::syntax::format(&found), found, "{written}");
    };
    same(r##""#{a+1} and #{ a }""##, r##""#{a + 1} and #{a}""##);
    same(r##""#{join( [ "x","#{a*2}" ] ,", ")}""##, r##""#{join(["x", "#{a * 2}"], ", ")}""##);
    same(r##""#{len(xs)}\#{ a+1 }#""##, r##""#{len(xs)}\#{ a+1 }#""##);
    same("\"\"\"\n  #{ a+1 }\n  b #{a +  1}\n  \"\"\"", "\"\"\"\n  #{a + 1}\n  b #{a + 1}\n  \"\"\"");
    same(
        r##"r"#{ a+1 }" + "#{if a>1 {"b"} else {"c"}}""##,
        r##"r"#{ a+1 }" + "#{if a > 1 { "b" } else { "c" }}""##,
    );
    // Of a broken statement nothing is changed.
    let broken = "workflow w() {\n  let x = = \"#{a+1}\"\n}\n";
    assert_eq!(flow::syntax::format(broken), broken);
    for broken in [
        "type F = { a: Int,  b: ->S  }\n",
        "task t { run: [\"#{ a }\"]  retry  3  }\n",
        "type G = {\n    a Int\n}\n",
    ] {
        let once = flow::syntax::format(broken);
        assert_eq!(flow::syntax::format(&once), once, "{broken}");
    }
    assert_eq!(flow::syntax::format("type F = { a: Int,  b: ->S  }\n"), "type F = { a: Int,  b: ->S  }\n");
}
