//! A file gives the same tree, ids and reports however it is read: in one piece, statement by statement, on threads.

use super::*;

/// Every construct that has an id.
const ALL: &str = r##"use "./#{a}.flow".{b}
/// An enum.
enum E { a, b(x: Int = 1 + 2) }
type R = { a: [Int]?, b: {String: E} = { x: 1 } }
fn f<T>(p: T, q: Int = -1) -> Int = match p {
  E.b(x) | E.a if x > 1 => 1, none => [1, ...xs][0], -3 => 2, "a#{p}" => 3, _ => f<Int>(q: 1) with { timeout: 1s }
}
agent a { model: "m" }
task t(x: Int) -> R { run: ["a", "#{x}"] retry: { max: 2 } }
workflow w(p: Int) -> Int with { parallel: 2 } {
  let { a, b }: R = t(1) // a comment
  stage s with { order: sequential } { assert a, "m #{a}"  task k { sh: "x" } }
  /// A doc.
  let r = repeat d: Int = 1 with { max: 3 } { d + 1 } until d > 2 and not (d == 3)
  let q = race { t(1), t(2) } with { need: 1 }
  let z = race for { k, v } in m if k with { need: 1 } { t(v)?.x }
  for x in xs with { parallel: 1 } { x } ; y
  try { x } catch e { e.m } finally { y }
  if a { 1 } else if b { 2 } else { 3 }
  {a: 1}
}
test "t #{1}" { mock t(_, x) => 1  mock a.b  let y = w(1)  assert y == -1 }
"##;

fn read_by(threads: usize, long: usize, text: &str) -> (String, usize, Vec<Diagnostic>) {
    let (mut ids, mut out) = (ast::NodeIds::default(), Vec::new());
    let module = parse_by(Reading { threads, long, repair: true }, FileId(0), text, &mut ids, &mut out);
    (format!("{module:?}"), ids.count(), out)
}

#[test]
fn neither_threads_nor_pieces_change_what_is_read() {
    let broken = ALL.replace("let q =", "let q q =").replace("enum E", "enum 3").replace("{a: 1}", "a b c");
    let texts = [
        String::new(),
        program::AUDIT.repeat(3),
        ALL.repeat(4),
        format!("{ALL}{broken}").repeat(3),
        // More errors than are reported.
        broken.repeat(60),
        format!("{ALL} foo"),
        format!("workflow w() {{ a }} b\n{ALL}"),
        "workflow w() {\n".to_string() + &"  let a = b c\n  d ; e\n".repeat(30) + "}\n\n// the end\n",
        "workflow w() { a: 1, b: 2 }\nworkflow v() {}\nworkflow u() { a ) }\n".to_string(),
    ];
    for text in texts {
        let whole = read_by(1, usize::MAX, &text);
        for threads in [1, 2, 3, 7] {
            for long in [0, usize::MAX] {
                assert!(read_by(threads, long, &text) == whole, "{threads} threads, {long}:\n{text}");
            }
        }
    }
}

#[test]
fn a_large_file_is_read_on_several_threads() {
    assert_eq!(Reading::of(60 << 10).threads, 1);
    let cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(Reading::of(1 << 20).threads, cores.min(8));
}

#[test]
fn nodes_are_small() {
    let sizes = (size_of::<ast::Expr>(), size_of::<ast::Stmt>(), size_of::<ast::TypeExpr>());
    assert!(sizes.0 <= 80 && sizes.1 <= 192 && sizes.2 <= 72, "{sizes:?}");
}
