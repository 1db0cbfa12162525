//! The only place where a run reads a clock.
//!
//! Two of them: the wall clock, for `at`, `sleep` and people's deadlines; and the boot-time clock, which counts while the
//! machine sleeps and never jumps, for attempt timeouts, backoffs and the active time of the run.

use crate::exec::sys;
use std::time::{SystemTime, UNIX_EPOCH};

/// Reads the clocks of the machine.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Boot-time ms at which this session began.
    began: i64,
    /// Active ms of the sessions before.
    before: i64,
    now: i64,
    wall: i64,
}

impl Clock {
    /// A clock of a session that follows on `before` ms with a runner.
    pub fn start(before: i64) -> Clock {
        let now = boot_ms();
        Clock { began: now, before, now, wall: wall_now() }
    }

    /// Reads the clocks: until the next time they stand still, so that a turn has one time.
    pub fn tick(&mut self) {
        (self.now, self.wall) = (boot_ms(), wall_now());
    }

    /// Wall clock, ms since 1970.
    pub fn wall(&self) -> i64 {
        self.wall
    }

    /// Ms in which the run has had a runner.
    pub fn active(&self) -> i64 {
        self.before + self.now - self.began
    }
}

/// The wall clock as it is at this moment, ms since 1970.
pub(super) fn wall_now() -> i64 {
    let millis = |time: std::time::Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => millis(after),
        Err(before) => -millis(before.duration()),
    }
}

/// Ms since the machine was started, sleep included.
fn boot_ms() -> i64 {
    i64::try_from(sys::since_boot().as_millis()).unwrap_or(i64::MAX)
}

/// RFC 3339 in UTC with milliseconds. What no calendar has is shown as its number.
pub fn rfc3339(wall: i64) -> String {
    match jiff::Timestamp::from_millisecond(wall) {
        Ok(time) => format!("{time:.3}"),
        Err(_) => wall.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_milliseconds() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_700_000_000_120), "2023-11-14T22:13:20.120Z");
        assert_eq!(rfc3339(i64::MAX), i64::MAX.to_string());
    }

    #[test]
    fn active_time_goes_on_from_the_sessions_before() {
        assert!(Clock::start(5_000).active() >= 5_000);
    }
}
