//! What `/proc` says: children, descendants, start times, and the mark an attempt leaves in an environment.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

use rustix::process::{Pid, PidfdFlags, Signal};

/// The kernel's flag of a process that is on its way out.
const PF_EXITING: u32 = 4;

/// The name under which every process of an attempt carries the attempt's id.
pub const ATTEMPT_VARIABLE: &str = "FLOW_ATTEMPT_ID";

/// The children of this process: those that its main thread made and every orphan it adopted.
#[derive(Debug)]
pub struct Children {
    file: Option<File>,
    text: Vec<u8>,
}

impl Children {
    /// Opens the list; on a kernel without it, it stays empty.
    pub fn open() -> Children {
        let id = std::process::id();
        Children { file: File::open(format!("/proc/{id}/task/{id}/children")).ok(), text: vec![0; 4096] }
    }

    /// Whether the kernel offers the list.
    pub fn offered(&self) -> bool {
        self.file.is_some()
    }

    /// Puts the children as of now into `into`.
    pub fn read(&mut self, into: &mut Vec<i32>) {
        into.clear();
        let Some(file) = &self.file else { return };
        let mut length = 0;
        while let Ok(read @ 1..) = file.read_at(&mut self.text[length..], length as u64) {
            length += read;
            if length == self.text.len() {
                self.text.resize(length * 2, 0);
            } else if read < 2048 {
                break; // less than a page can hold: the end (saves the call that would say so)
            }
        }
        let words = self.text[..length].split(|b| *b == b' ');
        into.extend(words.filter_map(|word| std::str::from_utf8(word).ok()?.parse::<i32>().ok()));
    }
}

/// Whether process `pid` was started with `FLOW_ATTEMPT_ID=attempt`; `None` when its environment cannot be read or
/// names no attempt at all.
pub fn carries(pid: i32, attempt: &str) -> Option<bool> {
    attempt_of(pid).map(|found| found == attempt)
}

/// The attempt named in the environment that `pid` was started with.
pub fn attempt_of(pid: i32) -> Option<String> {
    variable_of(pid, ATTEMPT_VARIABLE)
}

fn variable_of(pid: i32, name: &str) -> Option<String> {
    let environ = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut entries = environ.split(|b| *b == 0);
    let value = entries.find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Every process on this machine that carries `attempt`.
pub fn strangers(attempt: &str) -> Vec<i32> {
    all_processes().into_iter().filter(|pid| carries(*pid, attempt) == Some(true)).collect()
}

/// Every process below `root`, nearest first, `root` left out.
pub fn descendants(root: i32) -> Vec<i32> {
    let mut below: HashMap<i32, Vec<i32>> = HashMap::new();
    for pid in all_processes() {
        if let Some(stat) = stat(pid) {
            below.entry(stat.parent).or_default().push(pid);
        }
    }
    let (mut found, mut seen) = (Vec::new(), HashSet::from([root]));
    let mut next = vec![root];
    while let Some(pid) = next.pop() {
        for child in below.get(&pid).into_iter().flatten() {
            if seen.insert(*child) {
                found.push(*child);
                next.push(*child);
            }
        }
    }
    found
}

/// The children of the main thread of `pid`: what it adopted is among them.
pub fn adopted(pid: i32) -> Vec<i32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// Every process on this machine in whose environment the value of `variable` holds `mark`.
pub fn marked(variable: &str, mark: &str) -> Vec<i32> {
    let holds = |pid: &i32| variable_of(*pid, variable).is_some_and(|value| value.contains(mark));
    all_processes().into_iter().filter(holds).collect()
}

fn all_processes() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// What `/proc/PID/stat` says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// One letter: R, S, D, Z, …
    pub state: u8,
    pub parent: i32,
    pub group: i32,
    /// It is on its way out: its memory may be gone, its children not yet somebody else's.
    pub exiting: bool,
    /// When it began, in clock ticks since boot: with the id and the boot, its identity.
    pub start_ticks: u64,
}

/// What is known of process `pid`, or `None` when there is none.
pub fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything, brackets too: what counts stands after the last one.
    let after = text.iter().rposition(|b| *b == b')')? + 2;
    let rest = std::str::from_utf8(text.get(after..)?).ok()?;
    let mut fields = rest.split(' ');
    let state = *fields.next()?.as_bytes().first()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    // Fields 9 and 22 of the page `proc(5)`: the last one taken is the fifth.
    let flags: u32 = fields.nth(3)?.parse().ok()?;
    let start_ticks = fields.nth(12)?.parse().ok()?;
    Some(Stat { state, parent, group, exiting: flags & PF_EXITING != 0 && state != b'Z', start_ticks })
}

/// The id of this boot of the machine: process ids mean something only within one.
pub fn boot_id() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map_or_else(|_| String::new(), |text| text.trim().to_owned())
    })
}

/// Kills process `pid`, if it is still the one that began at `start_ticks`. Says whether it was.
///
/// The descriptor is taken before the comparison, so what is killed is what was compared.
pub fn kill_if_same(pid: i32, start_ticks: u64) -> bool {
    let Some(id) = Pid::from_raw(pid) else { return false };
    let Ok(pidfd) = rustix::process::pidfd_open(id, PidfdFlags::empty()) else { return false };
    let Some(stat) = stat(pid).filter(|stat| stat.start_ticks == start_ticks && stat.state != b'Z') else {
        return false;
    };
    if stat.group == pid {
        // Its group lives as long as it does, and it does: the descriptor still names it.
        let _ = rustix::process::kill_process_group(id, Signal::KILL);
    }
    rustix::process::pidfd_send_signal(&pidfd, Signal::KILL).is_ok()
}
