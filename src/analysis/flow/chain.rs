//! The way of a text or an agent from where it comes from to where it ends, for messages. Worked out only where there is
//! something to report.

use super::task::prints;
use super::{Binder, Flow, Kinds};
use crate::ast::{Block, Entry, Expr, ExprKind, ItemKind, StmtKind, StrPart, TaskDecl};
use crate::resolve::{DefId, Res};
use crate::source::Span;
use crate::types::{BuiltinTask, Callee};

/// Steps of one way; a longer one is cut.
const MAX_STEPS: usize = 40;

/// A place on the way, from its end to its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::analysis) struct Step {
    pub span: Span,
    pub what: String,
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    Text(Kinds),
    Agent(DefId),
}

impl<'a> Flow<'a> {
    /// How text of one of these kinds reaches an expression: the last step is where it comes from.
    pub(in crate::analysis) fn way(&self, owner: DefId, e: &'a Expr, kinds: Kinds) -> Vec<Step> {
        self.follow(owner, e, Wanted::Text(kinds.gravest()))
    }

    /// How an agent reaches an expression: the last step is where it is named.
    pub(in crate::analysis) fn way_of_agent(&self, owner: DefId, e: &'a Expr, agent: DefId) -> Vec<Step> {
        self.follow(owner, e, Wanted::Agent(agent))
    }

    fn follow(&self, owner: DefId, e: &'a Expr, wanted: Wanted) -> Vec<Step> {
        let mut way = Way { flow: self, wanted, steps: Vec::new(), left: MAX_STEPS };
        let mut at = Some((owner, e));
        while let Some((owner, e)) = at {
            if way.left == 0 {
                break;
            }
            way.left -= 1;
            at = way.expr(owner, e);
        }
        way.steps
    }
}

struct Way<'f, 'a> {
    flow: &'f Flow<'a>,
    wanted: Wanted,
    steps: Vec<Step>,
    left: usize,
}

type Next<'a> = Option<(DefId, &'a Expr)>;

impl<'a> Way<'_, 'a> {
    /// Whether what is looked for is in there.
    fn holds(&self, owner: DefId, taint: super::Taint) -> bool {
        match self.wanted {
            Wanted::Text(kinds) => self.flow.concrete_kinds(owner, taint).any(kinds),
            Wanted::Agent(agent) => {
                self.flow.sets.get(taint.agents).contains(&agent)
                    || super::bits(taint.params).any(|slot| {
                        let state = self.flow.states[owner.0 as usize].get(slot);
                        state.is_some_and(|s| self.flow.sets.get(s.agents).contains(&agent))
                    })
            }
        }
    }

    fn has(&self, owner: DefId, e: &Expr) -> bool {
        self.holds(owner, self.flow.taint(e.id))
    }

    fn step(&mut self, span: Span, what: impl Into<String>) {
        self.steps.push(Step { span, what: what.into() });
    }

    /// One step back.
    fn expr(&mut self, owner: DefId, e: &'a Expr) -> Next<'a> {
        match &e.kind {
            ExprKind::Name(_) | ExprKind::Field { .. } => match self.flow.checked.resolved.res(e.id) {
                Some(Res::Local(id)) => {
                    let binder = self.flow.binders.get(*id).copied()?;
                    return self.binder(owner, binder);
                }
                Some(Res::Def(def)) => {
                    let name = &self.flow.checked.resolved.def(*def).name.text;
                    self.step(e.span, format!("`{name}` is named here"));
                    return None;
                }
                _ => {}
            },
            ExprKind::Call { .. } => return self.call(owner, e),
            ExprKind::With { base, .. } => return Some((owner, base)),
            ExprKind::Block(block) => return self.block(owner, block),
            _ => {}
        }
        parts(e).into_iter().find(|part| self.has(owner, part)).map(|part| (owner, part))
    }

    fn block(&mut self, owner: DefId, block: &'a Block) -> Next<'a> {
        match &block.stmts.last()?.kind {
            StmtKind::Expr(e) => Some((owner, e)),
            StmtKind::Stage { body, .. } => self.block(owner, body),
            StmtKind::Task(decl) => self.source_of(owner, decl, decl.name.span),
            StmtKind::Let { .. } | StmtKind::Assert { .. } | StmtKind::Bad(_) => None,
        }
    }

    fn binder(&mut self, owner: DefId, binder: Binder<'a>) -> Next<'a> {
        match binder {
            Binder::Expr(e) => Some((owner, e)),
            Binder::Block(block) => self.block(owner, block),
            Binder::Round(at, block) => {
                let slot = super::value::slot(at);
                // What a round only hands on comes from elsewhere.
                let fresh = |t: super::Taint| super::Taint { params: t.params & !(1 << slot), ..t };
                let mut all = self.flow.inflows.iter().filter(|f| f.to == (owner, slot) && f.owner == owner);
                match all.find(|f| self.holds(owner, fresh(f.taint))).map(|f| f.from) {
                    Some(Binder::Expr(e)) => Some((owner, e)),
                    _ => self.block(owner, block),
                }
            }
            Binder::Task(decl) => self.source_of(owner, decl, decl.name.span),
            Binder::Failure(block) => {
                let start = block.span.at_start();
                let brace = Span { end: start.end + 1, ..start };
                self.step(brace, "what fails in here tells what it was given or answered");
                None
            }
            Binder::Param(def, at, param) => {
                let slot = super::value::slot(at);
                let flow =
                    self.flow.inflows.iter().find(|f| f.to == (def, slot) && self.holds(f.owner, f.taint));
                let Some((from, caller)) = flow.map(|f| (f.from, f.owner)) else {
                    self.step(param.name.span, format!("`{}` is an input of the run", param.name.text));
                    return None;
                };
                match from {
                    Binder::Expr(e) => {
                        self.step(e.span, format!("is handed to `{}` here", param.name.text));
                        Some((caller, e))
                    }
                    other => self.binder(caller, other),
                }
            }
        }
    }

    fn call(&mut self, owner: DefId, e: &'a Expr) -> Next<'a> {
        let ExprKind::Call { args, .. } = &e.kind else { return None };
        let checked = self.flow.checked;
        let argument = args.iter().map(|a| &a.value).find(|a| self.has(owner, a));
        match &checked.calls.get(e.id)?.callee {
            Callee::Def(def) => match &checked.resolved.item(*def).kind {
                ItemKind::Task(decl) => match argument.filter(|_| is_command(decl)) {
                    Some(argument) => Some((owner, argument)),
                    None => self.source_of(*def, decl, e.span),
                },
                ItemKind::Workflow(decl) => match argument {
                    Some(argument) => Some((owner, argument)),
                    None => self.block(*def, &decl.body),
                },
                ItemKind::Fn(decl) => match argument {
                    Some(argument) => Some((owner, argument)),
                    None => Some((*def, &decl.body)),
                },
                ItemKind::Use(_)
                | ItemKind::Type(_)
                | ItemKind::Enum(_)
                | ItemKind::Actor(_)
                | ItemKind::Test(_)
                | ItemKind::Bad(_) => None,
            },
            Callee::BuiltinTask(task) => {
                let what = match task {
                    BuiltinTask::Read => "this is the text of the file",
                    BuiltinTask::Glob => "these are names of files",
                    BuiltinTask::Env => "this is an environment variable",
                    BuiltinTask::PlanOf => "this is what a plan made at run time answers",
                    BuiltinTask::Input
                    | BuiltinTask::Approve
                    | BuiltinTask::Sleep
                    | BuiltinTask::Now
                    | BuiltinTask::Write => "this is a person's answer",
                };
                self.step(e.span, what);
                None
            }
            Callee::Property(name) if name == "skilled" => {
                self.step(e.span, "found by its skills here");
                None
            }
            Callee::Builtin(_) | Callee::Variant(..) | Callee::Property(_) => argument.map(|a| (owner, a)),
        }
    }

    /// A task that answers it, or that is handed it and prints it.
    fn source_of(&mut self, owner: DefId, decl: &'a TaskDecl, span: Span) -> Next<'a> {
        let handed = decl.props.list.iter().find(|p| prints(decl, &p.name.text) && self.has(owner, &p.value));
        if let Some(prop) = handed.filter(|_| is_command(decl)) {
            self.step(prop.value.span, format!("`{}` prints what it is given", decl.name.text));
            return Some((owner, &prop.value));
        }
        let has = |name: &str| decl.props.get(name).is_some();
        let what = if has("agent") {
            "an agent answers this"
        } else if has("mcp") {
            "an mcp server answers this"
        } else {
            "this comes from the net"
        };
        self.step(span, what);
        None
    }
}

/// Whether a task runs a command here.
fn is_command(decl: &TaskDecl) -> bool {
    decl.props.get("run").is_some() || decl.props.get("sh").is_some()
}

/// What the value of an expression is made of.
fn parts(e: &Expr) -> Vec<&Expr> {
    match &e.kind {
        ExprKind::Str(text) => text
            .parts
            .iter()
            .filter_map(|part| match part {
                StrPart::Text(..) => None,
                StrPart::Expr(e) => Some(&**e),
            })
            .collect(),
        ExprKind::Field { base, .. } => vec![base],
        ExprKind::Index { base, .. } => vec![base],
        ExprKind::Unary { operand, .. } => vec![operand],
        ExprKind::Binary { left, right, .. } => vec![left, right],
        ExprKind::If { then, otherwise, .. } => tail(then).into_iter().chain(otherwise.as_deref()).collect(),
        ExprKind::Match { arms, .. } => arms.iter().map(|a| &a.value).collect(),
        ExprKind::For(each) => tail(&each.body).into_iter().collect(),
        ExprKind::RaceFor(each) => tail(&each.body).into_iter().collect(),
        ExprKind::Repeat(repeat) => std::iter::once(&repeat.start).chain(tail(&repeat.body)).collect(),
        ExprKind::Try { body, catch, .. } => {
            tail(body).into_iter().chain(catch.as_ref().and_then(|c| tail(&c.body))).collect()
        }
        ExprKind::Race { entrants, .. } => entrants.iter().collect(),
        ExprKind::List(elements) => elements.iter().map(|e| &e.value).collect(),
        ExprKind::Record(entries) => entries
            .iter()
            .map(|entry| match entry {
                Entry::Field { value, .. } | Entry::Spread(value) => value,
            })
            .collect(),
        ExprKind::Paren(inner) => vec![inner],
        _ => Vec::new(),
    }
}

/// The expression that is a block's value.
fn tail(block: &Block) -> Option<&Expr> {
    match &block.stmts.last()?.kind {
        StmtKind::Expr(e) => Some(e),
        StmtKind::Stage { body, .. } => tail(body),
        StmtKind::Let { .. } | StmtKind::Task(_) | StmtKind::Assert { .. } | StmtKind::Bad(_) => None,
    }
}
