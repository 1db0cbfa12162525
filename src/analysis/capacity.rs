//! Needs of tasks against the declared capacity of resources, where both are numbers in the text.

use super::errors;
use super::survey::Survey;
use crate::ast::{ActorDecl, Entry, Expr, ExprKind, ItemKind, Props};
use crate::diagnostics::Diagnostic;
use crate::resolve::{ModuleId, Res};
use crate::source::FileId;
use crate::types::Checked;
use foldhash::HashMap;

pub(super) fn check(checked: &Checked, survey: &Survey<'_>, out: &mut Vec<Diagnostic>) {
    let modules: HashMap<FileId, ModuleId> =
        (0u32..).map(ModuleId).zip(&checked.resolved.modules).map(|(id, m)| (m.file, id)).collect();
    let own = survey.tasks.iter().map(|t| &t.decl.props);
    let at_calls = survey.calls.iter().filter_map(|c| c.with);
    for props in own.chain(at_calls) {
        if let Some(module) = modules.get(&props.span.file) {
            needs(checked, *module, props, out);
        }
    }
}

fn needs(checked: &Checked, module: ModuleId, props: &Props, out: &mut Vec<Diagnostic>) {
    let Some(resources) = props.get("resources") else { return };
    let ExprKind::Record(entries) = &resources.value.kind else { return };
    for entry in entries {
        let Entry::Field { key, value } = entry else { continue };
        let Some((need, decl)) = int(value).zip(declared(checked, module, &key.text)) else { continue };
        if let Some(capacity) = decl.props.get("capacity")
            && let Some(units) = int(&capacity.value).filter(|units| need > *units)
        {
            out.push(errors::over_capacity(value.span, &key.text, need, units, capacity.span));
        }
        if let Some(rate) = decl.props.get("rate")
            && let Some(units) = int(&rate.value).filter(|units| need > *units)
        {
            out.push(errors::over_rate(value.span, &key.text, need, units, rate.span));
        }
    }
}

fn declared<'a>(checked: &'a Checked, module: ModuleId, name: &str) -> Option<&'a ActorDecl> {
    let Some(Res::Def(id)) = checked.resolved.module(module).scope.get(name) else { return None };
    match &checked.resolved.item(*id).kind {
        ItemKind::Actor(decl) => Some(decl),
        ItemKind::Use(_)
        | ItemKind::Type(_)
        | ItemKind::Enum(_)
        | ItemKind::Fn(_)
        | ItemKind::Task(_)
        | ItemKind::Workflow(_)
        | ItemKind::Test(_)
        | ItemKind::Bad(_) => None,
    }
}

fn int(value: &Expr) -> Option<i64> {
    match &value.kind {
        ExprKind::Int(n) => Some(*n),
        ExprKind::Paren(inner) => int(inner),
        _ => None,
    }
}
