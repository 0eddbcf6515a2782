//! Random nights over two networks, with kills, signals, new editions and failures, against a model that keeps what each offer is in
//! a map: rows, changes and the file say what the model says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use offerlinks::sandbox::{EMAIL, Reply, Sandbox};

use super::{answer, query};
use crate::support::{Folder, KEY, Run, Running, export_in, records, scripted, until};

const NETWORKS: [&str; 2] = ["a", "b"];

/// A network and an offer.
type Key = (&'static str, String);

/// What the networks say of each offer: names of landing pages, or a status.
type Edition = BTreeMap<Key, &'static str>;

/// What an offer is: its landing pages; [`GONE`] if it has none any more. One that never had any is not there.
type Offers = BTreeMap<Key, &'static str>;

const GONE: &str = "";

#[derive(Default)]
struct Asked {
    edition: Edition,
    /// What each offer was told last in this night.
    told: Edition,
    calls: usize,
    /// So many calls are answered; with the others a run waits to be killed.
    answers: usize,
}

fn network(name: &'static str, asked: &Arc<Mutex<Asked>>) -> Sandbox {
    let asked = Arc::clone(asked);
    scripted(move |call| {
        let mut asked = asked.lock().unwrap();
        let offer = call.offer?;
        asked.calls += 1;
        if asked.calls > asked.answers {
            return Some(Reply::Hang);
        }
        let key = (name, offer.to_owned());
        let what = asked.edition.get(&key).copied().unwrap_or("404");
        asked.told.insert(key, what);
        Some(answer(offer, what))
    })
}

/// The next edition. What was told already in this night does not fail for now: whether that answer was kept before the kill
/// is not to be seen from here.
fn publish(random: &mut fastrand::Rng, asked: &mut Asked, offers: &[Key], calm: bool) {
    const GOOD: [&str; 5] = ["x", "x+y", "y", "x+z", "y+z"];
    for key in offers {
        // A network's last offer does not fail: after a kill there may be no other one left that could pass, and where none does that is
        // an outage, which the run waits for.
        let is_last = offers.iter().rfind(|(network, _)| *network == key.0) == Some(key);
        let may_fail = !is_last && !asked.told.contains_key(key);
        let what = match random.u8(..if calm { 60 } else { 12 }) {
            0 => "404",
            1 if may_fail => "500",
            2..=4 => GOOD[random.usize(..GOOD.len())],
            _ if asked.edition.get(key).is_none_or(|what| *what == "500") => GOOD[random.usize(..GOOD.len())],
            _ => continue,
        };
        asked.edition.insert(key.clone(), what);
    }
}

/// What the night has told, as the history keeps it.
fn learn(now: &mut Offers, told: &Edition) {
    for (key, what) in told {
        match *what {
            "500" => {}
            "404" => drop(now.get_mut(key).map(|known| *known = GONE)),
            good => drop(now.insert(key.clone(), good)),
        }
    }
}

/// The changes of an offer, each with the landing page that it is about.
fn changes(before: Option<&&str>, now: Option<&&str>) -> Vec<(&'static str, String)> {
    let names = |names: &str| names.split('+').map(str::to_owned).collect::<BTreeSet<_>>();
    let whole = |what| vec![(what, String::new())];
    match (before.copied(), now.copied()) {
        (None | Some(GONE), None | Some(GONE)) | (_, None) => Vec::new(),
        (None, Some(_)) => whole("new"),
        (Some(_), Some(GONE)) => whole("gone"),
        (Some(GONE), Some(_)) => whole("back"),
        (Some(before), Some(now)) => {
            let (before, now) = (names(before), names(now));
            let removed = before.difference(&now).map(|name| ("removed", name.clone()));
            removed.chain(now.difference(&before).map(|name| ("added", name.clone()))).collect()
        }
    }
}

/// The rows of an offer: the names of its landing pages, and the status.
fn rows((network, offer): &Key, told: &str, now: &Offers) -> Vec<[String; 4]> {
    let row = |name: &str, status: &str| [offer, *network, name, status].map(str::to_owned);
    let known = now.get(&(*network, offer.clone())).filter(|names| **names != GONE);
    match (told, known) {
        ("500", Some(names)) => names.split('+').map(|name| row(name, "stale")).collect(),
        ("404" | "500", _) => vec![row("", "error")],
        (names, _) => names.split('+').map(|name| row(name, "ok")).collect(),
    }
}

/// The cells of a file in these columns.
fn read(folder: &Folder, file: &str, columns: [&str; 4]) -> Vec<Vec<String>> {
    let rows = records(&std::fs::read_to_string(folder.path(file)).unwrap());
    let places = columns.map(|column| rows[0].iter().position(|name| name == column).unwrap());
    rows[1..].iter().map(|row| places.map(|at| row[at].clone()).to_vec()).collect()
}

/// Parts of a night that are killed, each with a new edition behind it.
fn killed_parts(
    random: &mut fastrand::Rng,
    asked: &Mutex<Asked>,
    (offers, calm): (&[Key], bool),
    run: &dyn Fn() -> Run,
) {
    for _ in 0..random.u8(..3) {
        // Fewer answers than there are offers without one: it cannot come to its end.
        let at = {
            let mut asked = asked.lock().unwrap();
            let open = offers.len() - asked.told.len();
            if open == 0 {
                break;
            }
            asked.answers = asked.calls + random.usize(..open);
            asked.answers
        };
        let running = run().start();
        until(|| asked.lock().unwrap().calls > at);
        // Before its first commit, or behind it.
        std::thread::sleep(Duration::from_millis(random.u64(..400)));
        if random.u8(..4) > 0 {
            running.kill();
        } else {
            terminate(running);
        }
        publish(random, &mut asked.lock().unwrap(), offers, calm);
    }
}

/// Ends a run by a signal, after which it would wait for its calls, and by another one.
#[cfg(unix)]
fn terminate(running: Running) {
    // Within a second they count as one.
    const BETWEEN: Duration = Duration::from_millis(1100);
    running.signal("TERM");
    std::thread::sleep(BETWEEN);
    running.signal("TERM");
    running.wait().expect(143);
}

#[cfg(not(unix))]
fn terminate(running: Running) {
    running.kill();
}

/// Compares rows and changes with what they should be.
fn check(folder: &Folder, offers: &[Key], (then, now): (Option<&Offers>, &Offers), what: &str) {
    let expected: Vec<Vec<String>> = offers
        .iter()
        .flat_map(|key @ (network, offer)| {
            let changed = then.map(|then| changes(then.get(key), now.get(key))).unwrap_or_default();
            changed
                .into_iter()
                .map(move |(change, name)| vec![(*network).to_owned(), offer.clone(), change.to_owned(), name])
        })
        .collect();
    assert_eq!(read(folder, "changes.csv", ["network", "offer_id", "change", "offer_url_name"]), expected, "{what}");
}

#[test]
fn whatever_is_killed_when_and_whatever_the_networks_say_the_history_tells_what_they_said_last() {
    let seeds = if std::env::var_os("OFFERLINKS_LONG").is_some() { 60 } else { 2 };
    (0..seeds).for_each(nights);
}

fn nights(seed: u64) {
    let random = &mut fastrand::Rng::with_seed(seed);
    let asked = Arc::new(Mutex::new(Asked::default()));
    let networks = NETWORKS.map(|name| network(name, &asked));
    let folder = Folder::new();
    let config = NETWORKS.iter().zip(&networks).map(|(name, network)| {
        format!("[networks.{name}]\nbase_url = \"{}\"\napi_key_env = \"SOME_KEY\"\n", network.base_url())
    });
    folder.write("config.toml", format!("email = \"{EMAIL}\"\nrate = \"200/s\"\n{}", config.collect::<String>()));
    let (mut now, mut then): (Offers, Option<Offers>) = (Offers::new(), None);
    for night in 0..4 {
        let mut offers: Vec<Key> = (1..=60).map(|n| (NETWORKS[n % 2], n.to_string())).collect();
        // Now and then without some, or in another order.
        if random.bool() {
            offers.retain(|_| random.u8(..8) > 0);
            random.shuffle(&mut offers);
        }
        let input = offers.iter().map(|(network, offer)| format!("{offer},{network}\n")).collect::<Vec<_>>().concat();
        let run = || -> Run {
            let args = ["--config", "config.toml", "--history", "links.db", "--changes", "changes.csv"];
            let run = export_in(&folder).csv(format!("offer_id,network\n{input}")).without_rate().args(&args);
            run.args(&["--keep-last-good", "--retries", "0", "-j", "4"]).env("SOME_KEY", KEY)
        };
        asked.lock().unwrap().told.clear();
        let calm = random.bool();
        publish(random, &mut asked.lock().unwrap(), &offers, calm);
        killed_parts(random, &asked, (&offers, calm), &run);
        asked.lock().unwrap().answers = usize::MAX;
        let ran = run().run();
        let told = asked.lock().unwrap().told.clone();
        learn(&mut now, &told);
        let what = format!("seed {seed}, night {night}: {told:?} {}", ran.stderr);
        assert!(matches!(ran.code, 0 | 3), "{} {what}", ran.code);
        let expected: Vec<Vec<String>> =
            offers.iter().flat_map(|key| rows(key, told[key], &now)).map(Vec::from).collect();
        assert_eq!(read(&folder, "links.csv", ["offer_id", "network", "offer_url_name", "status"]), expected, "{what}");
        check(&folder, &offers, (then.as_ref(), &now), &what);
        then = Some(now.clone());
    }
    let known: BTreeSet<String> = now
        .iter()
        .flat_map(|((network, offer), names)| {
            let names = if *names == GONE { "-" } else { *names };
            names.split('+').map(move |name| format!("{network}|{offer}|{name}"))
        })
        .collect();
    let sql = "SELECT network, offer_id, offer_url_name FROM link UNION ALL SELECT network, offer_id, NULL FROM gone";
    assert_eq!(query(&folder, sql).into_iter().collect::<BTreeSet<_>>(), known, "seed {seed}");
    assert_eq!(query(&folder, "PRAGMA integrity_check"), ["ok"]);
}
