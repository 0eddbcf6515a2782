//! What a run has written so far, in numbers, and the first offers that failed. Counts and nothing else.

use crate::input::Row;
use crate::offer::RowOutcome;
use crate::offer::tally::Tally;
use crate::report::FailedOffer;
use crate::run::retry_failed::KeptRow;

/// The counts of a run, and of the runs before that it continues.
#[derive(Debug)]
pub(crate) struct RunTally {
    all: Tally,
    before: Tally,
    first_failed: Vec<FailedOffer>,
}

impl RunTally {
    /// Continues the counts of a checkpoint.
    pub(crate) fn resume(before: Tally) -> Self {
        Self { all: before.clone(), before, first_failed: Vec::new() }
    }

    /// Everything written, by the runs before too.
    pub(crate) fn all(&self) -> &Tally {
        &self.all
    }

    /// How many offers of this run failed, and how many it did. What failed before has been looked at, or a resumed run
    /// could never get any further.
    pub(crate) fn of_this_run(&self) -> (u64, u64) {
        let failed = |tally: &Tally| tally.failed() + tally.stale;
        (failed(&self.all) - failed(&self.before), self.all.offers - self.before.offers)
    }

    /// The first offers of this run that failed.
    pub(crate) fn first_failed(&self) -> &[FailedOffer] {
        &self.first_failed
    }

    /// Counts an input row with its output rows. `network` is that of the row, where there are several.
    pub(crate) fn add(&mut self, (network, row): (&str, &Row), outcome: RowOutcome<'_>, rows: u64) {
        if let RowOutcome::Failed(error) = outcome {
            let name = (network, row.id_cell());
            if let Some(other) = self.first_failed.iter_mut().find(|other| other.is_also(name, error.kind)) {
                other.rows += 1;
            } else if self.first_failed.len() < FailedOffer::MOST {
                self.first_failed.push(FailedOffer::new(name, row.line, error));
            }
        }
        self.all.add(outcome, rows);
    }

    /// The error row counted last stands for a network whose list could not be read.
    pub(crate) fn note_missing_list(&mut self) {
        self.all.note_missing_list();
    }

    /// Counts an input row that keeps the old links of an earlier output.
    pub(crate) fn keep_stale(&mut self, rows: u64) {
        self.all.keep_stale(rows);
    }

    /// Counts a row of an earlier output.
    pub(crate) fn keep(&mut self, row: &KeptRow) {
        self.all.keep(row.failed, row.begins_offer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Cells, ResumePosition};
    use crate::offer::{ErrorKind, OfferError, OfferId};

    #[test]
    fn an_offer_that_failed_in_several_rows_is_named_once() {
        let row = |offer: &str, line| Row {
            line,
            offer: Ok(OfferId::parse(offer).unwrap()),
            cells: Cells::default(),
            next: ResumePosition::default(),
        };
        let mut tally = RunTally::resume(Tally::default());
        let error = OfferError::local(ErrorKind::NotFound, "no");
        for line in 0..12 {
            tally.add(("acme", &row("16", line)), RowOutcome::Failed(&error), 1);
        }
        tally.add(("demo", &row("16", 12)), RowOutcome::Failed(&error), 1);
        let named: Vec<_> = tally.first_failed().iter().map(|offer| (offer.name(), offer.rows)).collect();
        assert_eq!(named, [("16 of acme".to_owned(), 12), ("16 of demo".to_owned(), 1)]);
        assert_eq!(tally.all().failed(), 13);
    }
}
