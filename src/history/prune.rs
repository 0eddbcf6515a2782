//! Forgets what was long ago, so that the file does not grow for ever.

use rusqlite::{Connection, TransactionBehavior};

use crate::history::Database;
use crate::history::error::HistoryError;

/// What was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pruned {
    /// Versions of offers that were replaced before that time.
    pub versions: usize,
    /// Failures from before that time.
    pub failures: usize,
}

/// A version may go when the one after it was there at that time already, and in the last finished run of each output: what
/// an offer is now, and what it was then, always stay.
const OLD: &str = "CREATE TEMP TABLE old AS
    SELECT newer.previous AS id, newer.id AS newer FROM offer_version AS newer
    WHERE newer.previous IS NOT NULL AND newer.since <= ?1 AND newer.id <= (SELECT coalesce(min(last), 0) FROM
        (SELECT max(last_version) AS last FROM run WHERE finished_at IS NOT NULL GROUP BY output))";

/// Templates that no version names: the file takes only so many. The newest stays, so that none ever gets the key of one
/// that was there: who has read that one takes it for what it was.
const UNUSED: &str = "DELETE FROM template WHERE id < (SELECT max(id) FROM template)
    AND id NOT IN (SELECT template FROM offer_version WHERE template IS NOT NULL)";

impl Database {
    /// Forgets versions and failures that were over before `before`, in seconds since 1970, and gives their room back.
    ///
    /// # Errors
    /// The file cannot be written; it is then as it was.
    pub(crate) fn prune(&mut self, before: i64) -> Result<Pruned, HistoryError> {
        let (connection, path) = self.connection_mut();
        let failed = HistoryError::sql(path);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let pruned = prune(&transaction, before).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        connection.execute_batch("VACUUM").map_err(failed)?;
        Ok(pruned)
    }
}

fn prune(connection: &Connection, before: i64) -> rusqlite::Result<Pruned> {
    connection.execute(OLD, [before])?;
    connection.execute("UPDATE offer_version SET previous = NULL WHERE id IN (SELECT newer FROM old)", [])?;
    let versions = connection.execute("DELETE FROM offer_version WHERE id IN (SELECT id FROM old)", [])?;
    connection.execute("DROP TABLE old", [])?;
    connection.execute(UNUSED, [])?;
    let failures = connection.execute("DELETE FROM offer_error WHERE at < ?1", [before])?;
    connection.execute("DELETE FROM changed WHERE run IN (SELECT id FROM run WHERE finished_at < ?1)", [before])?;
    Ok(Pruned { versions, failures })
}
