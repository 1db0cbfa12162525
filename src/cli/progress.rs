//! What a person sees of a run while it goes: a live picture on a terminal, plain lines elsewhere.

use super::outlet::Outlet;
use super::output;
use crate::run::{AttemptOutcome, RunEvent, TaskStatus, What};
use ecow::EcoString;
use indexmap::IndexMap;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Running tasks that are shown at once.
const ROWS: usize = 8;
/// How often the live picture is drawn.
const TICK: Duration = Duration::from_millis(120);

/// Shows the events of a run.
pub struct Progress {
    picture: Arc<Mutex<Picture>>,
    live: bool,
}

impl Progress {
    /// A live picture where standard error is a terminal, else plain lines.
    pub fn new(live: bool, color: bool, to: Outlet) -> Progress {
        let picture = Arc::new(Mutex::new(Picture::new(color, to)));
        if live {
            let picture = Arc::downgrade(&picture);
            // Without room for a thread the lines that stay are all that is shown.
            let _ = std::thread::Builder::new().spawn(move || {
                while let Some(picture) = picture.upgrade() {
                    if let Ok(mut picture) = picture.lock() {
                        if picture.over {
                            return;
                        }
                        picture.draw();
                    }
                    std::thread::sleep(TICK);
                }
            });
        }
        Progress { picture, live }
    }

    /// Takes one event.
    pub fn event(&self, event: &RunEvent) {
        let Some(mut picture) = self.lock() else { return };
        let line = picture.take(event);
        if self.live {
            if line.is_some() {
                picture.wipe();
            }
            if let Some(line) = line {
                picture.say(line);
            }
            if picture.over {
                picture.wipe();
            }
        } else if let Some(line) = line {
            picture.say(line);
        }
    }

    /// Takes the picture away, so that something else can be written.
    pub fn clear(&self) {
        if let Some(mut picture) = self.lock() {
            picture.over = true;
            picture.wipe();
        }
    }

    fn lock(&self) -> Option<MutexGuard<'_, Picture>> {
        self.picture.lock().ok()
    }
}

/// What is known of the run.
struct Picture {
    to: Outlet,
    color: bool,
    started: Instant,
    total: u64,
    waves: u32,
    wave: u32,
    ended: u64,
    failed: u64,
    cost: f64,
    running: IndexMap<EcoString, Running>,
    lines: usize,
    /// Questions that wait for an answer: while somebody types nothing is drawn.
    asking: HashSet<EcoString>,
    over: bool,
}

struct Running {
    since: Instant,
    agent: Option<EcoString>,
    attempt: u32,
}

impl Picture {
    fn new(color: bool, to: Outlet) -> Picture {
        Picture {
            to,
            color,
            started: Instant::now(),
            total: 0,
            waves: 0,
            wave: 0,
            ended: 0,
            failed: 0,
            cost: 0.0,
            running: IndexMap::new(),
            lines: 0,
            asking: HashSet::new(),
            over: false,
        }
    }

    /// Notes an event; gives the line that stays.
    fn take(&mut self, event: &RunEvent) -> Option<String> {
        match &event.what {
            What::RunStarted { workflow, tasks, waves } => {
                (self.total, self.waves) = (*tasks, *waves);
                Some(format!("run {} of {workflow}", event.run))
            }
            What::RunResumed { workflow, kept, again, tasks } => {
                let mut names = tasks.iter().take(8).map(|task| task.as_str()).collect::<Vec<_>>().join(", ");
                if tasks.len() > 8 {
                    names += ", …";
                }
                let names = if names.is_empty() { names } else { format!(": {names}") };
                Some(format!(
                    "run {} of {workflow}, resumed: {kept} kept, {again} to run again{names}",
                    event.run
                ))
            }
            What::WaveStarted { wave } => {
                self.wave = *wave + 1;
                None
            }
            What::TaskAnswered { task, .. } => {
                self.asking.remove(task);
                None
            }
            What::WaveClosed { .. } | What::TaskSkipped { .. } => None,
            What::MapOpened { n, .. } => {
                self.total += n;
                None
            }
            What::AttemptStarted { task, attempt, agent } => {
                let running = Running { since: Instant::now(), agent: agent.clone(), attempt: *attempt };
                self.running.insert(task.clone(), running);
                None
            }
            What::AttemptEnded { task, attempt, outcome, error } => {
                if matches!(outcome, AttemptOutcome::Succeeded | AttemptOutcome::Cancelled) {
                    return None;
                }
                let why = error
                    .as_ref()
                    .map(|e| format!(": {}", output::visible(first_line(&e.message))))
                    .unwrap_or_default();
                let word = format!("{outcome:?}").to_lowercase();
                Some(format!("{} {task}: attempt {attempt} {word}{why}", self.mark('!', 33)))
            }
            What::AttemptBackoff { task, .. } => {
                self.running.shift_remove(task);
                None
            }
            What::TaskWaiting { task, message, .. } => {
                self.running.shift_remove(task);
                self.asking.insert(task.clone());
                Some(format!(
                    "{} {task} waits for a person: {}",
                    self.mark('?', 36),
                    output::visible(first_line(message))
                ))
            }
            What::TaskFinished { task, status, cost_usd, .. } => self.finished(task, *status, *cost_usd),
            What::RunStopped { .. } | What::RunFinished { .. } => {
                self.over = true;
                None
            }
        }
    }

    fn finished(&mut self, task: &EcoString, status: TaskStatus, cost: Option<f64>) -> Option<String> {
        self.ended += 1;
        self.asking.remove(task);
        self.cost += cost.unwrap_or(0.0);
        let running = self.running.shift_remove(task);
        let took = running.map(|r| format!("  {}", seconds(r.since.elapsed()))).unwrap_or_default();
        let cost = cost.map(|c| format!("  ${c:.4}")).unwrap_or_default();
        match status {
            TaskStatus::Succeeded => Some(format!("{} {task}{took}{cost}", self.mark('✓', 32))),
            TaskStatus::Failed => {
                self.failed += 1;
                Some(format!("{} {task}{took}{cost}", self.mark('✗', 31)))
            }
            TaskStatus::Cancelled => Some(format!("- {task} cancelled")),
            TaskStatus::Pending
            | TaskStatus::Ready
            | TaskStatus::Running
            | TaskStatus::Backoff
            | TaskStatus::Waiting
            | TaskStatus::Skipped => None,
        }
    }

    fn mark(&self, sign: char, color: u8) -> String {
        if self.color { format!("\u{1b}[{color}m{sign}\u{1b}[0m") } else { sign.to_string() }
    }

    fn say(&self, line: String) {
        self.to.write((line + "\n").as_bytes());
    }

    /// Draws the running tasks and the sum below what has been written. Not on a terminal that has not shown the last
    /// picture yet.
    fn draw(&mut self) {
        if self.to.is_behind() {
            return;
        }
        self.wipe();
        if !self.asking.is_empty() {
            return;
        }
        let mut text = String::new();
        let width = output::width().saturating_sub(1);
        let mut lines = 0;
        for (task, r) in self.running.iter().take(ROWS) {
            let agent = r.agent.as_ref().map(|a| format!("  {a}")).unwrap_or_default();
            let again = if r.attempt > 1 { format!("  attempt {}", r.attempt) } else { String::new() };
            let row = format!("  {task}{agent}{again}  {}", seconds(r.since.elapsed()));
            let _ = writeln!(text, "{}", cut(&row, width));
            lines += 1;
        }
        if self.running.len() > ROWS {
            let _ = writeln!(text, "  … and {} more", self.running.len() - ROWS);
            lines += 1;
        }
        let _ = writeln!(text, "{}", cut(&self.sum(), width));
        self.to.write(text.as_bytes());
        self.lines = lines + 1;
    }

    fn sum(&self) -> String {
        let elapsed = self.started.elapsed();
        let mut sum = format!("{} of {} tasks", self.ended, self.total.max(self.ended));
        if self.waves > 1 {
            let _ = write!(sum, ", wave {} of {}", self.wave.max(1), self.waves);
        }
        if self.failed > 0 {
            let _ = write!(sum, ", {} failed", self.failed);
        }
        if self.cost > 0.0 {
            let _ = write!(sum, ", ${:.2}", self.cost);
        }
        let _ = write!(sum, ", {}", seconds(elapsed));
        if self.ended > 2 && self.total > self.ended {
            let left = elapsed.mul_f64((self.total - self.ended) as f64 / self.ended as f64);
            let _ = write!(sum, ", about {} left", seconds(left));
        }
        sum
    }

    fn wipe(&mut self) {
        if self.lines > 0 {
            self.to.write(format!("\u{1b}[{}A\u{1b}[J", self.lines).as_bytes());
            self.lines = 0;
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        text.to_string()
    } else {
        text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
    }
}

/// A time span for people: `0.4s`, `12s`, `3m05s`, `2h10m`.
pub fn seconds(time: Duration) -> String {
    match time.as_secs() {
        s if s < 10 => format!("{:.1}s", time.as_secs_f64()),
        s if s < 60 => format!("{s}s"),
        s if s < 3600 => format!("{}m{:02}s", s / 60, s % 60),
        s => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
    }
}
