//! The messages of this phase, one constructor each: what was expected and why, what was found, how to mend it.

mod args;
mod convert;
mod declared;
mod names;
mod pattern;
mod property;
mod value;

pub(super) use args::*;
pub(super) use convert::plain_value;
pub(super) use declared::*;
pub(super) use names::*;
pub(super) use pattern::*;
pub(super) use property::*;
pub(super) use value::*;

use super::assign::DifferenceKind;
use super::{Builtin, BuiltinTask, Known, Ty};
use crate::ast::{Expr, ItemKind};
use crate::diagnostics::{Code, Diagnostic};
use crate::resolve::suggest::{self, Near};
use crate::resolve::{DefId, Res, Resolved};
use crate::source::{SourceMap, Span};
use ecow::EcoString;
use foldhash::HashMap;

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
    /// What the names of the module mean.
    pub scope: Option<&'c HashMap<EcoString, Res>>,
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
            // Said in the message, or beside the point.
            Why::Prop(_) if matches!(diagnostic.code, Code::F0301 | Code::F0801) => diagnostic,
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
        diagnostic = convert::conversion(ctx, diagnostic, e, found, want);
    } else if diagnostic.code == Code::F0302 {
        diagnostic = convert::other_value(ctx, diagnostic, e, want);
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
            .help("give it a result type (`-> String`, for example), or name it in `after`");
        return ctx.because(diagnostic, why, want);
    }
    let (inner, optional) = known.inner(found);
    if known.holds_secret(&inner) && !known.holds_secret(want) && known.has_json(want) {
        return ctx.because(secret_here(span, "this place"), why, want);
    }
    if optional && known.fits(&inner, want).is_some() {
        let diagnostic = Diagnostic::new(Code::F0302, span, "this may be `none`")
            .note(format!("of type {shown}"))
            .help("say what happens for `none`: `… ?? other`, a `match`, or a check `!= none` before");
        return ctx.because(diagnostic, why, want);
    }
    if inner == Ty::None {
        let diagnostic =
            Diagnostic::new(Code::F0302, span, format!("`none` is not a value of {}", known.show(want)))
                .note("`none` stands only where a type with `?` is expected");
        let diagnostic = match why {
            Why::Written(place) => {
                diagnostic.fix(format!("make it `{}?`", known.show(want)), place.at_end(), "?")
            }
            _ => diagnostic,
        };
        return ctx.because(diagnostic, why, want);
    }
    if known.inner(want).0 == Ty::Json && !known.has_json(found) {
        return ctx.because(no_json(span, &shown, "Json"), why, want);
    }
    let message = match why {
        Why::Prop(name) => format!("`{name}` takes {}, found {shown}", known.show(want)),
        _ => format!("expected {}, found {shown}", known.show(want)),
    };
    let diagnostic = Diagnostic::new(Code::F0301, span, message);
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
        DifferenceKind::Missing(name) if path == "[]" => {
            diagnostic.note(format!("there is no field `{name}` in its elements"))
        }
        DifferenceKind::Missing(name) => diagnostic.note(format!("there is no field `{name}` in `{path}`")),
        DifferenceKind::Type(found, want) if path == "[]" => diagnostic.note(format!(
            "its elements are {}, not {}",
            ctx.known.show(found),
            ctx.known.show(want)
        )),
        DifferenceKind::Type(found, want) => {
            diagnostic.note(format!("`{path}` is {}, not {}", ctx.known.show(found), ctx.known.show(want)))
        }
    }
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
