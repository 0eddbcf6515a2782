//! An output that cannot be replaced, such as one that a spreadsheet has open on Windows: reported before the first call where it
//! can be known, and at the end without losing a row.
//!
//! Stands in for the lock of Windows with the immutable mark of Linux; without root it is skipped by name.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

use crate::support::{Folder, called, export, export_in, network, scripted};

const OFFERS: [&str; 3] = ["16", "1001", "1002"];

fn mark(path: &Path, how: &str) -> bool {
    Command::new("chattr").arg(how).arg(path).status().is_ok_and(|status| status.success())
}

/// A folder with an old output, if this machine lets one be marked.
#[expect(clippy::print_stdout, reason = "a skipped test says so by a line that begins with skipped:")]
fn folder_with_output() -> Option<Folder> {
    let folder = Folder::new();
    folder.write("links.csv", "old");
    let works = mark(&folder.path("links.csv"), "+i") && mark(&folder.path("links.csv"), "-i");
    if !works {
        println!("skipped: chattr +i does not work here");
    }
    works.then_some(folder)
}

#[test]
fn an_output_that_cannot_be_replaced_is_refused_before_the_first_call() {
    let Some(folder) = folder_with_output() else { return };
    let network = network();
    mark(&folder.path("links.csv"), "+i");
    let ran = export_in(&folder).offers(&OFFERS).on(&network).run();
    mark(&folder.path("links.csv"), "-i");
    ran.expect(1).says(&["cannot replace links.csv", "immutable", "-o"]);
    assert!(called(&network).is_empty());
    assert_eq!(folder.names(), ["links.csv", "offers.csv"]);
}

#[test]
fn a_file_that_cannot_be_replaced_at_the_end_keeps_the_rows_and_the_command_that_is_named_ends_it() {
    let whole = export().offers(&OFFERS).on(&network()).run().expect(0).output.unwrap();
    let Some(folder) = folder_with_output() else { return };
    let output = folder.path("links.csv");
    let network = scripted(move |_| {
        mark(&output, "+i");
        None
    });
    let ran = export_in(&folder).offers(&OFFERS).on(&network).run();
    mark(&folder.path("links.csv"), "-i");
    let ran = ran.expect(1).says(&["cannot rename links.csv", "rows are kept", "close it"]);
    assert_eq!(ran.output.as_deref(), Some("old"));
    let calls = called(&network).len();
    let line = ran.stderr.lines().find_map(|line| line.trim().strip_prefix("to continue: ")).unwrap().to_owned();
    let again = export_in(&folder).on(&network).start_typed(&line).wait().expect(0);
    assert_eq!(
        (again.output.or_else(|| std::fs::read_to_string(folder.path("links.csv")).ok()), called(&network).len()),
        (Some(whole), calls)
    );
}
