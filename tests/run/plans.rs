use super::*;
use flow::plan::*;
use flow::run::How;
use flow::value::Value;

#[test]
fn a_chain_hands_values_on() {
    let first = def("first", sh("echo hello"), STRING);
    let mut second = def(
        "second",
        Action::Sh {
            script: vec![
                ScriptPart::Text("printf %s ".into()),
                ScriptPart::Word(Box::new(e(ExprKind::Ref(Ref::Arg(0))))),
                ScriptPart::Text("!".into()),
            ],
        },
        STRING,
    );
    second.params = vec![("s".into(), STRING)];
    let nodes = vec![node("first", task(0, vec![]), &[]), node("second", task(1, vec![node_ref(0)]), &[0])];
    let ran = run(&plan(vec![first, second], nodes, Some(node_ref(1)), STRING));
    assert_eq!(ran.value(), Value::text("hello!"));
    assert_eq!(ran.words().first(), Some(&"run_started"));
    assert_eq!(ran.words().last(), Some(&"run_finished"));
    match ran.resume().how {
        How::Succeeded(value) => assert_eq!(value, Value::text("hello!")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_map_keeps_the_order_of_its_list() {
    let mut inner = def(
        "inner",
        Action::Sh {
            script: vec![
                ScriptPart::Text("printf %s ".into()),
                ScriptPart::Word(Box::new(e(ExprKind::Ref(Ref::Arg(0))))),
            ],
        },
        STRING,
    );
    inner.params = vec![("s".into(), STRING)];
    let items = e(ExprKind::List(
        ["a", "b", "c"].iter().map(|t| Element { splice: false, value: text(t) }).collect(),
    ));
    let map = NodeKind::Map {
        items: Box::new(items),
        bind: Bind::One(0),
        filter: None,
        parallel: None,
        key: None,
        after: None,
        body: BodyId(1),
    };
    let mut plan = plan(vec![inner], vec![node("found", map, &[])], Some(node_ref(0)), STRINGS);
    plan.bodies.push(Body {
        parent: Some(BodyId(0)),
        params: vec!["x".into()],
        nodes: vec![node("", task(0, vec![param(0, 0)]), &[])],
        result: Some(node_ref(0)),
        ..Body::default()
    });
    let ran = run(&plan);
    assert_eq!(ran.value(), Value::list(vec![Value::text("a"), Value::text("b"), Value::text("c")]));
}

#[test]
fn a_failed_task_fails_the_run_with_its_reason() {
    let failing = def("failing", sh("echo why >&2; exit 3"), UNIT);
    let ran = run(&plan(vec![failing], vec![node("failing", task(0, vec![]), &[])], None, UNIT));
    match &ran.end.how {
        How::Failed(failure) => {
            assert_eq!((failure.kind.as_str(), failure.task.as_str()), ("exit", "failing"));
            assert_eq!(failure.exit_code, Some(3));
            assert!(failure.message.contains("why"), "{}", failure.message);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(ran.end.exit_code(), 1);
}
