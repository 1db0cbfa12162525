//! The pure built-in functions, by hand: each one's form, and the type of its result.
//!
//! What `plan::eval` gives back, where a record or an option comes out:
//!
//! | call | type |
//! |---|---|
//! | `enumerate([T])` | `[{ index: Int, value: T }]` |
//! | `zip([A], [B])` | `[{ left: A, right: B }]`, as long as the shorter |
//! | `entries({String: T})` | `[{ key: String, value: T }]` |
//! | `from_entries([{ key: String, value: T }])` | `{String: T}` |
//! | `group_by([T], "field")` | `{String: [T]}`; the field is a String, Path, Int, Bool or plain enum |
//! | `first last min max` of `[T]` | `T?` |
//! | `min(a, b)`, `max(a, b)` | `T` |
//! | `keys values entries len` | also of a record whose fields are of one type |
//! | `sum` | of `[Int]`, `[Float]`, units; of an empty list 0 |
//! | `contains(text, part)`, `contains([T], T)` | `Bool` |
//! | `round floor` | `Int` |
//! | `path_join(part, …)` | `Path`, from one part on |

use super::expr::list_of;
use super::{Checker, Place, Want};
use crate::ast::{Arg, Expr, ExprKind, TypeExpr};
use crate::types::errors::{self, Why};
use crate::types::{Builtin, Call, Callee, Ty};

/// How a function is called: shown in messages, with the least and the most arguments.
pub(super) fn form(f: Builtin) -> (&'static str, usize, usize) {
    match f {
        Builtin::Len => ("len(list, map or text) -> Int", 1, 1),
        Builtin::First => ("first(list: [T]) -> T?", 1, 1),
        Builtin::Last => ("last(list: [T]) -> T?", 1, 1),
        Builtin::Flatten => ("flatten(lists: [[T]]) -> [T]", 1, 1),
        Builtin::Compact => ("compact(list: [T?]) -> [T]", 1, 1),
        Builtin::Unique => ("unique(list: [T]) -> [T]", 1, 1),
        Builtin::Sort => ("sort(list: [T]) -> [T]", 1, 1),
        Builtin::SortBy => ("sort_by(list: [T], \"field\") -> [T]", 2, 2),
        Builtin::GroupBy => ("group_by(list: [T], \"field\") -> {String: [T]}", 2, 2),
        Builtin::Reverse => ("reverse(list: [T]) -> [T]", 1, 1),
        Builtin::Take => ("take(list: [T], count: Int) -> [T]", 2, 2),
        Builtin::Drop => ("drop(list: [T], count: Int) -> [T]", 2, 2),
        Builtin::Enumerate => ("enumerate(list: [T]) -> [{ index: Int, value: T }]", 1, 1),
        Builtin::Zip => ("zip(left: [A], right: [B]) -> [{ left: A, right: B }]", 2, 2),
        Builtin::Sum => ("sum(list of numbers or units) -> T", 1, 1),
        Builtin::Min => ("min(list: [T]) -> T? or min(a: T, b: T) -> T", 1, 2),
        Builtin::Max => ("max(list: [T]) -> T? or max(a: T, b: T) -> T", 1, 2),
        Builtin::AnyOf => ("any_of(list: [Bool]) -> Bool", 1, 1),
        Builtin::AllOf => ("all_of(list: [Bool]) -> Bool", 1, 1),
        Builtin::Keys => ("keys(map: {String: T}) -> [String]", 1, 1),
        Builtin::Values => ("values(map: {String: T}) -> [T]", 1, 1),
        Builtin::Entries => ("entries(map: {String: T}) -> [{ key: String, value: T }]", 1, 1),
        Builtin::FromEntries => ("from_entries(list: [{ key: String, value: T }]) -> {String: T}", 1, 1),
        Builtin::Range => ("range(from: Int, before: Int) -> [Int]", 2, 2),
        Builtin::Join => ("join(list: [String], between: String) -> String", 2, 2),
        Builtin::Split => ("split(text: String, at: String) -> [String]", 2, 2),
        Builtin::Lines => ("lines(text: String) -> [String]", 1, 1),
        Builtin::Trim => ("trim(text: String) -> String", 1, 1),
        Builtin::Lower => ("lower(text: String) -> String", 1, 1),
        Builtin::Upper => ("upper(text: String) -> String", 1, 1),
        Builtin::Replace => ("replace(text: String, what: String, by: String) -> String", 3, 3),
        Builtin::StartsWith => ("starts_with(text: String, start: String) -> Bool", 2, 2),
        Builtin::EndsWith => ("ends_with(text: String, end: String) -> Bool", 2, 2),
        Builtin::Contains => ("contains(text: String, part: String) -> Bool", 2, 2),
        Builtin::Matches => ("matches(text: String, pattern: String) -> Bool", 2, 2),
        Builtin::ToJson => ("to_json(value) -> String", 1, 1),
        Builtin::FromJson => ("from_json<T>(text: String) -> T", 1, 1),
        Builtin::ToString => ("to_string(value) -> String", 1, 1),
        Builtin::ToInt => ("to_int(text or number) -> Int", 1, 1),
        Builtin::ToFloat => ("to_float(text or number) -> Float", 1, 1),
        Builtin::Path => ("path(text: String) -> Path", 1, 1),
        Builtin::Basename => ("basename(path: Path) -> String", 1, 1),
        Builtin::Dirname => ("dirname(path: Path) -> Path", 1, 1),
        Builtin::PathJoin => ("path_join(part: String, …) -> Path", 1, usize::MAX),
        Builtin::Round => ("round(number: Float) -> Int", 1, 1),
        Builtin::Floor => ("floor(number: Float) -> Int", 1, 1),
        Builtin::Mod => ("mod(number: Int, by: Int) -> Int", 2, 2),
        Builtin::Fail => ("fail(why: String)", 1, 1),
        Builtin::Secret => ("secret(\"NAME\") -> Secret", 1, 1),
        Builtin::Include => ("include(\"path/to/file\") -> String", 1, 1),
    }
}

impl<'a> Checker<'a> {
    pub(super) fn builtin_call(
        &mut self,
        e: &'a Expr,
        f: Builtin,
        type_args: &'a [TypeExpr],
        args: &'a [Arg],
        want: Want<'_>,
    ) -> Ty {
        let (shown, least, most) = form(f);
        if let Some(name) = args.iter().find_map(|a| a.name.as_ref()) {
            self.report(errors::named_builtin_arg(name.span, f.name(), shown));
            return self.given_up(args);
        }
        if args.len() < least || args.len() > most {
            self.report(errors::builtin_arity(e.span, f.name(), shown, args.len()));
            return self.given_up(args);
        }
        if f != Builtin::FromJson && !type_args.is_empty() {
            self.report(errors::type_args_of_call(e.span, f.name(), 0, type_args.len()));
        }
        let mut types = Vec::new();
        let ty = if f == Builtin::FromJson {
            self.text_arg(args, 0, f);
            let ty = self.read_json(e, type_args);
            types.push(ty.clone());
            ty
        } else {
            self.builtin_result(e, f, args, want)
        };
        let places = (0..args.len() as u32).map(Some).collect();
        self.calls.insert(e.id, Call { callee: Callee::Builtin(f), type_args: types, args: places });
        ty
    }

    fn builtin_result(&mut self, e: &'a Expr, f: Builtin, args: &'a [Arg], want: Want<'_>) -> Ty {
        match f {
            Builtin::First | Builtin::Last | Builtin::Flatten | Builtin::Compact | Builtin::Unique => {
                self.list_fn(f, args, want)
            }
            Builtin::Sort | Builtin::Reverse | Builtin::Take | Builtin::Drop | Builtin::Sum => {
                self.list_fn(f, args, want)
            }
            Builtin::SortBy | Builtin::GroupBy => self.by_field(f, args, want),
            Builtin::Enumerate | Builtin::Zip | Builtin::AnyOf | Builtin::AllOf => {
                self.list_fn(f, args, want)
            }
            Builtin::Min | Builtin::Max => self.extreme(f, args, want),
            Builtin::Keys | Builtin::Values | Builtin::Entries | Builtin::FromEntries => {
                self.map_fn(f, args, want)
            }
            Builtin::Len => self.len(args),
            Builtin::Contains => self.contains(args),
            Builtin::Range | Builtin::Mod => {
                self.arg(args, 0, &Ty::Int, f);
                self.arg(args, 1, &Ty::Int, f);
                if f == Builtin::Range { list_of(Ty::Int) } else { Ty::Int }
            }
            Builtin::Join => {
                self.arg(args, 0, &list_of(Ty::String), f);
                self.text_arg(args, 1, f);
                Ty::String
            }
            Builtin::Split | Builtin::Lines => self.texts(args, f, list_of(Ty::String)),
            Builtin::Trim | Builtin::Lower | Builtin::Upper | Builtin::Replace => {
                self.texts(args, f, Ty::String)
            }
            Builtin::StartsWith | Builtin::EndsWith => self.texts(args, f, Ty::Bool),
            Builtin::Matches => {
                self.regex(args);
                self.texts(args, f, Ty::Bool)
            }
            Builtin::ToJson | Builtin::ToString => self.any_json(args, f),
            Builtin::ToInt | Builtin::ToFloat => self.number(args, f),
            Builtin::Path | Builtin::Dirname | Builtin::PathJoin => self.texts(args, f, Ty::Path),
            Builtin::Basename => self.texts(args, f, Ty::String),
            Builtin::Round | Builtin::Floor => {
                self.arg(args, 0, &Ty::Float, f);
                Ty::Int
            }
            Builtin::Fail => {
                self.text_arg(args, 0, f);
                Ty::Never
            }
            Builtin::Secret => self.secret(args),
            Builtin::Include => {
                self.literal_arg(args, 0, f);
                self.included(e, want)
            }
            // Handled by the caller: it needs the type argument.
            Builtin::FromJson => Ty::Error,
        }
    }

    /// Checks the argument at that place.
    pub(super) fn arg(&mut self, args: &'a [Arg], at: usize, ty: &Ty, f: Builtin) -> Ty {
        match args.get(at) {
            Some(arg) => self.checked_expr(&arg.value, ty, Why::Builtin(f)),
            None => Ty::Error,
        }
    }

    fn text_arg(&mut self, args: &'a [Arg], at: usize, f: Builtin) {
        self.arg(args, at, &Ty::String, f);
    }

    /// All arguments are text.
    fn texts(&mut self, args: &'a [Arg], f: Builtin, result: Ty) -> Ty {
        for at in 0..args.len() {
            self.text_arg(args, at, f);
        }
        result
    }

    /// An argument that must be a literal, and its text.
    pub(super) fn literal_arg(&mut self, args: &'a [Arg], at: usize, f: Builtin) -> Option<ecow::EcoString> {
        let value = &args.get(at)?.value;
        if let ExprKind::Str(text) = &value.kind
            && let Some(literal) = text.literal()
        {
            self.types.insert(value.id, Ty::String);
            return Some(literal);
        }
        self.expr(value, Want::Any);
        self.report(errors::literal_needed(value.span, f.name(), form(f).0));
        None
    }

    fn secret(&mut self, args: &'a [Arg]) -> Ty {
        if let Some(name) = self.literal_arg(args, 0, Builtin::Secret) {
            let good = !name.is_empty()
                && !name.starts_with(|c: char| c.is_ascii_digit())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if let (false, Some(arg)) = (good, args.first()) {
                self.report(errors::bad_secret_name(arg.value.span, &name));
            }
        }
        Ty::Secret
    }

    fn regex(&mut self, args: &'a [Arg]) {
        let Some(arg) = args.get(1) else { return };
        let ExprKind::Str(text) = &arg.value.kind else { return };
        if let Some(pattern) = text.literal()
            && let Err(why) = regex::Regex::new(&pattern)
        {
            let why = why.to_string();
            let last = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            self.report(errors::bad_regex(arg.value.span, last));
        }
    }

    fn read_json(&mut self, e: &'a Expr, type_args: &'a [TypeExpr]) -> Ty {
        let [written] = type_args else {
            return self.wrong(match type_args.len() {
                0 => errors::cannot_infer_type_arg(e.span, "from_json", &["T".into()], 0),
                n => errors::type_args_of_call(e.span, "from_json", 1, n),
            });
        };
        let ty = self.written(written);
        if !self.known().has_json(&ty) {
            return self.wrong(self.without_json(written.span, &ty, "what `from_json` reads"));
        }
        ty
    }

    fn any_json(&mut self, args: &'a [Arg], f: Builtin) -> Ty {
        if let Some(arg) = args.first() {
            let ty = self.expr(&arg.value, Want::Any);
            if !self.known().has_json(&ty) {
                self.report(self.without_json(arg.value.span, &ty, &format!("`{}`", f.name())));
            }
        }
        Ty::String
    }

    fn number(&mut self, args: &'a [Arg], f: Builtin) -> Ty {
        let result = if f == Builtin::ToInt { Ty::Int } else { Ty::Float };
        if let Some(arg) = args.first() {
            let found = self.expr(&arg.value, Want::Any);
            let ty = self.known().unfold(&found).into_owned();
            let fine = matches!(ty, Ty::String | Ty::Int | Ty::Float | Ty::Error | Ty::Never);
            if !fine {
                let wanted = Ty::String;
                self.fit(&arg.value, found, &wanted, Why::Builtin(f));
            }
        }
        result
    }

    fn len(&mut self, args: &'a [Arg]) -> Ty {
        if let Some(arg) = args.first() {
            let found = self.expr(&arg.value, Want::Any);
            let ty = self.known().unfold(&found).into_owned();
            let fine = matches!(ty, Ty::List(_) | Ty::Map(_) | Ty::String | Ty::Path | Ty::Error | Ty::Never);
            if !fine {
                let shown = self.show(&found);
                let optional = self.known().is_optional(&found);
                self.report(errors::bad_builtin_arg(
                    arg.value.span,
                    "len",
                    "a list, a map or a text",
                    &shown,
                    optional,
                ));
            }
        }
        Ty::Int
    }

    fn contains(&mut self, args: &'a [Arg]) -> Ty {
        let [text, part] = args else { return Ty::Error };
        let found = self.expr(&text.value, Want::Any);
        let wanted = match &*self.known().unfold(&found) {
            Ty::List(element) => (**element).clone(),
            _ => Ty::String,
        };
        if wanted == Ty::String && !matches!(found, Ty::List(_)) {
            self.fit(&text.value, found, &Ty::String, Why::Builtin(Builtin::Contains));
        }
        self.checked_expr(&part.value, &wanted, Why::Builtin(Builtin::Contains));
        Ty::Bool
    }

    /// A place that must be pure, entered for one value.
    pub(super) fn pure(&mut self, place: Place, e: &'a Expr, ty: &Ty, why: Why) -> Ty {
        self.in_place(place, |c| c.checked_expr(e, ty, why))
    }
}
