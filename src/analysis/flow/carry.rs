//! Which types can carry text, and which can carry an agent: a number or a yes cannot, whatever it was made of.

use super::value::Taint;
use crate::resolve::DefId;
use crate::types::{Checked, EnumId, Ty};
use foldhash::HashMap;

/// What values of a type can carry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Carry {
    pub text: bool,
    pub agent: bool,
}

const NOTHING: Carry = Carry { text: false, agent: false };
const TEXT: Carry = Carry { text: true, agent: false };
const AGENT: Carry = Carry { text: false, agent: true };
const BOTH: Carry = Carry { text: true, agent: true };

impl Carry {
    fn or(self, other: Carry) -> Carry {
        Carry { text: self.text || other.text, agent: self.agent || other.agent }
    }

    /// What is left of a taint in a value of this type.
    pub fn filter(self, taint: Taint) -> Taint {
        match (self.text, self.agent) {
            (true, true) => taint,
            (true, false) => Taint { agents: Taint::default().agents, ..taint },
            (false, true) => Taint { kinds: Taint::default().kinds, ..taint },
            (false, false) => Taint::default(),
        }
    }
}

/// Remembers what named types carry.
#[derive(Debug, Default)]
pub(super) struct Carries {
    named: HashMap<DefId, Carry>,
    enums: HashMap<EnumId, Carry>,
}

impl Carries {
    pub fn of(&mut self, checked: &Checked, ty: &Ty) -> Carry {
        match ty {
            Ty::String | Ty::Path | Ty::Exit | Ty::Response => TEXT,
            // From JSON anything can be read.
            Ty::Json => TEXT,
            Ty::Agent => AGENT,
            Ty::Error | Ty::Never | Ty::None | Ty::Unit | Ty::Bool | Ty::Int | Ty::Float => NOTHING,
            Ty::Duration | Ty::Bytes | Ty::Money | Ty::Secret => NOTHING,
            Ty::Param(..) => BOTH,
            Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) => self.of(checked, inner),
            Ty::Record(record) => {
                record.fields.iter().fold(NOTHING, |sum, f| sum.or(self.of(checked, &f.ty)))
            }
            Ty::Enum(id) => {
                if let Some(known) = self.enums.get(id) {
                    return *known;
                }
                // A type inside itself: one that is read from JSON and recursive nearly always holds text.
                self.enums.insert(*id, TEXT);
                let fields = checked.known().variants(*id).iter().flat_map(|v| &v.fields);
                let found = fields.fold(NOTHING, |sum, f| sum.or(self.of(checked, &f.ty)));
                self.enums.insert(*id, found);
                found
            }
            Ty::Named(def, args) => {
                let own = match self.named.get(def) {
                    Some(known) => *known,
                    None => {
                        self.named.insert(*def, TEXT);
                        let found = match checked.aliases.get(def) {
                            // What the arguments carry is added below.
                            Some(alias) => self.of_alias(checked, &alias.ty),
                            None => NOTHING,
                        };
                        self.named.insert(*def, found);
                        found
                    }
                };
                args.iter().fold(own, |sum, arg| sum.or(self.of(checked, arg)))
            }
        }
    }

    fn of_alias(&mut self, checked: &Checked, ty: &Ty) -> Carry {
        match ty {
            Ty::Param(..) => NOTHING,
            Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) => self.of_alias(checked, inner),
            Ty::Record(record) => {
                record.fields.iter().fold(NOTHING, |sum, f| sum.or(self.of_alias(checked, &f.ty)))
            }
            Ty::Named(def, args) => {
                let own = self.of(checked, &Ty::Named(*def, [].into()));
                args.iter().fold(own, |sum, arg| sum.or(self.of_alias(checked, arg)))
            }
            _ => self.of(checked, ty),
        }
    }
}
