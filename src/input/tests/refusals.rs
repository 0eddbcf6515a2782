//! Inputs that are refused, and the message that each gets.

use std::path::Path;

use super::*;

#[test]
fn an_input_that_is_not_a_list_is_refused_with_the_reason() {
    let cases: [(&str, &Options, &str); 13] = [
        ("", &options(), "the file is empty (0 bytes)"),
        ("", &column("x"), "the file is empty (0 bytes)"),
        ("\u{feff}", &options(), "only blank lines"),
        ("\n \n,,\n", &options(), "only blank lines"),
        ("offer_id\n", &options(), "there is nothing below the header in line 1; if that is meant, --allow-empty"),
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
    let keep = Options { columns: keeping(Keep::Columns(vec!["name".to_owned()])), ..allowed.clone() };
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
fn an_unreadable_input_is_named_with_what_to_do() {
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
