//! A request on its way to an outcome, and what it has been through.
//!
//! Owned by exactly one place at a time: a queue of the dispatcher, or a call in flight.

use std::time::{Duration, Instant};

use crate::dispatch::chance::Refusals;

/// Tells tasks apart; what they ask for is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskId(pub(crate) u64);

/// A request that has no outcome yet.
#[derive(Debug)]
pub(crate) struct Task<R> {
    pub(crate) id: TaskId,
    pub(crate) request: R,
    /// Failed attempts so far, without probes and without refusals that may be the pace's.
    pub(crate) attempts: u32,
    pub(crate) first_attempt: Option<FirstAttempt>,
    /// When its last failure was read.
    pub(crate) failed_at: Option<Instant>,
    /// Until when the service was known to be up when its last call was sent.
    pub(crate) up_when_sent: Option<Instant>,
    pub(crate) refusals: Refusals,
    /// How often something in front of the API answered it.
    pub(crate) gateway_answers: u32,
}

/// When a request was first sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FirstAttempt {
    pub(crate) at: Instant,
    /// How long the run had been stalled by then, in all.
    pub(crate) stalled_for: Duration,
}

impl<R> Task<R> {
    /// A request that was never sent.
    pub(crate) fn new(id: TaskId, request: R) -> Self {
        let refusals = Refusals::default();
        Self {
            id,
            request,
            attempts: 0,
            first_attempt: None,
            failed_at: None,
            up_when_sent: None,
            refusals,
            gateway_answers: 0,
        }
    }

    /// Whether the success of a call sent at `sent_at` shows that the service was up after this task's last failure.
    /// A call sent earlier may have been answered before the service went away.
    pub(crate) fn failed_before(&self, sent_at: Instant) -> bool {
        self.failed_at.is_some_and(|failed| failed <= sent_at)
    }
}
