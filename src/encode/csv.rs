//! CSV rows: RFC 4180 quoting, data as received, and the guard of `--excel`.
//!
//! Does not decide what an answer means; every text it is given ends up in exactly one cell.

use super::{Encoder, InputRow, Links, message_cell};
use crate::encode::schema::{Field, Part, Schema};
use crate::offer::{Answer, Entry, OfferError, RowOutcome};

/// Who the CSV is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Programs: UTF-8, `\n`, data as received.
    Plain,
    /// Spreadsheets: BOM, `\r\n`, and no text from the network that would run as a formula.
    Excel,
}

impl Dialect {
    const fn start(self) -> &'static [u8] {
        match self {
            Self::Plain => b"",
            Self::Excel => b"\xef\xbb\xbf",
        }
    }

    const fn line_end(self) -> &'static [u8] {
        match self {
            Self::Plain => b"\n",
            Self::Excel => b"\r\n",
        }
    }

    /// A comma and a cell with text that came from the network.
    ///
    /// No http(s) link starts with one of these characters, so guarding the link columns too alters no link, only
    /// what a hostile or broken answer has put in a link's place.
    fn foreign(self, text: &str, out: &mut Vec<u8>) {
        out.push(b',');
        if self == Self::Excel && text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            cell(&format!("'{text}"), out);
        } else {
            cell(text, out);
        }
    }
}

/// Writes CSV rows.
#[derive(Clone, Debug)]
pub(crate) struct CsvEncoder {
    dialect: Dialect,
    header: Vec<u8>,
    schema: Schema,
    /// What differs between the rows of an offer, and what does not: in order.
    entry: Vec<Field>,
    shared: Vec<Field>,
}

impl CsvEncoder {
    /// With these columns.
    pub(crate) fn new<'k>(dialect: Dialect, schema: &Schema, kept: impl Iterator<Item = &'k str>) -> Self {
        let mut header = dialect.start().to_vec();
        cells(schema.header(kept), &mut header);
        header.extend_from_slice(dialect.line_end());
        let fields = |part| schema.of_part(part).map(|column| column.field);
        Self {
            dialect,
            header,
            entry: fields(Part::Entry).collect(),
            shared: fields(Part::Offer).chain(fields(Part::Outcome)).collect(),
            schema: schema.clone(),
        }
    }

    fn lead(&self, row: InputRow<'_, '_>, out: &mut Vec<u8>) {
        cell(row.offer_id, out);
        if self.schema.has(Field::Network) {
            out.push(b',');
            cell(row.network, out);
        }
        for kept in row.kept {
            out.push(b',');
            if kept.is_quoted { quoted(kept.text, out) } else { cell(kept.text, out) }
        }
    }

    fn entry(&self, entry: Entry<'_>, links: &mut Links<'_>, out: &mut Vec<u8>) {
        for field in &self.entry {
            let text = match field {
                Field::EntryType => entry.kind,
                Field::EntryName => entry.name,
                Field::EntryTrackingLink => entry.tracking_link.map(|link| links.extend(link)),
                Field::EntryPreviewUrl => entry.preview_url,
                _ => None,
            };
            self.dialect.foreign(text.unwrap_or_default(), out);
        }
    }

    fn shared(&self, outcome: RowOutcome<'_>, links: &mut Links<'_>, out: &mut Vec<u8>) {
        let (answer, error) = (outcome.answer(), outcome.error());
        for field in &self.shared {
            let foreign = match field {
                Field::Url => answer.and_then(Answer::url).map(|link| links.extend(link)),
                Field::ImpressionPixel => answer.and_then(Answer::impression_pixel),
                Field::ErrorCode => error.and_then(|error| error.code.as_deref()),
                Field::ErrorMessage => {
                    let message = error.map(|error| message_cell(&error.message));
                    self.dialect.foreign(message.as_deref().unwrap_or_default(), out);
                    continue;
                }
                _ => {
                    out.push(b',');
                    own(*field, outcome, out);
                    continue;
                }
            };
            self.dialect.foreign(foreign.unwrap_or_default(), out);
        }
        out.extend_from_slice(self.dialect.line_end());
    }
}

/// Appends a value that is the program's own and needs no quotes.
fn own(field: Field, outcome: RowOutcome<'_>, out: &mut Vec<u8>) {
    match (field, outcome.error()) {
        (Field::Status, _) => out.extend_from_slice(outcome.status().as_bytes()),
        (Field::ErrorKind, Some(error)) => out.extend_from_slice(error.kind.as_str().as_bytes()),
        (Field::ErrorHttpStatus, Some(OfferError { http_status: Some(status), .. })) => {
            out.extend_from_slice(status.to_string().as_bytes());
        }
        (Field::LastGoodAt, _) => {
            let at = outcome.last_good_at().map(|at| at.to_string());
            out.extend_from_slice(at.unwrap_or_default().as_bytes());
        }
        _ => {}
    }
}

impl Encoder for CsvEncoder {
    fn header(&self) -> &[u8] {
        &self.header
    }

    /// What is equal on all rows of an offer, the cells before and after the entry, is encoded once and copied.
    fn encode(&self, row: InputRow<'_, '_>, outcome: RowOutcome<'_>, out: &mut Vec<u8>) -> u64 {
        let mut links = Links::new(row.query);
        let start = out.len();
        self.lead(row, out);
        let head = start..out.len();
        let mut entries = outcome.answer().map(Answer::entries);
        let first = entries.as_mut().and_then(Iterator::next).unwrap_or_default();
        self.entry(first, &mut links, out);
        let tail_start = out.len();
        self.shared(outcome, &mut links, out);
        let tail = tail_start..out.len();
        let mut rows = 1;
        for entry in entries.into_iter().flatten() {
            out.extend_from_within(head.clone());
            self.entry(entry, &mut links, out);
            out.extend_from_within(tail.clone());
            rows += 1;
        }
        rows
    }
}

/// Appends a row of these cells.
pub(crate) fn record<'t>(texts: impl Iterator<Item = &'t str>, out: &mut Vec<u8>) {
    cells(texts, out);
    out.extend_from_slice(Dialect::Plain.line_end());
}

fn cells<'t>(texts: impl Iterator<Item = &'t str>, out: &mut Vec<u8>) {
    for (number, text) in texts.enumerate() {
        if number > 0 {
            out.push(b',');
        }
        cell(text, out);
    }
}

fn cell(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    // Without an early exit the compiler checks 16 bytes at a time; almost no cell needs quotes.
    let quote = bytes.iter().fold(false, |found, b| found | matches!(b, b',' | b'"' | b'\n' | b'\r'));
    if quote { quoted(text, out) } else { out.extend_from_slice(bytes) }
}

fn quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for piece in text.as_bytes().split_inclusive(|&b| b == b'"') {
        out.extend_from_slice(piece);
        if piece.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
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
        assert_eq!((count, (start + &rows).as_str()), (4, include_str!("../../tests/fixtures/offer-16.csv")));
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
}
