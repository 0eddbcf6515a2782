//! A network whose offers are not known, because its list could not be read: what stands in the list of `--all-offers` in
//! their place, and so in the output. That is a row for each offer that the history knows the last good links of, if those
//! are to be kept, else one error row.
//!
//! The list stays as it is when a run is resumed, so each row says why in its ID cell. Must not decide what becomes of the
//! run.

use crate::api::offers::Listed;
use crate::input::{BadId, Row};
use crate::offer::{ErrorKind, InvalidOfferId, OfferError, OfferId};

/// Between the error's kind and the offer that is known.
const OF: &str = " of ";

/// The rows of such a network; `known` are its offers as far as they are known.
pub(crate) fn rows(error: &OfferError, known: &[OfferId]) -> Vec<Listed> {
    let (kind, message) = (error.kind.as_str(), &error.message);
    let row = |id: String| Listed { id: Some(id), ..Listed::default() };
    if known.is_empty() {
        return vec![row(format!("{kind}: {message}"))];
    }
    known.iter().map(|offer| row(format!("{kind}{OF}{offer}: {message}"))).collect()
}

/// The row as it goes into the output, and its error; none where it is a row like others.
pub(crate) fn of_row(row: &Row) -> Option<(Row, OfferError)> {
    let Err(bad) = &row.offer else { return None };
    let (kind, message) = bad.text.split_once(": ")?;
    let (kind, offer) = match kind.split_once(OF) {
        Some((kind, offer)) => (kind, Ok(OfferId::parse(offer).ok()?)),
        None => (kind, Err(BadId { text: "".into(), reason: InvalidOfferId::Empty })),
    };
    let message = format!("the list of its offers could not be read: {message}; run the export again");
    Some((Row { offer, ..row.clone() }, OfferError::local(ErrorKind::from_word(kind)?, message)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Cells, ResumePosition};

    fn row(cell: &str) -> Row {
        let offer = OfferId::parse(cell).map_err(|reason| BadId { text: cell.into(), reason });
        Row { line: 2, offer, cells: Cells::new(["", "acme"].iter(), 1), next: ResumePosition::default() }
    }

    #[test]
    fn the_rows_of_a_missing_list_say_why_and_no_other_row_is_taken_for_one() {
        // What the network says may look like anything.
        let error = OfferError::local(ErrorKind::IpNotAllowed, "12: IP not allowed of 7: 10.0.0.1");
        let known = ["16", "007"].map(|offer| OfferId::parse(offer).unwrap());
        for (known, ids) in [(&known[..0], &[""][..]), (&known, &["16", "007"])] {
            let cells: Vec<_> = rows(&error, known).into_iter().filter_map(|listed| listed.id).collect();
            let written: Vec<_> = cells.iter().map(|cell| of_row(&row(cell)).unwrap()).collect();
            assert_eq!(written.iter().map(|(row, _)| row.id_cell()).collect::<Vec<_>>(), ids);
            for (_, told) in written {
                assert_eq!(told.kind, ErrorKind::IpNotAllowed);
                assert_eq!(
                    &*told.message,
                    "the list of its offers could not be read: 12: IP not allowed of 7: 10.0.0.1; run the export again"
                );
            }
        }
        for cell in ["16", "", "x", "outage", "other: x", "16: x", "outage of x: y", "other of 16: y"] {
            assert!(of_row(&row(cell)).is_none(), "{cell:?}");
        }
    }
}
