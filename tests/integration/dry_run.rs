//! `--dry-run`: its output, and that it leaves no trace.

use serde_json::Value;

use crate::support::{command_in, contents, folder_with, json};

#[test]
fn a_dry_run_reports_everything_without_a_call_an_account_or_a_trace() {
    let invalid = (0..12).map(|n| format!("x{n}")).collect::<Vec<_>>().join("\n");
    let folder = folder_with(&format!("offer_id\n16\n7\n16.0\n{invalid}\n007\n"));
    let before = contents(folder.root());
    let arguments = ["export", "offers.csv", "--dry-run", "-o", "output/links.csv", "--report", "r.json"];
    let output = command_in(&folder, &arguments).run();
    assert_eq!(output.code, 0, "{}", output.stderr);
    let text = output.stdout;
    for part in [
        "offers.csv: 16 rows\n",
        "3 distinct; 1 row names one of them again\n",
        "12 rows: error rows without calls\n",
        "line 5: \"x0\": an ID is made of digits only\n",
        "line 14: \"x9\"",
        "and 2 more\n",
        "calls        3, ",
        "606 ms at least: the limit of 50/10s",
        "OFFERSLOOK_EMAIL",
        "output/links.csv (new)",
        "r.json (new)",
        "none to resume",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(!text.contains("line 15"), "{text}");
    assert_eq!(contents(folder.root()), before);

    let output = command_in(&folder, &[&arguments[..], &["--log-format", "json"]].concat()).run();
    let plan: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!((&plan["calls"], &plan["invalid"]), (&3.into(), &12.into()), "{plan}");
}

#[test]
fn a_dry_run_finds_what_would_keep_a_run_from_starting() {
    let folder = folder_with("name,colour\nx,red\n");
    std::fs::write(folder.root().join("ids.csv"), "id,name\n1,x\n").unwrap();
    for arguments in [
        &["offers.csv"][..],
        &["missing.csv"],
        &["ids.csv", "-o", "."],
        &["ids.csv", "--retry-failed"],
        &["ids.csv", "--append", "a={row.gone}"],
    ] {
        let output = command_in(&folder, &[&["export", "--dry-run"], arguments].concat()).run();
        assert_eq!(output.code, 2, "{arguments:?}: {}", output.stderr);
        assert_eq!(output.stdout, "");
    }
}

#[test]
fn a_dry_run_reports_what_would_be_resumed_and_touches_nothing() {
    let offers = (1..100).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
    let folder = folder_with(&format!("id\n{offers}"));
    let job = ["export", "offers.csv", "--sandbox", "-o", "links.csv"];
    let run = |more: &[&str]| command_in(&folder, &[&job[..], more].concat()).run();
    let stopped = run(&["--max-duration", "2s", "--report", "r.json"]);
    assert_eq!(stopped.code, 5, "{}", stopped.stderr);
    let done = json(&folder.root().join("r.json"))["offers"]["done"].as_u64().unwrap();
    assert!(done > 0);

    let before = contents(folder.root());
    let fresh = run(&["--dry-run", "--restart"]).stdout;
    assert!(fresh.contains("starting over (--restart)") && fresh.contains("links.csv.partial.old ("), "{fresh}");
    assert!(fresh.contains("offers.csv: 99 rows\n"), "{fresh}");
    for flag in [&["--dry-run"][..], &["--dry-run", "--resume"]] {
        let resumed = run(flag).stdout;
        assert!(
            resumed.contains("resuming an interrupted run") && resumed.contains(&format!("{done} offers done")),
            "{resumed}"
        );
        assert!(resumed.contains(&format!("{} rows to do, after {done} that are done", 99 - done)), "{resumed}");
    }
    let other = run(&["--dry-run", "--resume", "--append", "x=y"]).stdout;
    assert!(other.contains("cannot be continued: it was another job: --append differs"), "{other}");
    assert_eq!(contents(folder.root()), before);
}
