//! Whether a `Retry-After` says when calls pass again, where a limiter counts calls at a time.
//!
//! Servers that are full name the same few seconds each time (Varnish 5 s), though the next call passes as soon as one of the
//! others is answered. Once it is known how many calls pass at a time, one short wait is not kept; the call that leaves in it
//! shows whether the next one has to be. Knows waits and calls, and sends nothing.

use std::time::{Duration, Instant};

/// A longer wait is always kept.
const SHORT: Duration = Duration::from_secs(10);

/// After a wait that was right this many are kept before the next one is tested.
const KEPT: u32 = 8;

/// What is known of the waits that a network asks for.
#[derive(Debug, Default)]
pub(crate) struct Hint {
    /// The end of the wait that is not kept.
    tested: Option<Instant>,
    /// Waits to keep before one is tested.
    keep: u32,
}

impl Hint {
    /// A call sent at `sent_at` was refused, and the network asks to wait; the wait to keep.
    pub(crate) fn heed(&mut self, asked: Duration, sent_at: Instant, now: Instant) -> Option<Duration> {
        if self.tested.take().is_some_and(|until| sent_at < until) {
            self.keep = KEPT;
        }
        if asked > SHORT || self.keep > 0 {
            self.keep = self.keep.saturating_sub(1);
            return Some(asked);
        }
        self.tested = Some(now + asked);
        None
    }

    /// A call sent at `sent_at` passed.
    pub(crate) fn passed(&mut self, sent_at: Instant) {
        // One that left in a wait that is not kept.
        self.tested.take_if(|until| sent_at < *until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_wait_that_was_too_long_is_not_kept_and_one_that_was_right_is() {
        let start = Instant::now();
        let mut hint = Hint::default();
        for n in 0..20 {
            let now = start + 3 * n * SECOND;
            assert_eq!(hint.heed(5 * SECOND, now, now), None, "{n}: a call passed before it was over");
            hint.passed(now + 2 * SECOND);
        }
        let mut now = start + 100 * SECOND;
        let mut kept = 0;
        for _ in 0..90 {
            let wait = hint.heed(5 * SECOND, now, now);
            kept += u32::from(wait.is_some());
            now += wait.unwrap_or(2 * SECOND);
        }
        assert_eq!(kept, 80, "one in nine is tested");
        assert_eq!(Hint::default().heed(11 * SECOND, now, now), Some(11 * SECOND));
    }
}
