//! CSV rows: RFC 4180 quoting, data as received, and the guard of `--excel`.
//!
//! Does not decide what an answer means; every text it is given ends up in exactly one cell.

use super::{KeptCell, Links, Source, message_cell};
use crate::encode::columns::COLUMNS;
use crate::offer::{Answer, Entry, OfferError, Outcome};

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

/// The bytes before the first row.
pub(crate) fn header<'k>(dialect: Dialect, kept: impl Iterator<Item = &'k str>) -> Vec<u8> {
    let mut out = dialect.start().to_vec();
    let (first, rest) = COLUMNS.split_first().unwrap_or((&"", &[]));
    cell(first, &mut out);
    for name in kept.chain(rest.iter().copied()) {
        out.push(b',');
        cell(name, &mut out);
    }
    out.extend_from_slice(dialect.line_end());
    out
}

/// Appends a row of these cells.
pub(crate) fn record<'t>(cells: impl Iterator<Item = &'t str>, out: &mut Vec<u8>) {
    for (number, text) in cells.enumerate() {
        if number > 0 {
            out.push(b',');
        }
        cell(text, out);
    }
    out.extend_from_slice(Dialect::Plain.line_end());
}

/// Appends the rows of one input row and says how many there are.
pub(crate) fn rows<'k>(
    dialect: Dialect,
    source: Source<'_, impl Iterator<Item: Into<KeptCell<'k>>>>,
    outcome: &Outcome,
    out: &mut Vec<u8>,
) -> u64 {
    let start = out.len();
    cell(source.offer_id, out);
    for kept in source.kept {
        let kept = kept.into();
        out.push(b',');
        if kept.is_quoted { quoted(kept.text, out) } else { cell(kept.text, out) }
    }
    match outcome {
        Ok(answer) => answer_rows(dialect, start, (answer, source.query), out),
        Err(error) => {
            error_columns(dialect, error, out);
            1
        }
    }
}

/// Completes the row that begins at `start` and adds one for each further entry.
///
/// What is equal on all of them, the cells before and after the entry, is encoded once and copied.
fn answer_rows(dialect: Dialect, start: usize, (answer, query): (&Answer, &str), out: &mut Vec<u8>) -> u64 {
    let mut links = Links::new(query);
    let mut entries = answer.entries();
    let head = start..out.len();
    entry_columns(dialect, entries.next().unwrap_or_default(), &mut links, out);
    let tail_start = out.len();
    dialect.foreign(links.extend(answer.url().unwrap_or_default()), out);
    dialect.foreign(answer.impression_pixel().unwrap_or_default(), out);
    out.extend_from_slice(b",ok,,,,");
    out.extend_from_slice(dialect.line_end());
    let tail = tail_start..out.len();
    let mut rows = 1;
    for entry in entries {
        out.extend_from_within(head.clone());
        entry_columns(dialect, entry, &mut links, out);
        out.extend_from_within(tail.clone());
        rows += 1;
    }
    rows
}

fn entry_columns(dialect: Dialect, entry: Entry<'_>, links: &mut Links<'_>, out: &mut Vec<u8>) {
    dialect.foreign(entry.kind.unwrap_or_default(), out);
    dialect.foreign(entry.name.unwrap_or_default(), out);
    dialect.foreign(links.extend(entry.tracking_link.unwrap_or_default()), out);
    dialect.foreign(entry.preview_url.unwrap_or_default(), out);
}

fn error_columns(dialect: Dialect, error: &OfferError, out: &mut Vec<u8>) {
    out.extend_from_slice(b",,,,,,,error,");
    out.extend_from_slice(error.kind.as_str().as_bytes());
    out.push(b',');
    if let Some(status) = error.http_status {
        out.extend_from_slice(status.to_string().as_bytes());
    }
    dialect.foreign(error.code.as_deref().unwrap_or_default(), out);
    dialect.foreign(&message_cell(&error.message), out);
    out.extend_from_slice(dialect.line_end());
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
    use crate::offer::{AnswerBuilder, ErrorKind};
    use proptest::prelude::*;

    type Cells<'a> = std::iter::Copied<std::slice::Iter<'a, &'a str>>;

    fn text(dialect: Dialect, source: Source<'_, Cells<'_>>, outcome: &Outcome) -> String {
        let mut out = Vec::new();
        rows(dialect, source, outcome, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn of<'a>(offer_id: &'a str, kept: &'a [&'a str]) -> Source<'a, Cells<'a>> {
        Source { offer_id, kept: kept.iter().copied(), query: "" }
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
        let mut out = header(Dialect::Plain, [].into_iter());
        assert_eq!(rows(Dialect::Plain, of("16", &[]), &Ok(offer_16()), &mut out), 4);
        assert_eq!(String::from_utf8(out).unwrap(), include_str!("../../tests/fixtures/offer-16.csv"));
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
        let source = Source { query: "s={m}", ..of("7", &[]) };
        insta::assert_snapshot!(
            text(Dialect::Plain, source, &Ok(answer.build())),
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
            let mut out = Vec::new();
            let source = Source { offer_id: "1", kept: kept.iter().map(String::as_str), query: "" };
            let rows = rows(Dialect::Plain, source, &Ok(answer.build()), &mut out);
            let read: Vec<csv::StringRecord> = csv::ReaderBuilder::new().has_headers(false).from_reader(&out[..])
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
