//! The tools of agents: their names, the rules in their parentheses (`Bash(git *)`, `Edit(src/**)`), which of them write or
//! run commands, and which has more than another.

use super::globs::Glob;
use crate::source::Span;

/// Tools of the runtimes that are known by name.
pub(super) const KNOWN: &[&str] = &[
    "Agent",
    "AskUserQuestion",
    "Bash",
    "BashOutput",
    "CronCreate",
    "CronDelete",
    "CronList",
    "Edit",
    "EnterPlanMode",
    "EnterWorktree",
    "ExitPlanMode",
    "ExitWorktree",
    "Glob",
    "Grep",
    "KillBash",
    "KillShell",
    "LS",
    "LSP",
    "ListMcpResourcesTool",
    "Monitor",
    "MultiEdit",
    "NotebookEdit",
    "NotebookRead",
    "PowerShell",
    "Read",
    "ReadMcpResourceTool",
    "SendMessage",
    "Skill",
    "SlashCommand",
    "StructuredOutput",
    "Task",
    "TaskCreate",
    "TaskGet",
    "TaskList",
    "TaskOutput",
    "TaskStop",
    "TaskUpdate",
    "TodoRead",
    "TodoWrite",
    "ToolSearch",
    "WebFetch",
    "WebSearch",
    "Write",
    // codex
    "apply_patch",
    "exec_command",
    "local_shell",
    "shell",
    "update_plan",
    "view_image",
    "web_search",
    "write_stdin",
];

/// Tools that change files.
pub(super) const WRITING: &[&str] = &["Write", "Edit", "MultiEdit", "NotebookEdit", "apply_patch"];

/// Tools that run any command, and so can do all that the others do with files.
pub(super) const RUNNING: &[&str] =
    &["Bash", "PowerShell", "Monitor", "shell", "local_shell", "exec_command", "write_stdin"];

/// Those of them that an agent has of whom nothing else is said: others stand for the same in other runtimes.
pub(super) const ACTING: &[&str] = &["Write", "Edit", "NotebookEdit", "Bash"];

/// Tools that only look at files.
const LOOKING: &[&str] = &["Read", "Grep", "Glob", "LS", "NotebookRead", "view_image", "BashOutput"];

/// Whose rules are paths.
const BY_PATH: &[&str] = &["Read", "Write", "Edit", "MultiEdit", "NotebookEdit", "Grep", "Glob", "LS"];

/// A tool that an agent is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tool {
    /// As written.
    pub text: String,
    pub span: Span,
}

impl Tool {
    /// The name before the rule.
    pub fn name(&self) -> &str {
        self.text.split('(').next().unwrap_or_default().trim()
    }

    /// What stands in the parentheses.
    pub fn rule(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once('(')?;
        Some(rest.strip_suffix(')').unwrap_or(rest).trim()).filter(|r| !r.is_empty() && *r != "*")
    }

    /// The server of `mcp__server__tool`.
    pub fn server(&self) -> Option<&str> {
        let rest = self.name().strip_prefix("mcp__")?;
        Some(rest.split_once("__").map_or(rest, |(server, _)| server))
    }

    pub fn writes(&self) -> bool {
        WRITING.contains(&self.name())
    }

    pub fn runs(&self) -> bool {
        RUNNING.contains(&self.name())
    }

    /// A tool of a server or of a program that is not known here: it may do anything.
    pub fn is_foreign(&self) -> bool {
        self.text.starts_with("mcp__") || self.text.starts_with('@')
    }

    /// Whether this one allows all that `other` allows.
    pub fn covers(&self, other: &Tool) -> bool {
        let (own, theirs) = (self.name(), other.name());
        if self.runs() && self.rule().is_none() {
            let files = WRITING.contains(&theirs) || RUNNING.contains(&theirs) || LOOKING.contains(&theirs);
            if files {
                return true;
            }
        }
        if own.starts_with("mcp__") {
            let all = own.strip_suffix("__*").or_else(|| (own.matches("__").count() == 1).then_some(own));
            return own == theirs
                || all.is_some_and(|server| {
                    theirs == server || theirs.strip_prefix(server).is_some_and(|r| r.starts_with("__"))
                });
        }
        let same = own == theirs
            || (matches!((own, theirs), ("Edit", "MultiEdit") | ("MultiEdit", "Edit") | ("Task", "Agent")))
            || (own, theirs) == ("Agent", "Task");
        match (same, self.rule(), other.rule()) {
            (false, _, _) => false,
            (true, None, _) => true,
            (true, Some(_), None) => false,
            (true, Some(a), Some(b)) if BY_PATH.contains(&own) => covers_paths(a, b),
            (true, Some(a), Some(b)) => covers_commands(a, b),
        }
    }

    /// The files that its rule allows to write; `None`: any, or not known.
    pub fn written(&self) -> Option<Vec<Glob>> {
        path_globs(self.rule()?)
    }
}

/// `git *`, `git:*` and `git` as a rule on commands: the beginning, and whether more may follow.
fn beginning(rule: &str) -> (&str, bool) {
    let open = rule.strip_suffix(":*").or_else(|| rule.strip_suffix(" *")).or_else(|| rule.strip_suffix('*'));
    open.map_or((rule, false), |start| (start, true))
}

fn covers_commands(a: &str, b: &str) -> bool {
    let ((a_start, a_open), (b_start, b_open)) = (beginning(a), beginning(b));
    if a == b || a_start.is_empty() && a_open {
        return true;
    }
    let inside = b_start.strip_prefix(a_start).is_some_and(|rest| {
        rest.is_empty()
            || rest.starts_with(' ')
            || a.ends_with('*') && !a.ends_with(" *") && !a.ends_with(":*")
    });
    a_open && !a_start.contains('*') && inside || !b_open && a_start == b_start
}

fn covers_paths(a: &str, b: &str) -> bool {
    let plain =
        |rule: &str| rule.trim_start_matches("./").trim_end_matches("/**").trim_end_matches('/').to_string();
    if a == b || matches!(a, "**" | "./**" | "/**") {
        return true;
    }
    let folder = a.ends_with("/**") || a.ends_with('/');
    let (a, b) = (plain(a), plain(b));
    a == b && folder || folder && !a.contains('*') && b.strip_prefix(&a).is_some_and(|r| r.starts_with('/'))
}

/// The files that a rule on paths means: as in a `.gitignore`, a name without `/` stands at any depth, and a folder for all
/// that is in it. `None` for what lies outside of the project.
fn path_globs(rule: &str) -> Option<Vec<Glob>> {
    if rule.starts_with("//") || rule.starts_with('~') {
        return None;
    }
    let text = rule.trim_start_matches("./").trim_start_matches('/');
    let anywhere = !text.trim_end_matches('/').contains('/') && !rule.starts_with(['.', '/']) && text != "**";
    let text = if anywhere { format!("**/{text}") } else { text.to_string() };
    let text = text.trim_end_matches('/');
    // What has a wildcard in its last part is meant for files.
    let last = text.rsplit('/').next().unwrap_or(text);
    let below = (!last.contains('*')).then(|| format!("{text}/**"));
    let globs = std::iter::once(text.to_string()).chain(below);
    Some(globs.filter_map(|g| Glob::new(&g).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn tool(text: &str) -> Tool {
        Tool { text: text.to_string(), span: Span::new(FileId(0), 0, 0) }
    }

    #[test]
    fn who_has_more() {
        for (more, less) in [
            ("Bash", "Bash(git *)"),
            ("Bash(git *)", "Bash(git status)"),
            ("Bash(cargo:*)", "Bash(cargo test:*)"),
            ("Bash", "Edit"),
            ("Edit", "MultiEdit"),
            ("mcp__fs__*", "mcp__fs__read"),
            ("mcp__fs", "mcp__fs__read"),
            ("Read(./src/**)", "Read(src/lib/**)"),
            ("Write(docs/**)", "Write(docs/a.md)"),
            ("Read(*)", "Read(x)"),
        ] {
            assert!(tool(more).covers(&tool(less)), "{more} ⊇ {less}");
            assert!(!tool(less).covers(&tool(more)) || more.contains("Edit"), "{less} ⊉ {more}");
        }
        for (a, b) in [
            ("Bash(git *)", "Bash(github *)"),
            ("Bash(git status)", "Bash(git status; rm -rf x)"),
            ("mcp__fs__*", "mcp__fsx__read"),
            ("Write(docs/**)", "Write(docs2/a.md)"),
            ("Read", "Write"),
            ("Bash(ls *)", "Read"),
        ] {
            assert!(!tool(a).covers(&tool(b)), "{a} ⊉ {b}");
        }
    }

    #[test]
    fn rules_on_paths() {
        let allows =
            |rule: &str, path: &str| tool(rule).written().map(|globs| globs.iter().any(|g| g.matches(path)));
        assert_eq!(allows("Write(./src/**)", "src/a/b.rs"), Some(true));
        assert_eq!(allows("Write(src)", "src/a/b.rs"), Some(true));
        assert_eq!(allows("Edit(*.md)", "docs/a.md"), Some(true));
        assert_eq!(allows("Edit(/docs/*.md)", "x/docs/a.md"), Some(false));
        assert_eq!(allows("Edit(~/x)", "x"), None);
        assert_eq!(allows("Edit", "x"), None);
    }
}
