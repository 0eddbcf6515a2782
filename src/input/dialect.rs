//! How the text is written: a `sep=` line, and the delimiter.
//!
//! Owns the guess, which is pure: the beginning of the text in, the dialect out.

use super::columns::{self, is_header, is_id};
use super::delimited::Delimited;
use super::record::Record;

/// How many records of the beginning are looked at.
pub(super) const LOOK_AT: usize = 20;

/// What is guessed about the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// Length of the `sep=` line at the start, its line end included; 0 without one.
    pub(super) sep_line: usize,
}

/// Reads the dialect off the beginning of the text (UTF-8 or Windows-1252, without byte order mark).
///
/// `given` overrides; `wanted` is the name of a column that must be there, which gives the header away.
pub(super) fn guess(opening: &[u8], given: Option<u8>, wanted: Option<&str>) -> Dialect {
    let (sep_line, declared) = sep_line(opening).map_or((0, None), |(len, sep)| (len, Some(sep)));
    let rest = opening.get(sep_line..).unwrap_or_default();
    let is_possible = |delimiter: &u8| !matches!(delimiter, b'"' | b'\n' | b'\r');
    let delimiter = given.filter(is_possible).or(declared).unwrap_or_else(|| delimiter(rest, wanted));
    Dialect { delimiter, sep_line }
}

/// Excel's own way to declare the delimiter, `sep=;`: the length of the line, and the delimiter.
fn sep_line(opening: &[u8]) -> Option<(usize, u8)> {
    let end = memchr::memchr2(b'\n', b'\r', opening).unwrap_or(opening.len());
    let (line, after) = opening.split_at_checked(end)?;
    let unquoted = line.strip_prefix(b"\"").map_or(line, |l| l.strip_suffix(b"\"").unwrap_or(l));
    let (keyword, value) = unquoted.split_at_checked(4)?;
    let &[delimiter] = value else { return None };
    if !keyword.eq_ignore_ascii_case(b"sep=") || matches!(delimiter, b'"' | b'\n' | b'\r') || !delimiter.is_ascii() {
        return None;
    }
    let line_end = if after.starts_with(b"\r\n") { 2 } else { after.len().min(1) };
    Some((end + line_end, delimiter))
}

/// The delimiter under which the beginning looks most like a table with offer IDs; a comma where nothing is delimited.
fn delimiter(opening: &[u8], wanted: Option<&str>) -> u8 {
    let mut best = (b',', (0, 0, 0));
    for candidate in *b",;\t|" {
        let score = score(&first_records(opening, candidate), wanted);
        if score > best.1 {
            best = (candidate, score);
        }
    }
    best.0
}

/// How much the records look like a table: what is found in them, how many (of 1000) are as wide as the first, width.
fn score(records: &[(u64, Vec<String>)], wanted: Option<&str>) -> (u8, usize, usize) {
    let Some((_, first)) = records.first() else { return (0, 0, 0) };
    let names = |cells: &[String]| {
        cells.len() > 1 && (is_header(cells) || wanted.is_some_and(|name| columns::find(cells, name).is_some()))
    };
    let width = first.len();
    let alike = records.iter().filter(|(_, cells)| cells.len() == width).count() * 1000 / records.len();
    if names(first) {
        (4, alike, width)
    } else if records.iter().any(|(_, cells)| names(cells)) {
        (3, alike, width)
    } else if width < 2 || alike < 500 {
        (0, 0, 0)
    } else if first.iter().any(|cell| is_id(cell)) {
        (2, alike, width)
    } else {
        (1, alike, width)
    }
}

/// The first records with their lines; without the last one if it may be cut off.
pub(super) fn first_records(opening: &[u8], delimiter: u8) -> Vec<(u64, Vec<String>)> {
    let mut text = Delimited::new(opening, delimiter, 0, 1);
    let mut record = Record::new();
    let mut records = Vec::new();
    while records.len() < LOOK_AT && text.read(&mut record).unwrap_or(false) {
        let is_last = text.byte() == opening.len() as u64;
        if is_last && !records.is_empty() && !opening.ends_with(b"\n") && !opening.ends_with(b"\r") {
            break;
        }
        records.push((record.line, record.iter().map(|cell| crate::text::decode(cell).into_owned()).collect()));
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_found_by_itself() {
        let cases: [(&str, u8); 18] = [
            ("", b','),
            ("offer_id\n16\n17\n", b','),
            ("offer_id\n1,234\n1,235\n", b','),
            ("offer_id,name\n16,x\n", b','),
            ("offer_id;payout\n16;1,5\n17;2,5\n", b';'),
            ("offer_id\tname\n16\ta,b;c|d\n", b'\t'),
            ("offer_id|name\n16|x\n", b'|'),
            ("name, long;offer_id\na, b;16\n", b';'),
            ("\"a;b\",offer_id\n\"c;d\",16\n", b','),
            ("\"a,b,c\";offer_id\n1;16\n", b';'),
            ("16;a,b\n17;c,d\n", b';'),
            ("16\ta\n17\tb\n", b'\t'),
            ("campaign;network\nx;16\n", b';'),
            ("Report, all\n\noffer_id;name\n16;x\n17;y\n", b';'),
            ("Report\r\n\r\nid\tname\r\n16\tx\r\n", b'\t'),
            ("offer_id;a;b;c\n16\n17;x\n", b';'),
            ("16, first\n17\n18\n19\n", b','),
            ("a b,c\nd\ne\nf;g\n", b','),
        ];
        for (text, delimiter) in cases {
            assert_eq!(guess(text.as_bytes(), None, None).delimiter, delimiter, "{text:?}");
            assert_eq!(guess(text.as_bytes(), Some(b'^'), None).delimiter, b'^');
        }
        assert_eq!(guess(b"x;a,b\n1;2,3\n", None, Some("X")).delimiter, b';');
    }

    #[test]
    fn a_sep_line_declares_the_delimiter() {
        for (text, delimiter, sep_line) in [
            ("sep=;\nid,x;y\n", b';', 6),
            ("SEP=\t\r\nid\n", b'\t', 7),
            ("\"sep=|\"\nid", b'|', 8),
            ("sep=^", b'^', 5),
            ("sep=\nid;x\n1;2\n", b';', 0),
            ("separator\n16\n", b',', 0),
        ] {
            assert_eq!(guess(text.as_bytes(), None, None), Dialect { delimiter, sep_line }, "{text:?}");
        }
        assert_eq!(guess(b"sep=;\nid", Some(b','), None), Dialect { delimiter: b',', sep_line: 6 });
    }
}
