use super::*;
use crate::plan::{Arm, Binary, Bind, Function, Limit, Part, Pattern, RepeatExpr, Resource, Step};
use crate::types::Builtin;
use crate::value::{Type, TypeTable};

fn plan(fns: Vec<Function>) -> Plan {
    let mut types = TypeTable::default();
    let unit = types.add(Type::Unit);
    Plan {
        format: crate::plan::FORMAT,
        workflow: "w".into(),
        files: vec!["w.flow".into()],
        doc: "".into(),
        inputs: vec![],
        result: unit,
        settings: Default::default(),
        contracts: vec![],
        types,
        agents: vec![],
        resources: vec![Resource { name: "cpu".into(), limit: Limit::Machine }],
        fns,
        tasks: vec![],
        bodies: vec![],
        secrets: vec![],
        missing: vec![],
        hash: "".into(),
    }
}

fn e(kind: ExprKind) -> Expr {
    Expr { kind, spot: Spot(0, 1, 1) }
}

fn int(i: i64) -> Expr {
    e(ExprKind::Const(Value::Int(i)))
}

fn text(t: &str) -> Expr {
    e(ExprKind::Const(Value::text(t)))
}

fn local(slot: u32) -> Expr {
    e(ExprKind::Ref(Ref::Local(slot)))
}

fn bin(op: Binary, a: Expr, b: Expr) -> Expr {
    e(ExprKind::Binary(op, Box::new(a), Box::new(b)))
}

fn list(items: Vec<Expr>) -> Expr {
    e(ExprKind::List(items.into_iter().map(|value| Element { splice: false, value }).collect()))
}

fn run(expr: &Expr) -> Result<Value, String> {
    let plan = plan(vec![]);
    Env::new(&plan, &mut NoScope).eval(expr).map_err(|f| f.message)
}

#[test]
fn arithmetic_is_checked() {
    assert_eq!(run(&bin(Binary::Div, int(-7), int(2))), Ok(Value::Int(-3)));
    assert!(run(&bin(Binary::Div, int(1), int(0))).unwrap_err().contains("division by zero"));
    assert!(run(&bin(Binary::Mul, int(i64::MAX), int(2))).unwrap_err().contains("too large"));
    let hour = || e(ExprKind::Const(Value::Duration(3_600_000)));
    assert_eq!(
        run(&bin(Binary::Div, hour(), e(ExprKind::Const(Value::Duration(1_800_000))))),
        Ok(Value::Float(2.0))
    );
    assert_eq!(run(&bin(Binary::Mul, int(2), hour())), Ok(Value::Duration(7_200_000)));
    assert_eq!(run(&bin(Binary::Div, hour(), int(2))), Ok(Value::Duration(1_800_000)));
    assert!(run(&bin(Binary::Div, int(2), hour())).is_err());
}

#[test]
fn a_long_chain_needs_no_stack() {
    let mut sum = int(0);
    for _ in 0..1_900 {
        sum = bin(Binary::Add, sum, int(1));
    }
    assert_eq!(run(&sum), Ok(Value::Int(1_900)));
}

#[test]
fn a_let_that_nobody_uses_is_never_evaluated() {
    let steps = vec![Step::Let(0, bin(Binary::Div, int(1), int(0))), Step::Let(1, int(4))];
    let block = |value| e(ExprKind::Block { steps: steps.clone(), value: Box::new(value) });
    assert_eq!(run(&block(local(1))), Ok(Value::Int(4)));
    assert!(run(&block(local(0))).is_err());
}

#[test]
fn loops_filter_and_bind() {
    let items = list((0..5).map(int).collect());
    let expr = e(ExprKind::For {
        items: Box::new(items),
        bind: Bind::One(0),
        filter: Some(Box::new(bin(Binary::Gt, local(0), int(2)))),
        body: Box::new(bin(Binary::Mul, local(0), int(10))),
    });
    assert_eq!(run(&expr), Ok(Value::list(vec![Value::Int(30), Value::Int(40)])));
}

#[test]
fn repeat_ends_by_condition_or_by_max() {
    let repeat = |limit, fail| {
        e(ExprKind::Repeat(Box::new(RepeatExpr {
            draft: 0,
            start: int(1),
            max: int(5),
            fail_on_max: fail,
            steps: vec![],
            value: bin(Binary::Mul, local(0), int(2)),
            next: 1,
            until: bin(Binary::Gt, local(1), int(limit)),
        })))
    };
    assert_eq!(run(&repeat(5, true)), Ok(Value::Int(8)));
    assert_eq!(run(&repeat(1000, false)), Ok(Value::Int(32)));
    assert!(run(&repeat(1000, true)).unwrap_err().contains("after 5 rounds"));
}

#[test]
fn try_binds_the_error() {
    let caught = e(ExprKind::Try {
        body: Box::new(e(ExprKind::Builtin(Builtin::Fail, vec![text("no")]))),
        error: 0,
        catch: Some(Box::new(e(ExprKind::Field {
            base: Box::new(local(0)),
            name: "message".into(),
            optional: false,
        }))),
    });
    assert_eq!(run(&caught), Ok(Value::text("no")));
}

#[test]
fn match_binds_and_guards() {
    let arm = |pattern, guard, value| Arm { pattern, guard, value };
    let expr = e(ExprKind::Match {
        value: Box::new(int(7)),
        arms: vec![
            arm(Pattern::Or(vec![Pattern::Literal(Value::Int(1)), Pattern::None]), None, int(1)),
            arm(Pattern::Bind(0), Some(bin(Binary::Lt, local(0), int(7))), int(2)),
            arm(Pattern::Any, None, int(3)),
        ],
    });
    assert_eq!(run(&expr), Ok(Value::Int(3)));
}

#[test]
fn a_secret_in_a_text_makes_it_one() {
    let secret = e(ExprKind::Builtin(Builtin::Secret, vec![text("TOKEN")]));
    let expr = e(ExprKind::Interpolate(vec![Part::Text("Bearer ".into()), Part::Value(secret)]));
    let value = run(&expr).unwrap();
    assert!(value.has_secret());
    assert!(crate::value::json::to_text(&value).is_err());
}

#[test]
fn functions_have_their_own_frame() {
    let body = bin(Binary::Add, e(ExprKind::Ref(Ref::Arg(0))), int(1));
    let plan = plan(vec![Function { name: "inc".into(), params: vec!["x".into()], body, locals: 0 }]);
    let call = e(ExprKind::Call(FnId(0), vec![int(41)]));
    assert_eq!(Env::new(&plan, &mut NoScope).eval(&call), Ok(Value::Int(42)));
}

#[test]
fn built_ins_do_what_they_say() {
    let words = || list(vec![text("b"), text("a"), text("b")]);
    let call = |b, args| run(&e(ExprKind::Builtin(b, args)));
    let texts = |t: &[&str]| Ok(Value::list(t.iter().map(|t| Value::text(*t)).collect()));
    assert_eq!(call(Builtin::Sort, vec![words()]), texts(&["a", "b", "b"]));
    assert_eq!(call(Builtin::Unique, vec![words()]), texts(&["b", "a"]));
    assert_eq!(call(Builtin::Take, vec![words(), int(99)]), texts(&["b", "a", "b"]));
    assert_eq!(call(Builtin::Drop, vec![words(), int(2)]), texts(&["b"]));
    assert_eq!(call(Builtin::Max, vec![words()]), Ok(Value::text("b")));
    assert_eq!(call(Builtin::Max, vec![int(3), int(4)]), Ok(Value::Int(4)));
    assert_eq!(call(Builtin::First, vec![list(vec![])]), Ok(Value::None));
    assert_eq!(call(Builtin::Mod, vec![int(-1), int(7)]), Ok(Value::Int(6)));
    assert_eq!(call(Builtin::ToInt, vec![text(" 12 ")]), Ok(Value::Int(12)));
    let why = |builtin, given| call(builtin, vec![text(given)]);
    assert_eq!(why(Builtin::ToInt, "x"), Err("\"x\" is not a whole number of 64 bits".into()));
    assert_eq!(why(Builtin::ToFloat, "1,5"), Err("\"1,5\" is not a number".into()));
    assert_eq!(call(Builtin::PathJoin, vec![text("a/"), text("b")]), Ok(Value::text("a/b")));
    assert_eq!(call(Builtin::Dirname, vec![text("a/b/c.rs")]), Ok(Value::text("a/b")));
    assert_eq!(call(Builtin::Matches, vec![text("v1.2"), text(r"^v\d")]), Ok(Value::Bool(true)));
    assert!(call(Builtin::Matches, vec![text("x"), text("(")]).unwrap_err().contains("regular expression"));
    assert!(call(Builtin::Range, vec![int(0), int(i64::MAX)]).unwrap_err().contains("larger"));
    assert_eq!(call(Builtin::Range, vec![int(3), int(1)]), Ok(Value::list(vec![])));
}
