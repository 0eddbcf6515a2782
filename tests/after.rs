//! What a run tells before it starts and after it has ended: dry run, report, metrics, completions, manual pages.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]
#![allow(clippy::float_cmp, reason = "numbers are read back as they were written")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn offerlinks(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offerlinks"));
    for name in ["NETWORK", "BASE_URL", "EMAIL", "API_KEY", "API_KEY_FILE"] {
        command.env_remove(format!("OFFERSLOOK_{name}"));
    }
    command.current_dir(folder).args(arguments).output().unwrap()
}

fn folder(offers: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("offers.csv"), offers).unwrap();
    folder
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Names and contents of everything in a folder.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_name().unwrap().display().to_string(), std::fs::read(&path).unwrap_or_default()))
        .collect()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_dry_run_tells_all_without_a_call_an_account_or_a_trace() {
    let invalid = (0..12).map(|n| format!("x{n}")).collect::<Vec<_>>().join("\n");
    let folder = folder(&format!("offer_id\n16\n7\n16.0\n{invalid}\n007\n"));
    let before = contents(folder.path());
    let arguments = ["export", "offers.csv", "--dry-run", "-o", "output/links.csv", "--report", "r.json"];
    let output = offerlinks(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
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
        "none to go on with",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(!text.contains("line 15"), "{text}");
    assert_eq!(contents(folder.path()), before);

    let output = offerlinks(folder.path(), &[&arguments[..], &["--log-format", "json"]].concat());
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&plan["calls"], &plan["invalid"]), (&3.into(), &12.into()), "{plan}");
}

#[test]
fn a_dry_run_finds_what_would_keep_a_run_from_starting() {
    let folder = folder("name,colour\nx,red\n");
    std::fs::write(folder.path().join("ids.csv"), "id,name\n1,x\n").unwrap();
    for arguments in [
        &["offers.csv"][..],
        &["missing.csv"],
        &["ids.csv", "-o", "."],
        &["ids.csv", "--retry-failed"],
        &["ids.csv", "--append", "a={row.gone}"],
    ] {
        let output = offerlinks(folder.path(), &[&["export", "--dry-run"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn a_dry_run_tells_what_would_be_continued_and_touches_none_of_it() {
    let offers = (1..100).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
    let folder = folder(&format!("id\n{offers}"));
    let job = ["export", "offers.csv", "--sandbox", "-o", "links.csv"];
    let run = |more: &[&str]| offerlinks(folder.path(), &[&job[..], more].concat());
    let stopped = run(&["--max-duration", "2s", "--report", "r.json"]);
    assert_eq!(stopped.status.code(), Some(5), "{}", stderr(&stopped));
    let done = json(&folder.path().join("r.json"))["offers"]["done"].as_u64().unwrap();
    assert!(done > 0);

    let before = contents(folder.path());
    let fresh = stdout(&run(&["--dry-run", "--restart"]));
    assert!(fresh.contains("starting over (--restart)") && fresh.contains("links.csv.partial.old ("), "{fresh}");
    assert!(fresh.contains("offers.csv: 99 rows\n"), "{fresh}");
    for flag in [&["--dry-run"][..], &["--dry-run", "--resume"]] {
        let resumed = stdout(&run(flag));
        assert!(resumed.contains("going on with") && resumed.contains(&format!("{done} offers done")), "{resumed}");
        assert!(resumed.contains(&format!("{} rows to do, after {done} that are done", 99 - done)), "{resumed}");
    }
    let other = stdout(&run(&["--dry-run", "--resume", "--append", "x=y"]));
    assert!(other.contains("cannot be continued: it was another job: --append differs"), "{other}");
    assert_eq!(contents(folder.path()), before);
}

#[test]
fn every_ending_leaves_a_report_that_fits_its_schema() {
    let schema = json(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json"));
    let folder = folder("id\n16\nx\n");
    let sandbox = &["--sandbox", "--rate", "none"][..];
    for (arguments, code, ending) in [
        (&[][..], 3, "complete"),
        (&["--max-errors", "0"], 5, "too_many_errors"),
        (&["--append", "a={row.gone}"], 2, "failed"),
    ] {
        let all = [&["export", "offers.csv", "-o", "links.csv", "--report", "r.json"], sandbox, arguments].concat();
        let output = offerlinks(folder.path(), &all);
        let report = json(&folder.path().join("r.json"));
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert_eq!((&report["exit"]["code"], &report["ending"]), (&code.into(), &ending.into()), "{report}");
        assert_eq!(report["why"].is_null(), ending == "complete", "{report}");
        validate(&schema, &report, "report");
    }
    let no_account = offerlinks(folder.path(), &["export", "offers.csv", "--report", "r.json"]);
    assert_eq!(no_account.status.code(), Some(2));
    let report = json(&folder.path().join("r.json"));
    validate(&schema, &report, "report");
    assert_eq!((&report["input"], &report["host"]), (&"offers.csv".into(), &Value::Null), "{report}");
    assert!(contents(folder.path()).keys().all(|name| !name.contains(".tmp")));
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
    let folder = folder("id\n16\n16\n400\nx\n");
    let output = "a \\\"b.csv";
    let job = ["export", "offers.csv", "--sandbox", "--rate", "none", "-o", output, "--metrics", "x.prom"];
    let run = |more: &[&str]| {
        let ended = offerlinks(folder.path(), &[&job[..], more].concat());
        let text = std::fs::read_to_string(folder.path().join("x.prom")).unwrap();
        (ended.status.code().unwrap(), parse_metrics(&text))
    };
    let value = |metrics: &BTreeMap<String, f64>, name: &str, label: &str| {
        let place = std::path::absolute(folder.path().join("a ")).unwrap().display().to_string();
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

/// Where the quote stands that ends a label's value, in which only `\\`, `\"` and `\n` are escapes.
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
fn a_report_that_cannot_be_written_is_told_and_changes_nothing() {
    let folder = folder("id\n16\n");
    let job = ["export", "offers.csv", "--sandbox", "-o", "links.csv", "-q"];
    let good = offerlinks(folder.path(), &job);
    assert_eq!((good.status.code(), stdout(&good), stderr(&good)), (Some(0), String::new(), String::new()));
    for (report, metrics) in [(".", ".."), ("-", "..")] {
        let output = offerlinks(folder.path(), &[&job[..], &["--report", report, "--metrics", metrics]].concat());
        let text = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), ""), "{text}");
        assert!(text.contains("cannot write the report to") && text.contains("cannot write the metrics to"), "{text}");
    }
}

#[test]
fn a_report_below_a_file_is_refused_before_the_first_call() {
    let folder = folder("id\n16\n");
    let job = ["export", "offers.csv", "--sandbox", "-o", "links.csv"];
    for flag in ["--report", "--metrics"] {
        let output = offerlinks(folder.path(), &[&job[..], &[flag, "offers.csv/x"]].concat());
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(flag) && text.contains("there is no folder offers.csv"), "{text}");
        assert!(!folder.path().join("links.csv").exists(), "{text}");
    }
}

#[test]
fn a_report_never_takes_the_place_of_the_input_or_the_output() {
    let folder = folder("id\n16\n");
    std::fs::write(folder.path().join("links.csv"), "old").unwrap();
    for (file, content) in [("offers.csv", "id\n16\n"), ("links.csv", "old")] {
        for flag in ["--report", "--metrics"] {
            let job = ["export", "offers.csv", "--sandbox", "-o", "links.csv", flag, file];
            let output = offerlinks(folder.path(), &job);
            assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
            assert_eq!(std::fs::read_to_string(folder.path().join(file)).unwrap(), content);
        }
    }
}

#[test]
fn help_that_nobody_sees_has_no_colour() {
    let folder = folder("");
    for arguments in [&["--help"][..], &["export", "-h"], &["export", "--nonsense"]] {
        let output = offerlinks(folder.path(), arguments);
        let text = stdout(&output) + &stderr(&output);
        assert!(text.contains("Usage: ") && !text.contains('\u{1b}'), "{text}");
    }
}

#[test]
fn completions_load_in_the_shells_that_are_here() {
    let folder = folder("");
    let path = Path::new(env!("CARGO_BIN_EXE_offerlinks")).parent().unwrap();
    let path = format!("{}:{}", path.display(), std::env::var("PATH").unwrap_or_default());
    let bash = "source <(offerlinks completions bash) && COMP_WORDS=(offerlinks export --res) COMP_CWORD=2 && \
                _offerlinks offerlinks --res export && echo \"${COMPREPLY[@]}\"";
    let fish = "offerlinks completions fish | source; complete -C 'offerlinks export --res' | cut -f1";
    let zsh = "autoload -U compinit && compinit -D && source <(offerlinks completions zsh) && \
               whence -w _offerlinks >/dev/null && echo --resume";
    for (shell, script) in [("bash", bash), ("fish", fish), ("zsh", zsh)] {
        let mut command = Command::new(shell);
        let Ok(output) = command.args(["-c", script]).env("PATH", &path).env("HOME", folder.path()).output() else {
            eprintln!("{shell} is not installed: skipped");
            continue;
        };
        let text = stdout(&output);
        assert!(output.status.success() && stderr(&output).is_empty(), "{shell}: {text}{}", stderr(&output));
        assert!(text.split_whitespace().any(|word| word == "--resume"), "{shell}: {text}");
    }
    for shell in ["powershell", "elvish"] {
        let output = offerlinks(folder.path(), &["completions", shell]);
        assert!(output.status.success() && stdout(&output).contains("retry-failed"), "{shell}");
    }
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let folder = folder("");
    let main = stdout(&offerlinks(folder.path(), &["man"]));
    assert!(main.contains(".TH offerlinks 1 \"\" \"offerlinks ") && main.contains("offerlinks\\-export(1)"), "{main}");
    let export = stdout(&offerlinks(folder.path(), &["man", "export"]));
    assert!(export.contains("retry\\-failed") && export.contains("143"), "{export}");
    // Also of the flags that the short help leaves out.
    assert!(export.contains("Largest answer that is read") && export.contains(".SH EXIT STATUS"), "{export}");
    let wrong = offerlinks(folder.path(), &["man", "nonsense"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("the commands are: export, "), "{}", stderr(&wrong));

    assert!(offerlinks(folder.path(), &["man", "--dir", "pages"]).status.success());
    let pages = contents(&folder.path().join("pages"));
    let names: Vec<_> = pages.keys().map(String::as_str).collect();
    assert!(names.contains(&"offerlinks.1") && names.contains(&"offerlinks-export.1"), "{names:?}");
    assert!(!names.iter().any(|name| name.contains("help")), "{names:?}");
}
