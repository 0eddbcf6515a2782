//! `--all-offers` over several networks where a list cannot be read: what is written, said and asked for again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use offerlinks::sandbox::{Account, EMAIL, Outage, OutageKind, Sandbox, Script};

use crate::support::{Folder, KEY, Run, called, export_in, json, network_with, records, reply};

/// A network of some offers, whose list it refuses while the test wants that.
struct Moody {
    network: Sandbox,
    refuses: Arc<AtomicBool>,
}

fn moody(listed: u32) -> Moody {
    let refuses = Arc::new(AtomicBool::new(false));
    let now = Arc::clone(&refuses);
    let script = Script::new(move |asked| {
        let is_list = asked.offer.is_none() && now.load(Ordering::Relaxed);
        is_list.then(|| reply(401, r#"{"code":13,"message":"Invalid API key"}"#))
    });
    Moody { network: network_with(|options| (options.listed, options.script) = (listed, Some(script))), refuses }
}

fn all_of(folder: &Folder, networks: &[(&str, &Sandbox)], more: &[&str]) -> Run {
    let mut config = format!("email = \"{EMAIL}\"\nrate = \"none\"\n");
    for (name, network) in networks {
        config += &format!("[networks.{name}]\nbase_url = \"{}\"\napi_key_env = \"SOME_KEY\"\n", network.base_url());
    }
    folder.write("config.toml", config);
    let run = export_in(folder).without_rate().args(&["--config", "config.toml"]).env("SOME_KEY", KEY);
    run.args(more).output("links.csv")
}

const ALL: [&str; 3] = ["--all-offers", "--all-networks", "--restart"];

/// Offers and statuses of a network, without repetitions.
fn offers(output: &str, network: &str) -> Vec<(String, String)> {
    let rows = records(output);
    let status = rows[0].iter().position(|name| name == "status").unwrap();
    let of_it = rows.iter().filter(|row| row[1] == network);
    let mut offers: Vec<_> = of_it.map(|row| (row[0].clone(), row[status].clone())).collect();
    offers.dedup();
    offers
}

#[test]
fn the_offers_of_a_network_whose_list_is_missing_keep_their_last_good_rows() {
    let (a, b) = (moody(3), moody(5));
    let folder = Folder::new();
    let networks = [("a", &a.network), ("b", &b.network)];
    let keep = ["--history", "h.db", "--keep-last-good", "--changes", "changes.csv"];
    let run = |more: &[&str]| all_of(&folder, &networks, more).args(&keep);
    let good = run(&ALL).run().expect(0).output.unwrap();
    let ids = |output: &str, network| -> Vec<_> {
        let mut ids: Vec<_> = offers(output, network).into_iter().map(|(id, _)| id).collect();
        ids.sort();
        ids
    };
    let before = called(&b.network).len();
    b.refuses.store(true, Ordering::Relaxed);
    let stale = run(&ALL).run().expect(3);
    let output = stale.output.clone().unwrap();
    assert_eq!(offers(&output, "a"), offers(&good, "a"));
    assert_eq!(ids(&output, "b"), ids(&good, "b"), "no campaign is lost");
    assert!(offers(&output, "b").iter().all(|(_, status)| status == "stale"), "{output}");
    assert!(output.contains("the list of its offers could not be read: Invalid API key; run the export again"));
    assert_eq!(called(&b.network).len(), before, "a network that refuses its list is not called for offers");
    assert_eq!(std::fs::read_to_string(folder.path("changes.csv")).unwrap().lines().count(), 1, "nothing is gone");
    // They can be asked for again without the list.
    stale.says(&["to retry the network that was given up"]);
    let mended = run(&["--retry-failed"]).run().expect(0).output.unwrap();
    assert_eq!(ids(&mended, "b"), ids(&good, "b"));
    assert!(offers(&mended, "b").iter().all(|(_, status)| status == "ok"), "{mended}");
}

#[test]
fn a_network_whose_list_is_missing_is_named_and_the_way_to_ask_for_it_again_works() {
    let (a, b) = (moody(3), moody(5));
    b.refuses.store(true, Ordering::Relaxed);
    let folder = Folder::new();
    let run = |more: &[&str]| all_of(&folder, &[("a", &a.network), ("b", &b.network)], more);
    let ran = run(&ALL).args(&["--report", "r.json"]).run().expect(3);
    assert!(!ran.stderr.contains("--retry-failed"), "that has no offer to ask for: {}", ran.stderr);
    let ran = ran.says(&[
        "they are: the list of b (unauthorized)",
        "to ask for the list again that could not be read: run the same export again",
    ]);
    let failed = &json(&folder.path("r.json"))["offers"]["first_failed"][0];
    assert_eq!((failed["network"].as_str(), failed["offer_id"].as_str()), (Some("b"), Some("")), "{failed}");
    // Who tries it all the same is told.
    let again = run(&["--retry-failed"]).run().expect(3).says(&["nothing could be asked for again", "--all-offers"]);
    assert_eq!(again.output, ran.output);
    b.refuses.store(false, Ordering::Relaxed);
    let whole = run(&ALL).run().expect(0).output.unwrap();
    assert!(offers(&whole, "b").len() > 5, "{whole}");
}

#[test]
fn a_network_whose_list_is_missing_counts_for_min_ok_as_much_as_another() {
    let (a, b) = (moody(3), moody(3));
    let folder = Folder::new();
    let run = |least: &str| {
        let networks = [("a", &a.network), ("b", &b.network)];
        all_of(&folder, &networks, &ALL).args(&["--min-ok", least]).run()
    };
    let old = run("100%").expect(0).output;
    b.refuses.store(true, Ordering::Relaxed);
    for least in ["90%", "51%"] {
        let ran = run(least).expect(3).says(&["fewer than --min-ok", "run the same export again"]);
        assert_eq!(ran.output, old, "{least}: half of what there is is no success");
    }
    for least in ["50%", "3"] {
        assert_ne!(run(least).expect(3).output, old, "{least}");
    }
}

#[test]
fn where_every_list_is_missing_each_network_says_why_and_the_code_says_whether_waiting_helps() {
    let refused = || network_with(|options| options.account = Account::IpNotAllowed);
    let down = || {
        let outage =
            Outage { from: std::time::Duration::ZERO, to: std::time::Duration::MAX, kind: OutageKind::ServerError };
        network_with(|options| options.outages = vec![outage])
    };
    let table = [
        // What a later run gets over by itself comes first, so that it is run again.
        (refused(), refused(), 4, ["IP", "IP"]),
        (refused(), down(), 5, ["IP", "HTTP 502"]),
        (down(), down(), 5, ["HTTP 502", "HTTP 502"]),
    ];
    for (a, b, code, why) in table {
        let folder = Folder::new();
        folder.write("links.csv", "old");
        let ran = all_of(&folder, &[("a", &a), ("b", &b)], &ALL)
            .args(&["--retries", "0", "--max-outage", "1s"])
            .run()
            .expect(code);
        assert_eq!(ran.output.as_deref(), Some("old"));
        let ran = ran.says(&["stopped: all 2 networks were given up", "links.csv is as it was"]);
        for (name, why) in ["  a: ", "  b: "].into_iter().zip(why) {
            let line = ran.stderr.lines().find(|line| line.starts_with(name) && line.contains("stopped: "));
            assert!(line.is_some_and(|line| line.contains(why)), "{name}{why}: {}", ran.stderr);
        }
    }
}
