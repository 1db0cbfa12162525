//! The environment of a program: empty, plus an allowlist of ours, plus what the request gives.

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::{ExecError, Fault, keeper};

/// Variables of ours that a program gets: who, where, which language, how to reach the net, where tools live.
/// Nothing that steers what a program loads, and nothing that is usually a credential.
const ALLOWED: &[&str] = &[
    "ALL_PROXY",
    "CARGO_HOME",
    "COLORTERM",
    "GOPATH",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "JAVA_HOME",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "NO_COLOR",
    "NO_PROXY",
    "NVM_DIR",
    "PATH",
    "PYENV_ROOT",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "VIRTUAL_ENV",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// Names that make a program load or run something else: never from a computed name.
const STEERING: &[&str] = &[
    "BASH_ENV",
    "CDPATH",
    "CLASSPATH",
    "EDITOR",
    "ENV",
    "GCONV_PATH",
    "GLOBIGNORE",
    "HOME",
    "IFS",
    "JAVA_TOOL_OPTIONS",
    "LESSCLOSE",
    "LESSOPEN",
    "MAKEFLAGS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PAGER",
    "PATH",
    "PROMPT_COMMAND",
    "PS4",
    "RUBYLIB",
    "RUBYOPT",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "SHELL",
    "SHELLOPTS",
    "SSH_ASKPASS",
    "TAR_OPTIONS",
    "VISUAL",
    "_JAVA_OPTIONS",
];

/// Beginnings of such names.
const STEERING_PREFIX: &[&str] = &[
    "LD_",
    "DYLD_",
    "GIT_",
    "PYTHON",
    "PERL",
    "BASH_FUNC_",
    "FLOW_",
    "CARGO_",
    "npm_config_",
    "NPM_CONFIG_",
];

/// A variable that a request gives.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvVar {
    pub name: String,
    pub value: String,
    /// The name came from data, not from the program's text: then [`steers_programs`] names are refused.
    pub computed: bool,
}

impl std::fmt::Debug for EnvVar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=…", self.name) // the value may be a secret
    }
}

impl EnvVar {
    /// A variable whose name stands in the program.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> EnvVar {
        EnvVar { name: name.into(), value: value.into(), computed: false }
    }
}

/// Whether a variable of this name makes programs load, run or trust something else.
pub fn steers_programs(name: &str) -> bool {
    STEERING.contains(&name) || STEERING_PREFIX.iter().any(|prefix| name.starts_with(prefix))
}

/// What every program gets of our own environment, prepared once.
#[derive(Debug, Clone)]
pub struct Environment {
    entries: Vec<Entry>,
    path: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Entry {
    name_length: usize,
    text: CString,
}

impl Entry {
    fn name(&self) -> &[u8] {
        &self.text.as_bytes()[..self.name_length]
    }

    fn value(&self) -> &[u8] {
        &self.text.as_bytes()[self.name_length + 1..]
    }

    fn new(name: &[u8], value: &[u8]) -> Option<Entry> {
        let mut text = Vec::with_capacity(name.len() + value.len() + 2);
        text.extend_from_slice(name);
        text.push(b'=');
        text.extend_from_slice(value);
        Some(Entry { name_length: name.len(), text: CString::new(text).ok()? })
    }
}

impl Environment {
    /// The allowed part of this process's environment; `also` names further variables that are let through.
    pub fn allowed(also: &[String]) -> Environment {
        let mut entries = Vec::new();
        for (name, value) in std::env::vars_os() {
            let name = name.into_vec();
            let known = std::str::from_utf8(&name)
                .is_ok_and(|n| ALLOWED.contains(&n) || n.starts_with("LC_") || also.iter().any(|a| a == n));
            if known {
                entries.extend(Entry::new(&name, value.as_bytes()));
            }
        }
        entries.extend(
            keeper::mark().and_then(|mark| Entry::new(keeper::MARK_VARIABLE.as_bytes(), mark.as_bytes())),
        );
        let path = entries.iter().find(|e| e.name() == b"PATH");
        let path = path.map_or_else(|| b"/usr/local/bin:/usr/bin:/bin".to_vec(), |e| e.value().to_vec());
        Environment { entries, path }
    }

    /// The whole environment of a program: ours with what is `given` in its place.
    ///
    /// # Errors
    /// When a name is empty or holds `=`, a name or value holds NUL, or a computed name is a steering one.
    pub(crate) fn with<'a>(&'a self, given: &'a Given) -> (Vec<&'a CStr>, &'a [u8]) {
        let mut all: Vec<&CStr> = Vec::with_capacity(self.entries.len() + given.0.len());
        for entry in &self.entries {
            if !given.0.iter().any(|g| g.name() == entry.name()) {
                all.push(&entry.text);
            }
        }
        all.extend(given.0.iter().map(|entry| entry.text.as_c_str()));
        (all, self.path(given))
    }

    /// Where a program with the variables `given` is sought.
    pub(crate) fn path<'a>(&'a self, given: &'a Given) -> &'a [u8] {
        given.0.iter().find(|g| g.name() == b"PATH").map_or(self.path.as_slice(), Entry::value)
    }

    /// The variable `name` as programs get it.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.entries.iter().find(|e| e.name() == name.as_bytes()).map(|e| OsStr::from_bytes(e.value()))
    }
}

/// The checked variables of one request.
#[derive(Debug)]
pub(crate) struct Given(Vec<Entry>);

impl Given {
    /// Checks `variables`; of two with one name the later counts. `attempt` becomes the mark of all its processes.
    pub(crate) fn new(variables: &[EnvVar], attempt: &str) -> Result<Given, ExecError> {
        let mut entries: Vec<Entry> = Vec::with_capacity(variables.len() + 1);
        for EnvVar { name, value, computed } in variables {
            if name.is_empty() || name.contains('=') {
                return Err(refused(format!("{name:?} cannot name an environment variable")));
            }
            if *computed && steers_programs(name) {
                return Err(refused(format!(
                    "the environment variable `{name}` steers what programs load and run: its name must stand in the program, not come from data"
                )));
            }
            let entry = Entry::new(name.as_bytes(), value.as_bytes())
                .ok_or_else(|| refused(format!("the environment variable {name:?} holds a NUL byte")))?;
            entries.retain(|e| e.name() != entry.name());
            entries.push(entry);
        }
        let mark = super::sys::proc::ATTEMPT_VARIABLE.as_bytes();
        entries.retain(|e| e.name() != mark && e.name() != keeper::MARK_VARIABLE.as_bytes());
        entries.extend(Entry::new(mark, attempt.as_bytes()));
        Ok(Given(entries))
    }
}

fn refused(message: String) -> ExecError {
    ExecError::new(Fault::Refused, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computed_name_may_not_steer() {
        for name in ["LD_PRELOAD", "PATH", "BASH_ENV", "NODE_OPTIONS", "GIT_SSH_COMMAND"] {
            let variable = EnvVar { name: name.into(), value: "x".into(), computed: true };
            let error = Given::new(&[variable], "a").unwrap_err();
            assert_eq!(error.fault, Fault::Refused);
            assert!(error.message.contains(name));
            assert!(Given::new(&[EnvVar::new(name, "x")], "a").is_ok());
        }
    }

    #[test]
    fn bad_names_and_values_are_refused() {
        for (name, value) in [("", "x"), ("A=B", "x"), ("A\0", "x"), ("A", "x\0y")] {
            assert!(Given::new(&[EnvVar::new(name, value)], "a").is_err(), "{name:?} {value:?}");
        }
    }

    #[test]
    fn given_variables_replace_ours_and_the_mark_cannot_be_forged() {
        let ours = Environment { entries: vec![Entry::new(b"PATH", b"/a").unwrap()], path: b"/a".to_vec() };
        let given = [EnvVar::new("PATH", "/b"), EnvVar::new("FLOW_ATTEMPT_ID", "forged")];
        let given = Given::new(&given, "real").unwrap();
        let (all, path) = ours.with(&given);
        let all: Vec<_> = all.iter().map(|c| c.to_str().unwrap()).collect();
        assert_eq!(all, ["PATH=/b", "FLOW_ATTEMPT_ID=real"]);
        assert_eq!(path, b"/b");
    }
}
