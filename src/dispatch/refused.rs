//! What a refusal that may be meant for the pace does to its offer and to the pace.
//!
//! Part of [`Dispatcher`]. The offer is put back, and the run slows down as far as the refusal is meant for it; the offer
//! ends as an error row only where chance cannot explain its refusals. What is sent next is not decided here.

use std::time::{Duration, Instant};

use crate::dispatch::call::{RoundTrip, Work};
use crate::dispatch::chance::Finding;
use crate::dispatch::crowding::Whose;
use crate::dispatch::dispatcher::Dispatcher;
use crate::dispatch::meaning::Refusal;
use crate::dispatch::patience::{Plan, Verdict};
use crate::dispatch::policy::Policy;
use crate::dispatch::stop::StopReason;
use crate::dispatch::task::Task;
use crate::offer::{ErrorKind, OfferError};
use crate::pace::{Explained, Signal, Trial};

/// The status of a server that is full.
const UNAVAILABLE: u16 = 503;

/// A call that was refused.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) error: OfferError,
    pub(crate) refusal: Refusal,
    /// How long the network asks to wait.
    pub(crate) retry_after: Option<Duration>,
    /// The answer is an HTML page.
    pub(crate) page: bool,
}

/// What a refusal means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slowed {
    /// It waits: the offer is first in line afterwards.
    Yes,
    /// It goes on: the offer is asked again later.
    No,
}

impl<R: Clone> Dispatcher<R> {
    /// So many refused offers in a row have an offer asked that passed before, to see whether they are all bad.
    const ROW: usize = 4;
    /// An offer that was refused more often is not asked ever more rarely: it is to be found out what is wrong with it.
    const SLOWEST: u32 = 3;
    /// An offer that was refused more often may be bad, and says less about the pace.
    const TWICE: u32 = 2;
    /// After a single refusal that may be the pace's.
    pub(super) const QUIET: Duration = Duration::from_secs(2);

    /// The call was refused in a way that may be meant for the pace.
    pub(crate) fn refused(&mut self, work: Work<R>, refused: Refused, trip: RoundTrip) -> Result<(), StopReason> {
        if self.is_no_throttle(&work, &refused, trip) {
            self.failed(work, refused.error, trip);
            return Ok(());
        }
        if refused.refusal == Refusal::Told {
            self.stats.throttled();
        }
        self.health.failure(refused.error.clone(), self.admission.phase(), trip.back);
        let (Work::Attempt(mut task) | Work::Probe(mut task)) = work else {
            // It passes at other times, so it is not the offer.
            self.judgement.traffic.excused += 1;
            self.judgement.crowding.refused(trip.id, Whose::First);
            self.slow_down(&refused, trip)?;
            // Unless one that may be bad is to be the first after the freeze; among the last offers it always is. A limiter
            // that refuses every second call would refuse it far more often than that, if it always came after a pass.
            let other_first = self.judgement.crowding.suspects_first() || self.queues.new.is_empty();
            self.health.canary_wanted = self.judgement.unsettled == 0 || !other_first;
            return Ok(());
        };
        let beside_others = refused.refusal != Refusal::Told && self.admission.is_open();
        if beside_others && self.pace.refused_beside_others(trip.permit, trip.back) == Explained::Yes {
            self.stats.throttled();
            task.failed_at = Some(trip.back);
            self.health.success_since_throttle = false;
            self.queues.requeued.push_back(task);
            return Ok(());
        }
        let is_first = task.refusals.counted() == 0;
        let was_open = task.refusals.is_open();
        let others = self.judgement.unsettled - usize::from(was_open);
        let finding = task.refusals.add(self.judgement.traffic, others, trip.apart);
        self.judgement.unsettled = others + usize::from(task.refusals.is_open());
        task.failed_at = Some(trip.back);
        self.judgement.crowding.refused(
            trip.id,
            match finding {
                Finding::Nothing if is_first => Whose::First,
                Finding::Nothing => Whose::Again,
                Finding::Suspect | Finding::Own => Whose::Suspect,
            },
        );
        if self.admission.is_open() && self.judgement.crowding.in_a_row().is_multiple_of(Self::ROW) {
            self.health.canary_wanted = true;
        }
        match finding {
            Finding::Nothing => match self.slow_down(&refused, trip)? {
                Slowed::Yes => self.queues.requeued.push_back(task),
                Slowed::No => self.ask_later(task, &refused, trip.back),
            },
            Finding::Suspect => {
                let trial = if task.refusals.counted() <= Self::TWICE { Trial::OnSigns } else { Trial::Never };
                self.pace.answered(trip.permit, trip.back, Signal::Unclear { trial });
                self.ask_later(task, &refused, trip.back);
            }
            Finding::Own => {
                self.pace.answered(trip.permit, trip.back, Signal::Ignored);
                self.judge(task, refused, trip.back);
            }
        }
        Ok(())
    }

    /// During an outage a refusal that does not ask for a slower pace is a failure like any other, and that of an offer that
    /// passed before means one. So it is before anything has passed, where it cannot be a ban: nobody answered, or late, or
    /// a smaller request may pass.
    fn is_no_throttle(&self, work: &Work<R>, refused: &Refused, trip: RoundTrip) -> bool {
        match (refused.refusal, work) {
            (Refusal::Told, _) => false,
            (_, Work::Probe(_) | Work::Canary(_)) if self.breaker.is_open() => true,
            (Refusal::Perhaps, Work::Canary(_)) => true,
            (Refusal::Perhaps, _) if self.admission.is_open() => false,
            (Refusal::Perhaps, _) => trip.may_be_size || !trip.is_servers(&refused.error),
            (Refusal::Likely, _) => false,
        }
    }

    /// The offer is refused for itself: its refusals are its attempts.
    fn judge(&mut self, mut task: Task<R>, refused: Refused, now: Instant) {
        self.judgement.crowding.settled(true);
        task.attempts = (task.attempts + 1).max(task.refusals.counted());
        if self.is_spent(&task, now) {
            let Refused { mut error, refusal, .. } = refused;
            if refusal == Refusal::Told {
                error.kind = ErrorKind::ServerError;
            }
            self.queues.judged.push((task, error));
        } else {
            self.ask_later(task, &refused, now);
        }
    }

    fn ask_later(&mut self, task: Task<R>, refused: &Refused, now: Instant) {
        let asked = refused.retry_after.unwrap_or_default().min(Policy::LONGEST_WAIT);
        let least = if refused.refusal == Refusal::Perhaps { Duration::ZERO } else { Self::QUIET };
        let delay = self.backoff.delay(task.refusals.counted().min(Self::SLOWEST)).max(asked).max(least);
        self.queues.retries.push(task, now + delay);
    }

    /// Slows the run down as far as the refusal is meant for it.
    fn slow_down(&mut self, refused: &Refused, trip: RoundTrip) -> Result<Slowed, StopReason> {
        let Refused { refusal, retry_after, .. } = *refused;
        if self.judgement.crowding.is_about_offers() && retry_after.is_none() {
            self.pace.answered(trip.permit, trip.back, Signal::Ignored);
            return Ok(Slowed::No);
        }
        match refusal {
            Refusal::Told => {
                let mut wait = retry_after.map(|wait| wait.min(Policy::LONGEST_WAIT));
                if refused.error.http_status == Some(UNAVAILABLE) {
                    wait = wait.and_then(|wait| self.pace.wait_when_full(trip.permit, trip.back, wait));
                }
                self.freeze(Signal::Throttled { retry_after: wait }, trip);
                self.too_long(retry_after, trip.back)?;
                Ok(Slowed::Yes)
            }
            Refusal::Likely => self.refused_without_a_reason(refused, trip).map(|()| Slowed::Yes),
            Refusal::Perhaps if !self.admission.is_open() => {
                self.refused_without_a_reason(refused, trip).map(|()| Slowed::Yes)
            }
            Refusal::Perhaps if self.judgement.crowding.is_crowded() => {
                // This one is counted by `freeze`.
                let before = self.judgement.crowding.acted().saturating_sub(1);
                self.stats.throttled_before(before);
                self.freeze(Signal::Suspected { silence: None }, trip);
                Ok(Slowed::Yes)
            }
            Refusal::Perhaps => {
                self.pace.answered(trip.permit, trip.back, Signal::Ignored);
                Ok(Slowed::No)
            }
        }
    }

    /// A 403 that names no reason: a limiter, a ban, a firewall, or the account. A redirect: a limiter, maintenance, or the
    /// wrong address. And before anything has passed, whatever a server that is there says at once.
    fn refused_without_a_reason(&mut self, refused: &Refused, trip: RoundTrip) -> Result<(), StopReason> {
        let now = trip.back;
        let plan = if self.admission.is_open() { Plan::RUNNING } else { Plan::AT_START };
        match self.judgement.patience.refused(trip.permit.at, &plan) {
            Verdict::Wait if self.admission.is_open() && !self.judgement.crowding.is_likely_crowded() => {
                self.pace.answered(trip.permit, now, Signal::Ignored);
                self.stats.throttled();
                self.health.success_since_throttle = false;
                self.health.quiet_until = Some(now + Self::QUIET);
            }
            Verdict::Again => {
                self.pace.answered(trip.permit, now, Signal::Ignored);
                self.stats.throttled();
                self.health.success_since_throttle = false;
                let moment = Self::QUIET / 2 + self.backoff.delay(1);
                self.be_quiet(moment, now);
            }
            Verdict::Wait => {
                // Those before are counted already.
                let _ = self.judgement.crowding.acted();
                self.freeze(Signal::Suspected { silence: None }, trip);
            }
            Verdict::KeepSilent(time) => self.freeze(Signal::Suspected { silence: Some(time) }, trip),
            Verdict::Refused => {
                self.freeze(Signal::Suspected { silence: None }, trip);
                self.patience_is_over(refused, now)?;
            }
        }
        self.judgement.patience.set_until(self.health.frozen_until.max(self.health.quiet_until.unwrap_or(now)));
        Ok(())
    }

    /// Minutes of silence have changed nothing.
    fn patience_is_over(&mut self, refused: &Refused, now: Instant) -> Result<(), StopReason> {
        let error = refused.error.clone();
        let is_known = self.admission.host_is_known();
        match refused.refusal {
            Refusal::Likely if !refused.page => Err(StopReason::Refused(error)),
            _ if is_known => {
                self.breaker.trip(now);
                Ok(())
            }
            _ if error.kind == ErrorKind::Redirect => Err(StopReason::Refused(error)),
            _ => Err(StopReason::NothingPassed(error)),
        }
    }

    fn freeze(&mut self, signal: Signal, RoundTrip { permit, back: now, .. }: RoundTrip) {
        if let Signal::Suspected { .. } = signal {
            self.stats.throttled();
        }
        self.judgement.crowding.set_suspects_first(self.backoff.coin());
        self.pace.answered(permit, now, signal);
        self.stats.frozen(self.health.freeze(self.pace.frozen_until(now), now));
    }

    /// Once a wait that no limit can mean is taken for a mistake: servers that double it with each refusal come to
    /// centuries, and forgive who is silent for a while.
    fn too_long(&mut self, retry_after: Option<Duration>, now: Instant) -> Result<(), StopReason> {
        let Some(asked) = retry_after else { return Ok(()) };
        let forgiven = asked > Policy::NO_WAIT && !std::mem::replace(&mut self.judgement.forgave_no_wait, true);
        let wait = if forgiven { Policy::LONGEST_WAIT } else { asked };
        let past_end = self.policy.max_duration.is_some_and(|max| {
            let elapsed = now.saturating_duration_since(self.started);
            wait > max.saturating_sub(elapsed)
        });
        if wait > Policy::LONGEST_WAIT || past_end { Err(StopReason::ComeBackIn(wait)) } else { Ok(()) }
    }
}
