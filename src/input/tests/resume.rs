//! Tests of going on from any row, and of the laws of reading, over any bytes.

use super::*;

/// Resumes at every row, each time with an input opened anew, and compares what is left.
pub(super) fn assert_resumes_everywhere(source: &Source, options: &Options) {
    let Ok(mut input) = Input::open(source, options) else { return };
    let all = rows(&mut input);
    for (index, row) in all.iter().enumerate() {
        let mark = input.mark(row.next).unwrap().unwrap();
        let mut again = Input::open(source, options).unwrap();
        again.resume(&mark).unwrap();
        assert_eq!(rows(&mut again), all[index + 1..], "after row {index}");
        assert_eq!(again.total(), Total::Exact(all.len() as u64));
    }
}

#[test]
fn a_run_resumes_at_any_row_of_any_kind_of_text() {
    let table = "sep=;\r\noffer_id;a\r\n16;\"x\r\n\r\ny\"\r\n\r\n;;\r\n17;ü\r\n\"\"\r\n18;\r\n";
    for content in [
        table.as_bytes().to_vec(),
        format!("\u{feff}{table}").into_bytes(),
        table.replace("\r\n", "\r").into_bytes(),
        table.replace("\r\n", "\n").into_bytes(),
        utf16(table, u16::to_le_bytes),
        b"16\n17\r\n\r\n18".to_vec(),
        b"16\n\xef\xbb\xbf17\n\xef\xbb\xbf\xef\xbb\xbf18".to_vec(),
    ] {
        let (_dir, source) = file(&content);
        assert_resumes_everywhere(&source, &options());
    }
}

#[test]
fn a_run_resumes_only_with_the_same_input() {
    let (_dir, source) = file(b"id\n16\n17\n18\n");
    let Source::File(path) = &source else { panic!() };
    let mut input = Input::open(&source, &options()).unwrap();
    let second = rows(&mut input)[1].next;
    assert_eq!(second, ResumePosition { byte: 9, line: 4, record: 2 });
    let mark = input.mark(second).unwrap().unwrap();
    let json = serde_json::to_string(&mark).unwrap();
    assert_eq!(serde_json::from_str::<InputFingerprint>(&json).unwrap(), mark);
    let resume = |content: &[u8], mark: &InputFingerprint| {
        std::fs::write(path, content).unwrap();
        let mut input = Input::open(&source, &options()).unwrap();
        let result = input.resume(mark).map_err(|error| error.to_string());
        (result, rows(&mut input).len())
    };
    assert_eq!(resume(b"id\n16\n17\n99\n", &mark), (Ok(()), 1));
    let (changed, rows) = resume(b"id\n16\n19\n18\n", &mark);
    assert!(changed.unwrap_err().contains("not the same any more") && rows == 3);
    let (longer, rows) = resume(b"id\n16\n17\n18\n19\n", &mark);
    assert!(longer.unwrap_err().contains("has 15 bytes now and had 12") && rows == 4);
    let damaged = InputFingerprint { position: ResumePosition { byte: 1 << 40, ..mark.position }, ..mark };
    assert!(resume(b"id\n16\n17\n18\n", &damaged).0.is_err());
}

/// Texts that are likely to find the corners.
fn texts() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
    use proptest::prelude::*;
    let token = prop_oneof![
        8 => proptest::sample::select(vec![
            "16", "17.0", "offer_id", "id", "a", "\"", "\"\"", ",", ",", ";", "\t", "|", "\n", "\n", "\r", "\r\n", " ",
            "sep=;", "\u{feff}", "\"x\ny\"", "é",
        ]).prop_map(|token| token.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 1..4),
    ];
    proptest::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

fn any_options() -> impl proptest::strategy::Strategy<Value = Options> {
    use proptest::prelude::*;
    let name = || proptest::sample::select(vec!["a", "id", "column_2", "", "é"]).prop_map(str::to_owned);
    let column = prop_oneof![
        4 => Just(None),
        1 => name().prop_map(|name| Some(ColumnChoice::Name(name))),
        1 => (0_usize..4).prop_map(|number| Some(ColumnChoice::Number(number))),
    ];
    let delimiter = prop_oneof![3 => Just(None), 1 => any::<u8>().prop_map(Some)];
    let keep = prop_oneof![
        4 => Just(Keep::All),
        1 => Just(Keep::None),
        1 => proptest::collection::vec(name(), 0..3).prop_map(Keep::Columns),
    ];
    let also = prop_oneof![4 => Just(vec![]), 1 => proptest::collection::vec(name(), 0..3)];
    (column, delimiter, any::<bool>(), keep, also).prop_map(|(column, delimiter, no_headers, keep, also)| Options {
        column,
        delimiter,
        no_headers,
        columns: WantedColumns { keep, also, ..WantedColumns::default() },
        ..Options::default()
    })
}

proptest::proptest! {
    #[test]
    fn no_input_makes_it_panic_and_every_row_can_be_resumed_from(content in texts(), options in any_options()) {
        let (_dir, source) = file(&content);
        assert_resumes_everywhere(&source, &options);
        let shown = show(&content, &options);
        proptest::prop_assert!(!shown.is_empty());
    }

    #[test]
    fn rows_in_are_rows_out(
        cells in proptest::collection::vec(("[0-9a-z]{1,5}", "\\PC{0,4}|[\",;\r\n]{0,3}"), 1..20),
        delimiter in proptest::sample::select(b",;\t|".to_vec()),
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        writer.write_record(["offer_id", "note"]).unwrap();
        // Without any ID it would be refused.
        let mut cells = cells;
        cells.push(("16".to_owned(), String::new()));
        for (id, note) in &cells {
            writer.write_record([id, note]).unwrap();
        }
        let (_dir, source) = file(&writer.into_inner().unwrap());
        let mut input = Input::open(&source, &options()).unwrap();
        let read: Vec<_> = rows(&mut input).into_iter().map(|row| {
            let id = row.offer.map_or_else(|bad| bad.text.into_string(), |id| id.to_string());
            (id, row.cells.get(0).to_owned())
        }).collect();
        proptest::prop_assert_eq!(read, cells);
    }
}
