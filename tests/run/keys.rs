//! The reuse keys, as they were first given: a task is taken for the same by them across versions of the program.
//!
//! When this fails, results of earlier runs would run again. Where that is meant, the number of the rule (`RULE` beside the
//! keys) goes up, and the new keys are written here.

use flow::store::{Project, kinds};
use std::ops::ControlFlow;
use std::process::Command;

const PROGRAM: &str = r##"
type Item = { name: String, size: Int?, tags: [String] = ["a"], more: {String: Float} = {} }
enum Level { low, high(why: String) }
fn twice(n: Int) -> Int = n * 2
task plain() { run: ["true"] }
task shell(n: Int, x: String) -> Int {
  sh: "echo #{twice(n)} #{x} | wc -l"
  env: { A: "b" }
  reads: ["src/**"]
  timeout: 1m
  retry: 2
}
task item(i: Item) -> String { run: ["echo", i.name, "#{i.size ?? 0}"] stdin: to_json(i.tags) }
task level(l: Level) -> Level { run: ["echo", "\"low\""] accept: result == Level.low verify: ["true"] }
agent echo { runtime: command(["cat"]) system: "Repeat." }
task say(of: Agent) -> String { agent: of prompt: "Hello." timeout: 1m }
task fixed() -> String { agent: echo prompt: "Hi." timeout: 1m }
workflow inner(x: String) -> String with { env: { IN: "inner" } } { item({ name: x, size: 1 }) }
workflow main() -> String {
  plain()
  let n = shell(3, "x")
  let o = shell(n, "y") with { env: { A: "c" } }
  let l = level(Level.high(why: "so"))
  let many = for s in ["p", "q"] { item({ name: s, size: none, more: { "k": 0.5 } }) }
  let w = inner("w")
  let said = say(echo)
  let f = fixed()
  let p = read("kept.txt")
  write("out.txt", "#{p}#{o}#{w}#{said}#{f}#{len(many)}")
  match l { low => "low", high(why) => why }
}
"##;

#[test]
fn reuse_keys_are_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.flow"), PROGRAM).unwrap();
    std::fs::write(folder.path().join("kept.txt"), "kept").unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_flowc"))
        .args(["run", "main.flow", "-q"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let project = Project::find(folder.path()).unwrap();
    let dir = project.resolve(&project.runs().unwrap()[0]).unwrap();
    let mut keys = Vec::new();
    dir.view()
        .unwrap()
        .replay(0, &mut |row| {
            if row.kind == kinds::TASK_SETTLED {
                let body: serde_json::Value = serde_json::from_slice(row.body).unwrap();
                let of = |name: &str| body[name].as_str().unwrap().chars().take(32).collect::<String>();
                keys.push(
                    format!("{:12} {} {}", row.task.unwrap(), of("def"), of("inputs")).trim_end().to_owned(),
                );
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    keys.sort_unstable();
    insta::assert_snapshot!("reuse_keys", keys.join("\n"));
}
