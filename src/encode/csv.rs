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
    fn foreign(self, text: &str, quotes: Quotes, out: &mut Vec<u8>) {
        out.push(b',');
        if self == Self::Excel && text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            cell(&format!("'{text}"), out);
        } else if quotes == Quotes::Needless {
            out.extend_from_slice(text.as_bytes());
        } else {
            cell(text, out);
        }
    }
}

/// What is known of quotes around a cell before it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quotes {
    Perhaps,
    /// Nothing in it needs them.
    Needless,
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

    fn entry(&self, entry: Entry<'_>, quotes: Quotes, links: &mut Links<'_>, out: &mut Vec<u8>) {
        for field in &self.entry {
            let text = match field {
                Field::EntryType => entry.kind,
                Field::EntryName => entry.name,
                Field::EntryTrackingLink => entry.tracking_link.map(|link| links.extend(link)),
                Field::EntryPreviewUrl => entry.preview_url,
                _ => None,
            };
            self.dialect.foreign(text.unwrap_or_default(), quotes, out);
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
                    self.dialect.foreign(message.as_deref().unwrap_or_default(), Quotes::Perhaps, out);
                    continue;
                }
                _ => {
                    out.push(b',');
                    own(*field, outcome, out);
                    continue;
                }
            };
            self.dialect.foreign(foreign.unwrap_or_default(), Quotes::Perhaps, out);
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
        // One look at all entries together takes a tenth of one at each of their cells.
        let is_plain = outcome.answer().is_none_or(|answer| !needs_quotes(answer.entries_text()));
        let quotes = if is_plain && row.query.is_empty() { Quotes::Needless } else { Quotes::Perhaps };
        let mut links = Links::new(row.query);
        let start = out.len();
        self.lead(row, out);
        let head = start..out.len();
        let mut entries = outcome.answer().map(Answer::entries);
        let first = entries.as_mut().and_then(Iterator::next).unwrap_or_default();
        self.entry(first, quotes, &mut links, out);
        let tail_start = out.len();
        self.shared(outcome, &mut links, out);
        let tail = tail_start..out.len();
        let mut rows = 1;
        for entry in entries.into_iter().flatten() {
            out.extend_from_within(head.clone());
            self.entry(entry, quotes, &mut links, out);
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
    if needs_quotes(text) { quoted(text, out) } else { out.extend_from_slice(text.as_bytes()) }
}

fn needs_quotes(text: &str) -> bool {
    // Without an early exit the compiler checks 16 bytes at a time; almost no cell needs quotes.
    text.bytes().fold(false, |found, b| found | matches!(b, b',' | b'"' | b'\n' | b'\r'))
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
mod tests;
