//! A row of the input, and a cell of the ID column that is not an ID.
//!
//! Plain values. Must not know how they are read.

use crate::input::cells::Cells;
use crate::input::fingerprint::ResumePosition;
use crate::offer::{InvalidOfferId, OfferId};

/// A row of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The line on which it starts (in a sheet: its row), from 1.
    pub line: u64,
    /// The offer to call.
    pub offer: Result<OfferId, BadId>,
    /// The cells that go into the output or into links.
    pub cells: Cells,
    /// The position after this row.
    pub next: ResumePosition,
}

impl Row {
    /// The text for `offer_id`: the ID as called, or the cell that is not one.
    pub(crate) fn id_cell(&self) -> &str {
        match &self.offer {
            Ok(offer) => offer.as_str(),
            Err(bad) => &bad.text,
        }
    }
}

/// A cell of the ID column that is not an ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadId {
    /// The cell as read.
    pub text: Box<str>,
    /// Why it is not an ID.
    pub reason: InvalidOfferId,
}
