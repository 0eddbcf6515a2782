//! Which interrupted runs the same command resumes, and what becomes of the others.

use std::fs;

use jiff::{Span, Timestamp};

use crate::support::{Folder, Run, command_in_folder, fixture};

/// What was typed when the run of the fixtures was interrupted, after 17 of 41 offers.
const TYPED: [&str; 4] = ["export", "--sandbox", "--append", "aff_sub1={clickid}&s={row.campaign}"];
const DONE: &str = "17 offers done";

/// A folder in which that run was interrupted.
fn interrupted(checkpoint: &str) -> Folder {
    let folder = Folder::new();
    for name in ["offers.csv", "links.csv.partial"] {
        folder.write(name, fixture(&format!("interrupted/{name}")));
    }
    folder.write("links.csv.checkpoint", checkpoint);
    folder
}

/// The checkpoint of this version, saved `hours` ago; in the future where that is negative.
fn saved(hours: i64) -> String {
    let text = fixture("interrupted/format-2.checkpoint");
    let (body, _) = text.strip_prefix("{\"checkpoint\":").unwrap().rsplit_once(",\"crc32\":\"").unwrap();
    let (before, rest) = body.split_once("\"saved_at\":\"").unwrap();
    let (_, after) = rest.split_once('"').unwrap();
    let at = Timestamp::now() - Span::new().hours(hours);
    let body = format!("{before}\"saved_at\":\"{at}\"{after}");
    format!("{{\"checkpoint\":{body},\"crc32\":\"{:08x}\"}}\n", crc32fast::hash(body.as_bytes()))
}

fn typed(folder: &Folder) -> Run {
    command_in_folder(folder, &TYPED).input("offers.csv").args(&["--rate", "none"])
}

/// What a dry run says would become of the interrupted run.
fn verdict(run: Run) -> String {
    let plan = run.args(&["--dry-run"]).run().expect(0).stdout;
    plan.lines().find_map(|line| line.trim_start().strip_prefix("earlier run  ")).unwrap().to_owned()
}

/// The bytes of a run that nothing has disturbed.
fn whole() -> String {
    let folder = Folder::new();
    folder.write("offers.csv", fixture("interrupted/offers.csv"));
    typed(&folder).run().expect(3).output.unwrap()
}

#[test]
fn runs_that_earlier_versions_left_are_continued_to_the_same_bytes() {
    let whole = whole();
    for format in ["format-1", "format-2"] {
        let folder = interrupted(&fixture(&format!("interrupted/{format}.checkpoint")));
        let ran = typed(&folder).args(&["--resume", "--report", "r.json"]).run().expect(3);
        assert_eq!(ran.output.unwrap(), whole, "{format}");
        let report: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(folder.path("r.json")).unwrap()).unwrap();
        assert_eq!(
            (&report["offers"]["continued_from"], &report["calls"]["total"]),
            (&17.into(), &23.into()),
            "{format}"
        );
        assert_eq!(folder.names(), ["links.csv", "links.csv.lock", "offers.csv", "r.json"]);
    }
}

#[test]
fn a_run_of_the_first_format_differs_from_another_job() {
    for (flags, what) in
        [(&["--column", "1"][..], "--column differs: None then"), (&["--keep", "none"], "--keep differs")]
    {
        let folder = interrupted(&fixture("interrupted/format-1.checkpoint"));
        let verdict = verdict(typed(&folder).args(flags).args(&["--resume"]));
        assert!(verdict.contains("another job") && verdict.contains(what), "{verdict}");
    }
}

#[test]
fn flags_that_come_to_the_same_are_the_same_job_and_others_are_named() {
    let folder = interrupted(&saved(1));
    let with = |flags: &[&str]| verdict(typed(&folder).args(flags));
    for flags in [
        &[][..],
        &["--column", "offer_id"],
        &["--column", "OFFER_ID"],
        &["--column", "1"],
        &["-d", ","],
        &["--keep", "campaign"],
        &["--keep", "Campaign"],
        &["--format", "csv"],
        &["-j", "3", "--retries", "1", "--max-errors", "5%", "--timeout", "7s", "-v"],
    ] {
        let verdict = with(flags);
        assert!(verdict.starts_with("resuming ") && verdict.contains(DONE), "{flags:?}: {verdict}");
    }
    for (flags, what) in [
        (&["--keep", "none"][..], "kept columns (--keep) differs: \"campaign\" then, none now"),
        (&["--excel"], "the format differs: CSV then, CSV for spreadsheets (--excel) now"),
        (&["--format", "jsonl"], "the format differs: CSV then, JSON lines now"),
    ] {
        let verdict = with(flags);
        assert!(verdict.starts_with("starting over") && verdict.contains(what), "{flags:?}: {verdict}");
    }
    let other = command_in_folder(&folder, &["export", "--append", "aff_sub1={clickid}"]).input("offers.csv");
    let verdict =
        verdict(other.args(&["--email", "me@example.com"]).env("OFFERSLOOK_BASE_URL", "http://127.0.0.1:9").account());
    for what in [
        "the network differs: sandbox then, http://127.0.0.1:9/ now",
        "the e-mail differs: ",
        "--append differs: \"aff_sub1={clickid}&s={row.campaign}\" then, \"aff_sub1={clickid}\" now",
    ] {
        assert!(verdict.contains(what), "{what}: {verdict}");
    }
}

#[test]
fn a_run_is_continued_unasked_while_it_is_younger_than_a_day_and_older_ones_are_set_aside() {
    let whole = whole();
    // Hours, flags, whether it resumes, the message, whether -q shows it.
    for (hours, flag, goes_on, words, loud) in [
        (1, None, true, "last saved 1h 00m ago; --restart starts over", false),
        (23, None, true, "last saved 23h 00m ago", true),
        (25, None, false, "was last saved 1d 1h ago", true),
        (25, Some("--resume"), true, "last saved 1d 1h ago", true),
        (1, Some("--restart"), false, "starting over (--restart)", false),
        (24 * 400, Some("--resume"), true, "last saved 400d 0h ago", true),
        // A clock that was wrong by an hour, and one that was wrong by a year.
        (-1, None, true, "clock was 59m", true),
        (-24 * 365, None, false, "clock was 364d 23h ahead", true),
        (-24 * 365, Some("--resume"), true, "clock was 364d 23h ahead", true),
    ] {
        let folder = interrupted(&saved(hours));
        let kept = fs::read(folder.path("links.csv.partial")).unwrap();
        let run = || typed(&folder).args(flag.as_slice());
        let case = format!("{hours} {flag:?}");
        let planned = verdict(run());
        assert!(planned.contains(words) && planned.starts_with("resuming") == goes_on, "{case}: {planned}");
        let ran = run().args(&["-q"]).run().expect(3);
        assert_eq!(ran.stderr.contains(words), loud, "{case}: {}", ran.stderr);
        assert_eq!(ran.output.as_deref(), Some(whole.as_str()), "{case}");
        if goes_on {
            assert_eq!(folder.names(), ["links.csv", "links.csv.lock", "offers.csv"], "{case}");
        } else {
            assert_eq!(fs::read(folder.path("links.csv.partial.old")).unwrap(), kept, "{case}");
            assert!(folder.path("links.csv.checkpoint.old").exists(), "{case}");
            assert!(
                !loud || ran.stderr.contains("set aside as links.csv.partial.old and links.csv.checkpoint.old"),
                "{case}: {}",
                ran.stderr
            );
        }
    }
}

#[test]
fn a_run_that_was_set_aside_can_be_resumed_as_the_message_says() {
    let folder = interrupted(&saved(48));
    let ran = typed(&folder).run().expect(3).says(&["rename them back and use --resume"]);
    for name in ["partial", "checkpoint"] {
        fs::rename(folder.path(&format!("links.csv.{name}.old")), folder.path(&format!("links.csv.{name}"))).unwrap();
    }
    let resumed = typed(&folder).args(&["--resume"]).run().expect(3).says(&["resuming an interrupted run", DONE]);
    assert_eq!(resumed.output, ran.output);
}

#[test]
fn a_checkpoint_without_a_time_is_as_old_as_its_file() {
    for (hours, goes_on) in [(1, true), (30, false)] {
        let folder = interrupted(&fixture("interrupted/format-1.checkpoint"));
        let file = fs::OpenOptions::new().write(true).open(folder.path("links.csv.checkpoint")).unwrap();
        file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(hours * 3600)).unwrap();
        let verdict = verdict(typed(&folder));
        assert_eq!(verdict.starts_with("resuming"), goes_on, "{verdict}");
    }
}
