//! From a plan back to the text: which declaration, call or loop a node was made of.
//!
//! Made only when there is something to say.

use crate::ast::visit::{self, Visitor};
use crate::ast::{Block, Expr, ExprKind, Item, ItemKind, Props, Stmt, TaskDecl, WorkflowDecl};
use crate::plan::claims::{At, Side};
use crate::plan::{Action, Body, BodyId, Node, NodeKind, Plan, Spot};
use crate::source::{FileId, SourceMap, Span};
use crate::types::Checked;
use std::collections::HashMap;

/// A call as it stands in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub expr: &'a Expr,
    pub with: Option<&'a Props>,
    /// With its `with`.
    pub span: Span,
}

/// What a node of a task or call was made of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Origin<'a> {
    Call(Call<'a>),
    Inline(&'a TaskDecl),
}

/// The places of a program.
pub(super) struct Places<'a> {
    plan: &'a Plan,
    sources: &'a SourceMap,
    /// By file of the plan.
    files: Vec<Option<FileId>>,
    tasks: HashMap<Start, &'a TaskDecl>,
    calls: HashMap<Start, Call<'a>>,
    workflows: HashMap<Start, &'a WorkflowDecl>,
    /// `for` and `race`.
    loops: HashMap<Start, &'a Expr>,
    blocks: Vec<&'a Block>,
    /// Files that are not the program's to mend.
    std: Vec<FileId>,
    with: Option<(&'a Expr, &'a Props, Span)>,
}

/// Where something starts: file, line, column.
type Start = (FileId, u32, u32);

impl<'a> Places<'a> {
    pub(super) fn new(plan: &'a Plan, checked: &'a Checked, sources: &'a SourceMap) -> Places<'a> {
        let by_name: HashMap<&str, FileId> = sources.iter().map(|(id, s)| (s.name.as_str(), id)).collect();
        let mut places = Places {
            plan,
            sources,
            files: plan.files.iter().map(|f| by_name.get(f.as_str()).copied()).collect(),
            tasks: HashMap::new(),
            calls: HashMap::new(),
            workflows: HashMap::new(),
            loops: HashMap::new(),
            blocks: Vec::new(),
            std: Vec::new(),
            with: None,
        };
        for module in &checked.resolved.modules {
            if module.embedded {
                places.std.push(module.file);
            }
            visit::walk_module(&mut places, &module.ast);
        }
        places
    }

    fn start(&self, span: Span) -> Start {
        let at = self.sources.positions(span.at_start()).0;
        (span.file, at.line, at.column)
    }

    fn of_spot(&self, spot: Spot) -> Option<Start> {
        Some(((*self.files.get(spot.0 as usize)?)?, spot.1, spot.2))
    }

    pub(super) fn body(&self, id: BodyId) -> &'a Body {
        self.plan.body(id)
    }

    pub(super) fn node(&self, at: At) -> &'a Node {
        &self.plan.body(at.0).nodes[at.1.index()]
    }

    /// The task that a side is.
    pub(super) fn definition(&self, side: &Side) -> Option<&'a TaskDecl> {
        let NodeKind::Task { def, .. } = &self.node(side.task).kind else { return None };
        self.tasks.get(&self.of_spot(self.plan.task(*def).spot)?).copied()
    }

    /// The name of the task that a side is.
    pub(super) fn name(&self, side: &Side) -> &'a str {
        match &self.node(side.task).kind {
            NodeKind::Task { def, .. } => &self.plan.task(*def).name,
            _ => "",
        }
    }

    /// What a node of a task or call was made of.
    pub(super) fn origin(&self, at: At) -> Option<Origin<'a>> {
        let start = self.of_spot(self.node(at).spot)?;
        let call = self.calls.get(&start).map(|c| Origin::Call(*c));
        call.or_else(|| self.tasks.get(&start).map(|t| Origin::Inline(t)))
    }

    /// The workflow that a node of body 0 starts.
    pub(super) fn workflow(&self, at: At) -> Option<&'a WorkflowDecl> {
        self.workflows.get(&self.of_spot(self.node(at).spot)?).copied()
    }

    /// The `for` or `race` that a node was made of.
    pub(super) fn head(&self, at: At) -> Option<&'a Expr> {
        self.loops.get(&self.of_spot(self.node(at).spot)?).copied()
    }

    /// The claim of a side: the element of its list where that is written out, else the list.
    pub(super) fn claim(&self, side: &Side) -> Option<Span> {
        if let NodeKind::Task { def, .. } = &self.node(side.task).kind
            && matches!(self.plan.task(*def).action, Action::Builtin { .. })
            && !side.at_call
        {
            // The path that it is given.
            let Origin::Call(call) = self.origin(side.task)? else { return None };
            let ExprKind::Call { args, .. } = &call.expr.kind else { return None };
            let named = args.iter().find(|a| a.name.as_ref().is_some_and(|n| n.text == "path"));
            return Some(named.or(args.first())?.value.span);
        }
        let name = if side.writes { "writes" } else { "reads" };
        let props = if side.at_call {
            match self.origin(side.task)? {
                Origin::Call(call) => call.with?,
                Origin::Inline(decl) => &decl.props,
            }
        } else {
            &self.definition(side)?.props
        };
        let value = &props.get(name)?.value;
        match &value.kind {
            ExprKind::List(elements) => Some(elements.get(side.element).map_or(value.span, |e| e.value.span)),
            _ => Some(value.span),
        }
    }

    /// The innermost block with two statements that hold these places, and those: the first and the second of the text.
    pub(super) fn statements(&self, a: Span, b: Span) -> Option<(&'a Stmt, &'a Stmt)> {
        let holds = |outer: Span, inner: Span| {
            outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
        };
        let around = self.blocks.iter().filter(|block| holds(block.span, a) && holds(block.span, b));
        let block = around.min_by_key(|block| block.span.end - block.span.start)?;
        let of = |span: Span| block.stmts.iter().find(|s| holds(s.span, span));
        let (first, second) = (of(a)?, of(b)?);
        match first.span.start.cmp(&second.span.start) {
            std::cmp::Ordering::Less => Some((first, second)),
            std::cmp::Ordering::Greater => Some((second, first)),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// Whether a text is the program's own.
    pub(super) fn is_own(&self, span: Span) -> bool {
        !self.std.contains(&span.file)
    }

    /// The text under a span.
    pub(super) fn text(&self, span: Span) -> &'a str {
        self.sources.text(span)
    }

    /// All the text of a file.
    pub(super) fn whole(&self, file: FileId) -> &'a str {
        &self.sources.get(file).text
    }
}

impl<'a> Call<'a> {
    /// The name of what is called.
    pub(super) fn name(&self) -> Option<&'a str> {
        let ExprKind::Call { callee, .. } = &self.expr.kind else { return None };
        callee.last_name().map(|name| name.text.as_str())
    }
}

impl Origin<'_> {
    /// Where it stands.
    pub(super) fn span(&self) -> Span {
        match self {
            Origin::Call(call) => call.expr.span,
            Origin::Inline(decl) => decl.name.span,
        }
    }
}

impl<'a> Visitor<'a> for Places<'a> {
    fn item(&mut self, item: &'a Item) {
        if let ItemKind::Workflow(decl) = &item.kind {
            self.workflows.insert(self.start(decl.name.span), decl);
        }
        visit::walk_item(self, item);
    }

    fn task(&mut self, task: &'a TaskDecl) {
        self.tasks.insert(self.start(task.name.span), task);
        visit::walk_task(self, task);
    }

    fn block(&mut self, block: &'a Block) {
        self.blocks.push(block);
        visit::walk_block(self, block);
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::With { base, props } => {
                let mut bare = &**base;
                while let ExprKind::Paren(inner) = &bare.kind {
                    bare = inner;
                }
                self.with = Some((bare, props, expr.span));
            }
            ExprKind::Call { .. } => {
                let given = self.with.take().filter(|(base, ..)| std::ptr::eq(*base, expr));
                let (with, span) = (given.map(|g| g.1), given.map_or(expr.span, |g| g.2));
                self.calls.insert(self.start(expr.span), Call { expr, with, span });
            }
            ExprKind::For(_) | ExprKind::Race { .. } | ExprKind::RaceFor(_) => {
                self.loops.insert(self.start(expr.span), expr);
            }
            _ => {}
        }
        visit::walk_expr(self, expr);
    }
}
