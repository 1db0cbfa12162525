//! What would turn a value of one type into one of another.

use super::{Context, listed};
use crate::ast::{Expr, ExprKind};
use crate::diagnostics::{Applicability, Diagnostic, Edit, suggest};
use crate::resolve::{DefKind, Res};
use crate::types::Ty;

/// Adds the way from the one type to the other.
pub(super) fn conversion(
    ctx: &Context<'_>,
    diagnostic: Diagnostic,
    e: &Expr,
    found: &Ty,
    want: &Ty,
) -> Diagnostic {
    let text = ctx.sources.text(e.span);
    let short = text.len() <= 40 && !text.contains('\n');
    let call = |f: &str| if short { format!("{f}({text})") } else { format!("{f}(…)") };
    let (found, optional) = ctx.known.inner(found);
    let (want, _) = ctx.known.inner(want);
    if let ExprKind::Str(written) = &e.kind
        && let Some(literal) = written.literal()
        && let Some(meant) = literal_as(ctx, &literal, &want)
    {
        return instead(diagnostic, e, &meant.0, meant.1);
    }
    if optional && want == Ty::Bool {
        return asked(diagnostic, e, short.then_some(text));
    }
    match (&found, &want) {
        (Ty::String, Ty::Int | Ty::Float) if matches!(e.kind, ExprKind::Str(_)) => {
            diagnostic.help("a number is written without quotes: `3`; a text is read by `to_int(text)`")
        }
        (Ty::Int | Ty::Float, Ty::String) if is_number(text) => {
            let quoted = format!("\"{text}\"");
            diagnostic.help("a text stands in quotes").fix(format!("write `{quoted}`"), e.span, quoted)
        }
        (_, Ty::Path) if found != Ty::String => {
            diagnostic.help("a path is a text in quotes: `\"src/main.rs\"`")
        }
        (Ty::List(_), Ty::Map(_)) => {
            diagnostic.help("a map is written `{ name: value, \"other name\": value }`")
        }
        (Ty::String, Ty::Path) => fixed(diagnostic, e, short, call("path")),
        (Ty::String, Ty::Int) => read(diagnostic, e, short, call("to_int")),
        (Ty::String, Ty::Float) => read(diagnostic, e, short, call("to_float")),
        (Ty::Float, Ty::Int) => {
            let diagnostic = diagnostic.help(format!("say how: `{}` or `{}`", call("round"), call("floor")));
            if short { diagnostic.fix("round it", e.span, call("round")) } else { diagnostic }
        }
        (Ty::String, Ty::Agent) => diagnostic.help("an agent is named without quotes, as it is declared"),
        (Ty::String, Ty::Secret) => diagnostic.help("a secret comes from `secret(\"NAME\")`"),
        (Ty::Int | Ty::Float, Ty::Duration) => {
            let diagnostic = diagnostic.help("a duration has a unit: `30s`, `5m`, `2h`");
            unit(diagnostic, e, text, Applicability::NeedsLook, |n| format!("{n}s"))
        }
        (Ty::Int | Ty::Float, Ty::Money) => {
            let diagnostic = diagnostic.help("money is written in dollars: `$2.50`");
            unit(diagnostic, e, text, Applicability::Safe, dollars)
        }
        (Ty::Int | Ty::Float, Ty::Bytes) => {
            let diagnostic = diagnostic.help("bytes have a unit: `512MiB`, `4GB`");
            unit(diagnostic, e, text, Applicability::NeedsLook, |n| format!("{n}MiB"))
        }
        (Ty::Int, Ty::Bool) => diagnostic.help("a Bool is `true` or `false`; a number is compared: `… > 0`"),
        (_, Ty::List(_)) | (Ty::List(_), _) if listing(ctx, &found, &want) => {
            of_lists(ctx, diagnostic, e, &found, &want, short.then_some(text))
        }
        (_, Ty::Enum(id)) => {
            let names: Vec<&str> = ctx.known.variants(*id).iter().map(|v| v.name.as_str()).collect();
            let quotes = if found == Ty::String { ", without quotes" } else { "" };
            diagnostic.help(format!("it is one of {}{quotes}", listed(&names)))
        }
        (Ty::Record(_), Ty::Map(_)) => {
            diagnostic.help("a record becomes a map when all of its fields have the type of the map's values")
        }
        (Ty::Map(_), Ty::Record(_)) => diagnostic
            .help("a map need not have these keys: take them out one by one, `map[\"key\"] ?? other`"),
        (_, Ty::String) if ctx.known.has_json(&found) && !matches!(e.kind, ExprKind::List(_)) => {
            fixed(diagnostic, e, short, call("to_string"))
        }
        _ => diagnostic,
    }
}

/// Whether one is a list of what the other is.
fn listing(ctx: &Context<'_>, found: &Ty, want: &Ty) -> bool {
    let element = |list: &Ty, one: &Ty, of_list: bool| match list {
        Ty::List(inner) if of_list => ctx.known.fits(one, inner).is_some(),
        Ty::List(inner) => ctx.known.fits(inner, one).is_some(),
        _ => false,
    };
    element(want, found, true) || element(found, want, false)
}

/// One for a list, a list of lists for a list, a list for one. `text`: of the value, where it is short.
fn of_lists(
    ctx: &Context<'_>,
    diagnostic: Diagnostic,
    e: &Expr,
    found: &Ty,
    want: &Ty,
    text: Option<&str>,
) -> Diagnostic {
    match (found, want) {
        (_, Ty::List(inner)) if ctx.known.fits(found, inner).is_some() => {
            let diagnostic = diagnostic.help("a list of one is written in brackets");
            match text {
                Some(text) => diagnostic.fix("write a list", e.span, format!("[{text}]")),
                None => diagnostic,
            }
        }
        (Ty::List(_), Ty::List(_)) => {
            let diagnostic =
                diagnostic.help("this is a list of lists: `flatten` puts their elements into one");
            match text {
                Some(text) => diagnostic.fix("flatten it", e.span, format!("flatten({text})")),
                None => diagnostic,
            }
        }
        _ => {
            let diagnostic = diagnostic.help(
                "this is a list: take one element (`list[0]`, `first(list) ?? other`), or go over all with `for`",
            );
            let simple = text.is_some() && matches!(e.kind, ExprKind::Name(_) | ExprKind::Field { .. });
            if simple { diagnostic.fix("take the first", e.span.at_end(), "[0]") } else { diagnostic }
        }
    }
}

/// A value that may be `none` where a Bool is expected.
fn asked(diagnostic: Diagnostic, e: &Expr, text: Option<&str>) -> Diagnostic {
    let asked = format!("{} != none", text.unwrap_or("…"));
    let diagnostic = diagnostic.help(format!("whether there is a value asks `{asked}`"));
    let simple = text.is_some() && matches!(e.kind, ExprKind::Name(_) | ExprKind::Field { .. });
    if simple { diagnostic.fix(format!("write `{asked}`"), e.span, asked) } else { diagnostic }
}

/// A way out for a value that may be `none`: another value in its place.
pub(super) fn other_value(ctx: &Context<'_>, diagnostic: Diagnostic, e: &Expr, want: &Ty) -> Diagnostic {
    let Some(other) = plain_value(&ctx.known.inner(want).0) else { return diagnostic };
    let link = matches!(
        e.kind,
        ExprKind::Name(_) | ExprKind::Field { .. } | ExprKind::Index { .. } | ExprKind::Call { .. }
    );
    if !link {
        return diagnostic;
    }
    let edits = vec![Edit { span: e.span.at_end(), text: format!(" ?? {other}") }];
    diagnostic.fix_all(Applicability::NeedsLook, format!("write `?? {other}` behind it"), edits)
}

/// The plainest value of a type.
pub(in crate::types) fn plain_value(ty: &Ty) -> Option<&'static str> {
    Some(match ty {
        Ty::Bool => "false",
        Ty::Int => "0",
        Ty::Float => "0.0",
        Ty::String | Ty::Path => "\"\"",
        Ty::Duration => "0s",
        Ty::Money => "$0",
        Ty::List(_) => "[]",
        Ty::Map(_) => "{}",
        Ty::Optional(_) | Ty::None | Ty::Json => "none",
        _ => return None,
    })
}

/// What a string in quotes was meant to be, and whether surely.
fn literal_as(ctx: &Context<'_>, literal: &str, want: &Ty) -> Option<(String, bool)> {
    let sure = |text: &str| Some((text.to_string(), true));
    match want {
        Ty::Duration if is_units(literal, &["ms", "s", "m", "h", "d"]) => sure(literal),
        Ty::Bytes if is_units(literal, &["B", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"]) => {
            sure(literal)
        }
        Ty::Money => {
            let amount = literal.strip_prefix('$').unwrap_or(literal);
            is_number(amount).then(|| (dollars(amount), true))
        }
        Ty::Int if !literal.is_empty() && literal.bytes().all(|b| b.is_ascii_digit()) => sure(literal),
        Ty::Float if is_number(literal) => sure(literal),
        Ty::Bool => match literal {
            "true" | "false" => sure(literal),
            "yes" | "on" => Some(("true".to_string(), false)),
            "no" | "off" => Some(("false".to_string(), false)),
            _ => None,
        },
        Ty::Enum(id) => {
            let variants = ctx.known.variants(*id);
            if variants.iter().any(|v| v.name == literal && v.fields.is_empty()) {
                return sure(literal);
            }
            let near = suggest::near(literal, variants.iter().map(|v| v.name.as_str()))?;
            Some((near.name, near.sure))
        }
        Ty::Agent => {
            let is_agent = |res: &Res| match res {
                Res::Def(def) => {
                    matches!(ctx.resolved.def(*def).kind, DefKind::Agent | DefKind::AgentFile(_))
                }
                _ => false,
            };
            let scope = ctx.scope?;
            if scope.get(literal).is_some_and(is_agent) {
                return sure(literal);
            }
            let agents = scope.iter().filter(|(_, res)| is_agent(res)).map(|(name, _)| name.as_str());
            let near = suggest::near(literal, agents)?;
            Some((near.name, near.sure))
        }
        _ => None,
    }
}

/// `2h30m`: numbers, each with one of the units.
fn is_units(text: &str, units: &[&str]) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        if !is_number(&rest[..number]) {
            return false;
        }
        rest = &rest[number..];
        let unit = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        if !units.contains(&&rest[..unit]) {
            return false;
        }
        rest = &rest[unit..];
    }
    !text.is_empty()
}

fn is_number(text: &str) -> bool {
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, part)) => digits(whole) && digits(part),
        None => digits(text),
    }
}

fn dollars(number: &str) -> String {
    match number.split_once('.') {
        Some((_, part)) if part.len() == 1 => format!("${number}0"),
        _ => format!("${number}"),
    }
}

fn unit(
    diagnostic: Diagnostic,
    e: &Expr,
    text: &str,
    applicability: Applicability,
    written: impl Fn(&str) -> String,
) -> Diagnostic {
    if !is_number(text) {
        return diagnostic;
    }
    let instead = written(text);
    let edits = vec![Edit { span: e.span, text: instead.clone() }];
    diagnostic.fix_all(applicability, format!("write `{instead}`"), edits)
}

fn instead(diagnostic: Diagnostic, e: &Expr, text: &str, sure: bool) -> Diagnostic {
    let title = format!("write `{text}`");
    let diagnostic = if sure {
        diagnostic.help(format!("it is written without quotes: `{text}`"))
    } else {
        diagnostic.help(format!("did you mean `{text}`, without quotes?"))
    };
    if sure { diagnostic.safe_fix(title, e.span, text) } else { diagnostic.fix(title, e.span, text) }
}

fn read(diagnostic: Diagnostic, e: &Expr, short: bool, text: String) -> Diagnostic {
    let diagnostic = diagnostic.help(format!("read the number: `{text}`"));
    if short { diagnostic.fix(format!("write `{text}`"), e.span, text) } else { diagnostic }
}

fn fixed(diagnostic: Diagnostic, e: &Expr, short: bool, text: String) -> Diagnostic {
    let diagnostic = diagnostic.help(format!("write `{text}`"));
    if short { diagnostic.fix(format!("write `{text}`"), e.span, text) } else { diagnostic }
}
