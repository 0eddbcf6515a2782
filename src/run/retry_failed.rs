//! An earlier output as the input of a run: what `--retry-failed` asks again, and what it leaves as it is.
//!
//! Every error row has its offer and the kept cells in it, so the original input is not needed.

use std::io;
use std::path::{Path, PathBuf};

use crate::cell::{CellKind, TypedCell};
use crate::config::{Job, RetryFailed};
use crate::encode::quoted_cells;
use crate::encode::reader::{Bytes, FailedRow, OldLinks, OutputReader, PreviousError, PreviousRow};
use crate::encode::schema::Field;
use crate::encode::{Dialect, RowFormat, Schema};
use crate::error::Error;
use crate::input::{Cells, InputFingerprint, NotTheSameInput, PrefixHasher, ResumePosition, Row};
use crate::offer::{Class, ErrorKind, OfferId};
use crate::output::Destination;

/// The rows of an earlier output, in their order.
#[derive(Debug)]
pub(crate) struct PreviousRows {
    pub(crate) previous: OutputReader,
    /// What another program has made of it, if one has.
    pub(crate) resaved: Option<String>,
    /// Some of the offers that were exported then: their kept cells, and the links.
    pub(super) good: Vec<(Vec<String>, Vec<String>)>,
    /// How many offers are to be asked for.
    pub(crate) asked: u64,
    which: RetryFailed,
    prefix: PrefixHasher<Bytes>,
    size: u64,
    rows: u64,
    /// How the row read last begins: the offer, and its network where there are several, as they are written.
    last_offer: Vec<u8>,
    /// Whether kept rows get an empty cell: the job has a column more than the output.
    widens: bool,
}

/// A row that is written again as it is.
#[derive(Clone, Debug)]
pub(crate) struct KeptRow {
    /// Its bytes, line end included.
    pub(crate) bytes: Vec<u8>,
    /// Why its offer has failed, if it has.
    pub(crate) failed: Option<ErrorKind>,
    /// Whether the row before belongs to another offer.
    pub(crate) begins_offer: bool,
    /// What stands in its column `network`; empty where there is none.
    pub(crate) network: Box<str>,
    /// The place behind it.
    pub(crate) next: ResumePosition,
}

/// What becomes of a row.
#[derive(Debug)]
pub(crate) enum RowAction {
    Ask(Row),
    Keep(KeptRow),
    /// Asked for; if that fails, its old links stay.
    AskStale(Row, StaleRows),
}

/// The old links of an offer, as they stand in an earlier output.
#[derive(Debug)]
pub(crate) struct StaleRows {
    /// Their bytes, line ends included.
    pub(crate) bytes: Vec<u8>,
    /// How many rows they are.
    pub(crate) rows: u64,
}

impl PreviousRows {
    /// Opens the output. One that another program has saved is read in the form of `dialect`.
    pub(crate) fn open(
        path: &Path,
        which: RetryFailed,
        dialect: Dialect,
        schema: &Schema,
    ) -> Result<Self, PreviousError> {
        let (previous, resaved) = OutputReader::open(path, dialect, schema)?;
        let (bytes, size) = previous.bytes().map_err(|source| PreviousError::Read { path: path.to_owned(), source })?;
        let (good, asked, last_offer) = (Vec::new(), 0, Vec::new());
        let lacks_time = schema.has(Field::LastGoodAt) && !previous.schema().has(Field::LastGoodAt);
        let widens = lacks_time && matches!(previous.format(), RowFormat::Csv(_));
        let prefix = PrefixHasher::new(bytes);
        let mut rows = Self { previous, resaved, good, asked, which, prefix, size, rows: 0, last_offer, widens };
        rows.look_ahead()?;
        Ok(rows)
    }

    /// As many good rows are enough to see what their links have in common.
    const SAMPLE: usize = 100;

    /// The kept cell of an input column.
    pub(crate) fn cell_index(&self, name: &str) -> Option<usize> {
        let named = |kept: &String| kept == name || kept.strip_prefix("input_") == Some(name);
        self.previous.kept().iter().position(named)
    }

    /// Finds out what there is to ask for, and what good rows look like.
    fn look_ahead(&mut self) -> Result<(), PreviousError> {
        let (start, lines) = self.previous.position();
        while let Some(row) = self.next()? {
            match row {
                RowAction::Ask(_) | RowAction::AskStale(..) => self.asked += 1,
                RowAction::Keep(KeptRow { failed: None, bytes, .. }) if self.good.len() < Self::SAMPLE => {
                    self.good.extend(self.previous.links(&bytes));
                }
                RowAction::Keep(_) => {}
            }
        }
        self.rows = 0;
        self.last_offer.clear();
        self.previous.seek(start, lines)
    }

    pub(crate) fn next(&mut self) -> Result<Option<RowAction>, PreviousError> {
        let (_, line) = self.previous.position();
        let lead = self.previous.schema().lead().max(1);
        let Some(row) = self.previous.next_row()? else { return Ok(None) };
        self.rows += 1;
        let (bytes, failed) = match row {
            PreviousRow::Good(bytes) => (bytes, None),
            PreviousRow::Failed(failed) => match OfferId::parse(&failed.offer_id) {
                Ok(offer) if self.which.includes(failed.kind) => {
                    let cells = cells(&failed, lead);
                    let stale = (failed.links == OldLinks::Stale).then(|| (failed.key(), failed.bytes.to_vec()));
                    self.last_offer.clear();
                    let stale = stale.map(|(key, first)| self.stale_rows(&key, first)).transpose()?;
                    let row = Row { line: line + 1, offer: Ok(offer), cells, next: self.position() };
                    return Ok(Some(match stale {
                        Some(stale) => RowAction::AskStale(row, stale),
                        None => RowAction::Ask(row),
                    }));
                }
                _ => (failed.bytes, Some(failed.kind)),
            },
        };
        let bytes = bytes.to_vec();
        // The offer, and the network that it is of.
        let end = memchr::memchr_iter(b',', &bytes).nth(lead - 1).unwrap_or(bytes.len());
        let offer = bytes.get(..end).unwrap_or_default();
        let begins_offer = failed.is_some() || offer != self.last_offer;
        self.last_offer.clear();
        if failed.is_none() {
            self.last_offer.extend_from_slice(offer);
        }
        let network = self.previous.network_of(&bytes).unwrap_or_default().into();
        let mut bytes = bytes;
        if self.widens {
            widen(&mut bytes);
        }
        Ok(Some(RowAction::Keep(KeptRow { bytes, failed, begins_offer, network, next: self.position() })))
    }

    /// The old links of an offer, of which the first row is read already. Where the rows repeat, several rows of the input
    /// had the offer: then those of the first.
    fn stale_rows(&mut self, key: &OfferKey, first: Vec<u8>) -> Result<StaleRows, PreviousError> {
        let mut rows = vec![first];
        let mut ends = vec![self.previous.position()];
        while self.previous.header().len() > 1 {
            match self.previous.next_row()? {
                Some(PreviousRow::Failed(row)) if row.links == OldLinks::Stale && row.key() == *key => {
                    rows.push(row.bytes.to_vec());
                }
                _ => break,
            }
            ends.push(self.previous.position());
        }
        let repeats = |count: &usize| {
            rows.len().is_multiple_of(*count) && rows.iter().zip(rows.iter().cycle().skip(*count)).all(|(a, b)| a == b)
        };
        let count = (1..=rows.len()).find(repeats).unwrap_or(rows.len());
        if let Some((offset, lines)) = ends.get(count - 1).copied() {
            self.previous.seek(offset, lines)?;
        }
        self.rows += count as u64 - 1;
        Ok(StaleRows { bytes: rows.into_iter().take(count).flatten().collect(), rows: count as u64 })
    }

    pub(crate) fn mark(&mut self, at: ResumePosition) -> io::Result<InputFingerprint> {
        Ok(InputFingerprint { position: at, size: self.size, crc: self.prefix.crc(at.byte)? })
    }

    pub(crate) fn resume(&mut self, mark: &InputFingerprint) -> Result<(), NotTheSameInput> {
        if mark.size != self.size {
            return Err(NotTheSameInput::Size { was: mark.size, is: self.size });
        }
        let ResumePosition { byte, line, record } = mark.position;
        if byte > self.size || self.prefix.crc(byte).map_err(NotTheSameInput::Read)? != mark.crc {
            return Err(NotTheSameInput::Content);
        }
        self.previous.seek(byte, line).map_err(|_| NotTheSameInput::Content)?;
        self.rows = record;
        Ok(())
    }

    fn position(&self) -> ResumePosition {
        let (byte, line) = self.previous.position();
        ResumePosition { byte, line, record: self.rows }
    }
}

/// What the rows of one input row have in common.
type OfferKey = (String, Option<String>, Vec<String>);

impl FailedRow<'_> {
    fn key(&self) -> OfferKey {
        (self.offer_id.clone(), self.network.clone(), self.kept.clone())
    }
}

/// The kept cells of a row, with what they were in a workbook.
fn cells(row: &FailedRow<'_>, lead: usize) -> Cells {
    let quoted = quoted_cells(row.bytes);
    let kind = |(text, is_quoted): (&String, &bool)| match TypedCell::parse(text) {
        Some(_) if !is_quoted => CellKind::Number,
        _ => CellKind::Text,
    };
    let kinds = row.kept.iter().zip(quoted.iter().skip(lead)).map(kind);
    let cells: Vec<_> = row.kept.iter().chain(&row.network).collect();
    Cells::new(cells.into_iter(), row.kept.len()).with_kinds(kinds)
}

/// Adds an empty cell at the end of a CSV row.
fn widen(row: &mut Vec<u8>) {
    let end = if row.ends_with(b"\r\n") { row.len() - 2 } else { row.len().saturating_sub(1) };
    row.insert(end, b',');
}

impl RetryFailed {
    /// Whether offers that failed like this are asked for again.
    fn includes(self, kind: ErrorKind) -> bool {
        match self {
            Self::Passing => kind.class() != Class::Offer,
            Self::All => true,
        }
    }
}

/// The rows of the last run: those that were withheld, if there are any; that is until the output was replaced.
pub(crate) fn failed_rows_of(job: &Job) -> PathBuf {
    match Destination::of(&job.rows_file()) {
        Ok(Destination::File(place)) if place.failed().is_file() => place.failed(),
        _ => job.rows_file(),
    }
}

/// Which failed rows of the earlier output are to be asked for, if that is the job; then the output has to be there.
pub(crate) fn failed_of_previous(job: &Job) -> Result<Option<RetryFailed>, Error> {
    if job.work.retry_failed().is_some() && !failed_rows_of(job).is_file() {
        return Err(Error::NoPrevious(job.rows_file()));
    }
    Ok(job.work.retry_failed())
}
