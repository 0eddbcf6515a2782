//! The beat of a run over many networks: the moments at which it looks what has come and what is due.
//!
//! By itself each call of each network wakes the run twice, a thousand times a second with a hundred networks, and finds
//! its code gone from the CPU's caches each time. So what falls due within a beat is done together at its end, and what
//! comes meanwhile waits for it. Never earlier than it may, and never so late that the pace would suffer. One network, or a
//! few, have no beat. Must not know what is done in it.

use std::cell::Cell;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// No timer is finer, so a shorter beat would be none.
const SHORTEST: Duration = Duration::from_millis(2);

/// A beat of so many slacks at most: of 50/10s it is 18.4 ms. With twice as many a network that is called for minutes is 2.5 %
/// slower, not 0.4 %: whenever a busy machine is late by more than the slack that is left, its calls move on.
const SLACKS: u128 = 2;

/// Networks come to their end, and shares of limits change: as often it is looked whether the beat is still right.
const RENEWED: Duration = Duration::from_secs(1);

thread_local! {
    /// That of the run on this thread.
    static BEAT: Cell<Option<Beat>> = const { Cell::new(None) };
}

/// How the calls of a network follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rhythm {
    /// From one call to the next.
    pub(crate) period: Duration,
    /// How late a call may be without the next ones having to be late too.
    pub(crate) slack: Duration,
}

/// Moments at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beat {
    start: Instant,
    length: Duration,
}

impl Beat {
    /// The beat for networks of these rhythms. None where hardly ever two calls would fall into one.
    ///
    /// Where all have the same period it is a whole number of beats. Then a network's calls are always late by the same: if
    /// that is more than its slack, the first of them moves the others, and from then on it is not. So a beat may be longer
    /// than the slack; what it costs is that answers are seen later, once in each window. Else it is as long as the least
    /// slack, which each call may be late by.
    pub(crate) fn of(rhythms: impl Iterator<Item = Rhythm> + Clone, start: Instant) -> Option<Self> {
        let slack = rhythms.clone().map(|rhythm| rhythm.slack).min()?;
        let first = rhythms.clone().next()?.period;
        let are_equal = rhythms.clone().all(|rhythm| rhythm.period == first);
        let beats =
            if are_equal && !slack.is_zero() { first.as_nanos().div_ceil(SLACKS * slack.as_nanos()) } else { 0 };
        let length = u32::try_from(beats).ok().and_then(|beats| first.checked_div(beats)).unwrap_or(slack);
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

    /// Looks which beat is right; `rhythms` are those of the networks that are still called.
    pub(crate) fn renew<R: Iterator<Item = Rhythm> + Clone>(&mut self, now: Instant, rhythms: impl FnOnce() -> R) {
        if now >= self.renew_at {
            self.renew_at = now + RENEWED;
            self.beat = Beat::of(rhythms(), self.start);
            BEAT.set(self.beat);
        }
    }

    /// When that is done which falls due at `at`.
    pub(crate) fn next(&self, at: Instant) -> Instant {
        self.beat.map_or(at, |beat| beat.next(at))
    }
}

impl Drop for Beating {
    fn drop(&mut self) {
        BEAT.set(None);
    }
}

/// To be called where the thread of the run is about to wait: lets it sleep until the end of the beat, whatever comes, so
/// that it wakes for all of that together. Signals wait for a few milliseconds as well.
pub(crate) fn rest() {
    if let Some(beat) = BEAT.get() {
        let now = Instant::now();
        sleep(beat.next(now).saturating_duration_since(now));
    }
}

#[cfg(test)]
mod tests;
