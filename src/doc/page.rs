//! Whole pages.

use super::item::{self, GROUPS, Section};
use super::markup::{escaped, first_sentence, markdown};
use super::{AGENTS, BUILT_IN, Entry, page_of};
use crate::compile::Program;
use crate::types::{BUILTIN_ENUMS, Builtin, BuiltinTask, builtin_form};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// A module in the index.
pub(super) struct Summary {
    link: String,
    about: String,
}

/// A page with its line in the index.
pub(super) struct Built {
    pub html: String,
    pub summary: Summary,
}

/// Types that need no import, with what they are.
const TYPES: &[(&str, &str)] = &[
    ("Bool", "`true` or `false`."),
    ("Int", "A whole number of 64 bits, signed."),
    ("Float", "A number with a fraction. An `Int` widens to it."),
    ("String", "A text. `\"#{x}\"` puts a value into it."),
    ("Duration", "A span of time: `250ms`, `30s`, `2h30m`."),
    ("Bytes", "An amount of memory: `512MiB`, `4GB`."),
    ("Money", "US dollars: `$2.50`."),
    ("Path", "The path of a file, relative to the workspace."),
    ("Json", "Any value with a JSON form."),
    ("Secret", "A reference to a secret, which is resolved when a task starts."),
    ("Agent", "One of the declared agents."),
    ("Exit", "How a command ended: `{ code: Int, stdout: String, stderr: String }`."),
    ("Response", "What a request gave: `{ status: Int, headers: {String: String}, body: String }`."),
    ("Unit", "What a task without a result gives."),
];

/// Built-in tasks, with what they do.
fn task_about(task: BuiltinTask) -> (&'static str, &'static str) {
    match task {
        BuiltinTask::Approve => (
            "approve(message: String, timeout: Duration?, by: [String]?) -> { by: String, note: String }",
            "Asks a person to go on. What is written below it waits; a rejection fails it with the kind `rejected`.",
        ),
        BuiltinTask::Input => (
            "input<T>(message: String, timeout: Duration?, default: T?) -> T",
            "Asks a person for a value: an enum is shown as choices, a record as a form.",
        ),
        BuiltinTask::Sleep => ("sleep(d: Duration)", "Waits."),
        BuiltinTask::Now => ("now() -> String", "The time, as RFC 3339 in UTC."),
        BuiltinTask::Env => {
            ("env(name: String) -> String", "A variable of the environment. One that is not set fails it.")
        }
        BuiltinTask::Glob => {
            ("glob(pattern: String) -> [Path]", "The paths in the workspace that match, sorted.")
        }
        BuiltinTask::Read => ("read(path: Path) -> String", "The text of a file. It claims to read it."),
        BuiltinTask::Write => {
            ("write(path: Path, text: String)", "Writes a file, whole. It claims to write it.")
        }
        BuiltinTask::PlanOf => (
            "plan_of<T>(source: String, inputs: Json) -> T",
            "Checks and runs a program that an earlier task has made, with no more rights than are named in its `with`.",
        ),
    }
}

/// A form with its built-in types linked.
fn linked(form: &str) -> String {
    let mut out = String::new();
    let mut rest = form;
    while let Some(at) = rest.find(|c: char| c.is_ascii_uppercase()) {
        let end = rest[at..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .map_or(rest.len(), |e| at + e);
        let (before, name) = (&rest[..at], &rest[at..end]);
        out.push_str(&escaped(before));
        let known = TYPES.iter().any(|(t, _)| *t == name) || BUILTIN_ENUMS.iter().any(|(e, _)| *e == name);
        let alone = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if known && alone {
            let _ = write!(out, "<a href=\"{BUILT_IN}#{name}\">{name}</a>");
        } else {
            out.push_str(name);
        }
        rest = &rest[end..];
    }
    out + &escaped(rest)
}

/// The frame of a page. `side`: what stands beside it.
fn frame(site: &str, title: &str, side: &str, body: &str) -> String {
    let (site, title) = (escaped(site), escaped(title));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} · {site}</title>\n\
         <link rel=\"stylesheet\" href=\"style.css\">\n<script src=\"search.js\" defer></script>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n\
         <nav aria-label=\"Site\"><a href=\"index.html\">{site}</a> <a href=\"{BUILT_IN}\">Built in</a></nav>\n\
         <search><label for=\"search\">Search</label> <input id=\"search\" type=\"search\" autocomplete=\"off\" placeholder=\"Search  /\">\n\
         <ul id=\"found\" aria-live=\"polite\"></ul></search>\n</header>\n<div class=\"frame\">\n\
         <nav class=\"side\" aria-label=\"Contents\">\n{side}</nav>\n\
         <main id=\"main\">\n{body}</main>\n</div>\n</body>\n</html>\n"
    )
}

/// A list of links with a heading.
fn links<'n>(heading: &str, all: impl Iterator<Item = (String, &'n str)>) -> String {
    let mut out = format!("<h2>{}</h2>\n<ul>\n", escaped(heading));
    for (link, name) in all {
        let _ = writeln!(out, "<li><a href=\"{}\">{}</a></li>", escaped(&link), escaped(name));
    }
    out + "</ul>\n"
}

/// The page of a module.
pub(super) fn module(
    site: &str,
    program: &Program,
    at: usize,
    name: &str,
    entries: &mut Vec<Entry>,
) -> Built {
    let module = &program.checked.resolved.modules[at];
    let link = page_of(&module.path, module.embedded);
    let sections: Vec<Section> =
        module.ast.items.iter().filter_map(|i| item::section(program, &link, at == 0, i)).collect();
    let mut body = format!("<h1>{}</h1>\n{}", escaped(name), markdown(&module.ast.doc));
    body.push_str("<nav aria-label=\"On this page\"><ul class=\"contents\">\n");
    let ordered = || GROUPS.iter().flat_map(|g| sections.iter().filter(move |s| s.group == *g));
    for section in ordered() {
        let name = escaped(&section.entry.name);
        let about = escaped(&section.entry.about);
        let _ = writeln!(
            body,
            "<li><span class=\"kind\">{}</span> <a href=\"#{name}\">{name}</a> <span>{about}</span></li>",
            section.entry.kind
        );
    }
    body.push_str("</ul></nav>\n");
    let mut side = String::new();
    for group in GROUPS {
        let mut of_group = sections.iter().filter(|s| s.group == *group).peekable();
        if of_group.peek().is_some() {
            let names = sections.iter().filter(|s| s.group == *group).map(|s| s.entry.name.as_str());
            side.push_str(&links(group, names.map(|n| (format!("#{n}"), n))));
            let _ = writeln!(body, "<h2>{group}</h2>");
            of_group.for_each(|s| body.push_str(&s.html));
        }
    }
    let about = first_sentence(&module.ast.doc);
    entries.push(Entry { name: name.to_string(), kind: "module", link: link.clone(), about: about.clone() });
    entries.extend(sections.into_iter().map(|s| s.entry));
    Built { html: frame(site, name, &side, &body), summary: Summary { link, about } }
}

/// What is known of an agent that is read from a file: name, description, model, tools, skills.
pub(super) type AgentFacts = (String, String, String, String, String);

/// The agents that are read from files.
pub(super) fn agent_files(program: &Program) -> impl Iterator<Item = AgentFacts> {
    program.checked.resolved.agent_files.iter().map(|agent| {
        let name = crate::resolve::flow_name(&agent.name).unwrap_or_else(|| agent.name.clone());
        let tools = agent.tools.as_ref().map_or("all".to_string(), |t| t.join(", "));
        let model = agent.model.clone().unwrap_or_default();
        (name, agent.description.clone(), model, tools, agent.skills.join(", "))
    })
}

/// The page of the agents that are read from files.
pub(super) fn agents(site: &str, agents: &BTreeSet<AgentFacts>, entries: &mut Vec<Entry>) -> String {
    let mut body = String::from("<h1>Agents</h1>\n");
    for (name, description, model, tools, skills) in agents {
        let anchor = escaped(name);
        let _ = writeln!(
            body,
            "<section class=\"item\" id=\"{anchor}\"><h3>{anchor}</h3><p>{}</p><table><tbody>",
            escaped(description)
        );
        for (what, value) in [("model", model), ("tools", tools), ("skills", skills)] {
            if !value.is_empty() {
                let _ = writeln!(body, "<tr><th scope=\"row\">{what}</th><td>{}</td></tr>", escaped(value));
            }
        }
        body.push_str("</tbody></table></section>\n");
        let link = format!("{AGENTS}#{name}");
        entries.push(Entry { name: name.clone(), kind: "agent", link, about: description.clone() });
    }
    frame(site, "Agents", &links("Agents", agents.iter().map(|a| (format!("#{}", a.0), a.0.as_str()))), &body)
}

/// The page of what needs no import.
pub(super) fn built_in(site: &str, entries: &mut Vec<Entry>) -> String {
    let mut body = String::from("<h1>Built in</h1>\n<h2 id=\"types\">Types</h2>\n<dl>\n");
    let mut put = |name: &str, kind: &'static str, about: String, body: &mut String| {
        let anchor = escaped(name);
        let _ = writeln!(body, "<dt id=\"{anchor}\"><code>{anchor}</code></dt><dd>{}</dd>", markdown(&about));
        entries.push(Entry {
            name: name.to_string(),
            kind,
            link: format!("{BUILT_IN}#{name}"),
            about: first_sentence(&about),
        });
    };
    for (name, about) in TYPES {
        put(name, "type", (*about).to_string(), &mut body);
    }
    body.push_str("</dl>\n<h2 id=\"enums\">Enums</h2>\n<dl>\n");
    for (name, variants) in BUILTIN_ENUMS {
        put(name, "enum", format!("`{}`", variants.join("`, `")), &mut body);
    }
    body.push_str("</dl>\n<h2 id=\"tasks\">Tasks</h2>\n<dl class=\"forms\">\n");
    let mut form = |name: &str, kind: &'static str, form: &str, about: &str, body: &mut String| {
        let (anchor, link) = (escaped(name), format!("{BUILT_IN}#{name}"));
        let _ = writeln!(
            body,
            "<dt id=\"{anchor}\"><code>{}</code></dt><dd>{}</dd>",
            linked(form),
            markdown(about)
        );
        let about = if about.is_empty() { form.to_string() } else { first_sentence(about) };
        entries.push(Entry { name: name.to_string(), kind, link, about });
    };
    for t in BuiltinTask::ALL {
        let (shown, about) = task_about(*t);
        form(t.name(), "task", shown, about, &mut body);
    }
    body.push_str("</dl>\n<h2 id=\"functions\">Functions</h2>\n<dl class=\"forms\">\n");
    for f in Builtin::ALL {
        form(f.name(), "fn", builtin_form(*f), "", &mut body);
    }
    body.push_str("</dl>\n");
    let parts = ["Types", "Enums", "Tasks", "Functions"].map(|p| (format!("#{}", p.to_lowercase()), p));
    frame(site, "Built in", &links("On this page", parts.into_iter()), &body)
}

/// The first page.
pub(super) fn index(site: &str, modules: &BTreeMap<String, Summary>, agents: bool) -> String {
    let mut body = format!("<h1>{}</h1>\n<h2>Modules</h2>\n<ul class=\"contents\">\n", escaped(site));
    for (name, summary) in modules {
        let (link, about) = (escaped(&summary.link), escaped(&summary.about));
        let _ = writeln!(body, "<li><a href=\"{link}\">{}</a> <span>{about}</span></li>", escaped(name));
    }
    if agents {
        let _ = writeln!(
            body,
            "<li><a href=\"{AGENTS}\">agents</a> <span>Agents that are read from files.</span></li>"
        );
    }
    body.push_str("</ul>\n");
    frame(site, "Index", &links("Modules", modules.iter().map(|(n, m)| (m.link.clone(), n.as_str()))), &body)
}
