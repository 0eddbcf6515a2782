//! What must hold for every run, whatever the network does: the limit is never passed, and nearly all of it is used.
//!
//! Virtual time: a loop such as the one that owns the pace, with wake-ups, latencies, pauses and restarts of choice.

use std::collections::BinaryHeap;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

mod ends;
mod stalls;

/// How one call travels, and what the loop does before it.
#[derive(Clone, Copy, Debug)]
struct Call {
    /// From permit to arrival.
    travel: Duration,
    /// From arrival to answer.
    thinking: Duration,
    /// How late the loop wakes up for it.
    late: Duration,
    /// Nothing to send for so long.
    idle: Duration,
    /// The process is killed before this call and started again.
    restart: bool,
}

/// Answers that are due, earliest first.
type Answers = BinaryHeap<std::cmp::Reverse<(Instant, u64, Permit)>>;

impl PartialOrd for Permit {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Permit {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.number.cmp(&other.number)
    }
}

/// Runs the loop and returns when calls arrived.
fn arrivals(rate: Rate, t0: Instant, calls: &[Call]) -> Vec<Instant> {
    let mut now = t0;
    let mut pace = Pace::new(rate, now);
    let mut answers = Answers::new();
    let mut arrivals = Vec::with_capacity(calls.len());
    for call in calls {
        now += call.idle;
        if call.restart {
            answers.clear();
            pace = Pace::new(rate, now);
        }
        loop {
            while let Some(std::cmp::Reverse((due, _, permit))) = answers.peek().copied()
                && due <= now
            {
                answers.pop();
                pace.answered(permit, due, Signal::Passed);
            }
            match pace.poll(now) {
                Ok(()) => break,
                Err(wait) => {
                    assert!(wait.until > now, "no busy loop: {wait:?}");
                    let answer = answers.peek().map_or(wait.until, |answer| answer.0.0.max(now));
                    now = if answer < wait.until { answer } else { wait.until + call.late };
                }
            }
        }
        let permit = pace.send(now);
        let arrival = now + call.travel;
        arrivals.push(arrival);
        answers.push(std::cmp::Reverse((arrival + call.thinking, permit.number, permit)));
    }
    arrivals.sort_unstable();
    arrivals
}

/// The most arrivals in any half-open window.
fn most(arrivals: &[Instant], window: Duration) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (last, arrival) in arrivals.iter().enumerate() {
        while arrivals[first] + window <= *arrival {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

fn limited(text: &str) -> (Rate, usize, Duration) {
    let rate: Rate = text.parse().unwrap();
    let limit = rate.limit().unwrap();
    (rate, limit.calls.get() as usize, limit.window)
}

fn millis(range: std::ops::RangeInclusive<u64>) -> impl Strategy<Value = Duration> {
    (range.start() * 1000..=range.end() * 1000).prop_map(Duration::from_micros)
}

/// Mostly nothing, sometimes up to `longest` milliseconds.
fn seldom(longest: u64) -> impl Strategy<Value = Duration> {
    prop_oneof![20 => Just(Duration::ZERO), 1 => millis(0..=longest)]
}

/// Calls whose way varies by up to `jitter`, and whose answers may take very long.
fn calls(jitter: u64, restarts: bool) -> impl Strategy<Value = Vec<Call>> {
    let travel = prop_oneof![millis(0..=jitter), Just(Duration::ZERO), Just(Duration::from_millis(jitter))];
    let thinking = prop_oneof![10 => millis(0..=200), 1 => millis(0..=15_000)];
    let restart = prop::bool::weighted(if restarts { 0.03 } else { 0.0 });
    let call = (travel, thinking, seldom(30), seldom(15_000), restart)
        .prop_map(|(travel, thinking, late, idle, restart)| Call { travel, thinking, late, idle, restart });
    prop::collection::vec(call, 1..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn never_more_than_the_limit_arrives_with_jitter_up_to_300_ms(calls in calls(300, false)) {
        let (rate, most_allowed, window) = limited("50/10s");
        prop_assert!(most(&arrivals(rate, Instant::now(), &calls), window) <= most_allowed);
    }

    #[test]
    fn restarts_never_add_up_to_more_than_the_limit_with_jitter_up_to_90_ms(calls in calls(90, true)) {
        let (rate, most_allowed, window) = limited("50/10s");
        prop_assert!(most(&arrivals(rate, Instant::now(), &calls), window) <= most_allowed);
    }

    #[test]
    fn other_limits_are_kept_too(calls in calls(30, false), which in 0..4_usize) {
        let (rate, most_allowed, window) = limited(["5/s", "300/m", "7/3s", "1/s"][which]);
        prop_assert!(most(&arrivals(rate, Instant::now(), &calls), window) <= most_allowed);
    }
}

fn steady(travel: u64, thinking: u64) -> Call {
    Call {
        travel: Duration::from_millis(travel),
        thinking: Duration::from_millis(thinking),
        late: Duration::ZERO,
        idle: Duration::ZERO,
        restart: false,
    }
}

#[test]
fn nearly_all_of_the_limit_is_used() {
    for (travel, thinking, late_micros, at_least) in
        [(0, 0, 0, 4.949), (40, 40, 300, 4.90), (85, 85, 300, 4.90), (50, 250, 300, 4.84), (50, 3000, 300, 3.8)]
    {
        let call = Call { late: Duration::from_micros(late_micros), ..steady(travel, thinking) };
        let t0 = Instant::now();
        let arrivals = arrivals("50/10s".parse().unwrap(), t0, &vec![call; 3000]);
        let rate = 2999.0 / (arrivals[2999] - arrivals[0]).as_secs_f64();
        assert!(rate >= at_least, "{call:?}: {rate}");
    }
}

#[test]
fn restarts_in_a_row_are_no_faster_than_one_run() {
    let calls = vec![Call { restart: true, ..steady(20, 50) }; 200];
    let t0 = Instant::now();
    let arrivals = arrivals("50/10s".parse().unwrap(), t0, &calls);
    assert!(arrivals.iter().zip(1..).all(|(arrival, n)| *arrival >= t0 + Duration::from_millis(202) * n));
}

#[test]
fn very_high_rates_are_reached_within_3_percent_on_coarse_timers() {
    let (rate, most_allowed, window) = limited("20000/1s");
    let t0 = Instant::now();
    let mut now = t0;
    let mut pace = Pace::new(rate, now);
    let mut arrivals = Vec::new();
    let mut answers = std::collections::VecDeque::new();
    let mut wakes = 0_u64;
    while now < t0 + Duration::from_secs(5) {
        while let Some((due, permit)) = answers.front().copied().filter(|(due, _)| *due <= now) {
            answers.pop_front();
            pace.answered(permit, due, Signal::Passed);
        }
        match pace.poll(now) {
            Ok(()) => {
                answers.push_back((now + Duration::from_millis(2), pace.send(now)));
                arrivals.push(now);
                now += Duration::from_micros(20);
            }
            Err(wait) => {
                wakes += 1;
                let slept = u64::try_from((wait.until - now).as_micros().div_ceil(1000)).unwrap();
                let overshoot = if wakes.is_multiple_of(10) { wakes / 10 % 9 } else { 0 };
                now += Duration::from_millis(slept + overshoot);
            }
        }
    }
    let reached = arrivals.len() as f64 / 5.0;
    assert!(reached >= 0.97 * 20_000.0, "{reached}");
    assert!(most(&arrivals, window) <= most_allowed);
}

#[test]
fn runs_on_one_machine_stay_within_the_limit_together() {
    let (rate, most_allowed, window) = limited("50/10s");
    let t0 = Instant::now();
    let mut arrivals = Vec::new();
    for run in 0..3 {
        let mut now = t0 + Duration::from_millis(70) * run;
        let mut pace = Pace::new(rate, now);
        pace.set_terms(Terms::Part(NonZeroU32::new(3).unwrap()), now);
        while now < t0 + Duration::from_secs(600) {
            match pace.poll(now) {
                Ok(()) => {
                    let permit = pace.send(now);
                    pace.answered(permit, now, Signal::Passed);
                    arrivals.push(now);
                }
                Err(wait) => now = wait.until,
            }
        }
    }
    arrivals.sort_unstable();
    assert!(most(&arrivals, window) <= most_allowed);
    assert!(arrivals.len() > 2800, "{}", arrivals.len());
}

#[test]
fn a_change_of_share_never_bursts_and_the_run_left_alone_gets_all_of_the_limit() {
    let (rate, most_allowed, window) = limited("50/10s");
    let t0 = Instant::now();
    let mut now = t0;
    let mut pace = Pace::new(rate, now);
    let mut arrivals = Vec::new();
    while now < t0 + Duration::from_secs(600) {
        let second = (now - t0).as_secs();
        let parts = if second < 300 { 1 + (second / 7 % 3) as u32 } else { 1 };
        pace.set_terms(Terms::Part(NonZeroU32::new(parts).unwrap()), now);
        match pace.poll(now) {
            Ok(()) => {
                let permit = pace.send(now);
                pace.answered(permit, now, Signal::Passed);
                arrivals.push(now);
            }
            Err(wait) => now = wait.until.min(now + Duration::from_secs(1)),
        }
    }
    assert!(most(&arrivals, window) <= most_allowed);
    assert!(pace.pace() > 4.95);
}

#[test]
fn no_limit_share_or_retry_after_is_too_absurd() {
    for text in ["1/24h", "1/1ms", "4294967295/1ms", "4294967295/24h", "none"] {
        for runs in [1, 3, u32::MAX] {
            let t0 = Instant::now();
            let mut pace = Pace::new(text.parse().unwrap(), t0);
            pace.set_terms(Terms::Part(NonZeroU32::new(runs).unwrap()), t0);
            let mut now = t0;
            for retry_after in [None, Some(Duration::ZERO), Some(Duration::MAX)] {
                while let Err(wait) = pace.poll(now) {
                    now = wait.until;
                }
                let permit = pace.send(now);
                pace.answered(permit, now, Signal::Throttled { retry_after });
                // Answers that are handed in late or twice, and times that run backwards, are borne too.
                pace.answered(permit, t0, Signal::Passed);
            }
            assert!(pace.frozen_until(now).is_some() && pace.pace() > 0.0, "{text} by {runs}");
        }
    }
}
