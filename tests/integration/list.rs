//! `list`: the account's offers as a file that `export` reads.

use std::time::{Duration, Instant};

use offerlinks::sandbox::{Account, Sandbox};

use crate::support::{Folder, Ran, command, command_in, http, network, network_with, scripted};

/// Runs a command against a network.
fn offerlinks(arguments: &[&str], base_url: &str) -> Ran {
    command(arguments).on(&base_url).run()
}

#[test]
fn list_turns_the_pages_and_writes_what_export_reads() {
    let network = network_with(|options| options.listed = 250);
    let folder = Folder::new();
    let list =
        |arguments: &[&str]| command_in(&folder, &[&["list", "--rate", "none"], arguments].concat()).on(&network).run();
    let all = list(&["--type", "all", "-o", "offers.csv"]);
    assert_eq!((all.code, all.stdout.as_str()), (0, ""), "{}", all.stderr);
    assert!(all.stderr.contains("listed 257 offers to") && all.stderr.contains("with 3 calls"), "{}", all.stderr);
    let rows = std::fs::read_to_string(folder.path("offers.csv")).unwrap();
    assert!(rows.starts_with("offer_id,name,status,offer_approval,preview_url,payout,currency\n16,Offer 16,active,2,"));
    assert_eq!(rows.lines().count(), 258);

    let paused = list(&["--filter", "status=paused", "-q"]);
    assert_eq!((paused.code, paused.stderr.as_str(), paused.stdout.lines().count()), (0, "", 26));
    let asked = network.calls().last().unwrap().path.clone();
    assert_eq!(asked, "/aff/v1/batches/offers?type=personal&filters%5Bstatus%5D=paused&limit=100&offset=1&sort=id");
}

#[test]
#[cfg(unix)]
fn list_and_export_work_in_a_pipe() {
    let network = network_with(|options| options.listed = 2);
    let folder = Folder::new();
    let program = env!("CARGO_BIN_EXE_offerlinks");
    let line = format!("'{program}' list --rate none -q | '{program}' export - -o links.csv --rate none");
    command_in(&folder, &[]).on(&network).start_typed(&line).wait().expect(0);
    let links = std::fs::read_to_string(folder.path("links.csv")).unwrap();
    assert!(links.starts_with("offer_id,name,input_status,") && links.contains("\n102,Offer 102,"), "{links}");
}

#[test]
fn a_list_that_breaks_off_gives_a_pipe_nothing_at_all() {
    let refusing = scripted(|asked| asked.path.contains("&offset=2&").then(|| http(401, &[], "")).flatten());
    let short = scripted(|asked| {
        asked.path.contains("&offset=2&").then(|| http(200, &[], r#"{"code":0,"data":null}"#)).flatten()
    });
    for (network, code) in [(refusing, 4), (short, 5)] {
        let done = offerlinks(&["list", "--rate", "none"], &network.base_url());
        assert_eq!((done.code, done.stdout.as_str()), (code, ""), "{}", done.stderr);
        assert!(done.stderr.contains("nothing was written"), "{}", done.stderr);
    }
}

#[test]
fn list_asks_again_after_a_failure_and_waits_when_it_is_throttled() {
    let network = scripted(|asked| match asked.overall {
        2 => http(502, &[], "<html>Bad Gateway"),
        3 => http(200, &[], r#"{"code":40,"message":"Too many requests"}"#),
        _ => None,
    });
    let begin = Instant::now();
    let done = offerlinks(&["list", "--rate", "none", "--type", "all"], &network.base_url());
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_eq!(done.stdout.lines().count(), 108);
    assert!(begin.elapsed() >= Duration::from_secs(2), "a throttle is sat out");
    // Page 1 and page 2, page 1 again to learn that it was the pace and not the page, now and then twice, and page 2.
    assert!((5..=9).contains(&network.calls().len()), "{:?}", network.calls());
}

#[test]
fn list_asks_for_a_page_that_passed_to_learn_whether_another_fails_alone() {
    let (page_1, page_2) = ("&offset=1&", "&offset=2&");
    let pages = |network: &Sandbox| -> String {
        let calls = network.calls().into_iter();
        calls.map(|call| if call.path.contains(page_1) { '1' } else { '2' }).collect()
    };
    let once =
        scripted(move |asked| if asked.path.contains(page_2) && asked.nth == 1 { http(502, &[], "") } else { None });
    let done = offerlinks(&["list", "--rate", "none", "--retries", "0"], &once.base_url());
    let asked = pages(&once);
    assert_eq!((done.code, done.stdout.lines().count(), &asked[..3]), (0, 106, "121"), "{}", done.stderr);
    let of_page_2 = |asked: &str| asked.matches('2').count();
    assert!(asked.ends_with('2') && of_page_2(&asked) <= 4, "{asked}");

    let always = scripted(move |asked| if asked.path.contains(page_2) { http(502, &[], "") } else { None });
    let done = offerlinks(&["list", "--rate", "none", "--retries", "0"], &always.base_url());
    // A page that fails alone is proven by chance: what passes and what does not, in turn, a few times over.
    let asked = pages(&always);
    assert_eq!((done.code, &asked[..3]), (5, "121"), "{}", done.stderr);
    // How often page 1 is called while page 2 waits depends on the wait.
    assert!((3..=12).contains(&of_page_2(&asked)), "{asked}");
    assert!(done.stderr.contains("does not give the offer list: HTTP 502"), "{}", done.stderr);
}

#[test]
fn list_stops_where_the_account_or_the_host_is_wrong_and_leaves_the_old_file() {
    let wrong_key = network_with(|options| options.api_key = "another".into());
    let ip = network_with(|options| options.account = Account::IpNotAllowed);
    let page = scripted(|_| http(200, &[], "<html><title>Sign in</title>"));
    let redirect = scripted(|_| http(302, &[("location", "https://login.example/")], ""));
    let parameter = scripted(|_| http(400, &[], r#"{"code":20,"message":"Parameter error: filters"}"#));
    let same = scripted(|_| http(200, &[], r#"{"code":0,"data":{"rowset":[{"id":1},{"id":2}]}}"#));
    for (network, words, calls, code) in [
        (&wrong_key, "Invalid API key (unauthorized, HTTP 401, code 13)", 2, 4),
        (&ip, "Your IP is not in the white list", 1, 4),
        (&page, "an HTML page (Sign in)", 5, 5),
        (&redirect, "redirects to https://login.example/", 1, 4),
        (&parameter, "Parameter error: filters", 1, 4),
        (&same, "page 2 of the offer list is the same as the page before", 2, 5),
    ] {
        let folder = Folder::new();
        let out = folder.path("offers.csv");
        std::fs::write(&out, "old").unwrap();
        let done = command_in(&folder, &["list", "--rate", "none", "-o", "offers.csv"]).on(network).run();
        assert!(done.stderr.contains(words), "{words}: {}", done.stderr);
        assert_eq!((done.code, network.calls().len()), (code, calls), "{}", done.stderr);
        assert_eq!(std::fs::read(&out).unwrap(), b"old");
    }
}

#[test]
fn bad_arguments_are_refused_before_any_call() {
    let network = network();
    for arguments in [
        &["list", "--filter", "status"][..],
        &["list", "--type", "mine"],
        &["list", "--dry-run"],
        &["list", "--report", "r.json"],
        &["list", "-o", "offers.xlsx"],
        &["list", "-o", "offers.JSONL"],
        &["check", "--rate", "0/s"],
    ] {
        assert_eq!(offerlinks(arguments, &network.base_url()).code, 2, "{arguments:?}");
    }
    let plain = offerlinks(&["check"], "http://api.example");
    assert!(plain.code == 2 && plain.stdout.contains("--allow-http"), "{}", plain.stdout);
    assert!(network.calls().is_empty());
}
