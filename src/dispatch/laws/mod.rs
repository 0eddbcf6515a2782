//! What must hold for every run, whatever the network does: each row gets one outcome, or the run stops and says why.
//!
//! Virtual time: [`drive`] is the loop of `export` with a function for a network. It checks at every step that rows
//! leave in input order with one outcome each, that nothing deadlocks or spins, that no more calls are in flight than
//! allowed (one before the first pass), and that none leaves during a freeze.

mod adversary;
mod drive;
mod limiters;

use std::time::Duration;

use self::drive::{Asked, LATENCY, Reply, Story, policy, run, run_again, run_resumed};
use crate::dispatch::{Policy, StopReason};
use crate::offer::ErrorKind;

const SECOND: Duration = Duration::from_secs(1);

fn offers(count: u64) -> Vec<u64> {
    (1..=count).collect()
}

/// How the service is down.
#[derive(Clone, Copy, Debug)]
enum Down {
    Gateway,
    Hang,
    Throttle,
    Html,
}

impl Down {
    fn reply(self) -> Reply {
        match self {
            Self::Gateway => Reply::failing(),
            Self::Hang => Reply::hanging(),
            Self::Throttle => Reply::throttled(),
            Self::Html => Reply { wrong_host: true, ..Reply::bad(ErrorKind::InvalidResponse, 200) },
        }
    }
}

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
fn a_refused_account_costs_three_calls_at_most() {
    for (reply, most) in [
        (Reply::bad(ErrorKind::Unauthorized, 401), 2),
        (Reply::bad(ErrorKind::Unauthorized, 401).with_code("13"), 2),
        (Reply::bad(ErrorKind::IpNotAllowed, 403), 3),
        (Reply::bad(ErrorKind::AccountLocked, 403), 3),
        (Reply::bad(ErrorKind::Redirect, 302), 1),
    ] {
        for count in [1, 2, 3, 400] {
            for retries in [0, 4] {
                let story = run(&offers(count), Policy { retries, ..policy() }, |_| reply.clone());
                assert!(matches!(story.stop, Some(StopReason::Refused(_))), "{count} {reply:?}: {:?}", story.stop);
                assert!(story.sent.len() <= most, "{} calls for {reply:?}", story.sent.len());
                assert!(story.took < 10 * SECOND, "{:?}", story.took);
            }
        }
    }
}

#[test]
fn an_account_that_is_refused_without_a_reason_is_believed_after_minutes_of_silence() {
    for (page, count) in [(false, 1), (false, 400), (true, 1), (true, 400)] {
        let refused = Reply { wrong_host: page, ..Reply::bad(ErrorKind::InvalidResponse, 403) };
        for from in [0, 20] {
            let story = run(&offers(count.max(10 * u64::from(from))), policy(), |asked| {
                if asked.at < from * SECOND { Reply::good() } else { refused.clone() }
            });
            match (page, from) {
                (false, _) => assert!(matches!(story.stop, Some(StopReason::Refused(_))), "{:?}", story.stop),
                (true, 0) => assert!(matches!(story.stop, Some(StopReason::NothingPassed(_))), "{:?}", story.stop),
                (true, _) => assert!(matches!(story.stop, Some(StopReason::Outage { .. })), "{:?}", story.stop),
            }
            let refused = story.sent.iter().filter(|sent| !sent.passed).count();
            assert!(story.errors().is_empty() && refused <= 24, "{page} {count} {from}: {refused} calls");
            assert!(page && from > 0 || story.took <= (from + 150) * SECOND, "{:?}", story.took);
        }
    }
}

#[test]
fn a_job_that_begins_during_a_ban_or_an_outage_waits_for_its_end() {
    for count in [1, 2, 3, 100] {
        for (reply, longest) in [
            (Reply::bad(ErrorKind::InvalidResponse, 403), 100),
            (Reply::throttled(), 300),
            (Reply { wrong_host: true, ..Reply::bad(ErrorKind::InvalidResponse, 403) }, 100),
            (Reply::bad(ErrorKind::InvalidResponse, 404), 4),
            (Reply::failing(), 4),
        ] {
            for seconds in [1, 3, 4, 10, 30, 60, 100, 300].into_iter().filter(|seconds| *seconds <= longest) {
                let story = run(&offers(count), policy(), |asked| {
                    if asked.at < seconds * SECOND { reply.clone() } else { Reply::good() }
                });
                assert_eq!(story.complete().errors(), [], "{count} {seconds} {reply:?}");
                assert!(story.took <= (2 * seconds + 60) * SECOND + calm(count), "{seconds}: {:?}", story.took);
            }
        }
    }
}

/// How long so many offers take where nothing goes wrong.
fn calm(count: u64) -> Duration {
    Duration::from_millis(202 * count + 1000)
}

#[test]
fn a_refusal_in_the_apis_voice_is_the_offers_own_always_and_another_never_at_once() {
    for (kind, status) in [(ErrorKind::NotFound, 404), (ErrorKind::NotApproved, 403), (ErrorKind::BadRequest, 400)] {
        let story = run(&offers(100), policy(), |_| Reply::bad(kind, status));
        assert_eq!((story.complete().errors().len(), story.sent.len()), (100, 100));
    }
    let page = Reply::bad(ErrorKind::InvalidResponse, 404);
    let story = run(&offers(100), policy(), |asked| if asked.offer % 9 == 0 { page.clone() } else { Reply::good() });
    let expected: Vec<_> = (9..100).step_by(9).map(|offer| (offer, ErrorKind::InvalidResponse)).collect();
    assert_eq!(story.complete().errors(), expected);
    assert!(expected.iter().all(|(offer, _)| story.calls_for(*offer) >= 5));
}

#[test]
fn what_fails_again_as_it_did_before_keeps_its_rows_where_the_api_says_so() {
    let apis_own = Reply::bad(ErrorKind::ServerError, 500).with_code("51");
    let broken = Reply::bad(ErrorKind::Network, 0);
    for count in [1, 2, 3, 30] {
        let network = |asked: Asked| if asked.offer % 2 == 1 { apis_own.clone() } else { broken.clone() };
        let story = run_again(&offers(count), policy(), network);
        assert_eq!(story.complete().errors().len() as u64, count);
        let dead = run_again(&offers(count), policy(), |_| broken.clone());
        assert!(matches!(dead.stop, Some(StopReason::NothingPassed(_))) && dead.errors().is_empty(), "{:?}", dead.stop);
        let fresh = run(&offers(count), policy(), |_| apis_own.clone());
        assert_eq!(
            (fresh.stop.is_none(), fresh.errors().len() as u64),
            if count < 3 { (true, count) } else { (false, 0) }
        );
    }
    let story = run(&offers(30), policy(), |asked| if asked.offer < 8 { apis_own.clone() } else { Reply::good() });
    assert_eq!(story.complete().errors().len(), 7, "others are tried where it is the API that fails");
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
fn a_key_that_is_revoked_is_confirmed_by_one_call() {
    for latency in [LATENCY, 3 * SECOND] {
        let revoked = 20 * SECOND;
        let story = run(&offers(400), policy(), |asked| {
            let refused = Reply::bad(ErrorKind::Unauthorized, 401).with_code("13");
            let reply = if asked.at < revoked { Reply::good() } else { refused };
            Reply { after: latency, ..reply }
        });
        assert!(matches!(story.stop, Some(StopReason::Refused(_))), "{:?}", story.stop);
        let told = story.sent.iter().filter(|sent| !sent.passed).map(|sent| sent.back).min().unwrap();
        let later: Vec<_> = story.sent.iter().filter(|sent| sent.left >= told).collect();
        assert!(later.len() == 1 && later[0].left >= told + 2 * SECOND, "{later:?}");
    }
}

#[test]
fn an_offer_with_a_401_of_its_own_ends_as_an_error_row() {
    let story = run(&offers(100), policy(), |asked| match asked.offer {
        50 => Reply::bad(ErrorKind::Unauthorized, 401),
        _ => Reply::good(),
    });
    assert_eq!(story.complete().errors(), [(50, ErrorKind::Unauthorized)]);
}

#[test]
fn ten_answers_of_a_gateway_in_a_row_are_settled_by_an_offer_that_passed() {
    let page = Reply::bad(ErrorKind::InvalidResponse, 404);
    for bad in [5..=14, 20..=60, 91..=100, 99..=100] {
        let network = |asked: Asked| if bad.contains(&asked.offer) { page.clone() } else { Reply::good() };
        let story = run(&offers(100), policy(), network);
        assert_eq!(story.complete().errors().len() as u64, bad.end() - bad.start() + 1, "{bad:?}");
        assert!(story.took <= 150 * SECOND, "{bad:?}: {:?}", story.took);
    }
    for gone in [
        page,
        Reply::bad(ErrorKind::InvalidResponse, 400),
        Reply::bad(ErrorKind::Redirect, 302),
        Reply::bad(ErrorKind::Unauthorized, 401),
    ] {
        for seconds in [1, 8, 60, 100_000] {
            let heals = (20 + seconds) * SECOND;
            let network = |asked: Asked| {
                if (20 * SECOND..heals).contains(&asked.at) { gone.clone() } else { Reply::good() }
            };
            let story = run(&offers(400), policy(), network);
            let refused = story.sent.iter().filter(|sent| !sent.passed).count();
            assert!(story.errors().is_empty() && refused <= 36, "{seconds} {gone:?}: {refused} calls");
            let is_key = matches!(&gone.outcome, Err(error) if error.kind == ErrorKind::Unauthorized);
            match (seconds, &story.stop) {
                (..=60, None) => assert!(story.took <= calm(400) + (2 * seconds + 20) * SECOND, "{:?}", story.took),
                (61.., Some(StopReason::Outage { .. })) => assert!(!is_key),
                (61.., Some(StopReason::Refused(_))) => {
                    assert!(is_key && story.took >= 125 * SECOND, "{:?}", story.took);
                }
                _ => panic!("{seconds} {gone:?}: {:?}", story.stop),
            }
        }
    }
}

#[test]
fn a_window_full_of_two_refused_offers_is_no_dead_end() {
    let rows: Vec<u64> = (0..1500).map(|n| n % 2).chain(2..100).collect();
    for later in [Reply::good(), Reply::failing(), Reply::throttled(), Reply::bad(ErrorKind::InvalidResponse, 403)] {
        let network = |asked: Asked| match asked.offer {
            0 | 1 => Reply::bad(ErrorKind::NotApproved, 403),
            _ => later.clone(),
        };
        let story = run(&rows, policy(), network);
        assert!(story.complete().errors().len() >= 1024);
        let page = Reply::bad(ErrorKind::InvalidResponse, 404);
        let story = run(&rows, policy(), |asked| if asked.offer < 2 { page.clone() } else { later.clone() });
        assert!(matches!(story.stop, Some(StopReason::NothingPassed(_))), "{:?}", story.stop);
    }
}

#[test]
fn offers_that_always_fail_end_as_error_rows_wherever_they_are() {
    for reply in [Reply::failing(), Reply::throttled()] {
        for (bad, slower) in
            [(2..=2, 20), (100..=100, 10), (100..=101, 30), (200..=200, 30), (198..=200, 65), (180..=200, 360)]
        {
            let calm = run(&offers(200), policy(), |_| Reply::good());
            let network = |asked: Asked| if bad.contains(&asked.offer) { reply.clone() } else { Reply::good() };
            let story = run(&offers(200), policy(), network);
            let expected: Vec<_> = bad.clone().map(|offer| (offer, ErrorKind::ServerError)).collect();
            assert_eq!(story.complete().errors(), expected);
            let (took, calm) = (story.took, calm.took);
            assert!(took <= calm + slower * SECOND, "{bad:?} {reply:?}: {took:?} instead of {calm:?}");
            for offer in bad.clone() {
                assert!(story.calls_for(offer) <= 14, "{bad:?}: {} calls", story.calls_for(offer));
            }
        }
    }
}

#[test]
fn offers_at_the_head_that_are_always_throttled_do_not_block_the_rest() {
    for bad in 1..=6 {
        let network = |asked: Asked| if asked.offer <= bad { Reply::throttled() } else { Reply::good() };
        let story = run(&offers(100), policy(), network);
        let expected: Vec<_> = (1..=bad).map(|offer| (offer, ErrorKind::ServerError)).collect();
        assert_eq!(story.complete().errors(), expected);
        assert!(story.took <= 600 * SECOND, "{bad}: {:?}", story.took);
    }
}

#[test]
fn a_403_that_says_what_it_means_is_the_offers_own() {
    for kind in [ErrorKind::NotFound, ErrorKind::BadRequest] {
        let network = |asked: Asked| if asked.offer <= 20 { Reply::bad(kind, 403) } else { Reply::good() };
        assert_eq!(run(&offers(100), policy(), network).complete().errors().len(), 20, "{kind}");
    }
}

#[test]
fn an_offer_has_its_attempts_and_one_more_if_the_service_may_have_been_gone() {
    for retries in [0, 1, 4, 9] {
        let policy = Policy { retries, ..policy() };
        let story = run(&offers(600), policy, |a| if a.offer % 100 == 50 { Reply::failing() } else { Reply::good() });
        assert_eq!(story.complete().errors().len(), 6);
        for offer in (50..600).step_by(100) {
            let attempts = retries as usize + 1;
            // No fewer than three, before a refusal that may be the pace's counts as the offer's own.
            assert!((attempts..=attempts.max(4) + 1).contains(&story.calls_for(offer)), "{}", story.calls_for(offer));
        }
        let first = run(&offers(600), policy, |a| if a.offer == 1 { Reply::failing() } else { Reply::good() });
        assert_eq!(first.complete().errors().len(), 1);
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
