//! Imports and includes: paths, cycles, diamonds, and files that are no files.

use super::*;
use crate::source::DiskLoader;

#[test]
fn imports_by_name_by_alias_and_whole() {
    let tried = files(&[
        (
            "main.flow",
            "use \"./lib/a.flow\".{one, two as deux}\nuse \"./lib/a.flow\" as lib\nuse std.text\nuse std.list as l\n\
             fn f(x: lib.T) -> Int = one() + deux() + lib.one() + l.count_of([1], 1)\nfn g() -> lib.E = lib.E.v\n\
             fn h() -> String = text.bullets([])",
        ),
        (
            "lib/a.flow",
            "use \"../b.flow\".{three}\nfn one() -> Int = 1\nfn two() -> Int = three()\ntype T = Int\nenum E { v }",
        ),
        ("b.flow", "fn three() -> Int = 3"),
    ]);
    assert_eq!(tried.shown(), Vec::<String>::new());
    assert_eq!(tried.resolved.modules.len(), 5);
    assert_eq!(tried.resolved.modules[1].path, "lib/a.flow");
}

#[test]
fn what_is_not_there_is_said_once() {
    let tried = files(&[
        (
            "main.flow",
            "use \"./gone.flow\".{a}\nuse \"./gone.flow\" as gone\nuse std.texts\nuse std.text.bullets\n\
             use \"./b.flow\".{_p, tree, other}\nfn f() -> Int = a() + gone.b(1).c + _p() + tree() + other()\n\
             type T = gone.X",
        ),
        ("b.flow", "use \"./c.flow\".{other}\nfn _p() -> Int = 1\nfn three() -> Int = 1"),
        ("c.flow", "fn other() -> Int = 1"),
    ]);
    assert_eq!(tried.codes(), ["F0206", "F0206", "F0211", "F0211", "F0204", "F0210", "F0210"]);
    assert!(tried.helps().contains("did you mean `three`?"));
    assert!(tried.helps().contains("import it from c.flow"));
}

#[test]
fn bad_paths_are_refused() {
    for (written, code) in [
        ("../../../x.flow", "F0207"),
        ("/etc/passwd", "F0207"),
        ("a\\u{0}b.flow", "F0207"),
        ("a\\nb.flow", "F0207"),
        ("C:x.flow", "F0207"),
        ("a\\\\b.flow", "F0207"),
        ("", "F0206"),
        ("./x.md", "F0206"),
        ("#{1}", "F0206"),
    ] {
        let text = format!("use \"{written}\" as x\nfn f() -> Int = x.y()");
        let tried = files(&[("main.flow", &text), ("x.md", "")]);
        assert_eq!(tried.codes(), [code], "{written}: {:?}", tried.shown());
        let folder = main(&format!("use agents \"{written}\" as x"));
        assert!(folder.codes()[0].starts_with("F020"), "{written}");
    }
    assert_eq!(main("use \"./main.flow\"").codes(), ["F0215", "F0208"]);
}

#[test]
fn import_cycles_print_all_of_it() {
    let tried = files(&[
        ("main.flow", "use \"./a.flow\".{a}\nfn m() -> Int = a()"),
        ("a.flow", "use \"./b.flow\".{b}\nfn a() -> Int = 1"),
        ("b.flow", "use \"./a.flow\".{a}\nfn b() -> Int = a()"),
    ]);
    assert_eq!(tried.shown(), ["F0208 b.flow:1:5 imports form a cycle: a.flow → b.flow → a.flow"]);
}

#[test]
fn a_ring_of_five_hundred_files() {
    let n = 500;
    let mut loader = MemoryLoader::new();
    for i in 0..n {
        let name = if i == 0 { "main.flow".to_string() } else { format!("f{i}.flow") };
        let next = if i + 1 == n { "main.flow".to_string() } else { format!("f{}.flow", i + 1) };
        loader = loader.with(&name, &format!("use \"./{next}\" as n\nfn x() -> Int = {i}"));
    }
    let tried = with(&loader);
    assert_eq!(tried.codes(), ["F0208"]);
    assert!(tried.found[0].message.contains("f499.flow → main.flow"));
}

#[test]
fn a_diamond_of_a_million_ways_is_read_once() {
    let mut loader = MemoryLoader::new();
    for level in 0..20 {
        for side in ["a", "b"] {
            let name = if level == 0 { "main.flow".to_string() } else { format!("{side}{level}.flow") };
            let next = level + 1;
            loader = loader.with(
                &name,
                &format!(
                    "use \"./a{next}.flow\" as a\nuse \"./b{next}.flow\" as b\nfn x() -> Int = a.x() + b.x()"
                ),
            );
        }
    }
    loader = loader.with("a20.flow", "fn x() -> Int = 1").with("b20.flow", "fn x() -> Int = 1");
    let tried = with(&loader);
    assert_eq!(tried.shown(), Vec::<String>::new());
    assert_eq!(tried.resolved.modules.len(), 41);
}

#[test]
fn files_on_disk_that_are_no_files() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("project");
    std::fs::create_dir_all(root.join("folder")).unwrap();
    std::fs::write(dir.path().join("outside.flow"), "fn x() -> Int = 1").unwrap();
    std::os::unix::fs::symlink("../outside.flow", root.join("link.flow")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", root.join("zero.flow")).unwrap();
    std::fs::write(root.join("bytes.flow"), [b'f', 0xff, 0xfe]).unwrap();
    let fifo = std::process::Command::new("mkfifo").arg(root.join("pipe.flow")).status().unwrap();
    assert!(fifo.success());
    let names = ["link.flow", "zero.flow", "bytes.flow", "pipe.flow", "folder", "folder/none.flow"];
    let text: String = names.iter().enumerate().map(|(i, n)| format!("use \"./{n}\" as x{i}\n")).collect();
    std::fs::write(root.join("main.flow"), text).unwrap();
    let tried = with(&DiskLoader::new(&root).unwrap());
    assert_eq!(tried.codes(), ["F0207", "F0207", "F0206", "F0206", "F0206", "F0206"], "{:?}", tried.shown());
}

#[test]
fn a_started_file_that_is_not_there() {
    let tried = with(&MemoryLoader::new());
    assert_eq!(tried.shown(), ["F0206 main.flow:1:1 there is no file `main.flow`"]);
}

#[test]
fn included_texts_see_the_names_around() {
    let tried = files(&[
        (
            "main.flow",
            "task t(who: String) -> String { agent: a prompt: include(\"p/x.md\") }\nagent a { model: \"m\" }",
        ),
        ("p/x.md", "Hello #{who}, #{upper(include(\"y.md\"))}!"),
        ("p/y.md", "and #{wo}"),
    ]);
    assert_eq!(tried.shown(), ["F0201 p/y.md:1:7 unknown name `wo`"]);
    let ring =
        files(&[("main.flow", "fn f() -> String = include(\"x.md\")"), ("x.md", "#{include(\"./x.md\")}")]);
    assert_eq!(ring.codes(), ["F0208"]);
    assert_eq!(
        main("fn f() -> String = include(\"../x.md\") + include(\"n.md\")").codes(),
        ["F0207", "F0206"]
    );
}

#[test]
fn included_texts_do_not_grow_without_bound() {
    let mut loader = MemoryLoader::new().with("main.flow", "fn f() -> String = include(\"0.md\")");
    for i in 0..30 {
        loader = loader
            .with(&format!("{i}.md"), &format!("#{{include(\"{0}.md\")}}#{{include(\"{0}.md\")}}", i + 1));
    }
    let tried = with(&loader.with("30.md", "x"));
    assert_eq!(tried.codes(), ["F0206"]);
}
