//! An offer that failed, as the summary and the report name it.

use serde::Serialize;

use crate::offer::{ErrorKind, OfferError};
use crate::text;

/// An offer that has an error row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FailedOffer {
    /// Its ID, or the cell that is none.
    pub offer_id: String,
    /// What went wrong.
    pub error_kind: ErrorKind,
    /// In words.
    pub error_message: String,
}

impl FailedOffer {
    /// How many are named; the output names them all.
    pub(crate) const MOST: usize = 10;

    /// An offer that failed.
    pub(crate) fn new(offer_id: &str, error: &OfferError) -> Self {
        let [offer_id, error_message] =
            [(offer_id, 40), (&*error.message, 200)].map(|(text, most)| text::shown_start(text, most));
        Self { offer_id: offer_id.into_owned(), error_kind: error.kind, error_message: error_message.into_owned() }
    }
}
