//! The dialect of a text: a `sep=` line, and its first records under each possible delimiter.
//!
//! Pure: sees the beginning of the text. Which delimiter is meant is for [`layout`](crate::input::layout) to judge.

use crate::input::delimited::Delimited;
use crate::input::layout::delimiter::Cut;
use crate::input::layout::{LOOK_AT, Line};
use crate::input::record::Record;

/// The possible delimiters. The first is used for a text without any.
const CANDIDATES: [u8; 4] = *b",;\t|";

/// The beginning of a text, split in each possible way.
#[derive(Debug)]
pub(super) struct Opening {
    /// Its first records, under each possible delimiter.
    pub(super) cuts: Vec<Cut>,
    /// Length of the `sep=` line at the start, its line end included; 0 without one.
    pub(super) sep_line: usize,
}

impl Opening {
    /// Splits the beginning of the text (UTF-8 or Windows-1252, without byte order mark), which follows `lines` other
    /// lines; `given` is the user's delimiter.
    pub(super) fn new(opening: &[u8], given: Option<u8>, lines: u64, is_whole: bool) -> Self {
        let (sep_line, declared) = sep_line(opening).unwrap_or_default();
        let rest = opening.get(sep_line..).unwrap_or_default();
        let is_possible = |delimiter: &u8| !matches!(delimiter, b'"' | b'\n' | b'\r');
        let one = given.filter(is_possible).or(declared);
        let candidates = one.as_ref().map_or(&CANDIDATES[..], std::slice::from_ref);
        let lines = lines + u64::from(sep_line > 0);
        let cut = |&delimiter: &u8| Cut { delimiter, rows: first_records(rest, delimiter, lines, is_whole) };
        Self { cuts: candidates.iter().map(cut).collect(), sep_line }
    }
}

/// Excel's own way to declare the delimiter, `sep=;`: the length of the line, and the delimiter.
///
/// A program that saves the file again may add delimiters to the line: `sep=;;;`. If it adds others, `sep=;,,`, the line
/// is ignored.
fn sep_line(opening: &[u8]) -> Option<(usize, Option<u8>)> {
    let end = memchr::memchr2(b'\n', b'\r', opening).unwrap_or(opening.len());
    let (line, after) = opening.split_at_checked(end)?;
    let (text, filling) = match line.strip_prefix(b"\"") {
        Some(line) => memchr::memchr(b'"', line).and_then(|quote| line.split_at_checked(quote))?,
        None => line.split_at_checked(5.min(line.len()))?,
    };
    let filling = filling.strip_prefix(b"\"").unwrap_or(filling);
    let (keyword, value) = text.split_at_checked(4)?;
    let &[delimiter] = value else { return None };
    let is_sep = keyword.eq_ignore_ascii_case(b"sep=") && filling.iter().all(|byte| CANDIDATES.contains(byte));
    if !is_sep || matches!(delimiter, b'"' | b'\n' | b'\r') || !delimiter.is_ascii() {
        return None;
    }
    let line_end = if after.starts_with(b"\r\n") { 2 } else { after.len().min(1) };
    Some((end + line_end, filling.iter().all(|&byte| byte == delimiter).then_some(delimiter)))
}

/// The first records with their lines, after `lines` lines; without the last one if it may be cut off.
fn first_records(opening: &[u8], delimiter: u8, lines: u64, is_whole: bool) -> Vec<Line> {
    let mut text = Delimited::new(opening, delimiter, 0, 1 + lines);
    let mut record = Record::new();
    let mut records = Vec::new();
    while records.len() < LOOK_AT && text.read(&mut record).unwrap_or(false) {
        let is_last = text.byte() == opening.len() as u64;
        if is_last && !is_whole && !records.is_empty() && !opening.ends_with(b"\n") && !opening.ends_with(b"\r") {
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
    fn a_sep_line_declares_the_delimiter() {
        for (text, sep) in [
            ("sep=;\nid,x;y\n", Some((6, Some(b';')))),
            ("SEP=\t\r\nid\n", Some((7, Some(b'\t')))),
            ("\"sep=|\"\nid", Some((8, Some(b'|')))),
            ("sep=^", Some((5, Some(b'^')))),
            ("sep=;;;\nid;x\n", Some((8, Some(b';')))),
            ("\"sep=;\";;\nid;x\n", Some((10, Some(b';')))),
            ("\"sep=;\",,\nid,x\n", Some((10, None))),
            ("sep=;,,\nid,x\n", Some((8, None))),
            ("sep=\nid;x\n1;2\n", None),
            ("sep=x;y\n", None),
            ("separator\n16\n", None),
        ] {
            assert_eq!(sep_line(text.as_bytes()), sep, "{text:?}");
        }
        let opening = Opening::new(b"sep=;\nid", Some(b','), 0, true);
        assert_eq!((opening.sep_line, opening.cuts.len(), opening.cuts[0].delimiter), (6, 1, b','));
        assert_eq!(opening.cuts[0].rows, [(2, vec!["id".to_owned()])]);
    }
}
