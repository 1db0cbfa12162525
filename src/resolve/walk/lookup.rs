//! Looking a name up, and what to say when it is not there.

use super::{Walk, Wanted};
use crate::ast::{ItemKind, Name, NodeId, TypeExprKind};
use crate::resolve::declare::{Member, TYPES};
use crate::resolve::errors::{self, Meant};
use crate::resolve::{DefKind, ModuleId, Res, embedded, suggest};
use crate::source::Span;
use crate::types::{BUILTIN_ENUMS, Builtin, BuiltinTask, EnumId};
use ecow::EcoString;

/// Aliases of aliases of an enum are followed so far.
const MAX_ALIASES: usize = 32;

/// The words that begin a statement.
const STATEMENTS: &[&str] =
    &["let", "task", "stage", "assert", "for", "if", "match", "repeat", "race", "mock", "not"];

/// Endings of files that people write without quotes.
const FILES: &[&str] =
    &["txt", "md", "json", "toml", "yaml", "yml", "csv", "flow", "rs", "py", "js", "ts", "sh", "html", "log"];

/// Near names that are remembered until the type is known.
const GUESSES: usize = 32;

impl Walk<'_, '_> {
    /// A name in a value position. `None`, with nothing in the table, where it may be a bare variant.
    pub(super) fn value(&mut self, id: NodeId, name: &Name, called: bool) -> Option<Res> {
        let res = match self.in_scope(&name.text) {
            Some(res) => res,
            None if name.text.starts_with(char::is_uppercase) => self.upper_case(name),
            None if self.world.variant_names.contains(&name.text) || name.text == "skilled" => return None,
            None => {
                self.unknown(Some(id), name, called);
                Res::Error
            }
        };
        // What stands there bare is a variant, if its enum is expected, and no use of the task that is called the same.
        let is_agent = matches!(&res, Res::Def(id) if self.world.defs[id.0 as usize].kind == DefKind::Agent);
        if called || is_agent || !self.world.variant_names.contains(&name.text) {
            self.refer(&res, name.span);
        }
        self.facts.names.insert(id, res.clone());
        Some(res)
    }

    /// What a value name means here, from the innermost block outwards.
    pub(super) fn in_scope(&self, text: &str) -> Option<Res> {
        if let Some(local) = self.locals.get(text) {
            return Some(local.res.clone());
        }
        if let Some(res) = self.world.scopes[self.module.0 as usize].get(text) {
            return Some(res.clone());
        }
        if let Some(builtin) = Builtin::parse(text) {
            return Some(Res::Builtin(builtin));
        }
        BuiltinTask::parse(text).map(Res::BuiltinTask)
    }

    /// A type's name where a value or `Enum.variant` may stand.
    fn upper_case(&mut self, name: &Name) -> Res {
        if let Some(at) = self.generics.iter().position(|g| g.text == name.text) {
            return Res::TypeParam(at as u32);
        }
        if super::type_expr::is_builtin_type(&name.text) {
            return Res::BuiltinType;
        }
        if matches!(name.text.as_str(), "None" | "Null" | "True" | "False") {
            self.unknown_value(name);
        } else {
            self.unknown_upper(name);
        }
        Res::Error
    }

    /// Remembers that the declaration around uses another.
    pub(super) fn refer(&mut self, res: &Res, span: Span) {
        let (Res::Def(to), Some(owner)) = (res, self.owner) else { return };
        match self.world.defs[to.0 as usize].kind {
            DefKind::Fn | DefKind::Task | DefKind::Workflow | DefKind::Agent => {
                self.facts.calls.push((owner, *to, span));
            }
            DefKind::Type
            | DefKind::Enum(_)
            | DefKind::AgentFile(_)
            | DefKind::Resource
            | DefKind::Mcp
            | DefKind::Test => {}
        }
    }

    /// The enum that a name stands for, through `type` declarations.
    pub(super) fn enum_of(&self, res: &Res, name: &Name) -> Option<EnumId> {
        let mut res = res.clone();
        let mut text = name.text.clone();
        for _ in 0..MAX_ALIASES {
            let id = match &res {
                Res::Def(id) => *id,
                Res::BuiltinType => {
                    let at = BUILTIN_ENUMS.iter().position(|(n, _)| *n == text)?;
                    return Some(EnumId(at as u32));
                }
                _ => return None,
            };
            let def = &self.world.defs[id.0 as usize];
            if let DefKind::Enum(id) = def.kind {
                return Some(id);
            }
            let module = self.world.program.modules.get(def.module.0 as usize)?;
            let ItemKind::Type(decl) = &module.ast.items.get(def.item as usize)?.kind else { return None };
            let TypeExprKind::Named { path, .. } = &decl.ty.kind else { return None };
            text = path.last()?.text.clone();
            res = self.type_elsewhere(def.module, path)?;
        }
        None
    }

    /// What a type path means in another module, without reporting anything.
    fn type_elsewhere(&self, module: ModuleId, path: &[Name]) -> Option<Res> {
        let scope = self.world.scopes.get(module.0 as usize)?;
        match path {
            [name] => scope.get(&name.text).cloned().or(Some(Res::BuiltinType)),
            [first, name] => match scope.get(&first.text)? {
                Res::Module(id) => match self.world.member(*id, &name.text) {
                    Member::Found(res) => Some(res),
                    Member::Private(_) | Member::Imported(_) | Member::Missing(_) => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// A variant of an enum; one that is not there is reported.
    pub(super) fn variant(&mut self, of: EnumId, enum_name: &str, name: &Name) -> Res {
        if let Some(at) = self.world.variants.get(&(of, name.text.clone())) {
            return Res::Variant(of, *at);
        }
        if self.world.broken_enums.contains(&of) {
            return Res::Error;
        }
        let at = of.0 as usize;
        let (declared, near) = match BUILTIN_ENUMS.get(at) {
            Some((_, variants)) => (None, suggest::near(&name.text, variants.iter().copied())),
            None => {
                let def = self.world.enums.get(at - BUILTIN_ENUMS.len());
                let def = def.map(|id| &self.world.defs[id.0 as usize]);
                let names = self.world.variants.keys().filter(|(id, _)| *id == of).map(|(_, n)| n.as_str());
                let near = self.world.affords(self.world.variants.len());
                let near = near.then(|| suggest::near(&name.text, names)).flatten();
                (def.map(|d| d.name.span), near)
            }
        };
        self.report(errors::unknown_variant(name, enum_name, declared, near));
        Res::Error
    }

    /// Reports a name that is not in scope where a value or a module may stand.
    pub(super) fn unknown_value(&mut self, name: &Name) {
        self.unknown(None, name, false);
    }

    /// Reports a value name that is not in scope, unless it may come from something that could not be read. `id`: of its
    /// expression; `called`: it stands before `(`.
    fn unknown(&mut self, id: Option<NodeId>, name: &Name, called: bool) {
        if let Some(bound) = self.bound_later(&name.text) {
            self.report(errors::used_before_bound(name, bound));
            return;
        }
        // One that is too long has been refused already.
        if self.may_be_broken(name) || name.text.len() > crate::syntax::MAX_NAME {
            return;
        }
        // Of a name that is nowhere one place is enough to see what is missing.
        if !self.told.insert(name.text.clone()) {
            return;
        }
        if let Some((near, next)) = self.keyword_meant(name) {
            self.told.insert(next);
            self.report(errors::unknown_name(name, Meant { near: Some(near), ..Meant::default() }));
            return;
        }
        let scope = &self.world.scopes[self.module.0 as usize];
        let cost = self.locals.len() + scope.len() + Builtin::ALL.len();
        let near = if self.world.affords(cost) { self.near_values(id, name, called) } else { None };
        let mut meant = self.meant(name, near);
        let foreign = || suggest::advice(&name.text).map(String::from);
        meant.advice = self.quote_beside(name).or_else(foreign).or_else(|| self.file_without_quotes(name));
        if meant.near.is_none() || self.wanted == Wanted::Text {
            meant.advice = meant.advice.or_else(|| self.to_declare(&name.text));
        }
        if let Some(stage) = self.stage_of(name) {
            let written = format!("{stage}.{}", name.text);
            meant.near = Some(suggest::Near::only(&written, false));
        }
        self.report(errors::unknown_name(name, meant));
    }

    /// The keyword that a name at the start of a statement was to be, and the word behind it.
    fn keyword_meant(&self, name: &Name) -> Option<(suggest::Near, EcoString)> {
        let source = &self.outside.sources.get(name.span.file).text;
        let after = &source[name.span.end as usize..];
        let rest = after.trim_start_matches([' ', '\t']);
        let beside =
            rest.len() < after.len() && rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let near = suggest::near(&name.text, STATEMENTS.iter().copied()).filter(|_| beside)?;
        let next =
            &rest[..rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len())];
        let operator = matches!(next, "and" | "or" | "in" | "with" | "else");
        (!operator).then(|| (near, next.into()))
    }

    /// The stage in scope that binds a name.
    fn stage_of(&self, name: &Name) -> Option<EcoString> {
        let binds = |res: &Res| match res {
            Res::Local(id) => {
                self.stages.contains(id) && self.members.contains_key(&(*id, name.text.clone()))
            }
            _ => false,
        };
        let mut stages: Vec<_> = self.locals.iter().filter(|(_, l)| binds(&l.res)).map(|(n, _)| n).collect();
        stages.sort();
        stages.first().map(|stage| EcoString::from(stage.as_str()))
    }

    /// What to write where a quote touches a name.
    fn quote_beside(&self, name: &Name) -> Option<String> {
        let text = &name.text;
        let source = &self.outside.sources.get(name.span.file).text;
        let before = source[..name.span.start as usize].chars().next_back();
        let after = &source[name.span.end as usize..];
        let touched = before == Some('"') || after.starts_with('"');
        touched.then(|| match after.starts_with('"') && text.len() <= 2 {
            true => "strings have no prefix but `r`: each takes values as `#{expr}`".to_string(),
            false => "a string ends at the next `\"`: inside it write `\\\"`".to_string(),
        })
    }

    /// `notes.txt`
    fn file_without_quotes(&self, name: &Name) -> Option<String> {
        let after = &self.outside.sources.get(name.span.file).text[name.span.end as usize..];
        let rest = after.strip_prefix('.')?;
        let extension = &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len())];
        let file = FILES.contains(&extension);
        file.then(|| format!("a path is a text in quotes: `\"{}.{extension}\"`", name.text))
    }

    /// How to declare what a property asks for.
    fn to_declare(&self, text: &str) -> Option<String> {
        match self.wanted {
            Wanted::Agent => Some(format!(
                "declare it: `agent {text} {{ model: \"…\" }}`, or take in a folder of agent files: `use agents \"./agents\"`"
            )),
            Wanted::Server => Some(format!("declare it: `mcp {text} {{ command: [\"…\"] }}`")),
            Wanted::Text => Some(format!("a text stands in quotes: `\"{text}\"`")),
            Wanted::Task | Wanted::Any => None,
        }
    }

    /// A name with a capital where a value stands: no type of this name is meant.
    fn unknown_upper(&mut self, name: &Name) {
        let source = &self.outside.sources.get(name.span.file).text;
        let member = source[name.span.end as usize..].starts_with(['.', '<', '(']);
        if member || self.may_be_broken(name) {
            return self.unknown_type(name);
        }
        let small = name.text.to_lowercase();
        let variant = self.world.variant_names.get(small.as_str()).map(|v| v.to_string());
        if self.told.insert(name.text.clone()) {
            self.report(errors::unknown_upper(name, variant.as_deref()));
        }
    }

    /// The nearest name in scope, and, for when a type is expected, the near ones.
    fn near_values(&mut self, id: Option<NodeId>, name: &Name, called: bool) -> Option<suggest::Near> {
        let locals = self.locals.iter().map(|(n, l)| (n.as_str(), l.res.clone()));
        let scope =
            self.world.scopes[self.module.0 as usize].iter().map(|(n, res)| (n.as_str(), res.clone()));
        let builtins = Builtin::ALL.iter().map(|b| (b.name(), Res::Builtin(*b)));
        let tasks = BuiltinTask::ALL.iter().map(|b| (b.name(), Res::BuiltinTask(*b)));
        let all = locals.chain(scope).chain(builtins).chain(tasks);
        let values = all.filter(|(n, res)| !n.starts_with(char::is_uppercase) && *res != Res::Error);
        let unknown = suggest::Unknown::new(&name.text);
        let known: Vec<(&str, Res)> = values.filter(|(n, _)| unknown.is_like(n)).collect();
        let fits = |res: &Res| self.fits_wanted(res, called);
        let near = suggest::value(&name.text, called, known.iter().map(|(n, res)| (*n, fits(res))));
        if let Some(id) = id
            && known.len() > 1
        {
            let guesses = known.iter().take(GUESSES).map(|(n, res)| (EcoString::from(*n), res.clone()));
            self.facts.guesses.insert(id, guesses.collect());
        }
        near
    }

    /// Whether something may stand where a name stands, as far as that is known without types.
    fn fits_wanted(&self, res: &Res, called: bool) -> bool {
        let kind = match res {
            Res::Def(id) => Some(self.world.defs[id.0 as usize].kind),
            _ => None,
        };
        let callable = matches!(kind, Some(DefKind::Fn | DefKind::Task | DefKind::Workflow))
            || matches!(res, Res::Builtin(_) | Res::BuiltinTask(_));
        let agent = matches!(kind, Some(DefKind::Agent | DefKind::AgentFile(_)));
        match self.wanted {
            _ if called => callable,
            Wanted::Agent => agent,
            Wanted::Server => kind == Some(DefKind::Mcp),
            Wanted::Task => kind == Some(DefKind::Task),
            Wanted::Text | Wanted::Any => matches!(res, Res::Local(_)) || agent,
        }
    }

    /// Reports a type name that is not in scope.
    pub(super) fn unknown_type(&mut self, name: &Name) {
        // Of a type that is nowhere one place is enough to see what is missing.
        if self.may_be_broken(name) || !self.told_types.insert((self.module, name.text.clone())) {
            return;
        }
        let scope = &self.world.scopes[self.module.0 as usize];
        let cost = scope.len() + TYPES.len();
        let near = if self.world.affords(cost) {
            let enums = BUILTIN_ENUMS.iter().map(|(n, _)| *n);
            let known = scope.keys().map(|k| k.as_str()).chain(TYPES.iter().copied()).chain(enums);
            suggest::of_type(&name.text, known.filter(|n| n.starts_with(char::is_uppercase)))
        } else {
            None
        };
        let mut meant = self.meant(name, near);
        meant.advice = suggest::type_advice(&name.text).map(String::from);
        self.report(errors::unknown_type(name, meant));
    }

    fn may_be_broken(&mut self, name: &Name) -> bool {
        let ast = self.world.program.modules.get(self.module.0 as usize).map(|m| &m.ast);
        self.in_broken_stmt(&name.text)
            || ast.is_some_and(|ast| {
                self.world.in_broken_item(self.module, ast, &name.text, self.outside.sources)
            })
    }

    fn meant(&mut self, name: &Name, near: Option<suggest::Near>) -> Meant {
        let world = self.world;
        let first_use = self.first_use.entry(self.module).or_insert_with(|| {
            let items = &world.program.modules.get(self.module.0 as usize)?.ast.items;
            let first = items.iter().find(|i| matches!(i.kind, ItemKind::Use(_)));
            first.map(|item| item.span.at_start())
        });
        Meant { near, advice: None, in_std: embedded::declaring(&name.text), import_at: *first_use }
    }
}
