//! One declaration as a section of its module's page.

use super::markup::{escaped, first_sentence, markdown};
use super::signature::{generics, named, of_call, record, type_expr};
use super::{Entry, link_to};
use crate::ast::{ActorKind, Expr, ExprKind, Field, Item, ItemKind, Name, Param, Props, TypeExprKind};
use crate::compile::Program;
use crate::plan;
use crate::resolve::Res;
use std::fmt::Write;

/// A described declaration.
pub(super) struct Section {
    /// As in "Tasks".
    pub group: &'static str,
    pub entry: Entry,
    pub html: String,
}

/// The groups of a page, in their order.
pub(super) const GROUPS: &[&str] =
    &["Workflows", "Tasks", "Agents", "Functions", "Types", "Enums", "Resources", "MCP servers"];

/// The section of an item; nothing for private ones and for what declares nothing that others use.
pub(super) fn section(program: &Program, page: &str, main: bool, item: &Item) -> Option<Section> {
    let (group, kind, name) = kind_of(item)?;
    if name.text.starts_with('_') {
        return None;
    }
    let anchor = escaped(&name.text);
    let mut html = format!(
        "<section class=\"item\" id=\"{anchor}\"><h3><a href=\"#{anchor}\"><span class=\"kind\">{kind}</span> {anchor}</a></h3>\n"
    );
    let _ = writeln!(html, "<pre class=\"signature\"><code>{}</code></pre>", declaration(program, item));
    html.push_str(&markdown(&item.doc));
    details(program, main, item, &mut html);
    html.push_str("</section>\n");
    let link = format!("{page}#{}", name.text);
    let entry = Entry { name: name.text.to_string(), kind, link, about: first_sentence(&item.doc) };
    Some(Section { group, entry, html })
}

fn kind_of(item: &Item) -> Option<(&'static str, &'static str, &Name)> {
    Some(match &item.kind {
        ItemKind::Workflow(decl) => ("Workflows", "workflow", &decl.name),
        ItemKind::Task(decl) => ("Tasks", "task", &decl.name),
        ItemKind::Fn(decl) => ("Functions", "fn", &decl.name),
        ItemKind::Type(decl) => ("Types", "type", &decl.name),
        ItemKind::Enum(decl) => ("Enums", "enum", &decl.name),
        ItemKind::Actor(decl) => match decl.kind {
            ActorKind::Agent => ("Agents", "agent", &decl.name),
            ActorKind::Resource => ("Resources", "resource", &decl.name),
            ActorKind::Mcp => ("MCP servers", "mcp", &decl.name),
        },
        ItemKind::Use(_) | ItemKind::Test(_) | ItemKind::Bad(_) => return None,
    })
}

fn declaration(program: &Program, item: &Item) -> String {
    match &item.kind {
        ItemKind::Workflow(d) => {
            head(program, "workflow", &d.name, &d.generics, &d.params, d.result.as_ref())
        }
        ItemKind::Task(d) => head(program, "task", &d.name, &d.generics, &d.params, d.result.as_deref()),
        ItemKind::Fn(d) => head(program, "fn", &d.name, &d.generics, &d.params, Some(&d.result)),
        ItemKind::Type(d) => {
            let ty = match &d.ty.kind {
                TypeExprKind::Record(fields) => record(program, fields),
                _ => type_expr(program, &d.ty),
            };
            format!("type {}{} = {ty}", escaped(&d.name.text), generics(&d.generics))
        }
        ItemKind::Enum(d) => {
            let variants: Vec<String> =
                d.variants.iter().map(|v| variant(program, &v.name, &v.fields)).collect();
            format!("enum {} {{ {} }}", escaped(&d.name.text), variants.join(", "))
        }
        ItemKind::Actor(d) => {
            let word = match d.kind {
                ActorKind::Agent => "agent",
                ActorKind::Resource => "resource",
                ActorKind::Mcp => "mcp",
            };
            format!("{word} {}", escaped(&d.name.text))
        }
        ItemKind::Use(_) | ItemKind::Test(_) | ItemKind::Bad(_) => String::new(),
    }
}

fn head(
    program: &Program,
    word: &str,
    name: &Name,
    names: &[Name],
    params: &[Param],
    result: Option<&crate::ast::TypeExpr>,
) -> String {
    format!("{word} {}{}{}", escaped(&name.text), generics(names), of_call(program, params, result))
}

fn variant(program: &Program, name: &Name, fields: &[Field]) -> String {
    if fields.is_empty() {
        return escaped(&name.text);
    }
    let fields: Vec<String> =
        fields.iter().map(|f| named(program, &f.name, &f.ty, f.default.as_ref())).collect();
    format!("{}({})", escaped(&name.text), fields.join(", "))
}

fn details(program: &Program, main: bool, item: &Item, out: &mut String) {
    match &item.kind {
        ItemKind::Workflow(d) => {
            params(program, "Inputs", &d.params, out);
            if let Some(with) = &d.with {
                props(program, "Limits", with, out);
            }
            if main && d.generics.is_empty() {
                graph(program, &d.name.text, out);
            }
        }
        ItemKind::Task(d) => {
            params(program, "Parameters", &d.params, out);
            props(program, "Properties", &d.props, out);
        }
        ItemKind::Fn(d) => params(program, "Parameters", &d.params, out),
        ItemKind::Type(d) => {
            if let TypeExprKind::Record(fields) = &d.ty.kind {
                let rows = fields.iter().filter(|f| !f.doc.is_empty());
                table("Fields", rows.map(|f| (code(&f.name.text), markdown(&f.doc))).collect(), out);
            }
        }
        ItemKind::Enum(d) => {
            let rows = d.variants.iter().map(|v| {
                (format!("<code>{}</code>", variant(program, &v.name, &v.fields)), markdown(&v.doc))
            });
            table("Variants, in their order", rows.collect(), out);
        }
        ItemKind::Actor(d) => props(program, "Properties", &d.props, out),
        ItemKind::Use(_) | ItemKind::Test(_) | ItemKind::Bad(_) => {}
    }
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

/// Parameters that have something to say besides the signature.
fn params(program: &Program, title: &str, params: &[Param], out: &mut String) {
    if params.iter().all(|p| p.doc.is_empty()) {
        return;
    }
    let rows = params.iter().map(|p| {
        let shown = named(program, &p.name, &p.ty, p.default.as_ref());
        (format!("<code>{shown}</code>"), markdown(&p.doc))
    });
    table(title, rows.collect(), out);
}

fn props(program: &Program, title: &str, props: &Props, out: &mut String) {
    let rows = props.list.iter().map(|p| (code(&p.name.text), value(program, &p.value)));
    table(title, rows.collect(), out);
}

/// The value of a property as written; what names a declaration leads to it.
fn value(program: &Program, value: &Expr) -> String {
    let text = escaped(program.sources.text(value.span));
    let target = match (&value.kind, program.checked.resolved.res(value.id)) {
        (ExprKind::Name(_) | ExprKind::Field { .. }, Some(Res::Def(def))) => link_to(program, *def),
        _ => None,
    };
    match target {
        Some(target) => format!("<a href=\"{}\"><code>{text}</code></a>", escaped(&target)),
        None if text.contains('\n') => format!("<pre><code>{text}</code></pre>"),
        None => format!("<code>{text}</code>"),
    }
}

fn table(title: &str, rows: Vec<(String, String)>, out: &mut String) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "<table><caption>{}</caption><tbody>", escaped(title));
    for (name, about) in rows {
        let _ = writeln!(out, "<tr><th scope=\"row\">{name}</th><td>{about}</td></tr>");
    }
    out.push_str("</tbody></table>\n");
}

/// The plan of a workflow as a picture.
fn graph(program: &Program, workflow: &str, out: &mut String) {
    let mut ignored = Vec::new();
    let Some(plan) = plan::lower(&program.checked, &program.sources, Some(workflow), &mut ignored) else {
        return;
    };
    if plan.bodies.first().is_none_or(|body| body.nodes.is_empty()) {
        return;
    }
    let svg = plan::draw::svg(&plan);
    let Some(at) = svg.find("<svg") else { return };
    let label = escaped(&format!("The plan of {workflow}"));
    let _ = writeln!(
        out,
        "<figure class=\"graph\" role=\"img\" aria-label=\"{label}\">{}<figcaption>{label}</figcaption></figure>",
        &svg[at..]
    );
}
