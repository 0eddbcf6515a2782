//! An earlier output as the input of a run: what `--retry-failed` asks again, and what it leaves as it is.
//!
//! Every error row has its offer and the kept cells in it, so the original input is not needed.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::input::{Cells, Mark, NotTheSameInput, Position, Prefix, Row};
use crate::job::RetryFailed;
use crate::offer::{Class, ErrorKind, OfferId};
use crate::output::previous::{FailedRow, Previous, PreviousError, PreviousRow};

/// The rows of an earlier output, in their order.
#[derive(Debug)]
pub(super) struct PreviousRows {
    pub(super) previous: Previous,
    which: RetryFailed,
    prefix: Prefix,
    size: u64,
    rows: u64,
    /// What stands before the first delimiter of the row read last: the offer, as it is written.
    last_offer: Vec<u8>,
}

/// A row that is written again as it is.
#[derive(Debug)]
pub(super) struct KeptRow {
    /// Its bytes, line end included.
    pub(super) bytes: Vec<u8>,
    /// Why its offer has failed, if it has.
    pub(super) failed: Option<ErrorKind>,
    /// Whether the row before belongs to another offer.
    pub(super) begins_offer: bool,
    /// The place behind it.
    pub(super) next: Position,
}

/// What becomes of a row.
#[derive(Debug)]
pub(super) enum Again {
    Ask(Row),
    Keep(KeptRow),
}

impl PreviousRows {
    pub(super) fn open(path: &Path, which: RetryFailed) -> Result<Self, PreviousError> {
        let previous = Previous::open(path)?;
        let unreadable = |source| PreviousError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        Ok(Self { previous, which, prefix: Prefix::new(file), size, rows: 0, last_offer: Vec::new() })
    }

    pub(super) fn next(&mut self) -> Result<Option<Again>, PreviousError> {
        let (_, line) = self.previous.position();
        let Some(row) = self.previous.next_row()? else { return Ok(None) };
        self.rows += 1;
        let (bytes, failed) = match row {
            PreviousRow::Good(bytes) => (bytes, None),
            PreviousRow::Failed(FailedRow { bytes, offer_id, kept, kind }) => match OfferId::parse(&offer_id) {
                Ok(offer) if self.which.includes(kind) => {
                    let cells = Cells::new(kept.iter(), kept.len());
                    self.last_offer.clear();
                    return Ok(Some(Again::Ask(Row {
                        line: line + 1,
                        offer: Ok(offer),
                        cells,
                        next: self.position(),
                    })));
                }
                _ => (bytes, Some(kind)),
            },
        };
        let offer = bytes.split(|byte| *byte == b',').next().unwrap_or_default();
        let begins_offer = failed.is_some() || offer != self.last_offer;
        self.last_offer.clear();
        if failed.is_none() {
            self.last_offer.extend_from_slice(offer);
        }
        let bytes = bytes.to_vec();
        Ok(Some(Again::Keep(KeptRow { bytes, failed, begins_offer, next: self.position() })))
    }

    pub(super) fn mark(&mut self, at: Position) -> io::Result<Mark> {
        Ok(Mark { position: at, size: self.size, crc: self.prefix.crc(at.byte)? })
    }

    pub(super) fn resume(&mut self, mark: &Mark) -> Result<(), NotTheSameInput> {
        if mark.size != self.size {
            return Err(NotTheSameInput::Size { was: mark.size, is: self.size });
        }
        let Position { byte, line, record } = mark.position;
        if byte > self.size || self.prefix.crc(byte).map_err(NotTheSameInput::Read)? != mark.crc {
            return Err(NotTheSameInput::Content);
        }
        self.previous.seek(byte, line).map_err(|_| NotTheSameInput::Content)?;
        self.rows = record;
        Ok(())
    }

    fn position(&self) -> Position {
        let (byte, line) = self.previous.position();
        Position { byte, line, record: self.rows }
    }
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
