//! The API key: in no file, no message and no core dump, however it got there.

use crate::support::{Folder, KEY, called, command, export, network, network_with, reply, scripted, until};

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
fn a_key_in_the_networks_message_is_hidden_however_it_is_spelled() {
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

#[test]
fn mistakes_in_the_account_are_reported_before_any_call_without_repeating_a_key() {
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
