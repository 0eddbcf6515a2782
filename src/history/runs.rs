//! Which run facts belong to, and since which run changes are counted.

use rusqlite::{Connection, OptionalExtension, params};

use crate::history::Database;
use crate::history::error::HistoryError;

/// A network as the history knows it: by its address and the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NetworkName {
    /// What the user calls it.
    pub name: String,
    /// The API's address.
    pub base_url: String,
    /// The account.
    pub email: String,
}

/// What a run is known by.
#[derive(Clone, Debug)]
pub(crate) struct RunKey {
    /// The output's absolute path; `-` for a stream.
    pub output: String,
    /// What identifies the job.
    pub job: String,
    /// When it began, in seconds since 1970.
    pub started_at: i64,
    /// The networks, in the job's order.
    pub networks: Vec<NetworkName>,
}

/// The run that facts are recorded for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunRecord {
    /// Its key.
    pub id: i64,
    /// When it began, in seconds since 1970.
    pub started_at: i64,
    /// The networks' keys, in the job's order.
    pub networks: Vec<i64>,
    /// The run that changes are counted from: the last one that was finished before.
    pub baseline: Option<Baseline>,
}

/// The run that changes are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Baseline {
    /// When it began, in seconds since 1970.
    pub started_at: i64,
    /// The newest version when it was finished.
    pub last_version: i64,
}

/// How a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// With the first row, and nothing of an earlier one left.
    Anew,
    /// With the first row, though there is an interrupted run of the job: that stays what it is.
    Over,
    /// Behind the last row of an interrupted run.
    Resumed,
}

/// The run of this key as far as the file knows it: its key, networks and baseline. Runs after it are other runs.
///
/// A run that goes on is the one of the same output and start. One that starts anew is the one of the same job and output
/// that was killed before its first checkpoint, if there is one: it has left facts, and must not be counted twice.
const FIND: &str =
    "SELECT id FROM run WHERE output = ?1 AND (started_at = ?2 OR job = ?3 AND finished_at IS NULL AND ?4)
    ORDER BY started_at = ?2 DESC, id DESC LIMIT 1";

const BASELINE: &str = "SELECT id FROM run WHERE finished_at IS NOT NULL ORDER BY output = ?1 DESC, id DESC LIMIT 1";

impl Database {
    /// The run of `key`.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn begin_run(&mut self, key: &RunKey, begin: Begin) -> Result<RunRecord, HistoryError> {
        let (connection, path) = self.connection_mut();
        let failed = HistoryError::sql(path);
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
        let begun = find_or_insert(&transaction, key, begin).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(begun)
    }
}

fn find_or_insert(connection: &Connection, key: &RunKey, begin: Begin) -> rusqlite::Result<RunRecord> {
    let found: Option<i64> = connection
        .query_row(FIND, params![key.output, key.started_at, key.job, begin == Begin::Anew], |row| row.get(0))
        .optional()?;
    let id = if let Some(id) = found {
        connection.execute("UPDATE run SET started_at = ?2 WHERE id = ?1", params![id, key.started_at])?;
        id
    } else {
        let baseline: Option<i64> = connection.query_row(BASELINE, [&key.output], |row| row.get(0)).optional()?;
        let insert = "INSERT INTO run (output, job, started_at, baseline) VALUES (?1, ?2, ?3, ?4)";
        connection.execute(insert, params![key.output, key.job, key.started_at, baseline])?;
        connection.last_insert_rowid()
    };
    let networks = key.networks.iter().map(|network| network_key(connection, network)).collect::<Result<_, _>>()?;
    Ok(RunRecord { id, started_at: key.started_at, networks, baseline: baseline(connection, id)? })
}

/// The baseline of a run.
pub(crate) fn baseline(connection: &Connection, run: i64) -> rusqlite::Result<Option<Baseline>> {
    let sql = "SELECT base.started_at, base.last_version FROM run JOIN run AS base ON base.id = run.baseline WHERE run.id = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok(Baseline { started_at: row.get(0)?, last_version: row.get(1)? });
    connection.query_row(sql, [run], read).optional()
}

fn network_key(connection: &Connection, network: &NetworkName) -> rusqlite::Result<i64> {
    let NetworkName { name, base_url, email } = network;
    connection.execute(
        "INSERT INTO network (name, base_url, email) VALUES (?1, ?2, ?3)
            ON CONFLICT (base_url, email) DO UPDATE SET name = excluded.name WHERE name IS NOT excluded.name",
        params![name, base_url, email],
    )?;
    let sql = "SELECT id FROM network WHERE base_url = ?1 AND email = ?2";
    connection.query_row(sql, params![base_url, email], |row| row.get(0))
}
