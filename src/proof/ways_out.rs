//! What a person can change so that two tasks no longer collide, as edits.

use super::conflicts::{Parties, Party};
use super::places::{Origin, Places};
use crate::ast::{Expr, ExprKind, LetPattern, Props, Stmt, StmtKind};
use crate::diagnostics::{Applicability, Edit, Fix};
use crate::plan::claims::Together;
use crate::source::Span;

/// The ways out of a collision, the least change first.
pub(super) fn of(places: &Places<'_>, parties: &Parties<'_>) -> Vec<Fix> {
    let ways = match parties.together {
        Together::Unordered => [after(places, parties), stage(places, parties), worktree(places, parties)],
        Together::Iterations(_) => [one_by_one(places, parties), worktree(places, parties), None],
        Together::Entrants(_) => [worktree(places, parties), None, None],
    };
    ways.into_iter().flatten().filter(|fix| fix.edits.iter().all(|e| places.is_own(e.span))).collect()
}

/// The second waits for the statement of the first.
fn after(places: &Places<'_>, parties: &Parties<'_>) -> Option<Fix> {
    let (first, _, later) = in_order(places, parties)?;
    let (name, bind) = name_of(places, first)?;
    let bound = if bind.is_some() { format!("`let {name} = …`, and ") } else { String::new() };
    let mut edits: Vec<Edit> = bind.into_iter().collect();
    edits.push(match later.origin? {
        Origin::Call(call) => match call.with {
            Some(props) => add_after(places, props, &name),
            None => insert(call.span.at_end(), format!(" with {{ after: [{name}] }}")),
        },
        Origin::Inline(decl) => add_after(places, &decl.props, &name),
    });
    Some(look(format!("let `{}` wait: {bound}`after: [{name}]`", later.name), edits))
}

/// The first becomes a stage: what stands below it waits.
fn stage(places: &Places<'_>, parties: &Parties<'_>) -> Option<Fix> {
    let (first, ..) = in_order(places, parties)?;
    let StmtKind::Expr(_) = &first.kind else { return None };
    let name = fresh(places, first.span, "before");
    let edits = vec![
        insert(first.span.at_start(), format!("stage {name} {{ ")),
        insert(first.span.at_end(), " }".to_string()),
    ];
    Some(look("make it a stage: all that is written below waits".to_string(), edits))
}

/// The statements of both in the order of the text, and the party of the second.
fn in_order<'a, 'p>(
    places: &Places<'a>,
    parties: &'p Parties<'a>,
) -> Option<(&'a Stmt, &'a Stmt, &'p Party<'a>)> {
    let (a, b) = (parties.first.origin?.span(), parties.second.origin?.span());
    let (first, second) = places.statements(a, b)?;
    let inside = |span: Span| second.span.start <= span.start && span.end <= second.span.end;
    let later = if inside(b) { &parties.second } else { &parties.first };
    Some((first, second, later))
}

/// A name that stands for a statement in `after`, and what must be written to give it one.
fn name_of(places: &Places<'_>, stmt: &Stmt) -> Option<(String, Option<Edit>)> {
    match &stmt.kind {
        StmtKind::Let { pattern: LetPattern::Name(bound), .. } => Some((bound.name.text.to_string(), None)),
        StmtKind::Let { pattern: LetPattern::Fields(bounds, _), .. } => {
            Some((bounds.first()?.name.text.to_string(), None))
        }
        StmtKind::Task(decl) => Some((decl.name.text.to_string(), None)),
        StmtKind::Stage { name, .. } => Some((name.text.to_string(), None)),
        StmtKind::Expr(expr) => {
            let name = fresh(places, stmt.span, &format!("{}_done", called(expr)));
            let edit = insert(expr.span.at_start(), format!("let {name} = "));
            Some((name, Some(edit)))
        }
        StmtKind::Assert { .. } | StmtKind::Bad(_) => None,
    }
}

/// What an expression calls, in a word.
fn called(expr: &Expr) -> &str {
    match &expr.kind {
        ExprKind::With { base, .. } | ExprKind::Paren(base) => called(base),
        ExprKind::Call { callee, .. } => called(callee),
        _ => expr.last_name().map_or("first", |name| &name.text),
    }
}

/// A name that the file does not hold yet.
fn fresh(places: &Places<'_>, near: Span, wish: &str) -> String {
    let text = places.whole(near.file);
    let numbered = (2..).map(|n| format!("{wish}{n}"));
    std::iter::once(wish.to_string())
        .chain(numbered)
        .find(|name| !text.contains(name.as_str()))
        .unwrap_or_default()
}

/// A change of what the program does: for a person to choose.
fn look(title: String, edits: Vec<Edit>) -> Fix {
    Fix { title, edits, applicability: Applicability::NeedsLook }
}

fn insert(span: Span, text: String) -> Edit {
    Edit { span, text }
}

/// Adds a name to `after` of a list of properties.
fn add_after(places: &Places<'_>, props: &Props, name: &str) -> Edit {
    let Some(prop) = props.get("after") else { return add_prop(places, props, &format!("after: [{name}]")) };
    match &prop.value.kind {
        ExprKind::List(elements) => match elements.last() {
            Some(last) => insert(last.value.span.at_end(), format!(", {name}")),
            None => insert(prop.value.span, format!("[{name}]")),
        },
        _ => insert(prop.value.span, format!("[{}, {name}]", places.text(prop.value.span))),
    }
}

/// Adds a property, on a line of its own where the others stand on lines.
pub(super) fn add_prop(places: &Places<'_>, props: &Props, text: &str) -> Edit {
    let Some(last) = props.list.last() else {
        return insert(
            Span { start: props.span.start + 1, end: props.span.start + 1, ..props.span },
            format!(" {text}"),
        );
    };
    let rest = places.text(Span { start: last.span.end, ..props.span });
    let before = places.whole(props.span.file).get(..last.span.start as usize).unwrap_or("");
    let line = before.rsplit('\n').next().unwrap_or("");
    let at = last.span.at_end();
    if rest.contains('\n') && line.trim().is_empty() {
        insert(at, format!("\n{line}{text}"))
    } else {
        insert(at, format!(" {text}"))
    }
}

/// One iteration after the other.
fn one_by_one(places: &Places<'_>, parties: &Parties<'_>) -> Option<Fix> {
    let ExprKind::For(head) = &parties.head?.kind else { return None };
    let edit = match &head.with {
        Some(props) => match props.get("parallel") {
            Some(prop) => insert(prop.value.span, "1".to_string()),
            None => add_prop(places, props, "parallel: 1"),
        },
        None => insert(head.body.span.at_start(), "with { parallel: 1 } ".to_string()),
    };
    Some(look("let the iterations run one after the other: `parallel: 1`".to_string(), vec![edit]))
}

/// The one that writes works in a tree of its own.
fn worktree(places: &Places<'_>, parties: &Parties<'_>) -> Option<Fix> {
    let writer = if parties.second.writes { &parties.second } else { &parties.first };
    let decl = writer.definition?;
    if decl.props.get("workspace").is_some() {
        return None;
    }
    let edits = vec![add_prop(places, &decl.props, "workspace: worktree")];
    let title = format!(
        "let `{}` work in a tree of its own: `workspace: worktree` (planned with, but not run by this version)",
        writer.name
    );
    Some(look(title, edits))
}
