//! The guard: the limit as the server sees it, where calls arrive late and unevenly.
//!
//! Nobody here knows when a call arrives, but it is between its departure and its answer. So a call counts until one
//! window after its answer, and at most N calls count at once. Take the call that left last among those that arrive
//! within one window: each of the others arrived less than a window before it, was answered later still, and so
//! counted when it left. Hence never more than N arrivals in any half-open window, whatever the network does.
//!
//! A slow server would cost pace (N per window + response time), so an answer is waited for only up to
//! [`MAX_TRAVEL`]: enough for one lost packet. Memory is one entry per call that counts, time O(1) amortised.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Departure;
use crate::settings::rate::Limit;

/// The longest way of a call to the server that is allowed for: one TCP retransmission.
const MAX_TRAVEL: Duration = Duration::from_millis(300);

/// The same as a part of the window, where windows are short.
const WINDOW_PER_TRAVEL: u32 = 33;

/// Never more than N own calls that may count at the server.
#[derive(Debug)]
pub(super) struct Guard {
    calls: usize,
    window: Duration,
    travel: Duration,
    /// Departures of calls that may still be on their way, by number from `first`; `None` once answered.
    travelling: VecDeque<Option<Instant>>,
    first: u64,
    /// How many of `travelling` are not answered.
    unanswered: usize,
    /// When calls arrived at the latest, in order.
    arrived: VecDeque<Instant>,
}

impl Guard {
    pub(super) fn new(limit: Limit) -> Self {
        let mut guard = Self {
            calls: 0,
            window: Duration::ZERO,
            travel: Duration::ZERO,
            travelling: VecDeque::new(),
            first: 0,
            unanswered: 0,
            arrived: VecDeque::new(),
        };
        guard.set_limit(limit);
        guard
    }

    /// Goes on with the calls that count, under another limit.
    pub(super) fn set_limit(&mut self, limit: Limit) {
        self.calls = usize::try_from(limit.calls.get()).unwrap_or(usize::MAX);
        self.window = limit.window;
        self.travel = MAX_TRAVEL.min(limit.window / WINDOW_PER_TRAVEL);
    }

    /// When fewer than N calls count, as far as is known now; `now` if it is so already.
    pub(super) fn earliest(&mut self, now: Instant) -> Instant {
        self.advance(now);
        let Some(excess) = (self.unanswered + self.arrived.len()).checked_sub(self.calls) else {
            return now;
        };
        if let Some(arrived) = self.arrived.get(excess) {
            return *arrived + self.window;
        }
        let unanswered = self.travelling.iter().flatten().nth(excess - self.arrived.len());
        unanswered.map_or(now, |left| *left + self.travel + self.window)
    }

    pub(super) fn send(&mut self, departure: Departure) {
        self.travelling.push_back(Some(departure.at));
        self.unanswered += 1;
    }

    pub(super) fn answered(&mut self, departure: Departure, now: Instant) {
        self.advance(now);
        let place = departure.number.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        if let Some(slot) = place.and_then(|place| self.travelling.get_mut(place))
            && let Some(left) = slot.take()
        {
            self.arrived_by(now.max(left));
        }
    }

    /// Moves on what the mere passing of time decides.
    fn advance(&mut self, now: Instant) {
        while let Some(front) = self.travelling.front() {
            match *front {
                Some(left) if left + self.travel > now => break,
                Some(left) => self.arrived_by(left + self.travel),
                None => {}
            }
            self.travelling.pop_front();
            self.first += 1;
        }
        while self.arrived.front().is_some_and(|arrived| *arrived + self.window <= now) {
            self.arrived.pop_front();
        }
    }

    /// Events come in the order of time, so the queue is sorted by itself.
    fn arrived_by(&mut self, time: Instant) {
        self.unanswered -= 1;
        let time = self.arrived.back().map_or(time, |last| time.max(*last));
        self.arrived.push_back(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn full(t0: Instant) -> (Guard, Vec<Departure>) {
        let mut guard = Guard::new(Limit::PUBLISHED);
        let departures: Vec<_> = (0..50).map(|number| Departure { at: t0, number }).collect();
        for departure in &departures {
            assert_eq!(guard.earliest(t0), t0);
            guard.send(*departure);
        }
        (guard, departures)
    }

    #[test]
    fn an_unanswered_call_counts_for_a_window_and_300_ms() {
        let t0 = Instant::now();
        let (mut guard, _) = full(t0);
        assert_eq!(guard.earliest(t0), t0 + 10_300 * MS);
        assert_eq!(guard.earliest(t0 + 10_299 * MS), t0 + 10_300 * MS);
        assert_eq!(guard.earliest(t0 + 10_300 * MS), t0 + 10_300 * MS);
    }

    #[test]
    fn an_answered_call_counts_for_a_window_from_its_answer() {
        let t0 = Instant::now();
        let (mut guard, departures) = full(t0);
        guard.answered(departures[7], t0 + 170 * MS);
        assert_eq!(guard.earliest(t0 + 170 * MS), t0 + 10_170 * MS);
        guard.answered(departures[7], t0 + 180 * MS);
        guard.answered(departures[8], t0 + 5000 * MS);
        assert_eq!(guard.earliest(t0 + 10_170 * MS), t0 + 10_170 * MS, "one call is over");
        guard.send(Departure { at: t0 + 10_170 * MS, number: 50 });
        assert_eq!(guard.earliest(t0 + 10_170 * MS), t0 + 10_300 * MS, "a late answer changes nothing");
    }

    #[test]
    fn short_windows_allow_for_shorter_ways() {
        let mut guard = Guard::new(Limit::PUBLISHED);
        assert_eq!(guard.travel, 300 * MS);
        guard.set_limit(Limit { window: Duration::from_secs(1), ..Limit::PUBLISHED });
        assert!(guard.travel > 30 * MS && guard.travel < 31 * MS, "{:?}", guard.travel);
    }

    #[test]
    fn what_does_not_count_any_more_is_not_kept() {
        let t0 = Instant::now();
        let mut guard = Guard::new(Limit::PUBLISHED);
        for number in 0..100_000 {
            let at = t0 + Duration::from_millis(number * 206);
            assert_eq!(guard.earliest(at), at);
            guard.send(Departure { at, number });
            assert!(guard.arrived.len() + guard.travelling.len() <= 52);
        }
    }
}
