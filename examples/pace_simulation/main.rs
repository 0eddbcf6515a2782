//! How well the pace shares a limit of 50 calls per 10 s with others: `cargo run --release --example pace_simulation`.
//!
//! An export that always has something to send meets every kind of limit, with others at 0, 30, 60 and 90 % of it.
//! `waste`: percent of our calls that were refused. `use`: percent of what the others left that we used.
//! `others`: percent of the others' calls that were refused. Before that, an export of 300 offers meets limiters that ban,
//! hold back and count as real ones do, through the same dispatcher that the program uses; `!` marks error rows and runs that
//! stop. The answer is always the same.
#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

mod simulation;

use std::time::Duration;

use simulation::engine::Looks;
use simulation::limiter::{Counts, Limiter, Tells};
use simulation::real::{Meeting, Other, Peace, meet, steady};
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
            let others = |at: Duration| {
                if (600..1200).contains(&at.as_secs()) { 80 } else { 0 }
            };
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
const LIMITERS: [(&str, Limiter); 35] = {
    let fixed = Limiter::new(Counts::Fixed(50, TEN));
    let sliding = Limiter::new(Counts::Sliding(50, TEN));
    let counted = Limiter { refused_count: true, ..sliding };
    let ban10 = Limiter { ban: TEN, ..fixed };
    let ban30 = Limiter { ban: Duration::from_secs(30), ..fixed };
    let evasive = Limiter { prolongs: true, looks: Looks::Forbidden, ..ban10 };
    let two = Limiter::new(Counts::AtATime(2, Duration::from_millis(600)));
    [
        ("fixed", fixed),
        ("fixed, 403", Limiter { looks: Looks::Forbidden, ..fixed }),
        ("fixed, 500", Limiter { looks: Looks::Broken, ..fixed }),
        ("fixed, page", Limiter { looks: Looks::Page, ..fixed }),
        ("sliding", sliding),
        ("sliding, refused count", counted),
        ("the same, connection cut", Limiter { looks: Looks::Closed, ..counted }),
        ("tarpit 10 s", Limiter { holds: TEN, ..counted }),
        ("bucket", Limiter::new(Counts::Bucket(50, 5.0))),
        (
            "vsthrottle",
            Limiter {
                tells: Some(Tells::Always(Duration::from_secs(5))),
                ..Limiter::new(Counts::WholeTokens(50, TEN))
            },
        ),
        ("gap 200 ms", Limiter::new(Counts::Gap(Duration::from_millis(200)))),
        ("gap 333 ms", Limiter::new(Counts::Gap(Duration::from_millis(333)))),
        ("ban 5 s", Limiter { ban: Duration::from_secs(5), ..fixed }),
        ("ban 10 s", ban10),
        ("ban 10 s, prolonged", Limiter { prolongs: true, ..ban10 }),
        ("ban 30 s", ban30),
        ("ban 30 s, Retry-After", Limiter { tells: Some(Tells::Ban), ..ban30 }),
        ("ban 30 s, 403", Limiter { looks: Looks::Forbidden, ..ban30 }),
        ("ban 30 s, prolonged", Limiter { prolongs: true, ..ban30 }),
        ("mod_evasive 50 in 10 s", Limiter { counts: Counts::Pauseless(50, 10), ..evasive }),
        ("mod_evasive 5 in 1 s", Limiter { counts: Counts::Pauseless(5, 1), ..evasive }),
        ("1 at a time, 350 ms", Limiter::new(Counts::AtATime(1, Duration::from_millis(350)))),
        ("2 at a time, 600 ms", two),
        ("the same, cut", Limiter { looks: Looks::Closed, ..two }),
        ("the same, 403", Limiter { looks: Looks::Forbidden, ..two }),
        ("the same, Retry-After 5", Limiter { tells: Some(Tells::Always(Duration::from_secs(5))), ..two }),
        ("the same, queue 0.4 s", Limiter { queue: Duration::from_millis(400), ..two }),
        ("2 at a time, 1.5 s", Limiter::new(Counts::AtATime(2, Duration::from_millis(1500)))),
        ("5 at a time, 800 ms", Limiter::new(Counts::AtATime(5, Duration::from_millis(800)))),
        ("49 per 10 s, ban 20 s", Limiter { ban: Duration::from_secs(20), ..Limiter::new(Counts::Fixed(49, TEN)) }),
        ("gap 250 ms", Limiter::new(Counts::Gap(Duration::from_millis(250)))),
        ("the same, answers 300 ms", Limiter::new(SLOW_GAP)),
        ("5 per 10 s", Limiter::new(Counts::Sliding(5, TEN))),
        ("bucket of 1/s by the clock", Limiter::new(Counts::Seconds(10, 1))),
        (
            "25 in 10 s, ban doubles",
            Limiter {
                ban: Duration::from_secs(2),
                doubles: true,
                prolongs: true,
                ..Limiter::new(Counts::Fixed(25, TEN))
            },
        ),
    ]
};

const SLOW_GAP: Counts = Counts::AtATimeApart(99, Duration::from_millis(300), Duration::from_millis(250));
const TEN: Duration = Duration::from_secs(10);

/// The scenarios of the table of real limiters: name, `--rate`, the other client, offers.
const MEETINGS: [(&str, &str, Other, u64); 6] = [
    ("a", "50/10s", Other::Nobody, 300),
    ("b", "50/10s", Other::Every(Duration::from_millis(400)), 300),
    ("b, by chance", "50/10s", Other::Poisson(2.5), 300),
    ("c", "10/s", Other::Nobody, 300),
    ("d", "50/10s", Other::Before(60), 150),
    ("e", "50/10s", Other::Poisson(0.3), 300),
];

fn real_limiters() {
    println!(
        "300 offers (d: 150) within 240 s, mean of {MEETING_SEEDS} runs; cells are offers per second / percent of our calls \
         refused (in the worst tenth of the runs) / percent of the other's refused"
    );
    print!("{:25}", "limiter");
    for (name, ..) in MEETINGS {
        print!("{name:>23}");
    }
    println!();
    for (name, limiter) in LIMITERS {
        print!("{name:25}");
        for (_, rate, other, offers) in MEETINGS {
            let runs = runs(Meeting { rate, limiter, other, offers, within: 240 * SECOND, seed: 0 });
            let mean = |value: fn(&Peace) -> f64| runs.iter().map(value).sum::<f64>() / runs.len() as f64;
            let mut refused: Vec<f64> = runs.iter().map(Peace::refused).collect();
            refused.sort_by(f64::total_cmp);
            let worst = refused.get(runs.len() * 9 / 10).copied().unwrap_or_default();
            let (refused, theirs) = (mean(Peace::refused), mean(Peace::other_refused));
            print!(
                "  {:5.2} {:4.1} ({:4.1}) {:3.0}",
                mean(Peace::pace),
                100.0 * refused,
                100.0 * worst,
                100.0 * theirs
            );
            let rows: u64 = runs.iter().map(|peace| peace.story.errors).sum();
            let stops = runs.iter().filter(|peace| peace.story.stopped.is_some()).count();
            print!("{}", if rows > 0 || stops > 0 { "!" } else { " " });
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
    in_step();
    bounds();
}

/// What the best caller of a fixed gap and a fixed silence after refusals does, where the table above is poor.
fn bounds() {
    println!(
        "Callers of a fixed gap, and a fixed silence after refusals: offers per second / percent refused of the quickest, and \
         of the quickest with at most 10 % refused"
    );
    for name in ["vsthrottle", "gap 333 ms", "ban 10 s, prolonged", "mod_evasive 50 in 10 s", "mod_evasive 5 in 1 s"] {
        print!("{name:25}");
        let Some((_, limiter)) = LIMITERS.into_iter().find(|(other, _)| *other == name) else {
            continue;
        };
        for (scenario, rate, other, offers) in MEETINGS {
            if !["a", "b", "e"].contains(&scenario) {
                continue;
            }
            let meeting = |seed| Meeting { rate, limiter, other, offers, within: 240 * SECOND, seed };
            let callers = GAPS.iter().flat_map(|gap| SILENCES.iter().map(move |silence| (*gap, *silence)));
            let results: Vec<(f64, f64)> = callers
                .map(|(gap, silence)| {
                    let runs = (1..=MEETING_SEEDS)
                        .map(|seed| steady(meeting(seed), Duration::from_millis(gap), Duration::from_millis(silence)));
                    let (pace, refused) =
                        runs.fold((0.0, 0.0), |sum, peace| (sum.0 + peace.pace(), sum.1 + peace.refused()));
                    (pace / MEETING_SEEDS as f64, 100.0 * refused / MEETING_SEEDS as f64)
                })
                .collect();
            let best = |most: f64| {
                let fit = results.iter().filter(|(_, refused)| *refused <= most);
                fit.max_by(|a, b| a.0.total_cmp(&b.0))
                    .map_or("none".to_owned(), |(pace, refused)| format!("{pace:.2} / {refused:.1}"))
            };
            print!("   {scenario}: {:>12}, {:>12}", best(100.0), best(10.0));
        }
        println!();
    }
    println!();
}

/// Milliseconds.
const GAPS: [u64; 12] = [202, 225, 250, 300, 334, 337, 345, 400, 600, 800, 2000, 10_500];
const SILENCES: [u64; 10] = [202, 334, 500, 1000, 2000, 5000, 10_500, 21_000, 60_000, 120_000];

/// One call per gap, beside a client that calls at exactly regular times: 50 offers within 90 s.
fn in_step() {
    println!(
        "50 offers beside a client that calls at exactly regular times: runs of {IN_STEP} that are done in 90 s, median s"
    );
    for (gap, every) in [(200, 400), (200, 300), (200, 410), (200, 500), (200, 1000), (333, 800), (333, 400)] {
        let limiter = Limiter::new(Counts::Gap(Duration::from_millis(gap)));
        let other = Other::InStep(Duration::from_millis(every));
        let mut took: Vec<f64> = (1..=IN_STEP)
            .map(|seed| meet(Meeting { rate: "50/10s", limiter, other, offers: 50, within: 90 * SECOND, seed }))
            .map(|peace| if peace.story.exported == 50 { peace.story.took.as_secs_f64() } else { f64::INFINITY })
            .collect();
        took.sort_by(f64::total_cmp);
        let done = took.iter().filter(|took| took.is_finite()).count();
        println!(
            "gap {gap} ms, other every {every} ms: {done:4}  {:.0}",
            took.get(took.len() / 2).copied().unwrap_or_default()
        );
    }
    println!();
}

const MEETING_SEEDS: u64 = 40;
const IN_STEP: u64 = 200;

fn runs(meeting: Meeting) -> Vec<Peace> {
    (1..=MEETING_SEEDS).map(|seed| meet(Meeting { seed, ..meeting })).collect()
}
