//! Tests of `ceiling`.

use super::*;

fn limit(text: &str) -> Limit {
    text.parse::<crate::settings::rate::Rate>().unwrap().limit().unwrap()
}

#[test]
fn the_published_limit_is_a_call_every_202_ms_one_at_a_time() {
    let t0 = Instant::now();
    let ceiling = Ceiling::new(Limit::PUBLISHED, t0);
    assert_eq!(ceiling.period(), Duration::from_millis(202));
    assert_eq!(ceiling.slack(), Duration::from_millis(10));
    for n in 1..=3 {
        let due = t0 + Duration::from_millis(202) * n;
        let early = t0 + Duration::from_millis(202) * n.saturating_sub(1) + Duration::from_millis(201);
        assert_eq!(ceiling.earliest(early), due, "asking takes nothing");
        assert_eq!(ceiling.earliest(due), due);
        ceiling.send(due);
    }
}

#[test]
fn a_late_call_makes_the_next_one_late_only_by_what_is_more_than_10_ms() {
    let t0 = Instant::now();
    let millis = Duration::from_millis;
    for (late, next) in [(0, 404), (7, 404), (10, 404), (15, 409), (201, 595)] {
        let ceiling = Ceiling::new(Limit::PUBLISHED, t0);
        let now = t0 + millis(202 + late);
        ceiling.send(now);
        assert_eq!(ceiling.earliest(now), t0 + millis(next), "{late} ms");
    }
}

#[test]
fn a_long_idle_time_saves_up_nothing() {
    let t0 = Instant::now();
    let ceiling = Ceiling::new(Limit::PUBLISHED, t0);
    let late = t0 + Duration::from_secs(3600);
    ceiling.send(late);
    assert_eq!(ceiling.earliest(late), late + Duration::from_millis(202));
}

#[test]
fn a_call_that_did_not_wait_is_counted_too() {
    let t0 = Instant::now();
    let ceiling = Ceiling::new(Limit::PUBLISHED, t0);
    ceiling.send(t0);
    assert_eq!(ceiling.earliest(t0), t0 + Duration::from_millis(404));
}

#[test]
fn calls_of_a_lease_leave_in_its_slots_however_late_they_are() {
    let t0 = Instant::now();
    let millis = Duration::from_millis;
    let stride = NonZeroU32::new(2).unwrap();
    let lease = |slot: u64| Lease { places: 25, limit: Limit::PUBLISHED, stride, slot: Some(t0 + millis(slot)) };
    let mut ceiling = Ceiling::leased(&lease(5100), t0);
    assert_eq!(ceiling.period(), millis(404));
    let first = 5100 % 404;
    assert_eq!(ceiling.earliest(t0), t0 + millis(first));
    for (late, next) in [(0, 1), (150, 2), (403, 3), (0, 4)] {
        let now = ceiling.earliest(t0) + millis(late);
        assert_eq!(ceiling.earliest(now), now);
        ceiling.send(now);
        assert_eq!(ceiling.earliest(now), t0 + millis(first + 404 * next), "{late} ms late");
    }
    let idle = t0 + millis(first + 404 * 100 + 7);
    ceiling.send(idle);
    assert_eq!(ceiling.earliest(idle), t0 + millis(first + 404 * 101), "the slots that passed are not made up for");
    ceiling.align(&lease(first + 20));
    assert_eq!(ceiling.earliest(idle), t0 + millis(first + 404 * 101), "clocks are never quite the same");
    ceiling.align(&lease(first + 150));
    assert_eq!(ceiling.earliest(idle), t0 + millis(first + 404 * 101 + 150));
    ceiling.align(&lease(first));
    assert_eq!(ceiling.earliest(idle), t0 + millis(first + 404 * 101));
}

#[test]
fn bursts_exist_only_where_timers_are_too_coarse_and_stay_below_the_limit() {
    for (text, expected) in
        [("50/10s", 1), ("5/s", 1), ("300/m", 1), ("100/s", 1), ("1000/s", 10), ("50/10ms", 1), ("20000/1s", 200)]
    {
        let limit = limit(text);
        let burst = burst(limit);
        assert_eq!(burst.get(), expected, "{text}");
        let in_a_window =
            f64::from(burst.get()) - 1.0 + (limit.window.as_secs_f64() / period(limit, burst).as_secs_f64()).ceil();
        assert!(in_a_window <= f64::from(limit.calls.get()), "{text}: {in_a_window}");
    }
}

#[test]
fn shares_add_up_to_no_more_than_the_limit() {
    for (text, runs, expected) in [
        ("50/10s", 1, "50/10s"),
        ("50/10s", 2, "25/10s"),
        ("50/10s", 3, "16/10s"),
        ("5/s", 7, "1/2s"),
        ("1/s", 4_000_000_000, "1/31536000s"),
    ] {
        let share = share(limit(text), NonZeroU32::new(runs).unwrap());
        assert_eq!(share.to_string(), expected, "{text} by {runs}");
    }
}
