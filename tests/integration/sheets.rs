//! Workbooks as real programs write them: which offers are called, and that a good output stays.

use std::fs;
use std::path::PathBuf;

use calamine::{Data, Reader as _, open_workbook_auto};

use crate::support::{Folder, called, export, export_in, network, records};

/// A line of the manifest.
struct Case {
    file: String,
    exit: i32,
    ids: Vec<String>,
    sheet: String,
    words: String,
}

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sheets")
}

fn cases() -> Vec<Case> {
    let manifest = fs::read_to_string(fixtures().join("manifest.tsv")).unwrap();
    let case = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [file, exit, ids, sheet, words] = cells[..] else { panic!("{line:?}") };
        Case {
            file: file.to_owned(),
            exit: exit.parse().unwrap(),
            ids: ids.split_whitespace().map(str::to_owned).collect(),
            sheet: sheet.to_owned(),
            words: words.to_owned(),
        }
    };
    manifest.lines().filter(|line| !line.starts_with('#')).map(case).collect()
}

const OLD: &str = "last night's links\n";

/// What is wrong with the outcome of a case, if something is.
fn wrong(case: &Case) -> Option<String> {
    let folder = Folder::new();
    folder.write(&case.file, fs::read(fixtures().join(&case.file)).unwrap());
    folder.write("links.csv", OLD);
    let network = network();
    let ran = export_in(&folder).input(&case.file).on(&network).run();
    let mut asked = called(&network);
    asked.sort();
    let mut ids = case.ids.clone();
    ids.sort();
    let output = ran.output.clone().unwrap_or_default();
    let shown = format!("{}{output}", ran.stderr);
    let is_right = ran.code == case.exit
        && asked == ids
        && shown.contains(&case.words)
        && (case.sheet.is_empty() || shown.contains(&format!("sheet {}", case.sheet)))
        && (output == OLD) == (case.exit == 2);
    (!is_right).then(|| format!("{}: exit {}, asked for {asked:?}\n{shown}", case.file, ran.code))
}

#[test]
fn every_workbook_has_its_outcome() {
    let wrong: Vec<String> = cases().iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_fixture_is_in_the_manifest() {
    let mut listed: Vec<String> = cases().into_iter().map(|case| case.file).collect();
    let files = fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap());
    let files = files.filter(|entry| entry.file_type().unwrap().is_file());
    let names = files.map(|entry| entry.file_name().into_string().unwrap());
    let mut there: Vec<String> =
        names.filter(|name| name.rsplit_once('.').is_none_or(|(_, ending)| !matches!(ending, "tsv" | "md"))).collect();
    listed.sort();
    there.sort();
    assert_eq!(listed, there);
}

/// The same table by six writers in three formats: times, days and truth values are the same text.
#[test]
fn typed_cells_are_the_same_text_in_every_format() {
    let network = network();
    let kept = |name: &str| {
        let folder = Folder::new();
        folder.write(name, fs::read(fixtures().join(name)).unwrap());
        let ran = export_in(&folder).input(name).on(&network).run().expect(0);
        let rows: Vec<Vec<String>> = ran.records().into_iter().map(|row| row[..8].to_vec()).collect();
        rows
    };
    let expected = kept("openpyxl-typed-cells.xlsx");
    assert_eq!(expected[1], ["16", "1200.5", "2026-03-01", "2026-03-01T13:05:09", "10:30:00", "TRUE", "01067", "0.25"]);
    for name in [
        "gnumeric-typed-cells.xls",
        "gnumeric-typed-cells.ods",
        "gnumeric-typed-cells.xlsx",
        "libreoffice-typed-cells.xls",
    ] {
        assert_eq!(kept(name), expected, "{name}");
    }
}

/// Types survive the rows' way through a CSV, and so does an ID that has leading zeros.
#[test]
fn cells_of_a_workbook_keep_their_type_in_a_workbook() {
    let network = network();
    let folder = Folder::new();
    let name = "openpyxl-typed-cells.xlsx";
    folder.write(name, fs::read(fixtures().join(name)).unwrap());
    export_in(&folder).input(name).output("links.xlsx").on(&network).run().expect(0);
    let mut book = open_workbook_auto(folder.path("links.xlsx")).unwrap();
    let sheet = book.worksheet_range("links").unwrap();
    let cell = |row: u32, column: u32| sheet.get_value((row, column)).unwrap();
    assert_eq!((cell(1, 0), cell(1, 1)), (&Data::Float(16.0), &Data::Float(1200.5)));
    for column in 2..5 {
        assert!(matches!(cell(1, column), Data::DateTime(_)), "{:?}", cell(1, column));
    }
    assert_eq!((cell(1, 5), cell(1, 6)), (&Data::Bool(true), &Data::String("01067".to_owned())));
    let last = u32::try_from(sheet.height()).unwrap() - 1;
    assert_eq!(cell(last, 6), &Data::String("7".to_owned()), "a text that looks like a number is none");
    let summary = book.worksheet_range("summary").unwrap();
    assert_eq!(summary.get_value((0, 1)), Some(&Data::Float(2.0)));
}

#[test]
fn cells_of_a_csv_are_text_in_a_workbook_whatever_they_look_like() {
    let network = network();
    let ran =
        export().csv("offer_id,n,d\n16,7,2026-03-01\n007,TRUE,10:30:00\n").output("links.xlsx").on(&network).run();
    let folder = ran.expect(0).folder;
    let mut book = open_workbook_auto(folder.path("links.xlsx")).unwrap();
    let sheet = book.worksheet_range("links").unwrap();
    let rows: Vec<_> = sheet.rows().map(|row| row[..3].to_vec()).collect();
    let text = |text: &str| Data::String(text.to_owned());
    assert_eq!(rows[1], [Data::Float(16.0), text("7"), text("2026-03-01")]);
    assert_eq!(rows.last().unwrap()[..], [text("007"), text("TRUE"), text("10:30:00")]);
    let csv = fs::read_to_string(folder.path("links.xlsx.csv")).unwrap();
    assert_eq!(records(&csv)[1][1], "7");
}

#[test]
fn an_output_that_would_be_something_else_by_its_name_is_refused() {
    let network = network();
    for name in ["links.xls", "links.ods", "links.XLSB", "links.xlsm", "links.numbers", "links.json", "links.csv.gz"] {
        let ran = export().offers(&["16"]).output(name).on(&network).run().expect(2);
        let ran = ran.says(&["offerlinks writes .csv, .jsonl and .xlsx", name]);
        assert_eq!(ran.folder.names(), ["offers.csv"]);
    }
    assert!(called(&network).is_empty());
}
