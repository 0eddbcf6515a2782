//! Finds damage in the file before the first call: in mid-run it would end every run at the same offer, and a link with a
//! wrong letter would reach a campaign.
//!
//! Reads each table in the order in which it lies in the file and seeks nothing, so a million offers take about a second.

use std::collections::BTreeSet;

use rusqlite::Connection;
use rusqlite::types::{FromSqlResult, ValueRef};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::history::record::NOTHING;
use crate::history::stored;

/// The tables whose indexes SQLite compares by itself. It seeks every row for that, so it may not do so for large ones.
const SMALL: &str = "SELECT * FROM pragma_integrity_check('network') UNION SELECT * FROM pragma_integrity_check('run')";
const NETWORKS: &str = "SELECT id, name, base_url, email FROM network";
const VERSIONS: &str = "SELECT id, hash, state = 'good', url, impression_pixel, links FROM offer_version";
const OFFERS: &str = "SELECT id, network, offer_id FROM offer NOT INDEXED";
/// The same out of the index by which offers are found.
const INDEXED: &str = "SELECT id, network, offer_id FROM offer INDEXED BY sqlite_autoindex_offer_1";

/// What is damaged, in words; `None` where all is sound.
///
/// # Errors
/// The file cannot be read, or has something else in a cell than was written.
pub(super) fn find(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let quick = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))?;
    if quick != "ok" {
        return Ok(Some(quick));
    }
    // At one time: another run may be writing.
    let transaction = connection.unchecked_transaction()?;
    for look in [in_small_tables, in_versions, in_offers] {
        if let Some(why) = look(&transaction)? {
            return Ok(Some(why));
        }
    }
    transaction.finish()?;
    Ok(None)
}

fn in_small_tables(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare(SMALL)?;
    let answers: BTreeSet<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(answers.into_iter().find(|answer| answer != "ok"))
}

/// A version that is not what its hash says.
fn in_versions(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare(VERSIONS)?;
    let mut rows = statement.query([])?;
    let mut buffer = String::new();
    while let Some(row) = rows.next()? {
        let (hash, is_good): (i64, bool) = (row.get(1)?, row.get(2)?);
        let mut is_sound = |[url, pixel, links]: [ValueRef<'_>; 3]| -> FromSqlResult<bool> {
            Ok(match (url.as_str_or_null()?, pixel.as_str_or_null()?, links.as_str_or_null()?) {
                (url, pixel, Some(links)) if is_good => stored::hash_of([url, pixel], links, &mut buffer) == hash,
                (None, None, None) => !is_good && hash == NOTHING,
                _ => false,
            })
        };
        if !is_sound([row.get_ref(3)?, row.get_ref(4)?, row.get_ref(5)?]).unwrap_or(false) {
            return Ok(Some(format!("row {} of offer_version is not what was written", row.get::<_, i64>(0)?)));
        }
    }
    Ok(None)
}

/// An offer that cannot be found, or that is of a network which is not there.
fn in_offers(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let mut networks = BTreeSet::new();
    let mut statement = connection.prepare(NETWORKS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let _texts: [String; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
        networks.insert(row.get::<_, i64>(0)?);
    }
    let mut known = BTreeSet::new();
    let table = sum(connection, OFFERS, &mut known)?;
    if let Some(lost) = known.difference(&networks).next() {
        return Ok(Some(format!("network {lost} is missing, which offers are of")));
    }
    let index = sum(connection, INDEXED, &mut known)?;
    Ok((table != index).then(|| "the index of the table offer does not fit it".to_owned()))
}

/// A number of all offers that does not depend on their order. Their networks are added to `known`.
fn sum(connection: &Connection, sql: &str, known: &mut BTreeSet<i64>) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let (mut sum, mut last) = (0_u64, None);
    while let Some(row) = rows.next()? {
        let (id, network): (i64, i64) = (row.get(0)?, row.get(1)?);
        if last.replace(network) != Some(network) {
            known.insert(network);
        }
        let seed = id.cast_unsigned() ^ network.cast_unsigned().rotate_left(32);
        sum = sum.wrapping_add(xxh3_64_with_seed(row.get_ref(2)?.as_str()?.as_bytes(), seed));
    }
    Ok(sum)
}
