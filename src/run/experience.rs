//! What earlier runs say of the tasks of a plan: how long they take, and how often which agent succeeds.
//!
//! Takes the index over runs; gives the scheduler's [`History`]. A task is known by its definition, so that it is the same
//! one in other workflows and after an edit elsewhere. Without an index there is no experience.

use crate::plan::passes::paths;
use crate::plan::{AgentId, Plan, TaskId};
use crate::schedule::{History, Ms};
use crate::store::{Durations, Index, Project};
use std::collections::HashMap;

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Experience {
    /// By task; all zero: nothing is known.
    tasks: Vec<Durations>,
    /// Part of the attempts that succeeded.
    agents: HashMap<(TaskId, AgentId), f64>,
}

impl Experience {
    /// Asks the index of the project about every task of the plan.
    pub fn load(project: &Project, plan: &Plan) -> Experience {
        let index = Index::existing(project);
        index.map(|index| index.at_once(|index| Experience::of(index, plan))).unwrap_or_default()
    }

    /// Asks an index about every task of the plan.
    pub(super) fn of(index: &Index, plan: &Plan) -> Experience {
        let mut experience = Experience::default();
        // Without an answer nothing is known.
        let by_key = index.durations_of(plan.tasks.iter().map(|task| task.key.as_str())).unwrap_or_default();
        experience.tasks.resize(plan.tasks.len(), Durations::default());
        for (at, task) in plan.tasks.iter().enumerate() {
            let Some(known) = by_key.get(task.key.as_str()) else { continue };
            let all: Vec<Durations> = known.iter().map(|(_, known)| *known).collect();
            experience.tasks[at] = Durations::together(&all);
            for (agent, of) in known.iter().filter(|(_, of)| of.n > 0) {
                let found = plan.agents.iter().position(|candidate| candidate.name == agent.as_str());
                if let Some(agent) = found {
                    let id = (TaskId(at as u32), AgentId(agent as u32));
                    experience.agents.insert(id, of.ok as f64 / of.n as f64);
                }
            }
        }
        experience
    }

    /// How many successful attempts of the plan's tasks it knows of.
    pub fn attempts(&self) -> u64 {
        self.tasks.iter().map(|known| known.ok).sum()
    }

    /// Puts the usual times into a plan, in place of its estimates; gives the time of the whole with the times that 95 of 100
    /// attempts keep to.
    pub fn weigh(&self, plan: &mut Plan) -> Ms {
        let known = |task: TaskId| self.known(task);
        let most = paths::times(plan, &|task| known(task).map(|known| known.p95_ms));
        let whole = most.first().map_or(0, |body| body.iter().map(|time| time.path_ms).max().unwrap_or(0));
        let usual = paths::times(plan, &|task| known(task).map(|known| known.p50_ms));
        paths::write(plan, &usual);
        whole
    }

    fn known(&self, task: TaskId) -> Option<&Durations> {
        self.tasks.get(task.index()).filter(|known| known.ok > 0)
    }
}

impl History for Experience {
    fn duration_ms(&self, task: TaskId) -> Option<Ms> {
        self.known(task).map(|known| known.p50_ms)
    }

    fn success(&self, task: TaskId, agent: AgentId) -> Option<f64> {
        self.agents.get(&(task, agent)).copied()
    }
}
