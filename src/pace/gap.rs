//! Searches for the shortest gap between two calls that a limiter lets pass.
//!
//! Knows only how long after the last success each call was sent, and whether it passed. It has no clock and decides
//! nothing about cooldowns.

use std::time::Duration;

/// While no gap is known to work: a call that passes and was sent this much later than its gap says how long is enough.
const LATER: f64 = 1.1;

/// Then the next gap is half-way between that and the longest that was too short, until they are as near to each other as
/// [`NEAR`]. Where nothing is enough yet, it is longer by about this factor.
const LONGER: f64 = 1.5;
const NEAR: f64 = 1.12;

/// As much longer than a whole number of calls per second asks for; the ceiling keeps the same margin.
const MARGIN: f64 = 1.01;

/// The factor to the next one where a gap has worked so far: it is a little too short, by the jitter of the line.
const A_LITTLE_LONGER: f64 = 1.06;

/// Two refusals decide that the first gap is too short; two successes that it is long enough. A shorter gap than one that
/// already works needs four, because a bucket has room for a few calls at any gap.
const REFUSALS_TO_FAIL: u32 = 2;
const SUCCESSES_TO_PASS: u32 = 2;
const SUCCESSES_TO_IMPROVE: u32 = 4;

/// Each refusal at a gap that works weighs as much as this many successes, and the gap fails at the third refusal that is
/// not made up for. So a gap may cost about 4 % of its calls.
const WEIGHT: u32 = 24;
const FAILS_AT: u32 = 2 * WEIGHT + 1;

/// How many calls pass before a shorter gap is tried: soon where much can be gained (the gap is more than 1.3 times the
/// longest that was too short), late where little can be; and [`HALF_WAY`] times as many where it would be none of a whole
/// number of calls per second.
const TRIALS: [(f64, u32); 3] = [(1.3, 6), (1.1, 24), (1.04, 72)];
const HALF_WAY: u32 = 2;

/// After as many successes a gap that was too short is tried once more: others' calls may have come in between.
const CHECK_AFTER: u32 = 48;

/// And after as many it is worth another look: limits change, and so do other clients.
const FORGET_AFTER: u32 = 96;
const FORGET: f64 = 0.9;

/// A call that was sent sooner than this part of its gap says nothing about it, nor does one that passes and was sent as
/// much later as the second.
const SOONER: f64 = 0.95;
const MUCH_LATER: f64 = 1.5;

/// No longer gap is looked for.
const LONGEST: Duration = Duration::from_secs(2);

/// Whether what is seen fits a limiter that keeps calls apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    Yes,
    No,
}

/// The gap being kept, and what is known of others.
#[derive(Debug)]
pub(crate) struct GapSearch {
    /// The gap of the limit that the user gave: never shorter than that.
    shortest: Duration,
    gap: Duration,
    /// The shortest gap that works.
    good: Option<Duration>,
    /// The longest gap that was too short; zero while none was.
    too_short: Duration,
    /// While no gap is known to work: the shortest time after a success at which a call passed.
    enough: Option<Duration>,
    /// Since this gap was begun.
    passed: u32,
    refused: u32,
    /// All shorter gaps were too short, and so long was enough.
    was_found: bool,
    /// What was too short has been tried once more.
    is_checked: bool,
    /// Refusals at a good gap, less the successes that make up for them.
    debt: u32,
}

impl GapSearch {
    /// Starts at `gap`, or above it where calls at that gap are always refused.
    pub(crate) fn new(shortest: Duration, gap: Duration, is_too_short: bool) -> Self {
        let (gap, too_short) = if is_too_short { (longer(gap), gap) } else { (gap, Duration::ZERO) };
        Self {
            shortest,
            gap,
            good: None,
            too_short,
            enough: None,
            passed: 0,
            refused: 0,
            was_found: false,
            is_checked: false,
            debt: 0,
        }
    }

    /// The gap to keep now.
    pub(crate) fn gap(&self) -> Duration {
        self.gap
    }

    /// Whether the gap is one that works, not one on trial.
    pub(crate) fn is_good(&self) -> bool {
        self.good == Some(self.gap)
    }

    /// Whether all that is known is one gap that is too short.
    pub(crate) fn looks_for_longer(&self) -> bool {
        self.good.is_none() && !self.too_short.is_zero()
    }

    /// Whether the gap is known to lie between one that is too short and a time that is enough.
    pub(crate) fn is_bracketed(&self) -> bool {
        !self.too_short.is_zero() && (self.enough.is_some() || self.good.is_some())
    }

    /// Whether a gap is on trial that is shorter than one that works.
    pub(crate) fn tries_shorter(&self) -> bool {
        self.good.is_some_and(|good| self.gap < good)
    }

    /// Whether no gap is known to be too short.
    pub(crate) fn is_fresh(&self) -> bool {
        self.too_short.is_zero()
    }

    /// Whether a call that was sent `since` after the last success was sent far later than at this gap.
    fn is_later(&self, since: Duration) -> bool {
        since >= self.gap.mul_f64(MUCH_LATER)
    }

    /// A call passed, sent `since` after the last success.
    pub(crate) fn passed(&mut self, since: Duration) {
        if self.good.is_none() && since >= self.gap.mul_f64(LATER) {
            self.enough = Some(self.enough.map_or(since, |enough| enough.min(since)));
            return;
        }
        if self.is_later(since) {
            return;
        }
        self.passed += 1;
        self.debt = self.debt.saturating_sub(1);
        if self.is_good() {
            self.try_shorter();
            return;
        }
        let enough = if self.good.is_some() { SUCCESSES_TO_IMPROVE } else { SUCCESSES_TO_PASS };
        if self.passed >= enough {
            self.good = Some(self.gap);
            self.begin(self.gap);
        }
    }

    /// A call was refused, sent `since` after the last success. Returns whether that fits a limiter that keeps calls apart.
    pub(crate) fn refused(&mut self, since: Duration) -> Fit {
        if !(self.gap.mul_f64(SOONER)..self.gap.mul_f64(LATER)).contains(&since) {
            return Fit::Yes;
        }
        self.refused += 1;
        self.debt += WEIGHT;
        match self.good {
            Some(good) if good == self.gap => self.refused_at_good_gap(good),
            // The gap of the limit that the user gave is the likeliest.
            None if self.gap <= self.shortest && self.passed > 0 && self.refused < REFUSALS_TO_FAIL => {}
            None if self.enough.is_some_and(|enough| enough > self.gap) => self.halve(),
            None if self.refused < REFUSALS_TO_FAIL => {}
            None if self.was_found || self.gap > LONGEST => return Fit::No,
            known => {
                self.too_short = self.gap;
                self.begin(known.unwrap_or_else(|| longer(self.gap)));
            }
        }
        Fit::Yes
    }

    /// This gap is too short, and a longer time was enough.
    fn halve(&mut self) {
        let enough = self.enough.unwrap_or(self.gap);
        self.too_short = self.gap;
        let (low, high) = (self.gap.as_secs_f64(), enough.as_secs_f64());
        if high > low * NEAR {
            self.begin(longer(self.gap).min(between(self.gap, enough).0));
        } else {
            self.enough = None;
            self.begin(enough);
            self.was_found = true;
        }
    }

    fn refused_at_good_gap(&mut self, good: Duration) {
        if self.debt < FAILS_AT {
            return;
        }
        if self.gap > self.shortest.max(self.too_short.mul_f64(1.15)) {
            // Another client's calls come in between: the shorter the gap, the fewer do.
            self.begin(self.shorter().0);
        } else {
            self.too_short = self.too_short.max(good.mul_f64(0.97));
            let longer = good.mul_f64(A_LITTLE_LONGER);
            self.good = Some(longer);
            self.begin(longer);
        }
    }

    fn try_shorter(&mut self) {
        if !self.is_checked && self.passed >= CHECK_AFTER && self.too_short >= self.shortest {
            self.is_checked = true;
            let gap = self.too_short;
            self.too_short = Duration::ZERO;
            self.begin(gap);
            return;
        }
        let known = self.too_short.max(self.shortest / 2);
        let room = self.gap.as_secs_f64() / known.as_secs_f64().max(f64::MIN_POSITIVE);
        match TRIALS.iter().find(|(least, _)| room > *least) {
            Some((_, calls)) => {
                let (shorter, is_whole) = self.shorter();
                let calls = if is_whole { *calls } else { *calls * HALF_WAY };
                if self.passed >= calls && shorter < self.gap {
                    self.begin(shorter);
                }
            }
            None if self.passed >= FORGET_AFTER => {
                self.too_short = self.too_short.mul_f64(FORGET);
                self.passed = 0;
            }
            _ => {}
        }
    }

    /// Half-way to the longest gap that was too short.
    fn shorter(&self) -> (Duration, bool) {
        let (gap, is_whole) = between(self.too_short.max(self.shortest.mul_f64(0.9)), self.gap);
        (gap.max(self.shortest), is_whole || gap <= self.shortest)
    }

    fn begin(&mut self, gap: Duration) {
        (self.gap, self.passed, self.refused, self.debt) = (gap, 0, 0, 0);
        self.was_found = false;
    }
}

/// The next gap to try where nothing is known of longer ones.
fn longer(gap: Duration) -> Duration {
    between(gap, gap.mul_f64(LONGER * LONGER)).0
}

/// A gap between two others: that of a whole number of calls per second or of seconds per call, since most limits are such
/// numbers, or else half-way. And whether it is one.
fn between(low: Duration, high: Duration) -> (Duration, bool) {
    let (low, high) = (low.as_secs_f64(), high.as_secs_f64());
    let middle = (low * high).sqrt();
    let number = if middle < 1.0 { middle.recip() } else { middle };
    let whole = [number.floor(), number.ceil()].map(|whole| MARGIN * if middle < 1.0 { whole.recip() } else { whole });
    let fits = whole.into_iter().filter(|gap| (low * NEAR..high / NEAR.sqrt()).contains(gap));
    let distance = |gap: &f64| (gap / middle).ln().abs();
    let nearest = fits.min_by(|a, b| distance(a).total_cmp(&distance(b)));
    (Duration::from_secs_f64(nearest.unwrap_or(middle)), nearest.is_some())
}

#[cfg(test)]
mod tests;
