//! Allocations an offer in each stage that the program itself has, counted: the same on every machine.
//!
//! What they cost in instructions, and the stages that libraries have, is for `.ci/speed`. Here it shows at once which
//! change has brought one more.

#![allow(
    clippy::unwrap_used,
    clippy::unnecessary_wraps,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a test may stop at anything odd; an outcome is what stages take"
)]

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Instant;

use allocation_counter::measure;
use offerlinks::api::documented::Reader;
use offerlinks::dispatch::{Completion, Dispatcher, Next, Policy, Supply};
use offerlinks::encode::{Dialect, InputRow, RowFormat, Schema};
use offerlinks::offer::{OfferId, Outcome, RowOutcome};
use offerlinks::reorder::buffer::{Admitted, ReorderBuffer};
use offerlinks::settings::rate::Rate;

const BODY: &str = include_str!("fixtures/offer-16.json");
/// Before it is counted: buffers have their size by then.
const WARM_UP: u64 = 30_000;
const OFFERS: u64 = 1000;

/// Allocations an offer of a stage that is run for offers of these numbers.
fn an_offer(mut stage: impl FnMut(u64)) -> f64 {
    (0..WARM_UP).for_each(&mut stage);
    let counted = measure(|| (WARM_UP..WARM_UP + OFFERS).for_each(&mut stage));
    counted.count_total as f64 / OFFERS as f64
}

fn id(number: u64) -> OfferId {
    OfferId::parse(&number.to_string()).unwrap()
}

fn outcome() -> Outcome {
    Ok(Reader::default().read(BODY).unwrap())
}

fn ids() -> impl FnMut(u64) {
    |number| {
        black_box(id(number));
    }
}

fn read() -> impl FnMut(u64) {
    let mut reader = Reader::default();
    move |_| drop(black_box(reader.read(black_box(BODY))))
}

fn clone() -> impl FnMut(u64) {
    let outcome = outcome();
    move |_| drop(black_box(outcome.clone()))
}

fn schedule() -> impl FnMut(u64) {
    let (rate, now) = ("none".parse::<Rate>().unwrap(), Instant::now());
    let policy = Policy { rate, concurrency: 64, retries: 4, max_outage: std::time::Duration::MAX, max_duration: None };
    let mut dispatcher = Dispatcher::new(policy, 1, now);
    let mut in_flight = VecDeque::new();
    move |number| {
        dispatcher.push(number);
        while let Ok(Next::Send(call)) = dispatcher.next(now, Supply::Open) {
            in_flight.push_back(call);
        }
        if let Some(call) = in_flight.pop_front() {
            let _ = black_box(dispatcher.complete(call, Completion::Success, now));
        }
    }
}

fn reorder() -> impl FnMut(u64) {
    let (mut window, outcome) = (ReorderBuffer::new(), outcome());
    move |number| {
        assert_eq!(window.admit(number, 0, id(number)), Admitted::Asks);
        window.finish(id(number), outcome.clone());
        black_box(window.pop());
    }
}

fn rows() -> impl FnMut(u64) {
    let encoder = RowFormat::Csv(Dialect::Plain).encoder(&Schema::default(), std::iter::empty());
    let (outcome, mut rows) = (outcome(), Vec::new());
    move |_| {
        rows.clear();
        let row = InputRow { offer_id: "16", network: "", kept: &mut std::iter::empty(), query: "" };
        encoder.encode(row, RowOutcome::live(black_box(&outcome)), &mut rows);
    }
}

#[test]
fn no_stage_allocates_more_than_it_has_to() {
    let stages: [(&str, f64, f64); 5] = [
        // The answer's texts, and where they end.
        ("the documented answer", an_offer(read()), 2.0),
        // Of `id` itself there are none, but the test makes a text of the number.
        ("schedule", an_offer(schedule()), 0.1),
        ("order and memory", an_offer(reorder()) - 2.0 * an_offer(ids()) - an_offer(clone()), 1.1),
        ("rows", an_offer(rows()), 0.0),
        ("an offer ID", an_offer(ids()), 1.0),
    ];
    for (stage, counted, most) in stages {
        assert!(counted <= most, "{stage}: {counted} allocations an offer, where {most} are enough");
    }
    println!("{stages:?}");
}
