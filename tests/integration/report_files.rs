//! `--report` and `--metrics`: what is in them, and what they must never do to other files.
#![allow(clippy::float_cmp, reason = "numbers are read back as they were written")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::support::{Folder, KEY, command_in, contents, export, export_in, folder_with, json, network};

#[test]
fn every_ending_leaves_a_report_that_fits_its_schema() {
    let schema = json(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json"));
    let folder = folder_with("id\n16\nx\n");
    let sandbox = &["--sandbox", "--rate", "none"][..];
    for (arguments, code, ending) in [
        (&[][..], 3, "complete"),
        (&["--max-errors", "0"], 5, "too_many_errors"),
        (&["--append", "a={row.gone}"], 2, "failed"),
    ] {
        let all = [&["export", "offers.csv", "-o", "links.csv", "--report", "r.json"], sandbox, arguments].concat();
        let output = command_in(&folder, &all).run();
        let report = json(&folder.root().join("r.json"));
        assert_eq!(output.code, code, "{}", output.stderr);
        assert_eq!((&report["exit"]["code"], &report["ending"]), (&code.into(), &ending.into()), "{report}");
        assert_eq!(report["why"].is_null(), ending == "complete", "{report}");
        validate(&schema, &report, "report");
    }
    let no_account = command_in(&folder, &["export", "offers.csv", "--report", "r.json"]).run();
    assert_eq!(no_account.code, 2);
    let report = json(&folder.root().join("r.json"));
    validate(&schema, &report, "report");
    assert_eq!((&report["input"], &report["host"]), (&"offers.csv".into(), &Value::Null), "{report}");
    assert!(contents(folder.root()).keys().all(|name| !name.contains(".tmp")));
}

/// The part of JSON Schema that ours uses; anything else in it fails.
fn validate(schema: &Value, value: &Value, at: &str) {
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "title" | "description" => {}
            "const" => assert_eq!(value, rule, "{at}"),
            "enum" => assert!(rule.as_array().unwrap().contains(value), "{at}: {value}"),
            "type" => {
                let types: Vec<_> = rule.as_array().map_or_else(|| vec![rule], |types| types.iter().collect());
                assert!(types.iter().any(|name| is_of_type(value, name.as_str().unwrap())), "{at}: {value}");
            }
            "minimum" => assert!(value.as_f64().is_none_or(|n| n >= rule.as_f64().unwrap()), "{at}: {value}"),
            "maxItems" => {
                assert!(value.as_array().is_none_or(|all| all.len() as u64 <= rule.as_u64().unwrap()), "{at}");
            }
            "items" => value.as_array().into_iter().flatten().for_each(|item| validate(rule, item, &format!("{at}[]"))),
            "required" => {
                for name in rule.as_array().unwrap().iter().filter(|_| value.is_object()) {
                    assert!(value.get(name.as_str().unwrap()).is_some(), "{at}: {name} is missing");
                }
            }
            "properties" => {
                for (name, schema) in rule.as_object().unwrap() {
                    value.get(name).iter().for_each(|value| validate(schema, value, &format!("{at}.{name}")));
                }
            }
            "additionalProperties" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    if schema["properties"].get(name).is_none() {
                        assert!(rule.is_object(), "{at}: {name} is not in the schema");
                        validate(rule, value, &format!("{at}.{name}"));
                    }
                }
            }
            keyword => panic!("{at}: this test does not know {keyword}"),
        }
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        name => panic!("unknown type {name}"),
    }
}

#[test]
fn metrics_are_as_prometheus_wants_them_and_keep_the_last_success() {
    let folder = folder_with("id\n16\n16\n400\nx\n");
    let output = "a \\\"b.csv";
    let job = ["export", "offers.csv", "--sandbox", "--rate", "none", "-o", output, "--metrics", "x.prom"];
    let run = |more: &[&str]| {
        let ended = command_in(&folder, &[&job[..], more].concat()).run();
        let text = std::fs::read_to_string(folder.root().join("x.prom")).unwrap();
        (ended.code, parse_metrics(&text))
    };
    let value = |metrics: &BTreeMap<String, f64>, name: &str, label: &str| {
        let place = std::path::absolute(folder.root().join("a ")).unwrap().display().to_string();
        let series = format!("offerlinks_{name}{{network=\"sandbox\",output=\"{place}\\\\\\\"b.csv\"{label}}}");
        *metrics.get(&series).unwrap_or_else(|| panic!("{series} is not in {metrics:#?}"))
    };
    let (code, never) = run(&["--max-errors", "0"]);
    assert_eq!((code, value(&never, "exit_code", "")), (5, 5.0));
    assert!(value(&never, "last_success_timestamp_seconds", "") == 0.0);
    let (code, good) = run(&["--restart"]);
    assert_eq!((code, value(&good, "exit_code", "")), (3, 3.0));
    assert_eq!(value(&good, "offers", ",result=\"exported\"") + value(&good, "offers", ",result=\"not_found\""), 3.0);
    assert_eq!(value(&good, "offers", ",result=\"invalid_offer_id\""), 1.0);
    assert!(value(&good, "calls", ",status=\"200\"") >= 1.0);
    let succeeded = value(&good, "last_success_timestamp_seconds", "");
    assert!(succeeded > 1_700_000_000.0 && succeeded == value(&good, "last_run_timestamp_seconds", ""));
    let (code, failed) = run(&["--column", "gone"]);
    assert_eq!((code, value(&failed, "exit_code", "")), (2, 2.0));
    assert_eq!(value(&failed, "last_success_timestamp_seconds", ""), succeeded);
    assert!(value(&failed, "last_run_timestamp_seconds", "") > succeeded);
}

/// The text format, strictly: HELP and TYPE before the samples of each metric, all of a metric together, no series
/// twice, names and labels of the allowed characters, values that are numbers.
fn parse_metrics(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'));
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let (mut seen, mut described, mut typed) = (BTreeSet::new(), String::new(), String::new());
    let mut series = BTreeMap::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            assert!(is_name(name) && !help.is_empty() && seen.insert(name.to_owned()), "{line}");
            name.clone_into(&mut described);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            assert_eq!(kind, format!("{described} gauge"), "{line}");
            described.clone_into(&mut typed);
        } else {
            let (name, rest) = line.split_once('{').unwrap();
            assert!(name == typed && is_name(name), "{line}");
            let mut rest = rest;
            loop {
                let (label, after) = rest.split_once("=\"").unwrap();
                assert!(is_name(label), "{line}");
                let end = end_of_value(after).unwrap_or_else(|| panic!("{line}"));
                rest = &after[end + 1..];
                match rest.strip_prefix(',') {
                    Some(more) => rest = more,
                    None => break,
                }
            }
            let value = rest.strip_prefix("} ").unwrap_or_else(|| panic!("{line}"));
            let key = line.strip_suffix(value).unwrap().trim_end().to_owned();
            assert!(series.insert(key, value.parse().unwrap()).is_none(), "{line}");
        }
    }
    series
}

/// The position of the quote that ends a label's value, in which only `\\`, `\"` and `\n` are escapes.
fn end_of_value(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some(at),
            '\\' => assert!(matches!(chars.next(), Some((_, '\\' | '"' | 'n'))), "{text}"),
            _ => {}
        }
    }
    None
}

#[test]
fn a_report_that_cannot_be_written_is_logged_and_changes_nothing() {
    let folder = folder_with("id\n16\n");
    let job = ["export", "offers.csv", "--sandbox", "-o", "links.csv", "-q"];
    let good = command_in(&folder, &job).run();
    assert_eq!((good.code, good.stdout.as_str(), good.stderr.as_str()), (0, "", ""));
    for flag in ["--report", "--metrics"] {
        let output = command_in(&folder, &[&job[..], &[flag, "."]].concat()).run();
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{}", output.stderr);
        assert!(output.stderr.contains(&format!("{flag}: . is a folder")), "{}", output.stderr);
    }
    let text = command_in(&folder, &[&job[..], &["--report", "-"]].concat()).run().expect(0).stderr;
    assert!(text.contains("cannot write the report to"), "{text}");
}

#[test]
fn a_report_below_a_file_is_refused_before_the_first_call() {
    let folder = folder_with("id\n16\n");
    let job = ["export", "offers.csv", "--sandbox", "-o", "links.csv"];
    for flag in ["--report", "--metrics"] {
        let output = command_in(&folder, &[&job[..], &[flag, "offers.csv/x"]].concat()).run();
        let text = output.stderr;
        assert_eq!(output.code, 2, "{text}");
        assert!(text.contains(flag) && text.contains("there is no folder offers.csv"), "{text}");
        assert!(!folder.root().join("links.csv").exists(), "{text}");
    }
}

#[test]
fn a_report_never_takes_the_place_of_the_input_or_the_output() {
    let folder = folder_with("id\n16\n");
    std::fs::write(folder.root().join("links.csv"), "old").unwrap();
    for (file, content) in [("offers.csv", "id\n16\n"), ("links.csv", "old")] {
        for flag in ["--report", "--metrics"] {
            let job = ["export", "offers.csv", "--sandbox", "-o", "links.csv", flag, file];
            let output = command_in(&folder, &job).run();
            assert_eq!(output.code, 2, "{}", output.stderr);
            assert_eq!(std::fs::read_to_string(folder.root().join(file)).unwrap(), content);
        }
    }
}

#[test]
fn jobs_in_folders_of_their_own_have_series_of_their_own() {
    let network = network();
    let texts: Vec<_> = (0..2)
        .map(|_| {
            let ran = export().offers(&["16"]).on(&network).args(&["--metrics", "m.prom"]).run().expect(0);
            let path = std::path::absolute(ran.folder.path("links.csv")).unwrap();
            let text = std::fs::read_to_string(ran.folder.path("m.prom")).unwrap();
            let host = network.base_url().replace("http://", "");
            let label = format!("{{network=\"{host}\",output=\"{}\"", path.display());
            let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
            assert!(samples.len() > 20 && samples.iter().all(|line| line.contains(&label)), "{text}");
            samples
        })
        .collect();
    let names = |n: usize| texts[n].iter().map(|line| line.rsplit_once(' ').unwrap().0).collect::<Vec<_>>();
    assert!(names(0).iter().all(|name| !names(1).contains(name)));
}

#[test]
fn a_run_that_fails_before_it_calls_keeps_the_time_of_the_last_success() {
    let network = network();
    let folder = Folder::new();
    let run = || export_in(&folder).offers(&["16"]).args(&["--metrics", "m.prom"]);
    let success = || {
        let text = std::fs::read_to_string(folder.path("m.prom")).unwrap();
        let line = text.lines().find(|line| line.starts_with("offerlinks_last_success_timestamp_seconds{")).unwrap();
        line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()
    };
    run().on(&network).run().expect(0);
    let at = success();
    assert!(at > 1_700_000_000.0);
    run().run().expect(2);
    assert!((success() - at).abs() < 0.001);
}

#[cfg(target_os = "linux")]
#[test]
fn reports_and_metrics_are_added_to_a_log_and_no_pipe_keeps_a_run() {
    use std::process::{Command, Stdio};
    let network = network();
    let folder = Folder::new();
    folder.write("offers.csv", "offer_id\n16\n");
    let start = |more: &[&str], out: Stdio, err: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_offerlinks"));
        command.args(["export", "offers.csv", "-o", "links.csv", "-q", "--rate", "none", "--restart"]).args(more);
        command.current_dir(folder.root()).env_clear().env("OFFERSLOOK_BASE_URL", network.base_url());
        command.env("OFFERSLOOK_EMAIL", offerlinks::sandbox::EMAIL).env("OFFERSLOOK_API_KEY", KEY);
        command.stdin(Stdio::null()).stdout(out).stderr(err).status().unwrap()
    };
    for flag in ["--report", "--metrics"] {
        for (name, log) in [("/dev/stdout", 1), ("/dev/stderr", 2), ("/dev/fd/1", 1), ("/proc/self/fd/2", 2)] {
            let old = "an old line of the log\n".repeat(100);
            folder.write("cron.log", &old);
            let file = std::fs::OpenOptions::new().append(true).open(folder.path("cron.log")).unwrap();
            let (out, err) = if log == 1 { (file.into(), Stdio::null()) } else { (Stdio::null(), file.into()) };
            assert!(start(&[flag, name], out, err).success());
            let text = std::fs::read_to_string(folder.path("cron.log")).unwrap();
            let added = text.strip_prefix(&old).unwrap_or_else(|| panic!("{flag} {name}: {text}"));
            assert!(added.contains(if flag == "--report" { "\"schema\"" } else { "# HELP" }), "{added}");
        }
        assert!(Command::new("mkfifo").arg(folder.path("pipe")).status().unwrap().success());
        let begun = std::time::Instant::now();
        assert!(start(&[flag, "pipe"], Stdio::null(), Stdio::null()).success());
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
        std::fs::remove_file(folder.path("pipe")).unwrap();
    }
}
