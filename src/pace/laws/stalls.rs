//! A server that reads nothing for a while and then everything at once: never more than the limit arrives, whatever the
//! number of calls at a time and their timeout, and the run goes on soon after.

use std::collections::BTreeMap;

use super::*;
use crate::budget::inheritance::noted_at_once;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// What the calls meet.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub(super) rate: &'static str,
    pub(super) concurrency: usize,
    pub(super) timeout: Duration,
    /// From permit to arrival, and from arrival to answer.
    pub(super) way: Duration,
    pub(super) thinking: Duration,
    /// By what part of them either is shorter or longer than that.
    pub(super) spread: f64,
    /// From when to when the server reads nothing.
    pub(super) stalls: Vec<(Duration, Duration)>,
    /// How many of a hundred answers take 1 to 3 s longer.
    pub(super) slow: u32,
    /// The server reads calls one after the other, each this long after the one before at least.
    pub(super) reads: Duration,
    /// When the process is killed and started again at once.
    pub(super) kills: Vec<Duration>,
    /// When the run comes to its end, waits for its answers, and another one is started at once.
    pub(super) ends: Vec<Duration>,
    /// From then on an answer takes a millisecond from the arrival.
    pub(super) quick_from: Duration,
    pub(super) lasts: Duration,
}

/// What a call does next.
#[derive(Clone, Copy, Debug)]
enum Due {
    Answer,
    Timeout,
}

/// When calls left and arrived, in the order of arrival.
pub(super) fn story(network: &Network, seed: u64) -> Vec<(Duration, Duration)> {
    let (mut dice, mut luck) = (fastrand::Rng::with_seed(seed), fastrand::Rng::with_seed(seed + 1));
    let mut draw = |middle: Duration| middle.mul_f64(1.0 - network.spread + 2.0 * network.spread * dice.f64());
    let t0 = Instant::now();
    let mut now = Duration::ZERO;
    let mut pace = Pace::new(network.rate.parse().unwrap(), t0).with_seed(seed);
    let mut due: BTreeMap<(Duration, u64), (Permit, Due)> = BTreeMap::new();
    let mut calls = Vec::new();
    let mut kills = network.kills.iter().peekable();
    let mut ends = network.ends.iter().peekable();
    let mut read = Duration::ZERO;
    let mut run = Run { concurrency: network.concurrency, ..Run::default() };
    while now < network.lasts {
        if kills.next_if(|kill| **kill <= now).is_some() {
            due.clear();
            pace = Pace::new(network.rate.parse().unwrap(), t0 + now).with_seed(seed);
            pace.inherit(&run.left.clone().later(now.saturating_sub(run.noted_at)), t0 + now);
            // As the dispatcher has it: the first call goes alone.
            (run.concurrency, run.noted) = (1, 0);
        }
        let is_ending = ends.peek().is_some_and(|end| **end <= now);
        if is_ending && due.is_empty() {
            ends.next();
            pace = next_run(pace, network.rate, t0 + now, seed);
            (run.concurrency, run.noted) = (1, 0);
            continue;
        }
        let may_poll = due.len() < run.concurrency && !is_ending;
        let poll = if may_poll { pace.poll(t0 + now) } else { Err(later(t0)) };
        let Err(wait) = poll else {
            let permit = pace.send(t0 + now);
            run.notes(|| pace.still_counting(t0 + now), network.rate, now);
            let natural = now + draw(network.way);
            let stall = network.stalls.iter().find(|(from, to)| (*from..*to).contains(&natural));
            let arrival = stall.map_or(natural, |(_, to)| *to).max(read + network.reads);
            read = arrival;
            let slow = if luck.u32(0..100) < network.slow { MS * luck.u32(1000..3000) } else { Duration::ZERO };
            let thinking = draw(network.thinking) + slow;
            let thinking = if arrival < network.quick_from { thinking } else { MS };
            let (answer, timeout) = (arrival + thinking, now + network.timeout);
            let end = if answer <= timeout { (answer, Due::Answer) } else { (timeout, Due::Timeout) };
            due.insert((end.0, permit.number), (permit, end.1));
            calls.push((now, arrival));
            continue;
        };
        assert!(wait.until > t0 + now, "no busy loop: {wait:?}");
        let until = (wait.until - t0).min(kills.peek().map_or(Duration::MAX, |kill| **kill));
        match due.first_key_value().map(|(key, _)| *key) {
            Some(key) if key.0 <= until => {
                now = key.0;
                let (permit, what) = due.remove(&key).unwrap();
                let signal = if matches!(what, Due::Answer) { Signal::Passed } else { Signal::Lost };
                run.concurrency = if signal == Signal::Passed { network.concurrency } else { run.concurrency };
                pace.answered(permit, t0 + now, signal);
            }
            _ => now = until + 300 * MS / 1000,
        }
    }
    calls.sort_unstable_by_key(|call| call.1);
    calls
}

/// The run after one that came to its end, as the ledger has it: it knows of no calls where none have to be known.
fn next_run(mut before: Pace, rate: &str, now: Instant, seed: u64) -> Pace {
    let rate: Rate = rate.parse().unwrap();
    let mut next = Pace::new(rate, now).with_seed(seed);
    let left = before.still_counting(now);
    if !left.is_even(rate.limit().unwrap()) {
        next.inherit(&left, now);
    }
    next
}

/// The run that lives.
#[derive(Default)]
struct Run {
    concurrency: usize,
    /// What it leaves behind, and when that was noted.
    left: StillCounting,
    noted_at: Duration,
    /// Calls that are noted, and have not left.
    noted: u32,
}

impl Run {
    /// As the ledger does it.
    fn notes(&mut self, counting: impl FnOnce() -> StillCounting, rate: &str, now: Duration) {
        if self.noted > 0 {
            self.noted -= 1;
            return;
        }
        self.noted = noted_at_once(rate.parse::<Rate>().unwrap().limit().unwrap()) - 1;
        (self.left, self.noted_at) = (counting(), now);
        self.left.travelling += self.noted;
    }
}

fn later(t0: Instant) -> Wait {
    Wait { until: t0 + 1_000_000 * SECOND, why: Why::Ceiling }
}

pub(super) fn most_in_a_window(calls: &[(Duration, Duration)], window: Duration) -> usize {
    let t0 = Instant::now();
    most(&calls.iter().map(|(_, arrival)| t0 + *arrival).collect::<Vec<_>>(), window)
}

pub(super) const CALM: Network = Network {
    rate: "50/10s",
    concurrency: 16,
    timeout: Duration::from_secs(60),
    way: Duration::from_millis(20),
    thinking: Duration::from_millis(60),
    spread: 1.0,
    stalls: Vec::new(),
    slow: 0,
    reads: Duration::ZERO,
    kills: Vec::new(),
    ends: Vec::new(),
    quick_from: Duration::MAX,
    lasts: Duration::from_secs(300),
};

#[test]
fn one_stall_of_any_length_never_lets_more_than_the_limit_arrive() {
    for stall in [200, 1000, 3000, 9000, 12_000, 65_000] {
        for (concurrency, seconds) in [(4, 2), (64, 2), (4, 60), (64, 60), (1, 2), (16, 10_u32)] {
            for (way, thinking) in [(0, 1), (75, 75), (20, 900)] {
                let (from, to) = (30 * SECOND, 30 * SECOND + stall * MS);
                if way + thinking >= 500 * seconds {
                    continue; // half of the calls would time out in the best of times
                }
                let (timeout, stalls) = (seconds * SECOND, vec![(from, to)]);
                let (way, thinking, lasts) = (way * MS, thinking * MS, to + 75 * SECOND);
                let network = Network { concurrency, timeout, way, thinking, stalls, lasts, ..CALM };
                let calls = story(&network, 1);
                let most = most_in_a_window(&calls, 10 * SECOND);
                assert!(most <= 50, "{most} arrivals: {network:?}");
                // Twice as long as it lasted, and a minute at the most.
                let back = calls.iter().map(|call| call.0).filter(|left| *left >= to).min().unwrap();
                let allowed = (stall * MS + 5 * SECOND).clamp(11 * SECOND, 61 * SECOND);
                assert!(back <= to + allowed, "{:?} late: {network:?}", back.checked_sub(to));
            }
        }
    }
}

#[test]
fn any_stalls_and_ways_never_let_more_than_the_limit_arrive() {
    // Some hundreds of seconds each; the long version looks at many more.
    let seeds = if std::env::var_os("OFFERLINKS_LONG").is_some() { 0..4000 } else { 0..50 };
    for seed in seeds {
        let mut dice = fastrand::Rng::with_seed(seed);
        let rate = ["50/10s", "100/10s", "300/m", "20/s", "7/3s"][dice.usize(0..5)];
        let lengths = [500, 3000, 15_000, 70_000][dice.usize(0..4)];
        let mut stalls = Vec::new();
        let mut at = 5 * SECOND;
        while at < CALM.lasts {
            let to = at + dice.u32(100..lengths) * MS;
            stalls.push((at, to));
            at = to + dice.u32(50..30_000) * MS;
        }
        let network = Network {
            rate,
            concurrency: [1, 4, 16, 64, 200][dice.usize(0..5)],
            timeout: [SECOND, 2 * SECOND, 10 * SECOND, 60 * SECOND][dice.usize(0..4)],
            way: dice.u32(0..100) * MS,
            thinking: [1, 50, 200, 1000][dice.usize(0..4)] * MS,
            spread: [0.0, 0.2, 1.0][dice.usize(0..3)],
            stalls,
            slow: dice.u32(0..10),
            ..CALM
        };
        let calls = story(&network, seed);
        let limit = rate.parse::<Rate>().unwrap().limit().unwrap();
        let most = most_in_a_window(&calls, limit.window);
        assert!(most <= limit.calls.get() as usize, "{most} arrivals, seed {seed}: {network:?}");
        assert!(calls.len() >= 20 || limit.calls.get() < 50, "{} calls, seed {seed}: {network:?}", calls.len());
    }
}

#[test]
fn killed_and_started_again_during_a_stall_or_after_it_runs_never_let_more_than_the_limit_arrive() {
    for seed in 0..300 {
        let mut dice = fastrand::Rng::with_seed(seed);
        let (from, lasts) = (15 * SECOND, dice.u32(300..30_000) * MS);
        let mut kills: Vec<_> = (0..dice.u32(1..8)).map(|_| from + (lasts + 5 * SECOND).mul_f64(dice.f64())).collect();
        kills.sort_unstable();
        let network = Network {
            concurrency: [1, 4, 16, 64][dice.usize(0..4)],
            timeout: [2 * SECOND, 60 * SECOND][dice.usize(0..2)],
            way: dice.u32(0..40) * MS,
            thinking: dice.u32(1..200) * MS,
            stalls: vec![(from, from + lasts)],
            kills,
            lasts: from + lasts + 40 * SECOND,
            ..CALM
        };
        let calls = story(&network, seed);
        let most = most_in_a_window(&calls, 10 * SECOND);
        assert!(most <= 50, "{most} arrivals, seed {seed}: {network:?}");
        let later = calls.iter().filter(|(left, _)| *left >= from + lasts + 10 * SECOND).count();
        assert!(later >= 100, "{later} calls in the last 30 s, seed {seed}: {network:?}");
    }
}

#[test]
fn a_slow_server_that_is_quick_after_a_stall_gets_no_more_than_the_limit() {
    // Its first quick answers look like slow ones to calls that arrived in time.
    for (thinking, stall) in [(1000, 1400), (3000, 2900), (3000, 4300), (5000, 7000)] {
        for seed in 0..20 {
            let from = 60 * SECOND + 37 * MS * u32::try_from(seed).unwrap();
            let to = from + stall * MS;
            let (thinking, stalls) = (thinking * MS, vec![(from, to)]);
            let network = Network { thinking, spread: 0.0, stalls, quick_from: to, lasts: 100 * SECOND, ..CALM };
            let most = most_in_a_window(&story(&network, seed), 10 * SECOND);
            assert!(most <= 50, "{most} arrivals: {network:?}");
        }
    }
}

#[test]
fn slow_answers_now_and_then_stop_nobody() {
    for (way, thinking, spread, slow, at_least) in [
        (1, 1, 1.0, 0, 0.985),
        (75, 75, 1.0, 0, 0.97),
        (150, 0, 1.0, 0, 0.97),
        (150, 150, 0.0, 0, 0.97),
        (150, 150, 0.2, 0, 0.965),
        (150, 130, 0.0, 1, 0.965),
        (50, 100, 0.2, 3, 0.965),
        (50, 500, 0.0, 0, 0.94),
        (50, 950, 0.2, 2, 0.86),
        (50, 2950, 0.0, 0, 0.76),
        (50, 1500, 1.0, 2, 0.75),
    ] {
        let network = Network { way: way * MS, thinking: thinking * MS, spread, slow, lasts: 600 * SECOND, ..CALM };
        let calls = story(&network, 1);
        let used = calls.len() as f64 / 3000.0;
        assert!(used >= at_least, "{used}: {network:?}");
        assert!(most_in_a_window(&calls, 10 * SECOND) <= 50, "{network:?}");
    }
}
