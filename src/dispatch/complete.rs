//! What an answer means for its offer and for the run, where it is no refusal for the pace.
//!
//! Part of [`Dispatcher`]: moves an offer to where it belongs next, and never decides what is sent.

use std::time::{Duration, Instant};

use super::{Dispatcher, StopReason, Work};
use crate::dispatch::Task;
use crate::dispatch::admission::{Gate, Ruling};
use crate::dispatch::health::Whose;
use crate::dispatch::patience::Patience;
use crate::offer::{ErrorKind, OfferError, OfferId, Outcome};
use crate::pace::{Permit, Signal};

/// A call that is back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoundTrip {
    pub(crate) offer: OfferId,
    pub(crate) permit: Permit,
    /// When its answer was read.
    pub(crate) back: Instant,
    /// It left after twice the usual gap.
    pub(crate) apart: bool,
}

impl Dispatcher {
    /// The service is up and answers for offers.
    pub(crate) fn passed(&mut self, work: Work, outcome: Outcome, trip: RoundTrip) {
        let (sent_at, now) = (trip.permit.at, trip.back);
        self.pace.answered(trip.permit, now, Signal::Passed);
        self.traffic.passes += 1;
        self.passed_since_throttle = true;
        self.patience.passed(sent_at);
        self.last_up = self.last_up.max(Some(sent_at));
        self.stalled_for = self.stalled_for(now);
        self.stall = None;
        self.canary = Some(trip.offer);
        self.witness_wanted = false;
        if let Some(outage) = self.breaker.passed(now) {
            self.counts.outage += outage;
        }
        for (mut task, error) in self.gate.passed(sent_at) {
            task.attempts += 1;
            self.retry_or_end(task, error, now);
        }
        self.release_parked(sent_at, now);
        self.end_judged(sent_at);
        let first = match work {
            Work::Attempt(task) | Work::Probe(task) => {
                let refusals = task.refusals;
                if refusals.is_open() {
                    self.refused = self.refused.saturating_sub(1);
                    self.traffic.excused += u64::from(refusals.counted());
                    self.health.settled(false);
                }
                self.finished.push((task, outcome));
                refusals.counted() == 0
            }
            Work::Canary => {
                // Where it is asked in turn with the last offers, a limiter that refuses every second call would refuse
                // them each time: now and then it is asked twice.
                self.witness_wanted = self.refused > 0 && self.new.is_empty() && self.backoff.coin();
                true
            }
        };
        self.health.passed(first);
    }

    /// A call sent at `sent_at` shows that the service was up after these failed: they are asked once more.
    fn release_parked(&mut self, sent_at: Instant, now: Instant) {
        for (task, error) in std::mem::take(&mut self.undecided) {
            if task.failed_before(sent_at) {
                self.retries.push(task, now);
            } else {
                self.undecided.push((task, error));
            }
        }
    }

    /// A call sent at `sent_at` passed, so that these were refused while others passed before and after.
    fn end_judged(&mut self, sent_at: Instant) {
        for (task, error) in std::mem::take(&mut self.judged) {
            if task.failed_before(sent_at) {
                self.finished.push((task, Err(error)));
            } else {
                self.judged.push((task, error));
            }
        }
    }

    /// Something in front of the API has answered. Where different offers get that in a row, one that passed before tells
    /// whether all would.
    pub(crate) fn failed_at_gateway(&mut self, work: Work, error: OfferError, trip: RoundTrip) {
        self.health.refused(trip.offer, Whose::Suspect);
        if self.gate.is_open() && self.health.in_a_row() >= Gate::IN_A_ROW {
            self.witness_wanted = true;
        }
        self.failed(work, error, trip);
    }

    /// The call failed in a way that may pass.
    pub(crate) fn failed(&mut self, work: Work, error: OfferError, trip: RoundTrip) {
        let now = trip.back;
        // Only the API's own answers say that it takes calls at this pace.
        let signal = match () {
            () if error.is_unheard() => Signal::Lost,
            () if error.is_apis_own() => Signal::Passed,
            () => Signal::Ignored,
        };
        self.pace.answered(trip.permit, now, signal);
        self.note_trouble(error.clone(), now);
        // Before anything has passed there is no outage to wait for: host or network may be wrong, and the run ends.
        if self.gate.host_is_known() {
            self.breaker.failed(trip.permit.at, now);
        }
        if self.gate.expects_failures() && error.is_apis_own() {
            self.last_up = self.last_up.max(Some(trip.permit.at));
            self.release_parked(trip.permit.at, now);
        }
        match work {
            Work::Attempt(mut task) => {
                task.attempts += 1;
                self.retry_or_end(task, error, now);
            }
            Work::Probe(mut task) => {
                task.failed_at = Some(now);
                if self.gate.is_open() && self.is_spent(&task, now) {
                    self.undecided.push((task, error));
                } else {
                    self.retries.push(task, now);
                }
            }
            Work::Canary => {
                self.health.set_suspects_first(self.backoff.coin());
                self.breaker.trip(now);
            }
        }
    }

    pub(crate) fn note_trouble(&mut self, error: OfferError, now: Instant) {
        let since = self.stall.take().map_or(now, |(since, _)| since);
        self.stall = Some((since, error));
    }

    /// How long in all nothing passed after a failure or a throttle, breaker open or not: time that no offer is
    /// charged. Before anything has passed it is charged, since host or network may be wrong.
    pub(crate) fn stalled_for(&self, now: Instant) -> Duration {
        let current = self.stall.as_ref().filter(|_| self.gate.is_open());
        self.stalled_for + current.map_or(Duration::ZERO, |(since, _)| now.saturating_duration_since(*since))
    }

    /// A failure is the offer's own only if the service was up between its last two. To look back further would let
    /// an outage write error rows for offers that had failed before it began; to look past the permit of the last
    /// one, for a call that left during the outage and hung until after its end.
    fn retry_or_end(&mut self, mut task: Task, error: OfferError, now: Instant) {
        let was_up_between = task.up_when_sent.is_some_and(|sent_at| task.failed_before(sent_at));
        task.failed_at = Some(now);
        if !self.is_spent(&task, now) {
            let delay = self.backoff.delay(task.attempts);
            self.retries.push(task, now + delay);
        } else if was_up_between {
            if task.refusals.is_open() {
                self.refused = self.refused.saturating_sub(1);
            }
            self.finished.push((task, Err(error)));
        } else {
            self.undecided.push((task, error));
        }
    }

    pub(crate) fn is_spent(&self, task: &Task, now: Instant) -> bool {
        let tried_for = task.first_attempt.map_or(Duration::ZERO, |first| {
            let stalled_for = self.stalled_for(now).saturating_sub(first.stalled_for);
            now.saturating_duration_since(first.at).saturating_sub(stalled_for)
        });
        task.attempts > self.policy.retries || tried_for > Self::MAX_EFFORT
    }

    /// The API says something about the account.
    pub(crate) fn suspected(&mut self, work: Work, error: OfferError, trip: RoundTrip) -> Result<(), StopReason> {
        self.pace.answered(trip.permit, trip.back, Signal::Passed);
        let (Work::Attempt(task) | Work::Probe(task)) = work else { return Err(StopReason::Refused(error)) };
        match self.gate.suspect(task, error.clone()) {
            Ruling::Unclear => {}
            Ruling::AskWitness => self.witness_wanted = true,
            Ruling::Refused => return Err(StopReason::Refused(error)),
        }
        Ok(())
    }

    /// Whether a refusal is looked at once more: that of a key always, and a redirect when calls have passed before, as
    /// one server of many may be under maintenance.
    pub(crate) fn may_pass(&self, kind: ErrorKind) -> bool {
        kind == ErrorKind::Unauthorized || (kind == ErrorKind::Redirect && self.gate.is_open())
    }

    /// An answer that the key is wrong, or the host. What is not in the API's own voice, once calls have passed, may be a
    /// gateway's: that is an outage, until minutes have changed nothing.
    pub(crate) fn unauthorized(&mut self, work: Work, error: OfferError, trip: RoundTrip) -> Result<(), StopReason> {
        let now = trip.back;
        let may_be_gateway = self.gate.is_open() && !error.is_apis_own();
        if may_be_gateway && self.breaker.is_open() {
            if error.kind == ErrorKind::Unauthorized && self.breaker.open_for(now) >= Patience::WHOLE {
                return Err(StopReason::Refused(error));
            }
            self.failed(work, error, trip);
            return Ok(());
        }
        if self.gate.unauthorized(trip.permit.at, now) == Ruling::Refused {
            if !may_be_gateway {
                return Err(StopReason::Refused(error));
            }
            self.gate.stop_confirming();
            self.breaker.trip(now);
        }
        self.pace.answered(trip.permit, now, Signal::Passed);
        self.note_trouble(error.clone(), now);
        if let Work::Attempt(mut task) | Work::Probe(mut task) = work {
            task.attempts += 1;
            self.retry_or_end(task, error, now);
        }
        Ok(())
    }
}
