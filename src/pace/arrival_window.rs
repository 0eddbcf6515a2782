//! The limit as the server sees it, where calls arrive late and unevenly.
//!
//! Nobody here knows when a call arrives, but it is between its permit and its answer. So a call counts until one
//! window after its answer, and at most N calls count at once. Take the call that left last among those that arrive
//! within one window: each of the others arrived less than a window before it, was answered later still, and so
//! counted when it left. Hence never more than N arrivals in any half-open window, whatever the network does: a server
//! that reads nothing for a minute finds at most N calls when it goes on.
//!
//! A call that was given up may still be read later. It counts until one window after an answer to a call that left
//! after it: a server that answers that one is reading again.
//!
//! The price is pace: N calls per window and response time, 97 % of the limit at 300 ms and 91 % at 1 s. To take off what
//! every answer takes, because most of that is the server's work and not the way to it, would be quicker and wrong: a slow
//! server that reads nothing for a moment and then answers at once looks the same, and finds more than N calls.
//! Memory is one entry per call that counts, time O(1) amortised.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::pace::travelling::Travelling;
use crate::settings::rate::Limit;

/// Where every place is taken by calls that were given up, one leaves so long after the last of them all the same: else
/// nobody would ever learn that the server is back. Silence keeps small numbers of calls, so it takes a limit of few
/// calls to come to this.
const UNHEARD: Duration = Duration::from_secs(70);

/// Never more than N own calls that may count at the server.
#[derive(Debug)]
pub(crate) struct ArrivalWindow {
    calls: usize,
    window: Duration,
    /// When calls had arrived at the latest, in order.
    arrived: VecDeque<Instant>,
}

impl ArrivalWindow {
    pub(crate) fn new(limit: Limit) -> Self {
        let mut arrivals = Self { calls: 0, window: Duration::ZERO, arrived: VecDeque::new() };
        arrivals.set_limit(limit);
        arrivals
    }

    /// Goes on with the calls that count, under another limit.
    pub(crate) fn set_limit(&mut self, limit: Limit) {
        self.calls = usize::try_from(limit.calls.get()).unwrap_or(usize::MAX);
        self.window = limit.window;
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

    /// The most calls that may count.
    pub(crate) fn calls(&self) -> usize {
        self.calls
    }

    /// Takes in calls of another run that had arrived by these times.
    pub(crate) fn inherit(&mut self, arrived: impl Iterator<Item = Instant>) {
        self.arrived.extend(arrived);
        self.arrived.make_contiguous().sort_unstable();
    }

    /// How long ago calls had arrived at the latest, in order, and how many at a time: in no more than `most` groups.
    pub(crate) fn groups(&mut self, most: usize, now: Instant) -> impl Iterator<Item = (Duration, usize)> + '_ {
        let size = self.arrived.len().div_ceil(most.max(1)).max(1);
        let groups = self.arrived.make_contiguous().chunks(size);
        groups.filter_map(move |group| Some((now.saturating_duration_since(*group.last()?), group.len())))
    }

    /// An answer came, which shows that this number of calls had arrived by then.
    pub(crate) fn answered(&mut self, calls: usize, now: Instant) {
        // Never earlier than the one before, so that the queue is in order; that is the safe side.
        let time = self.arrived.back().map_or(now, |last| now.max(*last));
        self.arrived.extend(std::iter::repeat_n(time, calls));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::Permit;

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
                self.0.answered(arrived, now);
            }
        }
    }

    fn full(t0: Instant) -> (Both, Vec<Permit>) {
        let mut arrivals = Both(ArrivalWindow::new(Limit::PUBLISHED), Travelling::default());
        let departures: Vec<_> = (0..50).map(|number| Permit { at: t0, number }).collect();
        for permit in &departures {
            assert_eq!(arrivals.earliest(t0), t0);
            arrivals.send(*permit);
        }
        (arrivals, departures)
    }

    #[test]
    fn an_unanswered_call_counts_as_long_as_it_is() {
        let t0 = Instant::now();
        let (mut arrivals, _) = full(t0);
        for seconds in [0, 10, 11, 600, 86_400] {
            let now = t0 + Duration::from_secs(seconds);
            assert!(arrivals.earliest(now) > now, "{seconds} s");
        }
    }

    #[test]
    fn an_answered_call_counts_for_a_window_from_its_answer() {
        let t0 = Instant::now();
        let (mut arrivals, departures) = full(t0);
        arrivals.answered(departures[7], t0 + 170 * MS);
        assert_eq!(arrivals.earliest(t0 + 170 * MS), t0 + 10_170 * MS);
        arrivals.answered(departures[7], t0 + 180 * MS);
        arrivals.answered(departures[8], t0 + 5000 * MS);
        assert_eq!(arrivals.earliest(t0 + 10_170 * MS), t0 + 10_170 * MS, "one call is over");
        arrivals.send(Permit { at: t0 + 10_170 * MS, number: 50 });
        assert_eq!(arrivals.earliest(t0 + 10_170 * MS), t0 + 15_000 * MS, "and the late answer's a window after that");
    }

    #[test]
    fn calls_that_were_given_up_count_until_a_window_after_a_later_answer() {
        let t0 = Instant::now();
        let (mut arrivals, departures) = full(t0);
        for permit in &departures {
            arrivals.1.lost(*permit, t0 + 2000 * MS);
        }
        let later = t0 + 2000 * MS;
        assert_eq!(arrivals.earliest(later), later + UNHEARD, "nobody can answer any more");
        let later = later + UNHEARD;
        assert_eq!(arrivals.earliest(later), later);
        let probe = Permit { at: later, number: 50 };
        arrivals.send(probe);
        arrivals.answered(probe, later + 100 * MS);
        assert_eq!(arrivals.earliest(later + 100 * MS), later + 10_100 * MS);
    }

    #[test]
    fn another_window_goes_on_where_the_groups_of_this_one_leave_off() {
        let t0 = Instant::now();
        for (most, waits) in [(64, 4200), (10, 4500), (1, 9000)] {
            let (mut arrivals, departures) = full(t0);
            for (permit, n) in departures.iter().zip(1..) {
                arrivals.answered(*permit, t0 + 100 * MS * n);
            }
            let now = t0 + 6000 * MS;
            let times = arrivals.0.groups(most, now);
            let arrived: Vec<_> =
                times.flat_map(|(ago, calls)| std::iter::repeat_n(now.checked_sub(ago).unwrap(), calls)).collect();
            assert_eq!(arrived.len(), 50);
            let mut next = Both(ArrivalWindow::new(Limit::PUBLISHED), Travelling::default());
            next.0.inherit(arrived.into_iter().rev());
            next.1.inherit(0, 1, now);
            assert_eq!(next.earliest(now), now + waits * MS, "{most}");
        }
    }

    #[test]
    fn what_does_not_count_any_more_is_not_kept() {
        let t0 = Instant::now();
        let mut arrivals = Both(ArrivalWindow::new(Limit::PUBLISHED), Travelling::default());
        for number in 0..100_000 {
            let at = t0 + Duration::from_millis(number * 206);
            assert_eq!(arrivals.earliest(at), at);
            let permit = Permit { at, number };
            arrivals.send(permit);
            arrivals.answered(permit, at + 100 * MS);
            assert!(arrivals.0.arrived.len() + arrivals.1.len() <= 52);
        }
    }
}
