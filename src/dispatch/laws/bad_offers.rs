//! Offers that fail for themselves end as error rows, in reasonable time and wherever they are.

use super::drive::{Asked, policy, run, run_again};
use super::reply::Reply;
use super::{SECOND, offers};
use crate::dispatch::{Policy, StopReason};
use crate::offer::ErrorKind;

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
