//! Tests of reading as a whole: files in, rows out, and on again from any row.

use std::path::Path;

use super::*;

mod resume;
mod stream;
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
fn the_id_column_is_found_or_the_columns_are_named() {
    let no_headers = Options { no_headers: true, ..options() };
    let skip = |skip_lines| Options { skip_lines, ..options() };
    let which = "FILE: which column holds the offer IDs? column 1 \"a\" (1, 2) or column 2 \"b\" (16, 17): \
                 say --column 1 or --column 2";
    let cases: [(&str, &Options, &str); 26] = [
        ("16\n17", &options(), "[]\n1: 16 []\n2: 17 []"),
        ("16", &no_headers, "[]\n1: 16 []"),
        ("campaigns\n17", &options(), "[]\n2: 17 []"),
        ("campaigns\n17", &no_headers, "[]\n1: \"campaigns\" NotDigits []\n2: 17 []"),
        ("1.6E+1\n17", &options(), "[]\n1: \"1.6E+1\" Scientific []\n2: 17 []"),
        ("\"\"\n17", &options(), "[]\n1: \"\" Empty []\n2: 17 []"),
        ("ID,Offer ID\n1,16", &options(), "[ID]\n2: 16 [1]"),
        ("x, OFFERID \n1,16", &options(), "[x]\n2: 16 [1]"),
        ("x,16\ny,17", &options(), "[column_1]\n1: 16 [x]\n2: 17 [y]"),
        ("16,ID\n17,US", &options(), "[column_2]\n1: 16 [ID]\n2: 17 [US]"),
        ("16,US\n17,ID", &options(), "[column_2]\n1: 16 [US]\n2: 17 [ID]"),
        ("a,b\n1,16", &column("B"), "[a]\n2: 16 [1]"),
        ("a,b\n1,16", &number(2), "[a]\n2: 16 [1]"),
        ("1,16\n2,17", &number(2), "[column_1]\n1: 16 [1]\n2: 17 [2]"),
        ("a,b,c\n1,16,x\n2,17,y", &options(), which),
        ("a,b\n1,16", &column("c"), "FILE: there is no column \"c\" (--column); the columns found are: a, b"),
        ("a,b\n1,16", &number(3), "FILE: there is no column \"3\" (--column); the columns found are: a, b"),
        ("a,b\n1,16", &number(0), "FILE: there is no column \"0\" (--column); the columns found are: a, b"),
        ("a,b\n1,16", &column("a"), "[b]\n2: 1 [16]"),
        (
            "a,b\nx,y",
            &no_headers,
            "FILE: no ID column: none is named offer_id, offerid, \"offer id\", offer-id or id, and none holds IDs in \
             nearly all of the first rows; the columns found are: column_1, column_2; say which with --column NAME (or a \
             number from 1), or leave out the lines above the header with --skip-lines N",
        ),
        ("Report 2024\n\nid;name\n16;x\n", &options(), "[name]\n4: 16 [x]"),
        ("Mine\nid\n16\n", &options(), "[]\n3: 16 []"),
        ("2024 \"all\n\nid;name\n16;x\n", &skip(2), "[name]\n4: 16 [x]"),
        ("2024\r\nx\r\nid;name\r\n16;x\r\n", &skip(2), "[name]\n4: 16 [x]"),
        ("2024\rx\r16\r17\r", &skip(2), "[]\n3: 16 []\n4: 17 []"),
        ("2024\nsep=;\nid;name\n16;x\n", &skip(1), "[name]\n4: 16 [x]"),
    ];
    for (content, options, expected) in cases {
        assert_eq!(show(content.as_bytes(), options), expected, "{content:?} {options:?}");
    }
}

#[test]
fn what_is_no_list_is_refused_in_words_of_its_own() {
    let cases: [(&str, &Options, &str); 13] = [
        ("", &options(), "the file is empty (0 bytes)"),
        ("", &column("x"), "the file is empty (0 bytes)"),
        ("\u{feff}", &options(), "only blank lines"),
        ("\n \n,,\n", &options(), "only blank lines"),
        ("offer_id\n", &options(), "nothing stands below the header in line 1; if that is meant, --allow-empty"),
        ("Access denied\n", &options(), "this is no list of offers: its only line is \"Access denied\""),
        ("Error\nsession expired\nlog in\n", &options(), "no line holds an offer ID"),
        ("offer_id\nx\ny\n", &options(), "no line holds an offer ID in column 1 \"offer_id\": line 2 has \"x\" there"),
        ("campaign,offer_id\nx,16\n", &column("campaign"), "no line holds an offer ID in column 1 \"campaign\""),
        ("16\n17\n", &Options { skip_lines: 5, ..options() }, "below the lines that --skip-lines 5 leaves out; if"),
        ("16 17\n", &options(), "several numbers in this cell"),
        ("offer_id,16,17\n", &options(), "line 1 holds a header and offer IDs (16, 17)"),
        ("16;17;18\n", &options(), "line 1 holds 3 numbers that may be offer IDs (16, 17, 18)"),
    ];
    for (content, options, part) in cases {
        let shown = show(content.as_bytes(), options);
        assert!(shown.starts_with("FILE: ") && shown.contains(part), "{content:?} {options:?}: {shown}");
    }
    let allowed = Options { allow_empty: true, ..options() };
    let far = format!("offer_id,name\n{}", "\n".repeat(300_000));
    for (empty, kept) in [("", "[]"), ("\n\n", "[]"), ("offer_id,name\n", "[name]"), (&far, "[name]")] {
        assert_eq!(show(empty.as_bytes(), &allowed), kept, "{:?}", empty.get(..15));
    }
    // Flags that name a column of a header are right on a day without offers, too.
    let keep = Options { keep: Keep::Columns(vec!["name".to_owned()]), ..allowed.clone() };
    assert_eq!(show(b"offer_id,name\n", &keep), "[name]");
    for full in ["Access denied\n", "offer_id\nx\n", "offer_id,16\n"] {
        assert!(show(full.as_bytes(), &allowed).starts_with("FILE: "), "{full:?}");
    }
}

#[test]
fn a_first_id_far_down_is_found_and_nothing_is_lost_on_the_way() {
    for bad in [30, 3000, 30_000] {
        let content = format!("offer_id\n{}16\n", "x\n".repeat(bad));
        let shown = show(content.as_bytes(), &options());
        assert_eq!((shown.lines().count(), shown.lines().last().unwrap()), (bad + 2, &*format!("{}: 16 []", bad + 2)));
        let shown = show(&utf16(&content, u16::to_le_bytes), &options());
        assert_eq!(shown.lines().count(), bad + 2);
        let none = show(format!("offer_id\n{}", "x\n".repeat(bad)).as_bytes(), &options());
        assert!(none.contains("no line holds an offer ID"), "{none}");
    }
}

#[test]
fn a_row_that_may_have_moved_is_no_offer() {
    let content = "name,offer_id\n\"19\\\" TV, 55\",16\nx,17\n";
    assert_eq!(show(content.as_bytes(), &options()), "[name]\n2: \" 55\\\"\" Shifted [19\\ TV]\n3: 17 [x]");
    assert_eq!(show(b"offer_id,name\n16,x,y\n", &options()), "[name]\n2: 16 [x]");
}

#[test]
fn rows_without_an_id_are_told_for_what_they_are() {
    let (_dir, source) = file(b"offer_id,n\n16,a\noffer_id,n\n17,b\nTotal,2\n");
    let mut input = Input::open(&source, &options()).unwrap();
    assert_eq!(rows(&mut input).len(), 4);
    let odd = input.oddities();
    assert_eq!((odd.first_repeated_header, odd.first_total, odd.has_grown), (Some(3), Some(5), false));
    let Source::File(path) = source else { panic!() };
    std::fs::write(path, b"offer_id,n\n16,a\noffer_id,n\n17,b\nTotal,2\n18,c\n").unwrap();
    assert!(input.oddities().has_grown);
}

#[test]
fn what_was_chosen_is_told() {
    for (content, told) in [
        ("My report\n\nName;Offer  ID\na;16\n", "column 2 \"Offer ID\", header in line 3, \";\" between cells"),
        ("16\t1,50\n", "column 1, no header, tab between cells"),
        ("offer_id\n16\n", "column 1 \"offer_id\", header in line 1"),
        ("16\n17\n", "column 1, no header"),
    ] {
        let (_dir, source) = file(content.as_bytes());
        assert_eq!(Input::open(&source, &options()).unwrap().resolved().to_string(), told);
    }
}

#[test]
fn columns_without_name_and_content_are_left_out() {
    let content = b",,offer_id,,note\n,,16,a,x\n,,17,,y\n";
    assert_eq!(show(content, &options()), "[column_4|note]\n2: 16 [a|x]\n3: 17 [|y]");
    let late = format!(",offer_id\n{}z,17\n", ",16\n".repeat(40));
    let (_dir, source) = file(late.as_bytes());
    let mut input = Input::open(&source, &options()).unwrap();
    assert_eq!((input.kept_columns().len(), rows(&mut input).len()), (0, 41));
    assert_eq!(
        input.oddities(),
        InputWarnings { rows_too_long: 1, first_too_long: Some(42), ..InputWarnings::default() }
    );
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
fn columns_are_kept_in_order_under_names_of_their_own() {
    let content = b"x,status,id,x,,x_2,input_status,url\na,b,16,c,d,e,f,g\n,,17\n1,2,3,4,5,6,7,8,,\n1,,,\n";
    insta::assert_snapshot!(show(content, &options()), @r#"
    [x|input_status_2|x_3|column_5|x_2|input_status|input_url]
    2: 16 [a|b|c|d|e|f|g]
    3: 17 [||||||]
    4: 3 [1|2|4|5|6|7|8]
    5: "" Empty [1||||||]
    "#);
    let keep = |names: &[&str]| Options {
        keep: Keep::Columns(names.iter().map(|&name| name.to_owned()).collect()),
        ..options()
    };
    insta::assert_snapshot!(show(content, &keep(&["URL", "id", "status"])).lines().take(2).collect::<Vec<_>>().join("\n"), @r"
    [input_status|input_url]
    2: 16 [b|g]
    ");
    assert_eq!(show(b"16,x,y", &keep(&["column_3"])), "[column_3]\n1: 16 [y]");
    assert_eq!(show(b"id,a\n16,x", &Options { keep: Keep::None, ..options() }), "[]\n2: 16 []");
    let unknown = show(b"id,a\n16,x", &keep(&["b"]));
    assert_eq!(unknown, "FILE: there is no column \"b\" (--keep); the columns found are: id, a");
}

#[test]
fn cells_for_links_come_after_the_kept_ones() {
    let (_dir, source) = file(b"id,a,b,c\n16.0,x,y,z\n17\n");
    let keep = Keep::Columns(vec!["b".to_owned()]);
    let also = ["c", "ID", "b"].map(str::to_owned).to_vec();
    let mut input = Input::open(&source, &Options { keep, also, ..options() }).unwrap();
    let index = |name| input.cell_index(name);
    assert_eq!([index("b"), index("c"), index("id"), index("a"), index("no")], [Some(0), Some(1), Some(2), None, None]);
    let rows = rows(&mut input);
    assert_eq!(rows[0].cells.kept().collect::<Vec<_>>(), ["y"]);
    assert_eq!([0, 1, 2, 3].map(|index| rows[0].cells.get(index)), ["y", "z", "16.0", ""]);
    assert_eq!([0, 1, 2, 3].map(|index| rows[1].cells.get(index)), ["", "", "17", ""]);
    let error = Input::open(&source, &Options { also: vec!["d".to_owned()], ..options() }).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("\"d\" (--append); the columns found are: id, a, b, c"));
}

#[test]
fn what_is_odd_is_told_and_never_dropped_in_silence() {
    let (_dir, source) = file(b"id,a\n16,x,,\n17,x,y\n18,x,,y\n");
    let mut input = Input::open(&source, &options()).unwrap();
    assert_eq!(rows(&mut input).len(), 3);
    assert_eq!(
        input.oddities(),
        InputWarnings { rows_too_long: 2, first_too_long: Some(3), ..InputWarnings::default() }
    );
}

#[test]
fn a_quote_that_never_closes_is_an_error_with_its_line_before_a_row_is_lost() {
    let text = "sep=,\nid,a\n18,\"two\nlines\"\n19,\"x\n20,y\n";
    let (_dir, source) = file(text.as_bytes());
    let error = Input::open(&source, &options()).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("line 5: a quote"), "{error}");
    // Too large to be looked through at the start.
    let long = format!("id,a\n{}19,\"x\n20,y\n", "\n".repeat(5 << 20));
    let (_dir, source) = file(long.as_bytes());
    let mut input = Input::open(&source, &options()).unwrap();
    let ended = std::iter::from_fn(|| input.next_row().transpose()).find(Result::is_err);
    assert!(matches!(ended, Some(Err(InputError::UnclosedQuote { .. }))), "{ended:?}");
}

#[test]
fn what_cannot_be_read_is_named_with_the_way_out() {
    for (content, part) in [
        (&b"i\0d\0\n\0"[..], "UTF-16 without a byte order mark; save it as UTF-8"),
        (b"\x1f\x8b\x08\0", "unpack it first"),
        (b"PK\x03\x04 is no workbook", "cannot be read as a workbook"),
        (b"{\"error\":\"session expired\"}\n", "it is JSON"),
        (b"\xef\xbb\xbf<table>\n<tr><td>\n250\n", "it is an HTML page"),
        (b"\xff\xfe<\0b\0>\0", "it is an HTML page"),
        (b"{\\rtf1 16}", "RTF"),
        (b"offer_id\n16\n17,a\0b\n", "line 3 holds a NUL"),
    ] {
        let shown = show(content, &options());
        assert!(shown.starts_with("FILE: cannot be read") && shown.contains(part), "{shown}");
    }
    let missing = Input::open(&Source::File("no/such.csv".into()), &options()).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "no/such.csv: no such file; pass a file of offer IDs, or `-` to read from standard input"
    );
    let folder = Input::open(&Source::File(".".into()), &options()).unwrap_err();
    assert_eq!(folder.to_string(), ".: is a folder; pass the file of offer IDs in it");
    assert!(missing.is_usage() && folder.is_usage());
    let sheet = show(b"id\n16", &Options { sheet: Some("x".to_owned()), ..options() });
    assert!(sheet.contains("--sheet is for workbooks"), "{sheet}");
    assert_eq!(Source::from_argument(Path::new("-")), Source::Stdin);
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
