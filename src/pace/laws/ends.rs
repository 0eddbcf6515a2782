//! A run that comes to its end and another one that is started at once: never more than the limit arrives, though the second
//! one most often knows nothing of the calls of the first.

use super::stalls::{CALM, Network, most_in_a_window, story};
use super::*;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_run_started_right_after_another_never_lets_more_than_the_limit_arrive() {
    let seeds = if std::env::var_os("OFFERLINKS_LONG").is_some() { 0..4000 } else { 0..200 };
    for seed in seeds {
        let mut dice = fastrand::Rng::with_seed(seed);
        // Where there are few calls, all of them may be given up in a stall; one place is left free then all the same.
        let (rate, timeouts) =
            [("50/10s", [2, 60]), ("100/10s", [2, 60]), ("300/m", [2, 60]), ("5/s", [60, 60]), ("7/3s", [60, 60])]
                [dice.usize(0..5)];
        let (from, stalled) = (25 * SECOND, dice.u32(100..15_000) * MS);
        let stalls = if dice.bool() { vec![(from, from + stalled)] } else { Vec::new() };
        let ends = (0..dice.u32(1..5)).map(|_| from + (stalled + 5 * SECOND).mul_f64(dice.f64()));
        let mut ends: Vec<_> = ends.collect();
        ends.sort_unstable();
        let network = Network {
            rate,
            concurrency: [1, 4, 16, 64][dice.usize(0..4)],
            timeout: timeouts[dice.usize(0..2)] * SECOND,
            way: dice.u32(0..100) * MS,
            thinking: dice.u32(1..300) * MS,
            reads: [Duration::ZERO, 20 * MS, 100 * MS, 155 * MS][dice.usize(0..4)],
            stalls,
            ends,
            lasts: from + stalled + 40 * SECOND,
            ..CALM
        };
        let calls = story(&network, seed);
        let limit = rate.parse::<Rate>().unwrap().limit().unwrap();
        let most = most_in_a_window(&calls, limit.window);
        assert!(most <= limit.calls.get() as usize, "{most} arrivals, seed {seed}: {network:?}");
    }
}

#[test]
fn calls_that_a_slow_reader_has_caught_up_with_are_known_to_the_next_run() {
    // After a stall the server reads a call each 155 ms: more than the limit, and no two at a time.
    for end in (26_000..34_000).step_by(250) {
        let stalls = vec![(25 * SECOND, 29 * SECOND)];
        let network = Network { reads: 155 * MS, stalls, ends: vec![end * MS], lasts: 60 * SECOND, ..CALM };
        let most = most_in_a_window(&story(&network, 1), 10 * SECOND);
        assert!(most <= 50, "{most} arrivals: {network:?}");
    }
}

#[test]
fn after_a_calm_run_nothing_has_to_be_known() {
    let (rate, limit) = ("50/10s".parse::<Rate>().unwrap(), Limit::PUBLISHED);
    let mut dice = fastrand::Rng::with_seed(1);
    let mut now = Instant::now();
    let mut pace = Pace::new(rate, now);
    for call in 0..500 {
        while let Err(wait) = pace.poll(now) {
            now = wait.until;
        }
        let permit = pace.send(now);
        now += dice.u32(20..100) * MS;
        pace.answered(permit, now, Signal::Passed);
        assert!(pace.still_counting(now).is_even(limit), "after {call} calls");
    }
}
