//! Writes what a run has learned: one transaction for each commit, which either is there as a whole or is not.
//!
//! To write the same facts twice is to write them once: a run that was killed between this and its checkpoint asks again,
//! and records the answers in the place of the ones it had recorded before.

use rusqlite::{CachedStatement, Connection, OptionalExtension, TransactionBehavior, params};

use crate::history::Database;
use crate::history::error::HistoryError;
use crate::history::facts::{Batch, Counts, Fact, What, hash};
use crate::history::runs::RunRecord;
use crate::offer::{Answer, OfferError};

/// What the file has of an offer.
#[derive(Clone, Copy)]
struct Known {
    offer: i64,
    last_asked_at: i64,
    version: Option<Version>,
}

/// A version of an offer.
#[derive(Clone, Copy)]
struct Version {
    id: i64,
    run: i64,
    previous: Option<i64>,
    is_good: bool,
    hash: i64,
}

/// The hash of what is gone.
const NOTHING: i64 = 0;

const FIND: &str = "SELECT offer.id, offer.last_asked_at, version.id, version.run, version.previous,
        version.state = 'good', version.hash
    FROM offer LEFT JOIN offer_version AS version ON version.id = offer.version
    WHERE offer.network = ?1 AND offer.offer_id = ?2";
const FIND_VERSION: &str = "SELECT id, run, previous, state = 'good', hash FROM offer_version WHERE id = ?1";

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
            Recorder::new(&transaction, run)?.write(batch)?;
            finished.map_or(Ok(()), |(counts, at)| finish(&transaction, run.id, counts, at))
        };
        write().map_err(failed)?;
        transaction.commit().map_err(failed)
    }
}

fn finish(connection: &Connection, run: i64, counts: Counts, at: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE run SET finished_at = ?2, offers = ?3, exported = ?4, stale = ?5, failed = ?6,
        last_version = (SELECT coalesce(max(id), 0) FROM offer_version) WHERE id = ?1";
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let Counts { offers, exported, stale, failed } = counts;
    let [offers, exported, stale, failed] = [offers, exported, stale, failed].map(number);
    connection.execute(sql, params![run, at, offers, exported, stale, failed]).map(drop)
}

/// Writes facts within a transaction, with its statements at hand.
struct Recorder<'c> {
    connection: &'c Connection,
    run: &'c RunRecord,
    next_version: i64,
    find: CachedStatement<'c>,
    new_offer: CachedStatement<'c>,
    confirm: CachedStatement<'c>,
    new_version: CachedStatement<'c>,
    new_link: CachedStatement<'c>,
}

impl<'c> Recorder<'c> {
    fn new(connection: &'c Connection, run: &'c RunRecord) -> rusqlite::Result<Self> {
        let last = "SELECT coalesce(max(id), 0) FROM offer_version";
        Ok(Self {
            connection,
            run,
            next_version: 1 + connection.query_row(last, [], |row| row.get::<_, i64>(0))?,
            find: connection.prepare_cached(FIND)?,
            new_offer: connection.prepare_cached(
                "INSERT INTO offer (network, offer_id, first_seen_at, last_asked_at, last_good_at, version)
                    VALUES (?1, ?2, ?3, ?3, ?4, ?5)",
            )?,
            confirm: connection.prepare_cached(
                "UPDATE offer SET last_asked_at = ?2, last_good_at = coalesce(?3, last_good_at), version = ?4 WHERE id = ?1",
            )?,
            new_version: connection.prepare_cached(
                "INSERT INTO offer_version (id, offer, run, since, previous, state, hash, url, impression_pixel)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?,
            new_link: connection.prepare_cached("INSERT INTO link_version VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?,
        })
    }

    fn write(mut self, batch: &Batch) -> rusqlite::Result<()> {
        for fact in batch.facts() {
            self.fact(fact, batch)?;
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, batch: &Batch) -> rusqlite::Result<()> {
        let Some(network) = self.run.networks.get(fact.network).copied() else { return Ok(()) };
        let known = self.known(network, fact)?;
        let version = match (&fact.what, known) {
            (What::Links(range), known) => {
                let bytes = batch.answer(range);
                let Some(answer) = Answer::unpack(bytes) else { return Ok(()) };
                self.good(network, fact, (&answer, hash(bytes)), known)?
            }
            (What::Gone(error), known) => self.failed(network, fact, (error, true), known)?,
            (What::Unknown(error), known) => self.failed(network, fact, (error, false), known)?,
            (What::NotAsked, Some(known)) => (known.offer, known.version.map(|version| version.id)),
            (What::NotAsked, None) => return Ok(()),
        };
        self.mark_changed(fact, version)
    }

    fn known(&mut self, network: i64, fact: &Fact) -> rusqlite::Result<Option<Known>> {
        let read = |row: &rusqlite::Row<'_>| {
            let version = row.get::<_, Option<i64>>(2)?;
            let version = version.map(|id| {
                let (run, previous) = (row.get(3)?, row.get(4)?);
                Ok::<_, rusqlite::Error>(Version { id, run, previous, is_good: row.get(5)?, hash: row.get(6)? })
            });
            Ok(Known { offer: row.get(0)?, last_asked_at: row.get(1)?, version: version.transpose()? })
        };
        self.find.query_row(params![network, fact.offer.as_str()], read).optional()
    }

    /// Records links; gives the offer and its version.
    fn good(
        &mut self,
        network: i64,
        fact: &Fact,
        (answer, hash): (&Answer, i64),
        known: Option<Known>,
    ) -> rusqlite::Result<(i64, Option<i64>)> {
        let Some(known) = known else {
            let version = self.next_version;
            self.new_offer.execute(params![network, fact.offer.as_str(), fact.at, fact.at, version])?;
            let offer = self.connection.last_insert_rowid();
            self.add_version((offer, fact.at), None, Some((answer, hash)))?;
            return Ok((offer, Some(version)));
        };
        self.forget_error(&known)?;
        let before = self.before(known.version, |version| version.is_good && version.hash == hash)?;
        let version = match before {
            Some(same) if same.is_good && same.hash == hash => same.id,
            before => self.add_version((known.offer, fact.at), before.map(|v| v.id), Some((answer, hash)))?,
        };
        self.confirm.execute(params![known.offer, fact.at, fact.at, version])?;
        Ok((known.offer, Some(version)))
    }

    /// Records a failure; gives the offer and its version.
    fn failed(
        &mut self,
        network: i64,
        fact: &Fact,
        (error, is_gone): (&OfferError, bool),
        known: Option<Known>,
    ) -> rusqlite::Result<(i64, Option<i64>)> {
        let (offer, version) = match known {
            None => {
                self.new_offer.execute(params![network, fact.offer.as_str(), fact.at, None::<i64>, None::<i64>])?;
                (self.connection.last_insert_rowid(), None)
            }
            Some(Known { offer, version, .. }) if !is_gone => {
                let version = version.map(|version| version.id);
                self.confirm.execute(params![offer, fact.at, None::<i64>, version])?;
                (offer, version)
            }
            Some(Known { offer, version, .. }) => {
                let version = match self.before(version, |version| !version.is_good)? {
                    Some(good) if good.is_good => Some(self.add_version((offer, fact.at), Some(good.id), None)?),
                    gone_or_never => gone_or_never.map(|version| version.id),
                };
                self.confirm.execute(params![offer, fact.at, None::<i64>, version])?;
                (offer, version)
            }
        };
        let sql = "INSERT OR REPLACE INTO offer_error VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let OfferError { kind, http_status, code, message } = error;
        self.connection.prepare_cached(sql)?.execute(params![
            offer,
            self.run.id,
            fact.at,
            kind.as_str(),
            http_status,
            code.as_deref(),
            message
        ])?;
        Ok((offer, version))
    }

    /// The version before this run, where the newest is this run's own and does not fit any more: that one is undone.
    fn before(&self, newest: Option<Version>, fits: impl Fn(&Version) -> bool) -> rusqlite::Result<Option<Version>> {
        let Some(own) = newest.filter(|newest| newest.run == self.run.id && !fits(newest)) else { return Ok(newest) };
        self.connection.prepare_cached("DELETE FROM link_version WHERE version = ?1")?.execute([own.id])?;
        self.connection.prepare_cached("DELETE FROM offer_version WHERE id = ?1")?.execute([own.id])?;
        let Some(previous) = own.previous else { return Ok(None) };
        let read = |row: &rusqlite::Row<'_>| {
            let (id, run, previous) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Version { id, run, previous, is_good: row.get(3)?, hash: row.get(4)? })
        };
        self.connection.prepare_cached(FIND_VERSION)?.query_row([previous], read).optional()
    }

    fn add_version(
        &mut self,
        (offer, since): (i64, i64),
        previous: Option<i64>,
        links: Option<(&Answer, i64)>,
    ) -> rusqlite::Result<i64> {
        let id = self.next_version;
        self.next_version += 1;
        let (state, hash) = links.map_or(("gone", NOTHING), |(_, hash)| ("good", hash));
        let (url, pixel) = links.map_or((None, None), |(answer, _)| (answer.url(), answer.impression_pixel()));
        let run = self.run.id;
        self.new_version.execute(params![id, offer, run, since, previous, state, hash, url, pixel])?;
        let entries = links.map(|(answer, _)| answer.entries());
        for (position, entry) in (1_i64..).zip(entries.into_iter().flatten()) {
            let (kind, name) = (entry.kind, entry.name);
            self.new_link.execute(params![id, position, kind, name, entry.tracking_link, entry.preview_url])?;
        }
        Ok(id)
    }

    /// Forgets a failure that this run has recorded for the offer: it has its answer now.
    fn forget_error(&self, known: &Known) -> rusqlite::Result<()> {
        // An offer is asked for once in a run, unless the run was killed in between.
        if known.last_asked_at < self.run.started_at {
            return Ok(());
        }
        let sql = "DELETE FROM offer_error WHERE offer = ?1 AND run = ?2";
        self.connection.prepare_cached(sql)?.execute(params![known.offer, self.run.id]).map(drop)
    }

    /// Notes an offer that differs from what it was when the baseline was finished.
    fn mark_changed(&self, fact: &Fact, (offer, version): (i64, Option<i64>)) -> rusqlite::Result<()> {
        let Some(baseline) = self.run.baseline else { return Ok(()) };
        if version.is_none_or(|version| version <= baseline.last_version) {
            return Ok(());
        }
        let sql = "INSERT OR REPLACE INTO changed VALUES (?1, ?2, ?3)";
        let row = i64::try_from(fact.row).unwrap_or(i64::MAX);
        self.connection.prepare_cached(sql)?.execute(params![self.run.id, row, offer]).map(drop)
    }
}
