//! Tests of `pace`.

use super::*;

#[test]
fn without_a_limit_only_freezes_hold_calls_back() {
    let t0 = Instant::now();
    let mut pace = Pace::new(Rate::Unlimited, t0);
    assert_eq!(pace.poll(t0), Ok(()));
    let permit = pace.send(t0);
    assert_eq!((pace.poll(t0), pace.period(), pace.pace()), (Ok(()), Duration::ZERO, f64::INFINITY));
    pace.answered(permit, t0, Signal::Throttled { retry_after: Some(Duration::from_secs(7)) });
    let until = pace.frozen_until(t0).unwrap();
    assert!((t0 + Duration::from_secs(7)..=t0 + Duration::from_secs(8)).contains(&until));
    assert_eq!(pace.poll(t0), Err(Wait { until, why: Why::Frozen }));
    assert_eq!((pace.poll(until), pace.frozen_until(until)), (Ok(()), None));
}

#[test]
fn each_wait_names_its_reason() {
    let t0 = Instant::now();
    let mut pace = Pace::new(Rate::Limited(Limit::PUBLISHED), t0);
    assert_eq!(pace.poll(t0).map_err(|wait| wait.why), Err(Why::Ceiling));
    let mut now = t0 + Duration::from_millis(202);
    let permit = pace.send(now);
    pace.answered(permit, now, Signal::Suspected { silence: None });
    assert_eq!(pace.poll(now).map_err(|wait| wait.why), Err(Why::Frozen));
    now = pace.frozen_until(now).unwrap();
    let permit = pace.send(now);
    pace.answered(permit, now, Signal::Passed);
    now += Duration::from_secs(10);
    let permit = pace.send(now);
    pace.answered(permit, now, Signal::Suspected { silence: None });
    now = pace.frozen_until(now).unwrap();
    assert_eq!(pace.poll(now), Ok(()));
    pace.send(now);
    assert_eq!(pace.poll(now).map_err(|wait| wait.why), Err(Why::Aimd));
    let mut pace = Pace::new(Rate::Limited(Limit::PUBLISHED), t0);
    for call in 1..=50 {
        pace.send(t0 + Duration::from_millis(202) * call);
    }
    now = t0 + Duration::from_millis(202) * 51;
    assert_eq!(pace.poll(now).map_err(|wait| wait.why), Err(Why::ArrivalWindow));
}

#[test]
fn an_ignored_throttle_slows_nobody() {
    let t0 = Instant::now() + Duration::from_secs(1);
    let mut pace = Pace::new(Rate::Limited(Limit::PUBLISHED), t0);
    let before = pace.pace();
    let permit = pace.send(t0);
    pace.answered(permit, t0, Signal::Ignored);
    assert_eq!((pace.frozen_until(t0), pace.pace().to_bits()), (None, before.to_bits()));
}
