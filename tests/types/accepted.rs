//! Programs that are right.

use super::{fine, run};

pub(super) const AUDIT: &str = include_str!("audit.flow");

fn agent(name: &str) -> String {
    format!("---\nname: {name}\ndescription: does {name}\n---\nYou are {name}.\n")
}

#[test]
fn the_whole_program_of_the_reference() {
    let files = ["security-architect", "appsec-reviewer", "code-refactoring-optimizer"];
    let texts: Vec<(String, String)> = files.iter().map(|n| (format!("agents/{n}.md"), agent(n))).collect();
    let mut all: Vec<(&str, &str)> = vec![("main.flow", AUDIT)];
    all.extend(texts.iter().map(|(n, t)| (n.as_str(), t.as_str())));
    let (_, _, out) = run(&all);
    let errors: Vec<String> = out.iter().filter(|d| d.is_error()).map(super::said).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

#[test]
fn conversions_and_joins() {
    fine(
        r##"
type Point = { x: Float, y: Float }
type Tagged = { tag: String, at: Point?, more: {String: Int} = {} }
fn half(n: Float) -> Float = n / 2
fn half_of(n: Int) -> Float = half(n)
fn origin() -> Point = { x: 0, y: 0, z: 3 }
fn tag(p: Path) -> Tagged = { tag: p }
fn both() -> [Float] = [1, 2.5]
fn mixed() -> Float = sum([1, 2.5])
fn counts() -> {String: Int} = { "a": 1, b: 2 }
fn data() -> Json = { a: [1, "x", none], b: { c: 3s } }
fn file() -> Path = "a/#{1 + 1}.txt"
fn pick(x: Bool) -> Int? = if x { 3 }
fn narrow(list: [{ x: Int, y: Int, z: Int }]) -> [{ y: Float, x: Int }] = list
fn named(p: Point) -> { x: Float, y: Float } = p
fn maybe(x: Int?) -> Float = x ?? 0.5
fn text(x: Int?) -> String = if x != none and x > 3 { "#{x}" } else { "" }
fn path_in(o: { a: { b: Int? } }) -> Int = if o.a.b == none or o.a.b < 0 { 0 } else { o.a.b }
fn opt(o: { a: { b: Int }? }) -> Int? = o.a?.b
fn units() -> Duration = 2 * 3s + 1m / 2 - 250ms
fn ratio() -> Float = 1GiB / 512MiB
fn lists() -> [String] = ["a"] + ["b"]
fn found(m: {String: Int}) -> Bool = "a" in m and 3 in [1, 2] and "b" in "abc"
fn failing(x: Int) -> Int = if x > 0 { x } else { fail("no") }
"##,
    );
}

#[test]
fn enums_and_patterns() {
    fine(
        r##"
enum Severity { low, medium, high }
enum Shape { point, circle(radius: Float), box(width: Float, height: Float = 1.0) }
type Finding = { severity: Severity, shape: Shape? }
fn bad(f: Finding) -> Bool = f.severity >= Severity.medium and f.severity != low and high > f.severity
fn area(s: Shape) -> Float = match s {
  point => 0.0
  circle(r) => 3.14 * r * r
  box(w, h) if w > 0 => w * h
  Shape.box(_, _) => 0.0
}
fn make() -> [Shape] = [point, circle(2), box(width: 1), Shape.circle(radius: 3)]
fn finding() -> Finding = { severity: high }
fn word(s: Severity?) -> String = match s { none => "none" low | medium => "little" high => "much" }
fn number(n: Int) -> String = match n { 0 => "zero", -1 => "minus", n if n > 10 => "many #{n}" _ => "some" }
fn name(s: String?) -> String = match s { "a" => "A" none => "" other => other }
fn flag(b: Bool) -> Int = match b { true => 1 false => 0 }
fn nested(s: Shape?) -> Int = match s { none => 0 circle(_) | box(_, _) => 1 point => 2 }
"##,
    );
}

#[test]
fn generics_and_built_ins() {
    fine(
        r##"
type Pair<A, B> = { first: A, second: B }
type Tree<T> = { value: T, children: [Tree<T>] }
fn pair<A, B>(a: A, b: B) -> Pair<A, B> = { first: a, second: b }
fn decode<T>(text: String) -> T = from_json<T>(text)
fn swap<A, B>(p: Pair<A, B>) -> Pair<B, A> = pair(p.second, p.first)
fn use_them() -> Pair<String, Int> = swap(pair(1, "x"))
fn number() -> Int = decode<Int>("3")
fn or_first<T>(list: [T], other: T) -> T = first(list) ?? other
fn float() -> Float = or_first([1.5], 2)
fn tree() -> Tree<Int> = { value: 1, children: [{ value: 2, children: [] }] }
type Row = { name: String, size: Int, tags: [String] }
fn names(rows: [Row]) -> [String] = for r in sort_by(rows, "size") if r.size > 3 { r.name }
fn groups(rows: [Row]) -> {String: [Row]} = group_by(rows, "name")
fn all_tags(rows: [Row]) -> [String] = unique(flatten(for r in rows { r.tags }))
fn indexed(xs: [String]) -> [String] = for { index, value } in enumerate(xs) { "#{index}: #{value}" }
fn zipped(a: [Int], b: [String]) -> [Int] = for p in zip(a, b) { p.left + len(p.right) }
fn map(m: {String: Int}) -> {String: Int} = from_entries(for { key, value } in m { { key: upper(key), value: value * 2 } })
fn most(xs: [Int]) -> Int = max(xs) ?? max(1, 2)
fn some(xs: [Int?]) -> Int = sum(compact(xs))
fn texts() -> String = join(split(trim(" a,b "), ","), "-") + replace("a", "b", "c")
fn paths() -> Path = path_join(dirname("a/b"), basename("c/d"), "e")
fn round_it(x: Float) -> Int = round(x) + floor(1) + mod(7, 3) + to_int("3")
fn any(xs: [Int]) -> Bool = any_of(for x in xs { x > 3 }) and not all_of([]) and matches("abc", "^a.c$")
fn json(r: Row) -> String = to_json(r) + to_string(3s)
fn ranged() -> [Int] = take(drop(reverse(sort(range(0, 10))), 2), 3)
"##,
    );
}

pub(super) const EVERYTHING: &str = r##"
agent coder { model: "opus" tools: ["Read", lookup] retry: 2 env: { TOKEN: secret("TOKEN") } runtime: command(["x", "y"]) }
agent quick { from: coder model: "haiku" timeout: 5m budget: $1.00 }
resource gpu { capacity: 2 }
resource api { rate: 10 per: 1m }
mcp github { command: ["gh-mcp"] env: { GH: secret("GH") } }
task lookup(q: String) -> String { run: ["grep", q] allow_exit: [0, 1] }
task build(dir: Path, level: Int = 2) -> Exit {
  run: ["make", "-C", dir, "-j#{level}"]
  resources: { cpu: level, gpu: 1, memory: 2GiB }
  retry: { max: 3, backoff: 10s, factor: 2, on: [timeout, exit] }
  accept: [result.code == 0, result.stdout != ""]
  verify: ["true"]
  on_crash: probe(["test", "-e", "x"])
  workspace: worktree
  on_conflict: resolve(coder)
  timeout: 5m
  priority: -1
  env: { A: "b" }
  cwd: dir
}
task ask(q: String) -> { ok: Bool, note: String? } {
  agent: skilled(["rust"]) prompt: "Is it #{q}?" context: { question: q, n: 3 } fallback: [quick] session: "s"
  judge: { agent: coder, prompt: "good?" } budget: $0.50 tokens: 1_000
}
task get(url: String) -> Response { http: { url: url, method: "POST", headers: { Authorization: "Bearer #{secret("T")}" }, body: { a: 1 } } allow_status: [200, 404] }
task issue(n: Int) -> Json { mcp: github.get_issue args: { number: n } }
task lines_of(files: [Path]) -> [String] { sh: "wc -l #{files} | sort --key=#{2} > \"$HOME\"/x" output: file("p.json") verify: [["a"], ["b", "c"]] }
task deploy { sh: """
    set -x
    cat <<EOF
    hello
    EOF
    """ undo: ["true"] }
workflow inner(n: Int) -> Int with { parallel: 2, on_failure: continue } { let x = lookup("#{n}") len(x) }
workflow main(dir: Path = ".", n: Int = 3) -> { all: [Int], first: String, last: Int? } with { parallel: n, budget: $5, deadline: 2h, checkpoint: wave } {
  let exit = build(dir, level: 1) with { timeout: 1m, retry: 1 }
  assert exit.code == 0, "no build"
  stage checks with { order: sequential } {
    task tests { run: ["test"] after: [exit] }
    let quick_answer = ask("q")
  }
  let note = checks.quick_answer.note ?? "none"
  task tell -> String { sh: "echo #{note}" after: [checks, checks.tests] }
  let all = for i in range(0, n) with { parallel: 4 } { inner(i) with { after: [tell] } }
  let nodes = [{ id: "a", needs: [] }, { id: "b", needs: ["a"] }]
  for x in nodes with { key: x.id, after: x.needs } { lookup(x.id) }
  let best = race { lookup("a"), lookup("b") }
  let two = race for q in ["a", "b", "c"] with { need: 2 } { lookup(q) }
  let draft = repeat d: String = best with { max: 5, every: 1s, on_max: last } { let next = lookup(d) next } until len(d) > 3 or next == ""
  let safe = try { lookup(draft) } catch e { if e.kind == timeout { "#{e.message} #{e.exit_code ?? 0}" } else { none } } finally { deploy() }
  let answer = input<Int>("how many?", default: 3)
  let yes = approve("Ship #{len(all)}?", timeout: 24h, by: ["me"], after: [tell])
  sleep(3s)
  let files = glob("*.rs")
  let text = read("a.txt")
  write("b.txt", text + yes.by)
  let plan = plan_of<Int>(text, inputs: { a: 1 }) with { agents: [coder], budget: $1 }
  if answer > 3 { deploy() } else { lookup("z") }
  match safe { none => deploy() s if s == lookup("s") => deploy() _ => { deploy() } }
  let done = deploy()
  lookup("end") with { after: [done] }
  { all: all, first: two[0], last: last(all) }
}
workflow nothing { deploy() }
test "main" {
  mock build(d, l) => { code: 0, stdout: "", stderr: "" }
  mock lookup(q) => "#{q}!"
  mock ask => { ok: true }
  mock tests
  mock tell => "x"
  mock deploy => fail("broken")
  mock inner => 3
  mock approve => { by: "t", note: "" }
  mock input => 3
  let r = main(dir: "x")
  assert r.first == "a" and len(r.all) == 3
}
"##;

#[test]
fn workflows_in_all_shapes() {
    fine(EVERYTHING);
}

#[test]
fn flow_typing_reaches_everywhere() {
    fine(
        r##"
type R = { a: Int?, b: { c: String? } }
task t(x: Int) -> Int { run: ["x", "#{x}"] }
workflow w(r: R, xs: [Int?]) -> Int {
  assert r.a != none and r.b.c != none
  let n = t(r.a)
  let text = r.b.c + "!"
  let all = for x in xs if x != none { t(x) }
  let s = match xs[0] { none => 0 y => y + 1 }
  let u = match xs[0] { x if x != none => x _ => 0 }
  let v = if xs == [] or r.a == none { 0 } else { r.a }
  n + sum(all) + s + u + v + len(text)
}
fn matched(r: R) -> Int = match r.a { none => 0 _ => r.a + 1 }
fn optional(r: R?) -> Int = if r?.a != none { r.a + (r?.a ?? 1) } else { 0 }
"##,
    );
}

#[test]
fn the_standard_library_is_right() {
    let mut open = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("stdlib")];
    let mut wrong = Vec::new();
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "flow") {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                let (_, sources, out) = run(&[("main.flow", &text)]);
                for d in out.iter().filter(|d| d.is_error()) {
                    let line = sources.positions(d.span).0.line;
                    wrong.push(format!("{}:{line}: {}", path.display(), super::said(d)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
