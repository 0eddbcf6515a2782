//! Whether the service is up, as far as calls have shown: the last success, the canary, a stall, a freeze.
//!
//! A record with its rules; what is sent because of it is decided in `select`.

use std::time::{Duration, Instant};

use crate::dispatch::call::Canary;
use crate::offer::OfferError;

/// Whether anything has succeeded yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing has: host or network may be wrong.
    Starting,
    /// Something has: what fails now worked before.
    Running,
}

/// What is known of the service.
#[derive(Debug)]
pub(crate) struct Health<R> {
    /// When the latest call that succeeded was sent: at some time after that the service was up.
    pub(crate) last_success: Option<Instant>,
    /// The last request that succeeded.
    pub(crate) canary: Option<Canary<R>>,
    pub(crate) canary_wanted: bool,
    /// It succeeded, and is asked a second time.
    pub(crate) canary_repeated: bool,
    stall: Option<Stall>,
    /// How long all stalls before this one lasted.
    stalled_before: Duration,
    pub(crate) success_since_throttle: bool,
    pub(crate) frozen_until: Instant,
    /// After a single refusal that may be the pace's nothing is sent until then; the pace stays as it is.
    pub(crate) quiet_until: Option<Instant>,
}

/// A time in which calls are sent and nothing succeeds.
#[derive(Debug)]
struct Stall {
    since: Instant,
    phase: Phase,
    /// The last failure.
    reason: OfferError,
}

impl<R> Health<R> {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            last_success: None,
            canary: None,
            canary_wanted: false,
            canary_repeated: false,
            stall: None,
            stalled_before: Duration::ZERO,
            success_since_throttle: false,
            frozen_until: now,
            quiet_until: None,
        }
    }

    /// A call sent at `sent_at` succeeded.
    pub(crate) fn success(&mut self, canary: Canary<R>, sent_at: Instant, now: Instant) {
        self.success_since_throttle = true;
        self.up_at(sent_at);
        self.stalled_before = self.stalled_for(now);
        self.stall = None;
        self.canary = Some(canary);
        self.canary_wanted = false;
    }

    /// The service answered a call sent at `sent_at`.
    pub(crate) fn up_at(&mut self, sent_at: Instant) {
        self.last_success = self.last_success.max(Some(sent_at));
    }

    /// A call failed or was refused.
    pub(crate) fn failure(&mut self, reason: OfferError, phase: Phase, now: Instant) {
        let (since, phase) = self.stall.take().map_or((now, phase), |stall| (stall.since, stall.phase));
        self.stall = Some(Stall { since, phase, reason });
    }

    /// How long nothing succeeded after a failure or a throttle, in all: time that no request is charged. Before
    /// anything has succeeded it is charged, since host or network may be wrong.
    pub(crate) fn stalled_for(&self, now: Instant) -> Duration {
        let current = self.stall.as_ref().filter(|stall| stall.phase == Phase::Running);
        self.stalled_before + current.map_or(Duration::ZERO, |stall| now.saturating_duration_since(stall.since))
    }

    /// Since when nothing has succeeded, and the last failure.
    pub(crate) fn stall(&self) -> Option<(Instant, &OfferError)> {
        self.stall.as_ref().map(|stall| (stall.since, &stall.reason))
    }

    /// The throttle of a call: how much longer the run stands still, if it does until `until`.
    pub(crate) fn freeze(&mut self, until: Option<Instant>, now: Instant) -> Duration {
        self.success_since_throttle = false;
        let Some(until) = until else { return Duration::ZERO };
        let longer = until.saturating_duration_since(self.frozen_until.max(now));
        self.frozen_until = until;
        longer
    }

    /// Other requests come: none that succeeded before is sent again.
    pub(crate) fn forget_canary(&mut self) {
        self.canary = None;
        self.canary_wanted = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::task::TaskId;
    use crate::offer::ErrorKind;

    const SECOND: Duration = Duration::from_secs(1);

    fn failure() -> OfferError {
        OfferError::local(ErrorKind::Timeout, "no answer")
    }

    fn canary(id: u64) -> Canary<u64> {
        Canary { id: TaskId(id), request: id }
    }

    #[test]
    fn stalls_add_up_once_something_has_succeeded_and_begin_at_their_first_failure() {
        let start = Instant::now();
        let mut health = Health::new(start);
        health.failure(failure(), Phase::Starting, start);
        assert_eq!(health.stalled_for(start + 9 * SECOND), Duration::ZERO, "the host may be wrong");
        health.success(canary(1), start, start + 10 * SECOND);
        assert_eq!(health.stalled_for(start + 10 * SECOND), Duration::ZERO);
        for _ in 0..2 {
            let from = start + 20 * SECOND + health.stalled_for(start);
            health.failure(failure(), Phase::Running, from);
            health.failure(failure(), Phase::Running, from + SECOND);
            assert_eq!(health.stall().map(|(since, _)| since), Some(from));
            health.success(canary(2), from, from + 3 * SECOND);
            assert!(health.stall().is_none());
        }
        assert_eq!(health.stalled_for(start + 60 * SECOND), 6 * SECOND);
    }

    #[test]
    fn the_latest_success_counts_by_when_it_was_sent() {
        let start = Instant::now();
        let mut health = Health::new(start);
        health.canary_wanted = true;
        health.success(canary(1), start + 2 * SECOND, start + 3 * SECOND);
        health.success(canary(2), start + SECOND, start + 4 * SECOND);
        assert_eq!(health.last_success, Some(start + 2 * SECOND));
        assert_eq!(health.canary.as_ref().map(|canary| canary.request), Some(2));
        assert!(!health.canary_wanted);
        health.forget_canary();
        assert!(health.canary.is_none());
    }

    #[test]
    fn freezes_that_overlap_are_counted_once() {
        let start = Instant::now();
        let mut health = Health::<u64>::new(start);
        assert_eq!(health.freeze(Some(start + 2 * SECOND), start), 2 * SECOND);
        assert_eq!(health.freeze(Some(start + 5 * SECOND), start + SECOND), 3 * SECOND);
        assert_eq!(health.freeze(None, start + SECOND), Duration::ZERO);
        assert_eq!(health.freeze(Some(start + 9 * SECOND), start + 7 * SECOND), 2 * SECOND);
        assert!(!health.success_since_throttle);
    }
}
