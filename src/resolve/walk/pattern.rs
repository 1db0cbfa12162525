//! Patterns of `match`, of loops and of mocks.

use super::Walk;
use crate::ast::{Binding, Name, NodeId, Pattern, PatternKind};
use crate::resolve::{Res, errors};
use ecow::EcoString;
use foldhash::HashMap;

/// Names that a pattern has bound so far.
#[derive(Debug, Default)]
struct Seen {
    /// By name: the pattern that stands for it, its place, and the alternative in which it stands.
    names: HashMap<EcoString, (NodeId, Name, u32)>,
    alternative: u32,
}

impl<'t> Walk<'_, 't> {
    /// Binds the names of a pattern in the innermost frame.
    pub(super) fn pattern(&mut self, pattern: &'t Pattern) {
        if let PatternKind::Name(name) = &pattern.kind {
            self.name_pattern(pattern.id, name);
        } else {
            self.part(pattern, &mut Seen::default());
        }
    }

    fn part(&mut self, pattern: &'t Pattern, seen: &mut Seen) {
        match &pattern.kind {
            PatternKind::Any | PatternKind::None | PatternKind::Bad => {}
            PatternKind::Literal(expr) => self.expr(expr),
            PatternKind::Name(name) => match seen.names.get(&name.text) {
                // Bound by another alternative: one name for both.
                Some((first, _, alternative)) if *alternative != seen.alternative => {
                    let first = *first;
                    self.put(pattern.id, Res::Local(first));
                }
                Some((_, first, _)) => {
                    if !self.world.variant_names.contains(&name.text) {
                        let error = errors::bound_twice(name, first.span);
                        self.report(error);
                    }
                }
                None => {
                    seen.names.insert(name.text.clone(), (pattern.id, name.clone(), seen.alternative));
                    self.name_pattern(pattern.id, name);
                }
            },
            PatternKind::Variant { path, variant, args } => {
                if let Some(res) = self.variant_path(path, variant) {
                    self.put(pattern.id, res);
                }
                for arg in args.iter().flatten() {
                    self.part(arg, seen);
                }
            }
            PatternKind::Or(parts) => {
                for part in parts {
                    seen.alternative += 1;
                    self.part(part, seen);
                }
            }
        }
    }

    /// A bare name: it binds, unless `types` finds that it is a variant; then what it means around here counts.
    fn name_pattern(&mut self, id: NodeId, name: &Name) {
        if self.world.variant_names.contains(&name.text)
            && let Some(res) = self.in_scope(&name.text)
        {
            self.facts.behind.insert(id, res);
        }
        self.bind(name, Res::Local(id));
    }

    /// `Enum.variant` or `module.Enum.variant`. A bare variant is left to `types`.
    fn variant_path(&mut self, path: &[Name], variant: &Name) -> Option<Res> {
        let scope = &self.world.scopes[self.module.0 as usize];
        let (name, res) = match path {
            [] => return None,
            [name] => (name, self.enum_name(name)),
            [module, name] => match scope.get(&module.text) {
                Some(Res::Module(id)) => {
                    let id = *id;
                    (name, self.member_of(id, name))
                }
                Some(Res::Error) => return Some(Res::Error),
                _ => {
                    self.unknown_value(module);
                    return Some(Res::Error);
                }
            },
            [.., name] => {
                self.report(errors::wrong_kind(name, "too deep in a path", "an enum", ""));
                return Some(Res::Error);
            }
        };
        if res == Res::Error {
            return Some(Res::Error);
        }
        let Some(of) = self.enum_of(&res, name) else {
            self.report(errors::wrong_kind(name, "no enum", "an enum", ""));
            return Some(Res::Error);
        };
        Some(self.variant(of, &name.text, variant))
    }

    fn enum_name(&mut self, name: &Name) -> Res {
        if let Some(res) = self.world.scopes[self.module.0 as usize].get(&name.text) {
            return res.clone();
        }
        if super::type_expr::is_builtin_type(&name.text) {
            return Res::BuiltinType;
        }
        self.unknown_type(name);
        Res::Error
    }

    /// What a loop binds.
    pub(super) fn binding(&mut self, binding: &Binding) {
        match binding {
            Binding::Name(bound) => self.bind_bound(bound),
            Binding::Fields(bounds, _) => self.bind_all(bounds),
        }
    }
}
