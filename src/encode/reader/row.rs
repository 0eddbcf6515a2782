//! A row of an earlier output, as its reader returns it.

use crate::offer::ErrorKind;

/// A row of an earlier output.
#[derive(Debug, PartialEq, Eq)]
pub enum PreviousRow<'a> {
    /// To be written again unchanged, line end included.
    Good(&'a [u8]),
    /// The only row of an offer that has failed.
    Failed(FailedRow<'a>),
}

/// The row of an offer that has failed.
#[derive(Debug, PartialEq, Eq)]
pub struct FailedRow<'a> {
    /// The unchanged row, line end included.
    pub bytes: &'a [u8],
    /// The cell in `offer_id`.
    pub offer_id: String,
    /// The cell in `network`, where there is such a column.
    pub network: Option<String>,
    /// The kept cells.
    pub kept: Vec<String>,
    /// Why it has failed.
    pub kind: ErrorKind,
    /// Whether it has old links; then it may be one of several rows of its offer.
    pub links: OldLinks,
}

/// The links of an offer that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldLinks {
    /// Nothing: the row is the only one of its offer.
    None,
    /// Its last good links: the offer may have several rows.
    Stale,
}
