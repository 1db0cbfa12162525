//! Every page under `docs/errors` against the compiler: what it says fails, fails with its code and no other; what it says
//! is mended is clean.

use flow::compile;
use flow::diagnostics::mend::Edits;
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

/// The program of a block checked, and planned too when it has a workflow and is sound.
fn checked(code: Code, loader: &MemoryLoader) -> compile::Program {
    let program = compile::check("main.flow", loader);
    let started = program
        .checked
        .resolved
        .modules
        .first()
        .is_some_and(|m| m.ast.items.iter().any(|i| matches!(i.kind, flow::ast::ItemKind::Workflow(_))));
    if !(started || code.area() == Area::Plan) || program.errors() > 0 {
        return program;
    }
    match compile::plan_of(program, None) {
        Ok(compiled) => compiled.program,
        Err(program) => *program,
    }
}

/// Each diagnostic of a block, as `CODE line: message`.
fn found(code: Code, block: &str) -> Vec<String> {
    let program = checked(code, &files(block));
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

/// The failing program of a page, with one fix of one of its diagnostics made.
fn fixed(code: Code, block: &str) -> Option<MemoryLoader> {
    let program = checked(code, &files(block));
    for d in program.diagnostics.iter().filter(|d| d.code == code) {
        for fix in &d.fixes {
            let mut edits = Edits::default();
            if !edits.add(&fix.edits) {
                continue;
            }
            let mut loader = files(block);
            for file in edits.files() {
                let source = program.sources.get(file);
                let text = edits.apply(file, &source.text).expect("edits lie on the borders of characters");
                loader = loader.with(&source.name, &text);
            }
            let count = |p: &compile::Program| p.diagnostics.iter().filter(|o| o.code == code).count();
            if count(&checked(code, &loader)) < count(&program) {
                return Some(loader);
            }
        }
    }
    None
}

#[test]
fn at_least_half_of_the_codes_carry_a_fix_that_helps() {
    let without: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| block(code.page(), "Fails").and_then(|fails| fixed(**code, fails)).is_none())
        .map(|code| code.info().name)
        .collect();
    let with = Code::ALL.len() - without.len();
    assert!(with * 2 >= Code::ALL.len(), "only {with} of {}; not {}", Code::ALL.len(), without.join(" "));
}
