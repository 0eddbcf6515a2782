//! The tables and views of the file, and how a file of an earlier version becomes one of this.
//!
//! docs/history.md describes them for people: a change here is a new version, with a migration, and a change there.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::history::stored;
use crate::offer::{Answer, AnswerBuilder, Entry};

/// What says that a file is ours: "ofrl".
pub(crate) const APPLICATION_ID: i32 = 0x6f66_726c;

/// Brings a file to the next version.
type Migration = fn(&Transaction<'_>) -> rusqlite::Result<()>;

/// Each brings a file from the version of its place to the next; an empty file has version 0.
const MIGRATIONS: [Migration; 5] = [version_1, version_2, version_3, version_4, version_5];

/// The version that this program writes.
pub(crate) const VERSION: i32 = 5;

// Each migration is one version.
const _: () = assert!(MIGRATIONS.len() == VERSION as usize, "a migration for each version");

/// Brings the file to this version.
pub(crate) fn migrate(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    migrate_to(transaction, VERSION)
}

/// Brings the file to a version.
pub(super) fn migrate_to(transaction: &Transaction<'_>, version: i32) -> rusqlite::Result<()> {
    let from = self::version(transaction)?;
    let place = |version: i32| usize::try_from(version).unwrap_or_default();
    for migration in MIGRATIONS.iter().take(place(version)).skip(place(from)) {
        migration(transaction)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", version)
}

/// A row for each link of each version.
fn version_1(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(include_str!("schema/version_1.sql"))
}

/// A row for each version, with its links in it and a hash of another kind.
fn version_2(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(include_str!("schema/version_2.sql"))?;
    let mut next = transaction.prepare(
        "SELECT id, url, impression_pixel FROM offer_version WHERE id > ?1 AND state = 'good' ORDER BY id LIMIT 1",
    )?;
    let mut update = transaction.prepare("UPDATE offer_version SET links = ?2, hash = ?3 WHERE id = ?1")?;
    let mut at = 0_i64;
    // Row by row, since it is not defined what a query sees that goes on behind an update.
    loop {
        let read = |row: &rusqlite::Row<'_>| {
            let (id, url, pixel): (i64, Option<String>, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((id, AnswerBuilder::new(url.as_deref(), pixel.as_deref())))
        };
        let Some((id, builder)) = next.query_row([at], read).optional()? else { break };
        let mut buffer = String::new();
        let (stored, _) = stored::write(&with_links_of_version_1(transaction, id, builder)?, &mut buffer);
        update.execute(params![id, stored.links(&buffer), stored.hash])?;
        at = id;
    }
    transaction.execute(
        "UPDATE offer SET hash = (SELECT hash FROM offer_version WHERE offer_version.id = offer.version)",
        [],
    )?;
    transaction.execute_batch(include_str!("schema/version_2_views.sql"))
}

fn with_links_of_version_1(
    transaction: &Transaction<'_>,
    version: i64,
    mut answer: AnswerBuilder,
) -> rusqlite::Result<Answer> {
    let sql = "SELECT offer_url_type, offer_url_name, offer_url_tracking_link, offer_url_preview_url
        FROM link_version WHERE version = ?1 ORDER BY position";
    let mut statement = transaction.prepare_cached(sql)?;
    let mut rows = statement.query([version])?;
    while let Some(row) = rows.next()? {
        let text = |column: usize| row.get_ref(column).and_then(|value| Ok(value.as_str_or_null()?));
        let (kind, name) = (text(0)?, text(1)?);
        answer.entry(Entry { kind, name, tracking_link: text(2)?, preview_url: text(3)? });
    }
    Ok(answer.build())
}

/// A note of what has vanished from a list.
fn version_3(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(include_str!("schema/version_3.sql"))
}

/// Views that other programs can parse.
fn version_4(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(include_str!("schema/version_4.sql"))
}

/// Templates for what many answers have in common; rows that are there stay as they are.
fn version_5(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(include_str!("schema/version_5.sql"))
}

/// Lets a connection read a file of an earlier version as one of this, where that takes no more than tables that are not there
/// yet: it stays as it is. Whether that is so.
pub(super) fn read_alike(connection: &Connection) -> rusqlite::Result<bool> {
    let can_be_read = (2..VERSION).contains(&version(connection)?);
    if can_be_read {
        connection.execute_batch(include_str!("schema/read_alike.sql"))?;
    }
    Ok(can_be_read)
}

/// The version of the file.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
