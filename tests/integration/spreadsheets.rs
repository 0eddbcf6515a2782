//! What a spreadsheet makes of the outputs: every cell as the network sent it, and nothing that runs.

use std::path::Path;
use std::process::{Command, Stdio};

use calamine::{Data, Reader, open_workbook_auto};

use crate::support::{Folder, Ran, called, export, export_in, network, reply, scripted};

/// Names that spreadsheets like to run, to shorten or to misread.
pub(crate) const NAMES: [&str; 15] = [
    "=HYPERLINK(\"http://evil.example\")",
    "+1",
    "-5",
    "@SUM(A1)",
    "007",
    "1e5",
    "2026-11-22",
    "emoji 🚀, \"quotes\"\nand a line",
    " spaces ",
    "promo_x2_de",
    "_x10_ and _x0041_",
    "_x005F_",
    "_X0041_",
    "<r><t>x</t></r>",
    "&amp;<r>_x2_</r>",
];

/// Offers whose landing pages have these names.
pub(crate) fn export_names(arguments: &[&str], output: &str) -> Ran {
    let network = scripted(|asked| {
        let entries: Vec<_> = NAMES
            .iter()
            .map(|name| {
                serde_json::json!({"type": "Offer URL", "name": name, "tracking_link": "https://t.example/?a=1", "preview_url": "https://p.example/"})
            })
            .collect();
        let link = serde_json::json!({"url": format!("https://t.example/{}", asked.offer?), "offer_url": entries});
        Some(reply(200, serde_json::json!({"code": 0, "data": {"tracking_link": link}}).to_string()))
    });
    export().csv("offer_id,note\n1,=mine\n2,0042\n").args(arguments).output(output).on(&network).run().expect(0)
}

pub(crate) fn records(csv: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv);
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

pub(crate) fn csv_beside(ran: &Ran, name: &str) -> Vec<Vec<String>> {
    records(&std::fs::read(ran.folder.path(name)).unwrap())
}

/// The cells of a workbook's first sheet; panics where one is not text (or the number that an HTTP status is).
fn cells(workbook: &Path) -> Vec<Vec<String>> {
    let mut workbook = open_workbook_auto(workbook).unwrap();
    let sheet = workbook.worksheet_range_at(0).unwrap().unwrap();
    let text = |cell: &Data| match cell {
        Data::String(text) => text.clone(),
        Data::Float(number) => number.to_string(),
        Data::Empty => String::new(),
        other => panic!("{other:?}"),
    };
    sheet.rows().map(|row| row.iter().map(text).collect()).collect()
}

#[test]
fn a_workbook_has_the_cells_of_the_csv_and_none_of_them_runs() {
    let ran = export_names(&[], "links.xlsx");
    let csv = csv_beside(&ran, "links.xlsx.csv");
    assert_eq!(cells(&ran.folder.path("links.xlsx")), csv);
    assert_eq!(csv[1..].iter().map(|row| row[3].as_str()).collect::<Vec<_>>(), [NAMES, NAMES].concat());
    let formulas = open_workbook_auto(ran.folder.path("links.xlsx")).unwrap().worksheet_formula("links").unwrap();
    assert_eq!(formulas.used_cells().count(), 0);
    assert_eq!(ran.folder.names(), ["links.xlsx", "links.xlsx.csv", "links.xlsx.csv.lock", "offers.csv"]);
}

#[test]
fn a_failed_offer_is_in_the_workbook_too() {
    let network = network();
    let ran = export().offers(&["16", "20", "21"]).output("links.xlsx").on(&network).run().expect(3);
    assert_eq!(cells(&ran.folder.path("links.xlsx")), csv_beside(&ran, "links.xlsx.csv"));
}

#[test]
fn a_csv_for_excel_guards_what_is_not_the_users_own_and_no_link() {
    let ran = export_names(&["--excel"], "links.csv");
    let bytes = std::fs::read(ran.folder.path("links.csv")).unwrap();
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap();
    let lines = memchr::memchr_iter(b'\n', text).count();
    let crlf = text.windows(2).filter(|pair| pair == b"\r\n").count();
    // The one line feed in a name, for each of the two offers, is data.
    assert_eq!(lines - crlf, 2);
    let records = records(text);
    for (row, name) in records[1..].iter().zip([NAMES, NAMES].concat()) {
        let runs = name.starts_with(['=', '+', '-', '@']);
        assert_eq!(row[3], if runs { format!("'{name}") } else { name.to_owned() });
        assert_eq!(row[4], "https://t.example/?a=1");
    }
    assert_eq!((records[1][1].as_str(), records[1 + NAMES.len()][1].as_str()), ("=mine", "0042"));
}

#[test]
fn json_lines_hold_one_offer_each_with_its_landing_pages_as_received() {
    let ran = export_names(&[], "links.jsonl");
    let output = ran.output.unwrap();
    let offers: Vec<serde_json::Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(offers.len(), 2);
    assert_eq!((&offers[0]["offer_id"], &offers[1]["note"]), (&"1".into(), &"0042".into()));
    let names: Vec<_> = offers[0]["offer_url"].as_array().unwrap().iter().map(|entry| entry["name"].clone()).collect();
    assert_eq!(names, NAMES);
}

#[test]
fn appended_parameters_stand_in_every_link_and_macros_stay() {
    let query = "aff_sub1={clickid}&source_id={row.note}&id={row.offer_id}";
    let ran = export_names(&["--append", query], "links.csv");
    let records = records(ran.output.unwrap().as_bytes());
    assert_eq!(records[1][4], "https://t.example/?a=1&aff_sub1={clickid}&source_id=%3Dmine&id=1");
    assert_eq!(records[1 + NAMES.len()][6], "https://t.example/2?aff_sub1={clickid}&source_id=0042&id=2");
    let network = network();
    let ran = export().csv("offer_id,note\n1,x\n").args(&["--append", "a={row.nope}"]).on(&network).run().expect(2);
    assert!(ran.stderr.contains("nope") && ran.stderr.contains("note"), "{}", ran.stderr);
    assert!(network.calls().is_empty());
}

/// LibreOffice itself, where it is installed: CI machines need not have it.
#[test]
fn libreoffice_reads_the_cells_that_were_sent() {
    if Command::new("soffice").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("skipped: LibreOffice (soffice) is not installed");
        return;
    }
    let ran = export_names(&[], "links.xlsx");
    let back = read_by_libreoffice(&ran.folder, "links.xlsx", &[]);
    assert_eq!(records(&back), csv_beside(&ran, "links.xlsx.csv"));

    let ran = export_names(&["--excel"], "links.csv");
    // Comma, double quote, UTF-8, from line 1, and nothing taken for a number.
    let as_text = (1..=14).map(|column| format!("{column}/2")).collect::<Vec<_>>().join("/");
    let back = read_by_libreoffice(&ran.folder, "links.csv", &[&format!("--infilter=CSV:44,34,76,1,{as_text}")]);
    let sent = std::fs::read(ran.folder.path("links.csv")).unwrap();
    assert_eq!(records(&back), records(sent.strip_prefix(b"\xef\xbb\xbf").unwrap()));
}

/// The first sheet of a file as LibreOffice understands it.
fn read_by_libreoffice(folder: &Folder, name: &str, arguments: &[&str]) -> Vec<u8> {
    let profile = format!("-env:UserInstallation=file://{}", folder.path("profile").display());
    let back = folder.path("back");
    let ran = Command::new("soffice")
        .args([&profile, "--headless"])
        .args(arguments)
        .args(["--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1"])
        .arg("--outdir")
        .arg(&back)
        .arg(folder.path(name))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let written = std::fs::read_dir(&back).unwrap().next().unwrap().unwrap().path();
    std::fs::read(written).unwrap()
}

#[cfg(unix)]
#[test]
fn where_a_workbook_cannot_be_made_nothing_is_lost_and_resume_makes_only_the_workbook() {
    let network = network();
    // Cells of one character take more room in a sheet than in a CSV.
    let row = |id: String, cell: &str| format!("{id}{}", cell.repeat(30));
    let rows = (1000..1300).map(|id: u32| row(id.to_string(), ",x"));
    let offers = [row("offer_id".to_owned(), ",c")].into_iter().chain(rows).collect::<Vec<_>>().join("\n");
    let whole = export().csv(&offers).output("links.xlsx").on(&network).run().expect(0).folder;
    let read = |folder: &Folder, name: &str| std::fs::read(folder.path(name)).unwrap();
    let rows = read(&whole, "links.xlsx.csv").len();

    let folder = Folder::new();
    let run = || export_in(&folder).csv(&offers).output("links.xlsx").on(&network);
    // Room for the rows, but not for a sheet of them; in blocks of 512 bytes.
    let line = format!("ulimit -f {}; offerlinks export offers.csv -o links.xlsx --rate none", rows * 5 / 4 / 512);
    let failed = run().start_typed(&line).wait().expect(1).says(&["cannot make the workbook", "--resume"]);
    assert!(!failed.stderr.contains("panicked"), "{}", failed.stderr);
    assert!(!folder.path("links.xlsx").exists());
    let calls = called(&network).len();
    run().args(&["--resume"]).run().expect(0);
    assert_eq!(called(&network).len(), calls, "nothing is asked again");
    assert_eq!(read(&folder, "links.xlsx"), read(&whole, "links.xlsx"));
    assert!(!folder.path("links.xlsx.csv.checkpoint").exists());
}
