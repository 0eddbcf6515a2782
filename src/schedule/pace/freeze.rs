//! Silence after a refusal: short for one, longer for each that follows, and as long as the network asks.
//!
//! One freeze holds every call, since the limit is shared. Nothing here knows the limit.

use std::time::{Duration, Instant};

/// After a single refusal.
const FIRST: Duration = Duration::from_secs(2);

/// However many refusals follow each other.
const LONGEST: Duration = Duration::from_secs(60);

/// A `Retry-After` is taken as at most this, far beyond what any caller waits for, so that times cannot overflow.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Until when the network wants to hear nothing.
#[derive(Debug, Default)]
pub(super) struct Freeze {
    until: Option<Instant>,
    /// Refusals in a row of calls that left after the freeze before them.
    refusals: u32,
}

impl Freeze {
    /// The end of the latest freeze, over or not.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// A call that left at `left` was not refused. One from before the freeze proves nothing about the time after.
    pub(super) fn passed(&mut self, left: Instant) {
        if self.is_after(left) {
            self.refusals = 0;
        }
    }

    /// A call that left at `left` was refused, and the answer read at `now`.
    pub(super) fn throttled(&mut self, left: Instant, now: Instant, retry_after: Option<Duration>) {
        if self.is_after(left) {
            self.refusals = self.refusals.saturating_add(1);
        }
        let doublings = self.refusals.saturating_sub(1).min(16);
        let own = (FIRST * (1 << doublings)).min(LONGEST);
        let until = now + own.max(retry_after.unwrap_or_default().min(FOREVER));
        self.until = Some(self.until.map_or(until, |before| before.max(until)));
    }

    /// Several calls may be refused for one and the same reason; only what left after the freeze is news.
    fn is_after(&self, left: Instant) -> bool {
        self.until.is_none_or(|until| left >= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_in_a_row_double_the_silence_up_to_a_minute() {
        let mut now = Instant::now();
        let mut freeze = Freeze::default();
        for seconds in [2, 4, 8, 16, 32, 60, 60] {
            freeze.throttled(now, now, None);
            assert_eq!(freeze.until(), Some(now + Duration::from_secs(seconds)));
            now += Duration::from_secs(seconds);
        }
        freeze.passed(now);
        freeze.throttled(now, now, None);
        assert_eq!(freeze.until(), Some(now + Duration::from_secs(2)));
    }

    #[test]
    fn calls_from_before_the_freeze_neither_double_nor_end_it() {
        let t0 = Instant::now();
        let mut freeze = Freeze::default();
        freeze.throttled(t0, t0, None);
        freeze.throttled(t0, t0, None);
        assert_eq!(freeze.until(), Some(t0 + Duration::from_secs(2)));
        let later = t0 + Duration::from_secs(2);
        freeze.passed(t0);
        freeze.throttled(later, later, None);
        assert_eq!(freeze.until(), Some(later + Duration::from_secs(4)));
    }

    #[test]
    fn the_network_may_ask_for_longer_but_not_for_shorter() {
        let t0 = Instant::now();
        for (asked, seconds) in [(0, 2), (5, 5), (600, 600), (u64::MAX, FOREVER.as_secs())] {
            let mut freeze = Freeze::default();
            freeze.throttled(t0, t0, Some(Duration::from_secs(asked)));
            assert_eq!(freeze.until(), Some(t0 + Duration::from_secs(seconds)), "{asked}");
        }
    }
}
