//! How long a program may take to end after a signal.
//!
//! Time is passed in; ends nothing itself.

use std::time::{Duration, Instant};

/// The time by which the program must have ended on its own.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patience {
    /// The first signal.
    first: Option<Instant>,
    /// A second one came, after which nothing takes long any more.
    is_over: bool,
    deadline: Option<Instant>,
}

impl Patience {
    /// Signals within this time are one: GNU timeout sends one to its child and one to the whole group.
    pub(super) const ONE: Duration = Duration::from_secs(1);
    /// A program that has not acknowledged a signal by then is blocked. The last commit may also take this long after the
    /// second signal.
    pub(super) const ANSWER: Duration = Duration::from_millis(800);

    /// Records a signal. Returns whether it is a new one, not a repetition of the one before.
    pub(super) fn signal(&mut self, now: Instant) -> bool {
        let soon = now + Self::ANSWER;
        match self.first {
            None => {
                self.first = Some(now);
                self.deadline = Some(soon);
                true
            }
            Some(first) if now < first + Self::ONE => false,
            Some(_) => {
                if !self.is_over {
                    self.deadline = Some(self.deadline.map_or(soon, |deadline| deadline.min(soon)));
                }
                self.is_over = true;
                true
            }
        }
    }

    /// Records that the program has acknowledged the signal and needs this long.
    pub(super) fn allow(&mut self, now: Instant, time: Duration) {
        if self.first.is_some() && !self.is_over {
            self.deadline = now.checked_add(time);
        }
    }

    /// The deadline for the program's end; `None` before a signal.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(time: u64) -> Duration {
        Duration::from_millis(time)
    }

    #[test]
    fn two_signals_within_a_second_are_one_and_the_second_ends_all_patience() {
        let start = Instant::now();
        let mut patience = Patience::default();
        patience.allow(start, ms(60_000));
        assert_eq!(patience.deadline(), None, "nothing is to end yet");
        assert!(patience.signal(start));
        assert_eq!(patience.deadline(), Some(start + ms(800)), "who is blocked does not answer");
        assert!(!patience.signal(start + ms(1)) && !patience.signal(start + ms(999)));
        patience.allow(start + ms(100), ms(10_000));
        assert_eq!(patience.deadline(), Some(start + ms(10_100)));
        assert!(patience.signal(start + ms(1000)));
        assert_eq!(patience.deadline(), Some(start + ms(1800)));
        patience.allow(start + ms(1100), ms(10_000));
        assert!(patience.signal(start + ms(1700)));
        assert_eq!(patience.deadline(), Some(start + ms(1800)), "nothing moves it any more");
    }
}
