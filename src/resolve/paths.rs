//! Paths as written in `use` and `include`, made relative to the project root.
//!
//! Pure text: whether a file is there, and where it leads after symbolic links, is the loader's to say.

/// Why a written path cannot name a file of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathFault {
    Empty,
    Absolute,
    /// It climbs above the project root.
    Outside,
    /// A character that no path of a program may hold.
    Character(char),
}

/// The path that `written` means in a file at `from` (relative to the root): no `.`, no `..`, no empty part.
pub fn join(from: &str, written: &str) -> Result<String, PathFault> {
    if let Some(odd) = written.chars().find(|c| c.is_control() || matches!(c, '\\' | ':')) {
        return Err(PathFault::Character(odd));
    }
    if written.starts_with('/') {
        return Err(PathFault::Absolute);
    }
    let mut parts: Vec<&str> = match from.rsplit_once('/') {
        Some((folder, _)) => folder.split('/').filter(|p| !p.is_empty() && *p != ".").collect(),
        None => Vec::new(),
    };
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Err(PathFault::Outside);
                }
            }
            _ => parts.push(part),
        }
    }
    if written.is_empty() {
        return Err(PathFault::Empty);
    }
    Ok(if parts.is_empty() { ".".to_string() } else { parts.join("/") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_relative_to_the_file() {
        assert_eq!(join("main.flow", "./a.flow").unwrap(), "a.flow");
        assert_eq!(join("lib/x/main.flow", "../a.flow").unwrap(), "lib/a.flow");
        assert_eq!(join("lib/main.flow", "..").unwrap(), ".");
        assert_eq!(join("./main.flow", "a//b/./c.flow").unwrap(), "a/b/c.flow");
    }

    #[test]
    fn refuses_what_is_no_path_of_the_project() {
        assert_eq!(join("main.flow", "../../../x.flow"), Err(PathFault::Outside));
        assert_eq!(join("a/main.flow", "../../x.flow"), Err(PathFault::Outside));
        assert_eq!(join("main.flow", "/etc/passwd"), Err(PathFault::Absolute));
        assert_eq!(join("main.flow", ""), Err(PathFault::Empty));
        for (text, c) in [("a\0b", '\0'), ("a\nb", '\n'), ("C:x", ':'), ("a\\b", '\\')] {
            assert_eq!(join("main.flow", text), Err(PathFault::Character(c)));
        }
    }
}
