//! Default links in virtual time, against networks that do with a batch whatever they may.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use super::*;
use crate::dispatch::{Failure, Policy, Responder};
use crate::offer::ErrorKind;

mod server;

use self::server::{Over, STRICT, Server, Unknown, error};

const SECOND: Duration = Duration::from_secs(1);
const LATENCY: Duration = Duration::from_millis(120);

/// What became of a run.
#[derive(Debug, Default)]
struct Story {
    batches: usize,
    singles: usize,
    took: Duration,
    stop: Option<StopReason>,
    outcomes: BTreeMap<u64, Outcome>,
    most: usize,
}

impl Story {
    fn count(&mut self, request: &Request) {
        match request {
            Request::Batch(ids) => {
                assert!(ids.len() <= 100 && ids.iter().collect::<HashSet<_>>().len() == ids.len());
                self.batches += 1;
            }
            _ => self.singles += 1,
        }
    }

    fn calls(&self) -> usize {
        self.batches + self.singles
    }
}

fn policy() -> Policy {
    let rate = "50/10s".parse().unwrap();
    Policy { rate, concurrency: 16, retries: 4, max_outage: 900 * SECOND, max_duration: None }
}

fn completion(request: &Request, answer: &Result<Payload, OfferError>) -> Completion {
    match answer {
        Ok(_) => Completion::Success,
        Err(error) => {
            let (retry_after, responder, may_be_size) = (None, Responder::Usual, request.offers() > 1);
            Completion::Failure(Failure { error: error.clone(), retry_after, responder, may_be_size })
        }
    }
}

/// Asks for the offers 1 to `count` at a network that is a function.
fn run(count: u64, network: impl FnMut(&Request, Duration) -> Result<Payload, OfferError>) -> Story {
    run_with(policy(), count, network)
}

fn run_with(
    policy: Policy,
    count: u64,
    mut network: impl FnMut(&Request, Duration) -> Result<Payload, OfferError>,
) -> Story {
    let start = Instant::now();
    let mut requests = Requests::new(Dispatcher::new(policy, 7, start), Links::Default);
    let (mut now, mut next_offer, mut in_flight, mut story) = (start, 1, BTreeMap::new(), Story::default());
    'run: for number in 0..1_000_000_u64 {
        while next_offer <= count && requests.wants_offers() {
            requests.ask(OfferId::parse(&next_offer.to_string()).unwrap());
            next_offer += 1;
        }
        let supply = if next_offer <= count { Supply::Open } else { Supply::Closed };
        let until = match requests.next(now, supply) {
            Ok(Next::Send(call)) => {
                story.count(call.request());
                let answer = network(call.request(), now - start + LATENCY / 2);
                in_flight.insert((now + LATENCY, number), (call, answer));
                continue;
            }
            Ok(Next::Wait { until, .. }) => Some(until),
            Ok(Next::Idle) => None,
            Err(stop) => {
                story.stop = Some(stop);
                break;
            }
        };
        for (offer, outcome) in requests.take_outcomes() {
            let before = story.outcomes.insert(offer.as_str().parse().unwrap(), outcome);
            assert!(before.is_none(), "a second outcome for {offer}");
        }
        if story.outcomes.len() as u64 == count {
            break;
        }
        let answer = in_flight.keys().next().copied();
        let Some(wake) = [until, requests.dispatcher.ends_at(), answer.map(|(at, _)| at)].into_iter().flatten().min()
        else {
            panic!("a deadlock after {} calls and {} outcomes", story.calls(), story.outcomes.len());
        };
        now = now.max(wake);
        while let Some(entry) = in_flight.first_entry().filter(|entry| entry.key().0 <= now) {
            let (call, answer) = entry.remove();
            let completion = completion(call.request(), &answer);
            if let Err(stop) = requests.complete(call, answer, completion, now) {
                story.stop = Some(stop);
                break 'run;
            }
        }
    }
    story.took = now - start;
    story.most = requests.packer.as_ref().unwrap().most();
    story
}

/// The same at a server that does not change; every offer must end as it would by its own call.
fn run_at(server: Server, count: u64) -> Story {
    let story = run(count, |request, _| server.answer(request));
    assert_eq!((&story.stop, story.outcomes.len() as u64), (&None, count), "{server:?}: {} calls", story.calls());
    for (offer, outcome) in &story.outcomes {
        let id = OfferId::parse(&offer.to_string()).unwrap();
        let alone = server.answer(&Request::TrackingLinks(id)).and_then(Payload::into_links);
        assert_eq!(*outcome, alone, "{server:?}: {offer}");
    }
    story
}

#[test]
fn ten_thousand_offers_take_a_hundred_calls_and_one_more_for_each_that_is_missing() {
    let story = run_at(Server { every: 0, ..STRICT }, 10_000);
    assert_eq!((story.batches, story.singles), (100, 0));
    assert!(story.took < 22 * SECOND, "{:?}", story.took);
    let story = run_at(STRICT, 10_000);
    assert_eq!((story.batches, story.singles), (100, 103));
    assert!(story.calls() <= 215 && story.took < 43 * SECOND, "{:?}", story.took);
}

#[test]
fn a_network_that_refuses_the_whole_call_for_one_bad_offer_is_bisected() {
    let story = run_at(Server { unknown: Unknown::RefusesAll, ..STRICT }, 3000);
    assert!(story.calls() <= 500 && story.most == 100, "{} calls, {} offers a call", story.calls(), story.most);
}

#[test]
fn the_maximum_is_learned_however_the_network_refuses_more() {
    for over in [Over::Plain, Over::Words, Over::Uri, Over::Close, Over::Page] {
        for unknown in [Unknown::LeftOut, Unknown::RefusesAll] {
            for (most, least) in [(30, 12), (1, 1), (99, 49)] {
                let server = Server { most, over, unknown, ..STRICT };
                let count = 600;
                let story = run_at(server, count);
                // Where every call of a hundred holds a bad offer too, nothing tells that 99 is the most.
                // And a limit of bytes is none of offers.
                let is_unseen = (most == 99 && unknown == Unknown::RefusesAll) || over == Over::Uri;
                let learned = if is_unseen { least..=100 } else { least..=most };
                assert!(learned.contains(&story.most), "{server:?}: {} a call", story.most);
                let bad = if unknown == Unknown::RefusesAll { 6 * 18 } else { 6 };
                let calls = usize::try_from(count).unwrap() / least + 24 + bad;
                assert!(story.calls() <= calls, "{server:?}: {} calls, {} a call", story.calls(), story.most);
            }
        }
    }
}

#[test]
fn a_network_without_the_call_is_asked_for_one_offer_at_a_time() {
    for refusal in [
        error(ErrorKind::BadRequest, 501, Some("30"), "Request URI not found"),
        error(ErrorKind::NotFound, 404, Some("31"), "not found"),
        error(ErrorKind::InvalidResponse, 404, None, "a page"),
        error(ErrorKind::ServerError, 500, None, "a page"),
    ] {
        let story = run(300, |request, _| match request {
            Request::Batch(_) => Err(refusal.clone()),
            single => STRICT.answer(single),
        });
        assert_eq!((&story.stop, story.outcomes.len()), (&None, 300), "{refusal:?}");
        assert_eq!(story.outcomes.values().filter(|outcome| outcome.is_err()).count(), 3);
        assert!(story.calls() <= 330, "{refusal:?}: {} calls", story.calls());
    }
}

#[test]
fn an_outage_at_the_start_does_not_hide_the_maximum() {
    for over in [Over::Close, Over::Page] {
        let server = Server { most: 30, over, ..STRICT };
        let closed = OfferError::local(ErrorKind::Network, "closed");
        let story = run(3000, |request, at| if at < 9 * SECOND { Err(closed.clone()) } else { server.answer(request) });
        assert_eq!((&story.stop, story.outcomes.len()), (&None, 3000), "{over:?}");
        assert!((12..=30).contains(&story.most) && story.calls() < 330, "{over:?}: {} {}", story.most, story.calls());
    }
}

#[test]
fn an_outage_costs_no_outcome_and_no_size() {
    let down = [
        OfferError::local(ErrorKind::Network, "closed"),
        error(ErrorKind::ServerError, 502, None, "a page"),
        error(ErrorKind::RateLimited, 429, None, "too many requests"),
        error(ErrorKind::InvalidResponse, 200, None, "a page"),
    ];
    for error in down {
        for (from, to) in [(5, 35), (5, 200), (0, 3)] {
            let story = run(5000, |request, at| {
                if (from * SECOND..to * SECOND).contains(&at) { Err(error.clone()) } else { STRICT.answer(request) }
            });
            assert_eq!((&story.stop, story.outcomes.len()), (&None, 5000), "{error:?} {from}..{to}");
            let failed = story.outcomes.values().filter(|outcome| outcome.is_err()).count();
            assert_eq!((failed, story.most), (51, 100), "{error:?} {from}..{to}");
            assert!(story.took < (to + 110) * SECOND, "{error:?} {from}..{to}: {:?}", story.took);
        }
    }
}

#[test]
fn an_offer_that_breaks_every_call_that_it_is_in_is_found() {
    let broken = error(ErrorKind::ServerError, 500, Some("51"), "Internal error");
    let story = run(400, |request, _| match request {
        Request::Batch(ids) if ids.iter().any(|id| id.as_str() == "250") => Err(broken.clone()),
        Request::TrackingLinks(id) if id.as_str() == "250" => Err(broken.clone()),
        request => Server { every: 0, ..STRICT }.answer(request),
    });
    assert_eq!((&story.stop, story.outcomes.len()), (&None, 400));
    let failed: Vec<_> =
        story.outcomes.iter().filter(|(_, outcome)| outcome.is_err()).map(|(offer, _)| *offer).collect();
    assert_eq!((failed, story.most), (vec![250], 100));
}

#[test]
fn no_run_waits_for_ever_where_every_call_fails() {
    for retries in [0, 1, 4] {
        for count in [1, 2, 10, 100, 101, 250] {
            for error in [
                error(ErrorKind::ServerError, 500, Some("51"), "Internal error"),
                error(ErrorKind::ServerError, 500, None, "a page"),
                OfferError::local(ErrorKind::Network, "closed"),
            ] {
                // A deadlock panics in there.
                let story = run_with(Policy { retries, ..policy() }, count, |_, _| Err(error.clone()));
                let has_ended = story.stop.is_some() || story.outcomes.len() as u64 == count;
                assert!(has_ended && story.took < 900 * SECOND, "{retries} {count} {error:?}: {story:?}");
            }
        }
    }
}

#[test]
fn a_wrong_key_ends_the_run_after_two_calls() {
    let story = run(5000, |_, _| Err(error(ErrorKind::Unauthorized, 401, Some("13"), "Invalid API key")));
    assert!(matches!(story.stop, Some(StopReason::Refused(_))) && story.calls() == 2, "{:?}", story.stop);
}
