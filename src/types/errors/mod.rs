//! The messages of this phase, one constructor each: what was expected and why, what was found, how to mend it.

mod args;
mod declared;
mod pattern;
mod property;
mod value;

pub(super) use args::*;
pub(super) use declared::*;
pub(super) use pattern::*;
pub(super) use property::*;
pub(super) use value::*;

use super::assign::DifferenceKind;
use super::{Builtin, BuiltinTask, Known, Ty};
use crate::ast::{Expr, ExprKind, ItemKind};
use crate::diagnostics::{Code, Diagnostic};
use crate::resolve::suggest::{self, Near};
use crate::resolve::{DefId, Resolved};
use crate::source::{SourceMap, Span};

/// Why a type is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The type is written there.
    Written(Span),
    /// The result type is written there.
    Result(Span),
    /// That parameter.
    Param(DefId, u32),
    Prop(&'static str),
    Builtin(Builtin),
    BuiltinTask(BuiltinTask),
    Condition(&'static str),
    Index,
    Key,
    In,
    AssertMessage,
    Payload,
    /// What the `repeat` starts with.
    Draft(Span),
    Mock(Span),
}

impl Why {
    /// The reason for a part of the value.
    pub(super) fn inside(self) -> Why {
        self
    }
}

/// What messages are made with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'c> {
    pub known: Known<'c>,
    pub resolved: &'c Resolved,
    pub sources: &'c SourceMap,
}

impl Context<'_> {
    /// Points at what set the expectation, or says it.
    fn because(&self, diagnostic: Diagnostic, why: Why, want: &Ty) -> Diagnostic {
        let want = self.known.show(want);
        match why {
            Why::Written(at) => diagnostic.label(at, format!("{want} is expected because of this")),
            Why::Result(at) => diagnostic.label(at, format!("the result must be {want}")),
            Why::Param(def, at) => match self.param(def, at) {
                Some((span, name)) => diagnostic.label(span, format!("the parameter `{name}` takes {want}")),
                None => diagnostic,
            },
            Why::Prop(name) => diagnostic.help(format!("`{name}` takes {want}")),
            Why::Builtin(f) => diagnostic.help(format!("`{}` takes {want} here", f.name())),
            Why::BuiltinTask(t) => diagnostic.help(format!("`{}` takes {want} here", t.name())),
            Why::Condition(what) => diagnostic.help(format!("{what} needs a Bool")),
            Why::Index => diagnostic.help("the elements of a list are counted by an Int, from 0"),
            Why::Key => diagnostic.help("the keys of a map are Strings"),
            Why::In => diagnostic.help("in a text or among the keys of a map one looks for a String"),
            Why::AssertMessage => diagnostic.help("the message of an `assert` is a String"),
            Why::Payload => diagnostic.help(format!("the variant carries {want} here")),
            Why::Draft(at) => diagnostic.label(at, format!("the draft starts as {want}")),
            Why::Mock(at) => diagnostic.label(at, format!("this gives {want}")),
        }
    }

    fn param(&self, def: DefId, at: u32) -> Option<(Span, &str)> {
        let params = match &self.resolved.item(def).kind {
            ItemKind::Fn(decl) => &decl.params,
            ItemKind::Task(decl) => &decl.params,
            ItemKind::Workflow(decl) => &decl.params,
            _ => return None,
        };
        let param = params.get(at as usize)?;
        Some((param.name.span.to(param.ty.span), &param.name.text))
    }
}

/// A value that does not fit its place.
pub(super) fn mismatch(ctx: &Context<'_>, e: &Expr, found: &Ty, want: &Ty, why: Why) -> Diagnostic {
    let mut diagnostic = mismatch_at(ctx, e.span, found, want, why);
    if diagnostic.code == Code::F0301 {
        diagnostic = conversion(ctx, diagnostic, e, found, want);
    }
    diagnostic
}

/// The same of something that is no expression.
pub(super) fn mismatch_at(ctx: &Context<'_>, span: Span, found: &Ty, want: &Ty, why: Why) -> Diagnostic {
    let known = ctx.known;
    let shown = known.show(found);
    if *found == Ty::Unit {
        let diagnostic = Diagnostic::new(Code::F0311, span, "this gives no value")
            .note("a task without `->` gives Unit")
            .help("write the type of its result behind `->`, or name it in `after`");
        return ctx.because(diagnostic, why, want);
    }
    let (inner, optional) = known.inner(found);
    if known.holds_secret(&inner) && !known.holds_secret(want) && known.has_json(want) {
        return ctx.because(secret_here(span, "this place"), why, want);
    }
    if optional && known.fits(&inner, want).is_some() {
        let diagnostic = Diagnostic::new(Code::F0302, span, "this may be `none`")
            .note(format!("of type {shown}"))
            .help("say what holds for `none`: `… ?? other`, a `match`, or check `!= none` before");
        return ctx.because(diagnostic, why, want);
    }
    if inner == Ty::None {
        let diagnostic = Diagnostic::new(Code::F0302, span, format!("`none` is no {}", known.show(want)))
            .note("`none` stands only where a type with `?` is expected");
        return ctx.because(diagnostic, why, want);
    }
    if known.inner(want).0 == Ty::Json && !known.has_json(found) {
        return ctx.because(no_json(span, &shown, "Json"), why, want);
    }
    let diagnostic =
        Diagnostic::new(Code::F0301, span, format!("expected {}, found {shown}", known.show(want)));
    let diagnostic = match known.difference(found, want) {
        Some(difference) => parted(ctx, diagnostic, &difference.path, &difference.kind),
        None => diagnostic.note(format!("this is {shown}")),
    };
    ctx.because(diagnostic, why, want)
}

fn parted(ctx: &Context<'_>, diagnostic: Diagnostic, path: &str, kind: &DifferenceKind) -> Diagnostic {
    match kind {
        DifferenceKind::Missing(name) if path.is_empty() => {
            diagnostic.note(format!("there is no field `{name}` in it"))
        }
        DifferenceKind::Missing(name) => diagnostic.note(format!("there is no field `{name}` in `{path}`")),
        DifferenceKind::Type(found, want) => diagnostic.note(format!(
            "`{path}` is {}, and {} is wanted",
            ctx.known.show(found),
            ctx.known.show(want)
        )),
    }
}

/// What would turn the one into the other.
fn conversion(ctx: &Context<'_>, diagnostic: Diagnostic, e: &Expr, found: &Ty, want: &Ty) -> Diagnostic {
    let text = ctx.sources.text(e.span);
    let short = text.len() <= 40 && !text.contains('\n');
    let call = |f: &str| if short { format!("{f}({text})") } else { format!("{f}(…)") };
    let (found, _) = ctx.known.inner(found);
    let (want, _) = ctx.known.inner(want);
    match (&found, &want) {
        (Ty::String, Ty::Path) => fixed(diagnostic, e, short, call("path")),
        (Ty::String, Ty::Int) => diagnostic.help(format!("read the number: `{}`", call("to_int"))),
        (Ty::String, Ty::Float) => diagnostic.help(format!("read the number: `{}`", call("to_float"))),
        (Ty::Float, Ty::Int) => {
            diagnostic.help(format!("say how: `{}` or `{}`", call("round"), call("floor")))
        }
        (Ty::String, Ty::Agent) => diagnostic.help("an agent is named without quotes"),
        (Ty::String, Ty::Secret) => diagnostic.help("a secret comes from `secret(\"NAME\")`"),
        (Ty::String, Ty::Enum(id)) => {
            let names: Vec<&str> = ctx.known.variants(*id).iter().map(|v| v.name.as_str()).collect();
            diagnostic.help(format!("it is one of {}, without quotes", listed(&names)))
        }
        (Ty::Int | Ty::Float, Ty::Duration) => diagnostic.help("a duration has a unit: `30s`, `5m`, `2h`"),
        (Ty::Int | Ty::Float, Ty::Money) => diagnostic.help("money is written `$2.50`"),
        (Ty::Int | Ty::Float, Ty::Bytes) => diagnostic.help("bytes have a unit: `512MiB`, `4GB`"),
        (_, Ty::List(inner)) if ctx.known.fits(&found, inner).is_some() => {
            let diagnostic = diagnostic.help("a list of one is written in brackets");
            if short { diagnostic.fix("write a list", e.span, format!("[{text}]")) } else { diagnostic }
        }
        (_, Ty::String) if ctx.known.has_json(&found) && !matches!(e.kind, ExprKind::List(_)) => {
            fixed(diagnostic, e, short, call("to_string"))
        }
        _ => diagnostic,
    }
}

fn fixed(diagnostic: Diagnostic, e: &Expr, short: bool, text: String) -> Diagnostic {
    let diagnostic = diagnostic.help(format!("write `{text}`"));
    if short { diagnostic.fix(format!("write `{text}`"), e.span, text) } else { diagnostic }
}

/// "`a`, `b` or `c`"
fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    let quoted: Vec<String> = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect();
    match quoted.split_last() {
        None => "nothing".to_string(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) if names.len() <= SHOWN => format!("{} or {last}", rest.join(", ")),
        Some(_) => format!("{}, …", quoted.join(", ")),
    }
}

/// Adds the nearest name, or all of them.
fn suggested(diagnostic: Diagnostic, span: Span, name: &str, among: &[&str], what: &str) -> Diagnostic {
    let near = suggest::near(name, among.iter().copied());
    near_or_all(diagnostic, span, near, among, what)
}

fn near_or_all(
    diagnostic: Diagnostic,
    span: Span,
    near: Option<Near>,
    among: &[&str],
    what: &str,
) -> Diagnostic {
    match near {
        Some(near) => suggest::meant(diagnostic, span, &near),
        None if among.is_empty() => diagnostic,
        None => diagnostic.help(format!("{what} {}", listed(among))),
    }
}
