//! How many calls pass per second, and between two rows of refusals: whether the limit is far below the pace.
//!
//! Additive growth suits paces near the limit that the user gave. At a tenth of that, one second of growth is a large part of
//! the pace: a few calls pass, several are refused, and so on for ever. Counts only; `aimd` decides.

use std::time::{Duration, Instant};

use crate::pace::signal::Trial;

/// Between two rows of refusals at most [`FEW`] calls pass where the limit is low, and at least [`FEWEST`]: where fewer pass,
/// the limiter keeps calls apart.
const FEW: u32 = 9;
const FEWEST: u32 = 3;

/// This many such rows are no accident, if the most calls between two of them are at most [`SIMILAR`] times the fewest:
/// where others use the limit too, the numbers differ more, as they come and go.
const ROWS: u32 = 4;
const SIMILAR: u32 = 2;

/// Once this many calls have passed in a row, the limit is not low any more.
const MANY: u32 = 40;

/// The calls that passed in the last whole window and in the present one, cooldowns included.
#[derive(Debug)]
pub(crate) struct PassRate {
    window: Duration,
    begun: Option<Instant>,
    before: Option<u32>,
    passed: u32,
    rows: Rows,
}

impl PassRate {
    /// Counts in windows of this length.
    pub(crate) fn new(window: Duration) -> Self {
        Self { window, begun: None, before: None, passed: 0, rows: Rows::default() }
    }

    /// A call passed.
    pub(crate) fn passed(&mut self, now: Instant) {
        self.go_on(now);
        self.passed = self.passed.saturating_add(1);
        self.rows.passed();
    }

    /// A row of refusals begins. What may be a ban is no sign of a low limit.
    pub(crate) fn refused(&mut self, trial: Trial) {
        match trial {
            Trial::AtOnce => self.rows.refused(),
            Trial::OnSigns | Trial::Never => self.rows = Rows::default(),
        }
    }

    /// Whether the limit is far below the pace.
    pub(crate) fn is_low(&self) -> bool {
        self.rows.times >= ROWS
    }

    /// How many passed per second since the beginning of the last whole window; `None` before there was one.
    pub(crate) fn per_second(&mut self, now: Instant) -> Option<f64> {
        self.go_on(now);
        let passed = self.before?.saturating_add(self.passed);
        let time = self.window + now.saturating_duration_since(self.begun?);
        Some(f64::from(passed) / time.as_secs_f64())
    }

    fn go_on(&mut self, now: Instant) {
        let begun = *self.begun.get_or_insert(now);
        let gone = now.saturating_duration_since(begun);
        if gone < self.window {
            return;
        }
        let is_last = gone < 2 * self.window;
        (self.before, self.passed) = (Some(if is_last { self.passed } else { 0 }), 0);
        self.begun = Some(now);
    }
}

/// Whether few calls pass between two rows of refusals, again and again.
#[derive(Debug, Default)]
struct Rows {
    /// Calls that passed since the last row.
    passed: u32,
    /// How many such rows there were, and the fewest and the most calls between them.
    times: u32,
    fewest: u32,
    most: u32,
}

impl Rows {
    fn passed(&mut self) {
        self.passed = self.passed.saturating_add(1);
        if self.passed >= MANY {
            self.times = 0;
        }
    }

    fn refused(&mut self) {
        let passed = std::mem::take(&mut self.passed);
        let (fewest, most) = (self.fewest.min(passed), self.most.max(passed));
        if !(FEWEST..=FEW).contains(&passed) {
            *self = Self::default();
        } else if self.times > 0 && most <= SIMILAR * fewest {
            (self.times, self.fewest, self.most) = (self.times.saturating_add(1), fewest, most);
        } else {
            (self.times, self.fewest, self.most) = (1, passed, passed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_passes_per_second_is_known_after_a_window_and_goes_down_in_silence() {
        let t0 = Instant::now();
        let mut rate = PassRate::new(10 * SECOND);
        for call in 0..20 {
            assert_eq!(rate.per_second(t0 + SECOND * call / 2), None);
            rate.passed(t0 + SECOND * call / 2);
        }
        let at = |rate: &mut PassRate, seconds: u32| rate.per_second(t0 + SECOND * seconds).map(f64::round);
        assert_eq!([at(&mut rate, 10), at(&mut rate, 19), at(&mut rate, 40)], [Some(2.0), Some(1.0), Some(0.0)]);
    }

    #[test]
    fn four_rows_with_a_few_calls_between_them_each_time_show_a_low_limit() {
        for (name, between, expected) in [
            ("5 calls per window", vec![5, 5, 5, 5], true),
            ("a bucket", vec![12, 3, 5, 4, 6], true),
            ("two rows fewer", vec![5, 5], false),
            ("many calls", vec![20, 20, 20, 20, 20], false),
            ("others come and go", vec![3, 8, 4, 9, 3, 8], false),
            ("calls that are kept apart", vec![1, 1, 1, 1, 1, 1], false),
        ] {
            let (mut rate, now) = (PassRate::new(10 * SECOND), Instant::now());
            for calls in between {
                (0..calls).for_each(|_| rate.passed(now));
                rate.refused(Trial::AtOnce);
            }
            assert_eq!(rate.is_low(), expected, "{name}");
            (0..MANY).for_each(|_| rate.passed(now));
            assert!(!rate.is_low(), "{name}: and no more");
        }
    }
}
