use super::*;
use crate::compile;
use crate::source::MemoryLoader;
use std::collections::HashSet;

const MAIN: &str = r##"//! Finds & mends <script>alert(0)</script>.

use "./lib/kinds.flow".{Finding, Severity}
use std.text.{shorten}
use agents "./agents"

/// Looks. <img src=x onerror=alert(1)> [bad](javascript:alert(2)) [good](https://example.org) ![p](http://x/y.png)
agent looker { description: "Looks <b>closely</b>"  timeout: 5m }

/// One look.
task look(repo: Path, label: String = "</code><script>") -> [Finding] {
  agent: looker
  prompt: "Look at #{repo} & say <script>alert(3)</script> #{shorten(label, 5)}"
}

task again(repo: Path) -> String { agent: helper  prompt: "#{repo}" }

/// All of it.
workflow main(repo: Path = ".") -> [Finding] { look(repo) }

fn _hidden() -> Int = 1
"##;

const KINDS: &str = r##"
/// How bad.
enum Severity { low, /** no doc */ high(why: String) }
/// What was found.
type Finding = {
  /// Where.
  file: Path
  severity: Severity?
  more: {String: [Finding]}
}
"##;

fn built() -> Site {
    let kinds = KINDS.replace("/** no doc */ ", "");
    let loader = MemoryLoader::new()
        .with("main.flow", MAIN)
        .with("lib/kinds.flow", &kinds)
        .with("agents/helper.md", "---\nname: helper\ndescription: <i>helps</i>\n---\nHelp.\n");
    let program = compile::check("main.flow", &loader);
    assert_eq!(program.errors(), 0, "{:?}", program.diagnostics);
    site("a <title>", &[program], true)
}

/// The values of an attribute.
fn values<'h>(html: &'h str, attribute: &str) -> Vec<&'h str> {
    let start = format!(" {attribute}=\"");
    html.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let site = built();
    let mut places = HashSet::new();
    for (page, html) in &site {
        places.insert(page.clone());
        for id in values(html, "id") {
            assert!(
                places.insert(format!("{page}#{id}")) || html.contains("<svg"),
                "{page}#{id} is there twice"
            );
        }
    }
    let mut count = 0;
    for (page, html) in site.iter().filter(|(name, _)| name.ends_with(".html")) {
        for link in values(html, "href").into_iter().chain(values(html, "src")) {
            let target = if link.starts_with('#') { format!("{page}{link}") } else { link.to_string() };
            assert!(places.contains(&target) || target == "https://example.org", "{page}: {target}");
            count += 1;
        }
    }
    assert!(count > 40, "only {count} links");
    let main = &site["m.main.html"];
    for link in [
        "m.lib.kinds.html#Finding",
        "builtins.html#Path",
        "#main",
        "agents.html#helper",
        "m.main.html#looker",
    ] {
        assert!(values(main, "href").contains(&link), "{link}");
    }
    assert!(main.contains("<svg") && main.contains("aria-label=\"The plan of main\""));
    let kinds = &site["m.lib.kinds.html"];
    assert!(kinds.contains("<a href=\"m.lib.kinds.html#Severity\">Severity</a>?"), "{kinds}");
    assert!(!main.contains("_hidden"));
}

#[test]
fn nothing_in_a_program_becomes_a_tag() {
    let site = built();
    for (page, html) in site.iter().filter(|(name, _)| name.ends_with(".html")) {
        for bad in ["<script>", "<img", "<b>", "<i>", "javascript:", "<title>a <title>"] {
            assert!(!html.contains(bad), "{page} has {bad}");
        }
    }
    assert!(site["m.main.html"].contains("&lt;script&gt;alert(3)&lt;/script&gt;"));
    assert!(
        site["m.main.html"].contains("bad") && site["m.main.html"].contains("href=\"https://example.org\"")
    );
    assert!(!site["search.js"].contains("</script"), "it is a file of its own, and safe inline too");
}

#[test]
fn the_same_program_gives_the_same_pages() {
    assert_eq!(built(), built());
}

/// What a page looks like is seen in a browser; here only that nothing of it changes unseen.
#[test]
fn a_page_as_it_is() {
    let site = built();
    let page = &site["m.lib.kinds.html"];
    insta::assert_snapshot!("page", page);
    let built_in = &site["builtins.html"];
    assert!(built_in.contains("<code>sleep(d: <a href=\"builtins.html#Duration\">Duration</a>)</code>"));
    for task in crate::types::BuiltinTask::ALL {
        assert!(built_in.contains(&format!("<dt id=\"{}\">", task.name())), "{}", task.name());
    }
}
