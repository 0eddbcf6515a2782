//! How well the pace shares a limit of 50 calls per 10 s with others: `cargo run --release --example pace_simulation`.
//!
//! An export that always has something to send meets every kind of limit, with others at 0, 30, 60 and 90 % of it.
//! `waste`: percent of our calls that were refused. `use`: percent of what the others left that we used.
//! `others`: percent of the others' calls that were refused. The answer is always the same.
#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

mod simulation;

use std::time::Duration;

use simulation::{Case, OthersAt, Refused, RetryAfter, Tally, Traffic, Window, run};

const SEEDS: u64 = 8;
const SECONDS: u64 = 6000;
const OTHERS: [(u32, OthersAt); 4] = [(0, |_| 0), (30, |_| 30), (60, |_| 60), (90, |_| 90)];

fn main() {
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
