//! Every construct of the language that the scheduler knows, compiled and run.

use super::*;
use serde_json::json;

#[test]
fn a_for_fans_out_and_filters() {
    let given = json(
        r##"
task double(n: Int) -> Int { sh: "n=#{n}; echo $((n + n))" }
workflow main() -> [Int] {
  let found = for n in range(0, 5) if n != 2 { double(n) }
  found
}
"##,
    );
    assert_eq!(given, json!([0, 2, 6, 8]));
}

#[test]
fn a_keyed_for_waits_for_what_it_names() {
    let ran = flow(
        r##"
type Step = { id: String, needs: [String] }
task step(id: String) -> String { sh: "echo #{id} >> log; echo #{id}" }
workflow main(steps: [Step] = [
  { id: "c", needs: ["a", "b"] }, { id: "b", needs: ["a"] }, { id: "a", needs: [] },
]) -> [String] {
  let done = for s in steps with { key: s.id, after: s.needs } { step(s.id) }
  done
}
"##,
    );
    assert_eq!(json::to_tree(&ran.value()), json!(["c", "b", "a"]));
    assert_eq!(ran.log(), ["a", "b", "c"]);
}

#[test]
fn branches_take_one_arm() {
    let given = json(
        r##"
enum Kind { none_at_all, some(text: String) }
task say(text: String) -> String { sh: "echo #{text}" }
workflow main(k: Kind = Kind.some(text: "hi"), flag: Bool = false) -> { a: String, b: String, c: String? } {
  let a = match k { Kind.some(t) => say(t)  Kind.none_at_all => say("nothing") }
  let b = if flag { say("yes") } else { say("no") }
  let c = if flag { say("never") }
  { a: a, b: b, c: c }
}
"##,
    );
    assert_eq!(given, json!({"a": "hi", "b": "no", "c": null}));
}

#[test]
fn a_repeat_ends_by_its_condition_or_its_max() {
    let given = json(
        r##"
task next(n: Int) -> Int { sh: "n=#{n}; echo $((n * 2))" }
workflow main() -> { until: Int, max: Int } {
  let a = repeat n: Int = 1 with { max: 10 } { next(n) } until n > 20
  let b = repeat n: Int = 1 with { max: 3, on_max: last } { next(n) } until n > 100
  { until: a, max: b }
}
"##,
    );
    assert_eq!(given, json!({"until": 32, "max": 8}));
}

#[test]
fn try_catches_and_finally_runs_in_every_case() {
    let ran = flow(
        r##"
task bad() -> String { sh: "echo bad >> log; exit 7" }
task tidy(what: String) { sh: "echo #{what} >> log" }
workflow main() -> { kind: String, code: Int?, task: String } {
  let caught = try { bad() } catch e { "#{e.kind}/#{e.exit_code ?? 0}/#{e.task}" } finally { tidy("tidy") }
  let parts = split(caught, "/")
  { kind: parts[0], code: to_int(parts[1]), task: parts[2] }
}
"##,
    );
    assert_eq!(json::to_tree(&ran.value()), json!({"kind": "exit", "code": 7, "task": "caught"}));
    assert_eq!(ran.log(), ["bad", "tidy"]);
}

#[test]
fn a_race_takes_the_first_and_stops_the_others() {
    let start = std::time::Instant::now();
    let given = json(
        r##"
task slow() -> String { run: ["sleep", "60"] }
task quick(s: String) -> String { sh: "echo #{s}" }
workflow main() -> { one: String, two: [String] } {
  let one = race { slow() quick("q") }
  let two = race for s in ["a", "b", "c"] with { need: 2 } { quick(s) }
  { one: one, two: two }
}
"##,
    );
    assert_eq!(given["one"], "q");
    assert_eq!(given["two"].as_array().map(Vec::len), Some(2));
    assert!(start.elapsed().as_secs() < 30);
}

#[test]
fn workflows_call_workflows() {
    let given = json(
        r##"
task greet(name: String) -> String { sh: "echo hello $WHO #{name}" }
workflow inner(name: String) -> String with { env: { WHO: "dear" } } { greet(name) }
workflow main() -> [String] {
  let a = inner("ann")
  let b = inner("bob")
  [a, b]
}
"##,
    );
    assert_eq!(given, json!(["hello dear ann", "hello dear bob"]));
}

#[test]
fn stages_and_after_order_what_shares_no_value() {
    let ran = flow(
        r##"
workflow main() {
  stage first {
    task a { sh: "sleep 0.1; echo a >> log" }
    task b { sh: "sleep 0.05; echo b >> log" }
  }
  task c { sh: "echo c >> log" }
  task d { sh: "echo d >> log" after: [c] }
}
"##,
    );
    ran.value();
    assert_eq!(ran.log(), ["b", "a", "c", "d"]);
    let waves = ran.events.iter().filter(|e| e.event == "wave_closed").count();
    assert!(waves >= 2, "{:?}", ran.words());
}

#[test]
fn an_assert_fails_the_run_with_its_message() {
    let ran = flow(
        r##"
task count() -> Int { sh: "echo 3" }
workflow main() {
  let n = count()
  assert n > 5, "only #{n}"
  task after_it { sh: "echo no >> log" }
}
"##,
    );
    let (kind, _, message) = ran.failure();
    assert_eq!((kind.as_str(), message.as_str()), ("assert", "only 3"));
    assert!(ran.log().is_empty());
}

#[test]
fn on_failure_continue_lets_the_others_end() {
    let ran = flow(
        r##"
workflow main() with { on_failure: continue } {
  task bad { sh: "exit 1" }
  task other { sh: "sleep 0.2; echo other >> log" }
  task needs_bad { sh: "echo never >> log" after: [bad] }
}
"##,
    );
    assert_eq!(ran.failure().1, "bad");
    assert_eq!(ran.log(), ["other"]);
    assert!(ran.words().contains(&"task_skipped"), "{:?}", ran.words());
}

mod json {
    /// The JSON of a value.
    pub fn to_tree(value: &flow::value::Value) -> serde_json::Value {
        flow::value::json::to_tree(value).unwrap()
    }
}
