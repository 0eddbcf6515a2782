//! Tests of reading workbooks.

use std::io::{self, Write as _};

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use super::*;

pub(super) fn xlsx() -> Vec<u8> {
    xlsx_with_last_row(9)
}

/// A workbook whose second sheet ends in this row, from 0: reading up to the last row there is takes a debug build long.
fn xlsx_with_last_row(last: u32) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("Offers").unwrap();
    let date = |format: &str| Format::new().set_num_format(format);
    for (column, name) in ["Offer ID", "text", "number", "when", "flag"].into_iter().enumerate() {
        sheet.write(0, u16::try_from(column).unwrap(), name).unwrap();
    }
    sheet.write(1, 0, 16.0).unwrap().write(1, 1, "é, \"x\"\ny").unwrap().write(1, 2, 1.5).unwrap();
    let day = ExcelDateTime::from_ymd(2024, 2, 29).unwrap();
    sheet.write_with_format(1, 3, &day, &date("yyyy-mm-dd")).unwrap().write(1, 4, true).unwrap();
    sheet.write(3, 0, "017").unwrap().write(3, 2, 1e21).unwrap();
    let moment = ExcelDateTime::from_ymd(2024, 2, 29).unwrap().and_hms(13, 5, 9).unwrap();
    sheet.write_with_format(3, 3, &moment, &date("yyyy-mm-dd hh:mm:ss")).unwrap();
    sheet.write(4, 1, "  ").unwrap();
    sheet.write(5, 0, 12_345_678_901_234_567_890.0).unwrap().write(5, 1, 0.1 + 0.2).unwrap();
    let other = workbook.add_worksheet().set_name("More").unwrap();
    other.write(0, 0, 18.0).unwrap().write(last, 0, 19.0).unwrap().write(last, 16_383, "far").unwrap();
    workbook.save_to_buffer().unwrap()
}

#[test]
fn a_sheet_is_read_like_the_text_it_shows() {
    insta::assert_snapshot!(show(&xlsx(), &options()), @r#"
    [text|number|when|flag]
    2: 16 [é, "x"
    y|1.5|2024-02-29|TRUE]
    4: 017 [|1e21|2024-02-29T13:05:09|]
    6: "1.2345678901234567e19" Scientific [0.3|||]
    "#);
}

#[test]
fn a_sheet_is_chosen_by_name_and_gaps_in_it_cost_nothing() {
    let sheet = |name: &str| Options { sheet: Some(name.to_owned()), ..options() };
    assert_eq!(show(&xlsx_with_last_row(1_048_575), &sheet("more")), "[]\n1: 18 []\n1048576: 19 []");
    let delimited = Options { delimiter: Some(b';'), ..options() };
    assert_eq!(show(&xlsx(), &delimited), "FILE: --delimiter is for text, and this is a workbook; leave it out");
    assert_eq!(show(&xlsx(), &sheet("Less")), "FILE: there is no sheet \"Less\"; its sheets are: Offers, More");
}

#[test]
fn a_run_resumes_at_any_row_of_a_sheet() {
    let (_dir, source) = file(&xlsx());
    resume::assert_resumes_everywhere(&source, &options());
}

#[test]
fn an_opendocument_sheet_is_read_too() {
    let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let table = r#"<?xml version="1.0"?><office:document-content
        xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
        xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
        xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
        <table:table table:name="A"><table:table-row>
        <table:table-cell office:value-type="string"><text:p>id</text:p></table:table-cell>
        <table:table-cell office:value-type="string"><text:p>when</text:p></table:table-cell></table:table-row>
        <table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row><table:table-row>
        <table:table-cell office:value-type="float" office:value="16"><text:p>16</text:p></table:table-cell>
        <table:table-cell office:value-type="date" office:date-value="2024-02-29"><text:p>x</text:p></table:table-cell>
        </table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"#;
    let manifest = r#"<?xml version="1.0"?><manifest:manifest
        xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"></manifest:manifest>"#;
    // Neither in the order nor without the white space that calamine wants.
    for (name, content) in [
        ("META-INF/manifest.xml", manifest),
        ("content.xml", table),
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
    ] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    let content = zip.finish().unwrap().into_inner();
    assert_eq!(show(&content, &options()), "[when]\n4: 16 [2024-02-29]");
}

#[test]
fn a_damaged_workbook_is_an_error_and_no_panic() {
    let whole = xlsx();
    for at in (0..whole.len()).step_by(499) {
        let (_dir, cut) = file(whole.get(..at).unwrap());
        let _ = Input::open(&cut, &options());
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        let (_dir, edited) = file(&bytes);
        let _ = Input::open(&edited, &options());
    }
}
