//! What the tables say of right programs.

use super::fine;
use flow::ast::{Expr, ExprKind, ItemKind, Table};
use flow::resolve::{DefId, Res};
use flow::types::{Builtin, Callee, Checked, Ty};

/// The body of the last fn.
fn body(checked: &Checked) -> &Expr {
    let items = &checked.resolved.modules[0].ast.items;
    match &items.last().map(|i| &i.kind) {
        Some(ItemKind::Fn(decl)) => &decl.body,
        _ => panic!("the last item is no fn"),
    }
}

fn show(checked: &Checked, ty: Option<&Ty>) -> String {
    let known = checked.known();
    ty.map_or("-".to_string(), |ty| known.show(ty))
}

fn at(checked: &Checked, table: &Table<Ty>, e: &Expr) -> String {
    show(checked, table.get(e.id))
}

#[test]
fn conversions_are_noted_where_they_happen() {
    let checked = fine("fn f() -> Float = 1");
    let e = body(&checked);
    assert_eq!(
        (at(&checked, &checked.types, e), at(&checked, &checked.fits, e)),
        ("Int".into(), "Float".into())
    );

    let checked = fine("fn f(x: Path) -> String? = x");
    assert_eq!(at(&checked, &checked.fits, body(&checked)), "-");

    let checked = fine("type P = { a: Int, b: Int? }\nfn f(x: { b: Int, a: Int, c: Int }) -> [P] = [x]");
    let ExprKind::List(list) = &body(&checked).kind else { panic!() };
    assert_eq!(at(&checked, &checked.fits, &list[0].value), "P");

    let checked = fine("fn f(x: Bool) -> [Float] = [1.5, (if x { 2 } else { 3.5 })]");
    let ExprKind::List(list) = &body(&checked).kind else { panic!() };
    assert_eq!(at(&checked, &checked.types, &list[1].value), "Float");
    let ExprKind::Paren(inner) = &list[1].value.kind else { panic!() };
    assert_eq!(at(&checked, &checked.fits, inner), "-");
    let ExprKind::If { then, .. } = &inner.kind else { panic!() };
    let flow::ast::StmtKind::Expr(two) = &then.stmts[0].kind else { panic!() };
    assert_eq!(at(&checked, &checked.fits, two), "Float");
}

#[test]
fn joined_branches_are_converted() {
    let checked = fine("fn g(x: Float) -> Float = x\nfn f(c: Bool) -> Bool = (if c { 1 } else { 2.5 }) == 1");
    let ExprKind::Binary { left, right, .. } = &body(&checked).kind else { panic!() };
    assert_eq!(at(&checked, &checked.types, left), "Float");
    assert_eq!(at(&checked, &checked.fits, right), "Float");
}

#[test]
fn calls_say_what_and_with_which_arguments() {
    let checked =
        fine("fn g<T>(a: T, b: Int = 3, c: Int) -> [T] = [a]\nfn f() -> [String] = g(c: 1, a: \"x\")");
    let call = checked.calls.get(body(&checked).id).unwrap();
    assert_eq!(call.callee, Callee::Def(DefId(0)));
    assert_eq!(call.args, [Some(1), None, Some(0)]);
    assert_eq!(show(&checked, call.type_args.first()), "String");

    let checked = fine("fn f(x: [Int]) -> Int = len(x)");
    assert_eq!(checked.calls.get(body(&checked).id).unwrap().callee, Callee::Builtin(Builtin::Len));
}

#[test]
fn bare_variants_get_their_meaning() {
    let checked = fine("enum S { low, high }\nfn f(s: S) -> Bool = high == s");
    let ExprKind::Binary { left, .. } = &body(&checked).kind else { panic!() };
    let id = checked.resolved.enums.len() as u32;
    assert_eq!(id, 1);
    let Some(Res::Variant(of, at)) = checked.resolved.names.get(left.id) else { panic!() };
    assert_eq!((checked.enums[of.0 as usize].name.as_str(), *at), ("S", 1));
}

#[test]
fn narrowed_names_have_the_inner_type() {
    let checked = fine("fn f(x: Int?) -> Int = if x != none { x } else { 0 }");
    let ExprKind::If { then, .. } = &body(&checked).kind else { panic!() };
    let flow::ast::StmtKind::Expr(x) = &then.stmts[0].kind else { panic!() };
    assert_eq!(at(&checked, &checked.types, x), "Int");
}

#[test]
fn deep_programs_fit_the_stack() {
    let deep = |open: &str, inner: &str, close: &str| {
        // As deep as the parser lets it be.
        let levels = 126 / open.matches(['(', '[', '{']).count();
        let text = format!("fn f() -> Int = {}{inner}{}", open.repeat(levels), close.repeat(levels));
        let run = move || super::run(&[("main.flow", &text)]).2.iter().map(super::said).collect::<Vec<_>>();
        std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap()
    };
    assert_eq!(deep("(", "1", ")"), [""; 0]);
    assert_eq!(deep("if true { ", "1", " } else { 2 }"), [""; 0]);
    assert_eq!(deep("match 1 { 1 => ", "1", " _ => 2 }"), [""; 0]);
    assert_eq!(deep("sum([", "1", "])"), [""; 0]);
    assert_eq!(deep("sum(for x in [1] { ", "1", " })"), [""; 0]);
    assert_eq!(deep("{ a: ", "1", " }.a"), [""; 0]);
    assert_eq!(deep("try { ", "1", " } catch e { 0 }"), [""; 0]);
    assert_eq!(deep("{ let x = ", "1", " x }"), [""; 0]);
    assert_eq!(deep("len(\"a #{", "1", "}\")"), [""; 0]);
}

#[test]
fn long_chains_fit_the_stack() {
    let sum = vec!["1"; 20_000].join(" + ");
    fine_on_small_stack(format!("fn f() -> Int = {sum}"));
    let elses = "if x == 1 { 1 } else ".repeat(2_000);
    fine_on_small_stack(format!("fn f(x: Int) -> Int = {elses}{{ 0 }}"));
}

fn fine_on_small_stack(text: String) {
    let run = move || {
        let errors = super::run(&[("main.flow", &text)]).2;
        // The parser may refuse such a chain; it must say so.
        assert!(errors.iter().all(|d| d.code.to_string().starts_with("F01")), "{errors:?}");
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}
