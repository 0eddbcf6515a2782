//! The open input: rows one at a time, and how many there will be.
//!
//! Owns which cell of a record is the offer ID. Must not decide how the input is laid out: `open` has done that.

use std::io::BufReader;

use crate::cell::{CellFormat, CellKind};
use crate::input::cells::Cells;
use crate::input::columns::Columns;
use crate::input::delimited::{Delimited, ReadFailure};
use crate::input::error::InputError;
use crate::input::fingerprint::{PrefixHasher, ResumePosition};
use crate::input::layout;
use crate::input::record::{self, Record};
use crate::input::row::{BadId, Row};
use crate::input::source::Bytes;
use crate::input::total::{Sample, Total};
use crate::input::warnings::InputWarnings;
use crate::input::workbook::Sheet;
use crate::offer::{InvalidOfferId, OfferId};
use crate::text::decode;

/// An input that is being read.
#[derive(Debug)]
pub(crate) struct Input {
    pub(super) name: String,
    pub(super) records: Records,
    pub(super) columns: Columns,
    pub(super) head: Head,
    pub(super) record: Record,
    /// The first record is a row and was read already.
    pub(super) is_pending: bool,
    pub(super) count: RowCount,
    /// `None` for a stream.
    pub(super) file: Option<InputFile>,
    pub(super) oddities: InputWarnings,
}

/// What was found above the rows, and in other sheets.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// The line of the header, if there is one.
    pub(super) header_line: Option<u64>,
    /// Lines that the user left out.
    pub(super) skipped_lines: u64,
    /// Sheets that hold offer IDs too, and are not read.
    pub(super) other_sheets: Vec<String>,
}

/// How many rows were read, and how many there are.
#[derive(Debug, Default)]
pub(super) struct RowCount {
    /// Rows read so far.
    pub(super) read: u64,
    /// There are no more.
    pub(super) is_at_end: bool,
    /// Rows in all, if they have been counted.
    pub(super) counted: Option<u64>,
    /// What an estimate is made from.
    pub(super) sample: Option<Sample>,
}

/// The file behind an input, for fingerprints.
#[derive(Debug)]
pub(super) struct InputFile {
    pub(super) prefix: PrefixHasher,
    /// Its size in bytes.
    pub(super) size: u64,
}

/// The two kinds of input.
#[derive(Debug)]
pub(super) enum Records {
    Text(Box<Delimited<BufReader<Bytes>>>),
    Sheet(Sheet),
}

impl Input {
    /// Whether the input can only be read forward, and may keep its reader waiting.
    pub(crate) fn is_stream(&self) -> bool {
        self.file.is_none()
    }

    /// The names of the kept columns in the output's header.
    pub(crate) fn kept_columns(&self) -> &[String] {
        &self.columns.kept
    }

    /// The index in [`Row::cells`] of a kept column, or one of `WantedColumns::also`, by its name in the input.
    pub(crate) fn cell_index(&self, name: &str) -> Option<usize> {
        self.columns.carried_index(name)
    }

    /// The index in [`Row::cells`] of the cell that names a network, where there is such a column.
    pub(crate) fn network_index(&self) -> Option<usize> {
        self.columns.carried_network()
    }

    /// The number and date formats of the kept columns of a workbook.
    pub(crate) fn kept_looks(&self) -> Vec<CellFormat> {
        let Records::Sheet(sheet) = &self.records else { return Vec::new() };
        self.columns.carried.iter().take(self.columns.kept.len()).map(|&column| sheet.look(column)).collect()
    }

    /// Warnings about the rows read so far.
    pub(crate) fn oddities(&self) -> InputWarnings {
        let has_grown = self.count.is_at_end && self.has_offsets() && {
            let size = self.file.as_ref().and_then(|file| file.prefix.file_size().ok());
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
            self.count.is_at_end = true;
            let unclosed = if let Records::Text(text) = &self.records { text.unclosed() } else { None };
            return match unclosed {
                Some(line) => Err(InputError::UnclosedQuote { input: self.name.clone(), line }),
                None => Ok(None),
            };
        }
        self.count.read += 1;
        let offer = self.offer();
        let (record, carried) = (&self.record, &self.columns.carried);
        let cells = carried.iter().map(|&column| decode(record.get(column).unwrap_or_default()));
        let cells = Cells::new(cells, self.columns.kept.len())
            .with_kinds(carried.iter().take(self.columns.kept.len()).map(|&column| record.kind(column)));
        Ok(Some(Row { line: self.record.line, offer, cells, next: self.position() }))
    }

    /// How many rows there are in all, as far as is known.
    pub(crate) fn total(&self) -> Total {
        if let Some(rows) = self.count.counted.or(self.count.is_at_end.then_some(self.count.read)) {
            return Total::Exact(rows);
        }
        self.count.sample.map_or(Total::Unknown, |sample| sample.estimate(self.count.read, self.position().byte))
    }

    /// Whether an offset in the text is the same offset in the file.
    pub(super) fn has_offsets(&self) -> bool {
        matches!(&self.records, Records::Text(text) if matches!(text.reader().get_ref(), Bytes::File(_)))
    }

    /// The position after the last record.
    pub(super) fn position(&self) -> ResumePosition {
        match &self.records {
            Records::Text(text) => ResumePosition { byte: text.byte(), line: text.line(), record: self.count.read },
            Records::Sheet(sheet) => ResumePosition { byte: 0, line: sheet.line(), record: self.count.read },
        }
    }

    pub(super) fn read_record(&mut self) -> Result<bool, InputError> {
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

    /// The ID of the record, or why there is none. Notes warnings.
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
        let name = self.columns.names.get(self.columns.id).filter(|_| self.head.header_line.is_some());
        if layout::looks_like_total(&cells) {
            self.oddities.first_total.get_or_insert(line);
        } else if name.is_some_and(|name| layout::normal(name) == layout::normal(id)) {
            self.oddities.first_repeated_header.get_or_insert(line);
        }
    }

    /// The ID of a record, or why there is none.
    pub(super) fn offer_of(&self, record: &Record) -> Result<OfferId, BadId> {
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
            // `1,234` in a list of IDs is meant as one cell: calling offer 1 would be a guess.
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
