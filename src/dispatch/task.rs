//! An offer on its way to an outcome, and what it has been through.
//!
//! Owned by exactly one place at a time: a queue of the schedule, or a call in flight.

use std::time::{Duration, Instant};

use crate::dispatch::chance::Refusals;
use crate::offer::OfferId;
use crate::reorder::Slot;

/// An offer that has no outcome yet.
#[derive(Debug)]
pub struct Task {
    /// The offer.
    pub offer: OfferId,
    /// Where its outcome goes.
    pub slot: Slot,
    /// Failed attempts so far; probes are not among them, nor refusals that may be the pace's.
    pub(crate) attempts: u32,
    pub(crate) first_attempt: Option<FirstAttempt>,
    /// When its last failure was read.
    pub(crate) failed_at: Option<Instant>,
    /// Until when the service was known to be up when its last call left.
    pub(crate) up_when_sent: Option<Instant>,
    pub(crate) refusals: Refusals,
}

/// When an offer was first asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FirstAttempt {
    pub(crate) at: Instant,
    /// How long the run had been in stall by then.
    pub(crate) stalled_for: Duration,
}

impl Task {
    /// An offer that was never asked for.
    pub fn new(offer: OfferId, slot: Slot) -> Self {
        let refusals = Refusals::default();
        Self { offer, slot, attempts: 0, first_attempt: None, failed_at: None, up_when_sent: None, refusals }
    }

    /// Whether a call sent at `sent_at` and passed tells that the service was up after this offer's last failure.
    /// One that left before may have been answered before the service went away.
    pub(crate) fn failed_before(&self, sent_at: Instant) -> bool {
        self.failed_at.is_some_and(|failed| failed <= sent_at)
    }
}
