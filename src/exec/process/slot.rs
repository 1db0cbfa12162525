//! One running command: its pipes, its phase, its signals.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};

use super::capture::Capture;
use super::feed::{Fed, Feed};
use super::image::Ready;
use super::{DRAIN, Output, ProcessOutcome, StopSignal};
use crate::exec::Ticket;
use crate::exec::sys::{self, Exit, Launch, Reaped};

/// Reads of one output in one go, so that a flood on one leaves room for the others.
const READS: usize = 8;
/// What a pipe may hold, in bytes, as far as a program may enlarge it.
const LARGEST_PIPE: usize = 1 << 20;

/// Where a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its main process runs.
    Running,
    /// That has ended; something may still write to its outputs, until then.
    Draining(Instant),
    /// Its main process is reaped and its group killed; strays are being killed and reaped. Look again then.
    Sweeping(Instant),
}

/// An output on its way in.
#[derive(Debug)]
pub(super) struct Stream {
    /// Kept a while after its end: closing takes time.
    pipe: Option<OwnedFd>,
    open: bool,
    capture: Option<Capture>,
}

/// What reading an output came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pumped {
    /// Nothing more now.
    Empty,
    /// There may be more at once.
    More,
    /// It is closed.
    Closed,
}

impl Stream {
    pub(super) fn new(pipe: OwnedFd, capture: Capture) -> Stream {
        Stream { pipe: Some(pipe), open: true, capture: Some(capture) }
    }

    pub(super) fn pipe(&self) -> Option<&OwnedFd> {
        self.pipe.as_ref()
    }

    fn is_open(&self) -> bool {
        self.open
    }

    pub(super) fn pump(&mut self, block: &mut [u8], reads: usize) -> Pumped {
        let (true, Some(pipe), Some(capture)) = (self.open, &self.pipe, &mut self.capture) else {
            return Pumped::Closed;
        };
        for _ in 0..reads {
            match rustix::io::read(pipe, &mut *block) {
                Ok(0) => {
                    self.open = false;
                    return Pumped::Closed;
                }
                Ok(length) => capture.take(&block[..length]),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Pumped::Empty,
                Err(_) => {
                    self.open = false;
                    return Pumped::Closed;
                }
            }
        }
        Pumped::More
    }

    /// Closes it if it is at its end: it would report that again and again.
    fn let_go(&mut self) {
        if !self.open {
            self.pipe = None;
        }
    }

    fn finish(&mut self) -> Output {
        if std::mem::take(&mut self.open) {
            self.pipe = None; // who writes on is told
        }
        self.capture.take().map_or_else(Output::empty, Capture::finish)
    }
}

/// A stop that was asked for.
#[derive(Debug, Clone, Copy)]
struct Stop {
    kill_at: Instant,
    killed: bool,
}

/// A command between start and end.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) ticket: Ticket,
    pub(super) attempt: String,
    pub(super) pid: Pid,
    pub(super) pidfd: OwnedFd,
    pub(super) outputs: [Stream; 2],
    /// Our copies of the write ends: while we hold them the end of an output wakes nobody; only data and the end of
    /// the main process do.
    pub(super) held: Option<[OwnedFd; 2]>,
    pub(super) feed: Option<Feed>,
    /// Why it was told only a part of its standard input.
    unfed: Option<Errno>,
    pub(super) phase: Phase,
    pub(super) stop_signal: StopSignal,
    pub(super) guarded: bool,
    pub(super) began: Instant,
    /// Strays found that are not reaped yet.
    pub(super) strays: Vec<i32>,
    /// Its way into its program, where nobody waited for that.
    pub(super) launch: Option<Launch<Ready>>,
    stop: Option<Stop>,
    cut_off: bool,
    ended: Option<(Reaped, Duration)>,
}

impl Slot {
    pub(super) fn new(
        ticket: Ticket,
        request: &super::ProcessRequest,
        child: sys::Child,
        outputs: [Stream; 2],
        held: [OwnedFd; 2],
        feed: Option<Feed>,
    ) -> Slot {
        Slot {
            ticket,
            attempt: request.attempt.clone(),
            pid: child.pid,
            pidfd: child.pidfd,
            outputs,
            held: Some(held),
            feed,
            unfed: None,
            phase: Phase::Running,
            stop_signal: request.stop_signal,
            guarded: request.guarded,
            began: Instant::now(),
            strays: Vec::new(),
            launch: None,
            stop: None,
            cut_off: false,
            ended: None,
        }
    }

    /// When it wants to be looked at although nothing happened.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Running => self.stop.filter(|stop| !stop.killed).map(|stop| stop.kill_at),
            Phase::Draining(until) | Phase::Sweeping(until) => Some(until),
        }
    }

    /// Writes what its standard input takes.
    pub(super) fn push_feed(&mut self) {
        match self.feed.as_mut().map(Feed::push) {
            Some(Fed::Some) | None => {}
            Some(Fed::All) => self.feed = None,
            Some(Fed::Refused(errno)) => (self.feed, self.unfed) = (None, Some(errno)),
        }
    }

    /// Reads what is there. Says whether there may be more at once.
    pub(super) fn pump(&mut self, which: usize, block: &mut [u8]) -> Pumped {
        let pumped = self.outputs[which].pump(block, READS);
        self.let_go();
        if self.phase == Phase::Running { Pumped::Empty.max_of(pumped) } else { pumped }
    }

    /// Its main process has ended: reads what it left. Says whether both outputs are closed.
    pub(super) fn drain(&mut self, block: &mut [u8], now: Instant) -> bool {
        self.held = None;
        self.feed = None;
        for output in &mut self.outputs {
            // A pipe holds 64 KiB (a MiB when a program enlarged it): what the ended process wrote is read whole. No more
            // in one go, for a grandchild may write for ever.
            for _ in 0..=LARGEST_PIPE / (READS * block.len().max(1)) {
                if output.pump(block, READS) != Pumped::More || self.stop.is_some_and(|stop| stop.killed) {
                    break;
                }
            }
        }
        self.phase = Phase::Draining(now + DRAIN);
        self.let_go();
        self.is_drained()
    }

    /// While an output is open, what is at its end must not wake us.
    fn let_go(&mut self) {
        if !self.is_drained() {
            self.outputs.iter_mut().for_each(Stream::let_go);
        }
    }

    pub(super) fn is_drained(&self) -> bool {
        self.stop.is_some_and(|stop| stop.killed) || !self.outputs.iter().any(Stream::is_open)
    }

    /// Kills what is left of the group and reaps the main process.
    pub(super) fn reap(&mut self) {
        self.cut_off = self.outputs.iter().any(Stream::is_open) && !self.stop.is_some_and(|stop| stop.killed);
        // The main process is a zombie until it is reaped, so the group's id is still its own.
        self.signal_group(Signal::KILL);
        let reaped = sys::reap(self.pidfd.as_fd()).ok();
        // Not ours to reap can only mean that something else in the process reaped it: its exit is unknown.
        let unknown =
            Reaped { exit: Exit::Code(-1), user: Duration::ZERO, system: Duration::ZERO, max_rss: 0 };
        self.ended = Some((reaped.unwrap_or(unknown), self.began.elapsed()));
    }

    /// Asks the whole tree to end, and to be killed after `grace`.
    pub(super) fn stop(&mut self, grace: Duration, now: Instant) {
        let kill_at = now + grace;
        if let Some(stop) = &mut self.stop {
            stop.kill_at = stop.kill_at.min(kill_at);
        } else {
            self.stop = Some(Stop { kill_at, killed: false });
            if !grace.is_zero() {
                self.ask();
            }
        }
        if grace.is_zero() {
            self.kill();
        }
    }

    fn ask(&self) {
        let signal = match self.stop_signal {
            StopSignal::Terminate => Signal::TERM,
            StopSignal::Interrupt => Signal::INT,
        };
        if self.guarded {
            // A guardian passes it on as its charge needs it.
            let _ = rustix::process::pidfd_send_signal(&self.pidfd, Signal::TERM);
            return;
        }
        self.signal_tree(signal);
        self.signal_tree(Signal::CONT); // what is stopped cannot answer
    }

    /// Kills all of it now.
    pub(super) fn kill(&mut self) {
        let stop = self.stop.get_or_insert(Stop { kill_at: Instant::now(), killed: false });
        stop.killed = true;
        match self.phase {
            Phase::Running => self.signal_tree(Signal::KILL),
            Phase::Draining(_) => self.phase = Phase::Draining(Instant::now()),
            Phase::Sweeping(_) => {}
        }
    }

    fn signal_tree(&self, signal: Signal) {
        if let Some(launch) = &self.launch {
            launch.wait(); // before that it may not lead its group
        }
        let below = sys::proc::descendants(self.pid.as_raw_nonzero().get());
        self.signal_group(signal);
        for pid in below {
            let outside =
                sys::proc::stat(pid).is_some_and(|stat| stat.group != self.pid.as_raw_nonzero().get());
            if let (true, Some(pid)) = (outside, Pid::from_raw(pid)) {
                let _ = rustix::process::kill_process(pid, signal);
            }
        }
    }

    fn signal_group(&self, signal: Signal) {
        let _ = kill_process_group(self.pid, signal);
    }

    /// What it gave, when everything of it is gone.
    pub(super) fn outcome(&mut self) -> ProcessOutcome {
        let nothing =
            Reaped { exit: Exit::Code(-1), user: Duration::ZERO, system: Duration::ZERO, max_rss: 0 };
        let (reaped, duration) = self.ended.take().unwrap_or((nothing, Duration::ZERO));
        let [stdout, stderr] = &mut self.outputs;
        let mut stdout = stdout.finish();
        if let Some(errno) = self.unfed {
            let why = crate::exec::plain(&errno.into());
            stdout
                .trouble
                .get_or_insert_with(|| format!("its standard input could not be written whole: {why}"));
        }
        ProcessOutcome {
            exit: reaped.exit,
            stopped: self.stop.is_some(),
            killed: self.stop.is_some_and(|stop| stop.killed),
            stdout,
            stderr: stderr.finish(),
            cut_off: self.cut_off,
            duration,
            cpu: reaped.user + reaped.system,
            max_rss: reaped.max_rss,
            unstarted: self
                .launch
                .as_ref()
                .and_then(|launch| launch.failure().map(|failure| launch.strings().explain(failure))),
        }
    }
}

impl Pumped {
    /// While the main process runs, a closed output is only an empty one: its end counts.
    fn max_of(self, other: Pumped) -> Pumped {
        match other {
            Pumped::More => Pumped::More,
            Pumped::Empty | Pumped::Closed => self,
        }
    }
}
