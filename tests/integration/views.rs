//! What terminals, logs and other programs see of a run: nothing that they would obey, and never the key.

use offerlinks::sandbox::{Reply, Sandbox};

use crate::support::{Folder, HEADER, KEY, called, export, export_in, network, network_with, reply, scripted, until};

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
        assert_eq!(text.matches("the answer holds your API key").count(), 2, "{text}");
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
