//! An offer that failed, as the summary and the report name it.

use serde::Serialize;

use crate::offer::{ErrorKind, OfferError};
use crate::text;

/// An offer that has an error row, or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FailedOffer {
    /// Its ID, or the cell that is none; empty where a whole network failed.
    pub offer_id: String,
    /// Its network, where there are several.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub network: String,
    /// What went wrong.
    pub error_kind: ErrorKind,
    /// In words.
    pub error_message: String,
    /// The line of the input where it stands first.
    #[serde(skip)]
    pub line: u64,
    /// Input rows that failed like this.
    #[serde(skip)]
    pub rows: u64,
}

impl FailedOffer {
    /// How many are named; the output names them all.
    pub(crate) const MOST: usize = 10;

    /// An offer that failed: of a network, where there are several, in a line of the input.
    pub(crate) fn new((network, offer_id): (&str, &str), line: u64, error: &OfferError) -> Self {
        let shown = |text, most| text::shown_start(text, most).into_owned();
        let (offer_id, network) = (shown(offer_id, 40), shown(network, 40));
        Self { offer_id, network, error_kind: error.kind, error_message: shown(&error.message, 200), line, rows: 1 }
    }

    /// Whether another row says the same of the same offer.
    pub(crate) fn is_also(&self, (network, offer_id): (&str, &str), kind: ErrorKind) -> bool {
        !offer_id.is_empty() && self.offer_id == offer_id && self.network == network && self.error_kind == kind
    }

    /// What people call it.
    pub(crate) fn name(&self) -> String {
        let is_row = matches!(self.error_kind, ErrorKind::InvalidOfferId | ErrorKind::UnknownNetwork);
        match (self.network.as_str(), self.offer_id.as_str()) {
            (_, "") if is_row => format!("line {}", self.line),
            (network, "") => format!("the list of {network}"),
            ("", offer) => offer.to_owned(),
            (network, offer) => format!("{offer} of {network}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_name_even_where_its_cell_is_empty() {
        for (network, offer, kind, name) in [
            ("", "16", ErrorKind::NotFound, "16"),
            ("acme", "16", ErrorKind::NotFound, "16 of acme"),
            ("acme", "", ErrorKind::Unauthorized, "the list of acme"),
            ("acme", "", ErrorKind::InvalidOfferId, "line 7"),
            ("", "", ErrorKind::InvalidOfferId, "line 7"),
            ("", "", ErrorKind::UnknownNetwork, "line 7"),
            ("nowhere", "16", ErrorKind::UnknownNetwork, "16 of nowhere"),
        ] {
            assert_eq!(FailedOffer::new((network, offer), 7, &OfferError::local(kind, "no")).name(), name);
        }
    }
}
