//! What an answer means for its request and for the run, where it is no refusal for the pace.
//!
//! Part of [`Dispatcher`]: moves a task to where it belongs next, and never decides what is sent.

use std::time::{Duration, Instant};

use crate::dispatch::admission::{Admission, Ruling};
use crate::dispatch::call::{Call, Canary, RoundTrip, Work};
use crate::dispatch::crowding::Whose;
use crate::dispatch::decision::{Completion, Failure, Responder, Verdict};
use crate::dispatch::dispatcher::Dispatcher;
use crate::dispatch::meaning::{Meaning, Refusal, may_be_ban};
use crate::dispatch::patience::Patience;
use crate::dispatch::policy::Policy;
use crate::dispatch::refused::Refused;
use crate::dispatch::stop::StopReason;
use crate::dispatch::task::Task;
use crate::offer::OfferError;
use crate::pace::Signal;

/// After this many answers of a gateway in a row the run is quiet for a while.
const GATEWAY_ROWS: [usize; 2] = [3, 6];

/// While nothing has passed, the third failure that the server itself caused is followed by silence, once, a little longer
/// than most windows. Somebody else may have used up the limit, and some limiters say so with a closed connection or a 500.
const QUIET_AT_START: Duration = Duration::from_secs(11);

impl<R: Clone> Dispatcher<R> {
    /// Takes in how a call ended. The answer of a call whose verdict is not final is not kept: its request is asked
    /// again, or comes back from [`Dispatcher::take_resolved`].
    ///
    /// # Errors
    /// The run has to stop.
    pub fn complete(&mut self, call: Call<R>, completion: Completion, now: Instant) -> Result<Verdict<R>, StopReason> {
        self.stats.completed();
        let (id, permit, apart) = (call.id(), call.permit, call.apart);
        let trip = RoundTrip { id, permit, back: now, apart, responder: Responder::Usual, may_be_size: false };
        let work = call.work;
        let Failure { error, retry_after, responder, may_be_size } = match completion {
            Completion::Success => return Ok(self.succeeded(work, trip)),
            Completion::Failure(failure) => failure,
        };
        let trip = RoundTrip { responder, may_be_size, ..trip };
        let page = responder == Responder::ForeignPage;
        let nothing_passed = !self.admission.is_open();
        let at_start = nothing_passed && !may_be_size;
        match Meaning::of(&error) {
            Meaning::Own => return Ok(self.succeeded(work, trip)),
            Meaning::Refusal(refusal) => self.refused(work, Refused { error, refusal, retry_after, page }, trip)?,
            Meaning::Gateway if self.judgement.gateway.may_be_limiter() || (at_start && may_be_ban(&error)) => {
                self.refused(work, Refused { error, refusal: Refusal::Perhaps, retry_after, page }, trip)?;
            }
            Meaning::Redirect if nothing_passed && responder == Responder::Elsewhere => {
                return Err(StopReason::Refused(error));
            }
            Meaning::Redirect => {
                self.refused(work, Refused { error, refusal: Refusal::Likely, retry_after, page: true }, trip)?;
            }
            Meaning::Account => self.suspected(work, error, trip)?,
            Meaning::Credentials => self.unauthorized(work, error, trip)?,
            Meaning::Gateway => self.failed_at_gateway(work, error, trip),
            Meaning::Trouble => self.failed(work, error, trip),
        }
        Ok(Verdict::Pending)
    }

    /// The service is up, and the answer is this request's own.
    fn succeeded(&mut self, work: Work<R>, trip: RoundTrip) -> Verdict<R> {
        let (sent_at, now) = (trip.permit.at, trip.back);
        self.pace.answered(trip.permit, now, Signal::Passed);
        self.judgement.traffic.passes += 1;
        self.judgement.patience.passed(sent_at);
        let request = match &work {
            Work::Attempt(task) | Work::Probe(task) => &task.request,
            Work::Canary(canary) => &canary.request,
        };
        self.health.success(Canary { id: trip.id, request: request.clone() }, sent_at, now);
        if let Some(outage) = self.breaker.passed(now) {
            self.stats.counts.outage += outage;
        }
        self.stats.were_refused(self.admission.refused_at_start());
        self.admission.success(sent_at);
        for (mut task, error) in std::mem::take(&mut self.queues.suspects) {
            task.attempts += 1;
            self.retry_or_end(task, error, now);
        }
        self.queues.release_undecided(sent_at, now);
        self.queues.resolve_judged(sent_at);
        match work {
            Work::Attempt(task) | Work::Probe(task) => {
                let refusals = task.refusals;
                if refusals.is_open() {
                    self.judgement.unsettled = self.judgement.unsettled.saturating_sub(1);
                    self.judgement.traffic.excused += u64::from(refusals.counted());
                    self.judgement.crowding.settled(false);
                }
                self.judgement.crowding.passed(refusals.counted() == 0);
                self.judgement.gateway.passed(task.gateway_answers);
                Verdict::Final(task.request)
            }
            Work::Canary(_) => {
                // Where it is asked in turn with the last requests, a limiter that refuses every second call would
                // refuse them each time: now and then it is asked twice, and never more often.
                let may_repeat = self.judgement.unsettled > 0 && self.queues.new.is_empty();
                self.health.canary_repeated = may_repeat && !self.health.canary_repeated && self.backoff.coin();
                self.health.canary_wanted = self.health.canary_repeated;
                self.judgement.crowding.passed(true);
                Verdict::Pending
            }
        }
    }

    /// Something in front of the API has answered. Where different requests get that in a row, the canary shows whether
    /// all would.
    fn failed_at_gateway(&mut self, mut work: Work<R>, error: OfferError, trip: RoundTrip) {
        let mut is_first = false;
        if let Work::Attempt(task) | Work::Probe(task) = &mut work {
            task.gateway_answers = task.gateway_answers.saturating_add(1);
            self.judgement.gateway.answered(task.gateway_answers);
            is_first = task.gateway_answers == 1;
        }
        self.judgement.crowding.refused(trip.id, Whose::Suspect);
        let in_a_row = self.judgement.crowding.in_a_row();
        if self.admission.is_open() && in_a_row >= Admission::IN_A_ROW {
            self.health.canary_wanted = true;
        }
        if self.admission.is_open() && is_first && GATEWAY_ROWS.contains(&in_a_row) {
            // It may be a limiter, and most of these end with the window.
            self.be_quiet(Self::QUIET.saturating_mul(u32::try_from(in_a_row / 3).unwrap_or(1)), trip.back);
        }
        self.failed(work, error, trip);
    }

    /// The call failed in a way that may pass.
    pub(crate) fn failed(&mut self, work: Work<R>, error: OfferError, trip: RoundTrip) {
        let now = trip.back;
        // Only the API's own answers say that it takes calls at this pace.
        let signal = match () {
            () if error.is_unheard() => Signal::Lost,
            () if error.is_apis_own() => Signal::Passed,
            () => Signal::Ignored,
        };
        self.pace.answered(trip.permit, now, signal);
        self.health.failure(error.clone(), self.admission.phase(), now);
        if trip.is_servers(&error) && self.admission.failed_at_start() {
            self.be_quiet(QUIET_AT_START, now);
        }
        // Before anything has succeeded there is no outage to wait for: host or network may be wrong, and the run ends.
        if self.admission.host_is_known() {
            self.breaker.failed(trip.permit.at, now);
        }
        if self.admission.expects_failures() && error.is_apis_own() {
            self.health.up_at(trip.permit.at);
            self.queues.release_undecided(trip.permit.at, now);
        }
        match work {
            Work::Attempt(mut task) => {
                task.attempts += 1;
                self.retry_or_end(task, error, now);
            }
            Work::Probe(mut task) => {
                task.failed_at = Some(now);
                if self.admission.is_open() && self.is_spent(&task, now) {
                    self.queues.undecided.push((task, error));
                } else {
                    self.queues.retries.push(task, now);
                }
            }
            Work::Canary(_) => {
                self.judgement.crowding.set_suspects_first(self.backoff.coin());
                self.breaker.trip(now);
            }
        }
    }

    /// Sends nothing for this time; the pace stays as it is.
    pub(crate) fn be_quiet(&mut self, time: Duration, now: Instant) {
        self.health.quiet_until = self.health.quiet_until.max(Some(now + time));
    }

    /// A failure is the request's own only if the service was up between its last two. To look back further would let
    /// an outage fail requests that had failed before it began; to look past the permit of the last one, a call that
    /// left during the outage and hung until after its end.
    fn retry_or_end(&mut self, mut task: Task<R>, error: OfferError, now: Instant) {
        let was_up_between = task.up_when_sent.is_some_and(|sent_at| task.failed_before(sent_at));
        task.failed_at = Some(now);
        if !self.is_spent(&task, now) {
            let delay = self.backoff.delay(task.attempts);
            self.queues.retries.push(task, now + delay);
        } else if was_up_between {
            if task.refusals.is_open() {
                self.judgement.unsettled = self.judgement.unsettled.saturating_sub(1);
            }
            self.queues.resolve(task, error);
        } else {
            self.queues.undecided.push((task, error));
        }
    }

    pub(crate) fn is_spent(&self, task: &Task<R>, now: Instant) -> bool {
        let tried_for = task.first_attempt.map_or(Duration::ZERO, |first| {
            let stalled_for = self.health.stalled_for(now).saturating_sub(first.stalled_for);
            now.saturating_duration_since(first.at).saturating_sub(stalled_for)
        });
        task.attempts > self.policy.retries || tried_for > Policy::MAX_EFFORT
    }

    /// The API says something about the account.
    fn suspected(&mut self, work: Work<R>, error: OfferError, trip: RoundTrip) -> Result<(), StopReason> {
        self.pace.answered(trip.permit, trip.back, Signal::Passed);
        let (Work::Attempt(task) | Work::Probe(task)) = work else { return Err(StopReason::Refused(error)) };
        self.queues.suspects.push((task, error.clone()));
        match self.admission.suspect(self.queues.suspects.len()) {
            Ruling::Unclear => {}
            Ruling::AskCanary => self.health.canary_wanted = true,
            Ruling::Refused => return Err(StopReason::Refused(error)),
        }
        Ok(())
    }

    /// An answer that the key is wrong, which another call confirms. What is not in the API's own voice, once calls have succeeded, may
    /// be a gateway's: that is an outage, until minutes have changed nothing.
    fn unauthorized(&mut self, work: Work<R>, error: OfferError, trip: RoundTrip) -> Result<(), StopReason> {
        let now = trip.back;
        let may_be_gateway = self.admission.is_open() && !error.is_apis_own();
        if may_be_gateway && self.breaker.is_open() {
            if self.breaker.open_for(now) >= Patience::WHOLE {
                return Err(StopReason::Refused(error));
            }
            self.failed(work, error, trip);
            return Ok(());
        }
        if self.admission.unauthorized(trip.permit.at, now) == Ruling::Refused {
            if !may_be_gateway {
                return Err(StopReason::Refused(error));
            }
            self.admission.stop_confirming();
            self.breaker.trip(now);
        }
        self.pace.answered(trip.permit, now, Signal::Passed);
        self.health.failure(error.clone(), self.admission.phase(), now);
        if let Work::Attempt(mut task) | Work::Probe(mut task) = work {
            task.attempts += 1;
            self.retry_or_end(task, error, now);
        }
        Ok(())
    }
}
