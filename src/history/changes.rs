//! What differs between two times, as rows: since a run's baseline, in the order of its input, or since any time.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};

use crate::encode::csv_record;
use crate::history::Database;
use crate::history::diff::{Change, Kind, State, diff};
use crate::history::error::HistoryError;
use crate::history::facts::BEHIND_ALL;
use crate::history::runs::{Baseline, RunRecord, saw};
use crate::history::stored;
use crate::history::templates::template_of;

/// How many offers have changed, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChangeCounts {
    /// They have links for the first time.
    pub new: u64,
    /// A link of theirs differs.
    pub changed: u64,
    /// They have no links any more.
    pub gone: u64,
    /// They have links again.
    pub back: u64,
}

/// The columns of a table of changes; `network` only where there are several.
pub(crate) const COLUMNS: [&str; 8] =
    ["network", "offer_id", "change", "offer_url_type", "offer_url_name", "field", "before", "after"];

/// The header of a table of changes.
pub(crate) fn header(with_network: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    csv_record(COLUMNS.into_iter().skip(usize::from(!with_network)), &mut bytes);
    bytes
}

/// An offer that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChangedOffer {
    /// What the user calls its network.
    pub network: String,
    /// The offer.
    pub offer_id: String,
    /// What differs; at least one.
    pub changes: Vec<Change>,
}

impl ChangedOffer {
    /// Whether it has links where it had none, or the other way round.
    fn has_come_or_gone(&self) -> bool {
        self.changes.iter().any(|change| matches!(change.kind, Kind::New | Kind::Gone | Kind::Back))
    }

    /// Appends its rows.
    pub(crate) fn rows(&self, with_network: bool, out: &mut Vec<u8>) {
        for Change { kind, entry: [entry_type, name], field, before, after } in &self.changes {
            let cells = [&*self.network, &self.offer_id, kind.as_str(), entry_type, name, field, before, after];
            csv_record(cells.into_iter().skip(usize::from(!with_network)), out);
        }
    }
}

impl ChangeCounts {
    /// Counts an offer.
    pub(crate) fn add(&mut self, offer: &ChangedOffer) {
        match offer.changes.first().map(|change| change.kind) {
            Some(Kind::New) => self.new += 1,
            Some(Kind::Gone) => self.gone += 1,
            Some(Kind::Back) => self.back += 1,
            Some(Kind::Added | Kind::Removed | Kind::Changed) => self.changed += 1,
            None => {}
        }
    }
}

/// As of when an offer is looked at as it was before.
#[derive(Clone, Copy)]
enum Before {
    Run(Baseline),
    Time(i64),
}

impl Database {
    /// Hands each offer that differs from the run's baseline to `take`, in the order of the input.
    ///
    /// # Errors
    /// The file cannot be read, or `take` has failed.
    pub(crate) fn changes_of_run<E: From<HistoryError>>(
        &self,
        run: &RunRecord,
        mut take: impl FnMut(&ChangedOffer) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(baseline) = run.baseline else { return Ok(()) };
        // What the run has seen; another one may have seen more since.
        let offers = "SELECT offer, coalesce(version, (SELECT version FROM offer WHERE id = changed.offer)), row
            FROM changed WHERE run = ?1 ORDER BY row";
        self.changed_offers((offers, &[&run.id]), Before::Run(baseline), &mut take)
    }

    /// Hands each offer that differs from what it was at `since`, in seconds since 1970, to `take`: by network, in the
    /// order in which they were seen first.
    ///
    /// # Errors
    /// As [`Self::changes_of_run`].
    pub(crate) fn changes_since<E: From<HistoryError>>(
        &self,
        since: i64,
        network: Option<&str>,
        mut take: impl FnMut(&ChangedOffer) -> Result<(), E>,
    ) -> Result<(), E> {
        let offers = "SELECT offer.id, offer.version, 0 FROM offer JOIN network ON network.id = offer.network
            JOIN offer_version AS version ON version.id = offer.version AND version.since > ?1
            WHERE ?2 IS NULL OR network.name = ?2 ORDER BY network.name, network.id, offer.id";
        self.changed_offers((offers, &[&since, &network]), Before::Time(since), &mut take)
    }

    /// What the networks in the file are called.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn networks(&self) -> Result<BTreeSet<String>, HistoryError> {
        let read = || {
            let mut statement = self.connection().prepare("SELECT name FROM network")?;
            let names = statement.query_map([], |row| row.get(0))?;
            names.collect::<rusqlite::Result<_>>()
        };
        read().map_err(self.error())
    }

    fn changed_offers<E: From<HistoryError>>(
        &self,
        (sql, parameters): (&str, &[&dyn rusqlite::ToSql]),
        before: Before,
        take: &mut impl FnMut(&ChangedOffer) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = self.error();
        let connection = self.connection();
        let mut statement = connection.prepare(sql).map_err(failed)?;
        let mut offers = statement.query(parameters).map_err(failed)?;
        while let Some(row) = offers.next().map_err(failed)? {
            let read = || Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?));
            let (offer, now, at) = read().map_err(failed)?;
            let changed = changed_offer(connection, (offer, now), before).map_err(failed)?;
            // What stands in no list any more is gone or back; its links are not what the run is about.
            let is_told = |changed: &ChangedOffer| at < BEHIND_ALL.cast_signed() || changed.has_come_or_gone();
            if let Some(changed) = changed.filter(is_told) {
                take(&changed)?;
            }
        }
        Ok(())
    }
}

// Statements without joins: see `lookup`.
fn changed_offer(
    connection: &Connection,
    (offer, now): (i64, Option<i64>),
    before: Before,
) -> rusqlite::Result<Option<ChangedOffer>> {
    let sql = "SELECT network, offer_id FROM offer WHERE id = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let (network, offer_id): (i64, _) = connection.prepare_cached(sql)?.query_row([offer], read)?;
    let then = version_before(connection, offer, now, before)?;
    let changes = diff(&state(connection, then)?, &state(connection, now)?);
    if changes.is_empty() {
        return Ok(None);
    }
    let sql = "SELECT name FROM network WHERE id = ?1";
    let network = connection.prepare_cached(sql)?.query_row([network], |row| row.get(0))?;
    Ok(Some(ChangedOffer { network, offer_id, changes }))
}

/// The version of an offer at an earlier time, found from a later one.
fn version_before(
    connection: &Connection,
    offer: i64,
    from: Option<i64>,
    before: Before,
) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT since, run, previous FROM offer_version WHERE id = ?1")?;
    let mut next = from;
    while let Some(version) = next {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let found: Option<(i64, i64, _)> = statement.query_row([version], read).optional()?;
        let Some((since, run, previous)) = found else { break };
        let is_earlier = match before {
            Before::Run(baseline) => saw(connection, baseline, offer, (version, run))?,
            Before::Time(time) => since <= time,
        };
        if is_earlier {
            return Ok(Some(version));
        }
        next = previous;
    }
    Ok(None)
}

/// What an offer was like in a version.
pub(crate) fn state(connection: &Connection, version: Option<i64>) -> rusqlite::Result<State> {
    let Some(version) = version else { return Ok(State::Never) };
    let sql = "SELECT url, impression_pixel, links, template, state = 'good', offer FROM offer_version WHERE id = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(match (row.get(4)?, row.get(3)?) {
            (false, _) => State::Gone,
            (true, None) => State::Good(stored::read(row, None)?),
            (true, Some(key)) => {
                let template = template_of(connection, key)?;
                let mut id = connection.prepare_cached("SELECT offer_id FROM offer WHERE id = ?1")?;
                let id: String = id.query_row([row.get::<_, i64>(5)?], |row| row.get(0))?;
                State::Good(stored::read(row, Some((&template, &id)))?)
            }
        })
    };
    let found = connection.prepare_cached(sql)?.query_row([version], read).optional()?;
    Ok(found.unwrap_or(State::Never))
}
