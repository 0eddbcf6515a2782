//! How many rows an input has.
//!
//! Owns counting and estimating. Must not read rows for anything else, and must cost almost nothing at the start.

use crate::input::delimited::Delimited;
use crate::input::record::Record;

/// Files up to this size are counted at the start, in bytes: takes a few milliseconds. As much of a stream is searched
/// for a first ID.
pub(super) const COUNTED: u64 = 4 << 20;

/// How many rows an input has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Total {
    /// Counted.
    Exact(u64),
    /// From the size of the file and the length of the rows so far; becomes exact while rows are read.
    Estimate(u64),
    /// A stream, whose length is unknown.
    Unknown,
}

impl Total {
    /// The number, counted or estimated.
    pub(crate) fn rows(self) -> Option<u64> {
        match self {
            Self::Exact(rows) | Self::Estimate(rows) => Some(rows),
            Self::Unknown => None,
        }
    }
}

/// What an estimate rests on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample {
    /// Size of the whole input in bytes of text.
    pub(super) size: u64,
    /// Rows in the beginning of the input.
    pub(super) rows: u64,
    /// Bytes of these rows.
    pub(super) bytes: u64,
}

impl Sample {
    /// The estimate after `rows` rows that end at byte `at`.
    pub(super) fn estimate(self, rows: u64, at: u64) -> Total {
        let bytes_to_come = self.size.saturating_sub(at);
        let (known_rows, known_bytes) = (self.rows + rows, (self.bytes + at).max(1));
        let to_come = u128::from(bytes_to_come) * u128::from(known_rows) / u128::from(known_bytes);
        Total::Estimate(rows.saturating_add(u64::try_from(to_come).unwrap_or(u64::MAX)))
    }
}

/// The rows in a text that starts between two rows: exactly the number that will be read.
///
/// Applies the parser's rules without making cells. Several times as fast; the first call waits for it.
pub(super) fn count_rows(text: &[u8], delimiter: u8) -> Count {
    count_in_parts(text, delimiter, 32 << 10)
}

/// The result of counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) rows: u64,
    /// The text ends between quotes. Without that no quote is left open; with it one is, unless it is the last byte.
    pub(super) ends_in_quotes: bool,
}

/// The line of a text on which the row begins whose quote never closes. Parses everything, so it is only for a text that
/// ends in quotes.
pub(super) fn unclosed_quote(text: &[u8], delimiter: u8) -> Option<u64> {
    let mut parser = Delimited::new(text, delimiter, 0, 1);
    let mut record = Record::new();
    while parser.read(&mut record).ok()? {}
    parser.unclosed()
}

fn count_in_parts(text: &[u8], delimiter: u8, part: usize) -> Count {
    let mut counter = Counter { delimiter, place: Place::CellStart, line: Line::default(), rows: 0 };
    for part in text.chunks(part) {
        if counter.is_in_quotes() || memchr::memchr(b'"', part).is_some() {
            counter.add(part);
        } else {
            counter.add_unquoted(part);
        }
    }
    let rows = counter.rows + u64::from(counter.line.is_row());
    Count { rows, ends_in_quotes: matches!(counter.place, Place::Quotes) }
}

struct Counter {
    delimiter: u8,
    place: Place,
    line: Line,
    rows: u64,
}

impl Counter {
    fn is_in_quotes(&self) -> bool {
        matches!(self.place, Place::Quotes | Place::QuoteInQuotes)
    }

    fn add(&mut self, text: &[u8]) {
        let line = &mut self.line;
        for &byte in text {
            self.place = match (self.place, byte) {
                (Place::Quotes, b'"') => Place::QuoteInQuotes,
                (Place::QuoteInQuotes, b'"') => {
                    line.is_filled = true;
                    Place::Quotes
                }
                (Place::Quotes, _) => {
                    line.is_filled |= !byte.is_ascii_whitespace();
                    Place::Quotes
                }
                (_, b'\n' | b'\r') => {
                    self.rows += u64::from(std::mem::take(line).is_row());
                    Place::CellStart
                }
                _ if byte == self.delimiter => {
                    line.has_more_cells = true;
                    Place::CellStart
                }
                (Place::CellStart, b'"') => {
                    line.is_quoted = true;
                    Place::Quotes
                }
                _ => {
                    line.is_filled |= !byte.is_ascii_whitespace();
                    Place::Cell
                }
            };
        }
    }

    /// What each byte is outside of quotes: 2 is a line end, 1 is something in a cell, 0 is neither.
    fn kinds(&self) -> [u8; 256] {
        std::array::from_fn(|byte| match u8::try_from(byte).unwrap_or_default() {
            b'\n' | b'\r' => 2,
            byte => u8::from(byte != self.delimiter && !byte.is_ascii_whitespace()),
        })
    }

    /// Without quotes the rules are simple, and need no branch for each byte.
    fn add_unquoted(&mut self, text: &[u8]) {
        let Some(last) = text.last() else { return };
        if let Some(end) = memchr::memchr2(b'\n', b'\r', text) {
            // The line may have begun with quotes in the part before.
            let (first, rest) = text.split_at(end + 1);
            self.add(first);
            let kinds = self.kinds();
            let mut filled = 0;
            for &byte in rest {
                let kind = kinds.get(usize::from(byte)).copied().unwrap_or_default();
                let is_end = kind >> 1;
                self.rows += u64::from(is_end & filled);
                filled = (filled | kind) & !is_end & 1;
            }
            let last_line =
                memchr::memrchr2(b'\n', b'\r', rest).map_or(rest, |end| rest.get(end + 1..).unwrap_or_default());
            let has_more_cells = memchr::memchr(self.delimiter, last_line).is_some();
            self.line = Line { is_filled: filled == 1, is_quoted: false, has_more_cells };
            let is_start = [b'\n', b'\r', self.delimiter].contains(last);
            self.place = if is_start { Place::CellStart } else { Place::Cell };
        } else {
            self.add(text);
        }
    }
}

/// Where in a record a byte is.
#[derive(Clone, Copy)]
enum Place {
    CellStart,
    Cell,
    Quotes,
    /// Just after a quote in quotes: the first half of an escaped one, or the end of the cell.
    QuoteInQuotes,
}

/// The state within a record.
#[derive(Default)]
struct Line {
    is_filled: bool,
    is_quoted: bool,
    has_more_cells: bool,
}

impl Line {
    /// See [`Record::is_blank`](crate::input::record::Record::is_blank).
    fn is_row(&self) -> bool {
        self.is_filled || (self.is_quoted && !self.has_more_cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::delimited::Delimited;
    use crate::input::record::Record;

    #[test]
    fn an_estimate_starts_from_the_sample_and_ends_at_the_truth() {
        let sample = Sample { size: 1000, rows: 10, bytes: 100 };
        assert_eq!(sample.estimate(0, 0), Total::Estimate(100));
        assert_eq!(sample.estimate(40, 500), Total::Estimate(81));
        assert_eq!(sample.estimate(77, 1000), Total::Estimate(77));
        assert_eq!(Sample::default().estimate(0, 0), Total::Estimate(0));
    }

    proptest::proptest! {
        #[test]
        fn lines_are_counted_as_they_are_read(text in "[a,; \t\r\n]{0,40}", quotes in "[a,\"\" \r\n]{0,40}") {
            for text in [text, quotes] {
                let mut delimited = Delimited::new(text.as_bytes(), b',', 0, 1);
                let mut record = Record::new();
                let mut rows = 0;
                while delimited.read(&mut record).unwrap() {
                    rows += 1;
                }
                for part in [1, 2, 3, 5, 64] {
                    let count = count_in_parts(text.as_bytes(), b',', part);
                    proptest::prop_assert_eq!(count.rows, rows, "{:?}", part);
                    proptest::prop_assert!(count.ends_in_quotes || delimited.unclosed().is_none(), "{:?}", part);
                }
            }
        }
    }
}
