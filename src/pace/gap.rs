//! Searches for the shortest gap between two calls that a limiter lets pass.
//!
//! Knows only how long after the last success each call was sent, and whether it passed. It has no clock and decides
//! nothing about cooldowns.

use std::time::Duration;

/// While no gap is known to pass: the factor from one that was too short to the next one tried.
const LONGER: f64 = 1.5;

/// The same where a gap has worked so far: it is a little too short, by the jitter of the line.
const A_LITTLE_LONGER: f64 = 1.06;

/// Two refusals decide that a gap is too short; two successes that the first gap is long enough. A shorter gap than one
/// that already works needs four, because a bucket has room for a few calls at any gap.
const REFUSALS_TO_FAIL: u32 = 2;
const SUCCESSES_TO_PASS: u32 = 2;
const SUCCESSES_TO_IMPROVE: u32 = 4;

/// Each refusal at a gap that works weighs as much as this many successes, and the gap fails at the third refusal that is
/// not made up for. So a gap may cost about 4 % of its calls.
const WEIGHT: u32 = 24;
const FAILS_AT: u32 = 2 * WEIGHT + 1;

/// How many calls pass before a shorter gap is tried: soon where much can be gained (the gap is more than 1.3 times the
/// longest that was too short), late where little can be.
const TRIALS: [(f64, u32); 3] = [(1.3, 6), (1.1, 24), (1.04, 72)];

/// After as many successes a gap that was too short is worth another look: limits change, and so do other clients.
const FORGET_AFTER: u32 = 96;
const FORGET: f64 = 0.9;

/// A call sent this much sooner or later than its gap says nothing about the gap.
const SAME: std::ops::Range<f64> = 0.95..1.5;

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
    /// Since this gap was begun.
    passed: u32,
    refused: u32,
    /// A call passed at this gap after others were refused at shorter ones.
    was_found: bool,
    /// Refusals at a good gap, less the successes that make up for them.
    debt: u32,
}

impl GapSearch {
    /// Starts at `gap`, or above it where calls at that gap are always refused.
    pub(crate) fn new(shortest: Duration, gap: Duration, is_too_short: bool) -> Self {
        let (gap, too_short) = if is_too_short { (gap.mul_f64(LONGER), gap) } else { (gap, Duration::ZERO) };
        Self { shortest, gap, good: None, too_short, passed: 0, refused: 0, was_found: false, debt: 0 }
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

    /// Whether no gap is known to be too short.
    pub(crate) fn is_fresh(&self) -> bool {
        self.too_short.is_zero()
    }

    /// Whether a call that was sent `since` after the last success was sent far later than at this gap.
    pub(crate) fn is_later(&self, since: Duration) -> bool {
        since >= self.gap.mul_f64(SAME.end)
    }

    /// A call passed, sent `since` after the last success.
    pub(crate) fn passed(&mut self, since: Duration) {
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

    /// After calls that were refused one passed, sent `since` after the last success: that gap is long enough.
    pub(crate) fn found(&mut self, since: Duration) {
        self.begin(since.max(self.shortest));
        self.was_found = true;
    }

    /// A call was refused, sent `since` after the last success. Returns whether that fits a limiter that keeps calls apart.
    pub(crate) fn refused(&mut self, since: Duration) -> Fit {
        if self.is_later(since) || since < self.gap.mul_f64(SAME.start) {
            return Fit::Yes;
        }
        self.refused += 1;
        self.debt += WEIGHT;
        match self.good {
            Some(good) if good == self.gap => self.refused_at_good_gap(good),
            _ if self.refused < REFUSALS_TO_FAIL => {}
            None if self.was_found || self.gap > LONGEST => return Fit::No,
            known => {
                self.too_short = self.gap;
                self.begin(known.unwrap_or_else(|| self.gap.mul_f64(LONGER)));
            }
        }
        Fit::Yes
    }

    fn refused_at_good_gap(&mut self, good: Duration) {
        if self.debt < FAILS_AT {
            return;
        }
        if self.gap > self.shortest.max(self.too_short.mul_f64(1.15)) {
            // Another client's calls come in between: the shorter the gap, the fewer do.
            self.begin(self.shorter());
        } else {
            self.too_short = self.too_short.max(good.mul_f64(0.97));
            let longer = good.mul_f64(A_LITTLE_LONGER);
            self.good = Some(longer);
            self.begin(longer);
        }
    }

    fn try_shorter(&mut self) {
        let known = self.too_short.max(self.shortest / 2);
        let room = self.gap.as_secs_f64() / known.as_secs_f64().max(f64::MIN_POSITIVE);
        match TRIALS.iter().find(|(least, _)| room > *least) {
            Some((_, calls)) if self.passed >= *calls && self.shorter() < self.gap => self.begin(self.shorter()),
            None if self.passed >= FORGET_AFTER => {
                self.too_short = self.too_short.mul_f64(FORGET);
                self.passed = 0;
            }
            _ => {}
        }
    }

    /// Half-way to the longest gap that was too short.
    fn shorter(&self) -> Duration {
        (self.too_short / 2 + self.gap / 2).max(self.shortest)
    }

    fn begin(&mut self, gap: Duration) {
        (self.gap, self.passed, self.refused, self.debt) = (gap, 0, 0, 0);
        self.was_found = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Calls at the gap of the search, one after the other, to a limiter that wants `limit` between two calls. Returns the
    /// gap at the end and how many calls were refused.
    fn search(mut search: GapSearch, limit: Duration, calls: u32) -> (Duration, u32) {
        let (mut since, mut refused) = (search.gap(), 0);
        for _ in 0..calls {
            if since >= limit {
                search.passed(since);
                since = search.gap();
            } else {
                refused += 1;
                assert_eq!(search.refused(since), Fit::Yes);
                since += search.gap();
            }
        }
        (search.gap(), refused)
    }

    #[test]
    fn finds_the_gap_of_the_limiter_within_5_percent_at_little_cost() {
        for (start, limit) in [(101, 200), (202, 250), (202, 333), (202, 1000), (237, 200), (600, 200)] {
            let is_too_short = start < limit;
            let shortest = MS * if limit == 200 { 101 } else { 202 };
            let (gap, refused) = search(GapSearch::new(shortest, MS * start, is_too_short), MS * limit, 300);
            assert!(gap >= MS * limit && gap <= MS * limit * 105 / 100, "{start} to {limit}: {gap:?}");
            assert!(refused <= 20, "{start} to {limit}: {refused} refused");
        }
    }

    #[test]
    fn is_never_shorter_than_the_limit_that_the_user_gave() {
        let (gap, refused) = search(GapSearch::new(202 * MS, 600 * MS, false), 10 * MS, 300);
        assert_eq!((gap, refused), (202 * MS, 0));
    }

    #[test]
    fn a_good_gap_with_refusals_now_and_then_is_kept() {
        let mut search = GapSearch::new(202 * MS, 202 * MS, false);
        for call in 0..2000 {
            if call % 30 == 29 { _ = search.refused(202 * MS) } else { search.passed(202 * MS) }
        }
        assert_eq!(search.gap(), 202 * MS);
    }

    #[test]
    fn where_a_longer_gap_has_others_in_between_a_shorter_one_is_tried() {
        let mut search = GapSearch::new(202 * MS, 300 * MS, false);
        (0..2).for_each(|_| search.passed(300 * MS));
        assert!(search.is_good());
        (0..3).for_each(|_| _ = search.refused(300 * MS));
        assert_eq!(search.gap(), 202 * MS);
    }

    #[test]
    fn calls_that_left_at_another_gap_say_nothing() {
        let mut search = GapSearch::new(202 * MS, 202 * MS, false);
        (0..9).for_each(|_| _ = search.refused(150 * MS));
        (0..9).for_each(|_| _ = search.refused(404 * MS));
        (0..9).for_each(|_| search.passed(404 * MS));
        assert!(search.gap() == 202 * MS && !search.is_good() && !search.looks_for_longer());
    }

    #[test]
    fn a_gap_that_passed_and_is_refused_was_no_matter_of_gaps() {
        let mut search = GapSearch::new(202 * MS, 202 * MS, true);
        search.found(400 * MS);
        assert_eq!([search.refused(400 * MS), search.refused(400 * MS)], [Fit::Yes, Fit::No]);
    }

    #[test]
    fn no_end_of_gaps_is_tried() {
        let mut search = GapSearch::new(202 * MS, 202 * MS, true);
        assert!((0..14).any(|_| search.refused(search.gap()) == Fit::No), "{:?}", search.gap());
    }

    #[test]
    fn a_gap_that_was_too_short_once_is_tried_again_in_the_end() {
        let mut search = GapSearch::new(202 * MS, 400 * MS, false);
        search.too_short = 390 * MS;
        (0..2000).for_each(|_| search.passed(search.gap()));
        assert_eq!(search.gap(), 202 * MS);
    }
}
