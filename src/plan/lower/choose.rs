//! Which workflow a program starts with.

use super::errors;
use crate::ast::ItemKind;
use crate::diagnostics::Diagnostic;
use crate::resolve::DefId;
use crate::source::Span;
use crate::types::Checked;

/// The named workflow of the started file, else its only one, else `main`.
pub(super) fn choose(checked: &Checked, name: Option<&str>, out: &mut Vec<Diagnostic>) -> Option<DefId> {
    let module = checked.resolved.modules.first()?;
    let whole = Span::new(module.file, 0, 0);
    let mut found = Vec::new();
    for item in &module.ast.items {
        if let (ItemKind::Workflow(decl), Some(def)) = (&item.kind, checked.resolved.def_of.get(item.id)) {
            found.push((*def, decl));
        }
    }
    let names: Vec<&str> = found.iter().map(|(_, d)| d.name.text.as_str()).collect();
    let wanted = name.or(if found.len() == 1 { None } else { Some("main") });
    let chosen = match wanted {
        None => found.first(),
        Some(wanted) => found.iter().find(|(_, d)| d.name.text == wanted),
    };
    match (chosen, name) {
        (Some((_, decl)), _) if !decl.generics.is_empty() => {
            out.push(errors::generic_workflow(decl.name.span, &decl.name.text));
            None
        }
        (Some((def, _)), _) => Some(*def),
        (None, _) if found.is_empty() => {
            out.push(errors::no_workflow(whole));
            None
        }
        (None, Some(name)) => {
            out.push(errors::unknown_workflow(whole, name, &names));
            None
        }
        (None, None) => {
            let spans: Vec<Span> = found.iter().map(|(_, d)| d.name.span).collect();
            out.push(errors::which_workflow(&spans, &names));
            None
        }
    }
}
