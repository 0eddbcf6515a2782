//! What is wrong before the first call, and on this machine: exit codes 1 and 2, and the way out in words.

use std::fs;

use offerlinks::sandbox::EMAIL;

use crate::support::{Folder, KEY, KEY_FILE, Run, export, export_in, network};

/// Name and content of an input, the arguments, and what has to be said.
type Unusable = (&'static str, &'static [u8], &'static [&'static str], &'static [&'static str]);

#[test]
fn an_unusable_input_is_named_with_what_to_do() {
    let network = network();
    let cases: &[Unusable] = &[
        ("none.csv", b"", &[], &["none.csv: no such file", "`-` to read from standard input"]),
        ("x.csv", b"name,mail\na,b\n", &[], &["no ID column", "name, mail", "--column"]),
        ("x.csv", b"16\n\noffer_id,name\n17,a\n", &[], &["line 1", "line 3", "--skip-lines 2"]),
        ("x.csv", b"", &[], &["empty (0 bytes)", "--allow-empty"]),
        ("x.csv", b"offer_id\n", &[], &["line 1", "--allow-empty"]),
        ("x.csv", b"Access denied\n", &["--allow-empty"], &["no list of offers", "Access denied"]),
        ("x.csv", b"offer_id,name\n16,a\n", &["--column", "offer"], &["\"offer\"", "--column", "offer_id, name"]),
        ("x.csv", b"offer_id,name\n16,a\n", &["--column", "3"], &["\"3\"", "--column"]),
        ("x.csv", b"offer_id,name\n16,a\n", &["--keep", "note"], &["\"note\"", "--keep", "offer_id, name"]),
        ("x.csv", b"offer_id\n16\n", &["--sheet", "Offers"], &["--sheet", "workbooks"]),
        ("x.csv", b"\x00\x01\x02\x03binary\x00\x00", &[], &["cannot be read"]),
        ("x.xlsx", b"PK\x03\x04 but not a workbook", &[], &["workbook"]),
    ];
    for (name, content, arguments, parts) in cases {
        let folder = Folder::new();
        if *name != "none.csv" {
            folder.write(name, content);
        }
        folder.write("links.csv", "the old output");
        let ran = export_in(&folder).input(name).args(arguments).on(&network).run().expect(2).says(parts).says(&[name]);
        assert_eq!(ran.output.as_deref(), Some("the old output"));
        assert_eq!(ran.stdout, "");
    }
    let folder = Folder::new();
    fs::create_dir(folder.path("offers")).unwrap();
    export_in(&folder).input("offers").on(&network).run().expect(2).says(&["offers: is a folder"]);
    assert_eq!(network.calls(), []);
}

#[test]
fn an_incomplete_account_is_refused_with_what_is_missing() {
    let all = &["--network NAME or OFFERSLOOK_NETWORK", "OFFERSLOOK_EMAIL", "OFFERSLOOK_API_KEY", "--sandbox"];
    export().offers(&["16"]).run().expect(2).says(all);
    let ran = export().offers(&["16"]).env("OFFERSLOOK_NETWORK", "demo").account().env("OFFERSLOOK_API_KEY", " ").run();
    let ran = ran.expect(2).says(&["your API key: OFFERSLOOK_API_KEY"]);
    assert!(!ran.stderr.contains("your e-mail"), "{}", ran.stderr);
    let cases = [
        ("OFFERSLOOK_NETWORK", "a/b", "a/b"),
        ("OFFERSLOOK_BASE_URL", "example.com", "URL"),
        ("OFFERSLOOK_BASE_URL", "https://user:hunter2@example.com", "user name or a key"),
        ("OFFERSLOOK_EMAIL", "a:b@example.com", "colon"),
        ("OFFERSLOOK_API_KEY", "two\nlines", "more than one line"),
        ("OFFERSLOOK_API_KEY_FILE", "no-such-key", "no-such-key"),
    ];
    for (name, value, part) in cases {
        let run = export().offers(&["16"]).env("OFFERSLOOK_NETWORK", "demo").account();
        let ran = run.env(name, value).run().expect(2).says(&[part]);
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
        assert!(ran.output.is_none());
    }
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_is_used_with_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let network = network();
    let folder = Folder::new();
    folder.write(KEY_FILE, KEY);
    fs::set_permissions(folder.path(KEY_FILE), fs::Permissions::from_mode(0o644)).unwrap();
    let run = export_in(&folder).offers(&["16"]).args(&["--email", EMAIL, "--base-url", &network.base_url()]);
    run.args(&["--api-key-file", KEY_FILE]).run().expect(0).says(&["warning: ", "chmod 600 key"]);
}

#[test]
fn the_key_does_not_travel_in_the_clear_unless_allowed() {
    let clear = |run: Run| run.offers(&["16"]).on(&"http://nonexistent.invalid");
    clear(export()).run().expect(2).says(&["nonexistent.invalid", "plain http", "--allow-http"]);
}

#[test]
fn a_file_that_is_not_a_certificate_is_named() {
    let network = network();
    for content in [None, Some("not a certificate")] {
        let folder = Folder::new();
        if let Some(content) = content {
            folder.write("ca.pem", content);
        }
        let run = export_in(&folder).offers(&["16"]).args(&["--cacert", "ca.pem"]).on(&network);
        run.run().expect(2).says(&["ca.pem"]);
    }
    assert_eq!(network.calls(), []);
}

#[test]
fn an_output_that_is_a_folder_is_a_usage_error() {
    let network = network();
    let folder = Folder::new();
    fs::create_dir(folder.path("out")).unwrap();
    let run = export_in(&folder).offers(&["16"]).output("out").on(&network);
    run.run().expect(2).says(&["out is a folder: give a file name, for example out/tracking_links.csv"]);
    assert_eq!(network.calls(), []);
}

#[test]
fn an_impossible_output_is_named_with_what_to_do() {
    let network = network();
    let run = export().offers(&["16"]).output("offers.csv/links.csv").on(&network);
    run.run().expect(2).says(&["there is no folder offers.csv", "check the name"]);
    assert_eq!(network.calls(), []);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_the_output_is_named_and_exits_1() {
    let network = network();
    let run = export().offers(&["16", "17"]).output("/dev/full").on(&network);
    run.run().expect(1).says(&["error: ", "/dev/full", "No space left"]);
    assert!(fs::metadata("/dev/full").is_ok(), "a device is written to, never replaced");
}

#[test]
fn an_output_that_is_lost_in_mid_run_exits_1_and_keeps_the_old_one() {
    let network = network();
    let folder = Folder::new();
    folder.write("links.csv", "the old output");
    // The name under which rows are collected is taken by something that is no file.
    fs::create_dir(folder.path("links.csv.partial")).unwrap();
    let ran = export_in(&folder).offers(&["16"]).on(&network).run().expect(1).says(&["links.csv.partial"]);
    assert_eq!(ran.output.as_deref(), Some("the old output"));
}

#[test]
fn a_file_of_a_run_is_never_taken_for_an_input_or_a_report() {
    let network = network();
    for side in [".partial", ".checkpoint", ".checkpoint.tmp", ".lock"] {
        let folder = Folder::new();
        let name = format!("links.csv{side}");
        folder.write(&name, "offer_id\n16\n");
        export_in(&folder).input(&name).on(&network).run().expect(2).says(&["INPUT", "-o", &name]);
        export_in(&folder).offers(&["16"]).args(&["--report", &name]).on(&network).run().expect(2).says(&["--report"]);
        assert_eq!(fs::read_to_string(folder.path(&name)).unwrap(), "offer_id\n16\n");
    }
    let folder = Folder::new();
    folder.write("links.xlsx.xlsx.tmp", "offer_id\n16\n");
    let run = export_in(&folder).input("links.xlsx.xlsx.tmp").output("links.xlsx").on(&network);
    run.run().expect(2).says(&["INPUT"]);
    assert_eq!(network.calls(), []);
}
