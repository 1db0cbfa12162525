//! The modules of `std`, embedded in the program.

use foldhash::HashMap;
use std::sync::LazyLock;

/// Every module: its name after `std.`, the path that people see, and its text.
pub const MODULES: &[(&str, &str, &str)] = &[
    ("list", "std/list.flow", include_str!("../../stdlib/list.flow")),
    (
        "patterns.consensus",
        "std/patterns/consensus.flow",
        include_str!("../../stdlib/patterns/consensus.flow"),
    ),
    ("text", "std/text.flow", include_str!("../../stdlib/text.flow")),
];

/// The path and text of a module by its name after `std.`.
pub fn module(name: &str) -> Option<(&'static str, &'static str)> {
    MODULES.iter().find(|(n, _, _)| *n == name).map(|(_, path, text)| (*path, *text))
}

/// The first module that declares a name, by its name after `std.`.
pub fn declaring(name: &str) -> Option<&'static str> {
    static DECLARED: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
        let all = MODULES.iter().rev();
        all.flat_map(|(module, _, text)| declared(text).map(|name| (name, *module))).collect()
    });
    DECLARED.get(name).copied()
}

/// Whether that module declares that name.
pub fn declares(module: &str, name: &str) -> bool {
    MODULES.iter().any(|(own, _, text)| *own == module && declared(text).any(|n| n == name))
}

/// The public names that a module's text declares at the start of its lines.
fn declared(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter_map(|line| {
        let (keyword, rest) = line.split_once(' ')?;
        let declares = matches!(keyword, "fn" | "task" | "workflow" | "type" | "enum" | "agent");
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let name = &rest[..end];
        (declares && !name.is_empty() && !name.starts_with('_')).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_std_declares() {
        assert_eq!(declaring("majority"), Some("patterns.consensus"));
        assert_eq!(declaring("nowhere"), None);
        assert!(module("text").is_some() && module("texts").is_none());
    }
}
