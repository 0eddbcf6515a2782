//! How well the pace shares a limit of 50 calls per 10 s with others: `cargo run --release --example pace_simulation`.
//!
//! An export that always has something to send meets every kind of limit, with others at 0, 30, 60 and 90 % of it.
//! `waste`: percent of our calls that were refused. `use`: percent of what the others left that we used.
//! `others`: percent of the others' calls that were refused. Before that, an export of 300 offers meets limiters that ban,
//! hold back and count as real ones do. The answer is always the same.
#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

mod simulation;

use std::time::Duration;

use simulation::real::{Counts, Limiter, Meeting, Other, meet};
use simulation::{Case, OthersAt, Refused, RetryAfter, Tally, Traffic, Window, run};

const SEEDS: u64 = 8;
const SECONDS: u64 = 6000;
const OTHERS: [(u32, OthersAt); 4] = [(0, |_| 0), (30, |_| 30), (60, |_| 60), (90, |_| 90)];

fn main() {
    real_limiters();
    println!("Mean of {SEEDS} runs of {SECONDS} s; cells are waste / use / others in percent.\n");
    for (refused, free) in [(Refused::Free, "refused calls are free"), (Refused::Counted, "refused calls count")] {
        for (retry_after, silent) in [(RetryAfter::Silent, "no Retry-After"), (RetryAfter::Sent, "with Retry-After")] {
            println!("{free}, {silent}");
            table(refused, retry_after);
        }
    }
    others_leave();
}

fn table(refused: Refused, retry_after: RetryAfter) {
    print!("{:8} {:8}", "window", "others");
    for (percent, _) in OTHERS {
        print!("{percent:>17} %");
    }
    println!();
    let mut sums = [[0.0; 3]; OTHERS.len()];
    for window in [Window::Sliding, Window::Fixed, Window::Bucket] {
        for traffic in [Traffic::Poisson, Traffic::Bursts] {
            print!("{window:8} {traffic:8}");
            for ((_, others), sum) in OTHERS.into_iter().zip(&mut sums) {
                let case = Case { window, refused, retry_after, traffic, others, seconds: SECONDS, seed: 0 };
                let cell = mean(case);
                print!("  {:5.1} {:5.1} {:4.1}", cell[0], cell[1], cell[2]);
                for (sum, value) in sum.iter_mut().zip(cell) {
                    *sum += value / 6.0;
                }
            }
            println!();
        }
    }
    print!("{:17}", "mean");
    for sum in sums {
        print!("  {:5.1} {:5.1} {:4.1}", sum[0], sum[1], sum[2]);
    }
    println!("\n");
}

fn mean(case: Case) -> [f64; 3] {
    let mut sums = [0.0; 3];
    for seed in 1..=SEEDS {
        let tally = run(Case { seed, ..case });
        for (sum, value) in sums.iter_mut().zip([tally.waste(), tally.usage(), tally.others_refused()]) {
            *sum += value / SEEDS as f64;
        }
    }
    sums
}

/// Others take 80 % of the limit from 600 s to 1200 s.
fn others_leave() {
    println!("Others at 80 % from 600 s to 1200 s (Poisson): our refused calls per minute, our pace per minute after");
    for window in [Window::Sliding, Window::Fixed, Window::Bucket] {
        for refused in [Refused::Free, Refused::Counted] {
            let others = |at: Duration| if (600..1200).contains(&at.as_secs()) { 80 } else { 0 };
            let case = Case {
                window,
                refused,
                retry_after: RetryAfter::Silent,
                traffic: Traffic::Poisson,
                others,
                seconds: 1800,
                seed: 1,
            };
            let tally = run(case);
            print!("{window:8} {:8}", format!("{refused:?}").to_lowercase());
            for minute in 10..14 {
                print!("{:5}", refusals(&tally, minute));
            }
            print!("  |");
            for minute in 20..25 {
                let from = Duration::from_secs(60 * minute);
                print!("{:6.2}", tally.pace(from, from + Duration::from_secs(60)));
            }
            println!();
        }
    }
}

fn refusals(tally: &Tally, minute: u64) -> usize {
    tally.refusals.iter().filter(|at| at.as_secs() / 60 == minute).count()
}

const SECOND: Duration = Duration::from_secs(1);

/// Limiters as real ones are, by what they count and how they ban.
const LIMITERS: [(&str, Limiter); 13] = {
    let fixed = Limiter::new(Counts::Fixed(50, Duration::from_secs(10)));
    let sliding = Limiter::new(Counts::Sliding(50, Duration::from_secs(10)));
    let ban = Limiter { ban: Duration::from_secs(30), ..fixed };
    [
        ("fixed", fixed),
        ("sliding", sliding),
        ("sliding, refused count", Limiter { refused_count: true, ..sliding }),
        ("fixed, refused count", Limiter { refused_count: true, ..fixed }),
        ("gap 200 ms", Limiter::new(Counts::Gap(Duration::from_millis(200)))),
        ("gap 333 ms", Limiter::new(Counts::Gap(Duration::from_millis(333)))),
        ("ban 5 s", Limiter { ban: Duration::from_secs(5), ..fixed }),
        ("ban 10 s", Limiter { ban: Duration::from_secs(10), ..fixed }),
        ("ban 30 s", ban),
        ("ban 30 s, told", Limiter { tells: true, ..ban }),
        ("ban 10 s, prolonged", Limiter { ban: Duration::from_secs(10), prolongs: true, ..fixed }),
        ("ban 30 s, prolonged", Limiter { prolongs: true, ..ban }),
        ("tarpit 10 s", Limiter { refused_count: true, holds: Duration::from_secs(10), ..sliding }),
    ]
};

/// The scenarios of the table of real limiters.
const MEETINGS: [(&str, &str, Other); 6] = [
    ("a alone", "50/10s", Other::Nobody),
    ("b 2.5/s", "50/10s", Other::Every(Duration::from_millis(400))),
    ("b Poisson", "50/10s", Other::Poisson(2.5)),
    ("c --rate 10/s", "10/s", Other::Nobody),
    ("c 100/10s", "100/10s", Other::Nobody),
    ("e 0.3/s", "50/10s", Other::Poisson(0.3)),
];

fn real_limiters() {
    println!(
        "300 offers; cells are offers per second / percent refused / percent of the other's refused, mean of 8 runs"
    );
    print!("{:23}", "limiter");
    for (name, ..) in MEETINGS {
        print!("{name:>18}");
    }
    println!();
    for (name, limiter) in LIMITERS {
        print!("{name:23}");
        for (_, rate, other) in MEETINGS {
            let mut cell = [0.0; 3];
            for seed in 1..=SEEDS {
                let peace = meet(Meeting { rate, limiter, other, offers: 300, within: 900 * SECOND, seed });
                let part = |part: u32, other: u32| 100.0 * f64::from(part) / f64::from((part + other).max(1));
                let values =
                    [peace.pace(), part(peace.refused, peace.passed), part(peace.other_refused, peace.other_passed)];
                for (sum, value) in cell.iter_mut().zip(values) {
                    *sum += value / SEEDS as f64;
                }
            }
            print!("  {:5.2} {:4.1} {:4.1}", cell[0], cell[1], cell[2]);
        }
        println!();
    }
    print!("\n--rate 10/s, 1500 offers: offers per second from the third minute on");
    for (name, limiter) in LIMITERS {
        let meeting =
            Meeting { rate: "10/s", limiter, other: Other::Nobody, offers: 1500, within: 1800 * SECOND, seed: 1 };
        print!("; {name} {:.2}", meet(meeting).pace_from(120 * SECOND));
    }
    println!("\n");
}
