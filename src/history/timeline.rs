//! What the file knows of one offer, for people.

use jiff::Timestamp;
use rusqlite::params;

use crate::history::Database;
use crate::history::changes::state;
use crate::history::diff::{Change, State, diff};
use crate::history::error::HistoryError;

/// An offer at one network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timeline {
    /// What the user calls the network.
    pub network: String,
    /// When it was first and last asked for, and last good.
    pub first_seen_at: Timestamp,
    /// When it was last asked for.
    pub last_asked_at: Timestamp,
    /// When it last had links.
    pub last_good_at: Option<Timestamp>,
    /// What happened to it, the oldest first.
    pub events: Vec<(Timestamp, Event)>,
}

/// Something that happened to an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// It changed.
    Changed(Change),
    /// It failed, in these words.
    Failed(String),
}

impl Database {
    /// The timelines of an offer, one for each network that knows it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn timelines(&self, offer_id: &str, network: Option<&str>) -> Result<Vec<Timeline>, HistoryError> {
        self.read_timelines(offer_id, network).map_err(self.error())
    }

    fn read_timelines(&self, offer_id: &str, network: Option<&str>) -> rusqlite::Result<Vec<Timeline>> {
        let sql = "SELECT network.name, offer.id, offer.version, first_seen_at, last_asked_at, last_good_at
            FROM offer JOIN network ON network.id = offer.network
            WHERE offer.offer_id = ?1 AND (?2 IS NULL OR network.name = ?2) ORDER BY network.name, network.id";
        let mut statement = self.connection().prepare(sql)?;
        let mut rows = statement.query(params![offer_id, network])?;
        let mut timelines = Vec::new();
        while let Some(row) = rows.next()? {
            let mut events = self.versions(row.get(2)?)?;
            events.extend(self.failures(row.get(1)?)?);
            events.sort_by_key(|(at, _)| *at);
            timelines.push(Timeline {
                network: row.get(0)?,
                first_seen_at: time(row.get(3)?),
                last_asked_at: time(row.get(4)?),
                last_good_at: row.get::<_, Option<i64>>(5)?.map(time),
                events,
            });
        }
        Ok(timelines)
    }

    fn versions(&self, newest: Option<i64>) -> rusqlite::Result<Vec<(Timestamp, Event)>> {
        let sql = "WITH RECURSIVE chain (id, since, previous) AS (
                SELECT id, since, previous FROM offer_version WHERE id = ?1
                UNION ALL
                SELECT older.id, older.since, older.previous FROM chain JOIN offer_version AS older
                    ON older.id = chain.previous)
            SELECT id, since FROM chain";
        let mut statement = self.connection().prepare(sql)?;
        let chain = statement.query_map([newest], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut chain: Vec<(i64, i64)> = chain.collect::<Result<_, _>>()?;
        chain.reverse();
        let mut before = State::Never;
        let mut events = Vec::new();
        for (version, since) in chain {
            let now = state(self.connection(), Some(version))?;
            let changes = diff(&before, &now);
            events.extend(changes.into_iter().map(|change| (time(since), Event::Changed(change))));
            before = now;
        }
        Ok(events)
    }

    fn failures(&self, offer: i64) -> rusqlite::Result<Vec<(Timestamp, Event)>> {
        let sql = "SELECT at, error_kind, error_http_status, error_message FROM offer_error WHERE offer = ?1";
        let mut statement = self.connection().prepare(sql)?;
        let failures = statement.query_map([offer], |row| {
            let (kind, message) = (row.get::<_, String>(1)?, row.get::<_, String>(3)?);
            let status = row.get::<_, Option<u16>>(2)?.map(|status| format!(" (HTTP {status})")).unwrap_or_default();
            let message = crate::text::one_line(&message, 300).into_owned();
            Ok((time(row.get(0)?), Event::Failed(format!("{kind}{status}: {message}"))))
        })?;
        failures.collect()
    }
}

/// A time of the file.
pub(crate) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
