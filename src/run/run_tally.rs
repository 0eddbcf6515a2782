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

    /// Counts an input row with its output rows.
    pub(crate) fn add(&mut self, row: &Row, outcome: RowOutcome<'_>, rows: u64) {
        if let RowOutcome::Failed(error) = outcome
            && self.first_failed.len() < FailedOffer::MOST
        {
            self.first_failed.push(FailedOffer::new(row.id_cell(), error));
        }
        self.all.add(outcome, rows);
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
