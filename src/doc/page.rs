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

/// The frame of a page.
fn frame(site: &str, title: &str, body: &str) -> String {
    let (site, title) = (escaped(site), escaped(title));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} · {site}</title>\n\
         <link rel=\"stylesheet\" href=\"style.css\">\n<script src=\"search.js\" defer></script>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n\
         <nav aria-label=\"Site\"><a href=\"index.html\">{site}</a> <a href=\"{BUILT_IN}\">Built in</a></nav>\n\
         <search><label for=\"search\">Search</label> <input id=\"search\" type=\"search\" autocomplete=\"off\">\n\
         <ul id=\"found\" aria-live=\"polite\"></ul></search>\n</header>\n<main id=\"main\">\n{body}</main>\n</body>\n</html>\n"
    )
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
    for group in GROUPS {
        let mut of_group = sections.iter().filter(|s| s.group == *group).peekable();
        if of_group.peek().is_some() {
            let _ = writeln!(body, "<h2>{group}</h2>");
            of_group.for_each(|s| body.push_str(&s.html));
        }
    }
    let about = first_sentence(&module.ast.doc);
    entries.push(Entry { name: name.to_string(), kind: "module", link: link.clone(), about: about.clone() });
    entries.extend(sections.into_iter().map(|s| s.entry));
    Built { html: frame(site, name, &body), summary: Summary { link, about } }
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
    frame(site, "Agents", &body)
}

/// The page of what needs no import.
pub(super) fn built_in(site: &str, entries: &mut Vec<Entry>) -> String {
    let mut body = String::from("<h1>Built in</h1>\n<h2>Types</h2>\n<dl>\n");
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
    body.push_str("</dl>\n<h2>Enums</h2>\n<dl>\n");
    for (name, variants) in BUILTIN_ENUMS {
        put(name, "enum", format!("`{}`", variants.join("`, `")), &mut body);
    }
    body.push_str("</dl>\n<h2>Functions</h2>\n<dl>\n");
    for f in Builtin::ALL {
        put(f.name(), "fn", format!("`{}`", builtin_form(*f)), &mut body);
    }
    body.push_str("</dl>\n<h2>Tasks</h2>\n<dl>\n");
    for t in BuiltinTask::ALL {
        put(t.name(), "task", "A task of the language.".to_string(), &mut body);
    }
    body.push_str("</dl>\n");
    frame(site, "Built in", &body)
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
    frame(site, "Index", &body)
}
