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

/// How long so many calls of a network take that begins `phase` after the beat, if each is answered after `latency`.
fn time(
    rate: Rate,
    calls: usize,
    (phase, latency): (Duration, Duration),
    beat: impl Fn(Instant) -> Instant,
) -> Duration {
    let start = Instant::now();
    let begin = start + phase;
    let mut pace = Pace::new(rate, begin);
    let mut in_flight: VecDeque<(Instant, Permit)> = VecDeque::new();
    let (mut now, mut sent) = (begin, Vec::new());
    while sent.len() < calls {
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
        now = beat(next.max(now));
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
            for (phase, latency) in [(0, 30), (1, 100), (7, 100), (13, 250), (19, 30), (11, 600)] {
                let at = (phase * MS, latency * MS);
                let alone = time(rate, 1000, at, |at| at);
                let start = Instant::now();
                let together = match Beat::of(rhythms.iter().copied(), start) {
                    // `time` has its own start, a moment later: what counts is the phase.
                    Some(beat) => time(rate, 1000, at, move |at| beat.next(at)),
                    None => continue,
                };
                let most = alone.mul_f64(1.01) + rhythm.period;
                assert!(together <= most, "{rate} {at:?} of {}: {alone:?} {together:?}", rhythms.len());
            }
        }
    }
}
