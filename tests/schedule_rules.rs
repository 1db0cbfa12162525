//! The scheduler's rules one by one, each in a small plan made for it.

use crate::schedule_chance::Script;
use crate::schedule_plans::{AGENT, RUN, body, map, node, plan, task};
use crate::schedule_world::{Nature, World};
use flow::plan::{AgentId, BodyId, CallSettings, Node, NodeKind, Plan, RaceKind, ResourceId};
use flow::schedule::{
    Answer, Cause, Crash, End, ErrorKind, ErrorRef, Event, Inputs, Outcome, Policy, Question, Retry, Why,
};

const NATURE: Nature =
    Nature { seed: 1, timing: 1, parallel: 4, policy: Policy::Rolling, failures: 0, trouble: false };

fn world<'p>(plan: &'p Plan, nature: Nature, script: Script) -> World<'p> {
    let mut world = World::new(plan, nature);
    world.script = Some(script);
    world
}

/// The tasks in the order in which their attempts began, with the time.
fn starts(world: &World<'_>) -> Vec<(String, i64)> {
    let begun = world.journal.iter().filter(|row| matches!(row.event, Event::AttemptStarted { .. }));
    begun.map(|row| (row.id.clone().unwrap(), row.at)).collect()
}

fn order(world: &World<'_>) -> Vec<String> {
    starts(world).into_iter().map(|(id, _)| id).collect()
}

fn fails(kind: ErrorKind, times: usize) -> Vec<Outcome> {
    vec![Outcome::Failed(kind); times]
}

fn run_task(name: &str, needs: &[u32]) -> Node {
    task(name, RUN, needs)
}

fn try_node(name: &str, body: u32, catch: Option<u32>, finally: Option<u32>) -> Node {
    let kind = NodeKind::Try { body: BodyId(body), catch: catch.map(BodyId), finally: finally.map(BodyId) };
    node(name, kind, &[])
}

fn call(name: &str, body: u32) -> Node {
    let kind = NodeKind::Call {
        workflow: "w".into(),
        args: Vec::new(),
        settings: Box::new(CallSettings::default()),
        body: BodyId(body),
    };
    node(name, kind, &[])
}

#[test]
fn backoff_grows_and_then_the_task_fails() {
    let plan = plan(vec![body(vec![run_task("t", &[])])], false);
    let retry = Retry { max: 2, backoff_ms: 100, factor: 3.0, jitter: 0.0, on: None };
    let script = Script {
        inputs: [("t".to_owned(), Inputs { retry, ..Inputs::default() })].into(),
        outcomes: [("t".to_owned(), fails(ErrorKind::Exit, 5))].into(),
        ..Script::default()
    };
    let mut world = world(&plan, NATURE, script);
    assert_eq!(world.run(), End::Failed(ErrorRef(0)));
    let times: Vec<i64> = starts(&world).into_iter().map(|(_, at)| at).collect();
    assert_eq!(times, [0, 10 + 100, 120 + 300]);
    let why = world.journal.iter().find_map(|row| match row.event {
        Event::TaskSettled { why, .. } => why,
        _ => None,
    });
    assert_eq!(why, Some(Why { kind: ErrorKind::Exit, cause: Cause::Told }));
}

#[test]
fn what_was_denied_is_not_tried_again_unless_it_says_so() {
    let plan = plan(vec![body(vec![run_task("a", &[]), run_task("b", &[])])], true);
    let retry = |on| Retry { max: 2, on, ..Retry::default() };
    let inputs = |on| Inputs { retry: retry(on), ..Inputs::default() };
    let script = Script {
        inputs: [("a".to_owned(), inputs(None)), ("b".to_owned(), inputs(Some(vec![ErrorKind::Denied])))]
            .into(),
        outcomes: ["a", "b"].map(|id| (id.to_owned(), fails(ErrorKind::Denied, 2))).into(),
        ..Script::default()
    };
    let mut world = world(&plan, NATURE, script);
    world.run();
    assert_eq!(order(&world).iter().filter(|id| *id == "a").count(), 1);
    assert_eq!(order(&world).iter().filter(|id| *id == "b").count(), 3);
    assert_eq!(world.ends["b"], End::Succeeded);
}

#[test]
fn a_failure_stops_all_or_only_what_depends_on_it() {
    for lenient in [false, true] {
        let nodes = vec![
            run_task("bad", &[]),
            run_task("after", &[0]),
            run_task("long", &[]),
            run_task("last", &[2]),
        ];
        let plan = plan(vec![body(nodes)], lenient);
        let script = Script {
            outcomes: [("bad".to_owned(), fails(ErrorKind::Exit, 1))].into(),
            takes: [("long".to_owned(), 500)].into(),
            ..Script::default()
        };
        let mut world = world(&plan, NATURE, script);
        assert_eq!(world.run(), End::Failed(ErrorRef(0)));
        assert!(!order(&world).contains(&"after".to_owned()));
        assert_eq!(order(&world).contains(&"last".to_owned()), lenient);
        assert_eq!(world.ends["bad"], End::Failed(ErrorRef(0)));
        let skipped = world.state.counts().skipped;
        assert_eq!(skipped, if lenient { 1 } else { 2 });
        assert!(world.now < 500 || lenient);
    }
}

#[test]
fn catch_begins_when_the_whole_block_has_ended_and_finally_comes_last() {
    let plan = plan(
        vec![
            body(vec![try_node("t", 1, Some(2), Some(3)), run_task("next", &[0])]),
            body(vec![run_task("bad", &[]), run_task("beside", &[])]),
            body(vec![run_task("caught", &[])]),
            body(vec![run_task("cleaned", &[])]),
        ],
        false,
    );
    let script = Script {
        outcomes: [("bad".to_owned(), fails(ErrorKind::Exit, 1))].into(),
        takes: [("beside".to_owned(), 300)].into(),
        ..Script::default()
    };
    let mut world = world(&plan, NATURE, script);
    assert_eq!(world.run(), End::Succeeded);
    assert_eq!(order(&world), ["bad", "beside", "caught", "cleaned", "next"]);
    let beside =
        world.journal.iter().position(|row| row.id.as_deref() == Some("beside") && ended(&row.event));
    let caught = world.journal.iter().position(|row| row.id.as_deref() == Some("caught"));
    assert!(beside < caught);
}

fn ended(event: &Event) -> bool {
    matches!(event, Event::TaskSettled { .. })
}

#[test]
fn a_cancel_runs_finally_but_no_catch() {
    let plan = plan(
        vec![
            body(vec![try_node("t", 1, Some(2), Some(3)), run_task("next", &[0])]),
            body(vec![run_task("long", &[])]),
            body(vec![run_task("caught", &[])]),
            body(vec![run_task("cleaned", &[])]),
        ],
        false,
    );
    let script = Script { takes: [("long".to_owned(), 1000)].into(), ..Script::default() };
    let mut world = world(&plan, NATURE, script);
    world.turn(vec![Event::RunStarted { window: 4, parallel: None, deadline_ms: None }]);
    world.turn(vec![Event::CancelAsked]);
    world.cancelled = true;
    assert_eq!(world.go_on(), End::Cancelled);
    assert_eq!(order(&world), ["long", "cleaned"]);
}

#[test]
fn the_deadline_of_a_workflow_is_caught_outside_it_only() {
    let plan = plan(
        vec![
            body(vec![try_node("outer", 1, Some(2), None)]),
            body(vec![call("w", 3)]),
            body(vec![run_task("outside", &[])]),
            body(vec![try_node("inner", 4, Some(5), Some(6))]),
            body(vec![run_task("long", &[])]),
            body(vec![run_task("inside", &[])]),
            body(vec![run_task("cleaned", &[])]),
        ],
        false,
    );
    let script = Script {
        takes: [("w/long".to_owned(), 1000)].into(),
        deadlines: [("w".to_owned(), 50)].into(),
        ..Script::default()
    };
    let mut world = world(&plan, NATURE, script);
    assert_eq!(world.run(), End::Succeeded);
    assert_eq!(order(&world), ["w/long", "w/cleaned", "outside"]);
    assert_eq!(starts(&world)[1].1, 51);
}

#[test]
fn the_losers_of_a_race_are_stopped_and_waited_for() {
    let race = |need| {
        let entrants = RaceKind::Bodies(vec![BodyId(1), BodyId(2)]);
        node("r", NodeKind::Race { entrants, need }, &[])
    };
    let plan = plan(
        vec![
            body(vec![race(None), run_task("next", &[0])]),
            body(vec![run_task("slow", &[]), run_task("never", &[0])]),
            body(vec![run_task("fast", &[])]),
        ],
        false,
    );
    let script = Script { takes: [("slow".to_owned(), 900)].into(), ..Script::default() };
    let mut world = world(&plan, NATURE, script);
    assert_eq!(world.run(), End::Succeeded);
    assert_eq!(order(&world), ["slow", "fast", "next"]);
    assert_eq!(starts(&world)[2].1, 11);
}

#[test]
fn a_race_that_nobody_can_win_fails() {
    let entrants = RaceKind::Bodies(vec![BodyId(1), BodyId(2)]);
    let plan = plan(
        vec![
            body(vec![node("r", NodeKind::Race { entrants, need: None }, &[])]),
            body(vec![run_task("a", &[])]),
            body(vec![run_task("b", &[])]),
        ],
        false,
    );
    let outcomes = ["a", "b"].map(|id| (id.to_owned(), fails(ErrorKind::Exit, 1))).into();
    let mut world = world(&plan, NATURE, Script { outcomes, ..Script::default() });
    // the entrants' failures are 0 and 1; that of the race is 2
    assert_eq!(world.run(), End::Failed(ErrorRef(2)));
}

#[test]
fn a_big_task_is_not_starved_by_small_ones() {
    let mut nodes = vec![run_task("big", &[])];
    nodes.extend((0..400).map(|i| Node { path_ms: 1000, ..run_task(&format!("s{i}"), &[]) }));
    let plan = plan(vec![body(nodes)], false);
    let gpu = |n| Inputs { units: vec![(ResourceId(1), n)], ..Inputs::default() };
    let mut inputs: std::collections::HashMap<String, Inputs> =
        (0..400).map(|i| (format!("s{i}"), gpu(1))).collect();
    inputs.insert("big".to_owned(), Inputs { priority: -1, ..gpu(5) });
    let takes = (0..400).map(|i| (format!("s{i}"), 7 + i % 13)).collect();
    let mut world =
        world(&plan, Nature { parallel: 100, ..NATURE }, Script { inputs, takes, ..Script::default() });
    assert_eq!(world.run(), End::Succeeded);
    let at = order(&world).iter().position(|id| id == "big").unwrap();
    // it is known of when the window of 256 reaches it, then lets at most 64 and those that run go before
    assert!(at < 260, "begun as number {at}");
}

#[test]
fn longest_path_then_priority_then_plan_order() {
    let nodes = vec![
        run_task("a", &[]),
        run_task("b", &[]),
        run_task("c", &[]),
        Node { path_ms: 900, ..run_task("long", &[]) },
    ];
    let plan = plan(vec![body(nodes)], false);
    let inputs = [("c".to_owned(), Inputs { priority: 5, ..Inputs::default() })].into();
    let mut world = world(&plan, Nature { parallel: 1, ..NATURE }, Script { inputs, ..Script::default() });
    world.run();
    assert_eq!(order(&world), ["long", "c", "a", "b"]);
}

#[test]
fn overlapping_claims_run_in_plan_order_and_others_beside() {
    let nodes = (0..4).map(|i| Node { path_ms: i * 10, ..run_task(&format!("t{i}"), &[]) }).collect();
    let plan = plan(vec![body(nodes)], false);
    let writes = |glob: &str| Inputs { writes: vec![glob.into()], ..Inputs::default() };
    let inputs = [
        ("t0".to_owned(), writes("x")),
        ("t1".to_owned(), writes("x")),
        ("t2".to_owned(), writes("y")),
        ("t3".to_owned(), Inputs { reads: vec!["x".into()], ..Inputs::default() }),
    ];
    let mut world = world(&plan, NATURE, Script { inputs: inputs.into(), ..Script::default() });
    world.run();
    let mut starts = starts(&world);
    starts.sort();
    let starts: Vec<(&str, i64)> = starts.iter().map(|(id, at)| (id.as_str(), *at)).collect();
    assert_eq!(starts, [("t0", 0), ("t1", 10), ("t2", 0), ("t3", 20)]);
}

#[test]
fn a_failed_attempt_moves_to_another_agent_and_a_failed_gate_stays() {
    for (kind, same) in [(ErrorKind::Error, false), (ErrorKind::Accept, true)] {
        let plan = plan(vec![body(vec![task("t", AGENT, &[])])], false);
        let inputs = Inputs {
            agents: vec![AgentId(0), AgentId(1)],
            retry: Retry { max: 1, ..Retry::default() },
            ..Inputs::default()
        };
        let script = Script {
            inputs: [("t".to_owned(), inputs)].into(),
            outcomes: [("t".to_owned(), fails(kind, 1))].into(),
            ..Script::default()
        };
        let mut world = world(&plan, NATURE, script);
        assert_eq!(world.run(), End::Succeeded);
        let agents: Vec<AgentId> = world
            .journal
            .iter()
            .filter_map(|row| match row.event {
                Event::AttemptStarted { agent, .. } => agent,
                _ => None,
            })
            .collect();
        assert_eq!(agents[0] == agents[1], same);
    }
}

#[test]
fn ten_lost_attempts_in_a_row_are_a_crash() {
    let plan = plan(vec![body(vec![run_task("t", &[])])], false);
    let script = Script { takes: [("t".to_owned(), 1000)].into(), ..Script::default() };
    let mut world = world(&plan, NATURE, script);
    world.turn(vec![Event::RunStarted { window: 4, parallel: None, deadline_ms: None }]);
    for _ in 0..10 {
        assert_eq!(world.state.ended(), None);
        world.crash();
    }
    assert!(matches!(world.state.ended(), Some(End::Failed(_))));
    assert_eq!(starts(&world).len(), 10);
    let crashed = |row: &crate::schedule_world::Row| match row.event {
        Event::TaskSettled { why: Some(why), .. } => {
            why == Why { kind: ErrorKind::Crash, cause: Cause::Tries }
        }
        _ => false,
    };
    assert!(world.journal.iter().any(crashed));
}

#[test]
fn a_lost_attempt_asks_where_it_must() {
    let plan = plan(vec![body(vec![run_task("t", &[])])], false);
    let inputs = Inputs { on_crash: Crash::Ask, ..Inputs::default() };
    let script = Script { inputs: [("t".to_owned(), inputs)].into(), ..Script::default() };
    let mut world = world(&plan, NATURE, script);
    world.turn(vec![Event::RunStarted { window: 4, parallel: None, deadline_ms: None }]);
    world.crash();
    let place = world.state.questions()[0];
    let asked = |row: &crate::schedule_world::Row| {
        matches!(row.event, Event::QuestionAsked { about: Question::Crash, .. })
    };
    assert!(world.journal.iter().any(asked));
    world.questions.clear();
    world.turn(vec![Event::Answered { place, answer: Answer::Done }]);
    assert_eq!(world.state.ended(), Some(End::Succeeded));
    assert_eq!(starts(&world).len(), 1);
}

#[test]
fn a_new_generation_runs_only_what_is_not_kept() {
    let nodes = vec![run_task("a", &[]), map("m", 1, &[0]), run_task("last", &[1])];
    let plan = plan(vec![body(nodes), body(vec![run_task("x", &[]), run_task("y", &[0])])], false);
    let script =
        Script { outcomes: [("m[1].y".to_owned(), fails(ErrorKind::Exit, 1))].into(), ..Script::default() };
    let mut world = world(&plan, NATURE, script);
    assert!(matches!(world.run(), End::Failed(_)));
    let kept =
        world.ends.iter().filter(|(_, end)| **end == End::Succeeded).map(|(id, _)| id.clone()).collect();
    let before = starts(&world).len();
    world.script.as_mut().unwrap().kept = kept;
    world.turn(vec![Event::Restarted { generation: 1, window: 4, parallel: None, deadline_ms: None }]);
    assert_eq!(world.go_on(), End::Succeeded);
    let mut again = order(&world).split_off(before);
    again.sort();
    assert!(again.contains(&"m[1].y".to_owned()) && again.contains(&"last".to_owned()));
    assert!(!again.contains(&"a".to_owned()) && !again.contains(&"m[1].x".to_owned()));
    assert_eq!(world.ends.len(), 8);
    world.check_same(&world.replayed());
}

#[test]
fn strict_waits_for_the_wave_before_in_every_body() {
    let nodes = vec![run_task("slow", &[]), run_task("quick", &[]), map("m", 1, &[1])];
    let bodies = vec![body(nodes), body(vec![run_task("p", &[]), run_task("q", &[]), run_task("r", &[1])])];
    let plan = plan(bodies, false);
    let takes = [("slow".to_owned(), 100), ("m[0].p".to_owned(), 50)].into();
    let script = Script { takes, width: [("m".to_owned(), 1)].into(), ..Script::default() };
    let mut world = world(&plan, Nature { policy: Policy::Strict, ..NATURE }, script);
    world.run();
    let at: std::collections::HashMap<String, i64> = starts(&world).into_iter().collect();
    assert_eq!((at["slow"], at["quick"], at["m[0].p"], at["m[0].q"], at["m[0].r"]), (0, 0, 100, 100, 150));
}

#[test]
fn expanded_and_mapped_forms_give_the_same_results() {
    for lenient in [false, true] {
        let inner = |prefix: &str, from: u32| {
            vec![
                run_task(&format!("{prefix}a"), &[]),
                run_task(
                    &format!("{prefix}b"),
                    if prefix.is_empty() { vec![0] } else { vec![from] }.as_slice(),
                ),
            ]
        };
        let mut nodes: Vec<Node> = (0..5).flat_map(|i| inner(&format!("m[{i}]."), i * 2)).collect();
        nodes.push(node("m", NodeKind::Join, &[1, 3, 5, 7, 9]));
        nodes.push(run_task("last", &[10]));
        let expanded = plan(vec![body(nodes)], lenient);
        let mapped =
            plan(vec![body(vec![map("m", 1, &[]), run_task("last", &[0])]), body(inner("", 0))], lenient);
        let ends = |plan: &Plan, bad: bool| {
            let script = Script {
                outcomes: if bad {
                    [("m[2].a".to_owned(), fails(ErrorKind::Exit, 1))].into()
                } else {
                    [].into()
                },
                width: [("m".to_owned(), 5)].into(),
                ..Script::default()
            };
            let mut world = world(plan, Nature { parallel: 2, ..NATURE }, script);
            world.run();
            world.check_same(&world.replayed());
            world.ends
        };
        assert_eq!(ends(&expanded, false), ends(&mapped, false));
        if lenient {
            assert_eq!(ends(&expanded, true), ends(&mapped, true));
        }
    }
}

#[test]
fn a_need_above_the_capacity_fails_at_once() {
    let plan = plan(vec![body(vec![run_task("t", &[])])], false);
    let inputs = Inputs { units: vec![(ResourceId(1), 6)], ..Inputs::default() };
    let script = Script { inputs: [("t".to_owned(), inputs)].into(), ..Script::default() };
    let mut world = world(&plan, NATURE, script);
    assert!(matches!(world.run(), End::Failed(_)));
    assert!(starts(&world).is_empty());
}
