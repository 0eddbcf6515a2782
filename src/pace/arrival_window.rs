//! The guard: the limit as the server sees it, where calls arrive late and unevenly.
//!
//! Nobody here knows when a call arrives, but it is between its permit and its answer. So a call counts until one
//! window after its answer, and at most N calls count at once. Take the call that left last among those that arrive
//! within one window: each of the others arrived less than a window before it, was answered later still, and so
//! counted when it left. Hence never more than N arrivals in any half-open window, whatever the network does: a server
//! that reads nothing for a minute finds at most N calls when it goes on.
//!
//! A call that was given up may still be read later. It counts until one window after an answer to a call that left
//! after it: whoever answers that has gone on reading.
//!
//! The price is pace: N calls per window and response time, 97.1 % of the limit at 300 ms. Where *every* answer takes
//! long, what all of them take has little to do with the way to the server, and [`ArrivalWindow::relief`] takes it off again.
//! Memory is one entry per call that counts, time O(1) amortised.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::pace::Permit;
use crate::pace::travelling::Travelling;
use crate::settings::rate::Limit;

/// So much of every response time is taken for the way to the server, however slow all answers are.
const WAY: Duration = Duration::from_millis(200);

/// The same as a part of the window, where windows are short.
const WINDOW_PER_WAY: u32 = 33;

/// Where every place is taken by calls that were given up, one leaves so long after the last of them all the same: else
/// nobody would ever learn that the server is back. Silence keeps small numbers of calls, so it takes a limit of few
/// calls to come to this.
const UNHEARD: Duration = Duration::from_secs(70);

/// Never more than N own calls that may count at the server.
#[derive(Debug)]
pub(crate) struct ArrivalWindow {
    calls: usize,
    window: Duration,
    way: Duration,
    /// When calls had arrived at the latest, in order.
    arrived: VecDeque<Instant>,
    quickest: Quickest,
}

impl ArrivalWindow {
    pub(crate) fn new(limit: Limit) -> Self {
        let (calls, window, way) = (0, Duration::ZERO, Duration::ZERO);
        let mut guard = Self { calls, window, way, arrived: VecDeque::new(), quickest: Quickest::default() };
        guard.set_limit(limit);
        guard
    }

    /// Goes on with the calls that count, under another limit.
    pub(crate) fn set_limit(&mut self, limit: Limit) {
        self.calls = usize::try_from(limit.calls.get()).unwrap_or(usize::MAX);
        self.window = limit.window;
        self.way = WAY.min(limit.window / WINDOW_PER_WAY);
    }

    /// When fewer than N calls count, as far as is known now; `now` if it is so already. Only an answer may bring that
    /// about: then it is a time to look again.
    pub(crate) fn earliest(&mut self, travelling: &Travelling, now: Instant) -> Instant {
        let counting = self.counting(travelling, now);
        let Some(excess) = counting.checked_sub(self.calls) else { return now };
        if let Some(arrived) = self.arrived.get(excess) {
            return *arrived + self.window;
        }
        if travelling.in_flight() > 0 {
            return now + self.window;
        }
        travelling.last_lost().map_or(now, |lost| now.max(lost + UNHEARD))
    }

    /// How many calls may count at the server.
    pub(crate) fn counting(&mut self, travelling: &Travelling, now: Instant) -> usize {
        while self.arrived.front().is_some_and(|arrived| *arrived + self.window <= now) {
            self.arrived.pop_front();
        }
        self.arrived.len() + travelling.len()
    }

    /// A call was answered, and so many had arrived by then for that reason, its own among them.
    pub(crate) fn answered(&mut self, permit: Permit, calls: usize, now: Instant) {
        let took = now.saturating_duration_since(permit.at);
        self.quickest.note(took, now, self.window);
        let own = now.checked_sub(self.relief(took)).unwrap_or(now);
        self.arrived_by(own, 1);
        self.arrived_by(now, calls.saturating_sub(1));
    }

    /// Never earlier than the one before, so that the queue is in order; that is the safe side.
    fn arrived_by(&mut self, time: Instant, calls: usize) {
        let time = self.arrived.back().map_or(time, |last| time.max(*last));
        self.arrived.extend(std::iter::repeat_n(time, calls));
    }

    /// How long before an answer that took `took` its call had arrived: what every call takes lately, less the longest
    /// way that is allowed for. Nothing for an answer later than usual: that call may have lain unread, and
    /// be answered at once.
    fn relief(&self, took: Duration) -> Duration {
        let quickest = self.quickest.get();
        let is_usual = took <= Quickest::hardly_longer_than(quickest);
        if is_usual { quickest.saturating_sub(self.way) } else { Duration::ZERO }
    }
}

/// The shortest response time of the last one to two times [`Self::MANY`] answers, or windows where those are longer,
/// as long as most answers take hardly longer: where they differ, the shortest tells nothing about the next.
#[derive(Debug, Default)]
struct Quickest {
    since: Option<Instant>,
    count: u32,
    /// As many of them took hardly longer than `before`.
    near: u32,
    now: Duration,
    before: Duration,
    are_alike: bool,
}

impl Quickest {
    /// As many slow answers in a row are no accident.
    const MANY: u32 = 32;

    fn note(&mut self, took: Duration, now: Instant, window: Duration) {
        let since = *self.since.get_or_insert(now);
        if self.count >= Self::MANY && now.saturating_duration_since(since) >= window {
            self.are_alike = 2 * self.near >= self.count;
            (self.since, self.count, self.near, self.before) = (Some(now), 0, 0, self.now);
        }
        self.now = if self.count == 0 { took } else { self.now.min(took) };
        self.count = self.count.saturating_add(1);
        self.near += u32::from(took <= Self::hardly_longer_than(self.before));
    }

    /// Zero until there are enough answers to go by.
    fn get(&self) -> Duration {
        if self.are_alike { self.before.min(self.now) } else { Duration::ZERO }
    }

    fn hardly_longer_than(time: Duration) -> Duration {
        time + time / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// What [`crate::pace::Pace`] does with the two.
    struct Both(ArrivalWindow, Travelling);

    impl Both {
        fn earliest(&mut self, now: Instant) -> Instant {
            self.0.earliest(&self.1, now)
        }

        fn send(&mut self, permit: Permit) {
            self.1.send(permit);
        }

        fn answered(&mut self, permit: Permit, now: Instant) {
            let arrived = self.1.answered(permit);
            if arrived > 0 {
                self.0.answered(permit, arrived, now);
            }
        }
    }

    fn full(t0: Instant) -> (Both, Vec<Permit>) {
        let mut guard = Both(ArrivalWindow::new(Limit::PUBLISHED), Travelling::default());
        let departures: Vec<_> = (0..50).map(|number| Permit { at: t0, number }).collect();
        for permit in &departures {
            assert_eq!(guard.earliest(t0), t0);
            guard.send(*permit);
        }
        (guard, departures)
    }

    #[test]
    fn an_unanswered_call_counts_as_long_as_it_is() {
        let t0 = Instant::now();
        let (mut guard, _) = full(t0);
        for seconds in [0, 10, 11, 600, 86_400] {
            let now = t0 + Duration::from_secs(seconds);
            assert!(guard.earliest(now) > now, "{seconds} s");
        }
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
        guard.send(Permit { at: t0 + 10_170 * MS, number: 50 });
        assert_eq!(guard.earliest(t0 + 10_170 * MS), t0 + 15_000 * MS, "and the late answer's a window after that");
    }

    #[test]
    fn calls_that_were_given_up_count_until_a_window_after_a_later_answer() {
        let t0 = Instant::now();
        let (mut guard, departures) = full(t0);
        for permit in &departures {
            guard.1.lost(*permit, t0 + 2000 * MS);
        }
        let later = t0 + 2000 * MS;
        assert_eq!(guard.earliest(later), later + UNHEARD, "nobody can answer any more");
        let later = later + UNHEARD;
        assert_eq!(guard.earliest(later), later);
        let probe = Permit { at: later, number: 50 };
        guard.send(probe);
        guard.answered(probe, later + 100 * MS);
        assert_eq!(guard.earliest(later + 100 * MS), later + 10_100 * MS);
    }

    #[test]
    fn what_every_answer_takes_is_no_way() {
        let t0 = Instant::now();
        let mut guard = Both(ArrivalWindow::new(Limit::PUBLISHED), Travelling::default());
        let mut number = 0;
        let mut call = |guard: &mut Both, sent_at: Instant, took: Duration| {
            guard.send(Permit { at: sent_at, number });
            guard.answered(Permit { at: sent_at, number }, sent_at + took);
            number += 1;
        };
        // One answer each 250 ms, and each took 3 s.
        (0..200).for_each(|n| call(&mut guard, t0 + 250 * n * MS, 3000 * MS));
        let now = t0 + 52_750 * MS;
        let counting = |guard: &mut Both| {
            assert!(guard.earliest(now) >= now);
            guard.0.arrived.len()
        };
        assert_eq!(counting(&mut guard), 29, "those answered in the last 7.2 s");
        call(&mut guard, t0 + 47_750 * MS, 5000 * MS);
        assert_eq!(guard.0.arrived.back(), Some(&now), "an answer later than usual is taken as the arrival");
    }

    #[test]
    fn short_windows_allow_for_shorter_ways() {
        let mut guard = ArrivalWindow::new(Limit::PUBLISHED);
        assert_eq!(guard.way, 200 * MS);
        guard.set_limit(Limit { window: Duration::from_secs(1), ..Limit::PUBLISHED });
        assert!(guard.way > 30 * MS && guard.way < 31 * MS, "{:?}", guard.way);
    }

    #[test]
    fn what_does_not_count_any_more_is_not_kept() {
        let t0 = Instant::now();
        let mut guard = Both(ArrivalWindow::new(Limit::PUBLISHED), Travelling::default());
        for number in 0..100_000 {
            let at = t0 + Duration::from_millis(number * 206);
            assert_eq!(guard.earliest(at), at);
            let permit = Permit { at, number };
            guard.send(permit);
            guard.answered(permit, at + 100 * MS);
            assert!(guard.0.arrived.len() + guard.1.len() <= 52);
        }
    }
}
