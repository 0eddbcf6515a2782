//! An offer on its way to an outcome, and what it has been through.
//!
//! Owned by exactly one place at a time: a queue of the schedule, or a call in flight.

use std::time::{Duration, Instant};

use super::window::Slot;
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
    pub(super) throttles: Throttles,
}

/// When an offer was first asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstAttempt {
    pub(super) at: Instant,
    /// How long the whole run had stood still by then.
    pub(super) standstill: Duration,
}

impl Task {
    /// An offer that was never asked for.
    pub fn new(offer: OfferId, slot: Slot) -> Self {
        Self { offer, slot, attempts: 0, first_attempt: None, throttles: Throttles::default() }
    }
}

/// How often an offer alone was throttled while all others passed: then it is the offer, not the pace.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Throttles {
    in_a_row: u32,
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
    /// As often an offer may be throttled alone before that counts as its own failure (DESIGN.md section 7).
    const ALONE: u32 = 3;

    /// Takes in that this offer was throttled when `traffic` had happened, this throttle included.
    pub(super) fn add(&mut self, traffic: Traffic) -> Meaning {
        let others_passed = traffic.passes > self.at_last.passes;
        let nobody_else_throttled = traffic.throttles == self.at_last.throttles + 1;
        let alone = self.in_a_row > 0 && others_passed && nobody_else_throttled;
        self.in_a_row = if alone { self.in_a_row + 1 } else { 1 };
        self.at_last = traffic;
        match self.in_a_row {
            0 | 1 => Meaning::Pace,
            2..=Self::ALONE => Meaning::Doubtful,
            _ => Meaning::Offer,
        }
    }

    /// Whether some other call has passed since the last throttle; asking again before would teach nothing.
    pub(super) fn others_passed(&self, traffic: Traffic) -> bool {
        traffic.passes > self.at_last.passes
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
    fn throttled_among_others_is_always_the_pace() {
        let mut throttles = Throttles::default();
        for n in 1..=50 {
            assert_eq!(throttles.add(Traffic { passes: 10 * n, throttles: 2 * n }), Meaning::Pace);
        }
    }

    #[test]
    fn throttled_while_nothing_passes_is_always_the_pace() {
        let mut throttles = Throttles::default();
        for n in 1..=50 {
            assert_eq!(throttles.add(Traffic { passes: 3, throttles: n }), Meaning::Pace);
        }
    }
}
