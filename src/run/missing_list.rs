//! A network whose offers are not known, because its list could not be read: it stands in the list of `--all-offers` with
//! one row, and so in the output with one error row.
//!
//! The list stays as it is when a run is resumed, so the row says why in its ID cell. Must not decide what becomes of the
//! run.

use crate::input::{BadId, Row};
use crate::offer::{ErrorKind, InvalidOfferId, OfferError};

/// What stands in the list in the place of the offers.
pub(crate) fn id_cell(error: &OfferError) -> String {
    format!("{}: {}", error.kind.as_str(), error.message)
}

/// The row as it goes into the output, and its error; none where it is a row like others.
pub(crate) fn of_row(row: &Row) -> Option<(Row, OfferError)> {
    let Err(bad) = &row.offer else { return None };
    let (kind, message) = bad.text.split_once(": ")?;
    let message = format!("the list of its offers could not be read: {message}; run the export again");
    let offer = Err(BadId { text: "".into(), reason: InvalidOfferId::Empty });
    Some((Row { offer, ..row.clone() }, OfferError::local(ErrorKind::from_word(kind)?, message)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Cells, ResumePosition};
    use crate::offer::OfferId;

    #[test]
    fn the_row_of_a_missing_list_says_why_and_no_other_row_is_taken_for_one() {
        let row = |cell: &str| {
            let offer = OfferId::parse(cell).map_err(|reason| BadId { text: cell.into(), reason });
            Row { line: 2, offer, cells: Cells::new(["", "acme"].iter(), 1), next: ResumePosition::default() }
        };
        let error = OfferError::local(ErrorKind::IpNotAllowed, "IP not allowed: 10.0.0.1");
        let (written, told) = of_row(&row(&id_cell(&error))).unwrap();
        assert_eq!((written.id_cell(), told.kind), ("", ErrorKind::IpNotAllowed));
        assert_eq!(
            &*told.message,
            "the list of its offers could not be read: IP not allowed: 10.0.0.1; run the export again"
        );
        for cell in ["16", "", "x", "outage", "other: x", "16: x"] {
            assert!(of_row(&row(cell)).is_none(), "{cell:?}");
        }
    }
}
