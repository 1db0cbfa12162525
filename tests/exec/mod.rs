//! One attempt of one task, with real processes.

mod agents;
mod beside;
mod claude;
mod faults;
mod output;
mod values;

pub use flow::exec::*;
use std::time::{Duration, Instant};

/// Drives `Local` on a runtime of its own.
pub struct Bench {
    runtime: tokio::runtime::Runtime,
    pub local: Local,
}

impl Bench {
    pub fn new() -> Bench {
        Bench::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Bench {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let local = {
            let _in = runtime.enter();
            Local::new(settings).unwrap()
        };
        Bench { runtime, local }
    }

    /// Waits for the next ends, at most a minute.
    pub fn next(&mut self) -> Vec<Done> {
        self.within(Duration::from_secs(60)).expect("nothing ended within a minute")
    }

    pub fn within(&mut self, time: Duration) -> Option<Vec<Done>> {
        let mut done = Vec::new();
        let local = &mut self.local;
        self.runtime.block_on(async {
            let next = std::future::poll_fn(|cx| local.poll_done(cx, &mut done));
            tokio::time::timeout(time, next).await.ok()
        })?;
        Some(done)
    }

    pub fn start(&mut self, request: ProcessRequest) -> Result<Begun, ExecError> {
        self.begin(Ticket(1), Request::Process(request))
    }

    pub fn begin(&mut self, ticket: Ticket, request: Request) -> Result<Begun, ExecError> {
        let _in = self.runtime.enter();
        self.local.start(ticket, request)
    }

    /// Runs one command to its end.
    pub fn run(&mut self, request: ProcessRequest) -> ProcessOutcome {
        self.start(request).unwrap();
        self.end()
    }

    pub fn end(&mut self) -> ProcessOutcome {
        let mut done = self.next();
        assert_eq!(done.len(), 1);
        process(done.remove(0))
    }
}

pub fn process(done: Done) -> ProcessOutcome {
    match done.outcome.unwrap() {
        Outcome::Process(outcome) => outcome,
        other => panic!("not a process's: {other:?}"),
    }
}

/// An attempt id that no other test uses.
pub fn id() -> String {
    format!("test-{}", uuid::Uuid::new_v4())
}

pub fn command<const N: usize>(argv: [&str; N]) -> ProcessRequest {
    ProcessRequest::new(id(), argv)
}

pub fn sh(script: &str) -> ProcessRequest {
    ProcessRequest::new(id(), shell::argv(&[shell::ShellPart::Text(script.into())]).unwrap())
}

pub fn bytes(output: &Output) -> Vec<u8> {
    output.read(usize::MAX).unwrap().into_owned()
}

pub fn text(output: &Output) -> String {
    String::from_utf8(bytes(output)).unwrap()
}

/// Processes that carry this attempt and are no zombies.
pub fn survivors(attempt: &str) -> Vec<i32> {
    sys::proc::strangers(attempt)
}

pub fn elapsed(since: Instant) -> Duration {
    since.elapsed()
}
