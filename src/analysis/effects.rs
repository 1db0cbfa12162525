//! Lints on tasks that do something outside: an interruption that nobody thought of, an agent without an end, a crowd of
//! agents without a limit.

use super::agents::Agents;
use super::errors;
use super::flow::{Flow, Site};
use super::survey::Survey;
use crate::ast::visit::{self, Visitor};
use crate::ast::{Arg, Entry, Expr, ExprKind, ItemKind, Props, Stmt, StmtKind, TaskDecl};
use crate::diagnostics::Diagnostic;
use crate::resolve::{DefId, DefKind};
use crate::source::Span;
use crate::types::{Builtin, Callee, Checked};
use foldhash::{HashMap, HashSet};

pub(super) fn check(
    checked: &Checked,
    survey: &Survey<'_>,
    flow: &Flow<'_>,
    agents: &Agents<'_>,
    out: &mut Vec<Diagnostic>,
) {
    for site in &flow.sites {
        let (name, props) = (site.decl.name.span, &site.decl.props);
        if let Some(effect) = effect(props)
            && !stated(survey, site, "on_crash")
        {
            out.push(errors::effect_without_on_crash(name, effect, end_of(props)));
        }
        if let Some(agent) = props.get("agent")
            && !stated(survey, site, "timeout")
        {
            let candidates = flow.agents(site.owner, &agent.value);
            let facts = candidates.iter().filter_map(|id| agents.facts(*id));
            // Skills that nobody has are an error already.
            let unknown = candidates.is_empty() && agents.skilled(&agent.value).is_none();
            if unknown || facts.into_iter().any(|a| !a.has_timeout) {
                out.push(errors::no_timeout(name, end_of(props)));
            }
        }
    }
    for with in &flow.overrides {
        let (Some((def, task)), Some(agent)) = (with.task, with.props.get("agent")) else { continue };
        if [with.props, &task.props].iter().any(|props| props.get("timeout").is_some()) {
            continue;
        }
        let endless = |owner: DefId, value: &Expr| {
            flow.agents(owner, value).iter().filter_map(|id| agents.facts(*id)).any(|a| !a.has_timeout)
        };
        // Where the declared agent has none either, it is said there.
        let said = task.props.get("agent").is_some_and(|own| endless(def, &own.value));
        if !said && endless(with.owner, &agent.value) {
            out.push(errors::no_timeout(agent.name.span, end_of(with.props)));
        }
    }
    if survey.loops.is_empty() || survey.tasks.iter().all(|t| t.decl.props.get("agent").is_none()) {
        return;
    }
    let tasks: HashMap<DefId, &TaskDecl> =
        survey.tasks.iter().filter_map(|site| site.def.map(|def| (def, site.decl))).collect();
    let spending = spending(checked, &tasks, agents);
    for site in survey.loops.iter().filter(|l| !l.nested) {
        if known_width(checked, site.items) || site.workflow.is_some_and(|w| is_bounded(checked, survey, w)) {
            continue;
        }
        let mut search = Search { checked, tasks: &tasks, agents, found: None, called: Vec::new() };
        search.block(site.body);
        let called = search.called.iter().find(|(def, _)| spending.contains(def)).map(|(_, span)| *span);
        if let Some(task) = search.found.or(called) {
            out.push(errors::fan_out_without_budget(site.items.span, task));
        }
    }
}

/// Whether a task has a property, itself or at every one of its calls.
fn stated(survey: &Survey<'_>, site: &Site<'_>, property: &str) -> bool {
    if site.decl.props.get(property).is_some() {
        return true;
    }
    let Some(calls) = survey.calls_of.get(&site.owner).filter(|_| !site.inline) else { return false };
    calls.iter().all(|at| survey.calls[*at].with.is_some_and(|w| w.get(property).is_some()))
}

/// Behind the last property: where one more can stand.
fn end_of(props: &Props) -> Option<Span> {
    props.list.last().map(|p| p.span.at_end())
}

/// What a task does to the world such that doing it twice may matter.
fn effect(props: &Props) -> Option<Span> {
    let elsewhere =
        props.get("workspace").is_some_and(|w| w.value.last_name().is_some_and(|name| name.text != "shared"));
    if let Some(http) = props.get("http") {
        let ExprKind::Record(entries) = &http.value.kind else { return None };
        let method = entries.iter().find_map(|e| match e {
            Entry::Field { key, value } if key.text == "method" => Some(value),
            Entry::Field { .. } | Entry::Spread(_) => None,
        })?;
        let text = match &method.kind {
            ExprKind::Str(text) => text.literal()?,
            _ => return Some(method.span),
        };
        return (!matches!(text.as_str(), "GET" | "HEAD")).then_some(method.span);
    }
    let writes = props.get("writes").filter(|_| props.get("run").or(props.get("sh")).is_some())?;
    let none = matches!(&writes.value.kind, ExprKind::List(elements) if elements.is_empty());
    (!none && !elsewhere).then_some(writes.span)
}

/// The workflows that give a task without a budget to an agent, themselves or by way of others.
fn spending(checked: &Checked, tasks: &HashMap<DefId, &TaskDecl>, agents: &Agents<'_>) -> HashSet<DefId> {
    let mut callers: HashMap<DefId, Vec<DefId>> = HashMap::default();
    let mut open = Vec::new();
    for at in (0..checked.resolved.defs.len() as u32).map(DefId) {
        let ItemKind::Workflow(decl) = &checked.resolved.item(at).kind else { continue };
        if checked.resolved.def(at).kind != DefKind::Workflow || has_budget(checked, at) {
            continue;
        }
        let mut search = Search { checked, tasks, agents, found: None, called: Vec::new() };
        search.block(&decl.body);
        if search.found.is_some() {
            open.push(at);
        }
        for (callee, _) in search.called {
            callers.entry(callee).or_default().push(at);
        }
    }
    let mut found = HashSet::default();
    while let Some(def) = open.pop() {
        if found.insert(def) {
            open.extend(callers.remove(&def).unwrap_or_default());
        }
    }
    found
}

fn known_width(checked: &Checked, items: &Expr) -> bool {
    match &items.kind {
        ExprKind::List(elements) => elements.iter().all(|e| !e.splice || known_width(checked, &e.value)),
        ExprKind::Paren(inner) => known_width(checked, inner),
        ExprKind::Call { args, .. } => {
            let number = |arg: &Arg| matches!(arg.value.kind, ExprKind::Int(_));
            match checked.calls.get(items.id).map(|call| &call.callee) {
                Some(Callee::Builtin(Builtin::Range)) => args.iter().all(number),
                Some(Callee::Builtin(Builtin::Take)) => args.iter().any(number),
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether a workflow has a budget, or is a part of others only that are bounded so.
fn is_bounded(checked: &Checked, survey: &Survey<'_>, workflow: DefId) -> bool {
    let (mut open, mut seen) = (vec![workflow], HashSet::default());
    while let Some(at) = open.pop() {
        if has_budget(checked, at) || !seen.insert(at) {
            continue;
        }
        let by_workflow = |owner: &DefId| checked.resolved.def(*owner).kind == DefKind::Workflow;
        let callers = survey.edges.iter().filter(|(owner, callee)| *callee == at && by_workflow(owner));
        let before = open.len();
        open.extend(callers.map(|(owner, _)| *owner));
        if open.len() == before || checked.resolved.def(at).name.text == "main" {
            return false;
        }
    }
    true
}

fn has_budget(checked: &Checked, workflow: DefId) -> bool {
    match &checked.resolved.item(workflow).kind {
        ItemKind::Workflow(decl) => decl.with.as_ref().is_some_and(|w| w.get("budget").is_some()),
        ItemKind::Use(_)
        | ItemKind::Type(_)
        | ItemKind::Enum(_)
        | ItemKind::Fn(_)
        | ItemKind::Actor(_)
        | ItemKind::Task(_)
        | ItemKind::Test(_)
        | ItemKind::Bad(_) => false,
    }
}

/// Looks for an agent's task without a budget, and for the workflows that are called.
struct Search<'s, 'a> {
    checked: &'s Checked,
    tasks: &'s HashMap<DefId, &'a TaskDecl>,
    agents: &'s Agents<'s>,
    found: Option<Span>,
    called: Vec<(DefId, Span)>,
}

impl Search<'_, '_> {
    fn task_at(&mut self, decl: &TaskDecl, span: Span) {
        let Some(agent) = decl.props.get("agent") else { return };
        if decl.props.get("budget").is_some() {
            return;
        }
        let candidates = self.agents.candidates(&agent.value);
        if candidates.open || candidates.known.iter().any(|a| !a.has_budget) {
            self.found = self.found.or(Some(span));
        }
    }

    fn call(&mut self, call: &Expr) {
        let Some(Callee::Def(def)) = self.checked.calls.get(call.id).map(|c| &c.callee) else { return };
        match self.tasks.get(def) {
            Some(task) => self.task_at(task, call.span),
            None => self.called.push((*def, call.span)),
        }
    }
}

impl<'a> Visitor<'a> for Search<'_, 'a> {
    fn stmt(&mut self, stmt: &'a Stmt) {
        if let StmtKind::Task(decl) = &stmt.kind {
            self.task_at(decl, decl.name.span);
        }
        visit::walk_stmt(self, stmt);
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            // A budget of the call counts as the task's.
            ExprKind::With { base, props } if props.get("budget").is_some() => {
                visit::walk_expr(self, base);
                return;
            }
            ExprKind::Call { .. } => self.call(expr),
            _ => {}
        }
        visit::walk_expr(self, expr);
    }
}
