//! Writes what a run has learned: one transaction for each commit, which either is there as a whole or is not.

use rusqlite::{Connection, TransactionBehavior, params};

use crate::history::Database;
use crate::history::confirm::confirm;
use crate::history::error::HistoryError;
use crate::history::facts::{Batch, Counts};
use crate::history::record::Recorder;
use crate::history::runs::RunRecord;
use crate::history::templates::Templated;

impl Database {
    /// Writes a batch, and that the run is finished where `finished` says so.
    ///
    /// # Errors
    /// Nothing of it is written.
    pub(crate) fn write(
        &mut self,
        run: &RunRecord,
        batch: &Batch,
        finished: Option<(Counts, i64)>,
    ) -> Result<(), HistoryError> {
        let (connection, path) = self.connection_mut();
        let failed = HistoryError::sql(path);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let write = || {
            let mut confirmed = confirm(&transaction, run, batch)?.into_iter();
            let open: Vec<_> = batch.facts().iter().filter(|_| confirmed.next() != Some(true)).collect();
            let answers = Templated::new(&transaction, batch.answers(), &open)?;
            let mut recorder = Recorder::new(&transaction, run, &answers)?;
            recorder.facts(&open)?;
            recorder.end()?;
            finished.map_or(Ok(()), |(counts, at)| finish(&transaction, run.id, counts, at))
        };
        write().map_err(failed)?;
        transaction.commit().map_err(failed)
    }
}

fn finish(connection: &Connection, run: i64, counts: Counts, at: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE run SET finished_at = ?2, offers = ?3, exported = ?4, stale = ?5, failed = ?6 WHERE id = ?1";
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let Counts { offers, exported, stale, failed } = counts;
    let [offers, exported, stale, failed] = [offers, exported, stale, failed].map(number);
    connection.execute(sql, params![run, at, offers, exported, stale, failed]).map(drop)
}
