//! Secrets: texts that reach a process and nothing else.

use super::mask::Mask;
use std::collections::BTreeMap;

/// Shortest secret that is accepted, in bytes: shorter ones could not be masked without masking ordinary text.
pub const MIN_SECRET: usize = 8;

/// The secrets of one attempt, resolved from the environment. No `Debug` of their texts, no JSON form.
#[derive(Default, Clone)]
pub struct Secrets {
    by_name: BTreeMap<String, String>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}

/// Why a secret cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretError {
    /// The variable is not set, or empty.
    Unset(String),
    /// It is shorter than [`MIN_SECRET`].
    Short(String),
    /// It is not UTF-8.
    NotText(String),
}

impl std::fmt::Display for SecretError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SecretError::Unset(name) => {
                write!(f, "the secret {name} is not set: put it into the environment as {name}")
            }
            SecretError::Short(name) => {
                write!(
                    f,
                    "the secret {name} is shorter than {MIN_SECRET} bytes: it could not be masked in what tasks print"
                )
            }
            SecretError::NotText(name) => write!(f, "the secret {name} is not UTF-8"),
        }
    }
}

impl std::error::Error for SecretError {}

impl Secrets {
    /// Looks the names up in the environment.
    ///
    /// # Errors
    /// Every secret that cannot be used.
    pub fn resolve<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Secrets, Vec<SecretError>> {
        Secrets::resolve_in(names, |name| std::env::var_os(name))
    }

    fn resolve_in<'a>(
        names: impl IntoIterator<Item = &'a str>,
        lookup: impl Fn(&str) -> Option<std::ffi::OsString>,
    ) -> Result<Secrets, Vec<SecretError>> {
        let mut secrets = Secrets::default();
        let mut errors = Vec::new();
        for name in names {
            match lookup(name).map(std::ffi::OsString::into_string) {
                None => errors.push(SecretError::Unset(name.to_string())),
                Some(Err(_)) => errors.push(SecretError::NotText(name.to_string())),
                Some(Ok(text)) if text.is_empty() => errors.push(SecretError::Unset(name.to_string())),
                Some(Ok(text)) if text.len() < MIN_SECRET => {
                    errors.push(SecretError::Short(name.to_string()))
                }
                Some(Ok(text)) => {
                    secrets.by_name.insert(name.to_string(), text);
                }
            }
        }
        if errors.is_empty() { Ok(secrets) } else { Err(errors) }
    }

    /// The text of a secret.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(String::as_str)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// What hides them in a stream of bytes.
    pub fn mask(&self) -> Mask {
        Mask::new(self.by_name.values().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_secret_is_named_and_none_is_shown() {
        let lookup = |name: &str| match name {
            "GOOD" => Some("a-long-secret".into()),
            "SHORT" => Some("abc".into()),
            _ => None,
        };
        let errors = Secrets::resolve_in(["GOOD", "SHORT", "GONE"], lookup).unwrap_err();
        assert_eq!(errors, [SecretError::Short("SHORT".into()), SecretError::Unset("GONE".into())]);
        let secrets = Secrets::resolve_in(["GOOD"], lookup).unwrap();
        assert_eq!(secrets.get("GOOD"), Some("a-long-secret"));
        assert_eq!(format!("{secrets:?}"), "{\"GOOD\"}");
    }
}
