//! What other programs read in the workbook: each is tried where it is installed, and named where it is not.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::spreadsheets::{NAMES, csv_beside, export_names, records};
use crate::support::Ran;

/// The fourth column of the first sheet, as a program prints it: JSON in one line. `None` where it is not installed.
fn read_by(program: &str, arguments: &[&str], workbook: &Path) -> Option<Vec<String>> {
    let ran = Command::new(program).args(arguments).arg(workbook).stderr(Stdio::null()).output().ok()?;
    ran.status.success().then(|| serde_json::from_slice(&ran.stdout).unwrap())
}

#[expect(clippy::print_stdout, reason = "what is skipped is named")]
fn assert_reads(ran: &Ran, name: &str, read: Option<Vec<String>>, is_same: impl Fn(&str, &str) -> bool) {
    let Some(read) = read else {
        println!("skipped: {name} is not installed");
        return;
    };
    let sent: Vec<String> = csv_beside(ran, "links.xlsx.csv").into_iter().skip(1).map(|row| row[3].clone()).collect();
    assert_eq!(sent, [NAMES, NAMES].concat());
    assert_eq!(read.len(), sent.len(), "{name}");
    for (sent, read) in sent.iter().zip(&read) {
        assert!(is_same(sent, read), "{name}: {sent:?} is read as {read:?}");
    }
}

#[test]
fn python_reads_the_texts_that_were_sent() {
    let ran = export_names(&[], "links.xlsx");
    let workbook = ran.folder.path("links.xlsx");
    let openpyxl = "import json, sys, openpyxl; print(json.dumps([row[3] for row in \
        openpyxl.load_workbook(sys.argv[1]).worksheets[0].iter_rows(min_row=2, values_only=True)]))";
    // openpyxl 3.1 takes `x005F_` out of every text.
    let same = |sent: &str, read: &str| sent.replace("x005F_", "") == read;
    assert_reads(&ran, "openpyxl", read_by("python3", &["-c", openpyxl], &workbook), same);
    let pylightxl = "import json, sys, pylightxl; \
        print(json.dumps([row[3] for row in pylightxl.readxl(sys.argv[1]).ws('links').rows][1:]))";
    // pylightxl 1.61 knows no escapes.
    let same = |sent: &str, read: &str| sent == read || read.replace("_x005F", "") == sent.replace("_x005F", "");
    assert_reads(&ran, "pylightxl", read_by("python3", &["-c", pylightxl], &workbook), same);
}

#[test]
fn gnumeric_reads_the_texts_that_were_sent() {
    let ran = export_names(&[], "links.xlsx");
    let workbook = ran.folder.path("links.xlsx");
    let csv = Command::new("ssconvert")
        .args(["-T", "Gnumeric_stf:stf_csv"])
        .arg(&workbook)
        .arg("fd://1")
        .stderr(Stdio::null())
        .output();
    let read = csv.ok().filter(|ran| ran.status.success() && !ran.stdout.is_empty());
    let read = read.map(|ran| records(&ran.stdout).into_iter().skip(1).map(|row| row[3].clone()).collect());
    let same = |sent: &str, read: &str| sent == read || read.replace("_x005F", "") == sent.replace("_x005F", "");
    assert_reads(&ran, "gnumeric", read, same);
}
