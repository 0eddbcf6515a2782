//! Inputs as real programs and people write them: which offers are really called, and that the old output survives
//! where none may be. The files and what is right for each: `tests/fixtures/input/manifest.tsv`.

use std::fs;
use std::path::Path;

use crate::support::{Folder, called, export_in, network};

/// What is right.
enum Right<'a> {
    /// These offers are called, and this many rows are error rows without a call.
    Asked(&'a str, usize),
    /// Exit 2 before any call, with these words.
    Refused(&'a str),
}

/// What is wrong with a run over this input; nothing if all is right.
fn wrong(name: &str, content: &[u8], arguments: &[&str], right: &Right<'_>) -> Option<String> {
    let network = network();
    let folder = Folder::new();
    folder.write(name, content);
    folder.write("links.csv", "the good old output\n");
    let ran = export_in(&folder).input(name).args(arguments).args(&["-q", "-j", "1"]).on(&network).run();
    let asked = called(&network).join(" ");
    let is_right = match *right {
        Right::Asked(ids, invalid) => {
            let kinds = if [0, 3].contains(&ran.code) { ran.cells(["error_kind"]) } else { Vec::new() };
            let uncalled = kinds.iter().filter(|[kind]| *kind == "invalid_offer_id").count();
            [0, 3].contains(&ran.code) && asked == ids && uncalled == invalid
        }
        Right::Refused(words) => {
            let is_old = ran.output.as_deref() == Some("the good old output\n");
            let is_tidy = folder.names().iter().all(|found| found == name || found == "links.csv");
            ran.code == 2 && asked.is_empty() && is_old && is_tidy && ran.stderr.contains(words)
        }
    };
    (!is_right)
        .then(|| format!("{name} {arguments:?}: exit {}, asked {asked:?}\n  {}{:?}", ran.code, ran.stderr, ran.output))
}

#[test]
fn files_of_real_writers_call_the_right_offers_or_none() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/input");
    let manifest = fs::read_to_string(folder.join("manifest.tsv")).unwrap();
    let cases = manifest.lines().filter(|line| !line.starts_with('#'));
    let problems: Vec<String> = cases
        .filter_map(|line| {
            let [name, arguments, outcome, more]: [&str; 4] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
            let right = match outcome {
                "refused" => Right::Refused(more),
                ids => Right::Asked(ids, more.parse().unwrap()),
            };
            let arguments: Vec<&str> = arguments.split_whitespace().collect();
            wrong(name, &fs::read(folder.join(name)).unwrap(), &arguments, &right)
        })
        .collect();
    assert!(problems.is_empty(), "{} wrong:\n{}", problems.len(), problems.join("\n"));
}

/// Every example that went wrong once, by its number in the list of faults.
const FAULTS: &[(&str, &str, &[&str], Right<'static>)] = &[
    ("A1", "16;1,50\n17;2,75\n", &[], Asked("16 17", 0)),
    ("A1", "16\t1,50\n17\t2,75\n", &[], Asked("16 17", 0)),
    ("A1", "16|1,50\n17|2,75\n", &[], Asked("16 17", 0)),
    ("A1", "16;1,50;2,5\n", &[], Asked("16", 0)),
    ("A1", "16;1,000\n", &[], Asked("16", 0)),
    ("A1", "16;17,5\n", &[], Asked("16", 0)),
    ("A1", "16;a, 5\n17;b, 6", &[], Asked("16 17", 0)),
    ("A1", "16|EU,250\n", &[], Asked("16", 0)),
    ("A2", "Offer,Name,2024\n16,a,5\n17,b,6\n", &[], Refused("--column 1 or --column 3")),
    ("A2", "Campaign;1;2;3\n16;1;2;3\n", &[], Refused("which column")),
    ("A2", "ID campaign,500\n16,5\n", &[], Refused("which column")),
    ("A2", "offer,1\n16,5\n", &[], Refused("which column")),
    ("A2", "offer,1\nx,5\ny,6\n", &[], Refused("a header or a row")),
    ("A3", "\u{200b}16,1200\n17,1300\n", &[], Refused("--column 1")),
    ("A3", "\u{200b}16,1200\n17,1300\n", &["--column", "1"], Asked("16 17", 0)),
    ("A3", "=\"16\",5\n=\"17\",6\n", &["--column", "1"], Asked("16 17", 0)),
    ("A3", "=\"16\",5\n=\"17\",6\n", &[], Refused("--column 1")),
    ("A4", "offer_id: 16, 17, 18\n", &[], Refused("")),
    ("A4", "Offers: 16, 17, 18\n", &[], Refused("")),
    ("A5", "name,offer_id\n\"19\\\" TV, 55\",16\nHats,17\n", &[], Asked("17", 1)),
    ("A7", "<table>\n<tr><td>\n250\n</td></tr>\n</table>\n", &[], Refused("HTML")),
    ("B1", "\u{200b}16\n17\n18\n", &[], Asked("16 17 18", 0)),
    ("B1", "\u{200e}16\n17\u{2060}\n\u{ad}18\n", &[], Asked("16 17 18", 0)),
    ("B1", "16 (paused)\n17\n", &[], Asked("17", 1)),
    ("B1", "16 - Shoes\n17\n", &[], Asked("17", 1)),
    ("B1", "16-17\n18\n", &[], Asked("18", 1)),
    ("B1", "#16\n17\n", &[], Asked("17", 1)),
    ("B1", "+16\n17\n", &[], Asked("17", 1)),
    ("B1", "offer:16\n17\n", &[], Asked("17", 1)),
    ("B1", "=\"16\"\n17\n", &[], Asked("16 17", 0)),
    ("B1", "１６\n17\n", &[], Asked("17", 1)),
    ("B2", "16,17,400001\n", &[], Refused("one ID on each line")),
    ("B2", "16; 17; 400001\n", &[], Refused("one ID on each line")),
    ("B2", "16\t17\t400001\n", &[], Refused("one ID on each line")),
    ("B2", "16,17,18\n19,20,21\n", &[], Refused("one ID on each line")),
    ("B3", "offer_id,16,17,400001\n", &[], Refused("line of its own")),
    ("C", "{\"error\":\"session expired\"}\n", &["--resume"], Refused("JSON")),
    ("C", "Access denied\n", &["--resume"], Refused("Access denied")),
    ("C", "<table><tr><td>16</td></tr></table>", &[], Refused("HTML")),
    ("C", "{\\rtf1\\ansi 16\\par 17}", &[], Refused("RTF")),
    ("C", "offer_id\u{2028} 16\u{2028} 17\n", &[], Refused("no line holds an offer ID")),
    ("2", "", &["--resume"], Refused("0 bytes")),
    ("2", "offer_id\n", &["--resume"], Refused("--allow-empty")),
    ("2", "\n\n \n", &["--resume"], Refused("blank lines")),
    ("2", "campaign,offer_id\nred,16\nblue,17\n", &["--column", "campaign"], Refused("no line holds an offer ID")),
    ("E2", "Offer\u{a0}ID,Name\n16,a\n", &[], Asked("16", 0)),
    ("E2", "\"Offer\nID\",Name\n16,a\n", &[], Asked("16", 0)),
    ("E2", "Name,Offer  ID\na,16\n", &[], Asked("16", 0)),
    ("E2", "Name,Of\u{200b}fer-ID#\na,16\n", &[], Asked("16", 0)),
    ("E3", "#TYPE System.Data.DataRow\n\"Offer ID\",\"Name\"\n\"16\",\"x\"\n", &[], Asked("16", 0)),
    ("E3", "Table 1\nOffer ID,Name\n16,a\n", &[], Asked("16", 0)),
    ("E3", "# from the network\n# 2026\noffer_id\n16\n", &[], Asked("16", 0)),
    ("E3", "sep=;;\noffer_id;name\n16;a\n", &[], Asked("16", 0)),
    ("E3", "sep=;,,\n16,a,b\n", &[], Asked("16", 0)),
    ("E3", "one \"two\n3\n16\n17\n", &["--skip-lines", "2"], Asked("16 17", 0)),
    ("E4", "offer_id,n,clicks\n16,a,3\nTotal,,3\n", &[], Asked("16", 1)),
    ("E4", "offer_id\n16\n(1 row)\n", &[], Asked("16", 1)),
    ("E4", "offer_id\n16\noffer_id\n17\n", &[], Asked("16 17", 1)),
    ("E6", "offer_id\n16.5\n16.\n0.3\n16 17\n\"16,17\"\n17\n", &[], Asked("17", 5)),
    ("E7", "Report\nOffer ID,Name,2024\n16,a,5\n", &[], Asked("16", 0)),
    (
        "E8",
        "<?xml version=\"1.0\"?>\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">\n16\n",
        &[],
        Refused("Excel 2003 XML"),
    ),
    ("E8", "ID;PWXL;N;E\nC;Y1;X1;K16\n", &[], Refused("SYLK")),
    ("E8", "[\n  {\"id\": 16},\n", &[], Refused("JSON")),
    ("E8", "socialcalc:version:1.0\ncell:A1:v:16\n", &[], Refused("EtherCalc")),
    ("E9", "offer_id,name\n16,a\n17,b\0c\n18,and some more\n", &[], Refused("line 3 holds a NUL")),
    ("E9", "offer_id\n16\n1\x007\0\r\0\n\0", &[], Refused("from line 3 on it is UTF-16")),
    ("E10", "offer_id,p\n\"=\"\"16\"\"\",5\n=\"17\",6\n", &[], Asked("16 17", 0)),
    ("total in the ID column", "Name;Geo;Offer ID\na;DE;16\nb;FR;17\nTotal;12;33\n", &[], Asked("16 17", 1)),
    ("total, no name known", "Name|Offer\na|160\nb|170\n(Total):|12\n", &[], Asked("160 170", 1)),
    ("total as a name", "Name,Offer ID\nTotal Energies,16\nTotal Shoes,17\n", &[], Asked("16 17", 0)),
    ("ID before it", "Offer ID,Name\n16,Total\n17,b\n", &[], Asked("16 17", 0)),
    ("list in text", "(16, 17, 18)\n", &[], Refused("(16, 17, 18): write one ID on each line")),
    ("list in text", "Offers 16, 17, 18 thanks\n", &[], Refused("one ID on each line")),
    ("list in text", "Offers 16, 17\n", &[], Refused("one ID on each line")),
    ("list in text", "(16; 17; 18);\n(19; 20; 21);\n", &[], Refused("one ID on each line")),
    ("inches", "19\" TV,16\n24\" TV,17\n", &[], Asked("16 17", 0)),
    ("15", "My report\nOffer,Campaign\n16,a\n17,b\n", &[], Asked("16 17", 0)),
    ("15", "My report\nOffer,Campaign\n16,a\n17,b\n", &["--column", "Offer"], Asked("16 17", 0)),
];

use Right::{Asked, Refused};

#[test]
fn what_went_wrong_once_is_right_now() {
    let problem = |(number, content, arguments, right): &(&str, &str, &[&str], Right<'_>)| {
        wrong("offers.csv", content.as_bytes(), arguments, right)
            .map(|problem| format!("{number} {content:?} {problem}"))
    };
    let problems: Vec<String> = FAULTS.iter().filter_map(problem).collect();
    assert!(problems.is_empty(), "{} wrong:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn stdin_is_judged_as_a_file_is() {
    let network = network();
    for (content, words) in [("", "0 bytes"), ("offer_id\n", "--allow-empty"), ("16,17\n", "one ID on each line")] {
        let folder = Folder::new();
        folder.write("links.csv", "the good old output\n");
        let ran = export_in(&folder).piped(content).args(&["-q"]).on(&network).run().expect(2).says(&[words]);
        assert_eq!(ran.output.as_deref(), Some("the good old output\n"));
    }
    assert_eq!(network.calls(), []);
    export_in(&Folder::new()).piped("Mine\n16;1,50\n17;2,75\n").on(&network).run().expect(0);
    assert_eq!(called(&network), ["16", "17"]);
}

#[test]
fn half_a_last_line_is_waited_for() {
    use std::io::Write;
    let network = network();
    let folder = Folder::new();
    folder.write("offers.csv", "offer_id\n1\n2\n3");
    let running = export_in(&folder).input("offers.csv").args(&["-j", "1"]).on(&network).start();
    std::thread::sleep(std::time::Duration::from_millis(100));
    let mut file = fs::File::options().append(true).open(folder.path("offers.csv")).unwrap();
    file.write_all(b"14\n").unwrap();
    drop(running.wait());
    assert!(!called(&network).contains(&"3".to_owned()), "{:?}", called(&network));
}

#[test]
fn the_chosen_reading_is_shown() {
    let network = network();
    let csv = "Report\n\nName;Offer ID\na;16\n";
    let shown = "IDs: column 2 \"Offer ID\", header in line 3, \";\" between cells";
    export_in(&Folder::new()).csv(csv).on(&network).run().expect(0).says(&[shown]);
    let ran = export_in(&Folder::new()).csv(csv).args(&["--dry-run"]).on(&network).run();
    assert!(ran.stdout.contains("column 2 \"Offer ID\", header in line 3, \";\" between cells"), "{}", ran.stdout);
}
