//! Outages: no error rows for them, few calls into them, and an end to the waiting.

use super::drive::{Asked, Story, policy, run, run_resumed};
use super::reply::Reply;
use super::{Down, SECOND, offers};
use crate::dispatch::{Policy, StopReason};
use crate::offer::ErrorKind;

#[test]
fn a_plain_outage_writes_no_error_rows_is_probed_rarely_and_is_over_within_a_minute() {
    for seconds in [3, 20, 40, 120, 600] {
        for down in [Down::Gateway, Down::Hang, Down::Throttle, Down::Html] {
            for (concurrency, rate) in [(1, "50/10s"), (16, "50/10s"), (16, "none")] {
                let from = if rate == "none" { SECOND } else { 20 * SECOND };
                let (heals, case) = (from + seconds * SECOND, (seconds, down, concurrency, rate));
                let policy = Policy { concurrency, rate: rate.parse().unwrap(), ..policy() };
                let story = run(&offers(400), policy, |asked| match asked.offer {
                    _ if (from..heals).contains(&asked.at) => down.reply(),
                    // These fail before the outage too, and must not be lost in it.
                    offer if offer % 9 == 0 && asked.nth < 3 => Reply::failing(),
                    7 => Reply::bad(ErrorKind::NotFound, 404),
                    _ => Reply::good(),
                });
                assert_eq!(story.complete().errors(), [(7, ErrorKind::NotFound)], "{case:?}");
                let probes: Vec<_> = story.sent.iter().filter(|sent| sent.probe && sent.left < heals).collect();
                if !matches!(down, Down::Throttle) {
                    assert!(probes.windows(2).all(|two| two[1].left >= two[0].left + 5 * SECOND), "{case:?}");
                }
                let back = story.sent.iter().filter(|sent| sent.passed && sent.back > heals).map(|sent| sent.back);
                let back = back.min().unwrap();
                assert!(back <= heals + 61 * SECOND, "{case:?}: {back:?}");
            }
        }
    }
}

#[test]
fn a_call_that_left_during_an_outage_and_hung_past_its_end_is_no_evidence() {
    for seconds in 3..30 {
        let heals = (2 + seconds) * SECOND;
        let policy = Policy { retries: 1, rate: "100/1s".parse().unwrap(), ..policy() };
        let story = run(&offers(600), policy, |asked| match asked.at {
            at if (2 * SECOND..heals).contains(&at) => Reply { after: 5 * SECOND, ..Reply::hanging() },
            _ => Reply::good(),
        });
        assert_eq!(story.complete().errors(), [], "{seconds} s");
    }
}

#[test]
fn an_outage_that_never_ends_stops_the_run_after_max_outage() {
    for seconds in [0, 1, 10, 60, 900] {
        for (down, lone) in [(Down::Gateway, 400), (Down::Throttle, 400), (Down::Gateway, 30), (Down::Throttle, 30)] {
            let policy = Policy { max_outage: seconds * SECOND, ..policy() };
            let story =
                run(&offers(lone), policy, |asked| if asked.at > 5 * SECOND { down.reply() } else { Reply::good() });
            assert!(
                matches!(story.stop, Some(StopReason::Outage { .. })),
                "{seconds} {down:?} {lone}: {:?}",
                story.stop
            );
            assert!(story.took <= (seconds + 50) * SECOND, "{seconds} {down:?} {lone}: {:?}", story.took);
            assert!(story.errors().is_empty());
        }
    }
}

#[test]
fn a_network_that_is_dead_from_the_start_stops_the_run_within_a_minute() {
    for (count, most) in [(1, 5), (2, 10), (3, 15), (400, 15)] {
        for retries in [0, 1, 4] {
            let policy = Policy { retries, ..policy() };
            let story = run(&offers(count), policy, |_| Reply::bad(ErrorKind::Network, 0));
            assert!(matches!(story.stop, Some(StopReason::NothingPassed(_))), "{count}: {:?}", story.stop);
            assert!(story.took < 60 * SECOND && story.sent.len() <= most, "{count}: {:?}", story.took);
        }
    }
    let slow = run(&offers(400), policy(), |_| Reply::hanging());
    assert!(matches!(slow.stop, Some(StopReason::NothingPassed(_))) && slow.took < 480 * SECOND, "{:?}", slow.took);
    let refused_connects = run(&offers(400), policy(), |_| Reply { after: 5 * SECOND, ..Reply::failing() });
    assert!(matches!(refused_connects.stop, Some(StopReason::NothingPassed(_))) && refused_connects.took < 90 * SECOND);
    let throttled = run(&offers(1), policy(), |_| Reply::throttled());
    assert!(matches!(throttled.stop, Some(StopReason::Outage { .. })) && throttled.took < 961 * SECOND);
}

#[test]
fn a_run_that_goes_on_into_an_outage_sits_it_out() {
    for reply in [Reply::failing(), Reply::bad(ErrorKind::InvalidResponse, 404), Reply::bad(ErrorKind::Network, 0)] {
        for seconds in [1, 8, 100, 600] {
            let network = |asked: Asked| if asked.at < seconds * SECOND { reply.clone() } else { Reply::good() };
            let story = run_resumed(&offers(100), policy(), network);
            assert_eq!(story.complete().errors(), []);
        }
        let story = run_resumed(&offers(100), policy(), |_| reply.clone());
        assert!(
            matches!(story.stop, Some(StopReason::Outage { .. })) && story.took < 1000 * SECOND,
            "{:?}",
            story.stop
        );
    }
}

#[test]
fn a_long_retry_after_and_the_end_of_the_time_stop_the_run_at_once() {
    let throttle = |wait: u32| Reply { retry_after: Some(wait * SECOND), ..Reply::throttled() };
    let long = run(&offers(400), policy(), |a| if a.at > 9 * SECOND { throttle(301) } else { Reply::good() });
    assert_eq!(long.stop, Some(StopReason::ComeBackIn(301 * SECOND)));
    assert!(long.took < 10 * SECOND);
    let short = run(&offers(400), policy(), |a| {
        if (9 * SECOND..309 * SECOND).contains(&a.at) { throttle(300) } else { Reply::good() }
    });
    assert!(short.complete().took > 309 * SECOND && short.sent.len() <= 404);
    let limited = Policy { max_duration: Some(60 * SECOND), ..policy() };
    let past_end = run(&offers(400), limited, |a| if a.at > 9 * SECOND { throttle(55) } else { Reply::good() });
    assert_eq!(past_end.stop, Some(StopReason::ComeBackIn(55 * SECOND)));
    let centuries = |times: u32| {
        run(&offers(400), policy(), move |asked| match asked.at {
            at if at > 9 * SECOND && at < 10 * SECOND + 300 * times * SECOND => throttle(u32::MAX),
            _ => Reply::good(),
        })
    };
    assert!(centuries(1).complete().took > 309 * SECOND);
    assert_eq!(centuries(2).stop, Some(StopReason::ComeBackIn(u32::MAX * SECOND)));
    for down in [Down::Gateway, Down::Hang, Down::Throttle] {
        let story = run(&offers(400), limited, |a| if a.at > 9 * SECOND { down.reply() } else { Reply::good() });
        assert_eq!((story.stop, story.took), (Some(StopReason::OutOfTime), 60 * SECOND), "{down:?}");
    }
}

#[test]
fn a_sound_network_is_asked_once_for_each_offer() {
    let Story { sent, .. } =
        run(&offers(3000), Policy { rate: "none".parse().unwrap(), ..policy() }, |_| Reply::good());
    assert_eq!(sent.len(), 3000);
}
