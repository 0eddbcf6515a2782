//! What terminals, logs and other programs see of a run: nothing that they would obey, and never the key.

use offerlinks::sandbox::{Reply, Sandbox};

use crate::support::{Folder, HEADER, command, export, export_in, json_lines, network, network_with, reply, scripted};

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
fn file_names_and_texts_of_other_runs_are_shown_escaped() {
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
        let shown = [ran.stderr, ran.stdout].concat();
        assert!(!shown.contains(|c| c != '\n' && is_unseen(c)), "{shown:?}");
        assert!(shown.contains("\\u{1b}[2J"), "{shown}");
    }
}

#[test]
fn the_last_line_of_a_json_log_says_how_it_ended_whatever_happened() {
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
fn a_check_prints_one_json_object_on_request() {
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
fn quiet_runs_still_name_the_failed_offers_and_where_all_of_them_are() {
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
fn a_name_that_does_not_exist_ends_the_run_at_once_and_names_the_setting() {
    // A label as long as that is never looked up.
    let host = format!("https://{}.example", "a".repeat(64));
    for (name, run) in
        [("export", export().offers(&["16", "17", "18"])), ("list", command(&["list"])), ("check", command(&["check"]))]
    {
        let ran = run.on(&host.as_str()).run().expect(4);
        let shown = [ran.stderr, ran.stdout].concat();
        assert!(shown.contains(&format!("check OFFERSLOOK_BASE_URL ({host}) for a typing error")), "{name}: {shown}");
        assert!(ran.took < std::time::Duration::from_secs(5), "{name}: {:?}", ran.took);
    }
}
