//! Any number of commands on one thread, by one set of descriptors.
//!
//! The hot path of the engine: a small command costs two pipes, one process, one wake-up. Each main process is
//! watched through a pidfd; its outputs are read when data comes and once more when it ends. `Processes` owns all
//! its state and is driven by [`Processes::turn`], from an event loop that watches [`AsFd`] or by waiting in it.

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::epoll;
use rustix::io::Errno;

use super::capture::Capture;
use super::feed::Feed;
use super::image::{Ready, Strings};
use super::pipes::{Pipes, feeding};
use super::slot::{Phase, Pumped, Slot, Stream};
use super::stray::{Others, Strays, Suspect};
use super::{ProcessOutcome, ProcessRequest};
use crate::exec::environment::{Environment, Given};
use crate::exec::mask::Mask;
use crate::exec::sys::{self, Child, Image, Launch, SignalFd, Spawner, on_main_thread};
use crate::exec::{Begun, ExecError, Fault, Ticket};

/// How soon a stray that was killed is looked for again.
const SWEEP: Duration = Duration::from_millis(1);
/// Events taken in one go.
const EVENTS: usize = 64;
const BLOCK: usize = 64 * 1024;
/// Commands that take no longer than this, usually, are waited for awake while a core is idle: to be woken takes a twentieth of that,
/// and a caller whose memory has gone cold as much again.
const SHORT: Duration = Duration::from_millis(2);

/// Commands that run.
#[derive(Debug)]
pub struct Processes {
    spawner: Spawner,
    environment: Arc<Environment>,
    epoll: OwnedFd,
    null: OwnedFd,
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    /// Of each slot, the number of the start that it serves: part of the key of its events, so that an event for
    /// its last tenant is known to be one.
    numbers: Vec<u64>,
    starts: u64,
    running: usize,
    /// Main processes not reaped yet.
    mains: usize,
    /// How long commands took lately.
    pace: Duration,
    /// When the last one began.
    began: Instant,
    /// Some slot may have a deadline.
    timed: bool,
    strays: Strays,
    block: Vec<u8>,
    /// Where the program was that started last.
    known: Vec<CString>,
    /// Commands that have ended, until there is time to close what is left of them.
    ended: Vec<Slot>,
    /// Commands that have a core of their own.
    cores: usize,
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Output(usize),
    Feed,
    Exit,
}

impl Processes {
    /// A pool for the calling thread. With `sole_parent` every child of this process that the pool did not start is
    /// taken for a stray of an attempt.
    ///
    /// # Errors
    /// When the system has no descriptor or memory left.
    pub fn new(environment: Environment, sole_parent: bool) -> Result<Processes, ExecError> {
        let failed = |what: &'static str| move |errno: Errno| ExecError::io(what, &errno.into());
        let null = rustix::fs::open(
            "/dev/null",
            rustix::fs::OFlags::RDWR | rustix::fs::OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        );
        Ok(Processes {
            spawner: Spawner::new().map_err(failed("cannot prepare to start programs"))?,
            environment: Arc::new(environment),
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC).map_err(failed("cannot watch programs"))?,
            null: null.map_err(failed("cannot open /dev/null"))?,
            slots: Vec::new(),
            free: Vec::new(),
            numbers: Vec::new(),
            starts: 0,
            running: 0,
            mains: 0,
            pace: Duration::MAX,
            began: Instant::now(),
            timed: false,
            strays: Strays::new(sole_parent),
            block: vec![0; BLOCK],
            ended: Vec::new(),
            known: Vec::new(),
            // The main thread's children are what strays are told from.
            cores: if on_main_thread() { 0 } else { cores() },
        })
    }

    /// Starts a command; it runs when this returns.
    ///
    /// # Errors
    /// Why it cannot; nothing is left behind then.
    pub fn start(&mut self, ticket: Ticket, mut request: ProcessRequest) -> Result<Begun, ExecError> {
        let given = Given::new(&request.env, &request.attempt)?;
        let strings = Strings::new(&request, self.environment.path(&given))?;
        let stdin = request.stdin.take();
        let ready = Ready { strings, given, environment: self.environment.clone(), request };
        let Launched { child, pipes, feed, way } = if stdin.is_none() && self.goes_beside(&ready) {
            self.launch_beside(ready)?
        } else {
            self.launch(ready, stdin)?
        };
        let request = way.request();
        let Pipes { outputs: [out, err], ends } = pipes;
        let pid = child.pid.as_raw_nonzero().get();
        let secrets = &request.secrets.0;
        let mask = (!secrets.is_empty()).then(|| Mask::new(secrets.iter().map(String::as_str)));
        let outputs = [("stdout", out), ("stderr", err)].map(|(name, pipe)| {
            let place = request.out_dir.as_ref().map(|folder| folder.join(name));
            Stream::new(pipe, Capture::new(request.keep, place, mask.as_ref()))
        });
        let mut slot = Slot::new(ticket, request, child, outputs, ends, feed);
        slot.push_feed();
        slot.launch = way.launch();
        self.admit(slot).map_err(|errno| {
            ExecError::new(
                Fault::Busy,
                format!("cannot watch a program: {}", crate::exec::plain(&errno.into())),
            )
        })?;
        Ok(Begun { pid: Some(pid) })
    }

    /// Whether it is worth while not to wait until the program runs: all cores are busy, so that might take long, and it is
    /// one that started before.
    fn goes_beside(&self, ready: &Ready) -> bool {
        Spawner::BESIDE
            && self.cores > 0
            && (self.running >= self.cores || self.pace <= SHORT)
            && !ready.request.guarded
            && ready.strings.programs == self.known
    }

    fn launch_beside(&mut self, ready: Ready) -> Result<Launched, ExecError> {
        let pipes = Pipes::new()?;
        match self.spawner.launch(ready, pipes.stdio(self.null.as_fd())) {
            Ok((child, launch)) => Ok(Launched { child, pipes, feed: None, way: Way::Beside(launch) }),
            Err((ready, failure)) => Err(ready.explain(failure)),
        }
    }

    /// Starts a program and waits until it runs.
    fn launch(&mut self, ready: Ready, stdin: Option<Vec<u8>>) -> Result<Launched, ExecError> {
        let env = sys::Strings::env(&ready);
        let Strings { programs, argv, cwd } = &ready.strings;
        let image = Image { programs, argv, env: &env, cwd: cwd.as_deref() };
        let pipes = Pipes::new()?;
        let (fed, feed) = match stdin {
            Some(bytes) => {
                let (read, write) = feeding()?;
                (Some(read), Some(Feed::new(write, bytes)))
            }
            None => (None, None),
        };
        let stdio = pipes.stdio(fed.as_ref().map_or(self.null.as_fd(), AsFd::as_fd));
        let child = self.spawner.spawn(&image, stdio).map_err(|failure| ready.explain(failure))?;
        if self.known != *programs {
            self.known.clone_from(programs);
        }
        drop(env);
        Ok(Launched { child, pipes, feed, way: Way::Here(Box::new(ready)) })
    }

    /// Closes what is left of commands that have ended.
    pub fn bury(&mut self) {
        for slot in self.ended.drain(..) {
            if let Some(launch) = slot.launch {
                self.spawner.take_back(launch);
            }
        }
    }

    fn admit(&mut self, slot: Slot) -> Result<(), Errno> {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.numbers.push(0);
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        self.starts += 1;
        self.began = Instant::now();
        self.numbers[index as usize] = self.starts;
        let watched = self.watch(index, &slot);
        self.slots[index as usize] = Some(slot);
        self.running += 1;
        self.mains += 1;
        if let Err(errno) = watched {
            self.discard(index);
            return Err(errno);
        }
        Ok(())
    }

    /// Ends a command that could not be watched (no memory for it): it must not run on unseen.
    fn discard(&mut self, index: u32) {
        if let Some(mut slot) = self.slots[index as usize].take() {
            slot.kill();
            let _ = rustix::process::waitid(
                rustix::process::WaitId::PidFd(slot.pidfd.as_fd()),
                rustix::process::WaitIdOptions::EXITED,
            );
            self.running -= 1;
            self.mains -= 1;
            self.free.push(index);
        }
    }

    fn watch(&self, index: u32, slot: &Slot) -> Result<(), Errno> {
        let number = self.numbers[index as usize];
        let key = |source| epoll::EventData::new_u64(key_of(index, number, source));
        // Edge-triggered: an ended main process stays unreaped while its outputs drain, and must not wake us again.
        let once = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&self.epoll, &slot.pidfd, key(Source::Exit), once)?;
        for (which, output) in slot.outputs.iter().enumerate() {
            if let Some(pipe) = output.pipe() {
                epoll::add(&self.epoll, pipe, key(Source::Output(which)), epoll::EventFlags::IN)?;
            }
        }
        if let Some(feed) = &slot.feed {
            epoll::add(&self.epoll, feed, key(Source::Feed), epoll::EventFlags::OUT)?;
        }
        Ok(())
    }

    /// How many commands have not ended.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Asks a command to end; after `grace` it is killed.
    pub fn stop(&mut self, ticket: Ticket, grace: Duration) {
        let now = Instant::now();
        for slot in self.slots.iter_mut().flatten().filter(|slot| slot.ticket == ticket) {
            slot.stop(grace, now);
            self.timed = true;
        }
    }

    /// Kills every command now.
    pub fn kill_all(&mut self) {
        for slot in self.slots.iter_mut().flatten() {
            slot.stop(Duration::ZERO, Instant::now());
        }
        self.timed = true;
    }

    /// When [`Processes::turn`] should be called although no descriptor is ready.
    pub fn deadline(&self) -> Option<Instant> {
        if !self.timed {
            return None;
        }
        self.slots.iter().flatten().filter_map(Slot::deadline).min()
    }

    /// Does what there is to do, after waiting for it at most `wait` (`None`: as long as it takes), and puts what
    /// has ended into `done`. Says whether there may be more at once.
    pub fn turn(&mut self, wait: Option<Duration>, done: &mut Vec<(Ticket, ProcessOutcome)>) -> bool {
        self.bury();
        let until = self.deadline().map(|at| at.saturating_duration_since(Instant::now()));
        let wait = match (wait, until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let wait = wait.map(timespec);
        let mut buffer = [const { MaybeUninit::uninit() }; EVENTS];
        // An interrupted wait is as good as one that is over.
        let waited = epoll::wait(&self.epoll, &mut buffer, wait.as_ref());
        let events = waited.map_or(&[] as &[epoll::Event], |(events, _)| &*events);
        let mut more = events.len() == EVENTS;
        for event in events {
            more |= self.handle(event.data.u64(), done);
        }
        self.keep_time(done);
        more
    }

    /// Waits awake for a command that will soon have ended, if that is worth its while; says whether something has happened.
    pub fn watch_out(&self) -> bool {
        if self.pace > SHORT || !(1..self.cores).contains(&self.running) {
            return false;
        }
        let until = self.began + 2 * self.pace;
        let mut fds = [rustix::event::PollFd::new(&self.epoll, rustix::event::PollFlags::IN)];
        loop {
            let ready = rustix::event::poll(&mut fds, Some(&timespec(Duration::ZERO)));
            if !matches!(ready, Ok(0)) {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
        }
    }

    /// Waits until a [`Processes::turn`] is due or a signal of `signals` waits.
    pub fn wait_beside(&self, signals: &SignalFd) {
        let until = self.deadline().map(|at| at.saturating_duration_since(Instant::now()));
        let wait = until.map(timespec);
        let mut fds = [
            rustix::event::PollFd::new(&self.epoll, rustix::event::PollFlags::IN),
            rustix::event::PollFd::new(signals, rustix::event::PollFlags::IN),
        ];
        // An interrupted wait is as good as one that is over.
        let _ = rustix::event::poll(&mut fds, wait.as_ref());
    }

    fn handle(&mut self, key: u64, done: &mut Vec<(Ticket, ProcessOutcome)>) -> bool {
        let (index, source) = (key & 0xff_ffff, (key >> 24) & 3);
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        let current = self.numbers.get(at).is_some_and(|number| number & 0x3f_ffff_ffff == key >> 26);
        let Some(slot) = self.slots.get_mut(at).and_then(Option::as_mut).filter(|_| current) else {
            return false; // of a command that has ended meanwhile
        };
        let mut more = false;
        let ended = match source {
            0 | 1 => {
                more = slot.pump(usize::from(source == 1), &mut self.block) == Pumped::More;
                matches!(slot.phase, Phase::Draining(_)) && slot.is_drained()
            }
            2 => {
                slot.push_feed();
                false
            }
            _ => {
                self.timed = true;
                matches!(slot.phase, Phase::Running) && slot.drain(&mut self.block, Instant::now())
            }
        };
        if ended {
            self.reap(at, done);
        }
        more
    }

    fn reap(&mut self, at: usize, done: &mut Vec<(Ticket, ProcessOutcome)>) {
        if let Some(slot) = &mut self.slots[at] {
            slot.reap();
            self.mains -= 1;
            self.sweep(at, done);
        }
    }

    /// Looks for strays of the command in slot `at`; when there are none it has ended.
    fn sweep(&mut self, at: usize, done: &mut Vec<(Ticket, ProcessOutcome)>) {
        let Some(mut slot) = self.slots[at].take() else { return };
        let slots = &self.slots;
        let unreaped = || slots.iter().flatten().filter(|s| !matches!(s.phase, Phase::Sweeping(_)));
        let running = slots.iter().zip(&self.numbers).filter(|(slot, _)| slot.is_some());
        let others = Others {
            mains: self.mains,
            is_main: &|pid| unreaped().any(|s| s.pid.as_raw_nonzero().get() == pid),
            last_start: self.starts,
            oldest_running: running.map(|(_, number)| *number).min().unwrap_or(u64::MAX),
        };
        let group = slot.pid.as_raw_nonzero().get();
        let mut suspect = Suspect { attempt: &slot.attempt, group, known: &mut slot.strays };
        if self.strays.sweep(&mut suspect, &others) {
            let outcome = slot.outcome();
            self.pace = if self.pace == Duration::MAX {
                outcome.duration
            } else {
                (3 * self.pace + outcome.duration) / 4
            };
            done.push((slot.ticket, outcome));
            self.ended.push(slot);
            self.free.push(u32::try_from(at).unwrap_or(u32::MAX));
            self.running -= 1;
        } else {
            slot.phase = Phase::Sweeping(Instant::now() + SWEEP);
            self.slots[at] = Some(slot);
            self.timed = true;
        }
    }

    /// Does what is due by the clock.
    fn keep_time(&mut self, done: &mut Vec<(Ticket, ProcessOutcome)>) {
        if !self.timed {
            return;
        }
        let now = Instant::now();
        for at in 0..self.slots.len() {
            let Some(slot) = &mut self.slots[at] else { continue };
            if slot.deadline().is_none_or(|due| due > now) {
                continue;
            }
            match slot.phase {
                Phase::Running => slot.kill(),
                Phase::Draining(_) => self.reap(at, done),
                Phase::Sweeping(_) => self.sweep(at, done),
            }
        }
        self.timed = self.slots.iter().flatten().any(|slot| slot.deadline().is_some());
    }
}

/// What a start gives.
struct Launched {
    child: Child,
    pipes: Pipes,
    feed: Option<Feed>,
    way: Way,
}

/// Whether it was waited for.
enum Way {
    Here(Box<Ready>),
    Beside(Launch<Ready>),
}

impl Way {
    fn request(&self) -> &ProcessRequest {
        match self {
            Way::Here(ready) => &ready.request,
            Way::Beside(launch) => &launch.strings().request,
        }
    }

    fn launch(self) -> Option<Launch<Ready>> {
        match self {
            Way::Here(_) => None,
            Way::Beside(launch) => Some(launch),
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

impl AsFd for Processes {
    /// Readable when [`Processes::turn`] has something to do.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.kill_all();
        let mut done = Vec::new();
        let end = Instant::now() + Duration::from_secs(1);
        while self.running > 0 && Instant::now() < end {
            self.turn(Some(Duration::from_millis(50)), &mut done);
        }
    }
}

fn timespec(wait: Duration) -> rustix::time::Timespec {
    rustix::time::Timespec {
        tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: wait.subsec_nanos().into(),
    }
}

/// 24 bits of slot, 2 of source, 38 of the start's number.
fn key_of(index: u32, number: u64, source: Source) -> u64 {
    let source = match source {
        Source::Output(which) => u64::from(which > 0),
        Source::Feed => 2,
        Source::Exit => 3,
    };
    (number << 26) | (source << 24) | u64::from(index & 0xff_ffff)
}
