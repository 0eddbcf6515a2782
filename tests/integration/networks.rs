//! Several networks in one run: rows find their network, lanes run at once, and one network's failure is its own rows'.

use std::time::Duration;

use offerlinks::sandbox::{Account, EMAIL, Options, Outage, OutageKind, Sandbox};

use crate::support::{Folder, KEY, Run, called, export_in, json, network, network_with, records};

/// A config file with these networks, and what a run needs to use it.
fn config(folder: &Folder, networks: &[(&str, &Sandbox)]) {
    let mut text = format!("email = \"{EMAIL}\"\nrate = \"none\"\n");
    for (name, network) in networks {
        text += &format!("[networks.{name}]\nbase_url = \"{}\"\napi_key_env = \"SOME_KEY\"\n", network.base_url());
    }
    folder.write("config.toml", text);
}

/// `export` over these networks.
fn over(networks: &[(&str, &Sandbox)]) -> Run {
    let folder = Folder::new();
    config(&folder, networks);
    again(&folder)
}

/// The same again.
fn again(folder: &Folder) -> Run {
    export_in(folder).without_rate().args(&["--config", "config.toml"]).env("SOME_KEY", KEY)
}

/// Rows for these networks, with an offer that each has; sorted by network, or in turns.
fn rows(networks: &[&str], each: usize, sorted: bool) -> String {
    let row = |network: &str, n: usize| format!("{},{network},c{n}\n", 1000 + n);
    let mut text = "offer_id,network,campaign\n".to_owned();
    if sorted {
        for network in networks {
            text.extend((0..each).map(|n| row(network, n)));
        }
    } else {
        (0..each).for_each(|n| text.extend(networks.iter().map(|network| row(network, n))));
    }
    text
}

const FIVE: [&str; 5] = ["a", "b", "c", "d", "e"];

fn five(change: impl Fn(&mut offerlinks::sandbox::Options)) -> Vec<Sandbox> {
    FIVE.iter().map(|_| network_with(&change)).collect()
}

fn named(networks: &[Sandbox]) -> Vec<(&'static str, &Sandbox)> {
    FIVE.into_iter().zip(networks).collect()
}

#[test]
fn rows_go_to_the_network_they_name_and_come_out_in_the_inputs_order() {
    for sorted in [true, false] {
        let networks = five(|_| ());
        let input = rows(&FIVE, 30, sorted);
        let ran = over(&named(&networks)).csv(&input).run().expect(0);
        let written: Vec<_> = ran.cells(["offer_id", "network", "campaign", "status"]);
        let mut distinct = written.clone();
        distinct.dedup();
        let wanted: Vec<_> = input.lines().skip(1).map(|line| format!("{line},ok")).collect();
        assert_eq!(distinct.iter().map(|cells| cells.join(",")).collect::<Vec<_>>(), wanted, "sorted: {sorted}");
        assert_eq!(&ran.records()[0][..3], ["offer_id", "network", "campaign"]);
        for network in &networks {
            assert_eq!(called(network).len(), 30, "sorted: {sorted}");
        }
        assert_eq!(ran.folder.names(), ["config.toml", "links.csv", "links.csv.lock", "offers.csv"]);
    }
}

/// Whatever the order of the input: if lanes waited for each other, the first would be through before the last begins.
#[test]
fn all_networks_are_called_at_once_though_the_input_is_sorted() {
    let latency = Duration::from_millis(20);
    let networks = five(|options| options.latency = latency..=latency);
    over(&named(&networks)).csv(rows(&FIVE, 20, true)).args(&["-j", "1"]).run().expect(0);
    let times = networks.iter().map(|network| {
        let calls = network.calls();
        (calls.first().unwrap().at, calls.last().unwrap().at)
    });
    let (first, last): (Vec<_>, Vec<_>) = times.unzip();
    assert!(first.iter().max() < last.iter().min(), "every network is called before any is through");
}

#[test]
fn a_row_that_names_no_network_is_an_error_row_without_a_call() {
    let networks = [network(), network()];
    let named = [("a", &networks[0]), ("b", &networks[1])];
    let input = "offer_id,network\n16,a\n17,\n18,c\n19, B \nx,b\n";
    let ran = over(&named).csv(input).run().expect(3);
    let cells = ran.cells(["offer_id", "network", "status", "error_kind", "error_message"]);
    let rows: Vec<_> = cells.iter().map(|cells| cells[..4].join(",")).collect();
    let mut distinct = rows.clone();
    distinct.dedup();
    assert_eq!(
        distinct,
        [
            "16,a,ok,",
            "17,,error,unknown_network",
            "18,c,error,unknown_network",
            "19,b,ok,",
            "x,b,error,invalid_offer_id"
        ]
    );
    let message = &cells.iter().find(|cells| cells[0] == "18").unwrap()[4];
    assert_eq!(message, "line 4: no network is called \"c\"; there are a, b");
    assert_eq!((called(&networks[0]), called(&networks[1])), (vec!["16".to_owned()], vec!["19".to_owned()]));
}

fn refused() -> Sandbox {
    network_with(|options| options.account = Account::IpNotAllowed)
}

fn down() -> Sandbox {
    let outage = Outage { from: Duration::ZERO, to: Duration::MAX, kind: OutageKind::ServerError };
    network_with(|options| options.outages = vec![outage])
}

#[test]
fn one_network_refused_and_one_down_leave_the_others_complete_and_can_be_retried() {
    let networks = [network(), refused(), network(), down(), network()];
    let named: Vec<_> = FIVE.into_iter().zip(&networks).collect();
    let folder = Folder::new();
    config(&folder, &named);
    folder.write("links.csv", "the old output\n");
    let arguments = ["--max-outage", "1s", "--retries", "0"];
    let ran = again(&folder).csv(rows(&FIVE, 20, true)).args(&arguments).run().expect(3);
    for (network, kind) in FIVE.into_iter().zip(["", "ip_not_allowed", "", "outage", ""]) {
        let cells = ran.cells(["offer_id", "network", "error_kind"]);
        let mut kinds: Vec<_> =
            cells.iter().filter(|cells| cells[1] == network).map(|cells| (&cells[0], &cells[2])).collect();
        kinds.dedup();
        assert_eq!(kinds.len(), 20, "{network}");
        assert!(kinds.iter().all(|(_, there)| *there == kind), "{network}: {kinds:?}");
    }
    let ran = again(&folder).input("offers.csv").args(&[&arguments[..], &["--retry-failed"]].concat()).run().expect(5);
    ran.says(&["stopped: 2 of 5 networks were given up, and only those have offers left"]);
    // The same again, now that all are up: what was good stays where it was, byte for byte.
    let healthy: Vec<_> = FIVE.into_iter().map(|_| network()).collect();
    config(&folder, &FIVE.into_iter().zip(&healthy).collect::<Vec<_>>());
    let retried = again(&folder).input("offers.csv").args(&["--retry-failed"]).run().expect(0);
    assert_eq!([0, 1, 2, 3, 4].map(|n| called(&healthy[n]).len()), [0, 20, 0, 20, 0]);
    let undisturbed =
        over(&FIVE.into_iter().zip(&healthy).collect::<Vec<_>>()).csv(rows(&FIVE, 20, true)).run().expect(0);
    let path = |text: &str| text.replace("127.0.0.1", "");
    assert_eq!(retried.output.map(|text| path(&text)), undisturbed.output.map(|text| path(&text)));
}

#[test]
fn where_every_network_fails_the_old_output_stays_and_a_later_run_asks_all_of_them() {
    let networks = [refused(), refused()];
    let folder = Folder::new();
    config(&folder, &[("a", &networks[0]), ("b", &networks[1])]);
    let ran = again(&folder).csv(rows(&["a", "b"], 5, false)).output("links.csv");
    folder.write("links.csv", "the old output\n");
    let ran = ran.run().expect(4);
    assert_eq!(ran.output.as_deref(), Some("the old output\n"));
    let healthy = [network(), network()];
    config(&folder, &[("a", &healthy[0]), ("b", &healthy[1])]);
    let ran = again(&folder).input("offers.csv").run().expect(0);
    assert_eq!(ran.cells(["status"]).iter().filter(|cells| cells[0] == "ok").count(), ran.records().len() - 1);
    assert_eq!(healthy.map(|network| called(&network).len()), [5, 5]);
}

#[test]
fn pipes_workbooks_json_and_stdout_know_several_networks_too() {
    let networks = [network(), network()];
    let named = [("a", &networks[0]), ("b", &networks[1])];
    let input = rows(&["a", "b"], 10, true);
    let golden = over(&named).csv(&input).run().expect(0).output.unwrap();
    assert_eq!(over(&named).piped(&input).run().expect(0).output.unwrap(), golden);
    let to_stdout = over(&named).csv(&input).output("-").run().expect(0);
    assert_eq!(to_stdout.stdout, golden);
    let json = over(&named).csv(&input).output("links.jsonl").run().expect(0);
    let json = std::fs::read_to_string(json.folder.path("links.jsonl")).unwrap();
    let order: Vec<_> = json.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()).collect();
    assert_eq!(order.len(), 20);
    assert!(order.iter().take(10).all(|row| row["network"] == "a"));
    let workbook = over(&named).csv(&input).output("links.xlsx").run().expect(0);
    let rows = std::fs::read_to_string(workbook.folder.path("links.xlsx.csv")).unwrap();
    assert_eq!(rows.lines().count(), golden.lines().count());
}

#[test]
fn the_column_may_have_another_name_and_has_to_be_there() {
    let networks = [network(), network()];
    let named = [("a", &networks[0]), ("b", &networks[1])];
    let input = "offer_id,account,network\n16,a,x\n17,b,y\n";
    let ran = over(&named).csv(input).args(&["--network-column", "account"]).run().expect(0);
    assert_eq!(&ran.records()[0][..4], ["offer_id", "network", "input_network", "offer_url_type"]);
    let ran = over(&named).csv("offer_id\n16\n").run().expect(2);
    ran.says(&["network"]);
    assert!(networks.iter().all(|network| called(network).len() == 1));
}

#[test]
fn a_dry_run_names_the_networks_the_slowest_of_them_and_the_rows_of_none() {
    let folder = Folder::new();
    let mut config = format!("email = \"{EMAIL}\"\n");
    for (name, rate) in [("a", "50/10s"), ("b", "1/s")] {
        config += &format!(
            "[networks.{name}]\nbase_url = \"https://{name}.example\"\napi_key_env = \"SOME_KEY\"\nrate = \"{rate}\"\n"
        );
    }
    folder.write("config.toml", config);
    let input = rows(&["a", "b"], 10, true) + "7,c,\nx,a,\n1000,a,again\n";
    let ran = again(&folder).csv(input).args(&["--dry-run"]).run().expect(0);
    for words in [
        "23 rows",
        "20 distinct; 1 row names one of them again",
        "2 rows: error rows without calls",
        "no network is called \"c\"; there are a, b",
        "2: a (a.example), b (b.example)",
        "20, and more where one fails",
        "10 calls to b, whose limit is 1/s",
        "links.csv.networks (during the run)",
    ] {
        assert!(ran.stdout.contains(words), "{words:?} is not in {}", ran.stdout);
    }
    assert_eq!(folder.names(), ["config.toml", "offers.csv"]);
}

#[test]
fn all_offers_of_all_networks_are_listed_and_exported_in_one_run() {
    let networks = [network_with(|options| options.listed = 3), network_with(|options| options.listed = 5)];
    let folder = Folder::new();
    config(&folder, &[("a", &networks[0]), ("b", &networks[1])]);
    let run = || again(&folder).args(&["--all-offers", "--all-networks"]).output("links.csv");
    let ran = run().run();
    let list = std::fs::read_to_string(folder.path("links.csv.offers.csv")).unwrap();
    assert!(list.starts_with("offer_id,network,"), "{list}");
    let listed = |name: &str| records(&list).iter().filter(|record| record[1] == name).count();
    let cells = ran.cells(["offer_id", "network"]);
    for (name, network) in [("a", &networks[0]), ("b", &networks[1])] {
        let mut offers: Vec<_> = cells.iter().filter(|cells| cells[1] == name).map(|cells| &cells[0]).collect();
        offers.dedup();
        let asked: std::collections::HashSet<_> = called(network).into_iter().collect();
        assert_eq!((offers.len(), asked.len()), (listed(name), listed(name)), "{name}");
    }
    assert_eq!(listed("b"), listed("a") + 2);
    // One network's failure holds up nobody: b is one error row, and the rows of a are as before.
    let of = |rows: &str, name: &str| -> Vec<String> {
        let records = records(rows).into_iter().filter(|record| record[1] == name);
        records.map(|record| record.join(",")).collect()
    };
    let old = of(&ran.output.unwrap(), "a");
    let refusing = refused();
    config(&folder, &[("a", &networks[0]), ("b", &refusing)]);
    let output = run().args(&["--restart"]).run().expect(3).output.unwrap();
    assert_eq!(of(&output, "a"), old);
    let [missing] = &of(&output, "b")[..] else { panic!("one row for b: {output}") };
    assert!(missing.starts_with(",b,") && missing.contains(",error,ip_not_allowed,"), "{missing}");
    // It has no offer to ask for again, so it stays.
    let again = again(&folder).args(&["--retry-failed"]).output("links.csv").run().expect(3);
    assert_eq!(again.output.as_ref(), Some(&output));
    // Where every network fails, the old output stays.
    config(&folder, &[("a", &refusing), ("b", &refusing)]);
    assert_eq!(run().args(&["--restart"]).run().expect(4).output, Some(output));
}

#[test]
fn many_networks_that_are_called_in_one_beat_are_each_within_their_limit() {
    let networks: Vec<_> = (0..14).map(|_| network_with(|options| options.limit = Options::default().limit)).collect();
    let words: Vec<_> = (0..networks.len()).map(|n| format!("n{n}")).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let folder = Folder::new();
    config(&folder, &words.iter().copied().zip(&networks).collect::<Vec<_>>());
    let text = std::fs::read_to_string(folder.path("config.toml")).unwrap();
    folder.write("config.toml", text.replace("\"none\"", "\"50/10s\""));
    let ran = again(&folder).csv(rows(&words, 6, false)).args(&["--report", "r.json"]).run().expect(0);
    assert_eq!(ran.cells(["status"]).iter().filter(|cells| cells[0] == "ok").count(), ran.records().len() - 1);
    let report = json(&folder.path("r.json"));
    assert_eq!((&report["calls"]["total"], &report["calls"]["throttled"]), (&(14 * 6).into(), &0.into()));
}
