//! What to send next, if anything.
//!
//! Part of [`Dispatcher`]: looks at its queues and gates, and never at an answer.

use std::time::Instant;

use crate::dispatch::admission::Admission;
use crate::dispatch::call::{Call, Work};
use crate::dispatch::chance::Gaps;
use crate::dispatch::decision::{Next, Supply, Waiting};
use crate::dispatch::dispatcher::Dispatcher;
use crate::dispatch::queues::Source;
use crate::dispatch::stop::StopReason;
use crate::dispatch::task::{FirstAttempt, Task};
use crate::offer::{Class, ErrorKind, OfferError};

enum Choice {
    Send(Source),
    Wait(Instant, Waiting),
    Idle,
}

impl<R: Clone> Dispatcher<R> {
    /// When this many requests were throttled and nothing has succeeded since, a new one would teach nothing either: all
    /// may be of a kind that is always throttled. Where more than this many are refused, one is enough.
    const REQUEUED: usize = 4;

    /// What to do at `now`.
    ///
    /// # Errors
    /// The run has to stop; what is in flight may still be waited for.
    pub fn next(&mut self, now: Instant, supply: Supply) -> Result<Next<R>, StopReason> {
        self.check_time(now)?;
        let source = match self.choose(now, supply)? {
            Choice::Send(source) => source,
            Choice::Wait(until, why) => return Ok(Next::Wait { until, why }),
            Choice::Idle => return Ok(Next::Idle),
        };
        if let Some(until) = self.apart_at(source).filter(|at| *at > now) {
            return Ok(Next::Wait { until, why: Waiting::Pace });
        }
        if let Err(wait) = self.pace.poll(now) {
            let why = match () {
                () if self.health.frozen_until <= now => Waiting::Pace,
                () if self.judgement.patience.keeps_silent() => Waiting::Ban,
                () => Waiting::Frozen,
            };
            return Ok(Next::Wait { until: wait.until, why });
        }
        Ok(self.take(source, now).map_or(Next::Idle, Next::Send))
    }

    fn check_time(&self, now: Instant) -> Result<(), StopReason> {
        let elapsed = now.saturating_duration_since(self.started);
        if self.policy.max_duration.is_some_and(|max| elapsed >= max) {
            return Err(StopReason::OutOfTime);
        }
        if let Some((since, last)) = self.outage() {
            let lasted = now.saturating_duration_since(since);
            if lasted >= self.policy.max_outage {
                let is_address = last.kind == ErrorKind::Redirect && !self.admission.host_is_known();
                let last = last.clone();
                return Err(if is_address { StopReason::Refused(last) } else { StopReason::Outage { lasted, last } });
            }
        }
        Ok(())
    }

    fn choose(&mut self, now: Instant, supply: Supply) -> Result<Choice, StopReason> {
        let alone = !self.admission.is_open() || self.admission.confirm_at().is_some() || self.breaker.is_open();
        if self.stats.in_flight >= if alone { 1 } else { self.policy.concurrency } {
            return Ok(Choice::Idle);
        }
        if let Some(at) = self.admission.confirm_at().filter(|at| *at > now) {
            return Ok(Choice::Wait(at, Waiting::Confirm));
        }
        if let Some((probes, at)) = self.breaker.next_probe() {
            if self.health.canary.is_none() {
                // Only they can be asked.
                self.queues.retry_undecided(now);
            }
            return Ok(if at > now { Choice::Wait(at, Waiting::Outage) } else { Choice::Send(self.probe(probes)) });
        }
        if let Some(until) = self.health.quiet_until.filter(|until| *until > now) {
            let why = if self.admission.is_open() { Waiting::Frozen } else { Waiting::Ban };
            return Ok(Choice::Wait(until, why));
        }
        // The canary shows whether the key is refused; others may be refused for themselves.
        if self.health.canary_wanted || (self.admission.confirm_at().is_some() && self.health.canary.is_some()) {
            return Ok(Choice::Send(Source::Canary));
        }
        // Right after a throttle, a request that was throttled teaches nothing: it may be the pace again, or the offer.
        let teaches = self.health.success_since_throttle;
        if teaches && !self.queues.requeued.is_empty() {
            return Ok(Choice::Send(Source::Requeued));
        }
        let due = self.queues.retries.due(now);
        // Unless it was refused before: a limiter that refuses every second call would refuse it each time, were it
        // always asked behind another. So now and then it is the first, and among the last offers always.
        let suspects_first = self.judgement.crowding.suspects_first() || self.queues.new.is_empty();
        let may_be_first = |task: &Task<R>| teaches || (task.refusals.is_suspicious() && suspects_first);
        let is_fit = |task: &Task<R>| task.refusals.would_tell(self.judgement.traffic) && may_be_first(task);
        if due.is_some_and(|task| !task.refusals.is_open() || is_fit(task)) {
            return Ok(Choice::Send(Source::Retry));
        }
        if !self.queues.new.is_empty()
            && self.admission.may_begin()
            && self.queues.requeued.len() < self.most_requeued()
        {
            return Ok(Choice::Send(Source::New));
        }
        // Where nothing but throttles has ever come, the first offers may be what is throttled: every second call tries
        // another, which costs nothing, as one call leaves for each freeze anyway.
        if !self.queues.new.is_empty() && self.only_throttled() && self.stats.counts.throttled.is_multiple_of(2) {
            return Ok(Choice::Send(Source::New));
        }
        if due.is_some() {
            return Ok(self.canary_or(Source::Retry));
        }
        if !self.queues.requeued.is_empty() {
            return Ok(self.canary_or(Source::Requeued));
        }
        match self.queues.retries.next_due() {
            Some(due) => Ok(Choice::Wait(due, Waiting::Retry)),
            None => self.resolve_stall(now, supply),
        }
    }

    fn most_requeued(&self) -> usize {
        if self.judgement.unsettled > Self::REQUEUED { 1 } else { Self::REQUEUED }
    }

    fn only_throttled(&self) -> bool {
        let others = self.queues.held();
        !self.admission.is_open() && others == 0 && self.queues.retries.is_empty() && !self.queues.requeued.is_empty()
    }

    /// Only throttled requests are left, and nothing has succeeded since the last throttle. So the canary goes first.
    fn canary_or(&self, source: Source) -> Choice {
        match self.health.canary {
            Some(_) if self.stats.in_flight > 0 => Choice::Idle,
            Some(_) => Choice::Send(Source::Canary),
            None => Choice::Send(source),
        }
    }

    /// Every request left was sent as often as it may be: finds out what their failures mean.
    fn resolve_stall(&mut self, now: Instant, supply: Supply) -> Result<Choice, StopReason> {
        let stuck = self.queues.held();
        let others = self.others_follow(supply);
        if self.stats.in_flight > 0 || (stuck == 0 && (self.admission.may_begin() || !others)) {
            return Ok(Choice::Idle);
        }
        if self.admission.is_open() {
            return Ok(Choice::Send(Source::Canary));
        }
        if self.admission.may_begin() && others {
            return Ok(Choice::Idle);
        }
        if let Some((_, error)) = self.queues.suspects.first() {
            return Err(StopReason::Refused(error.clone()));
        }
        self.nothing_succeeds(now, supply)
    }

    /// Whether there are requests that were never sent, or may be.
    fn others_follow(&self, supply: Supply) -> bool {
        supply == Supply::Open || !self.queues.new.is_empty()
    }

    /// The first requests have used up their attempts, and nothing has ever succeeded.
    fn nothing_succeeds(&mut self, now: Instant, supply: Supply) -> Result<Choice, StopReason> {
        let others = self.others_follow(supply);
        let is_apis_own = |error: &OfferError| error.kind.class() == Class::Transient && error.is_apis_own();
        let in_apis_voice = self.queues.undecided.iter().filter(|(_, error)| is_apis_own(error)).count();
        if self.admission.expects_failures() && self.health.last_success.is_some() {
            // The host has answered as the API does: what fails here fails for itself, as it did before.
            self.queues.resolve_undecided();
        } else if self.admission.host_is_known() && !self.admission.expects_failures() {
            self.breaker.trip(now);
        } else if in_apis_voice > 0 && others && self.queues.undecided.len() < Admission::IN_A_ROW {
            // It is the API, and others may fare better.
        } else if in_apis_voice > 0
            && in_apis_voice == self.queues.undecided.len()
            && in_apis_voice < Admission::FIRST_REQUESTS
        {
            self.queues.resolve_undecided();
        } else {
            let undecided = self.queues.undecided.last().map(|(_, error)| error);
            let last = undecided.or_else(|| self.health.stall().map(|(_, error)| error)).cloned();
            return last.map_or(Ok(Choice::Idle), |last| {
                let refused = last.kind.class() == Class::Account;
                Err(if refused { StopReason::Refused(last) } else { StopReason::NothingPassed(last) })
            });
        }
        self.admission.begin_anew();
        self.choose(now, supply)
    }

    /// The best probe is the canary: an unfinished request may itself be what is broken. But so may the canary be by
    /// now, so every second probe is another; and where some requests may have been unlucky, one of them may go first.
    fn probe(&self, probes: u32) -> Source {
        let turn = probes + u32::from(self.judgement.unsettled > 0 && self.judgement.crowding.suspects_first());
        if turn.is_multiple_of(2) && self.health.canary.is_some() {
            Source::Canary
        } else if !self.queues.requeued.is_empty() {
            Source::Requeued
        } else if !self.queues.retries.is_empty() {
            Source::Retry
        } else if !self.queues.new.is_empty() {
            Source::New
        } else {
            Source::Canary
        }
    }

    fn take(&mut self, source: Source, now: Instant) -> Option<Call<R>> {
        let work = match source {
            Source::Canary => Work::Canary(self.health.canary.clone()?),
            queue => {
                let task = self.queues.pop(queue)?;
                self.work(task, now)
            }
        };
        if matches!(work, Work::Canary(_)) {
            self.health.canary_wanted = false;
        }
        let is_apart = self.pace.trusts_refusals()
            && self.stats.last_sent_at.is_none_or(|last| now >= last + 2 * self.usual_gap());
        let apart = is_apart.then(|| self.gaps());
        self.stats.sent(now);
        Some(Call { work, permit: self.pace.send(now), apart })
    }

    /// When the next call from `source` may leave, if one more refusal would be taken for the request's own: it must not
    /// be that of a limiter that keeps calls apart.
    fn apart_at(&self, source: Source) -> Option<Instant> {
        let task = self.queues.peek(source);
        task.filter(|task| {
            let others = self.judgement.unsettled.saturating_sub(1);
            task.refusals.next_decides(self.judgement.traffic, others, self.gaps())
        })?;
        Some(self.stats.last_sent_at? + 2 * self.usual_gap())
    }

    fn gaps(&self) -> Gaps {
        if self.pace.keeps_apart() { Gaps::Kept } else { Gaps::Free }
    }

    fn work(&mut self, mut task: Task<R>, now: Instant) -> Work<R> {
        if task.first_attempt.is_none() {
            self.admission.begun();
            task.first_attempt = Some(FirstAttempt { at: now, stalled_for: self.health.stalled_for(now) });
        }
        task.up_when_sent = self.health.last_success;
        self.stats.counts.retries += u64::from(task.attempts > 0);
        if self.breaker.is_open() { Work::Probe(task) } else { Work::Attempt(task) }
    }
}
