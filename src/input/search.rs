//! The search for the first offer ID, where the beginning of an input has none. An input without any is refused.
//!
//! Reads ahead, and returns the input to its position. Must not hold more than the beginning of a stream.

use std::io::{BufRead, BufReader, Cursor, Read};

use crate::input::delimited::{Delimited, ReadFailure};
use crate::input::error::InputError;
use crate::input::fingerprint::ResumePosition;
use crate::input::layout::{Layout, Refusal};
use crate::input::reader::{Input, Records};
use crate::input::record::Record;
use crate::input::row::BadId;
use crate::input::source::{Bytes, HEAD};
use crate::input::total::COUNTED;
use crate::input::workbook::Sheet;

/// The rows looked at so far.
#[derive(Debug, Default)]
struct Search {
    has_id: bool,
    first: Option<(u64, BadId)>,
}

/// Refuses an input in which no row has an ID.
///
/// # Errors
/// [`Refusal::NoValidId`], [`Refusal::HeaderOnly`] or [`Refusal::Blank`]; reading fails.
pub(super) fn search(input: &mut Input, layout: &Layout) -> Result<(), InputError> {
    let mut search = Search::default();
    if input.has_offsets() {
        let start = input.position();
        while !search.has_id && input.read_record()? {
            search.look(input, &input.record, layout);
        }
        input.seek(ResumePosition { record: 0, ..start }).map_err(|source| input.failed(source))?;
    } else if let Records::Sheet(sheet) = &input.records {
        let mut record = Record::new();
        for (line, cells) in sheet.first_records(usize::MAX) {
            record.clear();
            record.line = line;
            for cell in &cells {
                record.push(cell.as_bytes());
            }
            search.look(input, &record, layout);
        }
    } else {
        search.look_ahead(input, layout)?;
    }
    let refusal = match (search, &layout.header) {
        (Search { has_id: true, .. }, _) => return Ok(()),
        (Search { first: Some((line, BadId { text, reason })), .. }, _) => layout.no_valid_id(line, &text, reason),
        (_, Some(header)) => Refusal::HeaderOnly { line: header.line },
        (_, None) => Refusal::Blank,
    };
    Err(input.refuse(refusal))
}

impl Search {
    fn look(&mut self, input: &Input, record: &Record, layout: &Layout) {
        if record.line < layout.first {
            return;
        }
        match input.offer_of(record) {
            Ok(_) => self.has_id = true,
            Err(bad) if self.first.is_none() => self.first = Some((record.line, bad)),
            Err(_) => {}
        }
    }

    /// In a stream, which cannot be read twice: the bytes are kept and put in front of the rest.
    fn look_ahead(&mut self, input: &mut Input, layout: &Layout) -> Result<(), InputError> {
        let empty = Records::Sheet(Sheet::default());
        let Records::Text(text) = std::mem::replace(&mut input.records, empty) else { return Ok(()) };
        let (delimiter, start, line) = (text.delimiter(), text.byte(), text.line());
        let mut reader = text.into_reader();
        let mut ahead = Vec::new();
        let (mut at, mut at_line) = (0, line);
        let mut record = Record::new();
        let mut is_end = false;
        while !self.has_id && !is_end && (ahead.len() as u64) < COUNTED {
            let more = reader.fill_buf().map_err(|source| input.failed(source))?;
            let len = more.len();
            ahead.extend_from_slice(more);
            reader.consume(len);
            is_end = len == 0;
            let mut text = Delimited::new(ahead.get(at..).unwrap_or_default(), delimiter, at as u64, at_line);
            while !self.has_id && text.read(&mut record).map_err(|failure| unreadable(input, failure))? {
                // The last one may be cut off.
                if !is_end && text.byte() >= ahead.len() as u64 {
                    break;
                }
                (at, at_line) = (usize::try_from(text.byte()).unwrap_or(at), text.line());
                self.look(input, &record, layout);
            }
        }
        let bytes = Bytes::Stream(Box::new(Cursor::new(ahead).chain(reader)));
        let text = Delimited::new(BufReader::with_capacity(HEAD, bytes), delimiter, start, line);
        input.records = Records::Text(Box::new(text));
        Ok(())
    }
}

fn unreadable(input: &Input, failure: ReadFailure) -> InputError {
    match failure {
        ReadFailure::Read(source) => input.failed(source),
        ReadFailure::TooLong { line } => InputError::TooLong { input: input.name.clone(), line },
    }
}
