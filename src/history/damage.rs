//! Finds damage in the file before the first call: in mid-run it would end every run at the same offer, and a link with a
//! wrong letter would reach a campaign.
//!
//! Reads each table in the order in which it lies in the file and seeks nothing, so a million offers take about a second.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, Statement};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::history::record::NOTHING;
use crate::history::shape;
use crate::history::stored;
use crate::history::template::Template;
use crate::history::templates::template_of;

/// The tables whose indexes SQLite compares by itself. It seeks every row for that, so it may not do so for large ones.
const SMALL: &str = "SELECT * FROM pragma_integrity_check('network') UNION SELECT * FROM pragma_integrity_check('run')";
const NETWORKS: &str = "SELECT id, name, base_url, email FROM network";
const VERSIONS: &str =
    "SELECT id, hash, state = 'good', url, impression_pixel, links, template, offer FROM offer_version";
const NEXT: &str = "SELECT id, offer_id, version, hash FROM offer NOT INDEXED WHERE id >= ?1 ORDER BY id LIMIT ?2";
const TEMPLATES: &str = "SELECT id FROM template";
const OFFERS: &str = "SELECT id, network, offer_id, version, hash, last_asked_at, last_good_at FROM offer NOT INDEXED";
/// The same out of the index by which offers are found.
const INDEXED: &str = "SELECT id, network, offer_id FROM offer INDEXED BY sqlite_autoindex_offer_1";

/// An offer is taken for the next one if it is at most this far behind the last.
const FEW: i64 = 16;
/// Offers that are read at most where they are looked for one behind the other.
const MANY: i64 = 1024;

/// What is damaged, in words; `None` where all is sound.
///
/// # Errors
/// The file cannot be read, or has something else in a cell than was written.
pub(super) fn find(connection: &Connection) -> rusqlite::Result<Option<String>> {
    // At one time: another run may be writing.
    let transaction = connection.unchecked_transaction()?;
    for look in [shape::find, in_pages, in_small_tables, in_rows] {
        if let Some(why) = look(&transaction)? {
            return Ok(Some(why));
        }
    }
    transaction.finish()?;
    Ok(None)
}

fn in_pages(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let quick = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))?;
    // Behind a line that names the database, which is always the same.
    let why = quick.lines().find(|line| !line.starts_with("***")).unwrap_or(&quick);
    Ok((quick != "ok").then(|| why.to_owned()))
}

/// What was read, or what is damaged.
type Read<T> = rusqlite::Result<Result<T, String>>;

fn in_rows(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let newest = match read_versions(connection)? {
        Ok(newest) => newest,
        Err(why) => return Ok(Some(why)),
    };
    let versioned = match read_offers(connection)? {
        Ok(versioned) => versioned,
        Err(why) => return Ok(Some(why)),
    };
    let lost = versioned.abs_diff(newest);
    Ok((lost > 0).then(|| format!("the newest version of {lost} of {versioned} offers is lost")))
}

fn in_small_tables(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare(SMALL)?;
    let answers: BTreeSet<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(answers.into_iter().find(|answer| answer != "ok"))
}

/// Compares each version with its hash, and with its offer. How many of them are what their offers are now.
fn read_versions(connection: &Connection) -> Read<u64> {
    let mut templates = BTreeMap::new();
    let mut statement = connection.prepare(TEMPLATES)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let key = row.get(0)?;
        let Ok(template) = template_of(connection, key) else {
            return Ok(Err(format!("row {key} of template is not what was written")));
        };
        templates.insert(key, template);
    }
    let mut offers = Offers::new(connection.prepare(NEXT)?);
    let mut statement = connection.prepare(VERSIONS)?;
    let mut rows = statement.query([])?;
    let mut buffer = String::new();
    let mut newest = 0;
    while let Some(row) = rows.next()? {
        let (version, hash): (i64, i64) = (row.get(0)?, row.get(1)?);
        let offer = row.get(7).map_or(Ok(None), |offer| offers.find(offer))?;
        match offer.map(|(id, now)| (now, is_sound(row, &templates, id, &mut buffer).unwrap_or(false))) {
            Some((Some(now), true)) if now.version == version => newest += u64::from(now.hash == hash),
            Some((_, true)) => {}
            _ => return Ok(Err(format!("row {version} of offer_version is not what was written"))),
        }
    }
    Ok(Ok(newest))
}

fn is_sound(
    row: &Row<'_>,
    templates: &BTreeMap<i64, Template>,
    id: &str,
    buffer: &mut String,
) -> rusqlite::Result<bool> {
    let (hash, is_good): (i64, bool) = (row.get(1)?, row.get(2)?);
    let text = |column: usize| row.get_ref(column).and_then(|value| Ok(value.as_str_or_null()?));
    let (url, pixel, links) = (text(3)?, text(4)?, text(5)?);
    if let Some(key) = row.get::<_, Option<i64>>(6)? {
        let (Some(template), None, None, true) = (templates.get(&key), url, pixel, is_good) else { return Ok(false) };
        return Ok(stored::hash_of_template((template, id), links, buffer) == hash);
    }
    Ok(match (url, pixel, links) {
        (url, pixel, Some(links)) if is_good => stored::hash_of([url, pixel], links, buffer) == hash,
        (None, None, None) => !is_good && hash == NOTHING,
        _ => false,
    })
}

/// What an offer is now.
#[derive(Clone, Copy)]
struct Now {
    version: i64,
    hash: i64,
}

/// Offers, read one behind the other: versions mostly are in the order of their offers.
struct Offers<'c> {
    statement: Statement<'c>,
    /// The IDs of those that were read.
    text: String,
    /// Their keys, where their IDs end, and what they are now.
    read: Vec<(i64, usize, Option<Now>)>,
    /// The place of the last one that was looked for.
    at: usize,
    /// How many are read at a time.
    many: i64,
}

impl<'c> Offers<'c> {
    fn new(statement: Statement<'c>) -> Self {
        Self { statement, text: String::new(), read: Vec::new(), at: 0, many: 1 }
    }

    /// The ID of an offer, and what it is now.
    fn find(&mut self, offer: i64) -> rusqlite::Result<Option<(&str, Option<Now>)>> {
        let last = self.read.last().map_or(0, |(key, ..)| *key);
        while self.read.get(self.at).is_some_and(|(key, ..)| *key < offer) {
            self.at += 1;
        }
        if self.read.get(self.at).is_none_or(|(key, ..)| *key != offer) {
            let is_next = offer > last && offer - last <= FEW;
            self.many = if is_next { (2 * self.many).min(MANY) } else { 1 };
            self.read(offer)?;
        }
        let start = self.at.checked_sub(1).and_then(|before| self.read.get(before)).map_or(0, |(_, end, _)| *end);
        let found = self.read.get(self.at).filter(|(key, ..)| *key == offer);
        Ok(found.and_then(|(_, end, now)| Some((self.text.get(start..*end)?, *now))))
    }

    fn read(&mut self, offer: i64) -> rusqlite::Result<()> {
        let Self { statement, text, read, at, many } = self;
        text.clear();
        read.clear();
        *at = 0;
        let mut rows = statement.query([offer, *many])?;
        while let Some(row) = rows.next()? {
            text.push_str(row.get_ref(1)?.as_str()?);
            let now: (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
            let now = now.0.zip(now.1).map(|(version, hash)| Now { version, hash });
            read.push((row.get(0)?, text.len(), now));
        }
        Ok(())
    }
}

/// Finds an offer that cannot be found, or that is of a network which is not there. How many of them have a version.
fn read_offers(connection: &Connection) -> Read<u64> {
    let mut networks = BTreeSet::new();
    let mut statement = connection.prepare(NETWORKS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let _texts: [String; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
        networks.insert(row.get::<_, i64>(0)?);
    }
    let (mut versioned, mut odd) = (0, None);
    let table = sum(connection, OFFERS, |row| {
        match has_version(row)? {
            Some(has_version) => versioned += u64::from(has_version),
            None => odd = Some(row.get::<_, i64>(0)?),
        }
        Ok(())
    })?;
    if let Some(lost) = table.networks.difference(&networks).next() {
        return Ok(Err(format!("network {lost} is missing, which offers are of")));
    }
    if let Some(odd) = odd {
        return Ok(Err(format!("row {odd} of offer is not what was written")));
    }
    let index = sum(connection, INDEXED, |_| Ok(()))?;
    if table.hash != index.hash {
        return Ok(Err("the index of the table offer does not fit it".to_owned()));
    }
    Ok(Ok(versioned))
}

/// Whether an offer has a version; `None` where it has only a part of what belongs to one.
fn has_version(row: &Row<'_>) -> rusqlite::Result<Option<bool>> {
    let (version, hash): (Option<i64>, Option<i64>) = (row.get(3)?, row.get(4)?);
    let (_asked_at, good_at): (i64, Option<i64>) = (row.get(5)?, row.get(6)?);
    Ok(match (version, hash) {
        (None, None) => Some(false),
        (Some(_), Some(NOTHING)) => Some(true),
        (Some(_), Some(_)) if good_at.is_some() => Some(true),
        _ => None,
    })
}

/// What all offers come to, whatever their order.
#[derive(Default)]
struct Sum {
    hash: u64,
    networks: BTreeSet<i64>,
}

fn sum(
    connection: &Connection,
    sql: &str,
    mut look: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<Sum> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let (mut all, mut last) = (Sum::default(), None);
    while let Some(row) = rows.next()? {
        let (id, network): (i64, i64) = (row.get(0)?, row.get(1)?);
        if last.replace(network) != Some(network) {
            all.networks.insert(network);
        }
        let seed = id.cast_unsigned() ^ network.cast_unsigned().rotate_left(32);
        all.hash = all.hash.wrapping_add(xxh3_64_with_seed(row.get_ref(2)?.as_str()?.as_bytes(), seed));
        look(row)?;
    }
    Ok(all)
}
