//! How many places of the window a run holds, and when its slots are.
//!
//! Pure arithmetic.

use std::time::{Duration, Instant};

/// The places that a run holds. It gives them up one by one within a window, at the pace at which others can take them
/// over: all at once, it would have to be silent until its earlier calls have left the window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    from: u32,
    goal: u32,
    since: Instant,
    lasts: Duration,
}

impl Places {
    pub(super) fn none(now: Instant) -> Self {
        Self::fixed(0, now)
    }

    pub(super) fn fixed(places: u32, now: Instant) -> Self {
        Self { from: places, goal: places, since: now, lasts: Duration::ZERO }
    }

    /// The places at this time.
    pub(super) fn at(&self, now: Instant) -> u32 {
        let passed = now.saturating_duration_since(self.since);
        if passed >= self.lasts {
            return self.goal;
        }
        let left = 1.0 - passed.as_secs_f64() / self.lasts.as_secs_f64();
        let more = (f64::from(self.from.saturating_sub(self.goal)) * left).ceil();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no more than `from`")]
        let more = more as u32;
        self.goal + more
    }

    /// Takes in an answer: no more than `granted`, and in the end `target`.
    pub(super) fn set(&mut self, granted: u32, target: u32, window: Duration, now: Instant) {
        let places = self.at(now);
        if granted < places {
            *self = Self::fixed(granted, now);
        } else if places <= target {
            *self = Self::fixed(granted.min(target), now);
        } else if self.goal != target {
            *self = Self { from: places, goal: target, since: now, lasts: window };
        }
    }
}

/// One of the run's slots by this machine's clock, from the answers that came quickest: nobody knows when in between a
/// request and its answer the script ran.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slots {
    slot: Option<Instant>,
    quickest: Option<Duration>,
}

impl Slots {
    pub(super) fn note(&mut self, wait: Duration, sent: Instant, now: Instant) {
        let took = now.saturating_duration_since(sent);
        // What was quickest once may not be possible any more.
        let quickest = self.quickest.map_or(took, |quickest| took.min(quickest.mul_f64(1.1)));
        self.quickest = Some(quickest);
        if self.slot.is_none() || took <= quickest.mul_f64(1.5) + Duration::from_millis(5) {
            self.slot = Some(sent + took / 2 + wait);
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn places_are_taken_at_once_and_given_up_within_a_window() {
        let t0 = Instant::now();
        let mut places = Places::none(t0);
        places.set(50, 50, 10 * SECOND, t0);
        assert_eq!(places.at(t0), 50);
        places.set(50, 25, 10 * SECOND, t0);
        let seen: Vec<u32> = (0..=11).map(|second| places.at(t0 + second * SECOND)).collect();
        assert_eq!(seen, [50, 48, 45, 43, 40, 38, 35, 33, 30, 28, 25, 25]);
        places.set(41, 25, 10 * SECOND, t0 + 4 * SECOND);
        assert_eq!(places.at(t0 + 5 * SECOND), 38, "the same goal goes on as before");
        places.set(30, 25, 10 * SECOND, t0 + 5 * SECOND);
        assert_eq!(places.at(t0 + 5 * SECOND), 30, "what others have already is given up at once");
        places.set(10, 25, 10 * SECOND, t0 + 6 * SECOND);
        places.set(17, 25, 10 * SECOND, t0 + 7 * SECOND);
        assert_eq!(places.at(t0 + 7 * SECOND), 17, "and only what is free is taken");
    }

    #[test]
    fn slots_go_by_the_answers_that_took_least_time() {
        let t0 = Instant::now();
        let mut slots = Slots::default();
        slots.note(SECOND, t0, t0 + SECOND);
        assert_eq!(slots.next(), Some(t0 + SECOND * 3 / 2));
        slots.note(SECOND, t0, t0 + SECOND / 50);
        assert_eq!(slots.next(), Some(t0 + SECOND + SECOND / 100));
        slots.note(SECOND, t0 + SECOND, t0 + 2 * SECOND);
        assert_eq!(slots.next(), Some(t0 + SECOND + SECOND / 100));
    }
}
