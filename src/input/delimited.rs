//! Text with delimiters (CSV and its kin) to records, one at a time.
//!
//! Owns the exact position in the text: byte and line, also where a buffer ends in a carriage return. Uses csv-core, the
//! parser under the csv crate, because the csv crate's positions are before the blank lines that precede a record, and
//! ignore bare carriage returns. Must not know what columns mean.

use std::io::{self, BufRead};

use csv_core::ReadRecordResult;

use crate::input::record::Record;

/// The longest record that is read, in bytes. Otherwise a quote that is never closed would swallow the whole file.
pub(super) const MAX_RECORD: u64 = 8 << 20;

/// Why there is no next record.
#[derive(Debug)]
pub(super) enum ReadFailure {
    /// The source failed.
    Read(io::Error),
    /// A record of more than [`MAX_RECORD`] bytes starts at this line.
    TooLong { line: u64 },
}

/// Reads records from text.
#[derive(Debug)]
pub(super) struct Delimited<R> {
    reader: R,
    parser: csv_core::Reader,
    delimiter: u8,
    /// Bytes consumed.
    byte: u64,
    /// The line that the next byte is on, from 1.
    line: u64,
    /// The last byte consumed was a carriage return: a following line feed belongs to it.
    after_cr: bool,
    /// The line of a record whose quotes were still open at the end of the text, and that spans several lines.
    unclosed: Option<u64>,
}

impl<R: BufRead> Delimited<R> {
    /// Continues from `reader`, whose next byte has offset `byte` and is on line `line`.
    pub(super) fn new(reader: R, delimiter: u8, byte: u64, line: u64) -> Self {
        let mut parser = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        forget_bom(&mut parser);
        Self { reader, parser, delimiter, byte, line, after_cr: false, unclosed: None }
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    pub(super) fn reader(&self) -> &R {
        &self.reader
    }

    pub(super) fn into_reader(self) -> R {
        self.reader
    }

    pub(super) fn byte(&self) -> u64 {
        self.byte
    }

    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The line at which quotes open that never close, once the end is reached.
    pub(super) fn unclosed(&self) -> Option<u64> {
        self.unclosed
    }

    pub(super) fn reader_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// Continues at another position, to which the caller has moved the reader. `after_cr`: the byte before it is `\r`.
    pub(super) fn moved_to(&mut self, byte: u64, line: u64, after_cr: bool) {
        self.parser.reset();
        forget_bom(&mut self.parser);
        (self.byte, self.line, self.after_cr, self.unclosed) = (byte, line, after_cr, None);
    }

    /// Reads the next record that is not blank; false at the end.
    pub(super) fn read(&mut self, record: &mut Record) -> Result<bool, ReadFailure> {
        while self.skip_line_ends().map_err(ReadFailure::Read)? {
            record.clear();
            record.line = self.line;
            self.read_one(record)?;
            if !record.is_blank() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Skips line ends; false at the end of the text.
    fn skip_line_ends(&mut self) -> io::Result<bool> {
        loop {
            let buffer = fill(&mut self.reader)?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let mut skipped = 0;
            for &byte in buffer {
                match byte {
                    b'\n' if self.after_cr => self.after_cr = false,
                    b'\n' => self.line += 1,
                    b'\r' => {
                        self.line += 1;
                        self.after_cr = true;
                    }
                    _ => break,
                }
                skipped += 1;
            }
            let found = skipped < buffer.len();
            self.reader.consume(skipped);
            self.byte += skipped as u64;
            if found {
                self.after_cr = false;
                return Ok(true);
            }
        }
    }

    fn read_one(&mut self, record: &mut Record) -> Result<(), ReadFailure> {
        let start = self.byte;
        let mut len = 0;
        // At the end of the text the parser gets one more line end. If it counts as text, the record's quotes never close.
        let mut is_at_end = false;
        loop {
            let buffer = fill(&mut self.reader).map_err(ReadFailure::Read)?;
            is_at_end |= buffer.is_empty();
            let input = match (is_at_end, self.unclosed) {
                (false, _) => buffer,
                (true, None) => b"\n",
                (true, Some(_)) => b"",
            };
            let bytes = record.bytes.get_mut(len..).unwrap_or_default();
            let ends = record.ends.get_mut(record.count..).unwrap_or_default();
            let (result, consumed, written, ended) = self.parser.read_record(input, bytes, ends);
            len += written;
            record.count += ended;
            if is_at_end {
                if written > 0 {
                    self.unclosed = Some(record.line);
                }
            } else {
                self.after_cr = consumed.checked_sub(1).and_then(|last| buffer.get(last)) == Some(&b'\r');
                self.reader.consume(consumed);
                self.byte += consumed as u64;
            }
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => break,
                ReadRecordResult::OutputFull => record.bytes.resize((len * 2).max(1024), 0),
                ReadRecordResult::OutputEndsFull => record.ends.resize((record.count * 2).max(32), 0),
                ReadRecordResult::InputEmpty => {}
            }
            if self.byte - start > MAX_RECORD {
                return Err(ReadFailure::TooLong { line: record.line });
            }
        }
        if self.unclosed.is_some() {
            len = len.saturating_sub(1);
            if let Some(end) = record.count.checked_sub(1).and_then(|last| record.ends.get_mut(last)) {
                *end = len;
            }
        }
        self.finish(record, len, self.byte - start, !is_at_end);
        Ok(())
    }

    /// Counts the lines of a record of `raw` bytes, `len` of them in cells, and notes whether it has quotes.
    fn finish(&mut self, record: &mut Record, len: usize, raw: u64, ended_by_line_end: bool) {
        self.after_cr &= ended_by_line_end;
        let delimiters = record.count.saturating_sub(1);
        record.quoted = raw > (len + delimiters + usize::from(ended_by_line_end)) as u64;
        // Line ends inside of a record are those in its quoted cells.
        let text = record.bytes.get(..len).unwrap_or_default();
        if record.quoted && memchr::memchr2(b'\n', b'\r', text).is_some() {
            self.line += record.iter().map(line_ends).sum::<u64>();
        }
        if self.line == record.line {
            self.unclosed = None;
        }
        self.line += u64::from(ended_by_line_end);
    }
}

/// How many line ends (`\n`, `\r` or both together) there are in a text.
fn line_ends(text: &[u8]) -> u64 {
    let mut count = 0;
    let mut before = 0;
    for &byte in text {
        count += u64::from(byte == b'\r' || (byte == b'\n' && before != b'\r'));
        before = byte;
    }
    count
}

/// Fills the buffer, and retries when a signal interrupts.
fn fill<R: BufRead>(reader: &mut R) -> io::Result<&[u8]> {
    loop {
        match reader.fill_buf() {
            // Filled again below: the borrow checker does not allow returning the borrow from within the loop.
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    reader.fill_buf()
}

/// A new parser would drop a byte order mark at its first read; after a seek, those could be three bytes of a cell.
fn forget_bom(parser: &mut csv_core::Reader) {
    parser.read_record(b"\n", &mut [0], &mut [0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<(u64, Vec<String>)> {
        let mut delimited = Delimited::new(io::BufReader::with_capacity(3, text), b',', 0, 1);
        let mut record = Record::new();
        let mut rows = Vec::new();
        while delimited.read(&mut record).unwrap() {
            rows.push((record.line, record.iter().map(|cell| crate::text::decode(cell).into_owned()).collect()));
        }
        assert_eq!(delimited.byte(), text.len() as u64);
        rows
    }

    #[test]
    fn every_record_knows_its_line_whatever_the_line_ends() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["", "a,b", "", "  ,\t", "\"x", "", "y\",z", "\"\"", "last"].join(end);
            let rows = read(text.as_bytes());
            let lines: Vec<u64> = rows.iter().map(|row| row.0).collect();
            assert_eq!(lines, [2, 5, 8, 9], "{end:?}: {rows:?}");
            assert_eq!(rows[1].1, [format!("x{end}{end}y"), "z".to_owned()]);
            assert_eq!(rows[2].1, [""]);
        }
    }

    #[test]
    fn a_quote_that_never_closes_is_noticed_when_it_takes_in_other_lines() {
        for (text, unclosed) in
            [("a\n\"b\nc\nd", Some(2)), ("a\n\"b", None), ("a\n\"b\nc\"\n", None), ("\"a\"\"\nb", Some(1))]
        {
            let mut delimited = Delimited::new(text.as_bytes(), b',', 0, 1);
            let mut record = Record::new();
            while delimited.read(&mut record).unwrap() {}
            assert_eq!(delimited.unclosed(), unclosed, "{text:?}");
        }
    }

    #[test]
    fn a_record_without_end_is_refused() {
        let text = format!("a\n\"{}", "x\n".repeat(5 << 20));
        let mut delimited = Delimited::new(text.as_bytes(), b',', 0, 1);
        let mut record = Record::new();
        assert!(delimited.read(&mut record).unwrap());
        assert!(matches!(delimited.read(&mut record), Err(ReadFailure::TooLong { line: 2 })));
    }
}
