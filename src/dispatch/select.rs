//! What to send next, if anything.
//!
//! Part of [`Dispatcher`]: looks at its queues and gates, and never at an answer.

use std::time::{Duration, Instant};

use super::{Call, Dispatcher, StopReason, Waiting, Work};
use crate::dispatch::admission::Gate;
use crate::dispatch::task::{FirstAttempt, Task};
use crate::offer::{Class, OfferError, OfferId};

/// Where an offer to be sent next comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    Throttled,
    Retry,
    New,
    Canary,
}

pub(crate) enum Choice {
    Send(Source),
    Wait(Instant, Waiting),
    Idle,
}

impl Dispatcher {
    /// When so many offers were throttled and nothing passed since, another new one would teach nothing either: they
    /// may all be of a kind that is always throttled. Where more than that are refused and have not passed, one is enough.
    const THROTTLED: usize = 4;
    /// The gap between calls that is taken for the usual one where there is no limit, and at most.
    const GAPS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(15));

    pub(crate) fn check_time(&self, now: Instant) -> Result<(), StopReason> {
        let elapsed = now.saturating_duration_since(self.started);
        if self.policy.max_duration.is_some_and(|max| elapsed >= max) {
            return Err(StopReason::OutOfTime);
        }
        if let Some((since, last)) = self.outage() {
            let lasted = now.saturating_duration_since(since);
            if lasted >= self.policy.max_outage {
                return Err(StopReason::Outage { lasted, last: last.clone() });
            }
        }
        Ok(())
    }

    /// Since when the whole run stands, and the last reason.
    pub(crate) fn outage(&self) -> Option<(Instant, &OfferError)> {
        let stands = self.breaker.is_open() || self.witness_wanted || !self.throttled.is_empty();
        self.stall.as_ref().filter(|_| stands).map(|(since, last)| (*since, last))
    }

    pub(crate) fn choose(&mut self, now: Instant, more: bool) -> Result<Choice, StopReason> {
        let alone = !self.gate.is_open() || self.gate.confirm_at().is_some() || self.breaker.is_open();
        if self.in_flight >= if alone { 1 } else { self.policy.concurrency } {
            return Ok(Choice::Idle);
        }
        if let Some(at) = self.gate.confirm_at().filter(|at| *at > now) {
            return Ok(Choice::Wait(at, Waiting::Confirm));
        }
        if let Some((probes, at)) = self.breaker.next_probe() {
            if self.canary.is_none() {
                // Only they can be asked.
                self.undecided.drain(..).for_each(|(task, _)| self.retries.push(task, now));
            }
            return Ok(if at > now { Choice::Wait(at, Waiting::Outage) } else { Choice::Send(self.probe(probes)) });
        }
        if let Some(until) = self.quiet_until.filter(|until| *until > now) {
            return Ok(Choice::Wait(until, Waiting::Frozen));
        }
        // Whether the key is refused, an offer that passed before can tell; others may be refused for themselves.
        if self.witness_wanted || (self.gate.confirm_at().is_some() && self.canary.is_some()) {
            return Ok(Choice::Send(Source::Canary));
        }
        // Right after a throttle, who was throttled before teaches nothing: it may be the pace again, or the offer.
        let teaches = self.passed_since_throttle;
        if teaches && !self.throttled.is_empty() {
            return Ok(Choice::Send(Source::Throttled));
        }
        let due = self.retries.due(now);
        // Unless it was refused before: a limiter that refuses every second call would refuse it each time, were it
        // always asked behind another. So now and then it is the first.
        let may_be_first = |task: &Task| teaches || (task.refusals.is_suspicious() && self.health.suspects_first());
        let is_fit = |task: &Task| task.refusals.would_tell(self.traffic) && may_be_first(task);
        if due.is_some_and(|task| !task.refusals.is_open() || is_fit(task)) {
            return Ok(Choice::Send(Source::Retry));
        }
        if !self.new.is_empty() && self.gate.may_begin() && self.throttled.len() < self.most_throttled() {
            return Ok(Choice::Send(Source::New));
        }
        // Where nothing but throttles has ever come, the first offers may be what is throttled: every second call tries
        // another, which costs nothing, as one call leaves for each freeze anyway.
        if !self.new.is_empty() && self.only_throttled() && self.counts.throttled.is_multiple_of(2) {
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
            None => self.dead_end(now, more),
        }
    }

    fn most_throttled(&self) -> usize {
        if self.refused > Self::THROTTLED { 1 } else { Self::THROTTLED }
    }

    fn only_throttled(&self) -> bool {
        let others = self.undecided.len() + self.judged.len() + self.gate.suspects();
        !self.gate.is_open() && others == 0 && self.retries.is_empty() && !self.throttled.is_empty()
    }

    /// Only offers that were throttled are left, and nothing has passed since the last throttle. So something that is
    /// known to pass has to be asked for first.
    fn instead_of(&self, source: Source) -> Choice {
        match self.canary {
            Some(_) if self.in_flight > 0 => Choice::Idle,
            Some(_) => Choice::Send(Source::Canary),
            None => Choice::Send(source),
        }
    }

    /// Nothing can be sent that was not sent too often: settles what is left, or finds out what it means.
    fn dead_end(&mut self, now: Instant, more: bool) -> Result<Choice, StopReason> {
        let stuck = self.undecided.len() + self.judged.len() + self.gate.suspects();
        let others = more || !self.new.is_empty();
        if self.in_flight > 0 || (stuck == 0 && (self.gate.may_begin() || !others)) {
            return Ok(Choice::Idle);
        }
        if self.gate.is_open() {
            return Ok(Choice::Send(Source::Canary));
        }
        if self.gate.may_begin() && others {
            return Ok(Choice::Idle);
        }
        if let Some(error) = self.gate.refusal() {
            return Err(StopReason::Refused(error.clone()));
        }
        self.nothing_passes(now, others)
    }

    /// The first offers have used up their attempts, and nothing has ever passed.
    fn nothing_passes(&mut self, now: Instant, others: bool) -> Result<Choice, StopReason> {
        let is_apis_own = |error: &OfferError| error.kind.class() == Class::Transient && error.is_apis_own();
        let in_apis_voice = self.undecided.iter().filter(|(_, error)| is_apis_own(error)).count();
        if self.gate.expects_failures() && self.last_up.is_some() {
            // The host has answered as the API does: what fails here fails for itself, as it did before.
            self.finished.extend(self.undecided.drain(..).map(|(task, error)| (task, Err(error))));
        } else if self.gate.host_is_known() && !self.gate.expects_failures() {
            self.breaker.trip(now);
        } else if in_apis_voice > 0 && others && self.undecided.len() < Gate::IN_A_ROW {
            // It is the API, and others may fare better.
        } else if in_apis_voice > 0 && in_apis_voice == self.undecided.len() && in_apis_voice < Gate::FIRST_OFFERS {
            self.finished.extend(self.undecided.drain(..).map(|(task, error)| (task, Err(error))));
        } else {
            let last =
                self.undecided.pop().map(|(_, error)| error).or_else(|| self.stall.take().map(|(_, error)| error));
            return last.map_or(Ok(Choice::Idle), |last| {
                let refused = last.kind.class() == Class::Account;
                Err(if refused { StopReason::Refused(last) } else { StopReason::NothingPassed(last) })
            });
        }
        self.gate.begin_anew();
        self.choose(now, others)
    }

    /// The best probe is an offer that passed before: an unfinished one may be what is broken itself. But so may the
    /// canary be by now, so every second probe is another; and where some may have been unlucky, that may be the first.
    fn probe(&self, probes: u32) -> Source {
        let turn = probes + u32::from(self.refused > 0 && self.health.suspects_first());
        if turn.is_multiple_of(2) && self.canary.is_some() {
            Source::Canary
        } else if !self.throttled.is_empty() {
            Source::Throttled
        } else if !self.retries.is_empty() {
            Source::Retry
        } else if !self.new.is_empty() {
            Source::New
        } else {
            Source::Canary
        }
    }

    pub(crate) fn take(&mut self, source: Source, now: Instant) -> Option<Call> {
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
            Source::Canary => (self.canary?, Work::Canary),
        };
        if matches!(work, Work::Canary) {
            self.witness_wanted = false;
        }
        self.counts.calls += 1;
        self.in_flight += 1;
        let apart = self.last_departure.is_none_or(|last| now >= last + 2 * self.usual_gap());
        self.last_departure = Some(now);
        Some(Call { offer, work, permit: self.pace.send(now), apart })
    }

    /// When the next call from `source` may leave, if one more refusal would be taken for the offer's own: a limiter that
    /// keeps calls apart is not to be to blame for it.
    pub(crate) fn apart_at(&self, source: Source) -> Option<Instant> {
        let task = match source {
            Source::Throttled => self.throttled.front(),
            Source::Retry => self.retries.peek(),
            Source::New | Source::Canary => None,
        };
        task.filter(|task| task.refusals.next_decides(self.traffic, self.refused.saturating_sub(1)))?;
        Some(self.last_departure? + 2 * self.usual_gap())
    }

    fn usual_gap(&self) -> Duration {
        let (least, most) = Self::GAPS;
        let gap = Duration::try_from_secs_f64(self.pace.pace().recip()).unwrap_or(most);
        gap.max(self.pace.period()).clamp(least, most)
    }

    fn work(&mut self, mut task: Task, now: Instant) -> (OfferId, Work) {
        if task.first_attempt.is_none() {
            self.gate.begun();
            task.first_attempt = Some(FirstAttempt { at: now, stalled_for: self.stalled_for(now) });
        }
        task.up_when_sent = self.last_up;
        self.counts.retries += u64::from(task.attempts > 0);
        (task.offer, if self.breaker.is_open() { Work::Probe(task) } else { Work::Attempt(task) })
    }
}
