//! Offers that are what they were: most offers of most nights, so this is the part that has to be quick.
//!
//! An input mostly has its offers in the order in which they came into the file. So rows are read one behind the other and
//! compared with the facts, and those that are confirmed are updated in ranges: a third of what it costs to look for each.
//! Whatever does not fit is left to the [`Recorder`](crate::history::record::Recorder), which comes to the same.

use std::collections::HashSet;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Rows, params};

use crate::history::facts::{Batch, Fact, What};
use crate::history::runs::{Baseline, RunRecord};
use crate::history::stored::StoredAnswer;
use crate::offer::OfferId;

// No joins: see `lookup`.
const PLACE: &str = "SELECT id FROM offer WHERE network = ?1 AND offer_id = ?2";
const ROWS: &str = "SELECT id, network, offer_id, hash, version, last_asked_at FROM offer WHERE id >= ?1 ORDER BY id";
const CONFIRM: &str = "UPDATE offer SET last_asked_at = ?3, last_good_at = ?3 WHERE id BETWEEN ?1 AND ?2";

/// How many rows are passed over in search of an offer, before it is looked for.
const SKIPPED: usize = 4;

/// Confirms the offers of a batch that come in the order of the file. Gives for each fact, from the first, whether that is
/// done; of those that are missing at the end it is not.
pub(super) fn confirm(connection: &Connection, run: &RunRecord, batch: &Batch) -> rusqlite::Result<Vec<bool>> {
    // Without an earlier run every version is news.
    let Some(baseline) = run.baseline else { return Ok(Vec::new()) };
    let mut confirmed = Confirmed::default();
    let mut reader = Reader { place: connection.prepare_cached(PLACE)?, run, baseline };
    let mut rows = connection.prepare_cached(ROWS)?;
    let mut facts = batch.facts().iter();
    // Each time round the rows are read from another place.
    while let Some((at, fact)) = reader.find_next(&mut facts, &mut confirmed)? {
        reader.follow((at, fact), rows.query([at])?, &mut facts, &mut confirmed)?;
        if !confirmed.is_worth_it() {
            break;
        }
    }
    confirmed.write(connection)?;
    Ok(confirmed.done)
}

struct Reader<'c, 'r> {
    place: CachedStatement<'c>,
    run: &'r RunRecord,
    baseline: Baseline,
}

/// What a row of the file says of the offer that a fact is about.
enum Match {
    Other,
    Same(i64),
    Differs,
}

impl Reader<'_, '_> {
    /// The next fact whose offer is in the file, and where.
    fn find_next<'f>(
        &mut self,
        facts: &mut impl Iterator<Item = &'f Fact>,
        confirmed: &mut Confirmed,
    ) -> rusqlite::Result<Option<(i64, &'f Fact)>> {
        for fact in facts {
            let found = match (&fact.what, self.run.networks.get(fact.network)) {
                (What::Links(_), Some(network)) => {
                    self.place.query_row(params![network, fact.offer.as_str()], |row| row.get(0)).optional()?
                }
                _ => None,
            };
            if let Some(at) = found {
                confirmed.searches += 1;
                return Ok(Some((at, fact)));
            }
            confirmed.leave(fact);
        }
        Ok(None)
    }

    /// Compares facts with rows, as long as these follow each other in the same order.
    fn follow<'f>(
        &self,
        (_, first): (i64, &'f Fact),
        mut rows: Rows<'_>,
        facts: &mut (impl Iterator<Item = &'f Fact> + Clone),
        confirmed: &mut Confirmed,
    ) -> rusqlite::Result<()> {
        let mut fact = Some(first);
        while let Some(now) = fact {
            match &now.what {
                What::Links(links) => match self.find_among(&mut rows, now, *links)? {
                    Match::Same(id) => confirmed.add(id, now),
                    Match::Differs => confirmed.leave(now),
                    Match::Other => {
                        confirmed.leave(now);
                        return Ok(());
                    }
                },
                _ => confirmed.leave(now),
            }
            fact = facts.next();
        }
        Ok(())
    }

    /// Looks for the offer of a fact in the next rows.
    fn find_among(&self, rows: &mut Rows<'_>, fact: &Fact, links: StoredAnswer) -> rusqlite::Result<Match> {
        let network = self.run.networks.get(fact.network).copied();
        for _ in 0..=SKIPPED {
            let Some(row) = rows.next()? else { break };
            if row.get_ref(2)?.as_str()? == fact.offer.as_str() && Some(row.get::<_, i64>(1)?) == network {
                let (hash, version): (Option<i64>, Option<i64>) = (row.get(3)?, row.get(4)?);
                let is_same = hash == Some(links.hash)
                    && version.is_some_and(|version| version <= self.baseline.last_version)
                    && row.get::<_, i64>(5)? < self.run.started_at;
                return Ok(if is_same { Match::Same(row.get(0)?) } else { Match::Differs });
            }
        }
        Ok(Match::Other)
    }
}

/// The offers that are confirmed, as ranges of rows with the same time.
#[derive(Default)]
struct Confirmed {
    ranges: Vec<Range>,
    done: Vec<bool>,
    /// Offers with a fact that is left to the recorder, and their networks: what comes after that is left to it too, for the
    /// last fact counts.
    left: HashSet<(usize, OfferId)>,
    searches: usize,
}

struct Range {
    first: i64,
    last: i64,
    at: i64,
}

impl Confirmed {
    fn leave(&mut self, fact: &Fact) {
        self.done.push(false);
        self.left.insert((fact.network, fact.offer));
    }

    fn add(&mut self, id: i64, fact: &Fact) {
        if self.left.contains(&(fact.network, fact.offer)) {
            return self.done.push(false);
        }
        self.done.push(true);
        match self.ranges.last_mut() {
            Some(range) if range.last + 1 == id && range.at == fact.at => range.last = id,
            _ => self.ranges.push(Range { first: id, last: id, at: fact.at }),
        }
    }

    /// Whether the order is the same often enough.
    fn is_worth_it(&self) -> bool {
        const TRIES: usize = 8;
        self.searches < TRIES || self.searches < self.done.len() / TRIES
    }

    fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut update = connection.prepare_cached(CONFIRM)?;
        for Range { first, last, at } in &self.ranges {
            update.execute([first, last, at])?;
        }
        Ok(())
    }
}
