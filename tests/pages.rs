//! Every page under `docs/errors` against the compiler: what it says fails, fails with its code and no other; what it says
//! is mended is clean.

use flow::compile;
use flow::diagnostics::{Area, Code};
use flow::source::{DiskLoader, MemoryLoader};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors")
}

/// The ```` ```flow ```` block below a heading.
fn block<'t>(page: &'t str, heading: &str) -> Option<&'t str> {
    let below = page.split_once(&format!("\n## {heading}\n"))?.1;
    let below = below.split("\n## ").next()?;
    let code = below.split_once("```flow\n")?.1;
    Some(&code[..code.find("\n```")? + 1])
}

/// The files of a block; the first is `main.flow`.
fn files(block: &str) -> MemoryLoader {
    let mut loader = MemoryLoader::new();
    let (mut name, mut text) = ("main.flow".to_string(), String::new());
    for line in block.lines() {
        match line.strip_prefix("// file: ") {
            Some(next) => {
                loader = loader.with(&name, &text);
                (name, text) = (next.trim().to_string(), String::new());
            }
            None => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    loader.with(&name, &text)
}

/// Each diagnostic of a block (its workflow planned too, when it has one and is sound), as `CODE line: message`.
fn found(code: Code, block: &str) -> Vec<String> {
    let loader = files(block);
    let mut program = compile::check("main.flow", &loader);
    let started = block.lines().any(|l| l.starts_with("workflow ")) || code.area() == Area::Plan;
    if started && program.errors() == 0 {
        program = match compile::plan_of(program, None) {
            Ok(compiled) => compiled.program,
            Err(program) => *program,
        };
    }
    let show = |d: &flow::diagnostics::Diagnostic| {
        format!("{} {}: {}", d.code, program.sources.positions(d.span).0.line, d.message)
    };
    program.diagnostics.iter().map(show).collect()
}

#[test]
fn every_page_fails_with_its_code_and_is_mended() {
    let mut wrong = Vec::new();
    for code in Code::ALL {
        let (name, page) = (code.info().name, code.page());
        let Some((fails, mended)) = block(page, "Fails").zip(block(page, "Mended")) else {
            wrong.push(format!("{name}: the page has no block below `## Fails` or `## Mended`"));
            continue;
        };
        let bad = found(*code, fails);
        if bad.is_empty() || bad.iter().any(|d| !d.starts_with(name)) {
            wrong.push(format!("{name}: the failing block gives {bad:#?}"));
        }
        let good = found(*code, mended);
        if !good.is_empty() {
            wrong.push(format!("{name}: the mended block gives {good:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pages_and_codes_go_together() {
    for code in Code::ALL {
        let info = code.info();
        let title = format!("# {}: {}\n", info.name, info.title);
        assert!(code.page().starts_with(&title), "the page of {} must start with {title:?}", info.name);
    }
    assert!(Code::ALL.is_sorted(), "the rows of the table of codes are in order");
    let loader = DiskLoader::new(&folder()).expect("the folder is there");
    let entries = flow::source::Loader::list(&loader, ".").expect("it can be listed");
    for entry in entries {
        let known = entry.name.strip_suffix(".md").is_some_and(|name| Code::parse(name).is_some());
        assert!(known, "docs/errors/{} belongs to no code", entry.name);
    }
}
