//! What to send next, if anything.
//!
//! Part of [`Schedule`]: looks at its queues and gates, and never at an answer.

use std::time::Instant;

use super::gate::Gate;
use super::task::{FirstAttempt, Task};
use super::{Call, Schedule, Stop, Waiting, Work};
use crate::offer::{Class, OfferError, OfferId};

/// Where an offer to be sent next comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    Throttled,
    Retry,
    New,
    Witness,
}

pub(super) enum Choice {
    Send(Source),
    Wait(Instant, Waiting),
    Idle,
}

impl Schedule {
    /// When so many offers were throttled and nothing passed since, another new one would teach nothing either: they
    /// may all be of a kind that is always throttled.
    const THROTTLED: usize = 4;

    pub(super) fn check_time(&self, now: Instant) -> Result<(), Stop> {
        let elapsed = now.saturating_duration_since(self.started);
        if self.policy.max_duration.is_some_and(|max| elapsed >= max) {
            return Err(Stop::OutOfTime);
        }
        if let Some((since, last)) = self.outage() {
            let lasted = now.saturating_duration_since(since);
            if lasted >= self.policy.max_outage {
                return Err(Stop::Outage { lasted, last: last.clone() });
            }
        }
        Ok(())
    }

    /// Since when the whole run stands, and the last reason.
    pub(super) fn outage(&self) -> Option<(Instant, &OfferError)> {
        let stands = self.breaker.is_open() || self.witness_wanted || !self.throttled.is_empty();
        self.trouble.as_ref().filter(|_| stands).map(|(since, last)| (*since, last))
    }

    pub(super) fn choose(&mut self, now: Instant, more: bool) -> Result<Choice, Stop> {
        let alone = !self.gate.is_open() || self.gate.confirm_at().is_some() || self.breaker.is_open();
        if self.in_flight >= if alone { 1 } else { self.policy.concurrency } {
            return Ok(Choice::Idle);
        }
        if let Some(at) = self.gate.confirm_at().filter(|at| *at > now) {
            return Ok(Choice::Wait(at, Waiting::Confirm));
        }
        if let Some((probes, at)) = self.breaker.next_probe() {
            return Ok(if at > now { Choice::Wait(at, Waiting::Outage) } else { Choice::Send(self.probe(probes)) });
        }
        // Whether the key is refused, an offer that passed before can tell; others may be refused for themselves.
        if self.witness_wanted || (self.gate.confirm_at().is_some() && self.witness.is_some()) {
            return Ok(Choice::Send(Source::Witness));
        }
        // Right after a throttle, who was throttled before teaches nothing: it may be the pace again, or the offer.
        let teaches = self.passed_since_throttle;
        if teaches && !self.throttled.is_empty() {
            return Ok(Choice::Send(Source::Throttled));
        }
        let due = self.retries.due(now);
        if due.is_some_and(|task| teaches || !task.throttles.any()) {
            return Ok(Choice::Send(Source::Retry));
        }
        if !self.new.is_empty() && self.gate.may_begin() && self.throttled.len() < Self::THROTTLED {
            return Ok(Choice::Send(Source::New));
        }
        // Where nothing but throttles has ever come, the first offers may be what is throttled: every second call tries
        // another, which costs nothing, as one call leaves for each freeze anyway.
        if !self.new.is_empty() && self.only_throttled() && self.traffic.throttles.is_multiple_of(2) {
            return Ok(Choice::Send(Source::New));
        }
        if due.is_some() {
            return Ok(self.instead_of(Source::Retry));
        }
        if !self.throttled.is_empty() {
            return Ok(self.instead_of(Source::Throttled));
        }
        match self.retries.next_due() {
            Some(due) => Ok(Choice::Wait(due, Waiting::Retry)),
            None => self.dead_end(more),
        }
    }

    fn only_throttled(&self) -> bool {
        let others = self.parked.len() + self.gate.suspects();
        !self.gate.is_open() && others == 0 && self.retries.is_empty() && !self.throttled.is_empty()
    }

    /// Only offers that were throttled are left, and nothing has passed since the last throttle. So something that is
    /// known to pass has to be asked for first.
    fn instead_of(&self, source: Source) -> Choice {
        match self.witness {
            Some(_) if self.in_flight > 0 => Choice::Idle,
            Some(_) => Choice::Send(Source::Witness),
            None => Choice::Send(source),
        }
    }

    /// Nothing can be sent that was not sent too often: settles what is left, or finds out what it means.
    fn dead_end(&mut self, more: bool) -> Result<Choice, Stop> {
        let stuck = self.parked.len() + self.gate.suspects();
        if stuck == 0 || self.in_flight > 0 {
            return Ok(Choice::Idle);
        }
        if self.gate.is_open() {
            return Ok(Choice::Send(Source::Witness));
        }
        if stuck < Gate::FIRST_OFFERS && (more || !self.new.is_empty()) {
            return Ok(Choice::Idle);
        }
        if let Some(error) = self.gate.refusal() {
            return Err(Stop::Refused(error.clone()));
        }
        if let Some((_, last)) = self.trouble.take().filter(|_| !self.parked.is_empty()) {
            let refused = last.kind.class() == Class::Account;
            return Err(if refused { Stop::Refused(last) } else { Stop::NothingPassed(last) });
        }
        // Fewer than three offers in all, and each was refused as if for itself.
        let own = self.gate.release();
        self.finished.extend(own.into_iter().map(|(task, error)| (task, Err(error))));
        Ok(Choice::Idle)
    }

    /// The best probe is an offer that passed before: an unfinished one may be what is broken itself. But so may the
    /// witness be by now, so every second probe is another.
    fn probe(&self, probes: u32) -> Source {
        if probes.is_multiple_of(2) {
            Source::Witness
        } else if !self.throttled.is_empty() {
            Source::Throttled
        } else if !self.retries.is_empty() {
            Source::Retry
        } else if !self.new.is_empty() {
            Source::New
        } else {
            Source::Witness
        }
    }

    pub(super) fn take(&mut self, source: Source, now: Instant) -> Option<Call> {
        let (offer, work) = match source {
            Source::Throttled => {
                let task = self.throttled.pop_front()?;
                self.work(task, now)
            }
            Source::Retry => {
                let task = self.retries.pop()?;
                self.work(task, now)
            }
            Source::New => {
                let task = self.new.pop_front()?;
                self.work(task, now)
            }
            Source::Witness => (self.witness?, Work::Witness),
        };
        if matches!(work, Work::Witness) {
            self.witness_wanted = false;
        }
        self.counts.calls += 1;
        self.in_flight += 1;
        Some(Call { offer, work, departure: self.pace.send(now) })
    }

    fn work(&mut self, mut task: Task, now: Instant) -> (OfferId, Work) {
        if task.first_attempt.is_none() {
            self.gate.begun();
            task.first_attempt = Some(FirstAttempt { at: now, troubled: self.troubled(now) });
        }
        task.up_when_sent = self.last_up;
        self.counts.retries += u64::from(task.attempts > 0);
        (task.offer, if self.breaker.is_open() { Work::Probe(task) } else { Work::Attempt(task) })
    }
}
