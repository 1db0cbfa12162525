//! From a request to a program image, and from a failed start to words.

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use rustix::io::Errno;

use super::ProcessRequest;
use crate::exec::environment::{Environment, Given};
use crate::exec::sys::{self, SpawnFailure, Stage};
use crate::exec::{ExecError, Fault};

/// The strings of a program image; the environment is joined in by the pool.
#[derive(Debug)]
pub(super) struct Strings {
    pub(super) programs: Vec<CString>,
    pub(super) argv: Vec<CString>,
    pub(super) cwd: Option<CString>,
}

impl Strings {
    /// Prepares `request`, seeking its program in `path`.
    pub(super) fn new(request: &ProcessRequest, path: &[u8]) -> Result<Strings, ExecError> {
        let Some(program) = request.argv.first().filter(|p| !p.is_empty()) else {
            return Err(ExecError::new(
                Fault::Refused,
                "the command is empty: its first element must name a program",
            ));
        };
        let mut argv = Vec::with_capacity(request.argv.len());
        for (index, argument) in request.argv.iter().enumerate() {
            argv.push(CString::new(argument.as_bytes()).map_err(|_| {
                ExecError::new(
                    Fault::Refused,
                    format!("argument {index} of `{program}` holds a NUL byte, which no argument can"),
                )
            })?);
        }
        let cwd = match &request.cwd {
            None => None,
            Some(folder) => Some(CString::new(folder.as_os_str().as_bytes()).map_err(|_| {
                ExecError::new(
                    Fault::Refused,
                    format!("the working folder {} holds a NUL byte", folder.display()),
                )
            })?),
        };
        let programs = if program.contains('/') { vec![argv[0].clone()] } else { candidates(program, path) };
        Ok(Strings { programs, argv, cwd })
    }
}

/// All that a program reads on its way, and what is needed to say why it did not start.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) strings: Strings,
    pub(super) given: Given,
    pub(super) environment: Arc<Environment>,
    pub(super) request: ProcessRequest,
}

impl Ready {
    /// Says why it did not start.
    pub(super) fn explain(&self, failure: SpawnFailure) -> ExecError {
        explain(&self.request, self.environment.path(&self.given), failure)
    }
}

impl sys::Strings for Ready {
    fn programs(&self) -> &[CString] {
        &self.strings.programs
    }

    fn argv(&self) -> &[CString] {
        &self.strings.argv
    }

    fn env(&self) -> Vec<&CStr> {
        self.environment.with(&self.given).0
    }

    fn cwd(&self) -> Option<&CStr> {
        self.strings.cwd.as_deref()
    }
}

/// The files that `program` may be, in the order of PATH. Empty entries would mean the working folder: left out.
fn candidates(program: &str, path: &[u8]) -> Vec<CString> {
    let folders = path.split(|b| *b == b':').filter(|folder| !folder.is_empty());
    let joined = folders.map(|folder| [folder, b"/", program.as_bytes()].concat());
    joined.filter_map(|text| CString::new(text).ok()).collect()
}

/// Says why `request` did not start.
pub(super) fn explain(request: &ProcessRequest, path: &[u8], failure: SpawnFailure) -> ExecError {
    let program = request.argv.first().map_or("", String::as_str);
    let system = super::super::plain(&failure.errno.into());
    match failure.stage {
        Stage::Cwd => {
            let folder = request.cwd.as_deref().unwrap_or(Path::new("")).display();
            ExecError::new(Fault::Missing, format!("cannot work in the folder `{folder}`: {system}"))
        }
        Stage::Clone | Stage::Setup => {
            ExecError::new(Fault::Busy, format!("cannot start `{program}` now: {system}"))
        }
        Stage::Exec => explain_exec(request, program, path, failure.errno, &system),
    }
}

fn explain_exec(
    request: &ProcessRequest,
    program: &str,
    path: &[u8],
    errno: Errno,
    system: &str,
) -> ExecError {
    let (fault, message) = match errno {
        Errno::NOENT | Errno::NOTDIR => (Fault::Missing, missing(request, program, path)),
        // A folder of PATH that may not be searched holds nothing for us.
        Errno::ACCESS if !program.contains('/') && !is_in_path(program, path) => {
            (Fault::Missing, missing(request, program, path))
        }
        Errno::ACCESS if is_folder(request, program) => {
            (Fault::Missing, format!("cannot run `{program}`: it is a folder, not a program"))
        }
        Errno::ACCESS | Errno::PERM => (
            Fault::Missing,
            format!(
                "cannot run `{program}`: it may not be executed (see `chmod +x`, and its interpreter's rights)"
            ),
        ),
        Errno::NOEXEC => (
            Fault::Missing,
            format!(
                "cannot run `{program}`: it is not a program for this machine (a script needs a first line like `#!/bin/sh`)"
            ),
        ),
        Errno::TOOBIG => (
            Fault::Refused,
            format!(
                "cannot run `{program}`: its arguments and environment are too long ({} bytes); hand large texts over on `stdin` or in a file",
                request.argv.iter().map(String::len).sum::<usize>()
                    + request.env.iter().map(|v| v.value.len()).sum::<usize>()
            ),
        ),
        Errno::NOMEM | Errno::AGAIN | Errno::MFILE | Errno::NFILE | Errno::TXTBSY | Errno::IO => {
            (Fault::Busy, format!("cannot start `{program}` now: {system}"))
        }
        _ => (Fault::Missing, format!("cannot run `{program}`: {system}")),
    };
    ExecError::new(fault, message)
}

fn is_in_path(program: &str, path: &[u8]) -> bool {
    candidates(program, path).iter().any(|file| Path::new(OsStr::from_bytes(file.as_bytes())).exists())
}

fn missing(request: &ProcessRequest, program: &str, path: &[u8]) -> String {
    if !program.contains('/') {
        return format!(
            "cannot run `{program}`: no such program in PATH ({})",
            String::from_utf8_lossy(path)
        );
    }
    if full_path(request, program).exists() {
        return format!(
            "cannot run `{program}`: the interpreter that it names (its `#!` line or loader) is not there"
        );
    }
    format!("cannot run `{program}`: no such file")
}

fn is_folder(request: &ProcessRequest, program: &str) -> bool {
    program.contains('/') && full_path(request, program).is_dir()
}

fn full_path(request: &ProcessRequest, program: &str) -> std::path::PathBuf {
    let folder = request.cwd.as_deref().unwrap_or(Path::new("."));
    folder.join(OsStr::from_bytes(program.as_bytes()))
}
