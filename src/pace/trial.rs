//! A trial of keeping calls apart: the gap being kept, and whether it helps.
//!
//! Ends itself where too many calls are refused. When one begins is decided in `spacing`, which gap is kept in `gap`.

use std::time::{Duration, Instant};

use crate::pace::gap::{Fit, GapSearch};

/// Refusals in a row that end a trial: before anything has passed in it, later, and where a longer gap is known to be enough,
/// so that only others' calls in between can explain a row.
const IN_A_ROW_AT_FIRST: u32 = 4;
const IN_A_ROW: u32 = 8;
const IN_A_ROW_AT_LAST: u32 = 16;

/// The refusals that a search may cost, until such a gap is known and from then on.
const SEARCH_COST: u32 = 16;
const WHOLE_SEARCH_COST: u32 = 40;

/// The part of about the last 64 calls that may be refused at a gap that works. Only the first of a row counts as a whole one:
/// once somebody else's call has come in between, it takes several to find a place again.
const LAST_CALLS: f64 = 64.0;
const FEWEST_CALLS: f64 = 24.0;
const TOO_MANY: f64 = 0.08;
const LATER_WEIGHT: f64 = 0.33;

/// From the second refusal in a row on the next call waits for the gap of the limit, or for this part of the time since the
/// last success, and for a random part of that more.
const SLOWER: u32 = 8;
const OUT_OF_STEP: f64 = 0.6;

/// As many successes at a gap that works pay for one refusal of the search, so that a long run may go on looking.
const EARNS: u32 = 16;

/// At a gap with fewer refusals than this a refusal is not the gap's.
const FEW_REFUSED: f64 = 0.05;

/// A trial of this many calls has shown that this is such a limiter.
const PROVEN: u32 = 500;

/// No call waits longer than this for a longer gap to be found.
const LONGEST: Duration = Duration::from_secs(3);

/// Calls are kept apart, to see whether they pass.
#[derive(Debug)]
pub(crate) struct GapTrial {
    search: GapSearch,
    next: Instant,
    last_sent: Instant,
    calls: u32,
    /// Those that passed.
    passed: u32,
    in_a_row: u32,
    /// Refusals at gaps on trial.
    search_cost: u32,
    /// Successes at gaps that work.
    passed_at_good: u32,
    /// The part of the last calls at a good gap that was refused.
    refused_part: f64,
}

/// What a refusal calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Response {
    /// The next call waits for its gap, and that is all.
    Gap,
    /// This is no question of gaps.
    Cooldown,
}

impl GapTrial {
    /// Begins with the refusal of a call sent at `sent_at`.
    pub(crate) fn new(search: GapSearch, sent_at: Instant) -> Self {
        Self {
            next: sent_at + search.gap(),
            search,
            last_sent: sent_at,
            calls: 0,
            passed: 0,
            in_a_row: 1,
            search_cost: 0,
            passed_at_good: 0,
            refused_part: 0.0,
        }
    }

    /// When the next call may leave.
    pub(crate) fn next(&self) -> Instant {
        self.next
    }

    pub(crate) fn gap(&self) -> Duration {
        self.search.gap()
    }

    /// Whether a refusal says something of its offer: hardly any call is refused at this gap.
    pub(crate) fn trusts_refusals(&self) -> bool {
        self.search.is_good() && self.refused_part < FEW_REFUSED
    }

    /// Whether it has lasted for so long that this is a limiter that keeps calls apart.
    pub(crate) fn is_proof(&self) -> bool {
        self.calls >= PROVEN
    }

    /// A call leaves.
    pub(crate) fn send(&mut self, now: Instant) {
        self.last_sent = now;
        self.next = now + self.search.gap();
    }

    /// A call passed, sent `since` after the last success.
    pub(crate) fn passed(&mut self, since: Option<Duration>) {
        self.calls = self.calls.saturating_add(1);
        if self.search.is_good() {
            self.refused_part -= self.refused_part / self.last_calls();
            self.passed_at_good = self.passed_at_good.wrapping_add(1);
            if self.passed_at_good.is_multiple_of(EARNS) {
                self.search_cost = self.search_cost.saturating_sub(1);
            }
        }
        self.in_a_row = 0;
        self.passed = self.passed.saturating_add(1);
        if let Some(since) = since {
            self.search.passed(since);
        }
    }

    /// Over how many calls refusals are counted: fewer at first, unless a gap is known to be too short.
    fn last_calls(&self) -> f64 {
        if self.search.is_fresh() { f64::from(self.calls).clamp(FEWEST_CALLS, LAST_CALLS) } else { LAST_CALLS }
    }

    /// How many refusals in a row and at gaps on trial are too many.
    fn bounds(&self) -> (u32, u32) {
        match () {
            () if self.search.is_bracketed() => (IN_A_ROW_AT_LAST, WHOLE_SEARCH_COST),
            () if self.passed == 0 && self.search.is_fresh() => (IN_A_ROW_AT_FIRST, SEARCH_COST),
            () => (IN_A_ROW, SEARCH_COST),
        }
    }

    /// A call sent at `sent_at`, `since` after the last success, was refused, as is known at `now`. `random` is from 0 to 1.
    pub(crate) fn refused(
        &mut self,
        (sent_at, since): (Instant, Option<Duration>),
        now: Instant,
        shortest: Duration,
        random: f64,
    ) -> Response {
        self.calls = self.calls.saturating_add(1);
        self.in_a_row += 1;
        if self.search.is_good() {
            let weight = if self.in_a_row > 1 { LATER_WEIGHT } else { 1.0 };
            self.refused_part += weight * (1.0 - self.refused_part) / self.last_calls();
        } else {
            self.search_cost += 1;
        }
        let (row, cost) = self.bounds();
        if self.in_a_row >= row || self.refused_part > TOO_MANY || self.search_cost > cost {
            return Response::Cooldown;
        }
        let tried_shorter = self.search.tries_shorter();
        if since.map(|since| self.search.refused(since)) == Some(Fit::No) {
            return Response::Cooldown;
        }
        let wait = match since {
            // Another client's calls may be in step with ours, so each comes at a random time.
            _ if self.in_a_row > 1 => {
                shortest.max(since.unwrap_or_default() / SLOWER).min(LONGEST).mul_f64(1.0 + OUT_OF_STEP * random)
            }
            // Half as long again after the last success as before.
            Some(since) if self.search.looks_for_longer() => (since / 2).clamp(shortest.min(LONGEST), LONGEST),
            // The longer gap is over in a moment: the sooner the next call, the fewer of the others come before it.
            _ if tried_shorter => shortest,
            _ => self.search.gap(),
        };
        self.next = (self.last_sent.max(sent_at) + wait).max(now);
        Response::Gap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_shorter_gap_was_refused_the_next_call_comes_as_soon_as_the_limit_allows() {
        let (shortest, mut now) = (Duration::from_millis(202), Instant::now());
        let mut trial = GapTrial::new(GapSearch::new(shortest, shortest, true), now);
        let kept = trial.gap();
        while !trial.search.tries_shorter() {
            trial.send(now);
            trial.passed(Some(kept));
            now += kept;
        }
        let tried = trial.gap();
        trial.send(now);
        assert_eq!(trial.refused((now, Some(tried)), now, shortest, 0.5), Response::Gap);
        assert_eq!((trial.next() - now, trial.gap()), (shortest, kept));
    }

    #[test]
    fn a_long_run_goes_on_looking_for_a_shorter_gap_without_giving_up_the_one_that_works() {
        let (shortest, wanted, start) = (Duration::from_millis(202), Duration::from_secs(1), Instant::now());
        let mut trial = GapTrial::new(GapSearch::new(shortest, shortest, true), start);
        let (mut last_passed, mut passed, mut refused) = (start, 0, 0);
        while passed < 10_000 {
            let now = trial.next();
            trial.send(now);
            let since = now - last_passed;
            if since >= wanted {
                trial.passed(Some(since));
                (last_passed, passed) = (now, passed + 1);
            } else {
                refused += 1;
                let response = trial.refused((now, Some(since)), now, shortest, 0.5);
                assert_eq!(response, Response::Gap, "after {passed} calls that passed and {refused} that did not");
            }
        }
        assert!((50..=400).contains(&refused), "{refused} of 10,000 calls were refused");
    }
}
