//! The last good links of an offer.

use rusqlite::params;

use crate::history::Database;
use crate::history::error::HistoryError;
use crate::offer::{Answer, AnswerBuilder, Entry, OfferId};

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

const LAST_GOOD: &str = "SELECT offer.last_good_at, version.url, version.impression_pixel, link.position,
        link.offer_url_type, link.offer_url_name, link.offer_url_tracking_link, link.offer_url_preview_url, version.id
    FROM offer JOIN offer_version AS version ON version.id = offer.version AND version.state = 'good'
        LEFT JOIN link_version AS link ON link.version = version.id
    WHERE offer.network = ?1 AND offer.offer_id = ?2 ORDER BY link.position";

const CONFIRMED_AT: &str = "SELECT offer.last_good_at FROM offer JOIN offer_version AS version
    ON version.id = offer.version AND version.state = 'good' WHERE offer.network = ?1 AND offer.offer_id = ?2";

impl Database {
    /// The last good links of an offer; `None` if it never had any, or is gone.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn last_good(&self, network: i64, offer: &OfferId) -> Result<Option<LastGood>, HistoryError> {
        self.read_last_good(network, offer).map_err(self.error())
    }

    fn read_last_good(&self, network: i64, offer: &OfferId) -> rusqlite::Result<Option<LastGood>> {
        let mut statement = self.connection().prepare_cached(LAST_GOOD)?;
        let mut rows = statement.query(params![network, offer.as_str()])?;
        let mut found: Option<(AnswerBuilder, i64, i64)> = None;
        while let Some(row) = rows.next()? {
            let text = |column: usize| row.get_ref(column).and_then(|value| Ok(value.as_str_or_null()?));
            let (builder, ..) = match &mut found {
                Some(found) => found,
                found => found.insert((AnswerBuilder::new(text(1)?, text(2)?), row.get(0)?, row.get(8)?)),
            };
            if row.get_ref(3)?.as_i64_or_null()?.is_some() {
                builder.entry(Entry { kind: text(4)?, name: text(5)?, tracking_link: text(6)?, preview_url: text(7)? });
            }
        }
        Ok(found.map(|(builder, at, version)| LastGood { answer: builder.build(), at, version }))
    }

    /// When the links of an offer were last confirmed; `None` as in [`Self::last_good`].
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn confirmed_at(&self, network: i64, offer: &OfferId) -> Result<Option<i64>, HistoryError> {
        use rusqlite::OptionalExtension;
        let read = || {
            let mut statement = self.connection().prepare_cached(CONFIRMED_AT)?;
            statement.query_row(params![network, offer.as_str()], |row| row.get(0)).optional()
        };
        read().map_err(self.error())
    }
}
