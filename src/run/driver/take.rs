//! Takes what attempts, gates and probes ended with: judges it, keeps it, and says what comes next.

use super::{Driver, Halt};
use crate::run::attempt::{self, Work};
use crate::run::ending::{CUT_OFF, Ending, Given, Report};
use crate::run::hands::{Doing, Finished, Order};
use crate::run::record::{Failure, Record};
use crate::run::task::called;
use crate::schedule::{ErrorKind, Event, Outcome, Place};
use crate::store::ValueRef;
use crate::value::{Value, text};
use std::time::{Duration, Instant};

/// How long a machine that has room for nothing is waited for.
const NO_ROOM: Duration = Duration::from_secs(15);

impl Driver<'_> {
    /// Takes an attempt, or a part of one, that has ended.
    pub(super) fn take_finished(&mut self, finished: Finished) -> Result<(), Halt> {
        let Finished { place, ending } = finished;
        self.fit_to_machine(&ending)?;
        let outcome = match ending {
            Ending::Failed(kind) => Outcome::Failed(kind),
            Ending::Unable(why) => {
                self.told.insert(place, self.plain_failure(ErrorKind::Error, why));
                Outcome::Unable(ErrorKind::Error)
            }
            Ending::Refused(kind, why) => {
                self.told.insert(place, self.plain_failure(kind, why));
                Outcome::Failed(kind)
            }
            Ending::Stopped(given) => {
                self.keep_stopped(place, *given)?;
                Outcome::Interrupted
            }
            Ending::TimedOut(given) => {
                self.keep_stopped(place, *given)?;
                let timeout = self.live.get(&place).and_then(|live| live.job.timeout).unwrap_or(0);
                let why = format!("it took longer than its timeout of {}", text::duration(timeout));
                self.told.insert(place, self.plain_failure(ErrorKind::Timeout, why));
                Outcome::Failed(ErrorKind::Timeout)
            }
            Ending::Done => return self.succeed(place, Value::Unit),
            Ending::Exited(given) => return self.take_exit(place, *given),
        };
        self.end_attempt(place, outcome)
    }

    /// Where the machine has no room for more, no more than what runs is tried; each time as many have ended as may run,
    /// one more.
    fn fit_to_machine(&mut self, ending: &Ending) -> Result<(), Halt> {
        if let Ending::Unable(why) = ending {
            let running = u32::try_from(self.hands.running()).unwrap_or(u32::MAX);
            self.limits.parallel = self.limits.parallel.min(running.max(1));
            self.ease.ended = 0;
            let since = *self.ease.stuck.get_or_insert_with(Instant::now);
            if running == 0 && since.elapsed() >= NO_ROOM {
                return Err(Halt::NoRoom(why.clone()));
            }
            return Ok(());
        }
        self.ease.stuck = None;
        if self.limits.parallel < self.ease.most {
            self.ease.ended += 1;
            if self.ease.ended >= self.limits.parallel {
                self.limits.parallel += 1;
                self.ease.ended = 0;
            }
        }
        Ok(())
    }

    fn end_attempt(&mut self, place: Place, outcome: Outcome) -> Result<(), Halt> {
        if let Some(live) = self.live.remove(&place) {
            match outcome {
                // The next start of the same attempt takes the answer from there.
                Outcome::Interrupted | Outcome::Unable(_) | Outcome::Lost => {
                    self.tasks.of(place).paid |= live.ended.is_paid_answer();
                }
                Outcome::Done | Outcome::Failed(_) => self.spent.extend(live.files),
            }
            self.ended.insert(place, Box::new(live.ended));
        }
        if let Outcome::Failed(kind) = outcome {
            let message = self.told.get(&place).map(|failure| failure.message.to_string());
            let task = self.tasks.of(place);
            (task.paid, task.earlier) = (false, None);
            task.answered += u32::from(attempt::is_answer(kind));
            task.told = if kind.is_gate() { message } else { None };
        }
        self.happen(Event::AttemptEnded { place, outcome, inline: false })
    }

    fn succeed(&mut self, place: Place, value: Value) -> Result<(), Halt> {
        self.finish_with(place, value)?;
        self.end_attempt(place, Outcome::Done)
    }

    /// A process has ended by itself: the attempt's, a gate's or a probe's.
    fn take_exit(&mut self, place: Place, given: Given) -> Result<(), Halt> {
        let Some(live) = self.live.get_mut(&place) else { return Ok(()) };
        if live.probing {
            return self.take_probe(place, given);
        }
        if let Some((value, gate)) = live.trial.take() {
            return self.take_gate(place, value, gate, given);
        }
        live.ended.exit = Some(given.code);
        if let Some(report) = &given.report {
            self.note_report(place, report);
            if let Some(why) = given.trouble.clone() {
                return self.lose_outcome(place, why, given);
            }
            if let Some((kind, why)) = report.failed.clone() {
                self.keep_outputs(place, given)?;
                return self.gate_failed(place, kind, why);
            }
            return self.judge(place, given);
        }
        if self.live.get(&place).is_some_and(|live| !live.job.allow_exit.contains(&i64::from(given.code))) {
            let failure = exit_failure(&given);
            self.told.insert(place, failure);
            self.keep_outputs(place, given)?;
            return self.end_attempt(place, Outcome::Failed(ErrorKind::Exit));
        }
        match given.trouble.clone() {
            Some(why) => self.lose_outcome(place, why, given),
            None => self.judge(place, given),
        }
    }

    /// It was done, but what it gave is lost by the machine's fault: again, where that is harmless, and no retry is used.
    fn lose_outcome(&mut self, place: Place, why: String, given: Given) -> Result<(), Halt> {
        self.keep_outputs(place, given)?;
        self.told.insert(place, self.plain_failure(ErrorKind::Error, why));
        let kind = ErrorKind::Error;
        let again = self.tasks.is_rerun(place);
        self.end_attempt(place, if again { Outcome::Unable(kind) } else { Outcome::Failed(kind) })
    }

    /// Notes what an agent's runtime says of an attempt.
    fn note_report(&mut self, place: Place, report: &Report) {
        let Some(live) = self.live.get_mut(&place) else { return };
        live.ended.session.clone_from(&report.session);
        (live.ended.cost, live.ended.tokens) = (report.cost, report.tokens);
        let task = self.tasks.of(place);
        task.session.clone_from(&report.session);
        task.cost += report.cost.unwrap_or(0);
        task.tokens += report.tokens.unwrap_or(0);
    }

    /// Keeps what was written and spent until it was stopped: an agent's work is paid for all the same. Of a gate nothing
    /// is kept: what its attempt gave stands.
    fn keep_stopped(&mut self, place: Place, given: Given) -> Result<(), Halt> {
        if self.live.get(&place).is_some_and(|live| live.trial.is_some() || live.probing) {
            self.spent.extend(given.files);
            return Ok(());
        }
        if let Some(report) = &given.report {
            self.note_report(place, report);
        }
        self.keep_outputs(place, given)
    }

    /// Keeps what a process wrote with its attempt's end.
    fn keep_outputs(&mut self, place: Place, given: Given) -> Result<(), Halt> {
        let Given { stdout, stderr, files, cut_off, lost, lost_stderr, large, .. } = given;
        if !self.live.contains_key(&place) {
            return Ok(());
        }
        let [whole, whole_stderr] = large;
        let stdout = self.keep_output(&stdout, whole)?;
        let stderr = self.keep_output(&stderr, whole_stderr)?;
        if let Some(live) = self.live.get_mut(&place) {
            (live.ended.stdout, live.ended.stderr) = (stdout, stderr);
            if matches!(live.job.work, Work::Agent { .. }) {
                live.files = files;
            } else {
                self.spent.extend(files);
            }
        }
        let cut_off = cut_off.then(|| CUT_OFF.to_owned());
        let named = |lost: Option<String>, name: &str| lost.map(|why| format!("{name}: {why}"));
        for why in cut_off.into_iter().chain(named(lost, "stdout")).chain(named(lost_stderr, "stderr")) {
            let about = self.about(place);
            self.row(about, &Record::LossNoted(why.into()));
        }
        Ok(())
    }

    /// Makes a value of an output: of its bytes, or of the file that has more of them.
    fn keep_output(
        &mut self,
        bytes: &[u8],
        file: Option<std::path::PathBuf>,
    ) -> Result<Option<ValueRef>, Halt> {
        let kept = match file {
            Some(file) => self.store.put_file(&file),
            None if bytes.is_empty() => return Ok(None),
            None => self.store.put_value(bytes),
        };
        kept.map(Some).map_err(Halt::Store)
    }

    /// Decodes, tries `accept`, then runs the first gate.
    fn judge(&mut self, place: Place, given: Given) -> Result<(), Halt> {
        let Ok(task) = called(self.plan, &self.values, place) else { return Ok(()) };
        let Some(live) = self.live.get(&place) else { return Ok(()) };
        let judged = attempt::decode(self.plan, task.def, &live.job.output, &given).and_then(|value| {
            attempt::accept(&task, &mut self.values, &value)?;
            Ok(value)
        });
        self.keep_outputs(place, given)?;
        match judged {
            Ok(value) => self.next_gate(place, value, 0),
            Err((kind, why)) => self.gate_failed(place, kind, why),
        }
    }

    fn next_gate(&mut self, place: Place, value: Value, gate: usize) -> Result<(), Halt> {
        let Some(live) = self.live.get_mut(&place) else { return Ok(()) };
        let Some(argv) = live.job.verify.get(gate).cloned() else { return self.succeed(place, value) };
        live.trial = Some((value, gate));
        if let Some(live) = self.live.get(&place) {
            let order = self.order(place, live, Doing::Program(argv));
            let order = Order { stdin: None, folder: format!("{}.gate{gate}", live.attempt), ..order };
            self.hands.start(order);
        }
        Ok(())
    }

    fn take_gate(&mut self, place: Place, value: Value, gate: usize, mut given: Given) -> Result<(), Halt> {
        self.spent.append(&mut given.files);
        if given.code == 0 {
            return self.next_gate(place, value, gate + 1);
        }
        let argv = self.live.get(&place).and_then(|live| live.job.verify.get(gate)).cloned();
        let command = argv.unwrap_or_default().join(" ");
        let why = format!("`{command}` exited with {}{}", given.code, said(&given));
        self.gate_failed(place, ErrorKind::Verify, why)
    }

    fn gate_failed(&mut self, place: Place, kind: ErrorKind, why: String) -> Result<(), Halt> {
        self.told.insert(place, self.plain_failure(kind, why));
        self.end_attempt(place, Outcome::Failed(kind))
    }

    /// The probe of a lost attempt: exit 0 says that it was done.
    fn take_probe(&mut self, place: Place, given: Given) -> Result<(), Halt> {
        let Some(mut live) = self.live.remove(&place) else { return Ok(()) };
        live.probing = false;
        if given.code == 0 {
            self.live.insert(place, live);
            return self.judge(place, given);
        }
        let doing = self.doing(place, &mut live);
        let order = self.order(place, &live, doing);
        self.live.insert(place, live);
        self.hands.start(order);
        Ok(())
    }
}

fn exit_failure(given: &Given) -> Failure {
    let why = match given.code {
        code if code > 128 => format!("it was ended by signal {}{}", code - 128, said(given)),
        code => format!("it exited with {code}{}", said(given)),
    };
    Failure { exit_code: Some(given.code), ..Failure::new(ErrorKind::Exit.name(), why) }
}

/// The end of what a process said, for a message.
fn said(given: &Given) -> String {
    let source = if given.stderr.iter().all(u8::is_ascii_whitespace) { &given.stdout } else { &given.stderr };
    let text = String::from_utf8_lossy(source);
    let lines: Vec<&str> = text.trim_end().lines().rev().take(5).collect();
    if lines.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = lines.into_iter().rev().map(|line| line.chars().take(300).collect()).collect();
    format!(": {}", shown.join("\n"))
}
