//! How far a run is: `kill -USR1` asks it, and `status` reads the files beside the output.
#![cfg(unix)]

use std::time::Duration;

use crate::hostile::{Hostile, Step, json};
use crate::support::{
    Folder, called, command, command_in, export, export_in, json_lines, network, network_with, until,
};

#[test]
fn a_status_request_is_answered_and_the_run_continues() {
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

#[test]
fn status_reads_the_files_beside_an_output() {
    for output in ["links.csv", "links.xlsx"] {
        let folder = Folder::new();
        let status = |code: i32, state: &str| {
            let ran = command_in(&folder, &["status", output, "--log-format", "json"]).run().expect(code);
            let answer = json_lines(&ran.stdout).remove(0);
            assert_eq!(answer["state"], state, "{answer}");
            // What a running export is about to rename may come and go meanwhile.
            let lasting =
                || folder.names().into_iter().filter(|name| !name.ends_with("checkpoint.tmp")).collect::<Vec<_>>();
            let before = lasting();
            let ran = command_in(&folder, &["status", output]).run().expect(code);
            assert!(
                ran.stdout.starts_with(&format!("{output}: ")) && ran.stdout.lines().count() == 1,
                "{}",
                ran.stdout
            );
            assert_eq!(lasting(), before, "only reads");
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
