//! Programs as a site of HTML pages.
//!
//! Takes checked programs and gives the files of the site in memory, the same ones for the same programs: an index, a page
//! for each module, one for what is built in, a style sheet and a small script that searches. Nothing on the pages comes
//! from elsewhere. Writing the files is for others.

mod item;
mod markup;
mod page;
mod signature;

use crate::compile::Program;
use crate::resolve::{DefId, DefKind};
use std::collections::btree_map::Entry::Vacant;
use std::collections::{BTreeMap, BTreeSet};

/// What people read as the page of types and functions that need no import.
const BUILT_IN: &str = "builtins.html";
/// The page of agents that are read from files.
const AGENTS: &str = "agents.html";

/// The files of a site, by name.
pub type Site = BTreeMap<String, String>;

/// A name that can be looked up, for the search and the index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    name: String,
    kind: &'static str,
    /// Page and place on it.
    link: String,
    /// The first sentence of its doc.
    about: String,
}

/// The site of some programs, with the modules of `std` that they use. `with_main`: the started files have pages too.
pub fn site(title: &str, programs: &[Program], with_main: bool) -> Site {
    let mut site = Site::new();
    let mut entries = Vec::new();
    let mut modules: BTreeMap<String, page::Summary> = BTreeMap::new();
    let mut agents = BTreeSet::new();
    // A file that is started before a file that is used: of its workflows there are pictures.
    let all = |main: bool| {
        programs.iter().flat_map(move |program| {
            let modules = program.checked.resolved.modules.iter().enumerate();
            modules.filter(move |(at, _)| (*at == 0) == main).map(move |(at, module)| (program, at, module))
        })
    };
    for (program, at, module) in all(true).filter(|_| with_main).chain(all(false)) {
        let name = module_name(&module.path, module.embedded);
        if let Vacant(place) = modules.entry(name) {
            let built = page::module(title, program, at, place.key(), &mut entries);
            site.insert(page_of(&module.path, module.embedded), built.html);
            place.insert(built.summary);
        }
    }
    programs.iter().for_each(|program| agents.extend(page::agent_files(program)));
    if !agents.is_empty() {
        site.insert(AGENTS.to_string(), page::agents(title, &agents, &mut entries));
    }
    site.insert(BUILT_IN.to_string(), page::built_in(title, &mut entries));
    entries.sort();
    entries.dedup();
    site.insert("index.html".to_string(), page::index(title, &modules, !agents.is_empty()));
    site.insert("search.js".to_string(), search(&entries));
    site.insert("style.css".to_string(), include_str!("style.css").to_string());
    site
}

/// `lib/a.flow` as `lib/a`, a module of `std` as `std.text`.
fn module_name(path: &str, embedded: bool) -> String {
    let name = path.strip_suffix(".flow").unwrap_or(path);
    if embedded { name.replace('/', ".") } else { name.to_string() }
}

/// The page of a module. Of two names one is not the other's page, whatever they are made of.
fn page_of(path: &str, embedded: bool) -> String {
    let mut out = String::from(if embedded { "" } else { "m." });
    for c in path.strip_suffix(".flow").unwrap_or(path).chars() {
        match c {
            '/' => out.push('.'),
            c if c.is_ascii_alphanumeric() || c == '_' => out.push(c),
            c => out.push_str(&format!("-{:x}", u32::from(c))),
        }
    }
    out + ".html"
}

/// Where a declaration is described; private ones are not.
fn link_to(program: &Program, def: DefId) -> Option<String> {
    let resolved = &program.checked.resolved;
    let it = resolved.def(def);
    if it.name.text.starts_with('_') {
        return None;
    }
    if let DefKind::AgentFile(_) = it.kind {
        return Some(format!("{AGENTS}#{}", it.name.text));
    }
    let module = resolved.module(it.module);
    Some(format!("{}#{}", page_of(&module.path, module.embedded), it.name.text))
}

/// The script with what it searches.
fn search(entries: &[Entry]) -> String {
    let rows: Vec<serde_json::Value> =
        entries.iter().map(|e| serde_json::json!([e.name, e.kind, e.link, e.about])).collect();
    // A `<` is spelt out: the script may stand in a page too.
    let names = serde_json::Value::from(rows).to_string().replace('<', "\\u003c");
    format!("const NAMES = {names};\n{}", include_str!("search.js"))
}

#[cfg(test)]
mod tests;
