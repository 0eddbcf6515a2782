//! `--max-calls`: not one call more reaches the network, whatever it answers, and every offer has its rows.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use offerlinks::sandbox::{Reply, Sandbox};
use rusqlite::Connection;

use super::{Edited, answer, query, run};
use crate::support::{Folder, KEY, Run, called, export_in, http, network_with, reply, scripted, until};

fn ids(offers: std::ops::RangeInclusive<u32>) -> Vec<String> {
    offers.map(|id| id.to_string()).collect()
}

/// What a network answers once its good answers are used up.
type Answer = fn(&str) -> Option<Reply>;

/// A network that changes its mood.
struct Moody {
    network: Sandbox,
    mood: Arc<Mutex<Mood>>,
}

/// The name of the landing pages, how many calls are answered well, and what is said to the others.
type Mood = (&'static str, u32, Answer);

impl Moody {
    /// A network whose offers all are good.
    fn new() -> Self {
        let mood: Arc<Mutex<Mood>> = Arc::new(Mutex::new(("old", u32::MAX, |_| None)));
        let now = Arc::clone(&mood);
        let network = scripted(move |asked| {
            let offer = asked.offer?;
            let mut mood = now.lock().unwrap();
            if mood.1 == 0 {
                return mood.2(offer);
            }
            mood.1 -= 1;
            Some(answer(offer, mood.0))
        });
        Self { network, mood }
    }

    /// Answers this many calls well from now on.
    fn tires_after(&self, good: u32, then: Answer) {
        *self.mood.lock().unwrap() = ("new", good, then);
    }

    /// A folder whose history knows these offers.
    fn known(&self, offers: &[String]) -> Folder {
        let folder = Folder::new();
        export_in(&folder).offers(offers).args(&["--history", "links.db"]).on(&self.network).run().expect(0);
        folder
    }

    fn calls(&self) -> usize {
        self.network.calls().len()
    }
}

/// Offer, name of its landing page, status and kind.
fn rows(ran: &crate::support::Ran) -> Vec<[String; 4]> {
    ran.cells(["offer_id", "offer_url_name", "status", "error_kind"])
}

#[test]
fn no_answer_makes_it_call_more_often() {
    let refused: Answer = |_| http(429, &[("Retry-After", "1")], "");
    let unavailable: Answer = |_| http(503, &[], "");
    let own: Answer = |offer| Some(answer(offer, "500"));
    let gone: Answer = |offer| Some(answer(offer, "404"));
    let closes: Answer = |_| Some(Reply::Reset);
    let hangs: Answer = |_| Some(Reply::Hang);
    let locked: Answer = |_| Some(reply(401, r#"{"code":10,"message":"API key is wrong"}"#));
    let kinds = [
        (refused, "rate_limited"),
        (unavailable, "rate_limited"),
        (own, "server_error"),
        (gone, "not_found"),
        (closes, "network"),
        (hangs, "timeout"),
        (locked, "unauthorized"),
    ];
    // Offers 1 to 8 are known, 9 to 12 are new; the history is the same for all.
    let moody = Moody::new();
    let known = moody.known(&ids(1..=8));
    for (then, kind) in kinds {
        for (most, good) in [(1_u32, 0_u32), (3, 1), (6, 5)] {
            moody.tires_after(good, then);
            let before = moody.calls();
            let folder = Folder::new();
            std::fs::copy(known.path("links.db"), folder.path("links.db")).unwrap();
            let most_calls = most.to_string();
            // Long enough for every call that is answered, however busy the machine is.
            let timeout = if kind == "timeout" { "3s" } else { "60s" };
            let args = ["--history", "links.db", "--max-calls", &most_calls, "--timeout", timeout, "-j", "3"];
            let ran = export_in(&folder).offers(&ids(1..=12)).args(&args).on(&moody.network).run();
            let said = format!("{kind}, {most} calls: {}", ran.stderr);
            let calls = moody.calls() - before;
            assert!(calls <= most as usize, "{calls} {said}");
            if ran.code != 3 {
                // The network's own refusal of the account, seen twice, ends the run as ever.
                assert!(kind == "unauthorized" && ran.code == 4, "{} {said}", ran.code);
                continue;
            }
            let rows = rows(&ran);
            assert_eq!(rows.iter().map(|row| &row[0]).collect::<Vec<_>>(), ids(1..=12).iter().collect::<Vec<_>>());
            let count = |status: [&str; 3]| rows.iter().filter(|row| row[1..] == status).count();
            let (new, old) = (count(["new", "ok", ""]), count(["old", "ok", ""]));
            let (failed, left) = (count(["", "error", kind]), count(["", "error", "not_asked"]));
            assert_eq!((new, new + old + failed + left), (good as usize, 12), "{rows:?} {said}");
            // Those that were never asked for come first, then the first of the others.
            let chosen: Vec<u32> = (9..=12).chain(1..=8).take(most as usize).collect();
            let asked = rows.iter().filter(|row| row[1] == "new" || row[3] == kind);
            assert!(
                failed >= 1 && asked.map(|row| row[0].parse().unwrap()).all(|id: u32| chosen.contains(&id)),
                "{said}"
            );
        }
    }
}

#[test]
fn those_that_failed_keep_their_last_rows_as_stale_and_retry_failed_has_a_limit_too() {
    let moody = Moody::new();
    let known = moody.known(&ids(1..=6));
    let before = moody.calls();
    moody.tires_after(2, |offer| Some(answer(offer, "500")));
    let again = |more: &[&str]| {
        let args = ["--keep-last-good", "--retries", "9", "--history", "links.db"];
        export_in(&known).args(&args).args(more).on(&moody.network)
    };
    let ran = again(&["--max-calls", "4", "-j", "1"]).offers(&ids(1..=6)).run().expect(3);
    let stale = rows(&ran).iter().filter(|row| row[1..] == ["old", "stale", "server_error"]).count();
    assert_eq!((moody.calls() - before, stale), (4, 2), "{:?}", rows(&ran));
    // One of the two is asked for, twice; the other stays what it is.
    let args = ["--retry-failed", "--max-calls", "1"];
    let retried = again(&args).output("links.csv").run().expect(3);
    assert_eq!((moody.calls() - before, rows(&retried)), (5, rows(&ran)));
}

#[test]
fn an_offer_that_never_has_links_does_not_keep_others_from_their_turn() {
    let (folder, offers) = (Folder::new(), ids(1..=6));
    let offers: Vec<&str> = offers.iter().map(String::as_str).collect();
    let edited = Edited::new(&[("4", "a"), ("5", "a"), ("6", "a")]);
    // The first three are in no list, and were never good.
    for _ in 0..4 {
        run(&folder, &edited, &offers, &["--max-calls", "2"]).run();
        // Times are whole seconds.
        set_back(&folder, 10);
    }
    let mut calls = called(&edited.network);
    assert_eq!(calls.len(), 8);
    calls.sort();
    calls.dedup();
    assert_eq!(calls, offers, "four nights with two calls each");
}

/// Lets the past be so many seconds longer ago.
fn set_back(folder: &Folder, seconds: i64) {
    let file = Connection::open(folder.path("links.db")).unwrap();
    let sql = format!(
        "UPDATE offer SET last_asked_at = last_asked_at - {seconds}, last_good_at = last_good_at - {seconds};
         UPDATE run SET started_at = started_at - {seconds}, finished_at = finished_at - {seconds};"
    );
    file.execute_batch(&sql).unwrap();
}

#[test]
fn several_networks_share_the_calls() {
    let both = [Moody::new(), Moody::new()];
    both[0].tires_after(4, |offer| Some(answer(offer, "500")));
    let networks = both.each_ref().map(|moody| &moody.network);
    let folder = Folder::new();
    let config = ["a", "b"].iter().zip(&networks).map(|(name, network)| {
        format!("[networks.{name}]\nbase_url = \"{}\"\napi_key_env = \"SOME_KEY\"\n", network.base_url())
    });
    let config = config.collect::<String>();
    folder.write("config.toml", format!("email = \"{}\"\n{config}", offerlinks::sandbox::EMAIL));
    let rows_of = |id: &String| format!("{id},{}\n", if id.ends_with(['3', '6', '9']) { "a" } else { "b" });
    let input = ids(1..=20).iter().map(rows_of).collect::<Vec<_>>().concat();
    let night = |most: &str| -> Run {
        let args = ["--config", "config.toml", "--history", "links.db", "--max-calls", most, "--retries", "3"];
        export_in(&folder).csv(format!("offer_id,network\n{input}")).args(&args).env("SOME_KEY", KEY)
    };
    let calls = || networks.iter().map(|network| network.calls().len()).sum::<usize>();
    let ran = night("12").run().expect(3);
    assert_eq!(calls(), 12, "{}", ran.stderr);
    let (of, all) = (rows(&ran), ids(1..=20));
    assert_eq!(of.iter().map(|row| &row[0]).collect::<Vec<_>>(), all.iter().collect::<Vec<_>>());
    let good = of.iter().filter(|row| row[2] == "ok").count();
    assert!(good <= 12 && of.iter().any(|row| row[3] == "not_asked"), "{of:?}");
    night("9").run();
    assert_eq!(calls(), 12 + 9);
}

#[test]
fn a_batch_is_one_call_and_so_is_all_that_follows_from_it() {
    let offers = ids(1001..=1500);
    // Each batch is refused for one bad ID, so it is split; what it leaves out is asked for singly.
    let network = network_with(|options| options.batch = "bad=refuse,unknown-every=97".parse().unwrap());
    let folder = Folder::new();
    let args = ["--links", "default", "--history", "links.db"];
    let night = |most: &str| export_in(&folder).offers(&offers).args(&args).args(&["--max-calls", most]).on(&network);
    let ran = night("7").run().expect(3);
    assert_eq!(network.calls().len(), 7, "{}", ran.stderr);
    let (good, all) = (rows(&ran).iter().filter(|row| row[2] == "ok").count(), rows(&ran).len());
    assert!(good > 7 && all == 500, "{good}");
    // A refusal of many is not what an offer is.
    assert_eq!(query(&folder, "SELECT count(*) FROM offer_error WHERE error_kind = 'bad_request'"), ["0"]);
    night("40").run();
    assert!(network.calls().len() <= 47);
}

#[test]
fn the_calls_for_the_accounts_list_count() {
    let network = network_with(|options| options.listed = 250);
    let folder = Folder::new();
    let all = |most: &str| {
        let args = ["--all-offers", "--history", "links.db", "--max-calls", most];
        export_in(&folder).output("links.csv").args(&args).on(&network)
    };
    // Three pages, read twice.
    all("5").run().expect(5).says(&["the offer list alone takes more calls than --max-calls allows"]);
    assert_eq!(network.calls().len(), 5);
    assert!(!folder.path("links.csv").exists());
    all("16").run().expect(3).says(&["not_asked: "]);
    assert_eq!((network.calls().len(), called(&network).len()), (5 + 16, 10));
}

#[test]
#[cfg(unix)]
fn kills_and_stops_lose_calls_and_never_add_any() {
    let offers = ids(1..=400);
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let network = scripted(move |asked| {
        let offer = asked.offer?;
        let call = counted.fetch_add(1, Ordering::Relaxed);
        Some(answer(offer, if call % 5 == 4 { "500" } else { "a" }))
    });
    let (folder, most) = (Folder::new(), 150);
    let part = || {
        let args = ["--history", "links.db", "--max-calls", "150", "-j", "4"];
        export_in(&folder).offers(&offers).args(&args).on(&network).without_rate().args(&["--rate", "100/s"])
    };
    let (mut at, mut parts) = (10, 0);
    while at < 110 {
        let running = part().start();
        until(|| calls.load(Ordering::Relaxed) >= at);
        if parts % 2 == 0 {
            running.kill();
        } else {
            running.signal("TERM");
            running.wait();
        }
        (at, parts) = (calls.load(Ordering::Relaxed) + 20, parts + 1);
    }
    let ran = part().run().expect(3);
    let made = calls.load(Ordering::Relaxed);
    assert!(made <= most && made + 4 * (parts + 1) >= most, "{made} calls in {parts} parts: {}", ran.stderr);
    assert_eq!(rows(&ran).len(), 400);
    // The next night has its own calls; --restart begins anew, too.
    part().run().expect(3);
    assert_eq!(calls.load(Ordering::Relaxed), made + most);
}

#[test]
fn it_goes_together_with_max_age() {
    let (moody, offers) = (Moody::new(), ids(1..=8));
    let folder = moody.known(&offers[..5]);
    let night = |most: &str| {
        let args = ["--history", "links.db", "--max-age", "1d", "--max-calls", most];
        export_in(&folder).offers(&offers).args(&args).on(&moody.network)
    };
    night("2").run().expect(3).says(&["not_asked: 1 offer"]);
    assert_eq!(moody.calls(), 5 + 2);
    night("9").run().expect(0);
    assert_eq!(moody.calls(), 5 + 3, "those that are fresh are not asked for, though calls are left");
    // Nothing is asked for at all.
    night("0").run().expect(0);
    assert_eq!(moody.calls(), 5 + 3);
}
