//! Every stage of an offer's way beside the shortest code that does a comparable thing: `cargo bench --bench stages`
//!
//! Prints ratios first, each the median over many short turns taken one after the other, then divan's own figures.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark talks to its terminal, and may stop at anything odd"
)]

#[path = "bare/answer.rs"]
mod bare;

use std::collections::{HashMap, VecDeque};
use std::hint::black_box;
use std::time::{Duration, Instant};

use divan::Bencher;
use offerlinks::api::body::Body;
use offerlinks::api::classify::{Received, classify};
use offerlinks::dispatch::{Completion, Dispatcher, Next, Policy, Supply, Verdict};
use offerlinks::encode::{Dialect, InputRow, RowFormat, Schema};
use offerlinks::offer::{OfferId, Outcome, RowOutcome};
use offerlinks::reorder::buffer::{Admitted, ReorderBuffer};
use offerlinks::settings::rate::Rate;

const BODY: &str = include_str!("../tests/fixtures/offer-16.json");

fn main() {
    let pairs: [(&str, &str, Work, Work); 6] = [
        ("decode", "serde_json into structs", decode(), decode_bare()),
        ("decode and classify", "serde_json into structs", understand(), decode_bare()),
        ("classify", "a copy of the structs", classify_only(), copy_bare()),
        ("flatten and write", "csv::Writer", flatten(), write_bare()),
        ("schedule, no limit", "a counter of free places", schedule("none"), count_bare()),
        ("reorder, remember", "VecDeque and HashMap", reorder(), reorder_bare()),
    ];
    println!("{:<24}{:<28}{:>8}", "stage", "beside", "ratio");
    for (stage, beside, mut ours, mut theirs) in pairs {
        println!("{stage:<24}{beside:<28}{:>7.2}x", ratio(&mut ours, &mut theirs));
    }
    divan::main();
}

/// One offer's share of a stage.
type Work = Box<dyn FnMut()>;

/// Both in turns, so that whatever else the machine does meets both alike.
fn ratio(ours: &mut Work, theirs: &mut Work) -> f64 {
    const TURNS: usize = 301;
    let time = |work: &mut Work| {
        let started = Instant::now();
        (0..200).for_each(|_| work());
        started.elapsed().as_secs_f64()
    };
    let mut ratios: Vec<f64> = (0..TURNS).map(|_| time(ours) / time(theirs)).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[TURNS / 2]
}

fn outcome() -> Outcome {
    classify(Received { status: 200, location: None, body: &Body::read(BODY) })
}

fn decode() -> Work {
    Box::new(|| drop(black_box(Body::read(black_box(BODY)))))
}

fn understand() -> Work {
    Box::new(|| {
        let body = Body::read(black_box(BODY));
        let _ = black_box(classify(Received { status: 200, location: None, body: &body }));
    })
}

fn classify_only() -> Work {
    let body = Body::read(BODY);
    Box::new(move || {
        let _ = black_box(classify(Received { status: 200, location: None, body: black_box(&body) }));
    })
}

fn flatten() -> Work {
    let encoder = RowFormat::Csv(Dialect::Plain).encoder(&Schema::default(), std::iter::empty());
    let (outcome, mut rows) = (outcome(), Vec::new());
    Box::new(move || {
        rows.clear();
        let row = InputRow { offer_id: "16", network: "", kept: &mut std::iter::empty(), query: "" };
        encoder.encode(row, RowOutcome::live(black_box(&outcome)), &mut rows);
        black_box(&rows);
    })
}

/// Offers go in, leave, and come back, 64 at a time.
fn schedule(rate: &str) -> Work {
    let now = Instant::now();
    let rate = rate.parse::<Rate>().unwrap();
    let outage = Duration::from_secs(900);
    let policy = Policy { rate, concurrency: 64, retries: 4, max_outage: outage, max_duration: None };
    let mut schedule = Dispatcher::new(policy, 1, now);
    let (mut in_flight, mut number) = (VecDeque::new(), 0);
    let mut again: Vec<OfferId> = Vec::new();
    Box::new(move || {
        let now = now + Duration::from_micros(number);
        number += 1;
        schedule.push(again.pop().unwrap_or_else(|| id(number)));
        while let Ok(Next::Send(call)) = schedule.next(now, Supply::Open) {
            in_flight.push_back(call);
        }
        // The first few at once, since nothing else leaves before something has passed.
        let answer = if in_flight.len() == 64 || number < 8 { in_flight.pop_front() } else { None };
        if let Some(call) = answer
            && let Ok(Verdict::Final(offer)) = schedule.complete(call, Completion::Success, now)
        {
            again.push(offer);
        }
    })
}

fn reorder() -> Work {
    let mut window = ReorderBuffer::new();
    let (mut row, mut tasks, outcome) = (0, VecDeque::new(), outcome());
    Box::new(move || {
        row += 1;
        let offer = id(row as u64);
        if window.admit(row, 0, offer) == Admitted::Asks {
            tasks.push_back(offer);
        }
        if tasks.len() == 64 {
            // The newest of the two oldest, so that every other row waits.
            let task = tasks.swap_remove_back(row % 2).unwrap();
            window.finish(task, outcome.clone());
            while let Some(row) = window.pop() {
                black_box(row);
            }
        }
    })
}

fn id(number: u64) -> OfferId {
    OfferId::parse(&number.to_string()).unwrap()
}

fn decode_bare() -> Work {
    Box::new(|| drop(black_box(serde_json::from_str::<bare::Answer>(black_box(BODY)).unwrap())))
}

fn copy_bare() -> Work {
    let answer: bare::Answer = serde_json::from_str(BODY).unwrap();
    Box::new(move || drop(black_box(black_box(&answer).clone())))
}

fn write_bare() -> Work {
    let answer: bare::Answer = serde_json::from_str(BODY).unwrap();
    let mut writer = csv::Writer::from_writer(std::io::sink());
    Box::new(move || bare::write("16", black_box(&answer.data.tracking_link), &mut writer).unwrap())
}

fn count_bare() -> Work {
    let mut waiting = VecDeque::new();
    let mut number = 0;
    Box::new(move || {
        number += 1;
        waiting.push_back(black_box(id(number)));
        if waiting.len() == 64 {
            black_box(waiting.pop_front());
        }
    })
}

fn reorder_bare() -> Work {
    let (mut rows, mut done, mut number, outcome) = (VecDeque::new(), HashMap::new(), 0_u64, outcome());
    Box::new(move || {
        number += 1;
        rows.push_back(id(number).as_str().to_owned());
        if rows.len() == 64 {
            done.insert(rows.pop_front().unwrap(), outcome.clone());
        }
        // As many as the window remembers.
        if done.len() > 11_024 {
            done.clear();
        }
    })
}

macro_rules! benches {
    ($($group:ident { $($name:ident: $work:expr;)+ })+) => {$(
        mod $group {
            use super::*;
            $(#[divan::bench] fn $name(bencher: Bencher<'_, '_>) {
                let mut work = $work;
                bencher.bench_local(|| work());
            })+
        }
    )+};
}

benches! {
    decode_an_answer { decoded: decode(); decoded_and_classified: understand(); bare_structs: decode_bare(); }
    classify_an_answer { classified: classify_only(); bare_copy: copy_bare(); }
    write_rows { flattened: flatten(); bare_csv_writer: write_bare(); }
    schedule_a_call { no_limit: schedule("none"); high_limit: schedule("1000000/s"); bare_counter: count_bare(); }
    reorder_answers { in_window: reorder(); bare_map: reorder_bare(); }
}
