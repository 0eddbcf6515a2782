//! What terminals, logs and other programs see of a run: nothing that they would obey, and never the key.

use offerlinks::sandbox::{Reply, Sandbox};

use crate::hostile::{Hostile, Step, json};
use crate::support::{
    Folder, HEADER, KEY, called, command, command_in, export, export_in, network, network_with, reply, scripted, until,
};

/// What a terminal obeys, or what lets a text look like another one.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

const EVIL: &str = "no\u{1b}[2J\u{1b}]0;t\u{7}\r\nexported 12 of 12 offers\n\u{9b}31m\u{202e}x\u{200e}\u{2066}\u{2028}y\u{200b}\u{feff}\u{61c}";

fn evil_network() -> Sandbox {
    scripted(|asked| {
        let body = |code: u32| serde_json::json!({ "code": code, "message": EVIL }).to_string();
        match asked.offer {
            Some("1") => Some(reply(400, body(31))),
            Some("2") => Some(reply(404, body(30))),
            Some("3") => Some(reply(400, format!("<html><title>{EVIL}</title>"))),
            Some("4") if asked.nth < 3 => Some(reply(500, EVIL)),
            Some("5") => Some(reply(200, format!("{{\"code\":0,\"data\":{EVIL}"))),
            Some("6") if asked.nth < 2 => {
                let headers = vec![("Retry-After".to_owned(), "\u{9b}31m".to_owned())];
                Some(Reply::Http { status: 503, headers, body: EVIL.into() })
            }
            _ => None,
        }
    })
}

#[test]
fn what_the_network_says_begins_no_line_of_a_log_and_moves_no_cursor() {
    for look in [
        &["-v"][..],
        &["-q"],
        &["-v", "--log-format", "json"],
        &["--progress", "always", "--progress-interval", "10ms"],
    ] {
        let network = evil_network();
        let run = export()
            .offers(&["16", "1", "2", "3", "4", "5", "6", "17"])
            .on(&network)
            .args(look)
            .args(&["--retries", "1"]);
        let ran = run.args(&["--report", "report.json"]).run();
        for text in [&ran.stderr, &ran.stdout] {
            assert!(!text.contains(|c| c != '\n' && is_unseen(c)), "{look:?}: {text:?}");
            assert!(!text.lines().any(|line| line.starts_with("exported 12")), "{look:?}: {text}");
        }
        let json = look.contains(&"json");
        for line in ran.stderr.lines() {
            let is_json = serde_json::from_str::<serde_json::Value>(line).is_ok();
            assert!(if json { is_json } else { line.starts_with("  ") || line.starts_with("20") }, "{look:?}: {line}");
        }
        let report = std::fs::read_to_string(ran.folder.path("report.json")).unwrap();
        assert!(!report.contains(|c| c != '\n' && is_unseen(c)), "{report:?}");
    }
}

#[test]
fn names_of_files_and_other_runs_words_are_shown_as_they_are() {
    let network = network();
    let run = export().input("no\u{1b}[2J\nexported 12 of 12.csv").on(&network).run().expect(2);
    assert!(!run.stderr.contains(|c| c != '\n' && is_unseen(c)), "{:?}", run.stderr);
    assert_eq!(run.stderr.lines().filter(|line| line.starts_with("exported")).count(), 0);
    let body = format!("{{\"format\":9,\"tool\":{}}}", serde_json::to_string(EVIL).unwrap());
    let crc = crc32fast::hash(body.as_bytes());
    for arguments in [&["--resume"][..], &["--resume", "--dry-run"]] {
        let folder = Folder::new();
        folder.write("links.csv.checkpoint", format!("{{\"checkpoint\":{body},\"crc32\":\"{crc:08x}\"}}\n"));
        folder.write("links.csv.partial", HEADER);
        let ran = export_in(&folder).offers(&["16"]).on(&network).args(arguments).run().expect(0);
        let told = [ran.stderr, ran.stdout].concat();
        assert!(!told.contains(|c| c != '\n' && is_unseen(c)), "{told:?}");
        assert!(told.contains("\\u{1b}[2J"), "{told}");
    }
}

#[test]
fn a_key_in_a_link_is_an_error_row_and_written_nowhere() {
    let network = scripted(|asked| {
        let link = |link: String| {
            let data = serde_json::json!({"tracking_link": {"url": link}, "offer_url": []});
            reply(200, serde_json::json!({"code": 0, "data": data}).to_string())
        };
        match asked.offer? {
            "1" => Some(link(format!("https://t.example/?k={KEY}"))),
            "2" => Some(link(format!("https://{}.example/", KEY.to_lowercase()))),
            "3" => Some(link(format!("https://t.example/?a={}", KEY.replace('-', "%2D")))),
            _ => Some(link("https://t.example/".to_owned())),
        }
    });
    for output in ["links.csv", "links.jsonl"] {
        let run = export().offers(&["16", "1", "2", "17"]).on(&network).output(output).args(&["-v"]).run().expect(3);
        let text = run.output.unwrap();
        assert_eq!(text.matches("the answer contains your API key").count(), 2, "{text}");
        assert_eq!(text.matches("https://t.example/").count(), 2, "{text}");
    }
    assert_eq!(called(&network).iter().filter(|offer| *offer == "1").count(), 2, "never asked again");
}

#[test]
fn a_key_in_the_networks_words_is_hidden_however_it_is_spelled() {
    let each = |spell: fn(u8) -> String| KEY.bytes().map(spell).collect::<Vec<_>>();
    let spaced = each(|byte| char::from(byte).to_string()).join(" ");
    let numbers = each(|byte| format!("&#{byte};")).concat();
    let twice = each(|byte| format!("%25{byte:02x}")).concat();
    let hex = each(|byte| format!("{byte:02x}"));
    let words = [KEY.to_lowercase(), KEY.to_uppercase(), spaced, numbers, twice, hex.join(" ")];
    let network = {
        let words = words.clone();
        scripted(move |asked| {
            let n: usize = asked.offer?.parse().ok()?;
            let message = format!("no such thing: {}.", words.get(n)?);
            Some(reply(400, serde_json::json!({"code": 31, "message": message}).to_string()))
        })
    };
    let ids: Vec<_> = (0..words.len()).map(|n| n.to_string()).chain(["16".to_owned()]).collect();
    let ran = export().offers(&ids).on(&network).args(&["-v"]).run().expect(3);
    let output = ran.output.unwrap();
    for word in &words {
        assert!(!output.contains(word) && !ran.stderr.contains(word), "{word}");
    }
    assert_eq!(output.matches("no such thing: [hidden]").count(), words.len(), "{output}");
}

fn json_lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn the_last_line_of_a_json_log_tells_how_it_ended_whatever_happened() {
    let log = ["--log-format", "json"];
    let missing = |asked: &offerlinks::sandbox::Asked<'_>| {
        (asked.offer == Some("404")).then(|| reply(404, r#"{"code":30,"message":"no such offer"}"#))
    };
    let network = scripted(missing);
    let refused = network_with(|options| options.api_key = "another-key".into());
    let good = || export().offers(&["16", "404", "x"]).args(&log);
    for (run, code, ending) in [
        (good().on(&network), 3, "complete"),
        (good().on(&refused), 4, "refused"),
        (good(), 2, "failed"),
        (good().on(&network).args(&["--rate=none", "--no-such-flag"]), 2, "failed"),
        (export().offers(&["16"]).on(&network).args(&["--log-format=json", "--retries", "x"]), 2, "failed"),
        (command(&["list", "--log-format", "json"]).on(&network), 0, "complete"),
        (command(&["list", "--log-format", "json"]).on(&refused), 4, "refused"),
    ] {
        let ran = run.run().expect(code);
        let lines = json_lines(&ran.stderr);
        let last = lines.last().unwrap();
        assert_eq!(
            (&last["event"], &last["exit_code"], &last["ending"]),
            (&"ended".into(), &code.into(), &ending.into()),
            "{last}"
        );
    }
    let ran = good().on(&network).args(&["-v", "--report", "r.json"]).run().expect(3);
    let lines = json_lines(&ran.stderr);
    let call = lines.iter().find(|line| line["event"] == "call_failed").unwrap();
    let fields = ["offer_id", "error_kind", "error_http_status", "error_code", "error_message"]
        .map(|name| call[name].to_string());
    assert_eq!(fields, [r#""404""#, r#""bad_request""#, "404", r#""30""#, r#""no such offer""#]);
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(ran.folder.path("r.json")).unwrap()).unwrap();
    for failed in [&lines.last().unwrap()["failed_offers"], &report["offers"]["first_failed"]] {
        let failed: Vec<_> =
            failed.as_array().unwrap().iter().map(|offer| (&offer["offer_id"], &offer["error_kind"])).collect();
        assert_eq!(failed, [(&"404".into(), &"bad_request".into()), (&"x".into(), &"invalid_offer_id".into())]);
    }
}

#[test]
fn a_check_is_an_object_where_that_is_asked_for() {
    let network = network();
    for (run, code, states) in [
        (command(&["check", "--log-format", "json"]).on(&network), 0, "ok"),
        (
            command(&["check", "--log-format", "json", "--show-reply"])
                .on(&network)
                .env("OFFERSLOOK_API_KEY", "wrong-key"),
            4,
            "ok",
        ),
        (command(&["check", "--log-format", "json"]), 2, "failed"),
    ] {
        let ran = run.run().expect(code);
        let lines = json_lines(&ran.stdout);
        let [checked] = &lines[..] else { panic!("{}", ran.stdout) };
        assert_eq!((&checked["event"], &checked["exit_code"]), (&"checked".into(), &code.into()));
        assert_eq!(checked["settings"]["state"], states, "{checked}");
        let gates = checked["gates"].as_array().unwrap();
        assert_eq!(gates.iter().any(|gate| gate["state"] == "failed"), code == 4, "{checked}");
        assert_eq!(checked["reply"].is_string(), code == 4);
    }
}

#[test]
fn even_the_quiet_hear_which_offers_failed_and_where_all_of_them_are() {
    let ids: Vec<_> = (1..=25).map(|n| n.to_string()).collect();
    let network = scripted(|asked| {
        let n: u32 = asked.offer?.parse().ok()?;
        let good = r#"{"code":0,"data":{"tracking_link":{"url":"https://t.example/"},"offer_url":[]}}"#;
        Some(if n.is_multiple_of(2) {
            reply(200, good)
        } else {
            reply(404, r#"{"code":30,"message":"no such offer"}"#)
        })
    });
    let ran = export().offers(&ids).on(&network).args(&["-q"]).run().expect(3);
    let named = "1 (bad_request), 3 (bad_request), 5 (bad_request), 7 (bad_request), 9 (bad_request), 11 (bad_request), 13 (bad_request), \
        15 (bad_request), 17 (bad_request), 19 (bad_request) and 3 more; all of them have the status error in links.csv";
    assert!(ran.stderr.contains(named), "{}", ran.stderr);
    let ran = export().offers(&["1", "2", "3 "]).on(&network).args(&["-q"]).run().expect(3);
    assert!(ran.stderr.contains("they are: 1 (bad_request), 3 (bad_request); all of them"), "{}", ran.stderr);
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

#[test]
fn mistakes_in_the_account_are_told_before_any_call_and_no_key_is_repeated() {
    let network = network();
    let secret = "s3cr3t-key:with:colons";
    let quoted = format!("\u{201c}{secret}\u{201d}");
    let assigned = format!("OFFERSLOOK_API_KEY={secret}\n");
    let run = || export().offers(&["16"]).on(&network);
    for (run, part) in [
        (run().env("OFFERSLOOK_API_KEY", format!("\"{secret}\"")), "quotation marks"),
        (run().env("OFFERSLOOK_API_KEY", &quoted), "quotation marks"),
        (run().env("OFFERSLOOK_API_KEY", format!("{secret}\u{200b}")), "U+200B"),
        (run().env("OFFERSLOOK_API_KEY", &assigned), "begins with a name"),
        (run().env("OFFERSLOOK_EMAIL", "notmail"), "no @"),
        (run().args(&["--api-key-file", secret]), "not shown"),
        (run().args(&["--api-key", secret]), "never an argument"),
        (run().args(&["--api-key", secret, "--log-format", "json"]), "never an argument"),
        (run().args(&[&format!("--api-key={secret}")]), "OFFERSLOOK_API_KEY"),
        (run().args(&["--dry-run", "-v", "--api-key", secret]), "never an argument"),
        (command(&["check", "--api-key", secret]).on(&network), "never an argument"),
        (command(&["list", "--api-key", secret]).on(&network), "never an argument"),
        (command(&["check", "--api-key-file", secret]).on(&network), "not shown"),
        (command(&["check", "--log-format", "json", "--api-key-file", secret]).on(&network), "not shown"),
        (command(&["check"]).on(&network).env("OFFERSLOOK_API_KEY", &quoted), "quotation marks"),
        (command(&["list"]).on(&network).env("OFFERSLOOK_EMAIL", "notmail"), "no @"),
    ] {
        let ran = run.run().expect(2);
        let told = [ran.stderr, ran.stdout].concat();
        assert!(told.contains(part) && !told.contains(secret), "{part}: {told}");
    }
    assert_eq!(network.calls(), []);
}

#[test]
fn a_key_that_is_given_as_the_network_goes_nowhere() {
    for host in ["--network", "--base-url"] {
        let folder = Folder::new();
        let metrics = folder.path("m.prom");
        let files = ["--metrics", metrics.to_str().unwrap(), "-v"];
        for run in [export().offers(&["16"]).args(&files), command(&["check"]), command(&["list", "-v"])] {
            let run = run.env("OFFERSLOOK_EMAIL", "me@example.com").env("OFFERSLOOK_API_KEY", "S3cret-Key-0815");
            let ran = run.args(&[host, "https://S3cret-Key-0815.api.offerslook.com"]).run().expect(2);
            let told = [ran.stderr, ran.stdout, std::fs::read_to_string(&metrics).unwrap_or_default()].concat();
            assert!(told.contains("the API key stands in --") && !told.to_lowercase().contains("s3cret"), "{told}");
        }
        assert!(metrics.exists());
    }
}

#[test]
fn a_name_that_does_not_exist_ends_the_run_at_once_and_names_the_setting() {
    // No name server is asked for a label as long as that.
    let host = format!("https://{}.example", "a".repeat(64));
    for (name, run) in
        [("export", export().offers(&["16", "17", "18"])), ("list", command(&["list"])), ("check", command(&["check"]))]
    {
        let ran = run.on(&host.as_str()).run().expect(4);
        let told = [ran.stderr, ran.stdout].concat();
        assert!(told.contains(&format!("check OFFERSLOOK_BASE_URL ({host}) for a typing error")), "{name}: {told}");
        assert!(ran.took < std::time::Duration::from_secs(5), "{name}: {:?}", ran.took);
    }
}

#[cfg(unix)]
#[test]
fn a_run_that_is_asked_how_far_it_is_says_so_and_goes_on() {
    use std::time::Duration;
    let ids: Vec<_> = (1000..1040).map(|n: u32| n.to_string()).collect();
    let expected = export().offers(&ids).on(&network()).run().expect(0).output;
    for (look, part) in [(&["-q"][..], "/40 offers"), (&["-q", "--log-format", "json"], "\"event\":\"status\"")] {
        let slow = network_with(|options| options.latency = Duration::from_millis(100)..=Duration::from_millis(100));
        let running = export().offers(&ids).args(&["-j", "2"]).args(look).on(&slow).start();
        until(|| called(&slow).len() > 4);
        (0..3).for_each(|_| running.signal("USR1"));
        until(|| called(&slow).len() > 12);
        running.signal("USR1");
        let ran = running.wait().expect(0);
        let answers = ran.stderr.matches(part).count();
        assert!((2..=4).contains(&answers) && ran.stderr.lines().count() == answers, "{}", ran.stderr);
        assert_eq!(ran.output, expected);
    }
    let list = r#"{"code":0,"data":{"totalPages":1,"totalRows":1,"rowset":[{"offer":{"id":16,"name":"n"}}]}}"#;
    let slow = Hostile::start(move |_| vec![Step::Pause(Duration::from_secs(2)), Step::Send(json("200 OK", list))]);
    let listing = command(&["list", "-q"]).on(&slow).start();
    until(|| !slow.seen().is_empty());
    listing.signal("USR1");
    let listed = listing.wait().expect(0);
    assert!(listed.stderr.contains("0 offers, ") && listed.stderr.contains("1 call in flight"), "{}", listed.stderr);
    // A command that has no answer does not die of the question.
    let sandbox = command(&["sandbox", "--listen", "127.0.0.1:0"]).start();
    sandbox.first_line();
    sandbox.signal("USR1");
    std::thread::sleep(Duration::from_millis(100));
    sandbox.signal("INT");
    sandbox.wait().expect(130);
}

#[cfg(unix)]
#[test]
fn the_status_of_an_output_is_told_from_the_files_beside_it() {
    use std::time::Duration;
    for output in ["links.csv", "links.xlsx"] {
        let folder = Folder::new();
        let status = |code: i32, state: &str| {
            let ran = command_in(&folder, &["status", output, "--log-format", "json"]).run().expect(code);
            let answer = json_lines(&ran.stdout).remove(0);
            assert_eq!(answer["state"], state, "{answer}");
            let before = folder.names();
            let ran = command_in(&folder, &["status", output]).run().expect(code);
            assert!(
                ran.stdout.starts_with(&format!("{output}: ")) && ran.stdout.lines().count() == 1,
                "{}",
                ran.stdout
            );
            assert_eq!(folder.names(), before, "only reads");
            answer
        };
        status(2, "none");
        let ids: Vec<_> = (1000..1200).map(|n: u32| n.to_string()).collect();
        let slow = network_with(|options| options.latency = Duration::from_millis(20)..=Duration::from_millis(20));
        let running = export_in(&folder).offers(&ids).output(output).args(&["-j", "2"]).on(&slow).start();
        until(|| called(&slow).len() > 80);
        let answer = status(0, "running");
        assert!(answer["done"].as_u64().unwrap() >= 25 && answer["offers"].as_u64().unwrap() >= 150, "{answer}");
        assert!(answer["holder"].as_str().unwrap().contains(&format!("process {}", running.id())), "{answer}");
        running.signal("INT");
        running.wait().expect(130);
        let answer = status(5, "interrupted");
        assert!(answer["done"].as_u64().unwrap() >= 80, "{answer}");
        export_in(&folder).offers(&ids).output(output).on(&network()).run().expect(0);
        status(0, "finished");
    }
    command(&["status", "-"]).run().expect(2);
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

#[cfg(target_os = "linux")]
#[test]
fn no_core_dump_is_written_while_the_key_is_in_memory() {
    use std::time::Duration;
    let network = network_with(|options| options.latency = Duration::from_millis(500)..=Duration::from_millis(500));
    let running = export().offers(&["16", "17"]).on(&network).start();
    until(|| !called(&network).is_empty());
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
    running.wait().expect(0);
}
