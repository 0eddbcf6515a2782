//! Offers that have vanished from a network's own list: gone, though nobody has asked for them.
//!
//! Only a list that was read to its end says anything, and only of offers that stood in an earlier list of the same kind:
//! others may be known from an input, and answer though they are in no list.
//!
//! That an offer has vanished is stated once, by the first run that misses it, and then noted: if it answers all the same,
//! it is back, and stays so until it vanishes anew. Other runs that read the list count the change from their own baseline.

use rusqlite::{CachedStatement, Connection, TransactionBehavior, params};

use crate::history::Database;
use crate::history::error::HistoryError;
use crate::history::facts::Batch;
use crate::history::record::Recorder;
use crate::history::runs::{NetworkName, RunRecord};
use crate::history::templates::Templated;
use crate::offer::OfferId;

/// A network's own list, as a run has read it to the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WholeList<'l> {
    /// The run that has read it.
    pub run: &'l RunRecord,
    /// What was asked for: lists of different kinds are not compared.
    pub kind: &'l str,
    /// When the run was finished, in seconds since 1970.
    pub at: i64,
}

/// A list that is older than the one which an offer has vanished from does not bring it back.
const NOTE: &str = "INSERT INTO listed (network, kind, offer, run) SELECT ?1, ?2, id, ?4 FROM offer
    WHERE network = ?1 AND offer_id = ?3
    ON CONFLICT (network, kind, offer) DO UPDATE SET run = excluded.run, vanished_at = NULL
        WHERE vanished_at IS NULL OR vanished_at <= ?5";
/// What stood in a list once and stands in this one no more. A good answer that came after the list is worth more than the
/// list: such an offer is looked at again when the list is read the next time.
const MISSING: &str = "SELECT offer.offer_id, listed.vanished_at IS NULL
    FROM listed JOIN offer ON offer.id = listed.offer
    WHERE listed.network = ?1 AND listed.kind = ?2 AND listed.run <> ?3
        AND (listed.vanished_at IS NOT NULL OR coalesce(offer.last_good_at, 0) <= ?4)
    ORDER BY offer.id";
const NOTE_MISSING: &str = "UPDATE listed SET vanished_at = ?4
    WHERE network = ?1 AND kind = ?2 AND run <> ?3 AND vanished_at IS NULL
        AND (SELECT coalesce(last_good_at, 0) FROM offer WHERE offer.id = listed.offer) <= ?5";
const LAST: &str = "SELECT offer.offer_id FROM network JOIN listed ON listed.network = network.id
    JOIN offer ON offer.id = listed.offer WHERE network.base_url = ?1 AND network.email = ?2 AND listed.kind = ?3
    AND listed.vanished_at IS NULL AND offer.version IS NOT NULL AND offer.hash <> 0 ORDER BY offer.id";

impl Database {
    /// The offers of a network's list as it was last read to its end, those that have good links, in the order in which they
    /// became known.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn last_list(&self, network: &NetworkName, kind: &str) -> Result<Vec<OfferId>, HistoryError> {
        let NetworkName { base_url, email, .. } = network;
        let read = || {
            let mut last = self.connection().prepare(LAST)?;
            let offers = last
                .query_map(params![base_url, email, kind], |row| Ok(OfferId::parse(row.get_ref(0)?.as_str()?).ok()))?;
            offers.filter_map(Result::transpose).collect::<rusqlite::Result<_>>()
        };
        read().map_err(self.error())
    }

    /// Notes the offers of a list, and those that have vanished from it: as gone, and as what may have changed for this run. `next` gives them, each with the place of
    /// its network in the job. Of a network without any offer nothing vanishes: that is more likely an accident.
    ///
    /// # Errors
    /// Nothing of it is written.
    pub(crate) fn note_list<E: From<HistoryError>>(
        &mut self,
        list: WholeList<'_>,
        mut next: impl FnMut() -> Result<Option<(usize, OfferId)>, E>,
    ) -> Result<(), E> {
        let (connection, path) = self.connection_mut();
        let failed = HistoryError::sql(path);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let mut in_list = vec![false; list.run.networks.len()];
        {
            let mut note = transaction.prepare_cached(NOTE).map_err(failed)?;
            while let Some((network, offer)) = next()? {
                let known = list.run.networks.get(network).zip(in_list.get_mut(network));
                let Some((key, is_in_list)) = known else { continue };
                note_offer(&mut note, list, (*key, offer)).map_err(failed)?;
                *is_in_list = true;
            }
        }
        let read = in_list.iter().enumerate().filter(|(_, is_in_list)| **is_in_list).map(|(network, _)| network);
        vanish(&transaction, list, read).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(())
    }
}

fn note_offer(
    note: &mut CachedStatement<'_>,
    list: WholeList<'_>,
    (network, offer): (i64, OfferId),
) -> rusqlite::Result<()> {
    note.execute(params![network, list.kind, offer.as_str(), list.run.id, list.run.started_at]).map(drop)
}

fn vanish(
    connection: &Connection,
    WholeList { run, kind, at }: WholeList<'_>,
    networks: impl Iterator<Item = usize>,
) -> rusqlite::Result<()> {
    let mut batch = Batch::default();
    for network in networks {
        let Some(key) = run.networks.get(network) else { continue };
        let mut missing = connection.prepare(MISSING)?;
        let mut rows = missing.query(params![key, kind, run.id, run.started_at])?;
        while let Some(row) = rows.next()? {
            if let Ok(offer) = OfferId::parse(row.get_ref(0)?.as_str()?) {
                batch.missing(network, offer, (at, row.get(1)?));
            }
        }
        drop(rows);
        connection.execute(NOTE_MISSING, params![key, kind, run.id, at, run.started_at])?;
    }
    let answers = Templated::new(connection, batch.answers(), &[])?;
    let mut recorder = Recorder::new(connection, run, &answers)?;
    batch.facts().iter().try_for_each(|fact| recorder.fact(fact))?;
    recorder.end()
}
