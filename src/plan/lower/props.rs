//! Properties of tasks and of calls.

use super::scope::{Place, Use};
use super::{Lowering, bare};
use crate::ast::{self, ExprKind as K, Prop, StrPart};
use crate::plan::{
    Action, Element, Expr, ExprKind, OnCrash, OutputFrom, Part, Props, ResourceId, Retry, ScriptPart,
};
use crate::resolve::{DefKind, Res};
use crate::source::Span;
use crate::types::Ty;
use crate::value::Value;
use ecow::{EcoString, eco_format};

/// What a list of properties says.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pub(super) agent: Option<Expr>,
    pub(super) prompt: Option<Expr>,
    pub(super) context: Option<Expr>,
    pub(super) run: Option<Expr>,
    pub(super) sh: Option<Vec<ScriptPart>>,
    pub(super) http: Option<Expr>,
    pub(super) mcp: Option<(EcoString, EcoString)>,
    pub(super) args: Option<Expr>,
    pub(super) props: Props,
    pub(super) after: Vec<Use>,
}

impl Pieces {
    /// Whether a `with` changes more than properties beside the action.
    pub(super) fn changes_action(&self) -> bool {
        let exprs = [&self.agent, &self.prompt, &self.context, &self.run, &self.http, &self.args];
        self.sh.is_some() || self.mcp.is_some() || exprs.iter().any(|e| e.is_some())
    }

    /// The properties of a `with`, when there are any.
    pub(super) fn overrides(&mut self) -> Option<Box<Props>> {
        let props = std::mem::take(&mut self.props);
        (props != Props::default()).then(|| Box::new(props))
    }

    /// The action and the properties of a definition.
    pub(super) fn finish(self) -> (Action, Props) {
        let boxed = |e: Option<Expr>| Box::new(e.unwrap_or_else(super::unit));
        let action = if let Some(argv) = self.run {
            Action::Run { argv: Box::new(argv) }
        } else if let Some(script) = self.sh {
            Action::Sh { script }
        } else if let Some(request) = self.http {
            Action::Http { request: Box::new(request) }
        } else if let Some((server, tool)) = self.mcp {
            Action::Mcp { server, tool, args: self.args.map(Box::new) }
        } else {
            let context = self.context.map(Box::new);
            Action::Agent { agent: boxed(self.agent), prompt: boxed(self.prompt), context }
        };
        (action, self.props)
    }
}

impl<'a> Lowering<'a> {
    /// Lowers a list of properties.
    pub(super) fn pieces(&mut self, props: &'a ast::Props) -> Pieces {
        let mut pieces = Pieces::default();
        for prop in &props.list {
            self.action_prop(prop, &mut pieces);
        }
        pieces
    }

    fn action_prop(&mut self, prop: &'a Prop, pieces: &mut Pieces) {
        let value = &prop.value;
        match prop.name.text.as_str() {
            "agent" => pieces.agent = Some(self.candidates(value)),
            "prompt" => pieces.prompt = Some(self.expr(value)),
            "context" => pieces.context = Some(self.expr(value)),
            "run" => pieces.run = Some(self.expr(value)),
            "sh" => pieces.sh = Some(self.script(value)),
            "http" => {
                self.missing("`http`", prop.span);
                pieces.http = Some(self.expr(value));
            }
            "mcp" => {
                self.missing("`mcp`", prop.span);
                pieces.mcp = Some(self.server_tool(value));
            }
            "args" => pieces.args = Some(self.expr(value)),
            "after" => pieces.after = self.after_uses(value),
            _ => self.prop(prop, &mut pieces.props),
        }
    }

    fn prop(&mut self, prop: &'a Prop, props: &mut Props) {
        let value = &prop.value;
        let slot = match prop.name.text.as_str() {
            "cwd" => &mut props.cwd,
            "env" => &mut props.env,
            "stdin" => &mut props.stdin,
            "allow_exit" => &mut props.allow_exit,
            "reads" | "writes" => {
                let claims = Some(Box::new(self.claims(value)));
                *(if prop.name.text == "reads" { &mut props.reads } else { &mut props.writes }) = claims;
                return;
            }
            "timeout" => &mut props.timeout,
            "estimate" => &mut props.estimate,
            "accept" => &mut props.accept,
            "verify" => &mut props.verify,
            "priority" => &mut props.priority,
            "description" => &mut props.description,
            _ => return self.shaped_prop(prop, props),
        };
        *slot = Some(Box::new(self.expr(value)));
    }

    /// A list of globs. What is interpolated carries its type: a String may hold no `/`.
    fn claims(&mut self, value: &'a ast::Expr) -> Expr {
        let mut lowered = self.expr(value);
        let K::List(written) = &bare(value).kind else { return lowered };
        let Some(elements) = elements_of(&mut lowered) else { return lowered };
        for (written, element) in written.iter().zip(elements) {
            let K::Str(text) = &bare(&written.value).kind else {
                if !written.splice {
                    literally(&mut element.value);
                }
                continue;
            };
            let Some(parts) = parts_of(&mut element.value) else { continue };
            let values = parts.iter_mut().filter_map(|part| match part {
                Part::Value(value) => Some(value),
                Part::Text(_) => None,
            });
            let exprs = text.parts.iter().filter_map(|part| match part {
                StrPart::Expr(expr) => Some(expr),
                StrPart::Text(..) => None,
            });
            for (value, expr) in values.zip(exprs) {
                let ty = self.subst(self.type_of(expr.id));
                if matches!(ty, Ty::String | Ty::Int | Ty::Bool | Ty::Enum(..)) {
                    let (ty, spot) = (self.ty(&ty), value.spot);
                    let inner = std::mem::replace(value, super::unit());
                    *value = Expr::new(ExprKind::Fit(ty, Box::new(inner)), spot);
                }
                literally(value);
            }
        }
        lowered
    }

    fn shaped_prop(&mut self, prop: &'a Prop, props: &mut Props) {
        let value = &prop.value;
        match prop.name.text.as_str() {
            "output" => props.output = Some(Box::new(self.output(value))),
            "on_crash" => props.on_crash = Some(Box::new(self.on_crash(value))),
            "retry" => props.retry = Some(Box::new(self.retry(value))),
            "resources" => props.resources = self.units(value),
            name => self.later(name, prop, props),
        }
    }

    /// A property that is checked but not run yet, unless it says what is so anyway.
    fn later(&mut self, name: &str, prop: &'a Prop, props: &mut Props) {
        let said = word(&prop.value);
        match (name, said.as_str()) {
            ("workspace", "shared") | ("sandbox", "off") => return,
            ("workspace" | "sandbox", said) => self.missing(eco_format!("`{name}: {said}`"), prop.span),
            ("cache", _) if matches!(bare(&prop.value).kind, K::Bool(false)) => return,
            _ => self.missing(eco_format!("`{name}`"), prop.span),
        }
        let value = self.loose(&prop.value);
        props.later.push((name.into(), value));
    }

    /// A value that nothing evaluates yet; calls in it are not tasks of the plan.
    pub(super) fn loose(&mut self, value: &'a ast::Expr) -> Expr {
        if self.has_tasks(value) {
            return Expr::constant(Value::None);
        }
        self.expr(value)
    }

    /// One agent, several, or all that have some skills.
    fn candidates(&mut self, value: &'a ast::Expr) -> Expr {
        let call = bare(value);
        if word(call) != "skilled" || self.named_def(call).is_some() {
            return self.expr(value);
        }
        self.missing("`skilled`", value.span);
        Expr::constant(Value::list(Vec::new()))
    }

    /// The pieces of a `sh` script.
    fn script(&mut self, value: &'a ast::Expr) -> Vec<ScriptPart> {
        let inner = bare(value);
        let text = match &inner.kind {
            K::Str(text) => Some(text),
            K::Call { .. } => self.checked.resolved.includes.get(inner.id),
            _ => None,
        };
        if let Some(text) = text {
            let part = |l: &mut Self, part: &'a StrPart| match part {
                StrPart::Text(text, _) => ScriptPart::Text(text.clone()),
                StrPart::Expr(expr) => ScriptPart::Word(Box::new(l.expr(expr))),
            };
            return text.parts.iter().map(|p| part(self, p)).collect();
        }
        let value = self.expr(value);
        match self.constant(&value) {
            Some(Value::Str(text)) => vec![ScriptPart::Text(text)],
            _ => vec![ScriptPart::Word(Box::new(value))],
        }
    }

    fn server_tool(&self, value: &ast::Expr) -> (EcoString, EcoString) {
        match &bare(value).kind {
            K::Field { base, name, .. } => (word(base), name.text.clone()),
            _ => (word(value), EcoString::new()),
        }
    }

    fn output(&mut self, value: &'a ast::Expr) -> OutputFrom {
        match (word(value).as_str(), &bare(value).kind) {
            ("file", K::Call { args, .. }) if !args.is_empty() => OutputFrom::File(self.expr(&args[0].value)),
            ("stderr", _) => OutputFrom::Stderr,
            _ => OutputFrom::Stdout,
        }
    }

    fn on_crash(&mut self, value: &'a ast::Expr) -> OnCrash {
        match (word(value).as_str(), &bare(value).kind) {
            ("probe", K::Call { args, .. }) if !args.is_empty() => OnCrash::Probe(self.expr(&args[0].value)),
            ("rerun", _) => OnCrash::Rerun,
            ("fail", _) => OnCrash::Fail,
            _ => OnCrash::Ask,
        }
    }

    /// `retry: 3`, or a record.
    pub(super) fn retry(&mut self, value: &'a ast::Expr) -> Retry {
        let none =
            Retry { max: Expr::constant(Value::Int(0)), backoff: None, factor: None, jitter: None, on: None };
        let K::Record(entries) = &bare(value).kind else {
            let max = self.expr(value);
            let max = match self.type_of(value.id) {
                Ty::Int | Ty::Error => max,
                _ => {
                    let kind = ExprKind::Field { base: Box::new(max), name: "max".into(), optional: false };
                    self.made(kind, value.span)
                }
            };
            return Retry { max, ..none };
        };
        let mut retry = none;
        for entry in entries {
            let ast::Entry::Field { key, value } = entry else { continue };
            match key.text.as_str() {
                "max" => retry.max = self.expr(value),
                "backoff" => retry.backoff = Some(self.expr(value)),
                "factor" => retry.factor = Some(self.expr(value)),
                "jitter" => retry.jitter = Some(self.expr(value)),
                "on" => retry.on = Some(words(value)),
                _ => {}
            }
        }
        retry
    }

    /// `resources: { cpu: 2 }`.
    fn units(&mut self, value: &'a ast::Expr) -> Vec<(ResourceId, Expr)> {
        let K::Record(entries) = &bare(value).kind else { return Vec::new() };
        let mut units = Vec::new();
        for entry in entries {
            let ast::Entry::Field { key, value } = entry else { continue };
            if let Some(id) = self.resource_named(&key.text, key.span) {
                units.push((id, self.expr(value)));
            }
        }
        units.sort_by_key(|(id, _)| *id);
        units
    }

    fn resource_named(&mut self, name: &str, span: Span) -> Option<ResourceId> {
        match name {
            "cpu" => return Some(ResourceId(0)),
            "memory" => return Some(ResourceId(1)),
            _ => {}
        }
        let resolved = &self.checked.resolved;
        let module = resolved.modules.iter().find(|m| m.file == span.file)?;
        match module.scope.get(name) {
            Some(Res::Def(def)) if resolved.def(*def).kind == DefKind::Resource => Some(self.resource(*def)),
            _ => None,
        }
    }

    /// What `after: [names]` waits for.
    pub(super) fn after_uses(&mut self, value: &'a ast::Expr) -> Vec<Use> {
        let mut uses = Vec::new();
        match &bare(value).kind {
            K::List(elements) => {
                for element in elements {
                    self.after_name(&element.value, &mut uses);
                }
            }
            _ => self.after_name(value, &mut uses),
        }
        uses
    }

    fn after_name(&mut self, name: &'a ast::Expr, uses: &mut Vec<Use>) {
        let Some(Res::Local(id)) = self.checked.resolved.res(bare(name).id) else { return };
        if let Some(nodes) = self.afters.remove(id) {
            let nodes = self.gathered(nodes);
            uses.extend_from_slice(&nodes);
            self.afters.insert(*id, nodes);
            return;
        }
        let place: Option<Place> = self.places.get(id).cloned();
        if let Some(place) = place {
            let value = self.at(&place);
            self.uses_of(&value, uses);
        }
    }
}

/// The elements of a list, whatever it is fitted to.
fn elements_of(expr: &mut Expr) -> Option<&mut Vec<Element>> {
    match &mut expr.kind {
        ExprKind::Fit(_, inner) => elements_of(inner),
        ExprKind::List(elements) => Some(elements),
        _ => None,
    }
}

/// A value in a claim is literal text: in a block of its own it stays apart from the pattern when it is folded.
fn literally(value: &mut Expr) {
    let spot = value.spot;
    let inner = std::mem::replace(value, super::unit());
    *value = Expr::new(ExprKind::Block { steps: Vec::new(), value: Box::new(inner) }, spot);
}

/// The parts of a text, whatever it is fitted to.
fn parts_of(expr: &mut Expr) -> Option<&mut Vec<Part>> {
    match &mut expr.kind {
        ExprKind::Fit(_, inner) => parts_of(inner),
        ExprKind::Interpolate(parts) => Some(parts),
        _ => None,
    }
}

/// The one word that a value is: a name, a variant, what is called.
pub(super) fn word(value: &ast::Expr) -> EcoString {
    match &bare(value).kind {
        K::Call { callee, .. } => super::call::callee_name(callee),
        _ => super::call::callee_name(value),
    }
}

fn words(value: &ast::Expr) -> Vec<EcoString> {
    match &bare(value).kind {
        K::List(elements) => elements.iter().map(|e| word(&e.value)).collect(),
        _ => vec![word(value)],
    }
}
