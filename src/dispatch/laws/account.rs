//! Answers about the account, and bans that look like them.

use super::drive::{Asked, policy, run};
use super::reply::{LATENCY, Reply};
use super::{SECOND, calm, offers};
use crate::dispatch::{Policy, Responder, StopReason};
use crate::offer::ErrorKind;

#[test]
fn a_refused_account_costs_three_calls_at_most() {
    for (reply, most) in [
        (Reply::bad(ErrorKind::Unauthorized, 401), 2),
        (Reply::bad(ErrorKind::Unauthorized, 401).with_code("13"), 2),
        (Reply::bad(ErrorKind::IpNotAllowed, 403), 3),
        (Reply::bad(ErrorKind::AccountLocked, 403), 3),
        (Reply::bad(ErrorKind::Redirect, 302).by(Responder::Elsewhere), 1),
        (Reply::bad(ErrorKind::Redirect, 302).by(Responder::Elsewhere).for_many_offers(), 1),
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
        let refused = Reply::bad(ErrorKind::InvalidResponse, 403).by(if page {
            Responder::ForeignPage
        } else {
            Responder::Usual
        });
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
fn a_host_that_refuses_every_call_from_the_start_is_called_a_few_times_in_two_minutes() {
    for (reply, is_address) in [
        (Reply::closed(), false),
        (Reply::failing(), false),
        (Reply::bad(ErrorKind::ServerError, 500).by(Responder::ForeignPage), false),
        (Reply::bad(ErrorKind::InvalidResponse, 405), false),
        (Reply::bad(ErrorKind::Redirect, 302), true),
    ] {
        for count in [1, 2, 3, 400] {
            for retries in [0, 4] {
                let story = run(&offers(count), Policy { retries, ..policy() }, |_| reply.clone());
                let calls = story.sent.len();
                match &story.stop {
                    Some(StopReason::Refused(_)) => assert!(is_address),
                    Some(StopReason::NothingPassed(_)) => assert!(!is_address),
                    other => panic!("{reply:?} {count}: {other:?}"),
                }
                assert!(
                    calls <= 12 && (110 * SECOND..140 * SECOND).contains(&story.took),
                    "{calls} in {:?}",
                    story.took
                );
            }
        }
    }
    // What cannot be a ban is found out sooner.
    for reply in [Reply::bad(ErrorKind::Network, 0), Reply::bad(ErrorKind::InvalidResponse, 404)] {
        let story = run(&offers(400), policy(), |_| reply.clone());
        assert!(
            matches!(story.stop, Some(StopReason::NothingPassed(_))) && story.took < 60 * SECOND,
            "{:?}",
            story.took
        );
    }
}

#[test]
fn a_job_that_begins_during_a_ban_or_an_outage_waits_for_its_end() {
    for count in [1, 2, 3, 100] {
        for (reply, longest) in [
            (Reply::bad(ErrorKind::InvalidResponse, 403), 100),
            (Reply::throttled(), 300),
            (Reply::bad(ErrorKind::InvalidResponse, 403).by(Responder::ForeignPage), 100),
            (Reply::bad(ErrorKind::InvalidResponse, 404), 10),
            (Reply::failing(), 100),
            (Reply::bad(ErrorKind::ServerError, 500), 100),
            (Reply::bad(ErrorKind::ServerError, 500).with_code("51"), 10),
            (Reply::closed(), 100),
            (Reply::bad(ErrorKind::Redirect, 302), 100),
            (Reply::bad(ErrorKind::InvalidResponse, 418), 100),
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

#[test]
fn a_first_offer_that_always_fails_holds_nothing_up() {
    for reply in [Reply::failing(), Reply::bad(ErrorKind::ServerError, 500).with_code("51"), Reply::closed()] {
        let story = run(&offers(20), policy(), |asked| if asked.offer == 1 { reply.clone() } else { Reply::good() });
        let story = story.complete();
        assert_eq!(story.errors().len(), 1, "{reply:?}");
        let first_pass = story.sent.iter().filter(|sent| sent.passed).map(|sent| sent.back).min().unwrap();
        assert!(first_pass < 10 * SECOND, "{reply:?}: {first_pass:?}");
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
