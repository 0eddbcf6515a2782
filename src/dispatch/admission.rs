//! Whether the network lets this account in at all: the first call goes alone, and what the API says about the account is
//! held back until it is clear whether every request gets it.
//!
//! Decides from counts and times only; what is sent instead is decided in `select`.

use std::time::{Duration, Instant};

use crate::dispatch::health::Phase;

/// What follows from an answer about the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// Too early to say.
    Unclear,
    /// A canary should be sent, to see whether it is refused too.
    AskCanary,
    /// The account or the host is refused.
    Refused,
}

/// Lets calls through one at a time until something succeeds.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    /// Something has succeeded in an earlier run: the host is the API's.
    proven: bool,
    open: bool,
    /// All requests failed before, so that nothing needs to succeed.
    expects_failures: bool,
    begun: usize,
    /// Calls that the server failed while nothing had succeeded.
    failed: usize,
    /// The network has said that the key is wrong; a call from then on is to confirm it.
    confirm_at: Option<Instant>,
}

impl Admission {
    /// While nothing has succeeded, no more requests than this are begun: a wrong account costs 3 calls, not 50.
    pub(crate) const FIRST_REQUESTS: usize = 3;
    /// This many different requests refused in a row are no accident.
    pub(crate) const IN_A_ROW: usize = 10;
    /// One wrong answer about the key may be a hiccup; one this much later is not.
    const CONFIRM_AFTER: Duration = Duration::from_secs(2);

    /// Whether something has succeeded.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// The same, as a stall is charged by it.
    pub(crate) fn phase(&self) -> Phase {
        if self.open { Phase::Running } else { Phase::Starting }
    }

    /// Whether the host is known to be the API's, by this run or an earlier one.
    pub(crate) fn host_is_known(&self) -> bool {
        self.open || self.proven
    }

    /// Calls to this host succeeded in an earlier run.
    pub(crate) fn prove(&mut self) {
        self.proven = true;
    }

    /// All requests failed in an earlier run.
    pub(crate) fn expect_failures(&mut self) {
        self.expects_failures = true;
    }

    /// Whether all requests failed in an earlier run.
    pub(crate) fn expects_failures(&self) -> bool {
        self.expects_failures
    }

    /// Whether another request may be begun.
    pub(crate) fn may_begin(&self) -> bool {
        self.open || self.begun < Self::FIRST_REQUESTS
    }

    /// A request was begun.
    pub(crate) fn begun(&mut self) {
        self.begun += 1;
    }

    /// The server failed a call. Returns whether that is the third one while nothing has succeeded.
    pub(crate) fn failed_at_start(&mut self) -> bool {
        self.failed += 1;
        !self.open && self.failed == Self::FIRST_REQUESTS
    }

    /// How many calls were refused for the limit before anything has passed: those that the server failed, however many,
    /// where silence was kept for them and a call passes then.
    pub(crate) fn refused_at_start(&self) -> usize {
        if !self.open && self.failed >= Self::FIRST_REQUESTS { self.failed } else { 0 }
    }

    /// As many requests as at the start may be begun again, though nothing has succeeded.
    pub(crate) fn begin_anew(&mut self) {
        self.begun = 0;
    }

    /// When a single call may leave to confirm that the key is wrong, if the network has said so.
    pub(crate) fn confirm_at(&self) -> Option<Instant> {
        self.confirm_at
    }

    /// A call sent at `sent_at` succeeded: what was held back concerned its own request only.
    pub(crate) fn success(&mut self, sent_at: Instant) {
        // What was on its way when the key was refused speaks for the time before.
        self.confirm_at = self.confirm_at.filter(|at| sent_at < *at);
        self.open = true;
    }

    /// The network says to a call sent at `sent_at` that the key is wrong.
    pub(crate) fn unauthorized(&mut self, sent_at: Instant, now: Instant) -> Ruling {
        let at = *self.confirm_at.get_or_insert(now + Self::CONFIRM_AFTER);
        if sent_at >= at { Ruling::Refused } else { Ruling::Unclear }
    }

    /// Nothing is to be confirmed any more: an outage has begun, which has its own patience.
    pub(crate) fn stop_confirming(&mut self) {
        self.confirm_at = None;
    }

    /// An answer about the account was held back; now there are `suspects` of them.
    pub(crate) fn suspect(&self, suspects: usize) -> Ruling {
        match (self.open, suspects) {
            (false, n) if n >= Self::FIRST_REQUESTS => Ruling::Refused,
            (true, Self::IN_A_ROW) => Ruling::AskCanary,
            _ => Ruling::Unclear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ruling::{AskCanary, Refused, Unclear};
    use super::*;

    #[test]
    fn three_suspects_end_the_start_and_ten_in_a_row_ask_the_canary() {
        let (mut admission, now) = (Admission::default(), Instant::now());
        let rulings = |admission: &Admission| [1, 2, 3, 9, 10, 11].map(|suspects| admission.suspect(suspects));
        assert_eq!(rulings(&admission), [Unclear, Unclear, Refused, Refused, Refused, Refused]);
        admission.success(now);
        assert_eq!(rulings(&admission), [Unclear, Unclear, Unclear, Unclear, AskCanary, Unclear]);
    }

    #[test]
    fn a_wrong_key_is_confirmed_by_a_call_that_was_sent_two_seconds_later() {
        let (mut admission, now) = (Admission::default(), Instant::now());
        let second = Duration::from_secs(1);
        assert_eq!(admission.unauthorized(now, now + second), Ruling::Unclear);
        admission.success(now);
        assert_eq!(admission.confirm_at(), Some(now + 3 * second), "it was on its way already");
        assert_eq!(admission.unauthorized(now + 2 * second, now + 3 * second), Ruling::Unclear);
        assert_eq!(admission.unauthorized(now + 3 * second, now + 4 * second), Ruling::Refused);
        admission.success(now + 4 * second);
        assert_eq!(admission.confirm_at(), None);
    }
}
