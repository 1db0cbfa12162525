//! What gets out of an attempt's process group: daemons, `setsid` grandchildren.
//!
//! This process adopts every orphan below it, so whatever outlives its parent turns up among our children. That list
//! costs one read; only when it holds more than the main processes does anything else happen. A stray belongs to the
//! attempt that it carries in its environment, or to its process group; one that has shed both belongs to whichever
//! attempts ran when it was first seen, and dies with the last of them.

use std::collections::HashMap;

use rustix::process::{Pid, Signal, WaitOptions};

use crate::exec::sys;
use crate::exec::sys::proc::{self, Children};

/// The watch over adopted children.
#[derive(Debug)]
pub(super) struct Strays {
    children: Children,
    list: Vec<i32>,
    /// Main processes are in the list too (when the main thread is the one that starts them).
    lists_mains: bool,
    /// Nothing else in this process has children: an unknown child is a stray.
    sole_parent: bool,
    /// Nameless strays, each with the number of the last start before it was seen.
    nameless: HashMap<i32, u64>,
}

/// Whom a stray may belong to.
pub(super) struct Suspect<'a> {
    pub(super) attempt: &'a str,
    pub(super) group: i32,
    /// Strays of it that were found before.
    pub(super) known: &'a mut Vec<i32>,
}

/// What the other attempts look like from here.
pub(super) struct Others<'a> {
    /// Main processes that are not reaped yet.
    pub(super) mains: usize,
    pub(super) is_main: &'a dyn Fn(i32) -> bool,
    /// The number of the last start so far.
    pub(super) last_start: u64,
    /// The smallest number among those that run.
    pub(super) oldest_running: u64,
}

impl Strays {
    pub(super) fn new(sole_parent: bool) -> Strays {
        let lists_mains = sys::on_main_thread();
        Strays {
            children: Children::open(),
            list: Vec::new(),
            lists_mains,
            sole_parent,
            nameless: HashMap::new(),
        }
    }

    /// Kills and reaps the strays of `suspect`. Says whether none is left.
    pub(super) fn sweep(&mut self, suspect: &mut Suspect<'_>, others: &Others<'_>) -> bool {
        // The kernel's list may leave one out while another thread reaps: with strangers about, a look is confirmed.
        self.look(suspect, others) && (self.list.is_empty() || self.look(suspect, others))
    }

    fn look(&mut self, suspect: &mut Suspect<'_>, others: &Others<'_>) -> bool {
        let mut list = std::mem::take(&mut self.list);
        if self.children.offered() {
            self.children.read(&mut list);
        } else {
            list.clear();
            list.extend(proc::strangers(suspect.attempt));
        }
        let expected = if self.lists_mains { others.mains } else { 0 };
        let mut clean = true;
        if list.len() != expected || !suspect.known.is_empty() {
            for pid in list.iter().copied().filter(|pid| !(others.is_main)(*pid)) {
                clean &= self.settle(pid, suspect, others);
            }
            suspect.known.retain(|pid| list.contains(pid) && !gone(*pid));
            clean &= suspect.known.is_empty();
            self.nameless.retain(|pid, _| list.contains(pid));
        }
        self.list = list;
        clean
    }

    /// Kills `pid` if it is the suspect's. Says whether it is not.
    fn settle(&mut self, pid: i32, suspect: &mut Suspect<'_>, others: &Others<'_>) -> bool {
        let whose = if suspect.known.contains(&pid) { Whose::Its } else { self.whose(pid, suspect, others) };
        match whose {
            Whose::NotIts => true,
            Whose::Unclear => false,
            Whose::Its => {
                kill(pid);
                if gone(pid) {
                    self.nameless.remove(&pid);
                    suspect.known.retain(|known| *known != pid);
                } else if !suspect.known.contains(&pid) {
                    suspect.known.push(pid);
                }
                // Dead or not: what it leaves behind turns up among our children only now.
                false
            }
        }
    }

    fn whose(&mut self, pid: i32, suspect: &Suspect<'_>, others: &Others<'_>) -> Whose {
        let Some(stat) = proc::stat(pid) else { return Whose::NotIts };
        if stat.group == suspect.group {
            return Whose::Its;
        }
        let attempt = proc::attempt_of(pid);
        if attempt.as_deref() == Some(suspect.attempt) {
            return Whose::Its;
        }
        // Its name went with its memory, and its children are not ours yet.
        if attempt.is_none() && proc::stat(pid).is_none_or(|stat| stat.exiting) {
            return Whose::Unclear;
        }
        if !self.sole_parent {
            return Whose::NotIts;
        }
        // Another running attempt's, or one that has shed its name (or carries a nested run's).
        let known = self.nameless.get(&pid).copied();
        let seen = *self.nameless.entry(pid).or_insert(others.last_start);
        if stat.state == b'Z' || others.oldest_running > seen {
            Whose::Its
        } else if attempt.is_none() && known.is_none() {
            Whose::Unclear // one that is becoming another program has no name for a moment
        } else {
            Whose::NotIts
        }
    }
}

/// To whom a stray belongs.
enum Whose {
    Its,
    NotIts,
    /// The next look will tell.
    Unclear,
}

fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
}

/// Reaps the adopted child `pid` if it has ended. A child that is not ours any more is gone too.
fn gone(pid: i32) -> bool {
    let Some(pid) = Pid::from_raw(pid) else { return true };
    !matches!(rustix::process::waitpid(Some(pid), WaitOptions::NOHANG), Ok(None))
}
