//! Types in the language's words, for messages and editors.

use super::{FieldTy, Known, Ty};
use std::fmt::Write;

/// Fields of a record that are written out.
const FIELDS: usize = 5;
/// Levels that are written out.
const LEVELS: usize = 4;

impl Known<'_> {
    /// The type as one would write it; long records and deep types are cut short.
    pub fn show(self, ty: &Ty) -> String {
        let mut text = String::new();
        self.write(ty, LEVELS, &mut text);
        text
    }

    fn write(self, ty: &Ty, levels: usize, out: &mut String) {
        if let Some(word) = word(ty) {
            out.push_str(word);
            return;
        }
        if levels == 0 {
            out.push('…');
            return;
        }
        match ty {
            Ty::List(inner) if **inner == Ty::Never => out.push_str("[]"),
            Ty::List(inner) => self.wrapped("[", inner, "]", levels, out),
            Ty::Map(inner) => self.wrapped("{String: ", inner, "}", levels, out),
            Ty::Optional(inner) => self.wrapped("", inner, "?", levels, out),
            Ty::Record(record) => self.write_record(&record.fields, levels, out),
            Ty::Enum(id) => {
                out.push_str(self.enums.get(id.0 as usize).map_or("enum", |e| e.name.as_str()));
            }
            Ty::Named(def, args) => {
                out.push_str(self.aliases.get(def).map_or("type", |a| a.name.as_str()));
                for (i, arg) in args.iter().enumerate() {
                    out.push_str(if i == 0 { "<" } else { ", " });
                    self.write(arg, levels - 1, out);
                }
                if !args.is_empty() {
                    out.push('>');
                }
            }
            Ty::Param(_, name) => out.push_str(name),
            _ => {}
        }
    }

    fn wrapped(self, before: &str, inner: &Ty, after: &str, levels: usize, out: &mut String) {
        out.push_str(before);
        self.write(inner, levels - 1, out);
        out.push_str(after);
    }

    fn write_record(self, fields: &[FieldTy], levels: usize, out: &mut String) {
        if fields.is_empty() {
            out.push_str("{}");
            return;
        }
        for (i, field) in fields.iter().take(FIELDS).enumerate() {
            let _ = write!(out, "{}{}: ", if i == 0 { "{ " } else { ", " }, field.name);
            self.write(&field.ty, levels - 1, out);
        }
        out.push_str(if fields.len() > FIELDS { ", … }" } else { " }" });
    }
}

/// The name of a type without parts.
fn word(ty: &Ty) -> Option<&'static str> {
    Some(match ty {
        Ty::Error => "?",
        Ty::Never => "nothing",
        Ty::None => "none",
        Ty::Unit => "Unit",
        Ty::Bool => "Bool",
        Ty::Int => "Int",
        Ty::Float => "Float",
        Ty::String => "String",
        Ty::Duration => "Duration",
        Ty::Bytes => "Bytes",
        Ty::Money => "Money",
        Ty::Path => "Path",
        Ty::Json => "Json",
        Ty::Secret => "Secret",
        Ty::Agent => "Agent",
        Ty::Exit => "Exit",
        Ty::Response => "Response",
        Ty::List(_) | Ty::Map(_) | Ty::Optional(_) | Ty::Record(_) => return None,
        Ty::Enum(_) | Ty::Named(..) | Ty::Param(..) => return None,
    })
}

/// The type of a name of the language (`Int`, `ErrorKind`).
pub(super) fn built_in(name: &str) -> Option<Ty> {
    Some(match name {
        "Bool" => Ty::Bool,
        "Int" => Ty::Int,
        "Float" => Ty::Float,
        "String" => Ty::String,
        "Duration" => Ty::Duration,
        "Bytes" => Ty::Bytes,
        "Money" => Ty::Money,
        "Path" => Ty::Path,
        "Json" => Ty::Json,
        "Secret" => Ty::Secret,
        "Agent" => Ty::Agent,
        "Exit" => Ty::Exit,
        "Response" => Ty::Response,
        "Unit" => Ty::Unit,
        _ => {
            let at = super::BUILTIN_ENUMS.iter().position(|(enum_name, _)| *enum_name == name)?;
            Ty::Enum(super::EnumId(at as u32))
        }
    })
}
