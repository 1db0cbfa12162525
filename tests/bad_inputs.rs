//! Inputs that are meant to break something, by their numbers in the list of bad inputs (1–36), given to the program that
//! people run. Each ends soon, in bounded memory, in a clear error or in the right result; never in a panic.

use serde_json::json;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Longer than any of these takes in a slow build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new(main: &str) -> Place {
        let place = Place { dir: tempfile::tempdir().unwrap() };
        // The root of a project: nothing above it may be used.
        std::fs::create_dir(place.root().join("p")).unwrap();
        place.put("flow.toml", "").put("main.flow", main)
    }

    fn root(&self) -> &Path {
        self.dir.path()
    }

    fn project(&self) -> std::path::PathBuf {
        self.root().join("p")
    }

    fn put(self, path: &str, content: impl AsRef<[u8]>) -> Place {
        let path = self.project().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// In at most 6 GB of address space (the main thread's stack reserves some), and in time.
    fn flowc(&self, args: &[&str]) -> Output {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "ulimit -v 6000000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_flowc")]).args(args);
        command
            .current_dir(self.project())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || tell.send(child.wait_with_output().unwrap()));
        told.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            panic!("it hangs: {args:?}")
        })
    }

    /// It ends with `code` and says `words`, in not too many of its own.
    fn ends(&self, number: &str, args: &[&str], code: i32, words: &str) {
        let output = self.flowc(args);
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
        let short: String = said.chars().take(3000).collect();
        assert!(!said.contains("panicked") && !said.contains("overflowed its stack"), "{number}: {short}");
        assert_eq!(output.status.code(), Some(code), "{number}: {short}");
        assert!(said.contains(words), "{number}: does not say {words:?}: {short}");
        assert!(said.len() < 200_000, "{number}: says {} bytes", said.len());
    }
}

fn body(expr: &str) -> String {
    format!("workflow main() -> Int {{\n  let a = 1\n  let x = {expr}\n  x\n}}\n")
}

fn nested(open: &str, inner: &str, close: &str) -> String {
    open.repeat(100_000) + inner + &close.repeat(100_000)
}

#[test]
fn sources_1_to_4_deep_and_long() {
    for (number, text) in [
        ("1", body(&nested("(", "1", ")"))),
        ("2 [", body(&nested("[", "1", "]"))),
        ("2 {", body(&nested("{ b: ", "1", "}"))),
        ("2 if", body(&nested("if a == 1 { ", "1", " } else { 2 }"))),
        ("2 type", format!("type T = {}\n", nested("[", "Int", "]"))),
        ("2 #{", body(&nested("\"#{", "a", "}\""))),
        ("3 +", body(&("a + ".repeat(99_999) + "a"))),
        ("3 else if", body(&("if a == 1 { 1 } else ".repeat(100_000) + "{ 2 }"))),
    ] {
        Place::new(&text).ends(number, &["check", "main.flow"], 1, "F0104");
    }
    Place::new(&body(&"a".repeat(1 << 20))).ends("4", &["check", "main.flow"], 1, "F0108");
}

#[test]
fn sources_5_to_12_odd_bytes() {
    let sparse = Place::new("");
    std::fs::File::create(sparse.project().join("big.flow")).unwrap().set_len(4 << 30).unwrap();
    sparse.ends("5", &["check", "big.flow"], 1, "MiB");
    for empty in ["", "\u{FEFF}"] {
        Place::new(empty).ends("6", &["check", "main.flow"], 0, "");
        Place::new(empty).ends("6", &["run", "main.flow"], 1, "workflow");
    }
    Place::new(&"\0".repeat(1000)).ends("6", &["check", "main.flow"], 1, "F0105");
    let whole =
        b"/// d\nuse std.text\nworkflow w() -> String { let x = \"a #{1} b\" // c\n  \"\"\"t\"\"\" }\n";
    for at in 0..whole.len() {
        let mut bytes = whole.to_vec();
        bytes.insert(at, 0xff);
        // As many processes as bytes would take long: those of the middle of each token do.
        if at % 7 == 0 {
            Place::new("").put("main.flow", &bytes).ends("7", &["check", "main.flow"], 1, "UTF-8");
        }
    }
    Place::new("fn f() -> Int = 1 // \u{202E} 2").ends("8", &["check", "main.flow"], 1, "F0105");
    Place::new("fn \u{430}() -> Int = 1").ends("9", &["check", "main.flow"], 1, "F01");
    Place::new("fn f() -> Int = 1\r// x\rfn g() -> Int = f()\r").ends("10", &["check", "main.flow"], 0, "");
    for open in ["\"abc", "\"\"\"abc\n", "r\"abc", "\"a #{", "\"a #{\"b"] {
        Place::new(&format!("fn f() -> String = {open}")).ends("11", &["check", "main.flow"], 1, "F01");
    }
    Place::new("// the end").ends("11", &["check", "main.flow"], 0, "");
    for number in ["9223372036854775808", "1e999", "99999999999d", "$99999999999999999", "99999999999GB"] {
        Place::new(&body(number)).ends("12", &["check", "main.flow"], 1, "error");
    }
    Place::new("fn f() -> Float = -0.0\nfn g() -> Bool = f() == 0.0").ends(
        "12",
        &["check", "main.flow"],
        0,
        "",
    );
    Place::new("fn f() -> Float = NaN").ends("12", &["check", "main.flow"], 1, "NaN");
}

#[test]
fn sources_13_to_15_graphs_and_names() {
    let mut each_other = String::from("workflow main() {\n");
    for i in 0..100 {
        let others: Vec<String> = (0..100).filter(|j| *j != i).map(|j| format!("t{j}")).collect();
        each_other += &format!("  task t{i} {{ sh: \"true\" after: [{}] }}\n", others.join(", "));
    }
    Place::new(&(each_other + "}")).ends("13", &["check", "main.flow"], 1, "F02");
    // The same of data: each of 1,000 waits for all the others.
    let all = "task t(x: Int) { sh: \"echo #{x}\" on_crash: rerun }\nworkflow main() {\n  let all = range(0, 1000)\n  \
               for x in all with { key: \"#{x}\", after: for y in all if y != x { \"#{y}\" } } { t(x) }\n}\n";
    Place::new(all).ends("13", &["run", "main.flow", "-q"], 1, "wait for each other");
    Place::new("workflow main() { main() }").ends("14", &["check", "main.flow"], 1, "`main` calls itself");
    let ring: String = (0..1000).map(|i| format!("workflow w{i}() {{ w{}() }}\n", (i + 1) % 1000)).collect();
    Place::new(&ring).ends("14", &["check", "main.flow"], 1, "w998 → w999");
    let twice = "workflow main() { task caf\u{e9} { sh: \"true\" } task cafe\u{301} { sh: \"true\" } }";
    Place::new(twice).ends("15", &["check", "main.flow"], 1, "F01");
}

#[test]
fn sources_16_to_23_imports() {
    let uses = |path: &str| format!("use \"{path}\" as x\n");
    let outside = |place: Place| {
        std::fs::write(place.root().join("x.flow"), "fn secret() -> Int = 1").unwrap();
        place
    };
    outside(Place::new(&uses("../x.flow"))).ends("16", &["check", "main.flow"], 1, "F0207");
    outside(Place::new(&uses("../../../x.flow"))).ends("16", &["check", "main.flow"], 1, "F0207");
    Place::new(&uses("/etc/passwd")).ends("17", &["check", "main.flow"], 1, "F02");
    let linked = outside(Place::new(&uses("./x.flow")));
    std::os::unix::fs::symlink("../x.flow", linked.project().join("x.flow")).unwrap();
    linked.ends("18", &["check", "main.flow"], 1, "F0207");
    let odd = Place::new(&uses("./x.flow"));
    assert!(Command::new("mkfifo").arg(odd.project().join("x.flow")).status().unwrap().success());
    odd.ends("20 pipe", &["check", "main.flow"], 1, "F0206");
    let zero = Place::new(&uses("./x.flow"));
    std::os::unix::fs::symlink("/dev/zero", zero.project().join("x.flow")).unwrap();
    zero.ends("20 zero", &["check", "main.flow"], 1, "F0207");
    Place::new(&uses("./p")).put("p/x", "").ends("20 folder", &["check", "main.flow"], 1, "F0206");
    odd.ends("20 started", &["check", "x.flow"], 1, "x.flow");
    Place::new(&uses("./b.flow")).put("b.flow", "use \"./main.flow\" as m").ends(
        "21",
        &["check", "main.flow"],
        1,
        "F0208",
    );
    let mut ring = Place::new(&uses("./f1.flow"));
    for i in 1..500 {
        let next = if i == 499 { "main.flow".to_string() } else { format!("f{}.flow", i + 1) };
        ring = ring.put(&format!("f{i}.flow"), uses(&format!("./{next}")));
    }
    ring.ends("21", &["check", "main.flow"], 1, "F0208");
    for name in ["./a\\u{0}.flow", "./a\\n.flow", "c:x.flow", ".\\\\x.flow", "./\\u{202E}.flow"] {
        Place::new(&uses(name)).ends("22", &["check", "main.flow"], 1, "error");
    }
    let mut diamond =
        Place::new("use \"./a1.flow\" as a\nuse \"./b1.flow\" as b\nfn x() -> Int = a.x() + b.x()");
    for level in 1..=20 {
        for side in ["a", "b"] {
            let (next, last) = (level + 1, level == 20);
            let text = format!(
                "use \"./a{next}.flow\" as a\nuse \"./b{next}.flow\" as b\nfn x() -> Int = a.x() + b.x()"
            );
            let text = if last { "fn x() -> Int = 1".to_string() } else { text };
            diamond = diamond.put(&format!("{side}{level}.flow"), text);
        }
    }
    diamond.ends("23", &["check", "main.flow"], 0, "");
}

/// While the program reads, the file is now one inside and now a link to one outside.
#[test]
fn source_19_a_link_that_changes_while_it_is_read() {
    use flow::source::{DiskLoader, LoadError, Loader};
    let place = Place::new("");
    let (name, project) = ("x.flow", place.project());
    std::fs::write(place.root().join("secret"), "outside").unwrap();
    std::fs::write(project.join("inside"), "inside").unwrap();
    let loader = DiskLoader::new(&project).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                for target in ["inside", "../secret"] {
                    let temp = project.join("temp");
                    std::os::unix::fs::symlink(target, &temp).unwrap();
                    std::fs::rename(&temp, project.join(name)).unwrap();
                    std::thread::yield_now();
                }
            }
        });
        let began = Instant::now();
        let (mut read, mut refused) = (0, 0);
        while began.elapsed() < Duration::from_millis(500)
            || (read == 0 || refused == 0) && began.elapsed() < PATIENCE
        {
            match loader.read(name) {
                Ok(text) => {
                    assert_eq!(&*text, "inside");
                    read += 1;
                }
                Err(LoadError::Outside) => refused += 1,
                Err(_) => {}
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(read > 0 && refused > 0, "{read} {refused}");
    });
}

const ECHO: &str = "workflow main(v: Json) -> String { to_json(v) }";

#[test]
fn data_24_to_28_json_and_yaml() {
    let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
    let given = |text: &str| Place::new(ECHO).put("in.json", text);
    let run = ["run", "main.flow", "--inputs", "in.json"];
    given(&format!("{{\"v\": {deep}}}")).ends("24", &run, 2, "in.json");
    let answers = |text: &str| {
        Place::new(
            "task t() -> [Json] { run: [\"cat\", \"answer.json\"] }\nworkflow main() -> [Json] { let x = t() x }",
        )
        .put("answer.json", text)
    };
    answers(&deep).ends("24", &["run", "main.flow", "-q"], 1, "decode");
    given("{\"v\": {\"a\": 1, \"a\": 2}}").ends("25", &run, 2, "twice");
    answers("[{\"a\": 1, \"a\": 2}]").ends("25", &["run", "main.flow", "-q"], 1, "decode");
    given("{\"v\": {\"__proto__\": {\"a\": 1}}}").ends("25", &run, 0, "__proto__");
    let digits = "9".repeat(1_000_000);
    given(&format!("{{\"v\": {digits}}}")).ends("28", &run, 2, "in.json");
    answers(&format!("[{digits}]")).ends("28", &["run", "main.flow", "-q"], 1, "decode");
    let plan = Place::new("").put("x.plan.json", &deep);
    plan.ends("24 plan", &["run", "x.plan.json"], 2, "x.plan.json");
    let agent = |front: &str| {
        Place::new("use agents \"./team\"\ntask t() -> String { agent: mole prompt: \"x\" }\nworkflow main() { t() }")
            .put("team/mole.md", format!("---\nname: mole\n{front}\n---\nDig.\n"))
    };
    let mut laughs = String::from("a0: &a0 [lol]\n");
    for i in 1..30 {
        laughs += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", "));
    }
    for (number, front) in
        [("26", laughs.as_str()), ("27", "description: &x\n  <<: *x\n"), ("27", "tools: &t [*t]")]
    {
        let place = agent(front);
        let output = place.flowc(&["check", "main.flow"]);
        let said =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(!said.contains("panicked") && said.len() < 100_000, "{number}: {said}");
        assert!(matches!(output.status.code(), Some(0 | 1)), "{number}: {said}");
    }
}

const SINKS: &str = r##"
task quoted(v: String) -> String { sh: "printf '%s' #{v}" }
task argument(v: String) -> String { run: ["printf", "%s", v] }
task fed(v: String) -> String { run: ["cat"] stdin: v }
task named(v: String) -> String { sh: "printf '%s' \"$V\"" env: { V: v } }
workflow main(v: String) -> [String] {
  let a = quoted(v)
  let b = argument(v)
  let c = fed(v)
  let d = named(v)
  [a, b, c, d]
}
"##;

#[test]
fn values_29_to_36_stay_values() {
    for (number, value) in [
        ("29", "'; touch pwned; #"),
        ("29", "\"; touch pwned; #"),
        ("30", "$(touch pwned)"),
        ("30", "`touch pwned`"),
        ("31", "zzz\";echo${IFS}\"hello\";#"),
        ("32", "a\ntouch pwned"),
        ("33", "-rf"),
        ("33", "--output=pwned"),
        ("33", "-v"),
    ] {
        let place = Place::new(SINKS).put("in.json", json!({ "v": value }).to_string());
        let output = place.flowc(&["run", "main.flow", "-q", "--inputs", "in.json"]);
        let said = String::from_utf8_lossy(&output.stderr);
        let got: serde_json::Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{number}: {e}: {said}"));
        assert_eq!(got, json!([value, value, value, value]), "{number}");
        assert!(!place.project().join("pwned").exists(), "{number}");
    }
    let refused = |number: &str, value: &str, words: &str| {
        let place = Place::new(SINKS).put("in.json", json!({ "v": value }).to_string());
        place.ends(number, &["run", "main.flow", "-q", "--inputs", "in.json"], 1, words);
    };
    refused("34", "a\0b", "NUL");
    refused("35", &"x".repeat(2 << 20), "too long");
    for name in ["LD_PRELOAD", "PATH", "BASH_ENV", "NODE_OPTIONS", "GIT_SSH_COMMAND"] {
        let program = "task t(n: String) -> String { sh: \"echo hi\" env: { \"x\": \"y\", ...m(n) } }\n\
                       fn m(n: String) -> {String: String} = from_entries([{ key: n, value: \"evil\" }])\n\
                       workflow main(n: String) -> String { let x = t(n) x }";
        let place = Place::new(program);
        let input = format!("n={name}");
        place.ends("36", &["run", "main.flow", "-q", "--input", &input], 1, "its name was computed");
    }
}

/// Programs that are legal, and large or twisted enough to show what takes more than its share of time or memory.
#[test]
fn what_is_large_is_not_slow() {
    let tasks = |from: usize, to: usize| -> String {
        (from..to).map(|i| format!("    task t{i} {{ sh: \"true\" }}\n")).collect()
    };
    let waves = format!(
        "workflow main() {{\n  stage one {{\n{}  }}\n  stage two {{\n{}  }}\n}}\n",
        tasks(0, 5000),
        tasks(5000, 10_000)
    );
    Place::new(&waves).ends("10,000 tasks in two waves", &["check", "main.flow"], 0, "");
    let mut chain = Place::new("use \"./f1.flow\" as n\nfn x() -> Int = n.x()");
    for i in 1..=1000 {
        let text = if i == 1000 {
            "fn x() -> Int = 1".to_string()
        } else {
            format!("use \"./f{}.flow\" as n\nfn x() -> Int = n.x()", i + 1)
        };
        chain = chain.put(&format!("f{i}.flow"), text);
    }
    chain.ends("1,000 imports in a chain", &["check", "main.flow"], 0, "");
    let variants: Vec<String> = (0..5000).map(|i| format!("v{i}")).collect();
    let arms: String = variants.iter().map(|v| format!("  E.{v} => 1\n")).collect();
    let matched = format!("enum E {{ {} }}\nfn f(e: E) -> Int = match e {{\n{arms}}}\n", variants.join(", "));
    Place::new(&matched).ends("a match with 5,000 arms", &["check", "main.flow"], 0, "");
    Place::new(&body(&("if a == 1 { 1 } else ".repeat(400) + "{ 2 }"))).ends(
        "else if",
        &["check", "main.flow"],
        0,
        "",
    );
    Place::new(&format!("fn f() -> String = \"{}\"", "x".repeat(1 << 20))).ends(
        "a string of a MiB",
        &["check", "main.flow"],
        0,
        "",
    );
    let doubled = |first: &str, next: &dyn Fn(usize) -> String, last: &str| -> String {
        let middle: String = (1..60).map(next).collect();
        format!("{first}\n{middle}{last}\n")
    };
    let records = doubled(
        "type T0 = { a: Int }",
        &|i| format!("type T{i} = {{ a: T{0}, b: T{0} }}\n", i - 1),
        "task t() -> T59 { sh: \"true\" }\nworkflow main() -> T59 { let x = t() x }",
    );
    Place::new(&records).ends("2^60 fields", &["check", "main.flow"], 0, "");
    let generic = format!(
        "type G<T> = {{ a: T, b: T }}\nfn f(x: {}Int{}) -> Int = 1\n",
        "G<".repeat(60),
        ">".repeat(60)
    );
    Place::new(&generic).ends("2^60 fields by type arguments", &["check", "main.flow"], 0, "");
    let calls = doubled(
        "fn f0(x: Int) -> Int = x",
        &|i| format!("fn f{i}(x: Int) -> Int = f{0}(x) + f{0}(x)\n", i - 1),
        "workflow main() -> Int { let x = f59(1) x }",
    );
    Place::new(&calls).ends("2^60 calls", &["check", "main.flow"], 0, "");
    let texts = doubled(
        "workflow main() -> Int {\n  let s0 = \"ab\"",
        &|i| format!("  let s{i} = s{0} + s{0}\n", i - 1),
        "  len(s59)\n}",
    );
    Place::new(&texts).ends("a text of 2^60 bytes", &["plan", "main.flow"], 0, "");
    let loops = "task t(n: Int) -> Int { sh: \"true\" }\nworkflow main() {\n  let x = for a in range(0, 256) { for b in range(0, 256) { for c in range(0, 256) { t(a + b + c) } } }\n}";
    Place::new(loops).ends("256^3 tasks", &["plan", "main.flow"], 0, "");
    let long = "workflow main() -> Int { len(range(0, 9000000000000)) }";
    let place = Place::new(long);
    let output = place.flowc(&["run", "main.flow", "-q"]);
    assert!(output.status.code().is_some(), "a range of 9 * 10^12: {:?}", output.status);
}
