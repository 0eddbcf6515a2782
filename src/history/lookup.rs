//! The last good links of an offer.

use rusqlite::{OptionalExtension, params};

use crate::history::Database;
use crate::history::error::HistoryError;
use crate::history::stored;
use crate::offer::{Answer, OfferId};

/// Links that were good once, and still are as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastGood {
    /// The links.
    pub answer: Answer,
    /// When they were last confirmed, in seconds since 1970.
    pub at: i64,
    /// The version that they are.
    pub version: i64,
}

// No joins: a statement that joins tables is prepared again for each use, which takes ten times as long as to run it. That
// comes of SQLite's STAT4, which looks at parameters to plan a join, and of the cache, which clears them.
pub(super) const FIND: &str = "SELECT version, last_good_at FROM offer
    WHERE network = ?1 AND offer_id = ?2 AND version IS NOT NULL AND hash <> 0";
pub(super) const ANSWER: &str = "SELECT url, impression_pixel, links FROM offer_version WHERE id = ?1";

impl Database {
    /// The last good links of an offer; `None` if it never had any, or is gone.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn last_good(&self, network: i64, offer: &OfferId) -> Result<Option<LastGood>, HistoryError> {
        self.read_last_good(network, offer).map_err(self.error())
    }

    fn read_last_good(&self, network: i64, offer: &OfferId) -> rusqlite::Result<Option<LastGood>> {
        let Some((version, at)) = self.find(network, offer)? else { return Ok(None) };
        let mut statement = self.connection().prepare_cached(ANSWER)?;
        let answer = statement.query_row([version], |row| stored::read(row, [0, 1, 2])).optional()?;
        Ok(answer.map(|answer| LastGood { answer, at, version }))
    }

    /// The version of an offer with links, and when they were confirmed.
    fn find(&self, network: i64, offer: &OfferId) -> rusqlite::Result<Option<(i64, i64)>> {
        let mut statement = self.connection().prepare_cached(FIND)?;
        statement.query_row(params![network, offer.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }

    /// When the links of an offer were last confirmed; `None` as in [`Self::last_good`].
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn confirmed_at(&self, network: i64, offer: &OfferId) -> Result<Option<i64>, HistoryError> {
        self.find(network, offer).map(|found| found.map(|(_, at)| at)).map_err(self.error())
    }
}
