//! Which column holds the IDs, and which are kept.

use super::*;

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
fn the_chosen_reading_is_shown() {
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
        columns: keeping(Keep::Columns(names.iter().map(|&name| name.to_owned()).collect())),
        ..options()
    };
    insta::assert_snapshot!(show(content, &keep(&["URL", "id", "status"])).lines().take(2).collect::<Vec<_>>().join("\n"), @r"
    [input_status|input_url]
    2: 16 [b|g]
    ");
    assert_eq!(show(b"16,x,y", &keep(&["column_3"])), "[column_3]\n1: 16 [y]");
    assert_eq!(show(b"id,a\n16,x", &Options { columns: keeping(Keep::None), ..options() }), "[]\n2: 16 []");
    let unknown = show(b"id,a\n16,x", &keep(&["b"]));
    assert_eq!(unknown, "FILE: there is no column \"b\" (--keep); the columns found are: id, a");
}

#[test]
fn cells_for_links_come_after_the_kept_ones() {
    let (_dir, source) = file(b"id,a,b,c\n16.0,x,y,z\n17\n");
    let keep = Keep::Columns(vec!["b".to_owned()]);
    let also = ["c", "ID", "b"].map(str::to_owned).to_vec();
    let columns = WantedColumns { keep, also, ..WantedColumns::default() };
    let mut input = Input::open(&source, &Options { columns, ..options() }).unwrap();
    let index = |name| input.cell_index(name);
    assert_eq!([index("b"), index("c"), index("id"), index("a"), index("no")], [Some(0), Some(1), Some(2), None, None]);
    let rows = rows(&mut input);
    assert_eq!(rows[0].cells.kept().collect::<Vec<_>>(), ["y"]);
    assert_eq!([0, 1, 2, 3].map(|index| rows[0].cells.get(index)), ["y", "z", "16.0", ""]);
    assert_eq!([0, 1, 2, 3].map(|index| rows[1].cells.get(index)), ["", "", "17", ""]);
    let columns = WantedColumns { also: vec!["d".to_owned()], ..WantedColumns::default() };
    let error = Input::open(&source, &Options { columns, ..options() }).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("\"d\" (--append); the columns found are: id, a, b, c"));
}
