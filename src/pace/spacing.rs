//! Keeps calls apart for limiters that ask for a gap between two calls, such as nginx's `limit_req` without burst.
//!
//! Such a limiter saves nothing up: a call passes if the last success is long enough ago. A cooldown gains nothing there, and
//! a slower pace lets more of other clients' calls come in between. What passes is a steady call at the shortest gap that
//! works, and after a refusal one more call a gap later. No single answer identifies such a limiter. So a trial begins at
//! the first refusal, and again where few calls pass between cooldowns. Windows, buckets and bans refuse its calls too:
//! then it ends after a few, and the next one comes much later. Must not know of limits or cooldowns.

use std::time::{Duration, Instant};

use crate::pace::gap::GapSearch;
use crate::pace::trial::{GapTrial, Response};

/// At most as many successes between two refusals are a sign: a cooldown of two seconds leaves room for more of them in
/// every window and bucket.
const FEW: u32 = 3;

/// Signs in a row that begin a trial. Without any, one in [`ROWS_PER_SIGN`] times as many rows of refusals begins one. Both
/// grow with each trial that failed.
const SIGNS: u32 = 2;
const ROWS_PER_SIGN: u32 = 2;
const SIGNS_GROW: u32 = 3;

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
    /// When the last call was sent that passed.
    last_success: Option<Instant>,
    random: fastrand::Rng,
}

/// When a refusal begins a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// At once: the limiter says that it is one.
    AtOnce,
    /// Where few calls pass between refusals: it may be a ban.
    OnSigns,
    /// It may be the offer's own.
    Never,
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
            last_success: None,
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
        if let Some(trial) = &mut self.trial {
            trial.send(now);
        }
    }

    /// A call sent at `sent_at` passed.
    pub(crate) fn passed(&mut self, sent_at: Instant) {
        self.refusals = 0;
        self.passes = self.passes.saturating_add(1);
        let since = self.since_success(sent_at);
        self.last_success = self.last_success.max(Some(sent_at));
        if let (Some(trial), Some(since)) = (&mut self.trial, since) {
            trial.passed(since);
        }
    }

    /// A call sent at `sent_at` was refused, as is known at `now`; `gap` is what was kept between calls until then.
    pub(crate) fn refused(&mut self, sent_at: Instant, now: Instant, gap: Duration, trial: Trial) -> Response {
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
        self.may_begin(row, sent_at, gap, trial)
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
    fn may_begin(&mut self, row: Option<u32>, sent_at: Instant, gap: Duration, trial: Trial) -> Response {
        let Some(passes) = row else { return Response::Cooldown };
        self.signs = if passes <= FEW { self.signs + 1 } else { 0 };
        self.rows = self.rows.saturating_add(1);
        let it_is_time = trial == Trial::AtOnce && self.rows >= self.signs_wanted.saturating_mul(ROWS_PER_SIGN);
        if self.signs < self.signs_wanted && !it_is_time {
            return Response::Cooldown;
        }
        self.rows = 0;
        let is_too_short = passes == 1;
        // A longer gap than it has to be only lets other clients' calls come in between.
        let start = if is_too_short { gap.max(self.period) } else { self.period };
        let search = GapSearch::new(self.period, start, is_too_short);
        self.trial = Some(GapTrial::new(search, sent_at));
        Response::Gap
    }

    /// How long after the last success a call was sent.
    fn since_success(&self, sent_at: Instant) -> Option<Duration> {
        self.last_success.and_then(|success| sent_at.checked_duration_since(success))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const GAP: Duration = Duration::from_millis(202);

    /// Time goes on from call to call, and every answer comes at once.
    struct Story {
        spacing: Spacing,
        now: Instant,
    }

    impl Story {
        fn new() -> Self {
            Self { spacing: Spacing::new(GAP), now: Instant::now() }
        }

        fn pass(&mut self, calls: u32) {
            for _ in 0..calls {
                self.now = self.spacing.earliest().unwrap_or(self.now + GAP);
                self.spacing.send(self.now);
                self.spacing.passed(self.now);
            }
        }

        /// Returns how long the next call has to wait; `None` for a cooldown, which lasts for two seconds.
        fn refuse(&mut self, trial: Trial) -> Option<Duration> {
            self.now = self.spacing.earliest().unwrap_or(self.now + GAP);
            self.spacing.send(self.now);
            let response = self.spacing.refused(self.now, self.now, GAP, trial);
            if response == Response::Cooldown {
                self.now += 2000 * MS;
                return None;
            }
            self.spacing.earliest().map(|next| next - self.now)
        }
    }

    #[test]
    fn the_first_refusal_is_followed_by_a_call_one_gap_later() {
        let mut story = Story::new();
        story.pass(20);
        assert_eq!(story.refuse(Trial::AtOnce), Some(GAP));
        story.pass(200);
        assert_eq!((story.spacing.gap(), story.refuse(Trial::AtOnce)), (Some(GAP), Some(GAP)));
    }

    #[test]
    fn what_may_be_a_ban_begins_no_trial_before_there_are_signs() {
        let mut story = Story::new();
        for (passes, begins) in [(20, false), (20, false), (2, false), (9, false), (3, false), (1, true)] {
            story.pass(passes);
            assert_eq!(story.refuse(Trial::OnSigns).is_some(), begins, "{passes}");
        }
    }

    #[test]
    fn a_window_that_is_full_ends_the_trial_after_three_more_calls_and_the_next_one_comes_late() {
        let mut story = Story::new();
        story.pass(20);
        let waits: Vec<_> = (0..4).map(|_| story.refuse(Trial::AtOnce)).collect();
        assert!(waits[..3].iter().all(|wait| *wait == Some(GAP)) && waits[3].is_none(), "{waits:?}");
        let rows = (1..100).find(|_| {
            story.pass(20);
            story.refuse(Trial::AtOnce).is_some()
        });
        assert_eq!(rows, Some(SIGNS * SIGNS_GROW * ROWS_PER_SIGN));
    }

    #[test]
    fn where_each_second_call_is_refused_the_gap_is_too_short() {
        let mut story = Story::new();
        for _ in 0..4 {
            story.pass(1);
            story.refuse(Trial::AtOnce);
        }
        assert!(story.spacing.gap() > Some(GAP), "{:?}", story.spacing.gap());
    }

    #[test]
    fn a_gap_at_which_many_calls_are_refused_ends_the_trial() {
        let mut story = Story::new();
        story.pass(20);
        story.refuse(Trial::AtOnce);
        let rows = (1..50).find(|_| {
            story.pass(5);
            story.refuse(Trial::AtOnce).is_none()
        });
        assert!(rows.is_some_and(|rows| (3..20).contains(&rows)), "{rows:?}");
    }

    #[test]
    fn a_limiter_that_is_known_to_keep_calls_apart_is_given_another_trial_soon() {
        for (calls, wanted) in [(100, SIGNS * SIGNS_GROW), (600, SIGNS)] {
            let mut story = Story::new();
            story.refuse(Trial::AtOnce);
            story.pass(calls);
            story.spacing.give_up();
            assert_eq!((story.spacing.signs_wanted, story.spacing.gap()), (wanted, None), "{calls}");
        }
    }

    #[test]
    fn a_refusal_that_was_held_back_begins_nothing() {
        let mut story = Story::new();
        story.pass(20);
        story.spacing.refused(story.now, story.now + 10_000 * MS, GAP, Trial::AtOnce);
        assert_eq!(story.spacing.gap(), None);
    }

    #[test]
    fn answers_that_come_late_hurry_no_call() {
        let mut story = Story::new();
        story.pass(20);
        let sent: Vec<_> = (1..=3).map(|call| story.now + GAP * call).collect();
        for sent_at in &sent {
            story.spacing.send(*sent_at);
        }
        let now = sent[2] + 100 * MS;
        story.spacing.refused(sent[0], now, GAP, Trial::AtOnce);
        story.spacing.send(now + GAP);
        story.spacing.refused(sent[1], now + GAP, GAP, Trial::AtOnce);
        assert!(story.spacing.earliest() >= Some(now + 2 * GAP));
    }
}
