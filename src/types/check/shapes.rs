//! Values of properties.

use super::expr::list_of;
use super::props::Site;
use super::table::{self, Row, Shape};
use super::{Checker, Place, Want};
use crate::ast::{Entry, Expr, ExprKind, Key, UnaryOp};
use crate::resolve::{DefKind, Res};
use crate::types::errors::{self, Why};
use crate::types::{Call, Callee, EnumId, Ty};
use std::sync::Arc;

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl<'a> Checker<'a> {
    /// Checks a value against its row.
    pub(super) fn shape(&mut self, row: &'static Row, value: &'a Expr) {
        let why = Why::Prop(row.name);
        match row.shape {
            Shape::Text => self.plain(value, &Ty::String, why),
            Shape::Path => self.plain(value, &Ty::Path, why),
            Shape::Flag => self.plain(value, &Ty::Bool, why),
            Shape::Strings | Shape::Globs => self.plain(value, &list_of(Ty::String), why),
            Shape::Argv => self.argv(value, why),
            Shape::Argvs => self.argvs(value, why),
            Shape::Agent => self.plain(value, &Ty::Agent, why),
            Shape::AgentList => self.plain(value, &list_of(Ty::Agent), why),
            Shape::Json => self.plain(value, &Ty::Json, why),
            Shape::Kinds => self.kinds(value, why),
            Shape::Int(from, to) => self.int(row.name, value, from, to),
            Shape::Ints(from, to) => self.ints(row.name, value, from, to),
            Shape::Float(from, to) => self.float(row.name, value, from, to),
            Shape::Span => self.unit(row.name, value, &Ty::Duration, 1),
            Shape::Wait => self.unit(row.name, value, &Ty::Duration, 0),
            Shape::Money => self.unit(row.name, value, &Ty::Money, 1),
            Shape::Method => self.method(value, why),
            Shape::Env => self.env(row.name, value),
            Shape::Enum(id, call) => self.choice(row.name, value, EnumId(id), call),
            Shape::Agents => self.agents(value, why),
            Shape::Record(rows) => self.fields_of(row.name, value, rows),
            Shape::Retry => self.retry(row.name, value),
            Shape::Values => self.values(value, why),
            Shape::Tool => self.tool(value),
            Shape::Tools => self.names_or_texts(value, "tools", DefKind::Task),
            Shape::Servers => self.names_or_texts(value, "mcp", DefKind::Mcp),
            Shape::From => self.from(value),
            Shape::Script => self.script(value),
            Shape::Accept => self.in_place(Place::Accept, |c| c.bools(value, why)),
            Shape::Resources => self.resources(value),
            Shape::After => self.after(value),
            Shape::Undo => self.undo(value, why),
            Shape::Key => self.key(value),
            Shape::Keys => {
                let found = self.expr(value, Want::Any);
                self.types.insert(value.id, found);
            }
        }
    }

    fn plain(&mut self, value: &'a Expr, ty: &Ty, why: Why) {
        self.checked_expr(value, ty, why);
    }

    fn int(&mut self, name: &'static str, value: &'a Expr, from: i64, to: i64) {
        self.plain(value, &Ty::Int, Why::Prop(name));
        if let Some(n) = constant(value)
            && (n < from || n > to)
        {
            let range = if to == i64::MAX { format!("{from} or more") } else { format!("{from} to {to}") };
            self.report(errors::out_of_range(value.span, name, &range));
        }
    }

    fn ints(&mut self, name: &'static str, value: &'a Expr, from: i64, to: i64) {
        self.plain(value, &list_of(Ty::Int), Why::Prop(name));
        if let ExprKind::List(elements) = &value.kind {
            for each in elements {
                if let Some(n) = constant(&each.value)
                    && (n < from || n > to)
                {
                    self.report(errors::out_of_range(each.value.span, name, &format!("{from} to {to}")));
                }
            }
        }
    }

    fn float(&mut self, name: &'static str, value: &'a Expr, from: f64, to: f64) {
        self.plain(value, &Ty::Float, Why::Prop(name));
        let number = match &value.kind {
            ExprKind::Float(number) => Some(*number),
            _ => constant(value).map(|n| n as f64),
        };
        if number.is_some_and(|n| n < from || n > to) {
            self.report(errors::out_of_range(value.span, name, &format!("{from} to {to}")));
        }
    }

    fn unit(&mut self, name: &'static str, value: &'a Expr, ty: &Ty, least: i64) {
        self.plain(value, ty, Why::Prop(name));
        if constant(value).is_some_and(|n| n < least) && !matches!(value.kind, ExprKind::Int(_)) {
            let range = if least == 0 { "zero or more" } else { "more than zero" };
            self.report(errors::out_of_range(value.span, name, range));
        }
    }

    fn argv(&mut self, value: &'a Expr, why: Why) {
        if let ExprKind::List(elements) = &value.kind
            && elements.is_empty()
        {
            self.types.insert(value.id, list_of(Ty::String));
            self.report(errors::empty_argv(value.span));
            return;
        }
        if let ExprKind::Str(text) = &value.kind {
            self.expr(value, Want::Any);
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@,+ ".contains(c);
            let literal = text.literal().filter(|t| !t.trim().is_empty() && t.chars().all(plain));
            let words = literal.map(|t| {
                let words: Vec<String> = t.split_whitespace().map(|w| format!("\"{w}\"")).collect();
                format!("[{}]", words.join(", "))
            });
            self.report(errors::argv_as_text(value.span, why, words));
            return;
        }
        self.plain(value, &list_of(Ty::String), why);
    }

    fn argvs(&mut self, value: &'a Expr, why: Why) {
        match &value.kind {
            ExprKind::List(elements) => match elements.first() {
                Some(first) if !first.splice && matches!(first.value.kind, ExprKind::List(_)) => {
                    self.plain(value, &list_of(list_of(Ty::String)), why);
                }
                Some(_) | None => self.argv(value, why),
            },
            ExprKind::Str(_) => self.argv(value, why),
            _ => {
                let found = self.expr(value, Want::Any);
                let several = list_of(list_of(Ty::String));
                if self.known().fits(&found, &several).is_none() {
                    self.fit(value, found, &list_of(Ty::String), why);
                }
            }
        }
    }

    fn bools(&mut self, value: &'a Expr, why: Why) {
        if matches!(value.kind, ExprKind::List(_)) {
            self.plain(value, &list_of(Ty::Bool), why);
            return;
        }
        let found = self.expr(value, Want::Any);
        if self.known().fits(&found, &list_of(Ty::Bool)).is_none() {
            self.fit(value, found, &Ty::Bool, why);
        }
    }

    /// Texts by name; a Secret is welcome.
    fn env(&mut self, name: &'static str, value: &'a Expr) {
        let why = Why::Prop(name);
        let ExprKind::Record(entries) = &value.kind else {
            let found = self.expr(value, Want::Any);
            let secrets = Ty::Map(Arc::new(Ty::Secret));
            if self.known().fits(&found, &secrets).is_some() || self.texts_or_secrets(&found) {
                return;
            }
            self.fit(value, found, &Ty::Map(Arc::new(Ty::String)), why);
            return;
        };
        let mut secret = false;
        for entry in entries {
            match entry {
                Entry::Field { value, .. } => {
                    let found = self.expr(value, Want::Hint(&Ty::String));
                    if super::is_secret(&found, self.known()) {
                        secret = true;
                    } else {
                        self.fit(value, found, &Ty::String, why);
                    }
                }
                Entry::Spread(value) => self.env(name, value),
            }
        }
        let ty = if secret { Ty::Secret } else { Ty::String };
        self.types.insert(value.id, Ty::Map(Arc::new(ty)));
    }

    fn texts_or_secrets(&self, ty: &Ty) -> bool {
        let fits =
            |ty: &Ty| self.known().fits(ty, &Ty::String).is_some() || super::is_secret(ty, self.known());
        self.known().record(ty).is_some_and(|record| record.fields.iter().all(|f| fits(&f.ty)))
    }

    fn choice(
        &mut self,
        name: &'static str,
        value: &'a Expr,
        id: EnumId,
        call: Option<(&'static str, &'static Shape)>,
    ) {
        let ty = Ty::Enum(id);
        if let ExprKind::Call { callee, args, .. } = &value.kind
            && let ExprKind::Name(written) = &callee.kind
        {
            let known =
                call.is_some_and(|(c, _)| c == written.text) || (name == "runtime" && written.text == "acp");
            if let ([arg], Some((_, shape)), true) = (&**args, call, known) {
                let inner: &'static Row = inner_row(name, *shape);
                self.shape(inner, &arg.value);
                self.property_call(value, written.text.clone(), ty);
                return;
            }
        }
        if let (ExprKind::Name(written), Some((call, _))) = (&value.kind, call)
            && written.text == call
        {
            self.report(errors::call_needed(value.span, name, call));
            self.types.insert(value.id, Ty::Error);
            return;
        }
        self.plain(value, &ty, Why::Prop(name));
    }

    fn property_call(&mut self, value: &'a Expr, name: ecow::EcoString, ty: Ty) {
        self.types.insert(value.id, ty);
        let call = Call { callee: Callee::Property(name), type_args: Vec::new(), args: vec![Some(0)] };
        self.calls.insert(value.id, call);
    }

    fn agents(&mut self, value: &'a Expr, why: Why) {
        if let ExprKind::Call { callee, args, .. } = &value.kind
            && let ExprKind::Name(written) = &callee.kind
            && written.text == "skilled"
        {
            match &**args {
                [arg] => self.plain(&arg.value, &list_of(Ty::String), Why::Prop("skilled")),
                _ => self.report(errors::builtin_arity(
                    value.span,
                    "skilled",
                    "skilled([\"skill\", …])",
                    args.len(),
                )),
            }
            self.property_call(value, written.text.clone(), Ty::Agent);
            return;
        }
        match &value.kind {
            ExprKind::List(_) => self.plain(value, &list_of(Ty::Agent), why),
            _ => {
                let found = self.expr(value, Want::Any);
                if self.known().fits(&found, &list_of(Ty::Agent)).is_none() {
                    self.fit(value, found, &Ty::Agent, why);
                }
            }
        }
    }

    /// A record literal whose fields have rows of their own.
    fn fields_of(&mut self, name: &'static str, value: &'a Expr, rows: &'static [Row]) {
        let ExprKind::Record(entries) = &value.kind else {
            let before = self.out.len();
            self.expr(value, Want::Any);
            if self.out.len() == before {
                self.report(errors::record_needed(value.span, name, rows_shown(rows)));
            }
            return;
        };
        let mut given: Vec<&Key> = Vec::new();
        for entry in entries {
            let Entry::Field { key, value } = entry else {
                self.report(errors::record_needed(value.span, name, rows_shown(rows)));
                continue;
            };
            if let Some(first) = given.iter().find(|k| k.text == key.text) {
                self.report(errors::duplicate("property", &key.text, key.span, Some(first.span)));
            }
            given.push(key);
            match rows.iter().find(|r| key.text == r.name) {
                Some(row) => self.shape(row, value),
                None => {
                    let names: Vec<&str> = rows.iter().map(|r| r.name).collect();
                    let place = format!("`{name}`");
                    self.report(errors::unknown_property(key.span, &key.text, &place, &names, None));
                }
            }
        }
        for row in rows.iter().filter(|r| r.required) {
            if !given.iter().any(|k| k.text == row.name) {
                self.report(errors::missing_property(value.span, row.name, &format!("`{name}`")));
            }
        }
        self.types.insert(value.id, Ty::Json);
    }

    fn retry(&mut self, name: &'static str, value: &'a Expr) {
        match &value.kind {
            ExprKind::Record(_) => self.fields_of(name, value, table::RETRY),
            _ => self.int(name, value, 0, 1_000_000),
        }
    }

    fn kinds(&mut self, value: &'a Expr, why: Why) {
        self.plain(value, &list_of(Ty::Enum(EnumId(0))), why);
        let literal = matches!(&value.kind, ExprKind::List(list) if list.iter().all(|e| !e.splice && is_name(&e.value)));
        if !literal {
            self.report(errors::kinds_written_out(value.span));
        }
    }

    fn method(&mut self, value: &'a Expr, why: Why) {
        self.plain(value, &Ty::String, why);
        if let ExprKind::Str(text) = &value.kind
            && let Some(method) = text.literal()
            && !METHODS.contains(&method.as_str())
        {
            self.report(errors::bad_method(value.span, &method, METHODS));
        }
    }

    fn values(&mut self, value: &'a Expr, why: Why) {
        let found = self.expr(value, Want::Any);
        let record =
            self.known().record(&found).is_some() || matches!(*self.known().unfold(&found), Ty::Map(_));
        if record && self.known().holds_secret(&found) {
            self.report(self.without_json(value.span, &found, "this place"));
            return;
        }
        if record || found == Ty::Error {
            self.fit(value, found, &Ty::Json, why);
            return;
        }
        let shown = self.show(&found);
        self.report(errors::record_of_values(value.span, why, &shown));
    }

    fn tool(&mut self, value: &'a Expr) {
        if let ExprKind::Field { base, .. } = &value.kind {
            match self.res_of(base) {
                Some(Res::Def(def)) if self.r.def(*def).kind == DefKind::Mcp => return,
                Some(Res::Error) => return,
                _ => {}
            }
            if let ExprKind::Name(name) = &base.kind {
                let servers = self.r.defs.iter().filter(|d| d.kind == DefKind::Mcp);
                let servers: Vec<&str> = servers.map(|d| d.name.text.as_str()).collect();
                self.report(errors::no_such_server(name.span, &name.text, &servers));
                return;
            }
        }
        self.report(errors::not_a_tool(value.span, self.sources.text(value.span)));
    }

    fn names_or_texts(&mut self, value: &'a Expr, name: &'static str, kind: DefKind) {
        let ExprKind::List(elements) = &value.kind else {
            self.report(errors::list_of_names(value.span, name));
            return;
        };
        for each in elements {
            let e = &each.value;
            match (&e.kind, self.res_of(e)) {
                (ExprKind::Str(text), _) if text.literal().is_some() => {
                    self.types.insert(e.id, Ty::String);
                }
                (ExprKind::Name(_) | ExprKind::Field { .. }, Some(Res::Def(def)))
                    if self.r.def(*def).kind == kind => {}
                (_, Some(Res::Error)) => {}
                (ExprKind::Name(name), None) => self.report(errors::unknown_name(e.span, &name.text, None)),
                _ => self.report(errors::list_of_names(e.span, name)),
            }
        }
    }

    fn from(&mut self, value: &'a Expr) {
        let good = match self.res_of(value) {
            Some(Res::Def(def)) => matches!(self.r.def(*def).kind, DefKind::Agent | DefKind::AgentFile(_)),
            Some(Res::Error) => true,
            _ => false,
        };
        if !good {
            self.report(errors::from_no_agent(value.span, self.sources.text(value.span)));
        }
    }

    fn resources(&mut self, value: &'a Expr) {
        let ExprKind::Record(entries) = &value.kind else {
            self.report(errors::record_needed(value.span, "resources", "cpu: 2, memory: 1GiB".to_string()));
            return;
        };
        for entry in entries {
            let Entry::Field { key, value } = entry else {
                self.report(errors::record_needed(
                    value.span,
                    "resources",
                    "cpu: 2, memory: 1GiB".to_string(),
                ));
                continue;
            };
            if key.text == "memory" {
                let found = self.expr(value, Want::Any);
                if !matches!(*self.known().unfold(&found), Ty::Bytes | Ty::Error) {
                    self.fit(value, found, &Ty::Int, Why::Prop("memory"));
                }
            } else {
                self.int("resources", value, 1, i64::MAX);
            }
            if constant(value).is_some_and(|n| n < 1) && key.text == "memory" {
                self.report(errors::out_of_range(value.span, "memory", "more than zero"));
            }
            self.resource_name(key);
        }
        self.types.insert(value.id, Ty::Json);
    }

    fn resource_name(&mut self, key: &'a Key) {
        if matches!(key.text.as_str(), "cpu" | "memory") {
            return;
        }
        let scope = &self.r.module(self.scope.module.0).scope;
        let known = |res: &Res| matches!(res, Res::Def(d) if self.r.def(*d).kind == DefKind::Resource);
        match scope.get(&key.text) {
            Some(Res::Error) => {}
            Some(res) if known(res) => {}
            _ => {
                let mut names: Vec<&str> = vec!["cpu", "memory"];
                names.extend(scope.iter().filter(|(_, res)| known(res)).map(|(name, _)| name.as_str()));
                self.report(errors::unknown_resource(key.span, &key.text, &names));
            }
        }
    }

    /// Compensation: an argv, or a call that is made only when it is needed.
    fn undo(&mut self, value: &'a Expr, why: Why) {
        let called = match &value.kind {
            ExprKind::Call { callee, .. } => match self.res_of(callee) {
                Some(Res::Def(def)) => matches!(self.r.def(*def).kind, DefKind::Task | DefKind::Workflow),
                _ => false,
            },
            _ => false,
        };
        if !called {
            self.argv(value, why);
            return;
        }
        let tasks = self.scope.tasks;
        self.in_place(Place::Tasks, |c| c.expr(value, Want::Nothing));
        self.scope.tasks = tasks;
    }

    fn key(&mut self, value: &'a Expr) {
        let found = self.expr(value, Want::Any);
        if !self.is_key(&found) {
            let shown = self.show(&found);
            self.report(errors::bad_key(value.span, &shown, "`key`"));
        }
    }

    /// Properties that an action or a call brings: the rows of a task.
    pub(super) fn task_props(&mut self, props: &'a crate::ast::Props, site: Site) {
        let where_ = match site {
            Site::Own | Site::Inline => "a task",
            Site::Call => "a call of a task",
        };
        self.props(props, table::TASK, where_, site);
    }
}

/// The row of what stands in the parentheses of `file(…)`, `probe(…)` ….
fn inner_row(_of: &'static str, shape: Shape) -> &'static Row {
    const fn inner(name: &'static str, shape: Shape) -> Row {
        Row { name, shape, on: table::ALL, at: table::At::Both, fixed: false, required: false }
    }
    static PATH: Row = inner("file", Shape::Path);
    static AGENT: Row = inner("resolve", Shape::Agent);
    static ARGV: Row = inner("argv", Shape::Argv);
    match shape {
        Shape::Path => &PATH,
        Shape::Agent => &AGENT,
        _ => &ARGV,
    }
}

fn rows_shown(rows: &[Row]) -> String {
    let names: Vec<String> = rows.iter().map(|r| format!("{}: …", r.name)).collect();
    names.join(", ")
}

/// The whole number that is written there (of a unit, in its smallest part).
pub(super) fn constant(e: &Expr) -> Option<i64> {
    match &e.kind {
        ExprKind::Int(n) | ExprKind::Duration(n) | ExprKind::Bytes(n) | ExprKind::Money(n) => Some(*n),
        ExprKind::Unary { op: UnaryOp::Neg, operand } => constant(operand)?.checked_neg(),
        ExprKind::Paren(inner) => constant(inner),
        _ => None,
    }
}

fn is_name(e: &Expr) -> bool {
    matches!(e.kind, ExprKind::Name(_) | ExprKind::Field { .. })
}
