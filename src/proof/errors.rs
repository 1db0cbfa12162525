//! The messages of this phase, one constructor each.

use super::conflicts::{Parties, Party};
use crate::analysis::globs::GlobFault;
use crate::diagnostics::{Code, Diagnostic, Fix};
use crate::plan::claims::Together;
use crate::source::Span;
use crate::value::text::duration;

/// Two tasks use the same path at the same time.
pub(super) fn conflict(parties: &Parties<'_>, fixes: Vec<Fix>) -> Diagnostic {
    let (code, message) = headline(parties);
    let (first, second) = (&parties.first, &parties.second);
    let mut error = Diagnostic::new(code, second.claim, message);
    if first.claim == second.claim {
        error = error.note(if second.writes { "what both write" } else { "what is read" });
    } else {
        error = error.note(does(second)).label(first.claim, does(first));
    }
    let calls = [first, second].map(|party| party.origin.map(|o| o.span()));
    match (parties.together, calls) {
        (Together::Unordered, [Some(a), Some(b)]) if a != b => {
            error = error.label(a, format!("`{}` begins here", first.name));
            error = error.label(b, format!("nothing makes `{}` wait for it", second.name));
        }
        _ => {}
    }
    if let Some(head) = parties.head {
        let (word, what) = match parties.together {
            Together::Entrants(_) => ("race", "its entrants run at the same time"),
            Together::Iterations(_) | Together::Unordered => ("for", "its iterations run at the same time"),
        };
        let start = head.span.at_start();
        error = error.label(Span { end: start.end + word.len() as u32, ..start }, what);
    }
    for help in helps(parties) {
        error = error.help(help);
    }
    error.fixes = fixes;
    error
}

fn headline(parties: &Parties<'_>) -> (Code, String) {
    let Parties { first, second, example, together, .. } = parties;
    let writers = first.writes && second.writes;
    let (writer, reader) = if first.writes { (first, second) } else { (second, first) };
    let (code, place) = match together {
        Together::Unordered if writers => (Code::F0501, ""),
        Together::Unordered => (Code::F0502, ""),
        Together::Iterations(_) => (Code::F0503, " in different iterations"),
        Together::Entrants(_) => (Code::F0504, " in one race"),
    };
    let message = match (writers, first.name == second.name) {
        (true, true) if first.claim == second.claim && *together != Together::Unordered => {
            format!("`{}` writes `{example}`{place} at the same time", first.name)
        }
        (true, true) => format!("two calls of `{}` write `{example}`{place} at the same time", first.name),
        (true, false) => {
            format!("`{}` and `{}` write `{example}`{place} at the same time", first.name, second.name)
        }
        (false, true) => format!("`{}` reads `{example}` while another call of it writes it{place}", reader.name),
        (false, false) => format!("`{}` reads `{example}` while `{}` writes it{place}", reader.name, writer.name),
    };
    (code, message)
}

fn does(party: &Party<'_>) -> String {
    format!("`{}` {} this", party.name, if party.writes { "writes" } else { "reads" })
}

fn helps(parties: &Parties<'_>) -> Vec<String> {
    let own = "or let each claim files of its own: a narrower glob";
    match parties.together {
        Together::Unordered => {
            vec!["let one wait for the other with `after` or a stage, or give it `workspace: worktree`".to_string(), own.to_string()]
        }
        Together::Iterations(_) => vec![
            "put what differs between the iterations into the glob, as in `\"out/#{name}.md\"`".to_string(),
            "or let them run one after the other with `parallel: 1`, or each in a `workspace: worktree`".to_string(),
        ],
        Together::Entrants(_) => {
            vec!["give them `workspace: worktree`: nothing of a loser lands".to_string(), own.to_string()]
        }
    }
}

/// A claim that matches nothing in the workspace.
pub(super) fn no_path(span: Span, text: &str, fault: GlobFault) -> Diagnostic {
    let help = match fault {
        GlobFault::Absolute | GlobFault::Upward => "claims are paths below the folder of the project: `src/**`, `out/report.md`",
        GlobFault::Empty => "name a file, or a folder with `/**` behind it",
        GlobFault::TooLong | GlobFault::Class | GlobFault::Alternatives | GlobFault::Character => {
            "`*` is any text within a part, `**` any parts, `[a-z]` a class, `{a,b}` alternatives, `\\` takes a sign literally"
        }
    };
    Diagnostic::new(Code::F0505, span, format!("`{}` can claim nothing: {fault}", text.escape_debug())).help(help)
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
    error.help("give it more time, let more run side by side, or correct the estimates")
}
