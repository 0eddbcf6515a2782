//! New offers that come one after the other: nearly all of a first run. Two statements write many of them, which takes a
//! third less than two for each.
//!
//! Whatever does not fit is left to the [`Recorder`](crate::history::record::Recorder), which comes to the same.

use std::hint::black_box;

use rusqlite::{CachedStatement, Connection, ErrorCode};

use crate::history::answers::Columns;
use crate::history::facts::{Fact, What};
use crate::history::runs::RunRecord;
use crate::history::stored::StoredAnswer;
use crate::history::templates::Templated;

/// Offers that are written at a time. With more of them there is nothing to gain.
const MANY: u8 = 32;

/// As many new ones one after the other promise more.
const FEW: usize = 4;

/// Where some of those are known again and again, this many have to be new before that is tried anew.
const MOST: usize = 2048;

/// Parameters of an offer.
const OF_OFFER: usize = 5;
/// Parameters of a version, behind the one that all share.
const OF_VERSION: usize = 7;

/// The last offer and the last version.
const LAST: &str = "SELECT (SELECT coalesce(max(id), 0) FROM offer), (SELECT coalesce(max(id), 0) FROM offer_version)";
const UNDO: &str = "DELETE FROM offer WHERE id > ?1";

/// Bytes that a processor fetches from memory at a time.
const LINE: usize = 64;

/// An offer with its links: the key of its network, and where they lie.
type New<'f> = (i64, &'f Fact, StoredAnswer);

/// New offers that are in the file now.
pub(super) struct Written<'f> {
    /// The offers.
    pub many: Vec<New<'f>>,
    /// The key of the first one; those of the others follow it. The same is true of their versions.
    pub first: i64,
    /// Facts between them, which are not written yet: about other offers.
    pub others: Vec<&'f Fact>,
    /// How many facts that is.
    pub count: usize,
}

/// Writes new offers.
pub(super) struct NewOffers<'c> {
    connection: &'c Connection,
    /// The statements for offers and versions, once they were needed.
    statements: Option<[CachedStatement<'c>; 2]>,
    /// Offers that were new one after the other, up to the last one.
    in_a_row: usize,
    /// How many these have to be.
    enough: usize,
}

impl<'c> NewOffers<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self { connection, statements: None, in_a_row: 0, enough: FEW }
    }

    /// Whether the next offer with links most likely is new.
    pub(super) fn are_likely(&self) -> bool {
        self.in_a_row > 0
    }

    /// An offer with links was new, or not.
    pub(super) fn one_is(&mut self, new: bool) {
        self.in_a_row = if new { self.in_a_row + 1 } else { 0 };
    }

    /// Writes the next facts together, with versions that are numbered from `version`; `None` where they do not fit, and then
    /// nothing is written.
    pub(super) fn write<'f>(
        &mut self,
        facts: &[&'f Fact],
        (run, version, answers): (&RunRecord, i64, &Templated<'_>),
    ) -> rusqlite::Result<Option<Written<'f>>> {
        if self.in_a_row < self.enough {
            return Ok(None);
        }
        let Some((many, others, count)) = gather(run, facts) else {
            self.in_a_row = 0;
            return Ok(None);
        };
        let mut last = self.connection.prepare_cached(LAST)?;
        let (last, last_version): (i64, i64) = last.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        // SQLite numbers rows upwards from the last one, which leaves no gap as the recorder may have to.
        let (Some(first), true) = (last.checked_add(1), last_version.checked_add(1) == Some(version)) else {
            return Ok(None);
        };
        let [offers, versions] = match &mut self.statements {
            Some(statements) => statements,
            none => none.insert(prepare(self.connection)?),
        };
        if !insert_offers(offers, &many, version)? {
            self.connection.prepare_cached(UNDO)?.execute([last])?;
            // Some are known, and where that is so it does not pay to try often.
            (self.in_a_row, self.enough) = (0, (2 * self.enough).min(MOST));
            return Ok(None);
        }
        self.enough = FEW;
        insert_versions(versions, &many, (run.id, first), answers)?;
        Ok(Some(Written { many, first, others, count }))
    }
}

/// The next offers with links, what stands between them, and how many facts that is; `None` if they are too few.
fn gather<'f>(run: &RunRecord, facts: &[&'f Fact]) -> Option<(Vec<New<'f>>, Vec<&'f Fact>, usize)> {
    let (mut many, mut others) = (Vec::with_capacity(MANY.into()), Vec::new());
    for (count, fact) in (1..).zip(facts.iter().copied()) {
        let network = *run.networks.get(fact.network)?;
        let is_same = |other: &&Fact| (other.network, other.offer) == (fact.network, fact.offer);
        match fact.what {
            // The last fact about an offer counts, so their order stays.
            What::Links(_) if others.iter().any(is_same) => return None,
            What::Links(links) => many.push((network, fact, links)),
            _ if others.len() == usize::from(MANY) => return None,
            _ => others.push(fact),
        }
        if many.len() == usize::from(MANY) {
            return Some((many, others, count));
        }
    }
    None
}

fn prepare(connection: &Connection) -> rusqlite::Result<[CachedStatement<'_>; 2]> {
    let offer = |at: usize| {
        let [network, offer, at, version, hash] = std::array::from_fn(|n| at + n);
        format!("(?{network}, ?{offer}, ?{at}, ?{at}, ?{at}, ?{version}, ?{hash})")
    };
    let version = |at: usize| {
        let [offer, at, hash, url, pixel, links, template] = std::array::from_fn(|n| at + n);
        format!("(?{offer}, ?1, ?{at}, 'good', ?{hash}, ?{url}, ?{pixel}, ?{links}, ?{template})")
    };
    // OR FAIL, and no numbers of their own: else SQLite copies each page before it changes it, to be able to undo one statement.
    let offers = format!(
        "INSERT OR FAIL INTO offer (network, offer_id, first_seen_at, last_asked_at, last_good_at, version, hash) VALUES {}",
        (1..).step_by(OF_OFFER).take(MANY.into()).map(offer).collect::<Vec<_>>().join(", ")
    );
    let versions = format!(
        "INSERT OR FAIL INTO offer_version (offer, run, since, state, hash, url, impression_pixel, links, template) VALUES {}",
        (2..).step_by(OF_VERSION).take(MANY.into()).map(version).collect::<Vec<_>>().join(", ")
    );
    Ok([connection.prepare_cached(&offers)?, connection.prepare_cached(&versions)?])
}

/// Whether all of them were new; else some of them may be written.
fn insert_offers(statement: &mut CachedStatement<'_>, many: &[New<'_>], version: i64) -> rusqlite::Result<bool> {
    for ((network, fact, links), (place, version)) in many.iter().zip((1..).step_by(OF_OFFER).zip(version..)) {
        statement.raw_bind_parameter(place, network)?;
        statement.raw_bind_parameter(place + 1, fact.offer.as_str())?;
        statement.raw_bind_parameter(place + 2, fact.at)?;
        statement.raw_bind_parameter(place + 3, version)?;
        statement.raw_bind_parameter(place + 4, links.hash)?;
    }
    match statement.raw_execute() {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Ok(false),
        inserted => inserted.map(|_| true),
    }
}

fn insert_versions(
    statement: &mut CachedStatement<'_>,
    many: &[New<'_>],
    (run, offer): (i64, i64),
    answers: &Templated<'_>,
) -> rusqlite::Result<()> {
    fetch(many, answers.answers.bytes());
    statement.raw_bind_parameter(1, run)?;
    let places = (2..).step_by(OF_VERSION).zip(offer..);
    for ((_, fact, links), (place, offer)) in many.iter().zip(places) {
        statement.raw_bind_parameter(place, offer)?;
        statement.raw_bind_parameter(place + 1, fact.at)?;
        statement.raw_bind_parameter(place + 2, links.hash)?;
        let Columns { url, impression_pixel, links, template } = answers.columns(*links, &fact.offer);
        statement.raw_bind_parameter(place + 3, url)?;
        statement.raw_bind_parameter(place + 4, impression_pixel)?;
        statement.raw_bind_parameter(place + 5, links)?;
        statement.raw_bind_parameter(place + 6, template)?;
    }
    statement.raw_execute().map(drop)
}

/// Touches the answers, which another thread has written: so many lines are on their way at the same time, where to read
/// one answer after the other would be to wait for each of its parts.
fn fetch(many: &[New<'_>], answers: &[u8]) {
    let (Some((.., first)), Some((.., last))) = (many.first(), many.last()) else { return };
    let bytes = answers.get(first.start..last.end).unwrap_or_default();
    black_box(bytes.iter().step_by(LINE).fold(0, |all, byte| all ^ byte));
}
