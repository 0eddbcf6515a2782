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
    /// Its key.
    pub run: i64,
    /// When it began, in seconds since 1970.
    pub started_at: i64,
    /// The newest version up to which it has seen all.
    pub last_version: i64,
}

/// How a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// With the first row, and nothing of an earlier one left but, maybe, a checkpoint that counts nothing.
    Anew {
        /// When the run began that has left it, in seconds since 1970.
        left_by: Option<i64>,
    },
    /// With the first row, though there is an interrupted run of the job: that stays what it is.
    Over,
    /// Behind the last row of an interrupted run.
    Resumed,
}

/// A run that goes on is the newest of the same output and start.
const FIND_RESUMED: &str = "SELECT id FROM run WHERE output = ?1 AND started_at = ?2 ORDER BY id DESC LIMIT 1";

/// One that starts anew is the one of the same output and job that was killed before its first checkpoint counted anything,
/// if there is one: it has left facts, and must not be counted twice. It may have been finished here, and not there.
const FIND_KILLED: &str =
    "SELECT id FROM run WHERE output = ?1 AND job = ?2 AND (finished_at IS NULL OR started_at = ?3)
    ORDER BY id DESC LIMIT 1";

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
        let run = find_or_insert(&transaction, key, begin).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(run)
    }
}

impl Database {
    /// A run that is not begun, to look things up for it: networks that are not in the file have a key that none has.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn planned_run(&self, key: &RunKey) -> Result<RunRecord, HistoryError> {
        const NONE: i64 = 0;
        let find = |network| Ok(find_network(self.connection(), network).optional()?.unwrap_or(NONE));
        let networks: rusqlite::Result<_> = key.networks.iter().map(find).collect();
        let networks = networks.map_err(self.error())?;
        Ok(RunRecord { id: NONE, started_at: key.started_at, networks, baseline: None })
    }

    /// The run that finished the output last, with the networks of these names.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn finished_run(
        &self,
        output: &str,
        networks: &[NetworkName],
    ) -> Result<Option<RunRecord>, HistoryError> {
        let read = || {
            let sql =
                "SELECT id, started_at FROM run WHERE output = ?1 AND finished_at IS NOT NULL ORDER BY id DESC LIMIT 1";
            let found = self.connection().query_row(sql, [output], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let Some((id, started_at)) = found else { return Ok(None) };
            let baseline = baseline(self.connection(), id)?;
            let networks =
                networks.iter().map(|network| find_network(self.connection(), network)).collect::<Result<_, _>>()?;
            Ok(Some(RunRecord { id, started_at, networks, baseline }))
        };
        read().map_err(self.error())
    }
}

fn find_or_insert(connection: &Connection, key: &RunKey, begin: Begin) -> rusqlite::Result<RunRecord> {
    let id = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    let RunKey { output, job, started_at, .. } = key;
    let found = match begin {
        Begin::Resumed => connection.query_row(FIND_RESUMED, params![output, started_at], id).optional()?,
        Begin::Anew { left_by } => connection.query_row(FIND_KILLED, params![output, job, left_by], id).optional()?,
        Begin::Over => None,
    };
    let id = if let Some(id) = found {
        connection
            .execute("UPDATE run SET started_at = ?2, finished_at = NULL WHERE id = ?1", params![id, started_at])?;
        id
    } else {
        let baseline: Option<i64> = connection.query_row(BASELINE, [&key.output], |row| row.get(0)).optional()?;
        let insert = "INSERT INTO run (output, job, started_at, baseline, last_version)
            VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(id), 0) FROM offer_version))";
        connection.execute(insert, params![key.output, key.job, key.started_at, baseline])?;
        connection.last_insert_rowid()
    };
    let networks = key.networks.iter().map(|network| network_key(connection, network)).collect::<Result<_, _>>()?;
    Ok(RunRecord { id, started_at: key.started_at, networks, baseline: baseline(connection, id)? })
}

/// The baseline of a run.
pub(crate) fn baseline(connection: &Connection, run: i64) -> rusqlite::Result<Option<Baseline>> {
    let sql = "SELECT base.id, base.started_at, base.last_version FROM run JOIN run AS base ON base.id = run.baseline
        WHERE run.id = ?1";
    let read =
        |row: &rusqlite::Row<'_>| Ok(Baseline { run: row.get(0)?, started_at: row.get(1)?, last_version: row.get(2)? });
    connection.query_row(sql, [run], read).optional()
}

/// Whether a run has seen an offer in the version of this number, which was written by the run of that number. Of two
/// runs at once, one may have asked for an offer before the other found it changed: what was newest when it was finished
/// is not what it has seen.
pub(crate) fn saw(
    connection: &Connection,
    run: Baseline,
    offer: i64,
    (version, by): (i64, i64),
) -> rusqlite::Result<bool> {
    if version <= run.last_version || by == run.run {
        return Ok(true);
    }
    let sql = "SELECT 1 FROM changed WHERE run = ?1 AND offer = ?2 AND version = ?3";
    connection.prepare_cached(sql)?.exists([run.run, offer, version])
}

fn network_key(connection: &Connection, network: &NetworkName) -> rusqlite::Result<i64> {
    let NetworkName { name, base_url, email } = network;
    connection.execute(
        "INSERT INTO network (name, base_url, email) VALUES (?1, ?2, ?3)
            ON CONFLICT (base_url, email) DO UPDATE SET name = excluded.name WHERE name IS NOT excluded.name",
        params![name, base_url, email],
    )?;
    find_network(connection, network)
}

fn find_network(connection: &Connection, NetworkName { base_url, email, .. }: &NetworkName) -> rusqlite::Result<i64> {
    let sql = "SELECT id FROM network WHERE base_url = ?1 AND email = ?2";
    connection.query_row(sql, params![base_url, email], |row| row.get(0))
}
