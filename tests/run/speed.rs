use super::*;
use flow::plan::*;
use flow::types::BuiltinTask;
use flow::value::Value;

fn rss() -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    text.lines().filter(|l| l.starts_with("VmHWM") || l.starts_with("VmRSS")).collect::<Vec<_>>().join(" ")
}

#[test]
fn speed() {
    let n: usize = std::env::var("N").ok().and_then(|n| n.parse().ok()).unwrap_or(50_000);
    let now = def("now", Action::Builtin { task: BuiltinTask::Now, args: vec![] }, STRING);
    let items = e(ExprKind::Builtin(flow::types::Builtin::Range, vec![int(0), int(n as i64)]));
    let map = NodeKind::Map { items: Box::new(items), bind: Bind::One(0), filter: None, parallel: None, key: None, after: None, body: BodyId(1) };
    let mut plan = plan(vec![now, def("t", sh("true"), UNIT)], vec![node("found", map, &[])], None, UNIT);
    plan.bodies.push(Body { parent: Some(BodyId(0)), params: vec!["x".into()], nodes: vec![node("", task(0, vec![]), &[])], result: Some(node_ref(0)), ..Body::default() });
    let folder = tempfile::tempdir().unwrap();
    let project = flow::store::Project::find(folder.path()).unwrap();
    let start = std::time::Instant::now();
    let mut silent = flow::run::Silent;
    let company = flow::run::Company { observer: &mut silent, asker: None };
    let options = flow::run::Options { durability: flow::store::Durability::Process, ..Default::default() };
    let end = flow::run::start(&plan, &[], flow::run::Site { project: project.clone(), link: None }, &options, company);
    let took = start.elapsed();
    println!("map {n}: {took:?} {}/s {} {:?}", n as f64 / took.as_secs_f64(), rss(), end.how);
    let start = std::time::Instant::now();
    let dir = project.resolve(&end.run).unwrap();
    let company = flow::run::Company { observer: &mut silent, asker: None };
    let end = flow::run::resume(&dir, Default::default(), flow::run::Site { project, link: None }, &options, company);
    println!("resume {:?} {:?}", start.elapsed(), end.how);
    // wide static
    let nodes = (0..n).map(|i| node(&format!("t{i}"), task(0, vec![]), &[])).collect();
    let wide = super::build::plan(plan.tasks.clone(), nodes, None, UNIT);
    let start = std::time::Instant::now();
    let ran = run_with(&wide, &options);
    println!("wide {n}: {:?} {} events {}", start.elapsed(), ran.events.len(), rss());
    let _ = Value::Unit;
}
