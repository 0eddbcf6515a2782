//! The state of a run, seen from its calls.
//!
//! Owns the state machines of this folder and what is asked of them from outside. What is sent next is decided in
//! `select`, what an answer means in `complete` and `refused`.

use std::time::{Duration, Instant};

use crate::dispatch::admission::Admission;
use crate::dispatch::breaker::Breaker;
use crate::dispatch::health::Health;
use crate::dispatch::judgement::Judgement;
use crate::dispatch::policy::Policy;
use crate::dispatch::queues::Queues;
use crate::dispatch::retry::Backoff;
use crate::dispatch::stats::{Counts, Stats};
use crate::offer::OfferError;
use crate::pace::{Pace, Rhythm};

/// Decides which request is sent next and when, from how calls ended. What a request asks for is not looked at.
///
/// Time is passed in; it never sleeps, sends or writes. The loop pushes requests, asks [`Dispatcher::next`] what to do,
/// does it, and reports back through [`Dispatcher::complete`].
#[derive(Debug)]
pub struct Dispatcher<R> {
    pub(super) policy: Policy,
    pub(super) started: Instant,
    pub(super) pace: Pace,
    pub(super) backoff: Backoff,
    pub(super) breaker: Breaker,
    pub(super) admission: Admission,
    pub(super) queues: Queues<R>,
    pub(super) health: Health<R>,
    pub(super) judgement: Judgement,
    pub(super) stats: Stats,
}

impl<R> Dispatcher<R> {
    /// A run that starts now. The same seed draws the same delays.
    pub fn new(policy: Policy, seed: u64, now: Instant) -> Self {
        Self {
            policy,
            started: now,
            pace: Pace::new(policy.rate, now).with_seed(seed),
            backoff: Backoff::new(seed),
            breaker: Breaker::new(policy.max_outage, now),
            admission: Admission::default(),
            queues: Queues::new(),
            health: Health::new(now),
            judgement: Judgement::default(),
            stats: Stats::default(),
        }
    }

    /// Takes in a request that is to be sent.
    pub fn push(&mut self, request: R) {
        self.queues.push(request);
    }

    /// Takes in a request that continues one that has ended: it goes before all that were never sent.
    pub fn push_first(&mut self, request: R) {
        self.queues.push_first(request);
    }

    /// Whether a request waits that was never sent.
    pub fn has_new(&self) -> bool {
        !self.queues.new.is_empty()
    }

    /// How many new requests can be used now.
    pub fn room(&self) -> usize {
        self.policy.concurrency.saturating_sub(self.queues.new.len())
    }

    /// Whether it could run out of new requests before it is asked for calls again.
    pub fn wants_requests(&self) -> bool {
        self.room() > 0
    }

    /// How many calls have no answer yet.
    pub fn in_flight(&self) -> usize {
        self.stats.in_flight
    }

    /// The counts so far; of a standstill that lasts, only what is over of it.
    pub fn counts(&self, now: Instant) -> Counts {
        let counts = self.stats.counts(self.health.frozen_until, self.breaker.open_for(now), now);
        Counts { at_a_time: self.pace.at_a_time(), ..counts }
    }

    /// What keeps the limit: it has to know who else uses that.
    pub(crate) fn pace(&mut self) -> &mut Pace {
        &mut self.pace
    }

    /// How calls follow each other at the limit.
    pub(crate) fn rhythm(&self) -> Rhythm {
        self.pace.rhythm()
    }

    /// Calls to this host succeeded in an earlier run, so that what fails from the start is an outage.
    pub fn trust_host(&mut self) {
        self.admission.prove();
    }

    /// The requests until now are done and others follow. What was learned about pace and host stays; no canary of the
    /// old requests is sent again.
    pub fn begin_anew(&mut self) {
        self.admission = Admission::default();
        self.admission.prove();
        self.health.forget_canary();
    }

    /// All requests failed in an earlier run, and may well fail again: where the API itself says why, their errors stand
    /// even if nothing succeeds.
    pub fn expect_failures(&mut self) {
        self.admission.expect_failures();
    }

    /// The requests that have failed for good since the last time, without the one whose [`super::Verdict`] said so.
    pub fn take_resolved(&mut self) -> impl Iterator<Item = (R, OfferError)> + '_ {
        self.queues.take_resolved()
    }

    /// When the run stops, if nothing succeeds until then: a time to look at the clock even if nothing happens.
    pub fn ends_at(&self) -> Option<Instant> {
        let out_of_time = self.policy.max_duration.and_then(|max| self.started.checked_add(max));
        let outage = self.outage().and_then(|(since, _)| since.checked_add(self.policy.max_outage));
        [out_of_time, outage].into_iter().flatten().min()
    }

    /// Since when the whole run stands, and the last reason.
    pub(crate) fn outage(&self) -> Option<(Instant, &OfferError)> {
        let stands = self.breaker.is_open() || self.health.canary_wanted || !self.queues.requeued.is_empty();
        self.health.stall().filter(|_| stands)
    }

    /// The gap between calls at the present pace.
    pub(crate) fn usual_gap(&self) -> Duration {
        let (least, most) = Policy::GAPS;
        let gap = Duration::try_from_secs_f64(self.pace.pace().recip()).unwrap_or(most);
        gap.max(self.pace.period()).clamp(least, most)
    }
}
