//! A run that exports too little never replaces an older output, and what it has done is not lost.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use offerlinks::sandbox::{Reply, Sandbox};

use crate::support::{Folder, Ran, called, command_in, export, export_in, network, network_with, reply, scripted};

const OLD: &str = "the old output";
const TEN: &str = "offer_id,note\n16,a\n1001,b\n1002,c\n1003,d\n1004,e\n1005,f\n1006,g\n1007,h\n1008,i\n1009,j\n";

/// A network on which all offers but 16 and 1001 break the server, until the test says that it is repaired.
fn breaking() -> (Sandbox, impl Fn()) {
    let repaired = Arc::new(AtomicBool::new(false));
    let is_mended = Arc::clone(&repaired);
    let network = scripted(move |asked| {
        let breaks = !matches!(asked.offer, None | Some("16" | "1001")) && !is_mended.load(Ordering::Relaxed);
        breaks.then(|| Reply::Http { status: 500, headers: Vec::new(), body: Vec::new() })
    });
    (network, move || repaired.store(true, Ordering::Relaxed))
}

/// The command that a message gives.
fn next(ran: &Ran) -> String {
    let line = ran.stderr.lines().find_map(|line| line.trim().strip_prefix("to ask again for what failed: "));
    line.unwrap_or_else(|| panic!("no way on: {}", ran.stderr)).to_owned()
}

fn last_success(folder: &Folder) -> f64 {
    let text = fs::read_to_string(folder.path("m.prom")).unwrap();
    let line = text.lines().find(|line| line.starts_with("offerlinks_last_success_timestamp_seconds")).unwrap();
    line.rsplit_once(' ').unwrap().1.parse().unwrap()
}

#[test]
fn rows_of_a_run_that_exported_too_few_go_beside_the_output_and_the_named_command_ends_it() {
    for (output, rows, other) in [
        ("links.csv", "links.csv", None),
        ("links.jsonl", "links.jsonl", None),
        ("links.xlsx", "links.xlsx.csv", Some("links.xlsx")),
    ] {
        let whole = export().csv(TEN).output(output).on(&network()).run().expect(0);
        let whole = fs::read(whole.folder.path(rows)).unwrap();
        let (network, mend) = breaking();
        let folder = Folder::new();
        folder.write(output, OLD);
        folder.write(rows, OLD);
        let run = || {
            let run = export_in(&folder).csv(TEN).output(output).on(&network);
            run.args(&["--retries", "0", "--min-ok", "50%", "--report", "r.json", "--metrics", "m.prom", "-q"])
        };
        let ran = run().run().expect(3).says(&[
            "exported only 2 of 10 offers, fewer than --min-ok 50%",
            &format!("{output} is as it was"),
            &format!("{rows}.failed"),
        ]);
        let read = |name: &str| fs::read_to_string(folder.path(name)).unwrap();
        assert_eq!((read(output).as_str(), read(rows).as_str()), (OLD, OLD));
        assert!(read(&format!("{rows}.failed")).contains("server_error"));
        let status = command_in(&folder, &["status", output]).run().expect(0).stdout;
        assert!(
            status.contains("exported fewer than --min-ok") && status.contains(&format!("{rows}.failed")),
            "{status}"
        );
        let report: serde_json::Value = serde_json::from_str(&read("r.json")).unwrap();
        assert_eq!((&report["ending"], &report["exit"]["code"]), (&"below_min_ok".into(), &3.into()));
        assert!(last_success(&folder) == 0.0);

        // Still too few: nothing is lost by asking again too early.
        let line = next(&ran);
        let again = |line: &str| export_in(&folder).output(output).on(&network).start_typed(line).wait();
        // Where nothing passes from the start, it would wait for minutes.
        let ran = again(&format!("{line} --max-outage 1s"));
        assert!(matches!(ran.code, 3 | 5), "{ran:#?}");
        assert_eq!((read(output).as_str(), read(rows).as_str()), (OLD, OLD));

        mend();
        let before = called(&network).len();
        again(&line).expect(0);
        assert_eq!(called(&network).len() - before, 8, "only what failed is asked again");
        assert_eq!(fs::read(folder.path(rows)).unwrap(), whole, "{output}");
        assert!(other.is_none_or(|workbook| fs::read(folder.path(workbook)).unwrap().starts_with(b"PK")));
        assert!(last_success(&folder) > 1.0e9);
        assert!(!folder.names().iter().any(|name| name.ends_with(".failed")), "{:?}", folder.names());
    }
}

#[test]
fn a_run_without_success_never_replaces_an_output_and_counts_as_failed_in_the_metrics() {
    let refused = || scripted(|_| Some(reply(400, r#"{"code":40001,"message":"Bad request"}"#)));
    for (csv, network, flags, kept) in [
        ("offer_id\n16\n17\n", refused(), &[][..], true),
        ("offer_id\n16\n17\n", refused(), &["--min-ok", "0"], false),
        ("name\nspring\nsummer\n", refused(), &["--column", "name", "--min-ok", "1"], true),
        ("offer_id\n16\n1001\n", crate::support::network(), &["--min-ok", "3"], true),
    ] {
        let folder = Folder::new();
        folder.write("links.csv", OLD);
        let ran = export_in(&folder).csv(csv).args(flags).args(&["--metrics", "m.prom"]).on(&network).run();
        if ran.code == 2 || ran.code == 4 || ran.code == 5 {
            // It is seen for what it is even before.
            assert_eq!(ran.output.as_deref(), Some(OLD));
            continue;
        }
        let ran = ran.expect(3);
        assert_eq!(ran.output.as_deref() == Some(OLD), kept, "{flags:?}: {}", ran.stderr);
        assert_eq!(folder.path("links.csv.failed").exists(), kept, "{flags:?}");
        assert_eq!(last_success(&folder) == 0.0, kept, "{flags:?}");
    }
}

#[test]
fn where_no_output_was_before_the_rows_are_there_and_it_is_no_success() {
    let (network, mend) = breaking();
    let folder = Folder::new();
    let run =
        || export_in(&folder).csv(TEN).args(&["--retries", "0", "--min-ok", "5", "--metrics", "m.prom"]).on(&network);
    let ran = run().run().expect(3).says(&["exported 2 of 10 offers", "fewer than --min-ok 5"]);
    assert!(ran.output.as_deref().unwrap().contains("server_error") && last_success(&folder) == 0.0);
    mend();
    export_in(&folder).output("links.csv").on(&network).start_typed(&next(&ran)).wait().expect(0);
    assert!(last_success(&folder) > 1.0e9);
}

#[test]
fn an_account_whose_list_gave_too_few_resumes_without_its_list() {
    let repaired = Arc::new(AtomicBool::new(false));
    let is_mended = Arc::clone(&repaired);
    let network = network_with(|options| {
        options.listed = 20;
        options.script = Some(offerlinks::sandbox::Script::new(move |asked| {
            let breaks =
                asked.offer.is_some_and(|offer| offer.ends_with(['1', '3', '5'])) && !is_mended.load(Ordering::Relaxed);
            breaks.then(|| Reply::Http { status: 500, headers: Vec::new(), body: Vec::new() })
        }));
    });
    let folder = Folder::new();
    folder.write("links.csv", OLD);
    let run = export_in(&folder).output("links.csv").args(&["--all-offers", "--retries", "0", "--min-ok", "90%"]);
    let ran = run.on(&network).run().expect(3).says(&["fewer than --min-ok 90%"]);
    assert_eq!(ran.output.as_deref(), Some(OLD));
    repaired.store(true, Ordering::Relaxed);
    let ran = export_in(&folder).output("links.csv").on(&network).start_typed(&next(&ran)).wait().expect(0);
    assert!(ran.output.unwrap().starts_with("offer_id,"));
}

#[test]
fn a_stream_has_no_older_output_and_the_exit_code_shows_it() {
    let (network, _) = breaking();
    let ran = export().csv(TEN).output("-").args(&["--retries", "0", "--min-ok", "5"]).on(&network).run().expect(3);
    assert!(ran.stdout.contains("server_error") && ran.stderr.contains("fewer than --min-ok 5"), "{ran:?}");
    assert!(!ran.stderr.contains("to ask again for what failed"), "{}", ran.stderr);
}

#[test]
fn zero_accepts_every_result_and_nonsense_is_refused() {
    for value in ["x", "-1", "101%", ""] {
        export().csv(TEN).args(&[&format!("--min-ok={value}")]).on(&network()).run().expect(2).says(&["--min-ok"]);
    }
}
