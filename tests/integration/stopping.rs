//! Runs that do not get to their end: exit codes 4, 5, 130 and 143, and what is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use offerlinks::sandbox::{Account, Reply};

use crate::hostile::{Hostile, Step, json, raw};
use crate::support::{
    Folder, KEY, Network, Ran, called, export, export_in, network, network_with, reply, scripted, until,
};

const OLD: &str = "the old output";

fn many() -> Vec<String> {
    (1000..1200).map(|id: u32| id.to_string()).collect()
}

/// Exports many offers over an old output; whatever happens, that stays.
fn stopped(network: &impl Network, arguments: &[&str], code: i32) -> Ran {
    let folder = Folder::new();
    folder.write("links.csv", OLD);
    let ran = export_in(&folder).offers(&many()).args(arguments).on(network).run().expect(code);
    assert_eq!((ran.output.as_deref(), ran.stdout.as_str()), (Some(OLD), ""));
    ran
}

#[test]
fn a_wrong_key_costs_two_calls_at_most() {
    let network = network_with(|options| options.api_key = "another-key".into());
    stopped(&network, &[], 4).says(&["unauthorized", "Invalid API key", "--resume"]);
    assert!(network.calls().len() <= 2, "{:?}", network.calls());
}

#[test]
fn a_forbidden_address_costs_three_calls_at_most() {
    let network = network_with(|options| options.account = Account::IpNotAllowed);
    stopped(&network, &[], 4).says(&["ip_not_allowed", "white list", "--resume"]);
    assert!(network.calls().len() <= 3, "{:?}", network.calls());
}

#[test]
fn a_locked_account_stops_the_run() {
    let network = network_with(|options| options.account = Account::Locked);
    stopped(&network, &[], 4).says(&["account_locked", "locked", "--resume"]);
    assert!(network.calls().len() <= 3, "{:?}", network.calls());
}

#[test]
fn a_redirect_is_not_followed_and_stops_the_run() {
    let elsewhere = Hostile::start(|_| vec![Step::Send(json("200 OK", "{}"))]);
    let location = format!("Location: {}/aff/v1/offers/16/tracking_links", elsewhere.base_url());
    let host = Hostile::start(move |_| vec![Step::Send(raw("302 Found", &[&location, "Content-Length: 0"], ""))]);
    stopped(&host, &[], 4).says(&["redirect", &elsewhere.base_url()]);
    assert!(elsewhere.seen().is_empty(), "the key went elsewhere");
    assert!(host.seen().len() <= 3, "{:?}", host.seen());
}

#[test]
fn a_stopped_run_resumes_where_it_was() {
    let whole = export().offers(&many()).on(&network()).run().expect(0).output;
    let repaired = Arc::new(AtomicBool::new(false));
    let is_mended = Arc::clone(&repaired);
    let network = scripted(move |asked| {
        let refused = asked.overall > 60 && !is_mended.load(Ordering::Relaxed);
        refused.then(|| reply(401, r#"{"code":13,"message":"bad key"}"#))
    });
    let ran = stopped(&network, &["-j", "1"], 4);
    repaired.store(true, Ordering::Relaxed);
    let resumed = export_in(&ran.folder).offers(&many()).args(&["-j", "1", "--resume"]).on(&network).run().expect(0);
    assert_eq!(resumed.output, whole);
    let again = called(&network).len() - 200;
    assert!(again <= 25 + 2, "{again} calls were made twice");
}

#[test]
fn too_many_errors_stop_the_run() {
    let network = scripted(|asked| (asked.nth == 1).then(|| reply(404, r#"{"code":31,"message":"gone"}"#)));
    let ran = stopped(&network, &["--max-errors", "5"], 5);
    let ran = ran.says(&["more than 5 offers failed", "--max-errors", "not_found", "--resume"]);
    assert!(network.calls().len() < 100, "{ran:?}");
}

#[test]
fn a_run_that_takes_too_long_stops_and_can_go_on() {
    let network = network_with(|options| options.latency = Duration::from_millis(100)..=Duration::from_millis(100));
    let ran = stopped(&network, &["-j", "1", "--max-duration", "2s"], 5).says(&["--max-duration", "--resume"]);
    assert!(ran.took < Duration::from_secs(4), "{ran:?}");
}

#[test]
fn an_unknown_host_stops_the_run_and_is_not_waited_for_as_for_an_outage() {
    // A label of 64 letters is never looked up: the resolver refuses it.
    let host = format!("http://{}.example", "a".repeat(64));
    let ran = stopped(&host.as_str(), &["--allow-http"], 4).says(&["unknown host aaaa", "typing error", "--resume"]);
    assert!(ran.took < Duration::from_secs(10), "{ran:?}");
}

#[test]
fn a_far_away_retry_after_stops_at_once_and_names_the_time() {
    let busy = Hostile::start(|_| {
        vec![Step::Send(raw("429 Too Many Requests", &["Retry-After: 3600", "Content-Length: 0"], ""))]
    });
    let ran = stopped(&busy, &[], 5).says(&["asks to come back after", "--resume"]);
    assert_eq!(busy.seen().len(), 1, "{ran:?}");
}

#[test]
fn a_second_run_on_the_same_output_names_its_holder() {
    let slow = Hostile::start(|_| vec![Step::Hang]);
    let first = export().offers(&["16"]).on(&slow).start();
    until(|| !slow.seen().is_empty());
    let id = format!("{}", first.id());
    let network = network();
    let second = export_in(&first.folder).offers(&["16"]).on(&network).run().expect(5);
    second.says(&["another run is writing links.csv", &id]);
    assert_eq!(network.calls(), []);
    first.kill();
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_run_and_the_printed_command_resumes_it() {
    let whole = export().offers(&many()).on(&network()).run().expect(0).output;
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let network = network_with(|options| options.latency = Duration::from_millis(20)..=Duration::from_millis(20));
        let folder = Folder::new();
        folder.write("links.csv", OLD);
        let running = export_in(&folder).offers(&many()).args(&["-j", "2"]).on(&network).start();
        until(|| called(&network).len() > 30);
        assert_no_key_in_sight(running.id());
        running.signal(signal);
        let name = if signal == "INT" { "stopped by Ctrl-C" } else { "stopped by SIGTERM" };
        let ran = running.wait().expect(code).says(&[name, "links.csv is as it was"]);
        assert_eq!(ran.output.as_deref(), Some(OLD));
        let line = ran.stderr.lines().find_map(|line| line.trim().strip_prefix("to continue: ")).unwrap();
        let resumed = export_in(&folder).output("links.csv").on(&network).start_typed(line).wait().expect(0);
        assert_eq!(resumed.output, whole);
        assert_eq!(folder.names(), ["links.csv", "links.csv.lock", "offers.csv"]);
        assert!(called(&network).len() <= 200 + 25 + 2, "{} calls", called(&network).len());
    }
}

#[cfg(unix)]
fn assert_no_key_in_sight(id: u32) {
    if let Ok(line) = std::fs::read_to_string(format!("/proc/{id}/cmdline")) {
        assert!(line.contains("export") && !line.contains(KEY), "{line}");
    }
}

#[test]
fn a_failure_of_the_very_first_call_writes_no_error_row() {
    let network = scripted(|asked| (asked.overall == 1).then(|| reply(500, "oops")));
    export().offers(&["16", "17", "18"]).on(&network).run().expect(0);
    let mut called = called(&network);
    assert_eq!(called[0], "16");
    called.sort();
    assert_eq!(called, ["16", "16", "17", "18"]);
}

#[test]
fn a_failed_first_call_is_logged_at_once_and_only_once() {
    let network = scripted(|asked| (asked.overall <= 2).then(|| reply(500, r#"{"code": 51, "message": "oops"}"#)));
    let ran = export().offers(&["16", "17"]).on(&network).run().expect(0);
    let shown = ran.stderr.matches("warning: the first call failed: oops (server_error, HTTP 500, code 51)").count();
    assert_eq!(shown, 1, "{}", ran.stderr);
}

#[test]
fn a_resumed_run_counts_only_its_own_failures() {
    let network = network();
    let folder = Folder::new();
    let run = || {
        let export = export_in(&folder).csv("offer_id\na\nb\nc\n16\nd\n17\n").on(&network);
        export.args(&["--max-errors", "2", "--resume"]).run()
    };
    run().expect(5).says(&["more than 2 offers failed"]);
    run().expect(3).says(&["exported 2 of 6 offers"]);
}

#[test]
fn a_redirect_among_good_answers_is_checked_again() {
    let location = || vec![("location".to_owned(), "/maintenance.html".to_owned())];
    let redirect =
        move |asked: u64| (asked == 10).then(|| Reply::Http { status: 302, headers: location(), body: Vec::new() });
    let network = scripted(move |asked| redirect(asked.overall));
    export().offers(&many()[..30]).on(&network).run().expect(0);
    let gone = scripted(|asked| {
        let headers = vec![("location".to_owned(), "/maintenance.html".to_owned())];
        (asked.overall >= 10).then(|| Reply::Http { status: 302, headers, body: Vec::new() })
    });
    // The host has answered before: it is away, not wrong.
    stopped(&gone, &["--max-outage", "3s"], 5).says(&["redirect", "/maintenance.html"]);
    assert!(gone.calls().len() < 40, "{}", gone.calls().len());
}
