//! An agent or a task that a file declares for several programs is unused only when all of them leave it so.

use crate::ast::ItemKind;
use crate::compile::Program;
use crate::diagnostics::Code;
use std::collections::HashMap;

/// Takes out the "unused agent" and "unused task" of one program that another program uses.
pub(super) fn only_of_all(programs: &mut [Program]) {
    // By file and place: how many programs report it.
    let mut reported: HashMap<(String, u32), usize> = HashMap::new();
    // By file: how many programs were judged with it.
    let mut judged: HashMap<String, usize> = HashMap::new();
    for program in programs.iter().filter(|p| is_judged(p)) {
        for module in &program.checked.resolved.modules {
            *judged.entry(program.sources.get(module.file).name.clone()).or_default() += 1;
        }
        for d in program.diagnostics.iter().filter(|d| matches!(d.code, Code::W0106 | Code::W0108)) {
            let file = program.sources.get(d.span.file).name.clone();
            *reported.entry((file, d.span.start)).or_default() += 1;
        }
    }
    for program in programs {
        let sources = &program.sources;
        program.diagnostics.retain(|d| {
            let file = &sources.get(d.span.file).name;
            !matches!(d.code, Code::W0106 | Code::W0108)
                || reported.get(&(file.clone(), d.span.start)).copied() >= judged.get(file).copied()
        });
    }
}

/// Whether it was asked of the program which agents it uses: it has no error and a workflow.
fn is_judged(program: &Program) -> bool {
    let modules = &program.checked.resolved.modules;
    program.errors() == 0
        && modules.iter().any(|m| m.ast.items.iter().any(|i| matches!(i.kind, ItemKind::Workflow(_))))
}
