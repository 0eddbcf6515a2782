//! `--all-offers`: the account's list and its links in one run, and never a part of them that looks like the whole.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use offerlinks::sandbox::limit::Rules;
use offerlinks::sandbox::{Asked, Reply, Sandbox, Script};
use offerlinks::settings::rate::Rate;

use crate::support::{Folder, called, export_in, network_with, records, reply, scripted, until};

mod short;

const OLD: &str = "the old output";
/// Personal offers of the sample, in the list's order.
const SAMPLE: usize = 5;

/// The offers that were called, each once.
fn asked_for(network: &Sandbox) -> BTreeSet<String> {
    called(network).into_iter().collect()
}

fn listed(network: &Sandbox) -> usize {
    network.calls().iter().filter(|call| call.offer.is_none()).count()
}

/// A page of the list as the network sends it.
fn page(ids: impl IntoIterator<Item = u32>, pages: u32, rows: u32) -> Reply {
    let rowset: Vec<_> = ids.into_iter().map(|id| format!(r#"{{"offer":{{"id":{id},"name":"n, {id}"}}}}"#)).collect();
    let data = format!(r#"{{"totalPages":{pages},"totalRows":{rows},"rowset":[{}]}}"#, rowset.join(","));
    reply(200, format!(r#"{{"code":0,"message":"Success","data":{data}}}"#))
}

/// The page of the list that is requested.
fn page_of(asked: &Asked<'_>) -> Option<u32> {
    let (_, after) = asked.path.split_once("&offset=").filter(|_| asked.path.contains("/batches/offers?"))?;
    after.split('&').next()?.parse().ok()
}

#[test]
fn every_offer_of_the_account_is_exported_in_every_format() {
    for (output, options) in [
        ("links.csv", &[][..]),
        ("links.jsonl", &[]),
        ("links.xlsx", &["--keep", "none"]),
        ("links.csv", &["--keep", "name", "--append", "s={row.name}"]),
    ] {
        let network = network_with(|options| options.listed = 150);
        let folder = Folder::new();
        let run = export_in(&folder).output(output).args(&["--all-offers"]).args(options);
        let ran = run.on(&network).run().expect(0);
        let list = std::fs::read_to_string(folder.path(&format!("{output}.offers.csv"))).unwrap();
        let ids: Vec<_> = list.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect();
        assert_eq!(ids.len(), 150 + SAMPLE, "{}", ran.stderr);
        assert_eq!(asked_for(&network), ids.iter().cloned().collect());
        // Two pages, read twice: they could have moved.
        assert_eq!(listed(&network), 4);
        let rows = if output == "links.xlsx" { "links.xlsx.csv" } else { output };
        let rows = std::fs::read_to_string(folder.path(rows)).unwrap();
        assert!(ids.iter().all(|id| rows.contains(&format!("Offer {id}")) || rows.contains(id.as_str())));
        assert_eq!(rows.contains("s=Offer%20250"), options.len() > 2, "{rows}");
    }
}

#[test]
fn filters_export_only_some_of_the_offers() {
    let network = network_with(|options| options.listed = 20);
    let run = || export_in(&Folder::new()).output("links.csv").args(&["--all-offers"]).on(&network);
    run().args(&["--filter", "status=paused"]).run().expect(0);
    assert!(network.calls().first().unwrap().path.contains("type=personal&filters%5Bstatus%5D=paused&"));
    let paused = called(&network).len();
    assert!((1..20).contains(&paused), "{paused}");
}

#[test]
fn an_offer_without_an_id_is_an_error_row() {
    let network = scripted(|asked| {
        page_of(asked)?;
        let rowset = r#"[{"id":101,"name":"a"},{"name":"no id"}]"#;
        Some(reply(200, format!(r#"{{"code":0,"data":{{"totalRows":2,"rowset":{rowset}}}}}"#)))
    });
    let ran = export_in(&Folder::new()).output("links.csv").args(&["--all-offers"]).on(&network).run().expect(3);
    let rows = ran.cells(["name", "status", "error_kind"]);
    assert_eq!(rows.last().unwrap(), &["no id", "error", "invalid_offer_id"]);
}

#[test]
fn a_run_killed_while_it_lists_lists_again_and_one_killed_later_resumes_with_its_list() {
    let grown = Arc::new(AtomicU32::new(0));
    let (more, slow) = (Arc::clone(&grown), Arc::new(AtomicU32::new(2)));
    let slow_page = Arc::clone(&slow);
    let hangs = Arc::new(AtomicBool::new(false));
    let has_hung = Arc::clone(&hangs);
    let network = scripted(move |asked| {
        let n = page_of(asked)?;
        if n == slow_page.load(Ordering::Relaxed) {
            has_hung.store(true, Ordering::Relaxed);
            return Some(Reply::Hang);
        }
        let last = 1100 + more.load(Ordering::Relaxed);
        let ids = (1000..=last).skip(n as usize * 100 - 100).take(100);
        Some(page(ids, 2, last - 999))
    });
    let folder = Folder::new();
    folder.write("links.csv", OLD);
    let run = |arguments: &[&str]| {
        export_in(&folder).output("links.csv").args(&["--all-offers"]).args(arguments).on(&network)
    };
    let running = run(&[]).start();
    until(|| hangs.load(Ordering::Relaxed));
    running.kill();
    assert_eq!(std::fs::read_to_string(folder.path("links.csv")).unwrap(), OLD);
    assert!(!folder.path("links.csv.offers.csv").exists());

    slow.store(0, Ordering::Relaxed);
    let running = run(&[]).without_rate().args(&["--rate", "50/s"]).start();
    until(|| called(&network).len() >= 60);
    running.kill();
    let pages = listed(&network);
    grown.store(7, Ordering::Relaxed);
    run(&["--resume"]).run().expect(0).says(&["the list of the interrupted run is used"]);
    assert_eq!(listed(&network), pages, "the list is not read again");
    let ids = |text: &str| -> Vec<String> {
        let mut ids: Vec<_> = records(text).into_iter().skip(1).map(|record| record[0].clone()).collect();
        ids.dedup();
        ids
    };
    let expected: Vec<_> = (1000..=1100).map(|id: u32| id.to_string()).collect();
    assert_eq!(ids(&std::fs::read_to_string(folder.path("links.csv")).unwrap()), expected);
    // The next night is another run, with the list of then.
    run(&["--resume"]).run().expect(0);
    assert_eq!(ids(&std::fs::read_to_string(folder.path("links.csv")).unwrap()).len(), 108);
}

#[test]
fn list_and_links_share_one_pace() {
    // A limiter that answers_so whatever comes too early, also at the step from the one to the other.
    let network = network_with(|options| {
        options.listed = 110;
        let limit = "20/1s".parse::<Rate>().unwrap().limit().unwrap();
        options.limit = Some(Rules { limit, ..Rules::PUBLISHED });
    });
    let run = export_in(&Folder::new()).output("links.csv").without_rate().args(&["--rate", "20/1s", "--all-offers"]);
    let ran = run.on(&network).run().expect(0);
    assert!(ran.took >= Duration::from_secs(5), "{:?}", ran.took);
    assert!(network.calls().iter().all(|call| call.status != Some(429)));
}

#[test]
fn conflicting_flags_are_refused_with_the_reason_and_without_a_call() {
    let network = network_with(|_| ());
    for (arguments, words) in [
        (
            &["offers.csv", "-o", "l.csv"][..],
            "INPUT cannot be used with --all-offers: the account's own list is the input",
        ),
        (&["--retry-failed", "-o", "l.csv"], "--retry-failed cannot be used with --all-offers"),
        (&["--column", "id", "-o", "l.csv"], "--column cannot be used with --all-offers"),
        (&["-d", ";", "-o", "l.csv"], "--delimiter cannot be used with --all-offers"),
        (&["-n", "-o", "l.csv"], "--no-headers cannot be used with --all-offers"),
        (&["-o", "-"], "name one with -o"),
        (&["--append", "s={row.campaign}", "-o", "l.csv"], "campaign"),
    ] {
        let folder = Folder::new();
        let ran = export_in(&folder).args(&["--all-offers"]).args(arguments).on(&network).run();
        assert!(ran.code == 2 && ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
    }
    let ran = export_in(&Folder::new()).csv("offer_id\n16\n").args(&["--filter", "status=active"]).on(&network).run();
    assert!(ran.code == 2 && ran.stderr.contains("--all-offers"), "{}", ran.stderr);
    assert!(called(&network).is_empty());
}

#[test]
fn a_dry_run_lists_nothing() {
    let network = network_with(|_| ());
    let folder = Folder::new();
    let run = export_in(&folder).output("links.csv").args(&["--all-offers", "--dry-run"]);
    let ran = run.on(&network).run().expect(0);
    assert!(
        ran.stdout.contains("all of your account") && ran.stdout.contains("links.csv.offers.csv"),
        "{}",
        ran.stdout
    );
    assert!(network.calls().is_empty() && folder.names().is_empty());
}

#[test]
fn a_run_that_is_started_over_is_set_aside_with_its_list_and_can_be_resumed() {
    let refused = Arc::new(AtomicBool::new(true));
    let answers_so = Arc::clone(&refused);
    let network = network_with(|options| {
        options.listed = 60;
        options.script = Some(Script::new(move |asked| {
            let refused = answers_so.load(Ordering::Relaxed) && asked.offer.is_some() && asked.overall > 30;
            refused.then(|| reply(401, r#"{"code":13,"message":"bad key"}"#))
        }));
    });
    let folder = Folder::new();
    let run = |arguments: &[&str]| {
        let run = export_in(&folder).output("links.csv").args(&["--all-offers"]).args(arguments);
        run.on(&network)
    };
    run(&["-j", "1"]).run().expect(4);
    refused.store(false, Ordering::Relaxed);
    let list = std::fs::read(folder.path("links.csv.offers.csv")).unwrap();
    let planned = run(&["--dry-run"]).run().expect(0).stdout;
    assert!(planned.contains("resuming an interrupted run"), "{planned}");
    let names = ["links.csv.partial", "links.csv.checkpoint", "links.csv.offers.csv"];
    let aside = names.map(|name| format!("{name}.old"));
    run(&["--restart", "--keep", "none"]).run().expect(0).says(&["starting over (--restart)", &aside.join(" and ")]);
    assert_eq!(std::fs::read(folder.path("links.csv.offers.csv.old")).unwrap(), list);
    for (name, old) in names.iter().zip(&aside) {
        std::fs::rename(folder.path(old), folder.path(name)).unwrap();
    }
    let pages = listed(&network);
    run(&[]).run().expect(0).says(&["resuming an interrupted run", "the list of the interrupted run is used"]);
    assert_eq!(listed(&network), pages);
}
