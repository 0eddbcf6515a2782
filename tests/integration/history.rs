//! `--history` at the real program: yesterday's good rows, and what changed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use offerlinks::sandbox::{Reply, Sandbox};
use rusqlite::Connection;

use crate::support::{Folder, Ran, Run, called, command_in_folder, export_in, json, network_with, reply, scripted};

/// A network whose answers the test edits.
struct Edited {
    network: Sandbox,
    edition: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Edited {
    /// Offers with the name of their only landing page, or an HTTP status.
    fn new(offers: &[(&str, &str)]) -> Self {
        let edition = Arc::new(Mutex::new(BTreeMap::new()));
        let read = Arc::clone(&edition);
        let network = scripted(move |asked| {
            let offer = asked.offer?;
            let edition = read.lock().unwrap();
            Some(answer(offer, edition.get(offer).map_or("404", String::as_str)))
        });
        let edited = Self { network, edition };
        edited.publish(offers);
        edited
    }

    /// The next edition: these offers differ.
    fn publish(&self, offers: &[(&str, &str)]) {
        let offers = offers.iter().map(|(offer, what)| ((*offer).to_owned(), (*what).to_owned()));
        self.edition.lock().unwrap().extend(offers);
    }
}

fn answer(offer: &str, what: &str) -> Reply {
    let link = |more: &str| format!("http://h.example/?offer_id={offer}{more}");
    match what {
        "404" => reply(404, r#"{"code":31,"message":"Offer not found"}"#),
        // In the API's own words, which are no limiter's: nothing waits for them.
        "500" => reply(500, r#"{"code":51,"message":"Internal error"}"#),
        name => {
            let names = name.split('+').map(|name| {
                let link = link(&format!("&url={name}"));
                format!(r#"{{"type":"Offer URL","name":"{name}","tracking_link":"{link}","preview_url":null}}"#)
            });
            let entries = names.collect::<Vec<_>>().join(",");
            let url = link("");
            let body = format!(r#"{{"url":"{url}","impression_pixel":null,"offer_url":[{entries}]}}"#);
            reply(200, format!(r#"{{"code":0,"message":"Success","data":{{"tracking_link":{body}}}}}"#))
        }
    }
}

mod max_calls;
mod nights;
mod plan;
mod refused;
const FAST: [&str; 4] = ["--retries", "0", "--history", "links.db"];

fn run(folder: &Folder, edited: &Edited, ids: &[&str], more: &[&str]) -> Run {
    export_in(folder).offers(ids).args(&FAST).args(more).on(&edited.network)
}

fn query(folder: &Folder, sql: &str) -> Vec<String> {
    let file = Connection::open(folder.path("links.db")).unwrap();
    let mut statement = file.prepare(sql).unwrap();
    let columns = statement.column_count();
    let shown = |row: &rusqlite::Row<'_>| {
        let cell = |at| match row.get_ref(at).unwrap() {
            rusqlite::types::ValueRef::Null => "-".to_owned(),
            rusqlite::types::ValueRef::Integer(n) => n.to_string(),
            other => other.as_str().unwrap().to_owned(),
        };
        Ok((0..columns).map(cell).collect::<Vec<_>>().join("|"))
    };
    statement.query_map([], shown).unwrap().collect::<Result<_, _>>().unwrap()
}

fn changes(ran: &Ran) -> Vec<String> {
    let text = std::fs::read_to_string(ran.folder.path("changes.csv")).unwrap();
    let mut lines = text.lines().map(str::to_owned);
    assert_eq!(lines.next().unwrap(), "offer_id,change,offer_url_type,offer_url_name,field,before,after");
    lines.collect()
}

#[test]
fn a_campaign_is_not_lost_when_its_offer_fails_for_now() {
    let folder = Folder::new();
    let edited = Edited::new(&[("1", "a+b"), ("2", "a"), ("3", "500"), ("4", "a"), ("5", "a"), ("6", "a")]);
    let keep = ["--keep-last-good", "--report", "r.json", "--metrics", "m.prom"];
    let ids = ["1", "2", "3", "4", "5", "1", "6"];
    let row = |cells: [&str; 4]| cells.map(str::to_owned);
    let first = run(&folder, &edited, &ids, &keep).run().expect(3);
    let cells = first.cells(["offer_id", "status", "error_kind", "last_good_at"]);
    assert_eq!(cells[..2], [row(["1", "ok", "", ""]), row(["1", "ok", "", ""])], "{cells:?}");
    assert_eq!(cells[3], row(["3", "error", "server_error", ""]), "never good, so there is nothing to keep");
    edited.publish(&[("1", "500"), ("2", "404"), ("3", "a"), ("5", "500"), ("6", "500")]);
    let ran = run(&folder, &edited, &ids, &keep).run().expect(3).says(&["4 offers are stale, the oldest from "]);
    let shown = |ran: &Ran| ran.cells(["offer_id", "offer_url_name", "status", "error_kind"]);
    let [a, b] = ["a", "b"].map(|name| row(["1", name, "stale", "server_error"]));
    let gone = row(["2", "", "error", "not_found"]);
    let good = |offer, name| row([offer, name, "ok", ""]);
    let stale = |offer| row([offer, "a", "stale", "server_error"]);
    let expected = [&a, &b, &gone, &good("3", "a"), &good("4", "a"), &stale("5"), &a, &b, &stale("6")];
    assert_eq!(shown(&ran).iter().collect::<Vec<_>>(), expected);
    let at = ran.cells(["last_good_at"]);
    assert!(at[0][0].parse::<jiff::Timestamp>().is_ok() && at[0] == at[1] && at[2][0].is_empty(), "{at:?}");
    let report = json(&folder.path("r.json"));
    assert_eq!((&report["offers"]["stale"], &report["offers"]["exported"]), (&4.into(), &2.into()), "{report:#}");
    let metrics = std::fs::read_to_string(folder.path("m.prom")).unwrap();
    assert!(metrics.contains("offerlinks_stale_offers{") && metrics.contains("offerlinks_oldest_stale_age_seconds{"));

    // Stale offers are retried, and stay as they are if that fails too: with the history, and without.
    edited.publish(&[("5", "a")]);
    let again = run(&folder, &edited, &ids, &["--retry-failed", "--keep-last-good"]).run().expect(3);
    let expected = [&a, &b, &gone, &good("3", "a"), &good("4", "a"), &good("5", "a"), &a, &b, &stale("6")];
    assert_eq!(shown(&again).iter().collect::<Vec<_>>(), expected);
    edited.publish(&[("6", "a")]);
    let retry = || export_in(&folder).output("links.csv").args(&["--retry-failed", "--retries", "0"]);
    let without = retry().on(&edited.network).run().expect(3);
    let expected = [&a, &b, &gone, &good("3", "a"), &good("4", "a"), &good("5", "a"), &a, &b, &good("6", "a")];
    assert_eq!(shown(&without).iter().collect::<Vec<_>>(), expected);
    edited.publish(&[("1", "c")]);
    let repaired = run(&folder, &edited, &ids, &["--retry-failed", "--keep-last-good"]).run().expect(3);
    assert_eq!(shown(&repaired)[..2], [good("1", "c"), gone]);
    assert_eq!(query(&folder, "PRAGMA integrity_check"), ["ok"]);
}

#[test]
fn changes_are_those_between_two_editions_to_the_row() {
    let folder = Folder::new();
    let edited = Edited::new(&[("1", "a"), ("2", "a+b"), ("3", "a"), ("4", "404"), ("5", "a"), ("6", "a")]);
    let ids = ["6", "5", "4", "3", "2", "1"];
    let more = ["--changes", "changes.csv"];
    assert!(changes(&run(&folder, &edited, &ids, &more).run().expect(3)).is_empty(), "the first run");
    assert!(changes(&run(&folder, &edited, &ids, &more).run().expect(3)).is_empty(), "the same again");
    edited.publish(&[("2", "a+c"), ("3", "404"), ("4", "a"), ("5", "500")]);
    let ran = run(&folder, &edited, &ids, &more).run().expect(3).says(&["1 new, 1 changed, 1 gone since the run of "]);
    let link = |offer: &str, more: &str| format!("http://h.example/?offer_id={offer}{more}");
    let expected = [
        format!("4,new,,,url,,{}", link("4", "")),
        format!("3,gone,,,url,{},", link("3", "")),
        format!("2,removed,Offer URL,b,offer_url_tracking_link,{},", link("2", "&url=b")),
        format!("2,added,Offer URL,c,offer_url_tracking_link,,{}", link("2", "&url=c")),
    ];
    assert_eq!(changes(&ran), expected);
    // The same by the command, since the first run, and in words.
    let since = ["changes", "--history", "links.db", "--since", "1h"];
    let by_command = command_in_folder(&folder, &since).run().expect(0).stdout;
    assert_eq!(by_command.lines().count(), 1 + 5, "an hour ago nothing was there: {by_command}");
    let timeline = command_in_folder(&folder, &["history", "3", "--history", "links.db"]).run().expect(0).stdout;
    assert!(timeline.contains("new      url: http") && timeline.contains("gone     url: http"), "{timeline}");
    assert!(timeline.contains("failed   not_found (HTTP 404)"), "{timeline}");
    command_in_folder(&folder, &["history", "99", "--history", "links.db"]).run().expect(2).says(&["no offer 99"]);
    let pruned = command_in_folder(&folder, &["history", "--prune", "1d", "--history", "links.db"]).run().expect(0);
    assert!(pruned.stdout.contains("forgot 0 old versions and 0 failures"), "{}", pruned.stdout);
}

#[test]
fn offers_that_were_confirmed_lately_are_written_without_a_call() {
    let folder = Folder::new();
    let ids: Vec<String> = (1..=20).map(|id| id.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let edited = Edited::new(&ids.iter().map(|id| (*id, "a+b")).collect::<Vec<_>>());
    let first = run(&folder, &edited, &ids[..15], &[]).run().expect(0);
    let calls = called(&edited.network).len();
    let second = run(&folder, &edited, &ids[..15], &["--max-age", "3d"]).run().expect(0);
    assert_eq!((second.output, called(&edited.network).len()), (first.output, calls));
    // Those never confirmed first; what has no history waits for the next night.
    let third = run(&folder, &edited, &ids, &["--max-calls", "3"]).run().expect(3).says(&["not_asked: 2 offers"]);
    assert_eq!(called(&edited.network)[calls..].iter().map(|id| id.parse().unwrap()).max(), Some(18));
    assert_eq!(called(&edited.network).len(), calls + 3);
    assert_eq!(third.records().len(), 1 + 18 * 2 + 2);
    run(&folder, &edited, &ids, &["--max-calls", "2"]).run().expect(0);
    assert_eq!(called(&edited.network).len(), calls + 5);
}

#[test]
fn what_default_links_learn_is_kept_apart() {
    let (network, folder, offers) = (network_with(|_| {}), Folder::new(), ["16", "17", "18"].map(str::to_owned));
    let run = |output: &str, more: &[&str]| {
        let args = ["--history", "links.db", "--changes", "changes.csv", "--max-age", "1h"];
        let run = export_in(&folder).offers(&offers).output(output).args(&args).args(more);
        (run.on(&network).run().expect(0), std::fs::read_to_string(folder.path(output)).unwrap())
    };
    let (_, all) = run("all.csv", &[]);
    let (_, default) = run("default.csv", &["--links", "default"]);
    assert!(all.lines().count() > 4 && default.lines().count() == 4, "{all}{default}");
    let calls = network.calls().len();
    for (output, more, expected) in [("all.csv", &[][..], all), ("default.csv", &["--links", "default"], default)] {
        let (ran, rows) = run(output, more);
        assert_eq!((rows, changes(&ran)), (expected, Vec::<String>::new()), "{output}");
    }
    assert_eq!(network.calls().len(), calls, "all of it was known");
}

#[test]
fn a_workbook_has_a_sheet_of_changes() {
    let folder = Folder::new();
    let edited = Edited::new(&[("1", "a"), ("2", "a")]);
    let book = |edited: &Edited| {
        let more = ["--changes", "changes.csv", "--keep-last-good"];
        run(&folder, edited, &["1", "2"], &more).output("links.xlsx").run()
    };
    book(&edited).expect(0);
    edited.publish(&[("1", "b"), ("2", "500")]);
    let ran = book(&edited).expect(3);
    assert_eq!(changes(&ran).len(), 2);
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(folder.path("links.xlsx")).unwrap();
    let sheet = calamine::Reader::worksheet_range(&mut book, "changes").unwrap();
    let rows: Vec<Vec<String>> = sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect();
    assert_eq!((rows.len(), &rows[1][..2]), (3, &["1".to_owned(), "removed".to_owned()][..]), "{rows:?}");
}

#[test]
fn two_runs_at_once_share_one_file() {
    let folder = Folder::new();
    let ids: Vec<String> = (1..=300).map(|id| id.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let edited = Edited::new(&ids.iter().map(|id| (*id, "a")).collect::<Vec<_>>());
    let start = |name: &str| run(&folder, &edited, &ids, &["-j", "4"]).output(name).start();
    let both = [start("a.csv"), start("b.csv")];
    for run in both {
        run.wait().expect(0);
    }
    assert_eq!(query(&folder, "SELECT count(*), count(DISTINCT version) FROM offer"), ["300|300"]);
    assert_eq!(query(&folder, "SELECT count(*) FROM offer_version"), ["300"]);
    assert_eq!(query(&folder, "SELECT count(*) FROM run WHERE finished_at IS NOT NULL"), ["2"]);
    assert_eq!(query(&folder, "PRAGMA integrity_check"), ["ok"]);
}

#[test]
#[cfg(unix)]
fn kills_leave_the_facts_of_an_undisturbed_run() {
    // The long form: OFFERLINKS_LONG=1.
    let (offers, kills) = if std::env::var_os("OFFERLINKS_LONG").is_some() { (2_400, 60) } else { (400, 8) };
    let ids: Vec<String> = (1..=offers).map(|id| id.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let first: Vec<_> = ids.iter().map(|id| (*id, if id.ends_with('7') { "404" } else { "a+b" })).collect();
    let second: Vec<_> = ids.iter().filter(|id| id.ends_with('3')).map(|id| (*id, "c")).collect();
    let gone: Vec<_> = ids.iter().filter(|id| id.ends_with("21")).map(|id| (*id, "404")).collect();
    let facts = |folder: &Folder| {
        let tables = [
            "SELECT output IS NULL, finished_at IS NULL, offers, exported, failed FROM run",
            "SELECT offer_id, last_good_at IS NULL, version IS NULL FROM offer ORDER BY offer_id",
            "SELECT offer_id, offer_version.run, state, offer_version.hash FROM offer_version JOIN offer ON offer.id = offer ORDER BY 1, 2",
            "SELECT count(*) FROM link_version",
            "SELECT offer_id, offer_error.run, error_kind FROM offer_error JOIN offer ON offer.id = offer ORDER BY 1, 2",
            "SELECT run, row, offer_id FROM changed JOIN offer ON offer.id = offer",
            "PRAGMA integrity_check",
        ];
        tables.iter().flat_map(|sql| query(folder, sql)).collect::<Vec<_>>()
    };
    let more = ["--changes", "changes.csv", "-j", "4"];
    let whole = Folder::new();
    let edited = Edited::new(&first);
    run(&whole, &edited, &ids, &more).run().expect(3);
    edited.publish(&[second.clone(), gone.clone()].concat());
    let undisturbed = run(&whole, &edited, &ids, &more).run().expect(3);

    let killed = Folder::new();
    edited.publish(&first);
    run(&killed, &edited, &ids, &more).run().expect(3);
    edited.publish(&[second, gone].concat());
    for kill in 0..kills {
        // Slow enough never to be done.
        let running = run(&killed, &edited, &ids, &more).without_rate().args(&["--rate", "80/s"]).start();
        std::thread::sleep(std::time::Duration::from_millis(150 + 37 * kill % 320));
        running.kill();
    }
    let ended = run(&killed, &edited, &ids, &more).run().expect(3);
    assert_eq!((ended.output.as_ref(), changes(&ended)), (undisturbed.output.as_ref(), changes(&undisturbed)));
    assert_eq!(facts(&killed), facts(&whole));
}
