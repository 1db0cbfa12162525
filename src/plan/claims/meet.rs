//! The pairs of sites that run at the same time and use the same paths.

use super::distinct;
use super::index::Index;
use super::terms::{TermId, Terms, Within, arguments, put};
use super::tree::{Apart, Tree};
use super::typed::static_type;
use super::{Collision, Faulty, Findings, MOST_COMPARED, MOST_LISTED, MOST_PAIRS, Maybe, Side, Together};
use crate::analysis::globs::{Glob, GlobFault, Piece, Sign, Unknown};
use crate::plan::{Element, Expr, ExprKind, NodeKind, Part, Plan, RaceKind};
use crate::value::{Type, Value};
use std::collections::{BTreeSet, HashMap};

/// A pattern of [`Meet::patterns`].
pub(super) type PatternId = u32;

/// A claim of a site.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    pub pattern: PatternId,
    pub writes: bool,
    element: u32,
    at_call: bool,
}

/// How two patterns overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    No,
    May,
    Sure(String),
}

/// How two sites can run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Both {
    together: Together,
    /// Between which instances of a scope what is unknown differs.
    across: Option<u32>,
    certain: bool,
}

struct Meet<'p> {
    plan: &'p Plan,
    tree: Tree<'p>,
    terms: Terms<'p>,
    /// `None`: nothing is known of it.
    patterns: Vec<Option<Glob>>,
    known: HashMap<Vec<Piece>, PatternId>,
    /// What each pattern is made of.
    pieces: Vec<Vec<Piece>>,
    /// What no two iterations have in common, by the scope of an iteration.
    keys: HashMap<u32, Vec<TermId>>,
    claims: Vec<Vec<Claim>>,
    verdicts: HashMap<(PatternId, PatternId, Option<u32>), Verdict>,
    may: bool,
    found: Findings,
    pairs: HashMap<(super::At, super::At), usize>,
    waits: BTreeSet<(u32, u32)>,
}

/// Finds them; with `may` also those that only may overlap.
pub(super) fn find(plan: &Plan, may: bool) -> Findings {
    let tree = Tree::new(plan);
    let mut meet = Meet {
        plan,
        terms: Terms::new(plan),
        patterns: vec![None],
        known: HashMap::new(),
        pieces: vec![Vec::new()],
        keys: HashMap::new(),
        claims: Vec::with_capacity(tree.sites.len()),
        verdicts: HashMap::new(),
        may,
        found: Findings { beyond: tree.beyond, ..Findings::default() },
        pairs: HashMap::new(),
        waits: BTreeSet::new(),
        tree,
    };
    meet.read_claims();
    meet.compare();
    meet.finish()
}

impl<'p> Meet<'p> {
    fn read_claims(&mut self) {
        for site in 0..self.tree.sites.len() as u32 {
            let task = &self.tree.sites[site as usize].task;
            let lists = [(task.writes, true), (task.reads, false)];
            let mut claims = Vec::new();
            for (list, writes) in lists {
                if let Some((list, at_call)) = list {
                    self.read_list(site, list, writes, at_call, &mut claims);
                }
            }
            self.claims.push(claims);
        }
    }

    fn read_list(
        &mut self,
        site: u32,
        mut list: &'p Expr,
        writes: bool,
        at_call: bool,
        out: &mut Vec<Claim>,
    ) {
        while let ExprKind::Fit(_, inner) = &list.kind {
            list = inner;
        }
        let claim = |pattern, element: usize| Claim { pattern, writes, element: element as u32, at_call };
        let ExprKind::List(elements) = &list.kind else {
            for (element, pattern) in self.values(site, list, at_call, writes, 0) {
                out.push(claim(pattern, element));
            }
            return;
        };
        for (i, Element { splice, value }) in elements.iter().enumerate() {
            if *splice {
                let all = self.values(site, value, at_call, writes, i);
                out.extend(all.into_iter().map(|(_, pattern)| claim(pattern, i)));
            } else {
                let pattern = self.element(site, value, at_call, writes, i);
                out.push(claim(pattern, i));
            }
        }
    }

    /// The patterns of a list that is a value, each with its place in the list.
    fn values(
        &mut self,
        site: u32,
        list: &'p Expr,
        at_call: bool,
        writes: bool,
        first: usize,
    ) -> Vec<(usize, PatternId)> {
        let within = self.within(site, at_call);
        let term = self.terms.of(&self.tree, within, list);
        match self.terms.value(term).cloned() {
            Some(Value::List(items)) => {
                let mut found = Vec::new();
                for (i, text) in items.iter().filter_map(Value::as_text).enumerate() {
                    let pattern = self.pattern(vec![Piece::Text(text.to_string())]);
                    let side = self.own_side(site, writes, first + i, at_call);
                    found.push((first + i, self.sound(pattern, side)));
                }
                found
            }
            Some(Value::Str(text)) => {
                let mut pieces = Vec::new();
                put(text.trim_start_matches("./"), &mut pieces);
                let pattern = self.pattern(pieces);
                let side = self.own_side(site, writes, first, at_call);
                vec![(first, self.sound(pattern, side))]
            }
            Some(Value::None) => Vec::new(),
            None if self.terms.is_text(term) => {
                // What is not known of it may be special: it is a text of its own.
                let mut pieces = Vec::new();
                self.terms.patterns(term, site, &mut pieces);
                vec![(first, self.pattern(pieces).unwrap_or(0))]
            }
            _ => vec![(first, 0)],
        }
    }

    /// The pattern of an element that is written out: what is put into its text is literal.
    fn element(&mut self, site: u32, element: &'p Expr, at_call: bool, writes: bool, i: usize) -> PatternId {
        let mut value = element;
        while let ExprKind::Fit(_, inner) = &value.kind {
            value = inner;
        }
        let within = self.within(site, at_call);
        let mut pieces = Vec::new();
        match &value.kind {
            ExprKind::Const(Value::Str(text)) => put(text, &mut pieces),
            ExprKind::Interpolate(parts) => {
                for part in parts {
                    match part {
                        Part::Text(text) => put(text, &mut pieces),
                        Part::Value(value) => {
                            let term = self.terms.of(&self.tree, within, value);
                            let path = !self.is_word(site, value);
                            self.terms.pieces(term, path, &mut pieces);
                        }
                    }
                }
            }
            _ => {
                let term = self.terms.of(&self.tree, within, value);
                self.terms.pieces(term, true, &mut pieces);
            }
        }
        let pattern = self.pattern(pieces);
        let side = self.own_side(site, writes, i, at_call);
        self.sound(pattern, side)
    }

    fn within(&self, site: u32, at_call: bool) -> Within<'p> {
        let place = &self.tree.sites[site as usize];
        let node = &self.plan.body(self.tree.scopes[place.scope as usize].body).nodes[place.node.index()];
        Within { scope: place.scope, args: (!at_call).then(|| arguments(&node.kind)) }
    }

    /// Whether what is interpolated cannot hold a `/`.
    fn is_word(&self, site: u32, value: &Expr) -> bool {
        let (body, node) = self.tree.at(site);
        let NodeKind::Task { def, .. } = &self.plan.body(body).nodes[node.index()].kind else { return false };
        let ty = static_type(self.plan, self.plan.task(*def), value).map(|ty| self.plan.types.get(ty));
        matches!(
            ty,
            Some(
                Type::String
                    | Type::Int
                    | Type::Float
                    | Type::Bool
                    | Type::Duration
                    | Type::Bytes
                    | Type::Money
            )
        ) || matches!(ty, Some(Type::Enum(e)) if e.variants.iter().all(|v| v.fields.is_empty()))
    }

    fn pattern(&mut self, pieces: Vec<Piece>) -> Result<PatternId, (String, GlobFault)> {
        if let Some(known) = self.known.get(&pieces) {
            return Ok(*known);
        }
        match Glob::of(&pieces) {
            Ok(glob) => {
                self.patterns.push(Some(glob));
                self.pieces.push(pieces.clone());
                let id = self.patterns.len() as PatternId - 1;
                self.known.insert(pieces, id);
                Ok(id)
            }
            Err(fault) => {
                let text = |p: &Piece| match p {
                    Piece::Text(text) => text.clone(),
                    Piece::Unknown(u) => format!("#{{{}}}", self.terms.label(u.id)),
                };
                Err((pieces.iter().map(text).collect(), fault))
            }
        }
    }

    /// The pattern, or that of which nothing is known when it is none; then that is noted.
    fn sound(&mut self, pattern: Result<PatternId, (String, GlobFault)>, side: Side) -> PatternId {
        match pattern {
            Ok(pattern) => pattern,
            Err((text, fault)) => {
                let faulty = Faulty { side, text, fault };
                if self.found.faulty.len() < MOST_LISTED && !self.found.faulty.contains(&faulty) {
                    self.found.faulty.push(faulty);
                }
                0
            }
        }
    }

    fn compare(&mut self) {
        let index = Index::new(&self.patterns, &self.claims, self.may);
        for site in 0..self.tree.sites.len() as u32 {
            if self.tree.is_alone(site) {
                continue;
            }
            for claim in self.claims[site as usize].clone() {
                if self.is_enough() {
                    return;
                }
                index.near(claim.pattern, |near| {
                    self.found.work.looked += 1;
                    if self.is_apart(claim.pattern, near) {
                        return;
                    }
                    let sites = index.sites(near, !claim.writes);
                    let later = sites.partition_point(|(other, _)| *other < site);
                    for (other, at) in &sites[later..] {
                        let theirs = self.claims[*other as usize][*at as usize];
                        // Each pair of claims of one site with itself is met from both ends.
                        if *other != site || claim.writes {
                            self.pair(site, &claim, *other, &theirs);
                        }
                    }
                });
            }
        }
    }

    /// A quick look at two patterns: whether they are not sure to meet, or where all is known of both, never do.
    fn is_apart(&self, p: PatternId, q: PatternId) -> bool {
        match (&self.patterns[p as usize], &self.patterns[q as usize]) {
            (Some(p), Some(q)) => !(self.may && (p.is_open() || q.is_open())) && p.is_apart(q),
            _ => false,
        }
    }

    /// Whether more is not worth the work: enough was found, or too much looked at.
    fn is_enough(&mut self) -> bool {
        // Pairs come in the order of their first sites: the first of them are known.
        let full = match self.may {
            true => self.waits.len() > MOST_LISTED,
            false => self.found.collisions.len() >= MOST_LISTED,
        };
        let long = self.found.work.pairs >= MOST_PAIRS || self.found.work.looked >= 8 * MOST_PAIRS;
        let long = long || self.may && self.found.work.compared >= MOST_COMPARED;
        self.found.more |= full;
        self.found.beyond |= long;
        full || long
    }

    fn pair(&mut self, a: u32, ours: &Claim, b: u32, theirs: &Claim) {
        self.found.work.pairs += 1;
        let meet = self.tree.meet(a, b);
        let own = [a, b].iter().all(|s| self.tree.sites[*s as usize].task.apart == Apart::Shared);
        for both in self.together(a, b).into_iter().flatten() {
            let around = both.across.unwrap_or(meet);
            let elsewhere = [a, b].map(|site| self.tree.is_elsewhere(around, site));
            // In a tree of its own a workflow reads what it found there when it began.
            if elsewhere[0] && !ours.writes || elsewhere[1] && !theirs.writes {
                continue;
            }
            let shared = own && elsewhere == [false, false];
            let counts = self.may || (both.certain && shared);
            if !counts {
                continue;
            }
            match self.verdict(ours.pattern, theirs.pattern, both.across) {
                Verdict::No => continue,
                _ if self.excluded(a, b) => return,
                Verdict::Sure(example) if both.certain && shared => {
                    self.collide(a, ours, b, theirs, both.together, example);
                    return;
                }
                Verdict::Sure(_) | Verdict::May => {
                    if self.may {
                        self.waits.insert((a, b));
                    }
                    return;
                }
            }
        }
    }

    /// Whether two sites never run at the same time for want of what both need.
    fn excluded(&self, a: u32, b: u32) -> bool {
        let task = |site: u32| &self.tree.sites[site as usize].task;
        task(a).excludes(self.plan, task(b))
    }

    /// How two sites run at the same time: in one instance of the scope where they meet, or in two.
    fn together(&self, a: u32, b: u32) -> [Option<Both>; 2] {
        let meet = self.tree.meet(a, b);
        let scope = &self.tree.scopes[meet as usize];
        let here = if a == b || scope.serial { None } else { self.side_by_side(meet, a, b) };
        let across = |at: u32, certain| {
            let (outer, node) = self.tree.scopes[at as usize].parent?;
            let owner = (self.tree.scopes[outer as usize].body, node);
            let race = matches!(self.plan.body(owner.0).nodes[node.index()].kind, NodeKind::Race { .. });
            let together = if race { Together::Entrants(owner) } else { Together::Iterations(owner) };
            Some(Both { together, across: Some(at), certain })
        };
        let fan = match (scope.fan, scope.may_fan) {
            (Some(at), _) => across(at, true),
            (None, Some(at)) => across(at, false),
            (None, None) => None,
        };
        [here, fan]
    }

    fn side_by_side(&self, meet: u32, a: u32, b: u32) -> Option<Both> {
        let (x, y) = (self.tree.child(meet, a), self.tree.child(meet, b));
        let body = self.tree.scopes[meet as usize].body;
        let together = if x != y {
            self.tree.unordered(meet, x, y).then_some(Together::Unordered)?
        } else {
            let kind = &self.plan.body(body).nodes[x.index()].kind;
            let race = matches!(kind, NodeKind::Race { entrants: RaceKind::Bodies(_), .. });
            race.then_some(Together::Entrants((body, x)))?
        };
        Some(Both { together, across: None, certain: true })
    }

    fn verdict(&mut self, p: PatternId, q: PatternId, across: Option<u32>) -> Verdict {
        let key = (p.min(q), p.max(q), across);
        if let Some(known) = self.verdicts.get(&key) {
            return known.clone();
        }
        self.found.work.compared += 1;
        if p == q && across.is_some_and(|scope| self.keeps_apart(p, scope)) {
            self.verdicts.insert(key, Verdict::No);
            return Verdict::No;
        }
        let verdict = match (&self.patterns[key.0 as usize], &self.patterns[key.1 as usize]) {
            (Some(p), Some(q)) => {
                let same = |u: Unknown, v: Unknown| {
                    u.id == v.id && across.is_none_or(|scope| !self.terms.depends(u.id, &self.tree, scope))
                };
                match p.certain(q, &same) {
                    Some(signs) => {
                        let fuller = || p.fuller()?.certain(&q.fuller()?, &same);
                        Verdict::Sure(self.example(&fuller().unwrap_or(signs)))
                    }
                    None if self.may && p.possible(q) => Verdict::May,
                    None => Verdict::No,
                }
            }
            _ => Verdict::May,
        };
        self.verdicts.insert(key, verdict.clone());
        verdict
    }

    /// Whether a pattern names no path twice: it holds, as a word of its own, what no two iterations have in common.
    fn keeps_apart(&mut self, pattern: PatternId, scope: u32) -> bool {
        let Some((outer, _)) = self.tree.scopes[scope as usize].parent else { return false };
        // Iterations of a loop around it may have the same keys.
        if self.tree.scopes[outer as usize].may_fan.is_some() {
            return false;
        }
        let Some(id) = distinct::word_of(&self.pieces[pattern as usize]) else { return false };
        if !self.keys.contains_key(&scope) {
            let keys = distinct::keys(self.plan, &self.tree, &mut self.terms, scope);
            self.keys.insert(scope, keys);
        }
        self.keys.get(&scope).is_some_and(|keys| keys.contains(&id))
    }

    fn example(&self, signs: &[Sign]) -> String {
        let mut out = String::new();
        for sign in signs {
            match sign {
                Sign::Char(c) => out.push(*c),
                Sign::Unknown(unknown) => {
                    out.push_str("#{");
                    out.push_str(self.terms.label(unknown.id));
                    out.push('}');
                }
            }
        }
        out
    }

    /// A site's own claim, wherever the site stands.
    fn own_side(&self, site: u32, writes: bool, element: usize, at_call: bool) -> Side {
        let claim = Claim { pattern: 0, writes, element: element as u32, at_call };
        self.side_in(self.tree.sites[site as usize].scope, site, &claim)
    }

    fn side_in(&self, scope: u32, site: u32, claim: &Claim) -> Side {
        Side {
            task: self.tree.at(site),
            call: self.tree.call(self.plan, scope, site),
            writes: claim.writes,
            element: claim.element as usize,
            at_call: claim.at_call,
        }
    }

    /// Notes a collision: one for two nodes, and where there are several the one between two writers.
    fn collide(&mut self, a: u32, ours: &Claim, b: u32, theirs: &Claim, together: Together, example: String) {
        let key = (self.tree.at(a), self.tree.at(b));
        let weight = usize::from(!ours.writes) + usize::from(!theirs.writes);
        let known = self.pairs.get(&key).copied();
        if let Some(known) = known {
            let old = &self.found.collisions[known];
            if usize::from(!old.first.writes) + usize::from(!old.second.writes) <= weight {
                return;
            }
        } else if self.found.collisions.len() >= MOST_LISTED {
            self.found.more = true;
            return;
        }
        let meet = self.tree.meet(a, b);
        let (first, second) = (self.side_in(meet, a, ours), self.side_in(meet, b, theirs));
        let collision = Collision { together, first, second, example };
        match known {
            Some(known) => self.found.collisions[known] = collision,
            None => {
                self.pairs.insert(key, self.found.collisions.len());
                self.found.collisions.push(collision);
            }
        }
    }

    fn finish(mut self) -> Findings {
        self.found.work.sites = self.tree.sites.len();
        self.found.more |= self.waits.len() > MOST_LISTED;
        for (a, b) in self.waits.iter().take(MOST_LISTED) {
            let (first, second) = (self.tree.id(self.plan, *a), self.tree.id(self.plan, *b));
            self.found.may.push(Maybe { first, second });
        }
        self.found.may.dedup();
        self.found
    }
}
