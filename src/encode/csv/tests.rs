//! Tests of `csv`.

use super::*;
use crate::encode::KeptCell;
use crate::offer::{AnswerBuilder, ErrorKind, Outcome};
use proptest::prelude::*;

/// An ID, the kept cells and the query.
type Given<'a> = (&'a str, &'a [&'a str], &'a str);

fn encoder(dialect: Dialect) -> CsvEncoder {
    CsvEncoder::new(dialect, &Schema::default(), [].into_iter())
}

fn rows(encoder: &CsvEncoder, (offer_id, kept, query): Given<'_>, outcome: RowOutcome<'_>) -> (u64, String) {
    let mut out = Vec::new();
    let mut kept = kept.iter().map(|cell| KeptCell::from(*cell));
    let count = encoder.encode(InputRow { offer_id, network: "demo", kept: &mut kept, query }, outcome, &mut out);
    (count, String::from_utf8(out).unwrap())
}

fn text(dialect: Dialect, given: Given<'_>, outcome: &Outcome) -> String {
    rows(&encoder(dialect), given, RowOutcome::live(outcome)).1
}

fn header<'k>(dialect: Dialect, kept: impl Iterator<Item = &'k str>) -> Vec<u8> {
    CsvEncoder::new(dialect, &Schema::default(), kept).header
}

fn of<'a>(offer_id: &'a str, kept: &'a [&'a str]) -> Given<'a> {
    (offer_id, kept, "")
}

/// The documented example, see tests/fixtures/offer-16.json.
fn offer_16() -> Answer {
    let own = "http://oltest1.offerstrack.net/index.php?offer_id=16&aff_id=5547";
    let pixel = "<img src='http://qoqololo.iuniontrack.com:9080/impr.php?offer_id=16&aff_id=5547'  border='0'  width='1'  height='1' />";
    let mut answer = AnswerBuilder::new(Some(own), Some(pixel));
    let mut add = |kind, name, suffix: &str, preview_url| {
        let link = format!("{own}{suffix}");
        answer.entry(Entry { kind: Some(kind), name, tracking_link: Some(&link), preview_url });
    };
    add("Default", None, "", Some("http://www.offerslook.com"));
    add("Random", None, "&random_url=1", None);
    add("Offer URL", Some("360"), "&url_id=7", Some("http://www.360.com"));
    add("Offer URL", Some("qq"), "&url_id=8", Some("http://www.qq.com"));
    answer.build()
}

#[test]
fn the_documented_example_gives_the_documented_bytes() {
    let start = String::from_utf8(header(Dialect::Plain, [].into_iter())).unwrap();
    let (count, rows) = rows(&encoder(Dialect::Plain), of("16", &[]), RowOutcome::live(&Ok(offer_16())));
    assert_eq!((count, (start + &rows).as_str()), (4, include_str!("../../../tests/fixtures/offer-16.csv")));
}

#[test]
fn kept_columns_stand_after_the_id_on_every_row() {
    let start = String::from_utf8(header(Dialect::Plain, ["a,b", "c"].into_iter())).unwrap();
    assert!(start.starts_with("offer_id,\"a,b\",c,offer_url_type,"), "{start}");
    let all = text(Dialect::Plain, of("16", &["x\"y", " =1 "]), &Ok(offer_16()));
    assert!(all.lines().all(|line| line.starts_with("16,\"x\"\"y\", =1 ,")), "{all}");
}

#[test]
fn a_link_without_entries_has_one_row_with_empty_entry_columns() {
    let answer = AnswerBuilder::new(Some("http://h/?a=1"), None).build();
    assert_eq!(text(Dialect::Plain, of("7", &["k"]), &Ok(answer)), "7,k,,,,,http://h/?a=1,,ok,,,,\n");
}

#[test]
fn an_error_has_one_row_with_what_the_network_said() {
    let error = OfferError {
        kind: ErrorKind::NotApproved,
        http_status: Some(403),
        code: Some("11".into()),
        message: "No permission,\nask \"us\"".into(),
    };
    insta::assert_snapshot!(
        text(Dialect::Plain, of("7", &[]), &Err(error)),
        @r#"7,,,,,,,error,not_approved,403,11,"No permission, ask ""us"""
    "#
    );
    let local = OfferError::local(ErrorKind::InvalidOfferId, "line 3: an ID is made of digits only");
    insta::assert_snapshot!(
        text(Dialect::Plain, of("x,y", &[""]), &Err(local)),
        @r#""x,y",,,,,,,,error,invalid_offer_id,,,line 3: an ID is made of digits only"#
    );
}

#[test]
fn the_query_is_added_to_tracking_links_only() {
    let mut answer = AnswerBuilder::new(Some("http://h/u#f"), Some("http://h/pixel"));
    let [link, preview] = [Some("http://h/t?a=1"), Some("http://h/preview")];
    answer.entry(Entry { kind: None, name: Some("http://n"), tracking_link: link, preview_url: preview });
    insta::assert_snapshot!(
        text(Dialect::Plain, ("7", &[], "s={m}"), &Ok(answer.build())),
        @"7,,http://n,http://h/t?a=1&s={m},http://h/preview,http://h/u?s={m}#f,http://h/pixel,ok,,,,"
    );
}

#[test]
fn excel_gets_bom_crlf_and_no_formula_from_the_network() {
    let mut answer = AnswerBuilder::new(Some("=http://h"), Some("@SUM(A1)"));
    answer.entry(Entry {
        kind: Some("+1"),
        name: Some("=HYPERLINK(\"http://evil\",\"x\")"),
        tracking_link: Some("https://h/?a=-1"),
        preview_url: Some("\tx"),
    });
    let source = of("16", &["=mine", "-5"]);
    assert_eq!(
        text(Dialect::Excel, source, &Ok(answer.build())),
        "16,=mine,-5,'+1,\"'=HYPERLINK(\"\"http://evil\"\",\"\"x\"\")\",https://h/?a=-1,'\tx,'=http://h,'@SUM(A1),ok,,,,\r\n"
    );
    let error = OfferError { code: Some("-1".into()), ..OfferError::local(ErrorKind::ApiError, "\r=1") };
    assert_eq!(text(Dialect::Excel, of("1", &[]), &Err(error)), "1,,,,,,,error,api_error,,'-1, =1\r\n");
    assert!(header(Dialect::Excel, ["=k"].into_iter()).starts_with(b"\xef\xbb\xbfoffer_id,=k,"));
}

#[test]
fn a_stale_row_has_the_old_links_the_new_error_and_its_time() {
    let schema = Schema::default().with(Field::LastGoodAt).with(Field::Network);
    let encoder = CsvEncoder::new(Dialect::Plain, &schema, ["k"].into_iter());
    let error = OfferError { http_status: Some(502), ..OfferError::local(ErrorKind::ServerError, "Bad Gateway") };
    let mut answer = AnswerBuilder::new(Some("http://h/u"), None);
    answer.entry(Entry { kind: Some("Default"), ..Entry::default() });
    answer.entry(Entry { kind: Some("Random"), ..Entry::default() });
    let (answer, last_good_at) = (answer.build(), "2026-11-24T02:15:07Z".parse().unwrap());
    let stale = RowOutcome::Stale { answer: &answer, error: &error, last_good_at };
    insta::assert_snapshot!(rows(&encoder, of("7", &["x"]), stale).1, @r"
    7,demo,x,Default,,,,http://h/u,,stale,server_error,502,,Bad Gateway,2026-11-24T02:15:07Z
    7,demo,x,Random,,,,http://h/u,,stale,server_error,502,,Bad Gateway,2026-11-24T02:15:07Z
    ");
    insta::assert_snapshot!(rows(&encoder, of("7", &["x"]), RowOutcome::Failed(&error)).1, @"7,demo,x,,,,,,,error,server_error,502,,Bad Gateway,");
}

proptest! {
    #[test]
    fn a_csv_reader_gets_back_every_text(
        kept in prop::collection::vec(".{0,6}|[,\"\r\n ]{0,4}", 0..3),
        entries in prop::collection::vec(prop::array::uniform4("[a,\"\r\n=é]{0,5}"), 0..4),
        own in "[a,\"\r\n]{0,5}",
    ) {
        let mut answer = AnswerBuilder::new(Some(&own), None);
        for [kind, name, link, preview] in &entries {
            answer.entry(Entry { kind: Some(kind), name: Some(name), tracking_link: Some(link), preview_url: Some(preview) });
        }
        let cells: Vec<&str> = kept.iter().map(String::as_str).collect();
        let (rows, out) = rows(&encoder(Dialect::Plain), of("1", &cells), RowOutcome::live(&Ok(answer.build())));
        let read: Vec<csv::StringRecord> = csv::ReaderBuilder::new().has_headers(false).from_reader(out.as_bytes())
            .records().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!((read.len() as u64, read.len()), (rows, entries.len().max(1)));
        for (at, record) in read.iter().enumerate() {
            let entry = entries.get(at).cloned().unwrap_or_default();
            let mut expected = vec!["1".to_owned()];
            expected.extend(kept.iter().cloned().chain(entry));
            expected.extend([own.clone(), String::new(), "ok".to_owned()]);
            expected.resize(expected.len() + 4, String::new());
            prop_assert_eq!(record.iter().collect::<Vec<_>>(), expected);
        }
    }
}
