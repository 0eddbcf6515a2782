//! What to send next, if anything.
//!
//! Part of [`Schedule`]: looks at its queues and gates, and never at an answer.

use std::time::Instant;

use super::gate::Gate;
use super::task::FirstAttempt;
use super::{Call, Schedule, Stop, Waiting, Work};
use crate::offer::Class;

/// Where an offer to be sent next comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    Throttled,
    Retry,
    New,
    Parked,
    Witness,
}

pub(super) enum Choice {
    Send(Source),
    Wait(Instant, Waiting),
    Idle,
}

impl Schedule {
    pub(super) fn check_time(&self, now: Instant) -> Result<(), Stop> {
        let elapsed = now.saturating_duration_since(self.started);
        if self.policy.max_duration.is_some_and(|max| elapsed >= max) {
            return Err(Stop::OutOfTime);
        }
        if let Some((since, last)) = &self.trouble {
            let lasted = now.saturating_duration_since(*since);
            let standing = self.breaker.is_open() || !self.throttled.is_empty();
            if standing && lasted > self.policy.max_outage {
                return Err(Stop::Outage { lasted, last: last.clone() });
            }
        }
        Ok(())
    }

    pub(super) fn choose(&mut self, now: Instant, more: bool) -> Result<Choice, Stop> {
        let slots = if self.gate.is_open() && !self.breaker.is_open() { self.policy.concurrency } else { 1 };
        if self.in_flight >= slots {
            return Ok(Choice::Idle);
        }
        if let Some(at) = self.gate.confirm_at(now) {
            return Ok(Choice::Wait(at, Waiting::Confirm));
        }
        if let Some(at) = self.breaker.probe_at() {
            return Ok(if at > now { Choice::Wait(at, Waiting::Outage) } else { Choice::Send(self.probe_source()) });
        }
        if self.witness_wanted {
            return Ok(Choice::Send(Source::Witness));
        }
        let teaches = self.throttled.front().is_some_and(|task| task.throttles.others_passed(self.traffic));
        let source = if teaches {
            Source::Throttled
        } else if self.retries.is_due(now) {
            Source::Retry
        } else if !self.new.is_empty() && self.gate.may_begin() {
            Source::New
        } else if !self.throttled.is_empty() {
            Source::Throttled
        } else if let Some(due) = self.retries.next_due() {
            return Ok(Choice::Wait(due, Waiting::Retry));
        } else {
            return self.dead_end(more);
        };
        Ok(Choice::Send(source))
    }

    /// Nothing can be sent that was not sent too often: settles what is left, or finds out what it means.
    fn dead_end(&mut self, more: bool) -> Result<Choice, Stop> {
        let stuck = self.parked.len() + self.gate.suspects();
        let others_may_come = more || self.in_flight > 0 || !self.new.is_empty();
        let enough = !self.gate.is_open() && stuck >= Gate::FIRST_OFFERS;
        if stuck == 0 || (others_may_come && !enough) {
            return Ok(Choice::Idle);
        }
        if self.gate.is_open() {
            return Ok(Choice::Send(Source::Witness));
        }
        if let Some(error) = self.gate.refusal() {
            return Err(Stop::Refused(error.clone()));
        }
        if let Some((_, last)) = self.trouble.take().filter(|_| !self.parked.is_empty()) {
            let refused = last.kind.class() == Class::Account;
            return Err(if refused { Stop::Refused(last) } else { Stop::NothingPassed(last) });
        }
        // Fewer than three offers in all, and each was refused as if for itself.
        let own = self.gate.passed();
        self.finished.extend(own.into_iter().map(|(task, error)| (task, Err(error))));
        Ok(Choice::Idle)
    }

    /// While the service is gone an unfinished offer is the best probe, unless it may be what is broken itself.
    fn probe_source(&self) -> Source {
        if !self.throttled.is_empty() {
            Source::Throttled
        } else if !self.retries.is_empty() {
            Source::Retry
        } else if self.witness.is_some() {
            Source::Witness
        } else if !self.parked.is_empty() {
            Source::Parked
        } else {
            Source::New
        }
    }

    pub(super) fn take(&mut self, source: Source, now: Instant) -> Option<Call> {
        let probing = self.breaker.is_open();
        let task = match source {
            Source::Throttled => Some(self.throttled.pop_front()?),
            Source::Retry => Some(self.retries.pop()?),
            Source::New => Some(self.new.pop_front()?),
            Source::Parked => Some(self.parked.pop_front()?),
            Source::Witness => None,
        };
        self.counts.calls += 1;
        self.in_flight += 1;
        let departure = self.pace.send(now);
        let Some(mut task) = task else {
            self.witness_wanted = false;
            return self.witness.map(|offer| Call { offer, work: Work::Witness, departure });
        };
        if task.first_attempt.is_none() {
            self.gate.begun();
            task.first_attempt = Some(FirstAttempt { at: now, standstill: self.counts.standstill() });
        }
        self.counts.retries += u64::from(task.attempts > 0);
        let offer = task.offer;
        let work = if probing { Work::Probe(task) } else { Work::Attempt(task) };
        Some(Call { offer, work, departure })
    }
}
