//! How many calls a limiter takes at a time, where that is what it counts: nginx's `limit_conn`, a pool of workers.
//!
//! Such a limiter refuses a call at once while others are being answered, and neither silence nor a slower pace is what it
//! asks for: the next call passes as soon as one of the others is answered. So where a call is refused sooner than answers
//! usually take, and others were in flight, fewer at a time are tried before anything else. Knows only how many own calls
//! were in flight when each one left, and what became of them.

use std::collections::VecDeque;
use std::time::Instant;

use crate::pace::Permit;
use crate::pace::signal::Trial;

/// A refusal came sooner than an answer if it took at most this part of the usual time.
const SOONER: f64 = 0.8;

/// A trial allows a number of calls in flight. It is believed once this many calls have passed with that number in flight,
/// and given up after this many refusals.
const BELIEVED: u32 = 4;
const REFUSALS: u32 = 4;

/// After each trial that failed, this many times as many rows of refusals go by before the next one.
const ROWS_GROW: u32 = 3;

/// So many refusals without a reason begin a trial, where no more than so many calls pass between them.
const SIGNS: u32 = 2;
const SIGN_LASTS: u32 = 30;

/// One more call at a time is tried after [`TRY_MORE_AFTER`] calls have passed with the most in flight, and after twice as
/// many each time that it was too many, up to [`TRY_MORE_RARELY`]. It is believed after [`MORE_BELIEVED`] calls.
const TRY_MORE_AFTER: u32 = 24;
const TRY_MORE_RARELY: u32 = 768;
const MORE_BELIEVED: u32 = 3;

/// The number in flight is not what this limiter counts where this many calls are refused although no more are in flight
/// than are known to pass; one more refusal is allowed for every [`PASSES_PER_REFUSAL`] calls that pass.
const UNEXPLAINED: u32 = 3;
const PASSES_PER_REFUSAL: u32 = 20;

/// More than one in so many of those refused is more than a service that fails now and then: then fewer still are tried.
const OFTEN: u32 = 8;

/// Holds calls back while as many are in flight as pass at a time.
#[derive(Debug, Default)]
pub(crate) struct AtATime {
    /// The calls in flight by their numbers, each with how many there were when it had left.
    in_flight: VecDeque<(u64, usize)>,
    most: Option<Most>,
    /// How long the answers of calls that pass take, in seconds.
    usual: Option<f64>,
    /// How many rows of refusals still go by before the next trial.
    rows: u32,
    /// How many it takes in all: more after each trial that failed.
    rows_wanted: u32,
    /// Refusals without a reason that may begin a trial, and calls that passed since the last.
    signs: u32,
    passed_since: u32,
    /// Refusals say when to come back, though it may be sooner: a call that is refused alone is repeated without a cooldown.
    pub(crate) names_times: bool,
}

/// The most calls that may be in flight.
#[derive(Clone, Copy, Debug)]
struct Most {
    calls: usize,
    /// The number of the first call that counts: earlier ones left under another limit.
    since: u64,
    /// Calls that passed with so many in flight, since the last change.
    passed: u32,
    refused: u32,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Whether it helps is not known yet.
    Trial,
    Known {
        /// How many calls pass before one more at a time is tried.
        more_after: u32,
        /// Calls that passed with one more in flight.
        more_passed: u32,
        /// All that passed.
        passes: u32,
        /// For a while after one more was believed to pass: the number before.
        before: Option<usize>,
    },
}

/// Whether the number of calls in flight is why a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Explained {
    Yes,
    No,
}

impl AtATime {
    /// A call leaves.
    pub(crate) fn send(&mut self, permit: Permit) {
        self.in_flight.push_back((permit.number, self.in_flight.len() + 1));
    }

    /// Whether as many calls are in flight as pass at a time.
    pub(crate) fn is_full(&self) -> bool {
        self.most.is_some_and(|most| self.in_flight.len() >= most.calls + usize::from(most.tries_more()))
    }

    /// How many calls pass at a time, once that is known.
    pub(crate) fn known(&self) -> Option<usize> {
        self.most.filter(|most| most.stage != Stage::Trial).map(|most| most.calls)
    }

    /// Whether it is being found out how many calls pass at a time.
    pub(crate) fn is_on_trial(&self) -> bool {
        self.most.is_some_and(|most| most.stage == Stage::Trial)
    }

    /// A call is over, however it ended. Returns how many were in flight when it had left.
    pub(crate) fn over(&mut self, permit: Permit) -> Option<usize> {
        let place = self.in_flight.binary_search_by_key(&permit.number, |(number, _)| *number).ok()?;
        self.in_flight.remove(place).map(|(_, beside)| beside)
    }

    /// A call passed.
    pub(crate) fn passed(&mut self, permit: Permit, now: Instant) {
        let took = now.saturating_duration_since(permit.at).as_secs_f64();
        self.usual = Some(self.usual.map_or(took, |usual| 0.8 * usual + 0.2 * took));
        self.passed_since = self.passed_since.saturating_add(1);
        let Some(beside) = self.over(permit) else { return };
        if let Some(most) = self.most.as_mut().filter(|most| permit.number >= most.since) {
            most.passed(beside, permit.number);
        }
    }

    /// A call was refused; `begins` says whether that may begin a trial.
    pub(crate) fn refused(&mut self, permit: Permit, now: Instant, begins: Trial) -> Explained {
        let Some(beside) = self.over(permit) else { return Explained::No };
        let Some(most) = &mut self.most else {
            return self.may_begin(permit, beside, now, begins);
        };
        if permit.number < most.since || beside > most.calls {
            most.too_many(beside, permit.number, self.in_flight.back().map(|(number, _)| *number));
            return Explained::Yes;
        }
        if most.takes_back(beside) {
            return Explained::Yes;
        }
        most.refused = most.refused.saturating_add(1);
        match most.stage {
            Stage::Trial if (beside > 1 || self.names_times) && most.refused < REFUSALS => {
                (most.calls, most.passed) = ((beside - 1).max(1), 0);
                return Explained::Yes;
            }
            Stage::Known { passes, .. } if most.refused < UNEXPLAINED + passes / PASSES_PER_REFUSAL => {}
            Stage::Known { passes, .. } if beside > 1 && passes < most.refused * OFTEN => {
                (most.calls, most.passed, most.refused, most.stage) = (beside - 1, 0, 0, Stage::Trial);
                return Explained::Yes;
            }
            _ => {
                self.most = None;
                self.rows_wanted = self.rows_wanted.max(1).saturating_mul(ROWS_GROW);
                self.rows = self.rows_wanted;
            }
        }
        Explained::No
    }

    fn may_begin(&mut self, permit: Permit, beside: usize, now: Instant, begins: Trial) -> Explained {
        let took = now.saturating_duration_since(permit.at).as_secs_f64();
        if begins == Trial::Never || beside < 2 || self.usual.is_none_or(|usual| took > usual * SOONER) {
            self.signs = if beside < 2 { 0 } else { self.signs };
            return Explained::No;
        }
        self.signs = if self.passed_since > SIGN_LASTS { 1 } else { self.signs + 1 };
        self.passed_since = 0;
        if begins == Trial::OnSigns && self.signs < SIGNS {
            return Explained::No;
        }
        if self.rows > 0 {
            self.rows -= 1;
            return Explained::No;
        }
        let since = self.in_flight.back().map_or(permit.number, |(number, _)| *number) + 1;
        self.most = Some(Most { calls: beside - 1, since, passed: 0, refused: 0, stage: Stage::Trial });
        Explained::Yes
    }
}

impl Most {
    /// Whether one more call than usual may be in flight, to see whether it passes.
    fn tries_more(&self) -> bool {
        matches!(self.stage, Stage::Known { more_after, .. } if self.passed >= more_after)
    }

    fn passed(&mut self, beside: usize, number: u64) {
        if let Stage::Known { passes, .. } = &mut self.stage {
            *passes = passes.saturating_add(1);
        }
        self.passed = self.passed.saturating_add(u32::from(beside == self.calls));
        match &mut self.stage {
            Stage::Trial if self.passed >= BELIEVED => {
                self.refused = 0;
                self.stage = Stage::Known { more_after: TRY_MORE_AFTER, more_passed: 0, passes: 0, before: None };
            }
            Stage::Known { more_after, more_passed, before, .. } if beside > self.calls => {
                *more_passed += 1;
                self.passed = *more_after;
                if *more_passed >= MORE_BELIEVED {
                    (*more_passed, *before) = (0, Some(self.calls));
                    (self.calls, self.since, self.passed) = (beside, number + 1, 0);
                }
            }
            Stage::Known { more_after, before, .. } if before.is_some() && self.passed >= TRY_MORE_AFTER => {
                (*more_after, *before) = (TRY_MORE_AFTER, None);
            }
            _ => {}
        }
    }

    /// One more was believed to pass, and does not: back to what was known before.
    fn takes_back(&mut self, beside: usize) -> bool {
        let Stage::Known { more_after, before, .. } = &mut self.stage else { return false };
        let Some(calls) = before.take_if(|calls| beside > *calls) else { return false };
        *more_after = (*more_after * 2).min(TRY_MORE_RARELY);
        (self.calls, self.passed) = (calls, 0);
        true
    }

    /// More were in flight than pass.
    fn too_many(&mut self, beside: usize, number: u64, last: Option<u64>) {
        if let Stage::Known { more_after, more_passed, .. } = &mut self.stage
            && beside > self.calls
            && number >= self.since
        {
            *more_after = (*more_after * 2).min(TRY_MORE_RARELY);
            *more_passed = 0;
            self.passed = 0;
            // Those that left before this was known say nothing more about one more at a time.
            self.since = last.map_or(number, |last| last.max(number)) + 1;
        }
    }
}

#[cfg(test)]
mod tests;
