//! Tests of reading as a whole: files in, rows out, and on again from any row.

use super::*;

mod columns;
mod refusals;
mod resume;
mod stream;
mod warnings;
mod workbook;

fn file(content: &[u8]) -> (tempfile::TempDir, Source) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("offers.csv");
    std::fs::write(&path, content).unwrap();
    (dir, Source::File(path))
}

fn rows(input: &mut Input) -> Vec<Row> {
    std::iter::from_fn(|| input.next_row().unwrap()).collect()
}

/// The rows as text: line, ID or reason, kept cells.
fn show(content: &[u8], options: &Options) -> String {
    let (_dir, source) = file(content);
    let mut input = match Input::open(&source, options) {
        Ok(input) => input,
        Err(error) => return error.to_string().replace(&source.to_string(), "FILE"),
    };
    let counted = input.total();
    let rows = rows(&mut input);
    assert_eq!(counted, Total::Exact(rows.len() as u64));
    let header = format!("[{}]", input.kept_columns().join("|"));
    let lines = rows.iter().map(|row| {
        let id = match &row.offer {
            Ok(id) => id.to_string(),
            Err(bad) => format!("{:?} {:?}", bad.text, bad.reason),
        };
        format!("{}: {id} [{}]", row.line, row.cells.kept().collect::<Vec<_>>().join("|"))
    });
    std::iter::once(header).chain(lines).collect::<Vec<_>>().join("\n")
}

fn options() -> Options {
    Options::default()
}

fn keeping(keep: Keep) -> WantedColumns {
    WantedColumns { keep, ..WantedColumns::default() }
}

fn column(name: &str) -> Options {
    Options { column: Some(ColumnChoice::Name(name.to_owned())), ..options() }
}

fn number(number: usize) -> Options {
    Options { column: Some(ColumnChoice::Number(number)), ..options() }
}

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(to_bytes).collect()
}

#[test]
fn the_same_table_in_any_dialect_gives_the_same_rows() {
    let table = "offer_id,näme\n16,é\n\n\"17\",\"x, y\"\n";
    let expected = "[näme]\n2: 16 [é]\n4: 17 [x, y]";
    let mut latin = Vec::new();
    table.chars().for_each(|c| latin.push(u8::try_from(u32::from(c)).unwrap()));
    for (what, content) in [
        ("UTF-8", table.as_bytes().to_vec()),
        ("BOM", format!("\u{feff}{table}").into_bytes()),
        ("Windows-1252", latin),
        ("UTF-16 LE", utf16(table, u16::to_le_bytes)),
        ("UTF-16 BE", utf16(table, u16::to_be_bytes)),
        ("CRLF", table.replace('\n', "\r\n").into_bytes()),
        ("CR", table.replace('\n', "\r").into_bytes()),
        ("semicolon", "offer_id;näme\n16;é\n\n\"17\";x, y\n".into()),
        ("tab", "offer_id\tnäme\n16\té\n\n17\tx, y".into()),
        ("pipe", "offer_id|näme\n16|é\n || \n17|x, y".into()),
    ] {
        assert_eq!(show(&content, &options()), expected, "{what}");
    }
    assert_eq!(show("sep=;\noffer_id;näme\n16;é".as_bytes(), &options()), "[näme]\n3: 16 [é]");
}

#[test]
fn ids_as_spreadsheets_write_them() {
    let content = "offer_id\n16.0\n 16 \n'16\n\"1,234\"\n1,234\n1.6E+1\n";
    insta::assert_snapshot!(show(content.as_bytes(), &options()), @r#"
    []
    2: 16 []
    3: 16 []
    4: 16 []
    5: "1,234" ThousandsSeparator []
    6: "1,234" ThousandsSeparator []
    7: "1.6E+1" Scientific []
    "#);
}

#[test]
fn an_input_may_be_read_by_another_thread() {
    fn assert_send<T: Send>() {}
    assert_send::<Input>();
}

#[test]
fn a_large_input_is_estimated_and_the_estimate_grows_right() {
    let content = format!("offer_id\n{}", "123456\n".repeat(700_000));
    let (_dir, source) = file(content.as_bytes());
    let mut input = Input::open(&source, &options()).unwrap();
    let Total::Estimate(at_first) = input.total() else { panic!("{:?}", input.total()) };
    assert!(at_first.abs_diff(700_000) < 700, "{at_first}");
    for _ in 0..1000 {
        input.next_row().unwrap();
    }
    let Total::Estimate(later) = input.total() else { panic!() };
    assert!(later.abs_diff(700_000) < 700, "{later}");
    assert_eq!(rows(&mut input).len(), 699_000);
    assert_eq!(input.total(), Total::Exact(700_000));
}
