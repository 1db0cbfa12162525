//! A folder with a program, and the built `flowc` in it.

use rustix::process::{Pid, Signal, kill_process_group};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder with a program.
pub struct Place {
    _folder: tempfile::TempDir,
    pub root: PathBuf,
}

impl Place {
    pub fn new(source: &str) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::write(root.join("main.flow"), source).unwrap();
        Place { _folder: folder, root }
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flowc"));
        command.args(args).current_dir(&self.root).env("USER", "ann").stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        command
    }

    pub fn flowc(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The same, which must end with that code; gives what it said.
    pub fn ends(&self, args: &[&str], code: i32) -> String {
        let output = self.flowc(args);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        said
    }

    pub fn start(&self, args: &[&str]) -> Child {
        self.command(args).spawn().unwrap()
    }

    pub fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.root.join("log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub fn wait_for_log(&self, line: &str) {
        until(|| self.log().iter().any(|l| l == line), &format!("`{line}` in the log"));
    }

    pub fn edit(&self, from: &str, to: &str) {
        let path = self.root.join("main.flow");
        let source = std::fs::read_to_string(&path).unwrap();
        assert!(source.contains(from), "{from}");
        std::fs::write(path, source.replace(from, to)).unwrap();
    }

    pub fn run_folder(&self) -> PathBuf {
        let runs = std::fs::read_dir(self.root.join(".flow/runs")).unwrap();
        runs.map(|entry| entry.unwrap().path()).max().unwrap()
    }

    pub fn show(&self) -> serde_json::Value {
        serde_json::from_slice(&self.flowc(&["show", "--format", "json"]).stdout).unwrap()
    }
}

pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub fn until(mut done: impl FnMut() -> bool, what: &str) {
    let end = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Kills warden, runner and all, at once.
pub fn kill_all(child: &mut Child) {
    kill_process_group(Pid::from_child(child), Signal::KILL).unwrap();
    child.wait().unwrap();
}
