//! The calls that may not have arrived yet: those without an answer, and those that were given up before one came.
//!
//! Only remembers. What follows from it is for `arrival_window` and `silence` to say.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::pace::Permit;

/// How long a call that was given up is remembered. No server known to us reads what a closed connection has brought
/// after so long a time, and a memory without an end would be full one day.
const REMEMBERED: Duration = Duration::from_secs(900);

/// Calls by their numbers, with what is known of them.
#[derive(Debug, Default)]
pub(crate) struct Travelling {
    /// When the calls without an answer left, in the order of their numbers.
    in_flight: VecDeque<(u64, Instant)>,
    /// Calls whose time was over before an answer came, in the order of their numbers, and when that was. The request
    /// may lie in the socket of a server that reads nothing just now: it arrives when that goes on.
    lost: VecDeque<(u64, Lost)>,
    last_left: Option<Instant>,
    last_lost: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Lost {
    sent_at: Instant,
    given_up: Instant,
}

impl Travelling {
    pub(crate) fn send(&mut self, permit: Permit) {
        self.in_flight.push_back((permit.number, permit.at));
        self.last_left = self.last_left.max(Some(permit.at));
    }

    /// An answer came. Gives back how many calls have arrived by now for that reason: this one, and those that left
    /// before it and were given up. A server that answers has gone on reading.
    pub(crate) fn answered(&mut self, permit: Permit) -> usize {
        let own = usize::from(self.take(permit).is_some());
        let before = self.lost.partition_point(|(number, _)| *number < permit.number);
        self.lost.drain(..before);
        own + before
    }

    /// No answer came in time, and none will.
    pub(crate) fn lost(&mut self, permit: Permit, now: Instant) {
        if let Some(sent_at) = self.take(permit) {
            let place = self.lost.partition_point(|(number, _)| *number < permit.number);
            self.last_lost = self.last_lost.max(Some(now));
            self.lost.insert(place, (permit.number, Lost { sent_at, given_up: now }));
        }
    }

    /// Takes in calls of another run that may not have arrived yet, as if they had been given up now; `number` is that of
    /// the first of them.
    pub(crate) fn inherit(&mut self, number: u64, calls: u64, now: Instant) {
        self.lost.extend((number..number + calls).map(|number| (number, Lost { sent_at: now, given_up: now })));
    }

    /// Forgets what has been given up for so long that it does not matter any more.
    pub(crate) fn forget(&mut self, now: Instant) {
        while self.lost.front().is_some_and(|(_, lost)| lost.given_up + REMEMBERED <= now) {
            self.lost.pop_front();
        }
    }

    /// How many calls have no answer yet.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// How many calls may not have arrived yet.
    pub(crate) fn len(&self) -> usize {
        self.in_flight.len() + self.lost.len()
    }

    /// When the first of the calls left that may not have arrived yet and have numbers above `number`.
    pub(crate) fn oldest_above(&self, number: Option<u64>) -> Option<Instant> {
        let above = |other: u64| number.is_none_or(|number| other > number);
        let in_flight = self.in_flight.partition_point(|(number, _)| !above(*number));
        let lost = self.lost.partition_point(|(number, _)| !above(*number));
        let lefts = [
            self.in_flight.get(in_flight).map(|(_, sent_at)| *sent_at),
            self.lost.get(lost).map(|(_, lost)| lost.sent_at),
        ];
        lefts.into_iter().flatten().min()
    }

    /// When the latest call left.
    pub(crate) fn last_left(&self) -> Option<Instant> {
        self.last_left
    }

    /// When a call was last given up.
    pub(crate) fn last_lost(&self) -> Option<Instant> {
        self.last_lost
    }

    fn take(&mut self, permit: Permit) -> Option<Instant> {
        let place = self.in_flight.binary_search_by_key(&permit.number, |(number, _)| *number).ok()?;
        self.in_flight.remove(place).map(|(_, sent_at)| sent_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn departures(t0: Instant) -> Vec<Permit> {
        (0..5).map(|number| Permit { at: t0 + Duration::from_secs(number), number }).collect()
    }

    #[test]
    fn an_answer_tells_of_its_own_call_and_of_those_given_up_that_left_before_it() {
        let t0 = Instant::now();
        let mut travelling = Travelling::default();
        let calls = departures(t0);
        for call in &calls {
            travelling.send(*call);
        }
        for call in [3, 0, 1] {
            travelling.lost(calls[call], t0);
        }
        assert_eq!((travelling.len(), travelling.in_flight()), (5, 2));
        assert_eq!(travelling.oldest_above(None), Some(calls[0].at));
        assert_eq!(travelling.oldest_above(Some(1)), Some(calls[2].at));
        assert_eq!(travelling.answered(calls[2]), 3, "its own, 0 and 1");
        assert_eq!(travelling.answered(calls[2]), 0, "an answer that comes twice tells nothing");
        assert_eq!(travelling.oldest_above(Some(2)), Some(calls[3].at));
        assert_eq!(travelling.answered(calls[4]), 2);
        assert_eq!((travelling.len(), travelling.oldest_above(None)), (0, None));
        assert_eq!(travelling.last_left(), Some(calls[4].at));
    }

    #[test]
    fn what_was_given_up_is_forgotten_in_the_end() {
        let t0 = Instant::now();
        let mut travelling = Travelling::default();
        let calls = departures(t0);
        for call in &calls {
            travelling.send(*call);
        }
        travelling.lost(calls[0], t0);
        travelling.forget(t0 + REMEMBERED / 2);
        assert_eq!(travelling.len(), 5);
        travelling.forget(t0 + REMEMBERED);
        assert_eq!((travelling.len(), travelling.in_flight()), (4, 4));
    }
}
