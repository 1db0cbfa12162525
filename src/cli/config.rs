//! What the flags mean together with `flow.toml` and the machine.

use super::args::Durability;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The file that marks a project's root.
pub const FILE: &str = "flow.toml";

/// `flow.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Default runtime of agents: `"claude"`, or the argv of a command.
    pub runtime: Option<RuntimeSetting>,
    /// Where runs are kept instead of `.flow/`.
    pub state: Option<PathBuf>,
    /// `"power"` (default) or `"process"`.
    pub durability: Option<DurabilitySetting>,
    /// Most tasks at once.
    pub parallel: Option<u32>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum RuntimeSetting {
    Named(String),
    Command(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DurabilitySetting {
    Power,
    Process,
}

impl From<Durability> for DurabilitySetting {
    fn from(flag: Durability) -> DurabilitySetting {
        match flag {
            Durability::Power => DurabilitySetting::Power,
            Durability::Process => DurabilitySetting::Process,
        }
    }
}

impl Config {
    /// Reads the `flow.toml` of a project's root; without one everything has its default.
    ///
    /// # Errors
    /// What is wrong with the file, and where.
    pub fn read(root: &Path) -> Result<Config, String> {
        let path = root.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Config::default()),
            Err(e) => return Err(format!("cannot read {}: {e}", path.display())),
        };
        let config: Config =
            toml::from_str(&text).map_err(|e| format!("{}: {}", path.display(), e.to_string().trim_end()))?;
        if config.parallel == Some(0) {
            return Err(format!("{}: `parallel` must be at least 1", path.display()));
        }
        if let Some(RuntimeSetting::Named(name)) = &config.runtime
            && !matches!(name.as_str(), "claude" | "codex")
        {
            return Err(format!(
                "{}: `runtime` is \"claude\", or a list: the command to start with its arguments; found \"{name}\"",
                path.display()
            ));
        }
        if matches!(&config.runtime, Some(RuntimeSetting::Command(argv)) if argv.is_empty()) {
            return Err(format!("{}: the command of `runtime` is empty", path.display()));
        }
        Ok(config)
    }
}

/// The root of the project that a file belongs to: the nearest folder upward with a `flow.toml`, else the file's own.
///
/// # Errors
/// When the file's folder cannot be resolved.
pub fn root_of(file: &Path) -> Result<PathBuf, String> {
    let folder = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let folder = folder.canonicalize().map_err(|e| format!("cannot open {}: {e}", folder.display()))?;
    let mut at = folder.as_path();
    loop {
        if at.join(FILE).is_file() {
            return Ok(at.to_path_buf());
        }
        match at.parent() {
            Some(parent) => at = parent,
            None => return Ok(folder),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), "paralel = 3\n").unwrap();
        let message = Config::read(dir.path()).unwrap_err();
        assert!(message.contains("paralel") && message.contains("line 1"), "{message}");
        std::fs::write(dir.path().join(FILE), "parallel = 3\nruntime = [\"my-agent\"]\n").unwrap();
        assert_eq!(Config::read(dir.path()).unwrap().parallel, Some(3));
    }

    #[test]
    fn the_root_is_the_nearest_folder_with_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(dir.path().join("a").join(FILE), "").unwrap();
        let found = root_of(&deep.join("x.flow")).unwrap();
        assert_eq!(found, dir.path().join("a").canonicalize().unwrap());
    }
}
