//! Types that would need themselves: refused where no list, map or optional stands between.

use super::Checker;
use crate::resolve::DefId;
use crate::types::known::MAX_DEPTH;
use crate::types::{Ty, errors};
use foldhash::{HashMap, HashSet};

/// Instances of generic types that one may lead to.
const MAX_INSTANCES: usize = 256;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Open,
    Done,
}

impl Checker<'_> {
    /// Reports every endless type and takes it out of play.
    pub(super) fn refuse_endless_types(&mut self) {
        let mut defs: Vec<DefId> = self.aliases.keys().copied().collect();
        defs.sort_unstable();
        let mut marks = HashMap::default();
        let mut endless = Vec::new();
        for def in &defs {
            self.follow(*def, &mut marks, &mut endless);
        }
        for cycle in &endless {
            self.refuse(cycle);
        }
        for def in defs {
            if self.grows(def) {
                let name = &self.r.def(def).name;
                self.report(errors::growing_type(name.span, &name.text));
                self.forget(def);
            }
        }
    }

    /// Walks what `start` needs at once; iteratively, since chains of types may be long.
    fn follow(&self, start: DefId, marks: &mut HashMap<DefId, Mark>, endless: &mut Vec<Vec<DefId>>) {
        if marks.contains_key(&start) {
            return;
        }
        marks.insert(start, Mark::Open);
        let mut stack = vec![(start, self.needs(start))];
        while let Some((def, left)) = stack.last_mut() {
            match left.pop() {
                None => {
                    marks.insert(*def, Mark::Done);
                    stack.pop();
                }
                Some(next) => match marks.get(&next) {
                    Some(Mark::Done) => {}
                    Some(Mark::Open) => {
                        let from = stack.iter().position(|(d, _)| *d == next).unwrap_or(0);
                        endless.push(stack[from..].iter().map(|(d, _)| *d).collect());
                    }
                    None => {
                        marks.insert(next, Mark::Open);
                        stack.push((next, self.needs(next)));
                    }
                },
            }
        }
    }

    /// The types that a value of `def` always holds one of. What a generic type does with its arguments is looked at
    /// instance by instance.
    fn needs(&self, def: DefId) -> Vec<DefId> {
        let Some(alias) = self.aliases.get(&def) else { return Vec::new() };
        let mut needs = Vec::new();
        let mut open = vec![alias.ty.clone()];
        let mut left = MAX_INSTANCES;
        while let Some(ty) = open.pop() {
            gather(&ty, true, &mut |def, args: &[Ty]| {
                needs.push(def);
                if !args.is_empty()
                    && left > 0
                    && let Some(alias) = self.aliases.get(&def)
                {
                    left -= 1;
                    open.push(alias.ty.with_args(args));
                }
            });
        }
        needs
    }

    fn refuse(&mut self, cycle: &[DefId]) {
        let names: Vec<&str> = cycle.iter().map(|d| self.r.def(*d).name.text.as_str()).collect();
        let Some(first) = cycle.first() else { return };
        let diagnostic = errors::endless_type(self.r.def(*first).name.span, &names);
        self.report(diagnostic);
        for def in cycle {
            self.forget(*def);
        }
    }

    fn forget(&mut self, def: DefId) {
        if let Some(alias) = self.aliases.get_mut(&def) {
            alias.ty = Ty::Error;
        }
    }

    /// Whether a generic type leads to ever new instances of itself.
    fn grows(&self, def: DefId) -> bool {
        let Some(alias) = self.aliases.get(&def) else { return false };
        if alias.generics.is_empty() {
            return false;
        }
        let args: Vec<Ty> =
            alias.generics.iter().enumerate().map(|(i, n)| Ty::Param(i as u32, n.clone())).collect();
        let start = Ty::Named(def, args.into());
        let mut seen = HashSet::from_iter([start.clone()]);
        let mut open = vec![start];
        while let Some(Ty::Named(def, args)) = open.pop() {
            let Some(alias) = self.aliases.get(&def) else { continue };
            let mut next = Vec::new();
            gather(&alias.ty.with_args(&args), false, &mut |def, args| {
                if !args.is_empty() {
                    next.push(Ty::Named(def, args.into()));
                }
            });
            for instance in next {
                if seen.len() > MAX_INSTANCES || !instance.is_small() {
                    return true;
                }
                if seen.insert(instance.clone()) {
                    open.push(instance);
                }
            }
        }
        false
    }
}

/// Calls `found` for each named type in `ty`; with `at_once` only for those not behind a list, map or optional.
fn gather(ty: &Ty, at_once: bool, found: &mut dyn FnMut(DefId, &[Ty])) {
    gather_deep(ty, at_once, found, 0);
}

fn gather_deep(ty: &Ty, at_once: bool, found: &mut dyn FnMut(DefId, &[Ty]), depth: usize) {
    if depth > 2 * MAX_DEPTH {
        return;
    }
    match ty {
        Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) if !at_once => {
            gather_deep(inner, at_once, found, depth + 1);
        }
        Ty::Record(record) => {
            for field in &record.fields {
                gather_deep(&field.ty, at_once, found, depth + 1);
            }
        }
        Ty::Named(def, args) => {
            found(*def, args);
            if !at_once {
                for arg in args.iter() {
                    gather_deep(arg, at_once, found, depth + 1);
                }
            }
        }
        _ => {}
    }
}
