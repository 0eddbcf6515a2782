//! `--retry-failed`: asks again for what failed, and leaves every other byte as it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use offerlinks::sandbox::{Reply, Sandbox};

use crate::support::{Folder, called, export_in, network, records, reply, scripted};

const INPUT: &str = "offer_id,note\n1,\"a, b\"\n2,b\n20,c\nx,d\n2,e\n3,f\n";

/// Offer 2 always fails in a way that may pass, until it is repaired.
fn network_with_a_bad_offer() -> (Sandbox, Arc<AtomicBool>) {
    let repaired = Arc::new(AtomicBool::new(false));
    let is_mended = Arc::clone(&repaired);
    let network = scripted(move |asked| {
        let broken = asked.offer == Some("2") && !is_mended.load(Ordering::Relaxed);
        broken.then(|| reply(500, r#"{"code": 51, "message": "internal error"}"#))
    });
    (network, repaired)
}

#[test]
fn only_temporary_failures_are_retried_and_put_in_their_place() {
    let (network, repaired) = network_with_a_bad_offer();
    let folder = Folder::new();
    for (output, options) in
        [("links.csv", &[][..]), ("excel.csv", &["--excel"]), ("links.jsonl", &[]), ("links.xlsx", &[])]
    {
        repaired.store(false, Ordering::Relaxed);
        let export = || export_in(&folder).csv(INPUT).output(output).args(options).on(&network);
        let first = export().args(&["--retries", "0"]).run().expect(3);
        repaired.store(true, Ordering::Relaxed);
        let before = called(&network).len();
        let again = export().args(&["--retry-failed"]).run().expect(3);
        assert_eq!(called(&network)[before..], ["2"], "{output}");
        let undisturbed =
            export_in(&Folder::new()).csv(INPUT).output(output).args(options).on(&network).run().expect(3);
        if output == "links.xlsx" {
            let rows = |folder: &Folder| std::fs::read(folder.path("links.xlsx.csv")).unwrap();
            assert_eq!(rows(&again.folder), rows(&undisturbed.folder));
        } else {
            assert_ne!(first.output, again.output);
            assert_eq!(again.output, undisturbed.output, "{output}");
        }
        assert!(again.stderr.contains("exported 4 of 6 offers"), "{}", again.stderr);
    }
}

#[test]
fn all_asks_for_refused_offers_too_but_not_for_cells_that_are_no_ids() {
    let network = network();
    let folder = Folder::new();
    let export = || export_in(&folder).csv(INPUT).on(&network);
    let first = export().run().expect(3);
    let before = called(&network).len();
    let again = export().args(&["--retry-failed=all"]).run().expect(3);
    assert_eq!(called(&network)[before..], ["20"]);
    assert_eq!(first.output, again.output);
}

#[test]
fn the_input_is_not_needed() {
    let network = network();
    let folder = Folder::new();
    export_in(&folder).csv(INPUT).on(&network).run().expect(3);
    std::fs::remove_file(folder.path("offers.csv")).unwrap();
    export_in(&folder).output("links.csv").args(&["--retry-failed=all"]).on(&network).run().expect(3);
}

#[test]
fn without_an_output_of_ours_nothing_is_called_and_nothing_changed() {
    let network = network();
    let folder = Folder::new();
    let again = || export_in(&folder).csv(INPUT).args(&["--retry-failed"]).on(&network);
    again().run().expect(2).says(&["links.csv", "--retry-failed"]);
    folder.write("links.csv", "some,other,file\n1,2,3\n");
    let ran = again().run().expect(2).says(&["links.csv", "line 1"]);
    assert_eq!(ran.output.as_deref(), Some("some,other,file\n1,2,3\n"));
    assert!(network.calls().is_empty());
}

#[test]
fn an_interrupted_retry_is_continued() {
    let (network, repaired) = network_with_a_bad_offer();
    let folder = Folder::new();
    let export = |arguments: &[&str]| export_in(&folder).csv(INPUT).on(&network).args(arguments);
    let first = export(&["--retries", "0"]).run().expect(3);
    let refusing = scripted(|_| Some(Reply::Http { status: 401, headers: Vec::new(), body: Vec::new() }));
    let stopped = export_in(&folder).csv(INPUT).on(&refusing).args(&["--retry-failed"]).run().expect(4);
    assert_eq!(stopped.output, first.output, "the output is as it was");
    repaired.store(true, Ordering::Relaxed);
    let undisturbed = export_in(&Folder::new()).csv(INPUT).on(&network).run().expect(3);
    assert_eq!(export(&["--retry-failed", "--resume"]).run().expect(3).output, undisturbed.output);
}

/// The columns of an output where `note` is kept.
fn resave(text: &str, delimiter: u8, change: impl Fn(&mut Vec<String>)) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    for mut record in records(text) {
        change(&mut record);
        writer.write_record(&record).unwrap();
    }
    writer.into_inner().unwrap()
}

/// How an output is saved, and by what it is known.
type Saved<'a> = (&'a str, Box<dyn Fn(&str) -> Vec<u8> + 'a>);

#[test]
fn an_output_that_a_spreadsheet_has_saved_is_taken_and_written_as_ours() {
    let (network, repaired) = network_with_a_bad_offer();
    let utf_16 = |text: &[u8]| -> Vec<u8> {
        let text = format!("\u{feff}{}", String::from_utf8(text.to_vec()).unwrap());
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    let cases: [Saved<'_>; 6] = [
        ("semicolons", Box::new(|text| resave(text, b';', |_| ()))),
        (
            "BOM, CRLF",
            Box::new(|text| {
                let saved = String::from_utf8(resave(text, b';', |_| ())).unwrap();
                format!("\u{feff}{}", saved.replace('\n', "\r\n")).into_bytes()
            }),
        ),
        ("Unicode text", Box::new(|text| utf_16(&resave(text, b'\t', |_| ())))),
        ("moved", Box::new(|text| resave(text, b',', |row| row.rotate_right(5)))),
        ("blank lines", Box::new(|text| text.replace("\n20,", "\n\n,,,\n20,").into_bytes())),
        ("an emptied status", Box::new(|text| text.replace(",error,server_error", ",,server_error").into_bytes())),
    ];
    let undisturbed = {
        repaired.store(true, Ordering::Relaxed);
        export_in(&Folder::new()).csv(INPUT).on(&network).run().expect(3).output
    };
    for (name, save) in cases {
        repaired.store(false, Ordering::Relaxed);
        let folder = Folder::new();
        let export = || export_in(&folder).csv(INPUT).on(&network);
        let first = export().args(&["--retries", "0"]).run().expect(3).output.unwrap();
        folder.write("links.csv", save(&first));
        repaired.store(true, Ordering::Relaxed);
        let before = called(&network).len();
        let again = export().args(&["--retry-failed"]).run().expect(3);
        assert_eq!(called(&network)[before..], ["2"], "{name}");
        assert_eq!(again.output, undisturbed, "{name}");
        again.says(&["was saved by another program", "written as offerlinks writes it"]);
    }
}

#[test]
fn an_unreadable_output_is_refused_with_what_differs_and_nothing_is_called() {
    let (network, _) = network_with_a_bad_offer();
    let folder = Folder::new();
    let export = || export_in(&folder).csv(INPUT).on(&network);
    let first = export().args(&["--retries", "0"]).run().expect(3).output.unwrap();
    let before = network.calls().len();
    let without = |at: usize| resave(&first, b';', |row| drop(row.remove(at)));
    for (saved, words) in [
        (without(6), "links.csv line 1: the column url is missing"),
        (first.replace(",ok,", ",fine,").into_bytes(), "line 2: the status is \"fine\", neither ok nor error"),
        (first.replace(",error,server_error", ",,").into_bytes(), "the status is empty"),
    ] {
        folder.write("links.csv", &saved);
        let ran = export().args(&["--retry-failed"]).run().expect(2).says(&[words, "without --retry-failed"]);
        assert!(!ran.stderr.contains("Some("), "{}", ran.stderr);
        assert_eq!(std::fs::read(folder.path("links.csv")).unwrap(), saved);
    }
    assert_eq!(network.calls().len(), before);
}

#[test]
fn an_output_named_as_the_input_and_a_missing_one_are_refused_with_what_to_do() {
    let network = network();
    let folder = Folder::new();
    export_in(&folder).csv(INPUT).output("m.csv").on(&network).run().expect(3);
    let before = network.calls().len();
    let retry = |arguments: &[&str]| export_in(&folder).args(&["--retry-failed"]).args(arguments).on(&network).run();
    retry(&["m.csv"]).expect(2).says(&["name it with -o m.csv"]);
    retry(&["offers.csv"]).expect(2).says(&["there is no output/tracking_links.csv", "with -o"]);
    retry(&["offers.csv", "-o", "none.csv"]).expect(2).says(&["there is no none.csv"]);
    assert_eq!(network.calls().len(), before);
}

#[test]
fn a_retry_without_failed_rows_says_so_and_makes_no_call() {
    let network = network();
    let folder = Folder::new();
    let first = export_in(&folder).csv("offer_id\n1\n3\n").on(&network).run().expect(0);
    let retry = || export_in(&folder).csv("offer_id\n1\n3\n").on(&network);
    let again = retry().args(&["--retry-failed"]).run().expect(0).says(&["nothing had failed in links.csv: 2 offers"]);
    assert_eq!((again.output, called(&network).len()), (first.output, 2));
    retry().csv(INPUT).run().expect(3);
    retry().args(&["--retry-failed"]).run().expect(3).says(&["in a way that may pass", "--retry-failed=all"]);
}

#[test]
fn the_append_of_the_first_run_is_reused_or_must_be_given() {
    let (network, repaired) = network_with_a_bad_offer();
    let append = ["--append", "aff_sub1={clickid}&s={row.note}"];
    let first_run = |arguments: &[&str]| {
        let folder = Folder::new();
        repaired.store(false, Ordering::Relaxed);
        export_in(&folder).csv(INPUT).on(&network).args(&["--retries", "0"]).args(arguments).run().expect(3);
        repaired.store(true, Ordering::Relaxed);
        folder
    };
    let retry = |folder: &Folder, arguments: &[&str]| {
        export_in(folder).output("links.csv").args(&["--retry-failed"]).args(arguments).on(&network).run()
    };
    repaired.store(true, Ordering::Relaxed);
    let undisturbed = export_in(&Folder::new()).csv(INPUT).args(&append).on(&network).run().expect(3).output;

    // Remembered.
    let folder = first_run(&append);
    retry(&folder, &["--append", "s=1"])
        .expect(2)
        .says(&["the first run used --append 'aff_sub1={clickid}&s={row.note}'"]);
    retry(&folder, &["--append", ""]).expect(2).says(&["the first run used --append"]);
    assert_eq!(retry(&folder, &[]).expect(3).output, undisturbed);
    // Asked for, where nobody remembers.
    let folder = first_run(&append);
    std::fs::remove_file(folder.path("links.csv.lock")).unwrap();
    retry(&folder, &[]).expect(2).says(&["seems to have used --append", "aff_sub1={clickid}"]);
    retry(&folder, &["--append", "other={row.note}"]).expect(2).says(&["did not use --append"]);
    assert_eq!(retry(&folder, &append).expect(3).output, undisturbed);
    // And where there was none.
    let folder = first_run(&[]);
    retry(&folder, &append).expect(2).says(&["the first run used no --append"]);
    std::fs::remove_file(folder.path("links.csv.lock")).unwrap();
    retry(&folder, &append).expect(2).says(&["did not use --append"]);
    retry(&folder, &[]).expect(3);
}

#[test]
fn a_doubtful_append_is_used_with_a_warning() {
    let network = network();
    let run = |append: &str, quiet: &[&str]| -> String {
        let folder = Folder::new();
        let run = export_in(&folder).csv("offer_id,campaign\n1,a\n3,b\n").args(&["--append", append]).args(quiet);
        run.on(&network).run().expect(0).stderr
    };
    for (append, words) in [
        ("s={campaign}", "write {row.campaign}"),
        ("s={Row.campaign}", "write {row.campaign}"),
        ("aff_sub1={clickid", "a brace is left open"),
        ("aff_sub1=", "aff_sub1= has no value"),
        ("=x", "has no name"),
        ("a=1&a=2", "a is in it twice"),
        ("offer_id=9", "--append adds offer_id to links that have it already, first in offer 1"),
    ] {
        let stderr = run(append, &[]);
        assert_eq!(stderr.matches(words).count(), 1, "{append}: {stderr}");
    }
    // A crontab that cut the command at a %.
    assert!(run("aff_sub1=", &["-q"]).contains("\\%"));
    assert!(!run("aff_sub1={clickid}&s={row.campaign}", &[]).contains("--append"));
}
