//! The main job when all goes well: what is called, and what is in the output.

use std::time::Duration;

use offerlinks::sandbox::{EMAIL, Sandbox};

use crate::support::{Folder, HEADER, KEY, KEY_FILE, Ran, called, export, export_in, fixture, network, network_with};

#[test]
fn the_documented_example_gives_the_documented_rows_byte_for_byte() {
    let network = network();
    let ran = export().offers(&["16"]).on(&network).run().expect(0);
    assert_eq!(ran.output.unwrap(), fixture("offer-16.csv"));
    assert_eq!(ran.folder.names(), ["links.csv", "links.csv.lock", "offers.csv"]);
    assert_eq!(ran.stdout, "");
}

#[test]
fn every_setting_of_the_account_can_be_a_flag_and_the_key_a_file() {
    let network = network();
    let folder = Folder::new();
    folder.write(KEY_FILE, format!("{KEY}\n"));
    let base_url = network.base_url();
    let arguments = ["--base-url", &base_url, "--email", EMAIL, "--api-key-file", KEY_FILE];
    let ran = export_in(&folder).offers(&["16"]).args(&arguments).run().expect(0);
    assert_eq!(ran.output.unwrap(), fixture("offer-16.csv"));
    assert!(network.calls().iter().all(|call| call.authorized));
}

#[test]
fn random_latencies_over_many_connections_give_the_bytes_of_a_serial_run() {
    let mut ids: Vec<String> = (0..3_000).map(|n| (n * 7 + 1_000).to_string()).collect();
    ids.extend(["20", "21", "23", "abc"].map(str::to_owned));
    fastrand::Rng::with_seed(16).shuffle(&mut ids);
    let export_with = |network: &Sandbox, connections| {
        export().offers(&ids).args(&["-q", "-j", connections]).on(network).run().expect(3)
    };
    let (serial, parallel) = (network(), network_with(|o| o.latency = Duration::ZERO..=Duration::from_millis(40)));
    let (serial_ran, parallel_ran) = std::thread::scope(|scope| {
        let serial = scope.spawn(|| export_with(&serial, "1"));
        let parallel = scope.spawn(|| export_with(&parallel, "32"));
        (serial.join().unwrap(), parallel.join().unwrap())
    });
    assert_eq!(called(&serial), ids.iter().filter(|id| *id != "abc").cloned().collect::<Vec<_>>());
    assert_ne!(called(&parallel), called(&serial), "nothing was out of order, so nothing was tested");
    assert_eq!(called(&parallel).len(), 3_003);
    assert!(serial_ran.output == parallel_ran.output, "the bytes differ");
    assert!(serial_ran.output.unwrap().lines().count() > 3_004);
}

#[test]
fn a_piped_run_calls_each_distinct_valid_id_once() {
    let network = network();
    let run = export().piped("offer_id\n16\nabc\n17\n16\n 17 \n").output("-").on(&network);
    let ran = run.run().expect(3).says(&["exported 4 of 5 offers", "invalid_offer_id: 1 offer"]);
    let mut called = called(&network);
    called.sort();
    assert_eq!(called, ["16", "17"]);
    let ids: Vec<_> =
        ran.cells(["offer_id", "error_kind", "error_message"]).into_iter().map(|row| row.join("|")).collect();
    let ok = |id: &str, times| std::iter::repeat_n(format!("{id}||"), times);
    let bad = "abc|invalid_offer_id|line 3: an ID is made of digits only".to_owned();
    let expected = ok("16", 4).chain([bad]).chain(ok("17", 1)).chain(ok("16", 4)).chain(ok("17", 1));
    assert_eq!(ids, expected.collect::<Vec<_>>());
    assert_eq!(ran.folder.names(), [""; 0], "a run to stdout leaves nothing behind");
}

#[test]
fn an_empty_input_is_an_output_with_a_header_and_no_call_where_it_is_meant() {
    let network = network();
    for input in ["offer_id\n", "offer_id", "\u{feff}offer_id\r\n\r\n"] {
        export().csv(input).on(&network).run().expect(2).says(&["--allow-empty"]);
        let ran = export().csv(input).args(&["--allow-empty"]).on(&network).run().expect(0);
        assert_eq!(ran.output.as_deref(), Some(HEADER), "{input:?}");
    }
    assert_eq!(network.calls(), []);
}

#[test]
fn the_old_output_is_replaced_and_of_folders_only_the_default_one_is_made() {
    let network = network();
    for arguments in [
        &["-o", "new/folder/links.csv"][..],
        &["-o", "new/links.csv", "--dry-run"],
        &["-o", "l.csv", "--report", "new/r.json"],
        &["-o", "l.csv", "--metrics", "new/m.prom"],
    ] {
        let folder = Folder::new();
        folder.write("offers.csv", "offer_id\n16\n");
        let ran = export_in(&folder).args(&["offers.csv"]).args(arguments).on(&network).run().expect(2);
        assert!(ran.stderr.contains("there is no folder new"), "{}", ran.stderr);
        assert_eq!(folder.names(), ["offers.csv"], "{arguments:?}");
    }
    assert_eq!(network.calls(), []);
    let run = export().offers(&["16"]).output("output/links.csv").on(&network);
    let ran = run.run().expect(0);
    assert_eq!(ran.output.unwrap(), fixture("offer-16.csv"));
    let run = export_in(&ran.folder).offers(&["17"]).output("output/links.csv").on(&network);
    let ran = run.run().expect(0);
    assert_eq!(
        ran.cells(["offer_id", "url"]),
        [["17", "https://track.sandbox.example/index.php?offer_id=17&aff_id=5547"]]
    );
}

#[test]
fn quiet_is_silent_on_success_and_reports_failures() {
    let network = network();
    let quiet = |ids: &[&str]| export().offers(ids).args(&["-q"]).on(&network).run();
    assert_eq!(quiet(&["16", "17"]).expect(0).stderr, "");
    let Ran { stderr, .. } = quiet(&["16", "20"]).expect(3);
    assert!(stderr.contains("not_approved: 1 offer; ask your account manager"), "{stderr}");
}

#[test]
fn json_messages_are_one_object_a_line() {
    let network = network();
    let run = export().offers(&["16", "20"]).args(&["--log-format", "json", "-v"]).on(&network);
    let ran = run.run().expect(3);
    let lines: Vec<serde_json::Value> = ran.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        lines.iter().all(|line| line["time"].is_string() && line["level"].is_string() && line["message"].is_string())
    );
    let ended = lines.iter().find(|line| line["event"] == "ended").unwrap();
    assert_eq!(
        (&ended["offers"], &ended["failed"], &ended["errors"]["not_approved"]),
        (&2.into(), &1.into(), &1.into())
    );
}

#[test]
fn json_lines_hold_an_object_for_each_offer() {
    let network = network();
    let ran = export().offers(&["16", "21", "17"]).output("links.jsonl").on(&network).run().expect(3);
    let output = ran.output.unwrap();
    let objects: Vec<serde_json::Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.iter().map(|o| o["offer_id"].as_str().unwrap()).collect::<Vec<_>>(), ["16", "21", "17"]);
    assert_eq!(objects[0]["offer_url"].as_array().unwrap().len(), 4);
}

#[test]
fn a_spreadsheet_gets_its_bom_its_line_ends_and_no_formula() {
    let network = network();
    let ran = export().offers(&["19"]).args(&["--excel"]).on(&network).run().expect(0);
    let output = ran.output.unwrap();
    assert!(output.starts_with("\u{feff}offer_id,") && output.contains(",'=1+1,"), "{output}");
    assert_eq!(output.matches("\r\n").count(), 41, "40 rows and the header");
    assert_eq!(output.matches('\n').count(), 41 + 5, "5 names hold a newline");
}

#[test]
fn a_workbook_holds_the_cells_of_the_csv() {
    use calamine::{Data, Reader, Xlsx, open_workbook};
    let network = network();
    let expected = export().offers(&["19", "20"]).on(&network).run().expect(3).records();
    let run = export().offers(&["19", "20"]).output("links.xlsx").on(&network);
    let ran = run.run().expect(3);
    let mut workbook: Xlsx<_> = open_workbook(ran.folder.path("links.xlsx")).unwrap();
    let sheet = workbook.worksheet_range_at(0).unwrap().unwrap();
    let cells = sheet.rows().map(|row| {
        row.iter()
            .map(|cell| match cell {
                Data::String(text) => text.clone(),
                Data::Empty => String::new(),
                // The HTTP status is the one number there is.
                Data::Float(number) => number.to_string(),
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>()
    });
    assert_eq!(cells.collect::<Vec<_>>(), expected);
}

#[test]
fn parameters_are_added_to_links_from_the_row() {
    let network = network();
    let run = export().csv("offer_id,campaign\n17,a b&c\n").args(&["--append", "sub={clickid}&s={row.campaign}"]);
    let ran = run.on(&network).run().expect(0);
    let url = "https://track.sandbox.example/index.php?offer_id=17&aff_id=5547&sub={clickid}&s=a%20b%26c";
    assert_eq!(ran.cells(["url"]), [[url]]);
}

#[test]
fn the_embedded_network_needs_no_account() {
    let ran = export().offers(&["16", "17"]).args(&["--sandbox"]).run().expect(0);
    assert!(ran.output.unwrap().starts_with(&fixture("offer-16.csv")));
}
