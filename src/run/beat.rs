//! The beat of a run over many networks: the moments at which it sends the calls that are due and takes in the answers.
//!
//! Without it, each call of each network would wake the run twice. With a hundred networks that is a thousand times a
//! second, and each time its code is gone from the CPU's caches. So calls that fall due within a beat leave together at its
//! end, and answers wait until then. No call leaves before it may, and none so late that the pace would suffer. A run over
//! one network, or a few, has no beat. Must not know what is done in it.

use std::cell::Cell;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::pace::Rhythm;

/// No timer is finer, so a shorter beat would be none.
const SHORTEST: Duration = Duration::from_millis(2);

/// A beat lasts this many slacks at most; at 50/10s that is 18.4 ms. With four of them, a run of some minutes took 2.5 %
/// longer instead of 0.4 %: whenever a busy machine is late by more than the slack that is left, all later calls are late.
const SLACKS: u32 = 2;

/// How often the beat is worked out again: networks finish, and shares of limits change.
const RENEWED: Duration = Duration::from_secs(1);

thread_local! {
    /// The beat of the run on this thread.
    static BEAT: Cell<Option<Beat>> = const { Cell::new(None) };
}

/// Moments at equal distances from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beat {
    start: Instant,
    length: Duration,
}

impl Beat {
    /// The beat for networks of these rhythms. None where two calls would hardly ever fall into the same beat.
    ///
    /// Where all networks have the same period, the period is a whole number of beats. So all calls of a network are late by
    /// the same time. If that is more than its slack, its first call moves the others once, and from then on they are on
    /// time. So a beat may be longer than the slack; it costs that answers are seen later, once in each window. Where
    /// periods differ, a beat is as long as the least slack: each call may be that late.
    pub(crate) fn of(rhythms: impl Iterator<Item = Rhythm> + Clone, start: Instant) -> Option<Self> {
        let slack = rhythms.clone().map(|rhythm| rhythm.slack).min()?;
        let first = rhythms.clone().next()?.period;
        let are_equal = rhythms.clone().all(|rhythm| rhythm.period == first);
        let length = if are_equal { whole_part(first, SLACKS * slack) } else { slack };
        if length < SHORTEST {
            return None;
        }
        let calls: f64 = rhythms.map(|rhythm| length.as_secs_f64() / rhythm.period.as_secs_f64()).sum();
        (calls >= 1.0).then_some(Self { start, length })
    }

    /// The first moment from `at` on.
    pub(crate) fn next(self, at: Instant) -> Instant {
        let since = at.saturating_duration_since(self.start).as_nanos();
        let over = since % self.length.as_nanos().max(1);
        let left = if over == 0 { 0 } else { self.length.as_nanos().saturating_sub(over) };
        at + Duration::from_nanos(u64::try_from(left).unwrap_or_default())
    }
}

/// The longest time that is not over `most` and goes into `period` a whole number of times; zero where `most` is.
fn whole_part(period: Duration, most: Duration) -> Duration {
    if most.is_zero() {
        return Duration::ZERO;
    }
    let times = period.as_nanos().div_ceil(most.as_nanos());
    u32::try_from(times).ok().and_then(|times| period.checked_div(times)).unwrap_or_default()
}

/// Keeps the beat of a run, and ends it with the run.
#[derive(Debug)]
pub(crate) struct Beating {
    start: Instant,
    beat: Option<Beat>,
    renew_at: Instant,
}

impl Beating {
    /// No beat yet.
    pub(crate) fn new(now: Instant) -> Self {
        Self { start: now, beat: None, renew_at: now }
    }

    /// Works out the beat; `rhythms` are those of the networks that are still called.
    pub(crate) fn renew<R: Iterator<Item = Rhythm> + Clone>(&mut self, now: Instant, rhythms: impl FnOnce() -> R) {
        if now >= self.renew_at {
            self.renew_at = now + RENEWED;
            self.beat = Beat::of(rhythms(), self.start);
            BEAT.set(self.beat);
        }
    }

    /// When a call that falls due at `at` is sent.
    pub(crate) fn next(&self, at: Instant) -> Instant {
        self.beat.map_or(at, |beat| beat.next(at))
    }
}

impl Drop for Beating {
    fn drop(&mut self) {
        BEAT.set(None);
    }
}

/// To be called where the thread of the run is about to wait: sleeps until the end of the beat, whatever arrives, so that the
/// thread wakes once for all of it. Signals wait for these few milliseconds too.
pub(crate) fn rest() {
    if let Some(beat) = BEAT.get() {
        let now = Instant::now();
        sleep(beat.next(now).saturating_duration_since(now));
    }
}

#[cfg(test)]
mod tests;
