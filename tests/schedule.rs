//! The scheduler on a virtual clock: random plans, random behaviour, and what must hold whatever happens.
//!
//! `FLOW_SIM_SEEDS=100000` runs more of them, `FLOW_SIM_SEED=17` a single one.

use crate::schedule_plans::{Flavour, RUN, body, map, plan, random, task};
use crate::schedule_world::{Nature, World};
use flow::plan::{Node, Plan};
use flow::schedule::{
    Command, Decisions, End, Event, Facts, Inputs, NoHistory, Outcome, Policy, State, Verdict, What, Width,
    apply, decide,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Calls the test with seeds, and names the one that failed.
fn seeds(usual: u64, test: impl Fn(u64)) {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let range = match number("FLOW_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("FLOW_SIM_SEEDS").unwrap_or(usual),
    };
    for seed in range {
        // what went wrong has been printed by then
        let done = catch_unwind(AssertUnwindSafe(|| test(seed)));
        assert!(done.is_ok(), "failed with FLOW_SIM_SEED={seed}");
    }
}

fn policy(n: u64) -> Policy {
    if n.is_multiple_of(3) { Policy::Strict } else { Policy::Rolling }
}

#[test]
fn whatever_happens_a_run_keeps_its_rules_and_ends() {
    seeds(2_500, |seed| {
        let mut rng = fastrand::Rng::with_seed(seed);
        let plan = random(&mut rng, Flavour::Wild);
        let nature = Nature {
            seed,
            timing: rng.u64(..),
            parallel: rng.u32(1..6),
            policy: policy(seed),
            failures: [0, 10, 30][rng.usize(0..3)],
            trouble: rng.u8(0..3) > 0,
        };
        let mut world = World::new(&plan, nature);
        world.run();
        world.check_same(&world.replayed());
    });
}

#[test]
fn results_and_ids_do_not_hang_on_timing_parallelism_or_policy() {
    seeds(600, |seed| {
        let mut rng = fastrand::Rng::with_seed(seed);
        let plan = random(&mut rng, Flavour::Steady);
        let mut ends = Vec::new();
        for (parallel, timing) in [(1, 1), (3, 2), (50, 3)] {
            let nature =
                Nature { seed, timing, parallel, policy: policy(timing), failures: 0, trouble: false };
            let mut world = World::new(&plan, nature);
            assert_eq!(world.run(), End::Succeeded);
            ends.push(world.ends);
        }
        assert_eq!(ends[0], ends[1]);
        assert_eq!(ends[0], ends[2]);
    });
}

/// A driver that does everything at once: what the machine costs alone. Gives the events and the most scopes at once.
fn drive(plan: &Plan, width: u32, parallel: u32) -> (usize, usize) {
    let mut state = State::new(plan);
    let facts = Facts {
        now: 0,
        wall: 0,
        parallel,
        policy: Policy::Rolling,
        machine: &[],
        history: &NoHistory,
        overlap: |a, b| a == b,
        seed: 0,
    };
    let (inputs, mut events, mut scopes) = (Arc::new(Inputs::default()), 0, 0);
    let mut external = vec![Event::RunStarted { window: parallel, parallel: None, deadline_ms: None }];
    let mut out = Decisions::default();
    while state.ended().is_none() {
        let mut begun = Vec::new();
        loop {
            events += external.len();
            for event in external.drain(..) {
                apply(&mut state, plan, 0, &event).unwrap();
            }
            decide(&mut state, plan, &facts, &mut out);
            if out.events.is_empty() && out.commands.is_empty() {
                break;
            }
            events += out.events.len();
            out.events.clear();
            for command in out.commands.drain(..) {
                match command {
                    Command::Evaluate { place, what } => {
                        let verdict = match what {
                            What::Inputs => Verdict::Inputs(inputs.clone()),
                            What::Width => Verdict::Width(Arc::new(Width { n: width, ..Width::default() })),
                            _ => Verdict::Ok,
                        };
                        external.push(Event::Evaluated { place, verdict });
                    }
                    Command::StartAttempt { place, .. } => begun.push(place),
                    _ => {}
                }
            }
        }
        scopes = scopes.max(state.scopes());
        state.sweep();
        state.take_notes();
        let over = |place| Event::AttemptEnded { place, outcome: Outcome::Done, inline: false };
        external.extend(begun.into_iter().map(over));
    }
    assert_eq!(state.ended(), Some(End::Succeeded));
    (events, scopes)
}

fn wide(n: u32) -> Plan {
    let first = task("first", RUN, &[]);
    let mut nodes = vec![first];
    nodes.extend((1..=n).map(|i| task(&format!("t{i}"), RUN, &[0])));
    let all: Vec<u32> = (1..=n).collect();
    nodes.push(task("last", RUN, &all));
    plan(vec![body(nodes)], false)
}

fn chain(n: u32) -> Plan {
    let nodes = (0..n).map(|i| {
        let before: Vec<u32> = i.checked_sub(1).into_iter().collect();
        task(&format!("t{i}"), RUN, &before)
    });
    plan(vec![body(nodes.collect())], false)
}

fn mapped(nodes: Vec<Node>) -> Plan {
    plan(vec![body(vec![map("m", 1, &[])]), body(nodes)], false)
}

#[test]
fn long_chains_and_wide_fans_are_driven_in_little_time_and_memory() {
    let clock = std::time::Instant::now();
    let mut told = Vec::new();
    let mut tell = |what: &str, tasks: u32, (events, scopes): (usize, usize), since: std::time::Instant| {
        let each = since.elapsed().as_nanos() / u128::from(tasks);
        told.push(format!(
            "{what}: {tasks} tasks, {events} events, {each} ns a task, {scopes} scopes at most"
        ));
        scopes
    };
    let plan = wide(10_000);
    let since = std::time::Instant::now();
    assert_eq!(tell("wide", 10_002, drive(&plan, 0, 4), since), 1);
    let plan = chain(100_000);
    let since = std::time::Instant::now();
    assert_eq!(tell("chain", 100_000, drive(&plan, 0, 4), since), 1);
    let plan = mapped(vec![task("", RUN, &[])]);
    let since = std::time::Instant::now();
    assert!(tell("map", 100_000, drive(&plan, 100_000, 4), since) <= 520);
    println!("{}", told.join("\n"));
    assert!(clock.elapsed().as_secs() < 60, "{told:?}");
}
