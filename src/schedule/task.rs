//! An offer on its way to an outcome, and what it has been through.
//!
//! Owned by exactly one place at a time: a queue of the schedule, or a call in flight.

use std::time::{Duration, Instant};

use super::slot::Slot;
use crate::offer::OfferId;

/// An offer that has no outcome yet.
#[derive(Debug)]
pub struct Task {
    /// The offer.
    pub offer: OfferId,
    /// Where its outcome goes.
    pub slot: Slot,
    /// Failed attempts so far; throttled calls and probes are not among them.
    pub(super) attempts: u32,
    pub(super) first_attempt: Option<FirstAttempt>,
    /// When its last failure was read.
    pub(super) failed_at: Option<Instant>,
    /// Until when the service was known to be up when its last call left.
    pub(super) up_when_sent: Option<Instant>,
    pub(super) throttles: Throttles,
}

/// When an offer was first asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstAttempt {
    pub(super) at: Instant,
    /// How long the run had been in trouble by then.
    pub(super) troubled: Duration,
}

impl Task {
    /// An offer that was never asked for.
    pub fn new(offer: OfferId, slot: Slot) -> Self {
        let throttles = Throttles::default();
        Self { offer, slot, attempts: 0, first_attempt: None, failed_at: None, up_when_sent: None, throttles }
    }

    /// Whether a call that left at `left` and passed tells that the service was up after this offer's last failure.
    /// One that left before may have been answered before the service went away.
    pub(super) fn failed_before(&self, left: Instant) -> bool {
        self.failed_at.is_some_and(|failed| failed <= left)
    }
}

/// How often an offer was throttled again after others had passed: then it is the offer, not the pace.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Throttles {
    counted: u32,
    at_last: Traffic,
}

/// How much had happened up to a moment, on the whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    /// Calls that passed.
    pub(super) passes: u64,
    /// Calls that were throttled.
    pub(super) throttles: u64,
}

/// What a throttled call says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The limit is used up: everything waits.
    Pace,
    /// Perhaps this offer alone: it waits, the others go on.
    Doubtful,
    /// This offer alone: an attempt of its own.
    Offer,
}

impl Throttles {
    /// As often an offer may be throttled before that counts as its own failure. By chance it
    /// is throttled that often, and then as often as there are attempts, once in ten million offers where every
    /// eighth call is throttled.
    const BY_CHANCE: u32 = 3;

    /// Takes in that this offer was throttled when `traffic` had happened, this throttle included.
    ///
    /// That others are throttled too is no excuse in the end: there may be several such offers.
    pub(super) fn add(&mut self, traffic: Traffic) -> Meaning {
        let others_passed = traffic.passes > self.at_last.passes;
        let nobody_else_throttled = traffic.throttles == self.at_last.throttles + 1;
        self.at_last = traffic;
        if self.counted == 0 {
            self.counted = 1;
            return Meaning::Pace;
        }
        if !others_passed {
            return Meaning::Pace;
        }
        self.counted += 1;
        match self.counted > Self::BY_CHANCE {
            true => Meaning::Offer,
            false if nobody_else_throttled => Meaning::Doubtful,
            false => Meaning::Pace,
        }
    }

    /// Whether the offer was ever throttled.
    pub(super) fn any(&self) -> bool {
        self.counted > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_throttled_alone_is_taken_for_what_it_is() {
        let mut throttles = Throttles::default();
        let meanings: Vec<Meaning> = (1..=5).map(|n| throttles.add(Traffic { passes: 10 * n, throttles: n })).collect();
        assert_eq!(meanings, [Meaning::Pace, Meaning::Doubtful, Meaning::Doubtful, Meaning::Offer, Meaning::Offer]);
    }

    #[test]
    fn throttled_among_others_is_the_pace_but_not_for_ever() {
        let mut throttles = Throttles::default();
        let meanings: Vec<Meaning> =
            (1..=5).map(|n| throttles.add(Traffic { passes: 10 * n, throttles: 2 * n })).collect();
        assert_eq!(meanings, [Meaning::Pace, Meaning::Pace, Meaning::Pace, Meaning::Offer, Meaning::Offer]);
    }

    #[test]
    fn throttled_while_nothing_passes_is_always_the_pace() {
        let mut throttles = Throttles::default();
        for n in 1..=50 {
            assert_eq!(throttles.add(Traffic { passes: 3, throttles: n }), Meaning::Pace);
        }
    }
}
