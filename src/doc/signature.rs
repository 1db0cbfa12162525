//! Signatures as HTML, their types linked.

use super::markup::escaped;
use super::{BUILT_IN, link_to};
use crate::ast::{Expr, Field, Name, Param, TypeExpr, TypeExprKind};
use crate::compile::Program;
use crate::resolve::Res;

/// A parameter list of more characters than this stands on several lines.
const ONE_LINE: usize = 76;

/// `<T, U>`
pub(super) fn generics(names: &[Name]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = names.iter().map(|n| n.text.as_str()).collect();
    format!("&lt;{}&gt;", escaped(&names.join(", ")))
}

/// `(a: T, b: U = 3) -> R`
pub(super) fn of_call(program: &Program, params: &[Param], result: Option<&TypeExpr>) -> String {
    let each: Vec<String> =
        params.iter().map(|p| named(program, &p.name, &p.ty, p.default.as_ref())).collect();
    let end = |p: &Param| p.default.as_ref().map_or(p.ty.span.end, |default| default.span.end);
    let written: usize = params.iter().map(|p| (end(p) - p.name.span.start) as usize + 2).sum();
    let list = if written > ONE_LINE {
        format!("(\n  {}\n)", each.join(",\n").replace('\n', "\n  "))
    } else {
        format!("({})", each.join(", "))
    };
    match result {
        Some(ty) => format!("{list} -&gt; {}", type_expr(program, ty)),
        None => list,
    }
}

/// `{ a: T, b: U = 3 }`, one field a line where there are several.
pub(super) fn record(program: &Program, fields: &[Field]) -> String {
    let each: Vec<String> =
        fields.iter().map(|f| named(program, &f.name, &f.ty, f.default.as_ref())).collect();
    match each.as_slice() {
        [] => "{}".to_string(),
        [one] => format!("{{ {one} }}"),
        _ => format!("{{\n  {}\n}}", each.join("\n  ")),
    }
}

/// `name: Type = default`
pub(super) fn named(program: &Program, name: &Name, ty: &TypeExpr, default: Option<&Expr>) -> String {
    let default =
        default.map(|d| format!(" = {}", escaped(program.sources.text(d.span)))).unwrap_or_default();
    format!("{}: {}{default}", escaped(&name.text), type_expr(program, ty))
}

/// A type as it is written.
pub(super) fn type_expr(program: &Program, ty: &TypeExpr) -> String {
    match &ty.kind {
        TypeExprKind::Named { path, args } => {
            let names: Vec<&str> = path.iter().map(|n| n.text.as_str()).collect();
            let shown = escaped(&names.join("."));
            let target = match program.checked.resolved.res(ty.id) {
                Some(Res::Def(def)) => link_to(program, *def),
                Some(Res::BuiltinType) => path.last().map(|n| format!("{BUILT_IN}#{}", n.text)),
                _ => None,
            };
            let linked = match target {
                Some(target) => format!("<a href=\"{}\">{shown}</a>", escaped(&target)),
                None => shown,
            };
            let args: Vec<String> = args.iter().map(|a| type_expr(program, a)).collect();
            if args.is_empty() { linked } else { format!("{linked}&lt;{}&gt;", args.join(", ")) }
        }
        TypeExprKind::List(inner) => format!("[{}]", type_expr(program, inner)),
        TypeExprKind::Optional(inner) => format!("{}?", type_expr(program, inner)),
        TypeExprKind::Map(key, value) => {
            format!("{{{}: {}}}", type_expr(program, key), type_expr(program, value))
        }
        TypeExprKind::Record(fields) => {
            let each: Vec<String> =
                fields.iter().map(|f| named(program, &f.name, &f.ty, f.default.as_ref())).collect();
            format!("{{ {} }}", each.join(", "))
        }
        TypeExprKind::Bad => "?".to_string(),
    }
}
