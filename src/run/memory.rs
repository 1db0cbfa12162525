//! What earlier generations of a run left, to be kept where it still fits.
//!
//! Takes the rows before a change of the program; gives, by id, results and caught failures with the definition and inputs
//! that they are of. A result stands as long as nothing that it depends on is of a later generation: every node has the
//! generation that it is from ([`NOW`], where it runs again), and a composite the newest of what is inside.

use super::ids::{Located, Locator};
use super::record::{Failure, Record, TaskSettled};
use super::replay::{decode, each};
use super::resume::From;
use crate::plan::{BodyId, NodeKind, Plan};
use crate::schedule::{End, Outcome, Place, Question, State};
use crate::store::{Row, RunStore, StoreError, ValueRef, kinds};
use ecow::EcoString;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

/// The age of what runs in this generation: newer than all that is remembered.
pub(super) const NOW: u64 = u64::MAX;

/// A result from before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remembered {
    pub def: EcoString,
    pub inputs: EcoString,
    pub value: ValueRef,
    /// The generation that it is from.
    pub age: u64,
    /// Number of its event.
    seq: u64,
}

/// A failure from before that was caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    pub def: EcoString,
    pub inputs: EcoString,
    pub failure: Failure,
    pub age: u64,
}

/// An attempt whose end is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Begun {
    pub generation: u32,
    pub attempt: u32,
    pub tries: u32,
    /// Number of the event of its beginning.
    pub seq: u64,
    /// The definition that it is of; empty: not known any more.
    pub def: EcoString,
    /// It was answered, and what that cost is recorded.
    pub paid: bool,
}

impl Begun {
    /// What its processes and its outputs carry.
    pub(super) fn mark(&self, run: &str, id: &str) -> String {
        super::attempt::attempt_id(run, self.generation, id, self.attempt, self.tries)
    }

    /// The same of all its starts, the newest first.
    pub(super) fn marks<'a>(&self, run: &'a str, id: &'a str) -> impl Iterator<Item = String> + use<'a> {
        let (generation, attempt) = (self.generation, self.attempt);
        let tries = (1..=self.tries).rev();
        tries.map(move |tries| super::attempt::attempt_id(run, generation, id, attempt, tries))
    }
}

/// The same task by another name: id without indices and numbers, definition, inputs.
type Family = (EcoString, EcoString, EcoString);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// There is an earlier generation.
    pub on: bool,
    pub by_id: HashMap<EcoString, Remembered>,
    pub failed: HashMap<EcoString, Failed>,
    /// The last success of each task that has succeeded and not failed since, kept or not.
    pub done: HashMap<EcoString, (ValueRef, u64)>,
    /// Attempts that had begun when the generation was left, and whose end is not known.
    pub begun: HashMap<EcoString, Begun>,
    /// Questions to people that were open when the generation was left: their hash, and the generation that they were asked in.
    pub asked: HashMap<EcoString, (EcoString, u32)>,
    /// The newest generation.
    generation: u32,
    /// All tasks that the record tells of.
    pub seen: HashSet<EcoString>,
    /// Ids that must run again although they would fit: what was asked for.
    pub again: BTreeSet<EcoString>,
    /// Ids of failures that nothing caught: they are not kept.
    pub uncaught: BTreeSet<EcoString>,
    /// Results that a task took over: one serves one.
    pub claimed: HashSet<EcoString>,
    /// What the preview found to be taken over.
    pub spoken_for: HashSet<EcoString>,
    /// Failures that were taken over, and values that a person lets stand: the generation that they are from.
    pub kept_ages: HashMap<Place, u64>,
    /// Unclaimed ids by family, made when first needed.
    families: Option<HashMap<Family, VecDeque<EcoString>>>,
    ages: Ages,
}

/// How new nodes are.
#[derive(Debug, Default)]
struct Ages {
    nodes: HashMap<Place, u64>,
    /// Of the bodies of a composite.
    slots: HashMap<Place, BTreeMap<u32, u64>>,
    /// Of nodes that are no tasks, with all that they waited for.
    through: HashMap<Place, u64>,
}

impl Memory {
    /// Remembers what the rows before `before` left; the newest wins.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn read(store: &RunStore, before: u64) -> Result<Memory, StoreError> {
        let mut memory = Memory { on: true, ..Memory::default() };
        each(store, 0, |row| {
            if row.seq >= before {
                return Ok(());
            }
            let id = row.task.unwrap_or_default();
            match row.kind {
                kinds::ATTEMPT_STARTED => {
                    let of = |n: Option<u32>| n.unwrap_or(0);
                    let (generation, attempt, tries) = (of(row.generation), of(row.attempt), of(row.tries));
                    let begun = Begun { generation, attempt, tries, seq: row.seq, ..Begun::default() };
                    memory.begun.insert(id.into(), begun);
                    memory.seen.insert(id.into());
                }
                kinds::TASK_SKIPPED => drop(memory.asked.remove(id)),
                kinds::ATTEMPT_ENDED
                | kinds::TASK_SETTLED
                | kinds::TASK_KEPT
                | kinds::QUESTION_ASKED
                | kinds::QUESTION_ANSWERED
                | kinds::PLAN_CHANGED => {
                    if let Some(record) = decode(row)? {
                        memory.take(row, id, record);
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(memory)
    }

    fn take(&mut self, row: &Row<'_>, id: &str, record: Record) {
        match record {
            Record::AttemptEnded(ended) if !matches!(ended.outcome, Outcome::Interrupted | Outcome::Lost) => {
                self.begun.remove(id);
            }
            Record::AttemptEnded(ended) => {
                if let Some(begun) = self.begun.get_mut(id) {
                    begun.paid = ended.is_paid_answer();
                }
            }
            Record::TaskKept(kept) if !kept.def.is_empty() => {
                let (def, inputs, value) = (kept.def, kept.inputs, kept.value);
                let (age, seq) = (kept.age, row.seq);
                self.done.insert(id.into(), (value.clone(), age));
                self.by_id.insert(id.into(), Remembered { def, inputs, value, age, seq });
            }
            Record::TaskSettled(settled) => self.settled(row, id, *settled),
            Record::QuestionAsked(asked) if asked.about == Question::Task => {
                let generation = self.asked.get(id).filter(|(hash, _)| *hash == asked.question);
                let generation =
                    generation.map_or(row.generation.unwrap_or(0), |(_, generation)| *generation);
                self.asked.insert(id.into(), (asked.question, generation));
            }
            Record::QuestionAnswered(_) => drop(self.asked.remove(id)),
            Record::PlanChanged(changed) => {
                self.generation = changed.generation;
                for id in &changed.again {
                    self.by_id.remove(id);
                    self.failed.remove(id);
                }
            }
            _ => {}
        }
    }

    fn settled(&mut self, row: &Row<'_>, id: &str, settled: TaskSettled) {
        let (age, seq) = (u64::from(row.generation.unwrap_or(0)), row.seq);
        self.begun.remove(id);
        self.asked.remove(id);
        self.seen.insert(id.into());
        let TaskSettled { end, value, error, def, inputs, kept, late, .. } = settled;
        match (end, value, error) {
            (End::Succeeded, Some(value), _) if !late => {
                self.failed.remove(id);
                let age = kept.unwrap_or(age);
                self.done.insert(id.into(), (value.clone(), age));
                self.by_id.insert(id.into(), Remembered { def, inputs, value, age, seq });
            }
            (End::Failed(_), _, Some(failure)) => {
                if kept.is_none() {
                    self.done.remove(id);
                }
                let age = kept.unwrap_or(age);
                self.failed.insert(id.into(), Failed { def, inputs, failure, age });
            }
            _ => {}
        }
    }

    /// Sets aside what must run again: failures that nothing caught, and what `from` names.
    pub(super) fn set_aside(&mut self, plan: &Plan, from: Option<&From>) {
        let mut locator = Locator::new(plan);
        let catching = catching_bodies(plan);
        let uncaught = self.failed.keys().filter(|id| !caught(plan, &catching, &mut locator, id));
        let uncaught: BTreeSet<EcoString> = uncaught.cloned().collect();
        let mut again = BTreeSet::new();
        for (id, begun) in &mut self.begun {
            if begun.generation == self.generation {
                begun.def = locator.locate(id).and_then(|at| key_of(plan, at)).unwrap_or_default();
            }
        }
        let known = self.by_id.keys().chain(self.failed.keys()).chain(self.begun.keys());
        match from {
            None => {}
            Some(From::Task(task)) => again.extend(known.filter(|id| is_inside(id, task)).cloned()),
            Some(From::Wave(wave)) => {
                let later = |id: &&EcoString| locator.locate(id).is_none_or(|at| at.wave >= *wave);
                again.extend(known.filter(later).cloned());
            }
        }
        (self.again, self.uncaught) = (again, uncaught);
    }

    /// The result for a task of that id, definition and inputs that is no older than what it depends on: at the same id, else of a
    /// sibling that nobody has taken.
    pub(super) fn find(
        &mut self,
        id: &str,
        def: &str,
        inputs: &str,
        newest: u64,
    ) -> Option<(EcoString, Remembered)> {
        if self.again.contains(id) {
            return None;
        }
        if let Some(known) = self.by_id.get(id)
            && known.def == def
            && known.inputs == inputs
            && known.age >= newest
            && self.claimed.insert(id.into())
        {
            return Some((id.into(), known.clone()));
        }
        let family = (family_of(id), def.into(), inputs.into());
        let Memory { by_id, claimed, again, families, .. } = self;
        let siblings = families.get_or_insert_with(|| families_of(by_id)).get_mut(&family)?;
        siblings.retain(|sibling| !claimed.contains(sibling) && !again.contains(sibling));
        let newer = |sibling: &EcoString| by_id.get(sibling).is_some_and(|known| known.age >= newest);
        let from = siblings.remove(siblings.iter().position(newer)?)?;
        let known = by_id.get(&from)?.clone();
        claimed.insert(from.clone());
        Some((from, known))
    }

    /// The failure that a task ended with before and that was caught, where it is the same task.
    pub(super) fn failure(&self, id: &str, def: &str, inputs: &str, newest: u64) -> Option<&Failed> {
        let known = self.failed.get(id)?;
        let fits = known.def == def && known.inputs == inputs && known.age >= newest;
        (fits && !self.again.contains(id) && !self.uncaught.contains(id)).then_some(known)
    }

    /// The result that would be made a second time if the task ran now.
    pub(super) fn done_before(&self, id: &str) -> Option<&(ValueRef, u64)> {
        self.done.get(id).filter(|_| !self.claimed.contains(id) && !self.spoken_for.contains(id))
    }

    /// Begins anew after a preview.
    pub(super) fn rewind(&mut self) {
        self.spoken_for = std::mem::take(&mut self.claimed);
        self.families = None;
        self.ages = Ages::default();
        self.kept_ages.clear();
    }

    /// Notes how new a task is, and all that it stands in.
    pub(super) fn note(&mut self, state: &State, place: Place, age: u64) {
        let newer = |known: &mut u64| {
            let raised = *known < age;
            *known = age.max(*known);
            raised
        };
        newer(self.ages.nodes.entry(place).or_default());
        let mut at = place;
        while let Some((by, slot)) = state.parent_of(at.scope) {
            let body = newer(self.ages.slots.entry(by).or_default().entry(slot).or_default());
            if !newer(self.ages.nodes.entry(by).or_default()) && !body {
                break;
            }
            at = by;
        }
    }

    /// How new the newest is that a place depends on: by its edges, by those of what it stands in, and by the bodies before it.
    pub(super) fn newest_need(&mut self, plan: &Plan, state: &State, place: Place) -> u64 {
        let (mut at, mut newest) = (place, 0);
        loop {
            newest = newest.max(self.ages.of_needs(plan, state, at));
            let Some((by, slot)) = state.parent_of(at.scope) else { return newest };
            newest = newest.max(self.ages.before(plan, state, by, slot));
            if newest == NOW {
                return NOW;
            }
            at = by;
        }
    }
}

impl Ages {
    /// The newest of what a node waits for; nodes that are no tasks are looked through.
    fn of_needs(&mut self, plan: &Plan, state: &State, place: Place) -> u64 {
        let Some(body) = state.body_of(place.scope).map(|body| plan.body(body)) else { return 0 };
        let needs = |at: Place| body.nodes.get(at.node.index()).map_or(&[][..], |node| &node.needs);
        let is_task = |at: Place| {
            body.nodes.get(at.node.index()).is_none_or(|node| matches!(node.kind, NodeKind::Task { .. }))
        };
        // Nodes stand in topological order: what a node waits for is done before it.
        let mut open: BTreeSet<u32> = needs(place).iter().map(|node| node.0).collect();
        let mut way = Vec::new();
        while let Some(node) = open.pop_last() {
            let at = Place::new(place.scope, crate::plan::NodeIx(node));
            way.push(at);
            if !is_task(at) && !self.through.contains_key(&at) {
                open.extend(needs(at).iter().map(|node| node.0));
            }
        }
        for at in way.into_iter().rev() {
            if !is_task(at) && !self.through.contains_key(&at) {
                let age = needs(at).iter().map(|node| self.of(Place::new(at.scope, *node))).max();
                let own = self.nodes.get(&at).copied().unwrap_or(0);
                self.through.insert(at, own.max(age.unwrap_or(0)));
            }
        }
        needs(place).iter().map(|node| self.of(Place::new(place.scope, *node))).max().unwrap_or(0)
    }

    fn of(&self, place: Place) -> u64 {
        self.through.get(&place).or_else(|| self.nodes.get(&place)).copied().unwrap_or(0)
    }

    /// The newest of the bodies of a composite that come before one of them: rounds, `try` before its `catch`, iterations that
    /// one waits for.
    fn before(&self, plan: &Plan, state: &State, by: Place, slot: u32) -> u64 {
        let Some(slots) = self.slots.get(&by) else { return 0 };
        let body = state.body_of(by.scope).map(|body| plan.body(body));
        match body.and_then(|body| body.nodes.get(by.node.index())).map(|node| &node.kind) {
            Some(NodeKind::Loop { .. } | NodeKind::Try { .. }) => {
                slots.range(..slot).map(|(_, age)| *age).max().unwrap_or(0)
            }
            Some(NodeKind::Map { after: Some(_), .. }) => {
                let waits = state.waits_of(by, slot).iter();
                waits.filter_map(|slot| slots.get(slot)).copied().max().unwrap_or(0)
            }
            _ => 0,
        }
    }
}

/// Whether an id is that of a task or of something inside it.
pub(super) fn is_inside(id: &str, task: &str) -> bool {
    id.strip_prefix(task).is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '#', '/', '.']))
}

/// The key of the definition of a task.
fn key_of(plan: &Plan, at: Located) -> Option<EcoString> {
    match &plan.body(at.body).nodes.get(at.node.index())?.kind {
        NodeKind::Task { def, .. } => Some(plan.task(*def).key.clone()),
        _ => None,
    }
}

/// Whether a `catch` took the failure of a task: one around it, or around the call that it stands in.
fn caught(plan: &Plan, catching: &BTreeSet<BodyId>, locator: &mut Locator<'_>, id: &str) -> bool {
    let bodies = locator.bodies_around(id).unwrap_or_default();
    bodies.into_iter().any(|body| {
        let mut at = Some(body);
        while let Some(body) = at {
            if catching.contains(&body) {
                return true;
            }
            at = plan.body(body).parent;
        }
        false
    })
}

/// Bodies whose failures a `catch` takes.
fn catching_bodies(plan: &Plan) -> BTreeSet<BodyId> {
    let nodes = plan.bodies.iter().flat_map(|body| &body.nodes);
    nodes
        .filter_map(|node| match &node.kind {
            NodeKind::Try { body, catch: Some(_), .. } => Some(*body),
            _ => None,
        })
        .collect()
}

fn families_of(by_id: &HashMap<EcoString, Remembered>) -> HashMap<Family, VecDeque<EcoString>> {
    let mut all: Vec<(&EcoString, &Remembered)> = by_id.iter().collect();
    all.sort_by_key(|(_, known)| known.seq);
    let mut families: HashMap<Family, VecDeque<EcoString>> = HashMap::new();
    for (id, known) in all {
        let family = (family_of(id), known.def.clone(), known.inputs.clone());
        families.entry(family).or_default().push_back(id.clone());
    }
    families
}

/// The id without the indices and keys of iterations, and without the numbers among equal names.
fn family_of(id: &str) -> EcoString {
    let mut family = EcoString::new();
    let mut rest = id.chars();
    while let Some(c) = rest.next() {
        match c {
            '[' => {
                let (mut quoted, mut escaped) = (false, false);
                for c in rest.by_ref() {
                    match c {
                        ']' if !quoted => break,
                        '"' if !escaped => quoted = !quoted,
                        _ => {}
                    }
                    escaped = c == '\\' && !escaped;
                }
                family.push_str("[]");
            }
            '~' => {
                let digits = rest.as_str().chars().take_while(char::is_ascii_digit).count();
                rest = rest.as_str()[digits..].chars();
            }
            c => family.push(c),
        }
    }
    family
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_an_id_without_indices_and_numbers() {
        let same = |id: &str, family: &str| assert_eq!(family_of(id), family, "{id}");
        same("found[2].review~3", "found[].review");
        same(r#"found["a]\"~2"].x"#, "found[].x");
        same("f[0].g[11]", "f[].g[]");
        same("draft#2.improve", "draft#2.improve");
        same("deploy~2/api.build", "deploy/api.build");
    }

    #[test]
    fn an_id_is_inside_itself_and_what_it_names() {
        assert!(is_inside("f[0].x", "f") && is_inside("f", "f") && is_inside("w/a", "w"));
        assert!(!is_inside("fa", "f") && !is_inside("f", "f[0]"));
    }
}
