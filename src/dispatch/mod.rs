//! Which call leaves next, and what its answer means: the joint of the pure state machines of this folder.
//!
//! Told the time, it never sleeps, sends or writes. The loop in `export` asks [`Dispatcher::next`] what to do, does it,
//! and reports back through [`Dispatcher::answered`].

mod admission;
mod breaker;
mod chance;
mod complete;
mod health;
mod meaning;
mod patience;
mod refused;
mod retry;
mod select;
mod task;

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use self::admission::Gate;
use self::breaker::Breaker;
use self::chance::Traffic;
use self::complete::RoundTrip;
use self::health::Health;
use self::meaning::Meaning;
use self::patience::Patience;
use self::refused::Refused;
use self::retry::{Backoff, RetryQueue};
use self::select::Choice;
pub use self::task::Task;
use crate::offer::{OfferError, OfferId, Outcome};
use crate::pace::{Pace, Permit};
pub use crate::reorder::Slot;
use crate::settings::rate::Rate;

/// What the user decides about calls.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The network's limit.
    pub rate: Rate,
    /// The most calls in flight at once.
    pub concurrency: usize,
    /// How often an offer is asked again after a failure that may pass.
    pub retries: u32,
    /// The longest time without a passing call that is sat out.
    pub max_outage: Duration,
    /// How long calls may be sent, from the start of the run.
    pub max_duration: Option<Duration>,
}

/// What the loop is to do.
#[derive(Debug)]
pub enum Next {
    /// Send this call now.
    Send(Call),
    /// Do nothing before this time, unless an answer comes first.
    Wait {
        /// When to ask again.
        until: Instant,
        /// Why, for the user.
        why: Waiting,
    },
    /// Nothing to send until an answer or a new offer comes.
    Idle,
}

/// Why nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The pace allows no call yet.
    Pace,
    /// The network has throttled the run.
    Frozen,
    /// The service is gone; the next probe is due then.
    Outage,
    /// Only retries are left, and none is due.
    Retry,
    /// A refused key is confirmed by a second call.
    Confirm,
}

/// Why the run stops before every offer has an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The network refuses the account, or is not the network.
    Refused(OfferError),
    /// Nothing comes through, and waiting does not mend that.
    Unreachable {
        /// The last failure.
        error: OfferError,
        /// What to do about it.
        way_out: String,
    },
    /// Nothing has ever passed: the host or the way to it is wrong.
    NothingPassed(OfferError),
    /// The service is gone for longer than `--max-outage`.
    Outage {
        /// How long.
        lasted: Duration,
        /// The last failure.
        last: OfferError,
    },
    /// The network asks to come back after this time, which is too long to sit out.
    ComeBackIn(Duration),
    /// `--max-duration` is over.
    OutOfTime,
}

/// A call that was let out.
#[derive(Debug)]
pub struct Call {
    /// The offer that is asked for.
    pub offer: OfferId,
    work: Work,
    permit: Permit,
    /// It left after twice the usual gap.
    apart: bool,
}

#[derive(Debug)]
pub(crate) enum Work {
    /// One of the offer's attempts.
    Attempt(Task),
    /// Looks whether the service is back; costs the offer no attempt.
    Probe(Task),
    /// Asks again for an offer that passed before, to learn whether others fail because the service is gone.
    Canary,
}

/// What came of a call.
#[derive(Debug)]
pub struct Answered {
    /// The offer's outcome, if this answer is final.
    pub outcome: Outcome,
    /// How long the network asks to wait.
    pub retry_after: Option<Duration>,
    /// The answer is an HTML page, as hosts and gateways that are not the API send them.
    pub wrong_host: bool,
}

/// Counts of the calls of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls sent.
    pub calls: u64,
    /// Calls that repeated an attempt that had failed.
    pub retries: u64,
    /// Calls that were throttled.
    pub throttled: u64,
    /// How long the run stood still because it was throttled.
    pub frozen: Duration,
    /// How long the run stood still because the service was gone.
    pub outage: Duration,
}

/// The state of a run, seen from its calls.
#[derive(Debug)]
pub struct Dispatcher {
    policy: Policy,
    started: Instant,
    pace: Pace,
    backoff: Backoff,
    breaker: Breaker,
    gate: Gate,
    health: Health,
    patience: Patience,
    new: VecDeque<Task>,
    /// Put back by a throttle: first again as soon as that can teach something.
    throttled: VecDeque<Task>,
    retries: RetryQueue<Task>,
    /// Out of attempts, but with nothing to show that the service was up meanwhile.
    undecided: Vec<(Task, OfferError)>,
    /// Refused for themselves, and out of attempts; they wait for one more call that passes.
    judged: Vec<(Task, OfferError)>,
    /// The latest permit of a call that passed: some time after it the service was up.
    last_up: Option<Instant>,
    /// The last offer that passed.
    canary: Option<OfferId>,
    witness_wanted: bool,
    in_flight: usize,
    traffic: Traffic,
    /// Offers that were refused, have not passed since, and are not known to be bad.
    refused: usize,
    passed_since_throttle: bool,
    /// Since when nothing has passed although calls were sent, and the last reason.
    stall: Option<(Instant, OfferError)>,
    /// How long all such times before have lasted.
    stalled_for: Duration,
    last_departure: Option<Instant>,
    /// A single refusal that may be the pace's is followed by silence until then; the pace stays as it is.
    quiet_until: Option<Instant>,
    frozen_until: Instant,
    /// A wait longer than [`Self::NO_WAIT`] was sat out for five minutes.
    forgave_no_wait: bool,
    counts: Counts,
    finished: Vec<(Task, Outcome)>,
}

impl Dispatcher {
    /// The longest an offer is tried, not counting the time the whole run stood still.
    const MAX_EFFORT: Duration = Duration::from_secs(180);
    /// A longer `Retry-After` ends the run.
    pub const LONGEST_WAIT: Duration = Duration::from_secs(300);
    /// No limit asks for as long a wait: monthly quotas are the longest there are.
    pub const NO_WAIT: Duration = Duration::from_secs(32 * 86_400);

    /// A run that starts now. The same seed draws the same delays.
    pub fn new(policy: Policy, seed: u64, now: Instant) -> Self {
        Self {
            policy,
            started: now,
            pace: Pace::new(policy.rate, now).with_seed(seed),
            backoff: Backoff::new(seed),
            breaker: Breaker::new(policy.max_outage, now),
            gate: Gate::default(),
            health: Health::default(),
            patience: Patience::default(),
            new: VecDeque::new(),
            throttled: VecDeque::new(),
            retries: RetryQueue::new(),
            undecided: Vec::new(),
            judged: Vec::new(),
            last_up: None,
            canary: None,
            witness_wanted: false,
            in_flight: 0,
            traffic: Traffic::default(),
            refused: 0,
            passed_since_throttle: false,
            stall: None,
            stalled_for: Duration::ZERO,
            last_departure: None,
            quiet_until: None,
            frozen_until: now,
            forgave_no_wait: false,
            counts: Counts::default(),
            finished: Vec::new(),
        }
    }

    /// Takes in an offer that is to be asked for.
    pub fn push(&mut self, task: Task) {
        self.new.push_back(task);
    }

    /// Whether it could run out of offers that were never asked for before it is asked for calls again.
    pub fn wants_offers(&self) -> bool {
        self.new.len() < self.policy.concurrency
    }

    /// How many calls have no answer yet.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// The counts so far; of a standstill that lasts, only what is over of it.
    pub fn counts(&self, now: Instant) -> Counts {
        let to_come = self.frozen_until.saturating_duration_since(now);
        Counts {
            frozen: self.counts.frozen.saturating_sub(to_come),
            outage: self.counts.outage + self.breaker.open_for(now),
            ..self.counts
        }
    }

    /// As many runs on this machine share the limit.
    pub fn set_share(&mut self, runs: NonZeroU32, now: Instant) {
        self.pace.set_share(runs, now);
    }

    /// Calls to this host have passed in an earlier run, so that what fails from the start is an outage.
    pub fn trust_host(&mut self) {
        self.gate.prove();
    }

    /// What was asked for until now is done, and something else comes: the pace and what it has learned stay as they are,
    /// and that the host is the API's, but nothing that was asked for before is asked for again.
    pub fn begin_anew(&mut self) {
        self.gate = Gate::default();
        self.gate.prove();
        self.canary = None;
        self.witness_wanted = false;
    }

    /// All that is asked for failed in an earlier run, and may well fail again: where the API itself says why, it keeps
    /// its error rows even if nothing passes.
    pub fn expect_failures(&mut self) {
        self.gate.expect_failures();
    }

    /// No call leaves before `until`: by then the other runs have made room.
    pub fn hold_until(&mut self, until: Instant) {
        self.pace.hold_until(until);
    }

    /// The offers that have got their outcomes since the last time.
    pub fn take_finished(&mut self) -> impl Iterator<Item = (Task, Outcome)> + '_ {
        self.finished.drain(..)
    }

    /// When the run stops, if nothing passes until then: a time to look at the clock even if nothing happens.
    pub fn ends_at(&self) -> Option<Instant> {
        let out_of_time = self.policy.max_duration.and_then(|max| self.started.checked_add(max));
        let outage = self.outage().and_then(|(since, _)| since.checked_add(self.policy.max_outage));
        [out_of_time, outage].into_iter().flatten().min()
    }

    /// What to do at `now`. `more` tells whether new offers can still come while nothing is written.
    ///
    /// # Errors
    /// The run has to stop; what is in flight may still be waited for.
    pub fn next(&mut self, now: Instant, more: bool) -> Result<Next, StopReason> {
        self.check_time(now)?;
        let source = match self.choose(now, more)? {
            Choice::Send(source) => source,
            Choice::Wait(until, why) => return Ok(Next::Wait { until, why }),
            Choice::Idle => return Ok(Next::Idle),
        };
        if let Some(until) = self.apart_at(source).filter(|at| *at > now) {
            return Ok(Next::Wait { until, why: Waiting::Pace });
        }
        if let Err(wait) = self.pace.poll(now) {
            let why = if self.frozen_until > now { Waiting::Frozen } else { Waiting::Pace };
            return Ok(Next::Wait { until: wait.until, why });
        }
        Ok(self.take(source, now).map_or(Next::Idle, Next::Send))
    }

    /// Takes in the answer of a call.
    ///
    /// # Errors
    /// The run has to stop.
    pub fn answered(&mut self, call: Call, answered: Answered, now: Instant) -> Result<(), StopReason> {
        self.in_flight = self.in_flight.saturating_sub(1);
        let Call { offer, work, permit, apart } = call;
        let trip = RoundTrip { offer, permit, back: now, apart };
        let error = match answered.outcome {
            Ok(answer) => {
                self.passed(work, Ok(answer), trip);
                return Ok(());
            }
            Err(error) => error,
        };
        match Meaning::of(&error) {
            Meaning::Own => self.passed(work, Err(error), trip),
            Meaning::Refusal(refusal) => {
                let Answered { retry_after, wrong_host: page, .. } = answered;
                return self.refused(work, Refused { error, refusal, retry_after, page }, trip);
            }
            Meaning::Account => return self.suspected(work, error, trip),
            Meaning::Credentials if self.may_pass(error.kind) => return self.unauthorized(work, error, trip),
            Meaning::Credentials => return Err(StopReason::Refused(error)),
            Meaning::Gateway => self.failed_at_gateway(work, error, trip),
            Meaning::Trouble => self.failed(work, error, trip),
        }
        Ok(())
    }
}

#[cfg(test)]
mod laws;
