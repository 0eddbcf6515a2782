//! Keeps calls apart for limiters that ask for a gap between two calls, such as nginx's `limit_req` without burst.
//!
//! Such a limiter saves nothing up: a call passes if the last success is long enough ago. A cooldown gains nothing there, and
//! a slower pace lets more of other clients' calls come in between. What passes is a steady call at the shortest gap that
//! works, and after a refusal one more call a gap later. No single answer identifies such a limiter. So a trial begins at
//! the first refusal, and again where few calls pass between cooldowns. Windows, buckets and bans refuse its calls too:
//! then it ends after a few, and the next one comes much later. Must not know of limits or cooldowns.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::pace::gap::GapSearch;
use crate::pace::signal::Trial;
use crate::pace::trial::{GapTrial, Response};

/// At most as many successes between two refusals are a sign: a cooldown of two seconds leaves room for more of them in
/// every window and bucket.
const FEW: u32 = 3;

/// And a single success counts for so many, where the limiter says that it is one.
const ONE: u32 = 2;

/// Where nothing has passed yet, this refusal comes after a whole window of cooldowns. It begins a trial, as does each second
/// one after it.
const WAITED: u32 = 4;

/// Signs in a row that begin a trial. Without any, one in [`ROWS_PER_SIGN`] times as many rows of refusals begins one. Both
/// grow with each trial that failed.
const SIGNS: u32 = 2;
const ROWS_PER_SIGN: u32 = 2;
const SIGNS_GROW: u32 = 3;

/// So many calls are remembered: more than are in flight at usual paces.
const REMEMBERED: usize = 64;

/// A limiter that keeps calls apart refuses at once. One that holds its refusals back (a tarpit) makes trials expensive.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Whether calls are kept apart, and how far.
#[derive(Debug)]
pub(crate) struct Spacing {
    /// The gap of the limit that the user gave.
    period: Duration,
    trial: Option<GapTrial>,
    signs: u32,
    signs_wanted: u32,
    /// Rows of refusals since the last trial.
    rows: u32,
    /// Successes since the last refusal; many before the first.
    passes: u32,
    /// Refusals since the last success.
    refusals: u32,
    /// When the latest calls were sent that were not refused: the others are answered at once.
    sent: VecDeque<Instant>,
    /// Whether any call has passed.
    has_passed: bool,
    random: fastrand::Rng,
}

impl Spacing {
    /// For a limit of one call per `period`.
    pub(crate) fn new(period: Duration) -> Self {
        Self {
            period,
            trial: None,
            signs: 0,
            signs_wanted: SIGNS,
            // The first refusal begins a trial.
            rows: SIGNS * ROWS_PER_SIGN,
            passes: u32::MAX,
            refusals: 0,
            sent: VecDeque::with_capacity(REMEMBERED),
            has_passed: false,
            random: fastrand::Rng::with_seed(0),
        }
    }

    pub(crate) fn seed(&mut self, seed: u64) {
        self.random.seed(seed);
    }

    /// When the next call may leave, where calls are kept apart.
    pub(crate) fn earliest(&self) -> Option<Instant> {
        self.trial.as_ref().map(GapTrial::next)
    }

    /// The gap that is kept, if any.
    pub(crate) fn gap(&self) -> Option<Duration> {
        self.trial.as_ref().map(GapTrial::gap)
    }

    /// A call leaves.
    pub(crate) fn send(&mut self, now: Instant) {
        if self.sent.len() == REMEMBERED {
            self.sent.pop_front();
        }
        self.sent.push_back(now);
        if let Some(trial) = &mut self.trial {
            trial.send(now);
        }
    }

    /// A call sent at `sent_at` passed.
    pub(crate) fn passed(&mut self, sent_at: Instant) {
        self.refusals = 0;
        self.passes = self.passes.saturating_add(1);
        self.has_passed = true;
        if self.trial.is_some() {
            let since = self.since_success(sent_at);
            self.trial.iter_mut().for_each(|trial| trial.passed(since));
        }
    }

    /// A call sent at `sent_at` did not pass.
    pub(crate) fn did_not_pass(&mut self, sent_at: Instant) {
        if let Ok(place) = self.sent.binary_search(&sent_at) {
            self.sent.remove(place);
        }
    }

    /// A call sent at `sent_at` was refused, as is known at `now`.
    pub(crate) fn refused(&mut self, sent_at: Instant, now: Instant, trial: Trial) -> Response {
        self.did_not_pass(sent_at);
        if now.saturating_duration_since(sent_at) > AT_ONCE {
            self.give_up();
            return Response::Cooldown;
        }
        if self.trial.is_some() {
            return self.refused_in_trial(sent_at, now);
        }
        if trial == Trial::Never {
            return Response::Cooldown;
        }
        self.refusals = self.refusals.saturating_add(1);
        let passes = std::mem::take(&mut self.passes);
        let row = (self.refusals == 1).then_some(passes);
        self.may_begin(row, sent_at, trial)
    }

    /// Whether a refusal says something of its offer: calls are not kept apart, or at a gap at which hardly any is refused.
    pub(crate) fn trusts_refusals(&self) -> bool {
        self.trial.as_ref().is_none_or(GapTrial::trusts_refusals)
    }

    fn refused_in_trial(&mut self, sent_at: Instant, now: Instant) -> Response {
        let sent = (sent_at, self.since_success(sent_at));
        let random = self.random.f64();
        let response = self.trial.as_mut().map(|trial| trial.refused(sent, now, self.period, random));
        if response == Some(Response::Cooldown) {
            self.give_up();
        }
        response.unwrap_or(Response::Cooldown)
    }

    /// Keeping calls apart does not help here, or is not needed.
    pub(crate) fn give_up(&mut self) {
        if let Some(trial) = self.trial.take() {
            let more = self.signs_wanted.saturating_mul(SIGNS_GROW);
            self.signs_wanted = if trial.is_proof() { SIGNS } else { more };
        }
        self.signs = 0;
    }

    /// `row` is what passed before the first refusal of a row; `None` for the others, which begin nothing.
    fn may_begin(&mut self, row: Option<u32>, sent_at: Instant, trial: Trial) -> Response {
        let has_waited = self.refusals >= WAITED && self.refusals.is_multiple_of(2);
        if has_waited && !self.has_passed && trial == Trial::AtOnce {
            // No window is full for so long: it may be that every call comes too soon after another client's.
            self.trial = Some(GapTrial::new(GapSearch::new(self.period, self.period, false), sent_at));
            return Response::Gap;
        }
        let Some(passes) = row else { return Response::Cooldown };
        self.signs = match passes {
            1 if trial == Trial::AtOnce => self.signs + ONE,
            0..=FEW => self.signs + 1,
            _ => 0,
        };
        self.rows = self.rows.saturating_add(1);
        let it_is_time = trial == Trial::AtOnce && self.rows >= self.signs_wanted.saturating_mul(ROWS_PER_SIGN);
        if self.signs < self.signs_wanted && !it_is_time {
            return Response::Cooldown;
        }
        self.rows = 0;
        // A longer gap than it has to be only lets other clients' calls come in between.
        let search = GapSearch::new(self.period, self.period, passes == 1);
        self.trial = Some(GapTrial::new(search, sent_at));
        Response::Gap
    }

    /// How long after the last call that passed or may yet pass a call was sent.
    fn since_success(&self, sent_at: Instant) -> Option<Duration> {
        let before = self.sent.iter().rev().find(|sent| **sent < sent_at)?;
        Some(sent_at - *before)
    }
}

#[cfg(test)]
mod tests;
