//! Mending programs: the fixes that need nobody's look are applied, again and again until none is left.
//!
//! Takes the paths of programs and a [`Loader`], gives the texts that changed, in memory; writing them is for others. After
//! each step everything is checked again, and a step that would make a program worse is not taken.

use super::{Program, check};
use crate::diagnostics::mend::Edits;
use crate::diagnostics::{Applicability, Area, Code, Fix};
use crate::source::{Loader, Overlay, Span};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Most checks of all programs: fixes may make way for others, but not without end.
const MOST_CHECKS: usize = 200;

/// What came of it.
#[derive(Debug)]
pub struct Mended {
    /// The programs, in the order of the paths, as they are with the changes.
    pub programs: Vec<Program>,
    /// The files that changed, by path.
    pub texts: BTreeMap<String, Arc<str>>,
    pub applied: Vec<Applied>,
}

/// A fix that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub code: Code,
    /// What it did.
    pub title: String,
    pub file: String,
    /// From 1, as the file was just before.
    pub line: u32,
}

/// Applies every safe fix of the programs at `paths`, which share one loader, and so may share files.
pub fn mend(paths: &[String], loader: &dyn Loader) -> Mended {
    let mut state = State::of(paths, BTreeMap::new(), loader);
    let mut applied = Vec::new();
    let mut passed_over: HashSet<u64> = HashSet::new();
    let mut seen = HashSet::from([state.mark()]);
    // So many at once; one that spoils a step is found by halving.
    let mut most = usize::MAX;
    for _ in 0..MOST_CHECKS {
        let step = state.step(loader, &passed_over, most);
        if step.fixes.is_empty() {
            break;
        }
        let next = step.texts.map(|texts| State::of(paths, texts, loader));
        match next.filter(|next| next.score() <= state.score() && !seen.contains(&next.mark())) {
            Some(next) => {
                seen.insert(next.mark());
                applied.extend(step.fixes.into_iter().map(|(_, fix)| fix));
                state = next;
                most = most.saturating_mul(2);
            }
            None if step.fixes.len() == 1 => {
                passed_over.extend(step.fixes.iter().map(|(mark, _)| *mark));
                most = usize::MAX;
            }
            None => most = step.fixes.len() / 2,
        }
    }
    Mended { programs: state.programs, texts: state.texts, applied }
}

/// All programs with the changes so far.
struct State {
    texts: BTreeMap<String, Arc<str>>,
    programs: Vec<Program>,
}

/// Fixes that can be applied together, and the texts that they give; `None` when an edit is out of place.
struct Step {
    fixes: Vec<(u64, Applied)>,
    texts: Option<BTreeMap<String, Arc<str>>>,
}

impl State {
    fn of(paths: &[String], texts: BTreeMap<String, Arc<str>>, loader: &dyn Loader) -> State {
        let overlay = Overlay::of(texts.clone(), loader);
        State { programs: paths.iter().map(|path| check(path, &overlay)).collect(), texts }
    }

    /// How bad things are: first what cannot be read at all, for nothing else is known of it; then errors; then lints.
    fn score(&self) -> (usize, usize, usize) {
        let mut known = BTreeSet::new();
        let (mut unread, mut errors, mut lints) = (0, 0, 0);
        for program in &self.programs {
            for d in &program.diagnostics {
                let file = program.sources.get(d.span.file).name.as_str();
                if !known.insert((file, d.span.start, d.span.end, d.code, d.message.as_str())) {
                    continue;
                }
                match (d.is_error(), d.code.area()) {
                    (true, Area::Syntax) => unread += 1,
                    (true, _) => errors += 1,
                    (false, _) => lints += 1,
                }
            }
        }
        (unread, errors, lints)
    }

    fn mark(&self) -> u64 {
        hash(&self.texts)
    }

    /// The first `most` safe fixes that do not overlap. One program's at a time: the places of another are its own.
    fn step(&self, loader: &dyn Loader, passed_over: &HashSet<u64>, most: usize) -> Step {
        let overlay = Overlay::of(self.texts.clone(), loader);
        for program in &self.programs {
            let mut edits = Edits::default();
            let mut fixes = Vec::new();
            for d in &program.diagnostics {
                let safe = d.fixes.iter().find(|f| f.applicability == Applicability::Safe);
                let Some(fix) = safe.filter(|fix| writable(fix, program, &overlay)) else { continue };
                let place = place_of(fix, d.span);
                let file = program.sources.get(place.file).name.clone();
                let mark = hash(&(&file, d.code, &d.message, &fix.title));
                if fixes.len() < most && !passed_over.contains(&mark) && edits.add(&fix.edits) {
                    let line = program.sources.positions(place).0.line;
                    fixes.push((mark, Applied { code: d.code, title: fix.title.clone(), file, line }));
                }
            }
            if !fixes.is_empty() {
                return Step { fixes, texts: self.changed(program, &edits) };
            }
        }
        Step { fixes: Vec::new(), texts: None }
    }

    fn changed(&self, program: &Program, edits: &Edits) -> Option<BTreeMap<String, Arc<str>>> {
        let mut texts = self.texts.clone();
        for file in edits.files() {
            let source = program.sources.get(file);
            texts.insert(source.name.clone(), edits.apply(file, &source.text)?.into());
        }
        Some(texts)
    }
}

/// Whether each file that the fix changes is one of the project's: `std` and texts made up while compiling are not.
fn writable(fix: &Fix, program: &Program, loader: &dyn Loader) -> bool {
    let same = |span: Span| {
        let source = program.sources.get(span.file);
        loader.read(&source.name).is_ok_and(|text| text == source.text)
    };
    !fix.edits.is_empty() && fix.edits.iter().all(|edit| same(edit.span))
}

fn place_of(fix: &Fix, otherwise: Span) -> Span {
    fix.edits.first().map_or(otherwise, |e| e.span)
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
