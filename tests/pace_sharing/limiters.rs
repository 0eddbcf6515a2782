//! Limiters that act as real ones do: how much passes, and how few calls are refused.

use std::time::Duration;

use super::simulation::engine::Looks;
use super::simulation::limiter::{Counts, Limiter, Tells};
use super::simulation::real::{Meeting, Other, Peace, meet, steady};

const SECOND: Duration = Duration::from_secs(1);
const FIXED: Limiter = Limiter::new(Counts::Fixed(50, Duration::from_secs(10)));
const SLIDING: Limiter = Limiter::new(Counts::Sliding(50, Duration::from_secs(10)));
const BAN: Limiter = Limiter { ban: Duration::from_secs(30), ..FIXED };
const BUCKET: Limiter = Limiter::new(Counts::Bucket(50, 5.0));
const SMALL_BUCKET: Limiter = Limiter::new(Counts::Bucket(20, 5.0));
const GAP: Limiter = Limiter::new(Counts::Gap(Duration::from_millis(200)));
const GAP_OF_A_THIRD: Limiter = Limiter::new(Counts::Gap(Duration::from_millis(333)));
const GAP_OF_A_QUARTER: Limiter = Limiter::new(Counts::Gap(Duration::from_millis(250)));
const VSTHROTTLE: Limiter = Limiter {
    tells: Some(Tells::Always(Duration::from_secs(5))),
    ..Limiter::new(Counts::WholeTokens(50, Duration::from_secs(10)))
};
const MOD_EVASIVE: Limiter = Limiter {
    prolongs: true,
    looks: Looks::Forbidden,
    ban: Duration::from_secs(10),
    ..Limiter::new(Counts::Pauseless(50, 10))
};
const HALF: Other = Other::Every(Duration::from_millis(400));

/// The runs with ten seeds, slowest first.
fn runs(rate: &'static str, limiter: Limiter, other: Other, offers: u64) -> Vec<Peace> {
    let meeting = |seed| Meeting { rate, limiter, other, offers, within: 1800 * SECOND, seed };
    let mut runs: Vec<_> = (1..=10).map(|seed| meet(meeting(seed))).collect();
    runs.sort_by_key(|peace| std::cmp::Reverse(peace.story.took));
    for peace in &runs {
        let story = &peace.story;
        assert_eq!(
            (story.exported, &story.stopped),
            (offers, &None),
            "{rate} {limiter:?} {other:?}: not done in half an hour"
        );
    }
    runs
}

/// Offers per second, and the part of our calls that was refused.
fn mean(runs: &[Peace]) -> (f64, f64) {
    let mean = |value: fn(&Peace) -> f64| runs.iter().map(value).sum::<f64>() / runs.len() as f64;
    (mean(Peace::pace), mean(Peace::refused))
}

#[test]
fn a_rate_twice_as_high_as_the_limit_is_settled_within_two_minutes() {
    for rate in ["10/s", "100/10s"] {
        for limiter in [FIXED, SLIDING, Limiter { refused_count: true, ..SLIDING }] {
            for peace in runs(rate, limiter, Other::Nobody, 1500) {
                let pace = peace.pace_from(120 * SECOND);
                assert!(pace >= 4.0, "{rate} {limiter:?}: {pace}");
                assert!(peace.refused() <= 0.05, "{rate} {limiter:?}: {} refused", peace.refused());
            }
        }
    }
}

#[test]
fn bans_teach() {
    for (limiter, at_least) in
        [(BAN, 3.0), (Limiter { tells: Some(Tells::Ban), ..BAN }, 3.0), (Limiter { prolongs: true, ..BAN }, 2.2)]
    {
        for peace in runs("10/s", limiter, Other::Nobody, 1500) {
            assert!(peace.pace() >= at_least, "{limiter:?}: {}", peace.pace());
        }
    }
    for ban in [10, 30].map(|seconds| seconds * SECOND) {
        let runs = runs("10/s", Limiter { ban, ..FIXED }, Other::Nobody, 1500);
        let least = runs.iter().map(|peace| peace.pace_from(120 * SECOND)).fold(f64::INFINITY, f64::min);
        assert!(least >= 3.9, "{ban:?}: {least} from the third minute on");
    }
}

#[test]
fn a_limit_of_one_call_less_that_bans_is_banned_once() {
    for limiter in [Limiter::new(Counts::Fixed(49, 10 * SECOND)), Limiter::new(Counts::Sliding(48, 10 * SECOND))] {
        for peace in runs("50/10s", Limiter { ban: 20 * SECOND, ..limiter }, Other::Nobody, 900) {
            let pace = peace.pace_from(60 * SECOND);
            assert!(pace >= 4.7 && peace.refused() <= 0.02, "{limiter:?}: {pace}, {} refused", peace.refused());
        }
    }
}

#[test]
fn what_is_left_beside_another_client_is_used_and_few_calls_are_refused() {
    let counted = Limiter { refused_count: true, ..SLIDING };
    // Three quarters of the rest are 1.87/s. At a ban every refusal is one of both, and at a gap each call is in the other's way.
    for (limiter, other, most_refused, at_least) in [
        (FIXED, HALF, 0.1, 2.5),
        (SLIDING, HALF, 0.1, 1.9),
        (counted, HALF, 0.1, 1.9),
        (BUCKET, HALF, 0.1, 2.5),
        (Limiter { holds: 10 * SECOND, ..counted }, HALF, 0.1, 1.87),
        (Limiter { ban: 5 * SECOND, ..FIXED }, HALF, 0.1, 1.87),
        (Limiter { ban: 10 * SECOND, ..FIXED }, HALF, 0.1, 1.87),
        (BAN, HALF, 0.1, 1.87),
        (Limiter { tells: Some(Tells::Ban), ..BAN }, HALF, 0.1, 1.87),
        (Limiter { looks: Looks::Forbidden, ..BAN }, HALF, 0.1, 1.87),
        (Limiter { looks: Looks::Closed, ..counted }, HALF, 0.1, 1.87),
        (Limiter { looks: Looks::Broken, ..FIXED }, HALF, 0.1, 1.87),
        (Limiter { looks: Looks::Page, ..FIXED }, HALF, 0.1, 1.87),
        (Limiter { looks: Looks::Closed, ..SMALL_BUCKET }, HALF, 0.1, 1.87),
        (VSTHROTTLE, HALF, 0.1, 1.25),
        (MOD_EVASIVE, Other::Nobody, 0.06, 1.2),
        (MOD_EVASIVE, Other::Before(60), 0.06, 1.2),
        (FIXED, Other::Before(60), 0.1, 3.0),
        (GAP, HALF, 0.1, 1.87),
        (GAP, Other::Nobody, 0.1, 4.0),
        (GAP, Other::Poisson(0.3), 0.1, 4.0),
        (GAP_OF_A_THIRD, Other::Nobody, 0.1, 2.25),
        (GAP_OF_A_THIRD, Other::Poisson(0.3), 0.1, 2.25),
        (GAP_OF_A_THIRD, Other::Poisson(2.5), 0.1, 2.25),
        (GAP_OF_A_QUARTER, HALF, 0.1, 3.0),
        (FIXED, Other::Poisson(2.5), 0.1, 1.9),
        (FIXED, Other::Poisson(0.3), 0.05, 3.7),
        (SLIDING, Other::Poisson(0.3), 0.05, 3.5),
    ] {
        let runs = runs("50/10s", limiter, other, 300);
        let (pace, refused) = mean(&runs);
        assert!(pace >= at_least && refused <= most_refused, "{limiter:?} {other:?}: {pace}/s, {refused} refused");
    }
    // A window that is full refuses theirs too, but not more of them than ours need.
    assert!(runs("50/10s", FIXED, HALF, 300).iter().all(|peace| peace.other_refused() <= 0.25));
}

#[test]
fn where_another_client_keeps_a_ban_alive_no_fixed_pace_gets_further() {
    let meeting =
        Meeting { rate: "50/10s", limiter: MOD_EVASIVE, other: HALF, offers: 300, within: 240 * SECOND, seed: 1 };
    let best = [202, 400, 1000, 10_500]
        .into_iter()
        .flat_map(|gap| [2000, 10_500, 60_000].map(|silence| [gap, silence].map(Duration::from_millis)))
        .map(|[gap, silence]| steady(meeting, gap, silence))
        .map(|peace| peace.story.exported)
        .max();
    assert!(best.is_some_and(|best| (30..=34).contains(&best)), "{best:?}");
    assert!(meet(meeting).story.exported >= 30);
}

#[test]
fn nobody_is_locked_in_step_with_a_client_that_calls_at_regular_times() {
    // A call at a random time would pass with one half, so at the pace of the limit 50 would take 20 s.
    for every in [300, 400, 410, 500, 1000] {
        for peace in runs("50/10s", GAP, Other::InStep(Duration::from_millis(every)), 50) {
            assert!(peace.story.took <= 40 * SECOND, "{every} ms: {:?}", peace.story.took);
        }
    }
}

#[test]
fn a_limiter_that_keeps_calls_apart_is_got_used_to_at_any_rate() {
    for (limiter, at_least) in [(GAP, 4.0), (GAP_OF_A_THIRD, 2.25)] {
        let runs = runs("10/s", limiter, Other::Nobody, 300);
        let refused = runs.iter().map(Peace::refused).sum::<f64>() / runs.len() as f64;
        assert!(refused <= 0.1, "{limiter:?}: {refused}");
        for peace in runs {
            assert!(peace.pace() >= at_least, "{limiter:?}: {}/s", peace.pace());
        }
    }
}

#[test]
fn a_limiter_of_calls_at_a_time_is_given_as_many_as_it_takes() {
    let cases = [("50/10s", 1, 350, 2.6), ("50/10s", 2, 600, 2.95), ("10/s", 2, 1500, 1.2), ("10/s", 5, 800, 3.9)];
    let limiter = Limiter::new(Counts::Sliding(1, SECOND));
    let throttle = |seconds| Limiter { tells: Some(Tells::Always(seconds * SECOND)), ..limiter };
    let queue = |milliseconds, looks| Limiter { queue: Duration::from_millis(milliseconds), looks, ..limiter };
    for (rate, calls, takes, at_least) in cases {
        let counts = Counts::AtATime(calls, Duration::from_millis(takes));
        for refusal in [
            limiter,
            Limiter { looks: Looks::Closed, ..limiter },
            Limiter { looks: Looks::Broken, ..limiter },
            Limiter { looks: Looks::Forbidden, ..limiter },
            throttle(3),
            queue(100, Looks::Throttle),
            queue(takes / 2, Looks::Throttle),
            queue(takes / 2, Looks::Closed),
        ] {
            for peace in runs(rate, Limiter { counts, ..refusal }, Other::Nobody, 300) {
                let (pace, refused) = (peace.pace(), peace.refused());
                assert!(pace >= at_least && refused <= 0.05, "{rate} {calls} {refusal:?}: {pace}/s, {refused} refused");
            }
        }
    }
}

#[test]
fn a_place_of_a_limiter_of_calls_at_a_time_is_found_beside_another_client() {
    let counts = Counts::AtATime(2, Duration::from_millis(600));
    let limiter = Limiter::new(counts);
    for (refusal, most_refused, at_least) in [
        (limiter, 0.05, 2.5),
        (Limiter { looks: Looks::Forbidden, ..limiter }, 0.08, 1.6),
        (Limiter { looks: Looks::Closed, ..limiter }, 0.05, 2.4),
        (Limiter { tells: Some(Tells::Always(5 * SECOND)), ..limiter }, 0.05, 1.3),
    ] {
        let (pace, refused) = mean(&runs("50/10s", refusal, HALF, 300));
        assert!(pace >= at_least && refused <= most_refused, "{refusal:?}: {pace}/s, {refused} refused");
    }
}

#[test]
fn a_limiter_of_calls_at_a_time_is_got_used_to_though_its_server_stalls_or_it_keeps_calls_apart_too() {
    let ms = Duration::from_millis;
    let stalls = |every, lasts| Some((every * SECOND, lasts));
    for (rate, counts, stalls, at_least) in [
        ("50/10s", Counts::AtATime(2, ms(600)), stalls(60, ms(1000)), 3.0),
        ("50/10s", Counts::AtATime(2, ms(600)), stalls(60, 12 * SECOND), 2.6),
        ("50/10s", Counts::AtATime(1, ms(350)), stalls(40, 3 * SECOND), 2.4),
        ("10/s", Counts::AtATime(3, ms(500)), stalls(90, 65 * SECOND), 1.4),
        // What is kept to is one call at a time, so a third or half of what an oracle would get where answers are slow.
        ("50/10s", Counts::AtATimeApart(2, ms(600), ms(250)), None, 1.5),
        ("50/10s", Counts::AtATimeApart(1, ms(200), ms(333)), None, 2.5),
        ("50/10s", Counts::AtATimeApart(3, ms(1000), ms(333)), None, 0.9),
    ] {
        for looks in [Looks::Throttle, Looks::Closed, Looks::Broken] {
            let runs = runs(rate, Limiter { stalls, looks, ..Limiter::new(counts) }, Other::Nobody, 300);
            let (pace, refused) = mean(&runs);
            assert!(pace >= at_least && refused <= 0.1, "{rate} {counts:?} {looks:?}: {pace}/s, {refused} refused");
        }
    }
}

#[test]
fn calls_are_kept_apart_beside_others_though_answers_take_longer_than_the_gap() {
    let limiter = Limiter::new(Counts::AtATimeApart(99, Duration::from_millis(300), Duration::from_millis(250)));
    for other in [HALF, Other::Poisson(2.5)] {
        let (pace, refused) = mean(&runs("50/10s", limiter, other, 300));
        assert!(pace >= 2.0 && refused <= 0.2, "{other:?}: {pace}/s, {refused} refused");
    }
}

#[test]
fn a_limit_far_below_the_rate_is_got_used_to() {
    for (counts, most) in [(Counts::Seconds(10, 1), 0.18), (Counts::Sliding(5, 10 * SECOND), 0.3)] {
        let runs = runs("50/10s", Limiter::new(counts), Other::Nobody, 200);
        let refused = runs.iter().map(Peace::refused).sum::<f64>() / runs.len() as f64;
        assert!(refused <= most, "{counts:?}: {refused}");
    }
}

#[test]
fn a_tarpit_catches_few_calls() {
    let tarpit = Limiter { refused_count: true, holds: 10 * SECOND, ..SLIDING };
    for (rate, other) in [("50/10s", HALF), ("10/s", Other::Nobody)] {
        for peace in runs(rate, tarpit, other, 300) {
            assert!(peace.refused() <= 0.05, "{rate} {other:?}: {} refused", peace.refused());
        }
    }
}
