//! Finds damage in the file before the first call: in mid-run it would end every run at the same offer, and a link with a
//! wrong letter would reach a campaign.
//!
//! Reads each table in the order in which it lies in the file and seeks nothing, so a million offers take about a second.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, Statement};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::history::record::NOTHING;
use crate::history::stored;
use crate::history::template::Template;
use crate::history::templates::template_of;

/// The tables whose indexes SQLite compares by itself. It seeks every row for that, so it may not do so for large ones.
const SMALL: &str = "SELECT * FROM pragma_integrity_check('network') UNION SELECT * FROM pragma_integrity_check('run')";
const NETWORKS: &str = "SELECT id, name, base_url, email FROM network";
const VERSIONS: &str =
    "SELECT id, hash, state = 'good', url, impression_pixel, links, template, offer FROM offer_version";
const IDS: &str = "SELECT id, offer_id FROM offer NOT INDEXED WHERE id >= ?1 ORDER BY id LIMIT ?2";
const TEMPLATES: &str = "SELECT id FROM template";
const OFFERS: &str = "SELECT id, network, offer_id FROM offer NOT INDEXED";
/// The same out of the index by which offers are found.
const INDEXED: &str = "SELECT id, network, offer_id FROM offer INDEXED BY sqlite_autoindex_offer_1";

/// Offers that are read at first, and at most, where they are looked for one behind the other.
const FEW: i64 = 16;
const MANY: i64 = 1024;

/// What is damaged, in words; `None` where all is sound.
///
/// # Errors
/// The file cannot be read, or has something else in a cell than was written.
pub(super) fn find(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let quick = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))?;
    if quick != "ok" {
        // Behind a line that names the database, which is always the same.
        return Ok(Some(quick.lines().find(|line| !line.starts_with("***")).unwrap_or(&quick).to_owned()));
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
    let mut templates = BTreeMap::new();
    let mut statement = connection.prepare(TEMPLATES)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let key = row.get(0)?;
        let Ok(template) = template_of(connection, key) else {
            return Ok(Some(format!("row {key} of template is not what was written")));
        };
        templates.insert(key, template);
    }
    let mut ids = Ids { statement: connection.prepare(IDS)?, text: String::new(), ends: Vec::new(), at: 0, many: FEW };
    let mut statement = connection.prepare(VERSIONS)?;
    let mut rows = statement.query([])?;
    let mut buffer = String::new();
    while let Some(row) = rows.next()? {
        if !is_sound(row, &templates, &mut ids, &mut buffer).unwrap_or(false) {
            return Ok(Some(format!("row {} of offer_version is not what was written", row.get::<_, i64>(0)?)));
        }
    }
    Ok(None)
}

fn is_sound(
    row: &Row<'_>,
    templates: &BTreeMap<i64, Template>,
    ids: &mut Ids<'_>,
    buffer: &mut String,
) -> rusqlite::Result<bool> {
    let (hash, is_good): (i64, bool) = (row.get(1)?, row.get(2)?);
    let text = |column: usize| row.get_ref(column).and_then(|value| Ok(value.as_str_or_null()?));
    let (url, pixel, links) = (text(3)?, text(4)?, text(5)?);
    if let Some(key) = row.get::<_, Option<i64>>(6)? {
        let (Some(template), None, None, true) = (templates.get(&key), url, pixel, is_good) else { return Ok(false) };
        let Some(id) = ids.find(row.get(7)?)? else { return Ok(false) };
        return Ok(stored::hash_of_template((template, id), links, buffer) == hash);
    }
    Ok(match (url, pixel, links) {
        (url, pixel, Some(links)) if is_good => stored::hash_of([url, pixel], links, buffer) == hash,
        (None, None, None) => !is_good && hash == NOTHING,
        _ => false,
    })
}

/// The IDs of offers, read one behind the other: versions mostly are in the order of their offers.
struct Ids<'c> {
    statement: Statement<'c>,
    text: String,
    /// The keys of offers that were read, and where their IDs end.
    ends: Vec<(i64, usize)>,
    /// The place of the last one that was looked for.
    at: usize,
    /// How many are read at a time.
    many: i64,
}

impl Ids<'_> {
    /// The ID of an offer.
    fn find(&mut self, offer: i64) -> rusqlite::Result<Option<&str>> {
        let last = self.ends.last().map_or(0, |(key, _)| *key);
        while self.ends.get(self.at).is_some_and(|(key, _)| *key < offer) {
            self.at += 1;
        }
        if self.ends.get(self.at).is_none_or(|(key, _)| *key != offer) {
            let is_next = offer > last && offer - last <= FEW;
            self.many = if is_next { (2 * self.many).min(MANY) } else { FEW };
            self.read(offer)?;
        }
        let start = self.at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(_, end)| *end);
        let found = self.ends.get(self.at).filter(|(key, _)| *key == offer);
        Ok(found.and_then(|(_, end)| self.text.get(start..*end)))
    }

    fn read(&mut self, offer: i64) -> rusqlite::Result<()> {
        let Self { statement, text, ends, at, many } = self;
        text.clear();
        ends.clear();
        *at = 0;
        let mut rows = statement.query([offer, *many])?;
        while let Some(row) = rows.next()? {
            text.push_str(row.get_ref(1)?.as_str()?);
            ends.push((row.get(0)?, text.len()));
        }
        Ok(())
    }
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
