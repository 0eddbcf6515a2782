//! What an answer means for its offer and for the run.
//!
//! Part of [`Schedule`]: moves an offer to where it belongs next, and never decides what is sent.

use std::time::{Duration, Instant};

use super::gate::Ruling;
use super::pace::{Departure, Signal};
use super::task::{Meaning, Task};
use super::{Schedule, Stop, Work};
use crate::offer::{Class, ErrorKind, OfferError, OfferId, Outcome};

/// A call that was refused for its pace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Throttle {
    pub(super) departure: Departure,
    pub(super) retry_after: Option<Duration>,
    pub(super) at: Instant,
}

impl Schedule {
    /// The service is up and answers for offers.
    pub(super) fn passed(&mut self, offer: OfferId, work: Work, outcome: Outcome, now: Instant) {
        self.traffic.passes += 1;
        self.trouble = None;
        self.witness = Some(offer);
        if let Some(outage) = self.breaker.passed(now) {
            self.counts.outage += outage;
        }
        for (mut task, error) in self.gate.passed() {
            if error.kind.class() == Class::Offer {
                self.finished.push((task, Err(error)));
            } else {
                task.attempts += 1;
                self.retry_or_end(task, error, now);
            }
        }
        for task in self.parked.drain(..) {
            self.retries.push(task, now);
        }
        if let Work::Attempt(task) | Work::Probe(task) = work {
            self.finished.push((task, outcome));
        }
    }

    /// The call failed in a way that may pass.
    pub(super) fn failed(&mut self, work: Work, error: OfferError, now: Instant) {
        self.note_trouble(error.clone(), now);
        self.breaker.failed(now);
        match work {
            Work::Attempt(mut task) => {
                task.attempts += 1;
                self.retry_or_end(task, error, now);
            }
            Work::Probe(task) if self.is_spent(&task, now) => self.parked.push_back(task),
            Work::Probe(task) => self.retries.push(task, now),
            Work::Witness => self.breaker.trip(now),
        }
    }

    fn note_trouble(&mut self, error: OfferError, now: Instant) {
        let since = self.trouble.take().map_or(now, |(since, _)| since);
        self.trouble = Some((since, error));
    }

    fn retry_or_end(&mut self, task: Task, error: OfferError, now: Instant) {
        if !self.is_spent(&task, now) {
            let delay = self.backoff.delay(task.attempts);
            self.retries.push(task, now + delay);
        } else if self.was_up_meanwhile(&task) {
            self.finished.push((task, Err(error)));
        } else {
            self.parked.push_back(task);
        }
    }

    fn is_spent(&self, task: &Task, now: Instant) -> bool {
        let tried_for = task.first_attempt.map_or(Duration::ZERO, |first| {
            let stood_still = self.counts.standstill().saturating_sub(first.standstill);
            now.saturating_duration_since(first.at).saturating_sub(stood_still)
        });
        task.attempts > self.policy.retries || tried_for > Self::MAX_EFFORT
    }

    /// A failure is the offer's own only if another offer passed after this one was first asked for.
    fn was_up_meanwhile(&self, task: &Task) -> bool {
        self.traffic.passes > 0 && task.first_attempt.is_some_and(|first| self.breaker.last_pass() > first.at)
    }

    /// The network refused the call for its pace. An offer that is refused alone is another matter.
    pub(super) fn throttled(&mut self, work: Work, error: OfferError, throttle: Throttle) -> Result<(), Stop> {
        self.traffic.throttles += 1;
        self.counts.throttled += 1;
        let Throttle { departure, retry_after, at: now } = throttle;
        let (Work::Attempt(mut task) | Work::Probe(mut task)) = work else {
            self.freeze(throttle);
            self.witness_wanted = !self.breaker.is_open();
            return Ok(());
        };
        match task.throttles.add(self.traffic) {
            Meaning::Pace => {
                self.note_trouble(error, now);
                self.freeze(throttle);
                self.throttled.push_back(task);
                return self.too_long(retry_after, now);
            }
            Meaning::Doubtful => {
                self.pace.answered(departure, now, Signal::Ignored);
                let delay = retry_after.unwrap_or_default().clamp(Duration::from_secs(2), Self::LONGEST_WAIT);
                self.retries.push(task, now + delay);
            }
            Meaning::Offer => {
                self.pace.answered(departure, now, Signal::Ignored);
                task.attempts += 1;
                self.retry_or_end(task, OfferError { kind: ErrorKind::ServerError, ..error }, now);
            }
        }
        Ok(())
    }

    fn freeze(&mut self, Throttle { departure, retry_after, at: now }: Throttle) {
        let retry_after = retry_after.map(|wait| wait.min(Self::LONGEST_WAIT));
        self.pace.answered(departure, now, Signal::Throttled { retry_after });
        if let Some(until) = self.pace.frozen_until(now) {
            self.counts.frozen += until.saturating_duration_since(self.frozen_until.max(now));
            self.frozen_until = until;
        }
    }

    fn too_long(&self, retry_after: Option<Duration>, now: Instant) -> Result<(), Stop> {
        let Some(wait) = retry_after else { return Ok(()) };
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

    /// An answer that the key is wrong.
    pub(super) fn unauthorized(&mut self, work: Work, error: OfferError, now: Instant) -> Result<(), Stop> {
        if self.gate.unauthorized(now) == Ruling::Refused {
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
