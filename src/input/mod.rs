//! Bytes to rows: offer IDs (or why there is none) and the cells that are kept, from CSV in any dialect or a workbook.
//!
//! Owns everything about how an input is written, and the places at which a run can go on with it. Reads a row at a
//! time, so that memory does not depend on the input's size. Must not know of the network, nor write anything.

mod cells;
mod columns;
mod delimited;
mod dialect;
mod encoding;
mod error;
mod fingerprint;
mod foreign;
mod growing;
mod layout;
mod open;
mod options;
pub(crate) mod packed;
mod record;
mod resolved;
mod search;
mod source;
#[cfg(test)]
mod tests;
mod total;
mod workbook;

use std::io::{self, BufReader, Seek, SeekFrom};

use crate::cell::{CellFormat, CellKind};
use crate::offer::{InvalidOfferId, OfferId};
use crate::text::decode;

pub(crate) use cells::Cells;
pub(crate) use error::{InputError, SheetFlags};
pub(crate) use fingerprint::{InputFingerprint, NotTheSameInput, PrefixHasher, ResumePosition};
pub(crate) use options::{ColumnChoice, Keep, NetworkColumn, Options};
pub(crate) use resolved::Resolved;
pub(crate) use source::Source;
pub(crate) use total::Total;

use columns::Columns;
use delimited::{Delimited, ReadFailure};
use record::Record;
use source::Bytes;
use total::Sample;
use workbook::Sheet;

/// A row of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The line on which it starts (in a sheet: its row), from 1.
    pub line: u64,
    /// The offer to ask for.
    pub offer: Result<OfferId, BadId>,
    /// The cells that go into the output or into links.
    pub cells: Cells,
    /// The place just after this row.
    pub next: ResumePosition,
}

impl Row {
    /// What stands in `offer_id`: the ID as called, or the cell that is not one.
    pub(crate) fn id_cell(&self) -> &str {
        match &self.offer {
            Ok(offer) => offer.as_str(),
            Err(bad) => &bad.text,
        }
    }
}

/// A cell of the ID column that is no ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadId {
    /// The cell as read.
    pub text: Box<str>,
    /// Why it is no ID.
    pub reason: InvalidOfferId,
}

/// What was odd about the rows read so far; worth a warning each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct InputWarnings {
    /// Rows with filled cells beyond the last column of the first row; these cells are not in the output.
    pub rows_too_long: u64,
    /// The line of the first of them.
    pub first_too_long: Option<u64>,
    /// The line of the first row that has no ID and looks like a total below a table.
    pub first_total: Option<u64>,
    /// The line of the first row that repeats the header, as `cat a.csv b.csv` does.
    pub first_repeated_header: Option<u64>,
    /// The file has become longer than what was read of it.
    pub has_grown: bool,
}

/// An input that is being read.
#[derive(Debug)]
pub(crate) struct Input {
    name: String,
    records: Records,
    columns: Columns,
    /// The line of the header, if there is one.
    header_line: Option<u64>,
    /// Lines that the user left out.
    skipped_lines: u64,
    record: Record,
    /// The first record is a row, and has been read to find that out.
    is_pending: bool,
    is_at_end: bool,
    rows: u64,
    prefix: Option<PrefixHasher>,
    /// Size of the file in bytes.
    size: u64,
    /// Rows, if they have been counted.
    counted: Option<u64>,
    sample: Option<Sample>,
    oddities: InputWarnings,
    /// Sheets that hold offer IDs too, and are not read.
    other_sheets: Vec<String>,
}

/// The two kinds of input.
#[derive(Debug)]
enum Records {
    Text(Box<Delimited<BufReader<Bytes>>>),
    Sheet(Sheet),
}

impl Input {
    /// Opens an input, reads its head, and decides about its columns. Costs the same whatever the size (of text).
    ///
    /// # Errors
    /// All of [`InputError`].
    pub(crate) fn open(source: &Source, options: &Options) -> Result<Self, InputError> {
        open::open(source, options)
    }

    /// Whether the input can only be read on, and may keep its reader waiting.
    pub(crate) fn is_stream(&self) -> bool {
        self.prefix.is_none()
    }

    /// The names of the kept columns in the output's header.
    pub(crate) fn kept_columns(&self) -> &[String] {
        &self.columns.kept
    }

    /// The index in [`Row::cells`] of a column that is kept or asked for in [`Options::also`], by its name in the input.
    pub(crate) fn cell_index(&self, name: &str) -> Option<usize> {
        self.columns.carried_index(name)
    }

    /// The index in [`Row::cells`] of the cell that names a network, where there is such a column.
    pub(crate) fn network_index(&self) -> Option<usize> {
        self.columns.carried_network()
    }

    /// How the numbers and the days of the kept columns look in a workbook.
    pub(crate) fn kept_looks(&self) -> Vec<CellFormat> {
        let Records::Sheet(sheet) = &self.records else { return Vec::new() };
        self.columns.carried.iter().take(self.columns.kept.len()).map(|&column| sheet.look(column)).collect()
    }

    /// What was odd about the rows read so far.
    pub(crate) fn oddities(&self) -> InputWarnings {
        let has_grown = self.is_at_end && self.has_offsets() && {
            let size = self.prefix.as_ref().and_then(|prefix| prefix.file_size().ok());
            size.is_some_and(|size| size > self.position().byte)
        };
        InputWarnings { has_grown, ..self.oddities }
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// [`InputError::Read`], [`InputError::TooLong`], and [`InputError::UnclosedQuote`] instead of the end.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row>, InputError> {
        if !self.read_record()? {
            self.is_at_end = true;
            let unclosed = if let Records::Text(text) = &self.records { text.unclosed() } else { None };
            return match unclosed {
                Some(line) => Err(InputError::UnclosedQuote { input: self.name.clone(), line }),
                None => Ok(None),
            };
        }
        self.rows += 1;
        let offer = self.offer();
        let (record, carried) = (&self.record, &self.columns.carried);
        let cells = carried.iter().map(|&column| decode(record.get(column).unwrap_or_default()));
        let cells = Cells::new(cells, self.columns.kept.len())
            .with_kinds(carried.iter().take(self.columns.kept.len()).map(|&column| record.kind(column)));
        Ok(Some(Row { line: self.record.line, offer, cells, next: self.position() }))
    }

    /// How many rows there are in all, as far as is known.
    pub(crate) fn total(&self) -> Total {
        if let Some(rows) = self.counted.or(self.is_at_end.then_some(self.rows)) {
            return Total::Exact(rows);
        }
        self.sample.map_or(Total::Unknown, |sample| sample.estimate(self.rows, self.position().byte))
    }

    /// A mark for a place that a row has given; `None` where the input is a stream. Reads what lies between this place
    /// and that of the mark before.
    ///
    /// # Errors
    /// The file cannot be read any more, or has become shorter.
    pub(crate) fn mark(&mut self, at: ResumePosition) -> io::Result<Option<InputFingerprint>> {
        let end = if self.has_offsets() { at.byte } else { self.size };
        let size = self.size;
        self.prefix
            .as_mut()
            .map(|prefix| prefix.crc(end).map(|crc| InputFingerprint { position: at, size, crc }))
            .transpose()
    }

    /// Goes on behind a mark, if the input up to there is the one that the mark was made in. To be called before the
    /// first row is read. The options must be those of then: this is for the caller to see to.
    ///
    /// # Errors
    /// Says why not. The input then still stands at its first row.
    pub(crate) fn resume(&mut self, mark: &InputFingerprint) -> Result<(), NotTheSameInput> {
        let has_offsets = self.has_offsets();
        let Some(prefix) = &mut self.prefix else { return Err(NotTheSameInput::Stream) };
        if mark.size != self.size {
            return Err(NotTheSameInput::Size { was: mark.size, is: self.size });
        }
        let end = if has_offsets { mark.position.byte } else { self.size };
        if end > self.size || prefix.crc(end).map_err(NotTheSameInput::Read)? != mark.crc {
            return Err(NotTheSameInput::Content);
        }
        if has_offsets { self.seek(mark.position).map_err(NotTheSameInput::Read) } else { self.skip(mark.position) }
    }

    /// Whether a place in the text is the same place in the file.
    fn has_offsets(&self) -> bool {
        matches!(&self.records, Records::Text(text) if matches!(text.reader().get_ref(), Bytes::File(_)))
    }

    fn seek(&mut self, to: ResumePosition) -> io::Result<()> {
        let Records::Text(text) = &mut self.records else { return Ok(()) };
        let mut before = [0];
        let reader = text.reader_mut();
        reader.seek(SeekFrom::Start(to.byte.saturating_sub(1)))?;
        if to.byte > 0 {
            io::Read::read_exact(reader, &mut before)?;
        }
        text.moved_to(to.byte, to.line, before == *b"\r");
        self.rows = to.record;
        self.is_pending = false;
        Ok(())
    }

    fn skip(&mut self, to: ResumePosition) -> Result<(), NotTheSameInput> {
        while self.rows < to.record {
            match self.read_record() {
                Ok(true) => self.rows += 1,
                Err(InputError::Read { source, .. }) => return Err(NotTheSameInput::Read(source)),
                Ok(false) | Err(_) => return Err(NotTheSameInput::Content),
            }
        }
        Ok(())
    }

    /// Just behind the record read last.
    fn position(&self) -> ResumePosition {
        match &self.records {
            Records::Text(text) => ResumePosition { byte: text.byte(), line: text.line(), record: self.rows },
            Records::Sheet(sheet) => ResumePosition { byte: 0, line: sheet.line(), record: self.rows },
        }
    }

    fn read_record(&mut self) -> Result<bool, InputError> {
        if std::mem::take(&mut self.is_pending) {
            return Ok(true);
        }
        match &mut self.records {
            Records::Sheet(sheet) => Ok(sheet.read(&mut self.record)),
            Records::Text(text) => text.read(&mut self.record).map_err(|failure| {
                let input = self.name.clone();
                match failure {
                    ReadFailure::Read(source) => InputError::Read { input, line: text.line(), source },
                    ReadFailure::TooLong { line } => InputError::TooLong { input, line },
                }
            }),
        }
    }

    /// The ID of the record, or why there is none; what is odd about it is noted.
    fn offer(&mut self) -> Result<OfferId, BadId> {
        let (record, columns) = (&self.record, &self.columns);
        let is_lost = |column: &usize| record.get(*column).is_some_and(|cell| !record::is_blank(cell));
        if (columns.names.len() > 1 && columns.has_more(record)) || columns.dropped.iter().any(is_lost) {
            self.oddities.rows_too_long += 1;
            self.oddities.first_too_long.get_or_insert(record.line);
        }
        let offer = self.offer_of(&self.record);
        if offer.is_err() {
            self.note_what_it_is();
        }
        offer
    }

    /// Notes what a row without an ID seems to be.
    fn note_what_it_is(&mut self) {
        let (line, cells) = (self.record.line, self.record.iter().map(decode).collect::<Vec<_>>());
        let id = cells.get(self.columns.id).map_or("", |cell| cell);
        let name = self.columns.names.get(self.columns.id).filter(|_| self.header_line.is_some());
        if layout::looks_like_total(&cells) {
            self.oddities.first_total.get_or_insert(line);
        } else if name.is_some_and(|name| layout::normal(name) == layout::normal(id)) {
            self.oddities.first_repeated_header.get_or_insert(line);
        }
    }

    /// The ID of a record, or why there is none.
    fn offer_of(&self, record: &Record) -> Result<OfferId, BadId> {
        let columns = &self.columns;
        let text = decode(record.get(columns.id).unwrap_or_default());
        if record.kind(columns.id) == CellKind::Moment {
            return Err(BadId { text: text.into(), reason: InvalidOfferId::Date });
        }
        if layout::sums_up(record.iter().take(columns.id)) {
            return Err(BadId { text: text.into(), reason: InvalidOfferId::Total });
        }
        if !columns.has_more(record) {
            return OfferId::parse(&text).map_err(|reason| BadId { text: text.into(), reason });
        }
        if columns.names.len() == 1
            && let Records::Text(delimited) = &self.records
        {
            // `1,234` in a list of IDs is one cell to the person who wrote it: asking for offer 1 would be a guess.
            let delimiter = [delimited.delimiter()];
            let line = record.iter().collect::<Vec<_>>().join(&delimiter[..]);
            let text = decode(line.trim_ascii_end());
            return OfferId::parse(&text).map_err(|reason| BadId { text: text.into(), reason });
        }
        if columns.id > 0 {
            return Err(BadId { text: text.into(), reason: InvalidOfferId::Shifted });
        }
        OfferId::parse(&text).map_err(|reason| BadId { text: text.into(), reason })
    }
}
