//! A network that means no good: offers with habits of their own, outages on top, any settings.

use proptest::prelude::*;

use super::{Down, SECOND};
use crate::dispatch::Policy;
use crate::dispatch::laws::drive::{Asked, policy, run};
use crate::dispatch::laws::reply::Reply;
use crate::offer::ErrorKind;

/// What an offer of an adversarial network does.
#[derive(Clone, Copy, Debug)]
enum Habit {
    Good,
    FailsFirst(u32),
    Fails,
    Throttled,
    Forbidden,
    Page,
    WrongKey,
    Missing,
    Hangs,
    /// The answers of every kind in turn.
    Moody,
}

fn answer(habit: Habit, asked: Asked) -> Reply {
    match habit {
        Habit::FailsFirst(n) if asked.nth <= n => Reply::failing(),
        Habit::Good | Habit::FailsFirst(_) => Reply::good(),
        Habit::Fails => Reply::failing(),
        Habit::Throttled => Reply::throttled(),
        Habit::Forbidden => Reply::bad(ErrorKind::InvalidResponse, 403),
        Habit::Page => Reply::bad(ErrorKind::InvalidResponse, 404),
        Habit::WrongKey => Reply::bad(ErrorKind::Unauthorized, 401),
        Habit::Missing => Reply::bad(ErrorKind::NotFound, 404).with_code("31"),
        Habit::Hangs => Reply::hanging(),
        Habit::Moody => match (asked.offer + u64::from(asked.nth)) % 5 {
            0 => Reply::good(),
            1 => Reply::throttled(),
            2 => Reply::bad(ErrorKind::InvalidResponse, 403),
            _ => Reply::failing(),
        },
    }
}

fn habits() -> impl Strategy<Value = Vec<Habit>> {
    let habit = prop_oneof![
        12 => Just(Habit::Good),
        2 => (1u32..7).prop_map(Habit::FailsFirst),
        1 => Just(Habit::Fails),
        1 => Just(Habit::Throttled),
        2 => Just(Habit::Forbidden),
        1 => Just(Habit::Page),
        1 => Just(Habit::WrongKey),
        1 => Just(Habit::Missing),
        1 => Just(Habit::Hangs),
        1 => Just(Habit::Moody),
    ];
    prop::collection::vec(habit, 1..60)
}

fn outages() -> impl Strategy<Value = Vec<(u32, u32, Down)>> {
    let down = prop_oneof![Just(Down::Gateway), Just(Down::Hang), Just(Down::Throttle), Just(Down::Html)];
    prop::collection::vec((0u32..200, 0u32..1200, down), 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// [`run`] has the assertions. In the end there is an outcome for each row, or the reason why not.
    #[test]
    fn every_row_gets_one_outcome_or_the_run_stops(
        habits in habits(),
        outages in outages(),
        (concurrency, retries, max_outage) in (1usize..20, 0u32..5, prop_oneof![0u32..100, Just(900)]),
        unlimited: bool,
    ) {
        let rate = if unlimited { "none" } else { "50/10s" }.parse().unwrap();
        let policy = Policy { rate, concurrency, retries, max_outage: max_outage * SECOND, ..policy() };
        let offers: Vec<u64> = (0..habits.len() as u64).flat_map(|n| [n, n / 2]).collect();
        let story = run(&offers, policy, |asked| {
            let mut outages = outages.iter().map(|(from, length, down)| (*from * SECOND, *length * SECOND, down));
            let down = outages.find(|(from, length, _)| (*from..*from + *length).contains(&asked.at));
            down.map_or_else(|| answer(habits[usize::try_from(asked.offer).unwrap()], asked), |(_, _, down)| down.reply())
        });
        prop_assert!(story.took < 10 * 3600 * SECOND, "{:?}", story.took);
    }
}
