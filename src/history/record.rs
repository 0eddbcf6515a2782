//! Facts as rows of the file, within a transaction.
//!
//! To write the same facts twice is to write them once: a run that was killed between this and its checkpoint asks again,
//! and records the answers in the place of the ones it had recorded before.

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use crate::history::facts::{Fact, What};
use crate::history::new_offers::{NewOffers, Written};
use crate::history::runs::{RunRecord, saw};
use crate::history::stored::StoredAnswer;
use crate::history::templates::Templated;
use crate::offer::OfferError;

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
    /// [`NOTHING`] where the offer is gone.
    hash: i64,
}

/// An offer, and its version if it has one.
type Found = (i64, Option<Version>);

/// The hash of what is gone.
pub(super) const NOTHING: i64 = 0;

/// Most offers of most runs: what is in the file already, for a run that has nothing else to note of it.
const CONFIRM: &str = "UPDATE offer SET last_asked_at = ?4, last_good_at = ?4
    WHERE network = ?1 AND offer_id = ?2 AND hash = ?3 AND version <= ?5 AND last_asked_at < ?6";
const NEW_OFFER: &str = "INSERT INTO offer (network, offer_id, first_seen_at, last_asked_at, last_good_at, version,
    hash) VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6) ON CONFLICT (network, offer_id) DO NOTHING";
const NEW_VERSION: &str =
    "INSERT INTO offer_version (id, offer, run, since, previous, state, hash, url, impression_pixel, links, template)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const UPDATE: &str = "UPDATE offer SET last_asked_at = ?2, last_good_at = coalesce(?3, last_good_at), version = ?4,
    hash = ?5 WHERE id = ?1";
// No join: see `lookup`.
const FIND: &str = "SELECT id, last_asked_at, version FROM offer WHERE network = ?1 AND offer_id = ?2";
const FIND_VERSION: &str = "SELECT id, run, previous, hash FROM offer_version WHERE id = ?1";

/// Writes facts within a transaction, with its statements at hand.
pub(super) struct Recorder<'c> {
    connection: &'c Connection,
    run: &'c RunRecord,
    answers: &'c Templated<'c>,
    next_version: i64,
    /// Whether no other run has written since this one began.
    is_alone: bool,
    /// Whether this run has asked for the offer at hand before.
    is_repeated: bool,
    news: NewOffers<'c>,
    confirm: CachedStatement<'c>,
    new_offer: CachedStatement<'c>,
    new_version: CachedStatement<'c>,
}

impl<'c> Recorder<'c> {
    /// Prepares to write facts of a run, whose answers lie in `answers`.
    pub(super) fn new(
        connection: &'c Connection,
        run: &'c RunRecord,
        answers: &'c Templated<'c>,
    ) -> rusqlite::Result<Self> {
        // Never one again that was undone: a run that was finished in between has seen another one under that number.
        let newest =
            "SELECT (SELECT coalesce(max(id), 0) FROM offer_version), (SELECT coalesce(max(last_version), 0) FROM run),
            (SELECT last_version FROM run WHERE id = ?1)";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<i64>>(2)?));
        let (newest, seen, own): (i64, i64, _) = connection.query_row(newest, [run.id], read)?;
        Ok(Self {
            connection,
            run,
            answers,
            next_version: 1 + newest.max(seen),
            is_alone: own.is_some_and(|own| newest <= own),
            is_repeated: false,
            news: NewOffers::new(connection),
            confirm: connection.prepare_cached(CONFIRM)?,
            new_offer: connection.prepare_cached(NEW_OFFER)?,
            new_version: connection.prepare_cached(NEW_VERSION)?,
        })
    }

    /// Writes facts.
    pub(super) fn facts(&mut self, mut facts: &[&Fact]) -> rusqlite::Result<()> {
        while let Some((first, rest)) = facts.split_first() {
            let place = (self.run, self.next_version, self.answers);
            let Some(Written { many, first: offer, others, count }) = self.news.write(facts, place)? else {
                self.fact(first)?;
                facts = rest;
                continue;
            };
            self.is_repeated = false;
            for ((_, fact, links), offer) in many.into_iter().zip(offer..) {
                let version = Version { id: self.next_version, run: self.run.id, previous: None, hash: links.hash };
                self.next_version += 1;
                self.mark_changed(fact, offer, &version)?;
            }
            others.into_iter().try_for_each(|fact| self.fact(fact))?;
            facts = facts.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Writes a fact.
    pub(super) fn fact(&mut self, fact: &Fact) -> rusqlite::Result<()> {
        let Some(network) = self.run.networks.get(fact.network).copied() else { return Ok(()) };
        self.is_repeated = false;
        let version = match &fact.what {
            What::Links(links) => self.good(network, fact, *links)?,
            What::Gone(error) => Some(self.failed(network, fact, (error, true))?),
            What::Unknown(error) => Some(self.failed(network, fact, (error, false))?),
            What::Missing { is_news } => self.missing(network, fact, *is_news)?,
            What::NotAsked => self.known(network, fact)?.map(|known| (known.offer, known.version)),
        };
        let Some((offer, Some(version))) = version else { return Ok(()) };
        self.mark_changed(fact, offer, &version)
    }

    fn known(&mut self, network: i64, fact: &Fact) -> rusqlite::Result<Option<Known>> {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<i64>>(2)?));
        let mut find = self.connection.prepare_cached(FIND)?;
        let found = find.query_row(params![network, fact.offer.as_str()], read).optional()?;
        let Some((offer, last_asked_at, version)) = found else { return Ok(None) };
        let version = version.map(|version| self.version(version)).transpose()?.flatten();
        self.is_repeated = last_asked_at >= self.run.started_at;
        Ok(Some(Known { offer, last_asked_at, version }))
    }

    fn version(&self, id: i64) -> rusqlite::Result<Option<Version>> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Version { id: row.get(0)?, run: row.get(1)?, previous: row.get(2)?, hash: row.get(3)? })
        };
        self.connection.prepare_cached(FIND_VERSION)?.query_row([id], read).optional()
    }

    /// Records links; gives the offer and its version where that may be a change.
    fn good(&mut self, network: i64, fact: &Fact, links: StoredAnswer) -> rusqlite::Result<Option<Found>> {
        if self.news.are_likely()
            && let Some(new) = self.new_offer(network, fact, Some(links))?
        {
            self.news.one_is(true);
            return Ok(Some(new));
        }
        let seen = self.run.baseline.map_or(0, |baseline| baseline.last_version);
        let (id, hash) = (fact.offer.as_str(), links.hash);
        let is_the_same = self.confirm.execute(params![network, id, hash, fact.at, seen, self.run.started_at])? > 0;
        self.news.one_is(false);
        if is_the_same {
            return Ok(None);
        }
        let Some(known) = self.known(network, fact)? else {
            self.news.one_is(true);
            return self.new_offer(network, fact, Some(links));
        };
        self.forget_error(&known)?;
        let version = match self.before(known.version, |version| version.hash == hash)? {
            Some(same) if same.hash == hash => same,
            before => self.add_version((known.offer, fact), before.map(|v| v.id), Some(links))?,
        };
        self.update(known.offer, (fact.at, Some(fact.at)), Some(version))?;
        Ok(Some((known.offer, Some(version))))
    }

    /// Records a failure; gives the offer and its version.
    fn failed(&mut self, network: i64, fact: &Fact, (error, is_gone): (&OfferError, bool)) -> rusqlite::Result<Found> {
        let known = if let Some(known) = self.known(network, fact)? {
            known
        } else {
            let offer = self.new_offer(network, fact, None)?.map_or(0, |(offer, _)| offer);
            Known { offer, last_asked_at: fact.at, version: None }
        };
        let Known { offer, version, .. } = known;
        let before = if is_gone { self.before(version, |version| version.hash == NOTHING)? } else { version };
        let version = match before {
            Some(good) if is_gone && good.hash != NOTHING => {
                Some(self.add_version((offer, fact), Some(good.id), None)?)
            }
            as_before => as_before,
        };
        self.update(offer, (fact.at, None), version)?;
        let sql = "INSERT OR REPLACE INTO offer_error (offer, run, at, error_kind, error_http_status, error_code,
            error_message) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let OfferError { kind, http_status, code, message } = error;
        let values = params![offer, self.run.id, fact.at, kind.as_str(), http_status, code.as_deref(), message];
        self.connection.prepare_cached(sql)?.execute(values)?;
        Ok((offer, version))
    }

    /// Records that an offer stands in its network's list no more, if that is news; gives it and its version if it ever
    /// had links.
    fn missing(&mut self, network: i64, fact: &Fact, is_news: bool) -> rusqlite::Result<Option<Found>> {
        let Some(Known { offer, last_asked_at, version: Some(version) }) = self.known(network, fact)? else {
            return Ok(None);
        };
        if version.hash == NOTHING || !is_news {
            return Ok(Some((offer, Some(version))));
        }
        let gone = self.add_version((offer, fact), Some(version.id), None)?;
        self.update(offer, (last_asked_at, None), Some(gone))?;
        Ok(Some((offer, Some(gone))))
    }

    /// Makes an offer, with its first version if it has links; `None` if it is there already.
    fn new_offer(&mut self, network: i64, fact: &Fact, links: Option<StoredAnswer>) -> rusqlite::Result<Option<Found>> {
        let version = links.map(|_| self.next_version);
        let (good_at, hash) = (links.map(|_| fact.at), links.map(|links| links.hash));
        let id = fact.offer.as_str();
        if self.new_offer.execute(params![network, id, fact.at, good_at, version, hash])? == 0 {
            return Ok(None);
        }
        let offer = self.connection.last_insert_rowid();
        let version = links.map(|links| self.add_version((offer, fact), None, Some(links))).transpose()?;
        Ok(Some((offer, version)))
    }

    fn update(
        &self,
        offer: i64,
        (asked_at, good_at): (i64, Option<i64>),
        version: Option<Version>,
    ) -> rusqlite::Result<()> {
        let (version, hash) = version.map(|version| (version.id, version.hash)).unzip();
        self.connection.prepare_cached(UPDATE)?.execute(params![offer, asked_at, good_at, version, hash]).map(drop)
    }

    /// The version before this run, where the newest is this run's own and does not fit any more: that one is undone.
    fn before(&self, newest: Option<Version>, fits: impl Fn(&Version) -> bool) -> rusqlite::Result<Option<Version>> {
        let Some(own) = newest.filter(|newest| newest.run == self.run.id && !fits(newest)) else { return Ok(newest) };
        self.connection.prepare_cached("DELETE FROM offer_version WHERE id = ?1")?.execute([own.id])?;
        own.previous.map_or(Ok(None), |previous| self.version(previous))
    }

    fn add_version(
        &mut self,
        (offer, fact): (i64, &Fact),
        previous: Option<i64>,
        stored: Option<StoredAnswer>,
    ) -> rusqlite::Result<Version> {
        let (id, run) = (self.next_version, self.run.id);
        self.next_version += 1;
        let (state, hash) = stored.map_or(("gone", NOTHING), |stored| ("good", stored.hash));
        let now = stored.map(|stored| self.answers.columns(stored, &fact.offer)).unwrap_or_default();
        let (url, pixel, links, template) = (now.url, now.impression_pixel, now.links, now.template);
        self.new_version
            .execute(params![id, offer, run, fact.at, previous, state, hash, url, pixel, links, template])?;
        Ok(Version { id, run, previous, hash })
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

    /// Notes an offer that differs from what it was in the baseline; without one, what another run has written meanwhile.
    fn mark_changed(&self, fact: &Fact, offer: i64, version: &Version) -> rusqlite::Result<()> {
        let is_as_before = match self.run.baseline {
            None => version.run == self.run.id,
            Some(baseline) => saw(self.connection, baseline, offer, (version.id, version.run))?,
        };
        if is_as_before {
            // Unless it was asked for twice, which a kill in between can cause, it was not noted either.
            if self.is_repeated {
                let sql = "DELETE FROM changed WHERE run = ?1 AND offer = ?2";
                self.connection.prepare_cached(sql)?.execute([self.run.id, offer])?;
            }
            return Ok(());
        }
        let sql = "INSERT INTO changed (run, offer, row, version) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (run, offer) DO UPDATE SET row = min(row, excluded.row), version = excluded.version";
        let row = i64::try_from(fact.row).unwrap_or(i64::MAX);
        self.connection.prepare_cached(sql)?.execute(params![self.run.id, offer, row, version.id]).map(drop)
    }

    /// Notes up to where the run has seen every version: the newest, or the last before another run has written one.
    pub(super) fn end(&self) -> rusqlite::Result<()> {
        if !self.is_alone {
            return Ok(());
        }
        let sql = "UPDATE run SET last_version = ?2 WHERE id = ?1 AND last_version IS NOT ?2";
        self.connection.prepare_cached(sql)?.execute([self.run.id, self.next_version - 1]).map(drop)
    }
}
