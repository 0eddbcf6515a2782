//! The circuit breaker: distinguishes an outage from failures of single requests, and schedules the probes.
//!
//! Knows nothing of requests: it is given how calls ended and when.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Opens when the service is gone: then only probes go out.
#[derive(Debug)]
pub(crate) struct Breaker {
    /// Whether each of the last calls failed; throttled calls are not among them.
    recent: VecDeque<bool>,
    /// When a call last succeeded; the start, before any has.
    last_pass: Instant,
    state: State,
    /// How long nothing must have succeeded before it opens.
    patience: Duration,
}

#[derive(Debug)]
enum State {
    Closed,
    Open { since: Instant, probes: u32, probe_at: Instant },
}

impl Breaker {
    /// Calls looked back at, and failures among them that open it.
    const RECENT: usize = 20;
    const FAILED: usize = 10;
    const PATIENCE: Duration = Duration::from_secs(30);
    const FIRST_PROBE: Duration = Duration::from_secs(5);
    const SLOWEST_PROBE: Duration = Duration::from_secs(60);

    /// A closed breaker. It waits for `min(30 s, --max-outage)` without a success before it opens.
    pub(crate) fn new(max_outage: Duration, now: Instant) -> Self {
        Self {
            recent: VecDeque::with_capacity(Self::RECENT),
            last_pass: now,
            state: State::Closed,
            patience: Self::PATIENCE.min(max_outage),
        }
    }

    /// A call succeeded. Returns how long the breaker was open, if this closes it.
    pub(crate) fn passed(&mut self, now: Instant) -> Option<Duration> {
        self.last_pass = now;
        if let State::Open { since, .. } = self.state {
            self.state = State::Closed;
            self.recent.clear();
            return Some(now.saturating_duration_since(since));
        }
        self.remember(false);
        None
    }

    /// A call sent at `sent_at` had a transient failure.
    pub(crate) fn failed(&mut self, sent_at: Instant, now: Instant) {
        match &mut self.state {
            // No probe, only the rest of what was in flight: nothing new.
            State::Open { since, .. } if sent_at < *since => {}
            State::Open { probes, probe_at, .. } => {
                *probes += 1;
                // Counted from its permit, because a probe may hang for as long as the delay.
                *probe_at = now.max(sent_at + Self::probe_delay(*probes));
            }
            State::Closed => {
                self.remember(true);
                let failures = self.recent.iter().filter(|failed| **failed).count();
                if failures >= Self::FAILED && now.saturating_duration_since(self.last_pass) >= self.patience {
                    self.trip(now);
                }
            }
        }
    }

    /// Opens without waiting for more evidence.
    pub(crate) fn trip(&mut self, now: Instant) {
        if !self.is_open() {
            self.state = State::Open { since: now, probes: 0, probe_at: now + Self::probe_delay(0) };
        }
    }

    /// Whether only probes may go out.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// How long it has been open; zero if it is closed.
    pub(crate) fn open_for(&self, now: Instant) -> Duration {
        match self.state {
            State::Open { since, .. } => now.saturating_duration_since(since),
            State::Closed => Duration::ZERO,
        }
    }

    /// How many probes have failed and when the next may go out, if the breaker is open.
    pub(crate) fn next_probe(&self) -> Option<(u32, Instant)> {
        match self.state {
            State::Open { probes, probe_at, .. } => Some((probes, probe_at)),
            State::Closed => None,
        }
    }

    fn remember(&mut self, failed: bool) {
        if self.recent.len() == Self::RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(failed);
    }

    /// 5, 10, 20, 40, 60, 60 s, ...
    fn probe_delay(probes: u32) -> Duration {
        Self::SLOWEST_PROBE.min(Self::FIRST_PROBE * (1 << probes.min(4)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTAGE: Duration = Duration::from_secs(900);

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn opens_after_ten_failures_of_twenty_and_thirty_seconds_without_a_pass() {
        let start = Instant::now();
        let mut breaker = Breaker::new(OUTAGE, start);
        for call in 0..29 {
            breaker.failed(start, start + seconds(call));
            assert!(!breaker.is_open(), "after {call} s");
        }
        breaker.failed(start, start + seconds(30));
        assert!(breaker.is_open());
    }

    #[test]
    fn tells_how_long_it_has_been_open() {
        let start = Instant::now();
        let mut breaker = Breaker::new(OUTAGE, start);
        breaker.trip(start);
        assert_eq!(breaker.open_for(start + seconds(7)), seconds(7));
        assert_eq!(breaker.passed(start + seconds(9)), Some(seconds(9)));
        assert_eq!(breaker.open_for(start + seconds(10)), Duration::ZERO);
    }

    #[test]
    fn stays_closed_while_calls_pass_now_and_then() {
        let start = Instant::now();
        let mut breaker = Breaker::new(OUTAGE, start);
        for call in 0..400 {
            let now = start + seconds(call);
            if call % 25 == 0 {
                breaker.passed(now);
            } else {
                breaker.failed(now, now);
            }
            assert!(!breaker.is_open());
        }
    }

    #[test]
    fn stays_closed_while_few_calls_fail() {
        let start = Instant::now();
        let mut breaker = Breaker::new(OUTAGE, start);
        for call in 0..9 {
            breaker.failed(start, start + seconds(60 * call));
        }
        assert!(!breaker.is_open());
        breaker.failed(start, start + seconds(600));
        assert!(breaker.is_open());
    }

    #[test]
    fn probes_grow_rarer_up_to_a_minute_and_a_pass_closes() {
        let start = Instant::now();
        let mut breaker = Breaker::new(OUTAGE, start);
        breaker.trip(start);
        let mut now = start;
        for (n, delay) in (0..).zip([5, 10, 20, 40, 60, 60]) {
            assert_eq!(breaker.next_probe(), Some((n, now + seconds(delay))));
            now += seconds(delay);
            breaker.failed(now, now);
        }
        assert_eq!(breaker.passed(now + seconds(60)), Some(seconds(255)));
        assert_eq!(breaker.next_probe(), None);
    }

    #[test]
    fn what_was_in_flight_when_it_opened_makes_no_probe_rarer() {
        let start = Instant::now();
        let mut breaker = Breaker::new(OUTAGE, start);
        let opened = start + seconds(60);
        breaker.trip(opened);
        for call in 0..15 {
            breaker.failed(start + seconds(call), opened + seconds(1));
        }
        assert_eq!(breaker.next_probe(), Some((0, opened + seconds(5))));
    }

    #[test]
    fn a_probe_that_hangs_delays_the_next_by_no_more_than_one_that_fails_at_once() {
        let start = Instant::now();
        let mut breaker = Breaker::new(OUTAGE, start);
        breaker.trip(start);
        let sent_at = start + seconds(5);
        breaker.failed(sent_at, sent_at + seconds(7));
        assert_eq!(breaker.next_probe(), Some((1, sent_at + seconds(10))));
        let sent_at = start + seconds(15);
        breaker.failed(sent_at, sent_at + seconds(60));
        assert_eq!(breaker.next_probe(), Some((2, sent_at + seconds(60))));
    }
}
