//! The last good links of an offer, and how long ago it was asked for.

use rusqlite::{OptionalExtension, params};

use crate::history::Database;
use crate::history::error::HistoryError;
use crate::history::facts::is_gone;
use crate::history::record::NOTHING;
use crate::history::stored;
use crate::offer::{Answer, ErrorKind, OfferId};

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

/// How long ago an offer was asked for, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// When it was.
    pub asked_at: i64,
    /// When the network has said what it is: its links, or that it has none. `None` if it never has.
    pub settled_at: Option<i64>,
}

// No joins: a statement that joins tables is prepared again for each use, which takes ten times as long as to run it. That
// comes of SQLite's STAT4, which looks at parameters to plan a join, and of the cache, which clears them.
pub(super) const FIND: &str = "SELECT version, last_good_at FROM offer
    WHERE network = ?1 AND offer_id = ?2 AND version IS NOT NULL AND hash <> 0";
pub(super) const ANSWER: &str = "SELECT url, impression_pixel, links, template FROM offer_version WHERE id = ?1";
pub(super) const STANDING: &str = "SELECT id, last_asked_at, last_good_at, hash FROM offer
    WHERE network = ?1 AND offer_id = ?2";
/// Only for offers that never had links: it is prepared again for each use.
const LAST_ERROR: &str = "SELECT error_kind FROM offer_error WHERE offer = ?1 ORDER BY run DESC LIMIT 1";

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
        let read = |row: &rusqlite::Row<'_>| match row.get(3)? {
            None => stored::read(row, None),
            Some(key) => {
                self.templates().with(self.connection(), key, |of| stored::read(row, Some((of, offer.as_str()))))
            }
        };
        let answer = statement.query_row([version], read).optional()?;
        Ok(answer.map(|answer| LastGood { answer, at, version }))
    }

    /// The version of an offer with links, and when they were confirmed.
    fn find(&self, network: i64, offer: &OfferId) -> rusqlite::Result<Option<(i64, i64)>> {
        let mut statement = self.connection().prepare_cached(FIND)?;
        statement.query_row(params![network, offer.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }

    /// When an offer was asked for, and what came of it; `None` if it never was.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn standing(&self, network: i64, offer: &OfferId) -> Result<Option<Standing>, HistoryError> {
        self.read_standing(network, offer).map_err(self.error())
    }

    fn read_standing(&self, network: i64, offer: &OfferId) -> rusqlite::Result<Option<Standing>> {
        type Found = (i64, i64, Option<i64>, Option<i64>);
        let mut statement = self.connection().prepare_cached(STANDING)?;
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let found: Option<Found> = statement.query_row(params![network, offer.as_str()], read).optional()?;
        let Some((id, asked_at, good_at, hash)) = found else { return Ok(None) };
        let settled_at = match hash {
            Some(NOTHING) => Some(asked_at),
            Some(_) => good_at,
            None => {
                let mut statement = self.connection().prepare_cached(LAST_ERROR)?;
                let kind: Option<String> = statement.query_row([id], |row| row.get(0)).optional()?;
                let is_settled = kind.as_deref().and_then(ErrorKind::from_word).is_some_and(is_gone);
                is_settled.then_some(asked_at)
            }
        };
        Ok(Some(Standing { asked_at, settled_at }))
    }

    /// Does many look-ups: they share one transaction, which makes each four times as quick. Others wait with their
    /// commits meanwhile.
    ///
    /// # Errors
    /// The file cannot be read, or `look_up` has failed.
    pub(crate) fn reading<T, E: From<HistoryError>>(&self, look_up: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let transaction = self.connection().unchecked_transaction().map_err(self.error())?;
        let found = look_up()?;
        transaction.finish().map_err(self.error())?;
        Ok(found)
    }
}
