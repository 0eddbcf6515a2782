//! The rows for which nobody is asked: those without an ID or a network, and those that are left for later.
//!
//! Part of [`Writer`]: words their errors.

use crate::error::Error;
use crate::input::Row;
use crate::offer::{ErrorKind, OfferError, RowOutcome};
use crate::run::call_limit::not_asked;
use crate::run::missing_list;
use crate::run::writer::Writer;

impl Writer {
    /// Writes the error row of an offer that is left for a later run.
    pub(crate) fn write_not_asked(&mut self, place: (usize, &str), row: &Row) -> Result<(), Error> {
        self.put(place, row, (RowOutcome::Failed(&not_asked()), None))
    }

    /// Writes an input row whose offer was to be asked for, and no call was left.
    pub(super) fn write_left_over(&mut self, place: (usize, &str), row: &Row) -> Result<(), Error> {
        let known = self.history.as_ref().map_or(Ok(None), |history| history.known(place.0, row))?;
        match known {
            Some(known) => self.write_last_good(place, row, &known),
            None => self.write_not_asked(place, row),
        }
    }

    /// Writes the error row of an input row whose cell is no ID.
    pub(crate) fn write_uncalled(&mut self, place: (usize, &str), row: &Row) -> Result<(), Error> {
        let is_of_list = self.networks.as_ref().is_some_and(|networks| networks.are_listed);
        if let Some((row, error)) = is_of_list.then(|| missing_list::of_row(row)).flatten() {
            self.write(place, &row, &Err(error))?;
            if row.offer.is_err() {
                self.tally.note_missing_list();
                self.networks.iter_mut().for_each(|networks| networks.progress.note_missing_list(place.0));
            }
            return Ok(());
        }
        let Err(bad) = &row.offer else { return Ok(()) };
        let message = format!("line {}: {}", row.line, bad.reason);
        self.write(place, row, &Err(OfferError::local(ErrorKind::InvalidOfferId, message)))
    }

    /// Writes the error row of an input row that names no network; `why` says which there are.
    pub(crate) fn write_unrouted(&mut self, lane: usize, row: &Row, why: &str) -> Result<(), Error> {
        let message = format!("line {}: {why}", row.line);
        let named = self.network_cell.map_or("", |cell| row.cells.get(cell)).to_owned();
        self.write((lane, &named), row, &Err(OfferError::local(ErrorKind::UnknownNetwork, message)))
    }
}
