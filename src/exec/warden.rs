//! Two processes, so that nothing survives the death of one: the warden watches, the runner works.
//!
//! Takes the runner's work as a function, gives how it ended. The first process becomes the *warden*: one thread, a
//! few system calls, no heap to speak of. It splits off the *runner* (no second program start) and then does three
//! things: it passes signals on, it holds the files that the runner hands to it (the run's lock), and when the runner
//! is dead it kills and reaps every descendant until none is left. The runner learns of the warden's death by the
//! end of their socket and stops everything. When both die at once, the death signal takes the runner's direct
//! children and the [keeper](super::keeper) the rest; what even it missed [`kill_left`] kills at resume.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};

use super::sys::proc::{self, Children};
use super::sys::{self, Exit, SignalFd, Split};
use super::{ExecError, Fault, keeper};

/// Signals that ask a run to end. The warden survives them and passes them on.
const ASKING: [i32; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];
/// A terminal sends a signal to both processes, and the warden passes its own on: within this time they are one.
const ONE: Duration = Duration::from_millis(150);
/// How long a runner may take to end after it was told to for the second time: one that hangs must not go on.
const PATIENCE: Duration = Duration::from_secs(15);

/// Those of them that count here: a program that was started with `nohup` outlives its terminal.
fn asking() -> impl Iterator<Item = i32> {
    ASKING.into_iter().filter(|number| *number != libc::SIGHUP || !sys::is_ignored(*number))
}

/// How the runner ended, as its warden says; everything below it is gone too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// This process is the runner, and this is what its work gave.
    Worked(u8),
    /// This process is the warden, and the runner ended so.
    Watched(Exit),
}

impl Ended {
    /// The exit code for the shell: the runner's own, or 128 + the signal that killed it.
    pub fn code(self) -> u8 {
        match self {
            Ended::Worked(code) => code,
            Ended::Watched(exit) => u8::try_from(exit.shell_code()).unwrap_or(1),
        }
    }
}

/// Splits this process and does `work` in the runner. Both processes return from here, with the same code. To be
/// called before any thread is started, and with nothing in output buffers.
///
/// # Errors
/// When the process has threads already, or the system refuses.
pub fn run_under_warden(work: impl FnOnce(Link) -> u8) -> Result<Ended, ExecError> {
    let failed = |error: std::io::Error| ExecError::io("cannot start the runner", &error);
    sys::settle_signals();
    sys::hide_memory().map_err(|e| failed(e.into()))?;
    sys::adopt_orphans().map_err(|e| failed(e.into()))?;
    let keeper = keeper::start();
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    let mut blocked: Vec<i32> = asking().collect();
    blocked.push(libc::SIGCHLD);
    match sys::split_process(&blocked) {
        Err(rustix::io::Errno::BUSY) => {
            Err(ExecError::new(Fault::Failed, "cannot start the runner: this process has several threads"))
        }
        Err(errno) => Err(failed(errno.into())),
        Ok(Split::First(runner)) => {
            drop(theirs);
            let signals = SignalFd::new(&blocked).map_err(|e| failed(e.into()))?;
            // The keeper's end is held until the runner and all below it are gone.
            Ok(Ended::Watched(watch(runner, ours, &signals, keeper)))
        }
        Ok(Split::Second) => {
            drop(ours);
            sys::hide_memory().map_err(|e| failed(e.into()))?;
            sys::adopt_orphans().map_err(|e| failed(e.into()))?;
            Ok(Ended::Worked(work(Link { socket: theirs, keeper })))
        }
    }
}

/// The warden's life: until the runner and all below it are dead.
fn watch(runner: Pid, link: UnixStream, signals: &SignalFd, keeper: Option<UnixStream>) -> Exit {
    // Opened while files can be opened.
    let children = Children::open();
    let mut held: Vec<OwnedFd> = Vec::new();
    let mut link = Some(link);
    let (mut asked, mut until) = (0, None);
    loop {
        await_news(signals, link.as_ref(), until);
        if until.is_some_and(|until| Instant::now() >= until) {
            let _ = kill_process(runner, Signal::KILL);
            until = None;
        }
        let open = link.as_ref().is_some_and(|socket| take_files(socket.as_fd(), &mut held));
        if !open {
            link = None;
        }
        while let Some(seen) = signals.next() {
            if seen.signal != libc::SIGCHLD {
                pass_on(runner, seen.signal, link.as_ref());
                asked += 1;
                if asked == 2 {
                    until = Some(Instant::now() + PATIENCE);
                }
            }
        }
        if let Some(exit) = reap_children(runner) {
            drop(link);
            end_all(children, keeper);
            drop(held); // the lock falls only now
            return exit;
        }
    }
}

fn await_news(signals: &SignalFd, link: Option<&UnixStream>, until: Option<Instant>) {
    let mut fds = vec![PollFd::new(signals, PollFlags::IN)];
    fds.extend(link.map(|socket| PollFd::new(socket, PollFlags::IN)));
    // A little more than what is left, so that it is over when this returns.
    let left = until.map(|until| until.saturating_duration_since(Instant::now()) + Duration::from_millis(1));
    let left = left.and_then(|left| rustix::time::Timespec::try_from(left).ok());
    let _ = poll(&mut fds, left.as_ref());
}

/// Takes what the runner hands over. Says whether the socket is still open.
fn take_files(socket: BorrowedFd<'_>, held: &mut Vec<OwnedFd>) -> bool {
    loop {
        match sys::receive_fd(socket) {
            Ok(None) => return false,
            Ok(Some((_, fd))) => held.extend(fd),
            Err(_) => return true,
        }
    }
}

/// A message, so that the runner can tell it from the signal that a terminal sent to both; the signal itself when
/// there is nobody to read messages.
fn pass_on(runner: Pid, number: i32, link: Option<&UnixStream>) {
    use std::io::Write;
    let byte = [u8::try_from(number).unwrap_or(0)];
    let told = link.is_some_and(|mut socket| socket.write_all(&byte).is_ok());
    if let (false, Some(signal)) = (told, Signal::from_named_raw(number)) {
        let _ = kill_process(runner, signal);
    }
}

/// Reaps whatever has ended; gives the runner's exit when it was among it.
fn reap_children(runner: Pid) -> Option<Exit> {
    let mut ended = None;
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == runner {
            let signal = status.terminating_signal().map(Exit::Signal);
            ended = signal.or_else(|| status.exit_status().map(Exit::Code)).or(Some(Exit::Code(1)));
        }
    }
    ended
}

/// Kills and reaps every child, and those that become children by it, until there is none. Where they cannot be listed
/// the keeper, which ends by itself when nobody holds its end, does what it can, and nobody is waited for without end.
fn end_all(mut children: Children, keeper: Option<UnixStream>) {
    let (mut keeper, mut list) = (keeper, Vec::new());
    let mut unseen_since = None;
    loop {
        if children.offered() {
            children.read(&mut list);
        } else {
            list = proc::descendants(std::process::id().cast_signed());
        }
        for pid in list.iter().filter_map(|pid| Pid::from_raw(*pid)) {
            let _ = kill_process(pid, Signal::KILL);
        }
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => unseen_since = None,
            Ok(None) if list.is_empty() => {
                drop(keeper.take());
                if unseen_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                    return;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(1)),
            Err(_) => return, // no child is left
        }
    }
}

/// The runner's end of the connection to its warden.
#[derive(Debug)]
pub struct Link {
    socket: UnixStream,
    /// The other holder of this end is the warden.
    keeper: Option<UnixStream>,
}

impl Link {
    /// Gives the warden a share of an open file: a lock on it falls only when both are gone and every descendant is
    /// reaped.
    ///
    /// # Errors
    /// When the warden is gone.
    pub fn share(&self, file: BorrowedFd<'_>) -> Result<(), ExecError> {
        if let Some(keeper) = &self.keeper {
            let _ = sys::send_fd(keeper.as_fd(), 0, file); // a second net: without it the run is as it is
        }
        let sent = sys::send_fd(self.socket.as_fd(), 0, file);
        sent.map_err(|e| ExecError::io("cannot share the lock with the warden", &e.into()))
    }

    /// Listens for signals and for the warden's death from now on. Inside a tokio runtime.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen(self) -> Result<Interrupts, ExecError> {
        let failed = |error: std::io::Error| ExecError::io("cannot listen for signals", &error);
        self.socket.set_nonblocking(true).map_err(failed)?;
        let link = sys::watch(self.socket.into()).map_err(failed)?;
        let mut listeners = Vec::new();
        for number in asking() {
            listeners.push((number, signal(SignalKind::from_raw(number)).map_err(failed)?));
        }
        Ok(Interrupts { link: Some(link), _keeper: self.keeper, listeners, last: None })
    }
}

/// What ends a run from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// This signal asked for it; the second one means now.
    Signal(i32),
    /// The warden is dead: stop everything at once.
    WardenDied,
}

/// Signals and the warden's death, each reported once.
#[derive(Debug)]
pub struct Interrupts {
    /// Held for as long as the runner lives.
    _keeper: Option<UnixStream>,
    link: Option<AsyncFd<OwnedFd>>,
    listeners: Vec<(i32, Listener)>,
    last: Option<Last>,
}

/// The signal that was reported last, and by which way it came.
#[derive(Debug, Clone, Copy)]
struct Last {
    number: i32,
    by_warden: bool,
    at: Instant,
}

impl Interrupts {
    /// Listens without a warden: signals only.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn alone() -> Result<Interrupts, ExecError> {
        let (socket, other) =
            UnixStream::pair().map_err(|e| ExecError::io("cannot listen for signals", &e))?;
        drop(other);
        let mut interrupts = Link { socket, keeper: None }.listen()?;
        interrupts.link = None;
        Ok(interrupts)
    }

    /// The next one. Cancelling this loses nothing.
    pub async fn next(&mut self) -> Interrupt {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut std::task::Context<'_>) -> std::task::Poll<Interrupt> {
        use std::task::Poll;
        for index in 0..self.listeners.len() {
            let number = self.listeners[index].0;
            while let Poll::Ready(Some(())) = self.listeners[index].1.poll_recv(context) {
                if self.is_new(number, false) {
                    return Poll::Ready(Interrupt::Signal(number));
                }
            }
        }
        while let Some(link) = &self.link {
            let Poll::Ready(ready) = link.poll_read_ready(context) else { return Poll::Pending };
            let mut byte = [0];
            let read = rustix::io::read(link.get_ref(), &mut byte);
            match (read, ready) {
                (Ok(1..), _) => {
                    let number = i32::from(byte[0]);
                    if self.is_new(number, true) {
                        return Poll::Ready(Interrupt::Signal(number));
                    }
                }
                (Err(rustix::io::Errno::AGAIN), Ok(mut guard)) => guard.clear_ready(),
                (Err(rustix::io::Errno::INTR), _) => {}
                (Ok(_) | Err(_), _) => {
                    self.link = None;
                    return Poll::Ready(Interrupt::WardenDied);
                }
            }
        }
        Poll::Pending
    }

    /// Whether this is not the signal just reported, come by the other way.
    fn is_new(&mut self, number: i32, by_warden: bool) -> bool {
        let at = Instant::now();
        let same = self.last.is_some_and(|last| {
            last.number == number && last.by_warden != by_warden && at.duration_since(last.at) < ONE
        });
        self.last = if same { None } else { Some(Last { number, by_warden, at }) };
        !same
    }
}

/// The run is over and nobody listens any more: a signal that asks to end now ends this process.
pub fn leave_signals() {
    sys::default_signals(&asking().collect::<Vec<_>>());
}

/// Kills what a dead runner left behind of an attempt: everything that carries its mark. Says whether there was something.
pub fn kill_left(attempt: &str) -> bool {
    let mut killed = false;
    for pid in proc::strangers(attempt) {
        if let Some(stat) = proc::stat(pid) {
            killed |= proc::kill_if_same(pid, stat.start_ticks);
        }
    }
    killed
}
