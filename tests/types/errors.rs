//! Programs that are wrong, with the errors that each line has.

use super::{expect, message};

#[test]
fn values_that_do_not_fit() {
    expect(
        r##"
type P = { x: Float, y: Float, z: Float? }
fn a() -> Int = "x" //~ F0301
fn b() -> Int = 1.5 //~ F0301
fn c(s: String) -> Path = s //~ F0301
fn d() -> P = { x: 1 } //~ F0318
fn e() -> P = { x: 1, y: "a" } //~ F0301
fn f() -> P = { x: 1, y: 2, zz: 3 } //~ F0306
fn g() -> [Int] = [1, "a", true] //~ F0301 F0301
fn h() -> [Int] = 1 //~ F0301
fn i(list: [{ a: { b: String } }]) -> [{ a: { b: Int } }] = list //~ F0301
fn j() -> Int = { x: 1, x: 2 }.x //~ F0317
fn k(m: {String: Int}) -> Int = m.a //~ F0306
fn l() -> {String: Int} = { a: 1, b: "x" } //~ F0301
fn m(p: P) -> Int = p.q //~ F0306
fn n() -> Float = 3.foo //~ F0306
fn o(p: { x: Int }) -> P = p //~ F0301
type Q = { a: Int, a: Int } //~ F0203
type R = {Int: String} //~ F0301
type S = { x: Int = "a" } //~ F0301
fn u(x: Int = none) -> Int = x //~ F0302
fn v(c: Bool) -> Int = if c { "a" } else { 2 } //~ F0301
fn w(xs: [Int]) -> Int = xs["a"] //~ F0301
fn y(x: Int) -> Int = x[0] //~ F0301
fn z(x: Int) -> [Int] = for y in x { y } //~ F0301
"##,
    );
}

#[test]
fn none_must_be_handled() {
    expect(
        r##"
type R = { a: Int?, b: { c: Int }? }
fn a(r: R) -> Int = r.a //~ F0302
fn b(r: R) -> Int = r.b.c //~ F0302
fn c(r: R) -> String = "#{r.a}" //~ F0302
fn d(r: R) -> Int = r.a + 1 //~ F0302
fn e(xs: [Int]?) -> [Int] = for x in xs { x } //~ F0302
fn f(x: Int) -> Int = x ?? 1 //~ F0325
fn g(r: { b: { c: Int } }) -> Int = r.b?.c //~ F0325
fn h(x: Int) -> Bool = x == none //~ F0325
fn i(c: Bool) -> Int = if c { 1 } //~ F0302
fn j(x: Int?) -> Int = if x != none or true { x } else { 0 } //~ F0302
fn k(x: Int?) -> Int = if x == none and true { 0 } else { x } //~ F0302
fn l(m: {String: Int}) -> Int = m["a"] //~ F0302
fn m(xs: [Int]) -> Int = first(xs) //~ F0302
fn n(x: Int?) -> Int = len(x) //~ F0302
fn o(x: [Int]?) -> Int = x[0] //~ F0302
fn p(x: Int?) -> Bool = x < 3 //~ F0302
fn q(x: Int?) -> Int = -x //~ F0302
fn r(x: Int?) -> Int = match x { none => 0, y if y > 0 => y, z => z }
"##,
    );
}

#[test]
fn matches() {
    expect(
        r##"
enum S { low, mid, high }
enum T { a, b(x: S?), c(s: S, n: Int) }
fn a(s: S) -> Int = match s { low => 1 mid => 2 } //~ F0303
fn b(s: S) -> Int = match s { low => 1 _ => 2 high => 3 } //~ F0304
fn c(s: S) -> Int = match s { low => 1 lov => 3 _ => 2 } //~ F0214
fn d(t: T) -> Int = match t { a => 1 b(none) => 2 b(low) => 3 c(_, 3) => 4 c(high, _) => 4 } //~ F0303
fn e(t: T) -> Int = match t { a => 1 b(_, _) => 2 c => 3 } //~ F0319 F0319
fn f(n: Int) -> Int = match n { 1 => 2 } //~ F0303
fn g(n: Int?) -> Int = match n { n => 1 none => 3 } //~ F0304
fn h(n: Int) -> Int = match n { none => 1 _ => 3 } //~ F0319
fn i(n: Int) -> Int = match n { "a" => 1 _ => 3 } //~ F0319
fn j(s: S) -> Int = match s { T.a => 1 _ => 3 } //~ F0319
fn k(b: Bool) -> Int = match b { true if b => 1 false => 0 } //~ F0303
enum U { a, b(x: Int?), c(s: Int, n: Int) }
fn l(t: U) -> Int = match t { b(x) | c(x, _) => 1 a => 2 } //~ F0319
fn m(t: U) -> Int = match t { b(x) | a => 1 _ => 2 } //~ F0319
fn n(s: S) -> S = match s { low => low mid | high => high }
fn o(s: S) -> String = match s { low => "#{low}" _ => "x" } //~ F0201
fn p(n: Int) -> Int = match n { 1 | 1 => 2 1 => 4 _ => 3 } //~ F0304
"##,
    );
}

#[test]
fn calls() {
    expect(
        r##"
enum E { a, b(x: Int) }
type N = { v: Int }
fn f(a: Int, b: String = "x", c: Int?) -> Int = a
fn same<T>(a: T, b: T) -> T = a
fn make<T>(n: Int) -> [T] = []
fn a() -> Int = f() //~ F0305
fn b() -> Int = f(1, "a", 2, 3) //~ F0305
fn c() -> Int = f(1, d: 3) //~ F0305
fn d() -> Int = f(1, a: 3) //~ F0305
fn e() -> Int = f(a: 1, "x") //~ F0305
fn g() -> Int = f("x", 1) //~ F0301 F0301
fn h(x: Int) -> Int = x() //~ F0320
fn i() -> Int = same(1, "a") //~ F0301
fn j() -> [Int] = make(3) //~ F0314
fn k() -> [Int] = make<Int>(3)
fn l() -> Int = f<Int>(3) //~ F0321
fn m() -> Int = same<Int, Int>(1, 2) //~ F0321
fn n() -> E = b() //~ F0305
fn o() -> E = E.b //~ F0305
fn p() -> Int = from_json("3") //~ F0314
fn q() -> Int = len() //~ F0305
fn r() -> Int = len(3) //~ F0301
fn s() -> [Int] = sort_by([{ a: 1 }], "b") //~ F0306
fn t(xs: [N]) -> [N] = sort(xs) //~ F0301
fn u(xs: [N], by: String) -> [N] = sort_by(xs, by) //~ F0305
fn v() -> Bool = matches("a", "(") //~ F0305
fn w() -> Int = mod(number: 3, by: 2) //~ F0305
fn x() -> String = N("a") //~ F0212
fn y() -> Int = f(1) with { timeout: 3s } //~ F0320
fn z() -> [Int] = flatten([1]) //~ F0301
fn aa() -> Secret = secret("a b") //~ F0305
fn bb(n: N<Int>) -> Int = 1 //~ F0321
fn cc() -> [Int] = same([], []) //~ F0314
"##,
    );
}

#[test]
fn inference_has_limits() {
    expect(
        r##"
task t(x: Int) -> Int { run: ["x"] }
workflow w -> Int {
  let a = [] //~ F0314
  let b = none //~ F0314
  let c: [Int] = []
  let d = if true { 1 } else { "x" } //~ F0313
  let e = [1, "x"] //~ F0313
  let f = [{ a: 1, b: 2 }, { a: 1 }] //~ F0313
  let g = [{ a: none }] //~ F0314
  let h = try { t(1) } catch e { "no" } //~ F0313
  let i = match 3 { 1 => "a" _ => 2 } //~ F0313
  t(len(c))
}
"##,
    );
}

#[test]
fn operators() {
    expect(
        r##"
enum E { a, b(x: Int) }
fn a() -> Int = 1 + "a" //~ F0316
fn b() -> Duration = 3s + 1 //~ F0316
fn c() -> Duration = 3s * 2s //~ F0316
fn d() -> Bool = 1 == "a" //~ F0316
fn e(x: E, y: E) -> Bool = x < y //~ F0316
fn f() -> Bool = not 1 //~ F0301
fn g() -> Bool = 1 and true //~ F0301
fn h() -> Bool = 1 in 2 //~ F0316
fn i() -> Bool = 1 in ["a"] //~ F0316
fn j() -> Bool = 1 in "abc" //~ F0301
fn k() -> String = -"a" //~ F0316
fn l() -> Bool = [1] < [2] //~ F0316
fn m() -> Money = $1 + 1MiB //~ F0316
fn n() -> String = "a" + 1 //~ F0316
"##,
    );
}

#[test]
fn secrets_stay_in_their_places() {
    expect(
        r##"
agent a { env: { X: secret("X") } }
task t(s: Secret) -> String { agent: a prompt: "use #{s}" env: { S: s, T: "x#{s}" } } //~ F0801
task u(s: Secret) -> String { sh: "echo #{s}" env: { S: s } } //~ F0801
task v(s: Secret) -> String { run: ["x", s] } //~ F0801
task w(m: {String: Secret}) -> Secret { run: ["x"] env: m } //~ F0801
fn f(a: Secret, b: Secret) -> Bool = a == b //~ F0801
fn g(a: Secret) -> String = a //~ F0801
fn h(a: Secret) -> Json = { a: a } //~ F0801
fn i(a: Secret) -> String = to_json({ a: a }) //~ F0801
fn j(a: Secret) -> Secret = "x #{a}"
fn k<T>(a: T) -> T = a
fn l(a: Secret) -> Secret = k(a) //~ F0324
workflow x -> String { t(secret("A")) }
"##,
    );
}

#[test]
fn purity_and_statements() {
    expect(
        r##"
task t(x: Int) -> Int { run: ["x"] accept: u() == 3 } //~ F0310
task u() -> Int { run: ["x", "#{t2(3)}"] } //~ F0310
task t2(x: Int) -> Int { run: ["x"] }
task v(x: Int = u()) { run: ["x"] } //~ F0310
fn f() -> Int = t(1) //~ F0310
workflow w(a: Int = t(1)) -> Int { //~ F0310
  1 + 2 //~ F0309
  let x = v()
  let y = x //~ F0311
  "#{v()}" //~ F0311
  assert t(1) == 2 //~ F0310
  if a > 1 { fail("no") } //~ F0309
  for i in [1] if t(i) > 0 { t(i) }
  let z = t(v()) //~ F0311
  t //~ F0311
}
workflow none_here { t(1) 3 } //~ F0309
workflow empty -> Int { } //~ F0311
workflow last_let -> Int { let x = t(1) } //~ F0311
workflow stages -> Int { stage s { let x = t(1) } s } //~ F0311
"##,
    );
}

#[test]
fn properties() {
    expect(
        r##"
agent a { modl: "x" } //~ F0307
agent b { from: 3 tools: "Read" max_turns: 0 } //~ F0308 F0308 F0308
resource r { rate: 3 } //~ F0323
mcp m { command: ["x"] url: "u" } //~ F0323
task t0 { } //~ F0322
task t1 { run: ["a"] sh: "b" } //~ F0322
task t2 { agent: a } //~ F0323
task t3 { prompt: "x" } //~ F0322
task t4 { run: "ls -l" } //~ F0308
task t5 { run: ["ls", 3] } //~ F0301
task t6 { run: ["ls"] timeout: 3 retry: -1 prioriti: 3 } //~ F0301 F0308 F0307
task t7 { run: ["ls"] prompt: "x" allow_status: [200] } //~ F0307 F0307
task t8 { run: ["ls"] after: [t0] } //~ F0307
task t9 { run: ["ls"] retry: { backoff: 3s, on: [timeoutt], maxx: 3 } } //~ F0323 F0201 F0307
task t10 { run: ["ls"] output: file } //~ F0308
task t11 { run: ["ls"] run: ["ls"] } //~ F0317
task t12 -> Response { run: ["ls"] } //~ F0308
task t13 -> Exit { agent: a prompt: "x" } //~ F0308
task t14 { run: ["ls"] resources: { gpu: 1, cpu: 0 } } //~ F0308 F0308
task t15 { run: [] } //~ F0308
task t16 { http: { method: "get" } } //~ F0323 F0308
task t18(s: String) { sh: s } //~ F0308
task t20 -> Int { run: ["ls"] accept: result } //~ F0301
task t21 { run: ["ls"] parallel: 3 } //~ F0307
"##,
    );
}

#[test]
fn settings_of_calls_and_loops() {
    expect(
        r##"
task t(x: Int) -> Int { run: ["x"] }
task ask(q: String) -> Int { sh: "x" }
workflow w(n: Int) -> Int {
  let a = t(1) with { timeout: "3s", prompt: "x", retry: { max: 1 } } //~ F0301 F0307
  let a2 = t(1) with { run: ["y", "#{n}"] }
  let a3 = t(1) with { sh: "y" } //~ F0322
  let a4 = ask("") with { run: ["y"], sh: "y #{n}" } //~ F0322
  let a5 = ask("") with { sh: "y '#{n}'" } //~ F0802
  let a6 = t(1) with { run: "y" } //~ F0308
  let b = t(1) with { after: [t] } //~ F0326
  let c = t(1) with { after: [a, n] } //~ F0326
  let d = t(1) with { after: a } //~ F0326
  let e = t(1) with { after: [t(2)] } //~ F0326
  let f = for x in [1] with { parallel: a } { t(x) } //~ F0327
  let g = for x in [1] with { parallel: 0 } { t(x) } //~ F0308
  let h = for x in [1] with { parallel: n + 1, key: x } { t(x) }
  let i = for x in [1] with { after: [x] } { t(x) } //~ F0323
  let j = for x in [1] with { key: x, after: ["a"] } { t(x) } //~ F0301
  let k = for x in [[1]] with { key: x } { t(1) } //~ F0301
  let l = repeat d = 1 { t(d) } until d > 3 //~ F0323
  let m = repeat d = 1 with { max: 3 } { "x" } until d > 3 //~ F0301
  let o = race { t(1), t(2) } with { need: 3 } //~ F0308
  let q = w2() with { parallel: 2, timeout: 3s } //~ F0307
  let r = approve("x", after: [a], timeout: 3) //~ F0301
  let s = input("x") //~ F0314
  stage st with { order: random } { t(1) } //~ F0214
  t(1) with { cwd: "x", session: "s" } //~ F0307
}
workflow w2 { t(1) }
"##,
    );
}

#[test]
fn scripts() {
    expect(
        r##"
task a(x: String, xs: [String]) { sh: "echo #{x} --y=#{x} #{xs}" }
task b(x: String) { sh: "echo '#{x}'" } //~ F0802
task c(x: String) { sh: "echo \"#{x}\"" } //~ F0802
task d(x: String) { sh: "# #{x}" } //~ F0802
task e(xs: [String]) { sh: "echo a#{xs}" } //~ F0802
task f(x: String?) { sh: "echo #{x}" } //~ F0302
task g(x: [[Int]]) { sh: "echo #{x}" } //~ F0301
"##,
    );
}

#[test]
fn tests_and_mocks() {
    expect(
        r##"
task t(x: Int) -> Int { run: ["x"] }
task u(x: Int) { run: ["x"] }
workflow w -> Int { task inside -> String { run: ["x"] } u(1) t(1) }
test "a" {
  mock t => "x" //~ F0301
  mock t(a, b) => 3 //~ F0328
  mock t //~ F0328
  mock u => 3 //~ F0328
  mock inside => 3 //~ F0301
  mock t(3) => 3 //~ F0328
  mock approve => 3 //~ F0301
  let r = w()
  r + 1 //~ F0309
  assert r //~ F0301
}
"##,
    );
}

#[test]
fn declared_types() {
    expect(
        r##"
type A = { b: B } //~ F0315
type B = { a: A }
type C = C? 
type D = { next: D? }
type E = { all: [E], by: {String: E} }
type F<T> = { x: T, f: F<[T]>? } //~ F0315
type G = G //~ F0315
type H<T> = { x: T }
type I = H<I> //~ F0315
type J<T> = [T]
type K = J<K>
type L = { x: L2 } //~ F0315
type L2 = H<L>
enum Tree { leaf, node(left: Tree, right: Tree) }
fn f(a: A, d: D) -> Int = a.b.a.zzz + d.yyy //~ F0306
"##,
    );
}

#[test]
fn messages_say_what_and_why() {
    assert_eq!(
        message("task t(x: Int) -> Int { run: [\"x\"] }\nworkflow w -> Int { t(\"a\") }"),
        "F0301 expected Int, found String | this is String | the parameter `x` takes Int > a number is written without quotes: `3`; a text is read by `to_int(text)`"
    );
    assert_eq!(
        message("fn i(l: [{ a: { b: String } }]) -> [{ a: { b: Int } }] = l"),
        "F0301 expected [{ a: { b: Int } }], found [{ a: { b: String } }] | `[].a.b` is String, not Int | the \
         result must be [{ a: { b: Int } }]"
    );
    assert_eq!(
        message("enum S { low, mid, high }\nfn a(s: S) -> Int = match s { low => 1 }"),
        "F0303 no arm takes `mid` and `high` | this is S > add an arm for each, or `_ => …` for the rest"
    );
    assert_eq!(
        message("fn f(threat: String, n: Int = 3) -> Int = n\nfn g() -> Int = f(thread: \"x\")"),
        "F0305 no parameter is called `thread` | `f(threat: String, n: Int = …) -> Int` > did you mean `threat`?"
    );
    assert_eq!(
        message("enum E { low, high }\ntype F = { level: E }\nfn g(low: E) -> F = { level: low }"),
        "F0312 `low` is a variant of E and a name in scope | both are E > write `E.low` for the variant, or give the other \
         another name"
    );
}
