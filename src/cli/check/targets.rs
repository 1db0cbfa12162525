//! Which programs are meant: files, folders, standard input, or the project around.

use crate::cli::{config, files};
use crate::source::{DiskLoader, Entry, LoadError, Loader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Name of the program on standard input, as if it were a file of the current folder.
const STDIN: &str = "stdin.flow";

/// Programs of one project.
pub(in crate::cli) struct Group {
    pub loader: Box<dyn Loader>,
    /// The project's root; `None` for standard input, which has no file to write to.
    pub root: Option<PathBuf>,
    /// What goes before a path to make it one from the current folder.
    pub prefix: String,
    /// Relative to the root, in order, each once.
    pub paths: Vec<String>,
}

/// What was found, and what could not be.
#[derive(Default)]
pub(in crate::cli) struct Targets {
    pub groups: Vec<Group>,
    pub faults: Vec<String>,
}

/// Everything that is named on the command line; without a name the project of the current folder.
pub(in crate::cli) fn find(named: &[PathBuf]) -> Targets {
    let mut targets = Targets::default();
    if named.is_empty() {
        let found = config::root_of(Path::new("./here")).and_then(|root| targets.folder(&root));
        targets.note(found);
    }
    for path in named {
        let found = if path == Path::new("-") {
            targets.stdin()
        } else if path.is_dir() {
            targets.folder(path)
        } else {
            targets.file(path)
        };
        targets.note(found);
    }
    targets
}

/// Standard input in front of the files of its folder.
struct Stdin {
    path: String,
    text: Arc<str>,
    disk: DiskLoader,
}

impl Loader for Stdin {
    fn read(&self, path: &str) -> Result<Arc<str>, LoadError> {
        if path == self.path { Ok(self.text.clone()) } else { self.disk.read(path) }
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>, LoadError> {
        self.disk.list(path)
    }
}

impl Targets {
    fn note(&mut self, found: Result<(), String>) {
        self.faults.extend(found.err());
    }

    fn file(&mut self, file: &Path) -> Result<(), String> {
        let shown = file.display();
        let real = file.canonicalize().map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => format!("there is no file {shown}"),
            _ => format!("cannot open {shown}: {e}"),
        })?;
        let root = config::root_of(&real)?;
        let path = inside(&real, &root)?;
        let group = self.group(&root)?;
        if !group.paths.contains(&path) {
            group.paths.push(path);
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Path) -> Result<(), String> {
        let mut files = Vec::new();
        files::below(folder, &mut files)?;
        if files.is_empty() {
            return Err(format!("there is no .flow file in {}", folder.display()));
        }
        files.iter().try_for_each(|file| self.file(file))
    }

    /// The group of a project, made when it is the first of it.
    fn group(&mut self, root: &Path) -> Result<&mut Group, String> {
        let at = match self.groups.iter().position(|g| g.root.as_deref() == Some(root)) {
            Some(at) => at,
            None => {
                let loader =
                    DiskLoader::new(root).map_err(|e| format!("cannot open {}: {e}", root.display()))?;
                self.groups.push(Group {
                    loader: Box::new(loader),
                    root: Some(root.to_path_buf()),
                    prefix: prefix(root),
                    paths: Vec::new(),
                });
                self.groups.len() - 1
            }
        };
        self.groups.get_mut(at).ok_or_else(|| "no project".to_string())
    }

    /// Standard input, as a file of the current folder: it may use what lies beside it.
    fn stdin(&mut self) -> Result<(), String> {
        let text = std::io::read_to_string(std::io::stdin())
            .map_err(|e| format!("cannot read standard input: {e}"))?;
        let root = config::root_of(Path::new("./here"))?;
        let here =
            Path::new(".").canonicalize().map_err(|e| format!("cannot open the current folder: {e}"))?;
        let path = inside(&here.join(STDIN), &root)?;
        let disk = DiskLoader::new(&root).map_err(|e| format!("cannot open {}: {e}", root.display()))?;
        let loader = Stdin { path: path.clone(), text: text.into(), disk };
        let prefix = prefix(&root);
        self.groups.push(Group { loader: Box::new(loader), root: None, prefix, paths: vec![path] });
        Ok(())
    }
}

fn inside(file: &Path, root: &Path) -> Result<String, String> {
    let relative = file.strip_prefix(root).unwrap_or(file);
    relative.to_str().map(str::to_string).ok_or_else(|| format!("the path {} is not UTF-8", file.display()))
}

/// From the current folder to a root: nothing, the way down, the way up, else the whole path.
fn prefix(root: &Path) -> String {
    let Ok(here) = Path::new(".").canonicalize() else { return format!("{}/", root.display()) };
    if let Ok(down) = root.strip_prefix(&here) {
        return if down.as_os_str().is_empty() { String::new() } else { format!("{}/", down.display()) };
    }
    match here.strip_prefix(root) {
        Ok(up) => "../".repeat(up.components().count()),
        Err(_) => format!("{}/", root.display()),
    }
}
