//! Random nights against a model that keeps what each offer is in a map.

use std::collections::BTreeMap;

use super::{Error, File, Links, NotAsked, Told, answer_of};
use crate::history::changes::ChangedOffer;
use crate::history::diff::{State, diff};
use crate::history::runs::{Begin, RunKey};
use crate::offer::ErrorKind;

const NETWORKS: [&str; 2] = ["demo", "acme"];
const LINKS: [&str; 4] = ["h?o=#&x a=h?o=#&x1 b=2", "h?o=#&x a=h?o=#&x1", "v?o=# a=v?o=# b=3", "w"];
const GONE: [ErrorKind; 3] = [ErrorKind::NotFound, ErrorKind::NotApproved, ErrorKind::NoLink];
const PASSING: [ErrorKind; 4] =
    [ErrorKind::Timeout, ErrorKind::ServerError, ErrorKind::RateLimited, ErrorKind::BodyTooLarge];

/// What each offer is, as `network:offer`.
type Offers = BTreeMap<String, State>;

/// What runs leave, by a few lines of code.
#[derive(Default)]
struct Model {
    now: Offers,
    /// As it was when an output was finished last, and when any was.
    then: BTreeMap<&'static str, Offers>,
    last: Option<Offers>,
}

impl Model {
    /// `before` is what was known before the run: it asks once, so what it is told last takes the place of all before.
    fn learn(&mut self, before: &Offers, told: &[(String, Told)]) {
        for (offer, told) in told {
            match told {
                Links(links) => {
                    let id = offer.split_once(':').unwrap().1;
                    self.now.insert(offer.clone(), State::Good(answer_of(id, links)));
                }
                Error(kind) if GONE.contains(kind) && before.contains_key(offer) => {
                    self.now.insert(offer.clone(), State::Gone);
                }
                Error(kind) if GONE.contains(kind) => drop(self.now.remove(offer)),
                Error(_) | NotAsked => {}
            }
        }
    }

    /// What a run reports that is about these offers, and the end of it.
    fn finish(&mut self, output: &'static str, offers: &[(String, Told)]) -> Vec<String> {
        let baseline = self.then.get(output).or(self.last.as_ref());
        let mut rows = Vec::new();
        let mut seen = Vec::new();
        for (offer, _) in offers {
            if seen.contains(&offer) {
                continue;
            }
            seen.push(offer);
            let state = |offers: &Offers| offers.get(offer).cloned().unwrap_or(State::Never);
            let changes = baseline.map(|then| diff(&state(then), &state(&self.now))).unwrap_or_default();
            let (_, id) = offer.split_once(':').unwrap();
            ChangedOffer { network: String::new(), offer_id: id.to_owned(), changes }.rows(false, &mut rows);
        }
        self.then.insert(output, self.now.clone());
        self.last = Some(self.now.clone());
        String::from_utf8(rows).unwrap().lines().map(str::to_owned).collect()
    }
}

/// An input: the same offers every night, now and then without some, with others, with repeats or in another order.
fn input(random: &mut fastrand::Rng, most: usize) -> Vec<String> {
    let mut offers: Vec<String> = (0..most).map(|n| format!("{}:{}", n % 2, 100 + n / 2)).collect();
    match random.u8(..5) {
        0 => offers.truncate(random.usize(1..most)),
        1 => offers.retain(|_| random.u8(..4) > 0),
        2 => offers.extend(offers.clone().into_iter().take(random.usize(..5))),
        3 => random.shuffle(&mut offers),
        _ => {}
    }
    offers
}

/// What a night says of an input. Of an offer that stands there twice nearly always the same.
fn night(random: &mut fastrand::Rng, offers: &[String], calm: bool) -> Vec<(String, Told)> {
    let mut told: BTreeMap<&String, Told> = BTreeMap::new();
    let mut night = Vec::new();
    for offer in offers {
        let any = match if calm { random.u8(..40) } else { random.u8(..9) } {
            0 => Links(LINKS[random.usize(1..4)]),
            1 => Error(GONE[random.usize(..3)]),
            2 | 3 => Error(PASSING[random.usize(..4)]),
            4 => NotAsked,
            _ => Links(LINKS[0]),
        };
        // More than the program remembers may lie between the two: then it asks again.
        let is_forgotten = random.u8(..4) == 0;
        let now = told.get(offer).copied().filter(|_| !is_forgotten).unwrap_or(any);
        told.insert(offer, now);
        night.push((offer.clone(), now));
    }
    night
}

#[test]
fn changes_are_those_of_a_model_whatever_fails_and_whatever_is_killed() {
    let seeds = if std::env::var_os("OFFERLINKS_LONG").is_some() { 300 } else { 12 };
    for seed in 0..seeds {
        let random = &mut fastrand::Rng::with_seed(seed);
        let (mut file, mut model) = (File::new(), Model::default());
        // Few, so that much happens to each; or so many that they are written together.
        let most = if seed % 3 == 0 { 120 } else { 14 };
        for n in 0..8 {
            let output = ["a.csv", "b.csv"][usize::from(random.u8(..3) == 0)];
            let offers = input(random, most);
            let calm = random.bool();
            let before = model.now.clone();
            let key = file.key(output, &NETWORKS);
            let mut run = file.database.begin_run(&key, Begin::Anew { left_by: None }).unwrap();
            // Parts that are killed behind their commit: each time the run is told something else.
            for _ in 0..random.u8(..3) {
                let mut told = night(random, &offers, calm);
                told.truncate(random.usize(..=offers.len()));
                record(&mut file, &run, &told, false);
                model.learn(&before, &told);
                let again = RunKey { started_at: run.started_at, ..file.key(output, &NETWORKS) };
                run = file.database.begin_run(&again, Begin::Resumed).unwrap();
            }
            let told = night(random, &offers, calm);
            // In one commit, or in two.
            let (one, two) = told.split_at(random.usize(..=told.len()));
            record(&mut file, &run, one, false);
            record_from(&mut file, &run, (one.len(), two), true);
            model.learn(&before, &told);
            let expected = model.finish(output, &told);
            assert_eq!(file.changes(&run), expected, "seed {seed}, night {n}, {output}: {told:?}");
        }
        for (offer, state) in &model.now {
            let (network, id) = offer.split_once(':').unwrap();
            let id = crate::offer::OfferId::parse(id).unwrap();
            let network = 1 + network.parse::<i64>().unwrap();
            let known = file.database.last_good(network, &id).unwrap().map(|known| State::Good(known.answer));
            assert_eq!(known.unwrap_or(State::Gone), *state, "seed {seed}: {offer}");
        }
        assert!(file.is_sound(), "seed {seed}");
    }
}

fn record(file: &mut File, run: &crate::history::runs::RunRecord, told: &[(String, Told)], is_last: bool) {
    record_from(file, run, (0, told), is_last);
}

fn record_from(
    file: &mut File,
    run: &crate::history::runs::RunRecord,
    (row, told): (usize, &[(String, Told)]),
    is_last: bool,
) {
    let told: Vec<_> = told.iter().map(|(offer, told)| (offer.as_str(), *told)).collect();
    file.record_from(run, (row as u64, &told), is_last);
}
