//! Which beat is right for which networks, and that no network is slower for it.

use std::collections::VecDeque;

use super::*;
use crate::pace::{Pace, Permit, Signal};
use crate::settings::rate::Rate;

const MS: Duration = Duration::from_millis(1);

fn rhythm(rate: &str) -> Rhythm {
    Pace::new(rate.parse().unwrap(), Instant::now()).rhythm()
}

fn length(rhythms: &[Rhythm]) -> Option<Duration> {
    Beat::of(rhythms.iter().copied(), Instant::now()).map(|beat| beat.length)
}

#[test]
fn many_networks_have_a_beat_and_few_or_quick_ones_none() {
    let table: [(&str, &[Rhythm], Option<Duration>); 8] = [
        ("nobody", &[], None),
        ("one", &[rhythm("50/10s")], None),
        ("a few", &[rhythm("50/10s"); 10], None),
        ("more", &[rhythm("50/10s"); 12], Some(202 * MS / 11)),
        ("many", &[rhythm("50/10s"); 100], Some(202 * MS / 11)),
        ("two kinds", &[[rhythm("50/10s"); 50], [rhythm("40/10s"); 50]].concat(), Some(10 * MS)),
        ("one without a limit", &[vec![rhythm("50/10s"); 99], vec![rhythm("none")]].concat(), None),
        ("quick ones", &[rhythm("1000/s"); 100], None),
    ];
    for (what, rhythms, expected) in table {
        assert_eq!(length(rhythms), expected, "{what}");
    }
}

#[test]
fn moments_are_at_equal_distances_and_never_early() {
    let start = Instant::now();
    let beat = Beat { start, length: 20 * MS };
    for (at, next) in [(0, 0), (1, 20), (19, 20), (20, 20), (21, 40), (1_000_007, 1_000_020)] {
        assert_eq!(beat.next(start + at * MS), start + next * MS, "{at}");
    }
}

#[test]
fn a_run_that_is_over_leaves_no_beat_behind() {
    let now = Instant::now();
    let mut beating = Beating::new(now);
    let many = || std::iter::repeat_n(rhythm("50/10s"), 100);
    beating.renew(now, many);
    assert_ne!(beating.next(now + MS), now + MS);
    beating.renew(now + RENEWED / 2, std::iter::empty);
    assert!(BEAT.get().is_some(), "looked at once a second");
    beating.renew(now + RENEWED, std::iter::empty);
    assert_eq!((BEAT.get(), beating.next(now + MS)), (None, now + MS));
    beating.renew(now + 2 * RENEWED, many);
    assert!(BEAT.get().is_some());
    drop(beating);
    assert_eq!(BEAT.get(), None);
}

/// What a network's calls meet.
#[derive(Clone, Copy, Debug)]
struct Conditions {
    /// How long after the beat its first call may leave.
    phase: Duration,
    /// Until an answer is there.
    latency: Duration,
    /// A turn is late by anything up to this: the machine has other work too.
    late: Duration,
}

/// How long a thousand calls of a network take, where `beat` says when the run wakes.
fn time(rate: Rate, conditions: Conditions, start: Instant, beat: impl Fn(Instant) -> Instant) -> Duration {
    let Conditions { phase, latency, late } = conditions;
    let mut chance = fastrand::Rng::with_seed(15);
    let begin = start + phase;
    let mut pace = Pace::new(rate, begin);
    let mut in_flight: VecDeque<(Instant, Permit)> = VecDeque::new();
    let (mut now, mut sent) = (begin, Vec::new());
    while sent.len() < 1000 {
        while let Some((_, permit)) = in_flight.pop_front_if(|(at, _)| *at <= now) {
            pace.answered(permit, now, Signal::Passed);
        }
        let next = match pace.poll(now) {
            Ok(()) => {
                in_flight.push_back((now + latency, pace.send(now)));
                sent.push(now);
                continue;
            }
            Err(wait) => in_flight.front().map_or(wait.until, |(at, _)| wait.until.min(*at)),
        };
        now = beat(next.max(now)) + late.mul_f64(chance.f64());
    }
    // A half-open window holds no more than the limit, whatever the beat is.
    let limit = rate.limit().unwrap();
    let most = usize::try_from(limit.calls.get()).unwrap();
    assert!(sent.windows(most + 1).all(|calls| calls[most] - calls[0] >= limit.window));
    now - begin
}

#[test]
fn no_network_is_slower_for_the_beat() {
    let rates = ["50/10s", "5/s", "40/10s", "300/m", "20/s"].map(|rate| rate.parse::<Rate>().unwrap());
    for rate in rates {
        let rhythm = Pace::new(rate, Instant::now()).rhythm();
        // Among others of its kind, and among others of other kinds.
        let other = Rhythm { period: rhythm.period + MS, ..rhythm };
        for rhythms in [vec![rhythm; 200], [rhythm, other].repeat(100)] {
            for (phase, latency, late) in [
                (0, 30, 0),
                (1, 100, 0),
                (7, 100, 8),
                (13, 250, 0),
                (13, 100, 3),
                (19, 30, 8),
                (11, 600, 0),
                (11, 600, 8),
            ] {
                let conditions = Conditions { phase: phase * MS, latency: latency * MS, late: late * MS };
                let start = Instant::now();
                let alone = time(rate, conditions, start, |at| at);
                let Some(beat) = Beat::of(rhythms.iter().copied(), start) else { continue };
                let together = time(rate, conditions, start, |at| beat.next(at));
                let most = alone.mul_f64(1.01) + rhythm.period;
                assert!(together <= most, "{rate} {conditions:?} of {}: {alone:?} {together:?}", rhythms.len());
            }
        }
    }
}
