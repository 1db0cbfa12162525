//! What tasks and expressions come to: by chance, from the seed and the id alone; or as a test has it in its [`Script`].

use crate::schedule_plans::{AGENT, APPROVE, NOW, SLEEP};
use crate::schedule_world::World;
use flow::plan::{AgentId, NodeKind, RaceKind, ResourceId};
use flow::schedule::{
    Before, Crash, Edges, ErrorKind, Inputs, Outcome, Place, Retry, Verdict, What, Width, Work,
};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What a test wants instead of chance; by id.
#[derive(Debug, Default)]
pub struct Script {
    pub inputs: HashMap<String, Inputs>,
    /// Of one attempt after the other; `Done` when there are no more.
    pub outcomes: HashMap<String, Vec<Outcome>>,
    /// How long attempts take; 10 ms.
    pub takes: HashMap<String, i64>,
    /// Elements of each map and race; 3.
    pub width: HashMap<String, u32>,
    /// Tasks whose results are kept.
    pub kept: HashSet<String>,
    /// Deadlines of calls.
    pub deadlines: HashMap<String, i64>,
}

/// Globs of the simulation: equal, or everything.
pub fn overlap(a: &str, b: &str) -> bool {
    a == b || a == "*" || b == "*"
}

/// A number that hangs on the seed and on the texts alone.
pub fn chance(seed: u64, what: &str, id: &str) -> u64 {
    let mut hash = seed ^ 0x9E37_79B9_7F4A_7C15;
    for byte in what.bytes().chain([0]).chain(id.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
        hash ^= hash >> 29;
    }
    fastrand::Rng::with_seed(hash).u64(..)
}

impl World<'_> {
    pub fn chance(&self, what: &str, id: &str) -> u64 {
        chance(self.nature.seed, what, id)
    }

    pub fn fails(&self, what: &str, id: &str) -> bool {
        self.chance(what, id) % 100 < self.nature.failures
    }

    pub fn evaluate(&mut self, place: Place, what: What) -> Verdict {
        let id = self.state.id_of(self.plan, place);
        assert_eq!(self.state.place_of(self.plan, &id), Some(place), "{id}");
        if self.fails("bad", &id) && self.chance("worse", &id).is_multiple_of(4) {
            return Verdict::Bad(ErrorKind::Error);
        }
        if let Some(verdict) = self.scripted(place, &id, what) {
            return verdict;
        }
        let roll = |what: &str| self.chance(what, &id);
        match what {
            What::Inputs => {
                let inputs = Arc::new(self.inputs(place, &id));
                self.known.insert(place, inputs.clone());
                Verdict::Inputs(inputs)
            }
            What::Assert | What::Result => Verdict::Ok,
            What::Width => {
                let width = self.width(place, &id);
                if let Some(most) = width.parallel {
                    self.limits.insert(place, most);
                }
                Verdict::Width(Arc::new(width))
            }
            What::Arm => {
                let Some(NodeKind::Branch { arms, .. }) = self.kind(place) else { unreachable!() };
                let n = roll("arm") as usize % (arms.len() + 1);
                Verdict::Arm((n < arms.len()).then_some(n as u16))
            }
            What::Loop => {
                let every_ms = (roll("every").is_multiple_of(2)).then(|| (roll("ms") % 100) as i64);
                Verdict::Loop { max: (roll("max") % 4) as u32, every_ms }
            }
            What::Again => Verdict::Again { again: roll("again") % 3 != 0 },
            What::Call => {
                let parallel = (roll("parallel").is_multiple_of(3)).then(|| (roll("most") % 3 + 1) as u32);
                let late = self.nature.trouble && roll("late").is_multiple_of(6);
                let deadline_ms = late.then(|| (roll("deadline") % 150) as i64);
                if let Some(most) = parallel {
                    self.calls.insert(place, most);
                }
                Verdict::Call { parallel, deadline_ms }
            }
        }
    }

    pub fn width(&self, place: Place, id: &str) -> Width {
        let roll = |what: &str| self.chance(what, id);
        let mut n = (roll("n") % 6) as u32;
        if let Some(NodeKind::Race { entrants, .. }) = self.kind(place) {
            if let RaceKind::Bodies(bodies) = entrants {
                n = bodies.len() as u32;
            }
            return Width { n, need: Some((roll("need") % 3) as u32), ..Width::default() };
        }
        let parallel = (roll("limited").is_multiple_of(3)).then(|| (roll("most") % 3 + 1) as u32);
        match roll("form") % 4 {
            0 => {
                Width { n, parallel, indices: Some((0..n).map(|i| i * 2 + 1).collect()), ..Width::default() }
            }
            1 | 2 => {
                let mut after = Edges { starts: vec![0], items: Vec::new() };
                for i in 0..n {
                    let earlier = (i + 1..n)
                        .filter(|to| self.chance("edge", &format!("{id}{i}{to}")).is_multiple_of(3));
                    after.items.extend(earlier);
                    after.starts.push(after.items.len() as u32);
                }
                let keys = (0..n).map(|i| format!("k\"]@{i}.#/").into()).collect();
                Width { n, parallel, keys: Some(keys), after: Some(after), ..Width::default() }
            }
            _ => Width { n, parallel, ..Width::default() },
        }
    }

    pub fn inputs(&self, place: Place, id: &str) -> Inputs {
        let roll = |what: &str| self.chance(what, id);
        let Some(NodeKind::Task { def, .. }) = self.kind(place) else { unreachable!() };
        let work = match *def {
            NOW => Work::Inline,
            SLEEP => Work::Light,
            APPROVE => Work::Question {
                timeout_ms: (roll("patience").is_multiple_of(3)).then(|| (roll("wait") % 60) as i64),
                default: roll("default").is_multiple_of(2) || self.nature.failures == 0,
            },
            _ => Work::Attempt,
        };
        if work == Work::Inline {
            return Inputs { work, ..Inputs::default() };
        }
        let mut units = Vec::new();
        for (r, most) in [(0, 4), (1, 5), (2, 4)] {
            if roll(&format!("uses{r}")).is_multiple_of(4) {
                units.push((ResourceId(r), (roll(&format!("units{r}")) % most + 1) as i64));
            }
        }
        let globs = ["x", "y", "z", "*"];
        let claim = |what: &str| match roll(what) % 6 {
            n @ 0..4 if roll(&format!("{what}?")).is_multiple_of(3) => vec![globs[n as usize].into()],
            _ => Vec::new(),
        };
        let agents = match *def {
            AGENT => (0..3).filter(|a| roll(&format!("agent{a}")).is_multiple_of(2)).map(AgentId).collect(),
            _ => Vec::new(),
        };
        let on_crash = match roll("crash") % 6 {
            0 => Crash::Ask,
            1 if self.nature.failures > 0 => Crash::Fail,
            2 => Crash::Probe,
            _ => Crash::Rerun,
        };
        let before = match (work, roll("before") % 12) {
            (Work::Attempt, 0) => Before::Done,
            (Work::Attempt, 1) => Before::Begun,
            _ => Before::Nothing,
        };
        Inputs {
            units,
            agents,
            retry: Retry {
                max: (roll("retries") % 3) as u32,
                backoff_ms: (roll("backoff") % 30) as i64,
                ..Retry::default()
            },
            priority: (roll("priority") % 5) as i64,
            reads: claim("reads"),
            writes: claim("writes"),
            on_crash,
            work,
            before,
        }
    }

    /// The answer that the script has.
    fn scripted(&mut self, place: Place, id: &str, what: What) -> Option<Verdict> {
        let script = self.script.as_ref()?;
        Some(match what {
            What::Inputs => {
                let inputs = Arc::new(script.inputs.get(id).cloned().unwrap_or_default());
                self.known.insert(place, inputs.clone());
                Verdict::Inputs(inputs)
            }
            What::Assert | What::Result => Verdict::Ok,
            What::Width => {
                let n = script.width.get(id).copied().unwrap_or(3);
                Verdict::Width(Arc::new(Width { n, ..Width::default() }))
            }
            What::Arm => Verdict::Arm(Some(0)),
            What::Loop => Verdict::Loop { max: 3, every_ms: None },
            What::Again => Verdict::Again { again: true },
            What::Call => Verdict::Call { parallel: None, deadline_ms: script.deadlines.get(id).copied() },
        })
    }

    /// What an attempt comes to and how long it takes.
    pub fn fate(&mut self, id: &str, attempt: u16, agent: Option<AgentId>) -> (Outcome, i64) {
        if let Some(script) = &mut self.script {
            let takes = script.takes.get(id).copied().unwrap_or(10);
            let outcomes = script.outcomes.get_mut(id).filter(|outcomes| !outcomes.is_empty());
            return (outcomes.map_or(Outcome::Done, |outcomes| outcomes.remove(0)), takes);
        }
        let takes = self.rng.i64(0..40);
        let key = format!("{attempt}{}", agent.map_or(0, |agent| agent.0));
        let outcome = match self.chance(&key, id) % 100 {
            n if n >= self.nature.failures => Outcome::Done,
            n if n % 5 == 0 => Outcome::Unable(ErrorKind::Error),
            n if n % 5 == 1 => Outcome::Failed(ErrorKind::Timeout),
            n if n % 5 == 2 => Outcome::Failed(ErrorKind::Denied),
            _ => Outcome::Failed(ErrorKind::Accept),
        };
        (outcome, takes)
    }
}
