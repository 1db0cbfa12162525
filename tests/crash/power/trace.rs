//! The calls of a traced run that matter to its disk, in their order, and what it has told or begun between them.

use super::disk::{Change, Disk};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is traced; all else leaves the files of a run alone, or ends the test when it does not.
pub const CALLS: &str = "openat,pwrite64,write,ftruncate,fallocate,fsync,fdatasync,rename,unlink,linkat,mkdir,rmdir,execve,\
                         pwritev,writev,sendfile,copy_file_range,splice,truncate,renameat,renameat2,unlinkat,link,mkdirat,creat";

/// One step of a run.
#[derive(Debug)]
pub enum Step {
    /// Of the disk.
    Open {
        path: PathBuf,
        emptied: bool,
    },
    Write {
        path: PathBuf,
        at: Option<usize>,
        bytes: Vec<u8>,
    },
    Length {
        path: PathBuf,
        length: usize,
    },
    Grow {
        path: PathBuf,
        to: usize,
    },
    Sync {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Link {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    Folder {
        path: PathBuf,
    },
    /// This went to standard output.
    Told(String),
    /// A program was started, with these arguments.
    Began(Vec<String>),
}

/// The steps in a trace that concern files below `root`.
pub fn steps(trace: &str, root: &Path) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    for line in trace.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(call) = rest.strip_suffix(" <unfinished ...>") {
            steps.extend(step(call, root, false));
            begun.insert(thread, call);
        } else if rest.starts_with("<... ") {
            let (Some(call), Some((_, end))) = (begun.remove(thread), rest.split_once(" resumed>")) else {
                continue;
            };
            steps.extend(step(&format!("{call}{end}"), root, true).filter(|step| !early(step)));
        } else {
            steps.extend(step(rest, root, true));
        }
    }
    steps
}

/// What counts from its beginning, and not only when it has returned.
fn early(step: &Step) -> bool {
    matches!(step, Step::Told(_) | Step::Began(_))
}

fn step(call: &str, root: &Path, returned: bool) -> Option<Step> {
    let (name, args) = call.split_once('(')?;
    let texts = texts(args);
    if !returned {
        return match name {
            "write" | "execve" => spoken(name, args, &texts),
            _ => None,
        };
    }
    let result = args.rsplit_once(" = ").map_or("", |(_, result)| result);
    if result.starts_with('-') || result.starts_with('?') && name != "execve" {
        return None;
    }
    let below = |path: PathBuf| path.starts_with(root.join(".flow")).then_some(path);
    let file = || below(opened(args)?);
    let text = |at: usize| below(root.join(String::from_utf8_lossy(texts.get(at)?).as_ref()));
    let number = |from_end: usize| -> Option<usize> {
        args.rsplit_once(')')?.0.rsplit(", ").nth(from_end)?.trim().parse().ok()
    };
    Some(match name {
        "write" if opened(args).is_none_or(|path| below(path).is_none()) => {
            return spoken(name, args, &texts);
        }
        "execve" => return spoken(name, args, &texts),
        "write" => Step::Write { path: file()?, at: None, bytes: texts.last()?.clone() },
        "pwrite64" => Step::Write { path: file()?, at: Some(number(0)?), bytes: texts.last()?.clone() },
        "ftruncate" => Step::Length { path: file()?, length: number(0)? },
        "fallocate" => Step::Grow { path: file()?, to: number(0)? + number(1)? },
        "fsync" | "fdatasync" => Step::Sync { path: file().or_else(|| opened(args).filter(|p| p == root))? },
        // The first text is the folder where it stands, when `-y` shows one.
        "openat" if args.contains("O_CREAT") => Step::Open {
            path: text(usize::from(args.starts_with("AT_FDCWD<")))?,
            emptied: args.contains("O_TRUNC"),
        },
        "openat" => return None,
        "rename" => Step::Rename { from: text(0)?, to: text(1)? },
        "linkat" => Step::Link { from: text(1)?, to: text(3)? },
        "unlink" | "rmdir" => Step::Remove { path: text(0)? },
        "mkdir" => Step::Folder { path: text(0)? },
        other => {
            let touched = texts.iter().any(|text| String::from_utf8_lossy(text).contains("/.flow/"));
            assert!(!touched, "`{other}` changes files of a run and is not followed here");
            return None;
        }
    })
}

fn spoken(name: &str, args: &str, texts: &[Vec<u8>]) -> Option<Step> {
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    match name {
        "write" if args.starts_with("1<") => Some(Step::Told(text(texts.last()?))),
        "execve" => Some(Step::Began(texts.iter().skip(1).map(text).collect())),
        _ => None,
    }
}

/// The file behind the descriptor that a call begins with.
fn opened(args: &str) -> Option<PathBuf> {
    let (number, _) = args.split_once('<')?;
    number.parse::<u32>().ok()?;
    let path = texts(args).into_iter().next()?;
    Some(PathBuf::from(String::from_utf8(path).ok()?))
}

/// Everything that is written as `\x..` between quotes or angles.
fn texts(args: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = args;
    while let Some(at) = rest.find(['"', '<']) {
        let close = if rest.as_bytes()[at] == b'"' { '"' } else { '>' };
        let Some(end) = rest[at + 1..].find(close) else { break };
        let inside = &rest[at + 1..at + 1 + end];
        let bytes: Option<Vec<u8>> =
            inside.split("\\x").skip(1).map(|digits| u8::from_str_radix(digits.get(..2)?, 16).ok()).collect();
        if inside.is_empty() || inside.starts_with("\\x") {
            found.extend(bytes);
        }
        rest = &rest[at + end + 2..];
    }
    found
}

impl Step {
    /// Does to the disk what the step did.
    pub fn apply(&self, disk: &mut Disk) {
        match self {
            Step::Open { path, emptied } => match disk.inode(path) {
                None => disk.create(path),
                Some(inode) if *emptied => disk.change(inode, Change::Length(0)),
                Some(_) => {}
            },
            Step::Write { path, at, bytes } => {
                if let Some(inode) = disk.inode(path) {
                    // What is written without a place goes to the end: nobody here writes anew into a file that way.
                    let at = at.unwrap_or_else(|| disk.length(inode));
                    disk.change(inode, Change::Bytes(at, bytes.clone()));
                }
            }
            Step::Length { path, length } => {
                if let Some(inode) = disk.inode(path) {
                    disk.change(inode, Change::Length(*length));
                }
            }
            Step::Grow { path, to } => {
                if let Some(inode) = disk.inode(path).filter(|inode| disk.length(*inode) < *to) {
                    disk.change(inode, Change::Length(*to));
                }
            }
            Step::Sync { path } => match disk.inode(path) {
                Some(inode) => disk.sync_file(inode),
                None => disk.sync_folder(path),
            },
            Step::Rename { from, to } => disk.rename(from, to),
            Step::Link { from, to } => disk.link(from, to),
            Step::Remove { path } => disk.remove(path),
            Step::Folder { path } => disk.folder(path),
            Step::Told(_) | Step::Began(_) => {}
        }
    }
}
