//! What an answer means for its offer and for the run.
//!
//! Part of [`Schedule`]: moves an offer to where it belongs next, and never decides what is sent.

use std::time::{Duration, Instant};

use super::gate::Ruling;
use super::pace::{Departure, Signal};
use super::task::{Meaning, Task};
use super::{Schedule, Stop, Work};
use crate::offer::{Class, ErrorKind, OfferError, OfferId, Outcome};

/// When a call was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trip {
    pub(super) departure: Departure,
    /// When its answer was read.
    pub(super) back: Instant,
}

impl Schedule {
    /// The service is up and answers for offers.
    pub(super) fn passed(&mut self, offer: OfferId, work: Work, outcome: Outcome, trip: Trip) {
        let (left, now) = (trip.departure.at, trip.back);
        self.traffic.passes += 1;
        self.passed_since_throttle = true;
        self.last_up = self.last_up.max(Some(left));
        self.troubled = self.troubled(now);
        self.trouble = None;
        self.witness = Some(offer);
        self.witness_wanted = false;
        if let Some(outage) = self.breaker.passed(now) {
            self.counts.outage += outage;
        }
        for (mut task, error) in self.gate.passed(left) {
            if error.kind.class() == Class::Offer {
                self.finished.push((task, Err(error)));
            } else {
                task.attempts += 1;
                self.retry_or_end(task, error, now);
            }
        }
        for task in std::mem::take(&mut self.parked) {
            if task.failed_before(left) {
                self.retries.push(task, now);
            } else {
                self.parked.push(task);
            }
        }
        if let Work::Attempt(task) | Work::Probe(task) = work {
            self.finished.push((task, outcome));
        }
    }

    /// The call failed in a way that may pass.
    pub(super) fn failed(&mut self, work: Work, error: OfferError, trip: Trip) {
        let now = trip.back;
        self.note_trouble(error.clone(), now);
        // Before anything has passed there is no outage to wait for: host or network may be wrong, and the run ends.
        if self.gate.is_open() {
            self.breaker.failed(trip.departure.at, now);
        }
        match work {
            Work::Attempt(mut task) => {
                task.attempts += 1;
                self.retry_or_end(task, error, now);
            }
            Work::Probe(mut task) => {
                task.failed_at = Some(now);
                if self.is_spent(&task, now) {
                    self.parked.push(task);
                } else {
                    self.retries.push(task, now);
                }
            }
            Work::Witness => self.breaker.trip(now),
        }
    }

    fn note_trouble(&mut self, error: OfferError, now: Instant) {
        let since = self.trouble.take().map_or(now, |(since, _)| since);
        self.trouble = Some((since, error));
    }

    /// How long in all nothing passed after a failure or a throttle, breaker open or not: time that no offer is
    /// charged. Before anything has passed it is charged, since host or network may be wrong.
    pub(super) fn troubled(&self, now: Instant) -> Duration {
        let current = self.trouble.as_ref().filter(|_| self.gate.is_open());
        self.troubled + current.map_or(Duration::ZERO, |(since, _)| now.saturating_duration_since(*since))
    }

    /// A failure is the offer's own only if the service was up between its last two. To look back further would let
    /// an outage write error rows for offers that had failed before it began; to look past the departure of the last
    /// one, for a call that left during the outage and hung until after its end.
    fn retry_or_end(&mut self, mut task: Task, error: OfferError, now: Instant) {
        let was_up_between = task.up_when_sent.is_some_and(|left| task.failed_before(left));
        task.failed_at = Some(now);
        if !self.is_spent(&task, now) {
            let delay = self.backoff.delay(task.attempts);
            self.retries.push(task, now + delay);
        } else if was_up_between {
            self.finished.push((task, Err(error)));
        } else {
            self.parked.push(task);
        }
    }

    fn is_spent(&self, task: &Task, now: Instant) -> bool {
        let tried_for = task.first_attempt.map_or(Duration::ZERO, |first| {
            let troubled = self.troubled(now).saturating_sub(first.troubled);
            now.saturating_duration_since(first.at).saturating_sub(troubled)
        });
        task.attempts > self.policy.retries || tried_for > Self::MAX_EFFORT
    }

    /// The network refused the call for its pace. An offer that is refused alone is another matter.
    pub(super) fn throttled(
        &mut self,
        work: Work,
        error: OfferError,
        retry_after: Option<Duration>,
        trip: Trip,
    ) -> Result<(), Stop> {
        self.traffic.throttles += 1;
        self.passed_since_throttle = false;
        self.counts.throttled += 1;
        let now = trip.back;
        let (Work::Attempt(mut task) | Work::Probe(mut task)) = work else {
            self.note_trouble(error, now);
            self.freeze(retry_after, trip);
            self.witness_wanted = true;
            return self.too_long(retry_after, now);
        };
        match task.throttles.add(self.traffic) {
            Meaning::Pace => {
                self.note_trouble(error, now);
                self.freeze(retry_after, trip);
                self.throttled.push_back(task);
                return self.too_long(retry_after, now);
            }
            Meaning::Doubtful => {
                self.pace.answered(trip.departure, now, Signal::Ignored);
                let delay = retry_after.unwrap_or_default().clamp(Duration::from_secs(2), Self::LONGEST_WAIT);
                self.retries.push(task, now + delay);
            }
            Meaning::Offer => {
                self.pace.answered(trip.departure, now, Signal::Ignored);
                task.attempts += 1;
                self.retry_or_end(task, OfferError { kind: ErrorKind::ServerError, ..error }, now);
            }
        }
        Ok(())
    }

    fn freeze(&mut self, retry_after: Option<Duration>, Trip { departure, back: now }: Trip) {
        let retry_after = retry_after.map(|wait| wait.min(Self::LONGEST_WAIT));
        self.pace.answered(departure, now, Signal::Throttled { retry_after });
        if let Some(until) = self.pace.frozen_until(now) {
            self.counts.frozen += until.saturating_duration_since(self.frozen_until.max(now));
            self.frozen_until = until;
        }
    }

    /// Once a wait that no limit can mean is taken for a mistake: servers that double it with each refusal come to
    /// centuries, and forgive who is silent for a while.
    fn too_long(&mut self, retry_after: Option<Duration>, now: Instant) -> Result<(), Stop> {
        let Some(asked) = retry_after else { return Ok(()) };
        let forgiven = asked > Self::NO_WAIT && !std::mem::replace(&mut self.forgave_no_wait, true);
        let wait = if forgiven { Self::LONGEST_WAIT } else { asked };
        let past_end = self.policy.max_duration.is_some_and(|max| {
            let elapsed = now.saturating_duration_since(self.started);
            wait > max.saturating_sub(elapsed)
        });
        if wait > Self::LONGEST_WAIT || past_end { Err(Stop::ComeBackIn(wait)) } else { Ok(()) }
    }

    /// An answer that may concern every offer.
    pub(super) fn suspected(&mut self, work: Work, error: OfferError) -> Result<(), Stop> {
        let (Work::Attempt(task) | Work::Probe(task)) = work else { return Err(Stop::Refused(error)) };
        match self.gate.suspect(task, error.clone()) {
            Ruling::Unclear => {}
            Ruling::AskWitness => self.witness_wanted = true,
            Ruling::Refused => return Err(Stop::Refused(error)),
        }
        Ok(())
    }

    /// Whether a refusal is looked at once more: that of a key always, and a redirect when calls have passed before, as
    /// one server of many may be under maintenance.
    pub(super) fn may_pass(&self, kind: ErrorKind) -> bool {
        kind == ErrorKind::Unauthorized || (kind == ErrorKind::Redirect && self.gate.is_open())
    }

    /// An answer that the key is wrong, or the host.
    pub(super) fn unauthorized(&mut self, work: Work, error: OfferError, trip: Trip) -> Result<(), Stop> {
        let now = trip.back;
        if self.gate.unauthorized(trip.departure.at, now) == Ruling::Refused {
            return Err(Stop::Refused(error));
        }
        self.note_trouble(error.clone(), now);
        if let Work::Attempt(mut task) | Work::Probe(mut task) = work {
            task.attempts += 1;
            self.retry_or_end(task, error, now);
        }
        Ok(())
    }
}
