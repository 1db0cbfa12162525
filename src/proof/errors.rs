//! The messages of this phase, one constructor each.

use super::conflicts::{Parties, Party};
use super::places::Origin;
use crate::analysis::globs::GlobFault;
use crate::ast::{Binding, Expr, ExprKind};
use crate::diagnostics::{Code, Diagnostic, Fix, Label};
use crate::plan::claims::Together;
use crate::source::Span;
use crate::value::text::{duration, money};

/// Most calls that are pointed at for one pair of claims.
const POINTED_AT: usize = 8;

/// Two tasks use the same path at the same time.
pub(super) fn conflict(parties: &Parties<'_>) -> Diagnostic {
    let (code, message) = headline(parties);
    let (first, second) = (&parties.first, &parties.second);
    let mut error = Diagnostic::new(code, second.claim, message);
    if first.claim == second.claim {
        error = error.note(if second.writes { "all of them write this" } else { "all of them read this" });
    } else {
        error = error.note(does(second)).label(first.claim, does(first));
    }
    if let (Together::Unordered, Some(a), Some(b)) = (parties.together, first.origin, second.origin) {
        // Of a built-in task the claim stands in its call.
        let apart =
            |at: Span, claim: Span| at.file != claim.file || claim.start < at.start || at.end < claim.end;
        if apart(a.span(), first.claim) {
            error = error.label(a.span(), reached(first, "begins here"));
        }
        if apart(b.span(), second.claim) {
            error = error.label(b.span(), reached(second, "begins here, and nothing makes it wait"));
        }
    }
    if let Some(head) = parties.head {
        let (word, what) = match parties.together {
            Together::Entrants(_) => ("race", "its entrants run at the same time"),
            Together::Iterations(_) | Together::Unordered => ("for", "its iterations run at the same time"),
        };
        let start = head.span.at_start();
        error = error.label(Span { end: start.end + word.len() as u32, ..start }, what);
    }
    error
}

/// The same two claims collide at other calls too.
pub(super) fn also(error: &mut Diagnostic, parties: &Parties<'_>) {
    for party in [&parties.first, &parties.second] {
        let Some(origin) = party.origin else { continue };
        let known = error.labels.iter().any(|l| l.span == origin.span());
        if !known && error.labels.len() < POINTED_AT {
            error.labels.push(Label { span: origin.span(), message: reached(party, "begins here too") });
        }
    }
}

/// What a person can do, in words where there is no edit for it.
pub(super) fn with_ways_out(mut error: Diagnostic, parties: &Parties<'_>, fixes: Vec<Fix>) -> Diagnostic {
    let own = "let each claim files of its own: a narrower glob";
    let none = fixes.is_empty();
    error = match parties.together {
        Together::Unordered if none => error
            .help("let one wait for the other with `after` or a stage, or give it `workspace: worktree`")
            .help(own),
        Together::Unordered if !fixes.iter().any(|f| f.title.contains("`after:")) => {
            error.help("bind one with `let`, and name it in `after` of the other").help(own)
        }
        Together::Unordered => error.help(own),
        Together::Iterations(_) => {
            let name = parties.head.and_then(bound).unwrap_or("name");
            error.help(format!(
                "put what differs between the iterations into the glob, as in `\"out/#{{{name}}}.md\"`"
            ))
        }
        Together::Entrants(_) if none => {
            error.help("give one `workspace: worktree`: nothing of a loser lands").help(own)
        }
        Together::Entrants(_) => error.help(own),
    };
    error.fixes = fixes;
    error
}

/// The name that a `for` binds.
fn bound(head: &Expr) -> Option<&str> {
    match &head.kind {
        ExprKind::For(head) => match &head.binding {
            Binding::Name(bound) => Some(&bound.name.text),
            Binding::Fields(..) => None,
        },
        _ => None,
    }
}

fn headline(parties: &Parties<'_>) -> (Code, String) {
    let Parties { first, second, example, together, .. } = parties;
    let (writer, reader) = if first.writes { (first, second) } else { (second, first) };
    let (w, r) = (writer.name, reader.name);
    let writers = first.writes && second.writes;
    let same = w == r;
    let one = same && first.claim == second.claim;
    match together {
        Together::Unordered if writers && same => {
            (Code::F0501, format!("two calls of `{w}` write `{example}` at the same time"))
        }
        Together::Unordered if writers => {
            let (a, b) = (first.name, second.name);
            (Code::F0501, format!("`{a}` and `{b}` write `{example}` at the same time"))
        }
        Together::Unordered if same => {
            (Code::F0502, format!("`{r}` reads `{example}` while another call of it writes it"))
        }
        Together::Unordered => (Code::F0502, format!("`{r}` reads `{example}` while `{w}` writes it")),
        Together::Iterations(_) if writers && one => {
            (Code::F0503, format!("every iteration writes `{example}` (`{w}`), all at the same time"))
        }
        Together::Iterations(_) if writers => {
            let (a, b) = (first.name, second.name);
            (
                Code::F0503,
                format!("`{a}` and `{b}` write `{example}` at the same time, in different iterations"),
            )
        }
        Together::Iterations(_) => {
            (Code::F0503, format!("`{r}` reads `{example}` while `{w}` of another iteration writes it"))
        }
        Together::Entrants(_) if writers && one => (
            Code::F0504,
            format!("every entrant of the race writes `{example}` (`{w}`), all at the same time"),
        ),
        Together::Entrants(_) if writers && same => {
            (Code::F0504, format!("two calls of `{w}` in one race write `{example}` at the same time"))
        }
        Together::Entrants(_) if writers => {
            let (a, b) = (first.name, second.name);
            (Code::F0504, format!("`{a}` and `{b}` write `{example}` at the same time, in one race"))
        }
        Together::Entrants(_) => {
            (Code::F0504, format!("`{r}` reads `{example}` while `{w}` of the same race writes it"))
        }
    }
}

fn does(party: &Party<'_>) -> String {
    format!("`{}` {} this", party.name, if party.writes { "writes" } else { "reads" })
}

/// Of a call: what it is, or where it leads.
fn reached(party: &Party<'_>, what: &str) -> String {
    let name = party.name;
    match party.origin {
        Some(Origin::Call(call)) if call.name() != Some(name) => {
            format!("this leads to `{name}`, which {what}")
        }
        _ => format!("`{name}` {what}"),
    }
}

/// A claim that matches nothing in the workspace.
pub(super) fn no_path(span: Span, text: &str, fault: GlobFault) -> Diagnostic {
    let help = match fault {
        GlobFault::Absolute | GlobFault::Upward => {
            "claims are paths below the folder of the project: `src/**`, `out/report.md`"
        }
        GlobFault::Empty => "name a file, or a folder with `/**` after it",
        GlobFault::TooLong | GlobFault::Class | GlobFault::Alternatives | GlobFault::Character => {
            "`*` is any text within a part, `**` any parts, `[a-z]` a class, `{a,b}` alternatives, `\\` takes a sign literally"
        }
    };
    Diagnostic::new(Code::F0505, span, format!("`{}` can claim nothing: {fault}", text.escape_debug()))
        .help(help)
}

/// The longest path of a workflow takes longer than it may.
pub(super) fn too_late(span: Span, workflow: &str, needed: i64, limit: i64, path: &[String]) -> Diagnostic {
    let message = format!(
        "the longest path of `{workflow}` takes {} by its estimates, its deadline is {}",
        duration(needed),
        duration(limit)
    );
    let mut error = Diagnostic::new(Code::F0411, span, message).note("too early");
    if !path.is_empty() {
        error = error.help(format!("the path: {}", path.join(" → ")));
    }
    error.help("give it more time, let more run side by side, or correct the estimates").fix(
        "give it the time",
        span,
        format!("{}s", needed.div_euclid(1000) + 1),
    )
}

/// What tasks may spend is more than their workflow may.
pub(super) fn over_budget(
    span: Span,
    workflow: &str,
    budget: i64,
    worst: i64,
    parts: &[(Span, i64)],
) -> Diagnostic {
    let message =
        format!("the tasks of `{workflow}` may spend {}, but its budget is {}", money(worst), money(budget));
    let mut error = Diagnostic::new(Code::F0701, span, message).note("less than what its tasks may spend");
    for (part, amount) in parts.iter().take(POINTED_AT) {
        error = error.label(*part, format!("up to {}", money(*amount)));
    }
    error.help("raise it, or lower the budgets of the tasks: each covers all attempts of its task").fix(
        format!("raise it to {}", money(worst)),
        span,
        money(worst),
    )
}
